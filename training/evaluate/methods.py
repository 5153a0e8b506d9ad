"""Which methods answer which questions, under the names they have in the table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.concepts.kinds import KINDS
from kg.split.parts import ASSOCIATED
from training.evaluate.graph_scorers import CoSharing, sharing_rows
from training.evaluate.names import NameTerms, RawFeatures
from training.evaluate.questions import Questions, SynonymTexts
from training.evaluate.ranking import Scorer
from training.evaluate.relation_ranking import ranking_of
from training.evaluate.rivals import Rival
from training.evaluate.scorers import Cosine, Degree, NearestName, SparseCosine, Vote
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit

Floats = NDArray[np.float32]
COSINE, BIASED, VOTE, RANKED = "generel cosine", "generel cosine + bias", "generel vote", "generel ranking"
RAW, RAW_VOTE, RAW_NEAREST = "raw encoder", "raw encoder vote", "raw encoder, nearest name"
CO_SHARING, PPMI = "co-sharing", "PPMI-SVD"
DEGREE, TFIDF, TFIDF_NEAREST = "degree", "TF-IDF", "TF-IDF, nearest name"


@dataclass(frozen=True)
class RelationMethods:
    """What answers questions about relations.

    Attributes:
        split: knows the training rows.
        space: the space that is judged.
        raw: (n_concepts, dims) the language model's vectors, see `names.barycenters`.
        graph: (n_concepts, dims) twice, vectors of the training graph for who asks and who answers, see `graph_scorers.ppmi_vectors`.
        terms: TF-IDF by form.
        neighbors: how many vote.
        rivals: what was trained for this evaluation, by the name in the table.
        more: floors that only some questions have, by the name in the table.
    """

    split: NumberedSplit
    space: SpaceVectors
    raw: Floats
    graph: tuple[Floats, Floats]
    terms: Mapping[str, NameTerms]
    neighbors: int
    rivals: Mapping[str, Rival] = field(default_factory=dict)
    more: Mapping[str, Scorer] = field(default_factory=dict)

    def _bias(self, questions: Questions) -> Floats:
        """What answers gain by popularity: by the predicate (or family) asked about, since the question names it."""
        asking = questions.kinds.partition("-")[0]
        return self.space.bias_by(questions.predicates[0], asking=asking) if questions.predicates and asking in KINDS else self.space.bias

    def _ranking(self, questions: Questions) -> dict[str, Scorer]:
        """The space's ranking of answers to a relation, where it was released with one and the question is of a kind."""
        asking = questions.kinds.partition("-")[0]
        if not questions.predicates or asking not in KINDS:
            return {}
        ranking = ranking_of(self.split, self.space, self._sharing_rows, predicate=questions.predicate, predicates=questions.predicates, asking=asking)
        return {RANKED: ranking} if ranking else {}

    @cached_property
    def _sharing_rows(self) -> csr_array:
        return sharing_rows(self.split.training_neighbors())

    def scorers(self, questions: Questions) -> dict[str, Scorer]:
        """The methods without a choice of form, in the order of the table."""
        vectors, ties = self.space.vectors, self.split.training_ties(questions.predicates)
        return {
            COSINE: Cosine(vectors, vectors),
            BIASED: Cosine(vectors, vectors, bias=self._bias(questions), query_kinds=self.split.kind_numbers),
            VOTE: Vote(vectors, ties, self.neighbors),
            **self._ranking(questions),
            RAW: Cosine(self.raw, self.raw),
            RAW_VOTE: Vote(self.raw, ties, self.neighbors),
            CO_SHARING: CoSharing(self._sharing_rows, ties),
            PPMI: Cosine(*self.graph),
            DEGREE: Degree(np.asarray(ties.sum(axis=0), dtype=np.float32)),
            **(self.more if questions.predicate == ASSOCIATED else {}),
            **{name: scorer for name, rival in self.rivals.items() if (scorer := rival.scorer(questions.predicates))},
        }

    def forms(self, questions: Questions) -> dict[str, dict[str, Scorer]]:
        """The methods of which validation chooses a form, by name and form."""
        return {TFIDF: {form: SparseCosine(terms.concepts, terms.concepts) for form, terms in self.terms.items()}}


@dataclass(frozen=True)
class SynonymMethods:
    """What answers questions about these synonyms.

    Attributes:
        split: knows the training names.
        space: the space that is judged.
        embedded: (texts, dims) the synonyms as the space's own encoder reads them.
        raw: (n_concepts, dims) as in RelationMethods.
        features: of the synonyms and of all training names of the kinds that are asked for.
        terms: TF-IDF by form.
        synonyms: the texts.
        rivals: what was trained for this evaluation and reads text, by the name in the table.
    """

    split: NumberedSplit
    space: SpaceVectors
    embedded: Floats
    raw: Floats
    features: RawFeatures
    terms: Mapping[str, NameTerms]
    synonyms: SynonymTexts
    rivals: Mapping[str, Scorer] = field(default_factory=dict)

    def scorers(self, questions: Questions) -> dict[str, Scorer]:
        """The methods without a choice of form; a text has no kind, so there is no bias, and no subject, so there is no vote."""
        asking = self.features.of(self.synonyms.texts)
        names, offsets = self.split.training_names(questions.candidates)
        ties = np.asarray(self.split.training_neighbors().sum(axis=0), dtype=np.float32)
        return {
            COSINE: Cosine(self.embedded, self.space.vectors),
            RAW: Cosine(asking, self.raw),
            RAW_NEAREST: NearestName(asking, self.features.of(names), offsets, questions.candidates),
            DEGREE: Degree(ties),
            **self.rivals,
        }

    def forms(self, questions: Questions) -> dict[str, dict[str, Scorer]]:
        """The methods of which validation chooses a form, by name and form."""
        return tfidf_of_synonyms(self.split, self.terms, self.synonyms, questions)


def tfidf_of_synonyms(
    split: NumberedSplit, terms: Mapping[str, NameTerms], synonyms: SynonymTexts, questions: Questions
) -> dict[str, dict[str, Scorer]]:
    """TF-IDF against the preferred names, and against the nearest of all training names; by name and form."""
    asking = {form: each.of(synonyms.texts) for form, each in terms.items()}
    _, offsets = split.training_names(questions.candidates)
    nearest = {
        form: NearestName(asking[form], each.names(questions.candidates), offsets, questions.candidates) for form, each in terms.items()
    }
    return {TFIDF: {form: SparseCosine(asking[form], each.concepts) for form, each in terms.items()}, TFIDF_NEAREST: dict(nearest)}


def kinds_asked(split: NumberedSplit, synonyms: SynonymTexts) -> list[str]:
    """The kinds that have a synonym among these."""
    return [KINDS[kind] for kind in np.unique(split.kind_numbers[synonyms.concepts]).tolist()]
