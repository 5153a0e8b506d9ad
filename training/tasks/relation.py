"""The relation task: subjects against objects of one family of predicates between two kinds.

A step draws relations, takes their distinct subjects as anchors and their distinct objects plus random concepts of the same kind
as candidates, and marks *every* known tie between the two, of whatever predicate, as positive.
"""

from dataclasses import dataclass, field

import numpy as np

from generel.concepts.kinds import KINDS
from training.corpus import Corpus, expand
from training.recipe import Recipe
from training.tasks.batch import Batch, pick_texts

GENE = KINDS.index("gene")


@dataclass(frozen=True)
class RelationTask:
    """One family of predicates from one kind to another.

    Attributes:
        name: family, subject kind and object kind.
        rows: numbers of its relations in the corpus.
    """

    name: str
    family: str
    subject_kind: str
    object_kind: str
    rows: np.ndarray
    corpus: Corpus = field(repr=False)
    recipe: Recipe = field(repr=False)
    pool: np.ndarray = field(repr=False)
    subject_log_q: np.ndarray = field(repr=False)
    object_log_q: np.ndarray = field(repr=False)

    @property
    def size(self) -> int:
        """How many relations it has."""
        return len(self.rows)

    def draw(self, rng: np.random.Generator) -> Batch | None:
        """One step's batch; None where the draw left no pair to learn from."""
        relations, sampling = self.corpus.relations, self.recipe.sampling
        chosen = self.rows[rng.integers(0, self.size, draws_a_step(self.size, sampling.anchors))]
        anchors = np.unique(relations.subjects[chosen])
        extra = self.pool[rng.integers(0, len(self.pool), sampling.negatives)]
        candidates = np.unique(np.concatenate((relations.objects[chosen], extra)))
        return make_batch(self, anchors, candidates, rng=rng)


def draws_a_step(size: int, most: int) -> int:
    """How many relations a step draws: all settings allow, but no more than half of a small task."""
    return min(most, max(1, size // 2))


def make_batch(task: RelationTask, anchors: np.ndarray, candidates: np.ndarray, *, rng: np.random.Generator) -> Batch | None:
    """The batch of these distinct anchors and candidates, with every known tie between them."""
    corpus, sampling = task.corpus, task.recipe.sampling
    shown = np.unique(np.concatenate((anchors, candidates)))
    is_composed = np.isin(corpus.kind_numbers, [KINDS.index(kind) for kind in task.recipe.composed_kinds])
    owners, tied = _context(corpus, shown[is_composed[shown]], is_composed, target_kinds=(task.subject_kind, task.object_kind), share=sampling.context_share, rng=rng)
    composed = np.unique(owners)
    # A composed concept without a tie to show has no vector: it leaves the step.
    usable = ~is_composed
    usable[composed] = True
    anchors, candidates = anchors[usable[anchors]], candidates[usable[candidates]]
    slots = np.unique(np.concatenate((shown[~is_composed[shown]], tied)))
    place = np.full(corpus.n_concepts, -1)
    place[slots] = np.arange(len(slots))
    place[composed] = len(slots) + np.arange(len(composed))
    positives, masked = _known_pairs(corpus, anchors, candidates, context=(owners, tied))
    if not len(positives[0]):
        return None
    return Batch(
        task=task.name,
        concepts=slots,
        texts=pick_texts(corpus.texts.offsets, corpus.texts.of_concept, slots, name_share=sampling.name_share, rng=rng),
        with_residual=rng.random(len(slots)) >= sampling.residual_dropout,
        composed=composed,
        tie_owner=np.searchsorted(composed, owners),
        tie_slot=place[tied],
        anchors=place[anchors],
        candidates=place[candidates],
        anchor_concepts=anchors,
        candidate_concepts=candidates,
        positive_rows=positives[0],
        positive_columns=positives[1],
        positive_weights=positives[2],
        masked_rows=masked[0],
        masked_columns=masked[1],
        anchor_log_q=task.subject_log_q[anchors],
        candidate_log_q=task.object_log_q[candidates],
    )


def _context(
    corpus: Corpus, composed: np.ndarray, is_composed: np.ndarray, *, target_kinds: tuple[str, str], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (composed concept, tied concept) to show: all its genes unless genes are the target, a random share of the rest."""
    places, tied, _ = expand(corpus.neighbors, composed)
    keep = ~is_composed[tied] & corpus.trained[tied]
    always = (corpus.kind_numbers[tied] == GENE) & ("gene" not in target_kinds)
    keep &= always | (rng.random(len(tied)) < share)
    return composed[places[keep]], tied[keep]


def _known_pairs(
    corpus: Corpus, anchors: np.ndarray, candidates: np.ndarray, *, context: tuple[np.ndarray, np.ndarray]
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Positives (rows, columns, weights) and masked cells (rows, columns) of anchors x candidates."""
    column = np.full(corpus.n_concepts, -1)
    column[candidates] = np.arange(len(candidates))
    rows, tied, weights = expand(corpus.neighbors, anchors)
    inside = column[tied] >= 0
    rows, tied, weights = rows[inside], tied[inside], weights[inside]
    columns = column[tied]
    same = np.flatnonzero(column[anchors] >= 0)
    masked = np.concatenate((rows, same)), np.concatenate((columns, column[anchors[same]]))
    shown = pair_keys(context[0], context[1], corpus.n_concepts)
    hidden = np.isin(pair_keys(anchors[rows], tied, corpus.n_concepts), shown) | np.isin(pair_keys(tied, anchors[rows], corpus.n_concepts), shown)
    target = ~hidden & (anchors[rows] != tied)
    return (rows[target], columns[target], weights[target]), masked


def pair_keys(left: np.ndarray, right: np.ndarray, n_concepts: int) -> np.ndarray:
    """One integer for each ordered pair of concept numbers."""
    return left.astype(np.int64) * n_concepts + right


def relation_tasks(corpus: Corpus, *, recipe: Recipe) -> list[RelationTask]:
    """A task for every family of predicates and pair of kinds with enough training relations, by name."""
    relations, kinds = corpus.relations, corpus.kind_numbers
    families = np.array([recipe.family(predicate) for predicate in relations.predicates])
    groups: dict[tuple[str, int, int], list[int]] = {}
    triples = zip(relations.predicate_numbers.tolist(), kinds[relations.subjects].tolist(), kinds[relations.objects].tolist(), strict=True)
    for row, (predicate, left, right) in enumerate(triples):
        groups.setdefault((str(families[predicate]), left, right), []).append(row)
    tasks = [_make_task(corpus, recipe, family, KINDS[left], KINDS[right], np.array(rows)) for (family, left, right), rows in sorted(groups.items()) if len(rows) >= recipe.sampling.smallest_task]
    return sorted(tasks, key=lambda task: task.name)


def _make_task(corpus: Corpus, recipe: Recipe, family: str, subject_kind: str, object_kind: str, rows: np.ndarray) -> RelationTask:
    """The task with its pool of negatives and the log of every concept's chance to be drawn in a step."""
    relations, sampling = corpus.relations, recipe.sampling
    pool = corpus.of_kind(object_kind)
    n_drawn = draws_a_step(len(rows), sampling.anchors)
    drawn = [1 - (1 - np.bincount(ends[rows], minlength=corpus.n_concepts) / len(rows)) ** n_drawn for ends in (relations.subjects, relations.objects)]
    from_pool = 1 - (1 - 1 / max(1, len(pool))) ** sampling.negatives
    tiny = 1e-6
    return RelationTask(
        f"{family}:{subject_kind}-{object_kind}", family, subject_kind, object_kind, rows, corpus, recipe, pool,
        np.log(np.maximum(drawn[0], tiny)).astype(np.float32),
        np.log(np.maximum(1 - (1 - drawn[1]) * (1 - from_pool), tiny)).astype(np.float32),
    )
