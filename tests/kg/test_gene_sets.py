"""Gene sets in canonical CURIEs."""

import polars as pl
from small_graphs import concepts_of, lines_of, mappings_of, relations_of

from generel.concepts.tables import GENE_SETS
from kg.assemble import AssemblySettings, assemble
from kg.harvest import Harvest
from kg.withholding import WITHHELD

ROW = {"name": "a name", "source": "s", "source_version": "1", "license": "CC0-1.0"}


def sets_of(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """GENE_SETS of (library, set, gene)."""
    return pl.DataFrame([dict(zip(("library", "set", "gene"), row, strict=True)) | ROW for row in rows]).select(*GENE_SETS.columns)


def test_genes_and_sets_lead_to_concepts() -> None:
    """A gene by another database's id or by symbol is the concept; a set that is a concept is named by it, another keeps its name."""
    concepts = concepts_of(("hgnc:3603", "FBN1"), ("hgnc:11998", "TP53"), ("go:0006915", "apoptosis", [], None, "process"))
    sets = sets_of(("GO", "go:0006915", "ncbigene:7157"), ("mine", "up in tumors", "~gene:TP53"), ("mine", "up in tumors", "~gene:FBN1"), ("mine", "up in tumors", "~gene:NOPE"), ("mine", "up in tumors", "hgnc:9"))
    ties = relations_of("hgnc:3603 interacts_with hgnc:11998", "hgnc:11998 takes_part_in go:0006915")
    mappings = mappings_of(("hgnc:11998", "ncbigene:7157"), kind="gene")
    graph = assemble({"s": Harvest(concepts=concepts, mappings=mappings, relations=ties, gene_sets=sets)}, settings=AssemblySettings())
    assert sorted(graph.gene_sets.select("library", "set", "gene").rows()) == [
        ("GO", "go:0006915", "hgnc:11998"), ("mine", "up in tumors", "hgnc:11998"), ("mine", "up in tumors", "hgnc:3603")
    ]
    assert sorted(graph.set_aside.select("table", "key", "reason").rows()) == [
        ("GENE_SETS", "hgnc:9", "no concept has the identifier"), ("GENE_SETS", "~gene:NOPE", "no concept has this name")
    ]


def test_a_gene_that_two_names_of_a_set_mean_counts_once() -> None:
    """The second row is set aside as a repetition."""
    concepts = concepts_of(("hgnc:11998", "TP53", ["P53"]), ("hgnc:3603", "FBN1"))
    sets = sets_of(("mine", "a", "~gene:TP53"), ("mine", "a", "~gene:P53"))
    graph = assemble({"s": Harvest(concepts=concepts, relations=relations_of("hgnc:3603 interacts_with hgnc:11998"), gene_sets=sets)}, settings=AssemblySettings())
    assert graph.gene_sets.height == 1
    assert graph.set_aside.select("table", "key").rows() == [("GENE_SETS", "mine a hgnc:11998 s")]


def test_genes_that_are_pruned_leave_their_sets() -> None:
    """Sets do not keep a gene that no relation touches."""
    concepts = concepts_of(("hgnc:11998", "TP53"), ("hgnc:3603", "FBN1"), ("hgnc:5", "A1BG"))
    graph = assemble({"s": Harvest(concepts=concepts, relations=relations_of("hgnc:3603 interacts_with hgnc:11998"), gene_sets=sets_of(("mine", "a", "hgnc:5"), ("mine", "a", "hgnc:3603")))}, settings=AssemblySettings())
    assert graph.gene_sets["gene"].to_list() == ["hgnc:3603"]
    assert ("GENE_SETS", "hgnc:5", "no relation touches it") in graph.set_aside.select("table", "key", "reason").rows()


def test_genes_of_a_withheld_kind_are_left_out_whoever_tells_them() -> None:
    """Of pathways no relation and no gene set is left, whichever source has it; processes keep theirs, and what remains untied goes."""
    concepts = concepts_of(
        ("hgnc:3603", "FBN1"), ("hgnc:11998", "TP53"), ("go:0006915", "apoptosis", [], None, "process"), ("reactome:R-HSA-109581", "Apoptosis", [], None, "pathway"),
    )
    told = Harvest(
        concepts=concepts, relations=relations_of("hgnc:11998 takes_part_in go:0006915", "hgnc:11998 takes_part_in reactome:R-HSA-109581"),
        gene_sets=sets_of(("GO", "go:0006915", "hgnc:11998"), ("Reactome", "reactome:R-HSA-109581", "hgnc:11998"), ("mine", "up in tumors", "hgnc:11998")),
    )
    again = Harvest(relations=relations_of("hgnc:3603 takes_part_in reactome:R-HSA-109581", "hgnc:3603 interacts_with hgnc:11998", source="other"))
    graph = assemble({"s": told, "other": again}, settings=AssemblySettings(without_genes_of=("pathway",)))
    assert lines_of(graph.relations) == ["hgnc:11998 interacts_with hgnc:3603", "hgnc:11998 takes_part_in go:0006915"]
    assert sorted(graph.gene_sets["set"]) == ["go:0006915", "up in tumors"]
    assert "reactome:R-HSA-109581" not in graph.concepts["curie"].to_list()
    assert sorted(graph.set_aside.filter(reason=WITHHELD).select("source", "table", "key", "n").rows()) == [
        ("other", "RELATIONS", "reactome:R-HSA-109581", 1), ("s", "GENE_SETS", "reactome:R-HSA-109581", 1), ("s", "RELATIONS", "reactome:R-HSA-109581", 1)
    ]
