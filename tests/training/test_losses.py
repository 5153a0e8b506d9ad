"""The contrastive loss, by hand and beside a plain loop."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import infonce_by_loop
from training.losses import Offsets, Pairs, multi_positive_infonce, symmetric_infonce

Cells = list[tuple[int, int]]


def pairs(cells: Cells) -> Pairs:
    """The cells as tensors."""
    return Pairs(torch.tensor([row for row, _ in cells], dtype=torch.int64), torch.tensor([column for _, column in cells], dtype=torch.int64))


def loss_of(logits: torch.Tensor, positives: Cells, masked: Cells, weights: list[float]) -> torch.Tensor:
    """The loss with the positives masked, as tasks do it."""
    asked = len({row for (row, _), weight in zip(positives, weights, strict=True) if weight > 0})
    return multi_positive_infonce(logits, pairs(positives), masked=pairs([*positives, *masked]), weights=torch.tensor(weights)) / max(asked, 1)


@st.composite
def problems(draw: st.DrawFn) -> tuple[torch.Tensor, Cells, Cells, list[float]]:
    """Logits, positives, masked cells and weights; an anchor may have no positive, or no negative."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    numbers = st.floats(-8, 8, width=32)
    logits = draw(st.lists(st.lists(numbers, min_size=m, max_size=m), min_size=n, max_size=n))
    roles = draw(st.lists(st.sampled_from(["positive", "masked", "negative", "negative"]), min_size=n * m, max_size=n * m))
    cells = [(row, column) for row in range(n) for column in range(m)]
    positives, masked = ([cell for cell, role in zip(cells, roles, strict=True) if role == wanted] for wanted in ("positive", "masked"))
    weights = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 4.0]), min_size=len(positives), max_size=len(positives)))
    return torch.tensor(logits), positives, masked, weights


def test_the_loss_by_hand() -> None:
    """Two anchors, three candidates, e^s written as whole numbers.

        anchor 0: 2 (positive, weight 3), 6 (positive, weight 1), 2 (negative)
        anchor 1: 1 (positive), 1 (masked), 3 (negative)

    Anchor 0: its first positive has -log(2 / (2 + 2)) = log 2, its second -log(6 / (6 + 2)) = log 4/3; the other positive is no rival.
    Weighted: (3 log 2 + log 4/3) / 4 = 0.59178. Anchor 1: -log(1 / (1 + 3)) = log 4 = 1.38629. Their mean is 0.98904.
    """
    logits = torch.tensor([[2.0, 6.0, 2.0], [1.0, 1.0, 3.0]]).log()
    loss = loss_of(logits, [(0, 0), (0, 1), (1, 0)], [(1, 1)], [3.0, 1.0, 5.0])
    assert float(loss) == pytest.approx(0.98904, abs=1e-5)
    assert float(loss) == pytest.approx(((3 * math.log(2) + math.log(4 / 3)) / 4 + math.log(4)) / 2)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_the_loss_is_that_of_a_plain_loop(problem: tuple[torch.Tensor, Cells, Cells, list[float]]) -> None:
    """Any cells as positives, masked and negatives, any weights; an anchor without weight counts nothing."""
    logits, positives, masked, weights = problem
    expected = infonce_by_loop(logits.tolist(), dict(zip(positives, weights, strict=True)), set(masked))
    assert float(loss_of(logits, positives, masked, weights)) == pytest.approx(expected, abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(problem=problems(), factors=st.lists(st.sampled_from([0.01, 0.5, 3.0, 100.0]), min_size=5, max_size=5))
def test_an_anchors_weights_count_by_their_ratios_only(problem: tuple[torch.Tensor, Cells, Cells, list[float]], factors: list[float]) -> None:
    """Multiplying the weights of one anchor by a factor changes nothing: strong evidence for one does not silence the others."""
    logits, positives, masked, weights = problem
    scaled = [weight * factors[row] for (row, _), weight in zip(positives, weights, strict=True)]
    torch.testing.assert_close(loss_of(logits, positives, masked, scaled), loss_of(logits, positives, masked, weights))


@settings(max_examples=50, deadline=None)
@given(problem=problems(), shift=st.floats(-50, 50))
def test_masked_cells_never_matter(problem: tuple[torch.Tensor, Cells, Cells, list[float]], shift: float) -> None:
    """Whatever their logits, loss and gradients are the same, and their own gradient is zero."""
    logits, positives, masked, weights = problem
    moved = logits.clone()
    if masked:
        moved[pairs(masked).rows, pairs(masked).columns] += shift
    one, other = logits.requires_grad_(True), moved.requires_grad_(True)
    first, second = loss_of(one, positives, masked, weights), loss_of(other, positives, masked, weights)
    for each in (first, second):
        each.backward()  # type: ignore[no-untyped-call]
    assert torch.equal(first, second)
    assert one.grad is not None
    assert torch.equal(one.grad, other.grad)  # type: ignore[arg-type]
    assert all(float(one.grad[cell]) == 0 for cell in masked)


def test_a_positive_is_no_rival_of_another() -> None:
    """Raising one positive of an anchor leaves the loss of its other positive as it was."""
    low, high = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[1.0, 9.0, 2.0]])
    both: Cells = [(0, 0), (0, 1)]
    first, second = (loss_of(logits, both, [], [1.0, 0.0]) for logits in (low, high))
    assert float(first) == float(second) == pytest.approx(math.log(1 + math.e))


def test_an_anchor_without_negatives_has_no_loss() -> None:
    """Nothing competes with its positive: no loss, no gradient, and no infinity."""
    logits = torch.zeros(1, 2, requires_grad=True)
    loss = loss_of(logits, [(0, 0)], [(0, 1)], [1.0])
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0, 0]]


def test_no_positives_give_no_loss() -> None:
    """An average over nothing is nothing, and it still has a gradient to go back."""
    loss = loss_of(torch.zeros(2, 2, requires_grad=True), [], [], [])
    assert loss.item() == 0


def test_the_symmetric_loss_by_hand() -> None:
    """One anchor, two candidates, cosines 0.1 and 0.05 over a temperature of 0.05: logits 2 and 1; the first is positive.

    Forward with the candidates' offsets 0 and 1: both logits are 2, so the loss is log 2 = 0.69315. Backward the positive's candidate has one
    anchor and no negative: 0. With a second anchor of cosine 0 and the anchors' offsets 0 and 2, backward has logits 2 and 2: another log 2.
    """
    temperature = 0.05
    positive, weights = pairs([(0, 0)]), torch.tensor([1.0])
    offsets = torch.tensor([0.0, 1.0])
    one = symmetric_infonce(
        torch.tensor([[0.1, 0.05]]), torch.eye(2), positive, masked=positive, weights=weights, temperature=temperature, offsets=Offsets(torch.zeros(1), offsets)
    )
    assert float(one) == pytest.approx(math.log(2), abs=1e-6)
    two = symmetric_infonce(
        torch.tensor([[0.1, 0.05], [0.0, 0.0]]), torch.eye(2), positive, masked=positive, weights=weights, temperature=temperature,
        offsets=Offsets(torch.tensor([0.0, 2.0]), offsets),
    )
    assert float(two) == pytest.approx(2 * math.log(2), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(problem=problems(), data=st.data())
def test_the_symmetric_loss_is_two_plain_loops(problem: tuple[torch.Tensor, Cells, Cells, list[float]], data: st.DataObject) -> None:
    """Anchors against candidates with the candidates' offsets, and the table turned with the anchors'."""
    cosines, positives, masked, weights = problem
    n, m = cosines.shape
    numbers = st.floats(-2, 2, width=32)
    anchor_offsets, candidate_offsets = (torch.tensor(data.draw(st.lists(numbers, min_size=size, max_size=size))) for size in (n, m))
    loss = symmetric_infonce(
        cosines, torch.eye(m), pairs(positives), masked=pairs([*positives, *masked]), weights=torch.tensor(weights), temperature=2.0,
        offsets=Offsets(anchor_offsets, candidate_offsets),
    )
    weighted = dict(zip(positives, weights, strict=True))
    forward = infonce_by_loop((cosines / 2 + candidate_offsets).tolist(), weighted, set(masked))
    turned = {(column, row): weight for (row, column), weight in weighted.items()}
    backward = infonce_by_loop((cosines.T / 2 + anchor_offsets).tolist(), turned, {(column, row) for row, column in masked})
    assert float(loss) == pytest.approx(forward + backward, abs=1e-4)
