"""What a step is made of: known training relations as positives, none of them ever a negative, and nothing shown that is asked for."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.kinds import KINDS
from tests.training.worlds import CURIES, TIES, known_pairs, number_of, world_corpus, world_recipe
from training.corpus import Corpus
from training.makings import SORTS
from training.recipe import CompositionSettings
from training.tasks.batch import Batch, pick_texts
from training.tasks.relation import RelationTask, at_most, draws_a_step, make_batch, relation_tasks
from training.tasks.synonym import SynonymTask, synonym_task

RECIPE = world_recipe()
CORPUS = world_corpus(RECIPE)
TASKS = relation_tasks(CORPUS, recipe=RECIPE)
KNOWN = known_pairs()
Pair = tuple[str, str]


@dataclass(frozen=True)
class Read:
    """A batch in CURIEs: its cells as pairs (anchor, candidate), its context as pairs (composed concept, tie of its own)."""

    anchors: list[str]
    candidates: list[str]
    positives: dict[Pair, float]
    masked: set[Pair]
    context: set[Pair]


def read(batch: Batch, corpus: Corpus = CORPUS) -> Read:
    """The batch as a person would read it; that its places are those of its concepts is checked on the way."""
    name = corpus.curies.__getitem__
    shown = np.concatenate((batch.concepts, batch.composed))
    assert np.array_equal(shown[batch.anchors], batch.anchor_concepts)
    assert np.array_equal(shown[batch.candidates], batch.candidate_concepts)
    anchors, candidates = [name(n) for n in batch.anchor_concepts], [name(n) for n in batch.candidate_concepts]
    cells = [(anchors[row], candidates[column]) for row, column in zip(batch.positive_rows, batch.positive_columns, strict=True)]
    assert len(set(cells)) == len(cells)
    return Read(
        anchors, candidates, dict(zip(cells, batch.positive_weights.tolist(), strict=True)),
        {(anchors[row], candidates[column]) for row, column in zip(batch.masked_rows, batch.masked_columns, strict=True)},
        {(name(batch.composed[owner]), name(batch.concepts[slot])) for owner, slot, sort in zip(*batch.ties[:3], strict=True) if SORTS[sort] in ("own", "genes")},
    )


def batches(task: RelationTask | SynonymTask, n: int = 40) -> list[Batch]:
    """Some draws of a task; a draw that leaves nothing to learn from is left out."""
    drawn = [task.draw(np.random.default_rng(seed)) for seed in range(n)]
    found = [batch for batch in drawn if batch is not None]
    assert len(found) >= n // 4
    return found


def named(name: str) -> RelationTask:
    """The task of that name."""
    (task,) = (task for task in TASKS if task.name == name)
    return task


def turned(task: RelationTask) -> RelationTask:
    """The task with subjects and objects in each other's place."""
    return replace(
        task, subject_kind=task.object_kind, object_kind=task.subject_kind, asking=task.answering, answering=task.asking,
        subject_log_q=task.object_log_q, object_log_q=task.subject_log_q,
    )


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_positives_are_all_known_training_relations_but_those_shown(task: RelationTask) -> None:
    """By a plain loop over anchors and candidates: a pair is positive if it is known (of whatever predicate) and not shown as context."""
    for batch in map(read, batches(task)):
        shown = batch.context | {(tied, composed) for composed, tied in batch.context}
        expected = {(a, c) for a in batch.anchors for c in batch.candidates if a != c and (a, c) in KNOWN and (a, c) not in shown}
        assert set(batch.positives) == expected


def test_context_is_never_a_target_of_a_composed_candidate() -> None:
    """Variants may stand on the other side as well: what they are composed of is no positive there either, and no negative."""
    task = turned(named("pharmacogenetics:variant-drug"))
    for seed in range(20):
        drawn = make_batch(task, CORPUS.of_kind("drug"), CORPUS.of_kind("variant"), rng=np.random.default_rng(seed))
        if drawn is not None:
            batch = read(drawn)
            shown = {(tied, composed) for composed, tied in batch.context}
            known = {(a, c) for a in batch.anchors for c in batch.candidates if (a, c) in KNOWN}
            assert set(batch.positives) == known - shown
            assert batch.masked == known


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_no_known_relation_is_a_negative(task: RelationTask) -> None:
    """Every known pair inside anchors x candidates is masked, and so is a concept with itself; nothing else is."""
    for batch in map(read, batches(task)):
        cells = {(a, c) for a in batch.anchors for c in batch.candidates}
        assert batch.masked == {(a, c) for a, c in cells if (a, c) in KNOWN or a == c}
        assert set(batch.positives) <= batch.masked


@pytest.mark.parametrize("task", [task for task in TASKS if task.subject_kind == "variant"], ids=lambda task: task.name)
def test_context_is_never_a_target_nor_a_negative(task: RelationTask) -> None:
    """What a variant is composed of in a step says nothing about what it is asked for in that step."""
    met = 0
    for batch in map(read, batches(task)):
        inside = {pair for pair in batch.context if pair[0] in batch.anchors and pair[1] in batch.candidates}
        assert not inside & set(batch.positives)
        assert inside <= batch.masked
        assert batch.context <= KNOWN
        met += len(inside)
    # A variant with one disease is asked for it only when it is not shown.
    assert met > 0 or task.object_kind in ("disease", "gene")


@pytest.mark.parametrize("task", [task for task in TASKS if task.subject_kind == "variant"], ids=lambda task: task.name)
def test_a_variants_genes_are_shown_unless_genes_are_asked_for(task: RelationTask) -> None:
    """The gene is what an unseen variant will have; it is left out as often as the recipe says, and where it is the answer always."""
    shown = [(variant, tied) for batch in map(read, batches(task)) for variant in batch.anchors for tied in [gene_of(variant)] if (variant, tied) in batch.context]
    asked = [variant for batch in map(read, batches(task)) for variant in batch.anchors]
    if task.object_kind == "gene":
        assert not shown
    else:
        assert 0.4 * len(asked) < len(shown) <= len(asked)


def gene_of(variant: str) -> str:
    """The gene that the variant lies in, in training."""
    (gene,) = (CURIES[b] for a, predicate, b, part, _ in TIES if CURIES[a] == variant and predicate == "variant_of_gene" and part == "train")
    return gene


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_held_out_pairs_are_never_positive_and_cold_concepts_never_drawn(task: RelationTask) -> None:
    """Pairs of validation, test, withheld and cold rows; the cold disease is neither anchor, candidate nor context."""
    held_out = {(CURIES[a], CURIES[b]) for a, _, b, part, _ in TIES if part != "train"} - KNOWN
    assert len(held_out) == 9
    cold = CURIES["familial hypercholesterolemia"]
    for batch in map(read, batches(task)):
        assert not held_out & set(batch.positives)
        assert not held_out & batch.context
        assert cold not in {*batch.anchors, *batch.candidates, *(tied for _, tied in batch.context)}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_anchors_and_candidates_are_distinct_and_of_their_kinds(task: RelationTask) -> None:
    """Each is encoded once, however often it was drawn and whatever roles it has."""
    for batch in batches(task):
        seen = read(batch)
        assert len(set(seen.anchors)) == len(seen.anchors)
        assert len(set(seen.candidates)) == len(seen.candidates)
        assert len(set(batch.concepts.tolist())) == len(batch.concepts)
        assert {KINDS[n] for n in CORPUS.kind_numbers[batch.anchor_concepts]} == {task.subject_kind}
        assert {KINDS[n] for n in CORPUS.kind_numbers[batch.candidate_concepts]} == {task.object_kind}
        assert "variant" not in {KINDS[n] for n in CORPUS.kind_numbers[batch.concepts]}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_positives_carry_the_evidence_of_their_pair(task: RelationTask) -> None:
    """The largest weight of all training relations between the two."""
    weights: dict[Pair, float] = {}
    for a, _, b, part, weight in TIES:
        for pair in ((CURIES[a], CURIES[b]), (CURIES[b], CURIES[a])):
            weights[pair] = max(weight if part == "train" else 0, weights.get(pair, 0))
    for batch in map(read, batches(task, 10)):
        assert batch.positives == pytest.approx({pair: weights[pair] for pair in batch.positives})


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_slot_shows_a_name_of_its_concept(task: RelationTask) -> None:
    """Never that of another, and residuals are left out of some."""
    texts, kept = CORPUS.texts, []
    for batch in batches(task):
        for concept, text in zip(batch.concepts, batch.texts, strict=True):
            assert text in texts.of_concept[texts.offsets[concept] : texts.offsets[concept + 1]]
        kept += batch.with_residual.tolist()
    assert 0.25 < np.mean(kept) < 0.55


@pytest.mark.parametrize("name", ["treats:drug-disease", "has_phenotype:disease-phenotype", "gene_of_disease:gene-disease"])
def test_log_q_is_the_frequency_of_being_drawn(name: str) -> None:
    """Of every concept as anchor and as candidate, in three thousand simulated steps, to three hundredths."""
    task, n = named(name), 3000
    rng = np.random.default_rng(11)
    anchors, candidates = np.zeros(CORPUS.n_concepts), np.zeros(CORPUS.n_concepts)
    for _ in range(n):
        batch = task.draw(rng)
        assert batch is not None
        anchors[batch.anchor_concepts] += 1 / n
        candidates[batch.candidate_concepts] += 1 / n
    for frequencies, log_q, kind in ((anchors, task.subject_log_q, task.subject_kind), (candidates, task.object_log_q, task.object_kind)):
        drawn = CORPUS.of_kind(kind)
        np.testing.assert_allclose(np.exp(log_q), frequencies[drawn], atol=0.03)
        assert frequencies[drawn].max() > frequencies[drawn].min() + 0.05


def test_log_q_in_a_batch_is_that_of_its_concepts() -> None:
    """In the order of the anchors and of the candidates."""
    task = named("treats:drug-disease")
    for batch in batches(task, 5):
        assert np.array_equal(batch.anchor_log_q, task.subject_log_q[np.searchsorted(task.asking, batch.anchor_concepts)])
        assert np.array_equal(batch.candidate_log_q, task.object_log_q[np.searchsorted(task.answering, batch.candidate_concepts)])


def test_a_variant_without_ties_to_show_leaves_the_step() -> None:
    """rs1 has only held-out ties: drawn as anchor or as candidate, it is not in the batch."""
    recipe, rng = world_recipe(composition=CompositionSettings(sort_dropout=0.0)), np.random.default_rng(0)
    (task,) = (task for task in relation_tasks(CORPUS, recipe=recipe) if task.name == "pharmacogenetics:variant-drug")
    variants, drugs = CORPUS.of_kind("variant"), CORPUS.of_kind("drug")
    orphan = number_of(CORPUS, "rs1")
    for anchors, candidates in ((variants, drugs), (drugs, variants)):
        batch = make_batch(task if anchors is variants else turned(task), anchors, candidates, rng=rng)
        assert batch is not None
        shown = {*batch.anchor_concepts.tolist(), *batch.candidate_concepts.tolist(), *batch.composed.tolist()}
        assert orphan not in shown
        assert shown == {*variants.tolist(), *drugs.tolist()} - {orphan}


def test_a_step_without_positives_is_none() -> None:
    """Anchors and candidates without a relation teach nothing."""
    task = named("treats:drug-disease")
    anchors, candidates = (np.array([number_of(CORPUS, name)]) for name in ("warfarin", "Alzheimer disease"))
    assert make_batch(task, anchors, candidates, rng=np.random.default_rng(0)) is None


def test_without_context_a_variant_is_asked_for_all_of_its_ties() -> None:
    """A share of 0 shows none of its own drugs; a share of 1 shows everything, so nothing is left to ask."""
    for share, n_positives in ((0.0, 3), (1.0, 0)):
        recipe = world_recipe(context_share=share, composition=CompositionSettings(sort_dropout=0.0))
        (task,) = (task for task in relation_tasks(CORPUS, recipe=recipe) if task.name == "pharmacogenetics:variant-drug")
        anchors = np.array([number_of(CORPUS, name) for name in ("rs4149056", "rs429358")])
        batch = make_batch(task, anchors, CORPUS.of_kind("drug"), rng=np.random.default_rng(0))
        assert (0 if batch is None else len(batch.positive_rows)) == n_positives


def test_relations_of_a_family_are_one_task_a_pair_of_kinds() -> None:
    """By name; tasks with fewer relations than the recipe wants are left out."""
    assert [(task.name, task.size) for task in TASKS] == [
        ("gene_of_disease:gene-disease", 2), ("has_phenotype:disease-phenotype", 5), ("pharmacogenetics:gene-drug", 3),
        ("pharmacogenetics:variant-drug", 5), ("treats:drug-disease", 4), ("variant_associated_with:variant-disease", 2), ("variant_of_gene:variant-gene", 4),
    ]
    assert [task.name for task in relation_tasks(CORPUS, recipe=world_recipe(smallest_task=5))] == ["has_phenotype:disease-phenotype", "pharmacogenetics:variant-drug"]
    alone = relation_tasks(CORPUS, recipe=world_recipe(families={}))
    assert [task.name for task in alone if "affects" in task.name] == ["affects_dosage:gene-drug", "affects_efficacy:variant-drug", "affects_toxicity:variant-drug"]


def test_a_step_draws_half_of_a_small_task() -> None:
    """And no more of a large one than the recipe allows."""
    assert [draws_a_step(size, 1024) for size in (1, 2, 3, 100, 2048, 10**6)] == [1, 1, 1, 50, 1024, 1024]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_same_generator_draws_the_same_batch(seed: int) -> None:
    """A batch is a function of task and generator."""
    for task in (named("pharmacogenetics:variant-drug"), synonyms()):
        one, other = (task.draw(np.random.default_rng(seed)) for _ in range(2))
        if one is None or other is None:
            assert one is other
        else:
            assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Batch.__dataclass_fields__)


def test_texts_are_the_preferred_name_as_often_as_asked() -> None:
    """With a share of 1 always; with 0 every name equally often."""
    concepts = np.full(6000, number_of(CORPUS, "type 2 diabetes mellitus"))
    always = pick_texts(CORPUS.texts, concepts, definition_share=0.0, name_share=1.0, rng=np.random.default_rng(0))
    assert {CORPUS.texts.strings[text] for text in always} == {"type 2 diabetes mellitus"}
    evenly = Counter(pick_texts(CORPUS.texts, concepts, definition_share=0.0, name_share=0.0, rng=np.random.default_rng(0)).tolist())
    assert len(evenly) == 4
    assert all(abs(count / 6000 - 0.25) < 0.03 for count in evenly.values())
    half = Counter(pick_texts(CORPUS.texts, concepts, definition_share=0.0, name_share=0.5, rng=np.random.default_rng(0)).tolist())
    assert half[int(always[0])] / 6000 == pytest.approx(0.5 + 0.125, abs=0.03)


def synonyms() -> SynonymTask:
    """The world's synonym task."""
    task = synonym_task(CORPUS, recipe=RECIPE)
    assert task is not None
    return task


def test_synonym_positives_are_two_names_of_one_concept() -> None:
    """Different strings, both of the concept; the anchor by text alone, never a cold or composed concept."""
    texts, met = CORPUS.texts, set()
    for batch in batches(synonyms()):
        assert np.array_equal(batch.positive_rows, batch.positive_columns)
        for row, column in zip(batch.positive_rows, batch.positive_columns, strict=True):
            left, right = batch.anchors[row], batch.candidates[column]
            concept = batch.concepts[left]
            assert concept == batch.concepts[right] == batch.anchor_concepts[row] == batch.candidate_concepts[column]
            own = texts.of_concept[texts.offsets[concept] : texts.offsets[concept + 1]].tolist()
            assert batch.texts[left] != batch.texts[right]
            assert {batch.texts[left], batch.texts[right]} <= set(own)
            met.add((texts.strings[batch.texts[left]], texts.strings[batch.texts[right]]))
        assert not batch.with_residual[batch.anchors].any()
        assert len(set(batch.candidate_concepts.tolist())) == len(batch.candidate_concepts)
        shown = batch.candidate_concepts
        assert CORPUS.trained[shown].all()
        assert "variant" not in {KINDS[n] for n in CORPUS.kind_numbers[shown]}
    assert {("heart attack", "myocardial infarction"), ("myocardial infarction", "heart attack"), ("statin", "Zocor"), ("NIDDM", "type 2 diabetes")} <= met


def test_equal_strings_are_masked_whosever_they_are() -> None:
    """'statin' for simvastatin is no negative of 'statin' for atorvastatin; beside equal strings only the positives are masked."""
    met = 0
    for batch in batches(synonyms(), 120):
        masked = set(zip(batch.masked_rows.tolist(), batch.masked_columns.tolist(), strict=True))
        anchors, candidates = batch.texts[batch.anchors], batch.texts[batch.candidates]
        equal = {(row, column) for row, text in enumerate(anchors) for column, other in enumerate(candidates) if text == other}
        positives = set(zip(batch.positive_rows.tolist(), batch.positive_columns.tolist(), strict=True))
        assert masked == positives | equal
        met += len(equal - positives)
    assert met > 0


def test_a_synonym_task_needs_enough_concepts_with_two_names() -> None:
    """Its size is the number of names beside the first; with too few concepts there is no task."""
    assert synonyms().size == sum(len(CORPUS.texts.of_concept[a:b]) - 1 for a, b in zip(CORPUS.texts.offsets[:-1], CORPUS.texts.offsets[1:], strict=True))
    assert synonym_task(CORPUS, recipe=world_recipe(smallest_task=13)) is None
    assert synonym_task(CORPUS, recipe=world_recipe(smallest_task=12)) is not None


def test_a_concept_is_no_negative_of_itself() -> None:
    """Where subjects and objects are of one kind, a concept may be anchor and candidate in one step: the cell is masked and not positive."""
    (task,) = (task for task in relation_tasks(CORPUS, recipe=world_recipe(smallest_task=1)) if task.family == "is_a")
    diseases = CORPUS.of_kind("disease")
    batch = make_batch(task, diseases, diseases, rng=np.random.default_rng(0))
    assert batch is not None
    seen, pair = read(batch), (CURIES["type 2 diabetes mellitus"], CURIES["diabetes mellitus"])
    assert set(seen.positives) == {pair, pair[::-1]}
    assert seen.masked == {*seen.positives, *((curie, curie) for curie in seen.anchors)}
    assert len(batch.concepts) == len(diseases) == 4


def test_composed_concepts_are_not_composed_of_each_other() -> None:
    """Where drugs are composed as well, a variant's drugs are no part of it, nor it of theirs: neither has a slot."""
    recipe = world_recipe(composed_kinds=("variant", "drug"))
    corpus = world_corpus(recipe)
    (task,) = (task for task in relation_tasks(corpus, recipe=recipe) if task.name == "pharmacogenetics:variant-drug")
    batch = make_batch(task, corpus.of_kind("variant"), corpus.of_kind("drug"), rng=np.random.default_rng(1))
    assert batch is not None
    assert not {"variant", "drug"} & {KINDS[n] for n in corpus.kind_numbers[batch.concepts]}
    assert {KINDS[n] for n in corpus.kind_numbers[batch.composed]} == {"variant", "drug"}
    assert read(batch, corpus).context <= KNOWN


@settings(max_examples=200)
@given(counts=st.lists(st.integers(1, 12), max_size=8), n=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_of_each_concept_no_more_is_shown_than_allowed(counts: list[int], n: int, seed: int) -> None:
    """Of each run of equal places the smaller of its length and n is kept."""
    places = np.repeat(np.arange(len(counts)) * 3, counts)
    kept = at_most(n, places, rng=np.random.default_rng(seed))
    assert [int(kept[places == 3 * at].sum()) for at in range(len(counts))] == [min(n, count) for count in counts]


def test_what_is_shown_of_many_is_drawn_evenly() -> None:
    """Of six ties, any two are shown: each one a third of the time."""
    rng = np.random.default_rng(4)
    shown = np.mean([at_most(2, np.zeros(6, dtype=np.int64), rng=rng) for _ in range(3000)], axis=0)
    assert np.allclose(shown, 1 / 3, atol=0.04)
