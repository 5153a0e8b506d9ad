"""Batches of half-hidden sets: which sets are drawn, what of each goes in, and what is to come out.

Everything is a function of the generator's state, so a run that goes on from a checkpoint draws what it would have drawn.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.gene_sets.collection import Collection, Numbers
from training.gene_sets.settings import Settings
from training.gene_sets.written_sets import OF_GENE_SETS, WrittenSets

Reals = NDArray[np.float64]
SETS_AT_ONCE = 8192
# Larger sets than this tell no more than one of it.
MOST_COUNTED = 50


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
        written: terms that may be drawn as sets.
        chances: running sum of the sets' chances, then of the terms'; the last is 1.
    """

    collection: Collection
    numbers: Numbers
    written: WrittenSets
    chances: Reals
    settings: Settings

    def batch(self, rng: np.random.Generator) -> Batch:
        """The next sets, each with a random part hidden."""
        drawn = np.searchsorted(self.chances, rng.random(self.settings.batch), "right").clip(max=len(self.chances) - 1)
        parts = [self._hide(self._members(place), rng) for place in drawn.tolist()]
        sizes, asked = (np.array([len(part[side]) for part in parts]) for side in (0, 1))
        rows, targets = (np.concatenate([part[side] for part in parts]).astype(np.int64) for side in (0, 1))
        weights = np.repeat(1 / asked, asked).astype(np.float32)
        return Batch(rows, np.concatenate([[0], np.cumsum(sizes)[:-1]]), np.repeat(np.arange(len(parts)), asked), targets, weights)

    def _members(self, place: int) -> NDArray[np.int32]:
        if place < len(self.numbers):
            return self.collection.rows(int(self.numbers[place]))
        terms, term = self.written.members, place - len(self.numbers)
        return terms.indices[terms.indptr[term] : terms.indptr[term + 1]]

    def _hide(self, members: NDArray[np.int32], rng: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """What is shown and what is asked for: at least a gene each."""
        order = rng.permutation(len(members))
        n_shown = min(max(round(len(members) * rng.uniform(*self.settings.shown)), 1), len(members) - 1)
        shown, hidden = order[:n_shown][: self.settings.inputs], order[n_shown:][: self.settings.targets]
        return members[shown], members[hidden]


def make_drawing(collection: Collection, numbers: Numbers, settings: Settings, *, written: WrittenSets) -> Drawing:
    """The drawing of these sets and terms: a library as `settings.library_exponent` says; within it a set by the root of its size, up to MOST_COUNTED."""
    libraries = collection.sets["library"].to_numpy()[numbers]
    _, inverse, counts = np.unique(libraries, return_inverse=True, return_counts=True)
    chances = (counts**settings.library_exponent / counts)[inverse] * np.sqrt(np.minimum(collection.sizes[numbers], MOST_COUNTED))
    all_chances = np.concatenate([chances / chances.sum() * (OF_GENE_SETS if len(written) else 1.0), written.chances])
    return Drawing(collection, numbers, written, np.cumsum(all_chances / all_chances.sum()), settings)


def gene_shares(drawing: Drawing) -> NDArray[np.float32]:
    """(n_genes,) the share of each gene in what is drawn; a set gives each of its genes alike. Sums to one."""
    collection = drawing.collection
    chances, per_set = np.diff(drawing.chances, prepend=0.0), np.zeros(len(collection))
    per_set[drawing.numbers] = chances[: len(drawing.numbers)]
    per_member = per_set / np.maximum(collection.sizes, 1)
    shares = np.zeros(len(collection.genes))
    # Part by part: the owners of all members at once would be eight bytes a member.
    for first in range(0, len(collection), SETS_AT_ONCE):
        last = min(first + SETS_AT_ONCE, len(collection))
        members = collection.members[collection.offsets[first] : collection.offsets[last]]
        shares += np.bincount(members, weights=np.repeat(per_member[first:last], collection.sizes[first:last]), minlength=len(shares))
    terms = drawing.written.members
    sizes = np.diff(terms.indptr)
    shares += np.bincount(terms.indices, weights=np.repeat(chances[len(drawing.numbers) :] / np.maximum(sizes, 1), sizes), minlength=len(shares))
    return shares.astype(np.float32)
