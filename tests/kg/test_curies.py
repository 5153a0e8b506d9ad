"""Columns of CURIEs are read exactly as `Curie.parse` reads one text."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, UnknownPrefix
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING, PREFIXES
from kg.curies import BLANKS, canonicalize, canonicalize_as, prefix_of, prefixes_of

SAMPLES = (
    "0005148", "1", "11641", "rs7903146", "RS12", "ENSG00000148737", "ensg00000148737.12", "DB00682", "db00682", "R-HSA-1430728",
    "D003924", "d003924", "C0011860", "E11.9", "e11", "E11-E14", "250.00", "V10.5-V10.9", "PS125853", "ps125853", "CHEMBL1464",
    "81-81-2", "B01AA03", "WP554", "P04217", "Q9NQ94-2", "BRCA", "1234", "٠٠٠٥١٤٨", "12x", "", "rſ12", "ß",
)
spellings = st.sampled_from(sorted(BY_SPELLING)).flatmap(lambda name: st.sampled_from([name, name.upper(), name.title()]))
blanks = st.text(st.sampled_from(BLANKS), max_size=2)
separators = st.sampled_from([":", "_", "", "::", "-", ": ", " :"])
identifiers = st.one_of(
    st.sampled_from(SAMPLES),
    st.sampled_from(PREFIXES).flatmap(lambda prefix: st.from_regex(prefix.pattern, fullmatch=True)),
    st.text(max_size=6),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A CURIE in some spelling, its prefix at times repeated, or something near one."""
    spelling = draw(st.one_of(spellings, st.just(""), st.text(max_size=4)))
    repeated = draw(st.sampled_from(["", spelling + ":", spelling.upper() + "_"]))
    return draw(blanks) + spelling + draw(separators) + draw(blanks) + repeated + draw(identifiers) + draw(blanks)


def parse(text: str) -> str | None:
    """What one text gives: the plain-loop oracle."""
    try:
        return str(Curie.parse(text))
    except (UnknownPrefix, BadIdentifier):
        return None


@settings(max_examples=400, deadline=None)
@given(st.lists(texts(), max_size=8))
@example(["HP:HP:0000822", "MONDO_0005148", "rs7903146", " ENSG00000148737.3", "oncotree:ONCOTREE:LUAD", "K:1", "omimps:PS100"])
@example(["rxnorm extension:12", "RXNORM EXTENSION_12", "a\nb:c", "hp:0000001\n", "hp:0000\n001", "ensembl:ensg00000148737.\n"])
def test_a_column_is_read_as_each_of_its_texts_is(column: list[str]) -> None:
    """canonicalize(column) is Curie.parse of each text, and null exactly where that refuses."""
    assert canonicalize(pl.Series(column, dtype=pl.String)).to_list() == [parse(text) for text in column]


@settings(max_examples=200, deadline=None)
@given(st.lists(texts(), max_size=6), st.sampled_from(sorted(BY_NAME)))
def test_a_default_prefix_is_put_before_texts_without_a_colon(column: list[str], prefix: str) -> None:
    """With a default prefix, a text without a colon is read as `default:text`, any other as it stands."""
    expected = [parse(text if ":" in text else f"{prefix}:{text}") for text in column]
    assert canonicalize(pl.Series(column, dtype=pl.String), default_prefix=prefix).to_list() == expected


def test_spellings_met_in_files_become_one() -> None:
    """The spellings of the sources' files give canonical CURIEs; what is none gives null, in place."""
    column = pl.Series("id", ["ORPHA:558", "OMIM:154700", None, "CHEBI:CHEBI:10033", "HGNC:2623", "FMA:7088", "MESH:d014859"])
    assert canonicalize(column).to_list() == [
        "orphanet:558", "omim:154700", None, "chebi:10033", "hgnc:2623", None, "mesh:D014859",
    ]
    assert canonicalize(column).name == "id"


def test_a_column_of_nulls_stays_one() -> None:
    """A column without any text gives nulls, an empty one an empty one."""
    assert canonicalize(pl.Series([None, None])).to_list() == [None, None]
    assert canonicalize(pl.Series([], dtype=pl.String)).to_list() == []


def test_a_kind_leaves_out_prefixes_that_cannot_name_it() -> None:
    """With a kind, identifiers that can name no concept of it are null."""
    column = pl.Series(["HP:0000822", "MONDO:0005148", "UMLS:C0011860", "GARD:1"])
    assert canonicalize(column, kind=Kind.DISEASE).to_list() == [None, "mondo:0005148", "umls:C0011860", None]


def test_identifiers_of_one_prefix_only() -> None:
    """canonicalize_as reads identifiers with and without their prefix, and gives null for CURIEs of any other."""
    column = pl.Series("id", ["0005148", "MONDO:0005148", "MONDO_0005148", "DOID:9352", "rs12", None])
    assert canonicalize_as(column, "mondo").to_list() == ["mondo:0005148"] * 3 + [None] * 3
    assert canonicalize_as(column, "mondo").name == "id"


def test_an_unknown_default_prefix_is_an_error() -> None:
    """A misspelled default prefix does not quietly give a column of nulls."""
    with pytest.raises(KeyError, match="modno"):
        canonicalize(pl.Series(["1"]), default_prefix="modno")


def test_prefix_of_and_prefixes_of() -> None:
    """The prefix is what stands before the first colon; genes are named by four prefixes and OMIM."""
    frame = pl.DataFrame({"curie": ["hp:1", "a:b:c", "none"]})
    assert frame.select(prefix_of(pl.col("curie")))["curie"].to_list() == ["hp", "a", None]
    assert prefixes_of(Kind.GENE) == ["hgnc", "ncbigene", "ensembl", "uniprot", "omim"]
