"""Effect-allele alignment: by hand, beside a plain loop, and by its laws; references in their formats; genome builds that do not fit."""

import gzip
import math
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.errors import BadInput, BadTable, BuildMismatch
from generel.concepts.tables import ASSOCIATIONS, VARIANTS, check
from kg.gwas.align import FLAGS, align, align_to_effect_allele, flag_names
from kg.gwas.effects import ROW
from kg.gwas.harmonize import Tally, build_of, harmonize_study, open_study
from kg.gwas.landmarks import PLACES
from kg.gwas.place import normalize_build
from kg.gwas.reference import Reference, make_reference, read_reference

OTHER = {"A": "T", "C": "G", "G": "C", "T": "A"}
# rsID, chromosome, position, reference and alternate allele, frequency of the alternate one: two variants have two alternates or two rows.
KNOWN = [
    ("rs1", "1", 100, "A", "G", 0.3), ("rs2", "1", 200, "A", "T", 0.1), ("rs3", "2", 100, "C", "G", None), ("rs4", "2", 300, "A", "AT", 0.4),
    ("rs5", "X", 50, "C", "A", 0.2), ("rs5", "X", 50, "C", "T", 0.6), ("rs6", "3", 70, "G", "A", 0.5), (None, "3", 80, "T", "C", 0.2), ("rs8", "3", 90, "T", "A", 0.48),
]
Row = tuple[int | None, int | None, int | None, str | None, str | None, float | None, float | None]


def reference_of(known: list[tuple[str | None, str, int, str, str, float | None]]) -> Reference:
    names = ("variant", "chromosome", "position", "reference_allele", "alternate_allele", "frequency")
    schema = dict.fromkeys(names, pl.String) | {"frequency": pl.Float64}
    texts = [(*each[:2], str(each[2]), *each[3:]) for each in known]
    return make_reference([pl.DataFrame(texts, schema=schema, orient="row")], name="known")


@cache
def known_variants() -> Reference:
    return reference_of(KNOWN)


def rows_of(rows: list[Row]) -> pl.DataFrame:
    """ROW of (rsID number, chromosome, position, effect allele, other allele, beta, frequency)."""
    names = ("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "effect_allele_frequency")
    frame = pl.DataFrame(rows, schema={name: ROW[name] for name in names}, orient="row").with_row_index("line")
    return frame.with_columns(variant=pl.format("rs{}", "rsid"), standard_error=pl.lit(0.1), neg_log10_p=pl.lit(1.0), n=pl.lit(9)).select(
        pl.col(name).cast(kind) for name, kind in ROW.items()
    )


def align_by_loop(row: Row) -> tuple[str | None, str | None, float | None, float | None, set[str]]:
    """Effect and other allele, beta, frequency and flags, as the docstring of `align` says, row by row with letters."""
    rsid, chromosome, position, effect, other, beta, frequency = row
    flags = set()
    candidates = [each for each in KNOWN if rsid is not None and each[0] == f"rs{rsid}"]
    by_rsid = bool(candidates)
    if not by_rsid:
        name = {23: "X"}.get(chromosome or 0, str(chromosome))
        candidates = [each for each in KNOWN if (each[1], each[2]) == (name, position)]
    if effect is not None and other is None and len(candidates) == 1:
        (*_, ref, alt, _) = candidates[0]
        if effect in (alt, ref):
            other = ref if effect == alt else alt
        elif OTHER.get(effect) in (alt, ref) and ref in OTHER and alt in OTHER:
            other = OTHER[ref] if OTHER[effect] == alt else OTHER[alt]
    open_allele = effect is None or (by_rsid and other is None and len(candidates) > 1)
    if open_allele:
        flags.add("NO_ALLELE")
    strands = [(effect, other, False)] + ([(OTHER[effect], OTHER[other], True)] if effect in OTHER and other in OTHER else [])
    for first, second, is_other in strands:
        for turned in (False, True):
            for *_, ref, alt, theirs in candidates:
                if (first, second) == ((ref, alt) if turned else (alt, ref)) and first is not None:
                    if effect in OTHER and OTHER[effect] == other:
                        return settle(effect, other, beta, frequency, ref=ref, alt=alt, theirs=theirs, turned=turned, flags=flags)
                    flags |= ({"SWAPPED"} if turned else set()) | ({"OTHER_STRAND"} if is_other else set())
                    return alt, ref, *turn(beta, frequency, turned), flags
    flags |= {"MISMATCH"} if by_rsid and not open_allele else set() if by_rsid else {"NOT_IN_REFERENCE"}
    return effect, other, beta, frequency, flags


def settle(
    effect: str, other: str | None, beta: float | None, frequency: float | None, *, ref: str, alt: str, theirs: float | None, turned: bool, flags: set[str]
) -> tuple[str | None, str | None, float | None, float | None, set[str]]:
    if theirs is None or frequency is None or abs(theirs - 0.5) <= 0.08 or abs(frequency - 0.5) <= 0.08:
        return effect, other, beta, frequency, flags | {"PALINDROMIC"}
    over = (theirs < 0.5) != (frequency < 0.5)
    flags |= {"PALINDROMIC_BY_FREQUENCY"} | ({"SWAPPED"} if over else set()) | ({"OTHER_STRAND"} if over != turned else set())
    return alt, ref, *turn(beta, frequency, over), flags


def turn(beta: float | None, frequency: float | None, turned: bool) -> tuple[float | None, float | None]:
    if not turned:
        return beta, frequency
    return None if beta is None else -beta, None if frequency is None else 1 - frequency


alleles = st.sampled_from([None, "A", "C", "G", "T", "AT"])
study_rows = st.lists(
    st.tuples(
        st.sampled_from([None, 1, 2, 3, 4, 5, 6, 8, 99]), st.sampled_from([None, 1, 2, 3, 23]), st.sampled_from([None, 50, 70, 80, 90, 100, 200, 300]), alleles, alleles,
        st.one_of(st.none(), st.floats(-2, 2)), st.one_of(st.none(), st.floats(0, 1)),
    ).filter(lambda row: row[3] != row[4] and not (row[3] is None and row[4] is not None)),
    min_size=1, max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(rows=study_rows)
def test_alignment_is_that_of_a_plain_loop(rows: list[Row]) -> None:
    """Alleles, effects, frequencies and flags of every row are those of a loop with letters; no row is lost, and their order stays."""
    aligned, _ = align(rows_of(rows), known_variants())
    assert aligned["line"].to_list() == list(range(len(rows)))
    for row, found in zip(rows, aligned.iter_rows(named=True), strict=True):
        effect, other, beta, frequency, flags = align_by_loop(row)
        assert (found["effect_allele"], found["other_allele"]) == (effect, other)
        assert (found["beta"], found["effect_allele_frequency"]) == (pytest.approx(beta), pytest.approx(frequency))
        assert set(flag_names(found["flags"])) - {"POSITION_DIFFERS"} == flags


@settings(max_examples=60, deadline=None)
@given(rows=study_rows)
def test_aligning_twice_is_aligning_once(rows: list[Row]) -> None:
    """What is per copy of the alternate allele stays so: alleles and effects do not turn a second time."""
    columns = ["effect_allele", "other_allele", "beta", "chromosome", "position", "rsid"]
    reference = known_variants()
    once, _ = align(rows_of(rows), reference)
    twice, _ = align(once.select(*ROW), reference)
    assert twice.select(columns).equals(once.select(columns))


@settings(max_examples=60, deadline=None)
@given(rows=study_rows)
def test_a_study_written_the_other_way_round_is_the_same_study(rows: list[Row]) -> None:
    """Swapping every row's alleles, with beta negated and the frequency complemented, changes nothing that letters can tell."""
    full = [row for row in rows if row[3] is not None and row[4] is not None]
    swapped = [(*row[:3], row[4], row[3], *turn(row[5], row[6], True)) for row in full]
    reference = known_variants()
    (left, _), (right, _) = align(rows_of(full), reference), align(rows_of(swapped), reference)
    for one, other in zip(left.iter_rows(named=True), right.iter_rows(named=True), strict=True):
        fits = not {"PALINDROMIC", "MISMATCH", "NOT_IN_REFERENCE"} & set(flag_names(one["flags"]))
        near_the_edge = one["effect_allele_frequency"] is not None and abs(abs(one["effect_allele_frequency"] - 0.5) - 0.08) < 1e-9
        if fits and not near_the_edge:
            assert (one["effect_allele"], one["other_allele"], one["beta"]) == (other["effect_allele"], other["other_allele"], pytest.approx(other["beta"]))


def association(variant: str, effect: str, other: str | None, beta: float, frequency: float | None, build: str | None = "GRCh38") -> dict[str, object]:
    nothing = dict.fromkeys(ASSOCIATIONS.nullable)
    return nothing | {
        "variant": variant, "trait": "mondo:0005148", "study": "GCST1", "effect_allele": effect, "other_allele": other, "beta": beta, "effect_allele_frequency": frequency,
        "neg_log10_p": 8.0, "build": build, "flags": [], "source": "s", "source_version": "1", "license": "CC0-1.0",
    }


def variants(*rows: tuple[str, str, int, str, str], build: str = "GRCh38") -> pl.DataFrame:
    schema = {"variant": pl.String, "chromosome": pl.String, "position": pl.Int64, "reference_allele": pl.String, "alternate_allele": pl.String}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return check(frame.with_columns(build=pl.lit(build), consequence=pl.lit(None, dtype=pl.String), source=pl.lit("s"), source_version=pl.lit("1")), VARIANTS)


def test_associations_are_aligned_with_a_table_of_variants() -> None:
    """rs7903146 is C>T: written for C, its effect is turned; on the other strand (A, G) it is complemented first; A/T is flagged, not turned."""
    rows = [
        association("dbsnp:rs7903146", "T", "C", 0.3, 0.28), association("dbsnp:rs7903146", "C", "T", -0.3, 0.72), association("dbsnp:rs7903146", "A", "G", 0.3, 0.28),
        association("dbsnp:rs2", "A", "T", 0.1, 0.4), association("dbsnp:rs7903146", "T", "A", 0.3, 0.28), association("dbsnp:rs9", "T", "A", 0.3, None),
    ]
    known = variants(("dbsnp:rs7903146", "10", 112_998_590, "C", "T"), ("dbsnp:rs2", "1", 5, "A", "T"))
    aligned = align_to_effect_allele(pl.DataFrame(rows, schema=ASSOCIATIONS.columns), known)
    assert aligned.select("effect_allele", "other_allele", "beta", "effect_allele_frequency", "flags").rows() == [
        ("T", "C", 0.3, 0.28, []), ("T", "C", 0.3, pytest.approx(0.28), ["SWAPPED"]), ("T", "C", 0.3, 0.28, ["OTHER_STRAND"]),
        ("A", "T", 0.1, 0.4, ["PALINDROMIC"]), ("T", "A", 0.3, 0.28, ["MISMATCH"]), ("T", "A", 0.3, None, ["NOT_IN_REFERENCE"]),
    ]


def test_associations_on_another_build_than_the_reference_are_refused() -> None:
    """GRCh37 beside GRCh38 is an error that names both."""
    rows = pl.DataFrame([association("dbsnp:rs1", "A", "G", 0.1, None, "GRCh37")], schema=ASSOCIATIONS.columns)
    with pytest.raises(BuildMismatch, match="are on GRCh37, and the reference is on GRCh38"):
        align_to_effect_allele(rows, variants(("dbsnp:rs1", "1", 5, "A", "G")))


def test_a_variant_without_rsid_gets_the_one_at_its_place() -> None:
    """By chromosome, position and alleles, either way and on either strand; with other alleles it is another variant."""
    rows: list[Row] = [(None, 1, 100, "G", "A", 0.1, None), (None, 1, 100, "A", "G", 0.1, None), (None, 1, 100, "C", "T", 0.1, None), (None, 1, 100, "G", "C", 0.1, None)]
    aligned, _ = align(rows_of(rows), known_variants())
    assert aligned["variant"].to_list() == ["rs1", "rs1", "rs1", None]
    assert aligned["beta"].to_list() == [0.1, -0.1, 0.1, 0.1]
    assert flag_names(aligned["flags"][3]) == ["NOT_IN_REFERENCE"]


def test_a_known_rsid_gets_the_references_place() -> None:
    """A row without position gets one; a row at another position is flagged and gets the reference's."""
    aligned, agreement = align(rows_of([(1, None, None, "G", "A", 0.1, None), (1, 1, 101, "G", "A", 0.1, None)]), known_variants())
    assert aligned.select("chromosome", "position", "flags").rows() == [(1, 100, 0), (1, 100, FLAGS["POSITION_DIFFERS"])]
    assert (agreement.n_known, agreement.n_elsewhere, agreement.first) == (1, 1, "rs1 at 1:101, not 1:100")


VCF = """##fileformat=VCFv4.3
##reference=GRCh38.p14
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO
NC_000001.11	100	rs1	A	G,T	.	.	RS=1;AF=0.3,0.1
chr10	112998590	rs7903146	C	T	.	.	AF=0.28
NC_000023.11	50	.	C	CTT	.	.	.
NT_113793.3	7	rs9	A	G	.	.	.
1	90	rs3	A	<DEL>	.	.	.
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_vcf_is_a_reference(tmp_path: Path, packed: bool) -> None:
    """Several alternates are several rows with their frequencies; RefSeq's names of chromosomes are read; scaffolds and symbols are left out and counted."""
    path = tmp_path / "known.vcf.gz"
    path.write_bytes(gzip.compress(VCF.encode()) if packed else VCF.encode())
    known = read_reference(path)
    assert known.build == "GRCh38"
    assert known.n_unusable == 2
    rows = [(place >> 32, place & 0xFFFFFFFF, rsid) for place, rsid in zip(known.places.tolist(), known.rsids.tolist(), strict=True)]
    assert rows == [(1, 100, 1), (1, 100, 1), (10, 112_998_590, 7_903_146), (23, 50, 0)]
    assert known.letters.decode(known.alternate).to_list() == ["G", "T", "T", "CTT"]
    assert known.frequency is not None
    assert [None if math.isnan(each) else round(each, 3) for each in known.frequency.tolist()] == [0.3, 0.1, 0.28, None]


def test_a_table_of_variants_is_a_reference_as_text_and_as_parquet(tmp_path: Path) -> None:
    """VARIANTS with CURIEs, in any order of rows, gives the same as a VCF of the same."""
    frame = variants(("dbsnp:rs7903146", "10", 112_998_590, "C", "T"), ("dbsnp:rs1", "1", 100, "A", "G"))
    frame.write_parquet(tmp_path / "v.parquet")
    frame.write_csv(tmp_path / "v.tsv", separator="\t")
    for name in ("v.parquet", "v.tsv"):
        known = read_reference(tmp_path / name)
        assert (known.rsids.tolist(), known.build) == ([1, 7_903_146], "GRCh38")


def test_a_reference_that_is_none_says_what_it_lacks(tmp_path: Path) -> None:
    """Missing columns, no usable row, two builds and bytes that are no Parquet are told apart."""
    path = tmp_path / "v.tsv"
    path.write_text("variant\tposition\nrs1\t5\n")
    with pytest.raises(BadTable, match=r"lacks a column for chromosome .*reference_allele"):
        read_reference(path)
    path.write_text("ID\tCHROM\tPOS\tREF\tALT\nrs1\t1\t5\tN\tA\n")
    with pytest.raises(BadTable, match="no usable row among 1"):
        read_reference(path)
    path.write_text("ID\tCHROM\tPOS\tREF\tALT\tbuild\nrs1\t1\t5\tC\tA\thg38\nrs1\t1\t5\tC\tA\thg19\n")
    with pytest.raises(BadTable, match=r"several genome builds \(GRCh37, GRCh38\)"):
        read_reference(path)
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BadTable, match="cannot be read as Parquet"):
        read_reference(path)


def study(folder: Path, places: list[tuple[int, int, int]]) -> Path:
    """A study of rsIDs (numbers) at chromosome and position."""
    path = folder / "study.tsv"
    lines = [f"rs{rsid}\t{chromosome}\t{position}\tG\tA\t0.1\t0.01\t0.5\n" for rsid, chromosome, position in places]
    path.write_text("rsid\tchromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value\n" + "".join(lines))
    return path


def known_at(positions: dict[int, int]) -> Reference:
    return reference_of([(f"rs{rsid}", "1", position, "A", "G", None) for rsid, position in positions.items()])


def test_a_study_most_of_whose_rsids_stand_elsewhere_is_refused(tmp_path: Path) -> None:
    """Six of ten at other positions is another build; four of ten are flagged, and the study is read."""
    known = known_at({rsid: 1000 + rsid for rsid in range(1, 11)})
    with pytest.raises(BuildMismatch, match=r"6 of the first 10 rsIDs stand elsewhere than in known \(GRCh38\), such as rs1 at 1:501, not 1:1,001"):
        list(harmonize_study(open_study(study(tmp_path, [(rsid, 1, (500 if rsid <= 6 else 1000) + rsid) for rsid in range(1, 11)])), reference=known, tally=Tally()))
    tally = Tally()
    list(harmonize_study(open_study(study(tmp_path, [(rsid, 1, (500 if rsid <= 4 else 1000) + rsid) for rsid in range(1, 11)])), reference=known, tally=tally))
    assert tally.flags["POSITION_DIFFERS"] == 4


def test_a_study_that_says_another_build_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """hg19 beside a reference on GRCh38."""
    file = open_study(study(tmp_path, [(1, 1, 1001)]), build=normalize_build("hg19", where="test"))
    with pytest.raises(BuildMismatch, match=r"is on GRCh37, and the reference known is on GRCh38"):
        list(harmonize_study(file, reference=known_at({1: 1001}), tally=Tally()))


def test_well_known_variants_tell_the_build(tmp_path: Path) -> None:
    """Without a word and a reference, three landmarks on GRCh37 say it; a study that claims GRCh38 then is refused."""
    places = [(rsid, chromosome, on_37) for rsid, (chromosome, on_37, _) in list(PLACES.items())[:3]]
    tally, file = Tally(), open_study(study(tmp_path, places))
    list(harmonize_study(file, reference=None, tally=tally))
    assert build_of(file, tally, None) == "GRCh37"
    with pytest.raises(BuildMismatch, match="should be on GRCh38, and well-known variants stand as on GRCh37, such as rs334 at 11:5,248,232"):
        list(harmonize_study(open_study(study(tmp_path, places), build="GRCh38"), reference=None, tally=Tally()))


def test_a_build_that_nobody_knows_is_refused() -> None:
    """T2T is a build, but none that we have references for."""
    with pytest.raises(BadInput, match=r"the setting says the genome build 'T2T-CHM13', which is none that we know"):
        normalize_build("T2T-CHM13", where="the setting")
    assert [normalize_build(each, where="") for each in ("hg19", "GRCh38.p14", "b37", "38", "")] == ["GRCh37", "GRCh38", "GRCh37", "GRCh38", ""]
