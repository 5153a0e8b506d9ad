"""The genes of a GWAS Catalog row: those that the variant lies in, and the next ones up and down the chromosome.

Genes are identifiers in the catalog: of NCBI Gene until 2016, of Ensembl since. Only where a row has none of them are symbols read, of
the genes that the catalog mapped, else of those that the authors reported. What authors report is an opinion on which gene
matters, so it never adds to the genes that a position has.
"""

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.gwas.catalog_columns import whole_number
from kg.gwas.nearest_gene import confidence_of_distance
from kg.harvest import SetAside, mention
from kg.sources.rows import sift

PREDICATE = "variant_of_gene"
# Of a gene that only a symbol names it is not known how far it is.
BY_SYMBOL = 0.5
NO_GENES = ("", "NR", "NA", "INTERGENIC", "GENIC", "NO MAPPED GENES", "NONE", "UNKNOWN", "PSEUDOGENE", "INTRONIC", "-")
BAD_GENE, NO_DISTANCE, NO_GENE = "the gene's identifier is neither of Ensembl nor of NCBI Gene", "the distance to the gene is not known", "the row names no gene"


def genes_of_variants(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of rows with `key` and `variant`: 1 for the genes around the variant, less for those further away."""
    sides = [("upstream_gene", "upstream_distance"), ("downstream_gene", "downstream_distance")]
    parts = [_listed(rows, "genes_within").with_columns(distance=pl.lit(0, dtype=pl.Int64))]
    parts += [_listed(rows, gene).with_columns(distance=whole_number(pl.col(distance).str.strip_prefix("-"))) for gene, distance in sides]
    identified = pl.concat(part.select("key", "variant", "said", "distance") for part in parts)
    gene = identified["said"].str.replace(r"^(\d+)\.0$", "${1}")
    identified = identified.with_columns(ensembl=canonicalize_as(gene, "ensembl"), ncbi=canonicalize_as(gene, "ncbigene"))
    identified = identified.with_columns(gene=pl.coalesce("ensembl", "ncbi"))
    faults = [(pl.col("gene").is_null(), BAD_GENE), (pl.col("distance").is_null(), NO_DISTANCE)]
    kept = sift(identified, faults, table="RELATIONS", key=pl.col("key"), set_aside=set_aside)
    near = kept.select(subject="variant", predicate=pl.lit(PREDICATE), object="gene", confidence=confidence_of_distance(pl.col("distance")))
    nameless = rows.filter(pl.all_horizontal(pl.col(column) == "" for column in ("genes_within", "upstream_gene", "downstream_gene")))
    return pl.concat([near, genes_by_symbol(nameless, columns=("mapped_genes", "reported_genes"), set_aside=set_aside)])


def genes_by_symbol(rows: pl.DataFrame, *, columns: tuple[str, ...], set_aside: SetAside) -> pl.DataFrame:
    """As `genes_of_variants`, with mentions of the genes whose symbols the first of the columns that has any lists.

    Symbols stand after commas, semicolons or ` - `. Of several, which one it is is not known: they share the confidence.
    """
    named = rows.with_columns(symbols=pl.coalesce(*(pl.when(found.list.len() > 0).then(found) for found in map(_symbols, columns)), pl.lit([], dtype=pl.List(pl.String))))
    kept = sift(named, [(pl.col("symbols").list.len() == 0, NO_GENE)], table="RELATIONS", key=pl.col("key"), set_aside=set_aside)
    kept = kept.with_columns(confidence=BY_SYMBOL / pl.col("symbols").list.len()).explode("symbols")
    return kept.select(subject="variant", predicate=pl.lit(PREDICATE), object=mention(Kind.GENE, "") + pl.col("symbols"), confidence="confidence")


def _listed(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """A row a gene that the column names, as `said`."""
    listed = rows.with_columns(said=pl.col(column).str.split(",")).explode("said")
    return listed.with_columns(pl.col("said").str.strip_chars()).filter(pl.col("said") != "")


def _symbols(column: str) -> pl.Expr:
    """The distinct symbols of a column; empty where it has none."""
    plain = pl.col(column).str.replace_all(r"\s+-\s+|;", ",")
    symbol = pl.element().str.strip_chars()
    return plain.str.split(",").list.eval(symbol.filter(~symbol.str.to_uppercase().is_in(NO_GENES))).list.unique(maintain_order=True)
