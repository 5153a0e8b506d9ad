"""`generel harmonize`: the table that it writes, the leads, the counts, and what it refuses."""

import csv
import gzip
import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from click.testing import CliRunner, Result

from generel.concepts.errors import BadIdentifier, BadInput, BadTable, BuildMismatch
from kg.cli_gwas import harmonize
from kg.gwas.harmonize import open_study
from kg.gwas.harmonized_table import SCHEMA

REGENIE = """CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ N TEST BETA SE CHISQ LOG10P EXTRA
10 112998590 rs7903146 C T 0.28 9000 ADD 0.31 0.01 900 420.5 NA
10 112998590 rs7903146 C T 0.28 9000 DOM 0.31 0.01 900 400.1 NA
10 112999000 10:112999000:G:A G A 0.3 9000 ADD 0.11 0.01 90 12 NA
16 53767042 rs1421085 C T 0.6 9000 ADD -0.1 0.01 50 10 NA
3 12351626 rs1801282 C G 0.13 9000 ADD -0.1 0.02 20 0.5 NA
"""
REFERENCE = """##fileformat=VCFv4.3
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
3\t12351626\trs1801282\tC\tG\t.\t.\t.
10\t112998590\trs7903146\tC\tT\t.\t.\t.
10\t112999000\trs12255372\tG\tA\t.\t.\t.
16\t53767042\trs1421085\tT\tC\t.\t.\t.
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {"study": tmp_path / "t2d.regenie", "reference": tmp_path / "known.vcf", "out": tmp_path / "out.parquet", "leads": tmp_path / "leads.tsv"}
    paths["study"].write_text(REGENIE)
    paths["reference"].write_text(REFERENCE)
    return paths


def run(files: dict[str, Path], *more: str, out: Path | None = None) -> Result:
    arguments = [str(files["study"]), "--reference", str(files["reference"]), "--out", str(out or files["out"]), *more]
    return CliRunner().invoke(harmonize, arguments, catch_exceptions=True)


def test_a_regenie_file_becomes_a_harmonized_table(files: dict[str, Path]) -> None:
    """Effects are per alternate allele, the nameless variant has its rsID, the dominant test is set aside, and leads are written."""
    result = run(files, "--leads", str(files["leads"]), "--trait", "MONDO:0005148", "--format", "tsv")
    assert result.exit_code == 0, result.output
    table = pl.read_parquet(files["out"])
    assert table.schema == SCHEMA
    assert table.rows() == [
        (10, 112_998_590, "T", "C", 0.31, 0.01, 0.28, 420.5, "rs7903146", 9000, None),
        (10, 112_999_000, "A", "G", 0.11, 0.01, 0.3, 12.0, "rs12255372", 9000, None),
        (16, 53_767_042, "C", "T", 0.1, 0.01, pytest.approx(0.4), 10.0, "rs1421085", 9000, "SWAPPED"),
        (3, 12_351_626, "G", "C", -0.1, 0.02, 0.13, 0.5, "rs1801282", 9000, "PALINDROMIC"),
    ]
    with files["leads"].open() as file:
        assert [(row["rsid"], row["n_variants"]) for row in csv.DictReader(file, delimiter="\t")] == [("rs7903146", "2"), ("rs1421085", "1")]
    said = yaml.safe_load(files["out"].with_name("out.parquet-meta.yaml").read_text())
    assert (said["genome_assembly"], said["ontology_mapping"], said["is_harmonised"], said["harmonisation_reference"]) == ("GRCh38", ["mondo:0005148"], True, "known.vcf")


def test_counts_for_programs_are_one_table(files: dict[str, Path]) -> None:
    """Read = kept + set aside; reasons and flags are counted; talk goes elsewhere."""
    result = run(files, "--format", "jsonl")
    counts = {(record["section"], record["name"]): record["n"] for record in map(json.loads, result.stdout.splitlines())}
    assert counts == {
        ("rows", "read"): 5, ("rows", "kept"): 4, ("rows", "set aside"): 1, ("rows", "significant"): 3, ("rows", "leads"): 2,
        ("set aside", "the row is of another test than the additive one"): 1, ("flags", "SWAPPED"): 1, ("flags", "PALINDROMIC"): 1,
    }
    assert "looks like REGENIE" in result.stderr


def test_people_see_the_leads_too(files: dict[str, Path]) -> None:
    """Two tables: what became of the rows, and the lead variants."""
    output = run(files, "--format", "table").stdout
    assert output.index("What became of the rows") < output.index("Lead variants") < output.index("rs7903146")


@pytest.mark.parametrize("name", ["out.tsv", "out.tsv.gz"])
def test_a_harmonized_table_as_text_is_read_again(files: dict[str, Path], tmp_path: Path, name: str) -> None:
    """Text has GWAS-SSF's header and #NA where something is missing; harmonizing it once more changes nothing."""
    first, second = tmp_path / name, tmp_path / f"again.{name}"
    run(files, out=first)
    data = first.read_bytes()
    header, row, *_ = (gzip.decompress(data) if name.endswith("gz") else data).decode().splitlines()
    assert header.split("\t") == list(SCHEMA)
    assert row.endswith("\t#NA")
    assert open_study(first).columns.tool.name == "GWAS-SSF"
    assert run(files | {"study": first}, out=second).exit_code == 0
    columns = [column for column in SCHEMA if column != "flags"]
    read = [pl.read_csv(each, separator="\t", null_values="#NA").select(columns) for each in (first, second)]
    assert read[0].equals(read[1])


def test_without_a_reference_alleles_stay(files: dict[str, Path]) -> None:
    """The command says so, and shapes the table all the same."""
    result = CliRunner().invoke(harmonize, [str(files["study"]), "--out", str(files["out"]), "--format", "tsv"])
    assert "no reference: alleles stay as the file has them" in result.stderr
    assert pl.read_parquet(files["out"])["effect_allele"].to_list() == ["T", "A", "T", "G"]


def test_linkage_and_distance_decide_what_a_lead_stands_for(files: dict[str, Path], tmp_path: Path) -> None:
    """Without a pair, the neighbor is a lead of its own; so it is at a distance of 0.1 kb."""
    pairs = tmp_path / "pairs.ld"
    pairs.write_text("CHR_A BP_A SNP_A CHR_B BP_B SNP_B R2\n10 1 rs1 10 2 rs2 0.9\n")
    for more in (("--ld", str(pairs)), ("--distance-kb", "0.1")):
        assert "rows\tleads\t3" in run(files, *more, "--format", "tsv").stdout


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        (["--columns", "p"], BadInput, "--columns p: it should be OURS=THEIRS"),
        (["--columns", "p=PVAL"], BadTable, "it has no column 'PVAL'"),
        (["--trait", "diabetes"], BadIdentifier, "is not a CURIE"),
        (["--build", "hg19"], BuildMismatch, "is on GRCh37, and the reference known.vcf is on GRCh38"),
        (["--reference-build", "hg19"], BuildMismatch, "well-known variants stand as on GRCh38"),
        (["--threshold", "2"], BadInput, "the threshold is a p-value"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(files: dict[str, Path], more: list[str], error: type[Exception], message: str) -> None:
    """The error is generel's own, and what was at OUT before is as it was."""
    files["out"].write_bytes(b"before")
    result = run(files, *more)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert files["out"].read_bytes() == b"before"
    assert sorted(path.name for path in files["out"].parent.iterdir()) == ["known.vcf", "out.parquet", "t2d.regenie"]


def test_a_name_that_does_not_say_how_to_write_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    """Before anything is read."""
    result = run(files, out=tmp_path / "out.xlsx")
    assert isinstance(result.exception, BadInput)
    assert "'out.xlsx' should end with .parquet, .tsv or .tsv.gz" in str(result.exception)
