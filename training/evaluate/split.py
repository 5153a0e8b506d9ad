"""A build's split as numbers: concepts, every relation with the part it belongs to, and every name.

Unlike the corpus of training this holds *all* parts, because a question must know every true answer to filter it. Whatever may
serve as knowledge (votes, degrees, barycenters) goes through `training_ties`, which gives rows of the training part only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from generel.concepts.errors import BadTable
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME, PREDICATES

Numbers = NDArray[np.int64]
TRAIN, COLD = "train", "cold"
SYMMETRIC = [predicate.name for predicate in PREDICATES if predicate.symmetric]


@dataclass(frozen=True)
class NumberedSplit:
    """Concepts are numbered in the order of their CURIEs.

    Attributes:
        curies: of each concept.
        kind_numbers: (n,) place of each concept's kind in KINDS.
        cold: (n,) whether the concept was kept out of training.
        relations: `subject` and `object` as concept numbers, `predicate`, `part`.
        names: `concept` as a number, `name`, `role`, `part`; preferred names first within a concept, no definitions.
    """

    curies: list[str]
    kind_numbers: NDArray[np.int8]
    cold: NDArray[np.bool_]
    relations: pl.DataFrame
    names: pl.DataFrame

    @property
    def n_concepts(self) -> int:
        return len(self.curies)

    def of_kind(self, kind: str) -> Numbers:
        """Numbers of all concepts of a kind, cold ones included, ascending."""
        return np.flatnonzero(self.kind_numbers == KINDS.index(kind))

    def ties(self, predicates: Sequence[str], *, parts: Sequence[str] | None = None) -> csr_array:
        """How many rows of these predicates (and parts; None for all) lead from subject to object: (n, n) float32.

        A row of a symmetric predicate leads both ways.
        """
        rows = self.relations.filter(pl.col("predicate").is_in(list(predicates)))
        rows = rows if parts is None else rows.filter(pl.col("part").is_in(list(parts)))
        symmetric = rows.filter(pl.col("predicate").is_in(SYMMETRIC))
        left, right = (np.concatenate((rows[a].to_numpy(), symmetric[b].to_numpy())) for a, b in (("subject", "object"), ("object", "subject")))
        shape = (self.n_concepts, self.n_concepts)
        return coo_array((np.ones(len(left), dtype=np.float32), (left, right)), shape=shape).tocsr()

    def training_ties(self, predicates: Sequence[str]) -> csr_array:
        """`ties` of the training part: all that a rival may know."""
        return self.ties(predicates, parts=(TRAIN,))

    def training_neighbors(self) -> csr_array:
        """1 where two concepts are tied by any training row, in either direction: (n, n) float32, symmetric; made once, not to be written to."""
        return self._training_neighbors

    @cached_property
    def _training_neighbors(self) -> csr_array:
        directed = self.training_ties(self.relations["predicate"].unique().sort().to_list())
        both = (directed + directed.T).tocsr()
        both.data[:] = 1
        return both

    def preferred_names(self) -> list[str]:
        """The preferred name of each concept."""
        return self.names.filter(pl.col("role") == "name")["name"].to_list()

    def readable_names(self) -> pl.DataFrame:
        """The rows of `names` that training may read: preferred names, and synonyms of the training part."""
        return self.names.filter((pl.col("role") == "name") | (pl.col("part") == TRAIN))

    def training_names(self, concepts: Numbers) -> tuple[list[str], Numbers]:
        """All names of these (ascending) concepts that training may read, and where each concept's begin.

        A concept has at least its preferred name, be it cold or not; the offsets have one number more than there are concepts.
        """
        readable = self.readable_names().filter(pl.col("concept").is_in(concepts.tolist()))
        counts = np.bincount(readable["concept"].to_numpy(), minlength=self.n_concepts)[concepts]
        return readable["name"].to_list(), np.concatenate(([0], np.cumsum(counts)))


def number_split(concepts: pl.DataFrame, names: pl.DataFrame, relations: pl.DataFrame) -> NumberedSplit:
    """The split that the tables SPLIT_CONCEPTS, SPLIT_NAMES and SPLIT_RELATIONS hold.

    Raises:
        BadTable: rows about concepts that are not in the table of concepts, unknown predicates, or a concept without exactly one
            preferred name.
    """
    concepts = concepts.sort("curie")
    number = pl.DataFrame({"curie": concepts["curie"], "number": np.arange(concepts.height)})
    named = names.filter(pl.col("role") != "definition").join(number, on="curie", how="left").rename({"number": "concept"})
    tied = relations
    for end in ("subject", "object"):
        tied = tied.join(number.rename({"curie": end, "number": f"{end}_number"}), on=end, how="left")
    _refuse_unknown(
        names=named.filter(pl.col("concept").is_null()),
        relations=tied.filter(pl.any_horizontal(pl.col("subject_number", "object_number").is_null())),
        predicates=sorted(set(relations["predicate"]) - set(BY_NAME)),
    )
    named = named.sort("concept", pl.col("role") != "name", "name").select("concept", "name", "role", "part")
    _refuse_nameless(named, concepts)
    tied = tied.select(pl.col("subject_number").alias("subject"), "predicate", pl.col("object_number").alias("object"), "part")
    return NumberedSplit(
        curies=concepts["curie"].to_list(),
        kind_numbers=np.array([KINDS.index(kind) for kind in concepts["kind"].to_list()], dtype=np.int8),
        cold=(concepts["part"] == COLD).to_numpy(),
        relations=tied.sort("predicate", "subject", "object"),
        names=named,
    )


def _refuse_unknown(*, names: pl.DataFrame, relations: pl.DataFrame, predicates: list[str]) -> None:
    wrong = []
    if names.height:
        wrong.append(f"{names.height:,} names of concepts that it does not hold, such as {names['curie'][0]}")
    if relations.height:
        wrong.append(f"{relations.height:,} relations of concepts that it does not hold, such as {' '.join(relations.row(0)[:3])}")
    if predicates:
        wrong.append(f"unknown predicates: {', '.join(predicates)}")
    if wrong:
        raise BadTable(f"the split has {'; '.join(wrong)}; build it again")


def _refuse_nameless(names: pl.DataFrame, concepts: pl.DataFrame) -> None:
    counts = np.bincount(names.filter(pl.col("role") == "name")["concept"].to_numpy(), minlength=concepts.height)
    wrong = np.flatnonzero(counts != 1)
    if len(wrong):
        first = ", ".join(concepts["curie"].gather(wrong[:5]).to_list())
        raise BadTable(f"{len(wrong):,} concepts of the split do not have exactly one preferred name, such as {first}; build it again")
