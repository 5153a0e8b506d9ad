"""The relation task: subjects against objects of one family of predicates between two kinds.

A step draws relations, takes their distinct subjects as anchors and their distinct objects plus random concepts of the same kind
as candidates, and marks *every* known tie between the two, of whatever predicate, as positive.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from generel.concepts.kinds import KINDS
from training.corpus import Corpus, expand
from training.makings import GENES, OWN, SORTS
from training.recipe import Recipe
from training.tasks.batch import NO_TIES, Batch, Ties, pick_texts


@dataclass(frozen=True)
class RelationTask:
    """One family of predicates from one kind to another.

    Attributes:
        name: family, subject kind and object kind.
        rows: numbers of its relations in the corpus.
        asking, answering: all concepts of either kind that training may show; random negatives are of `answering`.
        subject_log_q, object_log_q: (asking,) and (answering,) log of the chance to be drawn in a step.
        by_text: whether both ends are shown by their texts alone, by their definitions where they have them.
    """

    name: str
    family: str
    subject_kind: str
    object_kind: str
    rows: np.ndarray
    corpus: Corpus = field(repr=False)
    recipe: Recipe = field(repr=False)
    asking: np.ndarray = field(repr=False)
    answering: np.ndarray = field(repr=False)
    subject_log_q: np.ndarray = field(repr=False)
    object_log_q: np.ndarray = field(repr=False)
    by_text: bool = False

    @property
    def size(self) -> int:
        """How many relations it has."""
        return len(self.rows)

    @property
    def targets_of_composed(self) -> tuple[str, ...]:
        """The kinds that composed concepts are asked for."""
        ends = ((self.subject_kind, self.object_kind), (self.object_kind, self.subject_kind))
        return tuple(other for kind, other in ends if kind in self.recipe.composed_kinds)

    def draw(self, rng: np.random.Generator) -> Batch | None:
        """One step's batch; None where the draw left no pair to learn from."""
        relations, sampling = self.corpus.relations, self.recipe.sampling
        chosen = self.rows[rng.integers(0, self.size, draws_a_step(self.size, sampling.anchors))]
        anchors = np.unique(relations.subjects[chosen])
        extra = self.answering[rng.integers(0, len(self.answering), sampling.negatives)]
        candidates = np.unique(np.concatenate((relations.objects[chosen], extra)))
        return make_batch(self, anchors, candidates, rng=rng)


def draws_a_step(size: int, most: int) -> int:
    """How many relations a step draws: all settings allow, but no more than half of a small task."""
    return min(most, max(1, size // 2))


def make_batch(task: RelationTask, anchors: np.ndarray, candidates: np.ndarray, *, rng: np.random.Generator) -> Batch | None:
    """The batch of these distinct anchors and candidates, with every known tie between them."""
    corpus, sampling = task.corpus, task.recipe.sampling
    shown, is_composed = np.unique(np.concatenate((anchors, candidates))), corpus.is_composed
    context = _context(task, shown[is_composed[shown]], rng=rng)
    composed = np.unique(context.owners)
    # A composed concept without a tie to show has no vector: it leaves the step.
    usable = ~is_composed
    usable[composed] = True
    anchors, candidates = anchors[usable[anchors]], candidates[usable[candidates]]
    slots = np.unique(np.concatenate((shown[~is_composed[shown]], context.tied)))
    place = np.full(corpus.n_concepts, -1)
    place[slots] = np.arange(len(slots))
    place[composed] = len(slots) + np.arange(len(composed))
    positives, masked = _known_pairs(corpus, anchors, candidates, context=context)
    if not len(positives[0]):
        return None
    return Batch(
        task=task.name,
        concepts=slots,
        texts=pick_texts(corpus.texts, slots, name_share=sampling.name_share, definition_share=1.0 if task.by_text else sampling.definition_share, rng=rng),
        with_residual=(rng.random(len(slots)) >= sampling.residual_dropout) & (not task.by_text),
        composed=composed,
        ties=Ties(np.searchsorted(composed, context.owners), place[context.tied], context.sorts, context.weights),
        anchors=place[anchors],
        candidates=place[candidates],
        anchor_concepts=anchors,
        candidate_concepts=candidates,
        positive_rows=positives[0],
        positive_columns=positives[1],
        positive_weights=positives[2],
        masked_rows=masked[0],
        masked_columns=masked[1],
        anchor_log_q=task.subject_log_q[np.searchsorted(task.asking, anchors)],
        candidate_log_q=task.object_log_q[np.searchsorted(task.answering, candidates)],
    )


class Context(NamedTuple):
    """What is shown of composed concepts, one tie a row: concept numbers of both, the sort's place in SORTS, the weight."""

    owners: np.ndarray
    tied: np.ndarray
    sorts: np.ndarray
    weights: np.ndarray


def _context(task: RelationTask, composed: np.ndarray, *, rng: np.random.Generator) -> Context:
    """What to show: a random share of a concept's own ties, the rest being targets; whole sorts of what others tell of it, at random.

    Of one sort of a concept no more than the recipe allows, drawn at random: else a step would take the longer, the more is known.
    """
    corpus, recipe = task.corpus, task.recipe
    parts = []
    for sort in corpus.makings.sorts(target_kinds=task.targets_of_composed):
        places, tied, weights = expand(corpus.makings.by_sort[sort], composed)
        if sort == OWN:
            keep = rng.random(len(tied)) < recipe.sampling.context_share
        else:
            keep = (rng.random(len(composed)) >= recipe.composition.sort_dropout)[places]
        keep[keep] = at_most(recipe.composition.shown, places[keep], rng=rng)
        parts.append(Context(composed[places[keep]], tied[keep], np.full(int(keep.sum()), SORTS.index(sort)), weights[keep]))
    return Context(*(np.concatenate(column) for column in zip(*parts, strict=True))) if parts else NOTHING


def at_most(n: int, places: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """(len(places),) bool: of equal places, which stand together, n drawn at random."""
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    lengths = np.diff(starts, append=len(places))
    if lengths.max(initial=0) <= n:
        return np.ones(len(places), dtype=bool)
    # Only places that have more are drawn from.
    kept = np.repeat(lengths <= n, lengths)
    many = np.flatnonzero(~kept)
    order = many[np.lexsort((rng.random(len(many)), places[many]))]
    counts = lengths[lengths > n]
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept[order[rank < n]] = True
    return kept


NOTHING = Context(NO_TIES.owners, NO_TIES.slots, NO_TIES.sorts, NO_TIES.weights)


def _known_pairs(
    corpus: Corpus, anchors: np.ndarray, candidates: np.ndarray, *, context: Context
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
    own = context.sorts <= SORTS.index(GENES)
    shown = pair_keys(context.owners[own], context.tied[own], corpus.n_concepts)
    hidden = np.isin(pair_keys(anchors[rows], tied, corpus.n_concepts), shown) | np.isin(pair_keys(tied, anchors[rows], corpus.n_concepts), shown)
    target = ~hidden & (anchors[rows] != tied) & (weights > 0)
    return (rows[target], columns[target], weights[target]), masked


def pair_keys(left: np.ndarray, right: np.ndarray, n_concepts: int) -> np.ndarray:
    """One integer for each ordered pair of concept numbers."""
    return left.astype(np.int64) * n_concepts + right


def relation_tasks(corpus: Corpus, *, recipe: Recipe) -> list[RelationTask]:
    """A task for every family of predicates and pair of kinds with enough training relations, by name."""
    relations, kinds = corpus.relations, corpus.kind_numbers
    families = sorted({recipe.family(predicate) for predicate in relations.predicates})
    family_of = np.array([families.index(recipe.family(predicate)) for predicate in relations.predicates], dtype=np.int64)
    if not len(relations.subjects):
        return []
    # One number for each family and pair of kinds; its rows stay in table order.
    groups = (family_of[relations.predicate_numbers] * len(KINDS) + kinds[relations.subjects]) * len(KINDS) + kinds[relations.objects]
    order = np.argsort(groups, kind="stable")
    found, starts = np.unique(groups[order], return_index=True)
    tasks = []
    for group, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        if len(rows) >= recipe.sampling.smallest_task:
            family, ends = divmod(group, len(KINDS) ** 2)
            left, right = divmod(ends, len(KINDS))
            tasks.append(make_task(corpus, recipe, families[family], KINDS[left], KINDS[right], rows))
    return sorted(tasks, key=lambda task: task.name)


def make_task(
    corpus: Corpus, recipe: Recipe, family: str, subject_kind: str, object_kind: str, rows: np.ndarray, *, asking: np.ndarray | None = None, by_text: bool = False
) -> RelationTask:
    """The task with who may ask and answer, and the log of every concept's chance to be drawn in a step.

    Args:
        asking: who may, if not all of the kind; the subjects of all rows are among them.
    """
    relations, sampling = corpus.relations, recipe.sampling
    asking, answering = corpus.of_kind(subject_kind) if asking is None else asking, corpus.of_kind(object_kind)
    n_drawn = draws_a_step(len(rows), sampling.anchors)
    drawn = [1 - (1 - _shares(ends[rows], among)) ** n_drawn for ends, among in ((relations.subjects, asking), (relations.objects, answering))]
    from_pool = 1 - (1 - 1 / max(1, len(answering))) ** sampling.negatives
    tiny = 1e-6
    return RelationTask(
        f"{family}:{subject_kind}-{object_kind}", family, subject_kind, object_kind, rows, corpus, recipe, asking, answering,
        np.log(np.maximum(drawn[0], tiny)).astype(np.float32),
        np.log(np.maximum(1 - (1 - drawn[1]) * (1 - from_pool), tiny)).astype(np.float32), by_text,
    )


def _shares(ends: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(among,) the share of the relations whose end is each of these concepts."""
    return np.bincount(np.searchsorted(among, ends), minlength=len(among)) / len(ends)
