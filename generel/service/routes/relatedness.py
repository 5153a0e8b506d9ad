"""/v1/relatedness, /v1/explain, /v1/evidence: how alike two concepts are, and what speaks for it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from generel.query.explain_records import Explanation
from generel.query.records import Concept, Relatedness
from generel.query.resolve import to_concept
from generel.service.answers import Evidence, PairRelatedness, RelatednessOfPairs
from generel.service.asking import answer, as_table, check_batch, flatten
from generel.service.lanes import Lane
from generel.service.questions import ExplainQuestion, PairQuestion, PairsQuestion
from generel.service.routes.responses import PROBLEMS, WITH_TABLE
from generel.service.served_space import ServedSpace

COLUMNS = ("left_curie", "left_kind", "left_name", "right_curie", "right_kind", "right_name", "cosine", "percentile", "p_value")
IN_EVIDENCE = ("subject", "predicate", "object", "source", "source_version", "license", "confidence")
router = APIRouter(prefix="/v1", tags=["relatedness"])


@router.get("/relatedness", response_model=Relatedness, responses=WITH_TABLE)
async def relatedness(request: Request, asked: Annotated[PairQuestion, Query()]) -> Response:
    """How alike two queries are, with percentile and p-value among random pairs of their kinds; the same both ways."""
    return await answer(request, lambda space: space.relatedness(asked.a, asked.b), other=as_table(lambda found: [flatten(found)], COLUMNS), format=asked.format)


@router.post("/relatedness", response_model=RelatednessOfPairs, responses=PROBLEMS)
async def relatedness_of_pairs(request: Request, asked: PairsQuestion) -> Response:
    """How alike the two queries of each pair are, in the order of the pairs; one that means nothing has a note and no numbers."""
    check_batch(request, len(asked.pairs), "pairs")
    return await answer(request, lambda space: RelatednessOfPairs(relate(space, asked.pairs)), lane=Lane.SLOW)


def relate(space: ServedSpace, pairs: list[list[str]]) -> tuple[PairRelatedness, ...]:
    """Each pair's relatedness."""
    import polars as pl

    rows = space.relatedness_of_pairs(pl.DataFrame(pairs, schema={"left": pl.String, "right": pl.String}, orient="row"))
    known: dict[str, Concept] = {}

    def end(row: dict[str, object], side: str) -> Concept | None:
        curie, text = row[f"{side}_curie"], str(row[side])
        if curie is None:
            return None if row["note"] else Concept("", "text", text)
        if curie not in known and (found := space.names.by_curie(str(curie))):
            known[str(curie)] = to_concept(found)
        return known.get(str(curie))

    return tuple(
        PairRelatedness(end(row, "left"), end(row, "right"), row["cosine"], row["percentile"], row["p_value"], row["note"] or None) for row in rows.iter_rows(named=True)
    )


@router.get("/explain", response_model=Explanation, responses=PROBLEMS)
async def explain(request: Request, asked: Annotated[ExplainQuestion, Query()]) -> Response:
    """What speaks for two queries being related: evidence, paths, shared neighbors and ties, and the words of a text that count."""
    return await answer(request, lambda space: space.explain(asked.a, asked.b, k=asked.k, words=asked.words), lane=Lane.SLOW)


@router.get("/evidence", response_model=Evidence, responses=WITH_TABLE)
async def evidence(request: Request, asked: Annotated[PairQuestion, Query()]) -> Response:
    """The rows of evidence between two concepts, in either direction."""

    def work(space: ServedSpace) -> Evidence:
        return Evidence(tuple(space.evidence(asked.a, asked.b).to_dicts()))

    return await answer(request, work, lane=Lane.SLOW, other=as_table(lambda found: found.relations, IN_EVIDENCE), format=asked.format)
