"""From the folder of a space to the table: its build, its encoder and its rivals are found here and asked.

The build is the one that the space's manifest names, by name and digest: the split of any other may hold out what the space has
learned, and the figures would flatter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

import generel
from generel.concepts.errors import BuildMismatch
from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from generel.index.space_folder import ENCODER, Manifest, read_manifest, verify_files
from generel.model.embedder import TextEmbedder
from generel.model.encoder import TextEncoder
from generel.model.encoder_folder import LANGUAGE_MODEL
from kg.build import Build, find_build
from training.evaluate.breakdowns import Groups, break_down
from training.evaluate.cold_variants import COLD_VARIANTS, cold_variant_questions, fold_in, fold_into_space, show_genes
from training.evaluate.graph_rivals import GraphRival
from training.evaluate.graph_scorers import ppmi_vectors
from training.evaluate.measuring import Measuring
from training.evaluate.methods import RelationMethods, SynonymMethods, kinds_asked, tfidf_of_synonyms
from training.evaluate.names import FORMS, NameTerms, RawFeatures, barycenters, composed_mask, read_features
from training.evaluate.outcomes import Evaluation, Methods, Outcome, ask, choose_forms, make_rows
from training.evaluate.questions import (
    Questions,
    SynonymTexts,
    cold_questions,
    draw_synonyms,
    relation_questions,
    synonym_questions,
    with_degrees,
)
from training.evaluate.ranking import Scorer
from training.evaluate.reliability import measure_reliability, read_percentiles, stated_percentiles
from training.evaluate.settings import MEASURED, RANKED, RIVALS, Settings
from training.evaluate.space import SpaceVectors, read_space
from training.evaluate.split import NumberedSplit, number_split
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
# Registers of rare diseases; OMIM lists many common ones as well.
RARE = ["orphanet", "gard"]
# Which questions a protocol asks: of variants about traits, and of what a part of the split holds out.
OF_TRAITS = {TIME: later_questions, TIME_UNSEEN: later_unseen_questions}
OF_PARTS = {"cold": cold_questions, OF_LOCUS: locus_questions, OF_BRANCH: branch_questions}
TEXTS_AT_ONCE = 512
GRAPH_DIMS = 128
# Tokens of a gene's summary that are read.
LONG_TEXT = 256
Chooser = Callable[[Questions], Mapping[str, str]]


class Rivals(NamedTuple):
    """What the rivals know: the synonyms asked about, features of strings, of concepts (n, dims), of the training graph (n, dims) twice, TF-IDF
    by form, and graph embeddings by the name in the table."""

    synonyms: SynonymTexts
    features: RawFeatures
    raw: NDArray[np.float32]
    graph: tuple[NDArray[np.float32], NDArray[np.float32]]
    terms: dict[str, NameTerms]
    trained: dict[str, GraphRival]


@dataclass(frozen=True)
class Examination:
    """A space, its split and its rivals.

    Attributes:
        encoder: the language model alone.
        language_model: the folder that it was opened from.
        cache: folder of cached text features.
        composed_kinds: kinds without text worth reading, as the space was trained.
        families: predicates that are also asked about together, by the family's name.
        rare: (n_concepts,) whether a disease is known to a register of rare ones.
    """

    build: Build
    split: NumberedSplit
    space: SpaceVectors
    embedder: TextEmbedder
    encoder: TextEncoder
    language_model: Path
    cache: Path
    settings: Settings
    composed_kinds: Sequence[str] = ()
    families: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rare: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def run(self, *, progress: Progress = SILENT) -> Evaluation:
        """The figures: protocols in the order of the settings, then predicates by name; facts are left to the caller."""
        rivals = self._rivals(progress=progress)
        outcomes = [self._outcomes(protocol, rivals, progress=progress) for protocol in self.settings.protocols if protocol in RANKED]
        rows = [row for each in outcomes for row in make_rows(each, settings=self.settings)]
        everything = [outcome for each in outcomes for outcome in each]
        with progress.task("Break the figures down"):
            parts = break_down(everything, Groups(self.split, rivals.raw, self.rare), settings=self.settings)
        measuring = self._measuring(rivals.raw, progress=progress)
        measures, failed = measuring.measure_all([protocol for protocol in self.settings.protocols if protocol in MEASURED])
        bins = measuring.effect_bins() if "effect-size" in self.settings.protocols else {}
        return Evaluation(rows, breakdowns=parts, measures=measures, outcomes=everything, effect_bins=bins, failed=failed)

    def _measuring(self, raw: NDArray[np.float32], *, progress: Progress) -> Measuring:
        def encode_long(texts: Sequence[str]) -> NDArray[np.float32]:
            return unit(TextEncoder.open(self.language_model, max_tokens=LONG_TEXT).encode(texts))

        return Measuring(
            self.build, self.split, self.space, raw, self.embedder.embed, lambda texts: unit(self.encoder.encode(texts)), encode_long, self.settings,
            self.settings.data, self.settings.ratings, progress,
        )

    def questions_of(self, outcomes: Sequence[Outcome]) -> list[Questions]:
        """What was asked, each set of questions once."""
        return list({id(each.questions): each.questions for each in outcomes}.values())

    def _rivals(self, *, progress: Progress) -> Rivals:
        synonyms = self._draw(self.settings.part, self.settings.queries)
        composed = composed_mask(self.split, self.composed_kinds)
        features = self._features(synonyms, composed, progress=progress)
        return Rivals(synonyms, features, self._raw(features, composed), self._graph(progress=progress), self._terms(composed, progress=progress), self._trained(progress=progress))

    def _outcomes(self, protocol: str, rivals: Rivals, *, progress: Progress) -> list[Outcome]:
        title = f"Ask about {protocol}"
        if protocol == "synonyms":
            embedded = self._embed(rivals.synonyms.texts, progress=progress)
            of_synonyms = SynonymMethods(self.split, self.space, embedded, rivals.raw, rivals.features, rivals.terms, rivals.synonyms)
            asked = list(synonym_questions(self.split, rivals.synonyms))
            return ask(asked, of_synonyms, choose=self._synonym_chooser(rivals.terms), title=title, progress=progress)
        if protocol == COLD_VARIANTS:
            return self._of_cold_variants(rivals, title=title, progress=progress)
        more = self._variant_scorers(protocol, rivals.raw)
        methods = RelationMethods(self.split, self.space, rivals.raw, rivals.graph, rivals.terms, self.settings.neighbors, rivals.trained, more)
        return ask([with_degrees(each, self.split) for each in self._questions(protocol)], methods, choose=self._relation_chooser(methods), title=title, progress=progress)

    def _of_cold_variants(self, rivals: Rivals, *, title: str, progress: Progress) -> list[Outcome]:
        """Variants without a vector, folded in by their genes; whoever answers knows these and nothing else of them."""
        shown = show_genes(self.split)
        raw, space = fold_in(rivals.raw, shown), fold_into_space(self.space, shown)
        more = unseen_variant_scorers(variant_ties(shown), raw)
        methods = RelationMethods(shown, space, raw, rivals.graph, rivals.terms, self.settings.neighbors, more=more)
        asked = [with_degrees(each, shown) for each in cold_variant_questions(shown, limit=self.settings.queries, seed=self.settings.seed)]
        return ask(asked, methods, choose=self._relation_chooser(methods), title=title, progress=progress)

    def _embed(self, texts: Sequence[str], *, progress: Progress) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.space.vectors.shape[1]), dtype=np.float32)
        with progress.task(f"Embed {len(texts):,} synonyms", total=len(texts)) as advance:
            for start in range(0, len(texts), TEXTS_AT_ONCE):
                block = texts[start : start + TEXTS_AT_ONCE]
                vectors[start : start + len(block)] = self.embedder.embed(block)
                advance(len(block))
        return vectors

    def _questions(self, protocol: str) -> Iterable[Questions]:
        limit, seed = self.settings.queries, self.settings.seed
        if protocol in OF_TRAITS:
            return OF_TRAITS[protocol](self.split, limit=limit, seed=seed)
        if protocol in OF_PARTS:
            return OF_PARTS[protocol](self.split, limit=limit, seed=seed, families=self.families)
        return relation_questions(self.split, part=self.settings.part, limit=limit, seed=seed, families=self.families)

    def _variant_scorers(self, protocol: str, raw: NDArray[np.float32]) -> dict[str, Scorer]:
        """The floors that know variants' genes and traits, where variants are asked about; of a variant's locus training knows no traits."""
        if protocol == TIME:
            return known_variant_scorers(variant_ties(self.split), raw)
        return unseen_variant_scorers(variant_ties(self.split), raw) if protocol in (TIME_UNSEEN, OF_LOCUS) else {}

    def _draw(self, part: str, limit: int) -> SynonymTexts:
        """Held-out synonyms of the part; none where that protocol is not asked for."""
        wanted = limit if "synonyms" in self.settings.protocols else 0
        return draw_synonyms(self.split, part=part, limit=wanted, seed=self.settings.seed)

    def _features(self, synonyms: SynonymTexts, composed: NDArray[np.bool_], *, progress: Progress) -> RawFeatures:
        """Of the preferred names, of the synonyms, and of all training names of the kinds whose synonyms are asked about."""
        preferred = [name for name, skipped in zip(self.split.preferred_names(), composed, strict=True) if not skipped]
        asked = [self.split.training_names(self.split.of_kind(kind))[0] for kind in kinds_asked(self.split, synonyms)]
        texts = (*preferred, *synonyms.texts, *(name for names in asked for name in names))
        return read_features(texts, self.encoder, cache=self.cache, progress=progress)

    def _raw(self, features: RawFeatures, composed: NDArray[np.bool_]) -> NDArray[np.float32]:
        names = self.split.preferred_names()
        vectors = np.zeros((self.split.n_concepts, features.features.shape[1]), dtype=np.float32)
        written = np.flatnonzero(~composed)
        vectors[written] = features.of([names[row] for row in written])
        return barycenters(vectors, self.split.training_neighbors(), composed=composed)

    def _graph(self, *, progress: Progress) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with progress.task("Decompose the training graph"):
            return ppmi_vectors(self.split.training_neighbors(), dims=GRAPH_DIMS, seed=self.settings.seed)

    def _trained(self, *, progress: Progress) -> dict[str, GraphRival]:
        seconds, seed = self.settings.rival_seconds, self.settings.seed
        return {f"{RIVALS[name]} ({seconds:g} s)": GraphRival(name, self.split, seconds=seconds, seed=seed, progress=progress) for name in self.settings.rivals}

    def _terms(self, composed: NDArray[np.bool_], *, progress: Progress) -> dict[str, NameTerms]:
        terms = {}
        with progress.task("Fit TF-IDF on the training names", total=len(FORMS)) as advance:
            for form in FORMS:
                terms[form] = NameTerms(self.split, form=form, composed=composed)
                advance(1)
        return terms

    def _relation_chooser(self, methods: Methods) -> Chooser:
        limit, seed = self.settings.choice_queries, self.settings.seed
        asked = relation_questions(self.split, part=VALIDATION, limit=limit, seed=seed, families=self.families)
        known = {(questions.predicate, questions.kinds): questions for questions in asked}
        return lambda questions: choose_forms(methods.forms(questions), known.get((questions.predicate, questions.kinds)))

    def _synonym_chooser(self, terms: Mapping[str, NameTerms]) -> Chooser:
        synonyms = self._draw(VALIDATION, self.settings.choice_queries)
        known = {questions.kinds: questions for questions in synonym_questions(self.split, synonyms)}

        def choose(questions: Questions) -> Mapping[str, str]:
            at_hand = known.get(questions.kinds)
            return choose_forms(tfidf_of_synonyms(self.split, terms, synonyms, at_hand or questions), at_hand)

        return choose


def evaluate(space: Path, *, home: Home, settings: Settings, progress: Progress = SILENT) -> Evaluation:
    """The figures of the released space in the folder `space` on the split of its build.

    Raises:
        NotThere: the space, its encoder or its build is not there.
        Corrupt: a file of the space is not what was released.
        BuildMismatch: the build of that name is another one by now.
    """
    manifest = read_manifest(space)
    verify_files(space, manifest, progress=progress)
    build = open_build(manifest, home=home)
    split = number_split(build.split.concepts, build.split.names, build.split.relations)
    vectors, recipe = read_space(space, split=split), manifest.raw.get("recipe", {})
    encoder = TextEncoder.open(space / ENCODER / LANGUAGE_MODEL, **_cut_off(manifest))
    examination = Examination(
        build, split, vectors, TextEmbedder.open(space / ENCODER), encoder, space / ENCODER / LANGUAGE_MODEL, home.cache / "features", settings,
        composed_kinds=tuple(recipe.get("composed_kinds", ())), families=recipe.get("families", {}),
        rare=rare_diseases(split, build.merges),
    )
    evaluation = examination.run(progress=progress)
    random, true = stated_percentiles(examination.questions_of(evaluation.outcomes), split, vectors, read_percentiles(space), seed=settings.seed)
    return replace(
        evaluation, facts=_facts(manifest, build, split, vectors, settings), random_percentiles=random, true_percentiles=true,
        measures=[*evaluation.measures, *measure_reliability(random, true, settings=settings)],
    )


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, dims) the rows at unit norm."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12).astype(np.float32)


def rare_diseases(split: NumberedSplit, merges: pl.DataFrame) -> NDArray[np.bool_]:
    """(n_concepts,) whether a concept has, or is, an identifier of a register of rare diseases."""
    known = merges.filter(pl.col("alias").str.extract(r"^([^:]*):").is_in(RARE))["curie"].unique()
    curies = pl.Series(split.curies)
    return (curies.is_in(known.implode()) | curies.str.extract(r"^([^:]*):").is_in(RARE)).to_numpy()


def open_build(manifest: Manifest, *, home: Home) -> Build:
    """The build that the space was trained on.

    Raises:
        NotThere: no build of that name.
        BuildMismatch: the space does not say which, or that build was made anew since, from something else.
    """
    name = manifest.raw.get("build_name")
    if not isinstance(name, str):
        raise BuildMismatch(f"the space '{manifest.name}' does not name the build it was trained on, so nothing is known to be held out; train it again")
    build = find_build(name, home=home)
    if build.manifest["inputs"] != manifest.build:
        raise BuildMismatch(
            f"the space '{manifest.name}' was trained on another build '{name}' ({manifest.build[:12]}) than the one that is there now "
            f"({build.manifest['inputs'][:12]}), whose split may hold out other rows; train it again, or restore that build"
        )
    return build


def _cut_off(manifest: Manifest) -> dict[str, int]:
    """The length at which training cut texts: with the same one, features that training has cached are found again."""
    return {"max_tokens": int(manifest.encoder["max_tokens"])} if "max_tokens" in manifest.encoder else {}


def _facts(manifest: Manifest, build: Build, split: NumberedSplit, space: SpaceVectors, settings: Settings) -> dict[str, Any]:
    """What the figures belong to; the same for the same space, build and settings."""
    return {
        "generel": generel.__version__,
        "space": {"name": manifest.name, "digest": manifest.raw["digest"], "concepts_without_vector": space.count_missing(split)},
        "build": {"name": build.name, "digest": build.manifest["inputs"]},
        "settings": _plain(settings),
        "split": {
            "concepts": {"train": int((~split.cold).sum()), "cold": int(split.cold.sum())},
            "relations": _count(split.relations), "names": _count(split.names),
        },
    }


def _count(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows["part"].value_counts().sort("part").rows())


def _plain(settings: Settings) -> dict[str, Any]:
    """The settings without paths of this machine: files by their names."""
    return {**asdict(settings), "data": settings.data is not None, "ratings": [path.name for path in settings.ratings]}
