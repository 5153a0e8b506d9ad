"""A space is asked, protocol by protocol, beside everything that knows no more than the training rows.

A protocol of RANKED makes questions, each of which every method answers; one of MEASURED makes its own figures in `measuring`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from training.evaluate.breakdowns import Groups, break_down
from training.evaluate.cold_variants import COLD_VARIANTS, cold_variant_questions, fold_in, fold_into_space, show_genes
from training.evaluate.facts import describe
from training.evaluate.knowledge import Knowledge, draw, gather
from training.evaluate.measuring import Measuring
from training.evaluate.methods import RelationMethods, SynonymMethods, tfidf_of_synonyms
from training.evaluate.opening import Opened, open_space
from training.evaluate.outcomes import Evaluation, Methods, Outcome, ask, choose_forms, make_rows
from training.evaluate.questions import (
    Questions,
    cold_questions,
    relation_questions,
    synonym_questions,
    with_degrees,
)
from training.evaluate.ranking import Scorer
from training.evaluate.reliability import measure_reliability, read_percentiles, stated_percentiles
from training.evaluate.settings import MEASURED, RANKED, Settings
from training.evaluate.time_and_locus_questions import (
    OF_BRANCH,
    OF_LOCUS,
    TIME,
    TIME_UNSEEN,
    branch_questions,
    later_questions,
    later_unseen_questions,
    locus_questions,
)
from training.evaluate.variant_scorers import known_variant_scorers, unseen_variant_scorers
from training.evaluate.variant_ties import variant_ties

VALIDATION = "validation"
# Which questions a protocol asks: of variants about traits, and of what a part of the split holds out.
OF_TRAITS = {TIME: later_questions, TIME_UNSEEN: later_unseen_questions}
OF_PARTS = {"cold": cold_questions, OF_LOCUS: locus_questions, OF_BRANCH: branch_questions}
TEXTS_AT_ONCE = 512
Floats = NDArray[np.float32]
Chooser = Callable[[Questions], Mapping[str, str]]


@dataclass(frozen=True)
class Examination:
    """A space that is asked, and what its rivals know."""

    opened: Opened
    knowledge: Knowledge
    settings: Settings

    def run(self, *, progress: Progress = SILENT) -> Evaluation:
        """The figures: protocols in the order of the settings, then predicates by name; facts and reliability are left to the caller."""
        outcomes = [self._outcomes(protocol, progress=progress) for protocol in self.settings.protocols if protocol in RANKED]
        rows = [row for each in outcomes for row in make_rows(each, settings=self.settings)]
        everything = [outcome for each in outcomes for outcome in each]
        groups = Groups(self.opened.split, self.knowledge.raw, self.opened.rare)
        with progress.task("Break the figures down"):
            parts = break_down(everything, groups, settings=self.settings)
        measuring = self._measuring(groups, progress=progress)
        measures, failed = measuring.measure_all([protocol for protocol in self.settings.protocols if protocol in MEASURED])
        bins = measuring.effect_bins() if "effect-size" in self.settings.protocols else {}
        return Evaluation(rows, breakdowns=parts, measures=measures, outcomes=everything, effect_bins=bins, failed=failed)

    def _measuring(self, groups: Groups, *, progress: Progress) -> Measuring:
        opened = self.opened
        return Measuring(
            opened.build, opened.split, opened.space, self.knowledge.raw, opened.embedder.embed, opened.encode, opened.encode_long, groups, self.settings, progress,
        )

    def _outcomes(self, protocol: str, *, progress: Progress) -> list[Outcome]:
        title = f"Ask about {protocol}"
        if protocol == "synonyms":
            return self._of_synonyms(title=title, progress=progress)
        if protocol == COLD_VARIANTS:
            return self._of_cold_variants(title=title, progress=progress)
        split, knows = self.opened.split, self.knowledge
        more = self._variant_scorers(protocol)
        methods = RelationMethods(split, self.opened.space, knows.raw, knows.graph, knows.terms, self.settings.neighbors, knows.rivals, more)
        return ask([with_degrees(each, split) for each in self._questions(protocol)], methods, choose=self._relation_chooser(methods), title=title, progress=progress)

    def _of_synonyms(self, *, title: str, progress: Progress) -> list[Outcome]:
        split, knows = self.opened.split, self.knowledge
        embedded = self._embed(knows.synonyms.texts, progress=progress)
        rivals = {name: scorer for name, rival in knows.rivals.items() if (scorer := rival.text_scorer(knows.synonyms.texts))}
        methods = SynonymMethods(split, self.opened.space, embedded, knows.raw, knows.features, knows.terms, knows.synonyms, rivals)
        return ask(list(synonym_questions(split, knows.synonyms)), methods, choose=self._synonym_chooser(), title=title, progress=progress)

    def _of_cold_variants(self, *, title: str, progress: Progress) -> list[Outcome]:
        """Variants without a vector, folded in by their genes; whoever answers knows these and nothing else of them."""
        knows, opened, shown = self.knowledge, self.opened, show_genes(self.opened.split)
        raw, weights = fold_in(knows.raw, shown), opened.manifest.raw.get("composition", {})
        space = fold_into_space(opened.space, shown, weights=weights, variants=opened.build.variants, window=opened.recipe.composition.locus_window)
        more = unseen_variant_scorers(variant_ties(shown), raw)
        rivals = {name: folded for name, rival in knows.rivals.items() if (folded := rival.folded(shown))}
        methods = RelationMethods(shown, space, raw, knows.graph, knows.terms, self.settings.neighbors, rivals, more)
        asked = [with_degrees(each, shown) for each in cold_variant_questions(shown, limit=self.settings.queries, seed=self.settings.seed)]
        return ask(asked, methods, choose=self._relation_chooser(methods), title=title, progress=progress)

    def _embed(self, texts: Sequence[str], *, progress: Progress) -> Floats:
        vectors = np.zeros((len(texts), self.opened.space.vectors.shape[1]), dtype=np.float32)
        with progress.task(f"Embed {len(texts):,} synonyms", total=len(texts)) as advance:
            for start in range(0, len(texts), TEXTS_AT_ONCE):
                block = texts[start : start + TEXTS_AT_ONCE]
                vectors[start : start + len(block)] = self.opened.embedder.embed(block)
                advance(len(block))
        return vectors

    def _questions(self, protocol: str) -> Iterable[Questions]:
        split, limit, seed, families = self.opened.split, self.settings.queries, self.settings.seed, self.opened.recipe.families
        if protocol in OF_TRAITS:
            return OF_TRAITS[protocol](split, limit=limit, seed=seed)
        if protocol in OF_PARTS:
            return OF_PARTS[protocol](split, limit=limit, seed=seed, families=families)
        return relation_questions(split, part=self.settings.part, limit=limit, seed=seed, families=families)

    def _variant_scorers(self, protocol: str) -> dict[str, Scorer]:
        """The floors that know variants' genes and traits, where variants are asked about; of a variant's locus training knows no traits."""
        split, raw = self.opened.split, self.knowledge.raw
        if protocol == TIME:
            return known_variant_scorers(variant_ties(split), raw)
        return unseen_variant_scorers(variant_ties(split), raw) if protocol in (TIME_UNSEEN, OF_LOCUS) else {}

    def _relation_chooser(self, methods: Methods) -> Chooser:
        limit, seed = self.settings.choice_queries, self.settings.seed
        asked = relation_questions(self.opened.split, part=VALIDATION, limit=limit, seed=seed, families=self.opened.recipe.families)
        known = {(questions.predicate, questions.kinds): questions for questions in asked}
        return lambda questions: choose_forms(methods.forms(questions), known.get((questions.predicate, questions.kinds)))

    def _synonym_chooser(self) -> Chooser:
        split, terms = self.opened.split, self.knowledge.terms
        synonyms = draw(split, VALIDATION, limit=self.settings.choice_queries, settings=self.settings)
        known = {questions.kinds: questions for questions in synonym_questions(split, synonyms)}

        def choose(questions: Questions) -> Mapping[str, str]:
            at_hand = known.get(questions.kinds)
            return choose_forms(tfidf_of_synonyms(split, terms, synonyms, at_hand or questions), at_hand)

        return choose


def evaluate(space: Path, *, home: Home, settings: Settings, progress: Progress = SILENT) -> Evaluation:
    """The figures of the released space in the folder `space` on the split of its build.

    Raises:
        NotThere, Corrupt, BuildMismatch: the space cannot be opened, see `opening.open_space`.
        MissingExtra, NotThere: a rival cannot be trained here.
    """
    opened = open_space(space, home=home, progress=progress)
    knowledge = gather(opened, cache=home.cache / "features", settings=settings, progress=progress)
    evaluation = Examination(opened, knowledge, settings).run(progress=progress)
    asked = list({id(each.questions): each.questions for each in evaluation.outcomes}.values())
    random, true = stated_percentiles(asked, opened.split, opened.space, read_percentiles(space), seed=settings.seed)
    notes = {name: rival.note for name, rival in knowledge.rivals.items()}
    return replace(
        evaluation, facts=describe(opened, settings, rivals=notes), random_percentiles=random, true_percentiles=true,
        measures=[*evaluation.measures, *measure_reliability(random, true, settings=settings)],
    )
