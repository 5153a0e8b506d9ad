"""A space as the service has it: opened whole, so that nothing of it is read by path while it answers.

A release may be replaced at any time. The files that a space keeps open stay what they were; those that it would open at a question (the
relations and the concepts' table) are opened here, too, so an answer never mixes two releases.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from generel.concepts.errors import NotOffered
from generel.concepts.progress import SILENT, Progress
from generel.index.added_file import SOURCE
from generel.index.space_folder import ALIASES_FILE, CONCEPTS_FILE, ENCODER, RELATIONS_FILE
from generel.query.added import add_concepts, remove_concepts
from generel.query.added_input import NewConcept
from generel.query.added_relations import scan_relations
from generel.query.embedder import Embedder, open_embedder
from generel.query.records import Concept, Resolved
from generel.query.space import EmbeddingSpace
from generel.service.relations import RelationsOfConcepts
from generel.service.texts import TextsAtHand, Vectors

if TYPE_CHECKING:
    from generel.apps.gene_sets import GeneSetModel

Answer = TypeVar("Answer")
DESCRIBED = ("synonyms", "definition", "source")
REMEMBERED = 8192
# A text that is asked for is long; one of these is not worth remembering.
LONGEST_REMEMBERED = 200


class ServedSpace(EmbeddingSpace):
    """See the module."""

    def __init__(self, folder: Path, **parts: Any) -> None:
        super().__init__(folder, **parts)
        self._evidence = io.BytesIO((folder / RELATIONS_FILE).read_bytes())
        self._described = pl.read_parquet(folder / CONCEPTS_FILE, columns=list(DESCRIBED))
        self._aliases = pl.read_parquet(folder / ALIASES_FILE, columns=["curie", "alias"]).unique().sort("curie", "alias")
        self._remembered = lru_cache(REMEMBERED)(super().resolve)
        self.gene_set_folder: Path | None = None

    def close(self) -> None:
        """Close what is open and let go of what was read: a worker that has swaps behind it must not be larger for that."""
        if self.__dict__:
            super().close()
            self.__dict__.clear()

    @cached_property
    def tag(self) -> str:
        """A short digest of the release and of what was added to it."""
        added = self._added.file.digest if self._added else ""
        return hashlib.sha256(f"{self.manifest.raw['digest']}{added}".encode()).hexdigest()[:16]

    @cached_property
    def texts(self) -> TextsAtHand:
        """What embeds, or asks for, free texts."""
        return TextsAtHand(self._given_embedder or open_embedder(self.folder / ENCODER))

    @cached_property
    def _embedder(self) -> Embedder:
        if not self.can_embed:
            raise NotOffered("the served space was released without its encoder, so free text cannot be asked; give identifiers or names")
        return self.texts

    def resolve(self, query: str, *, as_kind: str | None = None, suggest: bool = True) -> Resolved:
        """As of any space; what a query means is remembered."""
        if len(query) > LONGEST_REMEMBERED:
            return super().resolve(query, as_kind=as_kind, suggest=suggest)
        return self._remembered(query, as_kind=as_kind, suggest=suggest)

    def add(self, new: NewConcept | Sequence[NewConcept], *, progress: Progress = SILENT) -> list[Concept]:
        """As of any space, but that this one goes on as it is: a change is taken up by opening another."""
        return add_concepts(self.folder, [new] if isinstance(new, NewConcept) else new, embedder=self, progress=progress)

    def remove(self, curies: str | Sequence[str], *, progress: Progress = SILENT) -> list[Concept]:
        """As of any space, but that this one goes on as it is."""
        return remove_concepts(self.folder, [curies] if isinstance(curies, str) else curies, progress=progress)

    def relations(self) -> pl.LazyFrame:
        """As of any space, from what was read at opening."""
        return scan_relations(io.BytesIO(self._evidence.getbuffer()), self._added.file if self._added else None)

    @cached_property
    def of_concepts(self) -> RelationsOfConcepts:
        """The relations by concept."""
        return RelationsOfConcepts(self)

    def described(self, row: int) -> dict[str, Any]:
        """Synonyms, definition and source of the concept of a row."""
        own = self.manifest.n_concepts
        if row >= own:
            added = self.added[row - own]
            return dict(zip(DESCRIBED, (list(added.synonyms), added.definition or None, SOURCE), strict=True))
        return self._described.row(row, named=True)

    def aliases_of(self, curie: str) -> list[str]:
        """The identifiers that other databases have for the concept of a canonical CURIE, ascending."""
        first, last = (self._aliases["curie"].search_sorted(curie, side=side) for side in ("left", "right"))
        return [alias for alias in self._aliases["alias"][int(first) : int(last)].to_list() if alias != curie]

    @cached_property
    def gene_sets(self) -> "GeneSetModel":
        """The gene-set model of the service.

        Raises:
            NotOffered: there is none.
        """
        from generel.apps.gene_sets import GeneSetModel

        if self.gene_set_folder is None:
            raise NotOffered("this service has no gene-set model, so it completes no lists and predicts no functions; its keeper can train one with: generel genesets train")
        return GeneSetModel.open(self.gene_set_folder)

    def with_texts(self, vectors: Vectors, work: "Callable[[ServedSpace], Answer]") -> Answer:
        """What `work` says of this space where just these texts are at hand; see `generel.service.texts`."""
        if not self.can_embed:
            return work(self)
        with self.texts.laid_out(vectors):
            return work(self)
