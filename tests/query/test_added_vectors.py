"""The formula of folding in, by hand."""

import numpy as np
import pytest

from generel.query.added_vectors import fold_in, share_of_ties

X, Y, Z = np.eye(3, dtype=np.float32)
NOTHING = np.empty((0, 3), np.float32)


def test_names_weigh_half_for_the_preferred_one_and_half_for_their_mean() -> None:
    """Preferred x, another y: ½x + ¼(x + y) = (¾, ¼, 0), at unit norm (3, 1, 0) / √10."""
    assert fold_in(np.stack([X, Y]), NOTHING, share=0.3) == pytest.approx(np.array([3, 1, 0]) / 10**0.5)


def test_ties_are_summed_and_mixed_in_by_their_share() -> None:
    """Text x; ties y, y, z sum to (0, 2, 1) / √5; with share .3: .7x + .3 (0, 2, 1) / √5, at unit norm."""
    expected = np.array([0.7, 0.3 * 2 / 5**0.5, 0.3 / 5**0.5])
    assert fold_in(X[None], np.stack([Y, Y, Z]), share=0.3) == pytest.approx(expected / np.linalg.norm(expected))


def test_one_of_the_two_alone_is_the_vector_whatever_the_share() -> None:
    """Without text the ties, without ties the text, without both zeros; ties that cancel out are zeros, too."""
    assert fold_in(NOTHING, np.stack([Y, Y]), share=0.3).tolist() == [0, 1, 0]
    assert fold_in(X[None], NOTHING, share=1.0).tolist() == [1, 0, 0]
    assert not fold_in(NOTHING, NOTHING, share=0.3).any()
    assert not fold_in(NOTHING, np.stack([Y, -Y]), share=1.0).any()


def test_variants_are_made_of_their_ties_alone() -> None:
    """Their names are identifiers; all other kinds have a text."""
    assert share_of_ties("variant") == 1
    assert share_of_ties("gene") == share_of_ties("disease") < 0.5
