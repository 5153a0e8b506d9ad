"""The gene-text task: what is written about a gene against the terms it is annotated with, words against words.

Summaries of genes are long, names of terms short, and what ties them are the same relations that other tasks train by concept: here neither side
shows its residual, so that only the reading of texts can learn. It is what lets a term that no gene is known of find its genes.
"""

import numpy as np

from generel.concepts.kinds import KINDS, Kind
from training.corpus import Corpus
from training.recipe import Recipe
from training.tasks.relation import RelationTask, make_task

FAMILY = "gene_text"
TERMS = (Kind.PROCESS, Kind.FUNCTION, Kind.COMPONENT, Kind.PATHWAY, Kind.DISEASE, Kind.PHENOTYPE)


def gene_text_tasks(corpus: Corpus, *, recipe: Recipe) -> list[RelationTask]:
    """A task for every kind of term that enough relations join to genes with a summary, by name."""
    relations, kinds = corpus.relations, corpus.kind_numbers
    written = corpus.trained & (kinds == KINDS.index(Kind.GENE)) & (corpus.texts.definitions >= 0)
    tasks = []
    for kind in TERMS:
        rows = np.flatnonzero(written[relations.subjects] & (kinds[relations.objects] == KINDS.index(kind)) & (relations.weights > 0))
        if len(rows) >= recipe.sampling.smallest_task:
            tasks.append(make_task(corpus, recipe, FAMILY, Kind.GENE.value, kind.value, rows, asking=np.flatnonzero(written), by_text=True))
    return sorted(tasks, key=lambda task: task.name)
