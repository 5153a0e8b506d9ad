"""Posting lists of three-byte pieces, against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.index import grams
from generel.index.grams import gram_codes, most_shared, postings, rarest
from generel.index.normalize import normalize

names = st.lists(st.text(min_size=1).map(normalize).filter(bool), max_size=8)


def grams_of(name: str) -> set[bytes]:
    """The pieces of one name, by a loop."""
    padded = f" {name} ".encode()
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


@given(names)
def test_every_name_is_in_the_list_of_each_of_its_pieces(many: list[str]) -> None:
    """The lists are those a loop makes, ascending, and sizes count distinct pieces."""
    lists, sizes = postings(many)
    found = {code.to_bytes(3, "big"): positions.tolist() for code, positions in lists}
    expected: dict[bytes, list[int]] = {}
    for position, name in enumerate(many):
        for gram in grams_of(name):
            expected.setdefault(gram, []).append(position)
    assert found == expected
    assert sizes.tolist() == [len(grams_of(name)) for name in many]


def test_codes_are_the_bytes_of_the_pieces() -> None:
    """' ab ' has the pieces ' ab' and 'ab '."""
    assert gram_codes("ab").tolist() == [0x20_61_62, 0x61_62_20]


def test_rare_pieces_are_counted_and_frequent_ones_only_where_there_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four pieces whatever they cost; a fifth only while all lists together stay below the budget."""
    monkeypatch.setattr(grams, "POSTINGS", 100)
    assert rarest({1: 90, 2: 5, 3: 80, 4: 7, 5: 6, 6: 8}) == [2, 5, 4, 6]
    assert rarest({1: 50, 2: 5, 3: 20, 4: 7, 5: 6}) == [2, 5, 4, 3, 1]
    assert rarest({1: 900, 2: 800}) == [2, 1]
    assert rarest({}) == []


def test_the_most_alike_share_most_and_are_of_the_querys_length() -> None:
    """Of 4 pieces the first of three names holds 2 of its 4 (2/4 + 4/8 = 1), the second all 4 of its 12 (1 + 8/16 = 1.5), the third none."""
    lists = [np.array([0, 1], np.uint32), np.array([0, 1], np.uint32), np.array([1], np.uint32), np.array([1], np.uint32)]
    sizes = np.array([4, 12, 5], np.uint16)
    assert most_shared(lists, sizes, n_grams=4, n=1).tolist() == [1]
    assert sorted(most_shared(lists, sizes, n_grams=4, n=3).tolist()) == [0, 1]


def test_nothing_shared_is_nothing_alike() -> None:
    """No known piece is no error."""
    assert most_shared([], np.array([3, 4], np.uint16), n_grams=2, n=5).tolist() == []
    assert most_shared([np.empty(0, np.uint32)], np.empty(0, np.uint16), n_grams=2, n=5).tolist() == []


@given(names, st.data(), st.integers(1, 4))
def test_the_best_are_those_of_a_loop(many: list[str], data: st.DataObject, n: int) -> None:
    """Of a few names, which all are looked at, the n best by share and Dice coefficient; ties may fall either way."""
    query = data.draw(st.sampled_from([*many, "ab"]))
    lists, sizes = postings(many)
    held = {code: at for code, at in lists if code.to_bytes(3, "big") in grams_of(query)}
    pieces = {code.to_bytes(3, "big") for code in held}

    def likeness(name: str) -> float:
        share = len(pieces & grams_of(name)) / max(1, len(pieces))
        return share + 2 * share * len(grams_of(query)) / (len(grams_of(name)) + len(grams_of(query)))

    found = most_shared(list(held.values()), sizes, n_grams=len(grams_of(query)), n=n).tolist()
    expected = sorted((likeness(name) for name in many if pieces & grams_of(name)), reverse=True)[:n]
    assert sorted((likeness(many[at]) for at in found), reverse=True) == pytest.approx(expected)
