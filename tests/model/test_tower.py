"""The concept tower: it starts as the language model's space, and its bag's mean is that of a loop."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.model.tower import ConceptTower, TowerShape, bag_mean
from tests.oracles import bag_mean_by_loop

SHAPE = TowerShape(dims=32, hidden=16, n_tokens=20, n_pairs=12, bag_scale=3.0)


def unit_rows(n: int, *, seed: int = 0) -> torch.Tensor:
    """(n, 32) random unit vectors."""
    return torch.nn.functional.normalize(torch.randn(n, 32, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_an_untrained_tower_is_the_language_models_space() -> None:
    """With empty bags its outputs are the features, up to two hundredths of their length."""
    torch.manual_seed(1)
    features = unit_rows(50)
    outputs = ConceptTower(SHAPE)(features, torch.zeros(50, 32)).detach()
    assert (outputs - features).norm(dim=1).max() < 0.02
    assert (outputs - features).norm(dim=1).max() > 0


def test_the_formula_by_hand() -> None:
    """W x + mlp(x) + bag_scale * mean: with W twice the identity and a silent mlp, (1, 0) and the mean (0, 0.5) give (2, 1.5)."""
    tower = ConceptTower(TowerShape(dims=2, hidden=1, n_tokens=1, n_pairs=0, bag_scale=3.0))
    with torch.no_grad():
        tower.linear.weight.mul_(2)
        tower.down.weight.zero_()
        assert tower(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.5]])).tolist() == [[2.0, 1.5]]
        tower.up.weight.copy_(torch.tensor([[1.0, 0.0]]))
        tower.up.bias.zero_()
        tower.down.weight.copy_(torch.tensor([[0.0], [1.0]]))
        # gelu(1) = 0.8413: the probability that a standard normal is below 1, times 1.
        torch.testing.assert_close(tower(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)), torch.tensor([[2.0, 0.8413]]), atol=1e-4, rtol=0)


def test_the_mean_of_an_empty_bag_is_zeros() -> None:
    """In first, middle and last place, beside bags that are not empty."""
    rows = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    means = bag_mean(rows, torch.tensor([0, 1, 1]), torch.tensor([0, 0, 2, 2, 3, 3]))
    assert means.tolist() == [[0, 0], [2, 4], [0, 0], [3, 6], [0, 0]]


@settings(max_examples=50, deadline=None)
@given(bags=st.lists(st.lists(st.integers(0, 4), max_size=5), min_size=1, max_size=6))
def test_means_of_bags_are_those_of_a_plain_loop(bags: list[list[int]]) -> None:
    """A row that a bag holds twice counts twice."""
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    indices = torch.tensor([row for bag in bags for row in bag], dtype=torch.int64)
    offsets = torch.tensor([0, *np.cumsum([len(bag) for bag in bags])])
    expected = [bag_mean_by_loop(rows.tolist(), bag) for bag in bags]
    np.testing.assert_allclose(bag_mean(torch.from_numpy(rows), indices, offsets).numpy(), expected, atol=1e-6)


def test_a_shape_is_its_dictionary() -> None:
    """What is saved beside the weights makes the same shape again, and counts its rows."""
    assert TowerShape(**SHAPE.as_dict()) == SHAPE  # type: ignore[arg-type]
    assert SHAPE.n_rows == 32
