"""From a cosine to percentile and p-value."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generel.query.percentiles import Distribution, Percentiles

SIMPLE = Distribution.from_quantiles(np.array([0.0, 0.5, 0.9, 1.0]), np.array([-0.2, 0.1, 0.5, 0.9]), 1000)


@pytest.mark.parametrize(
    ("cosine", "percentile", "p_value"),
    [(-1, 0, 1), (-0.2, 0, 1), (0.1, 50, 0.5), (0.3, 70, 0.3), (0.5, 90, 0.1), (0.7, 95, 0.05), (0.9, 100, 0.001), (1, 100, 0.001)],
)
def test_values_between_quantiles_are_interpolated(cosine: float, percentile: float, p_value: float) -> None:
    """.3 lies half way between .1 (50 %) and .5 (90 %): 70 %. Above everything seen, p is one over the 1,000 pairs."""
    assert SIMPLE.percentile(cosine) == pytest.approx(percentile)
    assert SIMPLE.p_value(cosine) == pytest.approx(p_value)


def test_many_equal_cosines_count_as_their_middle() -> None:
    """If the middle 80 % of random pairs have cosine 0, then 0 is the 50th percentile."""
    flat = Distribution.from_quantiles(np.array([0, 0.1, 0.5, 0.9, 1]), np.array([-1, 0, 0, 0, 1.0]), 10)
    assert flat.percentile(0.0) == pytest.approx(50)
    assert flat.p_value(0.0) == pytest.approx(0.5)


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=30).map(sorted), st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=20).map(sorted)
)
@example(calibrated=[0.0, 2.225073858507e-311], cosines=[0.0, 5e-324])
def test_percentiles_never_fall_as_cosines_rise(calibrated: list[float], cosines: list[float]) -> None:
    """Whatever was calibrated: percentiles rise within [0, 100], p-values fall within [1/n, 1], but for the last bit of an interpolation."""
    distribution = Distribution.from_quantiles(np.linspace(0, 1, len(calibrated)), np.array(calibrated), 50)
    percentiles, p_values = distribution.percentile(cosines), distribution.p_value(cosines)
    assert np.all(np.diff(percentiles) >= -1e-9) and np.all((percentiles >= 0) & (percentiles <= 100))
    assert np.all(np.diff(p_values) <= 1e-9) and np.all((p_values >= 1 / 50) & (p_values <= 1))


def test_kinds_are_read_once_and_in_either_order() -> None:
    """gene–drug is read as drug–gene, once; kinds that were not calibrated give None."""
    asked: list[tuple[str, str]] = []

    def read(left: str, right: str) -> tuple[np.ndarray, np.ndarray, int] | None:
        asked.append((left, right))
        return (np.array([0.0, 1.0]), np.array([0.0, 1.0]), 10) if "text" not in (left, right) else None

    percentiles = Percentiles(read)
    first = percentiles.between("gene", "drug")
    assert first is not None and first.percentile(0.25) == 25
    assert percentiles.between("drug", "gene") is first
    assert percentiles.between("text", "drug") is None
    assert asked == [("drug", "gene"), ("drug", "text")]
