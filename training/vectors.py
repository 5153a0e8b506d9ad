"""From a trained model to the vectors of a space: text plus residual where there is text, composition where there is none.

A concept's text vector is that of all its training names together: half the tower's output for the preferred name, half the mean over
all names, the preferred one among them. Composed concepts are made of *all* their training ties.
"""

import numpy as np
import torch
from torch.nn import functional

from generel.concepts.kinds import KINDS
from generel.index.popularity_file import popularity_key
from training.composer import compose
from training.corpus import Corpus
from training.model import ConceptModel
from training.tasks.gene_text import FAMILY as GENE_TEXT

ROWS_A_BLOCK = 2048
# Tasks that are no predicate anybody asks for.
WITHOUT_PREDICATE = (GENE_TEXT,)


def concept_vectors(model: ConceptModel, corpus: Corpus) -> np.ndarray:
    """The vector of every concept: (n_concepts, dims) float32, unit norm; zeros for a composed concept without ties."""
    composed = np.flatnonzero(corpus.is_composed)
    vectors = np.zeros((corpus.n_concepts, model.tower.shape.dims), dtype=np.float32)
    written = np.setdiff1d(np.arange(corpus.n_concepts), composed)
    for start in range(0, len(written), ROWS_A_BLOCK):
        block = written[start : start + ROWS_A_BLOCK]
        outputs = _text_means(model, corpus, block) + model.residuals.of(block)
        vectors[block] = functional.normalize(outputs, dim=1).numpy()
    for start in range(0, len(composed), ROWS_A_BLOCK):
        block = composed[start : start + ROWS_A_BLOCK]
        vectors[block] = compose(block, vectors, corpus.makings.released, weights=model.recipe.composition.weights())
    return vectors


def popularity_biases(model: ConceptModel, corpus: Corpus) -> np.ndarray:
    """How much a concept gains as an answer, by the kind that asks: (n_concepts, number of kinds) float32, in cosine units.

    The learned bias of each relation task times the temperature, averaged over the tasks between two kinds by their
    size; 0 where no task joins them.
    """
    total = np.zeros((corpus.n_concepts, len(KINDS)), dtype=np.float32)
    sizes = np.zeros((len(KINDS), len(KINDS)), dtype=np.float32)
    for name, candidate_bias in model.candidate_biases.items():
        if ":" not in name or name.partition(":")[0] in WITHOUT_PREDICATE:
            continue
        left, _, right = name.partition(":")[2].partition("-")
        asking, answering = KINDS.index(left), KINDS.index(right)
        for a, b, table in ((asking, answering, candidate_bias), (answering, asking, model.anchor_biases[name])):
            rows = np.flatnonzero(corpus.kind_numbers == b)
            size = float(model.task_sizes.get(name, 1))
            total[rows, a] += size * table.of(rows)[:, 0].numpy() * model.temperatures[name]
            sizes[b, a] += size
    return total / np.maximum(sizes[corpus.kind_numbers], 1.0)


def popularity_by_relation(model: ConceptModel, corpus: Corpus, kept: np.ndarray) -> dict[str, np.ndarray]:
    """What the kept concepts gain as answers, in cosine units: by the keys of `generel.index.popularity_file`, those of the answering kind in order."""
    gains: dict[str, np.ndarray] = {}
    for name, candidate_bias in model.candidate_biases.items():
        family, _, kinds = name.partition(":")
        if family in WITHOUT_PREDICATE or not kinds:
            continue
        left, _, right = kinds.partition("-")
        for asking, answering, table in ((left, right, candidate_bias), (right, left, model.anchor_biases[name])):
            # Of a relation inside one kind the objects' popularity counts.
            answers = kept[corpus.kind_numbers[kept] == KINDS.index(answering)]
            gains.setdefault(popularity_key(family, asking, answering), table.of(answers)[:, 0].numpy() * np.float32(model.temperatures[name]))
    return gains


def _text_means(model: ConceptModel, corpus: Corpus, concepts: np.ndarray) -> torch.Tensor:
    """Tower outputs averaged over each concept's names: half the preferred one, half the mean of all."""
    texts = corpus.texts
    counts = texts.count(concepts)
    ends = np.cumsum(counts)
    cells = np.repeat(texts.offsets[concepts], counts) + np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
    outputs = model.text_vectors(texts.of_concept[cells])
    owner = torch.from_numpy(np.repeat(np.arange(len(concepts)), counts))
    means = torch.zeros(len(concepts), outputs.shape[1]).index_add(0, owner, outputs) / torch.from_numpy(counts).unsqueeze(1)
    return 0.5 * outputs[torch.from_numpy(ends - counts)] + 0.5 * means
