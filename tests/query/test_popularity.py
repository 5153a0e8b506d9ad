"""Popularity by relation: what many drugs treat is not what many genes are tied to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generel.concepts.errors import Corrupt
from generel.index.popularity_file import PopularityFile, popularity_key, write_popularity
from generel.query.space import EmbeddingSpace
from tests.worlds import WordEmbedder


@pytest.fixture
def space(world_folder: Path, tmp_path: Path) -> Iterator[EmbeddingSpace]:
    """The world, in which breast cancer is what many drugs treat."""
    with EmbeddingSpace.open(world_folder, embedder=WordEmbedder()) as opened:
        write_popularity(tmp_path / "popularity.safetensors", {popularity_key("treats", "drug", "disease"): np.array([0.0, 1.5], dtype=np.float32)})
        opened.manifest = replace(opened.manifest, bias_weight=1.0)
        opened.__dict__["_popularity"] = PopularityFile(tmp_path / "popularity.safetensors", kinds=opened.names.kinds, families={"treatment": ["treats"]})
        yield opened


def test_a_relation_ranks_by_its_own_popularity(space: EmbeddingSpace) -> None:
    """Asked what it treats, breast cancer comes before myocardial infarction; the cosine stays what it is, and nothing else changes without the relation."""
    space.__dict__["_popularity"]._families = {}
    plain = [(each.concept.name, each.cosine) for each in space.neighbors("warfarin", kinds="disease")]
    asked = [(each.concept.name, each.cosine) for each in space.neighbors("warfarin", relation="treats", kinds="disease")]
    assert [name for name, _ in plain] == ["myocardial infarction", "breast cancer"]
    assert asked == plain[::-1]
    assert [each.concept.name for each in space.neighbors("BRCA1", relation="gene_of_disease", kinds="disease")] == ["breast cancer", "myocardial infarction"]


def test_a_predicate_of_a_family_is_looked_up_by_it(space: EmbeddingSpace) -> None:
    """'treats' was trained as 'treatment', of which the file has nothing: zeros, and said so."""
    rows = np.array([9, 8])
    gains, said = space.__dict__["_popularity"].of(rows, predicate="treats", asking="drug")
    assert (gains.tolist(), said.tolist()) == ([0.0, 0.0], [False, False])


def test_gains_follow_the_rows_asked_for(space: EmbeddingSpace) -> None:
    """In their order, whatever kinds lie between."""
    file = space.__dict__["_popularity"]
    file._families = {}
    gains, said = file.of(np.array([9, 0, 8]), predicate="treats", asking="drug")
    assert gains == pytest.approx([1.5, 0, 0])
    assert said.tolist() == [True, False, True]


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Not zeros."""
    path = tmp_path / "popularity.safetensors"
    path.write_bytes(b"no tensors")
    with pytest.raises(Corrupt, match=r"popularity\.safetensors cannot be read"):
        PopularityFile(path, kinds=np.zeros(1, dtype=np.uint8), families={}).of(np.array([0]), predicate="treats", asking="drug")
