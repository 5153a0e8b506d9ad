"""A build as the arrays that training reads: concepts by number, their texts, and every relation that may be learned.

Only rows of the split's training part are here. A cold concept has a number and a text, so that it can be embedded, but no
relation, no other name and no residual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from generel.concepts.errors import BadTable
from generel.concepts.kinds import KINDS
from kg.split.parts import DRAWN
from training.effects import strengths_of
from training.makings import OWN, Makings, consequences_of, make_makings, positions_of
from training.recipe import Recipe


@dataclass(frozen=True)
class Texts:
    """The distinct strings and which concept is called by which.

    Attributes:
        strings: all distinct strings.
        of_concept: (total,) string numbers, concept after concept, the preferred name first.
        offsets: (n_concepts + 1,) where each concept's begin.
        definitions: (n_concepts,) string number of its definition, which is no name; -1 without one.
    """

    strings: list[str]
    of_concept: np.ndarray
    offsets: np.ndarray
    definitions: np.ndarray

    def preferred(self, concepts: np.ndarray) -> np.ndarray:
        """The number of each concept's preferred name."""
        return self.of_concept[self.offsets[concepts]]

    def count(self, concepts: np.ndarray) -> np.ndarray:
        """How many names each concept has."""
        return self.offsets[concepts + 1] - self.offsets[concepts]


@dataclass(frozen=True)
class Relations:
    """Training relations, one a row: concept numbers, number of the predicate in `predicates`, evidence weight."""

    subjects: np.ndarray
    objects: np.ndarray
    predicate_numbers: np.ndarray
    weights: np.ndarray
    predicates: list[str]


@dataclass(frozen=True)
class Corpus:
    """What a run learns from.

    Attributes:
        curies: canonical CURIE of each concept.
        kind_numbers: (n,) place of each concept's kind in `generel.concepts.kinds.KINDS`.
        trained: (n,) whether the concept may be shown in training; False for cold ones.
        texts: names.
        relations: what may be learned.
        neighbors: (n, n) symmetric sparse matrix of evidence weights over all predicates: every known tie; stored zeros are ties that the recipe
            does not train.
        is_composed: (n,) whether a concept is made of others, having no text worth reading.
        makings: what those are made of.
    """

    curies: list[str]
    kind_numbers: np.ndarray
    trained: np.ndarray
    texts: Texts
    relations: Relations
    neighbors: csr_array
    is_composed: np.ndarray
    makings: Makings

    @property
    def n_concepts(self) -> int:
        return len(self.curies)

    def of_kind(self, kind: str) -> np.ndarray:
        """Numbers of the concepts of a kind that may be shown in training, ascending."""
        return np.flatnonzero((self.kind_numbers == KINDS.index(kind)) & self.trained)


def make_corpus(concepts: pl.DataFrame, names: pl.DataFrame, relations: pl.DataFrame, *, recipe: Recipe, variants: pl.DataFrame | None = None, associations: pl.DataFrame | None = None) -> Corpus:
    """The corpus of a split.

    Args:
        concepts: SPLIT_CONCEPTS.
        names: SPLIT_NAMES; of each concept the preferred name first, then training synonyms in table order.
        relations: SPLIT_RELATIONS; only rows whose part is 'train' are taken.
        variants: VARIANTS, where composed concepts lie; None where nobody knows.
        associations: ASSOCIATIONS, how large effects are; None where nobody knows.

    Raises:
        BadTable: a concept without a name, or names or training relations of what is no concept of the split.
    """
    concepts = concepts.sort("curie")
    number = {curie: row for row, curie in enumerate(concepts["curie"].to_list())}
    kind_numbers = np.array([KINDS.index(kind) for kind in concepts["kind"].to_list()], dtype=np.int8)
    known = relations.filter(pl.col("part") == "train")
    predicates = known["predicate"].unique().sort().to_list()
    table = Relations(
        _numbers(known["subject"], number), _numbers(known["object"], number), _numbers(known["predicate"], {one: i for i, one in enumerate(predicates)}),
        _weights(known, recipe), predicates,
    )
    curies, trained = concepts["curie"].to_list(), (concepts["part"] != "cold").to_numpy()
    is_composed = np.isin(kind_numbers, [KINDS.index(kind) for kind in recipe.composed_kinds])
    neighbors = _neighbors(table, len(number))
    makings = make_makings(
        neighbors, composed=is_composed, kind_numbers=kind_numbers, trained=trained, window=recipe.composition.locus_window,
        positions=None if variants is None else positions_of(variants, curies),
        consequences=consequences_of(variants, curies) if variants is not None and recipe.composition.consequence else None,
    )
    if associations is not None and recipe.composition.effect:
        strengths = strengths_of(associations, own=makings.by_sort[OWN], curies=curies, share=recipe.composition.effect)
        makings = replace(makings, strengths=strengths)
    return Corpus(
        curies=curies,
        kind_numbers=kind_numbers,
        trained=trained,
        texts=_texts(names, number, kind_numbers, recipe=recipe),
        relations=table,
        neighbors=neighbors,
        is_composed=is_composed,
        makings=makings,
    )


def expand(matrix: csr_array, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All stored cells of some rows of a sparse matrix: (place in `rows`, column, value), row after row."""
    lengths = matrix.indptr[rows + 1] - matrix.indptr[rows]
    starts = np.repeat(matrix.indptr[rows], lengths)
    ends = np.cumsum(lengths)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths)
    cells = starts + within
    return np.repeat(np.arange(len(rows)), lengths), matrix.indices[cells].astype(np.int64), matrix.data[cells]


def _numbers(column: pl.Series, number: Mapping[str, int]) -> np.ndarray:
    if not len(column):
        return np.empty(0, dtype=np.int64)
    numbers = column.replace_strict(number, default=None, return_dtype=pl.Int64)
    unknown = column.filter(numbers.is_null())
    if len(unknown):
        raise BadTable(f"{unknown.n_unique():,} concepts of the split's '{column.name}' are not among its concepts, such as {unknown[0]}; build again")
    return numbers.to_numpy()


def _weights(known: pl.DataFrame, recipe: Recipe) -> np.ndarray:
    """Evidence of each row; 0 for a family that the recipe gives no weight: what only that ties is neither positive nor negative."""
    left_out = [predicate for predicate in known["predicate"].unique() if recipe.task_weights.get(recipe.family(predicate)) == 0]
    return known.select(pl.when(pl.col("predicate").is_in(left_out)).then(0.0).otherwise("weight")).to_series().to_numpy().astype(np.float32)


def _neighbors(relations: Relations, n_concepts: int) -> csr_array:
    """Symmetric adjacency; a pair tied several times keeps its largest weight."""
    pairs = pl.DataFrame(
        {
            "left": np.concatenate((relations.subjects, relations.objects)),
            "right": np.concatenate((relations.objects, relations.subjects)),
            "weight": np.tile(relations.weights, 2),
        }
    ).group_by("left", "right").agg(pl.col("weight").max()).sort("left", "right")
    left, right, weight = (pairs[column].to_numpy() for column in ("left", "right", "weight"))
    return csr_array((weight, (left, right)), shape=(n_concepts, n_concepts))


def _texts(names: pl.DataFrame, number: Mapping[str, int], kind_numbers: np.ndarray, *, recipe: Recipe) -> Texts:
    """The strings of concepts that may be read: training names, and a cold concept's preferred one."""
    usable = names.filter((pl.col("role") == "name") | ((pl.col("role") == "synonym") & (pl.col("part") == "train")))
    usable = usable.with_columns(pl.Series("number", _numbers(usable["curie"], number)), (pl.col("role") != "name").alias("later"))
    usable = usable.sort("number", "later", maintain_order=True)
    limits = np.where(kind_numbers == KINDS.index("gene"), recipe.sampling.gene_names, recipe.sampling.max_names)
    place = usable.select(pl.int_range(pl.len()).over("number")).to_series().to_numpy()
    usable = usable.filter(pl.Series(place < limits[usable["number"].to_numpy()]))
    defined = _definitions(names) if recipe.sampling.definition_share else names.clear()
    strings = pl.concat([usable["name"], defined["name"]]).unique(maintain_order=True).to_list()
    text_number = {string: i for i, string in enumerate(strings)}
    counts = np.bincount(usable["number"].to_numpy(), minlength=len(kind_numbers))
    nameless = _first_nameless(counts, number)
    if nameless is not None:
        raise BadTable(f"{nameless} has no name in the split; every concept needs one, so build again")
    definitions = np.full(len(kind_numbers), -1, dtype=np.int64)
    definitions[_numbers(defined["curie"], number)] = _numbers(defined["name"], text_number)
    return Texts(strings, _numbers(usable["name"], text_number), np.concatenate(([0], np.cumsum(counts))), definitions)


def _definitions(names: pl.DataFrame) -> pl.DataFrame:
    """A definition of each concept that has one, if it does not give away a held-out name of it."""
    definitions = names.filter(pl.col("role") == "definition").unique("curie", keep="first", maintain_order=True)
    held_out = names.filter((pl.col("role") == "synonym") & pl.col("part").is_in(DRAWN)).select("curie", hidden=pl.col("name").str.to_lowercase())
    telling = definitions.join(held_out, on="curie").filter(pl.col("name").str.to_lowercase().str.contains(pl.col("hidden"), literal=True))
    return definitions.join(telling, on="curie", how="anti", maintain_order="left")


def _first_nameless(counts: np.ndarray, number: Mapping[str, int]) -> str | None:
    rows: Sequence[int] = np.flatnonzero(counts == 0).tolist()
    return list(number)[rows[0]] if rows else None
