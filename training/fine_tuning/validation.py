"""A look at the encoder during stage two: MRR on held-out names and held-out relations, by cosine of texts alone.

Answers are ranked among a sample of their kind, the same at every look, so the figures compare looks of one run and nothing else. Figures
for the README come from `generel evaluate`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.corpus import Corpus
from training.recipe import Recipe

Numbers = NDArray[np.int64]
# At most so many questions of a sort, among so many random candidates and all their answers.
QUESTIONS, CANDIDATES = 150, 1000
# A family of fewer held-out relations says little.
FEWEST = 50
SYNONYM = "synonym"


@dataclass(frozen=True)
class Question:
    """One sort of questions.

    Attributes:
        asked: (q,) places in the list of held-out names for synonyms, text numbers for relations.
        candidates: (c,) text numbers, distinct concepts.
        answers: (q,) column of the answer.
        hidden: (q, c) other true answers, and the one who asks.
    """

    asked: Numbers
    candidates: Numbers
    answers: Numbers
    hidden: NDArray[np.bool_] = field(repr=False)

    def mrr(self, asked: NDArray[np.float32], candidates: NDArray[np.float32]) -> float:
        """The mean reciprocal rank, given the vectors of both; who ties with the answer is above it half of the time."""
        scores = np.where(self.hidden, -np.inf, asked @ candidates.T)
        rows = np.arange(len(self.answers))
        answers = scores[rows, self.answers][:, None]
        above, tied = (scores > answers).sum(1), (scores == answers).sum(1) - 1
        return float((1 / (1 + above + tied / 2)).mean())


@dataclass(frozen=True)
class TextValidation:
    """The questions of a run, and the held-out names that some of them ask by."""

    held_out: list[str]
    questions: dict[str, Question] = field(repr=False)

    @classmethod
    def of_split(cls, names: pl.DataFrame, relations: pl.DataFrame, *, corpus: Corpus, recipe: Recipe) -> "TextValidation":
        """The sample of a split's SPLIT_NAMES and SPLIT_RELATIONS, drawn with the recipe's seed."""
        rng = np.random.default_rng(recipe.seed)
        number = {curie: row for row, curie in enumerate(corpus.curies)}
        rows = names.filter((pl.col("role") == "synonym") & (pl.col("part") == "validation")).sort("curie", "name")
        chosen = rows.sample(min(rows.height, QUESTIONS), seed=recipe.seed)
        owners = np.array([number[curie] for curie in chosen["curie"].to_list()], dtype=np.int64)
        questions = {SYNONYM: _ask(np.arange(len(owners)), owners, np.flatnonzero(corpus.trained & ~corpus.is_composed), {}, corpus, rng)} if len(owners) else {}
        return cls(chosen["name"].to_list(), questions | _relation_questions(relations, number, corpus, recipe, rng))

    def figures(self, vectors: Callable[[Numbers], NDArray[np.float32]], *, first_held_out: int) -> dict[str, float]:
        """MRR by sort, and their mean under 'mean'; there must be questions.

        Args:
            vectors: text numbers to (n, dims) unit norm.
            first_held_out: text number of the first held-out name.
        """
        asked = {name: question.asked + (first_held_out if name == SYNONYM else 0) for name, question in self.questions.items()}
        needed = np.unique(np.concatenate([*asked.values(), *(question.candidates for question in self.questions.values())]))
        found = vectors(needed)
        taken = {name: (found[np.searchsorted(needed, asked[name])], found[np.searchsorted(needed, question.candidates)]) for name, question in self.questions.items()}
        figures = {name: round(question.mrr(*taken[name]), 4) for name, question in self.questions.items()}
        return figures | {"mean": round(float(np.mean(list(figures.values()))), 4)}


def _relation_questions(relations: pl.DataFrame, number: dict[str, int], corpus: Corpus, recipe: Recipe, rng: np.random.Generator) -> dict[str, Question]:
    """A question for every family of relations between written concepts of which enough are held out for validation."""
    numbered = relations.with_columns(
        pl.col("subject").replace_strict(number, return_dtype=pl.Int64), pl.col("object").replace_strict(number, return_dtype=pl.Int64),
        pl.col("predicate").map_elements(recipe.family, return_dtype=pl.String).alias("family"),
    )
    written = ~corpus.is_composed
    numbered = numbered.filter(pl.Series(written[numbered["subject"].to_numpy()] & written[numbered["object"].to_numpy()]))
    questions = {}
    for family in numbered["family"].unique().sort().to_list():
        known = numbered.filter(pl.col("family") == family)
        held = known.filter(pl.col("part") == "validation").sort("subject", "object")
        if held.height < FEWEST:
            continue
        held = held.sample(min(held.height, QUESTIONS), seed=recipe.seed)
        subjects, objects = held["subject"].to_numpy(), held["object"].to_numpy()
        pool = np.flatnonzero(np.isin(corpus.kind_numbers, corpus.kind_numbers[objects]) & corpus.trained)
        answers = known.filter(pl.col("subject").is_in(np.unique(subjects))).group_by("subject").agg("object")
        others = dict(zip(answers["subject"].to_list(), answers["object"].to_list(), strict=True))
        questions[family] = _ask(corpus.texts.preferred(subjects), objects, pool, {row: [*others[one], one] for row, one in enumerate(subjects.tolist())}, corpus, rng)
    return questions


def _ask(asked: Numbers, answers: Numbers, pool: Numbers, shut: dict[int, list[int]], corpus: Corpus, rng: np.random.Generator) -> Question:
    """The question among all answers and random concepts of the pool; `shut`: concepts that are no negatives, by row."""
    candidates = np.unique(np.concatenate((answers, rng.choice(pool, min(len(pool), CANDIDATES), replace=False))))
    columns = np.searchsorted(candidates, answers)
    hidden = np.zeros((len(asked), len(candidates)), dtype=bool)
    for row, concepts in shut.items():
        hidden[row, np.isin(candidates, concepts)] = True
    hidden[np.arange(len(asked)), columns] = False
    return Question(asked, corpus.texts.preferred(candidates), columns, hidden)
