"""What mentions mean, in lexicons of a few names."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import concepts_of

from generel.concepts.kinds import Kind
from generel.index.normalize import normalize
from kg.harvest import mention
from kg.lexicon import AMBIGUOUS, DATED, UNKNOWN, Resolution, resolve_mentions

LEXICON = concepts_of(
    ("mondo:0007256", "hepatocellular carcinoma", ["liver cell carcinoma"]),
    ("mondo:0005070", "neoplasm", ["tumor"]),
    ("mondo:0000001", "cold", ["common cold", "catarrh"]),
    ("mondo:0000002", "rhinitis", ["catarrh"]),
    ("omim:100001", "Common Cold, Familial"),
    ("hp:0002315", "Headache", ["Cephalgia"]),
    ("chebi:10033", "warfarin", ["Coumadin"]),
    ("drugbank:DB00001", "Coumadin"),
    ("hgnc:1516", "CAT", ["catalase", "MARCH1"]),
    ("hgnc:26077", "MARCHF1", ["MARCH1"]),
    ("hgnc:2", "CYP2C9", ["CPC9"]),
    ("hgnc:3", "CPC9"),
)


def resolve(*mentions: tuple[Kind, str]) -> Resolution:
    return resolve_mentions(pl.Series([mention(kind, name) for kind, name in mentions], dtype=pl.String), LEXICON)


def meaning(kind: Kind, name: str) -> tuple[str, str]:
    """The curie and how it was found, or the reason why not and an empty text."""
    resolution = resolve((kind, name))
    assert resolution.found.height + resolution.unresolved.height == 1
    return resolution.found.select("curie", "how").row(0) if resolution.found.height else (resolution.unresolved["reason"][0], "")


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (Kind.DISEASE, "Hepatocellular-Carcinoma", ("mondo:0007256", "exact name")),
        (Kind.DISEASE, "Carcinoma, Hepatocellular", ("mondo:0007256", "turned name")),
        (Kind.DISEASE, "Carcinoma, Liver Cell", ("mondo:0007256", "turned synonym")),
        (Kind.DISEASE, "familial common cold", ("omim:100001", "turned name")),
        (Kind.DISEASE, "Neoplasms", ("mondo:0005070", "plural name")),
        (Kind.DISEASE, "Tumors", ("mondo:0005070", "plural synonym")),
        (Kind.DISEASE, "catarrh", (AMBIGUOUS, "")),
        (Kind.DISEASE, "plague", (UNKNOWN, "")),
        (Kind.DRUG, "Warfarin", ("chebi:10033", "exact name")),
        (Kind.GENE, "CAT", ("hgnc:1516", "exact name")),
        (Kind.GENE, "cat", (UNKNOWN, "")),
    ],
)
def test_names_are_found_in_the_order_of_ways(kind: Kind, name: str, expected: tuple[str, str]) -> None:
    """Exact before turned before plural; symbols letter by letter; what is ambiguous or unknown means nothing."""
    assert meaning(kind, name) == expected


def test_a_name_beats_a_synonym() -> None:
    """CPC9 is a gene's own symbol and an alias of another; Coumadin is the name of one drug and a synonym of another."""
    assert meaning(Kind.GENE, "CPC9") == ("hgnc:3", "exact name")
    assert meaning(Kind.DRUG, "coumadin") == ("drugbank:DB00001", "exact name")


def test_an_alias_of_two_genes_is_ambiguous() -> None:
    """Neither gene is guessed."""
    assert meaning(Kind.GENE, "MARCH1") == (AMBIGUOUS, "")


def test_the_lower_rank_wins_among_equal_names() -> None:
    """Two databases that were not joined have one name: the concept of the preferred one is meant."""
    lexicon = concepts_of(("drugbank:DB00002", "codeine"), ("chebi:16714", "Codeine"))
    assert resolve_mentions(pl.Series(["~drug:codeine"]), lexicon).found["curie"].to_list() == ["chebi:16714"]


def test_a_merged_name_beats_a_synonym() -> None:
    """MeSH prefers 'Metabolic Syndrome' for what MONDO names otherwise; that another concept has it as a synonym does not matter."""
    lexicon = concepts_of(("mondo:0011565", "metabolic syndrome X", ["Metabolic Syndrome"]), ("mondo:0000816", "abdominal obesity", ["metabolic syndrome"]))
    merged = pl.DataFrame([("disease", "mondo:0011565", "Metabolic Syndrome")], schema=["kind", "curie", "name"], orient="row")
    found = resolve_mentions(pl.Series(["~disease:metabolic syndrome"]), lexicon, merged_names=merged).found
    assert found.select("curie", "how").rows() == [("mondo:0011565", "exact merged name")]


def test_a_name_that_is_equal_but_for_case_beats_one_that_is_not() -> None:
    """Punctuation counts where nothing else tells two names apart."""
    lexicon = concepts_of(("chebi:50122", "rosiglitazone"), ("chebi:50123", "(+)-rosiglitazone"))
    assert resolve_mentions(pl.Series(["~drug:Rosiglitazone"]), lexicon).found["curie"].to_list() == ["chebi:50122"]


@pytest.mark.parametrize("symbol", ["1-Mar", "2-Sep", "Sep-02", "9-Sept", "MAR-1"])
def test_a_symbol_that_became_a_date_is_set_aside(symbol: str) -> None:
    """Spreadsheets write MARCH1 as 1-Mar; MAR-1 in capitals is no date."""
    assert meaning(Kind.GENE, symbol)[0] == (UNKNOWN if symbol == "MAR-1" else DATED)


def test_a_disease_that_is_none_is_looked_for_among_phenotypes() -> None:
    """A headache is a phenotype, whatever the file calls it; the kind found is said."""
    found = resolve((Kind.DISEASE, "Headaches")).found
    assert found.rows() == [("~disease:Headaches", "phenotype", "hp:0002315", "plural name")]


def test_kinds_that_nothing_else_stands_in_for_stay_apart() -> None:
    """A drug's name is not a gene's."""
    assert meaning(Kind.GENE, "warfarin") == (UNKNOWN, "")


def test_repeated_mentions_are_resolved_once() -> None:
    """The result has one row a distinct mention."""
    assert resolve((Kind.DRUG, "Warfarin"), (Kind.DRUG, "Warfarin"), (Kind.DRUG, "warfarin")).found.height == 2


def test_no_mentions_no_rows() -> None:
    """An empty question has an empty answer of the same columns."""
    resolution = resolve()
    assert resolution.found.columns == ["mention", "kind", "curie", "how"] and resolution.found.is_empty()
    assert resolution.unresolved.columns == ["mention", "reason"] and resolution.unresolved.is_empty()


NAMES = st.sampled_from(["pain", "Pain", "acute pain", "pain, acute", "gout", "Gouts", "ache"])


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=2)), max_size=5), NAMES)
def test_an_exact_name_is_resolved_as_a_plain_loop_resolves_it(rows: list[tuple[str, list[str]]], name: str) -> None:
    """Of all concepts of that name, or else synonym, the only one is meant; if there are several, none."""
    lexicon = concepts_of(*[(f"mondo:000000{place}", own, synonyms) for place, (own, synonyms) in enumerate(rows)])
    wanted = normalize(name)
    named = {place for place, (own, _) in enumerate(rows) if normalize(own) == wanted}
    called = {place for place, (_, synonyms) in enumerate(rows) if wanted in map(normalize, synonyms)}
    candidates = named or called
    resolution = resolve_mentions(pl.Series([mention(Kind.DISEASE, name)]), lexicon)
    if len(candidates) == 1:
        how = "exact name" if named else "exact synonym"
        assert resolution.found.rows() == [(f"~disease:{name}", "disease", f"mondo:000000{candidates.pop()}", how)]
    elif candidates:
        assert resolution.unresolved["reason"].to_list() == [AMBIGUOUS]
