"""The lexicon: which concept a mention (`~drug:warfarin`) means, among the names and synonyms of the assembled concepts.

Gene symbols and rsIDs are compared letter by letter, case included (`CAT` is a gene, `cat` is not). Other names are compared in
normalized form; if that finds nothing, with the parts between commas turned round (`Carcinoma, Hepatocellular`), and last
with plurals taken off. The first way that finds anything decides. Among its finds the concept's name beats the name that a
merged identifier bears in its own database, and that a synonym; then one that is equal but for case wins, then the prefix of
lower rank. If several concepts are left, the mention is ambiguous and means none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from generel.concepts.kinds import Kind
from kg.identity import prefix_rank
from kg.spelling import normalized, singular, turned

Form = Callable[[pl.Series], pl.Series]

AMBIGUOUS = "several concepts have this name"
UNKNOWN = "no concept has this name"
DATED = "a spreadsheet has turned the gene symbol into a date"
SPREADSHEET_DATE = r"^(?:\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)|(?:Mar|Sep|Sept|Dec|Oct|Apr)-\d{1,2})$"
# How good a name is, best first.
LEVELS = ("name", "merged name", "synonym")
CRITERIA = ("level", "differs", "rank")
# Kinds whose names are symbols, compared as they stand.
SYMBOLIC = (Kind.GENE.value, Kind.VARIANT.value)
# Where a mention is looked for if nothing of its own kind has the name: files call a headache a disease, or fever a drug's toxicity.
NEXT_KIND = {Kind.DISEASE.value: Kind.PHENOTYPE.value, Kind.PHENOTYPE.value: Kind.DISEASE.value}


def as_written(texts: pl.Series) -> pl.Series:
    """The texts themselves."""
    return texts


@dataclass(frozen=True)
class Way:
    """One way of comparing: the forms of the mention and of the name that must be equal, by pairs."""

    name: str
    pairs: tuple[tuple[Form, Form], ...]


AS_IT_IS = "exact"
SYMBOL_WAYS = (Way(AS_IT_IS, ((as_written, as_written),)),)
WORD_WAYS = (
    Way(AS_IT_IS, ((normalized, normalized),)),
    Way("turned", ((turned, normalized), (normalized, turned))),
    Way("plural", ((singular, singular),)),
)


@dataclass(frozen=True)
class Resolution:
    """What mentions mean.

    Attributes:
        found: `mention, kind, curie, how`, one row a mention; `kind` is the concept's, `how` is as in 'turned synonym'.
        unresolved: `mention, reason`.
    """

    found: pl.DataFrame
    unresolved: pl.DataFrame


def resolve_mentions(mentions: pl.Series, concepts: pl.DataFrame, *, merged_names: pl.DataFrame | None = None) -> Resolution:
    """What each distinct mention means; a mention is either found or unresolved.

    Args:
        mentions: `~kind:name` as `kg.harvest.mention` writes them; repeats are taken once.
        concepts: CONCEPTS, one row a concept.
        merged_names: `kind, curie, name`: what merged identifiers of a concept are called in their own databases.
    """
    distinct = pl.DataFrame({"mention": mentions.unique().sort()})
    open_ = distinct.with_columns(kind=pl.col("mention").str.extract(r"^~([^:]*):", 1), text=pl.col("mention").str.extract(r"(?s)^~[^:]*:(.*)$", 1))
    dated = (pl.col("kind") == Kind.GENE.value) & pl.col("text").str.contains(SPREADSHEET_DATE)
    unresolved = [open_.filter(dated).select("mention", reason=pl.lit(DATED))]
    names = names_of(concepts, merged_names)
    found, ambiguous, missing = _search(open_.filter(~dated), names)
    elsewhere = missing.with_columns(pl.col("kind").replace_strict(NEXT_KIND, default=None, return_dtype=pl.String))
    more, more_ambiguous, _ = _search(elsewhere.filter(pl.col("kind").is_not_null()), names)
    found = pl.concat([found, more]).sort("mention")
    unresolved += [each.select("mention", reason=pl.lit(AMBIGUOUS)) for each in (ambiguous, more_ambiguous)]
    settled = pl.concat([found.select("mention"), *[each.select("mention") for each in unresolved]])
    unresolved.append(distinct.join(settled, on="mention", how="anti").select("mention", reason=pl.lit(UNKNOWN)))
    return Resolution(found, pl.concat(unresolved).sort("mention"))


def names_of(concepts: pl.DataFrame, merged_names: pl.DataFrame | None = None) -> pl.DataFrame:
    """`kind, curie, text, level, rank`, one row a name; `level` is its place in LEVELS, `rank` that of the CURIE's prefix."""
    merged = concepts.select("kind", "curie", "name").clear() if merged_names is None else merged_names
    synonyms = concepts.select("kind", "curie", name="synonyms").explode("name").drop_nulls("name")
    parts = [concepts.select("kind", "curie", "name"), merged.select("kind", "curie", "name"), synonyms]
    names = pl.concat([part.with_columns(level=pl.lit(level)) for level, part in enumerate(parts)])
    return names.select("kind", "curie", "level", text="name", rank=prefix_rank(pl.col("curie")))


def _search(mentions: pl.DataFrame, names: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The mentions found (`mention, kind, curie, how`), the ambiguous ones, and those that no way finds."""
    symbolic = pl.col("kind").is_in(SYMBOLIC)
    found, ambiguous, missing = [], [], []
    for ways, wanted in ((SYMBOL_WAYS, mentions.filter(symbolic)), (WORD_WAYS, mentions.filter(~symbolic))):
        for way in ways:
            if wanted.is_empty():
                break
            best = _match(wanted, names.join(wanted.select("kind").unique(), on="kind"), way=way)
            clear = pl.col("curie").list.len() == 1
            found.append(best.filter(clear).with_columns(pl.col("curie").list.first()))
            ambiguous.append(best.filter(~clear))
            wanted = wanted.join(best, on="mention", how="anti")
        missing.append(wanted)
    nothing = pl.DataFrame(schema={"mention": pl.String, "kind": pl.String, "curie": pl.String, "how": pl.String})
    return pl.concat([nothing, *found]), pl.concat([nothing.select("mention"), *[each.select("mention") for each in ambiguous]]), pl.concat(missing)


def _match(mentions: pl.DataFrame, names: pl.DataFrame, *, way: Way) -> pl.DataFrame:
    """`mention, kind, curie, how` of the mentions that this way finds; `curie` lists all concepts that are equally good."""
    matches = []
    for of_mention, of_name in way.pairs:
        left = mentions.with_columns(of_mention(mentions["text"]).alias("form"))
        right = names.select("kind", "curie", "rank", "level", of_name(names["text"]).alias("form"), spelled="text")
        matches.append(left.filter(pl.col("form") != "").join(right, on=["kind", "form"]))
    both = pl.concat(matches).with_columns(differs=pl.col("spelled").str.to_lowercase() != pl.col("text").str.to_lowercase())
    for criterion in CRITERIA:
        both = both.filter(pl.col(criterion) == pl.col(criterion).min().over("mention"))
    how = pl.lit(f"{way.name} ") + pl.col("level").replace_strict(dict(enumerate(LEVELS)), return_dtype=pl.String)
    best = both.with_columns(how=how).group_by("mention", "kind", "how").agg(pl.col("curie").unique().sort())
    return best.select("mention", "kind", "curie", "how")
