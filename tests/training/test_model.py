"""One step of training: the whole of it beside a plain loop, and what it may touch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.model.bag import Bags, make_bags
from tests.oracles import bag_mean_by_loop, composed_by_loop, infonce_by_loop
from tests.training.worlds import world_corpus, world_model, world_recipe
from training.composer import compose_slots, take
from training.losses import Pairs, multi_positive_infonce
from training.makings import SORTS
from training.model import ConceptModel, drop_rows
from training.recipe import LikenessSettings
from training.tasks.batch import Batch, Ties
from training.trainer import make_tasks

RECIPE = world_recipe(token_dropout=0.0)
CORPUS = world_corpus(RECIPE)
TASKS = {task.name: task for task in make_tasks(CORPUS, RECIPE)}


@pytest.fixture(autouse=True)
def _in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are compared with those of loops, so none is rounded to bf16."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")


def batch_of(task: str, *, seed: int = 0) -> Batch:
    """The first batch that this seed draws and that has positives."""
    rng = np.random.default_rng(seed)
    return next(batch for batch in (TASKS[task].draw(rng) for _ in range(100)) if batch is not None)


def some_model() -> ConceptModel:
    """The world's model with random tables, as after some training."""
    model = world_model(RECIPE, CORPUS)
    generator = torch.Generator().manual_seed(2)
    for table in model.tables().values():
        table.weight.copy_(0.3 * torch.randn(table.weight.shape, generator=generator))
    return model


def unit(numbers: np.ndarray) -> np.ndarray:
    """A row scaled to unit norm."""
    return numbers / np.linalg.norm(numbers)


def slots_by_loop(model: ConceptModel, batch: Batch) -> list[np.ndarray]:
    """Each slot's vector: normalize(tower(text) + residual), the tower's formula written out."""
    vectors = []
    for concept, text, kept in zip(batch.concepts, batch.texts, batch.with_residual, strict=True):
        rows = model.bags.rows[model.bags.offsets[text] : model.bags.offsets[text + 1]].tolist()
        mean = torch.tensor([bag_mean_by_loop(model.tokens.weight.tolist(), rows)])
        with torch.no_grad():
            output = model.tower(model.features[text : text + 1], mean)[0].numpy()
        vectors.append(unit(output + (model.residuals.of(np.array([concept]))[0].numpy() if kept else 0)))
    return vectors


@pytest.mark.parametrize("task", sorted(TASKS))
def test_the_loss_of_a_step_is_that_of_a_plain_loop(task: str) -> None:
    """Slots, composition, cosines, biases and log Q, temperature and both directions, each written out."""
    model, batch = some_model(), batch_of(task)
    slots = slots_by_loop(model, batch)
    composed = composed_by_loop([slot.tolist() for slot in slots], ties_of(batch.ties), RECIPE.composition.weights(), n=len(batch.composed))
    vectors = [*slots, *map(np.array, composed)]
    logits = np.array([[vectors[a] @ vectors[c] / RECIPE.temperature for c in batch.candidates] for a in batch.anchors])
    anchor_bias = model.anchor_biases[task].of(batch.anchor_concepts)[:, 0].numpy() - batch.anchor_log_q
    candidate_bias = model.candidate_biases[task].of(batch.candidate_concepts)[:, 0].numpy() - batch.candidate_log_q
    positives = dict(zip(zip(batch.positive_rows.tolist(), batch.positive_columns.tolist(), strict=True), batch.positive_weights.tolist(), strict=True))
    masked = set(zip(batch.masked_rows.tolist(), batch.masked_columns.tolist(), strict=True))
    forward = infonce_by_loop((logits + candidate_bias).tolist(), positives, masked)
    backward = infonce_by_loop((logits.T + anchor_bias).tolist(), {(c, r): w for (r, c), w in positives.items()}, {(c, r) for r, c in masked})
    assert model.step(batch, rng=np.random.default_rng(0)) == pytest.approx(forward + backward, abs=1e-3)


@pytest.mark.parametrize("task", ["pharmacogenetics:variant-drug", "synonym"])
def test_repeating_a_batch_lowers_its_loss(task: str) -> None:
    """Forty steps on one batch learn it."""
    model, batch = world_model(RECIPE, CORPUS), batch_of(task)
    losses = [model.step(batch, rng=np.random.default_rng(0)) for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_step_touches_only_what_the_batch_shows(task: str) -> None:
    """Residuals of concepts shown with theirs, token rows of the texts shown, biases of this task's anchors and candidates."""
    model, batch = some_model(), batch_of(task)
    before = {name: table.weight.clone() for name, table in model.tables().items()}
    model.step(batch, rng=np.random.default_rng(0))
    moved = {name: set(torch.nonzero((table.weight != before[name]).any(1))[:, 0].tolist()) for name, table in model.tables().items()}
    assert set(model.residuals.concepts[list(moved.pop("residuals"))].tolist()) <= set(batch.concepts[batch.with_residual].tolist())
    assert moved.pop("tokens") <= set(model.bags.take(batch.texts).rows.tolist())
    asking, answering = TASKS[task].asking, TASKS[task].answering
    assert set(asking[list(moved.pop(f"anchor_bias.{task}"))].tolist()) <= set(batch.anchor_concepts.tolist())
    assert set(answering[list(moved.pop(f"candidate_bias.{task}"))].tolist()) <= set(batch.candidate_concepts.tolist())
    assert not any(moved.values())


def test_a_concept_shown_without_its_residual_teaches_the_text_alone() -> None:
    """With all residuals dropped the table stays as it is, and the tokens move."""
    model, batch = some_model(), batch_of("treats:drug-disease")
    before = model.residuals.weight.clone(), model.tokens.weight.clone()
    model.step(replace(batch, with_residual=np.zeros_like(batch.with_residual)), rng=np.random.default_rng(0))
    assert torch.equal(model.residuals.weight, before[0])
    assert not torch.equal(model.tokens.weight, before[1])


def test_all_token_rows_may_be_dropped() -> None:
    """A dropout of one leaves features and residuals."""
    recipe = world_recipe(token_dropout=1.0)
    model = world_model(recipe, CORPUS)
    assert np.isfinite(model.step(batch_of("treats:drug-disease"), rng=np.random.default_rng(0)))
    assert not model.tokens.weight.any()


def test_text_vectors_are_the_towers_of_whole_bags() -> None:
    """Nothing is dropped and no residual is added; (n, dims), not normalized, in the order asked for."""
    model = some_model()
    texts = np.array([5, 0, 5, 12])
    vectors = model.text_vectors(texts).numpy()
    for text, vector in zip(texts, vectors, strict=True):
        rows = model.bags.rows[model.bags.offsets[text] : model.bags.offsets[text + 1]].tolist()
        with torch.no_grad():
            expected = model.tower(model.features[text : text + 1], torch.tensor([bag_mean_by_loop(model.tokens.weight.tolist(), rows)]))[0]
        np.testing.assert_allclose(vector, expected.numpy(), atol=1e-5)


def test_two_models_of_one_seed_are_equal() -> None:
    """Whatever torch's own generator did before."""
    torch.manual_seed(99)
    one = world_model(RECIPE, CORPUS)
    torch.rand(5)
    other, third = world_model(RECIPE, CORPUS), world_model(replace(RECIPE, seed=8), CORPUS)
    assert torch.equal(one.tower.up.weight, other.tower.up.weight)
    assert not torch.equal(one.tower.up.weight, third.tower.up.weight)


def test_tables_have_a_name_each() -> None:
    """Tokens, residuals, and two biases a task: what a checkpoint holds."""
    model = world_model(RECIPE, CORPUS)
    assert sorted(model.tables()) == sorted(["tokens", "residuals", *(f"{side}_bias.{task}" for task in TASKS for side in ("anchor", "candidate"))])
    assert len({id(table) for table in model.tables().values()}) == 2 + 2 * len(TASKS)
    # Five of the twenty-four concepts are variants, which are composed.
    assert model.residuals.weight.shape == (19, 8)
    assert model.residuals.concepts.tolist() == np.flatnonzero(~CORPUS.is_composed).tolist()


@settings(max_examples=50, deadline=None)
@given(ties=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from(SORTS), st.sampled_from([0.5, 1.0, 3.0])), max_size=10))
def test_composed_vectors_are_those_of_a_plain_loop(ties: list[tuple[int, int, str, float]]) -> None:
    """One direction a sort, weighted, summed, at unit norm; zeros for an owner without any tie."""
    slots = torch.nn.functional.normalize(torch.randn(5, 3, generator=torch.Generator().manual_seed(1)), dim=1)
    weights = {"own": 1.0, "genes": 0.3, "gene_profile": 2.0, "locus": 0.5, "linkage": 0.0, "consequence": 1.5}
    composed = compose_slots(slots, as_ties(ties), 4, weights=weights)
    np.testing.assert_allclose(composed.numpy(), composed_by_loop(slots.tolist(), ties, weights, n=4), atol=1e-5)


def test_nothing_flows_back_into_genes_from_what_they_make_up() -> None:
    """A gene would remember the traits that its variants are asked for; every other tie learns."""
    slots = torch.nn.functional.normalize(torch.randn(len(SORTS), 3, generator=torch.Generator().manual_seed(1)), dim=1).requires_grad_(True)
    ties = [(0, place, sort, 1.0) for place, sort in enumerate(SORTS)]
    compose_slots(slots, as_ties(ties), 1, weights=dict.fromkeys(SORTS, 1.0))[:, 0].sum().backward()
    assert slots.grad is not None
    assert slots.grad.any(1).tolist() == [sort != "genes" for sort in SORTS]


def as_ties(ties: list[tuple[int, int, str, float]]) -> Ties:
    """(owner, slot, sort, weight) as a batch has them."""
    owners, slots, sorts = (np.array(column, dtype=np.int64) for column in ([tie[0] for tie in ties], [tie[1] for tie in ties], [SORTS.index(tie[2]) for tie in ties]))
    return Ties(owners, slots, sorts, np.array([tie[3] for tie in ties], dtype=np.float32))


def ties_of(ties: Ties) -> list[tuple[int, int, str, float]]:
    """The other way round."""
    return [(owner, slot, SORTS[sort], weight) for owner, slot, sort, weight in zip(*(column.tolist() for column in ties), strict=True)]


def test_dropping_rows_keeps_the_rest_in_their_bags() -> None:
    """A share of 0 drops none and draws nothing, of 1 all; in between each bag keeps a subsequence of its rows, about as many as asked."""
    bags = make_bags([[0, *range(2, 2 + length), 1] for length in (0, 3, 1, 200)], n_tokens=300, n_pairs=0)
    rng = np.random.default_rng(0)
    assert drop_rows(bags, 0.0, rng) is bags
    assert rng.random() == np.random.default_rng(0).random()
    assert drop_rows(bags, 1.0, rng).offsets.tolist() == [0, 0, 0, 0, 0]
    kept = drop_rows(bags, 0.4, rng)
    whole, left = as_lists(bags), as_lists(kept)
    assert all([row for row in one if row in other] == other for one, other in zip(whole, left, strict=True))
    assert abs(len(left[3]) - 120) < 30


def as_lists(bags: Bags) -> list[list[int]]:
    """The rows of each string."""
    return [bags.rows[start:end].tolist() for start, end in zip(bags.offsets[:-1], bags.offsets[1:], strict=True)]


def test_gradients_are_the_same_every_time_on_several_threads() -> None:
    """Rows that are taken many times over collect their gradient in a fixed order: without that no two runs would be equal."""
    rng, threads = np.random.default_rng(0), torch.get_num_threads()
    slots = torch.nn.functional.normalize(torch.randn(300, 64, generator=torch.Generator().manual_seed(1)), dim=1)
    owners, ties, numbers = rng.integers(0, 200, 20_000), rng.integers(0, 300, 20_000), rng.integers(0, 300, 20_000)
    sorts = rng.integers(0, len(SORTS), 20_000)
    rows, columns = np.divmod(np.sort(rng.permutation(200 * 300)[:20_000]), 300)
    cells = Pairs(torch.from_numpy(rows), torch.from_numpy(columns))
    gradients = []
    torch.set_num_threads(2)
    try:
        for _ in range(4):
            leaf = slots.clone().requires_grad_(True)
            composed = compose_slots(leaf, Ties(owners, ties, sorts, np.ones(20_000, dtype=np.float32)), 200, weights=dict.fromkeys(SORTS, 1.0))
            loss = multi_positive_infonce(20 * composed @ leaf.T, cells, masked=cells, weights=torch.ones(20_000)) + take(leaf, numbers).square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            gradients.append(leaf.grad)
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(gradients[0], each) for each in gradients[1:])  # type: ignore[arg-type]


def test_tasks_of_likeness_train_the_leading_coordinates_alone() -> None:
    """With four of eight dims, a step of synonyms leaves the other columns of the token rows where they are, to rounding; one of relations does not."""
    recipe = world_recipe(token_dropout=0.0, likeness=LikenessSettings(dims=4))
    for task, moves in (("synonym", False), ("treats:drug-disease", True)):
        model = world_model(recipe, CORPUS)
        model.step(batch_of(task), rng=np.random.default_rng(0))
        leading, trailing = model.tokens.weight[:, :4].abs().max(), model.tokens.weight[:, 4:].abs().max()
        assert leading > 1e-2
        assert bool(trailing > 1e-3 * leading) is moves


def test_a_task_may_have_a_temperature_of_its_own() -> None:
    """By its name, else its family's, else that of all: the loss is that of cosines divided by it."""
    recipe = world_recipe(token_dropout=0.0, temperatures={"treats": 0.1, "treats:drug-disease": 0.2, "pharmacogenetics": 0.07})
    model = world_model(recipe, CORPUS)
    assert {model.temperatures[name] for name in ("treats:drug-disease", "pharmacogenetics:gene-drug", "synonym")} == {0.2, 0.07, 0.05}
    warmer, batch = world_model(replace(recipe, temperatures={"treats": 5.0}), CORPUS), batch_of("treats:drug-disease")
    assert warmer.step(batch, rng=np.random.default_rng(0)) != pytest.approx(model.step(batch, rng=np.random.default_rng(0)), abs=1e-3)
