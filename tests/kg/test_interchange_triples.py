"""PyKEEN's triples read and written."""

from pathlib import Path

import polars as pl
import pytest
from small_exports import LINES, damaged_copy, made_of, n_set_aside, read_own, reasons, written
from small_graphs import lines_of

from generel.concepts.errors import BadTable
from generel.concepts.tables import SPLIT_RELATIONS, check
from kg.interchange.pykeen_export import write_triples
from kg.interchange.pykeen_triples import FORMAT, UNKNOWN_RELATION

TRIPLES = (
    "CHEBI:6801\ttreats\tMONDO:0005148",
    "chebi:6801\ttreats\tmondo:0005148",
    "metformin\ttreats\tMONDO:0005148",
    "CHEBI:6801\ttreats\ttype 2 diabetes",
    "DB00331\tCtD\tDOID:9352",
    "DB00331\tis better than\tDOID:9352",
    "DB00331\ttreats",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, "train.tsv", *TRIPLES)


def test_triples_are_relations_between_identifiers(file: Path) -> None:
    """Names of entities are no identifiers; relations are ours or what the setting makes of theirs."""
    harvest = read_own(FORMAT, {"file": file}, predicates={"CtD": "palliates"})
    assert lines_of(harvest.relations) == ["chebi:6801 treats mondo:0005148", "drugbank:DB00331 palliates doid:9352"]
    assert reasons(harvest, "RELATIONS") == {
        "train.tsv:2": "repeats a triple", "train.tsv:3": "the head is not an identifier of a known prefix", "train.tsv:4": "the tail is not an identifier of a known prefix",
        "is better than": UNKNOWN_RELATION, "train.tsv:7": "the line has more or fewer fields than the header",
    }
    assert reasons(read_own(FORMAT, {"file": file}), "RELATIONS")["CtD"] == UNKNOWN_RELATION


@pytest.mark.parametrize("content", ["", "a,b,c\n"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    """No lines, or none of three fields."""
    (tmp_path / "x.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(BadTable, match="head, relation, tail"):
        read_own(FORMAT, {"file": tmp_path / "x.tsv"})


@pytest.mark.parametrize("seed", [1, 2])
def test_damage_never_stops_the_reader_and_every_line_is_counted(file: Path, seed: int) -> None:
    """Relations and what is set aside are as many as the lines that are not blank."""
    copy, n_lines = damaged_copy(file, seed=seed, header=False)
    harvest = read_own(FORMAT, {"file": copy})
    assert n_lines > 3000 and harvest.relations.height + n_set_aside(harvest, "RELATIONS") == n_lines


PARTS = ("test", "train", "validation", "train", "withheld", "cold", "train")


def split_relations() -> pl.DataFrame:
    """LINES, each in a part of its own."""
    rows = [(*line.split()[:3], part, 1.0) for line, part in zip(sorted(LINES), PARTS, strict=True)]
    return check(pl.DataFrame(rows, schema=SPLIT_RELATIONS.columns, orient="row"), SPLIT_RELATIONS)


def test_each_part_is_a_file_and_nothing_held_out_is_in_training(tmp_path: Path) -> None:
    """What is withheld, or asked of cold concepts, is nowhere; read back, each file gives the relations of its part."""
    assert write_triples(split_relations(), tmp_path) == {"train.tsv": 3, "validation.tsv": 1, "test.tsv": 1}
    by_part = {part: [" ".join(line.split()[:3]) for line, each in zip(sorted(LINES), PARTS, strict=True) if each == part] for part in ("train", "validation", "test")}
    for part, lines in by_part.items():
        harvest = read_own(FORMAT, {"file": tmp_path / f"{part}.tsv"})
        assert lines_of(harvest.relations) == sorted(lines) and harvest.set_aside.is_empty()
    assert (tmp_path / "test.tsv").read_text(encoding="utf-8") == "chebi:6801\thas_side_effect\thp:0001943\n"


def test_the_files_are_as_a_plain_reader_cuts_them(tmp_path: Path) -> None:
    """Three fields between tabs, no header, no quotes, a line end at the end."""
    write_triples(made_of().split.relations, tmp_path)
    lines = (tmp_path / "train.tsv").read_bytes().decode("ascii").split("\n")
    assert lines[-1] == "" and len(lines) == len(LINES) + 1 and all(len(line.split("\t")) == 3 for line in lines[:-1])


@pytest.mark.slow
def test_pykeen_reads_the_files(tmp_path: Path) -> None:
    """Its TriplesFactory finds the triples, and those of test among the entities and relations of training."""
    triples = pytest.importorskip("pykeen.triples", reason="PyKEEN comes with generel[benchmark]")
    write_triples(made_of().split.relations, tmp_path)
    factory = triples.TriplesFactory.from_path(tmp_path / "train.tsv")
    found = sorted(" ".join(row) for row in factory.label_triples(factory.mapped_triples).tolist())
    assert found == lines_of(made_of().relations.unique(["subject", "predicate", "object"])) and factory.num_relations == len({line.split()[1] for line in LINES})
    again = triples.TriplesFactory.from_path(tmp_path / "train.tsv", entity_to_id=factory.entity_to_id, relation_to_id=factory.relation_to_id)
    assert again.num_triples == len(LINES)
