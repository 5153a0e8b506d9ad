"""Terms that name a concept have its vector; others, held-out synonyms among them, are read as text."""

import numpy as np
import pytest

from tests.training.evaluate_world import NUMBER, random_unit, world
from training.evaluate.named_terms import NamedTerms

SPLIT = world()
VECTORS = random_unit(SPLIT.n_concepts, dims=8, seed=3)
ELSEWHERE = np.full(8, 8**-0.5, dtype=np.float32)


def as_text(texts: list[str]) -> np.ndarray:
    """Every text in one place that no concept has."""
    return np.repeat(ELSEWHERE[None], len(texts), axis=0)


@pytest.mark.parametrize(
    ("term", "curie"),
    [
        ("heart attack", "mondo:0000001"), ("Cardiac infarction", "mondo:0000001"), ("heart attacks", "mondo:0000001"), ("blood thinner", "chebi:1"),
        ("seizure", "hp:0000002"), ("small height", "hp:0000005"), ("heart infarction", None), ("cardiac insufficiency", None), ("INS", None), ("rs1", None), ("a headache", None),
    ],
)
def test_a_term_is_the_concept_that_training_calls_so(term: str, curie: str | None) -> None:
    """Names and training synonyms of diseases, drugs and phenotypes, in the plural too; no held-out synonym, no gene, no variant."""
    expected = ELSEWHERE if curie is None else VECTORS[NUMBER[curie]]
    assert np.array_equal(NamedTerms(SPLIT, VECTORS, as_text)([term])[0], expected)


def test_a_concept_without_a_vector_is_read_as_text() -> None:
    """Zeros are no direction to compare."""
    vectors = VECTORS.copy()
    vectors[NUMBER["chebi:1"]] = 0
    assert np.array_equal(NamedTerms(SPLIT, vectors, as_text)(["warfarin", "statin"]), [ELSEWHERE, VECTORS[NUMBER["chebi:2"]]])
