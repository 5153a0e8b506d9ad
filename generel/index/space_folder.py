"""The folder that a released embedding space is, and the reader of its manifest.

    spaces/<name>/
      manifest.json        what the space is and the SHA-256 of every file below except `index/`; written last
      concepts.parquet     SPACE_CONCEPTS: row i is the concept of vector i
      aliases.parquet      MERGES: kind, alias CURIE, canonical CURIE
      vectors.safetensors  `vectors` float32 (n, dim), unit norm; `bias` float32 (n, kinds), popularity
      popularity.safetensors  what a concept gains as an answer, by relation; see popularity_file
      rankings.json        how answers to a relation are ranked; see rankings_file
      relations.parquet    RELATIONS: the evidence
      calibration.parquet  CALIBRATION: cosines of random pairs by pair of kinds
      map.parquet          SPACE_MAP: where the concepts lie on a map; a space may be without
      README.md            the model card
      encoder/             what embeds free text; `generel.model` reads it
      index/               caches, rebuilt by `generel load`: names.sqlite, edge-<digest>/, current -> edge-<digest>; and the
                           map.parquet of `generel map`

Tables and vectors are the truth. Nothing in `index/` is in the manifest, nothing outside it is written after release, and
`manifest.json` holds a digest of itself: a hand-edited manifest is refused. No polars here: the cold path reads this.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generel.concepts.errors import BadTable, Corrupt, NotThere
from generel.concepts.progress import SILENT, Advance, Progress

FORMAT = 1
METRIC = "cosine"
MANIFEST = "manifest.json"
CONCEPTS_FILE = "concepts.parquet"
ALIASES_FILE = "aliases.parquet"
VECTORS_FILE = "vectors.safetensors"
POPULARITY_FILE = "popularity.safetensors"
RANKINGS_FILE = "rankings.json"
CARD_FILE = "README.md"
RELATIONS_FILE = "relations.parquet"
CALIBRATION_FILE = "calibration.parquet"
MAP_FILE = "map.parquet"
ENCODER = "encoder"
INDEX = "index"
NAMES_FILE = "names.sqlite"
CURRENT = "current"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says; `raw` is all of it.

    Attributes:
        counts: concepts by kind.
        sources: one mapping a source: name, title, version, license, citation, synthetic.
        figures: what evaluation measured at release, as the release wrote it.
        build: digest of the build that the space was trained on.
        bias_weight: how much of a candidate's `bias` for the query's kind is added to its cosine when neighbors are
            *ranked*; 0 where the manifest does not say. Cosines and relatedness never contain it.
        files: SHA-256 and size by path relative to the folder.
    """

    name: str
    created: str
    dims: int
    metric: str
    counts: Mapping[str, int]
    n_relations: int
    sources: tuple[Mapping[str, Any], ...]
    figures: Mapping[str, Any]
    build: str
    encoder: Mapping[str, Any]
    bias_weight: float
    files: Mapping[str, Mapping[str, Any]]
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def n_concepts(self) -> int:
        """Rows of `concepts.parquet` and of the vectors."""
        return sum(self.counts.values())

    def digest_of(self, file: str) -> str:
        """The SHA-256 of one file of the space, in hex."""
        return str(self.files[file]["sha256"])


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the space in `folder`.

    Raises:
        NotThere: no `manifest.json`.
        Corrupt: not JSON, fields missing, or not what was written.
        BadTable: another format version.
    """
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotThere(f"{folder} is not an embedding space: it has no {MANIFEST}") from error
    except ValueError as error:
        raise Corrupt(f"{path} is not JSON ({error}); release the space again or copy it anew") from error
    if not isinstance(raw, dict) or digest_of_manifest(raw) != raw.get("digest"):
        raise Corrupt(f"{path} is not what was written: its digest does not match; release the space again or copy it anew")
    if raw.get("format") != FORMAT:
        raise BadTable(f"{path} has format {raw.get('format')!r}; this generel reads format {FORMAT}")
    return make_manifest(raw, where=str(path))


def make_manifest(raw: Mapping[str, Any], *, where: str) -> Manifest:
    """The manifest that `raw` spells; `where` it was read, for the error.

    Raises:
        Corrupt: fields are missing or garbled.
    """
    try:
        return Manifest(
            name=raw["name"], created=raw["created"], dims=int(raw["dims"]), metric=raw["metric"], counts=raw["counts"],
            n_relations=int(raw["n_relations"]), sources=tuple(raw["sources"]), figures=raw["figures"], build=raw["build"],
            encoder=raw["encoder"], bias_weight=float(raw.get("bias_weight", 0.0)), files=raw["files"], raw=raw,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Corrupt(f"{where} lacks or garbles a field ({error!r}); release the space again") from error


def digest_of_manifest(raw: Mapping[str, Any]) -> str:
    """The SHA-256, in hex, of the manifest's content without its own `digest`; order of keys does not matter."""
    content = {key: value for key, value in raw.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def digest_file(path: Path, *, advance: Advance = lambda amount: None) -> dict[str, Any]:
    """`sha256` (hex) and `bytes` of a file, as the manifest holds them; `advance` is told the bytes read."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            advance(len(chunk))
    return {"sha256": digest.hexdigest(), "bytes": size}


def verify_files(folder: Path, manifest: Manifest, *, progress: Progress = SILENT) -> None:
    """Nothing, if every file of the manifest is there and is what was written.

    Raises:
        Corrupt: naming all files that are missing, cut short or changed.
    """
    total = sum(recorded["bytes"] for recorded in manifest.files.values())
    with progress.task("checking the files of the space", total=total) as advance:
        found = [_damage(folder / name, name, recorded, advance) for name, recorded in sorted(manifest.files.items())]
    if wrong := [damage for damage in found if damage]:
        raise Corrupt(f"{folder} is damaged: {'; '.join(wrong)}; release the space again or copy it anew")


def _damage(path: Path, name: str, recorded: Mapping[str, Any], advance: Advance) -> str:
    if not path.is_file():
        return f"{name} is missing"
    if (size := path.stat().st_size) != recorded["bytes"]:
        return f"{name} has {size:,} bytes instead of {recorded['bytes']:,}"
    return "" if digest_file(path, advance=advance)["sha256"] == recorded["sha256"] else f"{name} does not match its SHA-256"
