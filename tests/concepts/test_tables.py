"""Tables are checked when written, stamped, and refused when they are not what they should be."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.errors import BadTable, Corrupt, NotThere
from generel.concepts.tables import (
    ASSOCIATIONS,
    CONCEPTS,
    RELATIONS,
    SPLIT_CONCEPTS,
    SPLIT_RELATIONS,
    STAMP,
    TABLES,
    Table,
    check,
    read_table,
    write_table,
)

FOUR = pl.DataFrame(
    {
        "subject": ["chebi:10033", "hgnc:613", "chebi:10033", "hgnc:2623"],
        "predicate": ["treats", "gene_of_disease", "targets", "affects_dosage"],
        "object": ["mondo:0005068", "mondo:0004975", "hgnc:23663", "chebi:10033"],
        "part": ["train", "test", "train", "cold"],
        "weight": [0.5, 1.0, 0.25, 1.0],
    }
)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_schema_names_its_key_and_nullable_columns(table: Table) -> None:
    """Keys and nullable columns are columns, no key may be empty, and key columns come first."""
    assert table.key
    assert set(table.key) | table.nullable <= set(table.columns)
    assert not set(table.key) & table.nullable
    assert TABLES[table.name] is table
    assert table.stamp == f"{table.name}/{table.version}"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_an_empty_table_can_be_written_and_read(table: Table, tmp_path: Path) -> None:
    """A source without rows of a table still gives the table."""
    write_table(table.empty(), table, tmp_path / "empty.parquet")
    assert read_table(tmp_path / "empty.parquet", table).equals(table.empty())


def test_a_checked_frame_has_the_tables_columns_in_order_sorted_by_key() -> None:
    """Columns are put in order and cast, other columns left out, and rows sorted."""
    given = FOUR.select("weight", "part", "object", "predicate", "subject", pl.lit(1).alias("more")).with_columns(pl.col("weight").cast(pl.Float32))
    checked = check(given, SPLIT_RELATIONS)
    assert checked.schema == SPLIT_RELATIONS.columns
    assert checked["subject"].to_list() == ["chebi:10033", "chebi:10033", "hgnc:2623", "hgnc:613"]
    assert checked["predicate"].to_list() == ["targets", "treats", "affects_dosage", "gene_of_disease"]
    assert checked["weight"].to_list() == [0.25, 0.5, 1.0, 1.0]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """A missing column, two of the wrong type, empty values and a repeated key stand in one message."""
    wrong = pl.DataFrame(
        {
            "variant": ["dbsnp:rs1", "dbsnp:rs1", "dbsnp:rs1"], "trait": ["mondo:0005148"] * 3, "study": ["a", "a", None], "effect_allele": ["T"] * 3,
            "other_allele": [None, "C", "C"], "beta": ["0.1", "much", "0.3"], "effect_unit": ["SD"] * 3, "standard_error": [0.1] * 3,
            "neg_log10_p": [8.0] * 3, "effect_allele_frequency": [0.3] * 3, "n": [10.5, 1.0, 2.0], "date": [None] * 3, "build": ["GRCh38"] * 3,
            "flags": [["PALINDROMIC"]] * 3, "source": ["s"] * 3, "source_version": ["1"] * 3,
        }
    )
    with pytest.raises(BadTable) as caught:
        check(wrong, ASSOCIATIONS)
    message = str(caught.value)
    assert message.startswith("ASSOCIATIONS cannot be taken: the columns ancestry, license are missing (it has variant, trait, study,")
    assert "'beta' is of the wrong type: " in message
    assert '"much"' in message
    assert "'n' is of the wrong type: whole numbers belong there, and some have a fraction" in message
    assert "1 empty values in 'study'" in message
    assert "1 keys (variant, trait, study, effect_allele) that occur more than once, such as dbsnp:rs1 | mondo:0005148 | a | T" in message
    assert "'other_allele'" not in message


def test_the_first_five_repeated_keys_are_named_and_all_are_counted() -> None:
    """A table with many repeated keys gives a message that can be read."""
    rows = pl.DataFrame({"curie": [f"hgnc:{n}" for n in (*range(1, 8), *range(1, 8))], "kind": "gene", "part": "train"})
    with pytest.raises(BadTable, match=r"7 keys \(curie\) that occur more than once, such as hgnc:1; hgnc:2; hgnc:3; hgnc:4; hgnc:5$"):
        check(rows, SPLIT_CONCEPTS)


def test_whole_numbers_in_a_float_column_are_taken() -> None:
    """Readers meet counts as floats where a column had gaps; those without a fraction are counts."""
    rows = pl.DataFrame({"source": ["s"], "table": ["t"], "key": ["k"], "reason": ["r"], "n": [3.0]})
    assert check(rows, TABLES["SET_ASIDE"])["n"].to_list() == [3]


words = st.text(st.sampled_from("abcäé ,\t|'\""), max_size=4)
concept_rows = st.lists(
    st.tuples(st.integers(1, 99), words, words, st.lists(words, max_size=3), st.none() | words, st.sampled_from("xy")), unique_by=lambda row: (row[0], row[5])
)


@settings(max_examples=25, deadline=None)
@given(rows=concept_rows)
def test_what_is_written_is_read_back(rows: list[tuple[int, str, str, list[str], str | None, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any texts, lists and empty definitions survive, sorted by key."""
    frame = pl.DataFrame(
        [(f"hgnc:{n}", kind, name, synonyms, definition, source, "1") for n, kind, name, synonyms, definition, source in rows],
        schema=CONCEPTS.columns, orient="row",
    )
    path = tmp_path_factory.mktemp("tables") / "concepts.parquet"
    write_table(frame, CONCEPTS, path)
    assert read_table(path, CONCEPTS).equals(frame.sort("curie", "source"))


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(4)), cut=st.integers(0, 4))
def test_equal_frames_give_equal_bytes(order: list[int], cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither the order of rows and columns, nor how a frame was put together, shows in the file."""
    folder = tmp_path_factory.mktemp("tables")
    write_table(FOUR, SPLIT_RELATIONS, folder / "a.parquet")
    again = FOUR[order].select(reversed(FOUR.columns))
    write_table(pl.concat([again[:cut], again[cut:]], rechunk=False), SPLIT_RELATIONS, folder / "b.parquet")
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """Columns may have changed their meaning: the message names both stamps and the way out."""
    path = tmp_path / "relations.parquet"
    check(FOUR, SPLIT_RELATIONS).write_parquet(path, metadata={STAMP: "SPLIT_RELATIONS/0"})
    with pytest.raises(BadTable, match=r"relations\.parquet is stamped 'SPLIT_RELATIONS/0', not 'SPLIT_RELATIONS/1'; .*build it again"):
        read_table(path, SPLIT_RELATIONS)


def test_a_file_of_another_table_is_refused(tmp_path: Path) -> None:
    """One table cannot be read as another, nor a Parquet file from elsewhere as either."""
    path = tmp_path / "relations.parquet"
    write_table(FOUR, SPLIT_RELATIONS, path)
    with pytest.raises(BadTable, match="is stamped 'SPLIT_RELATIONS/1', not 'RELATIONS/1'"):
        read_table(path, RELATIONS)
    FOUR.write_parquet(path)
    with pytest.raises(BadTable, match="is stamped None, not"):
        read_table(path, SPLIT_RELATIONS)


def test_a_file_cut_anywhere_is_corrupt(tmp_path: Path) -> None:
    """Every shorter length is noticed, and the message names the file."""
    path = tmp_path / "relations.parquet"
    write_table(FOUR, SPLIT_RELATIONS, path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(Corrupt, match=r"relations\.parquet cannot be read as the table SPLIT_RELATIONS \(.*\); build it again"):
            read_table(path, SPLIT_RELATIONS)


def test_a_missing_file_says_what_should_be_there(tmp_path: Path) -> None:
    """Not a bad table: none."""
    with pytest.raises(NotThere, match=r"none\.parquet is not there; it should hold the table CONCEPTS"):
        read_table(tmp_path / "none.parquet", CONCEPTS)


def test_a_refused_frame_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    """Checking comes before writing."""
    path = tmp_path / "relations.parquet"
    write_table(FOUR, SPLIT_RELATIONS, path)
    with pytest.raises(BadTable):
        write_table(pl.concat([FOUR, FOUR]), SPLIT_RELATIONS, path)
    assert read_table(path, SPLIT_RELATIONS).height == 4
    assert [each.name for each in tmp_path.iterdir()] == ["relations.parquet"]
