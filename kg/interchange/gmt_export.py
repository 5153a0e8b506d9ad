"""Gene sets as GMT, a file a library: `name (GO:0006096) TAB source TAB TCF7L2 TAB …`.

Genes are given by their symbols. Where two genes share one, or it could be taken for something else, the gene's CURIE stands in its place,
so that nobody reads another gene. Sets and genes are in the order of their identifiers, which is that of the build.
"""

import re
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize
from kg.graph import Graph
from kg.interchange.spellings import spelled
from kg.interchange.text_files import one_line, write_rows

# No symbol has one of these, and a program may cut at it.
NO_SYMBOL = r"[:,\s]"


def write_gmt(graph: Graph, folder: Path) -> dict[str, int]:
    """Write a file for each library; how many sets each has."""
    lines = _lines_of(graph)
    libraries = lines["library"].unique().sort().to_list()
    files = _file_names(libraries)
    return {
        files[library]: write_rows(lines.filter(pl.col("library") == library).select("line"), folder / files[library], header=False) for library in libraries
    }


def _lines_of(graph: Graph) -> pl.DataFrame:
    """`library, line` of every set."""
    genes = graph.concepts.filter(pl.col("kind") == Kind.GENE.value).select(gene="curie", symbol=_symbols())
    rows = graph.gene_sets.sort("library", "set", "gene", "source").join(genes, on="gene", how="left", maintain_order="left")
    is_curie = canonicalize(rows["set"]).alias("curie")
    rows = rows.with_columns(is_curie, symbol=pl.coalesce("symbol", spelled(pl.col("gene"))), told=pl.concat_str(*map(pl.col, ("source", "source_version", "license")), separator=" "))
    sets = rows.group_by("library", "set", maintain_order=True).agg(
        pl.col("curie").first(), one_line(pl.col("name").first()), pl.col("told").unique().sort().str.join("; "), pl.col("symbol").unique(maintain_order=True).str.join("\t"),
    )
    named = pl.when((pl.col("name") == "") | (pl.col("name") == pl.col("set"))).then(spelled(pl.col("curie"))).otherwise(pl.format("{} ({})", "name", spelled(pl.col("curie"))))
    title = pl.when(pl.col("curie") == pl.col("set")).then(named).otherwise(one_line(pl.col("set")))
    return sets.select("library", line=pl.concat_str(title, one_line(pl.col("told")), "symbol", separator="\t"))


def _symbols() -> pl.Expr:
    """The names of genes that only one of them has and that are no more than a symbol; null for others."""
    usable = pl.col("name").is_unique() & ~pl.col("name").str.contains(NO_SYMBOL) & (pl.col("name") != "")
    return pl.when(usable).then("name")


def _file_names(libraries: list[str]) -> dict[str, str]:
    """A file's name for each library, made of letters that every system takes; equal ones are numbered."""
    names: dict[str, str] = {}
    for library in libraries:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", library).strip("._") or "library"
        taken = sum(name.removesuffix(".gmt").casefold() == plain.casefold() for name in names.values())
        names[library] = f"{plain}.gmt" if not taken else f"{plain}_{len(names) + 1}.gmt"
    return names
