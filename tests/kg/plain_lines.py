"""Files read by a plain loop, without polars: what the readers of the graph sources are held against, line by line."""

import gzip
import random
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from mutations import WAYS

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, UnknownPrefix
from kg.harvest import Harvest
from kg.sources.record import Source

SHARED = Path(__file__).parents[3] / "shared" / "data"
Fate = tuple[str, str, str, float] | None
"""What becomes of a line: subject, predicate, object and confidence of its relation, or nothing: it is set aside."""


def shared_files(source: Source) -> dict[str, Path]:
    """The source's whole files; the test is skipped where they are not on this disk."""
    files = {file.name: SHARED / file.local for file in source.files}
    if missing := [str(path.relative_to(SHARED)) for path in files.values() if not path.exists()]:
        pytest.skip(f"../shared/data has no {', '.join(missing)}")
    return files


def plain_lines(path: Path) -> Iterator[str]:
    """The lines that are not blank, without line ends, uncompressed; bytes that are no UTF-8 are U+FFFD."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig", "replace")
    return (line.removesuffix("\r") for line in text.split("\n") if line.strip())


def rows_of(path: Path, *, header: Iterable[str] = ()) -> Iterator[Mapping[str, str] | None]:
    """The rows of a tab-separated file by the names of its columns, blanks at the ends of fields dropped; None for a line that is malformed."""
    lines = plain_lines(path)
    names = list(header) or [name.strip() for name in next(lines).split("\t")]
    for line in lines:
        fields = [field.strip() for field in line.split("\t")]
        yield dict(zip(names, fields, strict=True)) if len(fields) == len(names) and "\ufffd" not in line else None


@cache
def curie_as(text: str, prefix: str) -> str | None:
    """The canonical CURIE of an identifier of `prefix`, written with the prefix or without it; None if it is none."""
    try:
        curie = Curie.parse(text if ":" in text else f"{prefix}:{text}")
    except (UnknownPrefix, BadIdentifier):
        return None
    return str(curie) if curie.prefix == prefix else None


def mutate_lines(path: Path, folder: Path, *, n: int, seed: int, header: bool = True) -> Path:
    """A file of the same name in `folder` with the header and `n` lines of the body, each damaged in one way."""
    dice = random.Random(seed)
    first, *body = [line for line in path.read_bytes().split(b"\n") if line]
    body = body if header else [first, *body]
    damaged = [part for _ in range(n) for part in dice.choice(WAYS)(dice.choice(body), dice)]
    (folder / path.name).write_bytes(b"\n".join([first, *damaged] if header else damaged) + b"\n")
    return folder / path.name


def assert_fates(harvest: Harvest, fates: Iterable[Fate]) -> None:
    """The relations are those of the lines, each with its highest confidence, and as many lines are set aside as give none."""
    expected: dict[tuple[str, str, str], float] = {}
    lost = 0
    for fate in fates:
        if fate is None:
            lost += 1
        else:
            expected[fate[:3]] = max(fate[3], expected.get(fate[:3], 0.0))
    found = {row[:3]: row[3] for row in harvest.relations.select("subject", "predicate", "object", "confidence").iter_rows()}
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - confidence) < 1e-9 for key, confidence in expected.items())
    assert harvest.set_aside.filter(pl.col("table") == "RELATIONS")["n"].sum() == lost
