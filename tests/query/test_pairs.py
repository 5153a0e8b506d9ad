"""Relatedness of many pairs, against the single ones."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable, NotThere
from generel.query import cosines, pair_files
from generel.query import pairs as pairs_module
from generel.query.pair_files import PairFile, refuse_bad_pairs, score_file
from generel.query.space import EmbeddingSpace
from tests.worlds import unit

PAIRS = pl.DataFrame(
    {
        "left": ["simvastatin", "rs1", "a broken heart", "CAT", "statin"],
        "right": ["SLCO1B1", "CAT", "CAT", "BRCA1", "rs1"],
        "weight": [1, 2, 3, 4, 5],
    }
)


@pytest.mark.parametrize("at_once", [2, 1000])
def test_rows_are_scored_like_single_pairs(space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """In order, whatever the size of the parts; CURIEs are those that were meant."""
    monkeypatch.setattr(pairs_module, "PAIRS_AT_ONCE", at_once)
    scored = space.relatedness_of_pairs(PAIRS)
    assert scored["left"].to_list() == PAIRS["left"].to_list()
    assert scored["left_curie"].to_list() == ["chebi:9150", None, None, "hgnc:1516", None]
    for row in (0, 2, 3):
        single = space.relatedness(PAIRS["left"][row], PAIRS["right"][row])
        assert scored["cosine"][row] == pytest.approx(single.cosine, abs=1e-6)
        assert scored["percentile"][row] == pytest.approx(single.percentile)
        assert scored["p_value"][row] == pytest.approx(single.p_value)
        assert scored["note"][row] == ""


def test_pairs_that_cannot_be_scored_stay_and_say_why(space: EmbeddingSpace) -> None:
    """Null numbers, and both reasons where both ends are wrong."""
    scored = space.relatedness_of_pairs(PAIRS)
    assert scored["cosine"].is_null().to_list() == [False, True, False, False, True]
    assert scored["note"][1].startswith("UnknownConcept: no concept is called 'rs1'")
    assert scored["note"][4].startswith("AmbiguousConcept: 'statin' names 2 concepts")
    assert "; UnknownConcept" in scored["note"][4]


def test_no_pairs_give_no_rows(space: EmbeddingSpace) -> None:
    """An empty frame keeps the columns."""
    assert space.relatedness_of_pairs(PAIRS.clear()).columns == list(pairs_module.COLUMNS)
    assert space.relatedness_of_pairs(PAIRS.clear()).height == 0


def test_missing_columns_and_empty_cells_are_refused(space: EmbeddingSpace) -> None:
    """Both columns are named at once."""
    with pytest.raises(BadTable, match="lack the columns left, right; they have a"):
        space.relatedness_of_pairs(pl.DataFrame({"a": ["x"]}))
    with pytest.raises(BadTable, match=r"empty left or right: row 2$"):
        space.relatedness_of_pairs(pl.DataFrame({"left": ["CAT", None], "right": ["CAT", "CAT"]}))


@pytest.mark.parametrize("suffix", ["tsv", "csv", "parquet"])
def test_a_file_is_scored_like_its_frame(space: EmbeddingSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """Whatever its format and the size of its parts; other columns are passed over."""
    monkeypatch.setattr(pair_files, "PAIRS_AT_ONCE", 2)
    path = tmp_path / f"pairs.{suffix}"
    {"tsv": lambda: PAIRS.write_csv(path, separator="\t"), "csv": lambda: PAIRS.write_csv(path), "parquet": lambda: PAIRS.write_parquet(path)}[suffix]()
    file = PairFile.find(path)
    assert (file.format, file.count()) == (suffix, 5)
    assert pl.concat(score_file(space, file)).equals(space.relatedness_of_pairs(PAIRS))


def test_all_bad_pairs_of_a_file_are_named_together(space: EmbeddingSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of five, with their lines and all their reasons; five at most are named."""
    PAIRS.write_csv(tmp_path / "pairs.tsv", separator="\t")
    with pytest.raises(BadTable, match=r"2 of 5 pairs in .*pairs\.tsv cannot be scored: line 3: UnknownConcept: .*rs1.*; line 6: AmbiguousConcept: .*; UnknownConcept"):
        refuse_bad_pairs(space, PairFile.find(tmp_path / "pairs.tsv"))
    monkeypatch.setattr(pair_files, "NAMED_IN_MESSAGES", 1)
    with pytest.raises(BadTable, match=r"line 3: .*; and 1 more; --keep-going"):
        refuse_bad_pairs(space, PairFile.find(tmp_path / "pairs.tsv"))
    PAIRS[[0, 2, 3]].write_parquet(tmp_path / "pairs.pq")
    refuse_bad_pairs(space, PairFile.find(tmp_path / "pairs.pq"))


def test_a_file_without_pairs_gives_the_columns(space: EmbeddingSpace, tmp_path: Path) -> None:
    """One part without rows."""
    (tmp_path / "pairs.tsv").write_text("left\tright\n")
    (scored,) = score_file(space, PairFile.find(tmp_path / "pairs.tsv"))
    assert (scored.columns, scored.height) == (list(pairs_module.COLUMNS), 0)


def test_a_file_is_read_as_text(tmp_path: Path) -> None:
    """Identifiers that are numbers stay text, quotes are letters in TSV and quotes in CSV."""
    (tmp_path / "p.tsv").write_bytes(b'left\tright\n007\t5"-x\n')
    (tmp_path / "p.csv").write_bytes(b'left,right\n007,"a, b"\n')
    assert [part.rows() for part in PairFile.find(tmp_path / "p.tsv").parts()] == [[("007", '5"-x')]]
    assert [part.rows() for part in PairFile.find(tmp_path / "p.csv").parts()] == [[("007", "a, b")]]


@pytest.mark.parametrize("content", [b"", b"left\tright\na\tb\tc\n", b"left\tother\na\tb\n", b"left\tright\na\t\n"])
def test_a_file_that_is_no_table_of_pairs_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, ragged, without a column, with an empty cell."""
    (tmp_path / "pairs.tsv").write_bytes(content)
    with pytest.raises(BadTable, match=r"pairs\.tsv cannot be read as a tab-separated table|the pairs"):
        list(PairFile.find(tmp_path / "pairs.tsv").parts())
    (tmp_path / "pairs.parquet").write_bytes(content)
    with pytest.raises(BadTable, match=r"pairs\.parquet cannot be read as Parquet"):
        list(PairFile.find(tmp_path / "pairs.parquet").parts())
    with pytest.raises(NotThere, match=r"there is no file .*nope\.tsv with pairs"):
        PairFile.find(tmp_path / "nope.tsv")


def test_all_curies_are_read_at_once_where_many_are_asked_for(space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers, whether queries are looked up together or one by one."""
    queries = [*space.names.curies(), "MONDO:0005068", "rs1", "a sore muscle"]
    pairs = pl.DataFrame({"left": queries, "right": queries[::-1]})
    one_by_one = space.relatedness_of_pairs(pairs)
    monkeypatch.setattr(pairs_module, "WORTH_ALL_CURIES", 3)
    assert space.relatedness_of_pairs(pairs).equals(one_by_one)


@given(st.integers(0, 2000), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_cosines_of_many_pairs_are_those_of_a_loop(n: int, n_vectors: int, seed: int) -> None:
    """Whatever the number of blocks, by one thread or several."""
    generator = np.random.default_rng(seed)
    vectors, pairs = unit(generator.normal(size=(n_vectors, 5))), generator.integers(0, n_vectors, (n, 2))
    expected = [float(np.clip(sum(float(x) * float(y) for x, y in zip(vectors[a], vectors[b], strict=True)), -1, 1)) for a, b in pairs.tolist()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cosines, "WORTH_THREADS", 600)
        patch.setattr(cosines, "BLOCK", 7)
        assert cosines.cosines_of_pairs(vectors, pairs).tolist() == pytest.approx(expected, abs=1e-6)


def test_rows_outside_the_space_are_refused(space: EmbeddingSpace) -> None:
    """simvastatin–SLCO1B1 by rows is 16/17; there is no row 12, and -1 is not the last one."""
    assert space.cosines(np.array([5]), np.array([2])).tolist() == pytest.approx([16 / 17])
    assert space.cosines(np.array([], int), np.array([], int)).tolist() == []
    for row in (12, -1):
        with pytest.raises(ValueError, match="the space has rows 0 to 11"):
            space.cosines(np.array([0]), np.array([row]))


def test_empty_ends_are_found_by_their_lines(space: EmbeddingSpace, tmp_path: Path) -> None:
    """The header is line 1; at most five are named; a folder is no file."""
    path = tmp_path / "pairs.tsv"
    path.write_text("left\tright\nCAT\tCAT\nCAT\t\n" + "\tCAT\n" * 6)
    with pytest.raises(BadTable, match=r"empty left or right: .*pairs\.tsv, line 3; .*line 4; .*line 7; and 2 more$"):
        list(PairFile.find(path).parts())
    with pytest.raises(NotThere, match="is a folder"):
        PairFile.find(tmp_path)
