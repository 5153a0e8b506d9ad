"""PrimeKG: diseases and what 20 public resources tie to them, as one table of edges with the names of both ends.

Each edge stands *twice*, once a direction, and becomes one relation. So the edges between parent and child do not say which is which: they
are set aside, as the ontologies themselves have them. Set aside too are diseases that PrimeKG grouped by the likeness of their names
(`13924_12592_14672`: several diseases of MONDO in one node), denials (a gene that is *not* expressed, a phenotype that is *absent*), and
exposures. Numbers of MONDO, HPO, UBERON and GO lack their leading zeros.

The deposit is CC0, what it gathers is not: a relation bears the license of the resources it is made from. There are no measures: an edge that a
person asserted has confidence 1, one that was measured or counted, or a use off label, 0.5.

The file has 8.1 million lines, so it is read in blocks of lines.

What is counted: every line is in a relation (the two directions share one) or set aside, for reasons that hold of a whole relation under its name.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import IO

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from generel.concepts.predicates import BY_NAME
from kg.curies import BLANKS, canonicalize
from kg.harvest import Harvest, SetAside
from kg.sources.licensed import stamp_licensed_relations
from kg.sources.quoted_rows import MALFORMED
from kg.sources.record import File, Source
from kg.sources.rows import GZIP_MARK, NOT_UTF8, REPLACEMENT, line_key, sift
from kg.sources.stamp import stamp_concepts

FILE = "kg.csv"
SIDES = ("id", "type", "name", "source")
COLUMNS = ("relation", "display_relation", *(f"{end}_{side}" for end in "xy" for side in SIDES))
# A field of comma-separated text, in quotation marks (doubled inside) or without any.
FIELD = r'("(?:[^"]|"")*"|[^",]*)'
BLOCK_BYTES = 32 * 2**20
ASSERTED, MEASURED = 1.0, 0.5
CC0, CC_BY = "CC0-1.0", "CC-BY-4.0"
DRUGBANK, DRUGCENTRAL, SIDER, DISGENET = "CC-BY-NC-4.0", "CC-BY-SA-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0"
HPO = "HPO license (https://hpo.jax.org/app/license)"
INTERACTION = "MIT (BioGRID); CC-BY-4.0 (STRING); none stated (Menche et al. 2015, Luck et al. 2020)"


@dataclass(frozen=True)
class Node:
    """A kind of node: its type and source in the file, the prefix of its identifiers, and the kind of concept it is."""

    type: str
    source: str
    prefix: str
    kind: Kind


@dataclass(frozen=True)
class Edge:
    """A kind of edge: the relation (of drugs and proteins, with what is displayed), the types of subject and object, and what it becomes."""

    edge: str
    subject_type: str
    object_type: str
    predicate: str
    confidence: float
    license: str


DRUG, GENE, DISEASE, PHENOTYPE, ANATOMY, PATHWAY = "drug", "gene/protein", "disease", "effect/phenotype", "anatomy", "pathway"
PROCESS, FUNCTION, COMPONENT = "biological_process", "molecular_function", "cellular_component"
NODES: tuple[Node, ...] = (
    Node(ANATOMY, "UBERON", "uberon", Kind.ANATOMY),
    Node(PROCESS, "GO", "go", Kind.PROCESS),
    Node(COMPONENT, "GO", "go", Kind.COMPONENT),
    Node(DISEASE, "MONDO", "mondo", Kind.DISEASE),
    Node(DRUG, "DrugBank", "drugbank", Kind.DRUG),
    Node(GENE, "NCBI", "ncbigene", Kind.GENE),
    Node(FUNCTION, "GO", "go", Kind.FUNCTION),
    Node(PATHWAY, "REACTOME", "reactome", Kind.PATHWAY),
    Node(PHENOTYPE, "HPO", "hp", Kind.PHENOTYPE),
)
WITH_ZEROS = ("go", "hp", "mondo", "uberon")
DRUG_PROTEIN = "drug_protein"
EDGES: tuple[Edge, ...] = (
    Edge("anatomy_protein_present", GENE, ANATOMY, "expressed_in", MEASURED, CC0),
    Edge("bioprocess_protein", GENE, PROCESS, "takes_part_in", ASSERTED, CC_BY),
    Edge("cellcomp_protein", GENE, COMPONENT, "acts_in", ASSERTED, CC_BY),
    Edge("contraindication", DRUG, DISEASE, "contraindicated_in", ASSERTED, DRUGCENTRAL),
    Edge("disease_phenotype_positive", DISEASE, PHENOTYPE, "has_phenotype", MEASURED, HPO),
    Edge("disease_protein", GENE, DISEASE, "gene_associated_with", MEASURED, DISGENET),
    Edge("drug_drug", DRUG, DRUG, "interacts_with_drug", ASSERTED, DRUGBANK),
    Edge("drug_effect", DRUG, PHENOTYPE, "has_side_effect", MEASURED, SIDER),
    Edge("drug_protein carrier", DRUG, GENE, "binds", ASSERTED, DRUGBANK),
    Edge("drug_protein enzyme", DRUG, GENE, "binds", ASSERTED, DRUGBANK),
    Edge("drug_protein target", DRUG, GENE, "targets", ASSERTED, DRUGBANK),
    Edge("drug_protein transporter", DRUG, GENE, "binds", ASSERTED, DRUGBANK),
    Edge("indication", DRUG, DISEASE, "treats", ASSERTED, DRUGCENTRAL),
    Edge("molfunc_protein", GENE, FUNCTION, "has_function", ASSERTED, CC_BY),
    Edge("off-label use", DRUG, DISEASE, "treats", MEASURED, DRUGCENTRAL),
    Edge("pathway_protein", GENE, PATHWAY, "takes_part_in", ASSERTED, CC_BY),
    Edge("phenotype_protein", GENE, PHENOTYPE, "gene_associated_with", MEASURED, DISGENET),
    Edge("protein_protein", GENE, GENE, "interacts_with", MEASURED, INTERACTION),
)
GROUPED = "the disease is a group of diseases by likeness of their names"
DENIED, EXPOSED = "the edge denies what it names", "the edge is about an exposure"
UNDIRECTED = "the edge joins parent and child, and does not say which is which"
NOT_KEPT: Mapping[str, str] = {
    **{name: UNDIRECTED for name in (
        "anatomy_anatomy", "bioprocess_bioprocess", "cellcomp_cellcomp", "disease_disease", "molfunc_molfunc", "pathway_pathway", "phenotype_phenotype",
    )},
    **{name: DENIED for name in ("anatomy_protein_absent", "disease_phenotype_negative")},
    **{f"exposure_{name}": EXPOSED for name in ("bioprocess", "cellcomp", "disease", "exposure", "molfunc", "protein")},
}
EDGE_NAMES = pl.Enum([each.edge for each in EDGES])


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of the ends of all edges that are kept, and RELATIONS.

    Raises:
        BadTable: missing columns, or compressed data that is cut short.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    edges = pl.DataFrame(schema={"subject": pl.String, "edge": EDGE_NAMES, "object": pl.String})
    names = pl.DataFrame(schema={"curie": pl.String, "kind": pl.String, "name": pl.String})
    for block in _read_blocks(path, set_aside=set_aside):
        rows = _orient(_with_curies(block, path=path, set_aside=set_aside), path=path, set_aside=set_aside)
        edges = pl.concat([edges, rows.select(edges.columns).unique()])
        names = pl.concat([names, *(_named(rows, end) for end in "xy")]).unique("curie", keep="first", maintain_order=True)
    return Harvest(
        concepts=stamp_concepts(names.with_columns(synonyms=pl.lit([], dtype=pl.List(pl.String))), source),
        relations=stamp_licensed_relations(_as_relations(edges.unique()), source),
        set_aside=set_aside.frame(),
    )


def _as_relations(edges: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object, confidence, license`."""
    records = _records().select("edge", "predicate", "confidence", "license").with_columns(pl.col("edge").cast(EDGE_NAMES))
    return edges.join(records, on="edge").drop("edge")


def _records() -> pl.DataFrame:
    """EDGES as a frame, with `symmetric`."""
    records = pl.DataFrame([astuple(each) for each in EDGES], schema=[each.name for each in fields(Edge)], orient="row")
    return records.with_columns(symmetric=pl.col("predicate").is_in([each.name for each in BY_NAME.values() if each.symmetric]))


def _with_curies(rows: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows of edges that we know, between nodes that we know: with `edge`, `x`, `y` (CURIEs), `x_kind` and `y_kind`."""
    relation = pl.col("relation")
    reason = relation.replace_strict(dict(NOT_KEPT), default=None, return_dtype=pl.String)
    whole = [(reason == each, each) for each in dict.fromkeys(NOT_KEPT.values())]
    rows = sift(rows, whole, table="RELATIONS", key=relation, set_aside=set_aside)
    edge = pl.when(relation == DRUG_PROTEIN).then(pl.concat_str(relation, "display_relation", separator=" ")).otherwise(relation)
    rows = rows.with_columns(edge=edge)
    for end in "xy":
        rows = _with_curie(rows, end)
    grouped = [pl.when(pl.col(f"{end}_source") == "MONDO_grouped").then(f"{end}_id") for end in "xy"]
    rows = sift(rows, [(pl.coalesce(grouped).is_not_null(), GROUPED)], table="RELATIONS", key=pl.coalesce(*grouped, pl.lit("")), set_aside=set_aside)
    faults = [
        (~pl.col("edge").is_in(EDGE_NAMES.categories.implode()), "the relation is none of PrimeKG"),
        (pl.any_horizontal(pl.col("x", "y").is_null()), "an end's identifier is not one of its database"),
        (pl.any_horizontal(pl.col("x_name", "y_name") == ""), "an end has no name"),
    ]
    return sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)


def _with_curie(rows: pl.DataFrame, end: str) -> pl.DataFrame:
    """The rows with the CURIE `x` (or `y`) and its `x_kind`; null where type and source are none that we know or the identifier does not fit."""
    node = pl.concat_str(f"{end}_type", f"{end}_source", separator="\t")
    prefixes = {f"{each.type}\t{each.source}": each.prefix for each in NODES}
    kinds = {f"{each.type}\t{each.source}": each.kind.value for each in NODES}
    prefix = node.replace_strict(prefixes, default=None, return_dtype=pl.String)
    number = pl.col(f"{end}_id").str.contains(r"^[0-9]{1,7}$") & prefix.is_in(WITH_ZEROS)
    identifier = pl.when(number).then(pl.col(f"{end}_id").str.zfill(7)).otherwise(f"{end}_id")
    written = rows.select(pl.concat_str(prefix, pl.lit(":"), identifier).alias(end)).to_series()
    kind = node.replace_strict(kinds, default=None, return_dtype=pl.String).alias(f"{end}_kind")
    return rows.with_columns(canonicalize(written), kind)


def _orient(rows: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows with `subject` and `object`, whichever way round the line has them; of symmetric ones the smaller CURIE is the subject."""
    rows = rows.join(_records(), on="edge", how="left", maintain_order="left")
    forward = (pl.col("x_type") == pl.col("subject_type")) & (pl.col("y_type") == pl.col("object_type"))
    backward = (pl.col("y_type") == pl.col("subject_type")) & (pl.col("x_type") == pl.col("object_type"))
    faults = [
        (~forward & ~backward, "the relation does not join nodes of these types"),
        (pl.col("x") == pl.col("y"), "both ends are one node"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    as_written = pl.when("symmetric").then(pl.col("x") < pl.col("y")).otherwise(forward)
    subject, object_ = (pl.when(as_written).then(a).otherwise(b) for a, b in (("x", "y"), ("y", "x")))
    return kept.with_columns(pl.col("edge").cast(EDGE_NAMES), subject=subject, object=object_)


def _named(rows: pl.DataFrame, end: str) -> pl.DataFrame:
    return rows.select(curie=end, kind=f"{end}_kind", name=f"{end}_name").unique("curie", keep="first", maintain_order=True)


def _read_blocks(path: Path, *, set_aside: SetAside) -> Iterator[pl.DataFrame]:
    """`line` and COLUMNS, as text without blanks at the ends, of the file's lines, some 32 MiB of them at a time.

    Lines that are not UTF-8, or not comma-separated text of as many fields as the header, are set aside.
    """
    header: list[str] = []
    first = 1
    for text in _read_text(path):
        lines = pl.DataFrame({"text": text.split("\n")}, schema={"text": pl.String}).with_row_index("line", offset=first)
        first += lines.height
        lines = lines.with_columns(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_suffix("\r")).filter(pl.col("text").str.strip_chars(BLANKS) != "")
        if not header and lines.height:
            header = _read_header(lines["text"][0], path=path)
            lines = lines.slice(1)
        if lines.height:
            yield _cut(lines, header, path=path, set_aside=set_aside)
    if not header:
        raise BadTable(f"{path} has no rows; it should have the columns {', '.join(COLUMNS)}")


def _read_header(line: str, *, path: Path) -> list[str]:
    """The names of the columns.

    Raises:
        BadTable: if some of COLUMNS are not among them.
    """
    try:
        header = [name.strip() for name in next(csv.reader([line]))]
    except csv.Error as error:
        raise BadTable(f"{path} has no header of comma-separated names ({error})") from error
    if missing := [column for column in COLUMNS if column not in header]:
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header)[:400]}")
    return header


def _cut(lines: pl.DataFrame, header: list[str], *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`line` and COLUMNS of lines of comma-separated text."""
    found = pl.col("text").str.extract_groups("^" + ",".join([FIELD] * len(header)) + "$")
    lines = lines.with_columns(fields=found)
    faults = [
        (pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8),
        (pl.col("fields").struct.field("1").is_null(), MALFORMED),
    ]
    good = sift(lines, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return good.select("line", *(_unquoted(pl.col("fields").struct.field(str(header.index(name) + 1))).alias(name) for name in COLUMNS))


def _unquoted(field: pl.Expr) -> pl.Expr:
    quoted = field.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
    return pl.when(field.str.starts_with('"')).then(quoted).otherwise(field).str.strip_chars(BLANKS)


def _read_text(path: Path) -> Iterator[str]:
    """The file's text in blocks of whole lines, without the line feed at a block's end; uncompressed where it begins as gzip does.

    Raises:
        BadTable: compressed data that is cut short or damaged.
    """
    with path.open("rb") as file:
        compressed = file.read(len(GZIP_MARK)) == GZIP_MARK
        file.seek(0)
        if not compressed:
            yield from _blocks_of(file)
            return
        try:
            with gzip.open(file) as unpacked:
                yield from _blocks_of(unpacked)
        except (EOFError, OSError, zlib.error) as error:
            raise BadTable(f"{path} cannot be uncompressed ({error}); fetch it again") from error


def _blocks_of(file: IO[bytes] | gzip.GzipFile) -> Iterator[str]:
    rest, encoding = b"", "utf-8-sig"
    while block := file.read(BLOCK_BYTES):
        whole, feed, rest_of_block = (rest + block).rpartition(b"\n")
        rest = rest_of_block
        if feed:
            yield whole.decode(encoding, errors="replace")
            encoding = "utf-8"
    if rest:
        yield rest.decode(encoding, errors="replace")


SOURCE = Source(
    name="primekg",
    title="PrimeKG: precision medicine knowledge graph",
    version="Dataverse file 6180620",
    license="mixed, by relation: CC0-1.0 (as deposited) to CC-BY-NC-SA-4.0",
    row_licenses=tuple(sorted({each.license for each in EDGES})),
    citation="Chandak P, Huang K, Zitnik M. Building a knowledge graph to enable precision medicine. Sci Data. 2023;10:67.",
    homepage="https://zitniklab.hms.harvard.edu/projects/PrimeKG/",
    files=(File(FILE, "https://dataverse.harvard.edu/api/access/datafile/6180620", local="primekg/kg.csv"),),
    gives=("CONCEPTS", "RELATIONS"),
    read=read,
    # Of 8.1 million lines 0.3 million are set aside by their relation, and the two directions of an edge are one.
    expected={"CONCEPTS": 90_000, "RELATIONS": 3_500_000},
)
