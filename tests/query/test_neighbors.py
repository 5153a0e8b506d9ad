"""Which neighbors are wanted: by relation, without what is known, above a cosine, page by page; against a loop over all concepts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadInput, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import PREDICATES
from generel.index.names_build import build_names
from generel.index.space_folder import INDEX, NAMES_FILE
from generel.query.neighbors import Wanted, kinds_of_answers, read_relation
from generel.query.records import Concept, Neighbor
from generel.query.space import EmbeddingSpace
from tests.worlds import CONCEPTS, EVIDENCE, WordEmbedder, world_vectors, write_world

BIAS = np.random.default_rng(0).normal(scale=0.3, size=(12, len(KINDS))).astype(np.float32)
CURIES = [curie for curie, *_ in CONCEPTS]
KIND_OF = {curie: kind for curie, kind, *_ in CONCEPTS}


@pytest.fixture(scope="module")
def lifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddingSpace]:
    """The world with random popularity of weight .5."""
    folder = write_world(tmp_path_factory.mktemp("lifted") / "world", bias=BIAS, bias_weight=0.5)
    with EmbeddingSpace.open(folder, embedder=WordEmbedder()) as space:
        yield space


def found(neighbors: list[Neighbor]) -> list[str]:
    """The CURIEs, in order."""
    return [neighbor.concept.curie for neighbor in neighbors]


def neighbors_by_loop(curie: str, k: int, *, kinds: set[str], relation: str | None, exclude_known: bool, least: float | None, offset: int) -> list[str]:
    """The CURIEs of what `neighbors` should give."""
    own, query_kind = CURIES.index(curie), KINDS.index(KIND_OF[curie])
    known = {
        other for subject, predicate, object_, _ in EVIDENCE if relation in (None, predicate)
        for one, other in ((subject, object_), (object_, subject)) if one == curie
    }
    scored = []
    for row, other in enumerate(CURIES):
        cosine = float(world_vectors()[own] @ world_vectors()[row])
        if row != own and KIND_OF[other] in kinds and not (exclude_known and other in known) and (least is None or cosine >= least):
            scored.append((-(cosine + 0.5 * float(BIAS[row, query_kind])), row))
    return [CURIES[row] for _, row in sorted(scored)[offset : offset + k]]


@given(
    st.sampled_from(CURIES), st.integers(1, 13), st.integers(0, 5), st.sampled_from([None, ["drug"], ["gene", "disease"], ["pathway"]]), st.booleans(),
    st.sampled_from([None, -0.05, 0.33, 0.9]),
)
def test_neighbors_are_those_of_a_loop(
    lifted: EmbeddingSpace, curie: str, k: int, offset: int, kinds: list[str] | None, exclude_known: bool, least: float | None
) -> None:
    """Every combination of what may be wanted, without a relation."""
    answers = lifted.neighbors(curie, k, kinds, exclude_known=exclude_known, min_score=least, offset=offset)
    assert found(answers) == neighbors_by_loop(
        curie, k, kinds=set(kinds or KINDS), relation=None, exclude_known=exclude_known, least=least, offset=offset
    )
    assert [neighbor.rank for neighbor in answers] == list(range(offset + 1, offset + 1 + len(answers)))


@given(st.sampled_from(CURIES), st.sampled_from(PREDICATES), st.booleans())
def test_a_relation_leaves_the_kinds_at_its_other_end(lifted: EmbeddingSpace, curie: str, predicate: object, exclude_known: bool) -> None:
    """Whichever end the query stands at; where it stands at none, the relation is refused."""
    relation, kind = predicate, KIND_OF[curie]
    forth = set(relation.objects) if kind in relation.subjects else set()
    back = set(relation.subjects) if kind in relation.objects else set()
    kinds = (forth | back) & {kind} if relation.same_kind else forth | back
    if not kinds:
        with pytest.raises(BadInput, match=rf"'{relation.name}' joins .* is a {kind}$"):
            lifted.neighbors(curie, relation=relation.name)
        return
    answers = found(lifted.neighbors(curie, 12, relation=relation.name, exclude_known=exclude_known))
    assert answers == neighbors_by_loop(curie, 12, kinds={str(each) for each in kinds}, relation=relation.name, exclude_known=exclude_known, least=None, offset=0)


def test_pages_are_the_whole_in_parts(lifted: EmbeddingSpace) -> None:
    """Three pages of four are the first twelve."""
    whole = lifted.neighbors("simvastatin", 12)
    assert [neighbor for offset in (0, 4, 8) for neighbor in lifted.neighbors("simvastatin", 4, offset=offset)] == whole
    assert lifted.neighbors("simvastatin", 4, offset=12) == []


def test_a_drug_is_asked_what_it_treats_and_a_disease_what_treats_it(space: EmbeddingSpace) -> None:
    """simvastatin treats the infarction by the evidence; what is known by another relation stays."""
    assert "mondo:0005068" in found(space.neighbors("simvastatin", relation="treats"))
    assert found(space.neighbors("simvastatin", relation="treats", exclude_known=True)) == ["hp:0003326", "hp:0001658", "mondo:0007254"]
    assert found(space.neighbors("myocardial infarction", relation="treats", as_kind="disease", exclude_known=True)) == ["chebi:10033", "chebi:39548"]
    assert "chebi:9150" in found(space.neighbors("SLCO1B1", relation="affects_response", exclude_known=True))
    assert "chebi:9150" not in found(space.neighbors("SLCO1B1", exclude_known=True))


def test_free_text_may_stand_at_either_end(space: EmbeddingSpace) -> None:
    """It has no kind and nothing is known of it."""
    kinds = {neighbor.concept.kind for neighbor in space.neighbors("a broken heart", 12, relation="treats", exclude_known=True)}
    assert kinds == {"drug", "disease", "phenotype"}


def test_queries_that_want_different_kinds_are_answered_together(space: EmbeddingSpace) -> None:
    """A drug, a disease and a text in one call are answered as by themselves, in their order."""
    queries = ["simvastatin", "breast cancer", "a sore muscle", "warfarin"]
    together = space.neighbors_of_many(queries, 3, relation="treats", exclude_known=True)
    assert together == [space.neighbors(query, 3, relation="treats", exclude_known=True) for query in queries]


def test_kinds_and_relation_must_meet(space: EmbeddingSpace) -> None:
    """Of what a drug treats, only phenotypes; it treats no genes."""
    assert {neighbor.concept.kind for neighbor in space.neighbors("warfarin", kinds="phenotype", relation="treats")} == {"phenotype"}
    with pytest.raises(BadInput, match="'treats' joins drug with disease or phenotype; chebi:10033 warfarin is a drug, and gene was asked for"):
        space.neighbors("warfarin", kinds="gene", relation="treats")


def test_a_relation_for_all_kinds_wants_none_in_particular() -> None:
    """The text of a predicate that joins anything to anything needs no filter."""
    assert kinds_of_answers(Concept("", "text", "x"), Wanted(1, relation=read_relation("is_a"))) is None
    assert kinds_of_answers(Concept("mondo:1", "disease", "x"), Wanted(1, relation=read_relation("is_a"))) == ("disease",)


def test_what_cannot_be_wanted_is_refused(space: EmbeddingSpace) -> None:
    """Relations that there are not, cosines that cannot be, pages before the first."""
    with pytest.raises(BadInput, match="unknown relation 'treat'; did you mean treats"):
        space.neighbors("warfarin", relation="treat")
    with pytest.raises(BadInput, match="unknown relation 'qqqq'; the relations are is_a, has_phenotype"):
        space.neighbors("warfarin", relation="qqqq")
    with pytest.raises(BadInput, match="unknown relation ''"):
        space.neighbors("warfarin", relation="")
    with pytest.raises(BadInput, match=r"the least cosine is 1\.5"):
        space.neighbors("warfarin", min_score=1.5)
    with pytest.raises(ValueError, match="offset is -1"):
        space.neighbors("warfarin", offset=-1)


def test_an_index_without_known_relations_says_how_to_get_them(tmp_path: Path) -> None:
    """Built by an older generel: everything else is answered, and a load mends it."""
    from generel.concepts.tables import CALIBRATION, MERGES
    from generel.index.freshness import NAMED_FILES, VERIFIED
    from generel.index.load import load_space
    from generel.index.space_folder import read_manifest
    from tests.worlds import world_concepts

    folder = write_world(tmp_path / "world")
    manifest = read_manifest(folder)
    (folder / INDEX / VERIFIED).unlink()
    build_names(
        folder / INDEX / NAMES_FILE, concepts=world_concepts(), aliases=MERGES.empty(), calibration=CALIBRATION.empty(),
        made_from={file: manifest.digest_of(file) for file in NAMED_FILES},
    )
    with EmbeddingSpace.open(folder) as space:
        assert len(space.neighbors("simvastatin")) == 10
        with pytest.raises(NotThere, match="does not hold its known relations; run: generel load"):
            space.neighbors("simvastatin", exclude_known=True)
    assert "names" in load_space(folder).built
    with EmbeddingSpace.open(folder) as space:
        assert len(space.neighbors("simvastatin", 12, exclude_known=True)) == 8
