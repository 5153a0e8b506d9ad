"""EFO, the Experimental Factor Ontology: the diseases, phenotypes and measurements that the GWAS Catalog names its traits by.

Read from four tables that GWASCatalogSearchDB made of EFO's release, with two traps. The table called *entailed* edges holds the direct ones
(its maker writes the two edge tables under each other's names): `EFO:1000652` has its two parents there, not its ten ancestors. And `Direct`, the
number of GWAS mapped to a term, is all that tells a trait ('response to vincristine', 'household income') from
the assays, developmental stages and cell lines that stand beside it.

EFO borrows terms: those of MONDO, Orphanet, DO and HPO keep the kind of their prefix; an EFO term is a disease below 'disease', and
a phenotype below 'phenotype' or 'measurement', or where a GWAS has it as trait. Old EFO identifiers of diseases (`EFO:0000692`, schizophrenia)
stand in no table but that of cross-references, with the MONDO term that took their place.

What is counted: a line of the labels is a concept or set aside; each of its disease's locations, and each line of the other three tables, is in
CONCEPTS (a synonym), MAPPINGS or RELATIONS, or set aside. What belongs to terms that are no concepts is counted by the prefix of the term.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_SPELLING
from kg.curies import canonicalize, prefix_of
from kg.harvest import Harvest, SetAside
from kg.sources.hierarchy import terms_below
from kg.sources.quotation import OPEN, unquote
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations
from kg.sources.xrefs import map_xrefs

DISEASE, PHENOTYPE = Kind.DISEASE.value, Kind.PHENOTYPE.value
# Terms of these prefixes have one kind wherever they stand in the tree; those of the others have that of their branch.
KIND_OF_PREFIX = {"mondo": DISEASE, "orphanet": DISEASE, "doid": DISEASE, "hp": PHENOTYPE, "oba": PHENOTYPE}
BY_BRANCH = ("efo", "ncit")
# EFO's terms 'disease', 'phenotype' and 'measurement', and what BFO calls a material entity.
DISEASES, PHENOTYPES, MATTER = "EFO:0000408", ("EFO:0000651", "EFO:0001444"), "BFO:0000040"
OTHER_ONTOLOGY = "the term is of an ontology without diseases and traits"
MATERIAL = "the term is a material thing: an organism, a cell, a chemical"
NO_TRAIT = "the term is no disease, phenotype or measurement, and no GWAS has it as a trait"
NOT_KEPT = "the row is of a term that is no concept"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of diseases and traits, MAPPINGS of their cross-references, RELATIONS of is-a and of diseases to where they are.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    edges = _read_pairs(files["efo_entailed_edges.tsv"], table="RELATIONS", set_aside=set_aside)
    terms = _read_terms(files["efo_labels.tsv"], edges=edges, set_aside=set_aside)
    relations = [_place_parents(edges, terms, path=files["efo_entailed_edges.tsv"], set_aside=set_aside)]
    relations += [_read_locations(terms, set_aside=set_aside)]
    return Harvest(
        concepts=stamp_concepts(_with_synonyms(terms, files["efo_synonyms.tsv"], set_aside=set_aside), source),
        mappings=stamp_mappings(_read_xrefs(files["efo_dbxrefs.tsv"], terms, set_aside=set_aside), source),
        relations=stamp_relations(pl.concat(relations).with_columns(confidence=pl.lit(1.0)), source),
        set_aside=set_aside.frame(),
    )


def _read_pairs(path: Path, *, table: str, set_aside: SetAside) -> pl.DataFrame:
    """`line, Subject, Object`, both with something in them."""
    rows = unquote(read_rows(path, columns=("Subject", "Object"), table=table, set_aside=set_aside), ["Subject", "Object"])
    faults = [
        (pl.any_horizontal(pl.col("Subject", "Object").is_null()), OPEN),
        (pl.any_horizontal(pl.col("Subject", "Object") == ""), "the line lacks its subject or its object"),
    ]
    return sift(rows, faults, table=table, key=line_key(path), set_aside=set_aside)


def _read_terms(path: Path, *, edges: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """`line, Subject, curie, kind, name, DiseaseLocation` of the terms that are concepts; `Subject` is spelled as in the other tables."""
    columns = ("Subject", "Object", "DiseaseLocation", "Direct")
    rows = unquote(read_rows(path, columns=columns, table="CONCEPTS", set_aside=set_aside), ["Object"])
    rows = rows.with_columns(curie=canonicalize(rows["Subject"]), prefix=_prefix("Subject"))
    known = pl.col("prefix").str.to_lowercase().is_in(list(BY_SPELLING))
    faults = [
        (pl.col("Object").is_null(), OPEN),
        (pl.col("prefix").is_null() | (pl.col("curie").is_null() & known), "the identifier is not one of its ontology"),
        (pl.col("Object") == "", "the term has no name"),
        (pl.col("curie").is_not_null() & ~pl.col("curie").is_first_distinct(), "the identifier occurs again"),
    ]
    named = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    ours = prefix_of(pl.col("curie")).is_in([*KIND_OF_PREFIX, *BY_BRANCH]).fill_null(False)
    named = sift(named, [(~ours, OTHER_ONTOLOGY)], table="CONCEPTS", key=pl.col("prefix"), set_aside=set_aside)
    faults = [(pl.col("kind").is_null() & pl.col("matter"), MATERIAL), (pl.col("kind").is_null(), NO_TRAIT)]
    kept = sift(_with_kinds(named, edges), faults, table="CONCEPTS", key=pl.col("curie"), set_aside=set_aside)
    return kept.select("line", "Subject", "curie", "kind", "DiseaseLocation", name="Object")


def _with_kinds(terms: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """The terms with their `kind`, null for what is neither disease nor trait, and whether they are `matter`."""
    tree = edges.select(subject="Subject", object="Object")
    disease, trait, matter = (pl.col("Subject").is_in(sorted(terms_below(tree, roots))) for roots in ([DISEASES], PHENOTYPES, [MATTER]))
    # The counts come from mappings made by machine, too, which take a gene or a symptom for a cell line of the same name.
    mapped = pl.col("Direct").str.contains(r"^0*[1-9][0-9]*$") & ~matter
    by_branch = pl.when(disease).then(pl.lit(DISEASE)).when(trait | mapped).then(pl.lit(PHENOTYPE))
    by_prefix = prefix_of(pl.col("curie")).replace_strict(KIND_OF_PREFIX, default=None, return_dtype=pl.String)
    return terms.with_columns(kind=pl.coalesce(by_prefix, by_branch), matter=matter)


def _with_synonyms(terms: pl.DataFrame, path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms`; all synonyms of the table are EFO's exact ones."""
    rows = _of_terms(_read_pairs(path, table="CONCEPTS", set_aside=set_aside), terms, table="CONCEPTS", set_aside=set_aside)
    synonyms = rows.group_by("curie", maintain_order=True).agg(synonyms="Object")
    return terms.select("curie", "kind", "name").join(synonyms, on="curie", how="left", maintain_order="left")


def _read_xrefs(path: Path, terms: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind` of the cross-references of concepts."""
    rows = _of_terms(_read_pairs(path, table="MAPPINGS", set_aside=set_aside), terms, table="MAPPINGS", set_aside=set_aside)
    rows = rows.with_columns(target=canonicalize(rows["Object"]))
    itself = [(pl.col("target") == pl.col("curie"), "the cross-reference is the term itself")]
    rows = sift(rows, itself, table="MAPPINGS", key=pl.col("prefix"), set_aside=set_aside).select("kind", subject="curie", xref="Object")
    mapped = [map_xrefs(rows.filter(kind=kind.value).drop("kind"), kind=kind, set_aside=set_aside) for kind in (Kind.DISEASE, Kind.PHENOTYPE)]
    return pl.concat(mapped)


def _of_terms(rows: pl.DataFrame, terms: pl.DataFrame, *, table: str, set_aside: SetAside) -> pl.DataFrame:
    """The rows whose subject is a concept, with its `curie` and `kind`; the others are set aside by their `prefix`."""
    joined = rows.join(terms.select("Subject", "curie", "kind"), on="Subject", how="left", maintain_order="left").with_columns(prefix=_prefix("Subject"))
    key = pl.coalesce("prefix", "Subject")
    return sift(joined, [(pl.col("curie").is_null(), NOT_KEPT)], table=table, key=key, set_aside=set_aside)


def _place_parents(edges: pl.DataFrame, terms: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object` of is-a among concepts of one kind."""
    parents = terms.select(Object="Subject", parent="curie", parent_kind="kind")
    rows = _of_terms(edges, terms, table="RELATIONS", set_aside=set_aside).join(parents, on="Object", how="left", maintain_order="left")
    faults = [
        (pl.col("parent").is_null(), "the parent is no concept"),
        (pl.col("parent") == pl.col("curie"), "the term is its own parent"),
        (pl.col("parent_kind") != pl.col("kind"), "the parent is of another kind"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return kept.select(subject="curie", predicate=pl.lit("is_a"), object="parent")


def _read_locations(terms: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object` of diseases and the anatomy that they are found in, each location a row."""
    split = pl.col("DiseaseLocation").str.split(",").list.eval(pl.element().str.strip_chars())
    rows = terms.with_columns(place=split).explode("place").filter(pl.col("place") != "")
    rows = rows.with_columns(object=canonicalize(rows["place"], kind=Kind.ANATOMY))
    faults = [
        (pl.col("kind") != DISEASE, "the location is of no disease"),
        (pl.col("object").is_null(), "the location is no anatomy of UBERON or CL"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=pl.concat_str("curie", pl.lit(" located_in "), "place"), set_aside=set_aside)
    return kept.select(subject="curie", predicate=pl.lit("located_in"), object="object")


def _prefix(column: str) -> pl.Expr:
    """What stands before the first colon."""
    return pl.col(column).str.extract(r"^([^:]+):")


TABLES = "https://raw.githubusercontent.com/ccb-hms/GWASCatalogSearchDB/master/resources"
SOURCE = Source(
    name="efo",
    title="Experimental Factor Ontology: diseases, phenotypes and measurements, as tables",
    version="",
    license="Apache-2.0",
    citation=(
        "Malone J et al. Modeling sample variables with an Experimental Factor Ontology. Bioinformatics. 2010;26(8):1112-1118; "
        "tables: Gonçalves R. GWASCatalogSearchDB (https://github.com/ccb-hms/GWASCatalogSearchDB)."
    ),
    homepage="https://www.ebi.ac.uk/efo",
    files=tuple(
        File(name=f"efo_{name}.tsv", place=f"{TABLES}/efo_{name}.tsv", local=f"ontology/efo/EFO__efo_{name}.tsv.gz")
        for name in ("labels", "synonyms", "dbxrefs", "entailed_edges")
    ),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 29_000, "MAPPINGS": 69_500, "RELATIONS": 41_000},
)
