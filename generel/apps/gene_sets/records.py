"""What the gene-set model answers. Every record is frozen and holds plain values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gene:
    """A gene of the model: its CURIE (its symbol where the model was trained without a space) and its symbol."""

    curie: str
    symbol: str


@dataclass(frozen=True)
class GeneSet:
    """A set that lies beside the model.

    Attributes:
        library: it is of.
        set: its CURIE, or what its library calls it.
        name: as people read it.
        n_genes: of the model's genes.
        auroc, average_precision: of its hidden half, by a model that had not seen its library; None where that was not measured.
    """

    library: str
    set: str
    name: str
    n_genes: int
    auroc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class LibraryFigures:
    """How well a model that had not seen the library completes its sets: means over `n_sets`; None where that was not measured."""

    library: str
    n_sets: int
    auroc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class Completion:
    """A gene that completes a list.

    Attributes:
        rank: 1 for the best.
        score: standard deviations above the mean of all genes' scores for this list.
        percentile: share, in percent, of the genes not in the list that score lower.
    """

    gene: Gene
    rank: int
    score: float
    percentile: float


@dataclass(frozen=True)
class SimilarSet:
    """A set like a list.

    Attributes:
        cosine: of the two sets' vectors.
        n_shared: genes of the list that are in the set.
        jaccard: genes in both over genes in either.
    """

    gene_set: GeneSet
    rank: int
    cosine: float
    n_shared: int
    jaccard: float


@dataclass(frozen=True)
class Annotation:
    """A set that a gene is predicted to belong to.

    Attributes:
        known: whether the set has the gene already; its score then knows of it.
        score: of the gene for the set's members, in standard deviations above the mean of all genes.
        percentile: share, in percent, of the genes that score lower for this set.
        figures: of the set's library.
    """

    gene: Gene
    gene_set: GeneSet
    rank: int
    known: bool
    score: float
    percentile: float
    figures: LibraryFigures


@dataclass(frozen=True)
class Enrichment:
    """A set that a list has more genes of than chance would give it.

    Attributes:
        n_shared, n_set, n_list, n_background: genes in both, in the set, in the list, and in the background; all counted inside the background.
        odds_ratio: of the two-by-two table; infinite where the list has no gene outside the set, or the set none outside the list.
        p_value: of Fisher's exact test, one-sided: so many shared genes or more.
        fdr: Benjamini and Hochberg's, among all sets of the library that were tested.
        cosine: of the set's vector and the list's, by the model.
        genes: the shared ones' symbols.
    """

    gene_set: GeneSet
    n_shared: int
    n_set: int
    n_list: int
    n_background: int
    odds_ratio: float
    p_value: float
    fdr: float
    cosine: float
    genes: tuple[str, ...]
