"""What each task is worth: a space trained without it, beside the whole one, on held-out validation relations.

    python tests/benchmarks/ablation.py --recipe open_2015 --steps 400 --home ~/.local/share/generel

Each row is a run of its own with the same seed and number of steps; the tasks of a group get the weight 0, so that their ties are neither positives nor
negatives. Columns are the mean MRR, by plain cosine among all concepts of the answer's kind, over the families of a group; `variant-trait` on a build with
a date is followed by later associations of known variants, and of variants that training knows by their genes alone. One seed: read differences under .01 as ties.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from generel.concepts.home import Home
from generel.model.encoder import TextEncoder
from training.corpus import Corpus, make_corpus
from training.evaluate.questions import Questions
from training.evaluate.ranking import rank_answers
from training.evaluate.scorers import Cosine
from training.evaluate.split import number_split
from training.evaluate.time_and_locus_questions import later_questions, later_unseen_questions
from training.model import ConceptModel
from training.pipeline import Pipeline
from training.recipe import Recipe, read_recipe
from training.tasks.gene_text import FAMILY as GENE_TEXT
from training.trainer import make_tasks, task_chances
from training.validate import Validation
from training.vectors import concept_vectors
from training.workers import Workers

GROUPS = {
    "synonym": ("synonym",), "is-a": ("is_a",), "variant-trait": ("variant_associated_with",), "variant-gene": ("variant_of_gene", "expression_variant_of", "in_linkage_with"),
    "co-occurrence": ("occurs_with", "mentioned_with", "has_symptom"), "gene text": (GENE_TEXT,), "gene sets": ("takes_part_in", "acts_in", "has_function"),
}
TYPED = "other typed relations"


class Trial:
    """The build and its texts, read once; a run a call."""

    def __init__(self, recipe: Recipe, home: Home) -> None:
        self.pipeline = Pipeline(recipe, home)
        self.corpus, _ = self.pipeline._corpus()
        encoder = TextEncoder.open(self.pipeline.language_model(), max_tokens=recipe.encoder.max_tokens)
        self.features, _ = self.pipeline._features(self.corpus, encoder, workers=Workers())
        untrained = self.pipeline._model(self.corpus, encoder, self.features, tasks=[], workers=Workers())
        self.bags, self.shape = untrained.bags, untrained.tower.shape
        split = self.pipeline.build.split
        self.validation = Validation.of_split(split.relations, corpus=self.corpus, recipe=recipe)
        numbered = number_split(split.concepts, split.names, split.relations)
        later = {"later, known": later_questions, "later, unseen": later_unseen_questions}
        self.later: dict[str, Questions] = {name: found for name, ask in later.items() if (found := next(ask(numbered, limit=2000, seed=1), None))}

    def train(self, recipe: Recipe) -> dict[str, float]:
        """MRR by family of validation, and of later associations."""
        corpus: Corpus = self.trainable(recipe)
        tasks = make_tasks(corpus, recipe)
        model = ConceptModel(self.features, self.bags, shape=self.shape, written=np.flatnonzero(~corpus.is_composed), tasks=tasks, recipe=recipe)
        rng, chances = np.random.default_rng(recipe.seed), task_chances(tasks, recipe)
        for _ in range(recipe.steps):
            batch = tasks[int(rng.choice(len(tasks), p=chances))].draw(rng)
            if batch is not None:
                model.step(batch, rng=rng)
        vectors = concept_vectors(model, corpus)
        figures = {family: value for family, value in self.validation.figures(model).items() if family != "mean"}
        for name, questions in self.later.items():
            ranks = rank_answers(Cosine(vectors, vectors), questions)
            figures[name] = float((1 / (1 + ranks.above + ranks.tied / 2)).mean())
        return figures

    def trainable(self, recipe: Recipe) -> Corpus:
        """The corpus in which ties without weight are neither positive nor negative."""
        split = self.pipeline.build.split
        return make_corpus(split.concepts, split.names, split.relations, recipe=recipe, variants=self.pipeline.build.variants)


def without(recipe: Recipe, families: tuple[str, ...]) -> Recipe:
    """The recipe in which these families have no weight."""
    return replace(recipe, task_weights={**recipe.task_weights, **dict.fromkeys(families, 0.0)})


def columns_of(figures: Mapping[str, float]) -> dict[str, float]:
    """The mean over the families of each group that were asked about, then the later associations."""
    of_group = {family: group for group, families in GROUPS.items() for family in families}
    groups: dict[str, list[float]] = {}
    for family, value in figures.items():
        groups.setdefault(family if family.startswith("later") else of_group.get(family, TYPED), []).append(value)
    return {group: float(np.mean(values)) for group, values in groups.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="starter")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    recipe = replace(read_recipe(given.recipe), steps=given.steps)
    trial = Trial(recipe, Home(given.home) if given.home else Home.from_environment())
    whole = trial.train(recipe)
    others = tuple(sorted({task.family for task in make_tasks(trial.corpus, recipe)} - {family for families in GROUPS.values() for family in families}))
    heads = list(columns_of(whole))
    print("| left out | " + " | ".join(heads) + " |\n|" + "---|" * (len(heads) + 1), flush=True)
    for name, figures in (("nothing", whole), *((group, None) for group in (*GROUPS, TYPED))):
        row = columns_of(figures if figures is not None else trial.train(without(recipe, GROUPS.get(name, others))))
        print(f"| {name} | " + " | ".join(f"{row[head]:.3f}" for head in heads) + " |", flush=True)


if __name__ == "__main__":
    main()
