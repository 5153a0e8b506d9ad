"""Well-known variants, by whose positions one sees what genome build a study is on, whatever it says.

Positions are those of dbSNP. Two of them standing on one build and none on the other settle it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from kg.gwas.place import GRCH37, GRCH38

# rsID (its number): chromosome, position on GRCh37, position on GRCh38.
PLACES: Mapping[int, tuple[int, int, int]] = MappingProxyType({
    334: (11, 5_248_232, 5_227_002), 6025: (1, 169_519_049, 169_549_811), 7412: (19, 45_412_079, 44_908_822), 429358: (19, 45_411_941, 44_908_684),
    646776: (1, 109_818_530, 109_275_908), 738409: (22, 44_324_727, 43_928_847), 1260326: (2, 27_730_940, 27_508_073), 1421085: (16, 53_800_954, 53_767_042),
    1558902: (16, 53_803_574, 53_769_662), 1800562: (6, 26_093_141, 26_092_913), 1801282: (3, 12_393_125, 12_351_626), 2476601: (1, 114_377_568, 113_834_946),
    3184504: (12, 111_884_608, 111_446_804), 4149056: (12, 21_331_549, 21_178_615), 4420638: (19, 45_422_946, 44_919_689), 4988235: (2, 136_608_646, 135_851_076),
    6983267: (8, 128_413_305, 127_401_060), 7903146: (10, 114_758_349, 112_998_590), 9349379: (6, 12_903_957, 12_903_725), 9939609: (16, 53_820_527, 53_786_615),
    10830963: (11, 92_708_710, 92_975_544), 11591147: (1, 55_505_647, 55_039_974), 12913832: (15, 28_365_618, 28_120_472), 13266634: (8, 118_184_783, 117_172_544),
    17817449: (16, 53_813_367, 53_779_455),
})
ENOUGH = 2
KNOWN = pl.DataFrame([(rsid, *place) for rsid, place in PLACES.items()], schema={"rsid": pl.Int64, "on": pl.UInt8, GRCH37: pl.Int64, GRCH38: pl.Int64}, orient="row")


@dataclass(frozen=True)
class Landmarks:
    """How many well-known variants stand where they do on each build, and the first of them."""

    n_37: int = 0
    n_38: int = 0
    first: str = ""

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Landmarks":
        """Those among the rows; `rsid`, `chromosome` and `position` are as in `kg.gwas.effects.ROW`."""
        seen = rows.filter(pl.col("rsid").is_in(KNOWN["rsid"].implode())).select("rsid", "chromosome", "position")
        seen = seen.join(KNOWN, on="rsid").filter(pl.col("chromosome") == pl.col("on"))
        if seen.is_empty():
            return cls()
        first = f"rs{seen['rsid'][0]} at {seen['chromosome'][0]}:{seen['position'][0] or 0:,}"
        return cls(int((seen["position"] == seen[GRCH37]).sum()), int((seen["position"] == seen[GRCH38]).sum()), first)

    def __add__(self, more: "Landmarks") -> "Landmarks":
        return Landmarks(self.n_37 + more.n_37, self.n_38 + more.n_38, self.first or more.first)

    @property
    def build(self) -> str:
        """The one build that they stand on; empty where they are few or disagree."""
        if self.n_37 >= ENOUGH and not self.n_38:
            return GRCH37
        return GRCH38 if self.n_38 >= ENOUGH and not self.n_37 else ""
