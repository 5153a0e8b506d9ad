"""What is known about genes before any label: one block of numbers a view, row by row.

- text: the language model's reading of what is written about the gene, in the user's file or else in the space;
- words: TF-IDF of the same text, weighed as in all gene texts of the space;
- space: the gene's vector;
- ties: the concepts that the space's evidence ties it to, the rare ones counting more, in DIRECTIONS directions;
- expression: vectors that the user gives.

No view sees a label, so all may be made once for all folds. A gene that a view knows nothing of has a row of zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from generel.apps.gene_names import GeneNames, NamedGenes
from generel.apps.gene_properties.gene_vectors import read_gene_vectors
from generel.apps.gene_properties.heads import Features
from generel.apps.gene_text import LongTexts, read_gene_texts
from generel.concepts.errors import BadInput
from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import RELATIONS, SPACE_CONCEPTS, read_table
from generel.index.space_folder import CONCEPTS_FILE, RELATIONS_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile

TEXT, WORDS, SPACE, TIES, EXPRESSION = "text", "words", "space", "ties", "expression"
VIEWS = (TEXT, WORDS, SPACE, TIES)
DIRECTIONS = 128


@dataclass(frozen=True)
class Views:
    """Blocks of features of the same genes.

    Attributes:
        blocks: (genes, dims) by view.
        study: (genes,) how well studied each gene is: log of 1 + its ties, standardized over all genes of the space.
        texts: what the text views have read.
    """

    blocks: dict[str, Features]
    study: NDArray[np.float64]
    texts: list[str]

    def known(self, view: str) -> NDArray[np.bool_]:
        """(genes,) which genes the view knows anything of."""
        block = self.blocks[view]
        told: NDArray[np.bool_] = np.asarray(np.diff(block.indptr) > 0 if isinstance(block, csr_array) else block.any(axis=1))
        return told


class GeneKnowledge:
    """What a space, and a file of the user's, know about genes; read when it is asked for."""

    def __init__(self, folder: Path, *, home: Home, expression: Path | None = None) -> None:
        """Of the space in `folder`; `expression` is a file that `read_gene_vectors` reads."""
        self.folder, self.home, self.expression = folder, home, expression
        self.names = GeneNames.open(folder)

    def views(self, genes: Sequence[str], texts: Sequence[str], wanted: Sequence[str], *, where: str, progress: Progress = SILENT) -> tuple[Views, NamedGenes]:
        """The blocks of these genes, and what their names mean.

        Args:
            texts: what the user's file says about each gene; where it says nothing, the space's text is read.

        Raises:
            BadInput: no gene is in the space and there are no texts either.
        """
        named = self.names.find(genes)
        if not any(texts):
            named.require_some(where=where)
        read = [text or self._texts.get(int(row), "") for text, row in zip(texts, named.rows, strict=True)]
        blocks = {view: self._block(view, named, read, progress=progress) for view in wanted}
        return Views(blocks, np.where(named.known, self._study[named.rows], self._study.min()), read), named

    def _block(self, view: str, named: NamedGenes, texts: list[str], *, progress: Progress) -> Features:
        if view == TEXT:
            return self._encoder.read_once(texts, home=self.home, progress=progress)
        if view == WORDS:
            return self.read_texts(WORDS, texts)
        if view == SPACE:
            vectors = VectorsFile.open(self.folder / VECTORS_FILE).vectors
            return _rows(vectors, named)
        if view == TIES:
            return _rows(self._tie_directions, named)
        if self.expression is None:
            raise BadInput(f"the view '{EXPRESSION}' needs a file of gene vectors; give it with --expression")
        return read_gene_vectors(self.expression, self.names).of(named)

    def read_texts(self, view: str, texts: Sequence[str]) -> Features:
        """(texts, dims) the texts as one of the two views of text reads them; nothing is kept."""
        return csr_array(self._words.transform(texts)) if view == WORDS else self._encoder.read(texts)

    @cached_property
    def _encoder(self) -> LongTexts:
        return LongTexts.open(self.folder)

    @cached_property
    def _texts(self) -> dict[int, str]:
        return read_gene_texts(self.folder)

    @cached_property
    def _words(self) -> TfidfVectorizer:
        return TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32).fit(self._texts.values())

    @cached_property
    def _ties(self) -> csr_array:
        """(n_concepts, n_concepts) rows of genes, unit norm: the concepts each is tied to, weighed by log(genes / genes tied to it)."""
        concepts = read_table(self.folder / CONCEPTS_FILE, SPACE_CONCEPTS)
        rows = dict(concepts.select("curie", "row").iter_rows())
        genes = concepts.filter(kind="gene")
        relations = read_table(self.folder / RELATIONS_FILE, RELATIONS).select("subject", "object")
        both_ways = pl.concat([relations, relations.select(subject="object", object="subject")]).unique()
        own = both_ways.filter(pl.col("subject").is_in(genes["curie"].implode()))
        at = [np.array([rows[curie] for curie in own[column]], dtype=np.int64) for column in ("subject", "object")]
        ties = csr_array((np.ones(own.height, np.float32), (at[0], at[1])), shape=(concepts.height, concepts.height))
        weights = np.log(np.maximum(genes.height / np.maximum(np.bincount(at[1], minlength=concepts.height), 1), 1))
        return csr_array(normalize(ties @ diags_array(weights.astype(np.float32), dtype=np.float32).tocsr()))

    @cached_property
    def _tie_directions(self) -> NDArray[np.float32]:
        """(n_concepts, at most DIRECTIONS) unit norm, zeros for what is no gene or has no tie."""
        genes = np.array(sorted(self.names.symbols), dtype=np.int64)
        found = np.zeros((self._ties.shape[0], min(DIRECTIONS, len(genes) - 1)), dtype=np.float32)
        found[genes] = normalize(TruncatedSVD(found.shape[1], random_state=0).fit_transform(self._ties[genes]))
        return found

    @cached_property
    def _study(self) -> NDArray[np.float64]:
        """(n_concepts,)"""
        counted = np.log1p(np.diff(self._ties.indptr).astype(np.float64))
        of_genes = counted[list(self.names.symbols)]
        return (counted - of_genes.mean()) / max(float(of_genes.std()), 1e-6)


def _rows(vectors: NDArray[np.float32], named: NamedGenes) -> NDArray[np.float32]:
    """(genes, dims) zeros where a name has no gene."""
    found = np.zeros((len(named.rows), vectors.shape[1]), dtype=np.float32)
    found[named.known] = vectors[named.rows[named.known]]
    return found
