"""Fisher's exact test of a list against many sets at once, and the false discovery rate of Benjamini and Hochberg."""

from types import ModuleType
from typing import cast

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import BadInput, MissingExtra

Reals = NDArray[np.float64]
Counts = NDArray[np.int64]


def exact_p_values(n_shared: Counts, n_sets: Counts, *, n_list: int, n_background: int) -> Reals:
    """P(X >= n_shared), X hypergeometric: `n_list` genes drawn from `n_background`, of which `n_sets` are in the set.

    This is Fisher's exact test of the two-by-two table, one-sided.

    Raises:
        MissingExtra: scipy is not installed.
    """
    stats = _stats()
    return np.asarray(stats.hypergeom.sf(n_shared - 1, n_background, n_sets, n_list), dtype=np.float64)


def false_discovery_rates(p_values: Reals) -> Reals:
    """Benjamini and Hochberg's adjusted p-values, in the order given; none for none."""
    return np.asarray(_stats().false_discovery_control(p_values, method="bh"), dtype=np.float64) if len(p_values) else p_values


def odds_ratios(n_shared: Counts, n_sets: Counts, *, n_list: int, n_background: int) -> Reals:
    """Of the tables [[shared, list only], [set only, neither]]; infinite where an off-diagonal cell is empty, NaN where a diagonal one is too."""
    shared = n_shared.astype(np.float64)
    list_only, set_only = n_list - shared, n_sets - shared
    neither = n_background - n_list - set_only
    with np.errstate(divide="ignore", invalid="ignore"):
        return shared * neither / (list_only * set_only)


def check_background(n_list: int, n_background: int) -> None:
    """Nothing, if a list of so many genes can be tested against so many.

    Raises:
        BadInput: the background has no gene, or nothing besides the list.
    """
    if n_list == 0:
        raise BadInput("no gene of the list is in the background; give the genes that could have been in the list (all that were measured), the list's among them")
    if n_background <= n_list:
        raise BadInput(f"the background has {n_background:,} genes and the list has all of them; give all genes that could have been in the list")


def _stats() -> ModuleType:
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtra("scipy", "genes", "`generel genesets enrich`") from error
    return cast(ModuleType, stats)
