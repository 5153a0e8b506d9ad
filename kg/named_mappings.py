"""Mappings with a mention for an end: `rxnorm:11289 exactMatch ~drug:warfarin` becomes one between two identifiers.

A source may know no identifier of another database, but a name that is meant to be one. It is looked up among the concepts that
all other mappings leave, except those of the prefix that the mapping itself speaks of: they bear the name, too. Only a name
that is found as it is counts, not a plural or a turned one, for what is mapped here is merged for good.
"""

import polars as pl

from generel.concepts.tables import MAPPINGS
from kg.curies import prefix_of
from kg.folding import fold_concepts
from kg.harvest import MENTION, count_set_aside
from kg.identity import identify
from kg.lexicon import AS_IT_IS, UNKNOWN, resolve_mentions


def resolve_mappings(concepts: pl.DataFrame, mappings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The mappings with identifiers in the place of mentions, and SET_ASIDE of those whose mention no concept answers to.

    Args:
        concepts: CONCEPTS of all sources.
        mappings: MAPPINGS of all sources; the object of some is a mention.
    """
    named = pl.col("object").str.starts_with(MENTION)
    plain, with_mention = mappings.filter(~named), mappings.filter(named)
    found, lost = [plain], [plain.clear().select("source", key="object", reason="kind")]
    for rows in with_mention.with_columns(prefix=prefix_of(pl.col("subject"))).sort("kind", "prefix").partition_by("kind", "prefix", maintain_order=True):
        kind, prefix = rows.select("kind", "prefix").row(0)
        others = concepts.filter((pl.col("kind") == kind) & (prefix_of(pl.col("curie")) != prefix))
        answers = _look_up(rows["object"], others, plain.filter(pl.col("kind") == kind))
        joined = rows.join(answers, on="object", how="left")
        found.append(joined.filter(pl.col("curie").is_not_null()).with_columns(object="curie").select(*MAPPINGS.columns))
        key = pl.concat_str("subject", "predicate", "object", separator=" ")
        lost.append(joined.filter(pl.col("curie").is_null()).select("source", key=key, reason="reason"))
    return pl.concat(found), count_set_aside(pl.concat(lost).with_columns(table=pl.lit("MAPPINGS")))


def _look_up(mentions: pl.Series, concepts: pl.DataFrame, mappings: pl.DataFrame) -> pl.DataFrame:
    """`object, curie, reason` of each distinct mention; either the concept or the reason is null."""
    members = identify(concepts, mappings).members
    folded = fold_concepts(concepts, members, sources=[])
    merged_names = concepts.select("kind", "name", alias="curie").join(members, on=["kind", "alias"])
    resolution = resolve_mentions(mentions, folded, merged_names=merged_names)
    kind = pl.col("mention").str.extract(r"^~([^:]*):", 1)
    as_it_is = pl.col("how").str.starts_with(AS_IT_IS) & (pl.col("kind") == kind)
    found = resolution.found.with_columns(curie=pl.when(as_it_is).then("curie"), reason=pl.when(~as_it_is).then(pl.lit(UNKNOWN)))
    none = resolution.unresolved.with_columns(curie=pl.lit(None, pl.String))
    return pl.concat([part.select("curie", "reason", object="mention") for part in (found, none)])
