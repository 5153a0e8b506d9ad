"""Cross-references of an ontology's terms as MAPPINGS; those that cannot be used are set aside by their namespace."""

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_SPELLING, PREFIXES
from kg.curies import canonicalize, prefix_of, prefixes_of
from kg.harvest import SetAside
from kg.sources.rows import sift

PREDICATE = "oboInOwl:hasDbXref"
NO_NAMESPACE = "the cross-reference has no prefix"
UNKNOWN_NAMESPACE = "the namespace of the cross-reference is not a known prefix"
BAD_IDENTIFIER = "the cross-reference is not an identifier of its namespace"
OTHER_KIND = "the cross-reference's namespace names no {}"
# Prefixes that name no concepts of their own and may be cross-references of every kind.
OF_NO_KIND = [prefix.name for prefix in PREFIXES if not prefix.kinds]


def map_xrefs(xrefs: pl.DataFrame, *, kind: Kind, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind` of the cross-references that are CURIEs and can name a concept of `kind`.

    Unknown namespaces, and those of other kinds, are counted under the namespace; single bad identifiers under
    themselves.

    Args:
        xrefs: `subject` and `xref`, as the file writes it: `UMLS:C0011860`.
    """
    rows = xrefs.with_columns(
        object=canonicalize(xrefs["xref"]),
        namespace=pl.col("xref").str.extract(r"^([^:]*):").str.strip_chars(),
    )
    of_kind = prefix_of(pl.col("object")).is_in([*prefixes_of(kind), *OF_NO_KIND])
    known = pl.col("namespace").str.to_lowercase().is_in(list(BY_SPELLING))
    kept = sift(
        rows,
        [
            (pl.col("object").is_null() & pl.col("namespace").is_null(), NO_NAMESPACE),
            (pl.col("object").is_null() & ~known, UNKNOWN_NAMESPACE),
            (pl.col("object").is_null(), BAD_IDENTIFIER),
            (~of_kind, OTHER_KIND.format(kind.value)),
        ],
        table="MAPPINGS",
        key=pl.when(pl.col("object").is_null() & known).then("xref").otherwise(pl.coalesce("namespace", "xref")),
        set_aside=set_aside,
    )
    return kept.select("subject", "object", predicate=pl.lit(PREDICATE), kind=pl.lit(kind.value))
