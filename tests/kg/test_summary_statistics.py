"""Summary statistics in the layouts of the common tools: which allele an effect is of, units, and compressed files."""

import gzip
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable
from kg.gwas.summary_statistics import Study, _neg_log10, read_summary_statistics
from kg.harvest import SetAside

STUDY = Study("GCST1", "mondo:0005010", effect_unit="SD")


def read(path: Path, *, columns: dict[str, str] | None = None) -> pl.DataFrame:
    return read_summary_statistics(path, study=STUDY, set_aside=SetAside("x"), source="x", source_version="1", license="CC0-1.0", columns=columns)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "study.tsv"
    path.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("CHR POS MarkerID Allele1 Allele2 AC_Allele2 AF_Allele2 BETA SE p.value", "6 1 rs9349379 A G 10 0.4 0.13 0.01 1e-42"),
        ("MarkerName Allele1 Allele2 Freq1 Effect StdErr P-value", "rs9349379 g a 0.4 0.13 0.01 1e-42"),
        ("#CHROM POS ID REF ALT A1 OMITTED BETA SE P", "6 1 rs9349379 A G G A 0.13 0.01 1e-42"),
        ("CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ N BETA SE LOG10P", "6 1 rs9349379 A G 0.4 9 0.13 0.01 42"),
        ("SNP CHR BP ALLELE1 ALLELE0 A1FREQ BETA SE P_BOLT_LMM", "rs9349379 6 1 G A 0.4 0.13 0.01 1e-42"),
        ("chromosome variant_id effect_allele other_allele beta standard_error p_value", "6 rs9349379 G A 0.13 0.01 1e-42"),
    ],
    ids=["SAIGE", "METAL", "PLINK 2", "REGENIE", "BOLT-LMM", "GWAS-SSF"],
)
def test_the_effect_is_of_the_same_allele_in_every_layout(tmp_path: Path, header: str, row: str) -> None:
    """One association written by six tools is one row: G raises by 0.13; SAIGE has G as its *second* allele."""
    (read_row,) = read(write(tmp_path, header, row)).select("variant", "effect_allele", "other_allele", "beta", "neg_log10_p").rows()
    assert read_row == ("dbsnp:rs9349379", "G", "A", 0.13, pytest.approx(42))


def test_plink_may_take_the_reference_for_its_allele(tmp_path: Path) -> None:
    """A1 equal to REF is no pair of equal alleles: the other one is left open."""
    (row,) = read(write(tmp_path, "ID REF ALT A1 BETA P", "rs1 A G A 0.1 0.5")).select("effect_allele", "other_allele").rows()
    assert row == ("A", None)


def test_odds_ratios_become_log_odds(tmp_path: Path) -> None:
    """OR 2 is beta 0.693 in log odds, whatever unit the study's effects have; a ratio of 0 is no effect."""
    rows = read(write(tmp_path, "rsid p_value odds_ratio", "rs1 0.5 2", "rs2 0.5 0")).select("beta", "effect_unit").rows()
    assert rows == [(pytest.approx(math.log(2)), "log odds"), (None, "log odds")]


def test_a_compressed_file_is_read_as_the_plain_one(tmp_path: Path) -> None:
    """gzip is known by its first bytes; a file cut short is refused by name."""
    plain = write(tmp_path, "rsid pval", "rs1 1e-400", "rs2 0.5")
    packed = tmp_path / "study.tsv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed).equals(read(plain))
    whole = packed.read_bytes()
    for end in (12, len(whole) - 10):
        packed.write_bytes(whole[:end])
        with pytest.raises(BadTable, match=r"study\.tsv\.gz cannot be uncompressed"):
            read(packed)


@given(mantissa=st.floats(1, 9.999), exponent=st.integers(-5000, -1))
def test_neg_log10_of_a_text_is_exact_at_any_size(mantissa: float, exponent: int) -> None:
    """-log10(m * 10^e) is -(log10 m + e), below what float64 can hold too."""
    (value,) = _neg_log10(pl.Series([f"{mantissa:.4f}e{exponent}"])).to_list()
    assert value == pytest.approx(-(math.log10(float(f"{mantissa:.4f}")) + exponent), abs=1e-9)
