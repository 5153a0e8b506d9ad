"""Made-up libraries of gene sets whose structure can be seen: forty genes in four families of ten, sets are drawn within a family.

Genes are called `A0` to `A9`, `B0` to `B9` and so on; a set of a library has seven of a family.
"""

from pathlib import Path

import numpy as np
import polars as pl

from generel.concepts.tables import MERGES, SPACE_CONCEPTS
from training.gene_sets.identities import Identities
from training.gene_sets.settings import Settings

FAMILIES = "ABCD"
LIBRARIES = ("first", "second", "third")
TINY = Settings(dims=8, hidden=8, profile_dims=8, batch=16, passes=12, minimum=3, negatives=20, targets=4, checks=4, patience=4, shuffles=2, held_out=0.1, seed=7)


def write_libraries(folder: Path, *, n_sets: int = 24) -> list[Path]:
    """The three GMT files."""
    rng = np.random.default_rng(5)
    paths = []
    for library in LIBRARIES:
        lines = []
        for number in range(n_sets):
            family = FAMILIES[number % len(FAMILIES)]
            genes = [f"{family}{place}" for place in rng.choice(10, 7, replace=False)]
            lines.append("\t".join([f"{library} {family} {number}", "", *genes]))
        paths.append(folder / f"{library}.gmt")
        paths[-1].write_text("\n".join(lines) + "\n")
    return paths


def identities() -> Identities:
    """The forty genes as concepts; A0 was once called OLD0, and is NCBI's 100 and Ensembl's ENSG00000000100."""
    names = [f"{family}{place}" for family in FAMILIES for place in range(10)]
    rows = [(row, f"hgnc:{row + 1}", "gene", name, ["OLD0"] if name == "A0" else [], None, "by hand", 0) for row, name in enumerate(names)]
    aliases = [("gene", "ncbigene:100", "hgnc:1"), ("gene", "ensembl:ENSG00000000100", "hgnc:1")]
    return Identities(pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row"), pl.DataFrame(aliases, schema=MERGES.columns, orient="row"))
