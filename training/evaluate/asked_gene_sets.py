"""Which gene sets a space can be asked about fairly: those of whose memberships its training has seen none.

A library is taken from the build or, where that was made without the library's source, from the source's file in the user's folder. Other sources may
give the same memberships, as annotations of genes do: what counts is the rows that training had, whoever gave them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from generel.concepts.kinds import Kind
from kg.harvest import mention
from kg.sources.registry import SOURCES
from training.evaluate.split import TRAIN

# GO's other libraries would give the sets of this one away.
ASKED_SOURCES = ("go_bp_2021",)
# Of fewer sets the mean says nothing.
LEAST_SETS = 50
PAIR = ["gene", "set"]


class Asked(NamedTuple):
    """GENE_SETS rows of the sets that are asked about, and what has to be said of them; empty where nothing."""

    rows: pl.DataFrame
    note: str


def libraries_at_hand(gene_sets: pl.DataFrame, *, data: Path | None, resolve: Callable[[str], str | None]) -> Iterator[pl.DataFrame]:
    """GENE_SETS of each library that may be asked about: by source, then by library.

    Args:
        gene_sets: of the build.
        data: the user's folder; None where there is none.
        resolve: the CURIE of a gene by its symbol, None where it is not known.
    """
    for source in ASKED_SOURCES:
        rows = gene_sets.filter(pl.col("source") == source)
        rows = _read(source, data, resolve) if rows.is_empty() and data else rows
        yield from rows.partition_by("library", maintain_order=True)


def leave_out_told(rows: pl.DataFrame, *, minimum: int, split_relations: pl.DataFrame, relations: pl.DataFrame) -> Asked:
    """The sets of at least so many genes of which training had no membership; all of them, with a warning, where these are too few.

    Args:
        rows: GENE_SETS of one library.
        split_relations: SPLIT_RELATIONS, genes as subjects.
        relations: RELATIONS, which say what source a training row is from.
    """
    large = rows.filter(pl.col("gene").n_unique().over("set") >= minimum)
    pairs = large.select(PAIR).unique()
    trained = split_relations.filter(pl.col("part") == TRAIN).select(gene="subject", set="object")
    told = pairs.join(trained, on=PAIR, how="semi")
    untold = large.join(told, on="set", how="anti")
    n_sets, n_untold = large["set"].n_unique(), untold["set"].n_unique()
    if n_untold == n_sets:
        return Asked(large, "")
    if n_untold >= LEAST_SETS:
        return Asked(untold, f"{n_untold:,} of {n_sets:,} sets, of whose memberships training had none")
    sources = relations.select("source", gene="subject", set="object").join(told, on=PAIR, how="semi")["source"].unique().sort().to_list()
    without = " ".join(f"--without {source}" for source in sources)
    return Asked(large, f"LEAK: training had {told.height:,} of these {pairs.height:,} memberships; for a fair figure build {without}, train, and give the library's file with --data")


def _read(source: str, data: Path, resolve: Callable[[str], str | None]) -> pl.DataFrame:
    """GENE_SETS of the source's own file in the folder, of genes that are known; empty where it is not there."""
    record = SOURCES[source]
    files = {file.name: data / file.local for file in record.files}
    if not all(path.is_file() for path in files.values()):
        return pl.DataFrame(schema={"library": pl.String})
    gene_sets = record.read(files, record).gene_sets
    symbols = gene_sets["gene"].str.strip_prefix(mention(Kind.GENE, ""))
    known = {symbol: resolve(symbol) for symbol in symbols.unique().to_list()}
    return gene_sets.with_columns(gene=symbols.replace_strict(known, return_dtype=pl.String)).drop_nulls("gene")
