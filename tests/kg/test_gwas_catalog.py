"""The GWAS Catalog: its rows' variants, traits, genes and places, in both layouts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from catalog_rows import count_catalog
from mutations import damaged_copies
from plain_lines import SHARED
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from kg.gwas.catalog_traits import name_traits
from kg.gwas.catalog_variants import consequence, living_variants
from kg.harvest import Harvest
from kg.sources.gwas_catalog import EARLIER, LATER, SOURCE, version_of

MOST = 2_000


@pytest.fixture(scope="module")
def harvest() -> Harvest:
    return read(SOURCE, files_of("gwas_catalog"))


def rows_of(harvest: Harvest, variant: str, *columns: str) -> list[tuple[object, ...]]:
    return harvest.associations.filter(variant=f"dbsnp:{variant}").select(columns).rows()


def reasons_of(harvest: Harvest, table: str = "ASSOCIATIONS") -> dict[str, str]:
    return dict(harvest.set_aside.filter(table=table).select("key", "reason").iter_rows())


def test_the_slice_gives_the_expected_tables() -> None:
    """All five tables and everything set aside are as written down beside the slice."""
    assert_as_expected("gwas_catalog")


def test_an_odds_ratio_becomes_its_logarithm_with_the_error_of_the_interval(harvest: Harvest) -> None:
    """1.65 [1.28-2.02] is 0.5008 in log odds; (ln 2.02 - ln 1.28) / 3.92 is 0.1164."""
    beta, unit, error = rows_of(harvest, "rs7903146", "beta", "effect_unit", "standard_error")[1]
    assert (round(beta, 4), unit, round(error, 4)) == (0.5008, "log odds", 0.1164)


def test_a_decrease_is_a_negative_beta_in_its_unit(harvest: Harvest) -> None:
    """0.221 [0.20-0.24] unit decrease; and a row whose unit is SD units."""
    assert rows_of(harvest, "rs6511720", "effect_allele", "beta", "effect_unit") == [("?", -0.2, "SD"), ("T", -0.221, "unit")]


def test_p_values_keep_their_size_though_the_file_has_lost_it(harvest: Harvest) -> None:
    """1e-400 is read from its digits, 0.0 from PVALUE_MLOG, and where that is infinite too there is a bound, flagged."""
    significance = {variant: (p, flags) for variant, p, flags in harvest.associations.select("variant", "neg_log10_p", "flags").iter_rows()}
    assert significance["dbsnp:rs4420638"] == (400.0, [])
    assert max(p for p, in rows_of(harvest, "rs6511720", "neg_log10_p")) == 434.0
    assert significance["dbsnp:rs10401969"][0] == pytest.approx(323.306, abs=1e-3)
    assert "P_BOUND" in significance["dbsnp:rs10401969"][1]


def test_rows_of_no_single_variant_are_set_aside_by_what_they_are(harvest: Harvest) -> None:
    """Interaction, haplotype, position, array and HLA names each have a reason of their own."""
    reasons = reasons_of(harvest)
    said = {number: reasons[f"associations.tsv:{number}"].partition(":")[0].partition(",")[0] for number in (23, 24, 25, 26, 27, 28, 29, 30, 31)}
    assert said == {
        23: "the row is of a haplotype or several variants", 24: "the row is of an interaction", 25: "the row is of a haplotype or several variants",
        26: "the variant is named by a position", 27: "the variant is named by a position", 28: "the variant is named as on an array",
        29: "the variant is named as on an array", 30: "the row is of an HLA type or an amino acid", 31: "the variant has no rsID",
    }


def test_merged_variants_are_called_as_they_are_today(harvest: Harvest) -> None:
    """rs529794364 became rs7422339, which became rs1047891; both lead there and say so."""
    assert harvest.mappings.select("subject", "object").rows() == [("dbsnp:rs1047891", "dbsnp:rs529794364"), ("dbsnp:rs1047891", "dbsnp:rs7422339")]
    assert all("MERGED" in flags for flags, in rows_of(harvest, "rs1047891", "flags"))
    assert not harvest.concepts["curie"].is_in(["dbsnp:rs7422339", "dbsnp:rs529794364"]).any()


def test_a_circle_of_merges_leads_nowhere() -> None:
    """rs1 into rs2 into rs1: neither is the living one, so both stay as they are."""
    rows = pl.DataFrame({"written": ["dbsnp:rs1", "dbsnp:rs2"], "current": ["2", "1"], "merged": ["1", "1"]})
    assert living_variants(rows) == {}


def test_an_allele_of_another_variant_is_not_taken(harvest: Harvest) -> None:
    """SNPS is rs7412, the allele that of rs429358; and `G0.04` is no letters."""
    for variant in ("rs7412", "rs11591147"):
        assert rows_of(harvest, variant, "effect_allele", "flags") == [("?", ["NO_ALLELE"])]


def test_each_term_is_an_association_and_a_panel_is_none(harvest: Harvest) -> None:
    """Five terms of five ontologies; six terms are more than a row can mean."""
    assert [trait for trait, in rows_of(harvest, "rs2234693", "trait")] == ["go:0036273", "hp:0000822", "ncit:C3262", "oba:VT0001253", "orphanet:98306"]
    assert rows_of(harvest, "rs671", "trait") == []


def test_the_earlier_release_adds_only_what_the_later_lacks(harvest: Harvest) -> None:
    """Same publication, variant and trait: from the later one, also if the variant was merged between; another term of the trait stays."""
    assert rows_of(harvest, "rs7903146", "trait", "study") == [("efo:0001360", "PMID:17293876"), ("mondo:0005148", "GCST000028")]
    assert {key for key, reason in reasons_of(harvest).items() if reason.startswith("the later release")} == {"earlier.tsv:2", "earlier.tsv:4"}


def test_dates_are_of_the_publication_in_either_spelling(harvest: Harvest) -> None:
    """2007-02-11 and 12-Jun-2015."""
    assert rows_of(harvest, "rs13266634", "date") == [(date(2007, 2, 11),)]
    assert rows_of(harvest, "rs10768747", "date") == [(date(2015, 6, 12),)]


def test_a_gene_further_away_is_less_likely(harvest: Harvest) -> None:
    """Around the variant 1; 15 kb off 50 / 65, 7.5 kb off 50 / 57.5."""
    found = {(subject[6:], object_): confidence for subject, object_, confidence in harvest.relations.select("subject", "object", "confidence").iter_rows()}
    assert found["rs7903146", "ensembl:ENSG00000148737"] == found["rs7903146", "ncbigene:6934"] == 1.0
    assert found["rs1111875", "ensembl:ENSG00000119912"] == pytest.approx(50 / 65)
    assert found["rs1111875", "ensembl:ENSG00000152804"] == pytest.approx(50 / 57.5)


def test_symbols_are_read_only_where_no_gene_has_an_identifier(harvest: Harvest) -> None:
    """Mapped genes before reported ones; 'No mapped genes', NR and intergenic are none."""
    named = {(subject[6:], object_) for subject, object_ in harvest.relations.select("subject", "object").iter_rows() if object_.startswith("~")}
    assert named == {("rs10401969", "~gene:SUGP1"), ("rs10401969", "~gene:MAU2"), ("rs4420638", "~gene:APOC1"), ("rs4420638", "~gene:APOE")}


@pytest.mark.parametrize(
    ("context", "word"), [("intron", "intron_variant"), ("intron;missense", "missense_variant"), ("TF_binding_site_variant", "TF_binding_site_variant"), ("", None)]
)
def test_contexts_become_words_of_the_sequence_ontology(context: str, word: str | None) -> None:
    """dbSNP's old classes, of which the gravest counts, and Ensembl's words as they are."""
    assert pl.DataFrame({"context": [context]}).select(consequence(pl.col("context"))).item() == word


def test_a_publication_gives_at_most_so_many_associations() -> None:
    """Of four associations in four studies of one publication the two most significant stay."""
    capped = replace(SOURCE, parameters={"most_of_a_publication": 2, "most_traits": 5})
    harvest = read(capped, files_of("gwas_catalog"))
    assert harvest.associations.filter(pl.col("variant").str.starts_with("dbsnp:rs9000"))["variant"].to_list() == ["dbsnp:rs900003", "dbsnp:rs900004"]
    assert {key for key, reason in reasons_of(harvest).items() if reason == "the publication has 2 more significant associations"} >= {"associations.tsv:37", "associations.tsv:38"}


def test_one_release_alone_is_enough() -> None:
    """The earlier one is optional, and either layout can be the only one."""
    files = files_of("gwas_catalog")
    assert read(SOURCE, {LATER: files[LATER]}).associations.filter(variant="dbsnp:rs10768747").is_empty()
    assert read(SOURCE, {LATER: files[EARLIER]}).associations.height == 6


def test_the_version_is_the_day_of_the_newest_row(tmp_path: Path) -> None:
    """In either spelling of dates; a file without that column has none."""
    files = files_of("gwas_catalog")
    assert version_of(files) == "2020-03-06"
    assert version_of({LATER: files[EARLIER]}) == "2015-07-09"
    (tmp_path / LATER).write_text("SNPS\nrs1\n")
    assert version_of({LATER: tmp_path / LATER}) is None


def test_missing_columns_are_named_together(tmp_path: Path) -> None:
    """What a file lacks and what it has, in one sentence."""
    (tmp_path / LATER).write_text("SNPS\tP-VALUE\nrs1\t1\n")
    with pytest.raises(BadTable, match=r"lacks the columns PUBMEDID, DATE, STRONGEST.*; it has SNPS, P-VALUE"):
        SOURCE.read({LATER: tmp_path / LATER}, SOURCE)


def test_a_trait_is_called_as_on_most_rows_where_it_stands_alone() -> None:
    """A term that is only ever named beside others has no name here; one of EFO is a phenotype, one of MONDO a disease, one of GO a process."""
    at = "http://www.ebi.ac.uk/efo/"
    rows = [(f"{at}EFO_1", "a"), (f"{at}EFO_0000001", "height"), (f"{at}EFO_0000001", "height"), (f"{at}EFO_0000001", "Height"), (f"{at}EFO_0000002, {at}EFO_0000003", "b, c"), ("http://purl.obolibrary.org/obo/MONDO_0005148", "diabetes"), ("http://purl.obolibrary.org/obo/GO_0097366", "response"), (f"{at}EFO_0000004", "")]
    named = name_traits(pl.DataFrame(rows, schema=["traits", "trait_names"], orient="row"))
    assert sorted(named.select("curie", "kind", "name").rows()) == [("efo:0000001", "phenotype", "height"), ("go:0097366", "process", "response"), ("mondo:0005148", "disease", "diabetes")]


def assert_accounted_for(files: Mapping[str, Path]) -> None:
    """Every part of every line is an association or set aside, and the tables have what a plain loop finds."""
    harvest = read(SOURCE, files)
    count = count_catalog(files, most_traits=5)
    kept = {key: min(number, MOST) for key, number in count.associations.items()}
    lost = harvest.set_aside.filter(table="ASSOCIATIONS")["n"].sum()
    assert harvest.associations.height == sum(kept.values())
    assert harvest.associations.height + lost == count.parts
    assert {f"dbsnp:{variant}" for variant in count.concepts} == set(harvest.concepts.filter(kind="variant")["curie"])
    assert {(f"dbsnp:{variant}", place) for variant, place in count.variants} == set(harvest.variants.select("variant", "position").iter_rows())
    found = {(subject, object_.removeprefix("~gene:")) for subject, object_ in harvest.relations.select("subject", "object").iter_rows()}
    assert {(f"dbsnp:{variant}", gene) for variant, gene in count.relations} == found


@pytest.mark.slow
@pytest.mark.parametrize("victim", [LATER, EARLIER])
def test_no_line_is_lost_however_damaged(tmp_path: Path, victim: str) -> None:
    """With damaged lines the counts are still those of a plain loop; a damaged header is refused by name."""
    for seed in range(25):
        files = damaged_copies(files_of("gwas_catalog"), tmp_path, victim=victim, seed=seed, times=8)
        try:
            assert_accounted_for(files)
        except BadTable as error:
            assert victim in str(error)


@pytest.mark.slow
def test_the_whole_files_give_what_a_plain_loop_counts() -> None:
    """A release of 2015 and a sample of 2020."""
    files = {file.name: SHARED / file.local for file in SOURCE.files}
    if not all(path.exists() for path in files.values()):
        pytest.skip("../shared/data has no GWAS Catalog")
    assert_accounted_for(files)
