"""Stock fine-tuning as a rival: which pairs of texts it is given, how concepts are read, and a run of the command with a tiny BERT."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from generel.cli.main import main
from tests.training.evaluate_world import FAMILIES
from tests.training.test_evaluate_command import write_build, write_world_space
from tests.training.worlds import CURIES, TIES, number_of, world_corpus, world_recipe
from training.evaluate.clock import Clock, TimeIsUp
from training.evaluate.text_pairs import TextPairs
from training.evaluate.text_rivals import read_concepts

EXTRA = ("sentence_transformers", "accelerate", "datasets")


def test_pairs_are_texts_of_training_relations_and_names_of_one_concept() -> None:
    """Every pair of a relation is one of training, by any of its names; two names of a concept differ; tasks with variants can be left out."""
    corpus, recipe = world_corpus(), world_recipe(smallest_task=2)
    names = {curie: {corpus.texts.strings[text] for text in corpus.texts.of_concept[slice(*corpus.texts.offsets[row : row + 2])]} for row, curie in enumerate(corpus.curies)}
    pairs = TextPairs(corpus, recipe).draw(400, rng=np.random.default_rng(1))
    known = {(left, right) for a, _, b, part, _ in TIES if part == "train" for left in names[CURIES[a]] for right in names[CURIES[b]]}
    drawn = {pair for name, (anchors, positives) in pairs.items() if name != "synonym" for pair in zip(anchors, positives, strict=True)}
    assert drawn <= known and len(drawn) > 20
    assert all(left != right and any({left, right} <= each for each in names.values()) for left, right in zip(*pairs["synonym"], strict=True))
    assert any("variant" in name for name in pairs)
    without = TextPairs(corpus, recipe).draw(400, rng=np.random.default_rng(1), without=["variant"])
    assert set(without) == {name for name in pairs if "variant" not in name}


def test_a_concept_is_read_by_half_its_name_and_half_all_of_its_names() -> None:
    """Warfarin's name is at (1, 0) and Coumadin at (0, 1): (1 + 1/2, 1/2) / 2 at unit norm; metformin has one name."""
    corpus = world_corpus()

    def encode(texts: Sequence[str]) -> np.ndarray:
        return np.array([[0, 1] if text == "Coumadin" else [1, 0] for text in texts], dtype=np.float32)

    concepts = np.sort(np.array([number_of(corpus, "warfarin"), number_of(corpus, "metformin")]))
    found = dict(zip(concepts.tolist(), read_concepts(corpus, concepts, encode).tolist(), strict=True))
    assert found[number_of(corpus, "warfarin")] == pytest.approx((np.array([0.75, 0.25]) / np.hypot(0.75, 0.25)).tolist())
    assert found[number_of(corpus, "metformin")] == pytest.approx([1.0, 0.0])


def test_a_clock_tells_what_is_left_and_ends_the_training() -> None:
    """An hour is hardly begun; no time at all is over at once."""
    hour = Clock(3600)
    hour.start()
    hour.check()
    assert 0.9 < hour.left <= 1 and not hour.is_over
    over = Clock(1e-9)
    over.start()
    with pytest.raises(TimeIsUp):
        over.check()
    assert over.left == 0.0 and over.spent > 0


@pytest.mark.slow
def test_fine_tuned_models_answer_relations_cold_concepts_and_synonyms(tmp_path: Path) -> None:
    """Both stand in the table with their seconds, on the same questions as the space, and the report says what they were given."""
    for library in EXTRA:
        pytest.importorskip(library, reason=f"{library} is not installed (extra 'rivals')")
    write_build(tmp_path / "builds" / "world")
    recipe = {"composed_kinds": ["variant"], "families": FAMILIES, "sampling": {"smallest_task": 1}}
    write_world_space(tmp_path / "spaces" / "small", work=tmp_path / "work", recipe=recipe)
    asked = ["evaluate", "small", "--rival", "sentence-transformers", "--rival", "static-embedding", "--rival-seconds", "1", "--format", "jsonl", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, asked, env={"GENEREL_HOME": str(tmp_path)})
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    rivals = ("sentence-transformers (1 s)", "StaticEmbedding (1 s)")
    for protocol in ("relations", "cold", "synonyms"):
        by_method = {method: {(row["predicate"], row["kinds"], row["queries"], row["candidates"]) for row in rows if (row["protocol"], row["method"]) == (protocol, method)} for method in ("generel cosine", *rivals)}
        assert by_method[rivals[0]] == by_method[rivals[1]] == by_method["generel cosine"] != set()
    notes = json.loads((tmp_path / "out" / "evaluation.json").read_text())["rivals"]
    assert list(notes) == list(rivals)
    assert "MultipleNegativesRankingLoss, batch 64, the space's language model; 1 s of training, " in notes[rivals[0]] and " 0 pairs" not in notes[rivals[0]]
    assert f"- {rivals[1]}: MultipleNegativesRankingLoss, batch 1,024" in (tmp_path / "out" / "evaluation.md").read_text()
    assert f"{rivals[0]}: Multiple" in result.stderr
