"""A study of one's own as a source of a build: what of it comes into the graph, and what its side file says; and damaged studies."""

import datetime
import math
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from mutations import damage_lines

from generel.concepts.errors import BadIdentifier, BadInput, BadTable, BuildMismatch
from generel.concepts.tables import TABLES, check
from kg.gwas import study
from kg.gwas.ssf import Meta, find_meta, read_meta
from kg.harvest import Harvest
from kg.sources.record import Source

HEADER = "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\teffect_allele_frequency\tp_value\trsid\tn\n"
ROWS = """10	112998590	T	C	0.31	0.01	0.28	1e-420	rs7903146	1000
10	112998600	C	T	0.05	0.01	0.28	4e-10	rs34872471	1000
10	112998600	C	T	0.05	0.01	0.28	4e-9	rs34872471	1000
3	12351626	G	C	-0.1	0.02	0.13	1e-9	rs1801282	1000
3	12351626	G	C	-0.1	0.02	0.13	NA	rs1801283	1000
9	22134095	T	C	0.2	0.02	0.8	1e-30	9:22134095	1000
1	100	A	G	0.01	0.02	0.8	0.4	rs5	1000
short line
16	53767042	C	T	0.1	0.02	0.4	1e-12	rs1421085	1000
"""
REFERENCE = """variant	chromosome	position	reference_allele	alternate_allele
rs7903146	10	112998590	C	T
rs34872471	10	112998600	C	T
rs1801282	3	12351626	C	G
rs10811661	9	22134095	T	C
rs1421085	16	53767042	T	C
"""
META = """# GWAS-SSF
gwas_id: GCST90000123
trait_description: [Type 2 diabetes]
ontology_mapping: [MONDO_0005148]
genome_assembly: GRCh38
coordinate_system: 1-based
samples:
  - sample_size: 1000
    sample_ancestry: [European]
  - sample_size: 500
    sample_ancestry: East Asian|European
"""


def write_study(folder: Path, *, rows: str | bytes = ROWS, meta: str = META, reference: str = REFERENCE) -> dict[str, Path]:
    """The files of a study, by the name the reader calls them."""
    files = {"file": folder / "t2d.tsv"}
    files["file"].write_bytes(HEADER.encode() + (rows if isinstance(rows, bytes) else rows.encode()))
    if meta:
        files["meta"] = folder / "t2d.tsv-meta.yaml"
        files["meta"].write_text(meta, encoding="utf-8")
    if reference:
        files["reference"] = folder / "known.tsv"
        files["reference"].write_text(reference, encoding="utf-8")
    return files


def source(parameters: Mapping[str, object]) -> Source:
    return Source(
        name="ours", title="Ours", version="1", license="private", citation="", homepage="", files=(), gives=study.FORMAT.gives, read=study.read, parameters=parameters
    )


def read(files: Mapping[str, Path], **parameters: object) -> Harvest:
    """The harvest, after checks that its tables are of their schema."""
    harvest = study.read(files, source(parameters))
    for name in (*study.FORMAT.gives, "SET_ASIDE"):
        check(getattr(harvest, name.lower()), TABLES[name])
    return harvest


def reasons(harvest: Harvest) -> list[tuple[str, str, int]]:
    return harvest.set_aside.select("key", "reason", "n").rows()


def test_a_study_gives_its_leads(tmp_path: Path) -> None:
    """Leads with effects per alternate allele, their places, and every other row of the file counted with the reason: 4 of 9 stay."""
    harvest = read(write_study(tmp_path))
    assert harvest.associations.select("variant", "trait", "study", "effect_allele", "other_allele", "beta", "neg_log10_p", "flags").rows() == [
        ("dbsnp:rs10811661", "mondo:0005148", "GCST90000123", "C", "T", -0.2, pytest.approx(30), ["SWAPPED"]),
        ("dbsnp:rs1421085", "mondo:0005148", "GCST90000123", "C", "T", 0.1, pytest.approx(12), []),
        ("dbsnp:rs1801282", "mondo:0005148", "GCST90000123", "G", "C", -0.1, pytest.approx(9), ["PALINDROMIC"]),
        ("dbsnp:rs7903146", "mondo:0005148", "GCST90000123", "T", "C", 0.31, pytest.approx(420), []),
    ]
    assert harvest.associations.select("n", "build", "ancestry", "effect_unit", "date").unique().rows() == [(1000, "GRCh38", "East Asian; European", None, None)]
    assert harvest.variants.select("variant", "chromosome", "position", "reference_allele", "alternate_allele").rows() == [
        ("dbsnp:rs10811661", "9", 22_134_095, "T", "C"), ("dbsnp:rs1421085", "16", 53_767_042, "T", "C"),
        ("dbsnp:rs1801282", "3", 12_351_626, None, "?"), ("dbsnp:rs7903146", "10", 112_998_590, "C", "T"),
    ]
    assert harvest.concepts["curie"].to_list() == harvest.associations["variant"].to_list()
    assert sorted(reasons(harvest)) == [
        ("t2d.tsv", "a more significant variant nearby stands for it", 1), ("t2d.tsv", "repeats a variant and allele of the study with a larger p", 1),
        ("t2d.tsv", "the p-value is above the threshold", 1), ("t2d.tsv:6", "the p-value is no number above 0 and up to 1", 1),
        ("t2d.tsv:9", "the line has more or fewer fields than the header", 1),
    ]


def test_all_significant_variants_may_be_kept(tmp_path: Path) -> None:
    """rs34872471 comes along with the smaller of its two p-values, flagged, and turned round since its C is the reference's allele."""
    harvest = read(write_study(tmp_path), keep="significant")
    assert harvest.associations.height == 5
    row = harvest.associations.filter(pl.col("variant") == "dbsnp:rs34872471").select("beta", "neg_log10_p", "flags").row(0)
    assert row == (-0.05, pytest.approx(9.39794), ["SWAPPED", "REPEATED"])


def test_settings_of_the_user_win_over_the_side_file(tmp_path: Path) -> None:
    """Trait, study, unit, day, threshold and distance."""
    harvest = read(
        write_study(tmp_path), trait="EFO:0000400", study="ours 1", effect_unit="log odds", published="2018-10-08", threshold=1e-25, distance_kb=1.0, ancestry="Finnish"
    )
    assert harvest.associations.select("trait", "study", "effect_unit", "date", "ancestry").unique().rows() == [
        ("efo:0000400", "ours 1", "log odds", datetime.date(2018, 10, 8), "Finnish")
    ]
    assert harvest.associations["variant"].to_list() == ["dbsnp:rs10811661", "dbsnp:rs7903146"]


def test_without_a_reference_alleles_stay_and_nameless_variants_are_set_aside(tmp_path: Path) -> None:
    """Which allele is the reference's is then unknown, so VARIANTS holds the place only."""
    harvest = read(write_study(tmp_path, reference=""))
    assert harvest.associations.filter(pl.col("variant") == "dbsnp:rs1421085").select("effect_allele", "flags").rows() == [("C", [])]
    assert harvest.variants.select("reference_allele", "alternate_allele").unique().rows() == [(None, "?")]
    assert ("t2d.tsv", "the variant has no rsID", 1) in reasons(harvest)


def test_leads_need_places(tmp_path: Path) -> None:
    """Without position and reference, a significant row cannot be chosen, and says so; with `keep` it stays."""
    path = tmp_path / "t2d.tsv"
    path.write_text("SNP\tP\nrs7903146\t1e-20\nrs1\t0.5\n")
    harvest = read({"file": path}, trait="MONDO:0005148")
    assert harvest.associations.is_empty()
    assert ("t2d.tsv", "the significant variant has no position to choose leads by; give a reference", 1) in reasons(harvest)
    assert read({"file": path}, trait="MONDO:0005148", keep="significant").associations["effect_allele"].to_list() == ["?"]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"trait": "diabetes"}, BadIdentifier, r"'diabetes' \(the trait of t2d\.tsv\) is not a CURIE"),
        ({"published": "last year"}, BadInput, "'published' of ours should be a day such as 2018-10-08, not 'last year'"),
        ({"keep": "all"}, BadInput, "'keep' should be 'leads' or 'significant', not 'all'"),
        ({"columns": {"p": 3}}, BadInput, "'columns' should be a table of our names and theirs"),
        ({"threshold": 8.0}, BadInput, r"the threshold is a p-value above 0 and up to 1, not 8\.0"),
        ({"build": "GRCh37"}, BuildMismatch, "is on GRCh37 as you said and on GRCh38 as its side file said"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, parameters: dict[str, object], error: type[Exception], message: str) -> None:
    """Each says what was wrong, the value, and what it should be."""
    with pytest.raises(error, match=message):
        read(write_study(tmp_path), **parameters)


def test_a_study_needs_one_trait(tmp_path: Path) -> None:
    """A side file with none, with two, or with one that we do not know makes the user say which."""
    for meta, said in ((META.replace("MONDO_0005148", "MONDO_0005148, EFO_0000400"), "mondo:0005148, efo:0000400"), (META.replace("MONDO_0005148", "ZFA_1"), "ZFA_1"), ("a: 1\n", "names none")):
        with pytest.raises(BadTable, match=rf"needs one trait, and its side file .*{said}"):
            read(write_study(tmp_path, meta=meta))


def test_a_side_file_turns_values_round_where_it_says_so(tmp_path: Path) -> None:
    """0-based positions are one too small, and the column p_value may hold -log10 p."""
    rows = "10\t112998589\tT\tC\t0.31\t0.01\t0.28\t420\trs7903146\t1000\n"
    meta = META.replace("1-based", "0-based") + "pvalue_is_neg_log10: true\n"
    harvest = read(write_study(tmp_path, rows=rows, meta=meta, reference=""))
    assert harvest.associations["neg_log10_p"].to_list() == [420]
    assert harvest.variants["position"].to_list() == [112_998_590]


def test_a_side_file_that_lies_there_has_to_be_given(tmp_path: Path) -> None:
    """It may turn every p-value round, and a build knows only the files that it is given."""
    files = write_study(tmp_path)
    with pytest.raises(BadInput, match=r't2d\.tsv-meta\.yaml lies beside .*give it, as in meta = "t2d\.tsv-meta\.yaml"'):
        read({name: path for name, path in files.items() if name != "meta"}, trait="MONDO:0005148")


def test_what_a_side_file_says(tmp_path: Path) -> None:
    """Lists and single values, terms as addresses and with underscores; people are summed, ancestries named once."""
    files = write_study(tmp_path, meta=META.replace("[MONDO_0005148]", "http://www.ebi.ac.uk/efo/EFO_0001360"))
    path = find_meta(files["file"])
    assert path is not None
    assert read_meta(path) == Meta(accession="GCST90000123", trait_name="Type 2 diabetes", traits=("efo:0001360",), build="GRCh38", n=1500, ancestry="East Asian; European")


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "is not YAML"), ("- 1\n", "is not the side file"), ("coordinate_system: 2-based\n", "says the coordinate_system '2-based'"), ("date: 2020-02-30\n", "is not YAML")],
)
def test_a_side_file_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Text that is no YAML, YAML that is no mapping, and values that cannot be."""
    path = tmp_path / "x-meta.yaml"
    path.write_text(text)
    with pytest.raises(BadTable, match=message):
        read_meta(path)


def test_damaged_studies_never_crash_and_every_line_is_accounted_for(tmp_path: Path) -> None:
    """Ten thousand lines cut, doubled and garbled, in twenty files: kept + set aside = lines that are not blank."""
    body = ROWS.encode() * 150
    for seed in range(20):
        damaged = damage_lines(body, seed=seed, times=500)
        harvest = read(write_study(tmp_path, rows=damaged), keep="significant")
        lines = [line for line in damaged.split(b"\n") if line.removesuffix(b"\r").replace(b'"', b"").decode("utf-8", "replace").strip()]
        assert harvest.associations.height + harvest.set_aside["n"].sum() == len(lines)


def test_a_good_row_is_never_lost_beside_damaged_ones(tmp_path: Path) -> None:
    """Whatever else a file holds, the rows of one variant that nobody touched stay as they were."""
    good = b"11\t5227002\tA\tT\t0.5\t0.01\t0.1\t1e-400\trs334\t1000\n"
    for seed in range(50):
        damaged = damage_lines(ROWS.encode(), seed=seed, times=5)
        rows = read(write_study(tmp_path, rows=damaged + b"\n" + good, reference=""), keep="significant").associations
        (row,) = rows.filter(pl.col("variant") == "dbsnp:rs334").select("beta", "neg_log10_p").rows()
        assert row == (0.5, pytest.approx(400))


def test_counts_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    """Significant rows of a made-up file with p of all sizes, counted by float and by the length of the power."""
    powers = [number * 7 % 900 for number in range(400)]
    rows = "".join(f"1\t{1000 + number}\tA\tG\t0.1\t0.01\t0.3\t3e-{power}\trs{number}\t10\n" for number, power in enumerate(powers, start=1))
    harvest = read(write_study(tmp_path, rows=rows, reference="", meta=""), trait="MONDO:0005148", keep="significant")
    impossible = sum(power == 0 for power in powers)
    significant = sum(power - math.log10(3) >= -math.log10(5e-8) for power in powers)
    assert harvest.associations.height == significant
    assert dict((reason, n) for key, reason, n in reasons(harvest) if key == "t2d.tsv") == {"the p-value is above the threshold": 400 - significant - impossible}
