"""All vectors of a service's space as one frame, fetched a page at a time as files of Parquet.

Only what is here grows with the space: the service makes one page and forgets it.
"""

import io
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from generel.client.connection import Connection
from generel.concepts.errors import Overloaded, ServerRefused

if TYPE_CHECKING:
    import polars as pl

PATH, PARQUET = "/v1/vectors", "application/vnd.apache.parquet"
ROWS_AT_ONCE = 1000
# A service that takes up one release after the other is asked so often for pages of a single one.
ATTEMPTS = 3


def fetch_frame(connection: Connection, kinds: Collection[str] | None) -> "pl.DataFrame":
    """curie, kind, name, vector of all concepts, or of those of some kinds, by row; all of one release.

    Raises:
        Overloaded: the service took up another space while its pages were fetched, again and again.
    """
    import polars as pl

    for _ in range(ATTEMPTS):
        tags, frames = zip(*_pages(connection, kinds), strict=True)
        if len(set(tags)) == 1:
            return pl.concat(frames)
    raise Overloaded("the service took up other releases while its vectors were fetched; try again in a moment")


def _pages(connection: Connection, kinds: Collection[str] | None) -> "Iterator[tuple[str, pl.DataFrame]]":
    """Each page with the tag of the space that it is of; none after one of another space than the first."""
    import polars as pl

    offset, first = 0, ""
    while True:
        content = connection.get_file(PATH, PARQUET, kind=list(kinds) if kinds else None, limit=ROWS_AT_ONCE, offset=offset)
        try:
            said, frame = pl.read_parquet_metadata(io.BytesIO(content)), pl.read_parquet(io.BytesIO(content))
            tag, total = said["space"], int(said["total"])
        except (pl.exceptions.PolarsError, KeyError, ValueError) as error:
            raise ServerRefused(f"{connection.service.url} answered a page of vectors that cannot be read ({error}); it may be of another version of generel") from error
        yield tag, frame
        first, offset = first or tag, offset + ROWS_AT_ONCE
        if tag != first or offset >= total:
            return
