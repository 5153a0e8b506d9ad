"""Giving back at release what training took from the language model's own reading of a text.

Training turns the tower to what relations say; likeness that only words tell fades with it. The tower begins as the language model's space (`W` as the
identity), so the two still point the same way, and a share of the reading is added by adding it to `W`:

    tower(text) + share * c * x  =  (W + share * c * I) x + ...        c: the mean length of a concept's vector before it is normalized
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from training.corpus import Corpus
from training.model import ConceptModel

# So many concepts, evenly chosen, tell the mean length.
MEASURED = 8192


@contextmanager
def reading_added(model: ConceptModel, corpus: Corpus) -> Iterator[ConceptModel]:
    """The trained model with that share of reading in its tower which its recipe says; afterwards it is as it was."""
    weight, trained = model.tower.linear.weight, model.tower.linear.weight.detach().clone()
    with torch.no_grad():
        weight += model.recipe.tower.reading * mean_length(model, corpus) * torch.eye(len(weight), device=weight.device)
    try:
        yield model
    finally:
        with torch.no_grad():
            weight.copy_(trained)


def mean_length(model: ConceptModel, corpus: Corpus) -> float:
    """Of what concepts' vectors are before they are normalized; 0 if none has a text."""
    written = np.flatnonzero(~corpus.is_composed)
    if not len(written):
        return 0.0
    measured = written[:: max(1, len(written) // MEASURED)]
    outputs = model.text_vectors(corpus.texts.preferred(measured)) + model.residuals.of(measured)
    return float(outputs.norm(dim=1).mean())
