"""Stock fine-tuning of the space's own language model as a rival: the same split, the relations and names of the space's own recipe, a budget of seconds.

It reads text, so it answers for concepts that training never saw, and for synonyms. Concepts without text worth reading are put together from their
ties, as the raw encoder's are; their relations are not trained on. Drawing pairs comes before the clock, and reading all names after it.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import MissingExtra
from generel.concepts.progress import SILENT, Progress
from training.corpus import Corpus, make_corpus
from training.evaluate.clock import Clock
from training.evaluate.names import barycenters, composed_mask
from training.evaluate.opening import Opened, unit
from training.evaluate.split import Numbers
from training.evaluate.text_pairs import TextPairs

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
# More pairs than a fine-tuned language model sees in an hour; a static one begins anew after them.
PAIRS = 300_000
PURPOSE = "fine-tuning the language model"


class TextRivals:
    """What all of them are trained on."""

    def __init__(self, opened: Opened, *, seconds: float, seed: int) -> None:
        """Of the space and its split.

        Raises:
            MissingExtra: sentence-transformers, or a library that its trainer needs, is not installed.
        """
        try:
            import accelerate  # noqa: F401

            from training.evaluate import fine_tuning
        except ImportError as error:
            raise MissingExtra("sentence-transformers with accelerate and datasets", "rivals", PURPOSE) from error
        self._tuning, self._opened, self._seconds, self._seed = fine_tuning, opened, seconds, seed

    def train(self, *, static: bool, progress: Progress = SILENT) -> tuple[Floats, str, Embed]:
        """(n_concepts, dims) unit vectors of the concepts, a sentence on what was trained, and what reads other texts.

        Args:
            static: whether a table of token vectors is trained instead of the whole language model.
        """
        how, clock = self._tuning.STATIC if static else self._tuning.MINILM, Clock(self._seconds)
        build, recipe = self._opened.build.split, self._opened.recipe
        corpus = make_corpus(build.concepts, build.names, build.relations, recipe=recipe)
        pairs = TextPairs(corpus, recipe).draw(PAIRS, rng=np.random.default_rng(self._seed), without=recipe.composed_kinds)
        tuned = self._tuning.TunedModel(how, language_model=self._opened.language_model)
        with tempfile.TemporaryDirectory() as scratch, progress.task(f"Train {'StaticEmbedding' if static else 'sentence-transformers'} for {self._seconds:g} s"):
            n_pairs = tuned.train(pairs, clock=clock, seed=self._seed, scratch=Path(scratch))
        embed = tuned.reader(max_tokens=self._opened.max_tokens)
        with progress.task("Read the names of all concepts"):
            vectors = self._read(corpus, embed)
        model = "a StaticEmbedding of its tokens" if static else "the space's language model"
        return vectors, f"MultipleNegativesRankingLoss, batch {how.batch:,}, {model}; {self._seconds:g} s of training, {n_pairs:,} pairs seen of {len(pairs)} tasks", embed

    def _read(self, corpus: Corpus, embed: Embed) -> Floats:
        split = self._opened.split
        composed = composed_mask(split, self._opened.recipe.composed_kinds)
        written = np.flatnonzero(~composed)
        read = read_concepts(corpus, written, embed)
        vectors = np.zeros((split.n_concepts, read.shape[1]), dtype=np.float32)
        vectors[written] = read
        return barycenters(vectors, split.training_neighbors(), composed=composed)


def read_concepts(corpus: Corpus, concepts: Numbers, encode: Embed) -> Floats:
    """(len(concepts), dims) unit norm: half the vector of the preferred name, half the mean of those of all training names, as in a release of generel."""
    texts = corpus.texts
    counts = texts.count(concepts)
    ends = np.cumsum(counts)
    cells = np.repeat(texts.offsets[concepts], counts) + np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
    distinct, places = np.unique(texts.of_concept[cells], return_inverse=True)
    vectors = encode([texts.strings[number] for number in distinct.tolist()])
    means = np.add.reduceat(vectors[places], ends - counts, axis=0) / counts[:, None]
    return unit(((vectors[places[ends - counts]] + means) / 2).astype(np.float32))
