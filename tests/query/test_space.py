"""The answers of a space, read off the world's vectors."""

import itertools
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import generel
from generel.concepts.errors import BadInput, BuildMismatch, Corrupt, NotThere, UnknownConcept
from generel.concepts.kinds import KINDS
from generel.query.records import Concept, Neighbor
from generel.query.space import EmbeddingSpace
from tests.worlds import WordEmbedder, unit, world_vectors, write_world

SIMVASTATIN = Concept("chebi:9150", "drug", "simvastatin")


def names_of(neighbors: list[Neighbor]) -> list[str]:
    """The names, in order."""
    return [neighbor.concept.name for neighbor in neighbors]


def test_the_drugs_near_rs4149056_are_the_statins(space: EmbeddingSpace) -> None:
    """(0,4,0) has cosine 4/√17 with simvastatin (1,4,0), 2/√5 with atorvastatin (2,4,0), 1/√10 with warfarin (3,1,0)."""
    found = space.neighbors("rs4149056", kinds=["drug"])
    assert names_of(found) == ["simvastatin", "atorvastatin", "warfarin"]
    assert [neighbor.cosine for neighbor in found] == pytest.approx([4 / 17**0.5, 2 / 5**0.5, 1 / 10**0.5], abs=1e-6)
    assert [neighbor.rank for neighbor in found] == [1, 2, 3]
    assert found[0].concept == SIMVASTATIN
    assert found[0].percentile == 100.0


@pytest.mark.parametrize("exact", [False, True])
def test_the_query_is_never_its_own_neighbor(world_folder: Path, exact: bool) -> None:
    """Eleven others at most, whichever store answers; the nearest first."""
    with EmbeddingSpace.open(world_folder, exact=exact) as space:
        found = space.neighbors("simvastatin", k=50)
        assert space.store.name == ("exact" if exact else "edge")
    assert len(found) == 11
    assert SIMVASTATIN not in [neighbor.concept for neighbor in found]
    assert names_of(found)[0] == "atorvastatin"
    assert all(a.cosine >= b.cosine for a, b in itertools.pairwise(found))


def test_k_and_kinds_limit_the_answer(space: EmbeddingSpace) -> None:
    """By position and by name; a bare word is one kind."""
    assert len(space.neighbors("warfarin", 2)) == 2
    assert names_of(space.neighbors("warfarin", 5, ["disease"])) == ["myocardial infarction", "breast cancer"]
    assert space.neighbors("warfarin", 5, "disease") == space.neighbors("warfarin", 5, ["disease"])
    assert space.neighbors("warfarin", kinds=["pathway"]) == []
    with pytest.raises(ValueError, match="k is 0"):
        space.neighbors("warfarin", 0)
    with pytest.raises(ValueError, match="no kinds were given"):
        space.neighbors("warfarin", kinds=[])
    with pytest.raises(BadInput, match="unknown kind 'Drug'"):
        space.neighbors("warfarin", kinds=["Drug"])


def test_an_alias_answers_as_its_concept(space: EmbeddingSpace) -> None:
    """The concept behind the alias is left out of its neighbors, too."""
    assert space.neighbors("DB00641") == space.neighbors("simvastatin")


def test_free_text_is_embedded_and_has_no_percentile(space: EmbeddingSpace) -> None:
    """The embedder puts 'a broken heart' on the first axis, where the phenotype lies exactly."""
    found = space.neighbors("a broken heart", 2)
    assert names_of(found) == ["Myocardial infarction", "myocardial infarction"]
    assert found[0].cosine == pytest.approx(1.0)
    assert found[0].percentile is None


def test_many_queries_are_answered_like_single_ones(space: EmbeddingSpace) -> None:
    """Concepts and texts mixed, in their order."""
    queries = ["warfarin", "a sore muscle", "rs7903146", "warfarin"]
    assert space.neighbors_of_many(queries, 3) == [space.neighbors(query, 3) for query in queries]
    assert space.neighbors_of_many([]) == []
    with pytest.raises(ValueError, match="put it in a list"):
        space.neighbors_of_many("warfarin")
    with pytest.raises(UnknownConcept, match="rs1'"):
        space.neighbors_of_many(["warfarin", "rs1"])


def test_a_resolved_query_is_not_resolved_again(space: EmbeddingSpace) -> None:
    """What `resolve` gives stands for the query everywhere."""
    phenotype = space.resolve("heart attack", as_kind="phenotype")
    assert space.neighbors(phenotype, 1) == space.neighbors("hp:0001658", 1)
    assert space.neighbors("heart attack", 1, as_kind="phenotype") == space.neighbors("hp:0001658", 1)
    assert space.relatedness(phenotype, "warfarin") == space.relatedness("hp:0001658", "warfarin")


def test_popularity_moves_ranks_but_no_cosines(tmp_path: Path) -> None:
    """Warfarin (cosine .32) gains 1 as an answer to variants: with weight .2 that lifts it over nothing, with weight 1 over both statins.

    For a gene it gains nothing, and ranks stay.
    """
    bias = np.zeros((12, len(KINDS)), np.float32)
    bias[7, KINDS.index("variant")] = 1
    for weight, expected in ((0.2, ["simvastatin", "atorvastatin", "warfarin"]), (1.0, ["warfarin", "simvastatin", "atorvastatin"])):
        folder = write_world(tmp_path / f"w{weight}", bias=bias, bias_weight=weight)
        with EmbeddingSpace.open(folder) as space:
            found = space.neighbors("rs4149056", kinds=["drug"])
            assert names_of(found) == expected
            assert [neighbor.rank for neighbor in found] == [1, 2, 3]
            assert names_of(space.neighbors("rs4149056", 1, ["drug"])) == expected[:1]
            assert {neighbor.concept.name: round(neighbor.cosine, 4) for neighbor in found}["warfarin"] == 0.3162
            assert space.relatedness("rs4149056", "warfarin").cosine == pytest.approx(0.1**0.5)
            assert names_of(space.neighbors("SLCO1B1", kinds=["drug"])) == ["simvastatin", "atorvastatin", "warfarin"]


def test_relatedness_is_symmetric_and_calibrated(space: EmbeddingSpace) -> None:
    """simvastatin–SLCO1B1: 16/√(17·17); it is the highest of the nine drug–gene pairs, so p is 1/9."""
    related = space.relatedness("simvastatin", "SLCO1B1")
    assert related.cosine == pytest.approx(16 / 17, abs=1e-6)
    assert related.percentile == 100.0
    assert related.p_value == pytest.approx(1 / 9)
    mirrored = space.relatedness("SLCO1B1", "simvastatin")
    assert (mirrored.left, mirrored.right) == (related.right, related.left)
    assert (mirrored.cosine, mirrored.percentile, mirrored.p_value) == (related.cosine, related.percentile, related.p_value)


def test_relatedness_with_text_has_no_percentile(space: EmbeddingSpace) -> None:
    """Texts were not calibrated, so nothing is claimed."""
    related = space.relatedness("a broken heart", "warfarin")
    assert related.cosine == pytest.approx(3 / 10**0.5)
    assert (related.percentile, related.p_value) == (None, None)
    assert related.left == Concept("", "text", "a broken heart")


def test_a_concept_is_itself(space: EmbeddingSpace) -> None:
    """Cosines of float32 vectors are cut to 1."""
    assert space.relatedness("CAT", "CAT").cosine == 1.0


def test_stored_vectors_come_by_identifier_or_name(space: EmbeddingSpace) -> None:
    """In the order asked; what is neither is an error, not an embedding."""
    assert space.vectors(["chebi:10033", "CAT"]).tolist() == world_vectors()[[7, 4]].tolist()
    assert space.vectors([]).shape == (0, 3)
    with pytest.raises(UnknownConcept, match="a broken heart"):
        space.vectors(["CAT", "a broken heart"])


def test_embed_reads_words_even_of_a_name(space: EmbeddingSpace) -> None:
    """'heart attack' by its words lies on the first axis, not where the disease lies."""
    assert space.embed(["heart attack", "breast"]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert space.embed([]).shape == (0, 3)


def test_concept_takes_identifiers_only(space: EmbeddingSpace) -> None:
    """An alias gives the canonical concept; a name is not an identifier."""
    assert space.concept("DrugBank:DB00641") == SIMVASTATIN
    with pytest.raises(UnknownConcept):
        space.concept("simvastatin")


def test_evidence_is_the_rows_between_two_concepts(space: EmbeddingSpace) -> None:
    """In either direction, by any spelling; none where nothing is known."""
    rows = space.evidence("heart attack", "DB00641").select("subject", "predicate", "object", "source").rows()
    assert rows == [("chebi:9150", "treats", "mondo:0005068", "cpic"), ("chebi:9150", "treats", "mondo:0005068", "pharmgkb")]
    assert space.evidence("simvastatin", "SLCO1B1")["predicate"].to_list() == ["targets"]
    assert space.evidence("warfarin", "SLCO1B1").height == 0
    assert space.evidence("warfarin", "SLCO1B1").columns == space.evidence("CAT", "BRCA1").columns


def test_records_pickle_and_are_frozen(space: EmbeddingSpace) -> None:
    """They travel between processes and cannot be changed by mistake."""
    neighbor = space.neighbors("CAT", 1)[0]
    assert pickle.loads(pickle.dumps(neighbor)) == neighbor
    with pytest.raises(AttributeError):
        neighbor.rank = 2  # type: ignore[misc]


def test_a_space_that_is_not_loaded_says_how(tmp_path: Path) -> None:
    """Released but not loaded, and loaded before it was released anew."""
    folder = write_world(tmp_path / "world", load=False)
    with pytest.raises(NotThere, match="run: generel load"):
        EmbeddingSpace.open(folder)
    write_world(folder)
    shutil.copytree(folder / "index", tmp_path / "index", symlinks=True)
    write_world(folder, load=False, concepts=None, created="later", vectors=unit(np.eye(12, 3) + 0.1))
    shutil.copytree(tmp_path / "index", folder / "index", symlinks=True)
    with EmbeddingSpace.open(folder) as space:
        assert space.store.name == "exact"
        assert "generel load" in space.note
    os.truncate(folder / "vectors.safetensors", 100)
    with pytest.raises(Corrupt, match=r"vectors\.safetensors"):
        EmbeddingSpace.open(folder)


def test_an_encoder_of_another_length_is_refused(world_folder: Path) -> None:
    """Two numbers where the space has three."""

    class Short(WordEmbedder):
        def embed(self, texts: object) -> np.ndarray:
            """Always two numbers."""
            return np.ones((1, 2), np.float32)

    with EmbeddingSpace.open(world_folder, embedder=Short()) as space, pytest.raises(BuildMismatch, match=r"\(1, 2\) for 1 texts; the space has 3"):
        space.neighbors("a broken heart")


def test_without_torch_text_names_the_extra_and_the_rest_works(world_folder: Path) -> None:
    """Concepts are answered; text says what to install: tried in a process of its own, where torch cannot be imported."""
    program = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "import generel\n"
        "from generel.concepts.errors import MissingExtra\n"
        "with generel.EmbeddingSpace.open(sys.argv[1]) as space:\n"
        " print(len(space.neighbors('CAT')))\n"
        " try:\n"
        "  space.neighbors('a broken heart')\n"
        " except MissingExtra as error:\n"
        "  print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(world_folder)], capture_output=True, text=True, check=True)
    count, words = done.stdout.splitlines()
    assert count == "10"
    assert words.startswith("embedding free text needs torch; install it with: pip install 'generel[text]'")


def test_asking_imports_neither_torch_nor_polars(world_folder: Path) -> None:
    """The cold path stays small: names, neighbors and relatedness need neither, nor rich."""
    program = (
        "import sys, generel\n"
        "with generel.EmbeddingSpace.open(sys.argv[1]) as space:\n"
        " space.neighbors('rs4149056', kinds=['drug']); space.relatedness('CAT', 'BRCA1'); space.lookup('warfrin')\n"
        "print([name for name in ('torch', 'polars', 'rich', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(world_folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_offers_the_space() -> None:
    """`generel.EmbeddingSpace` is this one."""
    assert generel.EmbeddingSpace is EmbeddingSpace
