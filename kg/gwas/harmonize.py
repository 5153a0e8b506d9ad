"""A study's file read once, in blocks, to aligned rows: what is kept, what is set aside and why, and what is significant.

Blocks are worked on by two threads and come back in the file's order; only a few are in memory at a time, and of the whole file only counts,
the first lines of each reason, and the significant rows are kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from generel.concepts.errors import BuildMismatch
from kg.gwas.align import FLAGS, Agreement, align
from kg.gwas.columns import Columns, recognize_columns
from kg.gwas.effects import Reading, interpret
from kg.gwas.in_order import THREADS, in_order
from kg.gwas.landmarks import Landmarks
from kg.gwas.place import normalize_build
from kg.gwas.reference import Reference
from kg.gwas.ssf import Meta
from kg.gwas.stream import Block, Layout, open_table, parse_block

# Of each reason so many lines are named; the rest are counted.
LINES_NAMED = 1_000
# A build is judged by at least so many rsIDs, and at once when there are so many.
FEWEST_JUDGED, ENOUGH_JUDGED = 5, 1_000


@dataclass(frozen=True)
class StudyFile:
    """A file of summary statistics and what is known of how to read it.

    Attributes:
        path: of the table.
        reading: where its columns stand.
        build: canonical name; empty where nobody says.
        effect_unit: what its columns or its side file say; empty where they do not.
    """

    path: Path
    reading: Reading
    build: str
    effect_unit: str

    @property
    def columns(self) -> Columns:
        return self.reading.columns


@dataclass
class Tally:
    """What became of the rows read so far: kept + set aside = read, always.

    Attributes:
        set_aside: rows by reason.
        lines: the numbers of the first of these, by reason.
        flags: kept rows by flag.
        agreement: of positions with the reference's.
    """

    n_read: int = 0
    n_kept: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLAGS, 0))
    agreement: Agreement = field(default_factory=lambda: Agreement(0, 0))
    landmarks: Landmarks = field(default_factory=Landmarks)

    def add_faults(self, faults: Mapping[str, np.ndarray]) -> None:
        """Count lines that were set aside, by reason."""
        for reason, lines in faults.items():
            named = self.lines.setdefault(reason, [])
            named += lines[: LINES_NAMED - len(named)].tolist()
            self.set_aside[reason] = self.set_aside.get(reason, 0) + len(lines)
            self.n_read += len(lines)

    def add_kept(self, rows: pl.DataFrame, agreement: Agreement) -> None:
        """Count rows that are kept."""
        self.n_read += rows.height
        self.n_kept += rows.height
        for bits, n in rows["flags"].value_counts().rows():
            for name, bit in FLAGS.items():
                self.flags[name] += n if bits & bit else 0
        before = self.agreement
        self.agreement = Agreement(before.n_known + agreement.n_known, before.n_elsewhere + agreement.n_elsewhere, before.first or agreement.first)


@dataclass(frozen=True)
class Harmonized:
    """One block's worth of a study.

    Attributes:
        rows: ALIGNED, in the file's order.
        faults: numbers of the lines set aside, by reason.
        agreement: of positions with the reference's.
        landmarks: what well-known rsIDs say of the build.
    """

    rows: pl.DataFrame
    faults: Mapping[str, np.ndarray]
    agreement: Agreement
    landmarks: Landmarks


def open_study(path: Path, *, columns: Mapping[str, str] | None = None, meta: Meta | None = None, build: str = "") -> StudyFile:
    """How the file is to be read.

    Args:
        columns: our name to the file's, where the header is of none of the known spellings.
        meta: its side file.
        build: canonical name, where the user says it.

    Raises:
        BadTable: columns are missing.
        BuildMismatch: the user, the side file and the layout say different builds.
    """
    layout, _ = open_table(path)
    found = recognize_columns(layout.names, given=columns or {}, path=path)
    said = {"you": build, "its side file": meta.build if meta else "", f"its layout ({found.tool.name})": found.tool.build}
    builds = {who: normalize_build(each, where=who) for who, each in said.items() if each}
    if len(set(builds.values())) > 1:
        raise BuildMismatch(f"{path} is on {' and on '.join(f'{each} as {who} said' for who, each in builds.items())}; find out which it is")
    if meta and meta.p_is_neg_log10 and "p" in found and "neg_log10_p" not in found:
        found = _with_p_as_neg_log10(found)
    reading = Reading(found, zero_based=bool(meta and meta.zero_based))
    return StudyFile(path, reading, next(iter(builds.values()), ""), reading.effect_unit or (meta.effect_unit if meta else ""))


def harmonize_study(study: StudyFile, *, reference: Reference | None, tally: Tally, threads: int = THREADS) -> Iterator[pl.DataFrame]:
    """ALIGNED rows of the file, block by block in its order; `tally` counts them and what is set aside.

    Without a reference alleles stay as they are, and only a missing one is flagged.

    Raises:
        BuildMismatch: the study says another build than the reference's, or most of its rsIDs stand elsewhere there.
        BadTable: the file is damaged, or none of its lines has as many fields as its header.
    """
    if reference is not None and study.build and study.build != reference.build:
        raise BuildMismatch(f"{study.path} is on {study.build}, and the reference {reference.name} is on {reference.build}; lift it over, or give the reference for its build")
    layout, blocks = open_table(study.path)
    for made in in_order(lambda block: _work(block, layout, study.reading, reference), blocks, threads=threads):
        tally.add_faults(made.faults)
        tally.add_kept(made.rows, made.agreement)
        tally.landmarks = tally.landmarks + made.landmarks
        _check_build(study, reference, tally, fewest=ENOUGH_JUDGED)
        yield made.rows
    _check_build(study, reference, tally, fewest=FEWEST_JUDGED)


def build_of(study: StudyFile, tally: Tally, reference: Reference | None) -> str:
    """The build of the rows, once all are read: the reference's, the one said, or the one that well-known variants stand on; empty if nobody knows."""
    return reference.build if reference is not None else study.build or tally.landmarks.build


def _work(block: Block, layout: Layout, reading: Reading, reference: Reference | None) -> Harmonized:
    texts, uncut = parse_block(block, layout, places=list(reading.columns.places.values()))
    rows, reasons = interpret(texts, reading)
    faults = {fault.reason: fault.lines for fault in uncut}
    if reasons.null_count() < rows.height:
        judged = rows.select("line").with_columns(reason=reasons).drop_nulls()
        faults |= {str(reason): lines["line"].to_numpy() for (reason,), lines in judged.partition_by("reason", as_dict=True, maintain_order=True).items()}
        rows = rows.filter(reasons.is_null())
    landmarks = Landmarks.of(rows)
    if reference is not None:
        aligned, agreement = align(rows, reference)
        return Harmonized(aligned, faults, agreement, landmarks)
    missing = pl.when(pl.col("effect_allele").is_null()).then(FLAGS["NO_ALLELE"]).otherwise(0).cast(pl.UInt16)
    return Harmonized(rows.with_columns(flags=missing), faults, Agreement(0, 0), landmarks)


def _check_build(study: StudyFile, reference: Reference | None, tally: Tally, *, fewest: int) -> None:
    """Nothing where positions agree for the most part, or too few can be compared."""
    seen = tally.agreement
    other = tally.landmarks.build
    if reference is not None and seen.n_known >= fewest and 2 * seen.n_elsewhere > seen.n_known:
        looks = f"; well-known variants stand as on {other}" if other else ""
        raise BuildMismatch(
            f"{study.path}: {seen.n_elsewhere:,} of the first {seen.n_known:,} rsIDs stand elsewhere than in {reference.name} ({reference.build}), "
            f"such as {seen.first}{looks}; lift it over, or give the reference for its build"
        )
    said = study.build or (reference.build if reference is not None else "")
    if other and said and other != said:
        raise BuildMismatch(f"{study.path} should be on {said}, and well-known variants stand as on {other}, such as {tally.landmarks.first}; lift it over, or say its build")


def _with_p_as_neg_log10(columns: Columns) -> Columns:
    ours = {name: "neg_log10_p" if name == "p" else name for name in columns.places}
    return replace(columns, places={ours[name]: place for name, place in columns.places.items()}, names={ours[name]: theirs for name, theirs in columns.names.items()})
