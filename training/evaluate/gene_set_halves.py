"""Half of a gene set is hidden: how high does a method rank the hidden genes, given the others?

All genes of the universe that are not shown are ranked by their cosine with the mean vector of the shown half. What a method knows must
not come from the library that is asked about: `memberships` and `popularity` are made of *other* libraries. Genes that hardly anybody studies
are in no set; a universe that has them makes every method look better, so it is named in the note.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from sklearn.preprocessing import normalize

from generel.concepts.errors import BadTable
from generel.concepts.progress import SILENT, Progress
from training.evaluate.bootstrap import mean_interval
from training.evaluate.measures import Measure
from training.evaluate.metrics import Reals
from training.evaluate.pair_figures import Flags
from training.evaluate.split import Numbers

PROTOCOL = "gene-set halves"
METRICS = ("AUROC", "AP")
Floats = NDArray[np.float32]
# (genes, dims) unit norm or zero, dense or sparse; (genes,) scores that are the same for every set; or what gives (sets, genes) scores
# for the (sets, genes) shown members, to keep.
Method: TypeAlias = Floats | csr_array | Callable[[csr_array], Floats]
# Scores held at once: 64 MB, and a sorted copy.
CELLS = 16_000_000
# A group of fewer sets gives an interval that says nothing.
LEAST_SETS = 50


@dataclass(frozen=True)
class GeneSets:
    """The sets that are asked about.

    Attributes:
        library: they are of.
        genes: the universe, in ascending order.
        sets: names, in ascending order.
        members: (number of sets, genes) 1 where the gene is in the set.
    """

    library: str
    genes: list[str]
    sets: list[str]
    members: csr_array


class Half(NamedTuple):
    """One shuffle of all sets: shown and hidden members, each (number of sets, genes)."""

    shown: csr_array
    hidden: csr_array


def select_sets(gene_sets: pl.DataFrame, *, library: str, minimum: int, genes: Sequence[str] | None = None) -> GeneSets:
    """The library's sets with at least so many genes of the universe.

    Args:
        gene_sets: GENE_SETS; a gene that several sources put into a set counts once.
        genes: the universe; None for the genes that any library has.

    Raises:
        BadTable: the library has no such set.
    """
    universe = sorted(set(gene_sets["gene"]) if genes is None else set(genes))
    rows = _of(gene_sets, [library]).filter(pl.col("gene").is_in(universe))
    rows = rows.filter(pl.len().over("set") >= minimum).sort("set", "gene")
    if rows.is_empty():
        known = ", ".join(sorted(set(gene_sets["library"])))
        raise BadTable(f"the library '{library}' has no set of {minimum} genes or more; the libraries are {known}")
    members, names = _known(rows, libraries=[library], genes=universe)
    return GeneSets(library, universe, names["set"].to_list(), csr_array(members.T))


def memberships(gene_sets: pl.DataFrame, *, libraries: Sequence[str], genes: Sequence[str], weighted: bool) -> csr_array:
    """(genes, sets of these libraries) unit norm: which sets a gene is in.

    Args:
        weighted: whether a set weighs log((1 + genes) / (1 + its genes)) + 1, as a word does in TF-IDF; else all weigh alike.
    """
    matrix, _ = _known(gene_sets, libraries=libraries, genes=genes)
    if weighted:
        weights = np.log((1 + len(genes)) / (1 + np.bincount(matrix.indices, minlength=matrix.shape[1]))) + 1
        matrix = csr_array(matrix @ diags_array(weights.astype(np.float32), dtype=np.float32))
    return csr_array(normalize(matrix)) if matrix.shape[1] else matrix


def find_twins(sets: GeneSets, gene_sets: pl.DataFrame, *, libraries: Sequence[str], overlap: float) -> pl.DataFrame:
    """`library, set` of these libraries that nearly are a set that is asked about, and so give its hidden half away.

    Args:
        overlap: genes in both over genes in either, from which on two sets are twins.
    """
    known, names = _known(gene_sets, libraries=libraries, genes=sets.genes)
    both = (sets.members @ known).tocoo()
    either = sets.members.sum(axis=1)[both.row] + known.sum(axis=0)[both.col] - both.data
    return names[np.unique(both.col[both.data / either >= overlap])]


def popularity(gene_sets: pl.DataFrame, *, libraries: Sequence[str], genes: Sequence[str]) -> Floats:
    """(genes,) in how many sets of these libraries each gene is."""
    counts = dict(_of(gene_sets, libraries).group_by("gene").len().rows())
    return np.array([counts.get(gene, 0) for gene in genes], dtype=np.float32)


def sets_by(sets: GeneSets, annotations: Numbers) -> dict[str, Flags]:
    """(number of sets,) which are sets of well-studied genes, by the middle one of their genes, and which have few, some and many genes.

    Args:
        annotations: (genes,) how much each gene has been studied.
    """
    members = sets.members
    middle = np.array([np.median(annotations[members.indices[start:end]]) for start, end in pairwise(members.indptr)])
    sizes, well = np.diff(members.indptr), middle >= np.median(middle)
    by_size = {f"sets of {low} to {high} genes": (sizes >= low) & (sizes <= high) for low, high in ((2, 19), (20, 49))}
    return {"genes well studied": well, "genes less studied": ~well, **by_size, "sets of 50 genes or more": sizes >= 50}


def measure_halves(
    sets: GeneSets, methods: Mapping[str, Method], *, shuffles: int, resamples: int, seed: int, groups: Mapping[str, Flags] | None = None,
    progress: Progress = SILENT,
) -> list[Measure]:
    """AUROC and average precision of the hidden genes among all that are not shown, for each method.

    A set's figure is its mean over the shuffles, the table's the mean over sets; the interval is over sets, as if no two shared genes.
    Of all sets, then of each group that has enough.

    Args:
        methods: by name, with rows in the order of `sets.genes`.
        shuffles: how often each set is cut in halves anew.
        groups: (number of sets,) membership in each group, by its name.
    """
    parts = {sets.library: np.ones(len(sets.sets), dtype=np.bool_)}
    parts |= {f"{sets.library}, {name}": inside for name, inside in (groups or {}).items() if inside.sum() >= LEAST_SETS}
    halves = [cut_in_halves(sets.members, seed=seed + shuffle) for shuffle in range(shuffles)]
    note = f"{len(sets.genes):,} genes are ranked; mean over {shuffles} shuffles, interval over sets"
    measures = []
    with progress.task(f"Complete gene sets of {sets.library}", total=len(methods) * shuffles) as advance:
        for name, method in methods.items():
            figures = np.zeros((len(sets.sets), len(METRICS)))
            for half in halves:
                figures += rank_hidden(method, half) / shuffles
                advance(1)
            measures += [
                Measure(PROTOCOL, about, name, metric, int(inside.sum()), mean_interval(column[inside], resamples=resamples, seed=seed), note=note)
                for about, inside in parts.items() for metric, column in zip(METRICS, figures.T, strict=True)
            ]
    return measures


def cut_in_halves(members: csr_array, *, seed: int) -> Half:
    """Each set's genes in two random halves; of an odd number the larger half is shown."""
    lines = np.repeat(np.arange(members.shape[0]), np.diff(members.indptr))
    order = np.lexsort((np.random.default_rng(seed).random(len(lines)), lines))
    place = np.empty(len(lines), dtype=np.int64)
    place[order] = np.arange(len(lines)) - members.indptr[lines]
    shown = place < (np.diff(members.indptr)[lines] + 1) // 2
    return Half(*(_cells(lines[part], members.indices[part], shape=members.shape) for part in (shown, ~shown)))


def rank_hidden(method: Method, half: Half) -> Reals:
    """(number of sets, 2) AUROC and average precision of each set's hidden genes.

    Raises:
        ValueError: a score is not a number.
    """
    n_sets, n_genes = half.shown.shape
    size = max(1, CELLS // n_genes)
    figures = np.empty((n_sets, len(METRICS)))
    for start in range(0, n_sets, size):
        shown, hidden = half.shown[start : start + size], half.hidden[start : start + size]
        scores = _scores(method, shown)
        if np.isnan(scores).any():
            raise ValueError("a method gave a score that is not a number")
        scores[shown.nonzero()] = -np.inf
        ascending = np.sort(scores, axis=1)
        for line in range(len(scores)):
            own = slice(*hidden.indptr[line : line + 2])
            n_shown = int(shown.indptr[line + 1] - shown.indptr[line])
            figures[start + line] = figures_of_ranking(ascending[line, n_shown:], scores[line, hidden.indices[own]])
    return figures


def figures_of_ranking(ascending: Floats, found: Floats) -> tuple[float, float]:
    """AUROC and average precision of the scores `found` among all, which are in ascending order and have the found ones among them.

    Ties count half in the one, and are taken together in the other. AUROC is .5 where nothing else is ranked.
    """
    found = np.sort(found)[::-1]
    n, n_found = len(ascending), len(found)
    below = np.searchsorted(ascending, found, "left")
    not_above = np.searchsorted(ascending, found, "right")
    others = n - n_found
    ranks = float((below + not_above + 1).sum()) / 2
    area = (ranks - n_found * (n_found + 1) / 2) / (n_found * others) if others else 0.5
    # How many found ones have at least the score of each: those tied with it count too.
    correct = np.searchsorted(-found, -found, "right")
    return area, float((correct / (n - below)).mean())


def _scores(method: Method, shown: csr_array) -> Floats:
    """(sets, genes) score of each gene; written into by the caller."""
    if callable(method):
        return method(shown)
    if isinstance(method, np.ndarray) and method.ndim == 1:
        return np.repeat(method[None, :].astype(np.float32), shown.shape[0], axis=0)
    if isinstance(method, np.ndarray):
        means: Floats = shown @ method
        return means @ method.T
    # Sparse times dense adds up a gene's memberships in their order: genes of the same ones tie exactly.
    return np.ascontiguousarray((method @ (shown @ method).toarray().T).T)


def _of(gene_sets: pl.DataFrame, libraries: Sequence[str]) -> pl.DataFrame:
    return gene_sets.filter(pl.col("library").is_in(list(libraries))).select("library", "set", "gene").unique()


def _known(gene_sets: pl.DataFrame, *, libraries: Sequence[str], genes: Sequence[str]) -> tuple[csr_array, pl.DataFrame]:
    """(genes, sets) 1 where a gene is in a set, and the sets as `library, set`, in that order."""
    rows = _of(gene_sets, libraries).filter(pl.col("gene").is_in(list(genes)))
    names = rows.select("library", "set").unique().sort("library", "set")
    cells = rows.join(names.with_row_index("column"), on=["library", "set"])
    place = {gene: line for line, gene in enumerate(genes)}
    lines = np.array([place[gene] for gene in cells["gene"]], dtype=np.int64)
    return _cells(lines, cells["column"].to_numpy().astype(np.int64), shape=(len(genes), names.height)), names


def _cells(lines: Numbers, columns: Numbers, *, shape: tuple[int, int]) -> csr_array:
    matrix = coo_array((np.ones(len(lines), dtype=np.float32), (lines, columns)), shape=shape).tocsr()
    matrix.sort_indices()
    return matrix
