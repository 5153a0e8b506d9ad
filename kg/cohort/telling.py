"""From a cohort to the tables of a harvest: codes mapped to concepts, counted, and told without anything below the threshold.

What is counted: codes and pairs of too few patients are set aside as numbers only, for the codes themselves would tell.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadInput
from generel.concepts.prefixes import BY_NAME
from generel.concepts.tables import COOCCURRENCES, check
from kg.cohort.code_maps import MAP, apply_map, read_code_map, read_roll_up
from kg.cohort.code_names import read_names
from kg.cohort.codebook import Cohort
from kg.cohort.cooccurrence import Counting, Suppressed, count_cohort
from kg.curies import prefix_of
from kg.harvest import Harvest, SetAside
from kg.sources.record import Source
from kg.sources.stamp import stamp_concepts

FEW_WITH_CODE = "a code of fewer patients than the least that are told"
FEW_WITH_BOTH = "a pair of codes in fewer patients than the least that are told"
UNPAIRED = "the code is in no pair that is told"
# Settings of a user's cohort, with their TOML types, and those that are files.
COUNTING: Mapping[str, type] = {"cohort": str, "window_days": int, "minimum_patients": int}
MAPS = ("code_map", "roll_up", "names")


def counting_of(source: Source) -> Counting:
    """What the parameters of a source say is to be counted; the cohort is called as the source is if they do not say.

    Raises:
        BadInput: a parameter that cannot be.
    """
    given = {name: source.parameters[name] for name in COUNTING if name in source.parameters}
    try:
        return Counting(**{"cohort": source.name, **given})  # type: ignore[arg-type]
    except ValueError as error:
        raise BadInput(f"{source.name} cannot be counted: {error}") from None


def tell_cohort(cohort: Cohort, counting: Counting, source: Source, *, set_aside: SetAside) -> Harvest:
    """COOCCURRENCES of the cohort's codes, and CONCEPTS of those that are in a pair and have a name."""
    pairs, suppressed = count_cohort(cohort, counting)
    paired = pl.concat([pairs["left"], pairs["right"].alias("left")]).unique()
    concepts = cohort.concepts.filter(pl.col("curie").is_in(paired.implode()))
    _tell_suppressed(suppressed, unpaired=cohort.concepts.height - concepts.height, cohort=counting.cohort, set_aside=set_aside)
    stamps = {"source": source.name, "source_version": source.version, "license": source.license}
    return Harvest(
        concepts=stamp_concepts(concepts, source),
        cooccurrences=check(pairs.with_columns(**{column: pl.lit(text) for column, text in stamps.items()}), COOCCURRENCES),
        set_aside=set_aside.frame(),
    )


def map_cohort(cohort: Cohort, files: Mapping[str, Path], *, set_aside: SetAside) -> Cohort:
    """The cohort with its codes replaced by the concepts of the maps among the files, `code_map` before `roll_up`, and with the names that files give.

    Args:
        files: `code_map`, a SSSOM map, `roll_up` and `roll_up_…`, maps from ICD to phecodes, and `names` of codes; all may be missing.
    """
    maps = [read_code_map(files["code_map"], set_aside=set_aside)] if "code_map" in files else []
    roll_ups = [read_roll_up(path, set_aside=set_aside) for name, path in sorted(files.items()) if name.startswith("roll_up")]
    if roll_ups:
        maps.append(pl.concat(roll_ups).sort("name", nulls_last=True).unique(["code", "concept"], keep="first").sort("code", "concept"))
    meanings = cohort.meanings
    for each in maps:
        meanings = apply_map(meanings, each)
    names = pl.concat([pl.DataFrame(schema=MAP), *maps]).drop_nulls("name").select(curie="concept", name="name")
    concepts = _add_names(cohort.concepts, names, codes=meanings["code"])
    if "names" in files:
        concepts = _add_names(concepts, read_names(files["names"], set_aside=set_aside), codes=meanings["code"])
    return replace(cohort, meanings=meanings, concepts=concepts)


def _add_names(concepts: pl.DataFrame, names: pl.DataFrame, *, codes: pl.Series) -> pl.DataFrame:
    """The concepts among the codes, and those that `names` (`curie, name`) adds, of the kind that their prefix usually has; sorted by CURIE."""
    kinds = {prefix.name: prefix.kinds[0].value for prefix in BY_NAME.values() if prefix.kinds}
    kind = prefix_of(pl.col("curie")).replace_strict(kinds, default=None, return_dtype=pl.String)
    added = names.group_by("curie").agg(pl.col("name").min()).select("curie", kind=kind, name="name", synonyms=pl.lit([], dtype=pl.List(pl.String)))
    both = pl.concat([concepts, added.drop_nulls("kind")]).unique("curie", keep="first", maintain_order=True)
    return both.filter(pl.col("curie").is_in(codes.implode())).sort("curie")


def _tell_suppressed(suppressed: Suppressed, *, unpaired: int, cohort: str, set_aside: SetAside) -> None:
    for table, reason, n in (
        ("COOCCURRENCES", FEW_WITH_CODE, suppressed.codes),
        ("COOCCURRENCES", FEW_WITH_BOTH, suppressed.pairs),
        ("CONCEPTS", UNPAIRED, unpaired),
    ):
        if n:
            set_aside.add(table, cohort, reason, n=n)
