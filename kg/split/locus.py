"""Loci: stretches of a chromosome of which training knows nothing that a variant does.

Variants with ties to traits or drugs are clustered by position on GRCh38; some of the clusters, drawn, are held out. Around them no
variant may tell: those within the distance of a held-out one, in a neighboring cluster, are withheld, and so are those without
a position that share a gene with it. Where a variant lies, and so its gene, stays known.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import Kind
from kg.split.draw import draw_each
from kg.split.parts import BETWEEN_VARIANTS, LOCUS, OF_GENE, OF_VARIANT, PAIR, WITHHELD

BUILD = "GRCh38"
# On a chromosome with many variants no gap is wide enough, and the MHC has none: loci wider than so many distances are cut.
WIDEST = 10


@dataclass(frozen=True)
class Loci:
    """The variants of the loci held out, and those too near to them to be trained on; CURIEs, sorted."""

    held: pl.Series
    near: pl.Series


def places_of(variants: pl.DataFrame) -> pl.DataFrame:
    """`variant, chromosome, position` of VARIANTS on GRCh38; a variant may lie at several places."""
    return variants.filter(pl.col("build") == BUILD).select("variant", "chromosome", "position").unique()


def tied_variants(concepts: pl.DataFrame, relations: pl.DataFrame) -> pl.Series:
    """The variants that have a tie to a trait or a drug, sorted."""
    variants = concepts.filter(pl.col("kind") == Kind.VARIANT.value)["curie"]
    subjects = relations.filter(pl.col("predicate").is_in(OF_VARIANT))["subject"].unique()
    return subjects.filter(subjects.is_in(variants.implode())).sort()


def draw_loci(concepts: pl.DataFrame, relations: pl.DataFrame, variants: pl.DataFrame, *, share: float, within_kb: int, seed: int) -> Loci:
    """A share of the loci, at least one where there are any.

    Args:
        relations: `subject, predicate, object`.
        variants: VARIANTS.
        share: of the loci.
        within_kb: kilobases; variants no further apart are of one locus, unless it would be too wide.
    """
    tied, places = tied_variants(concepts, relations), places_of(variants)
    loci = find_loci(places.filter(pl.col("variant").is_in(tied.implode())), within_kb=within_kb)
    names = loci["locus"].unique().sort()
    order = pl.Series(draw_each(names, seed=seed, purpose="loci"), dtype=pl.UInt64).arg_sort()
    drawn = names.gather(order.head(max(1, round(share * len(names)))))
    held = loci.filter(pl.col("locus").is_in(drawn.implode()))["variant"].unique().sort()
    return Loci(held, variants_near(held, tied, places, relations, within_kb=within_kb))


def find_loci(places: pl.DataFrame, *, within_kb: int) -> pl.DataFrame:
    """`variant, chromosome, position, locus`: a locus is cut at every gap wider than the distance, and at its widest gaps until it is narrow enough.

    It is called by its chromosome and the first of its variants.
    """
    ordered = places.sort("chromosome", "position", "variant")
    parts = [part.with_columns(start=pl.Series(_starts(part["position"].to_numpy(), gap=within_kb * 1000))) for part in ordered.partition_by("chromosome", maintain_order=True)]
    if not parts:
        return places.with_columns(locus=pl.lit("", dtype=pl.String))
    numbered = pl.concat(parts).with_columns(number=pl.col("start").cum_sum())
    return numbered.with_columns(locus=pl.concat_str("chromosome", pl.col("variant").first().over("number"), separator=" ")).drop("start", "number")


def variants_near(held: pl.Series, tied: pl.Series, places: pl.DataFrame, relations: pl.DataFrame, *, within_kb: int) -> pl.Series:
    """Those of the tied variants, sorted, that lie within the distance of a held-out one, or nowhere that is known, but in its gene."""
    others = tied.filter(~tied.is_in(held.implode()))
    of_held = places.filter(pl.col("variant").is_in(held.implode())).select("chromosome", "position", neighbor="variant").sort("position")
    of_others = places.filter(pl.col("variant").is_in(others.implode())).sort("position")
    # Sorted by position alone, the rows of each chromosome are sorted too; polars cannot see that.
    close = of_others.join_asof(of_held, on="position", by="chromosome", strategy="nearest", tolerance=within_kb * 1000, check_sortedness=False)
    unplaced = others.filter(~others.is_in(places["variant"].implode()))
    genes = relations.filter(pl.col("predicate") == OF_GENE).select("subject", "object")
    of_held_genes = genes.filter(pl.col("subject").is_in(held.implode()))["object"].unique()
    same_gene = genes.filter(pl.col("object").is_in(of_held_genes.implode()) & pl.col("subject").is_in(unplaced.implode()))["subject"]
    return pl.concat([close.drop_nulls("neighbor")["variant"], same_gene.rename("variant")]).unique().sort()


def reserve_loci(relations: pl.DataFrame, loci: Loci) -> pl.DataFrame:
    """`left, right, part` of the groups that the loci settle.

    Withheld are those of near variants, and whatever ties a held-out variant to a variant that is not: what is inherited together
    is associated with the same traits, at whatever distance.

    Args:
        relations: `subject, predicate, object, left, right`.
    """
    tells = pl.col("predicate").is_in(OF_VARIANT)
    asked = relations.filter(tells & pl.col("subject").is_in(loci.held.implode()))
    near = relations.filter(tells & pl.col("subject").is_in(loci.near.implode()))
    parts = [asked.select(*PAIR, part=pl.lit(LOCUS)), near.select(*PAIR, part=pl.lit(WITHHELD)), straddling(relations, loci.held).select(*PAIR, part=pl.lit(WITHHELD))]
    return pl.concat(parts).unique(PAIR, keep="first", maintain_order=True)


def straddling(relations: pl.DataFrame, held: pl.Series) -> pl.DataFrame:
    """The rows that tie a held-out variant to one that is not."""
    is_subject, is_object = (pl.col(end).is_in(held.implode()) for end in ("subject", "object"))
    return relations.filter(pl.col("predicate").is_in(BETWEEN_VARIANTS) & (is_subject != is_object))


def _starts(positions: NDArray[np.int64], *, gap: int) -> NDArray[np.bool_]:
    """(n,) whether a locus starts here, of one chromosome's positions, ascending; of equally wide gaps the first is cut."""
    gaps, starts = np.diff(positions), np.zeros(len(positions), dtype=np.bool_)
    waiting = [(0, len(positions))]
    while waiting:
        start, end = waiting.pop()
        starts[start] = True
        inside = gaps[start : end - 1]
        if len(inside) and (inside.max() > gap or positions[end - 1] - positions[start] > WIDEST * gap):
            middle = start + 1 + int(inside.argmax())
            waiting += [(start, middle), (middle, end)]
    return starts
