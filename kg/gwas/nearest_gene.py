"""From a position to its genes: those that it lies in, else the nearest one.

The nearest gene is the causal one at about half of the loci where that is known, so its confidence is that of a guess, and falls with
the distance. Positions and genes have to be of one genome build: a position of GRCh37 is some megabases off on GRCh38.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.tables import RELATIONS, check

PREDICATE = "variant_of_gene"
# How many bases outside of a gene the confidence has fallen to a half.
HALFWAY_BASES = 50_000


def confidence_of_distance(bases: pl.Expr) -> pl.Expr:
    """1 inside the gene, a half at `HALFWAY_BASES` from it: h / (h + distance)."""
    return HALFWAY_BASES / (HALFWAY_BASES + bases)


def nearest_genes(variants: pl.DataFrame, genes: pl.DataFrame, *, max_distance: int) -> pl.DataFrame:
    """RELATIONS `variant_of_gene`: each variant with all genes around it, or if there are none with the nearest.

    A tie of distances gives both genes. Variants without a gene within `max_distance` bases are not in the result, nor are those on a
    build or chromosome of which no gene is known.

    Args:
        variants: VARIANTS; what else than place and name they have does not matter.
        genes: GENE_POSITIONS, of one source.
        max_distance: in bases, from the gene's nearer end.
    """
    places = variants.select("variant", "build", "chromosome", "position").unique().sort("build", "chromosome", "position", "variant")
    by_place = genes.sort("start", "end", "gene").partition_by("build", "chromosome", as_dict=True)
    columns = ["variant", "distance", *genes.columns]
    found = [genes.clear().with_columns(variant=pl.lit("", dtype=pl.String), distance=pl.lit(0, dtype=pl.Int64)).select(columns)]
    for place, of_place in places.partition_by("build", "chromosome", as_dict=True).items():
        if place in by_place:
            near = _near(of_place["position"].to_numpy(), by_place[place]["start"].to_numpy(), by_place[place]["end"].to_numpy())
            named = near.with_columns(variant=of_place["variant"].gather(near["at"]))
            found.append(pl.concat([named, by_place[place][near["gene_at"]]], how="horizontal").select(columns))
    close = pl.concat(found).filter(pl.col("distance") <= max_distance)
    rows = close.select(
        "source", "source_version", "license", subject="variant", predicate=pl.lit(PREDICATE), object="gene", confidence=confidence_of_distance(pl.col("distance"))
    )
    # A variant with two places may have a gene near both.
    return check(rows.sort("confidence", descending=True).unique(RELATIONS.key, keep="first", maintain_order=True), RELATIONS)


def _near(positions: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> pl.DataFrame:
    """`at, gene_at, distance`: the places of positions and genes in their arrays, for all genes around each position, or the nearest.

    Args:
        positions: (p,).
        starts: (g,), ascending, g at least 1.
        ends: (g,), of the same genes.
    """
    after = np.searchsorted(starts, positions, side="right").astype(np.int64)
    furthest = np.maximum.accumulate(ends)
    at, gene_at = _around(positions, ends, furthest=furthest, after=after)
    within = pl.DataFrame({"at": at, "gene_at": gene_at, "distance": np.zeros(len(at), dtype=np.int64)})
    outside = np.setdiff1d(np.arange(len(positions)), at)
    position, next_gene = positions[outside], after[outside]
    # The genes that begin before the position all end before it, too.
    far = np.iinfo(np.int64).max
    before = np.where(next_gene > 0, position - furthest[next_gene - 1], far)
    behind = np.where(next_gene < len(starts), starts[np.minimum(next_gene, len(starts) - 1)] - position, far)
    distance = np.minimum(before, behind)
    lonely = pl.DataFrame({"at": outside, "position": position, "distance": distance, "is_before": before == distance, "is_behind": behind == distance})
    genes = pl.DataFrame({"gene_at": np.arange(len(starts)), "start": starts, "end": ends})
    # Several genes may end, or begin, at the same base.
    sides = [
        lonely.filter("is_before").with_columns(end=pl.col("position") - pl.col("distance")).join(genes, on="end"),
        lonely.filter("is_behind").with_columns(start=pl.col("position") + pl.col("distance")).join(genes, on="start"),
    ]
    return pl.concat([within, *(side.select(within.columns) for side in sides)])


def _around(
    positions: NDArray[np.int64], ends: NDArray[np.int64], *, furthest: NDArray[np.int64], after: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(place of the position, place of the gene) of the genes around each position.

    Args:
        furthest: (g,), the largest end of a gene and those before it.
        after: (p,), how many genes begin at or before the position.
    """
    waiting, gene = np.arange(len(positions)), after - 1
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    while True:
        # Walk back from the last gene that begins before; stop where no gene before reaches the position.
        reach = (gene >= 0) & (furthest[gene] >= positions[waiting])
        waiting, gene = waiting[reach], gene[reach]
        if not len(waiting):
            break
        holds = ends[gene] >= positions[waiting]
        found.append((waiting[holds], gene[holds]))
        gene = gene - 1
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])
