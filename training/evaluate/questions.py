"""Questions with one right answer each, asked of every method alike: which of these candidates is it?

A question is a held-out row: its subject (or a text) asks, its object is the answer, and the candidates are *all* concepts of the
answer's kind. What is neither answer nor negative is hidden for that question: other true answers, in whatever part of the split
they are, and the asking concept itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array

from generel.concepts.kinds import KINDS
from training.corpus import expand
from training.evaluate.popularity import as_popular_negatives
from training.evaluate.split import COLD, NumberedSplit, Numbers

SYNONYM = "synonym"
EVERY_KIND = "all"


@dataclass(frozen=True)
class Questions:
    """Questions of one protocol about one predicate (or family) between two kinds.

    Attributes:
        protocol: of settings.PROTOCOLS.
        predicate: its name, or the family's.
        predicates: those whose rows are true answers; empty for synonyms.
        kinds: 'gene-disease', asking kind first; for synonyms the one kind.
        queries: (q,) what asks: concept numbers, or for synonyms places in `SynonymTexts.texts`.
        answers: (q,) concept numbers.
        candidates: (c,) concept numbers, distinct, ascending.
        hidden: (q, c) stored cells are neither answer nor negative.
        drawn_from: how many rows there were before sampling.
        degrees: (c,) how often each candidate is an answer in training; None where nothing is known of it.
    """

    protocol: str
    predicate: str
    predicates: tuple[str, ...]
    kinds: str
    queries: Numbers
    answers: Numbers
    candidates: Numbers
    hidden: csr_array
    drawn_from: int
    degrees: Numbers | None = None

    @cached_property
    def as_popular(self) -> Numbers:
        """(q, m) places of negatives as popular as the answer, see `training.evaluate.popularity`; -1 fills up."""
        return as_popular_negatives(self.answer_columns, self.hidden, self.degrees)

    @property
    def n(self) -> int:
        return len(self.queries)

    @property
    def answer_columns(self) -> Numbers:
        """(q,) place of each answer among the candidates."""
        return np.searchsorted(self.candidates, self.answers)


class SynonymTexts(NamedTuple):
    """Held-out synonyms: the texts, whose each is, and how many of each kind (in the order of KINDS) there were before sampling."""

    texts: list[str]
    concepts: Numbers
    held: Numbers


def relation_questions(
    split: NumberedSplit, *, part: str, limit: int, seed: int, families: Mapping[str, Sequence[str]], backwards: bool = False
) -> Iterator[Questions]:
    """Questions for every predicate and family with rows of the part, by pair of kinds; by name, then by kinds.

    Args:
        backwards: whether the objects ask, and the subjects are the answers.
    """
    rows = split.relations.filter(pl.col("part") == part)
    for name, predicates in _groups(rows, families):
        yield from _ask("relations", name, predicates, rows, split, limit=limit, seed=seed, backwards=backwards)


def cold_questions(split: NumberedSplit, *, limit: int, seed: int, families: Mapping[str, Sequence[str]]) -> Iterator[Questions]:
    """The same about the rows of the cold part whose *subject* is a concept that training never saw."""
    rows = split.relations.filter((pl.col("part") == COLD) & pl.Series(split.cold[split.relations["subject"].to_numpy()], dtype=pl.Boolean))
    for name, predicates in _groups(rows, families):
        yield from _ask("cold", name, predicates, rows, split, limit=limit, seed=seed)


def draw_synonyms(split: NumberedSplit, *, part: str, limit: int, seed: int) -> SynonymTexts:
    """A sample of the part's held-out synonyms over all kinds, by concept, then by text."""
    held = split.names.filter((pl.col("role") == "synonym") & (pl.col("part") == part)).select("concept", "name").sort("concept", "name")
    sample = draw_rows(held, limit=limit, seed=seed)
    by_kind = np.bincount(split.kind_numbers[held["concept"].to_numpy()], minlength=len(KINDS))
    return SynonymTexts(sample["name"].to_list(), sample["concept"].to_numpy(), by_kind)


def synonym_questions(split: NumberedSplit, synonyms: SynonymTexts) -> Iterator[Questions]:
    """Questions "whose name is this?" by kind; another concept of the very same name is a true answer too."""
    kinds = split.kind_numbers[synonyms.concepts]
    degrees = np.diff(split.training_neighbors().indptr)
    for kind in np.unique(kinds).tolist():
        queries = np.flatnonzero(kinds == kind)
        candidates = split.of_kind(KINDS[kind])
        same = _namesakes(split, [synonyms.texts[query] for query in queries])
        answers = synonyms.concepts[queries]
        yield Questions(
            "synonyms", SYNONYM, (), KINDS[kind], queries, answers, candidates,
            _hide(*same, answers=answers, candidates=candidates, n_concepts=split.n_concepts), int(synonyms.held[kind]), degrees[candidates],
        )


def with_degrees(questions: Questions, split: NumberedSplit) -> Questions:
    """The questions with how often each candidate is an answer in training, where that is not known yet."""
    if questions.degrees is not None:
        return questions
    counts = np.asarray(split.training_ties(questions.predicates).sum(axis=0), dtype=np.int64)
    return replace(questions, degrees=counts[questions.candidates])


def _groups(rows: pl.DataFrame, families: Mapping[str, Sequence[str]]) -> list[tuple[str, tuple[str, ...]]]:
    """Names and predicates of everything that is asked about: predicates and families with a row, by name."""
    present = set(rows["predicate"])
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in present}
    groups |= {family: tuple(members) for family, members in families.items() if present & set(members)}
    return sorted(groups.items())


def _ask(
    protocol: str, name: str, predicates: tuple[str, ...], rows: pl.DataFrame, split: NumberedSplit, *, limit: int, seed: int, backwards: bool = False
) -> Iterator[Questions]:
    ends = ("object", "subject") if backwards else ("subject", "object")
    asked = rows.filter(pl.col("predicate").is_in(predicates)).select(subject=ends[0], object=ends[1]).unique().sort("subject", "object")
    left, right = (split.kind_numbers[asked[end].to_numpy()].astype(np.int64) for end in ("subject", "object"))
    pairs = left * len(KINDS) + right
    true, known = split.ties(predicates), split.training_ties(predicates)
    true, known = (true.T.tocsr(), known.T.tocsr()) if backwards else (true, known)
    degrees = np.asarray(known.sum(axis=0), dtype=np.int64)
    for pair in np.unique(pairs).tolist():
        asking, answering = KINDS[pair // len(KINDS)], KINDS[pair % len(KINDS)]
        among = asked.filter(pl.Series(pairs == pair))
        drawn = draw_rows(among, limit=limit, seed=seed)
        queries, answers = drawn["subject"].to_numpy(), drawn["object"].to_numpy()
        candidates = split.of_kind(answering)
        yield Questions(
            protocol, name, predicates, f"{asking}-{answering}", queries, answers, candidates,
            hide_known(true, queries, answers=answers, candidates=candidates), among.height, degrees[candidates],
        )


def draw_rows(rows: pl.DataFrame, *, limit: int, seed: int) -> pl.DataFrame:
    """At most `limit` of the rows, in their order."""
    return rows if rows.height <= limit else rows[np.sort(np.random.default_rng(seed).choice(rows.height, limit, replace=False))]


def hide_known(true: csr_array, queries: Numbers, *, answers: Numbers, candidates: Numbers) -> csr_array:
    """Cells of what is known to be true of each query, and of the query itself."""
    places, objects, _ = expand(true, queries)
    places, objects = np.concatenate((places, np.arange(len(queries)))), np.concatenate((objects, queries))
    return _hide(places, objects, answers=answers, candidates=candidates, n_concepts=true.shape[0])


def _hide(places: Numbers, objects: Numbers, *, answers: Numbers, candidates: Numbers, n_concepts: int) -> csr_array:
    """(q, c) with the cells (place in the queries, concept) that are candidates and not the answer."""
    column = np.full(n_concepts, -1)
    column[candidates] = np.arange(len(candidates))
    inside = (column[objects] >= 0) & (objects != answers[places])
    cells = (places[inside], column[objects[inside]])
    hidden = coo_array((np.ones(len(cells[0]), dtype=np.float32), cells), shape=(len(answers), len(candidates))).tocsr()
    hidden.data[:] = 1
    return hidden


def _namesakes(split: NumberedSplit, texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """(place in `texts`, concept) of every concept that is called so, by any name of any part."""
    asked = pl.DataFrame({"name": texts, "place": np.arange(len(texts))}, schema={"name": pl.String, "place": pl.Int64})
    found = asked.join(split.names.select("name", "concept"), on="name").unique().sort("place", "concept")
    return found["place"].to_numpy(), found["concept"].to_numpy()
