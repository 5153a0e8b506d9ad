"""What may be asked: the parameters and bodies of the API, each with its bounds.

Bounds that belong to the question stand here and in the OpenAPI document; those of the installation (batch, body) are settings.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from generel.concepts.kinds import Kind

MOST_ANSWERS = 1000
MOST_PASSED_OVER = 10_000
LONGEST_QUERY = 2000
LONGEST_TEXT = 20_000
# Synonyms or ties of one new concept.
MOST_PARTS = 1000
Format = Annotated[Literal["json", "tsv"], Field(description="'tsv' for a table of tab-separated values; so does the header Accept: text/tab-separated-values.")]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY, description="A CURIE, rsID, symbol, name, or any text.", examples=["chebi:9150"])]
Kinds = Annotated[list[Kind], Field(max_length=len(Kind), description="Only concepts of these kinds; all where none is given.")]


class Question(BaseModel):
    """What all questions share: a parameter that means nothing is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Formatted(Question):
    """A question whose answer comes as a table, too."""

    format: Format = "json"


class LookupQuestion(Formatted):
    """A text to look up."""

    q: Text
    limit: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] = 10
    offset: Annotated[int, Field(ge=0, le=MOST_ANSWERS)] = 0
    kind: Kinds = []
    meaning: Annotated[Literal["auto", "yes", "no"], Field(description="Whether to add the concepts nearest in meaning; 'auto' where no name is much like the text.")] = "auto"


class RelationsQuestion(Formatted):
    """Which of a concept's relations."""

    predicate: Annotated[str | None, Field(max_length=100)] = None
    kind: Kinds = []
    limit: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] = 50
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class KindQuestion(Question):
    """What concepts of one kind can be asked."""

    kind: Kind


class NeighborOptions(Question):
    """Which neighbors."""

    k: Annotated[int, Field(ge=1, le=MOST_ANSWERS, description="How many.")] = 10
    kind: Kinds = []
    as_kind: Annotated[Kind | None, Field(description="The kind that the query itself must be of, where its name could mean several.")] = None
    relation: Annotated[str | None, Field(max_length=100, description="Only answers that this relation can join to the query, the likeliest first.", examples=["treats"])] = None
    exclude_known: Annotated[bool, Field(description="Leave out what the evidence ties to the query already; by `relation`, if one is given.")] = False
    min_score: Annotated[float | None, Field(ge=-1, le=1, allow_inf_nan=False, description="Only answers with at least this cosine.")] = None
    offset: Annotated[int, Field(ge=0, le=MOST_PASSED_OVER, description="How many of the best answers to pass over.")] = 0


class NeighborsQuestion(NeighborOptions, Formatted):
    """A query and which of its neighbors."""

    query: Text


class ManyNeighborsQuestion(NeighborOptions):
    """Several queries and which of their neighbors."""

    queries: Annotated[list[Text], Field(min_length=1)]


class PairQuestion(Formatted):
    """Two queries."""

    a: Text
    b: Text


class PairsQuestion(Question):
    """Pairs of queries."""

    pairs: Annotated[list[Annotated[list[Text], Field(min_length=2, max_length=2)]], Field(min_length=1)]


class ExplainQuestion(Question):
    """Two queries, and how much to say."""

    a: Text
    b: Text
    k: Annotated[int, Field(ge=1, le=100, description="Paths, shared neighbors of each kind and shared ties of each predicate, at most.")] = 5
    words: Annotated[bool, Field(description="Weigh the words of names, too, and not only those of free text.")] = False


class ResolveQuestion(Question):
    """A query, and the kind that it must be of."""

    query: Text
    as_kind: Kind | None = None


class TextsQuestion(Question):
    """Texts to embed."""

    texts: Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]], Field(min_length=1)]


class VectorsQuestion(Question):
    """Concepts whose stored vectors are wanted."""

    curies: Annotated[list[Text], Field(min_length=1)]


class VectorPageQuestion(Question):
    """Which page of the concepts with their vectors."""

    kind: Kinds = []
    limit: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] = MOST_ANSWERS
    offset: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    format: Annotated[Literal["json", "parquet"], Field(description="'parquet' for a file of Parquet, as does the header Accept: application/vnd.apache.parquet.")] = "json"


class AddedQuestion(Question):
    """A page of what was added."""

    limit: Annotated[int, Field(ge=1, le=MOST_ANSWERS, description="How many.")] = 100
    offset: Annotated[int, Field(ge=0, le=1_000_000_000, description="How many of the first to pass over.")] = 0


class NewConceptQuestion(Question):
    """A concept to add; what of it is wrong, such as an unknown kind, is said with all else that is."""

    curie: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY, description="In any spelling.", examples=["mondo:0999999"])]
    kind: Annotated[str, Field(max_length=100, examples=["disease"])]
    name: Annotated[str, Field(max_length=LONGEST_QUERY, description="The preferred name; may be left out where there are ties.")] = ""
    synonyms: Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]], Field(max_length=MOST_PARTS)] = []
    definition: Annotated[str, Field(max_length=LONGEST_TEXT, description="For readers; it is not embedded.")] = ""
    ties: Annotated[
        list[Annotated[list[Annotated[str, Field(max_length=LONGEST_QUERY)]], Field(min_length=2, max_length=2)]],
        Field(max_length=MOST_PARTS, description="Pairs of a predicate and the CURIE of the other end; '^' before the predicate makes the new concept its object."),
    ] = []


class NewConceptsQuestion(Question):
    """Concepts to add, all or none; one may be tied to those before it."""

    concepts: Annotated[list[NewConceptQuestion], Field(min_length=1)]


class RemovalQuestion(Question):
    """Added concepts to take out again, all or none."""

    curies: Annotated[list[Text], Field(min_length=1)]


class GenesQuestion(Question):
    """A list of genes to complete."""

    genes: Annotated[list[Annotated[str, Field(max_length=LONGEST_QUERY)]], Field(min_length=1)]
    k: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] = 10


class GeneQuestion(Formatted):
    """Which predicted functions of a gene."""

    k: Annotated[int, Field(ge=1, le=MOST_ANSWERS, description="How many of each library.")] = 10
    library: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100, description="Only these libraries.")] = []
    only_new: Annotated[bool, Field(description="Leave out the sets that have the gene already.")] = False
