"""A space of nine genes, three diseases and two cell types in three dimensions: the first for T cells, the second for B cells, the third for hearts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS
from generel.concepts.tables import MERGES, RELATIONS, SPACE_CONCEPTS
from generel.index.load import load_space
from generel.index.space_folder import ENCODER
from generel.index.write_space import write_space
from generel.model.encoder_folder import LANGUAGE_MODEL
from generel.query.calibration import calibrate
from tests.tiny_bert import make_tiny_bert
from tests.worlds import unit

# CURIE, kind, name, synonyms, definition, vector.
CONCEPTS: tuple[tuple[str, str, str, tuple[str, ...], str | None, tuple[int, int, int]], ...] = (
    ("hgnc:1673", "gene", "CD3D", ("CD3d molecule",), "A gene of the T cell receptor.", (4, 0, 0)),
    ("hgnc:1674", "gene", "CD3E", ("CD3e molecule",), "A gene of the T cell receptor and of heart.", (4, 1, 0)),
    ("hgnc:7315", "gene", "MS4A1", ("CD20",), "A gene of B cell.", (0, 4, 0)),
    ("hgnc:1698", "gene", "CD79A", (), None, (1, 4, 0)),
    ("hgnc:12403", "gene", "TTN", ("titin",), "A protein of muscle and heart.", (0, 0, 4)),
    ("hgnc:2843", "gene", "DES", (), "A protein of muscle.", (0, 1, 4)),
    ("hgnc:26077", "gene", "MARCHF1", ("MARCH1",), None, (1, 1, 1)),
    ("hgnc:7729", "gene", "SEPTIN2", ("SEPT2",), None, (1, 1, 2)),
    ("hgnc:15848", "gene", "SEPTIN6", ("SEPT2", "SEPT6"), None, (1, 2, 1)),
    ("mondo:0005015", "disease", "T cell leukemia", (), None, (4, 0, 1)),
    ("mondo:0004992", "disease", "lymphoma of B cells", (), None, (0, 4, 1)),
    ("mondo:0004994", "disease", "cardiomyopathy", (), None, (0, 0, 4)),
    ("cl:0000084", "anatomy", "T cell", (), None, (4, 0, 0)),
    ("cl:0000236", "anatomy", "B cell", (), None, (0, 4, 0)),
)
ALIASES = (
    ("gene", "ensembl:ENSG00000167286", "hgnc:1673"),
    ("gene", "ncbigene:915", "hgnc:1673"),
    ("gene", "ncbigene:7273", "hgnc:12403"),
)
EVIDENCE = (
    ("hgnc:12403", "gene_of_disease", "mondo:0004994"),
    ("hgnc:2843", "gene_of_disease", "mondo:0004994"),
    ("hgnc:7315", "gene_associated_with", "mondo:0004992"),
    ("hgnc:1673", "gene_associated_with", "mondo:0005015"),
)
ROWS = {name: row for row, (_, _, name, *_) in enumerate(CONCEPTS)}


def gene_concepts() -> pl.DataFrame:
    """SPACE_CONCEPTS of the world."""
    rows = [(row, curie, kind, name, list(synonyms), text, "by hand", 1) for row, (curie, kind, name, synonyms, text, _) in enumerate(CONCEPTS)]
    return pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row")


def gene_aliases() -> pl.DataFrame:
    """MERGES of the world."""
    return pl.DataFrame(ALIASES, schema=MERGES.columns, orient="row")


def gene_vectors(names: Sequence[str]) -> NDArray[np.float32]:
    """(names, 3) unit norm, zeros for what is none of the world."""
    vectors = unit([vector for *_, vector in CONCEPTS])
    return np.array([vectors[ROWS[name]] if name in ROWS else np.zeros(3) for name in names], dtype=np.float32)


def write_gene_world(folder: Path) -> Path:
    """A real space in `folder`, loaded, with an untrained language model; gives `folder` back."""
    vectors = unit([vector for *_, vector in CONCEPTS])
    concepts = gene_concepts()
    evidence = [(*row, "by hand", "1", "CC0-1.0", 1.0) for row in EVIDENCE]
    manifest = {"name": folder.name, "created": "2026-11-21T00:00:00Z", "sources": [], "figures": {}, "build": "0" * 64, "encoder": {"name": "tiny"}}
    write_space(
        folder, concepts=concepts, aliases=gene_aliases(), vectors=vectors, bias=np.zeros((len(vectors), len(KINDS)), np.float32),
        relations=pl.DataFrame(evidence, schema=RELATIONS.columns, orient="row"), calibration=calibrate(vectors, concepts["kind"].to_list()), manifest=manifest,
        encoder=lambda path: make_tiny_bert(path / LANGUAGE_MODEL) and None,
    )
    assert (folder / ENCODER / LANGUAGE_MODEL).is_dir()
    load_space(folder)
    return folder
