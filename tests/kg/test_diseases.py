"""DISEASES: the curated and the experimental channel, and the integrated scores of 2015."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from mutations import damaged_copies
from plain_lines import Fate, assert_fates, curie_as, mutate_lines, plain_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.curie import Curie, looks_like_curie
from generel.concepts.errors import BadTable
from kg.sources import diseases, diseases_2015
from kg.sources.diseases import COLUMNS, EXPERIMENTS, KNOWLEDGE, ONTOLOGY

PREDICATE = "gene_associated_with"


def number(text: str) -> float:
    """A number without sign or exponent; -1 for any other text."""
    whole, dot, fraction = text.partition(".")
    digits = [whole, fraction] if dot else [whole]
    return float(text) if all(part and part.isascii() and part.isdecimal() for part in digits) else -1.0


def ancestors_of(path: Path) -> dict[str, set[str]]:
    """All terms above each term of the ontology, by a plain loop."""
    parents: dict[str, set[str]] = {}
    term = ""
    for line in plain_lines(path):
        tag, _, value = line.partition(": ")
        if line.startswith("["):
            term = ""
        elif tag == "id":
            term = value.strip().lower()
        elif tag == "is_a" and term:
            parents.setdefault(term, set()).add(value.partition(" ! ")[0].strip().lower())
    above: dict[str, set[str]] = {}
    for child in parents:
        waiting, seen = list(parents[child]), set()
        while waiting:
            step = waiting.pop()
            if step not in seen:
                seen.add(step)
                waiting.extend(parents.get(step, ()))
        above[child] = seen - {child}
    return above


def fates_of(path: Path, above: Mapping[str, set[str]]) -> Iterator[Fate]:
    """What becomes of each line of a channel, by a plain loop in two passes."""
    good: list[tuple[tuple[str, str, str], str, float] | None] = []
    best: dict[tuple[tuple[str, str, str], str], float] = {}
    for row in rows_of(path, header=COLUMNS):
        curie = str(Curie.parse(row["disease"])) if row and looks_like_curie(row["disease"]) else ""
        stars, symbol = (number(row["stars"]), row["symbol"]) if row else (-1.0, "")
        protein = symbol.startswith("ENSP") and symbol[4:].isdecimal()
        if not row or not curie.startswith("doid:") or row["disease"].startswith("ICD10:") or curie == "doid:4" or not symbol or protein or not 0 < stars <= 5:
            good.append(None)
            continue
        gene = (row["protein"], symbol, row["resource"])
        good.append((gene, curie, stars))
        for ancestor in above.get(curie, ()):
            best[gene, ancestor] = max(stars, best.get((gene, ancestor), 0.0))
    for each in good:
        implied = each is None or each[2] <= best.get((each[0], each[1]), -1.0)
        yield None if each is None or implied else (f"~gene:{each[0][1]}", PREDICATE, each[1], each[2] / 5)


def all_fates(files: Mapping[str, Path]) -> Iterator[Fate]:
    above = ancestors_of(files[ONTOLOGY]) if ONTOLOGY in files else {}
    for name in (KNOWLEDGE, EXPERIMENTS):
        yield from fates_of(files[name], above)


def fates_of_2015(path: Path) -> Iterator[Fate]:
    for row in rows_of(path):
        gene, disease = (curie_as(row["entrez_gene_id"], "ncbigene"), curie_as(row["slim_id"], "doid")) if row else (None, None)
        stars = number(row["score"]) if row else -1.0
        yield (gene, PREDICATE, disease, stars / 5) if gene and disease and 0 < stars <= 5 else None


@pytest.mark.parametrize("name", ["diseases", "diseases_2015"])
def test_the_slice_gives_the_expected_tables(name: str) -> None:
    """Relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected(name)


def test_an_ancestor_goes_where_a_part_has_as_many_stars_and_stays_where_evidence_added_up() -> None:
    """TP53 is curated for breast cancer, so 'cancer' says nothing more; in COSMIC 'cancer' has 4 stars and breast cancer 3, so both stay."""
    ties = {row[:3]: row[3] for row in read(diseases.SOURCE, files_of("diseases")).relations.select("subject", "predicate", "object", "confidence").iter_rows()}
    of_tp53 = {object_: confidence for (subject, _, object_), confidence in ties.items() if subject == "~gene:TP53"}
    assert of_tp53 == {"doid:1612": 1.0, "doid:162": 0.8, "doid:0999999": 1.0}


def test_without_the_ontology_all_but_the_root_stays() -> None:
    """Nothing tells then what lies above what."""
    files = {name: path for name, path in files_of("diseases").items() if name != ONTOLOGY}
    harvest = read(diseases.SOURCE, files)
    assert {"doid:14566", "doid:162"} <= set(harvest.relations["object"])
    assert "doid:4" not in set(harvest.relations["object"])
    assert_fates(harvest, all_fates(files))


def test_a_circle_in_the_ontology_ends() -> None:
    """Two terms above each other are each above the other, and none above itself."""
    pairs = set(diseases.read_ancestors(files_of("diseases")[ONTOLOGY]).iter_rows())
    assert {pair for pair in pairs if pair[0].startswith("doid:000")} == {("doid:0000001", "doid:0000002"), ("doid:0000002", "doid:0000001")}
    assert {ancestor for disease, ancestor in pairs if disease == "doid:1612"} == {"doid:4", "doid:14566", "doid:162"}


@pytest.mark.parametrize("victim", [KNOWLEDGE, EXPERIMENTS])
def test_no_line_of_a_channel_is_lost_however_damaged(victim: str, tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is a relation or set aside, as a plain loop has it."""
    files = files_of("diseases")
    files |= {victim: mutate_lines(files[victim], tmp_path, n=10_000, seed=2, header=False)}
    assert_fates(read(diseases.SOURCE, files), all_fates(files))


def test_a_damaged_file_is_read_or_refused_by_name(tmp_path: Path) -> None:
    """The ontology too: what is no ontology is refused, what has bad lines is read."""
    for seed in range(15):
        for victim in (KNOWLEDGE, EXPERIMENTS, ONTOLOGY):
            files = damaged_copies(files_of("diseases"), tmp_path, victim=victim, seed=seed, times=5)
            try:
                harvest = read(diseases.SOURCE, files)
            except BadTable as error:
                assert victim in str(error)
                continue
            if victim != ONTOLOGY:
                assert_fates(harvest, all_fates(files))


def test_no_line_of_2015_is_lost_however_damaged(tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is a relation or set aside, as a plain loop has it."""
    files = {diseases_2015.FILE: mutate_lines(files_of("diseases_2015")[diseases_2015.FILE], tmp_path, n=10_000, seed=3)}
    assert_fates(read(diseases_2015.SOURCE, files), fates_of_2015(files[diseases_2015.FILE]))


def test_a_damaged_header_of_2015_is_refused_by_name(tmp_path: Path) -> None:
    """A file may be read or refused, nothing else."""
    for seed in range(100):
        files = damaged_copies(files_of("diseases_2015"), tmp_path, victim=diseases_2015.FILE, seed=seed, times=6)
        try:
            assert_fates(read(diseases_2015.SOURCE, files), fates_of_2015(files[diseases_2015.FILE]))
        except BadTable as error:
            assert diseases_2015.FILE in str(error)


@pytest.mark.slow
def test_the_whole_channels_agree_with_a_plain_loop() -> None:
    """Some 285,000 lines."""
    files = shared_files(diseases.SOURCE)
    harvest = read(diseases.SOURCE, files)
    assert_fates(harvest, all_fates(files))
    assert harvest.relations.height >= diseases.SOURCE.expected["RELATIONS"]


def test_the_whole_of_2015_agrees_with_a_plain_loop() -> None:
    """81,499 lines, all kept."""
    files = shared_files(diseases_2015.SOURCE)
    harvest = read(diseases_2015.SOURCE, files)
    assert_fates(harvest, fates_of_2015(files[diseases_2015.FILE]))
    assert harvest.relations.height == 81_499
