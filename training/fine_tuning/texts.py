"""Every text of stage two by number, as tokens: the corpus' strings first, then held-out names for validation.

Names and definitions are cut at lengths of their own: a gene's summary says most in its first hundred tokens, and a step costs as
much as its tokens. A string that is both is cut as a definition.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from generel.model.bag import Bags
from training.corpus import Corpus

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class TuningTexts:
    """The texts.

    Attributes:
        tokens: token ids of each text, special tokens included.
        first_held_out: number of the first held-out name; smaller numbers are those of the corpus.
    """

    tokens: Bags
    first_held_out: int

    @property
    def lengths(self) -> Numbers:
        """(texts,) in tokens."""
        return np.diff(self.tokens.offsets)


def make_texts(corpus: Corpus, held_out: Sequence[str], *, tokenizer: Tokenizer, name_tokens: int, definition_tokens: int) -> TuningTexts:
    """The texts of a corpus and the held-out names, in this order.

    Args:
        tokenizer: its truncation is changed.
        name_tokens, definition_tokens: longer texts are cut there.
    """
    strings = corpus.texts.strings
    defining = np.unique(corpus.texts.definitions[corpus.texts.definitions >= 0])
    ids = tokenize(tokenizer, [*strings, *held_out], most=name_tokens)
    for number, long in zip(defining.tolist(), tokenize(tokenizer, [strings[number] for number in defining.tolist()], most=definition_tokens), strict=True):
        ids[number] = long
    return TuningTexts(lay_out(ids), len(strings))


def tokenize(tokenizer: Tokenizer, strings: Sequence[str], *, most: int) -> list[list[int]]:
    """The token ids of each string, cut to `most`."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(strings))]


def lay_out(ids: Sequence[Sequence[int]]) -> Bags:
    """The ids of all texts one after the other."""
    lengths = np.array([len(one) for one in ids], dtype=np.int64)
    return Bags(np.fromiter((token for one in ids for token in one), dtype=np.int32, count=int(lengths.sum())), np.concatenate(([0], np.cumsum(lengths))))
