"""Methods that are trained for an evaluation, on the training rows of the same split, and asked the same as the space.

What runs on a library that not everybody has is imported here only when it is asked for, and everything that is asked for is looked for before
the first one is trained.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generel.concepts.progress import SILENT, Progress
from training.evaluate.cold_variants import fold_in
from training.evaluate.opening import Opened
from training.evaluate.ranking import Scorer
from training.evaluate.scorers import Cosine
from training.evaluate.settings import RIVALS, UNTIMED, Settings
from training.evaluate.split import NumberedSplit

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]


class Rival(Protocol):
    """A trained method.

    Attributes:
        note: what it was given: time, sizes, settings.
    """

    @property
    def note(self) -> str: ...

    def scorer(self, predicates: Sequence[str]) -> Scorer | None:
        """What answers questions about these predicates; None where it knows none of them."""
        ...

    def text_scorer(self, texts: Sequence[str]) -> Scorer | None:
        """What answers which concept each of these texts names; None where it reads no text."""
        ...

    def folded(self, shown: NumberedSplit) -> "Rival | None":
        """The rival once it has been told the genes of cold variants; None where it cannot be told anything more."""
        ...


@dataclass(frozen=True)
class VectorRival:
    """One that has a vector for each concept.

    Attributes:
        vectors: (n_concepts, dims) unit norm, zeros where it knows nothing.
        embed: what turns texts into such vectors, if anything does.
    """

    vectors: Floats
    note: str
    embed: Embed | None = None

    def scorer(self, predicates: Sequence[str]) -> Scorer:
        """The plain cosine, whatever is asked about."""
        return Cosine(self.vectors, self.vectors)

    def text_scorer(self, texts: Sequence[str]) -> Scorer | None:
        """The cosine of each text's vector."""
        return Cosine(self.embed(texts), self.vectors) if self.embed else None

    def folded(self, shown: NumberedSplit) -> "VectorRival":
        """Cold variants have the mean of their genes, as in the space."""
        return replace(self, vectors=fold_in(self.vectors, shown))


def train_rivals(opened: Opened, *, settings: Settings, progress: Progress = SILENT) -> dict[str, Rival]:
    """The rivals of the settings, by the name in the table, which says the seconds of those that have a budget.

    Raises:
        MissingExtra: a library is not installed.
        NotThere: PecanPy's command is not there.
    """
    prepared = [(name, _prepare(name, opened, settings=settings, progress=progress)) for name in settings.rivals]
    return {title(name, settings): train() for name, train in prepared}


def title(name: str, settings: Settings) -> str:
    """What a rival is called in the table."""
    return RIVALS[name] if name in UNTIMED else f"{RIVALS[name]} ({settings.rival_seconds:g} s)"


def _prepare(name: str, opened: Opened, *, settings: Settings, progress: Progress) -> Callable[[], Rival]:
    """What trains the rival, once all that it needs has been found."""
    seconds, seed = settings.rival_seconds, settings.seed
    if name == "node2vec":
        from training.evaluate.node2vec import Node2Vec, find_pecanpy

        walker = Node2Vec(find_pecanpy(), seed=seed)
        return lambda: VectorRival(*walker.train(opened.split.training_neighbors(), progress=progress))
    if name in ("sentence-transformers", "static-embedding"):
        from training.evaluate.text_rivals import TextRivals

        texts = TextRivals(opened, seconds=seconds, seed=seed)
        return lambda: VectorRival(*texts.train(static=name == "static-embedding", progress=progress))
    from training.evaluate.graph_rivals import GraphRival, require_pykeen

    require_pykeen()
    return lambda: GraphRival(name, opened.split, seconds=seconds, seed=seed, progress=progress)
