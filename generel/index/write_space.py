"""Writing a space folder: everything checked first, then written beside, digested, synced and swapped in.

A vector that is not a finite unit vector is refused, with the CURIE of its concept. The folder that had the name before stays
whole until the new one is complete; its `index/` goes with it, so load afterwards.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors.numpy import save_file

from generel.concepts.atomic import build_beside
from generel.concepts.errors import BadTable
from generel.concepts.kinds import KINDS
from generel.concepts.tables import CALIBRATION, MERGES, RELATIONS, SPACE_CONCEPTS, check, write_table
from generel.index.map_file import write_map
from generel.index.popularity_file import write_popularity
from generel.index.rankings_file import Rankings, write_rankings
from generel.index.space_folder import (
    ALIASES_FILE,
    CALIBRATION_FILE,
    CARD_FILE,
    CONCEPTS_FILE,
    ENCODER,
    FORMAT,
    MANIFEST,
    MAP_FILE,
    METRIC,
    POPULARITY_FILE,
    RANKINGS_FILE,
    RELATIONS_FILE,
    VECTORS_FILE,
    digest_file,
    digest_of_manifest,
)
from generel.index.unit_vectors import find_faults

GIVEN = ("name", "created", "sources", "figures", "build", "encoder")


def write_space(
    folder: Path, *, concepts: pl.DataFrame, aliases: pl.DataFrame, vectors: NDArray[np.float32], bias: NDArray[np.float32],
    relations: pl.DataFrame, calibration: pl.DataFrame, manifest: Mapping[str, Any], encoder: Callable[[Path], None],
    popularity: Mapping[str, NDArray[np.float32]] | None = None, rankings: Rankings | None = None, card: str = "", map: pl.DataFrame | None = None,
) -> None:
    """Write a released space to `folder`, whole or not at all.

    Args:
        concepts: SPACE_CONCEPTS; `row` counts from 0 without gaps, `curie` occurs once.
        aliases: MERGES.
        vectors: (n, dim) float32; vector i belongs to row i; finite, unit norm.
        bias: (n, number of kinds) float32, finite; bias[j, k] is what concept j gains as an answer to a query of kind KINDS[k].
        relations: RELATIONS, the evidence.
        calibration: CALIBRATION, as `generel.query.calibration.calibrate` makes it.
        manifest: `name`, `created`, `sources`, `figures`, `build`, `encoder`, and `bias_weight` where neighbors are to be ranked
            with it; the other fields are filled in here.
        encoder: writes the encoder into the (existing, empty) folder it is given.
        popularity: what concepts gain as answers by relation, see `popularity_file`; None for none.
        rankings: how answers to a relation are ranked; None where neighbors by relation go by cosine and popularity alone.
        card: README of the space, as Markdown.
        map: SPACE_MAP, as `generel.apps.space_map.draw_map` makes it; None for none.

    Raises:
        BadTable: tables, vectors or manifest that do not fit; all that is wrong in one message.
    """
    checked = check(concepts, SPACE_CONCEPTS)
    wrong = [*_wrong_concepts(checked), *_wrong_vectors(checked, vectors, bias)]
    if map is not None and map["row"].sort().to_list() != checked["row"].to_list():
        wrong.append(f"the map has {map.height:,} rows that are not those of the {checked.height:,} concepts")
    wrong += [f"the manifest lacks '{field}'" for field in GIVEN if field not in manifest]
    if wrong:
        raise BadTable(f"the space '{folder.name}' cannot be written: {'; '.join(wrong)}")
    with build_beside(folder) as temporary:
        write_table(checked, SPACE_CONCEPTS, temporary / CONCEPTS_FILE)
        write_table(aliases, MERGES, temporary / ALIASES_FILE)
        write_table(relations, RELATIONS, temporary / RELATIONS_FILE)
        write_table(calibration, CALIBRATION, temporary / CALIBRATION_FILE)
        save_file({"vectors": np.ascontiguousarray(vectors), "bias": np.ascontiguousarray(bias)}, temporary / VECTORS_FILE)
        if popularity:
            write_popularity(temporary / POPULARITY_FILE, popularity)
        if rankings:
            write_rankings(temporary / RANKINGS_FILE, rankings)
        if map is not None:
            write_map(temporary / MAP_FILE, map, made_from=digest_file(temporary / VECTORS_FILE)["sha256"])
        if card:
            (temporary / CARD_FILE).write_text(card, encoding="utf-8")
        (temporary / ENCODER).mkdir()
        encoder(temporary / ENCODER)
        # safetensors makes its files readable by the owner only; a space is there for everybody who may read its tables.
        for path in temporary.rglob("*.safetensors"):
            path.chmod((temporary / CONCEPTS_FILE).stat().st_mode)
        filled = _fill(manifest, checked, dims=vectors.shape[1], n_relations=relations.height, folder=temporary)
        (temporary / MANIFEST).write_text(json.dumps(filled, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _fill(manifest: Mapping[str, Any], concepts: pl.DataFrame, *, dims: int, n_relations: int, folder: Path) -> dict[str, Any]:
    """The whole manifest, with the digests of what lies in `folder` and its own."""
    counts = dict(concepts["kind"].value_counts().sort("kind").rows())
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): digest_file(path) for path in paths}
    filled = {
        "format": FORMAT, **manifest, "dims": dims, "metric": METRIC, "counts": counts, "n_relations": n_relations, "files": files,
    }
    # A round trip first: what is digested must be what a reader parses (tuples become lists, keys become strings).
    filled = json.loads(json.dumps(filled, ensure_ascii=False))
    return {**filled, "digest": digest_of_manifest(filled)}


def _wrong_concepts(concepts: pl.DataFrame) -> list[str]:
    wrong = []
    if not concepts.height:
        wrong.append("there are no concepts")
    if concepts["row"].to_list() != list(range(concepts.height)):
        wrong.append("'row' does not count from 0 without gaps")
    if (repeated := concepts.filter(pl.col("curie").is_duplicated())["curie"].unique(maintain_order=True)).len():
        wrong.append(f"{repeated.len():,} CURIEs occur more than once, such as {repeated[0]}")
    if unknown := sorted(set(concepts["kind"]) - set(KINDS)):
        wrong.append(f"unknown kinds: {', '.join(unknown)}")
    return wrong


def _wrong_vectors(concepts: pl.DataFrame, vectors: NDArray[np.float32], bias: NDArray[np.float32]) -> list[str]:
    n = concepts.height
    if vectors.dtype != np.float32 or bias.dtype != np.float32:
        return [f"vectors are {vectors.dtype} and bias {bias.dtype}; both should be float32"]
    if vectors.ndim != 2 or vectors.shape[0] != n or vectors.shape[1] == 0 or bias.shape != (n, len(KINDS)):
        return [f"vectors have shape {vectors.shape} and bias {bias.shape} for {n:,} concepts"]
    not_finite, not_unit = find_faults(vectors)
    return [
        *_name_rows(concepts, not_finite, "vectors with NaN or infinite numbers"),
        *_name_rows(concepts, not_unit, "vectors not of unit norm"),
        *_name_rows(concepts, ~np.all(np.isfinite(bias), axis=1), "NaN or infinite biases"),
    ]


def _name_rows(concepts: pl.DataFrame, bad: NDArray[np.bool_], what: str) -> list[str]:
    rows = np.flatnonzero(bad)
    first = ", ".join(f"{concepts['curie'][int(row)]} (row {row})" for row in rows[:5])
    return [f"{len(rows):,} {what}: {first}"] if len(rows) else []
