"""Genes ranked for a pathway, a process or any text, whether or not the space was told of its members (zero-shot)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.apps.term_votes import KnownTerms
from generel.concepts.kinds import Kind
from generel.concepts.tables import RELATIONS, SPACE_CONCEPTS, read_table
from generel.index.space_folder import CONCEPTS_FILE, RELATIONS_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile

Floats = NDArray[np.float32]
COSINE, VOTES, BOTH = "cosine", "votes", "both"
# A vote below this says no more than none. The cosines' share was chosen on WikiPathways and Hallmark, as the votes' temperature was.
LEAST_VOTE, COSINES_SHARE = 1e-6, 0.5


@dataclass(frozen=True)
class GeneRanking:
    """All genes of a space, best first.

    Attributes:
        curies, symbols: of the genes.
        scores: descending.
        members: which of them the space's evidence ties to what was asked for.
    """

    curies: list[str]
    symbols: list[str]
    scores: list[float]
    members: NDArray[np.bool_]

    @property
    def auroc(self) -> float | None:
        """Of the members against all others; None where there are none, or nothing else."""
        return auroc(np.array(self.scores), self.members)


def rank_genes(folder: Path, vector: Floats, *, curie: str = "", by: str = COSINE) -> GeneRanking:
    """The genes of the space in `folder` for what `vector` stands for, by symbol where they tie.

    Args:
        vector: (dims,) unit norm.
        curie: the concept that was asked for, whose members are looked up and which has no vote; empty for a text, which has none.
        by: COSINE of the gene, VOTES of the terms nearest to it for their genes, or BOTH.
    """
    genes = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS).filter(kind=Kind.GENE.value)
    scores = VectorsFile.open(folder / VECTORS_FILE).vectors[genes["row"].to_numpy()] @ vector
    if by != COSINE:
        votes = KnownTerms.open(folder).vote(vector[None, :], without={curie})
        scores = votes[0] if by == VOTES else join_votes(scores[None, :], votes)[0]
    ranked = genes.select("curie", "name").with_columns(pl.Series("score", scores)).sort(["score", "name"], descending=[True, False])
    known = ranked["curie"].is_in(_tied(folder, curie).implode()) if curie else pl.Series([False] * ranked.height)
    return GeneRanking(ranked["curie"].to_list(), ranked["name"].to_list(), ranked["score"].to_list(), known.to_numpy())


def join_votes(cosines: Floats, votes: Floats) -> Floats:
    """(names, genes) the logarithms of votes and COSINES_SHARE of the cosines, each standardized over the genes of a name."""
    return _standardize(np.log(votes + LEAST_VOTE)) + COSINES_SHARE * _standardize(cosines)


def auroc(scores: NDArray[np.floating], members: NDArray[np.bool_]) -> float | None:
    """The chance that a member scores above another gene, ties counting half; None where either is missing."""
    n_members = int(members.sum())
    if not 0 < n_members < len(members):
        return None
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[members].sum() - n_members * (n_members + 1) / 2) / (n_members * (len(members) - n_members)))


def _tied(folder: Path, curie: str) -> pl.Series:
    """What the evidence ties to the concept, either way."""
    relations = read_table(folder / RELATIONS_FILE, RELATIONS)
    return pl.concat([relations.filter(subject=curie)["object"], relations.filter(object=curie)["subject"]]).unique()


def _standardize(scores: Floats) -> Floats:
    """(names, genes) with mean 0 and standard deviation 1 in each row; zeros where all are equal."""
    spread = scores.std(axis=1, keepdims=True)
    standard: Floats = (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    return standard
