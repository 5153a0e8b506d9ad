"""Which gene sets may be asked about: from the build or from the library's own file, and without what training had."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from generel.concepts.tables import GENE_SETS
from training.evaluate import asked_gene_sets
from training.evaluate.asked_gene_sets import leave_out_told, libraries_at_hand

LIBRARY = "GO Biological Process 2021 (Enrichr)"
GMT = "walking on water (GO:9900001)\t\tWALK1\tFLOAT2\tNOSUCH\n"


def sets(**members: str) -> pl.DataFrame:
    """GENE_SETS of the library: a letter a gene."""
    rows = [(f"go:{name}", f"hgnc:{gene}", LIBRARY, name, "go_bp_2021", "2021", "CC-BY-4.0") for name, genes in members.items() for gene in genes]
    return pl.DataFrame(rows, schema=GENE_SETS.columns, orient="row")


def told(*rows: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """SPLIT_RELATIONS and RELATIONS of `gene set part source`."""
    cells = [row.split() for row in rows]
    split = pl.DataFrame([(f"hgnc:{gene}", f"go:{name}", part) for gene, name, part, _ in cells], schema=["subject", "object", "part"], orient="row")
    return split, split.select("subject", "object").with_columns(source=pl.Series([source for *_, source in cells], dtype=pl.String))


def asked_of(members: pl.DataFrame, *rows: str) -> tuple[list[str], str]:
    """The sets that are asked about of those with three genes or more, and the note."""
    split_relations, relations = told(*rows)
    asked = leave_out_told(members, minimum=3, split_relations=split_relations, relations=relations)
    return sorted(set(asked.rows["set"])), asked.note


def test_sets_that_training_knows_nothing_of_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """One gene of the first set is told in training, one of the second is held out; the third is too small."""
    monkeypatch.setattr(asked_gene_sets, "LEAST_SETS", 1)
    members = sets(one="ABC", two="ABCD", three="AB")
    assert asked_of(members, "A one train goa", "A two test goa", "A three train goa") == (["go:two"], "1 of 2 sets, of whose memberships training had none")
    assert asked_of(members, "A two test goa") == (["go:one", "go:two"], "")


def test_where_too_few_are_left_all_are_asked_with_a_warning_and_the_way_out() -> None:
    """The note counts the memberships that training had and names who gave them, to be left out of a build."""
    members = sets(one="ABC", two="ABCD")
    names, note = asked_of(members, "A one train goa", "B one train hetionet", "B one train goa", "A two test pathways")
    assert names == ["go:one", "go:two"]
    assert note == "LEAK: training had 2 of these 7 memberships; for a fair figure build --without goa --without hetionet, train, and give the library's file with --data"


def test_a_build_without_the_library_reads_its_file(tmp_path: Path) -> None:
    """Symbols become genes, unknown ones are left out; the build's own rows are taken where it has them; without a file there is nothing."""
    none = GENE_SETS.empty()
    assert list(libraries_at_hand(none, data=None, resolve=str)) == list(libraries_at_hand(none, data=tmp_path, resolve=str)) == []
    (tmp_path / "gene_sets").mkdir()
    with gzip.open(tmp_path / "gene_sets" / "enrichr.GO_Biological_Process_2021.gmt.gz", "wt") as file:
        file.write(GMT)
    (rows,) = libraries_at_hand(none, data=tmp_path, resolve={"WALK1": "hgnc:1", "FLOAT2": "hgnc:2"}.get)
    assert sorted(rows.select("library", "set", "gene").rows()) == [(LIBRARY, "go:9900001", "hgnc:1"), (LIBRARY, "go:9900001", "hgnc:2")]
    own = sets(one="A")
    assert [each.equals(own) for each in libraries_at_hand(own, data=tmp_path, resolve=str)] == [True]
