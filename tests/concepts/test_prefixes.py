"""The table of prefixes against the Bioregistry, and against itself."""

import re
from itertools import pairwise

import bioregistry
import pytest

from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING, PREFIXES, Prefix

# Names that are not the Bioregistry's, and why.
OTHER_NAMES = {
    "orphanet": "the Bioregistry moved to 'orpha'; MONDO, HPO and the provider's own files write Orphanet or ORPHA, both are read",
    "phecode": "the Bioregistry has no phecodes",
}
# Prefixes that do not take the Bioregistry's example, and why.
OTHER_IDENTIFIERS = {
    "reactome": "the example is a pathway of cattle; here are human ones only",
    "pathwaycommons": "the example has no release; identifiers of pathways are made anew with each, as PC7_10399",
    "ndc": "patient records hold the eleven digits without hyphens",
}
# Spellings that the Bioregistry reads as another prefix, and why they mean this one in the files we read.
OTHER_READINGS = {
    "chembl": "the Bioregistry's 'chembl' is any record of ChEMBL; files that name drugs mean compounds",
    "icd9": "the same codes before their clinical modification; patient records of the United States mean ICD-9-CM",
    "icd-9": "as icd9",
    "ordo": "the ontology's numbers are Orphanet's",
    "orphanet.ordo": "the ontology's numbers are Orphanet's",
}
# Synonyms of the Bioregistry that are not read, and why.
OTHER_SYNONYMS = {
    "icd": "any release of the classification may be meant",
    "ps": "two letters that stand for many things; OMIM's own files write PS inside the identifier",
    "re": "as ps",
    "dsstox_cid": "numbers of another database, which count compounds differently",
}
# Kinds that are named by another kind's prefix: one ontology, three kinds.
NAMED_BY = {Kind.FUNCTION: Kind.PROCESS, Kind.COMPONENT: Kind.PROCESS}
# Prefixes of one kind with the same rank: the smaller CURIE wins, which is that of the prefix named first.
SAME_RANK = {Kind.GENE: [("ncbigene", "omim")], Kind.DRUG: [("ndc", "umls")]}


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
def test_a_name_is_the_bioregistrys_or_a_documented_exception(prefix: Prefix) -> None:
    """Canonical names are everybody's; an exception that is none any more has to go."""
    assert (bioregistry.normalize_prefix(prefix.name) == prefix.name) == (prefix.name not in OTHER_NAMES)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
def test_a_pattern_takes_the_bioregistrys_example_or_a_documented_exception(prefix: Prefix) -> None:
    """What the Bioregistry shows as an identifier is one here."""
    example = bioregistry.get_example(prefix.name)
    fits = example is None or bool(re.fullmatch(prefix.pattern, example, re.ASCII))
    assert fits == (prefix.name not in OTHER_IDENTIFIERS)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
def test_a_spelling_means_to_the_bioregistry_what_it_means_here(prefix: Prefix) -> None:
    """No spelling is another database's prefix, but for documented ones."""
    ours = bioregistry.normalize_prefix(prefix.name)
    other = {spelling for spelling in prefix.spellings if bioregistry.normalize_prefix(spelling) not in {ours, None}}
    assert other == set(prefix.spellings) & set(OTHER_READINGS)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
def test_the_bioregistrys_synonyms_are_read_or_documented(prefix: Prefix) -> None:
    """However a file spells a database, as far as the Bioregistry has seen it, it is read here."""
    resource = bioregistry.get_resource(prefix.name)
    synonyms = {name.lower() for name in (resource.get_synonyms() | {resource.prefix, resource.get_preferred_prefix() or resource.prefix} if resource else ())}
    assert {name for name in synonyms if BY_SPELLING.get(name) != prefix} == synonyms & set(OTHER_SYNONYMS)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
def test_a_link_is_https_with_one_place_for_the_identifier(prefix: Prefix) -> None:
    """Answers link to nothing unencrypted, and never to a template."""
    assert re.fullmatch(r"(https://[^{}\s]+\{\}[^{}\s]*)?", prefix.link)
    assert prefix.link.format("1").count("{") == 0


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.name)
def test_a_name_is_lower_case_and_its_pattern_needs_no_anchors(prefix: Prefix) -> None:
    """Patterns are matched whole, in this module and in polars, so they hold no anchors of their own."""
    assert prefix.name == prefix.name.lower()
    assert not prefix.pattern.startswith("^")
    assert not prefix.pattern.endswith("$")
    assert not re.fullmatch(prefix.pattern, "")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_one_first_prefix_and_few_share_a_rank(kind: Kind) -> None:
    """Who names a concept that several databases describe is no surprise."""
    ranked = sorted((prefix.rank, prefix.name, prefix.kinds[0]) for prefix in PREFIXES if kind in prefix.kinds and prefix.rank is not None)
    assert [usual for rank, _, usual in ranked if rank == 0] == [NAMED_BY.get(kind, kind)]
    same = [(left[1], right[1]) for left, right in pairwise(ranked) if left[0] == right[0]]
    assert same == SAME_RANK.get(kind, [])


def test_cross_reference_codes_never_name_a_concept() -> None:
    """A prefix without kinds has no rank."""
    assert {prefix.name for prefix in PREFIXES if not prefix.kinds} == {"gard", "meddra", "medgen"}
    assert all(prefix.rank is None for prefix in PREFIXES if not prefix.kinds)


def test_names_are_distinct() -> None:
    """The table by name has every record."""
    assert list(BY_NAME.values()) == list(PREFIXES)


def test_longer_spellings_stand_first() -> None:
    """'nci' is tried after 'nci_thesaurus', which it would hide."""
    spellings = BY_NAME["ncit"].all_spellings
    assert spellings.index("nci_thesaurus") < spellings.index("ncit") < spellings.index("nci")
