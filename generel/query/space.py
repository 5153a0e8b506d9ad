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

from generel.concepts.errors import NotThere, UnknownConcept
from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress
from generel.index.added import Added, open_added
from generel.index.added_names import JoinedNames
from generel.index.added_store import JoinedStore, JoinedVectors
from generel.index.freshness import check_unchanged, names_are_made_from
from generel.index.names import NamesIndex
from generel.index.open_store import open_store
from generel.index.popularity_file import PopularityFile
from generel.index.rankings_file import Rankings, read_rankings
from generel.index.server_connection import Server
from generel.index.space_folder import (
    ENCODER,
    INDEX,
    NAMES_FILE,
    POPULARITY_FILE,
    RANKINGS_FILE,
    RELATIONS_FILE,
    VECTORS_FILE,
    Manifest,
    read_manifest,
)
from generel.index.store import Rows, VectorStore
from generel.index.vectors_file import VectorsFile
from generel.model.encoder_folder import TOWER
from generel.query.arguments import check_k, check_kinds
from generel.query.cosines import cosines_of_pairs
from generel.query.embedder import Embedder, embed, open_embedder
from generel.query.find_space import find_space
from generel.query.lookup import look_up_in
from generel.query.meaning import measure_floor, read_floor
from generel.query.neighbors import Wanted, find_neighbors, read_relation
from generel.query.percentiles import Percentiles
from generel.query.records import Concept, Match, Neighbor, Relatedness, Resolved
from generel.query.resolve import resolve

if TYPE_CHECKING:
    import polars as pl

    from generel.index.added_file import AddedConcept
    from generel.query.added_input import NewConcept
    from generel.query.explain_records import Explanation

Floats = NDArray[np.float32]
Query = str | Resolved
# So many queries still get suggestions in their errors; more would wait for them.
FEW = 20


class EmbeddingSpace:
    """A space that was released and loaded; use `open`. Good as a context manager."""

    def __init__(
        self, folder: Path, *, manifest: Manifest, names: NamesIndex, file: VectorsFile, exact: bool, embedder: Embedder | None, added: Added | None = None,
        server: Server | None = None,
    ) -> None:
        self.folder, self.manifest = folder, manifest
        self._added, self._joined = added, JoinedVectors(file, added.vectors if added else None)
        self._names, self._file, self._exact, self._server = names, file, exact, server
        self._given_embedder = embedder
        self.percentiles = Percentiles(names.calibration)

    @classmethod
    def open(cls, space: str | Path | None = None, *, exact: bool = False, embedder: Embedder | None = None, with_added: bool = True, qdrant: str | Server | None = None) -> Self:
        """The space of that name or path; None for `GENEREL_SPACE`, else the starter space.

        Args:
            exact: search by scanning all vectors, which misses nothing and takes ten times as long.
            embedder: what embeds free text instead of the space's own encoder.
            with_added: whether concepts that were added to the space are in it.
            qdrant: the Qdrant server that searches, its address or all of it; None for that of GENEREL_QDRANT_URL, or for the index
                in the space's folder where that is not set. The server is asked when neighbors are.

        Raises:
            NotThere: no such space, or it has not been loaded.
            Corrupt: its manifest, vectors or names cannot be read, or what was added to it.
            BuildMismatch: concepts were added to an earlier release of it; `generel add --refold` mends that.
        """
        folder = find_space(space).resolve()
        manifest = read_manifest(folder)
        check_unchanged(folder, manifest)
        names = NamesIndex(folder / INDEX / NAMES_FILE)
        if not names_are_made_from(names, manifest):
            raise NotThere(f"the index of {folder} was made from other tables: the space was released anew; run: generel load {folder}")
        file = VectorsFile.open(folder / VECTORS_FILE)
        added = open_added(folder, manifest) if with_added else None
        if added:
            names.close()
            names = JoinedNames(folder / INDEX / NAMES_FILE, added.names, n_own=manifest.n_concepts, relations=added.file.relations())
        return cls(folder, manifest=manifest, names=names, file=file, exact=exact, embedder=embedder, added=added, server=Server.find(qdrant))

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
        kinds = self._names.kinds
        store, note = open_store(self.folder, self.manifest, file=self._file, kinds=kinds[: len(self._file.vectors)], exact=self._exact, server=self._server)
        return (JoinedStore(store, self._added.vectors, self._added.names.kinds) if self._added else store), note

    @property
    def store(self) -> VectorStore:
        """Where nearest vectors are searched; its `name` is 'edge', 'server' or 'exact'."""
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
        check_kinds(as_kind)
        return resolve(self._names, query, as_kind=as_kind, suggest=suggest)

    def lookup(self, text: str, k: int = 10, kinds: Collection[str] | None = None, *, by_meaning: bool | None = None) -> list[Match]:
        """At most k concepts that `text` may mean: by identifier, name, synonym, beginning of a name, misspelled name, meaning, in this order.

        Args:
            by_meaning: whether to embed the text and to add the nearest concepts; None for where no name is much like it, the
                space has its encoder, and the text is nearer to something than nonsense is (`text_floor`).

        Raises:
            MissingExtra: `by_meaning`, and what embeds text is not installed.
        """
        return look_up_in(self, text, check_k(k), kinds=check_kinds(kinds), by_meaning=by_meaning)

    @cached_property
    def text_floor(self) -> float:
        """The cosine that the nearest concept of a text must pass to say more than that of a text of random letters; see `generel.query.meaning`.

        Raises:
            MissingExtra: what embeds text is not installed.
        """
        return measure_floor(self) if self._given_embedder else read_floor(self)

    @property
    def can_embed(self) -> bool:
        """Whether there is an encoder; the libraries that it needs may still be missing."""
        return self._given_embedder is not None or (self.folder / ENCODER / TOWER).is_file()

    def concept(self, curie: str) -> Concept:
        """The concept of a CURIE or rsID in any spelling, or of another database's identifier.

        Raises:
            UnknownConcept: there is none, or `curie` is a name.
        """
        resolved = self.resolve(curie)
        if resolved.how not in ("curie", "alias"):
            raise UnknownConcept(curie)
        return resolved.concept

    def kinds(self) -> list[str]:
        """The kinds that there is a concept of, in the order of KINDS."""
        return [KINDS[code] for code in np.unique(self._names.kinds)]

    def neighbors(
        self, query: Query, k: int = 10, kinds: Collection[str] | None = None, *, as_kind: str | None = None, relation: str | None = None,
        exclude_known: bool = False, min_score: float | None = None, offset: int = 0,
    ) -> list[Neighbor]:
        """The k concepts nearest to the query, itself left out, best first; fewer where there are fewer.

        Ranks follow the cosine, plus the candidate's popularity among answers to such queries where the space's manifest
        gives that a weight; free text is of no kind, and what is near to it goes by the cosine alone. Answers to a relation are ranked as
        `generel.query.relation_ranking` says, where the space was released with weights for that.

        Args:
            kinds: only neighbors of these kinds; None for all.
            as_kind: the kind that the query must be of, where its name could mean several.
            relation: a predicate such as 'treats': only neighbors of the kinds that it joins to the query's, the likeliest answers first.
            exclude_known: whether to leave out what the evidence ties to the query, by `relation` if one is given.
            min_score: only neighbors with at least this cosine.
            offset: how many of the best to pass over; ranks count them.

        Raises:
            BadInput: an unknown kind or relation, or a relation that does not join the query to such neighbors.
        """
        return self.neighbors_of_many(
            [query], k, kinds, as_kind=as_kind, relation=relation, exclude_known=exclude_known, min_score=min_score, offset=offset
        )[0]

    def neighbors_of_many(
        self, queries: Sequence[Query], k: int = 10, kinds: Collection[str] | None = None, *, as_kind: str | None = None,
        relation: str | None = None, exclude_known: bool = False, min_score: float | None = None, offset: int = 0,
    ) -> list[list[Neighbor]]:
        """`neighbors` of each query, in their order, searched together.

        Raises:
            BadInput: the error of the first query that cannot be resolved.
        """
        only = check_kinds(kinds)
        wanted = Wanted(k, offset, tuple(only) if only else None, read_relation(relation), exclude_known, min_score)
        return find_neighbors(self, self._resolve_all(queries, as_kind), wanted)

    @property
    def names(self) -> NamesIndex:
        """The names of the space and of what was added to it."""
        return self._names

    def bias_of(self, rows: Rows, kind: str, *, relation: str | None = None) -> Floats:
        """(len(rows),) float32: what each concept gains, in cosine, as an answer to a query of that kind; by the relation, where the space keeps that."""
        bias = self._joined.bias(rows, KINDS.index(kind))
        if relation is None or self._popularity is None:
            return bias
        own = np.flatnonzero(rows < self.manifest.n_concepts)
        gains, said = self._popularity.of(rows[own], predicate=relation, asking=kind)
        bias = bias.copy()
        bias[own[said]] = gains[said]
        return bias

    @cached_property
    def rankings(self) -> Rankings | None:
        """How answers to a relation are ranked; None for a space that was released without."""
        return read_rankings(self.folder / RANKINGS_FILE)

    @cached_property
    def _popularity(self) -> PopularityFile | None:
        path, families = self.folder / POPULARITY_FILE, self.manifest.raw.get("recipe", {}).get("families", {})
        return PopularityFile(path, kinds=self._names.kinds[: self.manifest.n_concepts], families=families) if path.is_file() else None

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

    def cosines(self, left: Rows, right: Rows) -> Floats:
        """(len(left),) float32: the cosines of stored vectors, row by row; the fastest way to score pairs that are known by their rows."""
        pairs = np.stack([np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)], axis=1)
        if len(pairs) and not 0 <= pairs.min() <= pairs.max() < len(self._joined):
            raise ValueError(f"rows from {pairs.min():,} to {pairs.max():,}; the space has rows 0 to {len(self._joined) - 1:,}")
        if not self._added or not len(pairs) or pairs.max() < len(self._file.vectors):
            return cosines_of_pairs(self._file.vectors, pairs)
        distinct, places = np.unique(pairs, return_inverse=True)
        return cosines_of_pairs(self._joined.vectors(distinct), places.reshape(pairs.shape))

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
        vectors[~texts] = self._joined.vectors(np.array([each.row for each in resolved if not each.is_text], dtype=np.int64))
        if texts.any():
            vectors[texts] = self.embed([each.query for each in resolved if each.is_text])
        return vectors

    def vectors_at(self, rows: Rows) -> Floats:
        """(len(rows), dims) float32, unit norm: the stored vectors of these rows; added concepts have those after the space's own."""
        return self._joined.vectors(rows)

    def frame(self, kinds: Collection[str] | None = None) -> "pl.DataFrame":
        """All concepts, or those of some kinds, by row: curie, kind, name, and vector, an array of as many Float32 as the space has dimensions."""
        import polars as pl

        from generel.query.frames import read_frames, schema_of

        return pl.concat([pl.DataFrame(schema=schema_of(self)), *read_frames(self, check_kinds(kinds))])

    def evidence(self, a: Query, b: Query) -> "pl.DataFrame":
        """RELATIONS between two concepts, in either direction, sorted; no rows where they are related by nothing known."""
        import polars as pl

        curies = [each.concept.curie for each in self._resolve_all([a, b], None)]
        between = pl.any_horizontal(*((pl.col("subject") == s) & (pl.col("object") == o) for s, o in (curies, curies[::-1])))
        return self.relations().filter(between).sort("subject", "predicate", "object", "source").collect()

    def explain(self, a: Query, b: Query, *, k: int = 5, words: bool = False) -> "Explanation":
        """What speaks for two queries being related: evidence, paths, shared neighbors and ties, and the words of a text that count.

        Args:
            k: how many paths, shared neighbors of each kind and shared ties of each predicate, at most.
            words: whether to weigh the words of names, too, and not only those of free text; that takes the encoder.
        """
        from generel.query.explain import explain

        left, right = self._resolve_all([a, b], None)
        return explain(self, left, right, k=check_k(k), words=words)

    def relations(self) -> "pl.LazyFrame":
        """RELATIONS, the evidence: those of the released space in their order, then the ties of added concepts, whose source is 'added'."""
        from generel.query.added_relations import scan_relations

        return scan_relations(self.folder / RELATIONS_FILE, self._added.file if self._added else None)

    @property
    def added(self) -> "tuple[AddedConcept, ...]":
        """The concepts that were added to the released space, in the order they were added."""
        return self._added.file.concepts if self._added else ()

    def add(self, new: "NewConcept | Sequence[NewConcept]", *, progress: Progress = SILENT) -> list[Concept]:
        """Add concepts, all or none, beside the space: without training, for every process that opens it from now on.

        A vector is made of the names and of what the concept is tied to; see `generel.query.added_vectors`.

        Raises:
            BadInput: all that is wrong with any of them.
            MissingExtra: one has a name, and what embeds text is not installed.
        """
        from generel.query.added import add_concepts
        from generel.query.added_input import NewConcept

        concepts = add_concepts(self.folder, [new] if isinstance(new, NewConcept) else new, embedder=self._given_embedder, progress=progress)
        self._open_again()
        return concepts

    def remove(self, curies: str | Sequence[str], *, progress: Progress = SILENT) -> list[Concept]:
        """Take added concepts out again, all or none; gives back what they were.

        Raises:
            UnknownConcept: one was not added.
            BadInput: another added concept is tied to one of them.
        """
        from generel.query.added import remove_concepts

        concepts = remove_concepts(self.folder, [curies] if isinstance(curies, str) else curies, progress=progress)
        self._open_again()
        return concepts

    def _open_again(self) -> None:
        """Go on with what is added to the space now."""
        again = type(self).open(self.folder, exact=self._exact, embedder=self._given_embedder)
        self.close()
        kept = {name: value for name, value in self.__dict__.items() if name == "_embedder"}
        self.__dict__.clear()
        self.__dict__.update(kept | again.__dict__)

    def typical_bias(self, kind: str) -> Floats:
        """(number of kinds,) float32: the median bias of the space's own concepts of a kind; zeros where it has none."""
        own = self._file.bias[self._names.kinds[: len(self._file.bias)] == KINDS.index(kind)]
        return np.median(own, axis=0).astype(np.float32) if len(own) else np.zeros(len(KINDS), np.float32)

    def _resolve_all(self, queries: Sequence[Query], as_kind: str | None) -> list[Resolved]:
        if isinstance(queries, str):
            raise ValueError(f"several queries are wanted, not the one text {queries!r}; put it in a list")
        suggest = len(queries) <= FEW
        return [each if isinstance(each, Resolved) else self.resolve(each, as_kind=as_kind, suggest=suggest) for each in queries]
