"""The inputs of a build, and one digest of them all: the recipe, the sources' records and bytes, and the code that reads them.

Two builds of one digest are equal, byte for byte, so the second one need not be made. Files are not hashed anew while their
size and time are as they were: the digests are remembered in the cache.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import generel
import kg
from generel.concepts.atomic import write_beside
from generel.concepts.errors import NotThere
from kg.fetch.digest import digest, measure
from kg.recipe import Recipe
from kg.sources.record import Source

REMEMBERED = "digests.json"


@dataclass(frozen=True)
class Input:
    """A source and where its files lie, by name, with the SHA-256 of each."""

    source: Source
    paths: Mapping[str, Path]
    sha256: Mapping[str, str]

    def as_record(self) -> dict[str, Any]:
        """What the manifest says of the source; no path of this machine."""
        places = {file.name: file.place for file in self.source.files}
        return {
            **{name: getattr(self.source, name) for name in ("title", "version", "license", "citation", "homepage", "synthetic")},
            "parameters": {name: str(value) for name, value in sorted(self.source.parameters.items())},
            "files": {name: {"place": places[name], "sha256": self.sha256[name]} for name in sorted(self.paths)},
        }


def describe_inputs(sources: Mapping[str, tuple[Source, Mapping[str, Path]]], *, cache: Path) -> list[Input]:
    """The inputs, in the order given, each file with its digest.

    Args:
        sources: by name, the record and the paths of its files.
        cache: folder in which digests are remembered.

    Raises:
        NotThere: if a file is gone.
    """
    memory = cache / REMEMBERED
    known = _remembered(memory)
    seen: dict[str, list[Any]] = {}
    inputs = []
    for source, paths in sources.values():
        for path in paths.values():
            seen[str(path)] = _digest_of(path, known.get(str(path)))
        sha256 = {name: seen[str(path)][1] for name, path in paths.items()}
        inputs.append(Input(replace(source, version=version_of(source, paths, sha256)), paths, sha256))
    if any(known.get(path) != entry for path, entry in seen.items()):
        with write_beside(memory) as temporary:
            temporary.write_text(json.dumps(known | seen, indent=1, sort_keys=True), encoding="utf-8")
    return inputs


def version_of(source: Source, paths: Mapping[str, Path], sha256: Mapping[str, str]) -> str:
    """The version of a source: that of its record, or what its files say, or the beginning of the hash of all its files."""
    said = source.version or (source.version_of(paths) if source.version_of else "")
    if said:
        return said
    joint = hashlib.sha256("".join(sha256[name] for name in sorted(sha256)).encode()).hexdigest()
    return f"sha256 {joint[:12]}"


def digest_inputs(recipe: Recipe, inputs: list[Input], *, license_allow: Collection[str] = ()) -> str:
    """SHA-256, in hex, of all that a build depends on."""
    document = {"generel": generel.__version__, "code": _digest_of_code(), "recipe": recipe.as_record(), "sources": [[each.source.name, each.as_record()] for each in inputs], "license_allow": sorted(license_allow)}
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _digest_of_code() -> str:
    """SHA-256 of the modules that make a build, so that a mended reader is not taken for the one that made the last build."""
    folders = [Path(kg.__file__).parent, Path(generel.__file__).parent / "concepts", Path(generel.__file__).parent / "index"]
    joint = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            joint.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return joint.hexdigest()


def _remembered(memory: Path) -> dict[str, list[Any]]:
    """By path, the extent and the digest; nothing where the file is not there or is no such file, for it only saves time."""
    try:
        document = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _digest_of(path: Path, remembered: list[Any] | None) -> list[Any]:
    extent = measure(path)
    if extent is None:
        raise NotThere(f"{path} is gone; fetch it again")
    now = list(asdict(extent).values())
    return remembered if remembered and remembered[0] == now else [now, digest(path)]
