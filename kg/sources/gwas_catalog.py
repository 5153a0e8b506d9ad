"""The GWAS Catalog: which variants were found associated with which traits, in every published study of whole genomes.

The trap is to take each row for one variant, one trait and one odds ratio. A row may be of an interaction or a haplotype; it may have
several traits, or those of a whole panel; its number may be an odds ratio, a beta or neither; and its rsID may have been merged
into another one since. What each file of `kg.gwas.catalog_*` does about it stands there. A publication gives at most so many
associations: panels of proteins and metabolites would outnumber all diseases otherwise. (The catalog's *studies* are parts of
publications, one a protein, so the cap is on the publication.)

A release of the past can be given beside that of today: what both have is taken from the later one, and with `date`, the day of
publication, a model can be asked what it would have known at the time.

What is counted: each line is an association for each of its traits, or set aside (a line without a usable variant, p-value or trait, or of
a panel, once). A line with a variant moreover has a position, in VARIANTS or set aside, and genes, each in RELATIONS or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.gwas.catalog_columns import day, newest_date, read_catalog, whole_number
from kg.gwas.catalog_effects import BOUND, add_effects, is_bound, read_significance
from kg.gwas.catalog_genes import genes_of_variants
from kg.gwas.catalog_samples import add_samples
from kg.gwas.catalog_traits import explode_traits, name_traits
from kg.gwas.catalog_variants import (
    NO_ALLELE,
    REPEATED,
    UNKNOWN_ALLELE,
    effect_allele,
    living_variants,
    map_retired,
    place_variants,
    sift_variants,
)
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import sift
from kg.sources.stamp import stamp_associations, stamp_concepts, stamp_mappings, stamp_relations, stamp_variants

LATER, EARLIER = "associations.tsv", "earlier.tsv"
MERGED = "MERGED"
OF_ROW = ["variant", "trait", "study", "effect_allele"]


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of variants and traits, ASSOCIATIONS, VARIANTS on GRCh38, RELATIONS to genes, and MAPPINGS of merged rsIDs.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    releases = [read_catalog(files[name], set_aside=set_aside).with_columns(is_later=pl.lit(name == LATER)) for name in (LATER, EARLIER) if name in files]
    rows = sift_variants(pl.concat(releases), set_aside=set_aside)
    living = living_variants(rows)
    retired, now = (pl.Series(ends, dtype=pl.String) for ends in (list(living), list(living.values())))
    rows = rows.with_columns(variant=pl.col("written").replace(retired, now))
    return Harvest(
        concepts=stamp_concepts(pl.concat([name_variants(rows["variant"]), name_traits(rows).select("curie", "kind", "name", "synonyms")]), source),
        mappings=stamp_mappings(map_retired(living), source),
        relations=stamp_relations(genes_of_variants(rows, set_aside=set_aside), source),
        associations=stamp_associations(_associate(rows, source, set_aside), source),
        variants=stamp_variants(place_variants(rows, set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def version_of(files: Mapping[str, Path]) -> str | None:
    """The day on which the newest row was added."""
    return newest_date(files[LATER])


def name_variants(variants: pl.Series) -> pl.DataFrame:
    """`curie, kind, name, synonyms` of the distinct variants, each called by its rsID."""
    distinct = variants.unique().sort().alias("curie").to_frame()
    return distinct.select("curie", kind=pl.lit(Kind.VARIANT.value), name=pl.col("curie").str.strip_prefix("dbsnp:"), synonyms=pl.lit([], dtype=pl.List(pl.String)))


def strongest(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """One row a variant, trait, study and allele, the most significant, flagged REPEATED if there were more; the others are set aside.

    Args:
        rows: with `key`, the columns of the key of ASSOCIATIONS, `neg_log10_p` and `flags`.
    """
    ordered = rows.sort(*OF_ROW, "neg_log10_p", "key", descending=[False] * 4 + [True, False]).with_columns(times=pl.len().over(OF_ROW))
    faults = [(~pl.struct(OF_ROW).is_first_distinct(), "repeats a variant, trait, allele and study with a larger p")]
    kept = sift(ordered, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)
    again = pl.when(pl.col("times") > 1).then(pl.lit([REPEATED])).otherwise(pl.lit([], dtype=pl.List(pl.String)))
    return kept.with_columns(flags=pl.col("flags").list.concat(again))


def whole_parameter(source: Source, name: str) -> int:
    """A parameter of the source that is a whole number above 0.

    Raises:
        ValueError: if it is not.
    """
    value = source.parameters[name]
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"the parameter {name} of {source.name} should be a whole number above 0, not {value!r}")
    return value


def _associate(rows: pl.DataFrame, source: Source, set_aside: SetAside) -> pl.DataFrame:
    """ASSOCIATIONS, not stamped yet, of rows with `variant`."""
    rows = rows.with_columns(neg_log10_p=read_significance(pl.col("p"), pl.col("minus_log_p")), publication=whole_number(pl.col("publication")))
    faults = [
        (pl.col("neg_log10_p").is_null(), "the row has no p-value"),
        (pl.col("neg_log10_p") < 0, "the p-value is above 1"),
        (pl.col("publication").is_null() & (pl.col("accession") == ""), "the row names neither study nor publication"),
    ]
    significant = sift(rows, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)
    single = explode_traits(significant, most=whole_parameter(source, "most_traits"), set_aside=set_aside)
    described = add_samples(add_effects(single)).with_columns(
        effect_allele=effect_allele(), date=day(pl.col("date")), build=pl.lit("GRCh38"),
        study=pl.when(pl.col("accession") != "").then("accession").otherwise(pl.concat_str(pl.lit("PMID:"), "publication")),
        effect_allele_frequency=_share(pl.col("frequency")),
    )
    flags = [
        pl.when(pl.col("effect_allele") == UNKNOWN_ALLELE).then(pl.lit(NO_ALLELE)),
        pl.when(pl.col("variant") != pl.col("written")).then(pl.lit(MERGED)),
        pl.when(is_bound(pl.col("p"), pl.col("minus_log_p"))).then(pl.lit(BOUND)),
    ]
    described = described.with_columns(flags=pl.concat_list(*flags).list.drop_nulls().list.concat("effect_flags"))
    distinct = strongest(_of_one_release(described, set_aside), set_aside=set_aside)
    return _cap(distinct, most=whole_parameter(source, "most_of_a_publication"), set_aside=set_aside)


def _of_one_release(rows: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """The rows without those of the earlier release that the later one has too: same publication, variant and trait."""
    same = ["publication", "variant", "trait"]
    known = rows.filter("is_later").select(same).unique().with_columns(is_known=pl.lit(True))
    joined = rows.join(known, on=same, how="left", maintain_order="left")
    faults = [(~pl.col("is_later") & pl.col("is_known"), "the later release has the association too")]
    return sift(joined, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)


def _cap(rows: pl.DataFrame, *, most: int, set_aside: SetAside) -> pl.DataFrame:
    """The most significant associations of each publication."""
    ordered = rows.sort("neg_log10_p", *OF_ROW, descending=[True] + [False] * 4)
    of_one = pl.coalesce(pl.col("publication").cast(pl.String), "study")
    faults = [(pl.int_range(pl.len()).over(of_one) >= most, f"the publication has {most:,} more significant associations")]
    return sift(ordered, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)


def _share(text: pl.Expr) -> pl.Expr:
    """A frequency, 0 to 1; null for 'NR' and for what is none."""
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_between(0, 1)).then(number)


SOURCE = Source(
    name="gwas_catalog",
    title="NHGRI-EBI GWAS Catalog: associations of variants with traits",
    version="",
    license="EBI terms of use",
    citation="Sollis E et al. The NHGRI-EBI GWAS Catalog: knowledgebase and deposition resource. Nucleic Acids Res. 2023;51(D1):D977-D985.",
    homepage="https://www.ebi.ac.uk/gwas",
    files=(
        File(
            LATER, "https://ftp.ebi.ac.uk/pub/databases/gwas/releases/latest/gwas-catalog-associations_ontology-annotated.tsv",
            local="gwas/gwas_catalog_associations_2020-04_sample50k.tsv.gz",
        ),
        # Whoever asks about the past chooses the release; there is no one address of it.
        File(EARLIER, "gwas/gwas_catalog_associations_2015-07.tsv.gz", local="gwas/gwas_catalog_associations_2015-07.tsv.gz", optional=True),
    ),
    gives=("ASSOCIATIONS", "CONCEPTS", "MAPPINGS", "RELATIONS", "VARIANTS"),
    read=read,
    expected={"ASSOCIATIONS": 50_000, "CONCEPTS": 36_000, "RELATIONS": 45_000, "VARIANTS": 36_000},
    parameters={"most_of_a_publication": 2_000, "most_traits": 5},
    version_of=version_of,
)
