"""Which pairs two relations compose to: a gene of a disease that has a phenotype is a gene of that phenotype.

Joined, the two tables have a row for every way from one end to the other, a hundred times as many as there are pairs. Here only the pairs
in question are looked at: the row of the one end and the column of the other, some thousands at a time.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

# Pairs whose rows are multiplied at a time: bounds memory where both ends have many ties.
CHUNK = 20_000


def is_composed(pairs: pl.DataFrame, first: pl.DataFrame, second: pl.DataFrame) -> pl.Series:
    """Whether some middle joins the ends of each pair: (subject, middle) in `first` and (middle, object) in `second`.

    Args:
        pairs: `subject, object`.
        first, second: `subject, object`.
    """
    middles = _numbers(pl.concat([first["object"], second["subject"].rename("object")]))
    subjects, objects = _numbers(pairs["subject"]), _numbers(pairs["object"])
    lefts = _matrix(first, rows=subjects, columns=middles, row="subject", column="object")
    rights = _matrix(second, rows=objects, columns=middles, row="object", column="subject")
    wanted = [_places(pairs[end], numbers) for end, numbers in (("subject", subjects), ("object", objects))]
    found = np.zeros(pairs.height, dtype=bool)
    for start in range(0, pairs.height, CHUNK):
        here = slice(start, start + CHUNK)
        found[here] = np.asarray(lefts[wanted[0][here]].multiply(rights[wanted[1][here]]).sum(axis=1)).ravel() > 0
    return pl.Series("composed", found, dtype=pl.Boolean)


def _numbers(curies: pl.Series) -> pl.DataFrame:
    """`curie, number` of the distinct ones."""
    return curies.unique().sort().rename("curie").to_frame().with_row_index("number")


def _places(curies: pl.Series, numbers: pl.DataFrame) -> NDArray[np.int64]:
    joined = curies.rename("curie").to_frame().join(numbers, on="curie", how="left", maintain_order="left")
    return joined["number"].cast(pl.Int64).to_numpy()


def _matrix(rows_: pl.DataFrame, *, rows: pl.DataFrame, columns: pl.DataFrame, row: str, column: str) -> csr_array:
    """(rows, columns) of 1 where the table has the two; rows that nobody asks about are left out."""
    kept = rows_.filter(pl.col(row).is_in(rows["curie"].implode())).unique()
    cells = (_places(kept[row], rows), _places(kept[column], columns))
    return csr_array((np.ones(kept.height, dtype=np.int32), cells), shape=(rows.height, columns.height))
