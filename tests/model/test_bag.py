"""Strings as bags of token rows, beside a plain loop; the hash is fixed for ever."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.model.bag import Bags, hash_pairs, join_bags, make_bags
from tests.oracles import bag_by_loop, hash_pair_by_loop

N_TOKENS = 50
tokenized = st.lists(st.lists(st.integers(0, N_TOKENS - 1), max_size=6).map(lambda inner: [2, *inner, 3]), max_size=8)


def as_lists(bags: Bags) -> list[list[int]]:
    """The rows of each string."""
    return [bags.rows[start:end].tolist() for start, end in zip(bags.offsets[:-1], bags.offsets[1:], strict=True)]


@settings(max_examples=100, deadline=None)
@given(ids=tokenized, n_pairs=st.sampled_from([0, 1, 7, 131072]))
def test_bags_are_those_of_a_plain_loop(ids: list[list[int]], n_pairs: int) -> None:
    """Each string's tokens in order, then each pair of neighbors; never a pair across two strings."""
    bags = make_bags(ids, n_tokens=N_TOKENS, n_pairs=n_pairs)
    assert as_lists(bags) == [bag_by_loop(one, n_tokens=N_TOKENS, n_pairs=n_pairs) for one in ids]
    assert [bags.rows.dtype, bags.offsets.dtype] == [np.dtype(np.int32), np.dtype(np.int64)]
    assert len(bags.offsets) == len(ids) + 1


@settings(max_examples=50, deadline=None)
@given(ids=tokenized, data=st.data())
def test_taking_bags_is_that_of_a_plain_loop(ids: list[list[int]], data: st.DataObject) -> None:
    """In the order asked for, a string as often as it is asked for."""
    bags = make_bags(ids, n_tokens=N_TOKENS, n_pairs=7)
    chosen = data.draw(st.lists(st.integers(0, len(ids) - 1), max_size=6)) if ids else []
    taken = bags.take(np.array(chosen, dtype=np.int64))
    assert as_lists(taken) == [as_lists(bags)[row] for row in chosen]
    assert len(taken.offsets) == len(chosen) + 1


def test_a_string_by_hand() -> None:
    """[CLS] 7 8 9 [SEP] has three tokens and the pairs 7 8 and 8 9."""
    (bag,) = as_lists(make_bags([[2, 7, 8, 9, 3]], n_tokens=N_TOKENS, n_pairs=1))
    assert bag == [7, 8, 9, 50, 50]


def test_a_string_without_tokens_has_an_empty_bag() -> None:
    """[CLS] and [SEP] alone, and even less."""
    assert as_lists(make_bags([[2, 3], [], [2], [2, 5, 3]], n_tokens=N_TOKENS, n_pairs=7)) == [[], [], [], [5]]


@pytest.mark.parametrize(
    ("left", "right", "row"),
    [(0, 0, 0), (1, 0, 35939), (0, 1, 108203), (2828, 1016, 67571), (30521, 30521, 87255), (101, 102, 3467)],
)
def test_the_hash_is_fixed_for_ever(left: int, right: int, row: int) -> None:
    """A released tower's rows are found by these numbers: a change makes every space that exists unreadable."""
    assert hash_pairs(np.array([left]), np.array([right]), n_pairs=131072).tolist() == [row]
    assert hash_pair_by_loop(left, right, n_pairs=131072) == row


def test_the_order_of_a_pair_matters() -> None:
    """'type 2' is not '2 type'."""
    there, back = hash_pairs(np.array([2828, 1016]), np.array([1016, 2828]), n_pairs=131072)
    assert there != back


def test_pairs_fill_the_rows_evenly() -> None:
    """A million pairs over 1,024 rows: none has half or double its share."""
    left, right = np.divmod(np.arange(1_000_000), 1000)
    counts = np.bincount(hash_pairs(left, right, n_pairs=1024), minlength=1024)
    assert counts.min() > 1_000_000 / 1024 / 1.5
    assert counts.max() < 1_000_000 / 1024 * 1.5


@given(ids=st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=6), min_size=1, max_size=6), cut=st.integers(0, 6))
def test_blocks_joined_are_the_whole(ids: list[list[int]], cut: int) -> None:
    """Wherever the strings are cut in two, even into nothing and all."""
    whole = make_bags(ids, n_tokens=31, n_pairs=16)
    joined = join_bags([make_bags(part, n_tokens=31, n_pairs=16) for part in (ids[:cut], ids[cut:])])
    assert joined.rows.tolist() == whole.rows.tolist()
    assert joined.offsets.tolist() == whole.offsets.tolist()
