"""KGX, a graph as two tables in the words of the Biolink Model: nodes with their names and identifiers, edges with their predicates.

An edge can be *negated*, and what its word says can hang on *qualifiers* ("affects" – the expression? more or less of it?): read without
these columns it would say something else or the opposite. A predicate is, in this order, what the setting `predicates` makes of the
file's `predicate` or `original_predicate`, ours where `original_predicate` names it, and what `kg.interchange.biolink` reads.

What is counted: every line of the nodes is a concept or set aside, every other identifier of a concept is a mapping or set aside, every
line of the edges is a relation or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.predicates import BY_NAME as OURS
from generel.concepts.prefixes import BY_NAME
from kg.curies import canonicalize, prefix_of
from kg.harvest import Harvest, SetAside
from kg.interchange.biolink import CATEGORIES, DIRECTIONS, WORDS, Qualifiers, read_word
from kg.interchange.kgx_records import read_records
from kg.interchange.words import predicates_of
from kg.own_format import Format
from kg.sources.record import Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations
from kg.sources.xrefs import PREDICATE, map_xrefs

# The columns with other identifiers of a node, and what they say.
SAME = {"xref": PREDICATE, "equivalent_identifiers": "skos:exactMatch", "same_as": "skos:exactMatch"}
OF_NODES = ("name", "description", "synonym", *SAME)
QUALIFIERS = tuple(f"{end}_{what}_qualifier" for end in ("subject", "object") for what in ("aspect", "direction"))
OF_EDGES = ("original_predicate", "negated", "has_confidence_score", "confidence", "license", *QUALIFIERS)
TRIPLE = ("subject", "predicate", "object")
OWN_WORD = "generel:"
# How a node or an edge is told that our table of words does not know what it says.
NO_KIND = "the category names none of our kinds"
WRONG_KIND = "the identifier's prefix names nothing of the category"
NO_WORD = "the predicate is none that we know, and the setting 'predicates' does not translate it"
NO_READING = "between such ends, and so qualified, the predicate says nothing that we know"
BAD_CONFIDENCE = "the confidence is not a number from 0 to 1"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS and MAPPINGS of the nodes, RELATIONS of the edges; an edge's own license goes before the source's.

    Raises:
        BadTable: missing columns, or the setting names a predicate that is none of ours.
    """
    set_aside = SetAside(source.name)
    nodes = _read_nodes(files["nodes"], set_aside)
    return Harvest(
        concepts=stamp_concepts(nodes.select("curie", "kind", "name", synonyms="synonym", definition=pl.col("description").replace("", None)), source),
        mappings=stamp_mappings(_read_identifiers(nodes, set_aside), source),
        relations=_read_edges(files["edges"], nodes.select("curie", "kind"), source, set_aside),
        set_aside=set_aside.frame(),
    )


def _read_nodes(path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind` and the columns of the nodes that are concepts."""
    rows = read_records(path, columns=("id", "category"), optional=OF_NODES, lists=("category", "synonym", *SAME), table="CONCEPTS", set_aside=set_aside)
    rows = rows.with_columns(canonicalize(rows["id"]).alias("curie"), categories=pl.col("category").list.join("|")).with_columns(prefix=prefix_of(pl.col("curie")))
    named = rows.select("prefix", "categories").drop_nulls().unique().rows()
    kinds = pl.DataFrame([(*each, *_kind_of(*each)) for each in named], schema=dict.fromkeys(["prefix", "categories", "kind", "fault"], pl.String), orient="row")
    rows = rows.join(kinds, on=["prefix", "categories"], how="left", maintain_order="left")
    unknown = [(pl.col("fault") == NO_KIND, NO_KIND)]
    known = sift(rows, unknown, table="CONCEPTS", key=pl.col("categories"), set_aside=set_aside)
    faults = [
        (pl.col("curie").is_null(), "the identifier is not one of a known prefix"),
        (pl.col("fault") == WRONG_KIND, WRONG_KIND),
        (pl.col("name") == "", "the node has no name"),
        (~pl.col("curie").is_first_distinct(), "the identifier occurs again"),
    ]
    return sift(known, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)


def _kind_of(prefix: str, categories: str) -> tuple[str | None, str | None]:
    """The kind of a node, or what is wrong with its categories; one that is of one kind only goes before the others."""
    names = [f"biolink:{each.removeprefix('biolink:')}" for each in categories.split("|")]
    known = sorted((CATEGORIES[name] for name in names if name in CATEGORIES), key=len)
    fitting = [kind for kinds in known for kind in BY_NAME[prefix].kinds if kind in kinds]
    return (fitting[0].value, None) if fitting else (None, WRONG_KIND if known else NO_KIND)


def _read_identifiers(nodes: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind` of what else the nodes are called."""
    empty = pl.DataFrame(schema=dict.fromkeys([*TRIPLE, "kind"], pl.String))
    found = [empty]
    for column, predicate in SAME.items():
        for (kind,), rows in nodes.partition_by("kind", as_dict=True).items():
            xrefs = rows.select("kind", subject="curie", xref=column).explode("xref").drop_nulls("xref")
            itself = [(pl.col("other") == pl.col("subject"), f"'{column}' names the node itself")]
            others = sift(xrefs.with_columns(canonicalize(xrefs["xref"]).alias("other")), itself, table="MAPPINGS", key=pl.lit(column), set_aside=set_aside)
            mapped = map_xrefs(others, kind=Kind(kind), set_aside=set_aside)
            found.append(mapped.with_columns(predicate=pl.lit(predicate)).select(empty.columns))
    return pl.concat(found)


def _read_edges(path: Path, nodes: pl.DataFrame, source: Source, set_aside: SetAside) -> pl.DataFrame:
    """RELATIONS of the edges."""
    rows = read_records(path, columns=TRIPLE, optional=OF_EDGES, lists=(), table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(canonicalize(rows["subject"]), canonicalize(rows["object"]))
    faults = [
        (pl.col("negated").str.to_lowercase().is_in(["true", "1"]), "the edge is negated"),
        (pl.col("subject").is_null(), "the subject is not an identifier of a known prefix"),
        (pl.col("object").is_null(), "the object is not an identifier of a known prefix"),
    ]
    good = _read_confidence(sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside), path, set_aside)
    said = _read_words(good, nodes, predicates_of(source))
    unknown = [(pl.col("fault") == NO_WORD, NO_WORD), (pl.col("fault") == NO_READING, NO_READING)]
    kept = sift(said, unknown, table="RELATIONS", key=pl.col("word"), set_aside=set_aside)
    turned = {end: pl.when("turned").then(other).otherwise(end) for end, other in (("subject", "object"), ("object", "subject"))}
    kept = kept.with_columns(**turned, predicate="ours").with_columns(pl.col("certainty").max().over(TRIPLE))
    again = [(~pl.struct(TRIPLE).is_first_distinct(), "repeats an edge")]
    kept = sift(kept, again, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    stamped = stamp_relations(kept.select(*TRIPLE, confidence="certainty"), source)
    own = kept.select(*TRIPLE, own=pl.when(pl.col("license") != "").then("license"))
    return stamped.join(own, on=TRIPLE, how="left", maintain_order="left").with_columns(license=pl.coalesce("own", "license")).drop("own")


def _read_confidence(rows: pl.DataFrame, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows with `certainty`, one where the file says nothing."""
    written = pl.when(pl.col("has_confidence_score") != "").then("has_confidence_score").otherwise("confidence")
    rows = rows.with_columns(certainty=pl.when(written == "").then(1.0).otherwise(written.cast(pl.Float64, strict=False)))
    faults = [(~pl.col("certainty").is_between(0, 1).fill_null(False), BAD_CONFIDENCE)]
    return sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)


def _read_words(rows: pl.DataFrame, nodes: pl.DataFrame, settings: Mapping[str, str]) -> pl.DataFrame:
    """The rows with `ours, turned, fault` and `word`, under which what cannot be read is counted."""
    kinds = nodes.rename({"kind": "known"})
    by_prefix = {name: "|".join(kind.value for kind in prefix.kinds) for name, prefix in BY_NAME.items()}
    for end in ("subject", "object"):
        rows = rows.join(kinds.rename({"curie": end}), on=end, how="left", maintain_order="left")
        usual = prefix_of(pl.col(end)).replace_strict(by_prefix, return_dtype=pl.String)
        rows = rows.with_columns(pl.coalesce("known", usual).alias(f"{end}_kinds")).drop("known")
    key = ["predicate", "original_predicate", *QUALIFIERS, "subject_kinds", "object_kinds"]
    distinct = rows.select(key).unique()
    readings = [(*each.values(), *_read_edge(each, settings)) for each in distinct.iter_rows(named=True)]
    schema = {**dict.fromkeys([*key, "ours"], pl.String), "turned": pl.Boolean, "fault": pl.String, "word": pl.String}
    return rows.join(pl.DataFrame(readings, schema=schema, orient="row"), on=key, how="left", maintain_order="left")


def _read_edge(edge: Mapping[str, str], settings: Mapping[str, str]) -> tuple[str | None, bool, str | None, str]:
    """Our predicate, whether the ends change places, what is wrong, and the word that says all this."""
    theirs, original = edge["predicate"], edge["original_predicate"]
    word = theirs.removeprefix("biolink:")
    for name in (original, theirs, word):
        if name in settings:
            return settings[name], False, None, name
    own = original.removeprefix(OWN_WORD)
    if original.startswith(OWN_WORD) and own in OURS:
        return own, False, None, own
    qualifiers = Qualifiers(*(DIRECTIONS.get(edge[name], edge[name]) for name in QUALIFIERS))
    reading = read_word(word, qualifiers, subject_kinds=frozenset(edge["subject_kinds"].split("|")), object_kinds=frozenset(edge["object_kinds"].split("|")))
    if reading is None:
        qualified = " ".join(filter(None, (word, *(edge[name] for name in QUALIFIERS))))
        return None, False, NO_READING if word in WORDS else NO_WORD, qualified if word in WORDS else theirs
    return reading.ours, reading.turned, None, word


FORMAT = Format(read=read, gives=("CONCEPTS", "MAPPINGS", "RELATIONS"), files=("nodes", "edges"), settings={"predicates": dict})
