"""Which words of a text bring its vector near another one.

A word's weight is its Shapley value (Shapley 1953; for models Lundberg and Lee, NIPS 2017): what the word adds to the cosine, averaged over the
orders in which words can come. Few words are taken in all their subsets, more of them in random orders and their reverses (Mitchell et al.,
JMLR 2022). The weights add up to the cosine of the whole text minus that of none of its words. Only vectors of texts are asked for, so
every encoder will do; `tests/benchmarks/attribution.py` compares this with taking out one word at a time and with gradients.
"""

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
Subset = tuple[int, ...]
WORD = re.compile(r"\S+")
# 2**6 subsets; beyond that, so many orders and as many reverses.
WORDS_IN_ALL_SUBSETS = 6
ORDERS = 6


@dataclass(frozen=True)
class Attribution:
    """The words of a text and what each of them adds.

    Attributes:
        text: what was embedded.
        words: (start, end, weight) of each word in `text`, in their order; weights are in units of the cosine.
        cosine: of the whole text with the other vector.
        base: of the empty text with it.
    """

    text: str
    words: tuple[tuple[int, int, float], ...]
    cosine: float
    base: float


def attribute(embed: Embed, text: str, target: Floats, *, seed: int = 0) -> Attribution:
    """What each word of `text` adds to its cosine with `target`.

    Args:
        embed: (n, dims) unit vectors of n texts.
        target: (dims,) unit norm.
        seed: of the orders that are drawn where there are too many words for all subsets.
    """
    spans = [match.span() for match in WORD.finditer(text)]
    orders = _orders(len(spans), np.random.default_rng(seed))
    subsets = _all_subsets(len(spans)) if orders is None else _beginnings(orders)
    cosines = _cosines(embed, [text[start:end] for start, end in spans], subsets, target)
    weights = _exact(len(spans), cosines) if orders is None else _sampled(orders, cosines)
    words = tuple((start, end, weight) for (start, end), weight in zip(spans, weights, strict=True))
    return Attribution(text, words, cosines[tuple(range(len(spans)))], cosines[()])


def _orders(n: int, generator: np.random.Generator) -> list[Subset] | None:
    """Random orders of n words, each with its reverse; None where there are few enough for all subsets."""
    if n <= WORDS_IN_ALL_SUBSETS:
        return None
    drawn = [tuple(generator.permutation(n).tolist()) for _ in range(ORDERS)]
    return [order for each in drawn for order in (each, each[::-1])]


def _all_subsets(n: int) -> list[Subset]:
    return [subset for size in range(n + 1) for subset in itertools.combinations(range(n), size)]


def _beginnings(orders: Sequence[Subset]) -> list[Subset]:
    """Every set of words with which one of the orders begins, each once and sorted."""
    return list(dict.fromkeys(tuple(sorted(order[:size])) for order in orders for size in range(len(order) + 1)))


def _cosines(embed: Embed, words: Sequence[str], subsets: Sequence[Subset], target: Floats) -> dict[Subset, float]:
    texts = [" ".join(words[at] for at in subset) for subset in subsets]
    distinct = list(dict.fromkeys(texts))
    cosines = dict(zip(distinct, (embed(distinct) @ target).tolist(), strict=True))
    return {subset: cosines[text] for subset, text in zip(subsets, texts, strict=True)}


def _exact(n: int, cosines: dict[Subset, float]) -> list[float]:
    weights = [0.0] * n
    for subset, cosine in cosines.items():
        for word in subset:
            without = tuple(other for other in subset if other != word)
            # The share of all orders in which exactly `without` comes before the word.
            share = 1 / (n * math.comb(n - 1, len(without)))
            weights[word] += share * (cosine - cosines[without])
    return weights


def _sampled(orders: Sequence[Subset], cosines: dict[Subset, float]) -> list[float]:
    weights = [0.0] * len(orders[0])
    for order in orders:
        for place, word in enumerate(order):
            before, after = (tuple(sorted(order[:size])) for size in (place, place + 1))
            weights[word] += (cosines[after] - cosines[before]) / len(orders)
    return weights
