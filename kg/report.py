"""What is in a build, as records: counts by source, kind, predicate and reason, licenses, and the text that credits its sources."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from kg.graph import Graph
from kg.split import Split

Record = dict[str, object]
COLUMNS = ("section", "what", "source", "n")
# What the counts call the tables.
SECTIONS = {"concepts": "concepts", "relations": "relations", "associations": "associations", "cooccurrences": "co-occurrences", "gene_sets": "gene sets"}
# The tables whose rows bear a license of their own.
LICENSED = ("relations", "associations", "cooccurrences", "gene_sets")
LICENSE_COLUMNS = ("source", "version", "license", "concepts", *LICENSED, "synthetic", "title")


def count_graph(graph: Graph) -> list[Record]:
    """Records `section, what, source, n`: rows by kind and predicate and source, and what was set aside by table, reason and source."""
    associations = graph.associations.with_columns(what=pl.lit("variant–trait"))
    return [
        *_count(graph.concepts, "concepts", "kind"),
        *_count(graph.relations, "relations", "predicate"),
        *_count(associations, "associations", "what"),
        *_count(graph.variants, "positions of variants", "build"),
        *_count(graph.cooccurrences, "co-occurrences", "cohort"),
        *_count(graph.gene_sets, "gene sets", "library"),
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


def count_licenses(graph: Graph) -> list[Record]:
    """Records `source, license` and how many rows of each of LICENSED bear it, as the rows themselves say; sorted."""
    counts = [
        getattr(graph, name).group_by("source", "license").agg(n=pl.len().cast(pl.Int64)).with_columns(table=pl.lit(name)) for name in LICENSED
    ]
    rows = pl.concat(counts).sort("source", "license")
    return [
        {"source": source, "license": license, **dict.fromkeys(LICENSED, 0), **dict(zip(of["table"], of["n"], strict=True))}
        for (source, license), of in rows.partition_by("source", "license", as_dict=True, maintain_order=True).items()
    ]


def license_records(manifest: Mapping[str, Any], licenses: Iterable[Record] | None = None) -> list[Record]:
    """One record a license of a source, its own first: version, how many concepts it names and rows it gives, whether its patients are made up.

    Args:
        licenses: as `count_licenses` gives them; where not given, every row counts as under its source's own license.
    """
    records: list[Record] = []
    by_source = {name: list(rows) for name, rows in groupby(licenses or (), key=lambda row: str(row["source"]))}
    for name, source in manifest["sources"].items():
        own = {"source": name, "license": source["license"], **(_sums(manifest, name, LICENSED) if licenses is None else dict.fromkeys(LICENSED, 0))}
        told = {str(row["license"]): row for row in (own, *by_source.get(name, ()))}
        for license, row in told.items():
            concepts = _sums(manifest, name, ("concepts",))["concepts"] if license == source["license"] else 0
            records.append({**row, "concepts": concepts, **{each: source[each] for each in ("version", "synthetic", "title")}})
    return [{column: record[column] for column in LICENSE_COLUMNS} for record in records]


def attribution(manifest: Mapping[str, Any], licenses: Iterable[Record] | None = None) -> str:
    """The text that credits every source: a paragraph each, as its makers ask to be cited, with all licenses that its rows bear.

    Args:
        licenses: as `count_licenses` gives them.
    """
    by_source = {name: [str(row["license"]) for row in rows] for name, rows in groupby(licenses or (), key=lambda row: str(row["source"]))}
    paragraphs = []
    for name, source in manifest["sources"].items():
        sentences = (f"{source['title']}, {source['version']}.", source["citation"], source["homepage"], _licenses_of(source["license"], by_source.get(name, ())))
        paragraphs.append(" ".join(filter(None, (*sentences, "Its patients are synthetic." if source["synthetic"] else ""))))
    return "\n\n".join(["This graph was built from:", *paragraphs])


def _licenses_of(own: str, others: Iterable[str]) -> str:
    """The sentence that names a source's license, or licenses."""
    licenses = list(dict.fromkeys([own, *others]))
    return f"License: {own}." if len(licenses) == 1 else f"Licenses, each of a part of it: {', '.join(licenses)}."


def _sums(manifest: Mapping[str, Any], source: str, tables: Iterable[str]) -> dict[str, int]:
    """How many rows the source has in each table, by the counts of the manifest."""
    return {table: sum(row["n"] for row in manifest["counts"] if row["section"] == SECTIONS[table] and row["source"] == source) for table in tables}


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
