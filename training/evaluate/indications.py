"""Approved drugs against failed ones: does a method tell the diseases a drug treats from those it was tried for and failed?

Both are pairs somebody believed in, so knowing that drug and disease belong together is not enough. Whether a drug is approved for
anything, and whether a disease is hard to treat, helps: compare with the methods that know nothing else.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from training.evaluate.bootstrap import bootstrap
from training.evaluate.measures import Measure
from training.evaluate.pair_figures import Flags, auroc, average_precision, level, with_whole
from training.evaluate.pair_scores import score_pairs
from training.evaluate.ranking import Scorer
from training.evaluate.split import NumberedSplit, Numbers

PROTOCOL = "indications"
APPROVED, FAILED = "treats", "failed_for"
FIGURES = {"AUROC": auroc, "AP": average_precision}


class Indications(NamedTuple):
    """Distinct pairs by drug, then disease: concept numbers, whether approved, and how many failed pairs are approved as well."""

    drugs: Numbers
    diseases: Numbers
    approved: Flags
    contradicted: int


def held_out_indications(split: NumberedSplit, *, part: str) -> Indications:
    """Pairs that the part's rows call approved or failed.

    A pair that failed in one trial and is approved by another, whatever part says so, is approved; where the approval is not in this part,
    the pair is left out.
    """
    rows = split.relations.filter(pl.col("predicate").is_in([APPROVED, FAILED]))
    ever = rows.filter(pl.col("predicate") == APPROVED).select("subject", "object").unique()
    asked = rows.filter(pl.col("part") == part)
    approved = asked.filter(pl.col("predicate") == APPROVED).select("subject", "object").unique()
    failed = asked.filter(pl.col("predicate") == FAILED).select("subject", "object").unique()
    only_failed = failed.join(ever, on=["subject", "object"], how="anti")
    pairs = pl.concat([approved.with_columns(approved=True), only_failed.with_columns(approved=False)]).sort("subject", "object")
    return Indications(pairs["subject"].to_numpy(), pairs["object"].to_numpy(), pairs["approved"].to_numpy(), failed.height - only_failed.height)


def measure_indications(indications: Indications, scorers: Mapping[str, Scorer], *, about: str, resamples: int, seed: int, groups: Mapping[str, Flags] | None = None) -> list[Measure]:
    """AUROC and AP of each method, with intervals over drugs and diseases: pairs of one drug, or of one disease, are not independent.

    Of all pairs, then of each group that has enough of both sorts. Empty where all pairs are of one sort.

    Args:
        scorers: by the name of the method; each scores drugs as queries against diseases as candidates.
        about: what the pairs are called in the table, such as their part of the split.
        groups: (n,) membership in each group, by its name.
    """
    drugs, diseases, approved, _ = indications
    if len(set(approved.tolist())) < 2:
        return []
    note, measures, ends = _note(indications), [], np.stack((drugs, diseases), axis=1)
    parts = with_whole(about, approved, groups or {})
    for method, scorer in scorers.items():
        scores = level(score_pairs(scorer, drugs, diseases), resolution=scorer.resolution)
        for name, inside in parts.items():
            for metric, figure in FIGURES.items():
                interval = bootstrap(partial(figure, scores[inside], approved[inside]), int(inside.sum()), resamples=resamples, seed=seed, groups=ends[inside])
                measures.append(Measure(PROTOCOL, name, method, metric, int(inside.sum()), interval, note=note))
    return measures


def _note(indications: Indications) -> str:
    n_approved, n = int(indications.approved.sum()), len(indications.approved)
    note = f"{n_approved:,} approved and {n - n_approved:,} failed pairs of {len(np.unique(indications.drugs)):,} drugs; interval over drugs and diseases"
    return f"{note}; {indications.contradicted:,} failed pairs that are approved as well are no failures" if indications.contradicted else note
