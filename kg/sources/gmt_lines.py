"""GMT, the format of gene-set libraries: a line a set, `name TAB description TAB gene TAB gene …`, without a header.

The description may be empty, and lines may end in tabs: an empty field is no gene. Enrichr's weighted libraries write `TP53,0.37`; the weight
is dropped. Whether the genes are symbols or identifiers is for the library's reader to say.
"""

from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS
from kg.harvest import SetAside
from kg.sources.rows import NOT_UTF8, REPLACEMENT, line_key, read_lines, sift

NO_NAME = "the gene set has no name"
NO_GENES = "the line is not a name, a description and genes between tabs"
NAMED_AGAIN = "the name of the gene set occurs again"
WEIGHTED = r"^(.+),[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"


def read_gmt(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`line, set, description, gene` of a library, a row a gene, in file order; a gene that a line has twice has two rows.

    A line without a name or genes, with bytes that are no UTF-8, or with the name of an earlier set, is set aside as one row of GENE_SETS.

    Raises:
        BadTable: no line that is not blank.
    """
    lines = read_lines(path)
    if lines.is_empty():
        raise BadTable(f"{path} has no lines; a GMT file has one a gene set: name, description and genes between tabs")
    fields = pl.col("text").str.split("\t").list.eval(pl.element().str.strip_chars(BLANKS))
    rows = lines.with_columns(fields.alias("fields")).with_columns(
        set=pl.col("fields").list.first(),
        description=pl.col("fields").list.get(1, null_on_oob=True),
        gene=pl.col("fields").list.slice(2).list.eval(pl.element().filter(pl.element() != "")),
    )
    faults = [
        (pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8),
        (pl.col("gene").list.len() == 0, NO_GENES),
        (pl.col("set") == "", NO_NAME),
    ]
    good = sift(rows, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    again = [(~pl.col("set").is_first_distinct(), NAMED_AGAIN)]
    good = sift(good, again, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    return good.select("line", "set", "description", "gene").explode("gene").with_columns(pl.col("gene").str.replace(WEIGHTED, "$1"))
