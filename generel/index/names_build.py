"""Building `names.sqlite`: everything a query needs besides vectors, in a file that opens in a millisecond.

It holds copies: concepts, their names and synonyms, aliases, what each is related to, the calibration. The digests of the tables it was made from
are stored with it, so a reader can tell that a space was released anew and this file was not.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.atomic import write_beside
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME
from generel.concepts.progress import SILENT, Progress
from generel.index.grams import postings
from generel.index.names import LAYOUT, TIE_NORMS, TIES_FROM
from generel.index.normalize import normalize

NAME, SYNONYM = 0, 1
ADVANCE_EVERY = 1000
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE concept (row INTEGER PRIMARY KEY, curie TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, n_relations INTEGER NOT NULL);
CREATE TABLE alias (alias TEXT, kind TEXT, row INTEGER, PRIMARY KEY (alias, kind, row)) WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, normal TEXT NOT NULL, text TEXT NOT NULL, row INTEGER NOT NULL, role INTEGER NOT NULL);
CREATE TABLE gram (code INTEGER PRIMARY KEY, names BLOB NOT NULL);
CREATE TABLE array (key TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE tie (row INTEGER PRIMARY KEY, others BLOB NOT NULL, predicates BLOB NOT NULL);
CREATE TABLE calibration (left_kind TEXT, right_kind TEXT, n_pairs INTEGER, quantiles BLOB, cosines BLOB, PRIMARY KEY (left_kind, right_kind));
"""
INDEXES = """
CREATE UNIQUE INDEX concept_curie ON concept (curie);
CREATE INDEX name_normal ON name (normal, role, row);
"""


def build_names(
    path: Path, *, concepts: pl.DataFrame, aliases: pl.DataFrame, calibration: pl.DataFrame, made_from: Mapping[str, str],
    relations: pl.DataFrame | None = None, ties_from: str = "", progress: Progress = SILENT,
) -> None:
    """Write the names index to `path`, whole or not at all.

    Args:
        concepts: SPACE_CONCEPTS.
        aliases: MERGES; rows whose concept is not in the space are passed over.
        calibration: CALIBRATION.
        made_from: digests of the files behind these frames, stored for the reader to compare.
        relations: columns `subject, predicate, object` of RELATIONS; rows with an end outside the space are passed over.
        ties_from: digest of the file behind `relations`.
    """
    with write_beside(path) as temporary:
        temporary.unlink(missing_ok=True)
        database = sqlite3.connect(temporary)
        try:
            # A crash leaves the temporary file, which nobody reads: no journal is needed.
            database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + TABLES)
            database.executemany("INSERT INTO meta VALUES (?, ?)", [*made_from.items(), ("layout", LAYOUT), (TIES_FROM, ties_from)])
            _write_concepts(database, concepts, aliases)
            _write_names(database, concepts, progress)
            _write_calibration(database, calibration)
            if relations is not None:
                _write_ties(database, concepts, relations)
            database.executescript(INDEXES)
            database.commit()
        except sqlite3.OperationalError as error:
            # SQLite has its own words for a full disk and for one that fails; callers know those of the system.
            code = errno.ENOSPC if "full" in str(error) else errno.EIO
            raise OSError(code, os.strerror(code), str(path)) from error
        finally:
            database.close()


def _write_concepts(database: sqlite3.Connection, concepts: pl.DataFrame, aliases: pl.DataFrame) -> None:
    database.executemany(
        "INSERT INTO concept VALUES (?, ?, ?, ?, ?)", concepts.select("row", "curie", "kind", "name", "n_relations").iter_rows()
    )
    codes = np.array([KINDS.index(kind) for kind in concepts["kind"]], dtype=np.uint8)
    database.execute("INSERT INTO array VALUES ('kind', ?)", (codes.tobytes(),))
    known = aliases.join(concepts.select("curie", "row"), on="curie").select("alias", "kind", "row").unique()
    database.executemany("INSERT INTO alias VALUES (?, ?, ?)", known.iter_rows())


def _write_names(database: sqlite3.Connection, concepts: pl.DataFrame, progress: Progress) -> None:
    normals: list[str] = []
    rows: list[int] = []
    with progress.task("indexing names", total=concepts.height) as advance:
        for row, kind, texts in _texts(concepts):
            if row % ADVANCE_EVERY == 0:
                advance(ADVANCE_EVERY)
            for normal, (text, role) in texts.items():
                cursor = database.execute("INSERT INTO name (normal, text, row, role) VALUES (?, ?, ?, ?)", (normal, text, row, role))
                # Nobody misspells an rsID into another word; its digits would only swell the posting lists.
                if kind != "variant" or not normal.startswith("rs"):
                    normals.append(normal)
                    rows.append(cursor.lastrowid or 0)
    lists, sizes = postings(normals)
    database.executemany("INSERT INTO gram VALUES (?, ?)", ((code, at.tobytes()) for code, at in lists))
    database.execute("INSERT INTO array VALUES ('gram_sizes', ?)", (sizes.tobytes(),))
    database.execute("INSERT INTO array VALUES ('gram_names', ?)", (np.array(rows, dtype=np.uint32).tobytes(),))


def _texts(concepts: pl.DataFrame) -> Iterator[tuple[int, str, dict[str, tuple[str, int]]]]:
    """Row, kind and {normalized: (as written, role)} of each concept; of two spellings the name, then the first, stays."""
    for row, kind, name, synonyms in concepts.select("row", "kind", "name", "synonyms").iter_rows():
        texts: dict[str, tuple[str, int]] = {}
        for text, role in [(name, NAME), *((synonym, SYNONYM) for synonym in synonyms or ())]:
            if normal := normalize(text):
                texts.setdefault(normal, (text, role))
        yield row, kind, texts


def _write_calibration(database: sqlite3.Connection, calibration: pl.DataFrame) -> None:
    for (left, right), part in calibration.group_by("left_kind", "right_kind"):
        quantiles, cosines = (part.sort("quantile")[column].to_numpy().tobytes() for column in ("quantile", "cosine"))
        database.execute("INSERT INTO calibration VALUES (?, ?, ?, ?, ?)", (left, right, part["n_pairs"][0], quantiles, cosines))


def _write_ties(database: sqlite3.Connection, concepts: pl.DataFrame, relations: pl.DataFrame) -> None:
    """Of every concept the rows it is related to, ascending, and by which predicates, whichever of the two is the subject."""
    rows = concepts.select("curie", row=pl.col("row").cast(pl.UInt32)).lazy()
    codes = {name: code for code, name in enumerate(BY_NAME)}
    both = (
        relations.lazy().select("subject", "object", code=pl.col("predicate").replace_strict(codes, default=None, return_dtype=pl.UInt8)).drop_nulls()
        .join(rows.rename({"curie": "subject", "row": "left"}), on="subject").join(rows.rename({"curie": "object", "row": "right"}), on="object")
        .select("left", "right", "code")
    )
    ties = pl.concat([both, both.select(left="right", right="left", code="code")]).unique().sort("left", "right", "code").collect()
    left, right, code = (ties[column].to_numpy() for column in ("left", "right", "code"))
    own, starts = np.unique(left, return_index=True)
    runs = zip(own.tolist(), np.split(right, starts[1:]), np.split(code, starts[1:]), strict=bool(len(own)))
    database.executemany("INSERT INTO tie VALUES (?, ?, ?)", ((row, others.tobytes(), predicates.tobytes()) for row, others, predicates in runs))
    database.execute("INSERT INTO array VALUES (?, ?)", (TIE_NORMS, measure_ties(left, right, n=concepts.height).tobytes()))


def measure_ties(left: NDArray[np.uint32], right: NDArray[np.uint32], *, n: int) -> NDArray[np.float32]:
    """(n,) length of each row's ties as a vector, a tie to something that m concepts are tied to being 1 / root of m; 1 without ties.

    Args:
        left, right: ends of the ties, both ways round, sorted by left, then by right; what is tied twice counts once.
    """
    once = np.ones(len(left), dtype=bool)
    once[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    tied = np.bincount(right[once], minlength=n)
    squares = np.bincount(left[once], weights=1 / tied[right[once]], minlength=n)
    return np.where(squares > 0, np.sqrt(squares), 1).astype(np.float32)
