"""Own ties count by the rank of their effect inside the trait, at release alone."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from generel.concepts.tables import ASSOCIATIONS
from training.composer import compose
from training.effects import SHRINKING, strengths_of

CURIES = ["efo:1", "efo:2", "dbsnp:rs1", "dbsnp:rs2", "dbsnp:rs3", "dbsnp:rs4"]
HEIGHT, WEIGHT, *VARIANTS = range(6)
TIES = [(2, HEIGHT), (3, HEIGHT), (4, HEIGHT), (2, WEIGHT), (5, WEIGHT)]
FIELDS = ("variant", "trait", "study", "beta", "effect_unit", "neg_log10_p")


def own() -> csr_array:
    """The ties that training knows."""
    rows, columns = zip(*TIES, strict=True)
    return csr_array((np.ones(len(TIES), np.float32), (rows, columns)), shape=(6, 6))


def associations(*rows: tuple[object, ...]) -> pl.DataFrame:
    """ASSOCIATIONS of which only these fields matter."""
    columns = {name: pl.Series([row[at] for row in rows], dtype=ASSOCIATIONS.columns[name]) for at, name in enumerate(FIELDS)}
    return pl.DataFrame({name: columns.get(name, pl.Series([None] * len(rows), dtype=kind)) for name, kind in ASSOCIATIONS.columns.items()})


def strengths(*rows: tuple[object, ...], share: float = 0.5) -> dict[tuple[int, int], float]:
    """By variant and trait."""
    found = strengths_of(associations(*rows), own=own(), curies=CURIES, share=share).tocoo()
    return dict(zip(zip(found.row.tolist(), found.col.tolist(), strict=True), found.data.tolist(), strict=True))


def test_larger_effects_count_more_inside_a_trait() -> None:
    """By rank, whatever the sign and the unit; ranks among few say little, and the mean of a trait stays 1."""
    found = strengths(
        ("dbsnp:rs1", "efo:1", "S1", -0.9, "cm", 9.0), ("dbsnp:rs2", "efo:1", "S1", 0.1, "cm", 30.0), ("dbsnp:rs3", "efo:1", "S1", 0.5, "cm", 8.0),
    )
    step = 2 * 0.5 * (1 / 3) * 3 / (3 + SHRINKING)
    assert [found[row, HEIGHT] for row in (2, 4, 3)] == pytest.approx([1 + step, 1.0, 1 - step])
    assert found[2, WEIGHT] == found[5, WEIGHT] == 1.0 and set(found) == set(TIES)


def test_only_effects_of_training_ties_are_looked_at() -> None:
    """A held-out pair, and one of what is no concept, change no rank."""
    rows = (("dbsnp:rs1", "efo:1", "S1", 0.9, "cm", 9.0), ("dbsnp:rs2", "efo:1", "S1", 0.1, "cm", 9.0))
    assert strengths(*rows) == strengths(*rows, ("dbsnp:rs4", "efo:1", "S1", 0.5, "cm", 9.0), ("dbsnp:rs9", "efo:1", "S1", 0.5, "cm", 9.0))


def test_of_several_rows_the_most_significant_counts_and_of_several_units_the_largest_rank() -> None:
    """Rows without an effect, without a unit, or with an endless one say nothing."""
    rows = (
        ("dbsnp:rs1", "efo:1", "S1", 0.9, "cm", 9.0), ("dbsnp:rs1", "efo:1", "S2", 0.01, "cm", 8.0), ("dbsnp:rs2", "efo:1", "S1", 0.1, "cm", 9.0),
        ("dbsnp:rs2", "efo:1", "S3", float("inf"), "cm", 99.0), ("dbsnp:rs2", "efo:1", "S3", 7.0, None, 99.0),
    )
    found = strengths(*rows)
    assert found[2, HEIGHT] > 1 > found[3, HEIGHT]
    # Alone in its unit it is in the middle, which is more than being last in the other.
    assert strengths(*rows, ("dbsnp:rs2", "efo:1", "S4", 0.2, "SD", 7.0))[3, HEIGHT] == 1.0


def test_nothing_known_changes_nothing() -> None:
    """No associations at all, or a share of 0."""
    assert set(strengths().values()) == {1.0}
    assert set(strengths(("dbsnp:rs1", "efo:1", "S1", 0.9, "cm", 9.0), ("dbsnp:rs2", "efo:1", "S1", 0.1, "cm", 9.0), share=0.0).values()) == {1.0}


def test_a_variant_of_larger_effect_is_nearer_to_its_trait() -> None:
    """What of two variants with the same ties and genes differs is how much their own ties count."""
    vectors = np.eye(6, 3, dtype=np.float32)
    own = csr_array((np.array([1.5, 0.5], np.float32), ([2, 3], [0, 0])), shape=(6, 6))
    genes = csr_array((np.ones(2, np.float32), ([2, 3], [1, 1])), shape=(6, 6))
    made = compose(np.array([2, 3]), vectors, {"own": own, "genes": genes}, weights={"own": 1.0, "genes": 0.3})
    np.testing.assert_allclose(made[:, 0], [1.5 / np.hypot(1.5, 0.3), 0.5 / np.hypot(0.5, 0.3)], rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, rtol=1e-6)
