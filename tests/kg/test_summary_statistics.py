"""Summary statistics in the layouts of the common tools: which allele an effect is of, units, and compressed files."""

import gzip
import math
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable
from kg.gwas.effects import BAD_ERROR, BAD_FREQUENCY, BAD_P, NO_VARIANT, NOT_ADDITIVE
from kg.gwas.harmonize import Tally, harmonize_study, open_study
from kg.gwas.significance import neg_log10
from kg.gwas.summary_statistics import Study, read_summary_statistics
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


@pytest.mark.parametrize(
    ("header", "row", "alleles"),
    [
        ("ID REF ALT A1 BETA P", "rs1 A G A 0.1 0.5", ("A", "G")),
        ("ID REF ALT A1 BETA P", "rs1 A G G 0.1 0.5", ("G", "A")),
        ("ID REF ALT A1 BETA P", "rs1 A G,T G 0.1 0.5", ("G", None)),
        ("ID REF ALT A1 OMITTED BETA P", "rs1 A G,T G A 0.1 0.5", ("G", "A")),
    ],
)
def test_plink_may_take_the_reference_for_its_allele(tmp_path: Path, header: str, row: str, alleles: tuple[str, str | None]) -> None:
    """A1 is REF or ALT, and the other allele is what is left; of several alternates nothing is left for sure."""
    assert read(write(tmp_path, header, row)).select("effect_allele", "other_allele").row(0) == alleles


@pytest.mark.parametrize(
    ("header", "row", "tool"),
    [
        ("CHR SNP BP A1 F_A F_U A2 CHISQ P OR", "6 rs9349379 1 G 0.4 0.3 A 180 1e-42 1.1388283833246218", "PLINK 1"),
        ("CHR SNP BP A1 TEST NMISS OR SE L95 U95 STAT P", "6 rs9349379 1 G ADD 9 1.1388283833246218 0.01 NA NA 13 1e-42", "PLINK 1"),
        ("#CHROM POS ID REF ALT A1 A1_FREQ TEST OBS_CT OR LOG(OR)_SE Z_STAT P ERRCODE", "6 1 rs9349379 A G G 0.4 ADD 9 1.1388283833246218 0.01 13 1e-42 .", "PLINK 2"),
        ("CHR SNP POS A1 A2 N AF1 BETA SE P", "6 rs9349379 1 G A 9 0.4 0.13 0.01 1e-42", "GCTA"),
        ("SNP A1 A2 freq b se p N", "rs9349379 G A 0.4 0.13 0.01 1e-42 9", "GCTA"),
        ("#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt", "6 1 A G rs9349379 PHACTR1 1e-42 42 0.13 0.01 0.4", "FinnGen"),
        ("alternate_ids rsid chromosome position alleleA alleleB frequentist_add_pvalue frequentist_add_beta_1 frequentist_add_se_1", "6:1 rs9349379 6 1 A G 1e-42 0.13 0.01", "SNPTEST"),
        ("CHR POS SNPID Allele1 Allele2 AC_Allele2 AF_Allele2 imputationInfo N BETA SE Tstat p.value", "6 1 rs9349379 A G 10 0.4 1 9 0.13 0.01 13 1e-42", "SAIGE"),
        ("SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ F_MISS BETA SE P_BOLT_LMM_INF P_BOLT_LMM", "rs9349379 6 1 0.17 G A 0.4 0 0.13 0.01 1e-40 1e-42", "BOLT-LMM"),
        ("CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA", "6 1 rs9349379 A G 0.4 1 9 ADD 0.13 0.01 180 42 NA", "REGENIE"),
        ("MarkerName Allele1 Allele2 Freq1 FreqSE Effect StdErr P-value Direction", "rs9349379 g a 0.4 0 0.13 0.01 1e-42 ++", "METAL"),
        ("hm_rsid hm_chrom hm_pos hm_other_allele hm_effect_allele hm_beta hm_odds_ratio p_value beta effect_allele other_allele standard_error", "rs9349379 6 1 A G 0.13 NA 1e-42 -0.13 A G 0.01", "GWAS Catalog, harmonized"),
        ("chromosome base_pair_location effect_allele other_allele odds_ratio standard_error effect_allele_frequency neg_log_10_p_value rsid", "6 1 G A 1.1388283833246218 0.01 0.4 42 rs9349379", "GWAS-SSF"),
        ("marker ea nea eaf beta se pval", "rs9349379 G A 0.4 0.13 0.01 1e-42", ""),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)
def test_a_tool_is_known_by_its_header_and_read_as_it_means(tmp_path: Path, header: str, row: str, tool: str) -> None:
    """The same association in its long and rare layouts, some with odds ratios: G raises by 0.13, and the tool is named."""
    path = write(tmp_path, header, row)
    assert open_study(path).columns.tool.name == tool
    found = read(path).row(0, named=True)
    assert (found["variant"], found["effect_allele"], found["other_allele"]) in [("dbsnp:rs9349379", "G", "A"), ("dbsnp:rs9349379", "G", None)]
    assert (found["beta"], found["neg_log10_p"]) == (pytest.approx(0.13), pytest.approx(42))


@pytest.mark.parametrize(
    ("header", "line", "place"),
    [
        ("SNP CHR BP GENPOS ALLELE1 ALLELE0 P_BOLT_LMM", "rs1 6 12903725 0.17 G A 0.5", (6, 12_903_725)),
        ("CHROM GENPOS ID ALLELE0 ALLELE1 LOG10P", "25 100 rs1 A G 0.5", (23, 100)),
        ("chromosome base_pair_location effect_allele other_allele standard_error p_value rsid", "25 100 G A 1 0.5 rs1", (25, 100)),
        ("SNP CHR POS P", "rs1 chrX 1e+06 0.5", (23, 1_000_000)),
        ("MarkerName P-value", "10:112998590:c:t 0.5", (10, 112_998_590)),
        ("SNP CHR POS P", "rs1 GL000220.1 100 0.5", (None, 100)),
        ("SNP CHR POS P", "rs1 7 0 0.5", (7, None)),
    ],
)
def test_a_place_is_what_the_tool_means_by_it(tmp_path: Path, header: str, line: str, place: tuple[int | None, int | None]) -> None:
    """GENPOS is centimorgans in BOLT-LMM; 25 is pseudo-autosomal for REGENIE and mitochondrial in GWAS-SSF; R writes 1e+06; names may hold places."""
    (rows,) = harmonize_study(open_study(write(tmp_path, header, line)), reference=None, tally=Tally())
    assert rows.select("chromosome", "position").row(0) == place


def test_rows_of_other_tests_than_the_additive_one_are_set_aside(tmp_path: Path) -> None:
    """REGENIE and PLINK write a row a test; the dominant one, the covariate's and the interaction's are not the variant's effect."""
    tests = ["ADD", "DOM", "ADD-INT_SNP", "COVAR1"]
    set_aside = SetAside("x")
    path = write(tmp_path, "#CHROM POS ID REF ALT A1 TEST OBS_CT BETA SE P", *(f"6 1 rs{number} A G G {test} 9 0.1 0.01 0.5" for number, test in enumerate(tests)))
    rows = read_summary_statistics(path, study=STUDY, set_aside=set_aside, source="x", source_version="1", license="CC0-1.0")
    assert rows["variant"].to_list() == ["dbsnp:rs0"]
    assert set_aside.frame().select("key", "reason", "n").rows() == [(f"study.tsv:{line}", NOT_ADDITIVE, 1) for line in (3, 4, 5)]


def test_a_standard_error_is_taken_from_the_confidence_interval_where_there_is_none(tmp_path: Path) -> None:
    """By hand: of OR 2 (1, 4) it is (ln 4 - ln 1) / 3.919928 = 0.353653; of beta 0.5 (0.1, 0.9) it is 0.8 / 3.919928 = 0.204085."""
    of_ratio = read(write(tmp_path, "rsid p_value odds_ratio ci_lower ci_upper", "rs1 0.05 2 1 4"))
    of_beta = read(write(tmp_path, "rsid p_value beta ci_lower ci_upper", "rs1 0.05 0.5 0.1 0.9", "rs2 0.05 0.5 0.9 0.1"))
    assert of_ratio["standard_error"].to_list() == [pytest.approx(0.353653, abs=1e-6)]
    assert of_beta["standard_error"].to_list() == [pytest.approx(0.204085, abs=1e-6), None]


def test_saige_says_how_many_by_cases_and_controls(tmp_path: Path) -> None:
    """Newer releases have no N; the people are N_case and N_ctrl together."""
    path = write(tmp_path, "CHR POS MarkerID Allele1 Allele2 AF_Allele2 BETA SE p.value N_case N_ctrl", "6 1 rs1 A G 0.4 0.1 0.01 0.5 200 800")
    assert read(path)["n"].to_list() == [1000]


def test_impossible_numbers_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    """A p of 0 or above 1, a frequency of 1.2 and a standard error of 0 are wrong, and missing ones are not."""
    set_aside = SetAside("x")
    lines = ["rs1 0 0.5 1", "rs2 1.5 0.5 1", "rs3 NA 0.5 1", "rs4 0.5 1.2 1", "rs5 0.5 0.5 0", "rs6 0.5 NA NA", ". 0.5 0.5 1", "rs8 1e-9 0.5 1"]
    rows = read_summary_statistics(write(tmp_path, "snp p eaf se", *lines), study=STUDY, set_aside=set_aside, source="x", source_version="1", license="CC0-1.0")
    assert rows["variant"].to_list() == ["dbsnp:rs6", "dbsnp:rs8"]
    reasons = set_aside.frame().sort("key")["reason"].to_list()
    assert reasons == [BAD_P, BAD_P, BAD_P, BAD_FREQUENCY, BAD_ERROR, NO_VARIANT]


def test_columns_that_are_missing_or_misnamed_are_all_named_at_once(tmp_path: Path) -> None:
    """The message says what was looked for, what the file has, and that a word of ours is misspelled."""
    path = write(tmp_path, "a b c", "1 2 3")
    with pytest.raises(BadTable, match=r"lacks a column for the variant.*lacks a column for the p-value.*Its columns are a, b, c"):
        read(path)
    with pytest.raises(BadTable, match=r"'beat' is none of our columns; did you mean 'beta'\?; it has no column 'd'"):
        read(path, columns={"beat": "a", "p": "d"})


def test_columns_given_by_hand_win_over_the_header(tmp_path: Path) -> None:
    """A file with a column P of something else is read by the column that the user names."""
    path = write(tmp_path, "SNP P P_LMM EFF", "rs1 0.9 1e-8 0.2")
    assert read(path, columns={"p": "P_LMM", "beta": "EFF"}).select("neg_log10_p", "beta").row(0) == (pytest.approx(8), 0.2)


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
    (value,) = neg_log10(pl.Series([f"{mantissa:.4f}e{exponent}"])).to_list()
    assert value == pytest.approx(-(math.log10(float(f"{mantissa:.4f}")) + exponent), abs=1e-9)


@given(text=st.one_of(st.sampled_from(["0", "-0", "1", "1.0000001", "1e0", "+0.5", ".5", "5.", "1e-320", "inf", "nan", "-1e-400", "", "e5", "0x1", "1e-", "0e-9", "1e-99999", "1 e-5"]), st.text(alphabet="0123456789.eE+-", max_size=12)))
def test_neg_log10_is_null_for_what_is_no_p_value(text: str) -> None:
    """A text is a p-value if Python reads it as a number above 0 and up to 1, in the digits that Decimal keeps."""
    (value,) = neg_log10(pl.Series([text], dtype=pl.String)).to_list()
    try:
        p = Decimal(text)
    except InvalidOperation:
        p = Decimal(0)
    if p.is_finite() and 0 < p <= 1 and p.adjusted() > -10**6:
        assert value == pytest.approx(float(-p.log10()), abs=1e-9)
    elif p.is_finite():
        assert value is None or value < 0 or value > 10**5
    else:
        assert value is None
