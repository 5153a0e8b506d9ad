"""Plain loops for figures of scored pairs, halves of gene sets, and cells."""

import math
from collections.abc import Collection, Mapping, Sequence


def mean_ranks_by_loop(values: Sequence[float]) -> list[float]:
    """One more than the values below, and half the others that are equal."""
    return [1 + sum(other < value for other in values) + (sum(other == value for other in values) - 1) / 2 for value in values]


def pearson_by_loop(left: Sequence[float], right: Sequence[float]) -> float:
    """0 where one side is constant."""
    if len(set(left)) == 1 or len(set(right)) == 1:
        return 0.0
    n = len(left)
    means = sum(left) / n, sum(right) / n
    products = [(a - means[0]) * (b - means[1]) for a, b in zip(left, right, strict=True)]
    squares = [sum((value - mean) ** 2 for value in side) for side, mean in zip((left, right), means, strict=True)]
    return sum(products) / math.sqrt(squares[0] * squares[1])


def area_by_loop(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Share of (true, false) pairs in the right order, ties counting half; .5 where there are none."""
    true = [score for score, label in zip(scores, labels, strict=True) if label]
    false = [score for score, label in zip(scores, labels, strict=True) if not label]
    if not true or not false:
        return 0.5
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in true for b in false) / (len(true) * len(false))


def precision_by_loop(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Average precision: threshold by threshold, precision times the gain in recall; 0 without a true one."""
    n_true, total, before = sum(labels), 0.0, 0
    for threshold in sorted(set(scores), reverse=True):
        taken = [label for score, label in zip(scores, labels, strict=True) if score >= threshold]
        total += sum(taken) / len(taken) * (sum(taken) - before) / n_true if n_true else 0.0
        before = sum(taken)
    return total


def precisions_by_loop(answers: Sequence[float], negatives: Sequence[float]) -> list[float]:
    """The precision at each answer of one ranking, best first: i answers from the top on over these and the negatives above, of which tied ones count half."""
    above = sorted(sum(1.0 if each > answer else 0.5 if each == answer else 0.0 for each in negatives) for answer in answers)
    return [place / (place + below) for place, below in enumerate(above, start=1)]


def complete_by_loop(
    vectors: Mapping[str, Sequence[float]], *, shown: Collection[str], hidden: Collection[str]
) -> tuple[float, float]:
    """AUROC and average precision of the hidden genes among all that are not shown, by product with the sum of the shown ones."""
    dims = range(len(next(iter(vectors.values()))))
    center = [sum(vectors[gene][dim] for gene in shown) for dim in dims]
    others = [gene for gene in vectors if gene not in shown]
    scores = [sum(vectors[gene][dim] * center[dim] for dim in dims) for gene in others]
    labels = [gene in hidden for gene in others]
    return area_by_loop(scores, labels), precision_by_loop(scores, labels)


def cell_by_loop(expression: Sequence[float], vectors: Sequence[Sequence[float]], *, top: int) -> list[float]:
    """The weighted sum of the vectors of the known genes expressed at least as much as the `top`-th of them, of length 1."""
    known = [gene for gene, vector in enumerate(vectors) if any(vector) and expression[gene] > 0]
    highest = sorted((expression[gene] for gene in known), reverse=True)[:top]
    chosen = [gene for gene in known if expression[gene] >= highest[-1]]
    total = [sum(expression[gene] * vectors[gene][dim] for gene in chosen) for dim in range(len(vectors[0]))]
    norm = math.sqrt(sum(value**2 for value in total))
    return [value / norm if norm else 0.0 for value in total]
