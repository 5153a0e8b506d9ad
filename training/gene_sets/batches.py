"""Batches of half-hidden sets: which sets are drawn, what of each goes in, and what is to come out.

Everything is a function of the generator's state, so a run that goes on from a checkpoint draws what it would have drawn.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.gene_sets.collection import Collection, Numbers
from training.gene_sets.settings import Settings

Reals = NDArray[np.float64]
SETS_AT_ONCE = 8192


class Batch(NamedTuple):
    """Half-hidden sets.

    Attributes:
        rows: genes that go in, set after set; `offsets` (n,) where each set's begin.
        lines, targets: one entry a hidden gene that is asked for: its set's place in the batch, and the gene.
        weights: (n_targets,) one over how many are asked for of its set.
    """

    rows: Numbers
    offsets: Numbers
    lines: Numbers
    targets: Numbers
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Drawing:
    """Which sets are drawn how often.

    Attributes:
        numbers: of the sets that may be drawn.
        chances: running sum of their chances, the last is 1.
    """

    collection: Collection
    numbers: Numbers
    chances: Reals
    settings: Settings

    def batch(self, rng: np.random.Generator) -> Batch:
        """The next sets, each with a random part hidden."""
        drawn = self.numbers[np.searchsorted(self.chances, rng.random(self.settings.batch), "right").clip(max=len(self.numbers) - 1)]
        parts = [self._hide(self.collection.rows(int(number)), rng) for number in drawn]
        sizes, asked = (np.array([len(part[side]) for part in parts]) for side in (0, 1))
        rows, targets = (np.concatenate([part[side] for part in parts]).astype(np.int64) for side in (0, 1))
        weights = np.repeat(1 / asked, asked).astype(np.float32)
        return Batch(rows, np.concatenate([[0], np.cumsum(sizes)[:-1]]), np.repeat(np.arange(len(parts)), asked), targets, weights)

    def _hide(self, members: NDArray[np.int32], rng: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """What is shown and what is asked for: at least a gene each."""
        order = rng.permutation(len(members))
        n_shown = min(max(round(len(members) * rng.uniform(*self.settings.shown)), 1), len(members) - 1)
        shown, hidden = order[:n_shown][: self.settings.inputs], order[n_shown:][: self.settings.targets]
        return members[shown], members[hidden]


def make_drawing(collection: Collection, numbers: Numbers, settings: Settings) -> Drawing:
    """The drawing of these sets: within a library all alike, a library as `settings.library_exponent` says."""
    libraries = collection.sets["library"].to_numpy()[numbers]
    _, inverse, counts = np.unique(libraries, return_inverse=True, return_counts=True)
    chances = (counts**settings.library_exponent / counts)[inverse]
    return Drawing(collection, numbers, np.cumsum(chances / chances.sum()), settings)


def gene_shares(drawing: Drawing) -> NDArray[np.float32]:
    """(n_genes,) the share of each gene in what is drawn; a set gives each of its genes alike. Sums to one."""
    collection = drawing.collection
    per_set = np.zeros(len(collection))
    per_set[drawing.numbers] = np.diff(drawing.chances, prepend=0.0)
    per_member = per_set / np.maximum(collection.sizes, 1)
    shares = np.zeros(len(collection.genes))
    # Part by part: the owners of all members at once would be eight bytes a member.
    for first in range(0, len(collection), SETS_AT_ONCE):
        last = min(first + SETS_AT_ONCE, len(collection))
        members = collection.members[collection.offsets[first] : collection.offsets[last]]
        shares += np.bincount(members, weights=np.repeat(per_member[first:last], collection.sizes[first:last]), minlength=len(shares))
    return shares.astype(np.float32)
