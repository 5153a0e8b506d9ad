"""What a query means: an identifier, a name, a synonym, or else its own words.

Order: CURIE, rsID, another database's identifier or the address of one; then a preferred name; then a synonym; then free text. What looks
like an identifier is never read as text: a mistyped rsID has no meaning to embed. Between kinds the words decide by
KIND_ORDER, and the answer says what else they name; within a kind nothing is guessed.
"""

import re
from typing import NamedTuple

from generel.concepts.curie import Curie
from generel.concepts.errors import AmbiguousConcept, BadIdentifier, BadInput, UnknownConcept, UnknownPrefix
from generel.concepts.iri import shorten
from generel.index.names import ROLES, ConceptRow, NamesIndex
from generel.index.normalize import normalize
from generel.query.records import TEXT, Concept, Resolved

# Which kind a name stands for where several bear it: "diabetes mellitus" is a disease before it is a phenotype.
KIND_ORDER = ("disease", "drug", "gene", "phenotype", "pathway", "process", "function", "component", "anatomy", "variant")
# One word that is a prefix with something after it, `rs` and a digit, or a position on a chromosome: meant as an identifier,
# whether or not it is one.
IDENTIFIER = re.compile(r"[a-z][\w.]*:\S+|rs\d\w*|(chr)?(\d{1,2}|[xym]):\d\S*", re.IGNORECASE)
# A variant named by its place: a position, a position with alleles as VCF and gnomAD write them, or HGVS.
PLACE = re.compile(
    r"(chr)?(\d{1,2}|x|y|mt?):[\d,]+(-[\d,]+)?|(chr)?(\d{1,2}|x|y|mt?)[-:_][\d,]+[-:_]?[acgtn]+[-:_>/][acgtn]+|([nx][cgmprt]_|enst|ensp|lrg_)[\w.]+(\(\w+\))?:[cgmnpr]\..+",
    re.IGNORECASE,
)
LEAST_ALIKE_TO_NAME = 0.8
NAMED_IN_MESSAGES = 3
ALSO_NAMED = 5


class Candidate(NamedTuple):
    """A concept that a query may mean.

    Attributes:
        matched: the identifier or name that answered.
        how: 'curie', 'alias', 'name' or 'synonym'.
        rank: the lowest is meant; equal ranks are ambiguous.
    """

    concept: ConceptRow
    matched: str
    how: str
    rank: tuple[int, ...]


def resolve(names: NamesIndex, query: str, *, as_kind: str | None = None, suggest: bool = True) -> Resolved:
    """What `query` means in the space of `names`.

    Args:
        as_kind: the kind it must be of; None for any. With a kind, a query is never read as free text.
        suggest: whether to look for names like a query that has none, which takes 10 ms; without it `near` is empty.

    Raises:
        UnknownConcept: it looks like an identifier that the space does not have, or no concept of `as_kind` is called so;
            the nearest are named.
        UnknownPrefix, BadIdentifier: it looks like a CURIE and cannot be one.
        AmbiguousConcept: several concepts of one kind are called so.
        BadInput: it has neither letter nor digit, or is the identifier of another kind.
    """
    if not normalize(query):
        raise BadInput(f"the query '{query}' has neither letter nor digit")
    found = find_candidates(names, query)
    if of_kind := [candidate for candidate in found if as_kind in (None, candidate.concept.kind)]:
        return _choose(query, of_kind)
    if found and found[0].how in ("curie", "alias"):
        raise BadInput(f"'{query}' is {say(found[0].concept)}, a {found[0].concept.kind} and not a {as_kind}")
    refuse_identifier(names, query, suggest=suggest)
    near = _names_like(names, query, as_kind) if suggest else ()
    if as_kind:
        raise UnknownConcept(query, near, where=f"of kind {as_kind}")
    return Resolved(query, Concept("", TEXT, query.strip()), -1, TEXT, near=near)


def find_candidates(names: NamesIndex, query: str) -> list[Candidate]:
    """Everything `query` is an identifier of or, if it is none, the exact name of; what is meant comes first."""
    found = _identified(names, query) or [
        Candidate(hit.concept, hit.text, hit.how, _rank_of_name(query, hit.concept, hit.text, hit.how)) for hit in names.named(query)
    ]
    return sorted(found, key=lambda candidate: (candidate.rank, candidate.concept.row))


def read_curie(text: str) -> str | None:
    """The CURIE that `text` spells, or that its address stands for; None if it is neither."""
    try:
        return str(Curie.parse(shorten(text)))
    except (UnknownPrefix, BadIdentifier):
        return None


def _identified(names: NamesIndex, query: str) -> list[Candidate]:
    curie = read_curie(query)
    if curie is None:
        return []
    if concept := names.by_curie(curie):
        return [Candidate(concept, curie, "curie", (0,))]
    return [Candidate(concept, curie, "alias", (KIND_ORDER.index(concept.kind),)) for concept in names.by_alias(curie)]


def _rank_of_name(query: str, concept: ConceptRow, written: str, how: str) -> tuple[int, ...]:
    """Names before synonyms; then kinds in order, but a gene symbol in other capitals after all; then the same capitals.

    The exception is for symbols that are words: 'rest' and 'cat' mean the genes REST and CAT only where nothing else does.
    """
    other_capitals = written != query.strip()
    wrong_symbol = concept.kind == "gene" and other_capitals
    return ROLES.index(how), int(wrong_symbol), KIND_ORDER.index(concept.kind), int(other_capitals)


def _choose(query: str, candidates: list[Candidate]) -> Resolved:
    """The first candidate, if no other ranks like it; of several that do, the only one with any relations."""
    best = [candidate for candidate in candidates if candidate.rank == candidates[0].rank]
    if len(best) > 1:
        tied = [candidate for candidate in best if candidate.concept.n_relations] or best
        if len(tied) > 1:
            raise AmbiguousConcept(query, [say(candidate.concept) for candidate in tied])
        best = tied
    taken = best[0].concept
    others = dict.fromkeys(to_concept(candidate.concept) for candidate in candidates if candidate.concept.row != taken.row)
    return Resolved(query, to_concept(taken), taken.row, best[0].how, also=tuple(others)[:ALSO_NAMED])


def refuse_identifier(names: NamesIndex, query: str, *, suggest: bool = True) -> None:
    """Nothing, unless `query` looks like an identifier.

    Raises:
        UnknownConcept: it is one that the space does not have; the nearest identifiers of its prefix are named.
        UnknownPrefix, BadIdentifier: it cannot be one.
        BadInput: it names a variant by position or HGVS.
    """
    if PLACE.fullmatch(query.strip()):
        raise BadInput(f"'{query}' names a variant by its place; a space knows variants by rsID: give that, or the symbol of a gene")
    if not IDENTIFIER.fullmatch(query.strip()) and read_curie(query) is None:
        return
    curie = str(Curie.parse(shorten(query)))
    near = names.near_curies(curie, k=NAMED_IN_MESSAGES) if suggest else []
    raise UnknownConcept(query, [say(concept) for concept in near])


def _names_like(names: NamesIndex, query: str, kind: str | None) -> tuple[str, ...]:
    hits = names.resembling(query, NAMED_IN_MESSAGES, kinds=[kind] if kind else None)
    return tuple(say(hit.concept) for hit in hits if hit.score >= LEAST_ALIKE_TO_NAME)


def to_concept(concept: ConceptRow) -> Concept:
    """The record of an index row."""
    return Concept(concept.curie, concept.kind, concept.name)


def say(concept: ConceptRow) -> str:
    """A concept in a sentence: CURIE and name."""
    return str(to_concept(concept))
