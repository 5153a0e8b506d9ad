"""An evaluation as people and programs read it: records, JSON, a Markdown table, and the sentence that sums it up."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from generel.concepts.atomic import write_beside
from kg.gwas.effects import LOG_ODDS
from training.evaluate.comparison import Difference
from training.evaluate.measures import Measure
from training.evaluate.measures import to_records as measure_records
from training.evaluate.methods import (
    BIASED,
    CO_SHARING,
    COSINE,
    DEGREE,
    PPMI,
    RAW,
    RAW_NEAREST,
    RAW_VOTE,
    TFIDF_NEAREST,
    VOTE,
)
from training.evaluate.metrics import Figures, Interval
from training.evaluate.outcomes import Evaluation, Row
from training.evaluate.pictures import (
    EFFECTS_FILE,
    RECALL_FILE,
    RELIABILITY_FILE,
    draw_effects,
    draw_recall,
    draw_reliability,
)
from training.evaluate.questions import EVERY_KIND, SYNONYM

JSON_FILE, MARKDOWN_FILE = "evaluation.json", "evaluation.md"
METRICS = Figures._fields
OURS = (COSINE, BIASED, VOTE)
# What costs no training; a space that does not beat these has learned nothing worth having.
FLOORS = (DEGREE, RAW_VOTE, CO_SHARING, PPMI, RAW_NEAREST, TFIDF_NEAREST)
# What a space is first asked for: title, protocol, predicate, kinds.
HEADLINES = (
    ("gene–disease", "relations", "gene_of_disease", "gene-disease"),
    ("disease–phenotype", "relations", "has_phenotype", "disease-phenotype"),
    ("synonyms", "synonyms", SYNONYM, EVERY_KIND),
)


def to_records(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Every figure and both ends of its interval in a column of its own, for programs."""
    return [
        {
            "protocol": row.protocol, "predicate": row.predicate, "kinds": row.kinds, "method": row.method, "queries": row.queries,
            "candidates": row.candidates, **_columns(row), "drawn_from": row.drawn_from, "form": row.form, "group": row.group,
        }
        for row in rows
    ]


def to_table(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The same with a figure and its interval in one cell, for people."""
    return [
        {
            "protocol": row.protocol, "predicate": row.predicate, "kinds": row.kinds,
            "method": f"{row.method} ({row.form})" if row.form else row.method,
            "queries": f"{row.queries:,}" if row.queries == row.drawn_from else f"{row.queries:,} of {row.drawn_from:,}",
            "candidates": f"{row.candidates:,}",
            **{metric: write_interval(getattr(row.figures, metric)) for metric in METRICS},
        }
        for row in rows
    ]


def measures_to_table(measures: Sequence[Measure]) -> list[dict[str, object]]:
    """Measures with a figure and its interval in one cell, for people."""
    return [
        {
            "protocol": each.protocol, "about": each.about, "method": each.method, "metric": each.metric, "n": f"{each.n:,}",
            "figure": write_interval(each.interval), "p": "" if each.p_value is None else f"{each.p_value:.2g}",
        }
        for each in measures
    ]


def write_interval(interval: Interval) -> str:
    """As in '.118 [.112, .125]': three decimals, 1.000 with its one."""
    return f"{_short(interval.value)} [{_short(interval.low)}, {_short(interval.high)}]"


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write `evaluation.json`, `evaluation.md` and the pictures into the folder; equal evaluations give equal bytes."""
    content = {
        **evaluation.facts, "summary": summarize_headlines(evaluation.rows), "figures": to_records(evaluation.rows),
        "measures": measure_records(evaluation.measures), "breakdowns": to_records(evaluation.breakdowns),
    }
    with write_beside(folder / JSON_FILE) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with write_beside(folder / MARKDOWN_FILE) as temporary:
        temporary.write_text(to_markdown(evaluation), encoding="utf-8")
    draw_recall(evaluation.outcomes, folder / RECALL_FILE, titles={(protocol, predicate, kinds): title for title, protocol, predicate, kinds in HEADLINES})
    draw_effects(evaluation.effect_bins, folder / EFFECTS_FILE, unit=LOG_ODDS)
    draw_reliability(evaluation.random_percentiles, evaluation.true_percentiles, folder / RELIABILITY_FILE)


def to_markdown(evaluation: Evaluation) -> str:
    """A heading, what was measured on what, and one table for each set of questions."""
    facts = evaluation.facts
    lines = [
        f"# How good the space '{facts['space']['name']}' is", "",
        f"Space {facts['space']['digest'][:12]}, build '{facts['build']['name']}' {facts['build']['digest'][:12]}, "
        f"part {facts['settings']['part']}, seed {facts['settings']['seed']}. In brackets the 95 % bootstrap interval over queries "
        f"({facts['settings']['resamples']:,} resamples). Every answer is ranked among all concepts of its kind, other true answers "
        "filtered out, ties at the mean of best and worst.", "",
        *(f"- {sentence}" for sentence in (*summarize_headlines(evaluation.rows), *tell_rivals(evaluation))),
    ]
    for _, rows in _by_questions(evaluation.rows):
        lines += ["", *_markdown_table(rows)]
    lines += _markdown_measures(evaluation.measures) + _markdown_breakdowns(evaluation.breakdowns)
    return "\n".join(lines) + "\n"


def write_comparison(differences: Sequence[Difference]) -> list[dict[str, object]]:
    """A record a figure: both spaces, the difference with its paired interval, the p-value."""
    return [
        {
            "protocol": each.protocol, "predicate": each.predicate, "kinds": each.kinds, "method": each.method, "metric": each.metric, "queries": each.queries,
            "left": each.left, "right": each.right, "difference": each.difference[0], "low": each.difference[1], "high": each.difference[2], "p_value": each.p_value,
        }
        for each in differences
    ]


def summarize_headlines(rows: Sequence[Row]) -> list[str]:
    """A sentence for each headline whose questions were asked: the best of ours beside the raw encoder and the floors, by MRR."""
    sentences = []
    for title, *questions in HEADLINES:
        found = {row.method: row for row in rows if [row.protocol, row.predicate, row.kinds] == questions}
        if found:
            sentences.append(f"{title}: {_compare(found)}")
    return sentences


def tell_rivals(evaluation: Evaluation) -> list[str]:
    """A sentence for each rival that was trained: what it was given."""
    return [f"{name}: {note}" for name, note in evaluation.facts.get("rivals", {}).items()]


def _compare(found: dict[str, Row]) -> str:
    best = max((found[method] for method in OURS if method in found), key=lambda row: row.figures.mrr.value)
    mrr, raw = best.figures.mrr.value, found[RAW].figures.mrr.value
    floors = [found[method] for method in FLOORS if method in found]
    # Two decimals: 1.38 is not 1.4 when 1.4 is asked for.
    parts = [f"{best.method} reaches an MRR of {_short(mrr)}", f"{mrr / raw:.2f} times the raw encoder's {_short(raw)}"]
    if beaten := [row for row in floors if row.figures.mrr.value < mrr]:
        parts.append(f"beats {_name(beaten)}")
    if unbeaten := [row for row in floors if row.figures.mrr.value >= mrr]:
        parts.append(f"does NOT beat {_name(unbeaten)}")
    return "; ".join(parts)


def _name(rows: Sequence[Row]) -> str:
    return " and ".join(f"{row.method} ({_short(row.figures.mrr.value)})" for row in rows)


def _by_questions(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, str, str], list[Row]]]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.protocol, row.predicate, row.kinds), []).append(row)
    yield from groups.items()


def _markdown_table(rows: Sequence[Row]) -> list[str]:
    first, cells = rows[0], to_table(rows)
    return [
        f"## {first.protocol}: {first.predicate}, {first.kinds} – {cells[0]['queries']} queries, {cells[0]['candidates']} candidates", "",
        "| method | MRR | recall@10 | AUROC | AUROC, equally popular | AP | AP, equally popular |", "| --- | --- | --- | --- | --- | --- | --- |",
        *(f"| {' | '.join(str(cell[column]) for column in ('method', *METRICS))} |" for cell in cells),
    ]


def _markdown_measures(measures: Sequence[Measure]) -> list[str]:
    """One table for each protocol whose figures are no ranking."""
    lines: list[str] = []
    for protocol in dict.fromkeys(each.protocol for each in measures):
        lines += ["", f"## {protocol}", "", "| about | method | metric | n | figure | p | note |", "| --- | --- | --- | --- | --- | --- | --- |"]
        lines += [
            f"| {each.about} | {each.method} | {each.metric} | {each.n:,} | {write_interval(each.interval)} | {'' if each.p_value is None else f'{each.p_value:.2g}'} | {each.note} |"
            for each in measures if each.protocol == protocol
        ]
    return lines


def _markdown_breakdowns(rows: Sequence[Row]) -> list[str]:
    """One table for each set of questions: groups by methods, MRR."""
    lines: list[str] = []
    for (protocol, predicate, kinds), group in _by_questions(rows):
        methods = list(dict.fromkeys(row.method for row in group))
        lines += ["", f"## {protocol}: {predicate}, {kinds}, by group – MRR", "", f"| group | queries | {' | '.join(methods)} |", f"| --- | --- |{' --- |' * len(methods)}"]
        for name in dict.fromkeys(row.group for row in group):
            found = {row.method: row for row in group if row.group == name}
            cells = [write_interval(found[method].figures.mrr) if method in found else "" for method in methods]
            lines.append(f"| {name} | {next(iter(found.values())).queries:,} | {' | '.join(cells)} |")
    return lines


def _columns(row: Row) -> dict[str, object]:
    columns: dict[str, object] = {}
    for metric in METRICS:
        interval: Interval = getattr(row.figures, metric)
        columns |= {metric: interval.value, f"{metric}_low": interval.low, f"{metric}_high": interval.high}
    return columns


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
