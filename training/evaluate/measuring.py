"""What a space is asked besides rankings, each protocol laid before the build's tables or the user's files.

Files are found in the folder given with `--data`, under the names that their providers gave them. Whatever the space could have seen in training is
said in the note of its figure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.cells.expression import Weighing
from generel.concepts.errors import GenerelError
from generel.concepts.kinds import KINDS, Kind
from generel.concepts.progress import SILENT, Progress
from generel.index.normalize import normalize
from kg.build import Build
from kg.gwas.effects import LOG_ODDS
from training.evaluate.asked_gene_sets import Asked, leave_out_told, libraries_at_hand
from training.evaluate.breakdowns import Groups
from training.evaluate.cells import measure_cells, read_cells
from training.evaluate.effect_size import EffectBin, bin_effects, measure_effect_sizes, select_effects
from training.evaluate.gene_pairs import measure_gene_pairs, read_gene_pairs
from training.evaluate.gene_properties import gene_rows, measure_gene_properties, read_gene_labels, text_terms
from training.evaluate.gene_set_halves import (
    Method,
    find_twins,
    measure_halves,
    memberships,
    popularity,
    select_sets,
    sets_by,
)
from training.evaluate.graph_scorers import CoSharing, sharing_rows
from training.evaluate.indications import APPROVED, FAILED, held_out_indications, measure_indications
from training.evaluate.measures import Measure
from training.evaluate.methods import BIASED, CO_SHARING, COSINE, DEGREE, RANKED, RAW, TFIDF
from training.evaluate.named_terms import NamedTerms
from training.evaluate.ranking import Scorer
from training.evaluate.ratings import measure_ratings
from training.evaluate.relation_ranking import ranking_of
from training.evaluate.scorers import Cosine, Degree, Difference
from training.evaluate.settings import Settings
from training.evaluate.space import SpaceVectors
from training.evaluate.split import TRAIN, NumberedSplit, Numbers

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
LEAST_VARIANTS, LEAST_HELD_OUT, LEAST_GENES = 30, 10, 10
BINS = 12
NAMED = f"{COSINE} of named concepts"
TWINS, SHUFFLES, FOLDS, REPETITIONS, TRAINED_PAIRS = 0.8, 5, 5, 5, 50_000


@dataclass(frozen=True)
class QueryDegree:
    """How much is known of who asks, whatever the candidate: (n_concepts,) counts of training ties."""

    counts: Floats
    resolution: float = 0.0

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c), the same for every candidate."""
        return np.repeat(self.counts[queries][:, None], len(candidates), axis=1)


@dataclass(frozen=True)
class Measuring:
    """Everything that the protocols need.

    Attributes:
        raw: (n_concepts, dims) the language model's vectors, see `names.barycenters`.
        embed: texts as the space's own encoder reads them.
        encode: texts as the language model alone reads them, to the length that the space was trained with.
        encode_long: the same of whole summaries.
        groups: what pairs are grouped by.
    """

    build: Build
    split: NumberedSplit
    space: SpaceVectors
    raw: Floats
    embed: Embed
    encode: Embed
    encode_long: Embed
    groups: Groups
    settings: Settings
    progress: Progress = SILENT

    def measure_all(self, protocols: Sequence[str]) -> tuple[list[Measure], list[GenerelError]]:
        """The figures of the protocols, and what went wrong: a bad file costs the figures of its own protocol and no others."""
        measures: list[Measure] = []
        failed: list[GenerelError] = []
        for protocol in protocols:
            try:
                measures += self.measure(protocol)
            except GenerelError as error:
                failed.append(error)
        return measures, failed

    def measure(self, protocol: str) -> list[Measure]:
        """The figures of a protocol of settings.MEASURED; none where its rows or files are not there."""
        measured = {
            "effect-size": self._effect_sizes, "indications": self._indications, "gene-sets": self._gene_sets, "ratings": self._ratings,
            "gene-pairs": self._gene_pairs, "gene-properties": self._gene_properties, "cells": self._cells,
        }
        with self.progress.task(f"Measure {protocol}"):
            return [replace(each, protocol=protocol) for each in measured[protocol]()]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {curie: number for number, curie in enumerate(self.split.curies)}

    @cached_property
    def _vectors(self) -> Mapping[str, Floats]:
        return {COSINE: self.space.vectors, RAW: self.raw}

    @property
    def _again(self) -> dict[str, int]:
        return {"resamples": self.settings.resamples, "seed": self.settings.seed}

    def _gene(self, symbol: str) -> int | None:
        """The gene of that symbol, or that alone had it once; None if there is none."""
        return self._symbols.get(symbol)

    @cached_property
    def _symbols(self) -> dict[str, int]:
        is_gene = self.split.kind_numbers == KINDS.index("gene")
        names = self.split.names.filter(pl.Series(is_gene[self.split.names["concept"].to_numpy()]))
        former = names.filter((pl.col("role") == "synonym") & pl.col("name").is_unique())
        return dict(former.select("name", "concept").iter_rows()) | dict(names.filter(pl.col("role") == "name").select("name", "concept").iter_rows())

    def _effect_sizes(self) -> list[Measure]:
        """Of all pairs, and of those that no training row ties."""
        ties = np.diff(self.split.training_neighbors().indptr).astype(np.float32)
        scorers: dict[str, Scorer] = {**{name: Cosine(rows, rows) for name, rows in self._vectors.items()}, DEGREE: QueryDegree(ties)}
        known = self.build.split.relations.filter(pl.col("part") == TRAIN).select(variant="subject", trait="object")
        unseen = self.build.associations.select("variant", "trait").unique().join(known, on=["variant", "trait"], how="anti")
        measures = []
        for word, among, minimum in (("", None, LEAST_VARIANTS), (" (held-out pairs)", unseen, LEAST_HELD_OUT)):
            effects = select_effects(self.build.associations, self._number, minimum=minimum, among=among)
            found = measure_effect_sizes(effects, scorers, groups=self._trait_groups(effects["trait"].unique().sort().to_list()), **self._again)
            measures += [replace(each, about=f"{self._name(each.about)}{word}") for each in found]
        return measures

    def _trait_groups(self, traits: list[str]) -> dict[str, list[str]]:
        members = self.groups.of_concepts({"trait": np.array([self._number[trait] for trait in traits], dtype=np.int64)})
        return {name: [trait for trait, inside in zip(traits, flags, strict=True) if inside] for name, flags in members.items()}

    def effect_bins(self) -> dict[str, list[EffectBin]]:
        """Of all pairs with log odds, for the picture: by method."""
        effects = select_effects(self.build.associations, self._number, minimum=LEAST_VARIANTS)
        return {name: bin_effects(effects, Cosine(rows, rows), unit=LOG_ODDS, bins=BINS, **self._again) for name, rows in self._vectors.items()}

    def _name(self, about: str) -> str:
        """The name of a trait beside its CURIE; what is no CURIE stays as it is."""
        number = self._number.get(about)
        return about if number is None else f"{self.split.preferred_names()[number]} ({about})"

    def _indications(self) -> list[Measure]:
        vectors, sharing = self.space.vectors, sharing_rows(self.split.training_neighbors())
        scorers: dict[str, Scorer] = {
            COSINE: Cosine(vectors, vectors), BIASED: Cosine(vectors, vectors, bias=self.space.bias, query_kinds=self.split.kind_numbers), RAW: Cosine(self.raw, self.raw),
        }
        # What speaks for an approval, and that less what speaks for a failure: failures that training knows are told of either way.
        for_approval, for_failure = (self._of_indications(predicate, sharing) for predicate in (APPROVED, FAILED))
        for method, scorer in for_approval.items():
            scorers |= {method: scorer, f"{method}, {APPROVED} over {FAILED}": Difference(scorer, for_failure[method])}
        asked = held_out_indications(self.split, part=self.settings.part)
        groups = self.groups.of_concepts({"drug": asked.drugs, "disease": asked.diseases})
        return measure_indications(asked, scorers, about=f"approved against failed, part {self.settings.part}", groups=groups, **self._again)

    def _of_indications(self, predicate: str, sharing: csr_array) -> dict[str, Scorer]:
        """What ranks diseases for drugs by a predicate."""
        ties = self.split.training_ties((predicate,))
        ranking = ranking_of(self.split, self.space, sharing, predicate=predicate, predicates=(predicate,), asking=Kind.DRUG.value)
        floors: dict[str, Scorer] = {CO_SHARING: CoSharing(sharing, ties), DEGREE: Degree(np.asarray(ties.sum(axis=0), dtype=np.float32))}
        return {**({RANKED: ranking} if ranking else {}), **floors}

    def _gene_sets(self) -> list[Measure]:
        """Beside what other libraries tell: those that have sets of the same identifiers are left out, and so are near copies of a set."""
        gene_sets = self.build.gene_sets.filter(pl.col("gene").is_in(self.split.curies))
        measures = []
        for own in libraries_at_hand(gene_sets, data=self.settings.data, resolve=lambda symbol: None if (row := self._gene(symbol)) is None else self.split.curies[row]):
            asked = leave_out_told(own, minimum=LEAST_GENES, split_relations=self.build.split.relations, relations=self.build.relations)
            siblings = gene_sets.filter(pl.col("set").is_in(own["set"].unique().implode()))["library"].unique().to_list()
            others = sorted(set(gene_sets["library"]) - {own["library"][0], *siblings})
            measures += self._halves(asked, gene_sets.filter(pl.col("library").is_in(others)), libraries=others)
        return measures

    def _halves(self, asked: Asked, known: pl.DataFrame, *, libraries: Sequence[str]) -> list[Measure]:
        """The asked sets among the genes that the known libraries have, or among their own where there are no other libraries."""
        sets = select_sets(asked.rows, library=asked.rows["library"][0], minimum=LEAST_GENES, genes=sorted(set(known["gene"])) or None)
        rows = [self._number[gene] for gene in sets.genes]
        methods: dict[str, Method] = {name: vectors[rows] for name, vectors in self._vectors.items()}
        if libraries:
            told = known.join(find_twins(sets, known, libraries=libraries, overlap=TWINS), on=["library", "set"], how="anti")
            methods |= {
                "membership cosine": memberships(told, libraries=libraries, genes=sets.genes, weighted=False),
                "membership cosine, rare sets first": memberships(told, libraries=libraries, genes=sets.genes, weighted=True),
                "number of sets": popularity(told, libraries=libraries, genes=sets.genes),
            }
        groups = sets_by(sets, self.groups.annotations[rows])
        found = measure_halves(sets, methods, shuffles=SHUFFLES, groups=groups, progress=self.progress, **self._again)
        return [replace(each, note=f"{each.note}; {asked.note}") if asked.note and (each.method == COSINE or "LEAK" not in asked.note) else each for each in found]

    def _ratings(self) -> list[Measure]:
        files = [*self.settings.ratings, *self._files("relatedness/umnsrs_*.tsv")]
        embedders: dict[str, Callable[[list[str]], Floats]] = {COSINE: self.embed, NAMED: NamedTerms(self.split, self.space.vectors, self.embed), RAW: self.encode}
        known = {normalize(name) for name in self.split.readable_names()["name"].unique().to_list()}
        return [measure for path in files for measure in measure_ratings(path, embedders, known=known, **self._again)]

    def _gene_pairs(self) -> list[Measure]:
        found = [self._files(f"relatedness/{part}_{what}.txt*") for part in ("train", "valid") for what in ("text", "label")]
        if not all(found):
            return []
        train, valid = (read_gene_pairs(text[0], labels[0], resolve=self._gene) for text, labels in (found[:2], found[2:]))
        well = self.groups.well_studied(valid.left).astype(int) + self.groups.well_studied(valid.right)
        groups = {f"{word} of the genes well studied": well == number for number, word in enumerate(("none", "one", "both"))}
        return measure_gene_pairs(train, valid, self._vectors, about="co-mentioned gene pairs", groups=groups, train_limit=TRAINED_PAIRS, **self._again)

    def _gene_properties(self) -> list[Measure]:
        measures = []
        for path in self._files("gene_properties/*.csv*"):
            labels = read_gene_labels(path)
            stored, text = gene_rows(labels.genes, self.space.vectors, self._gene), self.encode_long(labels.texts)
            features = {COSINE: stored, RAW: text, f"{COSINE} and {RAW}": np.hstack([stored, text]) / np.sqrt(2, dtype=np.float32), TFIDF: text_terms(labels.texts)}
            measures += measure_gene_properties(labels, features, folds=FOLDS, repetitions=REPETITIONS, seed=self.settings.seed, groups=self._genes_by_study(labels.genes))
        return measures

    def _genes_by_study(self, symbols: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
        """A gene that the build does not have is a less studied one."""
        rows = [self._gene(symbol) for symbol in symbols]
        well = np.array([row is not None for row in rows])
        well[well] = self.groups.well_studied(np.array([row for row in rows if row is not None], dtype=np.int64))
        return {"genes well studied": well, "genes less studied": ~well}

    def _cells(self) -> list[Measure]:
        measures = []
        for path in self._files("cells/*.h5ad"):
            cells = read_cells(path, label=self.settings.cell_label)
            vectors = {name: gene_rows(cells.symbols, rows, self._gene) for name, rows in self._vectors.items()}
            measures += measure_cells(cells, vectors, weighing=Weighing(), folds=FOLDS, repetitions=REPETITIONS, **self._again)
        return measures

    def _files(self, pattern: str) -> list[Path]:
        return sorted(self.settings.data.glob(pattern)) if self.settings.data else []
