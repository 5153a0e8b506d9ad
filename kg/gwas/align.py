"""Effect-allele alignment: every effect per copy of the reference's alternate allele, and a flag wherever that is not certain.

The trap is the palindromic variant (A/T, C/G): its letters read the same on both strands, so they cannot say whether a study's A is the
reference's A. Such a row keeps its values and says so. Only where both the study and the reference give a frequency far from one half, on
one side of it or on two, does that settle the matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import BuildMismatch
from kg.gwas.effects import ROW
from kg.gwas.letters import Codes, complement, is_palindromic, is_single
from kg.gwas.place import chromosome_names
from kg.gwas.reference import NO_PLACE, PLACE_BITS, Reference, Span, make_reference, place_keys

FLAGS: Mapping[str, int] = {
    name: 1 << bit
    for bit, name in enumerate((
        "NO_ALLELE", "SWAPPED", "OTHER_STRAND", "PALINDROMIC", "PALINDROMIC_BY_FREQUENCY", "MISMATCH", "NOT_IN_REFERENCE", "POSITION_DIFFERS", "REPEATED",
    ))
}
ALIGNED = {**ROW, "flags": pl.UInt16}
NONE, SWAPPED, SAME = 0, 1, 2
# How far from one half a frequency tells the alleles of a palindromic variant apart; that of Hartwig et al.
FAR_FROM_HALF = 0.08
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """How many rows' rsIDs the reference knows with a position in the study, how many of them stand elsewhere, and the first of those."""

    n_known: int
    n_elsewhere: int
    first: str = ""


def align(rows: pl.DataFrame, reference: Reference) -> tuple[pl.DataFrame, Agreement]:
    """ALIGNED: the rows in their order, per copy of the alternate allele where they fit, with flags as bits; and how positions agree.

    A row is known by its rsID; one without, or with an rsID that the reference lacks, by its place if its alleles fit there, and the
    former gets the reference's rsID. Known rows get the reference's place. A single effect allele is completed where the variant has one
    alternate allele. Only single letters are compared on the other strand.

    Args:
        rows: ROW.
    """
    study = _Study(rows, reference)
    fit = _fit(study, reference)
    known = fit.row >= 0
    at = np.where(known, fit.row, 0)
    aligned = _orient(study, reference, fit, at)
    elsewhere = known & fit.by_rsid & (study.places != NO_PLACE) & (reference.places[at] != study.places)
    flags = aligned.flags | np.where(elsewhere, FLAGS["POSITION_DIFFERS"], 0)
    frame = _frame(rows, reference, aligned, known=known, at=at, flags=flags.astype(np.uint16))
    return frame, _agreement(rows, reference, study, fit, elsewhere)


def align_to_effect_allele(associations: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    """Associations with `beta` per copy of the reference's alternate allele.

    A row whose alleles are swapped has `beta` negated and its frequency complemented; one on the other
    strand is complemented first. A palindromic row (A/T, C/G) cannot be told apart by letters: it keeps
    its values and is flagged PALINDROMIC. Rows that fit neither way, or are not in `reference`, are
    flagged too; none is dropped, and row order is kept.

    Args:
        associations: ASSOCIATIONS; `beta` in SD or log-odds as `effect_unit` says.
        reference: VARIANTS, one row a variant and alternate allele, all on one build.

    Raises:
        BuildMismatch: if `associations` is not on the reference's genome build.

    Source: Hartwig et al., Int. J. Epidemiol. 2016, on harmonising two samples.
    """
    known = make_reference([reference.with_columns(pl.col("position").cast(pl.String))], name="the reference")
    builds = set(associations["build"].drop_nulls().unique())
    if builds - {known.build}:
        raise BuildMismatch(f"associations are on {', '.join(sorted(builds))}, and the reference is on {known.build}; lift them over, or give the reference for their build")
    lettered = pl.when(pl.col("effect_allele").str.contains("^[ACGT]+$")).then("effect_allele")
    rows = associations.select(
        line=pl.int_range(pl.len()), variant=pl.col("variant").str.strip_prefix("dbsnp:"), rsid=pl.col("variant").str.extract(r"^dbsnp:rs(\d+)$").cast(pl.Int64, strict=False),
        chromosome=pl.lit(None, dtype=pl.UInt8), position=pl.lit(None, dtype=pl.Int64), effect_allele=lettered,
        other_allele="other_allele", beta="beta", standard_error="standard_error", effect_allele_frequency="effect_allele_frequency", neg_log10_p="neg_log10_p", n="n",
    )
    aligned, _ = align(rows, known)
    flags = pl.concat_list("flags", flag_lists(aligned["flags"])).list.unique(maintain_order=True)
    return associations.with_columns(
        aligned["effect_allele"].fill_null("?"), aligned["other_allele"], aligned["beta"], aligned["effect_allele_frequency"]
    ).with_columns(flags=flags)


def flag_lists(flags: pl.Series) -> pl.Series:
    """The names of the bits set in each, in their order."""
    distinct = flags.unique()
    names = pl.Series([flag_names(bits) for bits in distinct.to_list()], dtype=pl.List(pl.String))
    places = dict(zip(distinct.to_list(), range(len(distinct)), strict=True))
    return names.gather(flags.replace_strict(places, return_dtype=pl.UInt32)) if len(distinct) else pl.Series("flags", [], dtype=pl.List(pl.String))


def flag_names(bits: int) -> list[str]:
    """The names of the bits that are set."""
    return [name for name, bit in FLAGS.items() if bits & bit]


class _Study:
    """The rows' arrays: alleles as numbers, rsIDs, places, frequencies."""

    def __init__(self, rows: pl.DataFrame, reference: Reference) -> None:
        self.effect = reference.letters.encode(rows["effect_allele"])
        self.other = reference.letters.encode(rows["other_allele"])
        self.rsids = rows["rsid"].fill_null(0).to_numpy()
        self.places = place_keys(rows["chromosome"], rows["position"])
        self.frequency = rows["effect_allele_frequency"].to_numpy()
        # A lone effect allele of a variant with several alternates could belong to any of them.
        self.incomplete = np.zeros(rows.height, dtype=bool)


@dataclass
class _Fit:
    """For each row the reference's row (-1: none), how the alleles fit there, on which strand, and whether its rsID led there."""

    row: NDArray[np.int64]
    way: NDArray[np.int8]
    other_strand: Mask
    by_rsid: Mask


@dataclass(frozen=True)
class _Oriented:
    """Alleles as they will be, which rows' effects turn round, and flags."""

    effect: Codes
    other: Codes
    turned: Mask
    flags: NDArray[np.int64]


def _fit(study: _Study, reference: Reference) -> _Fit:
    span = reference.find_rsids(study.rsids)
    by_rsid = span.n > 0
    fit = _Fit(np.full(len(by_rsid), -1), np.zeros(len(by_rsid), dtype=np.int8), np.zeros(len(by_rsid), dtype=bool), by_rsid)
    _fit_rows(np.flatnonzero(by_rsid), span, study, reference, fit)
    unfit = np.flatnonzero(by_rsid & (fit.row < 0))
    fit.row[unfit] = span.row(unfit, 0)
    rest = np.flatnonzero(~by_rsid & (study.places != NO_PLACE))
    if len(rest):
        found = reference.find_places(study.places[rest])
        start, stop = np.zeros(len(by_rsid), dtype=np.int64), np.zeros(len(by_rsid), dtype=np.int64)
        start[rest], stop[rest] = found.start, found.stop
        _fit_rows(rest[found.n > 0], Span(start, stop, None), study, reference, fit)
    return fit


def _fit_rows(which: NDArray[np.int64], span: Span, study: _Study, reference: Reference, fit: _Fit) -> None:
    """Fill in the best fit of these rows among their spans, first as written, then on the other strand."""
    _complete(which, span, study, reference)
    _try(which, span, study.effect, study.other, reference, fit)
    left = which[(fit.way[which] == NONE) & is_single(study.effect[which]) & is_single(study.other[which])]
    if len(left):
        effect, other = study.effect.copy(), study.other.copy()
        effect[left], other[left] = complement(effect[left]), complement(other[left])
        _try(left, span, effect, other, reference, fit)
        fit.other_strand[left[fit.way[left] != NONE]] = True


def _try(which: NDArray[np.int64], span: Span, effect: Codes, other: Codes, reference: Reference, fit: _Fit) -> None:
    """Compare with the first answer of each span, the second, and so on; the better fit wins, and of equal ones the earlier."""
    nth = 0
    while len(which):
        row = span.row(which, nth)
        first, second = reference.alternate[row], reference.reference[row]
        way = np.where((effect[which] == first) & (other[which] == second), SAME, np.where((effect[which] == second) & (other[which] == first), SWAPPED, NONE))
        better = way > fit.way[which]
        fit.row[which[better]], fit.way[which[better]] = row[better], way[better]
        nth += 1
        which = which[nth < span.n[which]]


def _complete(which: NDArray[np.int64], span: Span, study: _Study, reference: Reference) -> None:
    """Give a lone effect allele the other one, where the variant is one row of the reference."""
    lone = which[(study.effect[which] > 0) & (study.other[which] == 0)]
    study.incomplete[lone] = span.n[lone] > 1
    lone = lone[span.n[lone] == 1]
    if not len(lone):
        return
    row, effect = span.row(lone, 0), study.effect[lone]
    first, second = reference.alternate[row], reference.reference[row]
    single = is_single(effect) & is_single(first) & is_single(second)
    there = complement(effect)
    ways = [effect == first, effect == second, single & (there == first), single & (there == second)]
    study.other = study.other.copy()
    study.other[lone] = np.select(ways, [second, first, complement(second), complement(first)], default=0)


def _orient(study: _Study, reference: Reference, fit: _Fit, at: NDArray[np.int64]) -> _Oriented:
    fits, known = fit.way != NONE, fit.row >= 0
    palindromic = fits & is_palindromic(study.effect, study.other)
    settled, same_side = _by_frequency(study, reference, palindromic, at)
    open_question = palindromic & ~settled
    turned = np.where(settled, ~same_side, (fit.way == SWAPPED) & ~open_question)
    placed = fits & ~open_question
    # A palindromic variant settled by frequency is on the other strand where its letters say the contrary.
    strand = np.where(settled, turned != (fit.way == SWAPPED), fit.other_strand)
    bits = {
        "NO_ALLELE": (study.effect == 0) | (study.incomplete & known), "SWAPPED": turned, "OTHER_STRAND": strand, "PALINDROMIC": open_question, "PALINDROMIC_BY_FREQUENCY": settled,
        "MISMATCH": known & ~fits & (study.effect > 0) & ~study.incomplete, "NOT_IN_REFERENCE": ~known,
    }
    flags = sum(np.where(mask, FLAGS[name], 0) for name, mask in bits.items())
    effect, other = np.where(placed, reference.alternate[at], study.effect), np.where(placed, reference.reference[at], study.other)
    return _Oriented(effect, other, turned, np.asarray(flags, dtype=np.int64))


def _by_frequency(study: _Study, reference: Reference, palindromic: Mask, at: NDArray[np.int64]) -> tuple[Mask, Mask]:
    """Which palindromic rows frequencies settle, and which have the effect allele's on the side of one half where the alternate's is."""
    if reference.frequency is None:
        return np.zeros_like(palindromic), np.zeros_like(palindromic)
    theirs, ours = reference.frequency[at], study.frequency
    # NaN is far from nothing: comparisons with it are false.
    settled = palindromic & (np.abs(theirs - 0.5) > FAR_FROM_HALF) & (np.abs(ours - 0.5) > FAR_FROM_HALF)
    return settled, settled & ((theirs < 0.5) == (ours < 0.5))


def _frame(rows: pl.DataFrame, reference: Reference, aligned: _Oriented, *, known: Mask, at: NDArray[np.int64], flags: NDArray[np.uint16]) -> pl.DataFrame:
    turned, places = pl.Series(aligned.turned), reference.places[at]
    frame = rows.with_columns(
        pl.when(turned).then(0.0 - pl.col("beta")).otherwise("beta").alias("beta"),
        pl.when(turned).then(1.0 - pl.col("effect_allele_frequency")).otherwise("effect_allele_frequency").alias("effect_allele_frequency"),
        effect_allele=reference.letters.decode(aligned.effect), other_allele=reference.letters.decode(aligned.other), flags=pl.Series(flags),
        chromosome=_where(known, (places >> PLACE_BITS).astype(np.uint8), "chromosome"), position=_where(known, places & ((1 << PLACE_BITS) - 1), "position"),
    )
    return _with_rsids(frame, reference, known=known, at=at)


def _with_rsids(frame: pl.DataFrame, reference: Reference, *, known: Mask, at: NDArray[np.int64]) -> pl.DataFrame:
    nameless = known & frame["variant"].is_null().to_numpy()
    if not nameless.any():
        return frame
    given = pl.Series(np.where(nameless, reference.rsids[at], 0).astype(np.int64))
    number = pl.when(pl.lit(given) > 0).then(pl.lit(given))
    return frame.with_columns(rsid=pl.coalesce("rsid", number)).with_columns(variant=pl.coalesce("variant", pl.format("rs{}", "rsid")))


def _where(mask: Mask, values: NDArray, otherwise: str) -> pl.Expr:
    return pl.when(pl.Series(mask)).then(pl.Series(values)).otherwise(pl.col(otherwise))


def _agreement(rows: pl.DataFrame, reference: Reference, study: _Study, fit: _Fit, elsewhere: Mask) -> Agreement:
    n_known = int((fit.by_rsid & (study.places != NO_PLACE)).sum())
    if not elsewhere.any():
        return Agreement(n_known, 0)
    first = int(np.flatnonzero(elsewhere)[0])
    there = int(reference.places[fit.row[first]])
    names = pl.DataFrame({"c": [rows["chromosome"][first], there >> PLACE_BITS]}).select(chromosome_names(pl.col("c")))["c"]
    text = f"{rows['variant'][first]} at {names[0]}:{rows['position'][first]:,}, not {names[1]}:{there & ((1 << PLACE_BITS) - 1):,}"
    return Agreement(n_known, int(elsewhere.sum()), text)
