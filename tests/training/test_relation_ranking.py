"""What a user gets and what is judged are one ranking: the query path over SQLite and a store, beside the evaluation's matrices."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from generel.concepts.errors import NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME
from generel.concepts.tables import RELATIONS, SPACE_CONCEPTS, SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from generel.index.rankings_file import Rankings, Weighing
from generel.index.space_folder import INDEX, NAMES_FILE
from generel.query.added_input import NewConcept
from generel.query.records import RelationQuestion
from generel.query.relation_ranking import askers_of, questions_of
from generel.query.space import EmbeddingSpace
from tests.training.evaluate_world import random_unit
from tests.worlds import WordEmbedder, write_world
from training.evaluate.graph_scorers import sharing_rows
from training.evaluate.relation_ranking import STANDINGS, RelationRanking, answered, make_features, standings
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit, number_split

# CURIEs in ascending order, so that a row is a number of the split.
PREFIXES = {"chebi": ("drug", 130), "hgnc": ("gene", 60), "hp": ("phenotype", 50), "mondo": ("disease", 160)}
CURIES = [f"{prefix}:{number:07d}" for prefix, (_, n) in PREFIXES.items() for number in range(1, n + 1)]
KIND_OF = {curie: PREFIXES[curie.partition(":")[0]][0] for curie in CURIES}
# Nothing is tied to it.
NEWCOMER = "mondo:0000160"
WEIGHTS = {"treats": {"drug": (3.0, 1.0, 0.7, 0.9, 4.0, 0.6), "disease": (5.0, 0.5, 0.2, 1.1, 1.0, 0.1)}, "resembles": {"drug": (4.0, 0.0, 1.0, 0.5, 2.0, 0.0)}}
RANKINGS = Rankings(Weighing(WEIGHTS, (2.0, 1.0, 0.5, 0.5, 3.0, 0.4)), Weighing({}, (2.0, 0.5, 0.2, 1.5, 0.0, 1.2)), Weighing({}, (1.0, 0.3, 2.0, 0.0, 0.0, 0.8)))
VECTORS = random_unit(len(CURIES), dims=3, seed=4)
BIAS = np.random.default_rng(5).normal(scale=0.2, size=(len(CURIES), len(KINDS))).astype(np.float32)


def draw_relations() -> pl.DataFrame:
    """Subject, predicate, object: some thousand rows of five predicates, a hub among their ends, a few rows twice."""
    rng, rows = np.random.default_rng(6), set()
    of = {kind: [curie for curie in CURIES if KIND_OF[curie] == kind] for kind in ("drug", "gene", "phenotype", "disease")}
    for predicate, left, right, n in (
        ("treats", "drug", "disease", 900), ("treats", "drug", "phenotype", 150), ("targets", "drug", "gene", 200), ("gene_of_disease", "gene", "disease", 300),
        ("resembles", "drug", "drug", 150), ("has_phenotype", "disease", "phenotype", 200),
    ):
        for a, b in zip(rng.zipf(1.3, n) % len(of[left]), rng.integers(0, len(of[right]), n), strict=True):
            one, other = of[left][a], of[right][b]
            if one != other and NEWCOMER not in (one, other):
                rows.add((min(one, other), predicate, max(one, other)) if predicate == "resembles" else (one, predicate, other))
    return pl.DataFrame(sorted(rows), schema=["subject", "predicate", "object"], orient="row")


TIES = draw_relations()


def split_of_all() -> NumberedSplit:
    """All relations as training rows."""
    concepts = pl.DataFrame([(curie, KIND_OF[curie], "train") for curie in CURIES], schema=SPLIT_CONCEPTS.columns, orient="row")
    names = pl.DataFrame([(curie, curie, "name", "train") for curie in CURIES], schema=SPLIT_NAMES.columns, orient="row")
    relations = TIES.with_columns(pl.lit("train").alias("part"), pl.lit(1.0).alias("weight")).select(list(SPLIT_RELATIONS.columns))
    return number_split(concepts, names, relations)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The space of these concepts, loaded."""
    concepts = pl.DataFrame(
        [(row, curie, KIND_OF[curie], f"name {curie}", [], None, "by hand", 0) for row, curie in enumerate(CURIES)], schema=SPACE_CONCEPTS.columns, orient="row"
    )
    told = TIES.with_columns(source=pl.lit("pharmgkb"), source_version=pl.lit("1"), license=pl.lit("CC0-1.0"), confidence=pl.lit(1.0))
    relations = pl.concat([told, told[:50].with_columns(source=pl.lit("cpic"))]).select(list(RELATIONS.columns))
    return write_world(
        tmp_path_factory.mktemp("ranked") / "world", concepts=concepts, vectors=VECTORS, bias=BIAS, relations=relations, rankings=RANKINGS, bias_weight=1.0
    )


@pytest.fixture(scope="module")
def space(folder: Path) -> Iterator[EmbeddingSpace]:
    """The same, open; searched exactly, so that the nearest are the nearest."""
    with EmbeddingSpace.open(folder, exact=True, embedder=WordEmbedder()) as opened:
        yield opened


def judged(relation: str, curie: str, kinds: tuple[str, ...], asking: str, vector: NDArray[np.float32]) -> list[str]:
    """The CURIEs of these kinds in the order of the evaluation's scores; one that is no CURIE is asked as the newcomer's, with its own vector."""
    split, at = split_of_all(), CURIES.index(curie if curie in CURIES else NEWCOMER)
    vectors = VECTORS.copy()
    vectors[at] = vector
    kind_numbers = split.kind_numbers.copy()
    kind_numbers[at] = KINDS.index(asking)
    split = replace(split, kind_numbers=kind_numbers)
    beside = SpaceVectors(vectors, BIAS, np.zeros(len(CURIES), dtype=bool))
    sharing = sharing_rows(split.training_neighbors())
    features = make_features(split, beside, sharing, predicates=[relation], asking=asking)
    candidates = np.array([row for row, other in enumerate(CURIES) if KIND_OF[other] in kinds and other != curie])
    weights = np.stack([RANKINGS.weights(relation, asking=asking, standing=standing) for standing in STANDINGS])
    ranking = RelationRanking(features, weights, standings(sharing, answered(split, [relation])))
    scores = ranking.scores(np.array([at]), candidates)[0]
    return [CURIES[row] for row in candidates[np.argsort(-scores, kind="stable")]]


@pytest.mark.parametrize("relation, curie, kinds", [
    ("treats", "chebi:0000001", ("disease", "phenotype")), ("treats", "chebi:0000077", ("disease", "phenotype")), ("treats", "mondo:0000012", ("drug",)),
    ("treats", "hp:0000003", ("drug",)), ("targets", "hgnc:0000005", ("drug",)), ("resembles", "chebi:0000002", ("drug",)),
    ("gene_of_disease", "mondo:0000099", ("gene",)), ("palliates", "chebi:0000009", ("disease", "phenotype")),
    ("treats", "mondo:0000151", ("drug",)), ("treats", NEWCOMER, ("drug",)),
])
def test_a_user_gets_the_ranking_that_is_judged(space: EmbeddingSpace, relation: str, curie: str, kinds: tuple[str, ...]) -> None:
    """All answers in the same order: from either end, within one kind, by the shared weights, of an unanswered one and of a newcomer; of 'palliates' nothing is known but vectors."""
    found = space.neighbors(curie, k=400, relation=relation)
    assert {neighbor.concept.kind for neighbor in found} <= set(kinds)
    answered = tuple(sorted({neighbor.concept.kind for neighbor in found}))
    assert [neighbor.concept.curie for neighbor in found] == judged(relation, curie, answered, KIND_OF[curie], VECTORS[CURIES.index(curie)])
    assert found[0].cosine == pytest.approx(float(VECTORS[CURIES.index(curie)] @ VECTORS[CURIES.index(found[0].concept.curie)]), abs=1e-6)


def test_pages_kinds_and_what_is_known_are_cut_from_the_same_ranking(space: EmbeddingSpace) -> None:
    """The second page goes on; known answers go; a wanted kind alone; several queries are answered each by itself."""
    drug, other = "chebi:0000001", "mondo:0000012"
    whole = [each.concept.curie for each in space.neighbors(drug, k=400, relation="treats")]
    assert [each.concept.curie for each in space.neighbors(drug, k=7, offset=5, relation="treats")] == whole[5:12]
    known = set(TIES.filter(subject=drug, predicate="treats")["object"])
    assert known and [each.concept.curie for each in space.neighbors(drug, k=400, relation="treats", exclude_known=True)] == [each for each in whole if each not in known]
    near = space.neighbors(drug, k=400, relation="treats", min_score=0.4)
    assert [each.concept.curie for each in near] == [curie for curie in whole if VECTORS[CURIES.index(curie)] @ VECTORS[0] >= 0.4]
    both = space.neighbors_of_many([drug, other], k=9, relation="treats")
    assert both == [space.neighbors(drug, k=9, relation="treats"), space.neighbors(other, k=9, relation="treats")]


def test_free_text_stands_where_its_nearest_concept_stands(space: EmbeddingSpace) -> None:
    """Asked for drugs that treat it, it is a newcomer of the kind of the nearest disease or phenotype; with answers at both ends, cosines rank."""
    vector = np.array([0, 1, 0], dtype=np.float32)
    ends = [row for row, curie in enumerate(CURIES) if KIND_OF[curie] in ("disease", "phenotype")]
    kind = KIND_OF[CURIES[max(ends, key=lambda row: float(VECTORS[row] @ vector))]]
    assert [each.concept.curie for each in space.neighbors("a muscle thing", k=400, kinds=["drug"], relation="treats")] == judged("treats", "text", ("drug",), kind, vector)
    cosines = [each.cosine for each in space.neighbors("a muscle thing", k=20, relation="treats")]
    assert cosines == sorted(cosines, reverse=True)


def test_an_added_concept_asks_answers_and_votes(folder: Path, tmp_path: Path) -> None:
    """A drug tied to what another one treats is near the top for a disease that one treats; asked itself, it gets diseases."""
    import shutil

    shutil.copytree(folder, tmp_path / "world", symlinks=True)
    like, disease = "chebi:0000001", TIES.filter(subject="chebi:0000001", predicate="treats")["object"][0]
    ties = tuple(TIES.filter(subject=like).select("predicate", "object").iter_rows())
    with EmbeddingSpace.open(tmp_path / "world", exact=True, embedder=WordEmbedder()) as opened:
        opened.add(NewConcept("chebi:9999999", "drug", "", ties=tuple(tie for tie in ties if tie[1] != disease)))
        ranks = {each.concept.curie: each.rank for each in opened.neighbors(disease, k=400, kinds=["drug"], relation="treats", exclude_known=True)}
        assert ranks["chebi:9999999"] <= len(ranks) / 3
        assert {each.concept.kind for each in opened.neighbors("chebi:9999999", k=50, relation="treats")} <= {"disease", "phenotype"}
        assert len(opened.names.tie_norms) == len(CURIES) + 1


def test_an_older_index_is_refused_with_the_way_out(folder: Path, tmp_path: Path) -> None:
    """One that has no lengths of ties is built anew by the next load."""
    import shutil
    import sqlite3

    from generel.index.load import load_space

    shutil.copytree(folder, tmp_path / "world", symlinks=True)
    names = tmp_path / "world" / INDEX / NAMES_FILE
    with sqlite3.connect(names) as database:
        database.execute("DELETE FROM array WHERE key = 'tie_norms'")
    (tmp_path / "world" / INDEX / "verified.json").unlink()
    with EmbeddingSpace.open(tmp_path / "world", exact=True) as opened, pytest.raises(NotThere, match="run: generel load"):
        opened.neighbors("chebi:0000001", relation="treats")
    load_space(tmp_path / "world")
    with EmbeddingSpace.open(tmp_path / "world", exact=True) as opened:
        assert len(opened.neighbors("chebi:0000001", relation="treats")) == 10


def test_every_relation_is_asked_from_both_ends() -> None:
    """Who votes stands where the query stands."""
    assert askers_of(BY_NAME["treats"], "drug") == ("drug",) and set(askers_of(BY_NAME["treats"], "disease")) >= {"disease", "phenotype"}
    assert askers_of(BY_NAME["is_a"], "disease") == ("disease",)


def test_what_can_be_asked_of_a_kind_reads_from_its_end() -> None:
    """Only relations that have learned weights for that kind; families are no predicates; inside one kind both readings are meant."""
    rankings = Rankings(Weighing({**WEIGHTS, "pharmacogenetics": {"drug": RANKINGS.tied.others}, "is_a": {"drug": RANKINGS.tied.others}}, RANKINGS.tied.others), RANKINGS.unanswered, RANKINGS.new)
    assert questions_of(rankings, "disease") == [RelationQuestion("treats", "is treated with", ("drug",))]
    assert questions_of(rankings, "drug") == [
        RelationQuestion("is_a", "is a kind of, or has the kind", ("drug",)), RelationQuestion("resembles", "resembles", ("drug",)),
        RelationQuestion("treats", "treats", ("disease", "phenotype")),
    ]
    assert questions_of(rankings, "gene") == []
