"""OBO files, line by line, beside obonet."""

from pathlib import Path

import obonet
import pytest
from source_slices import DATA

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.obo import NOT_A_STANZA, NOT_A_TAG, SAID_AGAIN, read_obo
from kg.sources.rows import line_key

HEAD = "format-version: 1.2\nontology: hp\n\n"


def write(folder: Path, text: str) -> Path:
    """An OBO file of a header and this text."""
    path = folder / "x.obo"
    path.write_text(HEAD + text)
    return path


def test_terms_are_those_that_obonet_reads() -> None:
    """Identifiers, names and parents of the slice are what obonet finds, comments and modifiers taken off."""
    path = DATA / "hpo" / "hp.obo"
    ours = read_obo(path, tags=("id", "name", "is_a"), set_aside=SetAside("x"))
    theirs = obonet.read_obo(path, ignore_obsolete=False)
    identifiers = dict(ours.plain("id").select("stanza", "value").iter_rows())
    assert list(identifiers.values()) == list(theirs.nodes)
    names = {identifiers[stanza]: name for stanza, name in ours.plain("name").select("stanza", "value").iter_rows()}
    assert names == dict(theirs.nodes(data="name"))
    assert {(identifiers[stanza], parent) for stanza, parent in ours.plain("is_a").select("stanza", "value").iter_rows()} == set(theirs.edges())
    assert ours.header["data-version"] == theirs.graph["data-version"]


def test_a_comment_begins_outside_of_quotation_marks(tmp_path: Path) -> None:
    """Quoted text is taken whole and unescaped; what follows it is the rest."""
    path = write(tmp_path, '[Term]\nid: HP:1\nsynonym: "a \\"b\\" ! c {d}\\ne" EXACT layperson [x:1] {y="z"} ! f\nsynonym: none\n')
    rows = read_obo(path, tags=("synonym",), set_aside=SetAside("x")).quoted("synonym").select("line", "text", "rest").rows()
    assert rows == [(6, 'a "b" ! c {d} e', 'EXACT layperson [x:1] {y="z"} ! f'), (7, None, None)]


def test_stanzas_need_no_blank_line_between_them(tmp_path: Path) -> None:
    """A stanza ends where the next begins; lines of other stanzas are no term's."""
    path = write(tmp_path, "[Term]\nid: HP:1\n[Typedef]\nid: part_of\n[Term]\n! a comment\nid: HP:2 {a=\"b\"} ! c\n")
    obo = read_obo(path, tags=("id",), set_aside=SetAside("x"))
    assert obo.plain("id").select("stanza", "value").rows() == [(4, "HP:1"), (8, "HP:2")]


def test_lines_that_are_nothing_are_set_aside(tmp_path: Path) -> None:
    """A line without a tag, a stanza of no kind, and a second identifier are counted under file and line."""
    path = write(tmp_path, "[Term]\nid: HP:1\nwithout tag\nid: HP:2\n[Turm]\nid: HP:3\n")
    aside = SetAside("x")
    obo = read_obo(path, tags=("id",), set_aside=aside)
    assert obo.once("id", key=line_key(path), set_aside=aside)["value"].to_list() == ["HP:1"]
    assert aside.frame().select("key", "reason").rows() == [("x.obo:6", NOT_A_TAG), ("x.obo:7", SAID_AGAIN), ("x.obo:8", NOT_A_STANZA)]


def test_a_file_without_terms_is_refused(tmp_path: Path) -> None:
    """What has no [Term] is no ontology."""
    with pytest.raises(BadTable, match=r"x\.obo has no \[Term\]; it begins with 'format-version: 1\.2'"):
        read_obo(write(tmp_path, ""), tags=("id",), set_aside=SetAside("x"))
