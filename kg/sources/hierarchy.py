"""Walks over is-a edges: which terms lie below others."""

from collections import defaultdict
from collections.abc import Iterable

import polars as pl


def terms_below(edges: pl.DataFrame, roots: Iterable[str]) -> set[str]:
    """The roots and everything below them; a circle of edges does no harm.

    Args:
        edges: `subject, object`, where the subject is a kind of the object.
    """
    children: defaultdict[str, list[str]] = defaultdict(list)
    for child, parent in edges.select("subject", "object").iter_rows():
        children[parent].append(child)
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        term = waiting.pop()
        if term not in found:
            found.add(term)
            waiting.extend(children[term])
    return found
