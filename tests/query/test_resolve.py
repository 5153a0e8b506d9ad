"""What queries mean in the world of twelve."""

import polars as pl
import pytest

from generel.concepts.errors import AmbiguousConcept, BadIdentifier, BadInput, UnknownConcept, UnknownPrefix
from generel.concepts.kinds import KINDS
from generel.concepts.tables import CALIBRATION, MERGES, SPACE_CONCEPTS
from generel.index.names import NamesIndex
from generel.index.names_build import build_names
from generel.query.records import Concept
from generel.query.resolve import KIND_ORDER, resolve
from generel.query.space import EmbeddingSpace

Row = tuple[str, str, str, list[str], int]


@pytest.mark.parametrize(
    ("query", "curie", "how"),
    [
        ("dbsnp:rs4149056", "dbsnp:rs4149056", "curie"),
        ("rs4149056", "dbsnp:rs4149056", "curie"),
        (" RS4149056 ", "dbsnp:rs4149056", "curie"),
        ("MONDO:0005068", "mondo:0005068", "curie"),
        ("MONDO_0005068", "mondo:0005068", "curie"),
        ("HP:HP:0003326", "hp:0003326", "curie"),
        ("DB00641", "chebi:9150", "alias"),
        ("OMIM:608446", "mondo:0005068", "alias"),
        ("entrez:10599", "hgnc:10959", "alias"),
        ("OMIM:604843", "mondo:0007254", "alias"),
        ("warfarin", "chebi:10033", "name"),
        ("  Warfarin", "chebi:10033", "name"),
        ("SLCO1B1", "hgnc:10959", "name"),
        ("slco1b1", "hgnc:10959", "name"),
        ("CAT", "hgnc:1516", "name"),
        ("breast-cancer", "mondo:0007254", "name"),
        ("myocardial infarction", "mondo:0005068", "name"),
        ("Myocardial infarction", "mondo:0005068", "name"),
        ("heart attack", "mondo:0005068", "synonym"),
        ("Heart Attack", "mondo:0005068", "synonym"),
        ("OATP1B1", "hgnc:10959", "synonym"),
        ("lst1", "", "text"),
        ("LST 1", "hgnc:10959", "synonym"),
        ("muscle pain", "hp:0003326", "synonym"),
        ("muscle pain after exercise", "", "text"),
        ("TG 16:0/18:1 lipid", "", "text"),
        ("TG(16:0/18:1)", "", "text"),
    ],
)
def test_queries_mean(space: EmbeddingSpace, query: str, curie: str, how: str) -> None:
    """The table of what is meant; an empty CURIE is free text."""
    resolved = space.resolve(query)
    assert (resolved.concept.curie, resolved.how) == (curie, how)


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("rs4149065", UnknownConcept, r"'rs4149065'; nearest: dbsnp:rs4149056 rs4149056, dbsnp:rs7903146"),
        ("mondo:0005069", UnknownConcept, r"nearest: mondo:0005068 myocardial infarction"),
        ("go:0008150", UnknownConcept, r"no concept is called 'go:0008150'; `generel lookup`"),
        ("MODNO:0005148", UnknownPrefix, r"did you mean 'mondo'"),
        ("mondo:abc", BadIdentifier, r"not an identifier of mondo"),
        ("rs12x", BadIdentifier, r"'rs12x'"),
        ("chr12:21331549:T:C", BadInput, r"'chr12:21331549:T:C' names a variant by its place"),
        ("12:21331549", BadInput, r"'12:21331549' names a variant"),
        ("statin", AmbiguousConcept, r"names 2 concepts: chebi:9150 simvastatin, chebi:39548 atorvastatin"),
        ("MI", AmbiguousConcept, r"mondo:0005068 myocardial infarction, mondo:0007254 breast cancer"),
        ("", BadInput, r"neither letter nor digit"),
        (" -- ", BadInput, r"neither letter nor digit"),
    ],
)
def test_queries_are_refused(space: EmbeddingSpace, query: str, error: type[Exception], message: str) -> None:
    """What looks like an identifier is never read as text, and nothing is guessed within a kind."""
    with pytest.raises(error, match=message):
        space.resolve(query)


def test_the_errors_carry_what_they_name(space: EmbeddingSpace) -> None:
    """A program can offer the nearest concepts and the candidates without taking the sentence apart."""
    with pytest.raises(UnknownConcept) as unknown:
        space.resolve("rs4149065")
    assert unknown.value.near[0] == "dbsnp:rs4149056 rs4149056"
    with pytest.raises(AmbiguousConcept) as ambiguous:
        space.resolve("statin")
    assert ambiguous.value.candidates == ("chebi:9150 simvastatin", "chebi:39548 atorvastatin")
    with pytest.raises(UnknownConcept) as bare:
        space.resolve("rs4149065", suggest=False)
    assert bare.value.near == ()


def test_what_else_a_name_means_is_said(space: EmbeddingSpace) -> None:
    """'heart attack' is taken as the disease, and the phenotype is named."""
    resolved = space.resolve("heart attack")
    assert resolved.also == (Concept("hp:0001658", "phenotype", "Myocardial infarction"),)
    assert resolved.note == (
        "'heart attack' is taken as mondo:0005068 myocardial infarction (disease, by synonym); "
        "it could also be hp:0001658 Myocardial infarction (phenotype)"
    )
    assert space.resolve("warfarin").note == ""
    assert "by alias" in space.resolve("DB00641").note


def test_free_text_says_so_and_names_what_it_looks_like(space: EmbeddingSpace) -> None:
    """A misspelled name is read as text, but not silently."""
    resolved = space.resolve("warfarine")
    assert (resolved.is_text, resolved.row, resolved.concept) == (True, -1, Concept("", "text", "warfarine"))
    assert resolved.note == "'warfarine' is no name in this space and is read as free text; names like it: chebi:10033 warfarin"
    assert space.resolve("warfarine", suggest=False).near == ()


def test_a_kind_chooses_among_meanings(space: EmbeddingSpace) -> None:
    """The kind that is asked for wins over the order of kinds; within it, nothing else is named."""
    assert space.resolve("heart attack", as_kind="phenotype").concept.curie == "hp:0001658"
    assert space.resolve("OMIM:604843", as_kind="gene").concept.curie == "hgnc:10959"


def test_with_a_kind_nothing_is_read_as_text(space: EmbeddingSpace) -> None:
    """No drug is called 'warfarine'; an identifier of another kind is an error of its own."""
    with pytest.raises(UnknownConcept, match=r"'warfarine' \(of kind drug\); nearest: chebi:10033 warfarin"):
        space.resolve("warfarine", as_kind="drug")
    with pytest.raises(BadInput, match="'rs4149056' is dbsnp:rs4149056 rs4149056, a variant and not a drug"):
        space.resolve("rs4149056", as_kind="drug")
    with pytest.raises(BadInput, match="unknown kind 'protein'"):
        space.resolve("CAT", as_kind="protein")


def names_of(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> NamesIndex:
    """An index of (CURIE, kind, name, synonyms, number of relations)."""
    path = tmp_path_factory.mktemp("names") / "names.sqlite"
    concepts = pl.DataFrame(
        [(row, curie, kind, name, synonyms, None, "x", n) for row, (curie, kind, name, synonyms, n) in enumerate(rows)],
        schema=SPACE_CONCEPTS.columns, orient="row",
    )
    build_names(path, concepts=concepts, aliases=MERGES.empty(), calibration=CALIBRATION.empty(), made_from={})
    return NamesIndex(path)


def test_a_name_beats_a_synonym_of_an_earlier_kind(tmp_path_factory: pytest.TempPathFactory) -> None:
    """DMD is the name of a gene and a synonym of a disease: the gene is meant, the disease is named."""
    names = names_of(tmp_path_factory, [("mondo:0010679", "disease", "Duchenne muscular dystrophy", ["DMD"], 5), ("hgnc:2928", "gene", "DMD", [], 5)])
    resolved = resolve(names, "DMD")
    assert (resolved.concept.curie, [each.curie for each in resolved.also]) == ("hgnc:2928", ["mondo:0010679"])


def test_a_symbol_in_other_capitals_comes_after_other_names(tmp_path_factory: pytest.TempPathFactory) -> None:
    """'rest' is the process called so and not the gene REST; in capitals it is the gene, for the order of kinds; alone it is the gene."""
    rest: Row = ("hgnc:9966", "gene", "REST", [], 5)
    both = names_of(tmp_path_factory, [rest, ("go:0000001", "process", "rest", [], 0)])
    assert resolve(both, "rest").concept.curie == "go:0000001"
    assert resolve(both, "REST").concept.curie == "hgnc:9966"
    assert resolve(names_of(tmp_path_factory, [rest]), "rest").concept.curie == "hgnc:9966"


def test_the_same_capitals_choose_within_a_kind(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two drugs that differ in capitals only are told apart by them; in a third spelling they are ambiguous."""
    names = names_of(tmp_path_factory, [("chebi:1", "drug", "Co", [], 1), ("chebi:2", "drug", "CO", [], 1)])
    assert resolve(names, "CO").concept.curie == "chebi:2"
    assert resolve(names, "Co").concept.curie == "chebi:1"
    with pytest.raises(AmbiguousConcept):
        resolve(names, "co")


def test_of_equal_names_the_only_one_with_relations_is_meant(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second concept of the same name and kind that nothing is known of does not make a name ambiguous, but is named."""
    rows: list[Row] = [("chebi:1", "drug", "aspirin", [], 0), ("chebi:2", "drug", "aspirin", [], 7)]
    resolved = resolve(names_of(tmp_path_factory, rows), "aspirin")
    assert (resolved.concept.curie, [each.curie for each in resolved.also]) == ("chebi:2", ["chebi:1"])
    with pytest.raises(AmbiguousConcept):
        resolve(names_of(tmp_path_factory, [(curie, kind, name, synonyms, 0) for curie, kind, name, synonyms, _ in rows]), "aspirin")


def test_every_kind_has_its_place_in_the_order() -> None:
    """A kind that is added to the ground floor must be given its place here."""
    assert sorted(KIND_ORDER) == sorted(KINDS)


@pytest.mark.parametrize("query", ["chr1:12345", "10:114758349", "1:1,000-2,000", "10-114758349-C-T", "chrX_100_A_AT", "10:114758349C>T", "NM_000138.4:c.1A>G", "NC_000010.11:g.112998590C>T", "ENST00000316623.10:c.1A>G", "NM_000138.4(FBN1):c.1A>G"])
def test_a_variant_named_by_its_place_is_refused_with_the_way_out(space: EmbeddingSpace, query: str) -> None:
    """A space has no positions: such a query is neither a CURIE of the prefix 'chr1' nor a text to embed."""
    with pytest.raises(BadInput, match="names a variant by its place; a space knows variants by rsID"):
        space.resolve(query)


@pytest.mark.parametrize("query", ["17-20 lyase deficiency", "3-4", "heart: block", "11-beta"])
def test_words_with_numbers_are_no_places(space: EmbeddingSpace, query: str) -> None:
    """They are read as text."""
    assert space.resolve(query).is_text
