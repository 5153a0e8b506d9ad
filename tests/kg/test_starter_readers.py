"""The readers of pharmacogenetics, oncology and the GWAS locus, each on a slice in its provider's format."""

import math
import random
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from generel.concepts.curie import Curie
from generel.concepts.errors import BadTable
from kg.harvest import Harvest
from kg.sources import cad_locus, cpic, oncology, pharmgkb
from kg.sources.cancer_codes import DISEASES

DATA = Path(__file__).parent.parent / "data"


def read_tsv(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t", quote_char=None)


def make_database(path: Path, rows: pl.DataFrame) -> Path:
    """PAnno's database with the rows in ClinAnn."""
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE ClinAnn ({', '.join(rows.columns)})")
    connection.executemany(f"INSERT INTO ClinAnn VALUES ({', '.join('?' * rows.width)})", rows.rows())
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def pharmgkb_harvest(tmp_path: Path) -> Harvest:
    rows = pl.read_csv(DATA / "pharmgkb/clinann.tsv", separator="\t", quote_char=None, infer_schema=False).fill_null("")
    return pharmgkb.read({"pgx_kb.sqlite3": make_database(tmp_path / "pgx_kb.sqlite3", rows)}, pharmgkb.SOURCE)


def read_cpic() -> Harvest:
    return cpic.read({name: DATA / "cpic" / name for name in ("cpic-table.csv", "variant-table.csv")}, cpic.SOURCE)


def read_oncology() -> Harvest:
    return oncology.read({"cancer-key-genes.csv": DATA / "oncology/cancer-key-genes.csv"}, oncology.SOURCE)


def read_locus() -> Harvest:
    return cad_locus.read({name: DATA / "cad_locus" / name for name in ("gwas.tsv", "eqtl.tsv")}, cad_locus.SOURCE)


def relations_of(harvest: Harvest) -> list[tuple[object, ...]]:
    return harvest.relations.select("subject", "predicate", "object", "confidence").rows()


def reasons_of(harvest: Harvest) -> dict[str, int]:
    return dict(harvest.set_aside.group_by("reason").agg(pl.col("n").sum()).rows())


def test_pharmgkb_annotations_become_the_expected_relations(pharmgkb_harvest: Harvest) -> None:
    """Category picks the predicate, phenotypes are context, alleles fold, '-' is no gene, the best evidence level wins."""
    assert relations_of(pharmgkb_harvest) == read_tsv(DATA / "pharmgkb/expected_relations.tsv").rows()


def test_pharmgkb_haplotypes_and_faulty_rows_are_set_aside_with_a_reason(pharmgkb_harvest: Harvest) -> None:
    """Nothing is dropped without a word: two haplotype rows, an unknown category and level, a row that ties nothing."""
    assert reasons_of(pharmgkb_harvest) == {
        "a haplotype or star allele, no rsID; its gene keeps the tie": 2,
        "the category is none of PharmGKB": 1,
        "the evidence level is none of PharmGKB": 1,
        "the annotation names no two things to tie": 1,
    }
    assert pharmgkb_harvest.concepts["curie"].to_list() == ["dbsnp:rs1051266", "dbsnp:rs4149056", "dbsnp:rs9923231"]


def test_every_pharmgkb_row_keeps_its_share_alike_license(pharmgkb_harvest: Harvest) -> None:
    """The license tag of CC BY-SA data stays on each row."""
    assert set(pharmgkb_harvest.relations["license"]) == {"CC-BY-SA-4.0"}


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    """Not SQLite, or without the table: one sentence that names the file."""
    path = tmp_path / "pgx_kb.sqlite3"
    path.write_text("no database at all, but long enough to be read as one" * 10)
    with pytest.raises(BadTable, match=r"pgx_kb\.sqlite3.*ClinAnn"):
        pharmgkb.read({"pgx_kb.sqlite3": path}, pharmgkb.SOURCE)


def test_a_folder_with_a_question_mark_in_its_name_is_no_trouble(tmp_path: Path) -> None:
    """SQLite opens an address, in which `?`, `#` and `%` mean something else; a copy is read where it lies."""
    folder = tmp_path / "50% #1?mode=rw"
    folder.mkdir()
    rows = pl.read_csv(DATA / "pharmgkb/clinann.tsv", separator="\t", quote_char=None, infer_schema=False).fill_null("")
    harvest = pharmgkb.read({"pgx_kb.sqlite3": make_database(folder / "pgx_kb.sqlite3", rows)}, pharmgkb.SOURCE)
    assert harvest.concepts.height == 3


def test_cpic_pairs_and_variants_become_the_expected_relations() -> None:
    """Levels become confidences; variants lie in genes."""
    assert relations_of(read_cpic()) == read_tsv(DATA / "cpic/expected_relations.tsv").rows()


def test_cpic_maps_rxnorm_to_the_name_the_table_gives_it() -> None:
    """An RxNorm number and a drug's name stand in one row; assembly decides what the name means."""
    assert read_cpic().mappings.select("subject", "object").rows() == [("rxnorm:11289", "~drug:warfarin"), ("rxnorm:190521", "~drug:abacavir")]


def test_cpic_variants_have_a_position_on_both_builds() -> None:
    """Alleles are those of the build: at F5 Leiden GRCh37 has T where GRCh38 has C, so the alternate allele is the other one."""
    rows = read_cpic().variants.select("variant", "build", "chromosome", "position", "reference_allele", "alternate_allele").rows()
    assert [row[1:] for row in rows if row[0] == "dbsnp:rs4149056"] == [("GRCh37", "12", 21331549, "T", "C"), ("GRCh38", "12", 21178615, "T", "C")]
    assert [row[1:] for row in rows if row[0] == "dbsnp:rs6025"] == [("GRCh37", "1", 169519049, "T", "C"), ("GRCh38", "1", 169549811, "C", "T")]
    assert all(reference != alternate for *_, reference, alternate in rows)


def test_the_mitochondrion_is_called_mt() -> None:
    """PyPGx writes M; every other source writes MT."""
    assert set(read_cpic().variants.filter(variant="dbsnp:rs267606617")["chromosome"]) == {"MT"}


def test_cpic_pairs_are_public_domain_and_pypgx_variants_are_not() -> None:
    """Each row carries the license of the table that it is from."""
    assert set(read_cpic().relations.select("predicate", "license").rows()) == {("affects_response", "CC0-1.0"), ("variant_of_gene", "MIT")}


def test_cpic_rows_that_cannot_be_used_are_set_aside() -> None:
    """Two codes of one field count as one; each other fault once."""
    assert reasons_of(read_cpic()) == {
        "an ATC code names a class or a combination, not one drug": 2,
        "the level is none of CPIC": 1,
        "the pair lacks its gene or its drug": 1,
        "the line has more or fewer fields than the header": 1,
        "the variant has no rsID": 1,
        "the variant's name has no position and alleles": 1,
    }


def test_oncology_rows_become_the_expected_relations() -> None:
    """An approved agent treats, a trial is a trial, and only an agent given alone that binds the gene targets it."""
    assert relations_of(read_oncology()) == read_tsv(DATA / "oncology/expected_relations.tsv").rows()


def test_what_oncology_rows_do_not_say_is_set_aside_by_part() -> None:
    """A treatment is kept without its target and the other way round; what is left out has its reason."""
    assert reasons_of(read_oncology()) == {
        "of agents given together, which one binds the gene is not said": 2,
        "the gene tells who is treated and is not what the agent binds": 1,
        "the agent's gene has no Ensembl identifier": 1,
        "the agent is approved for an alteration in any tumor": 1,
        "the agent is approved for another disease": 1,
        "the agent is neither approved nor in trials for the cancer": 1,
        "the target names no agent": 1,
        "the gene has no Ensembl identifier": 1,
        "the role is neither biomarker nor target": 1,
        "the code names no cancer that we know": 1,
        "the phase is unknown": 1,
    }


def test_cancer_codes_are_not_taken_for_those_of_oncotree() -> None:
    """OncoTree's TGCT is a tenosynovial giant cell tumor; here it is of the testis, and no code leaves as an identifier."""
    assert DISEASES["TGCT", ""] == ("mondo:0010108", "testicular germ cell tumor")
    assert not read_oncology().relations["object"].str.starts_with("oncotree:").any()


def test_every_cancer_code_has_a_canonical_mondo_curie() -> None:
    """The table is typed by hand, so it is parsed."""
    assert all(str(Curie.parse(curie)) == curie and curie.startswith("mondo:") for curie, _ in DISEASES.values())


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    """The way out of another release's layout is to see what it has."""
    path = tmp_path / "cancer-key-genes.csv"
    path.write_text("cancer_code,symbol\nPRAD,AR\n")
    with pytest.raises(BadTable, match=r"lacks the columns subtype, ensembl_gene_id.*it has cancer_code, symbol"):
        oncology.read({"cancer-key-genes.csv": path}, oncology.SOURCE)


def test_p_values_below_float64_keep_their_size() -> None:
    """-log10 of 1e-400 is 400, not infinity; of 4.9e-8 it is 7.31."""
    rows = dict(read_locus().associations.select("variant", "neg_log10_p").rows())
    assert rows["dbsnp:rs9349379"] == pytest.approx(400)
    assert rows["dbsnp:rs1332844"] == pytest.approx(-math.log10(4.9e-8))
    assert rows["dbsnp:rs210911"] == pytest.approx(-math.log10(0.25))


def test_the_locus_sets_aside_what_is_no_association() -> None:
    """p of 0, above 1 and no number; a name that is no rsID; the weaker of two repeats; expression that does not change."""
    assert reasons_of(read_locus()) == {
        "the p-value is no number above 0 and up to 1": 3,
        "the variant has no rsID": 1,
        "repeats a variant and allele of the study with a larger p": 1,
        "the variant does not change the gene's expression, Bonferroni over the file": 1,
    }


def test_only_significant_variants_of_the_locus_are_concepts() -> None:
    """Two variants pass 5e-8 in the GWAS; one of them changes expression."""
    harvest = read_locus()
    assert harvest.concepts["curie"].to_list() == ["dbsnp:rs1332844", "dbsnp:rs9349379"]
    assert relations_of(harvest) == [("dbsnp:rs9349379", "expression_variant_of", cad_locus.PHACTR1, pytest.approx(0.12))]


def test_rows_without_alleles_are_flagged() -> None:
    """An effect cannot be compared without its allele, so the row says that it has none."""
    assert read_locus().associations.select("effect_allele", "flags").rows()[0] == ("?", ["NO_ALLELE"])


def test_mutated_lines_never_crash_a_reader_and_are_all_accounted_for(tmp_path: Path) -> None:
    """A hundred files with random bytes changed: every line of the GWAS is an association or set aside."""
    draw = random.Random(7)
    original = (DATA / "cad_locus/gwas.tsv").read_bytes()
    header, body = original.split(b"\n", 1)
    for _ in range(100):
        mutated = bytearray(body)
        for _ in range(draw.randint(1, 6)):
            place = draw.choice([at for at, byte in enumerate(body) if byte != 10])
            mutated[place] = draw.choice([c for c in range(256) if c != 10])
        (tmp_path / "gwas.tsv").write_bytes(header + b"\n" + bytes(mutated))
        harvest = cad_locus.read({"gwas.tsv": tmp_path / "gwas.tsv", "eqtl.tsv": DATA / "cad_locus/eqtl.tsv"}, cad_locus.SOURCE)
        lost = harvest.set_aside.filter(pl.col("table") == "ASSOCIATIONS")["n"].sum()
        assert harvest.associations.height + lost == 8
