"""A build in a format of others: a folder with the format's files, the credits of all sources, and what was written.

The folder is written beside and renamed when complete, so what is there before has to be an earlier export: other files would be lost.
The same build gives the same bytes.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import generel
from generel.concepts.atomic import build_beside
from generel.concepts.errors import BadInput, NotWritable
from generel.concepts.progress import SILENT, Progress
from kg.graph import Graph
from kg.interchange.gmt_export import write_gmt
from kg.interchange.kgx_export import write_kgx
from kg.interchange.pykeen_export import write_triples
from kg.interchange.sssom_export import write_sssom
from kg.split import Split

MANIFEST, CREDITS = "export.json", "CREDITS.txt"


class StoredGraph(Graph, Protocol):
    """A graph with its split and the manifest of its build."""

    @property
    def name(self) -> str: ...
    @property
    def split(self) -> Split: ...
    @property
    def manifest(self) -> Mapping[str, Any]: ...


# Each writes its files into a folder, and says how many rows each has.
FORMATS: dict[str, Callable[[StoredGraph, Path], dict[str, int]]] = {
    "gmt": lambda made, folder: write_gmt(made, folder),
    "kgx": lambda made, folder: write_kgx(made, folder),
    "pykeen": lambda made, folder: write_triples(made.split.relations, folder),
    "sssom": lambda made, folder: write_sssom(made, made.manifest, folder),
}


def export_build(made: StoredGraph, *, to: str, folder: Path, credits: str, progress: Progress = SILENT) -> dict[str, int]:
    """Write the build to `folder` and give back how many rows each file of the format has.

    Args:
        to: one of FORMATS.
        folder: what is to hold the files; it is made, or takes the place of an earlier export.
        credits: the text that credits the sources.

    Raises:
        BadInput: there is no such format.
        NotWritable: something else is at `folder`.
    """
    if to not in FORMATS:
        raise BadInput(f"'{to}' is no format of exports; there are: {', '.join(FORMATS)}")
    _check_place(folder)
    with progress.task(f"Writing {to}", total=1) as advance, build_beside(folder) as temporary:
        rows = FORMATS[to](made, temporary)
        manifest = {"format": to, "build": made.name, "inputs": made.manifest["inputs"], "generel": generel.__version__, "rows": rows}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (temporary / CREDITS).write_text(credits + "\n", encoding="utf-8")
        advance(1)
    return rows


def _check_place(folder: Path) -> None:
    if folder.is_dir():
        if not any(folder.iterdir()) or (folder / MANIFEST).is_file():
            return
        raise NotWritable(f"{folder} holds other files, which an export would take the place of; give a new folder with --out")
    if folder.exists():
        raise NotWritable(f"{folder} is a file; give a folder with --out")
