"""Columns of CURIEs in canonical form: what `Curie.parse` does to one text, done to a column of polars.

Where `Curie.parse` raises, a column holds null: a reader then sets those rows aside in one go. The rules stand in
`generel.concepts.curie`; a test holds the two equal over all spellings. Each distinct text is worked on once.
"""

import re

import polars as pl

from generel.concepts.curie import BARE, IN_CAPITALS
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING, PREFIXES, Prefix

# What str.strip takes off; strip_chars() without an argument knows four control characters less.
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
SPELLED = {spelling: prefix.name for spelling, prefix in BY_SPELLING.items()}


def canonicalize(column: pl.Series, *, default_prefix: str | None = None, kind: Kind | None = None) -> pl.Series:
    """The canonical CURIE of each text; null where it has none: unknown prefix, an identifier that does not fit, null.

    Args:
        column: any spelling that `Curie.parse` reads; blanks at the ends are ignored.
        default_prefix: what a text without a colon is an identifier of, as `0005148` in a file of MONDO. Without it such
            a text is read as `Curie.parse` reads it: `rs7903146`, `MONDO_0005148`.
        kind: if given, a CURIE whose prefix cannot name a concept of this kind is null too.

    Raises:
        KeyError: if `default_prefix` is not a canonical prefix.
    """
    if default_prefix is not None:
        BY_NAME[default_prefix]
    texts = pl.DataFrame({"text": column.cast(pl.String)})
    parts = _split(texts.unique().drop_nulls(), default_prefix)
    known = [_join(rows, BY_NAME[name]) for (name,), rows in parts.partition_by("prefix", as_dict=True).items() if name]
    curies = pl.concat([*known, pl.DataFrame(schema={"text": pl.String, "curie": pl.String})])
    if kind is not None:
        curies = curies.filter(prefix_of(pl.col("curie")).is_in(prefixes_of(kind)))
    return texts.join(curies, on="text", how="left", maintain_order="left")["curie"].alias(column.name)


def canonicalize_as(column: pl.Series, prefix: str) -> pl.Series:
    """The canonical CURIE of each text that is an identifier of `prefix`, written with or without it; else null."""
    curies = canonicalize(column, default_prefix=prefix).alias("curie").to_frame()
    return curies.select(pl.when(pl.col("curie").str.starts_with(f"{prefix}:")).then("curie"))["curie"].alias(column.name)


def prefix_of(curie: pl.Expr) -> pl.Expr:
    """What stands before the first colon; null where there is none."""
    return curie.str.extract(r"^([^:]*):")


def prefixes_of(kind: Kind) -> list[str]:
    """The canonical prefixes whose identifiers can name a concept of `kind`, in the order of their table."""
    return [prefix.name for prefix in PREFIXES if kind in prefix.kinds]


def _split(texts: pl.DataFrame, default_prefix: str | None) -> pl.DataFrame:
    """`text, prefix, rest`: the canonical prefix, null where unknown, and what is left to be an identifier."""
    text = pl.col("stripped")
    spelling = text.str.extract(r"(?s)^([^:]*):").str.strip_chars(BLANKS).str.to_lowercase()
    prefix, rest = spelling.replace_strict(SPELLED, default=None, return_dtype=pl.String), text.str.extract(r"(?s)^[^:]*:(.*)$")
    frame = texts.with_columns(stripped=pl.col("text").str.strip_chars(BLANKS))
    if default_prefix is not None:
        has_colon = text.str.contains(":", literal=True)
        prefix, rest = pl.when(has_colon).then(prefix).otherwise(pl.lit(default_prefix)), pl.when(has_colon).then(rest).otherwise(text)
        return frame.select("text", prefix=prefix, rest=rest.str.strip_chars(BLANKS))
    bare = pl.coalesce(pl.when(text.str.contains(_whole(pattern.pattern, "i"))).then(pl.lit(name)) for pattern, name in BARE)
    colon_for_underscore = pl.when(text.str.contains(":", literal=True)).then(text).otherwise(text.str.replace("_", ":", literal=True))
    frame = frame.with_columns(bare=bare).with_columns(stripped=colon_for_underscore)
    return frame.select(
        "text",
        prefix=pl.coalesce("bare", prefix),
        rest=pl.when(pl.col("bare").is_not_null()).then(pl.col("text").str.strip_chars(BLANKS)).otherwise(rest.str.strip_chars(BLANKS)),
    )


def _join(rows: pl.DataFrame, prefix: Prefix) -> pl.DataFrame:
    """`text, curie` of the rows whose rest is an identifier of `prefix`."""
    identifiers = rows.select("text", identifier=_canonical_identifier(prefix, pl.col("rest")))
    fitting = identifiers.filter(pl.col("identifier").str.contains(_whole(prefix.pattern)))
    return fitting.select("text", curie=pl.concat_str(pl.lit(f"{prefix.name}:"), "identifier"))


def _canonical_identifier(prefix: Prefix, identifier: pl.Expr) -> pl.Expr:
    """As `generel.concepts.curie.canonical_identifier`, of a column."""
    if prefix.name != "oncotree":
        spellings = "|".join(map(re.escape, prefix.all_spellings))
        identifier = identifier.str.replace(rf"^(?i-u:{spellings})[:_]", "")
    if prefix.name == "dbsnp":
        return identifier.str.to_lowercase()
    if prefix.name == "ensembl":
        return identifier.str.to_uppercase().str.replace(r"(?s)\..*$", "")
    if prefix.name in IN_CAPITALS:
        return identifier.str.to_uppercase()
    if prefix.name == "omim.ps":
        return identifier.str.to_uppercase().str.strip_prefix("PS")
    return identifier


def _whole(pattern: str, flags: str = "") -> str:
    """`pattern` for a whole text, in ASCII as `Curie.parse` compiles it."""
    return rf"^(?{flags}-u:{pattern})$"
