"""Alleles as small whole numbers, so that tens of millions of them fit into memory and are compared at once.

0 is no allele, 1 to 4 are A, C, G and T, in the order in which a letter and its complement sum up to 5. Longer alleles get the next number
when they are first seen; numbers are good within one process only and are never written.
"""

import threading

import numpy as np
import polars as pl
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
SINGLE = ("A", "C", "G", "T")
LAST_SINGLE = 4


class Letters:
    """The numbering; safe to use from several threads."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {letter: code for code, letter in enumerate(SINGLE, start=1)}
        self._texts: list[str | None] = [None, *SINGLE]
        self._lock = threading.Lock()

    def encode(self, alleles: pl.Series) -> Codes:
        """The number of each allele, in capitals or not; 0 for null, and for what is not written in A, C, G and T."""
        distinct = alleles.drop_nulls().unique()
        codes = pl.Series([self._code(text) for text in map(clean_allele, distinct.to_list())], dtype=pl.UInt32)
        if not len(distinct):
            return np.zeros(len(alleles), dtype=np.uint32)
        return alleles.replace_strict(distinct, codes, default=0, return_dtype=pl.UInt32).to_numpy()

    def decode(self, codes: Codes) -> pl.Series:
        """The alleles of these numbers, null for 0."""
        # All but a few blocks hold single letters and some hundreds of longer alleles: looking up the distinct ones is cheaper than all that there are.
        distinct, places = np.unique(codes, return_inverse=True)
        return pl.Series([self._texts[code] for code in distinct.tolist()], dtype=pl.String).gather(places.astype(np.uint32))

    def _code(self, text: str | None) -> int:
        code = 0 if text is None else self._codes.get(text, -1)
        if text is None or code >= 0:
            return code
        with self._lock:
            if text not in self._codes:
                self._texts.append(text)
                self._codes[text] = len(self._texts) - 1
            return self._codes[text]


def clean_allele(text: str) -> str | None:
    """The allele in capitals; None if it is not written in A, C, G and T."""
    capitals = text.upper()
    return capitals if capitals and not capitals.strip("ACGT") else None


def clean_alleles(alleles: pl.Series) -> pl.Series:
    """Each as `clean_allele` has it."""
    # Of a block's many alleles few are distinct, and nearly always all are clean already.
    distinct = alleles.drop_nulls().unique().to_list()
    cleaned = {text: clean_allele(text) for text in distinct}
    if all(text == clean for text, clean in cleaned.items()):
        return alleles
    return alleles.replace_strict(list(cleaned), list(cleaned.values()), default=None, return_dtype=pl.String)


def is_single(codes: Codes) -> NDArray[np.bool_]:
    """Whether each is A, C, G or T."""
    return (codes >= 1) & (codes <= LAST_SINGLE)


def complement(codes: Codes) -> Codes:
    """The letter on the other strand; meaningless for longer alleles."""
    return (LAST_SINGLE + 1 - codes).astype(np.uint32)


def is_palindromic(left: Codes, right: Codes) -> NDArray[np.bool_]:
    """Whether the two are A and T, or C and G: they read the same on both strands."""
    return is_single(left) & is_single(right) & (left == complement(right))
