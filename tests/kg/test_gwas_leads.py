"""Lead variants: beside a plain loop, by distance, by linkage disequilibrium, and with what has no place."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.errors import BadInput, BadTable
from kg.gwas.align import ALIGNED
from kg.gwas.leads import LeadSettings, leads_of, pick_leads, read_pairs

Variant = tuple[int, int | None, float]


def significant(variants: list[Variant]) -> pl.DataFrame:
    """Rows of (chromosome, position, -log10 p), called rs1, rs2, … in this order."""
    frame = pl.DataFrame(variants, schema={"chromosome": pl.UInt8, "position": pl.Int64, "neg_log10_p": pl.Float64}, orient="row").with_row_index("rsid", offset=1)
    frame = frame.with_columns(
        line=pl.col("rsid"), variant=pl.format("rs{}", "rsid"), effect_allele=pl.lit("A"), other_allele=pl.lit("G"), beta=pl.lit(0.1), standard_error=pl.lit(0.01),
        effect_allele_frequency=pl.lit(0.5), n=pl.lit(9), flags=pl.lit(0),
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in ALIGNED.items())


def lead_names(picked: pl.DataFrame) -> dict[str, str]:
    """Each variant's lead."""
    names = picked["variant"].to_list()
    return {name: names[lead] for name, lead in zip(names, picked["lead"].to_list(), strict=True) if lead >= 0}


def leads_by_loop(variants: list[Variant], *, distance: int, pairs: set[frozenset[str]] | None = None) -> dict[str, str]:
    """Again and again the smallest p of what is left, first by place, takes what is near (and paired with it)."""
    left = {f"rs{number}": each for number, each in enumerate(variants, start=1) if each[1] is not None}
    taken: dict[str, str] = {}
    while left:
        lead = min(left, key=lambda name: (-left[name][2], left[name][:2], name))
        chromosome, position, _ = left[lead]
        near = [name for name, each in left.items() if each[0] == chromosome and abs(each[1] - position) <= distance]
        if pairs is not None:
            near = [name for name in near if name == lead or frozenset((name, lead)) in pairs or left[name][:2] == left[lead][:2]]
        taken |= dict.fromkeys(near, lead)
        left = {name: each for name, each in left.items() if name not in near}
    return taken


variants = st.lists(st.tuples(st.integers(1, 3), st.one_of(st.none(), st.integers(1, 60)), st.sampled_from([8.0, 9.5, 12.0, 400.0])), max_size=14)


@settings(max_examples=80, deadline=None)
@given(variants=variants, distance=st.sampled_from([0, 5, 20, 100]), drawn=st.sets(st.frozensets(st.integers(1, 14), min_size=2, max_size=2), max_size=12), linked=st.booleans())
def test_leads_are_those_of_a_plain_loop(variants: list[Variant], distance: int, drawn: set[frozenset[int]], linked: bool) -> None:
    """With and without pairs, ties in p, several variants at one place, and some without one."""
    rows = significant(variants)
    names = {frozenset(f"rs{number}" for number in pair) for pair in drawn}
    pairs = None
    if linked:
        places = {row["variant"]: (row["chromosome"] << 32) + row["position"] for row in rows.iter_rows(named=True) if row["position"] is not None}
        ends = [sorted(places[name] for name in pair) for pair in names if all(name in places for name in pair)]
        pairs = pl.DataFrame(ends, schema={"left": pl.Int64, "right": pl.Int64}, orient="row")
        # Pairs are of places: all variants at the two places are in them.
        names = {frozenset((one, other)) for one in places for other in places if one != other and sorted((places[one], places[other])) in ends}
    picked = pick_leads(rows, settings=LeadSettings(distance_kb=distance / 1000), pairs=pairs)
    assert lead_names(picked) == leads_by_loop(variants, distance=distance, pairs=names if linked else None)


def test_the_smallest_p_stands_for_what_is_near() -> None:
    """Within 500 kb to either side on its chromosome; what is farther, or elsewhere, is a lead of its own."""
    rows = significant([(1, 1_000_000, 300.0), (1, 1_500_000, 20.0), (1, 1_500_001, 15.0), (1, 500_000, 9.0), (2, 1_000_000, 8.0)])
    picked = pick_leads(rows, settings=LeadSettings())
    assert lead_names(picked) == {"rs4": "rs1", "rs1": "rs1", "rs2": "rs1", "rs3": "rs3", "rs5": "rs5"}
    assert leads_of(picked).select("variant", "n_variants").rows() == [("rs1", 3), ("rs3", 1), ("rs5", 1)]


LD = """ CHR_A         BP_A SNP_A  CHR_B         BP_B SNP_B           R2
     1          100   rs1      1          300   rs3     0.85
     1          100   rs1      1          200   rs2     0.05
     1          200   rs2      1          900   rs77    0.9
     1          400   1:400:A:G      1  200   rs2     0.2
"""


def test_with_linkage_disequilibrium_a_lead_takes_only_what_is_in_it(tmp_path: Path) -> None:
    """rs2 is near rs1 but hardly in a pair with it, so it is a lead, and takes the nameless variant at 1:400, which goes by its place."""
    path = tmp_path / "pairs.ld"
    path.write_text(LD)
    rows = significant([(1, 100, 50.0), (1, 200, 20.0), (1, 300, 10.0), (1, 400, 9.0)])
    pairs = read_pairs(path, rows, least_r2=0.1)
    assert [(left & 0xFFFF, right & 0xFFFF) for left, right in pairs.rows()] == [(100, 300), (400, 200)]
    assert lead_names(pick_leads(rows, settings=LeadSettings(), pairs=pairs)) == {"rs1": "rs1", "rs3": "rs1", "rs2": "rs2", "rs4": "rs2"}


def test_a_table_of_pairs_that_is_none_says_what_it_lacks(tmp_path: Path) -> None:
    """PLINK's square matrix of r2 has no header."""
    path = tmp_path / "pairs.ld"
    path.write_text("1 0.5\n0.5 1\n")
    with pytest.raises(BadTable, match="lacks the columns CHR_A, BP_A, SNP_A"):
        read_pairs(path, significant([]), least_r2=0.1)


def test_settings_that_cannot_be_are_refused() -> None:
    """A threshold is a p-value, not its logarithm."""
    with pytest.raises(BadInput, match=r"the threshold is a p-value above 0 and up to 1, not 7\.3"):
        LeadSettings(threshold=7.3)
    with pytest.raises(BadInput, match="the distance is in kilobases, from 0 up, not -1"):
        LeadSettings(distance_kb=-1)
