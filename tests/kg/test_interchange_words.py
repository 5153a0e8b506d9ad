"""The tables of words between us and Biolink, and of prefixes as others spell them."""

import re

import bioregistry
import polars as pl
import pytest

from generel.concepts.curie import Curie
from generel.concepts.errors import BadTable
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import PREDICATES
from generel.concepts.prefixes import PREFIXES
from kg.interchange.biolink import BY_NAME as BY_OURS
from kg.interchange.biolink import CATEGORIES, CATEGORY_OF, PLAIN, WORDINGS, Qualifiers, Reading, read_word
from kg.interchange.spellings import ADDRESSES, SPELLINGS, spelled
from kg.interchange.words import predicates_of
from kg.sources.record import Source

EXAMPLES = {
    "dbsnp": "rs7903146", "ensembl": "ENSG00000148737", "uniprot": "Q9NQB0", "mondo": "0005148", "omim": "125853", "efo": "0001360", "oncotree": "LUAD",
    "icd10cm": "E11.9", "icd10": "E11", "icd9cm": "250.00", "phecode": "250.2", "hp": "0001943", "oba": "0001234", "symp": "0000123", "drugbank": "DB00331",
    "chembl.compound": "CHEMBL1431", "atc": "A10BA02", "cas": "657-24-9", "ndc": "00093104801", "ndfrt": "N0000000001", "mesh": "D003924", "umls": "C0011860",
    "snomedct": "44054006", "ncit": "C26747", "go": "0006006", "reactome": "R-HSA-70171", "wikipathways": "WP534", "pathwaycommons": "PC7_1234",
    "msigdb": "HALLMARK_HYPOXIA", "uberon": "0000955", "cl": "0000540",
}


def test_every_prefix_is_spelled_so_that_it_is_read_back() -> None:
    """What is written for a CURIE is parsed as the same one; each prefix has one spelling and one address of its own."""
    assert [each.name for each in SPELLINGS] == [each.name for each in PREFIXES]
    assert len({each.written for each in SPELLINGS}) == len(SPELLINGS)
    assert len(ADDRESSES) == sum(1 + len(each.others) for each in SPELLINGS)
    curies = [f"{each.name}:{EXAMPLES.get(each.name, '1234')}" for each in PREFIXES]
    outside = pl.DataFrame({"curie": curies}).select(spelled(pl.col("curie")))["curie"].to_list()
    assert [str(Curie.parse(text)) for text in outside] == curies
    assert "MONDO:0005148" in outside and "NCBIGene:1234" in outside and "UniProtKB:Q9NQB0" in outside


def test_addresses_are_those_of_the_registry() -> None:
    """Bioregistry takes an address with an identifier for an identifier of the same prefix, wherever it knows the address."""
    for spelling in SPELLINGS:
        example = EXAMPLES.get(spelling.name, "1234")
        for address in (spelling.address, *spelling.others):
            prefix, identifier = bioregistry.parse_iri(address + example)
            # 'obo' and 'bioportal' are its words for addresses whose rest it does not look at.
            assert prefix is None or prefix in ("obo", "bioportal") or bioregistry.normalize_prefix(spelling.name) == prefix or spelling.name.startswith("icd"), (address, prefix)
            assert prefix is None or identifier


def test_every_kind_has_a_category_and_every_predicate_a_word() -> None:
    """A new kind or predicate without one fails here."""
    assert list(CATEGORY_OF) == list(KINDS)
    assert {name: CATEGORIES[category][0].value for name, category in CATEGORY_OF.items()} == {kind: kind for kind in KINDS}
    assert set(BY_OURS) == {each.name for each in PREDICATES} and len(BY_OURS) == len(WORDINGS)
    assert all(re.fullmatch(r"[a-z_]+", word) for each in WORDINGS for word in (each.written, *each.reads, *each.reads_turned))


@pytest.mark.parametrize("wording", [each for each in WORDINGS if each.written in each.reads], ids=lambda each: each.ours)
def test_what_is_written_is_read_back_by_some_ends(wording: object) -> None:
    """For at least one pair of kinds that the predicate takes, its own word says it and no earlier one does."""
    record = next(each for each in PREDICATES if each.name == wording.ours)
    readings = [
        read_word(wording.written, wording.qualifiers, subject_kinds=frozenset({s.value}), object_kinds=frozenset({o.value}))
        for s in record.subjects for o in record.objects if s == o or not record.same_kind
    ]
    assert Reading(wording.ours, turned=False) in readings


@pytest.mark.parametrize(
    ("word", "subject", "object_", "reading"),
    [
        ("causes", "gene", "disease", Reading("gene_of_disease", False)),
        ("causes", "variant", "disease", Reading("pathogenic_for", False)),
        ("caused_by", "disease", "gene", Reading("gene_of_disease", True)),
        ("treated_by", "disease", "drug", Reading("treats", True)),
        ("interacts_with", "gene", "gene", Reading("interacts_with", False)),
        ("interacts_with", "gene", "drug", Reading("binds", True)),
        ("interacts_with", "drug", "drug", Reading("interacts_with_drug", False)),
        ("located_in", "disease", "anatomy", Reading("located_in", False)),
        ("located_in", "gene", "component", Reading("acts_in", False)),
        ("subclass_of", "disease", "disease", Reading("is_a", False)),
        ("subclass_of", "disease", "phenotype", None),
        ("treats", "gene", "disease", None),
        ("affects", "drug", "gene", None),
        ("related_to", "disease", "phenotype", None),
    ],
)
def test_a_word_is_read_by_the_kinds_of_its_ends(word: str, subject: str, object_: str, reading: Reading | None) -> None:
    """One word says several things; what it does not say between such ends is not read."""
    assert read_word(word, PLAIN, subject_kinds=frozenset({subject}), object_kinds=frozenset({object_})) == reading


def test_qualifiers_decide_what_is_said() -> None:
    """'affects' alone says nothing that we know; of the activity neither."""
    ends = {"subject_kinds": frozenset({"drug"}), "object_kinds": frozenset({"gene"})}
    assert read_word("affects", Qualifiers(object_aspect="expression", object_direction="increased"), **ends) == Reading("raises_expression_of", False)
    assert read_word("affects", Qualifiers(object_aspect="expression", object_direction="decreased"), **ends) == Reading("lowers_expression_of", False)
    assert read_word("affects", Qualifiers(object_aspect="activity", object_direction="decreased"), **ends) is None


def test_a_setting_with_strange_predicates_is_refused() -> None:
    """All of them are named, each with the nearest there is."""
    source = Source("own", "", "", "", "", "", (), (), lambda files, source: None, parameters={"predicates": {"a": "treats", "b": "treat", "c": "is"}})
    with pytest.raises(BadTable, match=r"'treat' \(did you mean 'treats'\?\), 'is'"):
        predicates_of(source)
