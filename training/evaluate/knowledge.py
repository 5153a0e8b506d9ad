"""What the floors and rivals of an evaluation know: all of it from the training rows, or from a language model that has seen none.

It is made once for all protocols, since encoding names and decomposing the graph take longer than most of the questions.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from generel.concepts.progress import SILENT, Progress
from training.evaluate.graph_scorers import ppmi_vectors
from training.evaluate.methods import kinds_asked
from training.evaluate.names import FORMS, NameTerms, RawFeatures, barycenters, composed_mask, read_features
from training.evaluate.opening import Opened
from training.evaluate.questions import SynonymTexts, draw_synonyms
from training.evaluate.rivals import Rival, train_rivals
from training.evaluate.settings import Settings
from training.evaluate.split import NumberedSplit

Floats = NDArray[np.float32]
GRAPH_DIMS = 128


class Knowledge(NamedTuple):
    """What there is to answer with besides the space.

    Attributes:
        synonyms: those asked about.
        features: of the synonyms, and of all names that are compared with them.
        raw: (n_concepts, dims) the language model's vectors, see `names.barycenters`.
        graph: (n_concepts, dims) twice, see `graph_scorers.ppmi_vectors`.
        terms: TF-IDF by form.
        rivals: trained for this evaluation, by the name in the table.
    """

    synonyms: SynonymTexts
    features: RawFeatures
    raw: Floats
    graph: tuple[Floats, Floats]
    terms: Mapping[str, NameTerms]
    rivals: Mapping[str, Rival]


def gather(opened: Opened, *, cache: Path, settings: Settings, progress: Progress = SILENT) -> Knowledge:
    """All of it for these settings.

    Args:
        cache: folder of cached text features.

    Raises:
        MissingExtra, NotThere: what a rival runs on is not installed; nothing has been trained by then.
    """
    split, composed = opened.split, composed_mask(opened.split, opened.recipe.composed_kinds)
    rivals = train_rivals(opened, settings=settings, progress=progress)
    synonyms = draw(split, settings.part, limit=settings.queries, settings=settings)
    features = _features(opened, synonyms, composed, cache=cache, progress=progress)
    with progress.task("Decompose the training graph"):
        graph = ppmi_vectors(split.training_neighbors(), dims=GRAPH_DIMS, seed=settings.seed)
    return Knowledge(synonyms, features, _raw(split, features, composed), graph, _terms(split, composed, progress=progress), rivals)


def draw(split: NumberedSplit, part: str, *, limit: int, settings: Settings) -> SynonymTexts:
    """Held-out synonyms of the part; none where that protocol is not asked for."""
    return draw_synonyms(split, part=part, limit=limit if "synonyms" in settings.protocols else 0, seed=settings.seed)


def _features(opened: Opened, synonyms: SynonymTexts, composed: NDArray[np.bool_], *, cache: Path, progress: Progress) -> RawFeatures:
    """Of the preferred names, of the synonyms, and of all training names of the kinds whose synonyms are asked about."""
    split = opened.split
    preferred = [name for name, skipped in zip(split.preferred_names(), composed, strict=True) if not skipped]
    asked = [split.training_names(split.of_kind(kind))[0] for kind in kinds_asked(split, synonyms)]
    texts = (*preferred, *synonyms.texts, *(name for names in asked for name in names))
    return read_features(texts, opened.encoder, cache=cache, progress=progress)


def _raw(split: NumberedSplit, features: RawFeatures, composed: NDArray[np.bool_]) -> Floats:
    names = split.preferred_names()
    vectors = np.zeros((split.n_concepts, features.features.shape[1]), dtype=np.float32)
    written = np.flatnonzero(~composed)
    vectors[written] = features.of([names[row] for row in written])
    return barycenters(vectors, split.training_neighbors(), composed=composed)


def _terms(split: NumberedSplit, composed: NDArray[np.bool_], *, progress: Progress) -> dict[str, NameTerms]:
    terms = {}
    with progress.task("Fit TF-IDF on the training names", total=len(FORMS)) as advance:
        for form in FORMS:
            terms[form] = NameTerms(split, form=form, composed=composed)
            advance(1)
    return terms
