"""The reference that studies are aligned with: rsID, place, reference and alternate allele of each known variant, held compactly.

Twenty million variants take about 0.7 GB: columns are whole numbers in arrays, found by binary search, by rsID or by place. A variant with
several alternate alleles is several rows. What has no place or no alleles in A, C, G and T is left out and counted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import BadTable
from kg.gwas.columns import SSF_NUMBERS, spelled
from kg.gwas.effects import rsids
from kg.gwas.in_order import in_order
from kg.gwas.letters import Codes, Letters, clean_alleles
from kg.gwas.place import GRCH38, chromosome_numbers, normalize_build, positions
from kg.gwas.stream import open_table, parse_block

Numbers: TypeAlias = NDArray[np.unsignedinteger]
Places: TypeAlias = NDArray[np.int64]
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "variant": ("variant", "rsid", "id", "snp", "rsids"),
    "chromosome": ("chromosome", "chrom", "chr"),
    "position": ("position", "pos", "base_pair_location", "bp"),
    "reference_allele": ("reference_allele", "ref"),
    "alternate_allele": ("alternate_allele", "alt"),
}
MORE_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "frequency": ("alternate_allele_frequency", "frequency", "alt_freqs", "alt_freq", "af"),
    "info": ("info",),
    "build": ("build", "genome_build"),
}
PARQUET_MARK = b"PAR1"
ROWS_AT_ONCE = 250_000
PLACE_BITS = 32
NO_PLACE = np.int64(-1)


@dataclass(frozen=True)
class Span:
    """For each of some questions, the rows from `start` to before `stop` that answer it; `rows` leads from there to the reference's rows."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    rows: NDArray[np.unsignedinteger] | None

    @property
    def n(self) -> NDArray[np.int64]:
        return self.stop - self.start

    def row(self, which: NDArray[np.int64], nth: int) -> NDArray[np.int64]:
        """The reference's row that is the nth answer (from 0) to each of these questions."""
        at = self.start[which] + nth
        return at if self.rows is None else self.rows[at].astype(np.int64)


@dataclass(frozen=True)
class Reference:
    """Known variants in the order of their places.

    Attributes:
        name: what messages call it.
        build: canonical name of its genome build.
        places: (n,) chromosome and position in one number, ascending; see `place_keys`.
        rsids: (n,) the number after 'rs', 0 where there is none.
        reference, alternate: (n,) alleles as `letters` numbers them.
        frequency: (n,) of the alternate allele, NaN where unknown; None if it is known of none.
        order: (n,) rows in the order of their rsIDs, and `ordered` those rsIDs.
        n_unusable: how many rows of its file were left out.
    """

    name: str
    build: str
    places: Places
    rsids: Numbers
    reference: Codes
    alternate: Codes
    frequency: NDArray[np.float32] | None
    order: Numbers
    ordered: Numbers
    n_unusable: int = 0
    letters: Letters = field(default_factory=Letters)

    @property
    def n(self) -> int:
        return len(self.places)

    def find_rsids(self, numbers: NDArray[np.int64]) -> Span:
        """The rows of each rsID (its number; 0 or less is none)."""
        fits = (numbers > 0) & (numbers <= np.iinfo(self.ordered.dtype).max)
        return _find(self.ordered, np.where(fits, numbers, 0).astype(self.ordered.dtype), fits, self.order)

    def find_places(self, places: Places) -> Span:
        """The rows at each place; NO_PLACE has none."""
        return _find(self.places, places, places != NO_PLACE, None)


def place_keys(chromosomes: pl.Series, at: pl.Series) -> Places:
    """Chromosome (1 to 25) and position in one number that sorts as they do; NO_PLACE where one is missing."""
    key = chromosomes.cast(pl.Int64) * (1 << PLACE_BITS) + at
    return key.fill_null(int(NO_PLACE)).to_numpy()


def read_reference(path: Path, *, build: str = "") -> Reference:
    """The reference in a VCF, a table of text or Parquet with columns as VARIANTS has them or as VCF calls them.

    Args:
        build: what it is on; else what its column `build` says, else GRCh38.

    Raises:
        BadTable: missing columns, no usable row, several builds, or a file that cannot be read.
        BadInput: an unknown build.
    """
    with path.open("rb") as file:
        is_parquet = file.read(4) == PARQUET_MARK
    frames = _parquet_frames(path) if is_parquet else _text_frames(path)
    return make_reference(frames, name=path.name, build=build)


def make_reference(frames: Iterable[pl.DataFrame], *, name: str, build: str = "") -> Reference:
    """The reference in frames of `variant, chromosome, position, reference_allele, alternate_allele` and maybe `frequency, info, build`."""
    letters, parts, n_read = Letters(), _Parts(), 0
    builds: set[str] = set()
    for height, named, rows in in_order(_prepare, frames):
        n_read += height
        builds |= named
        parts.add(rows, letters)
        parts.n_unusable += height - parts.n_of_last
    found = {normalize_build(each, where=name) for each in builds} - {""}
    if len(found) > 1:
        raise BadTable(f"{name} has rows of several genome builds ({', '.join(sorted(found))}); give one of them")
    if not parts.height:
        raise BadTable(f"{name} has no usable row among {n_read:,}: each needs chromosome, position and two alleles in A, C, G and T")
    said = normalize_build(build, where=f"the setting for {name}") or (found.pop() if found else GRCH38)
    return parts.joined(name, said, letters)


@dataclass
class _Parts:
    """Encoded columns, frame by frame."""

    columns: dict[str, list[NDArray]] = field(default_factory=dict)
    height: int = 0
    n_unusable: int = 0
    n_of_last: int = 0

    def add(self, rows: pl.DataFrame, letters: Letters) -> None:
        encoded = {
            "places": place_keys(rows["chromosome"], rows["position"]), "rsids": rows["rsid"].fill_null(0).to_numpy(),
            "reference": letters.encode(rows["reference_allele"]), "alternate": letters.encode(rows["alternate_allele"]),
            "frequency": rows["frequency"].cast(pl.Float32).fill_null(float("nan")).to_numpy(),
        }
        if not rows.is_empty() and encoded["rsids"].max() < 1 << 32:
            encoded["rsids"] = encoded["rsids"].astype(np.uint32)
        for name, values in encoded.items():
            self.columns.setdefault(name, []).append(values)
        self.height += rows.height
        self.n_of_last = rows["source_row"].n_unique()

    def joined(self, name: str, build: str, letters: Letters) -> Reference:
        places = self._take("places")
        turn = None if (places[1:] >= places[:-1]).all() else np.argsort(places, kind="stable").astype(np.uint32)
        places = places if turn is None else places[turn]
        frequency = self._take("frequency", turn)
        known_frequency = None if np.isnan(frequency).all() else frequency
        # Let go before rows are sorted once more: at twenty million rows each column counts.
        del frequency
        reference, alternate, rsids = self._take("reference", turn), self._take("alternate", turn), self._take("rsids", turn)
        order = np.argsort(rsids, kind="stable").astype(np.uint32)
        return Reference(name, build, places, rsids, reference, alternate, known_frequency, order, rsids[order], self.n_unusable, letters)

    def _take(self, name: str, turn: Numbers | None = None) -> NDArray:
        """The whole column in this order, whose parts are let go."""
        whole = np.concatenate(self.columns.pop(name))
        return whole if turn is None else whole[turn]


def _find(keys: NDArray, wanted: NDArray, fits: NDArray[np.bool_], rows: NDArray[np.unsignedinteger] | None) -> Span:
    # Questions in order touch the big array in order, which is what makes this several times as fast as asking in theirs.
    turn = np.argsort(wanted)
    start, stop = np.empty(len(wanted), dtype=np.int64), np.empty(len(wanted), dtype=np.int64)
    asked = wanted[turn]
    start[turn] = np.searchsorted(keys, asked)
    stop[turn] = np.searchsorted(keys, asked, side="right")
    return Span(start, np.where(fits, stop, start), rows)


def _prepare(frame: pl.DataFrame) -> tuple[int, set[str], pl.DataFrame]:
    """How many rows a frame has, the builds that it names, and its usable rows."""
    builds = set(frame["build"].drop_nulls().unique()) if "build" in frame.columns else set()
    return frame.height, builds, _usable(_one_alternate_a_row(frame))


def _usable(rows: pl.DataFrame) -> pl.DataFrame:
    """Typed rows with a place and alleles."""
    names = rows["variant"].cast(pl.String).str.strip_prefix("dbsnp:")
    typed = rows.select(
        "source_row", rsid=rsids(names)[1], chromosome=chromosome_numbers(rows["chromosome"].cast(pl.String), numbers=SSF_NUMBERS), position=positions(rows["position"]),
        reference_allele=clean_alleles(rows["reference_allele"]), alternate_allele=clean_alleles(rows["alternate_allele"]), frequency=pl.col("frequency").cast(pl.Float64, strict=False),
    )
    # A comparison with a missing allele is null, which keeps no row.
    return typed.filter(pl.col("chromosome").is_not_null(), pl.col("position").is_not_null(), pl.col("reference_allele") != pl.col("alternate_allele"))


def _one_alternate_a_row(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `frequency` and `source_row`; a VCF's `ALT` of several alleles, and their frequencies in `AF`, are cut at the commas."""
    if "frequency" not in rows.columns:
        of_info = pl.col("info").str.extract(r"(?:^|;)AF=([^;]*)") if "info" in rows.columns else pl.lit(None, dtype=pl.String)
        rows = rows.with_columns(frequency=of_info)
    rows = rows.with_columns(pl.col("frequency").cast(pl.String)).with_row_index("source_row")
    several = rows["alternate_allele"].str.contains(",", literal=True).fill_null(False)
    if not several.any():
        return rows
    cut = rows.filter(several).with_columns(pl.col("alternate_allele").str.split(","))
    n = pl.col("alternate_allele").list.len()
    frequencies = pl.col("frequency").fill_null("").str.split(",")
    fitting = pl.when(frequencies.list.len() == n).then(frequencies).otherwise(pl.lit("").repeat_by(n))
    return pl.concat([rows.filter(~several), cut.with_columns(frequency=fitting).explode("alternate_allele", "frequency")])


def _parquet_frames(path: Path) -> Iterator[pl.DataFrame]:
    try:
        frame = pl.scan_parquet(path)
        found = _recognize(frame.collect_schema().names(), path=path)
        wanted = frame.select(pl.col(theirs).alias(ours) for ours, theirs in found.items())
        n = frame.select(pl.len()).collect().item()
        for start in range(0, max(n, 1), ROWS_AT_ONCE):
            yield wanted.slice(start, ROWS_AT_ONCE).collect()
    except pl.exceptions.PolarsError as error:
        raise BadTable(f"{path} cannot be read as Parquet ({error})") from error


def _text_frames(path: Path) -> Iterator[pl.DataFrame]:
    layout, blocks = open_table(path)
    found = _recognize(layout.names, path=path)
    places = {ours: layout.names.index(theirs) for ours, theirs in found.items()}
    for block in blocks:
        frame, faults = parse_block(block, layout, places=list(places.values()))
        lost = sum(len(fault.lines) for fault in faults)
        rows = frame.select(pl.col(str(place)).alias(ours) for ours, place in places.items())
        # Lines that cannot be cut are rows without values, so that they are counted with the unusable ones.
        yield pl.concat([rows, rows.clear(lost)]) if lost else rows


def _recognize(header: Iterable[str], *, path: Path) -> dict[str, str]:
    """Our name to theirs."""
    names = {spelled(name): name for name in reversed(list(header))}
    found = {ours: next((names[one] for one in spellings if one in names), "") for ours, spellings in {**SPELLINGS, **MORE_SPELLINGS}.items()}
    missing = [f"{ours} ({', '.join(SPELLINGS[ours])})" for ours in SPELLINGS if not found[ours]]
    if missing:
        raise BadTable(f"the reference {path} lacks a column for {'; '.join(missing)}; it has {', '.join(names.values())[:400]}")
    return {ours: theirs for ours, theirs in found.items() if theirs}
