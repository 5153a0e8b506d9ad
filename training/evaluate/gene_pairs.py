"""Pairs of genes that belong together against pairs that do not: by the cosine alone, and by a classifier trained on other such pairs.

Where the classifier has met the genes it is asked about, it may do well by knowing which of them are often in a true pair; "gene rates" knows
nothing else and is what it has to beat (it is at chance where training and question share no gene). The cosine has seen no pair at all, but
for one threshold.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from generel.concepts.errors import BadTable, NotThere
from kg.curies import BLANKS
from kg.sources.rows import read_lines
from training.evaluate.bootstrap import bootstrap
from training.evaluate.measures import Measure
from training.evaluate.metrics import Interval, Reals
from training.evaluate.pair_figures import Flags, auroc, average_precision, level, mean, with_whole
from training.evaluate.scorers import ROUNDING
from training.evaluate.split import Numbers

PROTOCOL = "gene pairs"
RATES = "gene rates"
TRAINED = "{} + logistic regression"
Floats = NDArray[np.float32]
# Inverse strengths of regularization, for features of variance 1, and the share of the training pairs that chooses among them.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
CHOOSING = 0.2
ITERATIONS = 500
# Added to a gene's true and false pairs, so that a gene with one pair is not certain.
PRIOR = 1.0


class GenePairs(NamedTuple):
    """Pairs whose genes are both known, as rows of the vectors, with their labels; and how many lines gave none."""

    left: Numbers
    right: Numbers
    labels: Flags
    unresolved: int
    malformed: int


def read_gene_pairs(text: Path, labels: Path, *, resolve: Callable[[str], int | None]) -> GenePairs:
    """The pairs of `text`, a line `GENE1 GENE2`, with the labels 0 or 1 of `labels`, a line each.

    Args:
        resolve: the row of a gene by its symbol, None where it is not known; asked once for each symbol.

    Raises:
        NotThere: a file is not there.
        BadTable: the files do not have the same lines.
    """
    for path in (text, labels):
        if not path.is_file():
            raise NotThere(f"{path} is not there; it should hold gene pairs, or their labels, a line each")
    pairs, flags = read_lines(text), read_lines(labels)
    if not pairs["line"].equals(flags["line"]):
        raise BadTable(f"{text} has {pairs.height:,} lines and {labels} {flags.height:,}, or blank ones elsewhere; each pair needs its label in the same line")
    rows = pl.DataFrame({"symbols": pairs["text"].str.extract_all(r"\S+"), "label": flags["text"].str.strip_chars(BLANKS)})
    sound = rows.filter((pl.col("symbols").list.len() == 2) & pl.col("label").is_in(["0", "1"]))
    sound = sound.select(pl.col("symbols").list.get(0).alias("left"), pl.col("symbols").list.get(1).alias("right"), label=pl.col("label") == "1")
    number = {symbol: resolve(symbol) for symbol in pl.concat([sound["left"], sound["right"]]).unique().to_list()}
    ends = [pl.Series(end, [number[symbol] for symbol in sound[end]], dtype=pl.Int64) for end in ("left", "right")]
    known = pl.DataFrame([*ends, sound["label"]]).drop_nulls()
    return GenePairs(
        known["left"].to_numpy(), known["right"].to_numpy(), known["label"].to_numpy(), sound.height - known.height, rows.height - sound.height
    )


def measure_gene_pairs(
    train: GenePairs, valid: GenePairs, vectors: Mapping[str, Floats], *, about: str, train_limit: int, resamples: int, seed: int,
    groups: Mapping[str, Flags] | None = None,
) -> list[Measure]:
    """AUROC, AP and accuracy on the valid pairs, intervals over genes: of each method's cosine, and of a logistic regression on its vectors.

    A training pair that is asked about as well, in either order, is not trained on. The cosine's accuracy is at the threshold that is best
    on the training pairs. Empty where one of the two has no pairs of both sorts.

    Args:
        vectors: by the name of the method, (genes, dims), unit norm or zero.
        about: what the pairs are called in the table.
        groups: (n,) membership of the valid pairs in each group, by its name, for figures of their own.
        train_limit: so many training pairs are drawn for the logistic regression, of which the features would else fill the memory.
    """
    train = _without(train, valid)
    if len(set(train.labels.tolist())) < 2 or len(set(valid.labels.tolist())) < 2:
        return []
    drawn = _draw(train, limit=train_limit, seed=seed)
    scored = {RATES: gene_rates(train, valid)}
    for method, rows in vectors.items():
        known, asked = (_cosines(rows, pairs) for pairs in (train, valid))
        scored[method] = asked - best_threshold(known, train.labels)
        scored[TRAINED.format(method)] = decide(rows, drawn, valid)
    note = _note(train, valid, n_drawn=len(drawn.labels))
    return [
        Measure(PROTOCOL, name, method, metric, int(inside.sum()), interval, note=note)
        for method, scores in scored.items() for name, inside in with_whole(about, valid.labels, groups or {}).items()
        for metric, interval in _figures(scores, valid, inside, resamples=resamples, seed=seed).items()
    ]


def gene_rates(train: GenePairs, asked: GenePairs) -> Reals:
    """(n,) log odds that a pair is true by how often each of its genes is in a true training pair, the two genes taken as independent.

    The log odds of all training pairs are in both genes' rates, and so are taken off once.
    """
    n_genes = 1 + max(int(end.max()) for end in (train.left, train.right, asked.left, asked.right))
    ends, labels = np.concatenate((train.left, train.right)), np.concatenate((train.labels, train.labels))
    true = np.bincount(ends[labels], minlength=n_genes) + PRIOR * labels.mean()
    false = np.bincount(ends[~labels], minlength=n_genes) + PRIOR * (1 - labels.mean())
    odds = np.log(true / false)
    taken: Reals = odds[asked.left] + odds[asked.right] - np.log(labels.mean() / (1 - labels.mean()))
    return taken


def best_threshold(scores: Reals, labels: Flags) -> float:
    """The threshold above which calling pairs true is right most often; the highest of several."""
    order = np.argsort(-scores, kind="stable")
    gained = np.concatenate(([0], np.cumsum(np.where(labels[order], 1, -1))))
    descending = np.concatenate(([np.inf], scores[order], [-np.inf]))
    # Equal scores cannot be parted: a cut is possible only where the score changes.
    possible = np.flatnonzero(descending[:-1] > descending[1:])
    cut = possible[np.argmax(gained[possible])]
    ends = descending[cut : cut + 2]
    return float(ends.mean()) if np.isfinite(ends).all() else float(ends[np.isfinite(ends)][0]) + (1.0 if cut == 0 else -1.0)


def decide(rows: Floats, train: GenePairs, asked: GenePairs) -> Reals:
    """(n,) log odds of a logistic regression on |a - b| and a * b of the two vectors; the order of a pair does not matter."""
    features, scaler = pair_features(rows, train), StandardScaler(copy=False)
    features = scaler.fit_transform(features)
    kept = int(len(features) * (1 - CHOOSING))
    losses = [_loss(features, train.labels, kept=kept, strength=strength) for strength in STRENGTHS]
    model = _fit(features, train.labels, strength=STRENGTHS[int(np.argmin(losses))])
    odds: Reals = model.decision_function(scaler.transform(pair_features(rows, asked))).astype(np.float64)
    return odds


def pair_features(rows: Floats, pairs: GenePairs) -> Floats:
    """(n, 2 * dims) |a - b| beside a * b."""
    left, right = rows[pairs.left], rows[pairs.right]
    return np.concatenate((np.abs(left - right), left * right), axis=1)


def _loss(features: Floats, labels: Flags, *, kept: int, strength: float) -> float:
    model = _fit(features[:kept], labels[:kept], strength=strength)
    return float(log_loss(labels[kept:], model.predict_proba(features[kept:]), labels=[False, True]))


def _fit(features: Floats, labels: Flags, *, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=ITERATIONS).fit(features, labels)


def _figures(scores: Reals, pairs: GenePairs, inside: Flags, *, resamples: int, seed: int) -> dict[str, Interval]:
    scores, labels, groups = scores[inside], pairs.labels[inside], np.stack((pairs.left, pairs.right), axis=1)[inside]
    right = ((scores > 0) == labels).astype(np.float64)
    figures = {"AUROC": partial(auroc, scores, labels), "AP": partial(average_precision, scores, labels), "accuracy": partial(mean, right)}
    return {metric: bootstrap(figure, len(labels), resamples=resamples, seed=seed, groups=groups) for metric, figure in figures.items()}


def _cosines(rows: Floats, pairs: GenePairs) -> Reals:
    """(n,) in blocks, because the vectors of all training pairs would fill the memory."""
    size = 1 << 14
    blocks = range(0, len(pairs.left), size)
    cosines = [np.einsum("ij,ij->i", rows[pairs.left[at : at + size]], rows[pairs.right[at : at + size]]) for at in blocks]
    return level(np.concatenate(cosines), resolution=ROUNDING)


def _without(train: GenePairs, asked: GenePairs) -> GenePairs:
    """The training pairs that are not asked about, in either order."""
    n_genes = 1 + max((int(end.max(initial=0)) for end in (train.left, train.right, asked.left, asked.right)), default=0)
    keys, held = (np.minimum(each.left, each.right) * n_genes + np.maximum(each.left, each.right) for each in (train, asked))
    fresh = ~np.isin(keys, held)
    return train._replace(left=train.left[fresh], right=train.right[fresh], labels=train.labels[fresh])


def _draw(pairs: GenePairs, *, limit: int, seed: int) -> GenePairs:
    """At most `limit` pairs, in random order."""
    drawn = np.random.default_rng(seed).permutation(len(pairs.labels))[:limit]
    return pairs._replace(left=pairs.left[drawn], right=pairs.right[drawn], labels=pairs.labels[drawn])


def _note(train: GenePairs, valid: GenePairs, *, n_drawn: int) -> str:
    asked = len(valid.labels) + valid.unresolved + valid.malformed
    note = f"{valid.labels.mean():.3f} of the pairs are true; the classifier has {n_drawn:,} of {len(train.labels):,} training pairs"
    note += f"; {valid.unresolved:,} of {asked:,} pairs have a gene without a vector" if valid.unresolved else ""
    return f"{note}; {valid.malformed:,} lines are no pair" if valid.malformed else note
