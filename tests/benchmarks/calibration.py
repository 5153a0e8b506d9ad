"""Whether the p-values of a space are what they say: Markdown tables on stdout.

    python tests/benchmarks/calibration.py SPACE --split BUILD/split_relations.parquet --again

Random pairs must have uniform p-values, whatever their two kinds: 100,000 fresh ones are put to a Kolmogorov-Smirnov test for each two
kinds. Of tests that find nothing one in twenty is below .05, so the smallest is also given after Holm's correction. Held-out true relations
should have small ones: the share below .01, which is .01 of random pairs, is how much a user gains who looks there.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import kstest

from generel.concepts.kinds import KINDS
from generel.query.calibration import calibrate, draw_pairs
from generel.query.percentiles import Percentiles
from generel.query.space import EmbeddingSpace

N_PAIRS, SEED = 100_000, 123
HELD_OUT = ("validation", "test")


def recalibrated(space: EmbeddingSpace) -> Percentiles:
    """The percentiles that the space would have if it were released now."""
    table = calibrate(space.store.fetch(np.arange(space.store.count())), [KINDS[code] for code in space.names.kinds])
    parts = {kinds: part.sort("quantile") for kinds, part in table.group_by("left_kind", "right_kind")}

    def read(left: str, right: str) -> tuple[np.ndarray, np.ndarray, int] | None:
        part = parts.get((left, right))
        return None if part is None else (part["quantile"].to_numpy(), part["cosine"].to_numpy(), part["n_pairs"][0])

    return Percentiles(read)


def measure_random_pairs(space: EmbeddingSpace, percentiles: Percentiles) -> Iterator[tuple[str, float, float, float]]:
    """Kinds, Kolmogorov-Smirnov statistic and p, and the share of p-values below .01."""
    generator = np.random.default_rng(SEED)
    rows = {kind: np.flatnonzero(space.names.kinds == code) for code, kind in enumerate(KINDS)}
    present = sorted(kind for kind in KINDS if len(rows[kind]))
    for at, left in enumerate(present):
        for right in present[at:]:
            if random_pairs := percentiles.between(left, right):
                pairs = draw_pairs(rows[left], rows[right], N_PAIRS, generator=generator)
                p_values = random_pairs.p_value(space.cosines(pairs[:, 0], pairs[:, 1]))
                tested = kstest(p_values, "uniform")
                yield f"{left}–{right}", float(tested.statistic), float(tested.pvalue), float(np.mean(p_values < 0.01))


def print_random_pairs(space: EmbeddingSpace, percentiles: Percentiles, *, title: str) -> None:
    """The worst kinds, and all of them in one line."""
    found = sorted(measure_random_pairs(space, percentiles), key=lambda each: each[2])
    print(f"\n{title}: {len(found)} pairs of kinds, {N_PAIRS:,} random pairs of each\n\n| kinds | KS statistic | KS p | share below .01 |\n| --- | ---: | ---: | ---: |")
    for name, statistic, p, share in found[:5]:
        print(f"| {name} | {statistic:.4f} | {p:.4f} | {share:.4f} |")
    failed = sum(p < 0.05 for _, _, p, _ in found)
    print(f"\nKS p below .05: {failed} of {len(found)} ({0.05 * len(found):.1f} by chance); smallest after Holm: {min(1.0, len(found) * found[0][2]):.3f}", flush=True)


def print_held_out(space: EmbeddingSpace, percentiles: Percentiles, split: Path) -> None:
    """Held-out relations by predicate."""
    rows = pl.DataFrame({"curie": space.names.curies()}).with_row_index("row")
    held = pl.read_parquet(split).filter(pl.col("part").is_in(HELD_OUT))
    for end in ("subject", "object"):
        held = held.join(rows.rename({"curie": end, "row": f"{end}_row"}), on=end)
    print("\n| held-out relations | n | share below .01 | enriched | share below .05 |\n| --- | ---: | ---: | ---: | ---: |")
    every: list[np.ndarray] = []
    for (predicate,), part in sorted(held.group_by("predicate"), key=lambda group: -group[1].height):
        ends = [part[f"{end}_row"].to_numpy() for end in ("subject", "object")]
        p_values, cosines, kinds = np.ones(part.height), space.cosines(*ends), [space.names.kinds[rows] for rows in ends]
        for left, right in set(zip(*(codes.tolist() for codes in kinds), strict=True)):
            if random_pairs := percentiles.between(KINDS[left], KINDS[right]):
                at = (kinds[0] == left) & (kinds[1] == right)
                p_values[at] = random_pairs.p_value(cosines[at])
        every.append(p_values)
        if part.height >= 50:
            print(f"| {predicate} | {part.height:,} | {np.mean(p_values < 0.01):.3f} | {100 * np.mean(p_values < 0.01):.0f} × | {np.mean(p_values < 0.05):.3f} |")
    together = np.concatenate(every)
    print(f"| **all** | {len(together):,} | {np.mean(together < 0.01):.3f} | {100 * np.mean(together < 0.01):.0f} × | {np.mean(together < 0.05):.3f} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space")
    parser.add_argument("--split", type=Path, help="SPLIT_RELATIONS of the build that the space was trained on")
    parser.add_argument("--again", action="store_true", help="calibrate anew, as a release would now, instead of reading the space's own calibration")
    options = parser.parse_args()
    with EmbeddingSpace.open(options.space, exact=True, with_added=False) as space:
        percentiles = recalibrated(space) if options.again else space.percentiles
        print_random_pairs(space, percentiles, title="calibrated now" if options.again else "as released")
        if options.split:
            print_held_out(space, percentiles, options.split)


if __name__ == "__main__":
    main()
