"""Hetionet 1.0: genes, diseases, compounds and what surrounds them, joined from 29 public resources.

The trap is the license. Hetionet itself is CC0, but what it gathers is not: side effects are SIDER's (no commercial use, share
alike), binding is partly DrugBank's. The files name no resource for a single edge, so a relation bears the license of what its
metaedge was made from, the strictest first where there are several. They hold no measure either: an edge that a person asserted has confidence 1,
one that was measured, counted or predicted 0.5.

An edge is written as its metaedge reads (`Disease - upregulates - Gene`); the relation may read the other way round. A symptom is a descriptor
of MeSH and a side effect a concept of UMLS, both phenotypes here; where MeSH calls the same a disease, assembly settles it.

What is counted: every line of the nodes is a concept or set aside, every line of the edges a relation or set aside.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.licensed import stamp_licensed_relations
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts

NODES, EDGES = "hetionet-v1.0-nodes.tsv", "hetionet-v1.0-edges.sif.gz"
ASSERTED, MEASURED = 1.0, 0.5
CC0, CC_BY, DRUGCENTRAL, SIDER = "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"
BGEE = "Bgee terms (none stated in 2016)"
TISSUES = "CC-BY-4.0 (TISSUES); Bgee terms (none stated in 2016)"
BINDING = "CC-BY-NC-4.0 (DrugBank); CC-BY-SA-3.0 and CC-BY-3.0 (BindingDB)"
ASSOCIATION = "ODbL-1.0 (DisGeNET); CC-BY-4.0 (DISEASES, GWAS Catalog); none stated (DOAF)"
INDICATION = "CC-BY-NC-SA-3.0 (MEDI, PREDICT); CC0-1.0 (PharmacotherapyDB)"
INTERACTION = "CC-BY-4.0 (hetio-dag); with permission (Human Interactome Database, Incomplete Interactome)"
PATHWAY = "CC-BY-4.0 (Reactome); CC-BY-3.0 (WikiPathways); public domain (Pathway Interaction Database)"
COVARIATION = "none stated (Evolutionary Rate Covariation)"


@dataclass(frozen=True)
class Metanode:
    """A kind of node: its name, the prefix of its identifiers, and the kind of concept it is."""

    name: str
    prefix: str
    kind: Kind


@dataclass(frozen=True)
class Metaedge:
    """A kind of edge.

    Attributes:
        metaedge: the abbreviation in the file.
        source: metanode at the left end; `target` at the right.
        predicate: what it becomes.
        turned: whether the right end is the subject.
        confidence: ASSERTED or MEASURED.
        license: of the resources it is made from.
    """

    metaedge: str
    source: str
    target: str
    predicate: str
    turned: bool
    confidence: float
    license: str


METANODES: tuple[Metanode, ...] = (
    Metanode("Anatomy", "uberon", Kind.ANATOMY),
    Metanode("Biological Process", "go", Kind.PROCESS),
    Metanode("Cellular Component", "go", Kind.COMPONENT),
    Metanode("Compound", "drugbank", Kind.DRUG),
    Metanode("Disease", "doid", Kind.DISEASE),
    Metanode("Gene", "ncbigene", Kind.GENE),
    Metanode("Molecular Function", "go", Kind.FUNCTION),
    Metanode("Pathway", "pathwaycommons", Kind.PATHWAY),
    Metanode("Pharmacologic Class", "ndfrt", Kind.DRUG),
    Metanode("Side Effect", "umls", Kind.PHENOTYPE),
    Metanode("Symptom", "mesh", Kind.PHENOTYPE),
)
METAEDGES: tuple[Metaedge, ...] = (
    Metaedge("AdG", "Anatomy", "Gene", "expression_lowered_in", True, MEASURED, BGEE),
    Metaedge("AeG", "Anatomy", "Gene", "expressed_in", True, MEASURED, TISSUES),
    Metaedge("AuG", "Anatomy", "Gene", "expression_raised_in", True, MEASURED, BGEE),
    Metaedge("CbG", "Compound", "Gene", "binds", False, ASSERTED, BINDING),
    Metaedge("CcSE", "Compound", "Side Effect", "has_side_effect", False, MEASURED, SIDER),
    Metaedge("CdG", "Compound", "Gene", "lowers_expression_of", False, MEASURED, CC_BY),
    Metaedge("CpD", "Compound", "Disease", "palliates", False, ASSERTED, INDICATION),
    Metaedge("CrC", "Compound", "Compound", "resembles", False, MEASURED, CC0),
    Metaedge("CtD", "Compound", "Disease", "treats", False, ASSERTED, INDICATION),
    Metaedge("CuG", "Compound", "Gene", "raises_expression_of", False, MEASURED, CC_BY),
    Metaedge("DaG", "Disease", "Gene", "gene_associated_with", True, MEASURED, ASSOCIATION),
    Metaedge("DdG", "Disease", "Gene", "expression_lowered_in", True, MEASURED, CC0),
    Metaedge("DlA", "Disease", "Anatomy", "located_in", False, MEASURED, CC0),
    Metaedge("DpS", "Disease", "Symptom", "has_symptom", False, MEASURED, CC0),
    Metaedge("DrD", "Disease", "Disease", "resembles", False, MEASURED, CC0),
    Metaedge("DuG", "Disease", "Gene", "expression_raised_in", True, MEASURED, CC0),
    Metaedge("GcG", "Gene", "Gene", "covaries_with", False, MEASURED, COVARIATION),
    Metaedge("GiG", "Gene", "Gene", "interacts_with", False, MEASURED, INTERACTION),
    Metaedge("GpBP", "Gene", "Biological Process", "takes_part_in", False, ASSERTED, CC_BY),
    Metaedge("GpCC", "Gene", "Cellular Component", "acts_in", False, ASSERTED, CC_BY),
    Metaedge("GpMF", "Gene", "Molecular Function", "has_function", False, ASSERTED, CC_BY),
    Metaedge("GpPW", "Gene", "Pathway", "takes_part_in", False, ASSERTED, PATHWAY),
    Metaedge("Gr>G", "Gene", "Gene", "regulates", False, MEASURED, CC_BY),
    Metaedge("PCiC", "Pharmacologic Class", "Compound", "is_a", True, ASSERTED, DRUGCENTRAL),
)
# Pathways of WikiPathways stand among those of Pathway Commons, with the number of their revision: WP254_r72110.
REVISED = r"^(WP\d+)_r\d+$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of all nodes and RELATIONS of all edges between them.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    nodes = _read_nodes(files[NODES], set_aside=set_aside)
    edges = _read_edges(files[EDGES], nodes, set_aside=set_aside)
    concepts = nodes.select("curie", "name", kind="concept_kind", synonyms=pl.lit([], dtype=pl.List(pl.String)))
    return Harvest(
        concepts=stamp_concepts(concepts, source),
        relations=stamp_licensed_relations(edges, source),
        set_aside=set_aside.frame(),
    )


def _read_nodes(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`id, name, kind` as in the file, `curie` and `concept_kind`."""
    rows = read_rows(path, columns=("id", "name", "kind"), table="CONCEPTS", set_aside=set_aside)
    parts = pl.col("id").str.extract_groups(r"^(.*?)::(.*)$")
    rows = rows.with_columns(metanode=parts.struct.field("1"), identifier=parts.struct.field("2"))
    kinds = {each.name: each.kind.value for each in METANODES}
    rows = rows.with_columns(_curies(rows), concept_kind=pl.col("kind").replace_strict(kinds, default=None, return_dtype=pl.String))
    faults = [
        (pl.col("concept_kind").is_null(), "the kind is none of Hetionet"),
        (pl.col("metanode").ne_missing(pl.col("kind")), "the identifier is not one of the node's kind"),
        (pl.col("curie").is_null(), "the identifier is not one of its database"),
        (pl.col("name") == "", "the node has no name"),
    ]
    good = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    again = [(~pl.col("curie").is_first_distinct(), "the identifier occurs again")]
    return sift(good, again, table="CONCEPTS", key=line_key(path), set_aside=set_aside)


def _curies(rows: pl.DataFrame) -> pl.Series:
    """`curie` of each row's `identifier`, by its metanode; null where it is none."""
    of_wikipathways = rows.select(pl.col("identifier").str.extract(REVISED))["identifier"]
    by_prefix = {each.prefix: canonicalize_as(rows["identifier"], each.prefix) for each in METANODES}
    frame = rows.select("metanode").with_columns(**by_prefix, wikipathways=canonicalize_as(of_wikipathways, "wikipathways"))
    chosen = [pl.when(pl.col("metanode") == each.name).then(each.prefix) for each in METANODES]
    pathway = pl.when(pl.col("metanode") == "Pathway").then("wikipathways")
    return frame.select(curie=pl.coalesce(pathway, *chosen))["curie"]


def _read_edges(path: Path, nodes: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence, license` of the edges whose ends are nodes."""
    rows = read_rows(path, columns=("source", "metaedge", "target"), table="RELATIONS", set_aside=set_aside)
    records = pl.DataFrame([astuple(each) for each in METAEDGES], schema=[each.name for each in fields(Metaedge)], orient="row")
    rows = rows.join(records.rename({"source": "left", "target": "right"}), on="metaedge", how="left", maintain_order="left")
    for end in ("source", "target"):
        ends = nodes.select(pl.col("id").alias(end), pl.col("curie").alias(f"{end}_curie"), pl.col("kind").alias(f"{end}_kind"))
        rows = rows.join(ends, on=end, how="left", maintain_order="left")
    faults = [
        (pl.col("predicate").is_null(), "the metaedge is none of Hetionet"),
        (pl.any_horizontal(pl.col("source_curie", "target_curie").is_null()), "an end of the edge is not a node that is kept"),
        ((pl.col("left") != pl.col("source_kind")) | (pl.col("right") != pl.col("target_kind")), "the metaedge does not join nodes of these kinds"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    subject = pl.when("turned").then("target_curie").otherwise("source_curie")
    object_ = pl.when("turned").then("source_curie").otherwise("target_curie")
    return kept.select("predicate", "confidence", "license", subject=subject, object=object_)


SOURCE = Source(
    name="hetionet",
    title="Hetionet: an integrative network of disease",
    version="1.0",
    license="mixed, by relation: CC0-1.0 to CC-BY-NC-SA-4.0",
    row_licenses=tuple(sorted({each.license for each in METAEDGES})),
    citation="Himmelstein DS et al. Systematic integration of biomedical knowledge prioritizes drugs for repurposing. eLife. 2017;6:e26726.",
    homepage="https://het.io",
    files=(
        File(NODES, "https://github.com/hetio/hetionet/raw/main/hetnet/tsv/hetionet-v1.0-nodes.tsv", local="hetionet/hetionet-v1.0-nodes.tsv.gz"),
        File(EDGES, "https://github.com/hetio/hetionet/raw/main/hetnet/tsv/hetionet-v1.0-edges.sif.gz", local="hetionet/hetionet-v1.0-edges-5k.sif.gz"),
    ),
    gives=("CONCEPTS", "RELATIONS"),
    read=read,
    # The edges may be a sample of 5,000 a metaedge, 99,675 of 2,250,197.
    expected={"CONCEPTS": 44_600, "RELATIONS": 94_600},
)
