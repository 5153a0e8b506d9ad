"""All vectors of a service's space as one frame, fetched a page at a time as files of Parquet.

Only what is here grows with the space: the service makes one page and forgets it.
"""

import io
from collections.abc import Collection
from typing import TYPE_CHECKING

from generel.client.connection import Connection
from generel.client.pages import fetch_pages
from generel.concepts.errors import ServerRefused

if TYPE_CHECKING:
    import polars as pl

PATH, PARQUET = "/v1/vectors", "application/vnd.apache.parquet"
ROWS_AT_ONCE = 1000


def fetch_frame(connection: Connection, kinds: Collection[str] | None) -> "pl.DataFrame":
    """curie, kind, name, vector of all concepts, or of those of some kinds, by row; all of one release.

    Raises:
        Overloaded: the service took up another space while its pages were fetched, again and again.
    """
    import polars as pl

    def page(offset: int) -> tuple[str, int, pl.DataFrame]:
        content = connection.get_file(PATH, PARQUET, kind=list(kinds) if kinds else None, limit=ROWS_AT_ONCE, offset=offset)
        try:
            said, frame = pl.read_parquet_metadata(io.BytesIO(content)), pl.read_parquet(io.BytesIO(content))
            return said["space"], int(said["total"]), frame
        except (pl.exceptions.PolarsError, KeyError, ValueError) as error:
            raise ServerRefused(f"{connection.service.url} answered a page of vectors that cannot be read ({error}); it may be of another version of generel") from error

    return pl.concat(fetch_pages(page, at_once=ROWS_AT_ONCE))
