"""The folder that a trained gene-set model is, its writer and its reader.

    model.json            what the model is, how it was trained and measured, and the SHA-256 of every other file; written last
    network.safetensors   the network, see `generel.apps.gene_sets.network`; and `ridge_*`, the regression on terms, see
                          `generel.apps.gene_sets.ridge`: models of before it, and those trained without texts, have none
    concepts.parquet      SPACE_CONCEPTS: row i is gene i of the network
    aliases.parquet       MERGES: other identifiers of these genes
    sets.parquet          MODEL_SETS: the sets that the model compares with, row i is set i below
    sets.safetensors      `members` int32 and `offsets` int64, set i has members[offsets[i]:offsets[i + 1]], ascending;
                          `vectors` float16 (n_sets, dims), unit norm
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from generel.concepts.atomic import build_beside
from generel.concepts.errors import BadTable, Corrupt, NotThere
from generel.concepts.home import Home
from generel.concepts.tables import MERGES, SPACE_CONCEPTS, Count, Real, Table, Text, read_table, write_table
from generel.index.space_folder import ALIASES_FILE, CONCEPTS_FILE, digest_file

FORMAT = 1
MANIFEST, NETWORK_FILE, SETS_TABLE, SETS_FILE = "model.json", "network.safetensors", "sets.parquet", "sets.safetensors"
FILES = (NETWORK_FILE, CONCEPTS_FILE, ALIASES_FILE, SETS_TABLE, SETS_FILE)
ROOM, VARIABLE = "gene_sets", "GENEREL_GENE_SETS"
Tensors = dict[str, NDArray[Any]]
# `mean` and `deviation` are of all genes' scores for the set; the figures are null where they were not measured.
MODEL_SETS = Table(
    "MODEL_SETS", 1, ("row",),
    {"row": Count, "library": Text, "set": Text, "name": Text, "n_genes": Count, "mean": Real, "deviation": Real, "auroc": Real, "average_precision": Real},
    frozenset({"auroc", "average_precision"}),
)


@dataclass(frozen=True)
class ModelParts:
    """All that a model is made of.

    Attributes:
        manifest: JSON: `created`, `settings`, `libraries` and what else the training says.
        network: by name; those of the regression too, where there is one.
        concepts, aliases: SPACE_CONCEPTS and MERGES of its genes.
        sets: MODEL_SETS.
        members: `members`, `offsets` and `vectors`.
    """

    manifest: Mapping[str, Any]
    network: Tensors
    concepts: pl.DataFrame
    aliases: pl.DataFrame
    sets: pl.DataFrame
    members: Tensors


def find_model(model: str | Path | None = None) -> Path:
    """The folder of a model: of that name in GENEREL_HOME/gene_sets, or, where it holds a '/', of that path.

    Args:
        model: None for `GENEREL_GENE_SETS`, else the only model there is.

    Raises:
        NotThere: none is named, and there is not just one.
    """
    room = Home.from_environment().root / ROOM
    wanted = model or os.environ.get(VARIABLE)
    if wanted:
        is_path = isinstance(wanted, Path) or os.sep in wanted or wanted in (".", "..")
        return Path(wanted).expanduser() if is_path else room / wanted
    there = list_models(room)
    if len(there) == 1:
        return room / there[0]
    raise NotThere(f"no gene-set model is named; {_others(room)}" if not there else f"several gene-set models are in {room}: {', '.join(there)}; name one with --model, or in {VARIABLE}")


def list_models(room: Path) -> list[str]:
    """The names of the models in a folder, ascending; those that are being written are not among them."""
    return sorted(path.parent.name for path in room.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))


def _others(room: Path) -> str:
    there = list_models(room)
    return f"the models in {room} are: {', '.join(there)}" if there else "make one with: generel genesets train GMT... --out NAME"


def write_model(folder: Path, parts: ModelParts) -> None:
    """Write the model beside and rename; the one that was there stays until this one is complete."""
    with build_beside(folder) as beside:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in parts.network.items()}, beside / NETWORK_FILE)
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in parts.members.items()}, beside / SETS_FILE)
        write_table(parts.concepts, SPACE_CONCEPTS, beside / CONCEPTS_FILE)
        write_table(parts.aliases, MERGES, beside / ALIASES_FILE)
        write_table(parts.sets, MODEL_SETS, beside / SETS_TABLE)
        manifest = {"format": FORMAT, **parts.manifest, "files": {name: digest_file(beside / name) for name in FILES}}
        (beside / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `model.json` says.

    Raises:
        NotThere: no model in the folder; those that there are beside it are named.
        Corrupt: it cannot be read.
        BadTable: another format.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotThere(f"there is no gene-set model at {folder}; {_others(folder.parent)}") from error
    except ValueError as error:
        raise Corrupt(f"{path} is not JSON ({error}); train the model again or copy it anew") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise Corrupt(f"{path} is not what was written; train the model again or copy it anew")
    if manifest.get("format") != FORMAT:
        raise BadTable(f"{path} has format {manifest.get('format')!r}; this generel reads format {FORMAT}: train the model again")
    return manifest


def read_model(folder: Path) -> ModelParts:
    """The model in the folder.

    Raises:
        NotThere, BadTable: as `read_manifest`.
        Corrupt: a file is missing, or not of the size that was written, or cannot be read.
    """
    manifest = read_manifest(folder)
    wrong = [name for name in FILES if not (folder / name).is_file() or (folder / name).stat().st_size != manifest["files"].get(name, {}).get("bytes")]
    if wrong:
        raise Corrupt(f"{folder} is damaged: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} missing or of another size; train the model again or copy it anew")
    try:
        network, members = load_file(folder / NETWORK_FILE), load_file(folder / SETS_FILE)
    except (SafetensorError, OSError) as error:
        raise Corrupt(f"a file of {folder} cannot be read ({error}); train the model again or copy it anew") from error
    concepts, aliases = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS), read_table(folder / ALIASES_FILE, MERGES)
    return ModelParts(manifest, network, concepts, aliases, read_table(folder / SETS_TABLE, MODEL_SETS), members)
