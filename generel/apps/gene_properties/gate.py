"""Several views of a gene into one answer: a gate that learns how far each view is to be trusted, and for which genes.

Each view (its text, its place in the space, what it is tied to, its expression) has said what it thinks of rows that it was not fitted to. The gate
raises these shares to powers and multiplies them: log p = sum over views of power * log p(view) + constant. The power of a view is that of
all genes, times another for genes that are well studied; a view that knows nothing of a gene has no say in it.

The powers are pulled toward equal ones: with a hundred genes there is little to learn them from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from generel.apps.gene_properties.heads import LEAST_SHARE, Reals, log_loss
from generel.apps.gene_properties.labels import Numbers

# Penalty of the squared distance of log powers from those of equal views, in units of mean log loss times rows.
PULL = 2.0


@dataclass(frozen=True)
class Gate:
    """What was learned.

    Attributes:
        powers: (views,) logarithms of the powers.
        of_study: (views,) what a unit of study adds to them.
    """

    powers: Reals
    of_study: Reals

    def mix(self, shares: Reals, known: NDArray[np.bool_], study: Reals) -> Reals:
        """(rows, classes) shares, adding up to 1; equal ones for a gene that no view knows.

        Args:
            shares: (views, rows, classes)
            known: (views, rows) which views know which gene.
            study: (rows,) how well studied each gene is, about 0 for the middle and ±1 for well and little studied ones.
        """
        powers = np.exp(self.powers[:, None] + self.of_study[:, None] * study[None, :]) * known
        logarithms = np.einsum("vr,vrc->rc", powers, np.log(np.maximum(shares, LEAST_SHARE)))
        logarithms -= logarithms.max(axis=1, keepdims=True)
        mixed = np.exp(logarithms)
        normalized: Reals = mixed / mixed.sum(axis=1, keepdims=True)
        return normalized


def learn_gate(shares: Reals, known: NDArray[np.bool_], study: Reals, classes: Numbers) -> Gate:
    """The gate with the least penalized log loss on rows that the views were not fitted to; arguments as in `Gate.mix`."""
    n_views = len(shares)
    start = np.full(n_views, -np.log(n_views))

    def penalized(values: Reals) -> float:
        gate = Gate(values[:n_views], values[n_views:])
        pull = ((gate.powers - start) ** 2).sum() + 4 * (gate.of_study**2).sum()
        return log_loss(np.maximum(gate.mix(shares, known, study), LEAST_SHARE), classes) + PULL * float(pull) / len(classes)

    found = minimize(penalized, np.concatenate([start, np.zeros(n_views)]), method="L-BFGS-B").x
    return Gate(found[:n_views], found[n_views:])
