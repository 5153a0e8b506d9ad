"""A build of a few rows in memory, and the user's files read as sources, for the tests of interchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from mutations import damage_lines
from small_graphs import concepts_of, graph_of, relations_of

from generel.concepts.tables import GENE_SETS, MERGES, SPLIT_NAMES, SPLIT_RELATIONS, TABLES, check
from kg.graph import AssembledGraph
from kg.harvest import Harvest
from kg.own_format import Format
from kg.sources.record import Source
from kg.split import Split

TIMES = 500

CONCEPTS = concepts_of(
    ("chebi:6801", "metformin", ["Metformin HCl", "1,1-dimethylbiguanide"], "A biguanide."),
    ("dbsnp:rs7903146", "rs7903146"),
    ("go:0006006", "glucose metabolic process", [], None, "process"),
    ("hgnc:11641", "TCF7L2", ["TCF4"]),
    ("hgnc:6081", "INS"),
    ("hp:0001943", "Hypoglycemia"),
    ("mondo:0005148", "type 2 diabetes mellitus", ["T2D", "NIDDM"], "A diabetes mellitus."),
    ("mondo:0005015", "diabetes mellitus"),
)
LINES = (
    "chebi:6801 has_side_effect hp:0001943 0.5", "chebi:6801 treats mondo:0005148", "dbsnp:rs7903146 variant_associated_with mondo:0005148 0.9",
    "dbsnp:rs7903146 variant_of_gene hgnc:11641", "hgnc:11641 gene_associated_with mondo:0005148", "hgnc:11641 takes_part_in go:0006006",
    "mondo:0005148 is_a mondo:0005015",
)


@dataclass(frozen=True)
class Made(AssembledGraph):
    """A graph with what a stored build has besides."""

    split: Split
    name: str = "small"
    manifest: Mapping[str, Any] = field(default_factory=lambda: MANIFEST)


MANIFEST = {
    "inputs": "0123abcd", "generel": "1.0",
    "sources": {
        "s": {"title": "Source S", "version": "1", "license": "CC0-1.0", "citation": "Doe 2025.", "homepage": "https://s.example", "synthetic": False},
        "t": {"title": "Source T", "version": "1", "license": "CC-BY-4.0", "citation": "Roe 2024.", "homepage": "https://t.example", "synthetic": False},
    },
}


def made_of(concepts: pl.DataFrame = CONCEPTS, relations: pl.DataFrame | None = None, **tables: pl.DataFrame) -> Made:
    """A build of these tables; the relations are LINES, one of them told by two sources, if none are given."""
    if relations is None:
        relations = pl.concat([relations_of(*LINES), relations_of("chebi:6801 treats mondo:0005148 0.25", source="t", license="CC-BY-4.0")])
    graph = graph_of(concepts, relations, **tables)
    triples = relations.select("subject", "predicate", "object", part=pl.lit("train"), weight="confidence").unique(["subject", "predicate", "object"], keep="first")
    split = Split(check(triples, SPLIT_RELATIONS), SPLIT_NAMES.empty(), concepts.select("curie", "kind", part=pl.lit("train")))
    return Made(**vars(graph), split=split)


def merges_of(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """MERGES of (kind, alias, curie)."""
    return check(pl.DataFrame(rows, schema=MERGES.columns, orient="row"), MERGES)


def gene_sets_of(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """GENE_SETS of (library, set, name, gene)."""
    full = [(set_, gene, library, name, "s", "1", "CC0-1.0") for library, set_, name, gene in rows]
    return check(pl.DataFrame(full, schema=GENE_SETS.columns, orient="row"), GENE_SETS)


def read_own(form: Format, files: Mapping[str, Path], **settings: object) -> Harvest:
    """What the format's reader makes of the files, after a check of every table."""
    source = Source("own", "Own", "1", "CC0-1.0", "", "", (), form.gives, form.read, parameters=settings)
    harvest = form.read(files, source)
    for name in (*form.gives, "SET_ASIDE"):
        frame = getattr(harvest, name.lower())
        check(frame, TABLES[name])
        assert set(frame["source"]) <= {"own"}
    return harvest


def written(folder: Path, name: str, *lines: str) -> Path:
    """A file of these lines."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def damaged_copy(path: Path, *, seed: int, header: bool = True) -> tuple[Path, int]:
    """A file in which the rows of `path` stand TIMES times, thousands of them damaged, and how many lines there are that are not blank."""
    first, _, rows = path.read_bytes().partition(b"\n") if header else (b"", b"", path.read_bytes())
    many = b"\n".join([rows.strip(b"\n")] * TIMES)
    damaged = damage_lines(many, seed=seed, times=many.count(b"\n"))
    copy = path.with_name(f"damaged{path.suffix}")
    copy.write_bytes(first + b"\n" + damaged if header else damaged)
    return copy, sum(1 for line in damaged.decode("utf-8", "replace").split("\n") if line.strip())


def reasons(harvest: Harvest, table: str) -> dict[str, str]:
    """The reason by key of what was set aside of a table."""
    return dict(harvest.set_aside.filter(pl.col("table") == table).select("key", "reason").rows())


def n_set_aside(harvest: Harvest, table: str) -> int:
    """How many rows of a table were set aside."""
    return int(harvest.set_aside.filter(pl.col("table") == table)["n"].sum())
