"""What is in a build, as records: counts by source, kind, predicate and reason, licenses, and the text that credits its sources."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from kg.graph import Graph
from kg.split import Split

Record = dict[str, object]
COLUMNS = ("section", "what", "source", "n")
LICENSE_COLUMNS = ("source", "version", "license", "concepts", "relations", "synthetic", "title")


def count_graph(graph: Graph) -> list[Record]:
    """Records `section, what, source, n`: rows by kind and predicate and source, and what was set aside by table, reason and source."""
    associations = graph.associations.with_columns(what=pl.lit("variant–trait"))
    return [
        *_count(graph.concepts, "concepts", "kind"),
        *_count(graph.relations, "relations", "predicate"),
        *_count(associations, "associations", "what"),
        *_count(graph.variants, "positions of variants", "build"),
        *_count(graph.cooccurrences, "co-occurrences", "cohort"),
        *_total_merges(graph.merges),
        *_count(graph.set_aside.with_columns(what=pl.concat_str("table", "reason", separator=": ")), "set aside", "what", n=pl.col("n").sum()),
    ]


def count_split(split: Split) -> list[Record]:
    """Records `section, what, source, n` of a split; `what` is predicate, role or kind with the part, and there is no source."""
    tables = {"predicate": split.relations, "role": split.names, "kind": split.concepts}
    return [
        record
        for column, frame in tables.items()
        for record in _count(frame.with_columns(what=pl.concat_str(column, "part", separator=", "), source=pl.lit("")), f"split by {column}", "what")
    ]


def license_records(manifest: Mapping[str, Any]) -> list[Record]:
    """One record a source: version, license, how many concepts it names and relations it gives, whether its patients are made up."""
    records: list[Record] = []
    for name, source in manifest["sources"].items():
        sums = {section: sum(row["n"] for row in manifest["counts"] if row["section"] == section and row["source"] == name) for section in ("concepts", "relations")}
        records.append({"source": name, "version": source["version"], "license": source["license"], **sums, "synthetic": source["synthetic"], "title": source["title"]})
    return records


def attribution(manifest: Mapping[str, Any]) -> str:
    """The text that credits every source: a paragraph each, as its makers ask to be cited."""
    paragraphs = [
        f"{source['title']}, {source['version']}. {source['citation']} {source['homepage']} License: {source['license']}."
        + (" Its patients are synthetic." if source["synthetic"] else "")
        for source in manifest["sources"].values()
    ]
    return "\n\n".join(["This graph was built from:", *paragraphs])


def by_section(records: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """The records of each section, in order."""
    return [(str(section), list(rows)) for section, rows in groupby(records, key=lambda record: record["section"])]


def totals(records: Sequence[Record]) -> list[Record]:
    """One record a section: the sum of its counts."""
    return [{"section": section, "what": "all", "source": "", "n": sum(int(str(row["n"])) for row in rows)} for section, rows in by_section(records)]


def _count(frame: pl.DataFrame, section: str, what: str, *, n: pl.Expr | None = None) -> list[Record]:
    """Counts by `what` and source, the largest first within a source's alphabetical order of `what`."""
    counts = frame.group_by(pl.col(what).alias("what"), "source").agg(n=pl.len() if n is None else n)
    return [{"section": section, **row} for row in counts.sort("what", "source").iter_rows(named=True)]


def _total_merges(merges: pl.DataFrame) -> list[Record]:
    return _count(merges.with_columns(source=pl.lit("")), "merged identifiers", "kind")
