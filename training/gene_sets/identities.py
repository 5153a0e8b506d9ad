"""Which genes there are, what they are called and what is written of them: from a space, or from a build."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.gene_names import GeneNames
from generel.concepts.kinds import Kind
from generel.concepts.tables import MERGES, SPACE_CONCEPTS, read_table
from generel.index.space_folder import ALIASES_FILE, CONCEPTS_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile
from kg.build import Build
from training.gene_sets.profiles import text_blocks


@dataclass(frozen=True)
class Identities:
    """Genes.

    Attributes:
        concepts, aliases: SPACE_CONCEPTS and MERGES of genes alone; rows are those of the space, or count up from 0.
        vectors: (rows of the space, dims) float32, unit norm; None where they come from a build.
    """

    concepts: pl.DataFrame
    aliases: pl.DataFrame
    vectors: NDArray[np.float32] | None = None

    @cached_property
    def names(self) -> GeneNames:
        return GeneNames(self.concepts, self.aliases)

    @cached_property
    def terms(self) -> dict[str, csr_array]:
        """The terms of their summaries, names and symbols, see `text_blocks`; read once, however many networks are trained on them."""
        return text_blocks(self.concepts)

    @cached_property
    def curies(self) -> dict[int, str]:
        """The CURIE of each row."""
        return dict(self.concepts.select("row", "curie").iter_rows())

    def of(self, genes: list[str]) -> "Identities":
        """These genes alone, rows counted in their order; a gene without a CURIE here is called as it is.

        Args:
            genes: CURIEs or names, each once.
        """
        wanted = pl.DataFrame({"curie": genes}, schema={"curie": pl.String}).with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
        joined = wanted.join(self.concepts.drop("row"), on="curie", how="left", maintain_order="left").rename({"place": "row"})
        filled = joined.with_columns(
            pl.col("kind").fill_null(Kind.GENE.value), pl.col("name").fill_null(pl.col("curie")), pl.col("synonyms").fill_null([]),
            pl.col("source").fill_null("the gene sets"), pl.col("n_relations").fill_null(0),
        )
        vectors = None
        if self.vectors is not None:
            rows = {curie: row for row, curie in self.curies.items()}
            vectors = self.vectors[[rows[gene] for gene in genes]]
        return Identities(filled.select(*SPACE_CONCEPTS.columns), self.aliases.filter(pl.col("curie").is_in(genes)), vectors)


NOBODY = Identities(SPACE_CONCEPTS.empty(), MERGES.empty())


def identities_of_space(folder: Path) -> Identities:
    """The genes of the space in the folder, with their vectors.

    Raises:
        NotThere, Corrupt, BadTable: its files cannot be read.
    """
    concepts = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS).filter(kind=Kind.GENE.value)
    aliases = read_table(folder / ALIASES_FILE, MERGES).filter(kind=Kind.GENE.value)
    return Identities(concepts, aliases, VectorsFile.open(folder / VECTORS_FILE).vectors)


def identities_of_build(build: Build) -> Identities:
    """The genes of a build; of those that several sources describe, the one that has a definition, then the first source."""
    genes = build.concepts.filter(kind=Kind.GENE.value).sort("curie", pl.col("definition").is_null(), "source")
    genes = genes.unique("curie", keep="first", maintain_order=True).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64), n_relations=pl.lit(0, pl.Int64))
    return Identities(genes.select(*SPACE_CONCEPTS.columns), build.merges.filter(kind=Kind.GENE.value))
