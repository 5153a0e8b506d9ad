"""What a task hands to the model for one step: slots to encode, and which pairs of them are positive.

A *slot* is one appearance of a concept: shown by one of its texts, with or without its residual; the slots of a synonym pair are
two appearances of one concept. Composed concepts (variants) have no text slot; they follow the slots and are made of them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from training.corpus import Texts


@dataclass(frozen=True)
class Batch:
    """One step's draw; every array is of numpy, int64 unless said.

    Attributes:
        task: name of the task.
        concepts: (slots,) concept number of each text slot.
        texts: (slots,) text number by which it is shown.
        with_residual: (slots,) bool.
        composed: (composed,) concept numbers made of slots.
        ties: of which slots.
        anchors: (anchors,) places in [slots; composed].
        candidates: (candidates,) the same.
        anchor_concepts, candidate_concepts: their concept numbers.
        positive_rows, positive_columns: (positives,) places in `anchors` and `candidates`.
        positive_weights: (positives,) float32 evidence.
        masked_rows, masked_columns: cells that are no negatives; the positives are among them.
        anchor_log_q, candidate_log_q: float32, log of the chance of being drawn into this step.
    """

    task: str
    concepts: np.ndarray
    texts: np.ndarray
    with_residual: np.ndarray
    composed: np.ndarray
    ties: "Ties"
    anchors: np.ndarray
    candidates: np.ndarray
    anchor_concepts: np.ndarray
    candidate_concepts: np.ndarray
    positive_rows: np.ndarray
    positive_columns: np.ndarray
    positive_weights: np.ndarray
    masked_rows: np.ndarray
    masked_columns: np.ndarray
    anchor_log_q: np.ndarray
    candidate_log_q: np.ndarray


class Ties(NamedTuple):
    """What composed concepts are made of, one tie a row; see training.makings.

    Attributes:
        owners: (ties,) places among the composed.
        slots: (ties,) places among the slots.
        sorts: (ties,) places in SORTS.
        weights: (ties,) float32.
    """

    owners: np.ndarray
    slots: np.ndarray
    sorts: np.ndarray
    weights: np.ndarray


NOBODY = np.empty(0, dtype=np.int64)
NO_TIES = Ties(NOBODY, NOBODY, NOBODY, np.empty(0, dtype=np.float32))


def pick_texts(texts: Texts, concepts: np.ndarray, *, name_share: float, definition_share: float, rng: np.random.Generator) -> np.ndarray:
    """A text number for each concept: its preferred name with chance `name_share`, else any of its names; its definition, if any, with chance `definition_share`."""
    counts = texts.count(concepts)
    any_name = (rng.random(len(concepts)) * counts).astype(np.int64)
    names = texts.of_concept[texts.offsets[concepts] + np.where(rng.random(len(concepts)) < name_share, 0, any_name)]
    return or_definitions(texts, concepts, names, share=definition_share, rng=rng)


def or_definitions(texts: Texts, concepts: np.ndarray, names: np.ndarray, *, share: float, rng: np.random.Generator) -> np.ndarray:
    """The texts `names`, with that chance replaced by the concept's definition where it has one; without a chance nothing is drawn."""
    if not share:
        return names
    definitions = texts.definitions[concepts]
    return np.where((rng.random(len(concepts)) < share) & (definitions >= 0), definitions, names)
