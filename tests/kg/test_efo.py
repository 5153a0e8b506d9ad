"""EFO: what of it is a disease, what a trait, and what is neither."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from plain_lines import mutate_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, BadTable, UnknownPrefix
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING
from kg.harvest import Harvest
from kg.sources import efo

LABELS, SYNONYMS, XREFS, EDGES = (f"efo_{name}.tsv" for name in ("labels", "synonyms", "dbxrefs", "entailed_edges"))
KINDS = {"mondo": "disease", "orphanet": "disease", "doid": "disease", "hp": "phenotype", "oba": "phenotype"}


def kinds(harvest: Harvest) -> dict[str, str]:
    return dict(harvest.concepts.select("curie", "kind").iter_rows())


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down beside the slice."""
    assert_as_expected("efo")


def test_a_borrowed_term_keeps_the_kind_of_its_prefix() -> None:
    """Hypertension stands below EFO's 'disease' too, but is HPO's; a disease of MONDO is one wherever it stands."""
    found = kinds(read(efo.SOURCE, files_of("efo")))
    assert (found["hp:0000822"], found["mondo:0005148"], found["orphanet:315"]) == ("phenotype", "disease", "disease")


def test_what_gwas_have_as_trait_is_a_phenotype() -> None:
    """A response to a drug and an income are traits, since studies are mapped to them; an assay that none is mapped to is not."""
    found = kinds(read(efo.SOURCE, files_of("efo")))
    assert found["efo:0006950"] == found["efo:0009695"] == "phenotype"
    assert "efo:0003744" not in found


def test_a_cell_line_is_no_trait_though_studies_are_mapped_to_it() -> None:
    """Daudi has three studies, mapped there by machine."""
    assert "efo:0002169" not in kinds(read(efo.SOURCE, files_of("efo")))


def test_quoted_labels_lose_their_marks() -> None:
    """Marks that double inside a quoted field are one mark of the name."""
    names = dict(read(efo.SOURCE, files_of("efo")).concepts.select("curie", "name").iter_rows())
    assert names["orphanet:315"] == 'Erythrokeratoderma "en cocardes"'


def test_an_old_identifier_leads_to_the_term_of_today() -> None:
    """EFO gave up its type 2 diabetes for MONDO's, whose cross-reference says so."""
    mappings = read(efo.SOURCE, files_of("efo")).mappings.select("subject", "object").rows()
    assert ("mondo:0005148", "efo:0001360") in mappings


def test_a_circle_of_edges_does_no_harm(tmp_path: Path) -> None:
    """The walk over the tree ends, and both relations are kept."""
    files = files_of("efo")
    (tmp_path / EDGES).write_text(files[EDGES].read_text() + "EFO:0000408\tEFO:0009605\n")
    rows = read(efo.SOURCE, files | {EDGES: tmp_path / EDGES}).relations.select("subject", "predicate", "object").rows()
    assert {("efo:0000408", "is_a", "efo:0009605"), ("efo:0009605", "is_a", "efo:0000408")} <= set(rows)


class Plain:
    """What becomes of every line of the four files, by plain loops: what is kept, and how many rows of each table are lost."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.lost: Counter[str] = Counter()
        edges = list(self.pairs(files[EDGES], "RELATIONS"))
        self.kept = self.terms(files[LABELS], edges)
        curies = {term: curie for term, (curie, _) in self.kept.items()}
        self.is_a = {(curies[a], curies[b]) for a, b in edges if self.is_parent(a, b)}
        self.lost["RELATIONS"] += sum(not self.is_parent(a, b) for a, b in edges)
        synonyms = list(self.pairs(files[SYNONYMS], "CONCEPTS"))
        self.lost["CONCEPTS"] += sum(term not in curies for term, _ in synonyms)
        xrefs = [(curies.get(term), self.kept.get(term, ("", ""))[1], parse(xref) if term in curies else "") for term, xref in self.pairs(files[XREFS], "MAPPINGS")]
        self.xrefs = {(curie, xref) for curie, kind, xref in xrefs if curie and is_code(xref, kind) and curie != xref}
        self.lost["MAPPINGS"] += sum(not (curie and is_code(xref, kind) and curie != xref) for curie, kind, xref in xrefs)

    def pairs(self, path: Path, table: str) -> Iterator[tuple[str, str]]:
        """Subject and object of the lines that have both."""
        for row in rows_of(path):
            pair = [unquoted(row[name]) for name in ("Subject", "Object")] if row else []
            if all(pair) and row:
                yield pair[0] or "", pair[1] or ""
            else:
                self.lost[table] += 1

    def terms(self, path: Path, edges: list[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """CURIE and kind by the spelling of the file."""
        diseases, traits, matter = (below(edges, *roots) for roots in (["EFO:0000408"], ["EFO:0000651", "EFO:0001444"], ["BFO:0000040"]))
        kept, seen = {}, set()
        for row in rows_of(path):
            term, curie = (row["Subject"], parse(row["Subject"])) if row else ("", "")
            # A term that is no trait is known all the same: it is the identifier that stands there again.
            named = bool(row) and bool(unquoted(row["Object"]))
            again = bool(curie) and curie in seen
            seen |= {curie} if named else set()
            prefix = curie.partition(":")[0]
            mapped = bool(row) and row["Direct"].isascii() and row["Direct"].isdecimal() and int(row["Direct"]) > 0 and term not in matter
            kind = KINDS.get(prefix) or ("disease" if term in diseases else "phenotype" if term in traits or mapped else "")
            if not row or again or not unquoted(row["Object"]) or prefix not in (*KINDS, "efo", "ncit") or not kind:
                self.lost["CONCEPTS"] += 1
                continue
            kept[term] = curie, kind
            places = [place.strip() for place in row["DiseaseLocation"].split(",") if place.strip()]
            self.lost["RELATIONS"] += sum(kind != "disease" or parse(place).partition(":")[0] not in ("uberon", "cl") for place in places)
        return kept

    def is_parent(self, term: str, parent: str) -> bool:
        ends = [self.kept.get(end) for end in (term, parent)]
        return ends[0] is not None and ends[1] is not None and ends[0] != ends[1] and ends[0][1] == ends[1][1]


def below(edges: list[tuple[str, str]], *roots: str) -> set[str]:
    children: dict[str, list[str]] = {}
    for child, parent in edges:
        children.setdefault(parent, []).append(child)
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        if (term := waiting.pop()) not in found:
            found.add(term)
            waiting += children.get(term, [])
    return found


@cache
def parse(text: str) -> str:
    # Unknown prefixes are many, and looking for the nearest known one takes long.
    if ":" in text and text.partition(":")[0].strip().lower() not in BY_SPELLING:
        return ""
    try:
        return str(Curie.parse(text))
    except (UnknownPrefix, BadIdentifier):
        return ""


def is_code(curie: str, kind: str) -> bool:
    """Whether a concept of that kind may have it as cross-reference."""
    kinds = BY_NAME[curie.partition(":")[0]].kinds if curie else ()
    return bool(curie) and (not kinds or Kind(kind) in kinds)


def unquoted(field: str) -> str | None:
    """The field out of its marks; None if they do not close."""
    if not field.startswith('"'):
        return field
    inside = field[1:].removesuffix('"')
    closes = field[1:].endswith('"') and '"' not in inside.replace('""', "")
    return inside.replace('""', '"').strip() if closes else None


def assert_as_plain(harvest: Harvest, plain: Plain) -> None:
    """Concepts, is-a and cross-references are those of the plain loops, and as many rows are set aside."""
    assert kinds(harvest) == dict(plain.kept.values())
    assert set(harvest.relations.filter(predicate="is_a").select("subject", "object").iter_rows()) == plain.is_a
    assert set(harvest.mappings.select("subject", "object").iter_rows()) == plain.xrefs
    lost = harvest.set_aside.group_by("table").agg(pl.col("n").sum())
    assert dict(lost.iter_rows()) == {table: n for table, n in plain.lost.items() if n}


@pytest.mark.parametrize("victim", [LABELS, SYNONYMS, XREFS, EDGES])
def test_no_line_is_lost_however_damaged(tmp_path: Path, victim: str) -> None:
    """Two thousand damaged lines of each file are in a table or set aside, as a plain loop has it."""
    files = files_of("efo")
    files |= {victim: mutate_lines(files[victim], tmp_path, n=2_000, seed=11)}
    assert_as_plain(read(efo.SOURCE, files), Plain(files))


@pytest.mark.slow
def test_the_whole_files_give_what_a_plain_loop_gives() -> None:
    """Every line of the tables made of EFO's release."""
    files = shared_files(efo.SOURCE)
    harvest = efo.read(files, efo.SOURCE)
    assert_as_plain(harvest, Plain(files))
    assert harvest.concepts.height >= efo.SOURCE.expected["CONCEPTS"]


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    """The message says which columns there are."""
    (tmp_path / LABELS).write_text("Subject\tLabel\nEFO:0000408\tdisease\n")
    with pytest.raises(BadTable, match=r"efo_labels\.tsv lacks the columns Object, DiseaseLocation, Direct; it has Subject, Label"):
        efo.read(files_of("efo") | {LABELS: tmp_path / LABELS}, efo.SOURCE)
