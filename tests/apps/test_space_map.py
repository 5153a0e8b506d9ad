"""The map of a space: what is near stays near, one seed gives one map, and the file knows which vectors it was drawn from."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from generel.apps.exports.atlas import atlas_frame, export_atlas
from generel.apps.exports.credits import credits_of
from generel.apps.space_map import draw_map, draw_map_of, into_square, label_levels, principal_plane
from generel.cli.main import main
from generel.concepts.errors import BadInput, BadTable, MissingExtra, NotThere
from generel.concepts.tables import SPACE_MAP, check
from generel.index.map_file import find_map, read_map
from generel.index.space_folder import INDEX, MAP_FILE, read_manifest
from generel.query.space import EmbeddingSpace
from tests.worlds import CONCEPTS, unit, world_vectors, write_world


def test_the_first_two_components_are_the_directions_of_largest_variance() -> None:
    """By hand: points on the axes, twice as far along the second; the mean is taken off, the largest coefficient is positive."""
    vectors = np.array([[1, 2, 0], [1, -2, 0], [2, 0, 0], [0, 0, 0]], np.float32)
    assert np.allclose(principal_plane(vectors), [[2, 0], [-2, 0], [0, 1], [0, -1]])
    assert np.allclose(principal_plane(vectors[:, 1:2]), [[2, 0], [-2, 0], [0, 0], [0, 0]])


def test_places_fill_the_square_in_their_own_proportions() -> None:
    """Twice as wide as high: the height takes the middle half. Places that are all one are in the middle."""
    assert np.allclose(into_square(np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 1.0]])), [[0, 0.25], [1, 0.75], [0.5, 0.5]], atol=1e-3)
    assert np.allclose(into_square(np.ones((3, 2))), 0.5)


def test_the_most_tied_concept_of_each_cell_is_named_first() -> None:
    """Of three in one corner the most tied has level 1, the next, in another cell of the finer grid, level 2; ties go to the smaller row."""
    places = np.array([[0.01, 0.01], [0.02, 0.02], [0.2, 0.2], [0.9, 0.9], [0.99, 0.99]])
    assert label_levels(places, np.array([5, 9, 7, 1, 1])).tolist() == [2, 1, 2, 1, 2]
    assert label_levels(np.full((6, 2), 0.5), np.arange(6)).tolist() == [0, 0, 4, 3, 2, 1]


def test_clusters_are_apart_on_the_map_and_a_seed_gives_one_map() -> None:
    """Three bundles of thirty vectors: nearly all of a concept's nearest ten are of its bundle."""
    generator = np.random.default_rng(3)
    vectors = unit(np.repeat(np.eye(3, 8), 30, axis=0) + 0.05 * generator.standard_normal((90, 8)))
    first, again = (draw_map(vectors, [1] * 90, seed=7) for _ in range(2))
    assert check(first, SPACE_MAP).equals(again)
    places = first.select("x", "y").to_numpy()
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    nearest = np.argsort(distances, axis=1)[:, 1:11]
    assert np.mean(nearest // 30 == np.arange(90)[:, None] // 30) > 0.97


def test_a_few_concepts_are_laid_out_by_their_components() -> None:
    """Without openTSNE, even: too few have no neighborhoods to keep."""
    drawn = draw_map(world_vectors(), [concept[-1] for concept in CONCEPTS])
    assert np.allclose(drawn.select("x", "y").to_numpy(), into_square(principal_plane(world_vectors())))


def test_a_missing_library_is_said_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the release hears it, which then goes without a map."""
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(MissingExtra, match=r"generel\[map\]"):
        draw_map(unit(np.random.default_rng(0).standard_normal((80, 4))), [1] * 80)


def test_a_map_lies_beside_the_index_and_belongs_to_its_vectors(tmp_path: Path) -> None:
    """What was released stays as it is; a release of other vectors has no map until one is drawn."""
    folder = write_world(tmp_path / "world")
    manifest = read_manifest(folder)
    assert find_map(folder, manifest) is None
    with pytest.raises(NotThere, match="generel map world"):
        read_map(folder, manifest)
    assert draw_map_of(folder) == 12 and read_map(folder, manifest).height == 12
    assert find_map(folder, manifest) == folder / INDEX / MAP_FILE and read_manifest(folder) == manifest
    kept = (folder / INDEX / MAP_FILE).read_bytes()
    write_world(folder, vectors=world_vectors()[::-1].copy())
    (folder / INDEX / MAP_FILE).write_bytes(kept)
    assert find_map(folder, read_manifest(folder)) is None


def test_a_map_may_be_released_with_the_space(tmp_path: Path) -> None:
    """Its digest is in the manifest; one of other rows is refused."""
    drawn = draw_map(world_vectors(), [1] * 12)
    folder = write_world(tmp_path / "world", map=drawn)
    manifest = read_manifest(folder)
    assert MAP_FILE in manifest.files and read_map(folder, manifest).equals(check(drawn, SPACE_MAP))
    with pytest.raises(BadTable, match="the map has 11 rows that are not those of the 12 concepts"):
        write_world(tmp_path / "other", map=drawn.head(11))


def test_the_command_draws_the_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the path of the space."""
    folder = write_world(tmp_path / "world", load=False)
    with pytest.raises(SystemExit, match="0"):
        main(["map", str(folder)])
    assert "a map of 12 concepts is drawn" in capsys.readouterr().err
    assert read_map(folder, read_manifest(folder)).height == 12


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    """The world with its map."""
    folder = write_world(tmp_path / "world")
    draw_map_of(folder)
    return folder


def test_the_atlas_holds_places_and_names(mapped: Path) -> None:
    """By row; some kinds alone, too; an unknown kind is refused."""
    with EmbeddingSpace.open(mapped) as space:
        frame = atlas_frame(space)
        assert frame.columns == ["row", "x", "y", "kind", "name", "curie"]
        assert frame["curie"].to_list() == [concept[0] for concept in CONCEPTS]
        assert atlas_frame(space, ["drug"])["name"].to_list() == ["simvastatin", "atorvastatin", "warfarin"]
        with pytest.raises(BadInput, match="no concept of kind pathway"):
            export_atlas(space, mapped.parent / "none.parquet", kinds=["pathway"])


def test_neighbors_in_the_atlas_are_places_in_the_file(mapped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a plain loop over the drugs, two rows at once: the two others, nearest first, and 1 - cosine."""
    monkeypatch.setattr("generel.apps.exports.atlas.ROWS_AT_ONCE", 2)
    out = mapped.parent / "atlas.parquet"
    with EmbeddingSpace.open(mapped) as space:
        assert export_atlas(space, out, kinds=["drug"], n_neighbors=5) == 3
    written = pl.read_parquet(out)
    assert written.columns == ["x", "y", "kind", "name", "curie", "neighbors"]
    cosines = world_vectors()[5:8] @ world_vectors()[5:8].T
    for at, near in enumerate(written["neighbors"].to_list()):
        others = sorted((other for other in range(3) if other != at), key=lambda other: -cosines[at, other])
        assert near["ids"] == others and np.allclose(near["distances"], 1 - cosines[at, others], atol=1e-6)
    assert "PharmGKB" in credits_of(out).read_text()


def test_a_space_without_a_map_has_no_atlas(tmp_path: Path) -> None:
    """The way out is in the message, and nothing is written."""
    with EmbeddingSpace.open(write_world(tmp_path / "world")) as space, pytest.raises(NotThere, match="generel map"):
        export_atlas(space, tmp_path / "atlas.parquet")
    assert not (tmp_path / "atlas.parquet").exists()
