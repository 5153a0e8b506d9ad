"""The tools: what an assistant may ask of an open space.

An assistant reads the docstrings and the descriptions of the arguments, and nothing else: they say when to use a tool and how to read what it gives.
"""

from typing import Annotated

from pydantic import Field

from generel.concepts.kinds import Kind
from generel.concepts.predicates import BY_NAME
from generel.mcp.answers import Explained, Lookup, Neighbors, Related
from generel.query.meaning import say_if_far
from generel.query.neighbors import Wanted, find_neighbors, kinds_of_answers, read_relation
from generel.query.records import Resolved, TakenAs
from generel.query.space import EmbeddingSpace

# A page of text; the encoder reads no more of it.
LONGEST_TEXT, MOST_ANSWERS, MOST_EXPLAINED = 4_000, 100, 20

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Query = Annotated[Text, Field(description="A CURIE ('mondo:0005148'), rsID, gene symbol, name or synonym; anything else is read as free text and embedded.")]
Kinds = Annotated[list[Kind] | None, Field(min_length=1, max_length=len(Kind), description="Only answers of these kinds; leave it out for all.")]
AsKind = Annotated[Kind | None, Field(description="The kind that the query itself must be of, where its name could mean several.")]
# The names are in the schema, not in the type: for a name that is none, the space's own refusal says which are like it.
Relation = Annotated[
    Annotated[str, Field(json_schema_extra={"enum": list(BY_NAME)})] | None,
    Field(description="Only answers that this relation can join to the query, by their kinds; read in the direction that fits the query."),
]


class SpaceTools:
    """The tools over one open space."""

    def __init__(self, space: EmbeddingSpace) -> None:
        self._space = space

    def lookup(
        self, text: Text, k: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] = 10, kinds: Kinds = None,
        by_meaning: Annotated[bool | None, Field(description="Also (true) or never (false) find by meaning; left out: only where no name is much like the text.")] = None,
    ) -> Lookup:
        """Find the concepts (variants, genes, diseases, phenotypes, drugs, pathways, processes ...) that a text may mean, best first, with their CURIEs.

        Use it first when a name may be misspelled or ambiguous, and to turn names into CURIEs. `how` says how each was found: curie, alias
        (another database's identifier), name, synonym, prefix, fuzzy (a similar name) or meaning. No match means that the space has nothing called so.
        """
        matches = tuple(self._space.lookup(text, k, kinds, by_meaning=by_meaning))
        best = max((match.score for match in matches if match.how == "meaning"), default=None)
        return Lookup(text, matches, _said(say_if_far(self._space, text, best) if by_meaning else ""))

    def neighbors(
        self, query: Query, k: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] = 10, kinds: Kinds = None, as_kind: AsKind = None, relation: Relation = None,
        exclude_known: Annotated[bool, Field(description="Leave out what the evidence ties to the query already (by `relation`, if one is given): what is left are predictions.")] = False,
        min_score: Annotated[float | None, Field(ge=-1, le=1, description="Only answers with at least this cosine.")] = None,
        offset: Annotated[int, Field(ge=0, le=10_000, description="How many of the best answers to pass over: the second page of ten begins at 10.")] = 0,
    ) -> Neighbors:
        """The concepts nearest to a query in the embedding space, nearest first: candidate genes of a disease, drugs for a variant, diseases like a description.

        `percentile` says how many of a hundred random pairs of the same two kinds are less alike (null for free text). Nearness is a
        prediction and no evidence: `explain` shows what is known of a pair. `query` says what the query was taken for; pass `notes` on.
        """
        wanted = Wanted(k, offset, tuple(kinds) if kinds else None, read_relation(relation), exclude_known, min_score)
        resolved = self._space.resolve(query, as_kind=as_kind)
        kinds_of_answers(resolved.concept, wanted)
        found = tuple(find_neighbors(self._space, [resolved], wanted)[0])
        is_first_of_all = resolved.is_text and not (offset or kinds or relation)
        best = max((neighbor.cosine for neighbor in found), default=None) if is_first_of_all else None
        scanned = f"neighbors come from the exact scan: {self._space.note}" if self._space.note else ""
        return Neighbors(TakenAs.of(resolved), found, _said(resolved.note, say_if_far(self._space, query, best), scanned))

    def relatedness(self, a: Query, b: Query) -> Related:
        """How related two concepts or texts are: the cosine of their vectors, its percentile among random pairs of the same two kinds, and a p-value.

        Compare percentiles, not cosines, where pairs are of different kinds. Percentile and p-value are null where either is free text.
        """
        left, right = self._both(a, b)
        return Related(self._space.relatedness(left, right), _said(left.note, right.note))

    def explain(
        self, a: Query, b: Query, k: Annotated[int, Field(ge=1, le=MOST_EXPLAINED, description="How many paths, shared neighbors of a kind and shared ties of a predicate.")] = 3,
        words: Annotated[bool, Field(description="Weigh the words of names, too, and not only those of free text.")] = False,
    ) -> Explained:
        """Why two concepts are near each other: known relations with source, version and license, paths over other concepts, what both share, the words that count.

        Cite `source` and `source_version` of the relations that you use. Where `relations` and `paths` are empty, no source ties the two: the
        space only puts them near each other.
        """
        left, right = self._both(a, b)
        return Explained(self._space.explain(left, right, k=k, words=words), _said(left.note, right.note))

    def _both(self, a: str, b: str) -> tuple[Resolved, Resolved]:
        return self._space.resolve(a), self._space.resolve(b)


def _said(*notes: str) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
