"""Posting lists of three-byte pieces, against loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generel.index.grams import gram_codes, postings, similarity
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


def test_similarity_is_the_mean_of_coverage_and_dice() -> None:
    """Of 4 pieces of the query the first name shares 2 of its 4, the second all 4 of its 12, the third none."""
    lists = [np.array([0, 1], np.uint32), np.array([0, 1], np.uint32), np.array([1], np.uint32), np.array([1], np.uint32)]
    scores = similarity(lists, np.array([4, 12, 5], np.uint16), n_grams=4)
    np.testing.assert_allclose(scores, [(2 / 4 + 4 / 8) / 2, (4 / 4 + 8 / 16) / 2, 0.0])


def test_similarity_without_any_known_piece_is_zero() -> None:
    """Nothing shared is nothing alike, not an error."""
    assert similarity([], np.array([3, 4], np.uint16), n_grams=2).tolist() == [0.0, 0.0]
