"""A new variant is composed of its ties, and of what other variants of its genes and its linkage partners are tied to; by hand in three dimensions."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generel.query.added_variants import compose_variant
from generel.query.space import EmbeddingSpace
from tests.worlds import CONCEPTS, WordEmbedder, unit

WEIGHTS = {"own": 1.0, "genes": 0.3, "gene_profile": 0.4, "locus": 9.0, "linkage": 0.5}
VECTORS = {curie: unit([vector])[0] for curie, _, _, _, vector, _ in CONCEPTS}


@pytest.fixture
def space(world_folder: Path) -> Iterator[EmbeddingSpace]:
    """The world's space, whose manifest has weights of the sorts."""
    with EmbeddingSpace.open(world_folder, embedder=WordEmbedder()) as opened:
        opened.manifest = replace(opened.manifest, raw={**opened.manifest.raw, "composition": WEIGHTS})
        yield opened


def composed(space: EmbeddingSpace, *curies: str) -> np.ndarray:
    """The vector of a variant with these ties."""
    return compose_variant(space, {curie: VECTORS[curie] for curie in curies})


def test_a_gene_brings_what_its_other_variants_are_tied_to(space: EmbeddingSpace) -> None:
    """SLCO1B1 has rs4149056, which is tied to simvastatin: .3 of the gene and .4 of the drug."""
    expected = 0.3 * VECTORS["hgnc:10959"] + 0.4 * VECTORS["chebi:9150"]
    assert composed(space, "hgnc:10959") == pytest.approx(unit([expected])[0], abs=1e-6)


def test_a_linked_variant_brings_its_ties_genes_too(space: EmbeddingSpace) -> None:
    """rs4149056 is tied to its gene and to simvastatin, each once; of its own the new one has myalgia."""
    partner = unit([VECTORS["hgnc:10959"] + VECTORS["chebi:9150"]])[0]
    expected = 1.0 * VECTORS["hp:0003326"] + 0.5 * partner
    assert composed(space, "hp:0003326", "dbsnp:rs4149056") == pytest.approx(unit([expected])[0], abs=1e-6)


def test_a_gene_without_variants_is_itself(space: EmbeddingSpace) -> None:
    """CAT has no evidence; a variant without any tie has no vector."""
    assert composed(space, "hgnc:1516") == pytest.approx(VECTORS["hgnc:1516"], abs=1e-6)
    assert not composed(space).any()


def test_a_space_without_weights_counts_its_own_ties_alike(space: EmbeddingSpace) -> None:
    """As spaces were made before there were sorts: nothing that others tell."""
    space.manifest = replace(space.manifest, raw={key: value for key, value in space.manifest.raw.items() if key != "composition"})
    expected = VECTORS["hgnc:10959"] + VECTORS["hp:0003326"]
    assert composed(space, "hgnc:10959", "hp:0003326") == pytest.approx(unit([expected])[0], abs=1e-6)
