"""How hard stores search."""

from generel.index.quantization import BINARY, EFFORTS, INT8, MANY, NONE, effort_for


def test_many_vectors_are_searched_with_half_the_candidates_where_kinds_are_wanted() -> None:
    """Below the limit as the table says; from it on the filtered search alone changes, and never keeps fewer than are asked for."""
    for quantization in (NONE, INT8, BINARY):
        few, many = effort_for(quantization, MANY - 1), effort_for(quantization, MANY)
        assert few == EFFORTS[quantization]
        assert (many.ef, many.oversampling) == (few.ef, few.oversampling)
        assert many.ef_for(10, filtered=True) == few.ef_for(10, filtered=True) // 2
        assert many.ef_for(10, filtered=False) == few.ef_for(10, filtered=False)
        assert many.ef_for(1000, filtered=True) == 1000
