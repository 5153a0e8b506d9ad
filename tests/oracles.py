"""Slow, plain loops that say what the vectorized code should: read one beside the code that it checks."""

import itertools
import math
from collections.abc import Collection, Mapping, Sequence


def rank_by_loop(scores: Sequence[float], *, answer: int, hidden: Sequence[int]) -> float:
    """The mean of the best and the worst rank the answer can have among all candidates that are not hidden."""
    best = worst = 1
    for place, score in enumerate(scores):
        if place == answer or place in hidden:
            continue
        if score > scores[answer]:
            best += 1
        if score >= scores[answer]:
            worst += 1
    return (best + worst) / 2


def auroc_by_loop(scores: Sequence[float], *, answer: int, hidden: Sequence[int]) -> float:
    """The share of negatives below the answer, a tie counting half."""
    negatives = [score for place, score in enumerate(scores) if place != answer and place not in hidden]
    below = sum(1.0 if score < scores[answer] else 0.5 if score == scores[answer] else 0.0 for score in negatives)
    return below / len(negatives)


def figures_by_loop(ranks: Sequence[float], aurocs: Sequence[float]) -> tuple[float, float, float]:
    """MRR, recall@10 and mean AUROC."""
    n = len(ranks)
    return sum(1 / rank for rank in ranks) / n, sum(rank <= 10 for rank in ranks) / n, sum(aurocs) / n


def vote_by_loop(
    cosines: Mapping[int, float], ties: Mapping[int, Sequence[int]], *, query: int, candidate: int, k: int, power: int
) -> float:
    """The sum of max(0, cosine)**power over those of the k nearest subjects that are tied to the candidate.

    Args:
        cosines: of the query with every concept.
        ties: training objects of each training subject.
    """
    subjects = sorted((subject for subject in ties if subject != query), key=lambda subject: -cosines[subject])
    return sum(max(0.0, cosines[subject]) ** power for subject in subjects[:k] if candidate in ties[subject])


def barycenter_by_loop(vectors: Sequence[Sequence[float]], ties: Sequence[int]) -> list[float]:
    """The normalized sum of the vectors of the ties; zeros for none."""
    total = [sum(vectors[tie][dim] for tie in ties) for dim in range(len(vectors[0]))]
    norm = sum(number**2 for number in total) ** 0.5
    return [number / norm if norm else 0.0 for number in total]


def composed_by_loop(vectors: Sequence[Sequence[float]], ties: Sequence[tuple[int, int, str, float]], weights: Mapping[str, float], *, n: int) -> list[list[float]]:
    """The vector of each of n owners: one direction a sort of its (owner, slot, sort, weight) ties, weighted, summed, normalized."""
    composed = []
    for owner in range(n):
        total = [0.0] * len(vectors[0])
        for sort, factor in weights.items():
            theirs = [(slot, weight) for of, slot, named, weight in ties if of == owner and named == sort]
            direction = barycenter_by_loop([[weight * number for number in vectors[slot]] for slot, weight in theirs], range(len(theirs))) if theirs else total
            total = [a + factor * b for a, b in zip(total, direction, strict=True)] if theirs else total
        composed.append(barycenter_by_loop([total], [0]))
    return composed


def hash_pair_by_loop(left: int, right: int, *, n_pairs: int) -> int:
    """The hash of `generel.model.bag` in whole numbers of any size, cut to 64 bits by hand."""
    mixed = (left * 0x9E3779B97F4A7C15 + right * 0xC2B2AE3D27D4EB4F) % 2**64
    mixed ^= mixed >> 31
    return (mixed * 0x9E3779B97F4A7C15 % 2**64 >> 33) % n_pairs


def bag_by_loop(ids: Sequence[int], *, n_tokens: int, n_pairs: int) -> list[int]:
    """The rows of one tokenized string: its tokens without the first and the last, then its hashed pairs of neighbors."""
    tokens = list(ids[1:-1])
    pairs = itertools.pairwise(tokens) if n_pairs else ()
    return tokens + [n_tokens + hash_pair_by_loop(left, right, n_pairs=n_pairs) for left, right in pairs]


def cooccurrences_by_loop(
    events: Sequence[tuple[int, int, str]], *, window_days: int | None, minimum_patients: int
) -> tuple[dict[tuple[str, str], tuple[int, int, int]], int, int]:
    """`n_together, n_left, n_right` of each pair that may be told, and how many codes and pairs may not.

    Args:
        events: patient, day, code.
    """
    patients = {code: {patient for patient, _, each in events if each == code} for _, _, code in events}
    common = sorted(code for code in patients if len(patients[code]) >= minimum_patients)
    told, untold = {}, 0
    for left in common:
        for right in common:
            both = {
                patient
                for patient, day, code in events
                for other, other_day, other_code in events
                if left < right and patient == other and (code, other_code) == (left, right)
                if window_days is None or abs(day - other_day) <= window_days
            }
            if len(both) >= minimum_patients:
                told[left, right] = (len(both), len(patients[left]), len(patients[right]))
            elif both:
                untold += 1
    return told, len(patients) - len(common), untold


def bag_mean_by_loop(rows: Sequence[Sequence[float]], bag: Sequence[int]) -> list[float]:
    """The mean of the rows that a bag names, as often as it names them; zeros for an empty bag."""
    return [sum(rows[row][dim] for row in bag) / max(1, len(bag)) for dim in range(len(rows[0]))]


def infonce_by_loop(
    logits: Sequence[Sequence[float]], positives: Mapping[tuple[int, int], float], masked: Collection[tuple[int, int]]
) -> float:
    """The mean over anchors with a weight of the weighted mean of -log(e^s / (e^s + sum of e^n over the anchor's negatives n)).

    Args:
        positives: evidence weight by cell (anchor, candidate).
        masked: cells that are no negatives; the positives need not be among them.
    """
    losses = []
    for anchor, row in enumerate(logits):
        own = {column: weight for (line, column), weight in positives.items() if line == anchor}
        negatives = [math.exp(score) for column, score in enumerate(row) if (anchor, column) not in masked and column not in own]
        if sum(own.values()) > 0:
            each = {column: -math.log(math.exp(row[column]) / (math.exp(row[column]) + sum(negatives))) for column in own}
            losses.append(sum(own[column] * each[column] for column in own) / sum(own.values()))
    return sum(losses) / max(1, len(losses))


def adagrad_by_loop(rows: Sequence[Sequence[float]], steps: Sequence[Mapping[int, Sequence[float]]], *, learning_rate: float) -> list[list[float]]:
    """The rows after some steps of row-wise Adagrad, each step a gradient by row number."""
    moved, sums = [list(row) for row in rows], [0.0] * len(rows)
    for step in steps:
        for number, gradient in step.items():
            sums[number] += sum(value**2 for value in gradient) / len(gradient)
            if sums[number]:
                moved[number] = [value - learning_rate * slope / sums[number] ** 0.5 for value, slope in zip(moved[number], gradient, strict=True)]
    return moved


def expand_by_loop(cells: Mapping[tuple[int, int], int], rows: Sequence[int]) -> list[tuple[int, int, int]]:
    """(place in `rows`, column, value) of the cells of each row, columns ascending."""
    return [(place, column, cells[row, column]) for place, row in enumerate(rows) for line, column in sorted(cells) if line == row]
