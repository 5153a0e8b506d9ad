"""Relations of a source that gathers others' work: each row bears the license of the resource it is from, not the source's own."""

from dataclasses import replace

import polars as pl

from generel.concepts.tables import RELATIONS, check
from kg.sources.record import Source
from kg.sources.stamp import stamp_relations


def stamp_licensed_relations(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """RELATIONS of `subject, predicate, object, confidence, license`; of equal rows the highest confidence is kept.

    Raises:
        BadTable: if equal rows bear two licenses, or something is missing.
    """
    parts = rows.partition_by("license", as_dict=True).items()
    stamped = [stamp_relations(part, replace(source, license=str(license_))) for (license_,), part in parts]
    return check(pl.concat([RELATIONS.empty(), *stamped]), RELATIONS)
