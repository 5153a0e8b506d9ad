"""/v1/genesets and /v1/genes: completing a list of genes, and what a gene is predicted to do, with how far to trust it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from generel.concepts.errors import UnknownConcept
from generel.service.asking import Record, answer, as_table, check_batch, flatten
from generel.service.gene_answers import CompletedSet, Function, GenePage, LibraryFunctions
from generel.service.lanes import Lane
from generel.service.questions import LONGEST_QUERY, GeneQuestion, GenesQuestion
from generel.service.routes.responses import PROBLEMS, WITH_TABLE
from generel.service.served_space import ServedSpace

if TYPE_CHECKING:
    from generel.apps.gene_sets import GeneSetModel

COLUMNS = ("library", "rank", "set", "name", "score", "percentile", "known", "n_genes", "auroc", "average_precision", "library_auroc", "library_average_precision")
Named = Annotated[str, Path(max_length=LONGEST_QUERY, description="A symbol (former ones too), Ensembl, NCBI Gene or HGNC identifier.", examples=["hgnc:1100"])]
router = APIRouter(prefix="/v1", tags=["genes"])


@router.post("/genesets/complete", response_model=CompletedSet, responses=PROBLEMS)
async def complete(request: Request, asked: GenesQuestion) -> Response:
    """The genes that a list lacks most, best first, and what could not be read of it."""
    check_batch(request, len(asked.genes), "genes")

    def work(space: ServedSpace) -> CompletedSet:
        found = space.gene_sets.find(asked.genes)
        return CompletedSet(tuple(space.gene_sets.complete(found, asked.k)), tuple(found.sentences()))

    return await answer(request, work, lane=Lane.SLOW)


@router.get("/genes/{curie:path}", response_model=GenePage, responses=WITH_TABLE)
async def gene(request: Request, curie: Named, asked: Annotated[GeneQuestion, Query()]) -> Response:
    """The sets of each library that a gene most likely belongs to.

    `auroc` and `average_precision` of a set say how well a model that had not seen its library found the hidden half of this very set;
    those of the library are the means over it. A set without them was not measured.
    """

    def work(space: ServedSpace) -> GenePage:
        model = space.gene_sets
        _check_known(model, curie)
        # One library at a time: the best of all sets would be those of the library whose scores spread most.
        found = [model.annotate(curie, asked.k, libraries=[name], only_new=asked.only_new) for name in asked.library or model.libraries]
        return GenePage(model.gene(curie), tuple(LibraryFunctions(each[0].figures, tuple(map(Function.of, each))) for each in found if each))

    return await answer(request, work, lane=Lane.SLOW, other=as_table(_table, COLUMNS), format=asked.format)


def _check_known(model: "GeneSetModel", name: str) -> None:
    """Nothing, if the name means one gene of the model.

    Raises:
        UnknownConcept: it means none, or several, which are named.
    """
    found = model.names.find([name])
    if not found.known[0]:
        raise UnknownConcept(name, found.ambiguous.get(name, ()), where="among the genes of the gene-set model")


def _table(page: GenePage) -> Iterator[Record]:
    for library in page.libraries:
        figures = {"library_auroc": library.figures.auroc, "library_average_precision": library.figures.average_precision}
        yield from ({**flatten(function), **figures} for function in library.functions)
