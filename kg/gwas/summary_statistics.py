"""GWAS summary statistics: one row a variant of one study, from a file with headers as the common tools write them, as a whole.

For files that fit into memory and of which every row is wanted; `kg.gwas.harmonize` streams larger ones. The traps - p-values below
float64's range, the effect allele's many names - are treated in `kg.gwas.significance` and `kg.gwas.columns`. A file without alleles is read,
and its rows are flagged, since their effects cannot be compared with others'.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from generel.concepts.tables import ASSOCIATIONS, check
from kg.gwas.align import ALIGNED
from kg.gwas.effects import LOG_ODDS
from kg.gwas.harmonize import Tally, harmonize_study, open_study
from kg.gwas.reference import Reference
from kg.gwas.study import NO_RSID, REPEATS, Study, association_rows, count_set_aside, part_repeats
from kg.harvest import SetAside
from kg.sources.rows import line_key, sift

__all__ = ["LOG_ODDS", "Study", "read_summary_statistics"]


def read_summary_statistics(
    path: Path, *, study: Study, set_aside: SetAside, source: str, source_version: str, license: str,
    columns: Mapping[str, str] | None = None, reference: Reference | None = None,
) -> pl.DataFrame:
    """ASSOCIATIONS of the file, one row a variant and effect allele; of repeats the smallest p is kept, flagged REPEATED.

    Args:
        path: text with a header, fields between tabs, commas or blanks, compressed or not.
        study: the rest of what a row needs.
        set_aside: takes every row that has no rsID or no p-value, with its reason.
        columns: our name to the file's, where the header is of none of the known spellings.
        reference: with whose alternate alleles effects are aligned; none leaves them as they are.

    Raises:
        BadTable: no column for the variant or its p-value; what was looked for is named.
        BuildMismatch: the study is on another genome build than the reference.
    """
    file, tally = open_study(path, columns=columns, build=study.build), Tally()
    batches = list(harmonize_study(file, reference=reference, tally=tally))
    count_set_aside(tally, path, set_aside)
    rows = pl.concat([pl.DataFrame(schema=ALIGNED), *batches])
    good = sift(rows, [(pl.col("variant").is_null(), NO_RSID)], table="ASSOCIATIONS", key=line_key(path), set_aside=set_aside)
    kept, repeats = part_repeats(good)
    set_aside.add_frame("ASSOCIATIONS", repeats.select(key=line_key(path))["key"], REPEATS)
    stamped = association_rows(kept, replace(study, effect_unit=file.effect_unit or study.effect_unit))
    return check(stamped.with_columns(source=pl.lit(source), source_version=pl.lit(source_version), license=pl.lit(license)), ASSOCIATIONS)
