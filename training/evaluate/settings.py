"""What an evaluation asks: its protocols and its settings, with their defaults. Nothing heavy is imported here."""

from dataclasses import dataclass
from pathlib import Path

# Protocols that rank candidates, those that measure something else, and which of these read files of the user's.
RANKED = ("relations", "cold", "synonyms", "cold-variants", "gwas-time", "gwas-time-unseen", "locus", "branch")
MEASURED = ("effect-size", "indications", "gene-sets", "ratings", "gene-pairs", "gene-properties", "cells")
OF_FILES = ("ratings", "gene-pairs", "gene-properties", "cells")
PROTOCOLS = (*RANKED, *MEASURED)
PARTS = ("test", "validation")
# By their name in the table; those that have no clock are given no time.
RIVALS = {
    "transe": "TransE", "complex": "ComplEx", "rotate": "RotatE", "node2vec": "node2vec",
    "sentence-transformers": "sentence-transformers", "static-embedding": "StaticEmbedding",
}
UNTIMED = ("node2vec",)


@dataclass(frozen=True)
class Settings:
    """One evaluation.

    Attributes:
        protocols: of PROTOCOLS, which to run.
        part: of PARTS, the held-out rows that are asked; the cold protocol has a part of its own.
        queries: a predicate between two kinds is asked at most so often; more rows are sampled down.
        choice_queries: validation questions on which the form of TF-IDF is chosen.
        resamples: of the queries, for the intervals.
        neighbors: how many training subjects vote.
        rivals: of RIVALS, what to train and ask as well.
        rival_seconds: training time of each that is not among UNTIMED.
        data: folder with files that some protocols read, as their providers named them.
        ratings: files of rated pairs of terms.
        cell_label: column of `obs` that says what a cell is; empty for the first of the common ones.
        seed: of the samples and the resamples.
    """

    protocols: tuple[str, ...] = (*RANKED, *(name for name in MEASURED if name not in OF_FILES))
    part: str = "test"
    queries: int = 2000
    choice_queries: int = 300
    resamples: int = 1000
    neighbors: int = 100
    rivals: tuple[str, ...] = ()
    rival_seconds: float = 300.0
    data: Path | None = None
    ratings: tuple[Path, ...] = ()
    cell_label: str = ""
    seed: int = 20261121
