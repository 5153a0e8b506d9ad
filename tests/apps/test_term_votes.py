"""Terms vote for their genes: by eye, and beside a plain loop."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file

from generel.apps.gene_ranking import join_votes, rank_genes
from generel.apps.term_votes import TEMPERATURE, KnownTerms
from generel.concepts.kinds import KINDS
from generel.concepts.tables import RELATIONS, SPACE_CONCEPTS, write_table
from generel.index.space_folder import CONCEPTS_FILE, RELATIONS_FILE, VECTORS_FILE
from tests.worlds import unit

CONCEPTS = (
    ("hgnc:3", "gene", "FBN1"), ("go:1", "process", "apoptosis"), ("hgnc:1", "gene", "TP53"), ("go:2", "function", "binding"),
    ("go:3", "process", "growth"), ("mondo:1", "disease", "Marfan syndrome"), ("hgnc:2", "gene", "BAX"),
)
TIES = (("hgnc:1", "takes_part_in", "go:1"), ("hgnc:2", "takes_part_in", "go:1"), ("hgnc:2", "has_function", "go:2"), ("hgnc:3", "gene_of_disease", "mondo:1"))
VECTORS = unit([(0, 0, 1), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, 0, 1)])


@pytest.fixture
def known(tmp_path: Path) -> KnownTerms:
    """Two terms with genes, read from the files of a space; growth has no gene, and a disease is no voter."""
    rows = [(row, *concept, [], None, "by hand", 1) for row, concept in enumerate(CONCEPTS)]
    write_table(pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row"), SPACE_CONCEPTS, tmp_path / CONCEPTS_FILE)
    # A tie that two sources tell counts once.
    ties = [(*tie, source, "1", "CC0-1.0", 1.0) for tie in TIES for source in ("one", "two")]
    write_table(pl.DataFrame(ties, schema=RELATIONS.columns, orient="row"), RELATIONS, tmp_path / RELATIONS_FILE)
    save_file({"vectors": VECTORS, "bias": np.zeros((len(VECTORS), len(KINDS)), np.float32)}, tmp_path / VECTORS_FILE)
    return KnownTerms.open(tmp_path)


def test_known_terms_are_those_with_genes(known: KnownTerms) -> None:
    """Genes are counted in order of their rows: FBN1, TP53, BAX."""
    assert (known.curies, known.names, known.n_genes) == (["go:1", "go:2"], ["apoptosis", "binding"], 3)
    assert list(zip(known.tied_terms.tolist(), known.tied_genes.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert known.say() == "1 of kind process, 1 of kind function, 0 of kind component, 0 of kind pathway"
    np.testing.assert_array_equal(known.vectors, VECTORS[[1, 3]])


def test_terms_vote_for_their_genes(known: KnownTerms) -> None:
    """Of a name with cosines .8 and .6, TP53 has the vote of apoptosis and BAX that of both; a term that is left out has none."""
    name = np.array([[0.8, 0.6, 0]], dtype=np.float32)
    share = 1 / (1 + math.exp((0.6 - 0.8) / TEMPERATURE))
    np.testing.assert_allclose(known.vote(name), [[0, share, 1]], rtol=1e-5)
    np.testing.assert_allclose(known.vote(name, without={"go:1"}), [[0, 0, 1]], rtol=1e-5)
    assert known.vote(name, without={"go:1", "go:2"}).tolist() == [[0, 0, 0]]


def test_votes_are_those_of_a_plain_loop() -> None:
    """Each term votes with exp(cosine / temperature) of the sum."""
    rng = np.random.default_rng(5)
    ties = sorted({(int(term), int(gene)) for term, gene in zip(rng.integers(8, size=40), rng.integers(10, size=40), strict=True)})
    vectors, names = unit(rng.standard_normal((8, 4))), unit(rng.standard_normal((5, 4)))
    known = KnownTerms([f"go:{n}" for n in range(8)], ["term"] * 8, ["process"] * 8, vectors, 10, np.array([term for term, _ in ties]), np.array([gene for _, gene in ties]))
    expected = np.zeros((5, 10))
    for place, name in enumerate(names):
        cosines = [float(name @ vector) for vector in vectors]
        total = sum(math.exp(cosine / TEMPERATURE) for cosine in cosines)
        for term, gene in ties:
            expected[place, gene] += math.exp(cosines[term] / TEMPERATURE) / total
    np.testing.assert_allclose(known.vote(names), expected, rtol=1e-4, atol=1e-7)


def test_votes_and_cosines_are_joined() -> None:
    """Logarithms of votes and half of the cosines, each with mean 0 and deviation 1 over the genes; what is the same for all genes says nothing."""
    cosines, votes = np.array([[0.1, 0.2, 0.3]], dtype=np.float32), np.array([[0.001, 0.01, 0.1]], dtype=np.float32)
    np.testing.assert_allclose(join_votes(cosines, votes), 1.5 * math.sqrt(1.5) * np.array([[-1, 0, 1]]), atol=1e-3)
    np.testing.assert_allclose(join_votes(cosines, np.zeros((1, 3), np.float32)), 0.5 * math.sqrt(1.5) * np.array([[-1, 0, 1]]), atol=1e-5)


def test_genes_are_ranked_by_votes(known: KnownTerms, tmp_path: Path) -> None:
    """Asked as a text, apoptosis gives its genes; asked as the concept, it has no vote and binding alone has, and its members are looked up."""
    as_text = rank_genes(tmp_path, VECTORS[1], by="votes")
    assert (as_text.symbols, as_text.auroc) == (["BAX", "TP53", "FBN1"], None)
    as_concept = rank_genes(tmp_path, VECTORS[1], curie="go:1", by="votes")
    assert as_concept.symbols == ["BAX", "FBN1", "TP53"] and as_concept.members.tolist() == [True, False, True]
    assert as_concept.scores[:2] == [pytest.approx(1), 0] and as_concept.auroc == 0.75
    joined = rank_genes(tmp_path, VECTORS[1], by="both")
    assert joined.symbols == ["BAX", "TP53", "FBN1"] and joined.scores == sorted(joined.scores, reverse=True)
