"""HPO: terms, annotations of diseases and genes, and what becomes of damaged files."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged_copies
from source_slices import assert_as_expected, files_of, keys_of, numbered_rows, read

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, BadTable, UnknownPrefix
from kg.harvest import Harvest
from kg.sources.hpo import SOURCE
from kg.sources.hpo_annotations import BAD_DISEASE, confidence_of

PREDICATES = {"P": "has_phenotype", "I": "has_inheritance", "C": "has_clinical_course"}


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("hpo")


def test_relations_keep_license_and_the_release_of_their_file() -> None:
    """is-a carries the release of hp.obo, annotations that of phenotype.hpoa; all carry HPO's license."""
    relations = read(SOURCE, files_of("hpo")).relations
    versions = dict(relations.select("predicate", "source_version").unique().iter_rows())
    assert (versions["is_a"], versions["has_phenotype"], versions["gene_of_disease"]) == ("2025-01-16", "2025-01-17", "2025-01-17")
    assert relations["license"].unique().to_list() == ["HPO license (https://hpo.jax.org/app/license)"]


def test_a_definition_keeps_what_looks_like_a_comment_inside_its_quotation_marks() -> None:
    """Escaped quotation marks, '!' and braces in a quoted text are text."""
    concepts = read(SOURCE, files_of("hpo")).concepts
    text = concepts.filter(pl.col("curie") == "hp:0001166")["definition"].item()
    assert text == 'Long and slender digits, "spider fingers" ! as some say {so to speak}.'


@pytest.mark.parametrize(
    ("frequency", "confidence"),
    [("٣/4", None), ("٣%", None), 
        ("", 0.5), ("3/4", 0.75), ("12/12", 1.0), ("0/3", 0.0), ("4/3", None), ("1/0", None), ("76.5%", 0.765), ("100%", 1.0), ("101%", None),
        ("HP:0040280", 1.0), ("HP:0040281", 0.9), ("HP:0040282", 0.55), ("HP:0040283", 0.17), ("HP:0040284", 0.025), ("HP:0040285", 0.0),
        ("HP:0001166", None), ("often", None), ("-", None), ("1/2/3", None), ("1e3%", None),
    ],
)
def test_frequencies_become_confidences(frequency: str, confidence: float | None) -> None:
    """Counts, percentages and frequency terms are shares of patients; empty is the default; anything else is unreadable."""
    frame = pl.DataFrame({"frequency": [frequency]}).select(confidence_of(pl.col("frequency"), default=pl.lit(0.5)))
    assert frame.item() == (None if confidence is None else pytest.approx(confidence))


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1))
def test_counts_are_a_share_or_unreadable(seen: int, asked: int) -> None:
    """n/m is n divided by m where that is a share of patients, else unreadable."""
    read_as = pl.DataFrame({"f": [f"{seen}/{asked}"]}).select(confidence_of(pl.col("f"), default=pl.lit(0.5))).item()
    assert read_as == (seen / asked if asked and seen <= asked else None)


def test_of_equal_annotations_the_most_frequent_counts() -> None:
    """Lines that say the same of a disease give one relation with the highest confidence."""
    relations = read(SOURCE, files_of("hpo")).relations
    row = relations.filter(pl.col("subject") == "omim:154700", pl.col("predicate") == "has_phenotype", pl.col("object") == "hp:0001166")
    assert row["confidence"].to_list() == [0.9]


def test_an_identifier_that_two_terms_claim_leads_to_neither(tmp_path: Path) -> None:
    """An annotation with an alternative identifier of two terms is set aside, not guessed."""
    files = files_of("hpo")
    obo = tmp_path / "hp.obo"
    obo.write_text(files["hp.obo"].read_text().replace("id: HP:0002616\n", "id: HP:0002616\nalt_id: HP:0001505\n"))
    harvest = read(SOURCE, files | {"hp.obo": obo})
    reasons = harvest.set_aside.filter(pl.col("key") == "genes_to_phenotype.txt:6")["reason"].to_list()
    assert reasons == ["the phenotype is not a term of hp.obo"]
    assert harvest.mappings.filter(pl.col("object") == "hp:0001505")["confidence"].to_list() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("hp.obo", "ontology: hp\n", r"hp\.obo has no \[Term\]; it begins with 'ontology: hp'"),
        ("hp.obo", "", r"hp\.obo has no \[Term\]"),
        ("phenotype.hpoa", "#version: 1\ndatabase_id\tdisease_name\thpo_id\n", "lacks the columns qualifier, frequency, aspect; it has database_id, disease_name, hpo_id"),
        ("phenotype.hpoa", "", "phenotype.hpoa has no rows"),
        ("genes_to_phenotype.txt", "gene\tterm\n", "genes_to_phenotype.txt lacks the columns ncbi_gene_id"),
    ],
)
def test_another_file_is_refused_by_name(name: str, content: str, message: str, tmp_path: Path) -> None:
    """A file that is not what its name says is refused with what it lacks and what it has."""
    (tmp_path / name).write_text(content)
    with pytest.raises(BadTable, match=message):
        SOURCE.read(files_of("hpo") | {name: tmp_path / name}, SOURCE)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["hp.obo", "phenotype.hpoa", "genes_to_phenotype.txt"])
def test_no_line_is_lost_however_damaged(victim: str, tmp_path: Path) -> None:
    """With damaged lines every stanza and line is still in a table or set aside, and nothing else is."""
    for seed in range(25):
        files = damaged_copies(files_of("hpo"), tmp_path, victim=victim, seed=seed, times=6)
        try:
            harvest = read(SOURCE, files)
        except BadTable as error:
            assert victim in str(error)
            continue
        assert_terms_accounted_for(files["hp.obo"], harvest)
        assert_annotations_accounted_for(files["phenotype.hpoa"], harvest)
        assert_genes_accounted_for(files["genes_to_phenotype.txt"], harvest)


def assert_terms_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each [Term] is a concept, or the object of a mapping, or set aside; and so is each synonym of a concept."""
    aside = keys_of(harvest, "CONCEPTS")
    names = {curie: {name.casefold(), *(each.casefold() for each in synonyms)} for curie, name, synonyms in harvest.concepts.select("curie", "name", "synonyms").iter_rows()}
    retired = set(harvest.mappings.filter(pl.col("predicate") == "alt_id")["object"])
    stanza, curie, typed = 0, None, ""
    found: dict[int, str | None] = {}
    for number, fields in numbered_rows(path, has_header=False):
        line = "\t".join(fields).strip()
        if line.startswith("["):
            stanza, curie, typed = number, None, line
            assert typed in {"[Term]", "[Typedef]", "[Instance]"} or f"hp.obo:{number}" in aside
            found |= {stanza: None} if typed == "[Term]" else {}
        elif typed == "[Term]" and line.startswith("id:") and curie is None:
            curie = found[stanza] = canonical("hp", line[3:].split(" !")[0].split(" {")[0])
    for stanza, curie in found.items():
        assert f"hp.obo:{stanza}" in aside or curie in aside or curie in names or curie in retired, (stanza, curie)
    assert sum(curie.startswith("hp:") for curie in names) <= len(found)


def assert_annotations_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each line of phenotype.hpoa is set aside once, or its relation is there."""
    aside, relations = keys_of(harvest, "RELATIONS"), set(harvest.relations.select("subject", "predicate", "object").iter_rows())
    now, rows = living(harvest), numbered_rows(path, comment="#")
    keys = {f"phenotype.hpoa:{number}" for number, _ in rows}
    assert {key for key in aside if key.startswith("phenotype.hpoa:")} <= keys
    for number, fields in rows:
        times = aside.get(f"phenotype.hpoa:{number}", 0)
        assert times <= 1
        if not times:
            row = (canonical("", fields[0]), PREDICATES[fields[10]], now[str(canonical("", fields[3]))])
            assert row in relations, (number, fields)


def assert_genes_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each half of each line of genes_to_phenotype.txt is set aside, or its relation is there."""
    relations, now = set(harvest.relations.select("subject", "predicate", "object").iter_rows()), living(harvest)
    aside = harvest.set_aside.filter(pl.col("table") == "RELATIONS")
    reasons = {key: set(group["reason"]) for (key,), group in aside.partition_by("key", as_dict=True).items()}
    for number, fields in numbered_rows(path):
        why = reasons.get(f"genes_to_phenotype.txt:{number}", set())
        assert len(why) <= 2
        if why & {"the gene's identifier is not one of NCBI Gene", "the line has more or fewer fields than the header", "the line is not UTF-8 text"}:
            continue
        gene = canonical("ncbigene", fields[0])
        if BAD_DISEASE not in why:
            assert (gene, "gene_of_disease", canonical("", fields[5])) in relations, (number, fields)
        if not why - {BAD_DISEASE}:
            assert (gene, "gene_of_phenotype", now[str(canonical("", fields[2]))]) in relations, (number, fields)


def living(harvest: Harvest) -> dict[str, str]:
    """The term that each HP identifier leads to: itself, or the only one that has it as an old one."""
    terms = {curie: curie for curie in harvest.concepts["curie"] if curie.startswith("hp:")}
    alternatives = harvest.mappings.filter(pl.col("predicate") == "alt_id", pl.col("confidence") == 1)
    return dict(alternatives.select("object", "subject").iter_rows()) | terms


def canonical(default: str, text: str) -> str | None:
    """The CURIE of one text, by Curie.parse."""
    try:
        return str(Curie.parse(text if ":" in text or not default else f"{default}:{text}"))
    except (BadIdentifier, UnknownPrefix):
        return None
