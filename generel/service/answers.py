"""What the service answers where the records of `generel.query` are not the whole of it: pages, and what a page says of a concept.

Frozen dataclasses, written as JSON field by field; the OpenAPI document is made from them and from the records themselves.
"""

from dataclasses import dataclass
from typing import Any, Literal

from generel.index.added_file import AddedConcept
from generel.query.records import Concept, Match, Neighbor, RelationQuestion, TakenAs

Direction = Literal["out", "in"]


@dataclass(frozen=True)
class Matches:
    """The concepts that a text may mean, best first; `next` is the address of the next page, null where there is none."""

    query: str
    matches: tuple[Match, ...]
    next: str | None


@dataclass(frozen=True)
class Identifier:
    """A CURIE and its page at its database; `url` is empty where none is known."""

    curie: str
    url: str


@dataclass(frozen=True)
class ConceptCard:
    """What the space knows of a concept by itself.

    Attributes:
        names: synonyms.
        identifiers: its own first, then those of other databases.
        n_relations: rows of evidence that it is in.
        source: that named it.
        added: whether somebody added it to the released space.
    """

    concept: Concept
    names: tuple[str, ...]
    definition: str | None
    identifiers: tuple[Identifier, ...]
    n_relations: int
    source: str
    added: bool


@dataclass(frozen=True)
class ConceptRelation:
    """One row of evidence, seen from a concept.

    Attributes:
        direction: 'out' where the concept is the subject, 'in' where it is the object.
        phrase: how the predicate reads from the concept to the other.
        concept: the other end.
        confidence: in (0, 1].
        url: homepage of the source; empty where none is known.
    """

    predicate: str
    direction: Direction
    phrase: str
    concept: Concept
    source: str
    source_version: str
    license: str
    confidence: float
    url: str


@dataclass(frozen=True)
class ConceptRelations:
    """A page of a concept's relations and how many there are in all."""

    relations: tuple[ConceptRelation, ...]
    total: int
    next: str | None


@dataclass(frozen=True)
class Neighbors:
    """The nearest concepts of one query; `note` says what it was taken for where that is not obvious."""

    query: TakenAs
    note: str
    neighbors: tuple[Neighbor, ...]
    next: str | None


@dataclass(frozen=True)
class NeighborsOfMany:
    """The nearest concepts of each query, in their order."""

    results: tuple[Neighbors, ...]


@dataclass(frozen=True)
class PairRelatedness:
    """`Relatedness` of one of many pairs; a pair with an end that means nothing has a `note` and no numbers."""

    left: Concept | None
    right: Concept | None
    cosine: float | None
    percentile: float | None
    p_value: float | None
    note: str | None


@dataclass(frozen=True)
class RelatednessOfPairs:
    """Each pair's relatedness, in their order."""

    results: tuple[PairRelatedness, ...]


@dataclass(frozen=True)
class Evidence:
    """Rows of evidence between two concepts, as the RELATIONS table has them."""

    relations: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Vectors:
    """One vector a text or concept, each of `dims` numbers and unit length."""

    vectors: list[list[float]]
    dims: int


@dataclass(frozen=True)
class VectorPage:
    """A page of the concepts by row, with their stored vectors.

    Attributes:
        space: tag of what is served; a space that is read over several pages is one only if it is the same on all of them.
        total: concepts on all pages.
        vectors: one a concept, each of `dims` numbers and unit length.
        next: address of the next page; null where there is none.
    """

    space: str
    total: int
    concepts: tuple[Concept, ...]
    vectors: list[list[float]]
    dims: int
    next: str | None


@dataclass(frozen=True)
class AddedConcepts:
    """A page of what was added to the released space.

    Attributes:
        space: tag of what is served; pages are of one space only if it is the same on all of them.
        total: concepts on all pages.
        next: address of the next page; null where there is none.
    """

    space: str
    total: int
    added: tuple[AddedConcept, ...]
    next: str | None


@dataclass(frozen=True)
class ChangedConcepts:
    """The concepts that were added, or taken out again."""

    concepts: tuple[Concept, ...]


@dataclass(frozen=True)
class Kinds:
    """The kinds that the space has a concept of."""

    kinds: tuple[str, ...]


@dataclass(frozen=True)
class RelationsOfKind:
    """The relations that concepts of one kind can be asked by."""

    relations: tuple[RelationQuestion, ...]


@dataclass(frozen=True)
class SpaceCard:
    """What is served, what it is made of and under which licenses.

    Attributes:
        digest: of the release; `tag` changes with it and with the concepts that were added.
        counts: concepts by kind, those added included.
        sources: name, title, version, license, citation and more of each.
        figures: what evaluation measured at release.
        store: what searches: 'edge', 'server' or 'exact'; `note` says why it is the scan though nobody asked for it.
        added: how many concepts were added.
        has_encoder: whether free text can be asked.
        gene_sets: whether the service answers for lists of genes.
        version: of generel.
    """

    name: str
    digest: str
    tag: str
    created: str
    format: int
    dims: int
    metric: str
    n_concepts: int
    n_relations: int
    counts: dict[str, int]
    sources: tuple[dict[str, Any], ...]
    figures: dict[str, Any]
    encoder: dict[str, Any]
    store: str
    note: str
    added: int
    has_encoder: bool
    gene_sets: bool
    version: str


@dataclass(frozen=True)
class Health:
    """Whether the process is up, or ready to answer."""

    status: str
    space: str | None = None
