"""An embedding space to ask: which concept is meant, what is near it, how related are two, and by what evidence.

Queries are CURIEs in any spelling, rsIDs, symbols, names or synonyms; whatever is none of these is free text and goes through the
encoder, which is the only thing here that needs torch. Nothing is read before it is needed: opening takes milliseconds, a
neighbor query touches the pages it walks. A space that is released anew while it is open goes on answering from the old
files, but for `evidence`, which reads its table when asked.
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import BadInput, NotThere, UnknownConcept
from generel.concepts.kinds import KINDS
from generel.index.freshness import names_are_made_from
from generel.index.names import NamesIndex
from generel.index.open_store import open_store
from generel.index.space_folder import ENCODER, INDEX, NAMES_FILE, RELATIONS_FILE, VECTORS_FILE, Manifest, read_manifest
from generel.index.store import NO_ROW, Rows, VectorStore
from generel.index.vectors_file import VectorsFile
from generel.query.embedder import Embedder, embed, open_embedder
from generel.query.find_space import find_space
from generel.query.lookup import look_up
from generel.query.percentiles import Percentiles
from generel.query.records import Concept, Match, Neighbor, Relatedness, Resolved
from generel.query.resolve import resolve, to_concept

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float32]
Query = str | Resolved
# So many queries still get suggestions in their errors; more would wait for them.
FEW = 20


class EmbeddingSpace:
    """A space that was released and loaded; use `open`. Good as a context manager."""

    def __init__(self, folder: Path, *, manifest: Manifest, names: NamesIndex, file: VectorsFile, exact: bool, embedder: Embedder | None) -> None:
        self.folder, self.manifest = folder, manifest
        self._names, self._file, self._exact = names, file, exact
        self._given_embedder = embedder
        self.percentiles = Percentiles(names.calibration)

    @classmethod
    def open(cls, space: str | Path | None = None, *, exact: bool = False, embedder: Embedder | None = None) -> Self:
        """The space of that name or path; None for `GENEREL_SPACE`, else the starter space.

        Args:
            exact: search by scanning all vectors, which misses nothing and takes ten times as long.
            embedder: what embeds free text instead of the space's own encoder.

        Raises:
            NotThere: no such space, or it has not been loaded.
            Corrupt: its manifest, vectors or names cannot be read.
        """
        folder = find_space(space).resolve()
        manifest = read_manifest(folder)
        names = NamesIndex(folder / INDEX / NAMES_FILE)
        if not names_are_made_from(names, manifest):
            raise NotThere(f"the index of {folder} was made from other tables: the space was released anew; run: generel load {folder}")
        file = VectorsFile.open(folder / VECTORS_FILE)
        return cls(folder, manifest=manifest, names=names, file=file, exact=exact, embedder=embedder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open; the space cannot be asked afterwards. A process that ends anyway need not."""
        if "_opened_store" in self.__dict__:
            self._opened_store[0].close()
        self._names.close()

    @cached_property
    def _opened_store(self) -> tuple[VectorStore, str]:
        return open_store(self.folder, self.manifest, file=self._file, kinds=self._names.kinds, exact=self._exact)

    @property
    def store(self) -> VectorStore:
        """Where nearest vectors are searched; its `name` is 'edge' or 'exact'."""
        return self._opened_store[0]

    @property
    def note(self) -> str:
        """Why neighbors come from the exact scan though nobody asked for it; empty where they do not."""
        return self._opened_store[1]

    @cached_property
    def _embedder(self) -> Embedder:
        return self._given_embedder or open_embedder(self.folder / ENCODER)

    def resolve(self, query: str, *, as_kind: str | None = None, suggest: bool = True) -> Resolved:
        """What a query means; every method below takes the answer in the query's place.

        Args:
            as_kind: the kind it must be of; None for any. With a kind, it is never read as free text.
            suggest: whether to look for names like a query that has none; of thousands it takes a while.

        Raises:
            UnknownConcept, UnknownPrefix, BadIdentifier, AmbiguousConcept, BadInput: see `generel.query.resolve`.
        """
        _check_kinds(as_kind)
        return resolve(self._names, query, as_kind=as_kind, suggest=suggest)

    def lookup(self, text: str, k: int = 10, kinds: Collection[str] | None = None) -> list[Match]:
        """At most k concepts that `text` may mean: identifier, name, synonym, beginning of a name, misspelled name, in this order."""
        return look_up(self._names, text, _check_k(k), kinds=_check_kinds(kinds))

    def concept(self, curie: str) -> Concept:
        """The concept of a CURIE or rsID in any spelling, or of another database's identifier.

        Raises:
            UnknownConcept: there is none, or `curie` is a name.
        """
        resolved = self.resolve(curie)
        if resolved.how not in ("curie", "alias"):
            raise UnknownConcept(curie)
        return resolved.concept

    def neighbors(
        self, query: Query, k: int = 10, kinds: Collection[str] | None = None, *, as_kind: str | None = None
    ) -> list[Neighbor]:
        """The k concepts nearest to the query, itself left out, best first; fewer where there are fewer.

        Ranks follow the cosine, plus the candidate's popularity among answers to such queries where the space's manifest
        gives that a weight; free text is of no kind and is ranked by the cosine alone.

        Args:
            kinds: only neighbors of these kinds; None for all.
            as_kind: the kind that the query must be of, where its name could mean several.
        """
        return self.neighbors_of_many([query], k, kinds, as_kind=as_kind)[0]

    def neighbors_of_many(
        self, queries: Sequence[Query], k: int = 10, kinds: Collection[str] | None = None, *, as_kind: str | None = None
    ) -> list[list[Neighbor]]:
        """`neighbors` of each query, in their order, searched together.

        Raises:
            BadInput: the error of the first query that cannot be resolved.
        """
        resolved = self._resolve_all(queries, as_kind)
        if not resolved:
            return []
        k = min(_check_k(k), len(self._file.vectors))
        # Popularity can lift a concept past nearer ones, so more are fetched than asked for.
        n_candidates = min(max(8 * k, 200), len(self._file.vectors)) if self.manifest.bias_weight else k
        own_rows = np.array([each.row for each in resolved], dtype=np.int64)
        found = self.store.nearest(self.vectors_of(resolved), n_candidates, kinds=_check_kinds(kinds), exclude=own_rows)
        return [self._rank(each.concept, rows, cosines, k) for each, rows, cosines in zip(resolved, *found, strict=True)]

    def _rank(self, query: Concept, rows: Rows, cosines: Floats, k: int) -> list[Neighbor]:
        rows, cosines = rows[rows != NO_ROW], cosines[rows != NO_ROW]
        if self.manifest.bias_weight and query.kind in KINDS:
            bias = self._file.bias[rows, KINDS.index(query.kind)]
            order = np.argsort(-(cosines + self.manifest.bias_weight * bias), kind="stable")
            rows, cosines = rows[order], cosines[order]
        found = zip(self._names.concepts(rows[:k]), cosines[:k].tolist(), strict=True)
        return [self._neighbor(query, to_concept(concept), cosine, rank) for rank, (concept, cosine) in enumerate(found, 1)]

    def _neighbor(self, query: Concept, concept: Concept, cosine: float, rank: int) -> Neighbor:
        random_pairs = self.percentiles.between(query.kind, concept.kind)
        percentile = float(random_pairs.percentile(cosine)) if random_pairs else None
        return Neighbor(concept, min(cosine, 1.0), rank, percentile)

    def relatedness(self, a: Query, b: Query) -> Relatedness:
        """How alike two queries are, with percentile and p-value among random pairs of their kinds; the same both ways."""
        left, right = self._resolve_all([a, b], None)
        vectors = self.vectors_of([left, right])
        cosine = float(np.clip(vectors[0] @ vectors[1], -1, 1))
        random_pairs = self.percentiles.between(left.concept.kind, right.concept.kind)
        if random_pairs is None:
            return Relatedness(left.concept, right.concept, cosine, None, None)
        percentile, p_value = float(random_pairs.percentile(cosine)), float(random_pairs.p_value(cosine))
        return Relatedness(left.concept, right.concept, cosine, percentile, p_value)

    def relatedness_of_pairs(self, pairs: "pl.DataFrame") -> "pl.DataFrame":
        """`relatedness` of each row of `pairs` (columns `left` and `right`), a frame in the same order; see `relate_pairs`."""
        from generel.query.pairs import relate_pairs

        return relate_pairs(self, pairs)

    def embed(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dims) float32, unit norm: the texts by their own words, even where they name a concept.

        Raises:
            MissingExtra: torch or transformers is not installed.
        """
        return embed(self._embedder, texts, dims=self.manifest.dims)

    def vectors(self, curies: Sequence[str]) -> Floats:
        """(len(curies), dims) float32, unit norm: the stored vectors, in the order given. Names will do as well.

        Raises:
            UnknownConcept: something is neither an identifier nor a name; nothing is embedded here.
        """
        resolved = self._resolve_all(curies, None)
        if texts := [each for each in resolved if each.is_text]:
            raise UnknownConcept(texts[0].query, texts[0].near)
        return self.vectors_of(resolved)

    def vectors_of(self, resolved: Sequence[Resolved]) -> Floats:
        """(len(resolved), dims) float32: the stored vector of each concept; free texts are embedded, all at once."""
        vectors = np.empty((len(resolved), self.manifest.dims), np.float32)
        texts = np.array([each.is_text for each in resolved], dtype=bool)
        vectors[~texts] = self._file.vectors[[each.row for each in resolved if not each.is_text]]
        if texts.any():
            vectors[texts] = self.embed([each.query for each in resolved if each.is_text])
        return vectors

    def evidence(self, a: Query, b: Query) -> "pl.DataFrame":
        """RELATIONS between two concepts, in either direction, sorted; no rows where they are related by nothing known."""
        import polars as pl

        curies = [each.concept.curie for each in self._resolve_all([a, b], None)]
        between = pl.any_horizontal(*((pl.col("subject") == s) & (pl.col("object") == o) for s, o in (curies, curies[::-1])))
        return pl.scan_parquet(self.folder / RELATIONS_FILE).filter(between).sort("subject", "predicate", "object", "source").collect()

    def _resolve_all(self, queries: Sequence[Query], as_kind: str | None) -> list[Resolved]:
        if isinstance(queries, str):
            raise ValueError(f"several queries are wanted, not the one text {queries!r}; put it in a list")
        suggest = len(queries) <= FEW
        return [each if isinstance(each, Resolved) else self.resolve(each, as_kind=as_kind, suggest=suggest) for each in queries]


def _check_kinds(kinds: Collection[str] | None) -> list[str] | None:
    """The kinds as a list; a single word is one kind, none at all an error."""
    if kinds is None:
        return None
    wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        raise BadInput(f"unknown kind {', '.join(map(repr, unknown))}; the kinds are {', '.join(KINDS)}")
    if not wanted:
        raise ValueError("no kinds were given; leave `kinds` out for all of them")
    return [str(kind) for kind in wanted]


def _check_k(k: int) -> int:
    if k < 1:
        raise ValueError(f"k is {k}; at least one answer must be asked for")
    return k
