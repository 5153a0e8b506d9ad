"""Text tables block by block: delimiters, compression, block borders, damaged lines, and that every line is accounted for."""

import bz2
import gzip
import importlib
import random
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damage_lines

from generel.concepts.errors import BadTable, BuildMismatch
from kg.gwas.harmonize import LINES_NAMED, Tally, harmonize_study, open_study
from kg.gwas.stream import open_table, parse_block
from kg.sources.rows import NOT_UTF8, RAGGED

HEADER = "rsid\tp_value\tbeta\n"


def read(path: Path, *, block_bytes: int = 1 << 20) -> tuple[list[tuple[object, ...]], list[tuple[str, int]]]:
    """(line, fields…) of all rows, and (reason, line) of the others."""
    layout, blocks = open_table(path, block_bytes=block_bytes)
    frames, faults = [], []
    for block in blocks:
        frame, bad = parse_block(block, layout, places=range(len(layout.names)))
        frames.append(frame.select("line", *map(str, range(len(layout.names)))))
        faults += [(fault.reason, line) for fault in bad for line in fault.lines.tolist()]
    return [row for frame in frames for row in frame.rows()], faults


def write(folder: Path, data: bytes | str, name: str = "study.tsv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "rsid\tp_value\tbeta\nrs1\t0.5\t1\nrs2\t0.1\t\n",
        "rsid\tp_value\tbeta\r\nrs1\t0.5\t1\r\nrs2\t0.1\t",
        "rsid,p_value,beta\nrs1,0.5,1\nrs2,0.1,\n",
        '"rsid";"p_value";"beta"\n"rs1";0.5;1\n"rs2";0.1;\n',
        "\ufeffrsid\tp_value\tbeta\nrs1\t 0.5 \t1\nrs2\t0.1\t\n",
    ],
    ids=["tabs", "Windows, no last line end", "commas", "semicolons and R's quotation marks", "byte order mark and stray blanks"],
)
def test_one_table_in_many_forms_is_one_table(tmp_path: Path, text: str) -> None:
    """What stands between fields, round them or at the ends of lines does not change them; an empty field is null."""
    assert read(write(tmp_path, text)) == ([(2, "rs1", "0.5", "1"), (3, "rs2", "0.1", None)], [])


def test_runs_of_blanks_are_one_delimiter(tmp_path: Path) -> None:
    """PLINK 1 aligns its columns with blanks, also before the first."""
    text = "  CHR    SNP     P\n    1    rs1   0.5\n   22   rs22  1e-9\n"
    assert read(write(tmp_path, text)) == ([(2, "1", "rs1", "0.5"), (3, "22", "rs22", "1e-9")], [])


def pack_zstd(data: bytes) -> bytes:
    zstd = importlib.import_module("compression.zstd") if sys.version_info >= (3, 14) else pytest.importorskip("backports.zstd", reason="no library for zstd")
    # The zstd program writes a checksum, without which damage may go unseen.
    packed: bytes = zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})
    return packed


def pack_bgzip(data: bytes) -> bytes:
    """A chain of small gzip files and an empty one, as bgzip writes it."""
    return b"".join(gzip.compress(data[start : start + 40]) for start in range(0, len(data), 40)) + gzip.compress(b"")


@pytest.mark.parametrize("pack", [gzip.compress, pack_bgzip, pack_zstd, lambda data: gzip.compress(data) + bytes(512)], ids=["gzip", "bgzip", "zstd", "padded gzip"])
def test_compressed_tables_are_read_to_their_end(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    """Compression is known by the first bytes; of a chain of gzip files all are read."""
    text = HEADER + "".join(f"rs{number}\t0.5\t{number}\n" for number in range(200))
    packed = pack(text.encode())
    assert read(write(tmp_path, packed)) == read(write(tmp_path, text, "plain.tsv"))


@pytest.mark.parametrize("pack", [gzip.compress, pack_bgzip, pack_zstd], ids=["gzip", "bgzip", "zstd"])
def test_a_compressed_table_cut_short_or_damaged_is_refused_by_name(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    """Cut in the middle, and with bytes changed in it."""
    generator = random.Random(1)
    text = HEADER + "".join(f"rs{generator.random()}\t0.5\t1\n" for _ in range(3000))
    packed = pack(text.encode())
    for bad in (packed[: len(packed) * 2 // 3 + 7], packed[:500] + bytes(50) + packed[550:]):
        with pytest.raises(BadTable, match=r"study\.tsv cannot be uncompressed"):
            read(write(tmp_path, bad))


def test_an_unknown_compression_is_no_table(tmp_path: Path) -> None:
    """bzip2's bytes are read as text, whose header has none of our columns."""
    with pytest.raises(BadTable, match="lacks a column for the variant"):
        open_study(write(tmp_path, bz2.compress(HEADER.encode())))


def test_damaged_lines_are_named_by_their_number(tmp_path: Path) -> None:
    """Comments and the header count as lines; too few fields and too many in one file are both found; blank lines are nothing."""
    data = b"## made by hand\n" + HEADER.encode() + b"rs1\t0.5\t1\nrs2\t0.5\n\n   \nrs3\t0.5\t1\t9\nrs\xff4\t0.5\t1\nrs5\t0.5\t1\n"
    rows, faults = read(write(tmp_path, data))
    assert [row[:2] for row in rows] == [(3, "rs1"), (9, "rs5")]
    assert faults == [(RAGGED, 4), (RAGGED, 7), (NOT_UTF8, 8)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), block_bytes=st.integers(1, 400))
def test_where_blocks_are_cut_makes_no_difference(tmp_path_factory: pytest.TempPathFactory, seed: int, block_bytes: int) -> None:
    """Rows and faults of a damaged file, with their numbers, are the same in blocks of any size; and every line is one of them, or blank."""
    body = "".join(f"rs{number}\t0.{number}\t{number}\n" for number in range(1, 30)).encode()
    data = HEADER.encode() + damage_lines(body, seed=seed, times=6)
    path = write(tmp_path_factory.mktemp("stream"), data)
    rows, faults = read(path)
    assert (rows, sorted(faults)) == (read(path, block_bytes=block_bytes)[0], sorted(read(path, block_bytes=block_bytes)[1]))
    seen = sorted([row[0] for row in rows] + [line for _, line in faults])
    assert seen == [number for number, line in enumerate(data.split(b"\n"), start=1) if number > 1 and not is_blank(line)]


def is_blank(line: bytes) -> bool:
    """Whether nothing is written in it; quotation marks are dropped before anybody looks."""
    return not line.removesuffix(b"\r").replace(b'"', b"").decode("utf-8", "replace").strip()


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    """An empty file, and one of comments."""
    for data in ("", "\n\n", "## nothing\n"):
        with pytest.raises(BadTable, match=r"study\.tsv has no header"):
            open_table(write(tmp_path, data))


def test_of_many_bad_lines_the_first_are_named_and_all_are_counted(tmp_path: Path) -> None:
    """A thousand lines have their numbers kept; the rest cost no memory."""
    path = write(tmp_path, HEADER + "rs1\t2\t1\n" * (LINES_NAMED + 500) + "rs1\t0.5\t1\n")
    tally = Tally()
    list(harmonize_study(open_study(path), reference=None, tally=tally))
    (reason,) = tally.set_aside
    assert (tally.n_read, tally.n_kept, tally.set_aside[reason]) == (LINES_NAMED + 501, 1, LINES_NAMED + 500)
    assert tally.lines[reason] == list(range(2, LINES_NAMED + 2))


def test_what_a_side_file_and_the_user_say_of_the_build_must_agree(tmp_path: Path) -> None:
    """A layout that is always on GRCh38 counts as well."""
    path = write(tmp_path, "hm_effect_allele\thm_other_allele\thm_rsid\tp_value\nA\tG\trs1\t0.5\n")
    assert open_study(path, build="hg38").build == "GRCh38"
    with pytest.raises(BuildMismatch, match=r"is on GRCh37 as you said and on GRCh38 as its layout \(GWAS Catalog, harmonized\) said"):
        open_study(path, build="hg19")


def test_batches_come_in_the_order_of_the_file_whatever_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five threads on forty blocks give what one thread gives."""
    monkeypatch.setattr("kg.gwas.stream.open_table.__kwdefaults__", {"block_bytes": 500})
    path = write(tmp_path, HEADER + "".join(f"rs{number}\t0.5\t{number}\n" for number in range(1500)))
    (one, many) = (pl.concat(harmonize_study(open_study(path), reference=None, tally=Tally(), threads=threads)) for threads in (1, 5))
    assert one.equals(many)
    assert many["rsid"].to_list() == list(range(1500))
