"""The measured records as Markdown: two tables, and what they were measured on."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rivals.questions import ASKED

Record = Mapping[str, Any]
Runs = Mapping[str, Sequence[Record]]
NONE = "–"
BASE = "minilm"
TITLES = {
    "generel": "generel",
    "generel-features-in-time": "generel, encoding the features counted in",
    "minilm": "sentence-transformers, MiniLM fine-tuned",
    "minilm-bf16": "the same in bf16",
    "static": "sentence-transformers, StaticEmbedding",
    "transe": "PyKEEN, TransE",
    "raw": "raw MiniLM, untrained",
}


def speed_table(runs: Runs) -> str:
    """Pairs and known relations a second with their ratios to MiniLM's pairs, time before the clock, peak memory."""
    head = ("method", "pairs drawn a second", "× MiniLM", "known relations a second", "× MiniLM", "preparation, s", "peak memory, MB")
    base = _median(map(rate, runs[BASE])) if BASE in runs else None
    return _table(head, [_speed_row(method, records, base) for method, records in runs.items() if "pairs" in records[0]])


def quality_table(runs: Runs) -> str:
    """MRR and recall@10 by method and sort of question."""
    head = ("method", "trained, s", *(f"{name}<br>MRR / recall@10" for name in ASKED))
    return _table(head, [_quality_row(method, records) for method, records in runs.items()])


def rate(record: Record) -> float:
    """Pairs a second."""
    return float(record["pairs"] / record["seconds"])


def _speed_row(method: str, records: Sequence[Record], base: float | None) -> list[str]:
    pairs = [rate(record) for record in records]
    known = [record.get("known", record["pairs"]) / record["seconds"] for record in records]
    ratios = [f"{_median(values) / base:,.1f}" if base else NONE for values in (pairs, known)]
    prepared, peak = (spread(record[key] for record in records) for key in ("prepared", "peak_mb"))
    return [TITLES[method], spread(pairs), ratios[0], spread(known), ratios[1], prepared, peak]


def _quality_row(method: str, records: Sequence[Record]) -> list[str]:
    trained = spread(record["seconds"] for record in records) if "seconds" in records[0] else NONE
    return [TITLES[method], trained, *(_figure(records, name) for name in ASKED)]


def _figure(records: Sequence[Record], name: str) -> str:
    found = [record["figures"][name] for record in records if name in record["figures"]]
    if not found:
        return NONE
    return " / ".join(spread((figure[place] for figure in found), three_places) for place in (0, 1))


def spread(values: Iterable[float], form: Callable[[float], str] = "{:,.0f}".format) -> str:
    """'median (smallest–largest)', or the value alone where there is one."""
    ordered = sorted(values)
    if len(ordered) == 1:
        return form(ordered[0])
    return f"{form(_median(ordered))} ({form(ordered[0])}–{form(ordered[-1])})"


def three_places(value: float) -> str:
    """'.123'."""
    return f"{value:.3f}".removeprefix("0")


def _median(values: Iterable[float]) -> float:
    return float(statistics.median(values))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
