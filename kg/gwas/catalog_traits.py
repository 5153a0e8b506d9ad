"""The traits of a GWAS Catalog row: one association for each term that curators mapped its trait to.

The terms stand as addresses between commas, and their labels in another column, also between commas; as labels hold commas of their
own, the two columns cannot be laid side by side, and only the addresses are read. Beware of *panels*: a study of 57 measurements
used to have all 57 terms on each of its rows, though each row is of one of them. Such rows say of no term that it is associated.
"""

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, prefix_of, prefixes_of
from kg.harvest import SetAside
from kg.sources.rows import sift

# The kinds that `variant_associated_with` takes, but for drugs: nobody has an association with a substance.
PREFIXES = sorted({prefix for kind in (Kind.DISEASE, Kind.PHENOTYPE, Kind.PROCESS) for prefix in prefixes_of(kind)})
# What a term is called that has no other row than here; those of SNOMED and the like are no concepts of their own.
KIND_OF = {
    **dict.fromkeys(("efo", "hp", "oba"), Kind.PHENOTYPE.value), **dict.fromkeys(("mondo", "orphanet", "doid"), Kind.DISEASE.value), "go": Kind.PROCESS.value,
}
NONE, PANEL = "the row is mapped to no trait", "the row has the terms of a whole panel of traits, and does not say which is its own"
UNKNOWN, OTHER = "the trait's identifier is not of a known ontology", "the trait's identifier names no disease, phenotype or process"
AGAIN = "the row names the trait again"


def explode_traits(rows: pl.DataFrame, *, most: int, set_aside: SetAside) -> pl.DataFrame:
    """A row a `trait`, a CURIE, of rows with `key` and addresses in `traits`.

    Args:
        most: how many terms a row may have; one with more is that of a panel.
    """
    listed = pl.col("traits").str.split(",").list.eval(pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != ""))
    rows = rows.with_columns(address=listed)
    faults = [(pl.col("address").list.len() == 0, NONE), (pl.col("address").list.len() > most, PANEL)]
    single = sift(rows, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside).explode("address")
    single = single.with_columns(trait=canonicalize(single["address"].str.extract(r"([^/#]+)/?$")))
    faults = [
        (pl.col("trait").is_null(), UNKNOWN),
        (~prefix_of(pl.col("trait")).is_in(PREFIXES), OTHER),
        (~pl.struct("key", "trait").is_first_distinct(), AGAIN),
    ]
    # Traits that cannot be used are few and on many rows each: they are counted by their address.
    key = pl.when(pl.col("trait").is_null() | ~prefix_of(pl.col("trait")).is_in(PREFIXES)).then("address").otherwise("key")
    return sift(single, faults, table="ASSOCIATIONS", key=key, set_aside=set_aside).drop("address", "traits")


def name_traits(rows: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, synonyms` of the terms that stand alone on some row, called as they are there most often.

    An ontology forgets the terms that it merges into others, while the catalog keeps them. Where the ontology knows the term, its own
    row says more, and also if it is a disease: here every term of EFO is a phenotype, which gives way.

    Args:
        rows: with addresses in `traits` and their labels in `trait_names`.
    """
    single = rows.filter(~pl.col("traits").str.contains(",", literal=True) & (pl.col("trait_names").str.strip_chars() != ""))
    named = single.select(curie=canonicalize(single["traits"].str.strip_chars().str.extract(r"([^/#]+)/?$")), name=pl.col("trait_names").str.strip_chars())
    counted = named.filter(prefix_of(pl.col("curie")).is_in(list(KIND_OF))).group_by("curie", "name").len().sort("curie", "len", "name", descending=[False, True, False])
    once = counted.unique("curie", keep="first", maintain_order=True)
    kind = prefix_of(pl.col("curie")).replace_strict(KIND_OF, return_dtype=pl.String)
    return once.select("curie", "name", kind=kind, synonyms=pl.lit([], dtype=pl.List(pl.String)))
