"""The Disease Ontology's facets: where its diseases are and how they show, as its site lets people search them.

A reasoner made the table, so a disease has all ancestors of what is said of it; those that go without saying are left out (see
`kg.sources.informative`). Facets about anything but anatomy, cells, symptoms and phenotypes are set aside by their name.
"""

from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import SetAside
from kg.sources.informative import mark_uninformative
from kg.sources.quotation import OPEN, unquote
from kg.sources.rows import line_key, read_rows, sift

COLUMNS = {"?id": "id", "?name": "label", "?definition": "definition", "?facet": "facet", "?import_keyword": "keyword", "?import_id": "import_id"}
# Facet, kind of its objects, predicate.
FACETS = (
    ("anatomy", Kind.ANATOMY, "located_in"), ("cell_type", Kind.ANATOMY, "located_in"),
    ("symptom", Kind.PHENOTYPE, "has_symptom"), ("phenotype", Kind.PHENOTYPE, "has_phenotype"),
)
NO_FACETS = pl.DataFrame(schema={"line": pl.Int64, **dict.fromkeys(COLUMNS.values(), pl.String), "subject": pl.String})


def read_facets(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """Rows as NO_FACETS: the file's columns, and the disease's CURIE as `subject`."""
    rows = read_rows(path, columns=tuple(COLUMNS), table="RELATIONS", set_aside=set_aside).rename(COLUMNS)
    rows = unquote(rows, list(COLUMNS.values()))
    rows = rows.with_columns(canonicalize_as(rows["id"], "doid").alias("subject"))
    faults = [
        (pl.any_horizontal(pl.col(*COLUMNS.values()).is_null()), OPEN),
        (pl.col("subject").is_null() | (pl.col("label") == ""), "the disease has no identifier of DO or no label"),
    ]
    return sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)


def relate_facets(rows: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind, name`: the relations that say something, with kind and name of their objects."""
    n_diseases = rows["subject"].n_unique()
    wanted = pl.col("facet").is_in([facet for facet, _, _ in FACETS])
    rows = sift(rows, [(~wanted, "the facet is not read")], table="RELATIONS", key=pl.col("facet"), set_aside=set_aside)
    parts = [_relate(rows.filter(facet=facet), kind, n_diseases=n_diseases, path=path, set_aside=set_aside) for facet, kind, _ in FACETS]
    return pl.concat(part.with_columns(predicate=pl.lit(predicate)) for part, (_, _, predicate) in zip(parts, FACETS, strict=True))


def _relate(rows: pl.DataFrame, kind: Kind, *, n_diseases: int, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object, kind, name` of one facet."""
    rows = rows.with_columns(canonicalize(rows["import_id"], kind=kind).alias("object"))
    faults = [(pl.col("object").is_null(), f"the object is no {kind.value} of a known prefix"), (pl.col("keyword") == "", "the object has no name")]
    good = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    faults = [
        (pl.col("upper"), "more than a third of the diseases have the object"),
        (pl.col("implied"), "a narrower object of the disease implies the object"),
    ]
    kept = sift(mark_uninformative(good, n_subjects=n_diseases), faults, table="RELATIONS", key=pl.col("object"), set_aside=set_aside)
    return kept.select("subject", "object", kind=pl.lit(kind.value), name="keyword")
