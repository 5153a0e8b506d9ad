"""Row-wise Adagrad: by hand, beside a plain loop, and never on a row that was not asked for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import adagrad_by_loop
from training.sparse_rows import SparseRows


def descend(table: SparseRows, rows: list[int], gradient: list[list[float]]) -> None:
    """One update in which the gathered rows receive this gradient."""
    gathered = table.gather(torch.tensor(rows))
    (gathered * torch.tensor(gradient)).sum().backward()  # type: ignore[no-untyped-call]
    table.update()


def test_an_update_by_hand() -> None:
    """Gradient (3, 4): mean square 12.5, root 3.5355; at rate 0.1 the row moves by (-0.08485, -0.11314).

    The same gradient again: the sum is 25, its root 5, so it moves by (-0.06, -0.08).
    """
    table = SparseRows(3, 2, learning_rate=0.1)
    descend(table, [1], [[3.0, 4.0]])
    torch.testing.assert_close(table.weight, torch.tensor([[0, 0], [-0.0848528, -0.1131371], [0, 0]]))
    assert table.accumulator.tolist() == [0, 12.5, 0]
    descend(table, [1], [[3.0, 4.0]])
    torch.testing.assert_close(table.weight[1], torch.tensor([-0.1448528, -0.1931371]))
    assert table.accumulator.tolist() == [0, 25, 0]


gradients = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.0, 1.0, 3.0]), min_size=3, max_size=3)


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.dictionaries(st.integers(0, 4), gradients, max_size=4), max_size=5))
def test_updates_are_those_of_a_plain_loop(steps: list[dict[int, list[float]]]) -> None:
    """Any rows in any order, with gradients of zero among them."""
    table = SparseRows(5, 3, learning_rate=0.3)
    for step in steps:
        if step:
            descend(table, list(step), list(step.values()))
    torch.testing.assert_close(table.weight, torch.tensor(adagrad_by_loop([[0.0] * 3] * 5, steps, learning_rate=0.3)), atol=1e-5, rtol=1e-5)


def test_rows_that_were_not_gathered_do_not_change() -> None:
    """Bit for bit, in the table and in the accumulators."""
    table = SparseRows(4, 2, learning_rate=0.1)
    table.weight.copy_(torch.arange(8.0).reshape(4, 2))
    table.accumulator.copy_(torch.arange(4.0))
    before = table.weight.clone(), table.accumulator.clone()
    descend(table, [2, 0], [[1.0, 1.0], [2.0, 2.0]])
    assert torch.equal(table.weight[[1, 3]], before[0][[1, 3]])
    assert torch.equal(table.accumulator[[1, 3]], before[1][[1, 3]])
    assert not torch.equal(table.weight[[0, 2]], before[0][[0, 2]])


def test_a_gradient_of_zero_leaves_the_row() -> None:
    """No division by zero, whether or not the row has moved before."""
    table = SparseRows(2, 2, learning_rate=0.1)
    descend(table, [0], [[1.0, 1.0]])
    before = table.weight.clone()
    descend(table, [0, 1], [[0.0, 0.0], [0.0, 0.0]])
    assert torch.equal(table.weight, before)
    assert table.accumulator.tolist() == [1, 0]


def test_without_a_gradient_an_update_does_nothing() -> None:
    """Before any gather, and after one whose rows no loss used; a second update does not apply the first gradient again."""
    table = SparseRows(2, 2, learning_rate=0.1)
    table.update()
    table.gather(torch.tensor([0]))
    table.update()
    assert not table.weight.any()
    descend(table, [0], [[1.0, 1.0]])
    once = table.weight.clone()
    table.update()
    assert torch.equal(table.weight, once)


def test_gathering_no_rows_works() -> None:
    """A step may show every concept without its residual."""
    table = SparseRows(2, 3, learning_rate=0.1)
    gathered = table.gather(torch.empty(0, dtype=torch.int64))
    gathered.sum().backward()  # type: ignore[no-untyped-call]
    table.update()
    assert gathered.shape == (0, 3)
    assert not table.weight.any()


def test_a_state_is_taken_back() -> None:
    """Table and accumulators under their name; the copy goes on as the original does."""
    table, other = (SparseRows(3, 2, learning_rate=0.1) for _ in range(2))
    descend(table, [1], [[3.0, 4.0]])
    state = {name: tensor.clone() for name, tensor in table.state("tokens").items()}
    assert sorted(state) == ["tokens.accumulator", "tokens.weight"]
    other.load(state, "tokens")
    for each in (table, other):
        descend(each, [1, 2], [[1.0, 0.0], [0.0, 1.0]])
    assert torch.equal(table.weight, other.weight)
    with pytest.raises(KeyError):
        other.load(state, "residuals")
