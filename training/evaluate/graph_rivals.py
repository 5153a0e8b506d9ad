"""Knowledge-graph embeddings of PyKEEN as rivals: TransE, ComplEx and RotatE on the same training rows, each within a budget of seconds.

They know concepts by number and no text: a cold concept keeps its random start and is at chance. Their budget stands in the table's notes,
for what they reach grows with it.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generel.concepts.errors import MissingExtra
from generel.concepts.progress import SILENT, Progress
from training.evaluate.clock import Clock, TimeIsUp
from training.evaluate.scorers import ROUNDING
from training.evaluate.settings import RIVALS
from training.evaluate.split import TRAIN, NumberedSplit, Numbers

OF_PYKEEN = ("transe", "complex", "rotate")
DIMS, BATCH, NEGATIVES, LEARNING_RATE = 128, 1024, 32, 0.01
EPOCHS_WITHOUT_END = 1_000_000
FLOATS_AT_ONCE = 40_000_000


@dataclass(frozen=True)
class Triples:
    """A trained model's scores of (subject, predicate, object).

    Attributes:
        model: of PyKEEN.
        predicates: numbers of the predicates asked about; of several the best score counts.
    """

    model: Any
    predicates: Sequence[int]
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> NDArray[np.float32]:
        """(q, c) float32, higher for a better answer."""
        tails = torch.tensor(candidates)
        rows = max(1, FLOATS_AT_ONCE // (len(candidates) * DIMS))
        with torch.inference_mode():
            blocks = [
                torch.stack([self.model.score_t(self._asked(block, predicate), tails=tails) for predicate in self.predicates]).amax(dim=0).numpy()
                for block in np.array_split(queries, max(1, -(-len(queries) // rows)))
            ]
        return np.concatenate(blocks).astype(np.float32)

    @staticmethod
    def _asked(queries: Numbers, predicate: int) -> torch.Tensor:
        return torch.stack([torch.tensor(queries), torch.full((len(queries),), predicate)], dim=1)


def require_pykeen() -> None:
    """Nothing.

    Raises:
        MissingExtra: PyKEEN is not installed.
    """
    if find_spec("pykeen") is None:
        raise MissingExtra("PyKEEN", "rivals", "embedding the graph")


class GraphRival:
    """One model, trained on all training rows of a split."""

    def __init__(self, name: str, split: NumberedSplit, *, seconds: float, seed: int, progress: Progress = SILENT) -> None:
        """Train it; `seconds` of training, nothing else in them.

        Raises:
            MissingExtra: PyKEEN is not installed.
        """
        require_pykeen()
        import pykeen.models
        from pykeen.training import SLCWATrainingLoop
        from pykeen.training.callbacks import TrainingCallback
        from pykeen.triples import CoreTriplesFactory

        clock, seen = Clock(seconds), 0

        def look_at_the_clock(callback: object, epoch: int, batch: Any, **kwargs: Any) -> None:
            nonlocal seen
            seen += len(batch["positives"])
            clock.check()

        # Made here, and not by a statement, because its base class is only there where PyKEEN is.
        watch = type("Watch", (TrainingCallback,), {"post_batch": look_at_the_clock})

        # It warns once a batch size that it is not on a graphics card.
        logging.getLogger("pykeen").setLevel(logging.ERROR)
        rows = split.relations.filter(split.relations["part"] == TRAIN)
        self.predicates = sorted(set(rows["predicate"]))
        number = {name: place for place, name in enumerate(self.predicates)}
        triples = torch.from_numpy(np.stack([rows["subject"].to_numpy(), rows["predicate"].replace_strict(number).to_numpy(), rows["object"].to_numpy()], axis=1).astype(np.int64))
        factory = CoreTriplesFactory(triples, num_entities=split.n_concepts, num_relations=len(self.predicates))
        model = getattr(pykeen.models, RIVALS[name])
        self.model = model(triples_factory=factory, embedding_dim=DIMS, random_seed=seed, loss=_loss(name), **_start(name))
        loop = SLCWATrainingLoop(
            model=self.model, triples_factory=factory, optimizer=torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE),
            negative_sampler_kwargs={"num_negs_per_pos": NEGATIVES}, automatic_memory_optimization=False,
        )
        with progress.task(f"Train {RIVALS[name]} for {seconds:g} s"), suppress(TimeIsUp):
            clock.start()
            loop.train(factory, num_epochs=EPOCHS_WITHOUT_END, batch_size=BATCH, use_tqdm=False, pin_memory=False, callbacks=watch())
        self.model.eval()
        self.note = f"PyKEEN, {DIMS} dimensions, {NEGATIVES} negatives; {seconds:g} s of training, {seen / len(triples):.1f} rounds of {len(triples):,} training rows"

    def scorer(self, predicates: Sequence[str]) -> Triples | None:
        """What answers questions about these predicates; None where training has none of them."""
        known = [self.predicates.index(name) for name in predicates if name in self.predicates]
        return Triples(self.model, known) if known else None

    def text_scorer(self, texts: Sequence[str]) -> None:
        """It reads no text."""

    def folded(self, shown: NumberedSplit) -> None:
        """Nothing can be told it after its training."""


def _loss(name: str) -> Any:
    """As each model's makers train it: distances against a margin, the products of ComplEx by their logistic loss."""
    from pykeen.losses import NSSALoss, SoftplusLoss

    return SoftplusLoss() if name == "complex" else NSSALoss(margin=3.0, adversarial_temperature=1.0)


def _start(name: str) -> dict[str, Any]:
    """ComplEx as PyKEEN starts it has scores so far from zero, and rows so held back, that minutes teach it nothing."""
    from pykeen.nn.init import xavier_normal_

    if name != "complex":
        return {}
    return {"entity_initializer": xavier_normal_, "relation_initializer": xavier_normal_, "regularizer_kwargs": {"weight": 1e-6, "p": 2.0, "normalize": True}}
