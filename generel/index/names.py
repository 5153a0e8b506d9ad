"""Names to concepts: exact, synonym, prefix, and misspelled.

Reads `names.sqlite`, which `names_build` writes. Comparison is on normalized names (`normalize`), but every hit carries the
name as its source writes it. A hit for an identifier never comes from its digits looking alike: see `near_curies`.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt, NotThere
from generel.concepts.predicates import BY_NAME
from generel.index.grams import gram_codes, most_shared, rarest
from generel.index.normalize import normalize

LAYOUT = "1"
# The key under which the digest of the relations stands.
TIES_FROM = "ties"
# The key of the lengths of ties.
TIE_NORMS = "tie_norms"
PREDICATES = tuple(BY_NAME)
ROLES = ("name", "synonym")
END = "\U0010ffff"
MEASURED = 400
LEAST_ALIKE = 0.7


class ConceptRow(NamedTuple):
    """A concept and its row in the vectors."""

    row: int
    curie: str
    kind: str
    name: str
    n_relations: int


class NameHit(NamedTuple):
    """A name that answers a search.

    Attributes:
        concept: whose name it is.
        text: the name as its source writes it.
        how: 'name', 'synonym', 'prefix' or 'fuzzy'.
        score: 1 for the same name, less for a longer or a similar one; in (0, 1].
    """

    concept: ConceptRow
    text: str
    how: str
    score: float


class NamesIndex:
    """`names.sqlite`, opened read-only."""

    def __init__(self, path: Path) -> None:
        """Opens the file at `path`.

        Raises:
            NotThere: it is not there.
            Corrupt: it is no database, or one of another layout.
        """
        self.path = path
        if not path.is_file():
            raise NotThere(f"{path} is not there: the space has not been loaded yet; run: generel load")
        # The file is only ever replaced, never changed, so SQLite needs no lock and the folder may be read-only.
        self._database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self.made_from = dict(self._rows("SELECT key, value FROM meta"))
        if self.made_from.pop("layout", None) != LAYOUT:
            raise Corrupt(f"{path} was written by another version of generel; run: generel load")
        self.ties_from = self.made_from.pop(TIES_FROM, "")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise Corrupt(f"{self.path} cannot be read ({error}); run: generel load --force") from error

    def _array(self, key: str, dtype: type[np.generic]) -> NDArray:
        return np.frombuffer(self._rows("SELECT data FROM array WHERE key = ?", (key,))[0][0], dtype=dtype)

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """(n,) uint8: the kind of each row, as its position in `generel.concepts.kinds.KINDS`."""
        return self._array("kind", np.uint8)

    @cached_property
    def _grams(self) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
        return self._array("gram_sizes", np.uint16), self._array("gram_names", np.uint32)

    def concepts(self, rows: Iterable[int]) -> list[ConceptRow]:
        """The concepts of the rows, in their order."""
        wanted = [int(row) for row in rows]
        found: dict[int, ConceptRow] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            found |= {record[0]: ConceptRow(*record) for record in self._rows(f"SELECT * FROM concept WHERE row IN ({_marks(part)})", tuple(part))}
        return [found[row] for row in wanted]

    def curies(self) -> list[str]:
        """All CURIEs in the order of their rows."""
        return [curie for (curie,) in self._rows("SELECT curie FROM concept ORDER BY row")]

    def by_curie(self, curie: str) -> ConceptRow | None:
        """The concept of a canonical CURIE, or None."""
        found = self._rows("SELECT * FROM concept WHERE curie = ?", (curie,))
        return ConceptRow(*found[0]) if found else None

    def by_alias(self, curie: str) -> list[ConceptRow]:
        """The concepts that a CURIE of another database stands for, by row; several where it means several kinds."""
        return [ConceptRow(*record) for record in self._rows("SELECT DISTINCT c.* FROM alias JOIN concept c USING (row) WHERE alias = ? ORDER BY row", (curie,))]

    def near_curies(self, curie: str, *, k: int = 3) -> list[ConceptRow]:
        """The concepts of the same prefix whose identifiers are the fewest edits away, nearest first; at most k."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        prefix = curie.partition(":")[0]
        same = dict(self._rows("SELECT row, curie FROM concept WHERE curie > ? AND curie < ?", (f"{prefix}:", f"{prefix};")))
        near = process.extract(curie, same, scorer=OSA.distance, limit=k)
        return self.concepts(row for _, _, row in sorted(near, key=lambda hit: (hit[1], hit[2])))

    def named(self, text: str) -> list[NameHit]:
        """Every concept called `text`: names before synonyms, then spelled with the same capitals, then by row."""
        found = self._rows("SELECT text, role, c.* FROM name JOIN concept c USING (row) WHERE normal = ?", (normalize(text),))
        found.sort(key=lambda record: (record[1], record[0] != text.strip(), record[2]))
        return [NameHit(ConceptRow(*concept), written, ROLES[role], 1.0) for written, role, *concept in found]

    def starting(self, text: str, k: int, *, kinds: Collection[str] | None = None) -> list[NameHit]:
        """The k names that begin with `text` and go on: names before synonyms, shorter first; one hit a concept."""
        normal = normalize(text)
        if not normal:
            return []
        of_kind, values = _of_kinds(kinds)
        # The k best first and from the index alone, for a single letter begins a tenth of all names; id is part of every index.
        best = (
            f"SELECT min(role * 1000 + length(normal)) AS rank, id, normal FROM name {'JOIN concept c USING (row)' if kinds is not None else ''}"
            f" WHERE normal > ? AND normal < ? {of_kind} GROUP BY row ORDER BY rank, normal, row LIMIT ?"
        )
        found = self._rows(
            f"SELECT text, length(b.normal), c.* FROM ({best}) b JOIN name USING (id) JOIN concept c USING (row) ORDER BY rank, b.normal, row",
            (normal, normal + END, *values, k),
        )
        return [NameHit(ConceptRow(*concept), written, "prefix", len(normal) / length) for written, length, *concept in found]

    def resembling(self, text: str, k: int, *, kinds: Collection[str] | None = None) -> list[NameHit]:
        """The k names most like `text`, for typing errors and words in another order; best first, one hit a concept.

        Names that share the most three-letter pieces are compared letter by letter; what is less than LEAST_ALIKE alike
        is no hit.
        """
        normal = normalize(text)
        if not normal:
            return []
        by_id = {record[0]: record for record in self._sharing_grams(normal, kinds)}
        hits: dict[int, NameHit] = {}
        scored = _alike(normal, {at: record[1] for at, record in by_id.items()})
        for score, at in sorted(scored, key=lambda hit: (-hit[0], by_id[hit[1]][3], len(by_id[hit[1]][1]), hit[1])):
            _, _, written, _, *concept = by_id[at]
            hits.setdefault(concept[0], NameHit(ConceptRow(*concept), written, "fuzzy", score))
        return list(hits.values())[:k]

    def _sharing_grams(self, normal: str, kinds: Collection[str] | None) -> list[tuple]:
        """(id, normal, text, role, concept…) of the names that share most pieces with `normal`."""
        codes = gram_codes(normal).tolist()
        sizes, names = self._grams
        # SQLite says how long a list is without reading it.
        lengths = dict(self._rows(f"SELECT code, length(names) / 4 FROM gram WHERE code IN ({_marks(codes)})", tuple(codes)))
        counted = rarest(lengths)
        blobs = self._rows(f"SELECT names FROM gram WHERE code IN ({_marks(counted)})", tuple(counted))
        # Kinds are sifted after the cut, so with them the cut is wider.
        n = MEASURED if kinds is None else 4 * MEASURED
        ids = names[most_shared([np.frombuffer(blob, np.uint32) for (blob,) in blobs], sizes, n_grams=len(codes), n=n)].tolist()
        of_kind, values = _of_kinds(kinds)
        query = "SELECT id, normal, text, role, c.* FROM name JOIN concept c USING (row) WHERE id IN ({}) {}"
        return self._rows(query.format(_marks(ids), of_kind), (*ids, *values))

    def ties(self, row: int, predicate: str | None = None) -> NDArray[np.uint32]:
        """The rows that the concept of `row` is related to by the evidence, ascending, each once.

        Args:
            predicate: only by this one, in either direction; None for any.
        """
        return self.ties_of([row], predicate)[0]

    def ties_of(self, rows: Iterable[int], predicate: str | None = None) -> list[NDArray[np.uint32]]:
        """`ties` of each of the rows, in their order."""
        wanted = [int(row) for row in rows]
        found: dict[int, NDArray[np.uint32]] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            for row, others, predicates in self._rows(f"SELECT row, others, predicates FROM tie WHERE row IN ({_marks(part)})", tuple(part)):
                found[row] = _tied(others, predicates, predicate)
        return [found.get(row, np.empty(0, np.uint32)) for row in wanted]

    @property
    def has_tie_norms(self) -> bool:
        """Whether the file holds `tie_norms`; one of an older generel does not."""
        return bool(self._rows("SELECT 1 FROM array WHERE key = ?", (TIE_NORMS,)))

    @cached_property
    def tie_norms(self) -> NDArray[np.float32]:
        """(n,) length of each row's ties as a vector, each tie weighing one over the root of how many concepts have it too; 1 without ties."""
        return self._array(TIE_NORMS, np.float32)

    def calibration(self, left_kind: str, right_kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64], int] | None:
        """Quantiles, cosines and number of pairs of two kinds in the table's order; None if they were not calibrated."""
        found = self._rows("SELECT quantiles, cosines, n_pairs FROM calibration WHERE left_kind = ? AND right_kind = ?", (left_kind, right_kind))
        return (np.frombuffer(found[0][0]), np.frombuffer(found[0][1]), found[0][2]) if found else None


def _tied(others: bytes, predicates: bytes, predicate: str | None) -> NDArray[np.uint32]:
    """Each row once; they lie in ascending order, so the same ones are neighbors."""
    rows = np.frombuffer(others, np.uint32)
    rows = rows if predicate is None else rows[np.frombuffer(predicates, np.uint8) == PREDICATES.index(predicate)]
    return rows[np.diff(rows, prepend=np.uint32(0)).astype(bool) | (np.arange(len(rows)) == 0)]


def _alike(normal: str, names: dict[int, str]) -> list[tuple[float, int]]:
    """(score, id) of the names at least LEAST_ALIKE: the better of letter by letter, words sorted, and part of a longer name."""
    from rapidfuzz import fuzz, process

    best: dict[int, float] = {}
    scorers: tuple[tuple[Callable[..., float], float], ...] = ((fuzz.ratio, 1.0), (fuzz.token_sort_ratio, 0.95), (fuzz.token_set_ratio, 0.85))
    for scorer, weight in scorers:
        for _, score, at in process.extract(normal, names, scorer=scorer, limit=None, score_cutoff=100 * LEAST_ALIKE / weight):
            best[at] = max(best.get(at, 0.0), weight * score / 100)
    return [(score, at) for at, score in best.items()]


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _of_kinds(kinds: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    return (f"AND c.kind IN ({_marks(kinds)})", tuple(kinds)) if kinds is not None else ("", ())
