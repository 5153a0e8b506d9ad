"""Every common spelling of an identifier gives the one CURIE, and nothing else gives any."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.curie import Curie, looks_like_curie
from generel.concepts.errors import BadIdentifier, BadInput, UnknownPrefix
from generel.concepts.prefixes import BY_SPELLING, PREFIXES, Prefix

SPELLINGS = [
    ("MONDO:0005148", "mondo:0005148"),
    ("mondo:0005148", "mondo:0005148"),
    ("Mondo:0005148", "mondo:0005148"),
    ("MONDO_0005148", "mondo:0005148"),
    ("MONDO:MONDO:0005148", "mondo:0005148"),
    ("  mondo:0005148\t", "mondo:0005148"),
    ("DOID:9352", "doid:9352"),
    ("DOID_9352", "doid:9352"),
    ("rs7903146", "dbsnp:rs7903146"),
    ("RS7903146", "dbsnp:rs7903146"),
    ("dbSNP:rs7903146", "dbsnp:rs7903146"),
    ("DBSNP:RS7903146", "dbsnp:rs7903146"),
    ("ENSG00000148737", "ensembl:ENSG00000148737"),
    ("ensg00000148737", "ensembl:ENSG00000148737"),
    ("ENSG00000148737.18", "ensembl:ENSG00000148737"),
    ("ensembl:ENSG00000148737.18", "ensembl:ENSG00000148737"),
    ("HGNC:11641", "hgnc:11641"),
    ("HGNC:HGNC:11641", "hgnc:11641"),
    ("entrez:6934", "ncbigene:6934"),
    ("NCBIGene:6934", "ncbigene:6934"),
    ("HP:0000822", "hp:0000822"),
    ("HPO:0000822", "hp:0000822"),
    ("HP:HP_0000822", "hp:0000822"),
    ("ORPHA:552", "orphanet:552"),
    ("Orphanet:552", "orphanet:552"),
    ("MIM:125853", "omim:125853"),
    ("OMIMPS:PS125853", "omim.ps:125853"),
    ("db00682", "drugbank:DB00682"),
    ("DrugBank:DB00682", "drugbank:DB00682"),
    ("chembl:CHEMBL1464", "chembl.compound:CHEMBL1464"),
    ("RXCUI:11289", "rxnorm:11289"),
    ("ICD10CM:e11.9", "icd10cm:E11.9"),
    ("MESH:d003924", "mesh:D003924"),
    ("UMLS:c0011860", "umls:C0011860"),
    ("R-HSA-1430728", "reactome:R-HSA-1430728"),
    ("reactome:r-hsa-1430728", "reactome:R-HSA-1430728"),
    ("CHEBI:CHEBI:10033", "chebi:10033"),
    ("GO:0006915", "go:0006915"),
]
REFUSED = [
    "BRCA1", "TCF7L2", "", " ", ":", "0005148", "mondo", "mondo:", "mondo:5148", "mondo:00051480", "mondo:0005148 x", "mondo:0005148\nmondo:0005148",
    "rs", "rs12a", "rs 12", "dbsnp:7903146", "ENSG0000014873", "ENST00000000233", "hp:٠٠٠٠٨٢٢", "rs٧٩٠٣١٤٦", "DB0068", "drugbank:warfarin",
]


@cache
def identified(prefix: Prefix) -> st.SearchStrategy[Curie]:
    """CURIEs of one prefix, of all identifiers that its pattern allows."""
    return st.from_regex(re.compile(prefix.pattern, re.ASCII), fullmatch=True).map(lambda identifier: Curie(prefix.name, identifier))


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS)
def test_every_common_spelling_is_read_as_the_canonical_form(text: str, canonical: str) -> None:
    """Case of the prefix, an underscore, a repeated prefix, a version and blanks around it make no difference."""
    assert str(Curie.parse(text)) == canonical
    assert looks_like_curie(text)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_parsing_is_the_inverse_of_formatting(prefix: Prefix, data: st.DataObject) -> None:
    """A canonical CURIE is read as itself, whatever its prefix and identifier."""
    curie = data.draw(identified(prefix))
    assert Curie.parse(str(curie)) == curie


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_all_spellings_of_a_prefix_mean_the_same(prefix: Prefix, data: st.DataObject) -> None:
    """Any spelling in any case, repeated or not, gives the same CURIE."""
    curie = data.draw(identified(prefix))
    spelling = data.draw(st.sampled_from([prefix.name, *prefix.spellings]))
    written = data.draw(st.sampled_from([spelling, spelling.upper(), spelling.title()]))
    assert Curie.parse(f"{written}:{curie.identifier}") == curie
    if prefix.name != "oncotree":
        assert Curie.parse(f"{prefix.name}:{written}:{curie.identifier}") == curie


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_either_a_stable_curie_or_refused(text: str) -> None:
    """Parsing never fails in another way, and what it gives is read as itself."""
    try:
        curie = Curie.parse(text)
    except BadInput:
        assert not looks_like_curie(text)
    else:
        assert Curie.parse(str(curie)) == curie


@pytest.mark.parametrize("text", REFUSED)
def test_what_merely_looks_like_an_identifier_is_refused(text: str) -> None:
    """Symbols, bare numbers, cut identifiers and digits of other scripts are no CURIEs."""
    with pytest.raises(BadInput):
        Curie.parse(text)
    assert not looks_like_curie(text)


def test_an_unknown_prefix_names_the_nearest_and_the_place() -> None:
    """The message says what was wrong, where, and what was meant; the fields say it to programs."""
    with pytest.raises(UnknownPrefix) as caught:
        Curie.parse("MODNO:0005148", where="relations.tsv, line 412")
    assert str(caught.value) == "'MODNO' in 'MODNO:0005148' (relations.tsv, line 412) is not a known prefix; did you mean 'mondo'?"
    assert (caught.value.prefix, caught.value.near) == ("MODNO", "mondo")


def test_a_prefix_like_no_other_gets_no_suggestion() -> None:
    """Nothing is proposed where nothing is near."""
    with pytest.raises(UnknownPrefix) as caught:
        Curie.parse("qqqqqqqqqqqq:1")
    assert caught.value.near is None
    assert str(caught.value) == "'qqqqqqqqqqqq' in 'qqqqqqqqqqqq:1' is not a known prefix"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MONDO:12", r"'12' in 'MONDO:12' \(a\.tsv, line 3\) is not an identifier of mondo: it should match \\d\{7\}; did you mean 'mondo:0000012'\?"),
        ("MONDO:12x", r"'12x' in 'MONDO:12x' \(a\.tsv, line 3\) is not an identifier of mondo: it should match \\d\{7\}"),
        ("TCF7L2", r"'TCF7L2' \(a\.tsv, line 3\) is not a CURIE: it has no prefix, as in 'mondo:0005148'"),
    ],
)
def test_a_bad_identifier_says_what_it_should_look_like(text: str, message: str) -> None:
    """Value, place and the way out stand in the message."""
    with pytest.raises(BadIdentifier, match=f"^{message}$"):
        Curie.parse(text, where="a.tsv, line 3")


def test_no_spelling_belongs_to_two_prefixes() -> None:
    """The table of spellings has one entry for each that is written down, so none hides another."""
    written = [spelling for prefix in PREFIXES for spelling in (prefix.name, *prefix.spellings)]
    assert len(BY_SPELLING) == len(set(written)) == len(written)
    assert all(spelling == spelling.lower() and ":" not in spelling for spelling in written)


def test_a_link_leads_to_the_identifiers_page() -> None:
    """The identifier stands in its database's address; a database without pages gives no link."""
    assert Curie.parse("rs7903146").link == "https://www.ncbi.nlm.nih.gov/snp/rs7903146"
    assert Curie.parse("MONDO:0005148").link == "https://monarchinitiative.org/MONDO:0005148"
    assert Curie.parse("gard:1").link == ""
