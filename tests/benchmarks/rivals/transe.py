"""PyKEEN's TransE on the same relations: its own training loop, stopped by the clock after a batch.

It knows concepts by number and no text, so it has no vector for a name and cannot be asked about synonyms.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pykeen.losses import NSSALoss
from pykeen.models import TransE
from pykeen.training import SLCWATrainingLoop
from pykeen.training.callbacks import TrainingCallback
from pykeen.triples import CoreTriplesFactory

from rivals.material import Material
from rivals.questions import PREDICATES, Exam, Figure
from training.evaluate.clock import Clock, TimeIsUp
from training.evaluate.scorers import ROUNDING
from training.evaluate.split import Numbers

DIMS, BATCH, NEGATIVES, LEARNING_RATE, NORM = 128, 1024, 32, 0.01, 1
EPOCHS_WITHOUT_END = 1_000_000


class Counter(TrainingCallback):
    """Counts positive triples and ends the loop in time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.clock, self.n_pairs = clock, 0

    def post_batch(self, epoch: int, batch: Any, **kwargs: Any) -> None:
        """Add the batch's positives."""
        self.n_pairs += len(batch["positives"])
        self.clock.check()


@dataclass(frozen=True)
class Translation:
    """Minus the length of `subject + predicate - object`, in the norm the model was trained with."""

    entities: torch.Tensor
    predicate: torch.Tensor
    norm: float
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> NDArray[np.float32]:
        """(q, c), higher for a better answer."""
        asked = self.entities[torch.from_numpy(queries)] + self.predicate
        return -torch.cdist(asked, self.entities[torch.from_numpy(candidates)], p=self.norm).numpy()


class TransERun:
    """One training of TransE."""

    def __init__(self, material: Material, *, seed: int) -> None:
        # It warns that the processor has no graphics card, once for every memory question.
        logging.getLogger("pykeen").setLevel(logging.ERROR)
        corpus = material.corpus
        self.predicates = corpus.relations.predicates
        self.triples = CoreTriplesFactory(material.triples(), num_entities=corpus.n_concepts, num_relations=len(self.predicates))
        self.model = TransE(triples_factory=self.triples, embedding_dim=DIMS, scoring_fct_norm=NORM, random_seed=seed, loss=NSSALoss(margin=1.0, adversarial_temperature=1.0))
        self.loop = SLCWATrainingLoop(
            model=self.model, triples_factory=self.triples, optimizer=torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE),
            negative_sampler_kwargs={"num_negs_per_pos": NEGATIVES}, automatic_memory_optimization=False,
        )

    def train(self, clock: Clock) -> dict[str, int]:
        """Train until the time is up; the positive triples that were seen."""
        counter = Counter(clock)
        clock.start()
        with suppress(TimeIsUp):
            self.loop.train(self.triples, num_epochs=EPOCHS_WITHOUT_END, batch_size=BATCH, use_tqdm=False, pin_memory=False, callbacks=counter)
        return {"pairs": counter.n_pairs}

    def answer(self, exam: Exam) -> dict[str, Figure]:
        """Figures by predicate."""
        with torch.inference_mode():
            entities, predicates = self.model.entity_representations[0](), self.model.relation_representations[0]()
            scorers = {name: Translation(entities, predicates[self.predicates.index(name)], NORM) for name in PREDICATES}
            return {name: exam.ask_relations(scorer)[name] for name, scorer in scorers.items()}
