"""A space that a service has, with the methods and records of `EmbeddingSpace`.

Numbers are those of the service, to the last digit. A method that is not here needs the space's files: open it with `EmbeddingSpace.open`
where they are. What is asked in parts (thousands of queries) may straddle a swap on the service's side.
"""

import itertools
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from generel.client.connection import Connection, Service
from generel.client.records import read_record
from generel.concepts.errors import UnknownConcept
from generel.concepts.progress import SILENT, Progress
from generel.index.space_folder import Manifest, make_manifest
from generel.query.arguments import check_k, check_kinds
from generel.query.neighbors import Wanted, read_relation
from generel.query.records import Concept, Match, Neighbor, Relatedness, Resolved

if TYPE_CHECKING:
    import polars as pl

    from generel.index.added_file import AddedConcept
    from generel.query.added_input import NewConcept
    from generel.query.explain_records import Explanation

Floats = NDArray[np.float32]
Query = str | Resolved
Each = TypeVar("Each")
# Of one request; a service takes this many unless its keeper set it lower.
QUERIES_AT_ONCE, PAIRS_AT_ONCE, TEXTS_AT_ONCE, ADDED_AT_ONCE = 100, 1000, 100, 1000
MEANING = {None: "auto", True: "yes", False: "no"}


class RemoteSpace:
    """Use `generel.connect`. Good as a context manager."""

    def __init__(self, service: Service) -> None:
        """Of a service; nothing is sent yet."""
        self._connection = Connection(service)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; the space cannot be asked afterwards."""
        self._connection.close()

    @cached_property
    def manifest(self) -> Manifest:
        """What the released space says of itself, when it was first asked for."""
        return make_manifest(self._connection.get("/v1/manifest"), where=self._connection.service.url)

    def resolve(self, query: str, *, as_kind: str | None = None) -> Resolved:
        """As `EmbeddingSpace.resolve`."""
        check_kinds(as_kind)
        return read_record(Resolved, self._connection.get("/v1/resolve", query=query, as_kind=as_kind))

    def lookup(self, text: str, k: int = 10, kinds: Collection[str] | None = None, *, by_meaning: bool | None = None) -> list[Match]:
        """As `EmbeddingSpace.lookup`."""
        said = self._connection.get("/v1/concepts", q=text, limit=check_k(k), kind=check_kinds(kinds), meaning=MEANING[by_meaning])
        return [read_record(Match, match) for match in said["matches"]]

    def concept(self, curie: str) -> Concept:
        """As `EmbeddingSpace.concept`."""
        resolved = self.resolve(curie)
        if resolved.how not in ("curie", "alias"):
            raise UnknownConcept(curie)
        return resolved.concept

    def kinds(self) -> list[str]:
        """As `EmbeddingSpace.kinds`."""
        return list(self._connection.get("/v1/kinds")["kinds"])

    def neighbors(
        self, query: Query, k: int = 10, kinds: Collection[str] | None = None, *, as_kind: str | None = None, relation: str | None = None,
        exclude_known: bool = False, min_score: float | None = None, offset: int = 0,
    ) -> list[Neighbor]:
        """As `EmbeddingSpace.neighbors`."""
        options = _options(k, kinds, as_kind, relation, exclude_known, min_score, offset)
        said = self._connection.get("/v1/neighbors", query=_say(query), **_as_kind_of(query, options))
        return [read_record(Neighbor, neighbor) for neighbor in said["neighbors"]]

    def neighbors_of_many(
        self, queries: Sequence[Query], k: int = 10, kinds: Collection[str] | None = None, *, as_kind: str | None = None,
        relation: str | None = None, exclude_known: bool = False, min_score: float | None = None, offset: int = 0,
    ) -> list[list[Neighbor]]:
        """As `EmbeddingSpace.neighbors_of_many`."""
        options = _options(k, kinds, as_kind, relation, exclude_known, min_score, offset)
        answers = (self._connection.post("/v1/neighbors", queries=part, **options)["results"] for part in _parts(_say_all(queries), QUERIES_AT_ONCE))
        return [[read_record(Neighbor, neighbor) for neighbor in each["neighbors"]] for results in answers for each in results]

    def relatedness(self, a: Query, b: Query) -> Relatedness:
        """As `EmbeddingSpace.relatedness`."""
        return read_record(Relatedness, self._connection.get("/v1/relatedness", a=_say(a), b=_say(b)))

    def relatedness_of_pairs(self, pairs: "pl.DataFrame") -> "pl.DataFrame":
        """As `EmbeddingSpace.relatedness_of_pairs`."""
        import polars as pl

        from generel.query.pairs import COLUMNS, check_pairs

        ends = check_pairs(pairs).rows()
        answers = (self._connection.post("/v1/relatedness", pairs=part)["results"] for part in _parts(ends, PAIRS_AT_ONCE))
        rows = [_row(end, said) for end, said in zip(ends, (each for results in answers for each in results), strict=True)]
        return pl.DataFrame(rows, schema=COLUMNS, orient="row")

    def embed(self, texts: Sequence[str]) -> Floats:
        """As `EmbeddingSpace.embed`."""
        return self._vectors("/v1/embed", "texts", list(texts), TEXTS_AT_ONCE)

    def vectors(self, curies: Sequence[str]) -> Floats:
        """As `EmbeddingSpace.vectors`."""
        return self._vectors("/v1/vectors", "curies", _say_all(curies), QUERIES_AT_ONCE)

    def frame(self, kinds: Collection[str] | None = None) -> "pl.DataFrame":
        """As `EmbeddingSpace.frame`, fetched in pages; all of it is of one release."""
        from generel.client.vector_pages import fetch_frame

        return fetch_frame(self._connection, check_kinds(kinds))

    def evidence(self, a: Query, b: Query) -> "pl.DataFrame":
        """As `EmbeddingSpace.evidence`."""
        import polars as pl

        from generel.concepts.tables import RELATIONS

        return pl.DataFrame(self._connection.get("/v1/evidence", a=_say(a), b=_say(b))["relations"], schema=RELATIONS.columns)

    def explain(self, a: Query, b: Query, *, k: int = 5, words: bool = False) -> "Explanation":
        """As `EmbeddingSpace.explain`."""
        from generel.query.explain_records import Explanation

        return read_record(Explanation, self._connection.get("/v1/explain", a=_say(a), b=_say(b), k=check_k(k), words=words))

    @property
    def added(self) -> "tuple[AddedConcept, ...]":
        """As `EmbeddingSpace.added`, fetched in pages; all of it is of one release."""
        from generel.client.pages import fetch_pages
        from generel.index.added_file import AddedConcept

        def page(offset: int) -> tuple[str, int, list[AddedConcept]]:
            said = self._connection.get("/v1/added", limit=ADDED_AT_ONCE, offset=offset)
            return said["space"], said["total"], [read_record(AddedConcept, each) for each in said["added"]]

        return tuple(itertools.chain.from_iterable(fetch_pages(page, at_once=ADDED_AT_ONCE)))

    def add(self, new: "NewConcept | Sequence[NewConcept]", *, progress: Progress = SILENT) -> list[Concept]:
        """As `EmbeddingSpace.add`, beside the space that is served; of its workers the one that answers has the concepts at once, others within seconds.

        Raises:
            NotPermitted: the service takes no changes, or not with this key.
            ServerUnavailable: it did not say how it ended.
        """
        from generel.query.added_input import NewConcept

        concepts = [new] if isinstance(new, NewConcept) else list(new)
        return self._change("/v1/added", progress, concepts=[_say_new(each) for each in concepts]) if concepts else []

    def remove(self, curies: str | Sequence[str], *, progress: Progress = SILENT) -> list[Concept]:
        """As `EmbeddingSpace.remove`; the rest as of `add`."""
        gone = [curies] if isinstance(curies, str) else list(curies)
        return self._change("/v1/added/remove", progress, curies=gone) if gone else []

    def _change(self, path: str, progress: Progress, **said: list[Any]) -> list[Concept]:
        with progress.task(f"waiting for {self._connection.service.url}"):
            return [read_record(Concept, concept) for concept in self._connection.change(path, **said)["concepts"]]

    def _vectors(self, path: str, name: str, wanted: list[str], at_once: int) -> Floats:
        if not wanted:
            return np.empty((0, self.manifest.dims), np.float32)
        return np.concatenate([np.array(self._connection.post(path, **{name: part})["vectors"], dtype=np.float32) for part in _parts(wanted, at_once)])


def _options(
    k: int, kinds: Collection[str] | None, as_kind: str | None, relation: str | None, exclude_known: bool, min_score: float | None, offset: int
) -> dict[str, Any]:
    """The options of a neighbor query as the service takes them; wrong ones fail here as they fail there."""
    wanted = Wanted(k, offset, tuple(check_kinds(kinds) or ()) or None, read_relation(relation), exclude_known, min_score)
    check_kinds(as_kind)
    return {
        "k": wanted.k, "kind": list(wanted.kinds) if wanted.kinds else None, "as_kind": as_kind, "relation": relation, "exclude_known": exclude_known,
        "min_score": min_score, "offset": offset,
    }


def _as_kind_of(query: Query, options: dict[str, Any]) -> dict[str, Any]:
    """What was resolved already is of its kind."""
    return {**options, "as_kind": None} if isinstance(query, Resolved) else options


def _say(query: Query) -> str:
    """A query in words; one that was resolved is its concept's CURIE."""
    return (query.concept.curie or query.query) if isinstance(query, Resolved) else query


def _say_new(new: "NewConcept") -> dict[str, Any]:
    return {"curie": new.curie, "kind": new.kind, "name": new.name, "synonyms": new.synonyms, "definition": new.definition, "ties": new.ties}


def _say_all(queries: Sequence[Query]) -> list[str]:
    if isinstance(queries, str):
        raise ValueError(f"several queries are wanted, not the one text {queries!r}; put it in a list")
    return [_say(each) for each in queries]


def _parts(wanted: Sequence[Each], size: int) -> Iterator[list[Each]]:
    for start in range(0, len(wanted), size):
        yield list(wanted[start : start + size])


def _row(ends: tuple[Any, ...], said: dict[str, Any]) -> tuple[Any, ...]:
    """One row of a frame of pairs; free text has no CURIE there."""
    curies = ((said[side] or {}).get("curie") or None for side in ("left", "right"))
    return (*ends, *curies, said["cosine"], said["percentile"], said["p_value"], said["note"] or "")
