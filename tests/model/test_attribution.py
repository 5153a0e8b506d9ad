"""Weights of words, in spaces where what each word adds is known beforehand."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from generel.model.attribution import WORDS_IN_ALL_SUBSETS, attribute

TARGET = np.array([1, 0], np.float32)


def count(texts: Sequence[str], worth: dict[str, float]) -> NDArray[np.float32]:
    """Vectors whose first number is the sum of the worths of the words, and 5 more where both 'not' and 'well' stand in the text."""
    sums = [sum(worth.get(word, 0.0) for word in text.split()) + 5.0 * ({"not", "well"} <= set(text.split())) for text in texts]
    return np.array([[each, 0] for each in sums], np.float32)


def test_where_words_only_add_up_each_weighs_what_it_adds() -> None:
    """With the places where they stand in the text, blanks of any kind between them."""
    found = attribute(lambda texts: count(texts, {"heart": 2.0, "attack": -1.0, "of": 0.0}), "heart  attack\tof", TARGET)
    assert [(found.text[start:end], weight) for start, end, weight in found.words] == [("heart", 2.0), ("attack", -1.0), ("of", 0.0)]
    assert (found.cosine, found.base) == (1.0, 0.0)


def test_what_two_words_add_together_is_shared_between_them() -> None:
    """'not' and 'well' make 5 that neither makes alone: 2½ each, beside their own 1 and 0; by hand from the six orders of three words."""
    found = attribute(lambda texts: count(texts, {"not": 1.0}), "not so well", TARGET)
    assert [weight for *_, weight in found.words] == pytest.approx([3.5, 0.0, 2.5])


@given(st.lists(st.sampled_from(["a", "b", "not", "well", "c"]), min_size=1, max_size=WORDS_IN_ALL_SUBSETS + 4), st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(-4, 4)))
def test_weights_add_up_to_what_the_whole_text_adds(words: list[str], worth: dict[str, int]) -> None:
    """For few words and many, whatever the orders that were drawn."""
    found = attribute(lambda texts: count(texts, {word: float(each) for word, each in worth.items()}), " ".join(words), TARGET)
    assert sum(weight for *_, weight in found.words) == pytest.approx(found.cosine - found.base, abs=1e-5)


def shapley_by_loop(values: dict[frozenset[int], float], n: int) -> list[float]:
    """The mean of what each word adds over all orders."""
    orders = list(itertools.permutations(range(n)))
    return [sum(values[frozenset(order[: order.index(at) + 1])] - values[frozenset(order[: order.index(at)])] for order in orders) / len(orders) for at in range(n)]


def test_few_words_have_the_very_shapley_values() -> None:
    """Five words, and a value of every subset drawn at random."""
    generator = np.random.default_rng(1)
    words = list("abcde")
    values = {frozenset(subset): float(generator.normal()) for size in range(6) for subset in itertools.combinations(range(5), size)}

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[values[frozenset(map(words.index, text.split()))], 0] for text in texts], np.float32)

    found = attribute(embed, "a b c d e", TARGET)
    assert [weight for *_, weight in found.words] == pytest.approx(shapley_by_loop(values, 5), abs=1e-6)


def test_a_text_without_a_word_has_no_weights() -> None:
    """And its cosine is that of nothing."""
    found = attribute(lambda texts: count(texts, {}), "  ", TARGET)
    assert (found.words, found.cosine, found.base) == ((), 0.0, 0.0)
