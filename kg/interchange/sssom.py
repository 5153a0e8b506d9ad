"""SSSOM, mappings between identifiers as a table: TSV under a header of `#` lines in YAML, a mapping a line.

A mapping may be *denied* (`predicate_modifier` is `Not`): read without that column it would say the opposite. Prefixes are what
the file's `curie_map` says; one that we do not know counts as ours where it stands for the same address. A table of mappings does not
say the kind of what it maps: the setting `kind` does, or `subject_category`, or it is the one kind that both prefixes can name.

What is counted: every line is a mapping, or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import KINDS, Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING
from kg.curies import canonicalize, prefix_of
from kg.harvest import Harvest, SetAside
from kg.interchange.biolink import CATEGORIES
from kg.interchange.optional_columns import read_with_optional
from kg.interchange.spellings import ADDRESSES
from kg.own_format import Format
from kg.sources.record import Source
from kg.sources.rows import line_key, read_lines, sift
from kg.sources.stamp import stamp_mappings

REQUIRED = ("subject_id", "predicate_id", "object_id")
OPTIONAL = ("confidence", "predicate_modifier", "subject_category")
TRIPLE = ("subject", "predicate", "object")
# A line of the map of prefixes, indented below `curie_map:`.
OF_CURIE_MAP = r"^#\s{2,}[\"']?([^\s:\"']+)[\"']?:\s*[\"']?([^\s\"']+)[\"']?\s*$"
# What ontologies say of classes is what vocabularies say of concepts.
SAME = {"owl:equivalentClass": "skos:exactMatch"}
# What stands for an identifier where a term was looked for in vain.
NO_TERM = "sssom:NoTermFound"
UNCLEAR = ""


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """MAPPINGS of the file; `confidence` is the file's times what rivals leave of it.

    Raises:
        BadTable: missing columns, or a setting `kind` that is none.
    """
    set_aside = SetAside(source.name)
    path = files["file"]
    wanted = str(source.parameters.get("kind", ""))
    if wanted and wanted not in KINDS:
        raise BadTable(f"the setting 'kind' of {source.name} should be one of {', '.join(KINDS)}, not '{wanted}'")
    rows = _find_kinds(_read_mappings(path, set_aside), wanted)
    faults = [
        (pl.col("kind").is_null(), f"the identifiers do not both name a {wanted}" if wanted else "the identifiers name no concepts of one kind"),
        (pl.col("kind") == UNCLEAR, "the identifiers can name several kinds; the setting 'kind' says which"),
        (~pl.struct(TRIPLE).is_first_distinct(), "repeats a mapping"),
    ]
    kept = sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside)
    stamped = stamp_mappings(kept, source).join(kept.select(*TRIPLE, "certainty"), on=TRIPLE, maintain_order="left")
    return Harvest(mappings=stamped.with_columns(confidence=pl.col("confidence") * pl.col("certainty")).drop("certainty"), set_aside=set_aside.frame())


def _read_mappings(path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`line, subject, predicate, object, certainty, subject_category` of the lines that map one identifier to another."""
    rows = read_with_optional(path, columns=REQUIRED, optional=OPTIONAL, table="MAPPINGS", set_aside=set_aside, comment="#")
    comments = read_lines(path).filter(pl.col("text").str.starts_with("#"))["text"]
    rows = rows.with_columns(
        subject=_identify(rows["subject_id"], comments), object=_identify(rows["object_id"], comments),
        predicate=pl.col("predicate_id").replace(SAME),
        certainty=pl.when(pl.col("confidence") == "").then(1.0).otherwise(pl.col("confidence").cast(pl.Float64, strict=False)),
    )
    faults = [
        ((pl.col("subject_id") == NO_TERM) | (pl.col("object_id") == NO_TERM), "says that there is no such term"),
        (pl.col("predicate_modifier").str.to_lowercase() == "not", "the mapping is denied"),
        (pl.col("subject").is_null(), "the subject is not an identifier of a known prefix"),
        (pl.col("object").is_null(), "the object is not an identifier of a known prefix"),
        (pl.col("predicate") == "", "the mapping has no predicate"),
        (~pl.col("certainty").is_between(0, 1).fill_null(False), "the confidence is not a number from 0 to 1"),
    ]
    return sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside)


def _identify(column: pl.Series, comments: pl.Series) -> pl.Series:
    """The canonical CURIEs, unknown prefixes read as the file's `curie_map` explains them."""
    parts = pl.DataFrame([comments.alias("text")]).select(prefix=pl.col("text").str.extract(OF_CURIE_MAP, 1), address=pl.col("text").str.extract(OF_CURIE_MAP, 2))
    explained = {
        prefix: ADDRESSES[address] for prefix, address in parts.drop_nulls().rows() if prefix.lower() not in BY_SPELLING and address in ADDRESSES
    }
    texts = column.alias("text").to_frame().with_columns(prefix=prefix_of(pl.col("text")))
    rest = pl.col("text").str.extract(r"(?s)^[^:]*(:.*)$")
    translated = pl.when(pl.col("prefix").is_in(list(explained))).then(pl.concat_str(pl.col("prefix").replace(explained), rest)).otherwise("text")
    return canonicalize(texts.select(translated).to_series())


def _find_kinds(rows: pl.DataFrame, wanted: str) -> pl.DataFrame:
    """The rows with `kind`: null where both ends can be of none, UNCLEAR where of several."""
    pairs = rows.with_columns(subject_prefix=prefix_of(pl.col("subject")), object_prefix=prefix_of(pl.col("object")))
    key = ["subject_prefix", "object_prefix", "subject_category"]
    kinds = [(*pair, _kind_of(*pair, wanted=wanted)) for pair in pairs.select(key).unique().rows()]
    found = pl.DataFrame(kinds, schema=dict.fromkeys([*key, "kind"], pl.String), orient="row")
    return pairs.join(found, on=key, how="left", maintain_order="left")


def _kind_of(subject_prefix: str, object_prefix: str, category: str, *, wanted: str) -> str | None:
    """The kind of a mapping between two prefixes; one that names no concepts of its own goes with any."""
    every = tuple(Kind)
    subjects, objects = (BY_NAME[prefix].kinds or every for prefix in (subject_prefix, object_prefix))
    possible = [kind.value for kind in subjects if kind in objects]
    said = [wanted] if wanted else [kind.value for kind in CATEGORIES.get(category, ())]
    likely = [kind for kind in possible if kind in said] if said else possible
    if not likely or (subjects == every and objects == every):
        return None
    return likely[0] if len(likely) == 1 else UNCLEAR


FORMAT = Format(read=read, gives=("MAPPINGS",), settings={"kind": str})
