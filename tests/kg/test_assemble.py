"""Assembly of a world of a few concepts, by eye; the fast placing of ends beside a plain loop."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import (
    associations_of,
    concepts_of,
    cooccurrences_of,
    lines_of,
    mappings_of,
    reasons_of,
    relations_of,
    variants_of,
)

from generel.concepts.errors import BadTable
from generel.concepts.predicates import BY_NAME
from generel.concepts.tables import CONCEPTS, GENE_POSITIONS, RELATIONS, check
from kg.assemble import AssemblySettings, assemble
from kg.ends import ONE_CONCEPT, UNKNOWN, WRONG_KINDS, place_ends
from kg.graph import AssembledGraph
from kg.harvest import Harvest
from kg.lexicon import AMBIGUOUS
from kg.lexicon import UNKNOWN as UNKNOWN_NAME

ALL = AssemblySettings(keep_untied={"s": "all", "other": "all"})
NAMES = concepts_of(
    ("mondo:0007947", "Marfan syndrome"), ("hp:0001166", "Arachnodactyly", ["Spider fingers"]), ("hp:0002315", "Headache"),
    ("hgnc:3603", "FBN1"), ("chebi:10033", "warfarin"), ("dbsnp:rs1", "rs1"), ("dbsnp:rs2", "rs2"),
)


def assembled(settings: AssemblySettings = ALL, **tables: pl.DataFrame) -> AssembledGraph:
    """The graph of one source with these tables, and NAMES if no concepts are given."""
    return assemble({"s": Harvest(**{"concepts": NAMES} | tables)}, settings=settings)


def test_relations_lead_to_canonical_concepts() -> None:
    """Merged identifiers, codes and mentions in relations give way to the CURIE that names the concept."""
    concepts = pl.concat([NAMES, concepts_of(("omim:154700", "MARFAN SYNDROME"), ("ncbigene:2200", "FBN1"))])
    mappings = pl.concat([
        mappings_of(("mondo:0007947", "omim:154700")), mappings_of(("hgnc:3603", "ncbigene:2200"), kind="gene"),
        mappings_of(("hp:0001166", "snomedct:62250003"), kind="phenotype"),
    ])
    relations = relations_of("ncbigene:2200 gene_of_disease omim:154700", "omim:154700 has_phenotype snomedct:62250003", "dbsnp:rs1 affects_dosage ~drug:Warfarin")
    graph = assembled(concepts=concepts, mappings=mappings, relations=relations)
    assert lines_of(graph.relations) == [
        "dbsnp:rs1 affects_dosage chebi:10033", "hgnc:3603 gene_of_disease mondo:0007947", "mondo:0007947 has_phenotype hp:0001166"
    ]
    assert sorted(graph.concepts["curie"]) == sorted(NAMES["curie"])


def test_what_cannot_be_placed_is_set_aside_with_the_end_to_blame() -> None:
    """An unknown identifier, an unknown name, ends of the wrong kinds and a relation of a concept with itself each have their reason."""
    relations = relations_of(
        "hgnc:9 gene_of_disease mondo:0007947", "dbsnp:rs1 affects_dosage ~drug:aspirin", "hgnc:3603 has_phenotype hp:0001166", "mondo:0007947 is_a mondo:0007947"
    )
    graph = assembled(relations=relations)
    assert graph.relations.is_empty()
    assert reasons_of(graph.set_aside) == {
        "hgnc:9": UNKNOWN, "~drug:aspirin": UNKNOWN_NAME, "hgnc:3603 has_phenotype hp:0001166": WRONG_KINDS, "mondo:0007947 is_a mondo:0007947": ONE_CONCEPT
    }
    assert graph.set_aside["table"].unique().to_list() == ["RELATIONS"]


def test_rows_with_one_unknown_end_are_counted_together() -> None:
    """The count says how many rows the unknown end has cost."""
    graph = assembled(relations=relations_of("hgnc:9 gene_of_disease mondo:0007947", "hgnc:9 gene_of_phenotype hp:0001166"))
    assert graph.set_aside.select("key", "n").rows() == [("hgnc:9", 2)]


def test_an_ambiguous_name_leads_nowhere() -> None:
    """The reason is the lexicon's."""
    concepts = pl.concat([NAMES, concepts_of(("chebi:1", "tea"), ("chebi:2", "Tea"))])
    graph = assembled(concepts=concepts, relations=relations_of("dbsnp:rs1 affects_dosage ~drug:tea"))
    assert reasons_of(graph.set_aside) == {"~drug:tea": AMBIGUOUS}


def test_a_disease_mention_may_be_a_phenotype_where_the_predicate_takes_both() -> None:
    """Headache is no disease of this world; treats takes phenotypes, biomarker_of does not."""
    graph = assembled(relations=relations_of("chebi:10033 treats ~disease:headache", "hgnc:3603 biomarker_of ~disease:headache"))
    assert lines_of(graph.relations) == ["chebi:10033 treats hp:0002315"]
    assert reasons_of(graph.set_aside) == {"hgnc:3603 biomarker_of ~disease:headache": WRONG_KINDS}


def test_the_predicate_chooses_between_the_kinds_of_a_code() -> None:
    """One MeSH code is a disease and a phenotype: has_phenotype takes the phenotype, treats prefers the disease."""
    mappings = pl.concat([mappings_of(("mondo:0007947", "mesh:D000001")), mappings_of(("hp:0001166", "mesh:D000001"), kind="phenotype")])
    concepts = pl.concat([NAMES, concepts_of(("mondo:0000002", "other"))])
    relations = relations_of("mondo:0000002 has_phenotype mesh:D000001", "chebi:10033 treats mesh:D000001")
    assert lines_of(assembled(concepts=concepts, mappings=mappings, relations=relations).relations) == [
        "chebi:10033 treats mondo:0007947", "mondo:0000002 has_phenotype hp:0001166"
    ]


def test_folded_rows_keep_the_highest_confidence_a_source() -> None:
    """Two rows that become equal are one; what another source says stays evidence of its own."""
    first = Harvest(
        concepts=pl.concat([NAMES, concepts_of(("omim:154700", "MARFAN SYNDROME"))]), mappings=mappings_of(("mondo:0007947", "omim:154700")),
        relations=relations_of("omim:154700 has_phenotype hp:0001166 0.4", "mondo:0007947 has_phenotype hp:0001166 0.9"),
    )
    second = Harvest(relations=relations_of("mondo:0007947 has_phenotype hp:0001166 0.2", source="other", license="CC-BY-4.0"))
    graph = assemble({"s": first, "other": second}, settings=ALL)
    assert graph.relations.sort("source").select("source", "license", "confidence").rows() == [("other", "CC-BY-4.0", 0.2), ("s", "CC0-1.0", 0.9)]
    assert reasons_of(graph.set_aside) == {"mondo:0007947 has_phenotype hp:0001166 s": "repeats another row of its source once identifiers are merged"}


def test_a_mapping_to_a_name_joins_identifiers() -> None:
    """RxNorm's warfarin is ChEBI's by name, found under DrugBank's synonym too; a plural, and what nothing else is called, are set aside."""
    concepts = concepts_of(
        ("chebi:10033", "(RS)-warfarin"), ("drugbank:DB00682", "Warfarin", ["Coumadin"]), ("chebi:2", "statin"),
        ("rxnorm:11289", "warfarin", [], None, "drug"), ("rxnorm:3", "statins", [], None, "drug"), ("rxnorm:4", "tea", [], None, "drug"),
    )
    names = mappings_of(("rxnorm:11289", "~drug:warfarin"), ("rxnorm:3", "~drug:statins"), ("rxnorm:4", "~drug:tea"), kind="drug")
    graph = assembled(concepts=concepts, mappings=pl.concat([names, mappings_of(("chebi:10033", "drugbank:DB00682"), kind="drug")]))
    assert graph.merges.rows() == [("drug", "drugbank:DB00682", "chebi:10033"), ("drug", "rxnorm:11289", "chebi:10033")]
    assert reasons_of(graph.set_aside) == {"rxnorm:3 skos:exactMatch ~drug:statins": UNKNOWN_NAME, "rxnorm:4 skos:exactMatch ~drug:tea": UNKNOWN_NAME}


def test_a_concept_bears_the_name_of_its_canonical_source() -> None:
    """Other names and synonyms become synonyms, each once, and the first definition is taken."""
    mondo = concepts_of(("mondo:0007947", "Marfan syndrome", ["MFS"]), source="mondo")
    omim = concepts_of(("omim:154700", "MARFAN SYNDROME; MFS", ["mfs", "Marfan's syndrome"], "A disorder of connective tissue."), source="omim")
    harvests = {"omim": Harvest(concepts=omim), "mondo": Harvest(concepts=mondo, mappings=mappings_of(("mondo:0007947", "omim:154700")))}
    graph = assemble(harvests, settings=AssemblySettings(keep_untied={"mondo": "all"}))
    (concept,) = graph.concepts.rows(named=True)
    assert concept["name"] == "Marfan syndrome" and concept["source"] == "mondo" and concept["definition"] == "A disorder of connective tissue."
    assert concept["synonyms"] == ["MFS", "MARFAN SYNDROME; MFS", "Marfan's syndrome"]


def test_the_earlier_source_names_a_concept_of_one_identifier() -> None:
    """Of two sources with the same CURIE, the recipe's order decides."""
    harvests = {source: Harvest(concepts=concepts_of(("chebi:10033", name), source=source)) for source, name in (("b", "warfarin"), ("a", "Coumadin"))}
    concepts = assemble(harvests, settings=AssemblySettings(keep_untied={"a": "all", "b": "all"})).concepts
    assert concepts.select("name", "synonyms", "source").rows() == [("warfarin", ["Coumadin"], "b")]


def test_an_identifier_names_one_kind_of_concept() -> None:
    """A UMLS code that two kinds claim as a concept stays with the kind that it usually names; the other row is set aside."""
    concepts = concepts_of(("umls:C0000001", "Pain", [], None, "phenotype"), ("umls:C0000001", "Pain", [], None, "disease"))
    graph = assembled(concepts=concepts)
    assert graph.concepts.select("curie", "kind").rows() == [("umls:C0000001", "disease")]
    assert reasons_of(graph.set_aside) == {"umls:C0000001": "the identifier names a concept of another kind"}


def test_a_concept_has_the_kind_of_what_it_is_mapped_to() -> None:
    """SNOMED's chronic pain, read as a disease, is HPO's phenotype; gout, which MONDO claims too, stays a disease, and so does an unknown one."""
    snomed = [("snomedct:111111", "Chronic pain"), ("snomedct:222222", "Gout"), ("snomedct:333333", "Sprain")]
    concepts = concepts_of(("hp:0012532", "Chronic pain"), ("hp:0001997", "Gout"), ("mondo:0005393", "gout"), *[(curie, name, [], None, "disease") for curie, name in snomed])
    mappings = pl.concat([
        mappings_of(("hp:0012532", "snomedct:111111"), ("hp:0001997", "snomedct:222222"), kind="phenotype"), mappings_of(("mondo:0005393", "snomedct:222222"))
    ])
    graph = assembled(concepts=concepts, mappings=mappings, cooccurrences=cooccurrences_of(("snomedct:111111", "snomedct:222222", 3, 4, 5, 1.0)))
    assert graph.cooccurrences.select("left", "right").rows() == [("hp:0012532", "mondo:0005393")]
    assert graph.concepts.filter(pl.col("curie").str.starts_with("snomedct"))["curie"].to_list() == ["snomedct:333333"]


def test_a_concept_that_two_of_another_kind_claim_keeps_its_kind() -> None:
    """Nothing is guessed where the other kind is of two minds."""
    concepts = concepts_of(("hp:0000001", "a"), ("hp:0000002", "b"), ("snomedct:111111", "c", [], None, "disease"))
    graph = assembled(concepts=concepts, mappings=mappings_of(("hp:0000001", "snomedct:111111"), ("hp:0000002", "snomedct:111111"), kind="phenotype"))
    assert graph.concepts.filter(curie="snomedct:111111")["kind"].to_list() == ["disease"]


def test_symmetric_relations_have_the_smaller_curie_first() -> None:
    """Counts of a co-occurrence change sides with their ends, and it becomes a relation."""
    graph = assembled(cooccurrences=cooccurrences_of(("mondo:0007947", "hp:0001166", 5, 7, 9, 3.0)))
    assert graph.cooccurrences.select("left", "right", "n_left", "n_right").rows() == [("hp:0001166", "mondo:0007947", 9, 7)]
    assert graph.relations.select("subject", "predicate", "object", "confidence").rows() == [("hp:0001166", "occurs_with", "mondo:0007947", 0.75)]


def test_significant_associations_are_relations() -> None:
    """Confidence is m / (m + 7.3); a weak association stays in its table alone, an infinite one is sure."""
    rows = associations_of(("dbsnp:rs1", "mondo:0007947", "a", 14.6), ("dbsnp:rs1", "mondo:0007947", "b", 8.0), ("dbsnp:rs2", "mondo:0007947", "a", 7.0), ("dbsnp:rs2", "hp:0001166", "a", math.inf))
    graph = assembled(associations=rows)
    assert graph.associations.height == 4
    relations = {(row["subject"], row["object"]): row["confidence"] for row in graph.relations.rows(named=True)}
    assert relations == {("dbsnp:rs1", "mondo:0007947"): pytest.approx(2 / 3), ("dbsnp:rs2", "hp:0001166"): 1.0}
    assert graph.relations["predicate"].unique().to_list() == ["variant_associated_with"]


def test_variants_follow_their_merged_rsids() -> None:
    """A position under a merged rsID is that of the current one; a variant that is no concept is set aside."""
    graph = assembled(mappings=mappings_of(("dbsnp:rs1", "dbsnp:rs11", 1.0, "replaced_by"), kind="variant"), variants=variants_of(("dbsnp:rs11", 5), ("dbsnp:rs9", 6)))
    assert graph.variants.select("variant", "position").rows() == [("dbsnp:rs1", 5)]
    assert reasons_of(graph.set_aside) == {"dbsnp:rs9": UNKNOWN}


def test_untied_concepts_go_with_their_is_a_rows_unless_kept() -> None:
    """A vocabulary's term that only is-a ties is left out, and the row that would dangle."""
    concepts = pl.concat([NAMES, concepts_of(("chebi:1", "coumarins"), ("hgnc:2", "TF"), source="other")])
    relations = relations_of("chebi:10033 is_a chebi:1", "dbsnp:rs1 affects_dosage chebi:10033")
    mappings = mappings_of(("hgnc:3603", "uniprot:P35555"), kind="gene")
    graph = assembled(AssemblySettings(), concepts=concepts, relations=relations)
    assert sorted(graph.concepts["curie"]) == ["chebi:10033", "dbsnp:rs1"]
    assert lines_of(graph.relations) == ["dbsnp:rs1 affects_dosage chebi:10033"]
    assert graph.set_aside.filter(pl.col("table") == "RELATIONS").select("key", "n").rows() == [("chebi:1", 1)]
    kept = assembled(AssemblySettings(keep_untied={"s": "uniprot"}, is_a_ties=("s",)), concepts=concepts, relations=relations, mappings=mappings)
    assert sorted(kept.concepts["curie"]) == ["chebi:1", "chebi:10033", "dbsnp:rs1", "hgnc:3603"]


def test_aliases_of_pruned_concepts_go_too() -> None:
    """MERGES leads to concepts that are there, and nowhere else."""
    graph = assembled(AssemblySettings(), mappings=mappings_of(("mondo:0007947", "umls:C0024796")), relations=relations_of("dbsnp:rs1 affects_dosage chebi:10033"))
    assert graph.merges.is_empty()


def test_an_unknown_predicate_is_refused() -> None:
    """It is a fault of a reader, not of a row: the message names the source."""
    with pytest.raises(BadTable, match="'cures' of s"):
        assembled(relations=relations_of("chebi:10033 cures mondo:0007947"))


def test_tables_fit_their_schemas() -> None:
    """What comes out can be written."""
    graph = assembled(relations=relations_of("hgnc:3603 gene_of_disease mondo:0007947"))
    assert check(graph.concepts, CONCEPTS).height == 7
    assert check(graph.relations, RELATIONS).height == 1


ENDS = st.sampled_from(["mondo:1", "omim:1", "mesh:1", "hp:1", "hp:2", "chebi:1", "~drug:tea", "hgnc:1", "x:1"])
ENTRIES = [
    ("mondo:1", "disease", "mondo:1"), ("omim:1", "disease", "mondo:1"), ("mesh:1", "disease", "mondo:1"), ("mesh:1", "phenotype", "hp:2"),
    ("hp:1", "phenotype", "hp:1"), ("hp:2", "phenotype", "hp:2"), ("chebi:1", "drug", "chebi:1"), ("~drug:tea", "drug", "chebi:1"), ("hgnc:1", "gene", "hgnc:1"),
]


def place_slowly(subject: str, predicate: str, object_: str) -> tuple[str, str] | None:
    """The canonical ends, by trying the predicate's kinds in turn."""
    record = BY_NAME[predicate]
    for left in record.subjects:
        for right in record.objects:
            ends = [curie for alias, kind, curie in ENTRIES if (alias, kind) == (subject, left)], [curie for alias, kind, curie in ENTRIES if (alias, kind) == (object_, right)]
            if ends[0] and ends[1] and (left == right or not record.same_kind):
                return (ends[0][0], ends[1][0]) if ends[0] != ends[1] else None
    return None


@given(st.lists(st.tuples(ENDS, st.sampled_from(["is_a", "has_phenotype", "treats", "occurs_with", "biomarker_of"]), ENDS), max_size=8))
def test_ends_are_placed_as_a_plain_loop_places_them(rows: list[tuple[str, str, str]]) -> None:
    """Order is kept, and every row is placed or counted in SET_ASIDE."""
    directory = pl.DataFrame(ENTRIES, schema=["alias", "kind", "curie"], orient="row")
    frame = relations_of(*[" ".join(row) for row in rows])
    placed, lost = place_ends(frame, directory, table="RELATIONS", unresolved=pl.DataFrame(schema={"mention": pl.String, "reason": pl.String}))
    expected = [(ends[0], row[1], ends[1]) for row in rows if (ends := place_slowly(*row))]
    assert placed.select("subject", "predicate", "object").rows() == expected
    assert placed.height + (lost["n"].sum() or 0) == len(rows)


def test_a_variant_without_a_gene_is_given_the_nearest() -> None:
    """Not one that a source gives a gene, and none beyond the distance."""
    concepts = concepts_of(("dbsnp:rs1", "rs1"), ("dbsnp:rs2", "rs2"), ("dbsnp:rs3", "rs3"), ("hgnc:5", "A1BG"), ("hgnc:3603", "FBN1"))
    positions = variants_of(("dbsnp:rs1", 1_000), ("dbsnp:rs2", 1_000), ("dbsnp:rs3", 900_000))
    genes = pl.DataFrame([{"gene": "hgnc:5", "build": "GRCh38", "chromosome": "1", "start": 21_000, "end": 30_000, "strand": "+", "biotype": None, "source": "s", "source_version": "1", "license": "CC0-1.0"}], schema=GENE_POSITIONS.columns)
    harvest = Harvest(concepts=concepts, relations=relations_of("dbsnp:rs2 variant_of_gene hgnc:3603"), variants=positions, gene_positions=genes)
    graph = assemble({"s": harvest}, settings=AssemblySettings())
    assert lines_of(graph.relations) == ["dbsnp:rs1 variant_of_gene hgnc:5", "dbsnp:rs2 variant_of_gene hgnc:3603"]
    assert graph.relations.filter(pl.col("subject") == "dbsnp:rs1")["confidence"].to_list() == [50_000 / 70_000]
