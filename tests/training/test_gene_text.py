"""Definitions: read as texts of their concept, never as its names, and the task that reads genes' summaries against terms."""

import numpy as np
import polars as pl
import pytest

from generel.concepts.tables import SPLIT_NAMES
from tests.training.worlds import CURIES, number_of, split_concepts, split_names, split_relations, world_recipe
from training.corpus import Corpus, make_corpus
from training.recipe import Recipe
from training.tasks.batch import or_definitions, pick_texts
from training.tasks.gene_text import gene_text_tasks
from training.tasks.synonym import synonym_task
from training.trainer import make_tasks

# The last one contains a held-out synonym of its disease, in other letters.
DEFINITIONS = {
    "TCF7L2": "A transcription factor of the Wnt pathway.",
    "APOE": "A protein that carries fat.",
    "type 2 diabetes mellitus": "Too much sugar in the blood.",
    "diabetes mellitus": "Also called Sugar Diabetes.",
}


def corpus_of(recipe: Recipe) -> Corpus:
    """The world, with definitions."""
    rows = [(CURIES[name], text, "definition", "train") for name, text in DEFINITIONS.items()]
    names = pl.concat([split_names(), pl.DataFrame(rows, schema=SPLIT_NAMES.columns, orient="row")])
    return make_corpus(split_concepts(), names, split_relations(), recipe=recipe)


RECIPE = world_recipe(smallest_task=1, definition_share=0.5)
CORPUS = corpus_of(RECIPE)


def definition_of(name: str) -> str | None:
    """What the corpus has as the concept's definition."""
    text = int(CORPUS.texts.definitions[number_of(CORPUS, name)])
    return CORPUS.texts.strings[text] if text >= 0 else None


def test_definitions_are_texts_and_no_names() -> None:
    """One that gives a held-out synonym away is not read; without a share none is."""
    for name in ("TCF7L2", "APOE", "type 2 diabetes mellitus"):
        assert definition_of(name) == DEFINITIONS[name]
    assert definition_of("diabetes mellitus") is None
    assert definition_of("warfarin") is None
    names = {CORPUS.texts.strings[text] for text in CORPUS.texts.of_concept}
    assert not names & set(DEFINITIONS.values())
    without = corpus_of(world_recipe(definition_share=0.0))
    assert (without.texts.definitions == -1).all()
    assert not set(without.texts.strings) & set(DEFINITIONS.values())


def test_a_definition_is_shown_as_often_as_asked() -> None:
    """Where there is one: of 2,000 draws about half, all or none; a concept without one always shows a name."""
    concepts = np.array([number_of(CORPUS, "APOE"), number_of(CORPUS, "warfarin")]).repeat(2000)
    for share, expected in ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)):
        texts = pick_texts(CORPUS.texts, concepts, name_share=0.5, definition_share=share, rng=np.random.default_rng(0))
        shown = texts == CORPUS.texts.definitions[concepts]
        assert shown[:2000].mean() == pytest.approx(expected, abs=0.05)
        assert not shown[2000:].any()
    rng = np.random.default_rng(0)
    or_definitions(CORPUS.texts, concepts, concepts, share=0.0, rng=rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_gene_text_is_words_against_words() -> None:
    """Genes with a summary against their terms: no residual is shown, and a definition wherever there is one; other genes do not ask."""
    tasks = {task.name: task for task in gene_text_tasks(CORPUS, recipe=RECIPE)}
    assert {name: task.size for name, task in tasks.items()} == {"gene_text:gene-disease": 2, "gene_text:gene-phenotype": 1}
    task = tasks["gene_text:gene-disease"]
    assert task.asking.tolist() == sorted(number_of(CORPUS, name) for name in ("TCF7L2", "APOE"))
    batch = next(drawn for drawn in (task.draw(np.random.default_rng(seed)) for seed in range(20)) if drawn is not None)
    assert not batch.with_residual.any()
    definitions = CORPUS.texts.definitions[batch.concepts]
    assert np.array_equal(batch.texts[definitions >= 0], definitions[definitions >= 0])
    assert {CORPUS.curies[concept] for concept in batch.anchor_concepts} <= {CURIES["TCF7L2"], CURIES["APOE"]}
    assert "gene_text:gene-disease" in {each.name for each in make_tasks(CORPUS, RECIPE)}


def test_a_name_meets_its_definition_in_the_synonym_task() -> None:
    """Candidates may be definitions, anchors never."""
    task = synonym_task(CORPUS, recipe=RECIPE)
    assert task is not None
    defined = set(CORPUS.texts.definitions[CORPUS.texts.definitions >= 0].tolist())
    batches = [batch for batch in (task.draw(np.random.default_rng(seed)) for seed in range(30)) if batch is not None]
    assert not any(defined & set(batch.texts[batch.anchors].tolist()) for batch in batches)
    assert any(defined & set(batch.texts[batch.candidates].tolist()) for batch in batches)
