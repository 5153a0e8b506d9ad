"""A space in the formats of other programs, read back by them or by a plain parser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from generel.apps.exports import files
from generel.apps.exports.credits import credits_of
from generel.apps.exports.files import WRITERS, export_file
from generel.apps.exports.projector import export_projector
from generel.concepts.errors import BadInput, DiskFull, MissingExtra
from generel.query import frames
from generel.query.space import EmbeddingSpace
from tests.worlds import CONCEPTS, WordEmbedder, world_vectors, write_world

CURIES, KINDS_OF, NAMES = ([concept[at] for concept in CONCEPTS] for at in range(3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, not to be changed."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows at once, so that twelve take three blocks."""
    monkeypatch.setattr(frames, "ROWS_AT_ONCE", 5)


@pytest.fixture
def space(folder: Path) -> Iterator[EmbeddingSpace]:
    """The world, open."""
    with EmbeddingSpace.open(folder, embedder=WordEmbedder()) as opened:
        yield opened


def test_the_frame_has_all_concepts_or_those_of_some_kinds(space: EmbeddingSpace) -> None:
    """By row; an unknown kind is refused, one that nothing is of gives no rows."""
    frame = space.frame()
    assert frame.schema == {"curie": pl.String, "kind": pl.String, "name": pl.String, "vector": pl.Array(pl.Float32, 3)}
    assert (frame["curie"].to_list(), frame["kind"].to_list(), frame["name"].to_list()) == (CURIES, KINDS_OF, NAMES)
    assert frame["vector"].to_numpy().tolist() == world_vectors().tolist()
    assert space.frame(["drug"])["name"].to_list() == ["simvastatin", "atorvastatin", "warfarin"]
    assert space.frame(["pathway"]).height == 0
    with pytest.raises(BadInput, match="unknown kind 'Drug'"):
        space.frame(["Drug"])


def test_parquet_holds_lists_of_fixed_size_and_the_credits(space: EmbeddingSpace, tmp_path: Path) -> None:
    """Read by polars; every number the same."""
    out = tmp_path / "v.parquet"
    assert export_file(space, out, to="parquet") == 12
    assert pl.read_parquet(out).equals(space.frame())
    metadata = pl.read_parquet_metadata(out)
    assert metadata["generel.space"] == "world" and "CC-BY-SA-4.0" in metadata["generel.credits"]


def test_word2vec_is_read_line_by_line(space: EmbeddingSpace, tmp_path: Path) -> None:
    """Counts, then CURIE and numbers, which come back to the last bit."""
    out = tmp_path / "v.txt"
    export_file(space, out, to="word2vec")
    first, *lines = out.read_text().splitlines()
    assert first == "12 3"
    assert [line.split(" ")[0] for line in lines] == CURIES
    assert np.array([line.split(" ")[1:] for line in lines], np.float32).tolist() == world_vectors().tolist()


def test_gensim_reads_word2vec(space: EmbeddingSpace, tmp_path: Path) -> None:
    """As KeyedVectors, with the same nearest word."""
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    export_file(space, tmp_path / "v.txt", to="word2vec")
    vectors = models.KeyedVectors.load_word2vec_format(tmp_path / "v.txt", binary=False)
    assert vectors.most_similar("dbsnp:rs4149056", topn=1)[0][0] == space.neighbors("rs4149056", 1)[0].concept.curie


def test_anndata_reads_its_file(space: EmbeddingSpace, tmp_path: Path) -> None:
    """X, obs by CURIE, and the credits in uns."""
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    out = tmp_path / "v.h5ad"
    export_file(space, out, to="anndata")
    read = anndata.read_h5ad(out)
    assert read.shape == (12, 3) and read.X.tolist() == world_vectors().tolist()
    assert (read.obs_names.to_list(), read.obs["kind"].to_list(), read.obs["name"].to_list()) == (CURIES, KINDS_OF, NAMES)
    assert read.uns["space"] == "world" and "Whirl-Carrillo 2021" in read.uns["credits"]


def test_without_anndata_the_extra_is_named(space: EmbeddingSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no half file is left."""
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(MissingExtra, match=r"writing AnnData needs anndata; install it with: pip install 'generel\[cells\]'"):
        export_file(space, tmp_path / "v.h5ad", to="anndata")
    assert [path.name for path in tmp_path.iterdir()] == ["v.h5ad.credits.md"]


def test_the_projector_gets_three_files_that_fit_together(space: EmbeddingSpace, tmp_path: Path) -> None:
    """Vectors and metadata of equal length in one order, the configuration naming both; a second export replaces the first."""
    folder = tmp_path / "projector"
    assert export_projector(space, folder) == 12
    assert export_projector(space, folder, kinds=["gene"]) == 3
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "metadata.tsv", "projector_config.pbtxt", "vectors.tsv"]
    assert np.loadtxt(folder / "vectors.tsv", dtype=np.float32).tolist() == world_vectors()[2:5].tolist()
    assert (folder / "metadata.tsv").read_text().splitlines() == ["curie\tkind\tname", "hgnc:10959\tgene\tSLCO1B1", "hgnc:1100\tgene\tBRCA1", "hgnc:1516\tgene\tCAT"]
    assert 'tensor_path: "vectors.tsv"' in (folder / "projector_config.pbtxt").read_text()


def test_a_folder_with_other_things_in_it_is_not_replaced(space: EmbeddingSpace, tmp_path: Path) -> None:
    """Nothing in it is lost."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="is no earlier export"):
        export_projector(space, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("to", sorted(WRITERS))
def test_every_file_has_its_credits_beside_it(space: EmbeddingSpace, tmp_path: Path, to: str) -> None:
    """Sources with versions, licenses and citations; kinds without a concept are refused before anything is written."""
    out = tmp_path / "out"
    with pytest.raises(BadInput, match="the space 'world' has no concept of kind pathway; it has variant, gene, disease, phenotype, drug"):
        export_file(space, out, to=to, kinds=["pathway"])
    assert list(tmp_path.iterdir()) == []
    assert export_file(space, out, to=to, kinds=["drug", "gene"]) == 6
    text = credits_of(out).read_text()
    assert "- **PharmGKB** (pharmgkb, version 1). License: CC-BY-SA-4.0. Whirl-Carrillo 2021" in text and "added by a user" not in text


@pytest.mark.parametrize("to", sorted(WRITERS))
def test_a_full_disk_keeps_the_earlier_export(space: EmbeddingSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """In the middle of writing."""
    out = tmp_path / "out"
    export_file(space, out, to=to)
    before = out.read_bytes()

    def full(*arguments: object) -> None:
        arguments[3].write_bytes(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(files.WRITERS, to, full)
    with pytest.raises(DiskFull, match="free some space"):
        export_file(space, out, to=to)
    assert out.read_bytes() == before and sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.credits.md"]


def test_added_concepts_are_exported_and_the_credits_say_so(tmp_path: Path) -> None:
    """The frame of a space with one more concept."""
    from generel.query.added_input import NewConcept

    with EmbeddingSpace.open(write_world(tmp_path / "world")) as space:
        space.add(NewConcept("rs999", "variant", ties=(("variant_of_gene", "hgnc:1516"),)))
        assert export_file(space, tmp_path / "v.parquet", to="parquet", kinds=["variant"]) == 3
    assert pl.read_parquet(tmp_path / "v.parquet")["curie"].to_list() == ["dbsnp:rs4149056", "dbsnp:rs7903146", "dbsnp:rs999"]
    assert "1 concepts were added by a user" in credits_of(tmp_path / "v.parquet").read_text()
