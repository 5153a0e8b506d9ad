"""Pages of a service's space, fetched one after the other until there are no more; all of one release."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from generel.concepts.errors import Overloaded

Page = TypeVar("Page")
# A service that takes up one release after the other is asked so often for pages of a single one.
ATTEMPTS = 3


def fetch_pages(read: Callable[[int], tuple[str, int, Page]], *, at_once: int) -> list[Page]:
    """All pages, each with so many rows.

    Args:
        read: from how many rows to pass over to the tag of the space, the rows of all pages, and the page.

    Raises:
        Overloaded: the service took up another space while its pages were fetched, again and again.
    """
    for _ in range(ATTEMPTS):
        tags, pages = zip(*_of_one_release(read, at_once), strict=True)
        if len(set(tags)) == 1:
            return list(pages)
    raise Overloaded("the service took up other releases while it was read; try again in a moment")


def _of_one_release(read: Callable[[int], tuple[str, int, Page]], at_once: int) -> Iterator[tuple[str, Page]]:
    """Each page with the tag of the space that it is of; none after one of another space than the first."""
    offset, first = 0, ""
    while True:
        tag, total, page = read(offset)
        yield tag, page
        first, offset = first or tag, offset + at_once
        if tag != first or offset >= total:
            return
