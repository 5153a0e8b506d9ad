"""A tiny space of twelve concepts whose neighbors can be read off a sheet of paper.

Vectors lie in three dimensions: the first for hearts, the second for statins and what they do, the third for breast cancer. Each is
given as whole numbers and scaled to unit norm, so a cosine is a fraction that can be worked by hand.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS
from generel.concepts.tables import MERGES, RELATIONS, SPACE_CONCEPTS
from generel.index.load import load_space
from generel.index.rankings_file import Rankings
from generel.index.write_space import write_space
from generel.query.calibration import calibrate

# CURIE, kind, name, synonyms, vector, number of relations.
CONCEPTS: tuple[tuple[str, str, str, tuple[str, ...], tuple[int, int, int], int], ...] = (
    ("dbsnp:rs4149056", "variant", "rs4149056", (), (0, 4, 0), 2),
    ("dbsnp:rs7903146", "variant", "rs7903146", (), (1, 1, 1), 1),
    ("hgnc:10959", "gene", "SLCO1B1", ("solute carrier organic anion transporter family member 1B1", "OATP1B1", "LST-1"), (0, 4, 1), 2),
    ("hgnc:1100", "gene", "BRCA1", ("BRCA1 DNA repair associated", "RNF53"), (0, 0, 4), 1),
    ("hgnc:1516", "gene", "CAT", ("catalase",), (1, 0, 3), 0),
    ("chebi:9150", "drug", "simvastatin", ("Zocor", "statin"), (1, 4, 0), 3),
    ("chebi:39548", "drug", "atorvastatin", ("Lipitor", "statin"), (2, 4, 0), 1),
    ("chebi:10033", "drug", "warfarin", ("Coumadin",), (3, 1, 0), 1),
    ("mondo:0005068", "disease", "myocardial infarction", ("heart attack", "MI"), (4, 1, 0), 2),
    ("mondo:0007254", "disease", "breast cancer", ("mammary carcinoma", "MI"), (0, 0, 1), 1),
    ("hp:0001658", "phenotype", "Myocardial infarction", ("Heart attack",), (4, 0, 0), 0),
    ("hp:0003326", "phenotype", "Myalgia", ("muscle pain",), (0, 3, -1), 1),
)
ALIASES = (
    ("disease", "omim:608446", "mondo:0005068"),
    ("drug", "drugbank:DB00641", "chebi:9150"),
    ("gene", "ncbigene:10599", "hgnc:10959"),
    ("gene", "omim:604843", "hgnc:10959"),
    ("disease", "omim:604843", "mondo:0007254"),
    ("gene", "ncbigene:999999", "hgnc:999999"),
)
EVIDENCE = (
    ("dbsnp:rs4149056", "affects_toxicity", "chebi:9150", "pharmgkb"),
    ("dbsnp:rs4149056", "variant_of_gene", "hgnc:10959", "pharmgkb"),
    ("chebi:9150", "targets", "hgnc:10959", "pharmgkb"),
    ("chebi:9150", "treats", "mondo:0005068", "cpic"),
    ("chebi:9150", "treats", "mondo:0005068", "pharmgkb"),
)
ENCODER_NOTE = "a stand-in for an encoder\n"


class WordEmbedder:
    """An embedder for these three dimensions: the first of its words that a text holds decides; any other text points at the corner."""

    WORDS = (("heart", (1, 0, 0)), ("muscle", (0, 1, 0)), ("breast", (0, 0, 1)))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), 3) float32, unit norm."""
        return unit([next((vector for word, vector in self.WORDS if word in text), (1, 1, 1)) for text in texts])


def unit(vectors: object) -> NDArray[np.float32]:
    """Rows scaled to unit norm, float32."""
    numbers = np.array(vectors, dtype=np.float64)
    return (numbers / np.linalg.norm(numbers, axis=1, keepdims=True)).astype(np.float32)


def world_concepts() -> pl.DataFrame:
    """SPACE_CONCEPTS of the world."""
    rows = [
        (row, curie, kind, name, list(synonyms), None, "by hand", n)
        for row, (curie, kind, name, synonyms, _, n) in enumerate(CONCEPTS)
    ]
    return pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row")


def world_vectors() -> NDArray[np.float32]:
    """(12, 3) float32, unit norm."""
    return unit([vector for *_, vector, _ in CONCEPTS])


def world_relations() -> pl.DataFrame:
    """RELATIONS of the world."""
    return pl.DataFrame([(*row, "1", "CC0-1.0", 1.0) for row in EVIDENCE], schema=RELATIONS.columns, orient="row")


def manifest_fields(name: str = "world") -> dict[str, object]:
    """What a release says of a space."""
    sources = [
        {"name": "pharmgkb", "title": "PharmGKB", "version": "1", "license": "CC-BY-SA-4.0", "citation": "Whirl-Carrillo 2021", "synthetic": False},
        {"name": "cpic", "title": "CPIC", "version": "2", "license": "CC0-1.0", "citation": "Relling 2011", "synthetic": False},
    ]
    return {
        "name": name, "created": "2026-11-21T00:00:00Z", "sources": sources, "figures": {"mrr": 0.5}, "build": "0" * 64,
        "encoder": {"name": "none"},
    }


def write_encoder(folder: Path) -> None:
    """One small file where a real space has its encoder."""
    (folder / "note.txt").write_text(ENCODER_NOTE)


def write_world(
    folder: Path, *, load: bool = True, vectors: NDArray[np.float32] | None = None, bias: NDArray[np.float32] | None = None,
    concepts: pl.DataFrame | None = None, relations: pl.DataFrame | None = None, rankings: Rankings | None = None,
    map: pl.DataFrame | None = None, **fields: object,
) -> Path:
    """A real space in `folder`, loaded unless `load` is false; `fields` go into its manifest. Gives `folder` back."""
    vectors = world_vectors() if vectors is None else vectors
    concepts = world_concepts() if concepts is None else concepts
    write_space(
        folder, concepts=concepts, aliases=pl.DataFrame(ALIASES, schema=MERGES.columns, orient="row"), vectors=vectors,
        bias=np.zeros((len(vectors), len(KINDS)), np.float32) if bias is None else bias,
        relations=world_relations() if relations is None else relations, rankings=rankings,
        calibration=calibrate(world_vectors(), world_concepts()["kind"].to_list()),
        manifest={**manifest_fields(folder.name), **fields}, encoder=write_encoder, map=map,
    )
    if load:
        load_space(folder)
    return folder
