"""A gene-set model to ask: complete a list, embed it, find sets like it, annotate a gene, test a list for enrichment.

Genes are given as symbols, former symbols, HGNC, NCBI Gene or Ensembl identifiers. A name that means no gene of the model is left out and
reported by `find`; a list of which nothing is left is refused. The one thing to get wrong: the model has seen the sets that lie
beside it, so a known member scores high by itself; what its scores are worth on sets it has *not* seen is said by the figures of each
set and library, measured by a model that was trained without that library.
"""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np

from generel.apps.gene_names import GeneNames, NamedGenes
from generel.apps.gene_sets.enrichment import check_background, exact_p_values, false_discovery_rates, odds_ratios
from generel.apps.gene_sets.model_folder import ModelParts, find_model, read_model
from generel.apps.gene_sets.network import Floats, Network, Rows
from generel.apps.gene_sets.records import Annotation, Completion, Enrichment, Gene, LibraryFigures, SimilarSet
from generel.apps.gene_sets.ridge import Ridge
from generel.apps.gene_sets.sets import Marks, Numbers, StoredSets
from generel.concepts.errors import BadInput, Corrupt
from generel.index.store import NO_ROW

Genes = Iterable[str] | NamedGenes


class GeneSetModel:
    """A trained model; use `open`."""

    def __init__(self, parts: ModelParts) -> None:
        """Of all its parts.

        Raises:
            Corrupt: tensors are missing, or do not belong together.
        """
        try:
            self.network, self.sets = Network.from_tensors(parts.network), StoredSets(parts.sets, parts.members)
            self.ridge = Ridge.from_tensors(parts.network)
        except KeyError as error:
            raise Corrupt(f"the gene-set model lacks the tensor {error}; train it again or copy it anew") from error
        n_genes = {parts.concepts.height, self.network.n_genes, *([self.ridge.n_genes] if self.ridge else [])}
        if len(n_genes) > 1 or len(self.sets.vectors) != len(self.sets):
            raise Corrupt("the tables and tensors of the gene-set model do not belong together; train it again or copy it anew")
        self.manifest, self.names = parts.manifest, GeneNames(parts.concepts, parts.aliases)
        self._genes = [Gene(*row) for row in parts.concepts.select("curie", "name").iter_rows()]

    @classmethod
    def open(cls, model: str | Path | None = None) -> Self:
        """The model of that name, in GENEREL_HOME/gene_sets, or path; None for `GENEREL_GENE_SETS`, else the only one there is.

        Raises:
            NotThere: there is none, or several and none is named.
            Corrupt, BadTable: it cannot be read, or was written by another version.
        """
        return cls(read_model(find_model(model)))

    @property
    def libraries(self) -> dict[str, LibraryFigures]:
        """The libraries whose sets lie beside the model, with their held-out figures."""
        return self.sets.libraries

    @property
    def n_genes(self) -> int:
        return len(self._genes)

    def find(self, genes: Iterable[str], *, where: str = "the list") -> NamedGenes:
        """What the names mean; pass it on in the place of the names to look them up only once.

        Raises:
            BadInput: none of them means a gene of the model, or there are none.
        """
        found = self.names.find(genes)
        found.require_some(where=where)
        return found

    def gene(self, name: str) -> Gene:
        """The gene that a name means.

        Raises:
            BadInput: it means none of the model.
        """
        return self._genes[int(self.find([name], where=f"the query '{name}'").rows[0])]

    def embed(self, genes: Genes) -> Floats:
        """(dims,) float32, unit norm: the list's vector."""
        return self.network.encode([self._rows(genes)])[0]

    def complete(self, genes: Genes, k: int = 10) -> list[Completion]:
        """The k genes that the list lacks most, by the network and, where the model has it, the regression on terms; ties by their order in the model."""
        rows = self._rows(genes)
        scores = self.network.score(self.network.encode([rows]))[0]
        scores = scores if self.ridge is None else scores + self.ridge.score(rows)
        others = np.setdiff1d(np.arange(self.n_genes), rows)
        best = others[np.argsort(-scores[others], kind="stable")[: _check_k(k)]]
        standard = (scores - scores.mean()) / max(float(scores.std()), np.finfo(np.float32).tiny)
        ascending = np.sort(scores[others])
        lower = np.searchsorted(ascending, scores[best], "left") / len(others) * 100
        return [Completion(self._genes[row], rank, float(standard[row]), float(share)) for rank, (row, share) in enumerate(zip(best, lower, strict=True), 1)]

    def similar(self, genes: Genes, k: int = 10, *, libraries: Collection[str] | None = None) -> list[SimilarSet]:
        """The k sets whose vectors are nearest to the list's, best first."""
        rows, numbers = self._rows(genes), self.sets.select(libraries)
        cosines = self.sets.vectors[numbers] @ self.network.encode([rows])[0]
        order = np.argsort(-cosines, kind="stable")[: _check_k(k)]
        shared, sizes = self.sets.sizes(self._marks(rows)), self.sets.sizes(np.ones(self.n_genes, np.bool_))
        found = zip(self.sets.records(numbers[order]), numbers[order], cosines[order], strict=True)
        return [
            SimilarSet(each, rank, min(float(cosine), 1.0), int(shared[number]), float(shared[number] / (sizes[number] + len(rows) - shared[number])))
            for rank, (each, number, cosine) in enumerate(found, 1)
        ]

    def annotate(self, gene: str, k: int = 10, *, libraries: Collection[str] | None = None, only_new: bool = False) -> list[Annotation]:
        """The k sets that the gene most likely belongs to, best first.

        Args:
            only_new: leave out the sets that have the gene already.

        Raises:
            BadInput: the name means no gene of the model, or a library is not there.
        """
        row = int(self.find([gene], where=f"the query '{gene}'").rows[0])
        known = self.sets.sizes(self._marks(np.array([row], np.int32))) > 0
        numbers = self.sets.select(libraries)
        numbers = numbers[~known[numbers]] if only_new else numbers
        raw = self.network.score_of(self.sets.vectors[numbers], row)
        standard = (raw - self.sets.means[numbers]) / self.sets.deviations[numbers]
        order = np.argsort(-standard, kind="stable")[: _check_k(k)]
        lower = self._shares_below(numbers[order], row)
        found = zip(self.sets.records(numbers[order]), numbers[order], standard[order], lower, strict=True)
        return [
            Annotation(self._genes[row], each, rank, bool(known[number]), float(score), float(share), self.libraries[each.library])
            for rank, (each, number, score, share) in enumerate(found, 1)
        ]

    def enrich(self, genes: Genes, *, background: Genes | None = None, libraries: Collection[str] | None = None, minimum: int = 5) -> list[Enrichment]:
        """Every set with a gene of the list, most enriched first: by p-value, then by the shared genes, then by the set.

        The false discovery rate is over all sets of a library that were tested: those with at least `minimum` genes in the
        background, whether or not the list has one of them.

        Args:
            background: the genes that could have been in the list; None for all of the model. The list is cut to it.

        Raises:
            BadInput: the background leaves nothing to test, or a library is not there.
            MissingExtra: scipy is not installed.
        """
        rows = self._rows(genes)
        within = np.ones(self.n_genes, np.bool_) if background is None else self._marks(self._rows(background, where="the background"))
        listed = self._marks(rows) & within
        n_list, n_background = int(listed.sum()), int(within.sum())
        check_background(n_list, n_background)
        sizes, shared = self.sets.sizes(within), self.sets.sizes(listed)
        numbers = self.sets.select(libraries)
        numbers = numbers[sizes[numbers] >= minimum]
        counted = {"n_list": n_list, "n_background": n_background}
        p_values = exact_p_values(shared[numbers], sizes[numbers], **counted)
        rates, odds = self._rates(numbers, p_values), odds_ratios(shared[numbers], sizes[numbers], **counted)
        cosines = self.sets.vectors[numbers] @ self.network.encode([np.flatnonzero(listed).astype(np.int32)])[0]
        order = [int(place) for place in np.lexsort((numbers, -shared[numbers], p_values)) if shared[numbers[place]]]
        return [
            Enrichment(
                each, int(shared[numbers[place]]), int(sizes[numbers[place]]), n_list, n_background, float(odds[place]), float(p_values[place]),
                float(rates[place]), min(float(cosines[place]), 1.0), self._shared_symbols(int(numbers[place]), listed),
            )
            for place, each in zip(order, self.sets.records(numbers[order]), strict=True)
        ]

    def _rows(self, genes: Genes, *, where: str = "the list") -> Rows:
        """The genes' rows, each once, ascending."""
        found = genes if isinstance(genes, NamedGenes) else self.find(genes, where=where)
        found.require_some(where=where)
        return np.unique(found.rows[found.rows != NO_ROW]).astype(np.int32)

    def _marks(self, rows: Rows) -> Marks:
        marks = np.zeros(self.n_genes, np.bool_)
        marks[rows] = True
        return marks

    def _shares_below(self, numbers: Numbers, row: int) -> Floats:
        """(n,) percentage of all other genes that score lower than this one for each set."""
        scores = self.network.score(self.sets.vectors[numbers])
        return (scores < scores[:, row : row + 1]).sum(axis=1) / max(self.n_genes - 1, 1) * 100

    def _rates(self, numbers: Numbers, p_values: Any) -> Any:
        rates = np.empty(len(numbers))
        for library in self.libraries:
            places = np.flatnonzero(np.isin(numbers, self.sets.select([library])))
            rates[places] = false_discovery_rates(p_values[places])
        return rates

    def _shared_symbols(self, number: int, listed: Marks) -> tuple[str, ...]:
        return tuple(self._genes[row].symbol for row in self.sets.members_of(number) if listed[row])


def _check_k(k: int) -> int:
    if k < 1:
        raise BadInput(f"k is {k}; it must be at least 1")
    return k
