"""Lead variants: of the significant ones, those that no more significant one nearby stands for.

Greedy, as everybody does it: the smallest p is a lead and takes all that lies within the distance of it, and with linkage disequilibrium
given, is in it; then the smallest p of what is left; and so on. Of equal p the first by place is taken, so that the choice does not
depend on the order of rows.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from generel.concepts.errors import BadInput, BadTable
from kg.gwas.columns import PLINK_NUMBERS, spelled
from kg.gwas.effects import rsids
from kg.gwas.place import chromosome_numbers, positions
from kg.gwas.reference import PLACE_BITS, place_keys
from kg.gwas.stream import open_table, parse_block

# PLINK's table of pairs, --r2: one end's name and place, and the other's.
LD_COLUMNS = ("chr_a", "bp_a", "snp_a", "chr_b", "bp_b", "snp_b", "r2")
NO_LEAD = -1


@dataclass(frozen=True)
class LeadSettings:
    """How leads are chosen.

    Attributes:
        threshold: the largest p of a significant variant.
        distance_kb: how far, in thousands of letters, a lead's reach goes to either side.
        least_r2: of a pair in the table of linkage disequilibrium that belongs together.
    """

    threshold: float = 5e-8
    distance_kb: float = 500.0
    least_r2: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise BadInput(f"the threshold is a p-value above 0 and up to 1, not {self.threshold}")
        if not 0 <= self.distance_kb < 1e6:
            raise BadInput(f"the distance is in kilobases, from 0 up, not {self.distance_kb}")

    @property
    def least_neg_log10_p(self) -> float:
        return -math.log10(self.threshold)

    def significant(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those of the rows whose p is not above the threshold."""
        return rows.filter(pl.col("neg_log10_p") >= self.least_neg_log10_p)


def pick_leads(significant: pl.DataFrame, *, settings: LeadSettings, pairs: pl.DataFrame | None = None) -> pl.DataFrame:
    """The rows, in the order of their places, with `lead`: the row (from 0, in this order) of each one's lead, its own where it is one; -1 without a place.

    Args:
        significant: ALIGNED rows; their p is not looked at again.
        pairs: as `read_pairs` gives them; where given, a lead takes only variants that are in a pair with it.
    """
    unplaced = pl.col("chromosome").is_null() | pl.col("position").is_null()
    rows = significant.sort(unplaced, "chromosome", "position", "variant", "effect_allele", "line", nulls_last=True)
    keys = place_keys(rows["chromosome"], rows["position"])
    placed = int((keys >= 0).sum())
    order = rows.head(placed).with_row_index("at").sort("neg_log10_p", "at", descending=[True, False])["at"].to_list()
    lead = np.full(rows.height, NO_LEAD, dtype=np.int64)
    partners = None if pairs is None else _partners(rows.head(placed), keys[:placed], pairs)
    for at in order:
        if lead[at] == NO_LEAD:
            reach = _reach(keys[:placed], at, distance=round(settings.distance_kb * 1000))
            taken = reach if partners is None else np.array([at, *(one for one in partners.get(at, ()) if reach[0] <= one <= reach[-1])])
            lead[taken[lead[taken] == NO_LEAD]] = at
    return rows.with_columns(lead=pl.Series(lead))


def leads_of(picked: pl.DataFrame) -> pl.DataFrame:
    """The leads among rows of `pick_leads`, most significant first, with `n_variants`: how many each stands for, itself included."""
    numbered = picked.with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    counts = numbered.group_by("lead").agg(n_variants=pl.len().cast(pl.Int64))
    leads = numbered.filter(pl.col("at") == pl.col("lead")).drop("lead").join(counts, left_on="at", right_on="lead", how="left")
    return leads.sort("neg_log10_p", "at", descending=[True, False]).drop("at")


def read_pairs(path: Path, significant: pl.DataFrame, *, least_r2: float) -> pl.DataFrame:
    """`left, right`: the places (see `place_keys`) of pairs with at least so much r2, both of whose ends are significant in the study.

    An end without an rsID goes by its place; the file is read block by block, and only such pairs are kept.

    Args:
        path: as PLINK's --r2 writes it: CHR_A BP_A SNP_A CHR_B BP_B SNP_B R2.

    Raises:
        BadTable: missing columns.
    """
    known = significant.with_columns(place=pl.Series(place_keys(significant["chromosome"], significant["position"])))
    frames = [_significant_pairs(frame, known, least_r2=least_r2) for frame in _pair_frames(path)]
    return pl.concat(frames) if frames else pl.DataFrame(schema={"left": pl.Int64, "right": pl.Int64})


def _reach(keys: np.ndarray, at: int, *, distance: int) -> np.ndarray:
    """The rows on the same chromosome within the distance, in order."""
    chromosome = keys[at] >> PLACE_BITS
    low = max(keys[at] - distance, chromosome << PLACE_BITS)
    high = min(keys[at] + distance, ((chromosome + 1) << PLACE_BITS) - 1)
    return np.arange(np.searchsorted(keys, low), np.searchsorted(keys, high, side="right"))


def _partners(rows: pl.DataFrame, keys: np.ndarray, pairs: pl.DataFrame) -> Mapping[int, list[int]]:
    """The rows in a pair with each row; rows at one place are in one with each other."""
    both = pl.concat([pairs, pairs.select(left="right", right="left"), pl.DataFrame({"left": keys, "right": keys})]).unique()
    ends = pl.DataFrame({"place": keys}).with_row_index("at")
    joined = both.join(ends.rename({"place": "left", "at": "from"}), on="left").join(ends.rename({"place": "right", "at": "to"}), on="right")
    grouped = joined.group_by("from").agg(pl.col("to").unique().sort())
    return dict(zip(grouped["from"].to_list(), grouped["to"].to_list(), strict=True))


def _significant_pairs(frame: pl.DataFrame, known: pl.DataFrame, *, least_r2: float) -> pl.DataFrame:
    """`left, right`, as places in the study, of the block's pairs."""
    strong = frame.filter(pl.col("r2").cast(pl.Float64, strict=False) >= least_r2)
    ends = {side: _places_in_study(strong, side, known) for side in ("a", "b")}
    pairs = pl.DataFrame({"left": ends["a"], "right": ends["b"]}).drop_nulls()
    return pairs.filter(pl.col("left") != pl.col("right"))


def _places_in_study(pairs: pl.DataFrame, side: str, known: pl.DataFrame) -> pl.Series:
    """Each end's place in the study: that of its rsID, else its own if a significant variant stands there."""
    _, numbers = rsids(pairs[f"snp_{side}"])
    places = place_keys(chromosome_numbers(pairs[f"chr_{side}"], numbers=PLINK_NUMBERS), positions(pairs[f"bp_{side}"]))
    ends = pl.DataFrame({"rsid": numbers, "own": places})
    named = known.filter(pl.col("rsid").is_not_null(), pl.col("place") >= 0).unique("rsid", keep="first", maintain_order=True).select("rsid", by_name="place")
    there = pl.DataFrame({"own": known["place"].unique()}).with_columns(by_place="own")
    joined = ends.join(named, on="rsid", how="left", maintain_order="left").join(there, on="own", how="left", maintain_order="left")
    return joined.select(pl.coalesce("by_name", pl.when(pl.col("rsid").is_null() & (pl.col("own") >= 0)).then("by_place"))).to_series()


def _pair_frames(path: Path) -> Iterator[pl.DataFrame]:
    layout, blocks = open_table(path)
    names = [spelled(name) for name in layout.names]
    missing = [column for column in LD_COLUMNS if column not in names]
    if missing:
        raise BadTable(f"{path} lacks the columns {', '.join(missing).upper()} of PLINK's --r2; it has {', '.join(layout.names)[:400]}")
    places = {column: names.index(column) for column in LD_COLUMNS}
    for block in blocks:
        frame, _ = parse_block(block, layout, places=list(places.values()))
        yield frame.select(pl.col(str(place)).alias(column) for column, place in places.items())
