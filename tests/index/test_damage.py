"""A byte flipped in any file of a loaded space: a sentence of the tree of errors, or the right answer; never another one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import generel
from generel.concepts.errors import Corrupt, GenerelError
from generel.index.load import load_space
from generel.index.notes import write_note
from generel.index.space_folder import MANIFEST, digest_file, digest_of_manifest, read_manifest
from tests.worlds import WordEmbedder, world_vectors, write_world

Answer = tuple[object, ...]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, loaded; each test gives it back as it was."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


def ask_everything(space: Path) -> Answer:
    """What a user sees of a space, and nothing that may differ between two that are whole."""
    with generel.EmbeddingSpace.open(space, embedder=WordEmbedder()) as opened:
        nearest = [[(each.concept.curie, round(each.cosine, 5), each.percentile) for each in opened.neighbors(query, 12)] for query in ("simvastatin", "heart")]
        drugs = [each.concept.name for each in opened.neighbors("SLCO1B1", 3, ["drug"])]
        found = [match.concept.curie for text in ("statin", "heart attak") for match in opened.lookup(text)]
        related = opened.relatedness("warfarin", "CAT")
        return nearest, drugs, found, related.cosine, related.p_value, opened.evidence("simvastatin", "SLCO1B1").rows()


@contextmanager
def flipped(path: Path, place: int) -> Iterator[None]:
    """A context in which one byte of a file is another."""
    whole, status = path.read_bytes(), path.stat()
    changed = bytearray(whole)
    changed[place] ^= 0x40
    path.write_bytes(changed)
    try:
        yield
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_flipped_byte_anywhere_is_a_sentence_or_harmless(loaded: Path) -> None:
    """Every file of the folder, index included, at its beginning, middle and end, asked without a load in between."""
    whole, refused, wrong = ask_everything(loaded), set(), []
    files = [path for path in sorted(loaded.rglob("*")) if path.is_file() and not path.is_symlink() and path.stat().st_size]
    for path in files:
        size, name = path.stat().st_size, path.relative_to(loaded).as_posix()
        # Files of the vector index are many, and all are checked in the same way.
        for place in {0, size // 2, size - 1} if "/edge-" not in name else {size // 2}:
            with flipped(path, place):
                try:
                    if ask_everything(loaded) != whole:
                        wrong.append((name, place))
                except GenerelError:
                    refused.add(name)
    assert wrong == []
    assert len(files) > 30
    assert {name for name in refused if "/edge-" in name} == set()
    assert refused == {MANIFEST, "index/names.sqlite", "index/verified.json", *read_manifest(loaded).files}
    assert ask_everything(loaded) == whole


@pytest.mark.parametrize("name", ["index/names.sqlite", "index/verified.json", "page_0.dat", "generel.json"])
def test_a_load_mends_a_damaged_index(loaded: Path, tmp_path: Path, name: str) -> None:
    """What is damaged is built again, what is not is kept, and the answers are those of before."""
    space = Path(shutil.copytree(loaded, tmp_path / "world", symlinks=True))
    path = space / name if "/" in name else next(path for path in sorted(space.rglob("*")) if name in path.name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)
    assert load_space(space).built == (("names",) if "/" in name else ("edge",))
    assert ask_everything(space) == ask_everything(loaded)
    assert load_space(space).built == ()


def test_a_damaged_vector_index_answers_by_the_scan_and_says_so(loaded: Path) -> None:
    """The note names a file and the way out."""
    path = next(path for path in sorted(loaded.rglob("page_0.dat")))
    with flipped(path, path.stat().st_size // 2), generel.EmbeddingSpace.open(loaded) as space:
        assert space.store.name == "exact"
        assert "of its files are damaged, such as segments/" in space.note
        assert "run: generel load" in space.note


def test_a_copy_is_as_good_as_what_was_copied(loaded: Path, tmp_path: Path) -> None:
    """Times of change are others, contents are not: nothing is refused and nothing needs to be loaded."""
    copy = Path(shutil.copytree(loaded, tmp_path / "copy", symlinks=True, copy_function=shutil.copy))
    for path in copy.rglob("*"):
        os.utime(path, ns=(1, 1), follow_symlinks=False)
    assert ask_everything(copy) == ask_everything(loaded)
    with generel.EmbeddingSpace.open(copy) as space:
        assert (space.store.name, space.note) == ("edge", "")


def test_a_cut_file_is_a_sentence(loaded: Path, tmp_path: Path) -> None:
    """Vectors without their last bytes are refused when the space is opened."""
    space = Path(shutil.copytree(loaded, tmp_path / "world", symlinks=True))
    path = space / "vectors.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(Corrupt, match=r"vectors\.safetensors"):
        ask_everything(space)


@pytest.mark.parametrize(("bad", "message"), [([0, 0, 0], "1 are zero or not of unit norm .row 4."), ([0, np.nan, 0], "1 hold NaN or infinite numbers .row 4.")])
def test_vectors_that_nothing_can_be_compared_with_are_refused_at_load(tmp_path: Path, bad: list[float], message: str) -> None:
    """A space that another program wrote, digests and all, with a vector that generel would not have written."""
    space = write_world(tmp_path / "world", load=False)
    vectors = world_vectors()
    vectors[4] = bad
    save_file({"vectors": vectors, "bias": np.zeros((12, 10), np.float32)}, space / "vectors.safetensors")
    forge_digest(space, "vectors.safetensors")
    with pytest.raises(Corrupt, match=message):
        load_space(space)


def forge_digest(space: Path, name: str) -> None:
    """Make the manifest agree with a file as it is now."""
    raw = dict(read_manifest(space).raw)
    raw["files"][name] = digest_file(space / name)
    raw.pop("digest")
    (space / MANIFEST).unlink()
    write_note(space / MANIFEST, raw)
    assert read_manifest(space).raw["digest"] == digest_of_manifest(raw)
