"""What a study is, beyond its rows; and a study of one's own as a source of a build.

    [[own]]
    name = "our_diabetes"
    format = "summary_statistics"
    file = "gwas/t2d.tsv.gz"        # of any tool, any size
    meta = "gwas/t2d.tsv.gz-meta.yaml"  # GWAS-SSF's side file, if there is one
    reference = "dbsnp.parquet"     # rsID, place, alleles; effects become those of its alternate alleles
    trait = "MONDO:0005148"
    license = "private"

The graph takes the lead variants, or all significant ones; that a variant was not significant is counted, not kept. The trap is the unit:
a file with betas does not say whether they are log odds or standard deviations, so `effect_unit` stays empty unless somebody says it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from generel.concepts.curie import Curie
from generel.concepts.errors import BadInput, BadTable
from generel.concepts.kinds import Kind
from kg.gwas.align import ALIGNED, FLAGS, flag_lists
from kg.gwas.harmonize import Tally, build_of, harmonize_study, open_study
from kg.gwas.leads import NO_LEAD, LeadSettings, pick_leads, read_pairs
from kg.gwas.place import chromosome_names, normalize_build
from kg.gwas.reference import Reference, read_reference
from kg.gwas.ssf import Meta, find_meta, read_meta
from kg.harvest import Harvest, SetAside
from kg.own_format import Format
from kg.sources.record import Source
from kg.sources.stamp import stamp_associations, stamp_concepts, stamp_variants

NO_RSID = "the variant has no rsID"
NOT_SIGNIFICANT = "the p-value is above the threshold"
NOT_A_LEAD = "a more significant variant nearby stands for it"
NO_PLACE = "the significant variant has no position to choose leads by; give a reference"
REPEATS = "repeats a variant and allele of the study with a larger p"
UNKNOWN_ALLELE = "?"
# Flags of rows whose alleles are the study's own, in its order.
UNSURE = sum(FLAGS[name] for name in ("NO_ALLELE", "PALINDROMIC", "MISMATCH", "NOT_IN_REFERENCE"))
LEADS, SIGNIFICANT = "leads", "significant"
SETTINGS: Mapping[str, type] = {
    "trait": str, "study": str, "build": str, "effect_unit": str, "published": str, "ancestry": str, "columns": dict, "threshold": float,
    "distance_kb": float, "least_r2": float, "keep": str,
}


@dataclass(frozen=True)
class Study:
    """What a summary-statistics file does not say of itself.

    Attributes:
        accession: of the study, or any name it goes by.
        trait: CURIE of what was studied.
        build: genome build of its positions; empty where it has none.
        published: on that day; None where unknown.
        effect_unit: 'log odds' or 'SD'; empty where no effect is given, or the file has odds ratios.
        n: how many people, where rows do not say it.
        ancestry: theirs; empty where unknown.
    """

    accession: str
    trait: str
    build: str = ""
    published: date | None = None
    effect_unit: str = ""
    n: int | None = None
    ancestry: str = ""


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS, ASSOCIATIONS and VARIANTS of a study's leads, or of all its significant variants.

    Args:
        files: 'file', and maybe 'meta', 'reference' and 'ld'.
        source: `parameters` are SETTINGS.

    Raises:
        BadTable: missing columns, no trait, or a damaged file.
        BadInput: settings that cannot be, or a side file that lies there and is not given.
        BuildMismatch: the study is on another genome build than the reference, or than said.
    """
    path, given = files["file"], source.parameters
    meta = _meta(files)
    settings, keep = _lead_settings(given)
    study = _study(path, given, meta, source)
    file = open_study(path, columns=_columns(given), meta=meta, build=study.build)
    reference = read_reference(files["reference"]) if "reference" in files else None
    tally, set_aside = Tally(), SetAside(source.name)
    significant = _significant(harmonize_study(file, reference=reference, tally=tally), settings)
    count_set_aside(tally, path, set_aside)
    if tally.n_kept > significant.height:
        set_aside.add("ASSOCIATIONS", path.name, NOT_SIGNIFICANT, n=tally.n_kept - significant.height)
    kept = _distinct(_with_rsid(significant, path, set_aside), path, set_aside)
    pairs = read_pairs(files["ld"], kept, least_r2=settings.least_r2) if "ld" in files else None
    chosen = kept if keep == SIGNIFICANT else _leads(pick_leads(kept, settings=settings, pairs=pairs), path, set_aside)
    study = replace(study, build=build_of(file, tally, reference), effect_unit=file.effect_unit or study.effect_unit)
    return _harvest(chosen, study, source, set_aside, reference)


def association_rows(rows: pl.DataFrame, study: Study) -> pl.DataFrame:
    """ASSOCIATIONS, but for who says so, of ALIGNED rows that have an rsID."""
    return rows.select(
        variant=pl.format("dbsnp:{}", "variant"), trait=pl.lit(study.trait), study=pl.lit(study.accession), effect_allele=pl.col("effect_allele").fill_null(UNKNOWN_ALLELE),
        other_allele="other_allele", beta="beta", effect_unit=pl.lit(study.effect_unit or None, dtype=pl.String), standard_error="standard_error", neg_log10_p="neg_log10_p",
        effect_allele_frequency="effect_allele_frequency", n=pl.col("n").fill_null(pl.lit(study.n, dtype=pl.Int64)), ancestry=pl.lit(study.ancestry or None, dtype=pl.String),
        date=pl.lit(study.published, dtype=pl.Date), build=pl.lit(study.build or None, dtype=pl.String), flags=flag_lists(rows["flags"]),
    )


def part_repeats(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """ALIGNED rows of which each variant and effect allele has one, the most significant and then the first, flagged where there were more; and the others."""
    key = ("variant", "effect_allele")
    ordered = rows.sort(*key, "neg_log10_p", "line", descending=[False, False, True, False]).with_columns(times=pl.len().over(*key))
    repeated = pl.when(pl.col("times") > 1).then(FLAGS["REPEATED"]).otherwise(0).cast(pl.UInt16)
    ordered = ordered.with_columns(pl.col("flags") | repeated, first=pl.struct(*key).is_first_distinct()).drop("times")
    return ordered.filter("first").drop("first"), ordered.filter(~pl.col("first")).drop("first")


def count_set_aside(tally: Tally, path: Path, set_aside: SetAside) -> None:
    """What the tally set aside: the first lines of each reason by number, the rest together under the file's name."""
    for reason, n in tally.set_aside.items():
        for line in tally.lines[reason]:
            set_aside.add("ASSOCIATIONS", f"{path.name}:{line}", reason)
        if n > len(tally.lines[reason]):
            set_aside.add("ASSOCIATIONS", path.name, reason, n=n - len(tally.lines[reason]))


def _significant(batches: Iterable[pl.DataFrame], settings: LeadSettings) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=ALIGNED), *(settings.significant(batch) for batch in batches)])


def _with_rsid(rows: pl.DataFrame, path: Path, set_aside: SetAside) -> pl.DataFrame:
    return _without(rows, rows["variant"].is_null(), NO_RSID, path, set_aside)


def _distinct(rows: pl.DataFrame, path: Path, set_aside: SetAside) -> pl.DataFrame:
    kept, repeats = part_repeats(rows)
    if not repeats.is_empty():
        set_aside.add("ASSOCIATIONS", path.name, REPEATS, n=repeats.height)
    return kept


def _leads(picked: pl.DataFrame, path: Path, set_aside: SetAside) -> pl.DataFrame:
    placed = _without(picked.with_row_index("at"), picked["lead"] == NO_LEAD, NO_PLACE, path, set_aside)
    return _without(placed, placed["lead"] != placed["at"].cast(pl.Int64), NOT_A_LEAD, path, set_aside)


def _without(rows: pl.DataFrame, lost: pl.Series, reason: str, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows that are not lost; the others are counted together, as there may be very many."""
    if n := int(lost.sum()):
        set_aside.add("ASSOCIATIONS", path.name, reason, n=n)
    return rows.filter(~lost)


def _harvest(rows: pl.DataFrame, study: Study, source: Source, set_aside: SetAside, reference: Reference | None) -> Harvest:
    associations = association_rows(rows, study)
    concepts = associations.select(curie="variant").unique().sort("curie").with_columns(
        kind=pl.lit(Kind.VARIANT.value), name=pl.col("curie").str.strip_prefix("dbsnp:"), synonyms=pl.lit([], dtype=pl.List(pl.String))
    )
    return Harvest(
        concepts=stamp_concepts(concepts, source), associations=stamp_associations(associations, source),
        variants=stamp_variants(_variant_rows(rows, study.build, aligned=reference is not None), source), set_aside=set_aside.frame(),
    )


def _variant_rows(rows: pl.DataFrame, build: str, *, aligned: bool) -> pl.DataFrame:
    """VARIANTS of rows with a place, if its build is known. Which allele is the reference's is known only of rows that are aligned with one."""
    sure = pl.lit(aligned) & ((pl.col("flags") & UNSURE) == 0)
    placed = rows.filter(pl.col("chromosome").is_not_null(), pl.col("position").is_not_null(), pl.lit(bool(build)))
    return placed.select(
        variant=pl.format("dbsnp:{}", "variant"), build=pl.lit(build), chromosome=chromosome_names(pl.col("chromosome")), position="position",
        reference_allele=pl.when(sure).then("other_allele"), alternate_allele=pl.when(sure).then("effect_allele").otherwise(pl.lit(UNKNOWN_ALLELE)),
    )


def _meta(files: Mapping[str, Path]) -> Meta:
    """What the side file given says. One that lies there and is not given would be no input of the build, which then would not see it change."""
    beside = None if "meta" in files else find_meta(files["file"])
    if beside:
        raise BadInput(f"{beside.name} lies beside {files['file']}, and may say its build, or what its columns mean; give it, as in meta = \"{beside.name}\"")
    return read_meta(files["meta"]) if "meta" in files else Meta()


def _columns(given: Mapping[str, object]) -> dict[str, str]:
    columns = given.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(each, str) for each in columns.values()):
        raise BadInput(f"'columns' should be a table of our names and theirs, as in columns = {{ p = \"P_LMM\" }}, not {columns!r}")
    return columns


def _lead_settings(given: Mapping[str, object]) -> tuple[LeadSettings, str]:
    keep = str(given.get("keep", LEADS))
    if keep not in (LEADS, SIGNIFICANT):
        raise BadInput(f"'keep' should be '{LEADS}' or '{SIGNIFICANT}', not '{keep}'")
    names = ("threshold", "distance_kb", "least_r2")
    return LeadSettings(**{name: float(str(given[name])) for name in names if name in given}), keep


def _study(path: Path, given: Mapping[str, object], meta: Meta, source: Source) -> Study:
    published = str(given.get("published", ""))
    try:
        day = date.fromisoformat(published) if published else None
    except ValueError as error:
        raise BadInput(f"'published' of {source.name} should be a day such as 2018-10-08, not '{published}'") from error
    return Study(
        str(given.get("study", "")) or meta.accession or source.name, _trait(path, str(given.get("trait", "")), meta),
        build=normalize_build(str(given.get("build", "")), where=f"the setting 'build' of {source.name}"), published=day,
        effect_unit=str(given.get("effect_unit", "")), n=meta.n, ancestry=str(given.get("ancestry", "")) or meta.ancestry,
    )


def _trait(path: Path, given: str, meta: Meta) -> str:
    """The trait given, else the only one of the side file."""
    if given:
        return str(Curie.parse(given, where=f"the trait of {path.name}"))
    if len(meta.traits) != 1:
        said = f"its side file names {', '.join((*meta.traits, *meta.unknown_traits))}" if meta.traits or meta.unknown_traits else "its side file names none"
        raise BadTable(f"{path} needs one trait, and {said}; give it, as in trait = \"MONDO:0005148\"")
    return meta.traits[0]


FORMAT = Format(read=read, gives=("ASSOCIATIONS", "CONCEPTS", "VARIANTS"), more_files=("meta", "reference", "ld"), settings=SETTINGS)
