"""The same questions for every trainer: held-out gene_of_disease, has_phenotype and synonyms, ranked by training.evaluate.

A text model's concept vector is made as a release of generel makes it: half the preferred name, half the mean of all training
names. So no method reads more names than another.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.split import Split
from kg.split.parts import TEST
from training.corpus import Corpus
from training.evaluate.metrics import per_query, pool
from training.evaluate.questions import Questions, SynonymTexts, draw_synonyms, relation_questions, synonym_questions
from training.evaluate.ranking import Scorer, rank_answers
from training.evaluate.scorers import Cosine
from training.evaluate.split import Numbers, number_split
from training.evaluate.text_rivals import read_concepts

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
PREDICATES, SYNONYMS = ("gene_of_disease", "has_phenotype"), "synonyms"
ASKED = (*PREDICATES, SYNONYMS)


class Figure(NamedTuple):
    """Means over the questions."""

    mrr: float
    recall_at_10: float


@dataclass(frozen=True)
class Exam:
    """The questions about a split's test part; concepts have the numbers they have in the corpus."""

    relations: Mapping[str, Sequence[Questions]]
    texts: SynonymTexts
    synonyms: Sequence[Questions]

    @property
    def concepts(self) -> Numbers:
        """All that ask or may be the answer, ascending."""
        relations = [questions for each in self.relations.values() for questions in each]
        asking = [questions.queries for questions in relations]
        return np.unique(np.concatenate(asking + [questions.candidates for questions in (*relations, *self.synonyms)]))

    def ask_relations(self, scorer: Scorer) -> dict[str, Figure]:
        """The scorer's figures by predicate."""
        return {predicate: _figure(scorer, asked) for predicate, asked in self.relations.items()}

    def ask_vectors(self, vectors: Floats, embedded: Floats) -> dict[str, Figure]:
        """Figures of plain cosine.

        Args:
            vectors: (n_concepts, dims) unit norm; only those of `concepts` are read.
            embedded: (number of synonyms, dims) unit norm, of `texts`.
        """
        synonyms = _figure(Cosine(embedded, vectors), self.synonyms)
        return self.ask_relations(Cosine(vectors, vectors)) | {SYNONYMS: synonyms}

    def ask_text_model(self, corpus: Corpus, encode: Encode) -> dict[str, Figure]:
        """Figures of a model that reads texts and knows nothing else."""
        read = read_concepts(corpus, self.concepts, encode)
        vectors = np.zeros((corpus.n_concepts, read.shape[1]), dtype=np.float32)
        vectors[self.concepts] = read
        return self.ask_vectors(vectors, encode(self.texts.texts))

    def describe(self) -> list[str]:
        """One sentence a predicate: how many questions, over how many candidates."""
        said = [f"{name}: {questions.n:,} questions over {len(questions.candidates):,} candidates" for name, each in self.relations.items() for questions in each]
        by_kind = (f"{questions.n:,} over {len(questions.candidates):,} {questions.kinds}s" for questions in self.synonyms)
        return [*said, f"{SYNONYMS}: {', '.join(by_kind)}"]


def make_exam(split: Split, *, corpus: Corpus, limit: int, seed: int) -> Exam:
    """The questions; at most `limit` of each sort, drawn with `seed`.

    Raises:
        ValueError: split and corpus number their concepts differently.
    """
    numbered = number_split(split.concepts, split.names, split.relations)
    if numbered.curies != corpus.curies:
        raise ValueError("the split and the corpus number their concepts differently")
    relations: dict[str, list[Questions]] = {predicate: [] for predicate in PREDICATES}
    for questions in relation_questions(numbered, part=TEST, limit=limit, seed=seed, families={}):
        if questions.predicate in relations:
            relations[questions.predicate].append(questions)
    texts = draw_synonyms(numbered, part=TEST, limit=limit, seed=seed)
    return Exam(relations, texts, list(synonym_questions(numbered, texts)))


def _figure(scorer: Scorer, asked: Sequence[Questions]) -> Figure:
    reciprocal, hit, *_ = per_query(pool([rank_answers(scorer, questions) for questions in asked])).mean(axis=0).tolist()
    return Figure(reciprocal, hit)
