"""MONDO's edges: which genes its diseases come from, how they show, where they are, and what they lead to.

One table of all statements of the ontology's release and of what it borrows, the predicates as identifiers of the relation ontology. It is read in two
layouts: KGX as in the release (`subject … object relation`), and three bare columns, `x p y`. Only those about diseases and their hierarchies are read: MONDO borrows from chemistry, sequences and taxa as well. The gene of a
disease is an address, `http://identifiers.org/hgnc/5724`, and the disease is the *subject* there; in RELATIONS the gene is. Names are not in
the table, so it makes no concepts: what other sources do not name is set aside where the graph is put together.

What is counted: a line is a relation or set aside, by its predicate and the prefixes of its ends where these are not read.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, prefix_of
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_bytes, read_rows, sift
from kg.sources.stamp import stamp_relations

FILE = "mondo_edges.tsv"
# Columns of the two layouts: subject, predicate, object.
KGX, BARE = ("subject", "relation", "object"), ("x", "p", "y")
D, P, A, B, G = (kind.value for kind in (Kind.DISEASE, Kind.PHENOTYPE, Kind.ANATOMY, Kind.PROCESS, Kind.GENE))
IS_A = "rdfs:subClassOf"
# Predicates of the table, the kinds of their ends as a reader of it would say them, and ours.
STATEMENTS = (
    ("RO:0004003", D, G, "gene_of_disease"),
    ("RO:0004029", D, P, "has_phenotype"),
    ("http://purl.obolibrary.org/obo/mondo#disease_has_major_feature", D, P, "has_phenotype"),
    ("RO:0004026", D, A, "located_in"),
    ("RO:0004027", D, A, "located_in"),
    ("http://purl.obolibrary.org/obo/mondo#predisposes_towards", D, D, "predisposes_to"),
)
# The kind of all identifiers of a prefix. GO's are processes, functions or components, and only GO says which; is-a joins two of one kind.
KIND_OF_PREFIX = {"mondo": D, "hp": P, "uberon": A, "cl": A, "hgnc": G, "go": B}
REVERSED = ("gene_of_disease",)
ADDRESS_OF_GENE = r"^https?://identifiers\.org/hgnc[/:](?:HGNC:)?(\d+)$"
SHORT = r"^.*[/#]"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS of diseases, and is-a among diseases, phenotypes, anatomy and GO terms.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = _read_statements(path, set_aside=set_aside)
    rows = rows.with_columns(subject=canonicalize(rows["x"]), object=canonicalize(rows["y"].str.replace(ADDRESS_OF_GENE, "HGNC:$1")))
    kinds = {f"{end}_kind": prefix_of(pl.col(end)).replace_strict(KIND_OF_PREFIX, default=None, return_dtype=pl.String) for end in ("subject", "object")}
    judged = rows.with_columns(**kinds).with_columns(predicate=_predicate())
    faults = [
        (pl.col("predicate").is_null(), "the statement is not about diseases or their hierarchies"),
        (pl.col("subject") == pl.col("object"), "the statement leads from a term to itself"),
    ]
    said = pl.concat_str(_prefix("x"), pl.col("p").str.replace(SHORT, ""), _prefix("y"), separator=" ")
    kept = sift(judged, faults[:1], table="RELATIONS", key=said, set_aside=set_aside)
    kept = sift(kept, faults[1:], table="RELATIONS", key=line_key(path), set_aside=set_aside)
    turned = pl.col("predicate").is_in(REVERSED)
    relations = kept.select(
        "predicate", confidence=pl.lit(1.0),
        subject=pl.when(turned).then("object").otherwise("subject"), object=pl.when(turned).then("subject").otherwise("object"),
    )
    return Harvest(relations=stamp_relations(relations, source), set_aside=set_aside.frame())


def _read_statements(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`line, x, p, y` of either layout."""
    bare = "relation" not in read_bytes(path, first_line=True).decode(errors="replace").strip().split("\t")
    columns = BARE if bare else KGX
    rows = read_rows(path, columns=columns, table="RELATIONS", set_aside=set_aside)
    return rows.rename(dict(zip(columns, BARE, strict=True)))


def _predicate() -> pl.Expr:
    """Our predicate; null where the statement is none that we read, or its ends are of other kinds."""
    of_kind = pl.col("subject_kind") == pl.col("object_kind")
    is_a = pl.when((pl.col("p") == IS_A) & of_kind & (prefix_of(pl.col("subject")) != "hgnc")).then(pl.lit("is_a"))
    others = [
        pl.when((pl.col("p") == theirs) & (pl.col("subject_kind") == subject) & (pl.col("object_kind") == object_)).then(pl.lit(ours))
        for theirs, subject, object_, ours in STATEMENTS
    ]
    return pl.coalesce(is_a, *others)


def _prefix(column: str) -> pl.Expr:
    """What stands before the first colon, cut short where it is long; the whole where there is none."""
    return pl.coalesce(pl.col(column).str.extract(r"^([^:]{1,20}):"), pl.col(column))


SOURCE = Source(
    name="mondo_edges",
    title="Mondo Disease Ontology: genes, features and places of diseases",
    version="",
    license="CC-BY-4.0",
    citation="Vasilevsky NA et al. Mondo: integrating disease terminology across communities. Genetics. 2026;232(4):iyaf215.",
    homepage="https://mondo.monarchinitiative.org",
    files=(
        File(
            name=FILE,
            place="https://github.com/monarch-initiative/mondo/releases/latest/download/mondo_edges.tsv",
            local="ontology/mondo/MONDO__edges_2023-09.tsv.gz",
        ),
    ),
    gives=("RELATIONS",),
    read=read,
    expected={"RELATIONS": 30_000},
)
