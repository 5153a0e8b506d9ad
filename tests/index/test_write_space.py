"""What a space folder may hold, and that it is written whole or not at all."""

import json
import stat
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike

from generel.concepts.errors import BadTable, Corrupt, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.tables import RELATIONS, SPACE_CONCEPTS, read_table
from generel.index.space_folder import digest_of_manifest, read_manifest, verify_files
from generel.index.vectors_file import VectorsFile
from generel.index.write_space import write_space
from tests.worlds import manifest_fields, world_concepts, world_relations, world_vectors, write_encoder, write_world


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """The world, released and not loaded."""
    return write_world(tmp_path / "world", load=False)


def test_what_was_given_is_read_back(space: Path) -> None:
    """Tables, vectors and encoder come back, and the folder holds nothing else."""
    assert read_table(space / "concepts.parquet", SPACE_CONCEPTS).equals(world_concepts())
    assert read_table(space / "relations.parquet", RELATIONS).height == world_relations().height
    assert VectorsFile.open(space / "vectors.safetensors").vectors.tolist() == world_vectors().tolist()
    assert sorted(path.relative_to(space).as_posix() for path in space.rglob("*") if path.is_file()) == [
        "aliases.parquet", "calibration.parquet", "concepts.parquet", "encoder/note.txt", "manifest.json", "relations.parquet", "vectors.safetensors",
    ]


def test_the_manifest_counts_and_digests(space: Path) -> None:
    """What the release says is kept; dims, counts and digests are filled in."""
    manifest = read_manifest(space)
    assert (manifest.name, manifest.dims, manifest.metric, manifest.n_relations, manifest.n_concepts) == ("world", 3, "cosine", 5, 12)
    assert manifest.counts == {"disease": 2, "drug": 3, "gene": 3, "phenotype": 2, "variant": 2}
    assert manifest.sources[0]["license"] == "CC-BY-SA-4.0"
    assert manifest.bias_weight == 0
    assert sorted(manifest.files) == [
        "aliases.parquet", "calibration.parquet", "concepts.parquet", "encoder/note.txt", "relations.parquet", "vectors.safetensors",
    ]
    assert manifest.files["vectors.safetensors"]["bytes"] == (space / "vectors.safetensors").stat().st_size


def test_equal_input_gives_equal_bytes(space: Path, tmp_path: Path) -> None:
    """Two releases of the same things differ in no file."""
    again = write_world(tmp_path / "again" / "world", load=False)
    for path in space.rglob("*"):
        if path.is_file():
            assert (again / path.relative_to(space)).read_bytes() == path.read_bytes()


def test_all_files_have_the_same_permissions(space: Path) -> None:
    """safetensors writes for the owner only; the release opens it to whoever may read the tables."""
    modes = {stat.S_IMODE(path.stat().st_mode) for path in space.glob("*.*") if path.is_file()}
    assert len(modes) == 1


def broken(row: int, value: ArrayLike) -> np.ndarray:
    """The world's vectors with one row replaced."""
    vectors = world_vectors()
    vectors[row] = np.asarray(value)
    return vectors


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (broken(3, np.nan), r"1 vectors with NaN or infinite numbers: hgnc:1100 \(row 3\)"),
        (broken(0, [np.inf, 0, 0]), r"1 vectors with NaN or infinite numbers: dbsnp:rs4149056 \(row 0\)"),
        (broken(7, 0), r"1 vectors not of unit norm: chebi:10033 \(row 7\)"),
        (broken(7, 1e30), r"1 vectors not of unit norm: chebi:10033 \(row 7\)"),
        (broken(1, [2, 0, 0]), r"1 vectors not of unit norm: dbsnp:rs7903146"),
        (world_vectors()[:11], r"vectors have shape \(11, 3\) and bias \(11, 10\) for 12 concepts"),
        (world_vectors()[:, :0], r"vectors have shape \(12, 0\)"),
        (world_vectors().astype(np.float64), "vectors are float64"),
        (world_vectors().ravel(), r"vectors have shape \(36,\)"),
    ],
)
def test_vectors_that_are_no_unit_vectors_are_refused(tmp_path: Path, vectors: np.ndarray, message: str) -> None:
    """NaN, infinity, zero, another length, another number and another type are refused, with the CURIE, and nothing is written."""
    with pytest.raises(BadTable, match=message):
        write_world(tmp_path / "world", vectors=vectors)
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Concepts, vectors, bias and manifest are all looked at before anything is refused."""
    concepts = world_concepts().with_columns(
        pl.when(pl.col("row") == 1).then(pl.lit("dbsnp:rs4149056")).otherwise("curie").alias("curie"),
        pl.when(pl.col("row") == 2).then(pl.lit("protein")).otherwise("kind").alias("kind"),
        row=pl.col("row") * 2,
    )
    fields = manifest_fields()
    del fields["build"], fields["sources"]
    with pytest.raises(BadTable) as error:
        write_space(
            tmp_path / "world", concepts=concepts, aliases=pl.DataFrame(), vectors=broken(0, 0), bias=np.full((12, len(KINDS)), np.nan, np.float32),
            relations=world_relations(), calibration=pl.DataFrame(), manifest=fields, encoder=write_encoder,
        )
    for part in (
        "'row' does not count from 0", "1 CURIEs occur more than once, such as dbsnp:rs4149056", "unknown kinds: protein", "1 vectors not of unit norm",
        "12 NaN or infinite biases", "lacks 'sources'", "lacks 'build'",
    ):
        assert part in str(error.value)


def test_an_empty_space_is_refused(tmp_path: Path) -> None:
    """A space without concepts answers nothing."""
    with pytest.raises(BadTable, match="there are no concepts"):
        write_world(tmp_path / "world", concepts=SPACE_CONCEPTS.empty(), vectors=np.empty((0, 3), np.float32))


def test_a_failing_encoder_leaves_what_was_there(space: Path) -> None:
    """An error or a Ctrl-C in the middle of a second release keeps the first, and leaves nothing beside it."""
    before = (space / "manifest.json").read_bytes()

    def interrupt(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_space(
            space, concepts=world_concepts(), aliases=pl.DataFrame({"kind": [], "alias": [], "curie": []}), vectors=world_vectors(),
            bias=np.zeros((12, len(KINDS)), np.float32), relations=world_relations(),
            calibration=read_table_of(space, "calibration"), manifest=manifest_fields("other"), encoder=interrupt,
        )
    assert (space / "manifest.json").read_bytes() == before
    assert [path.name for path in space.parent.iterdir()] == ["world"]


def read_table_of(space: Path, name: str) -> pl.DataFrame:
    """A table of the space as it is on disk."""
    return pl.read_parquet(space / f"{name}.parquet")


def test_a_changed_manifest_is_corrupt(space: Path) -> None:
    """A word changed by hand is noticed by the manifest's own digest."""
    path = space / "manifest.json"
    path.write_text(path.read_text().replace("CC-BY-SA-4.0", "CC0-1.0"))
    with pytest.raises(Corrupt, match=r"manifest\.json is not what was written"):
        read_manifest(space)


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "{}"])
def test_a_torn_manifest_is_corrupt(space: Path, content: str) -> None:
    """Half a file, and JSON of another shape, are refused alike."""
    (space / "manifest.json").write_text(content)
    with pytest.raises(Corrupt, match=r"manifest\.json"):
        read_manifest(space)


def test_another_format_is_said(space: Path) -> None:
    """A manifest of a later format is whole, but not for this version."""
    raw = {**json.loads((space / "manifest.json").read_text()), "format": 2}
    raw["digest"] = digest_of_manifest(raw)
    (space / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(BadTable, match="has format 2; this generel reads format 1"):
        read_manifest(space)


def test_a_manifest_without_a_field_is_corrupt(space: Path) -> None:
    """A field that is missing is named."""
    raw = json.loads((space / "manifest.json").read_text())
    del raw["counts"]
    raw["digest"] = digest_of_manifest(raw)
    (space / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(Corrupt, match="counts"):
        read_manifest(space)


def test_a_folder_without_manifest_is_no_space(tmp_path: Path) -> None:
    """It says so."""
    with pytest.raises(NotThere, match="is not an embedding space"):
        read_manifest(tmp_path)


def test_every_damaged_file_is_named_at_once(space: Path) -> None:
    """One missing, one cut, one changed: one message."""
    (space / "aliases.parquet").unlink()
    (space / "encoder/note.txt").write_text("a")
    content = bytearray((space / "concepts.parquet").read_bytes())
    content[100] ^= 1
    (space / "concepts.parquet").write_bytes(content)
    with pytest.raises(Corrupt) as error:
        verify_files(space, read_manifest(space))
    assert "aliases.parquet is missing" in str(error.value)
    assert "encoder/note.txt has 1 bytes instead of" in str(error.value)
    assert "concepts.parquet does not match its SHA-256" in str(error.value)
