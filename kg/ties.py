"""The relations that measured ties amount to: significant associations and patients' co-occurrences.

The measured tables stay as they are; what is made here lets splits, training and explanations treat a measured tie as any other
relation. Its confidence grows with the measure and stays below 1: half of the way where the measure is at `HALFWAY`.
"""

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME
from generel.concepts.tables import RELATIONS
from kg.curies import prefix_of
from kg.harvest import mention

ASSOCIATED, EXPRESSED, TOGETHER = "variant_associated_with", "expression_variant_of", "occurs_with"
# −log10 of 5e-8, the usual threshold over a genome: its two digits are 7.3.
GENOME_WIDE = 7.3
PPMI_HALFWAY = 1.0


def predicate_of_association(trait: pl.Expr) -> pl.Expr:
    """What a significant association amounts to: a variant associated with a gene changes its expression."""
    of_gene = prefix_of(trait).is_in([name for name, prefix in BY_NAME.items() if prefix.kinds == (Kind.GENE,)]) | trait.str.starts_with(mention(Kind.GENE, ""))
    return pl.when(of_gene).then(pl.lit(EXPRESSED)).otherwise(pl.lit(ASSOCIATED))


def relations_of_associations(associations: pl.DataFrame, *, least_neg_log10_p: float) -> pl.DataFrame:
    """RELATIONS `variant_associated_with`, of a gene's expression `expression_variant_of`, one row a (variant, trait, source), of associations at least so significant.

    Confidence is m / (m + 7.3) with m = −log10 p, the largest of the pair's studies.
    """
    significant = associations.filter(pl.col("neg_log10_p") >= least_neg_log10_p)
    rows = significant.with_columns(subject="variant", predicate=predicate_of_association(pl.col("trait")), object="trait", confidence=_saturating("neg_log10_p", halfway=GENOME_WIDE))
    return strongest(rows)


def relations_of_cooccurrences(cooccurrences: pl.DataFrame, *, least_ppmi: float) -> pl.DataFrame:
    """RELATIONS `occurs_with`, one row a (left, right, source), of pairs with at least so much positive pointwise mutual information.

    Confidence is m / (m + 1) with m the largest PPMI of the pair's cohorts.
    """
    frequent = cooccurrences.filter(pl.col("ppmi") >= least_ppmi)
    rows = frequent.with_columns(subject="left", predicate=pl.lit(TOGETHER), object="right", confidence=_saturating("ppmi", halfway=PPMI_HALFWAY))
    return strongest(rows)


def strongest(relations: pl.DataFrame) -> pl.DataFrame:
    """RELATIONS with one row a key: that of the highest confidence, then the last version and license alphabetically."""
    order = ["confidence", "source_version", "license"]
    rows = relations.select(*RELATIONS.columns).sort(*RELATIONS.key, *order, descending=[False] * len(RELATIONS.key) + [True] * len(order))
    return rows.unique(RELATIONS.key, keep="first", maintain_order=True)


def _saturating(column: str, *, halfway: float) -> pl.Expr:
    # A p-value too small for its file is written as infinite −log10 p; it is as sure as a tie gets.
    measure = pl.col(column)
    return pl.when(measure.is_infinite()).then(1.0).otherwise(measure / (measure + halfway))
