"""What is said of the figures: sentences, tables and cells."""

import json
from pathlib import Path

from training.evaluate.metrics import Figures, Interval
from training.evaluate.outcomes import Evaluation, Row
from training.evaluate.report import (
    summarize_headlines,
    tell_rivals,
    to_markdown,
    to_records,
    to_table,
    write_interval,
    write_report,
)

FACTS = {
    "space": {"name": "small", "digest": "a" * 64, "concepts_without_vector": {}}, "build": {"name": "world", "digest": "b" * 64},
    "settings": {"part": "test", "seed": 7, "resamples": 1000},
}
FAIR = Interval(0.5, 0.4, 0.6)


def row(method: str, mrr: float, *, protocol: str = "relations", predicate: str = "gene_of_disease", kinds: str = "gene-disease", form: str = "") -> Row:
    """A row of 200 of 350 queries among 12,000 candidates with this MRR."""
    return Row(protocol, predicate, kinds, method, 200, 350, 12_000, Figures(Interval(mrr, mrr - 0.01, mrr + 0.01), FAIR, FAIR, FAIR, FAIR, FAIR), form)


GENES = [row("generel cosine", 0.22), row("generel vote", 0.13), row("raw encoder", 0.02), row("raw encoder vote", 0.06), row("degree", 0.018), row("TF-IDF", 0.9, form="word 1-2")]


def test_the_best_of_ours_is_compared_with_the_raw_encoder_and_the_floors() -> None:
    """Cosine .22 beside the raw encoder's .02 is eleven times as much, and above degree and the raw vote; TF-IDF is no floor here."""
    assert summarize_headlines(GENES) == [
        "gene–disease: generel cosine reaches an MRR of .220; 11.00 times the raw encoder's .020; beats degree (.018) and raw encoder vote (.060)"
    ]


def test_a_floor_that_is_not_beaten_is_named() -> None:
    """A raw vote of .3 stays above the best of ours, and an equal floor is not beaten either."""
    rows = [*GENES[:3], row("raw encoder vote", 0.3), row("degree", 0.22)]
    assert summarize_headlines(rows) == [
        "gene–disease: generel cosine reaches an MRR of .220; 11.00 times the raw encoder's .020; does NOT beat degree (.220) and raw encoder vote (.300)"
    ]


def test_synonyms_are_summed_up_over_all_kinds_and_measured_by_their_own_floors() -> None:
    """Of synonyms the pooled rows count; the nearest training name, raw or by TF-IDF, is what has to be beaten."""
    figures = {"generel cosine": 0.75, "raw encoder": 0.5, "raw encoder, nearest name": 0.67, "degree": 0.001, "TF-IDF, nearest name": 0.8}
    rows = [row(method, mrr, protocol="synonyms", predicate="synonym", kinds=kinds) for kinds in ("disease", "all") for method, mrr in figures.items()]
    assert summarize_headlines(rows) == [
        "synonyms: generel cosine reaches an MRR of .750; 1.50 times the raw encoder's .500; beats degree (.001) and raw encoder, nearest name (.670); "
        "does NOT beat TF-IDF, nearest name (.800)"
    ]


def test_an_interval_is_written_with_three_decimals() -> None:
    """As in papers: no zero before the point, 1 in full."""
    assert write_interval(Interval(0.1184, 0.11249, 1.0)) == ".118 [.112, 1.000]"


def test_programs_get_every_number_in_a_column_and_people_get_cells() -> None:
    """The sample, the form and the intervals are in both."""
    record, cells = to_records(GENES)[-1], to_table(GENES)[-1]
    assert {key: record[key] for key in ("method", "form", "queries", "drawn_from", "mrr", "auroc_high")} == {
        "method": "TF-IDF", "form": "word 1-2", "queries": 200, "drawn_from": 350, "mrr": 0.9, "auroc_high": 0.6,
    }
    assert (cells["method"], cells["queries"], cells["candidates"], cells["auroc"]) == ("TF-IDF (word 1-2)", "200 of 350", "12,000", ".500 [.400, .600]")


def test_markdown_has_a_table_for_each_set_of_questions() -> None:
    """A heading names predicate, kinds, queries and candidates; the methods follow in their order."""
    text = to_markdown(Evaluation([*GENES, row("degree", 0.3, predicate="is_a", kinds="disease-disease")], FACTS))
    assert "## relations: gene_of_disease, gene-disease – 200 of 350 queries, 12,000 candidates\n\n| method | MRR |" in text
    assert "| generel vote | .130 [.120, .140] | .500 [.400, .600] | .500 [.400, .600] |" in text
    assert text.count("## relations") == 2


def test_the_json_file_holds_facts_sentences_and_figures(tmp_path: Path) -> None:
    """What was measured on, what is said of it, and every row."""
    write_report(Evaluation(GENES, FACTS), tmp_path)
    content = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert content["build"] == FACTS["build"]
    assert content["summary"] == summarize_headlines(GENES)
    assert content["figures"] == to_records(GENES)


def test_what_rivals_were_given_is_told_under_their_name_in_the_table() -> None:
    """In the order in which they were trained; an evaluation without rivals says nothing of them."""
    given = {"node2vec": "PecanPy, took 90 s", "TransE (60 s)": "PyKEEN, 60 s of training"}
    assert tell_rivals(Evaluation(GENES, FACTS | {"rivals": given})) == ["node2vec: PecanPy, took 90 s", "TransE (60 s): PyKEEN, 60 s of training"]
    assert "- TransE (60 s): PyKEEN, 60 s of training" in to_markdown(Evaluation(GENES, FACTS | {"rivals": given}))
    assert tell_rivals(Evaluation(GENES, FACTS)) == []
