"""Names to concepts on the world of twelve, and on what a typing error does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import Corrupt, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.tables import CALIBRATION, MERGES, SPACE_CONCEPTS
from generel.index.names import NamesIndex
from generel.index.names_build import build_names, measure_ties
from tests.worlds import ALIASES, CONCEPTS, world_concepts, world_relations

CALIBRATED = pl.DataFrame(
    [("drug", "gene", quantile, cosine, 9) for quantile, cosine in ((0.0, -0.5), (0.5, 0.1), (1.0, 0.75))],
    schema=CALIBRATION.columns, orient="row",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NamesIndex]:
    """The names of the world."""
    path = tmp_path_factory.mktemp("names") / "names.sqlite"
    aliases = pl.DataFrame(ALIASES, schema=MERGES.columns, orient="row")
    build_names(path, concepts=world_concepts(), aliases=aliases, calibration=CALIBRATED, made_from={"concepts.parquet": "d1"})
    index = NamesIndex(path)
    yield index
    index.close()


def hits(found: list) -> list[tuple[str, str, str]]:
    """(name, text, how) of each hit."""
    return [(hit.concept.name, hit.text, hit.how) for hit in found]


def test_concepts_come_back_by_row_in_any_order(names: NamesIndex) -> None:
    """Rows as asked, with everything a record needs."""
    found = names.concepts([7, 0, 7])
    assert [concept.name for concept in found] == ["warfarin", "rs4149056", "warfarin"]
    assert found[0] == (7, "chebi:10033", "drug", "warfarin", 1)
    assert names.curies() == [curie for curie, *_ in CONCEPTS]
    assert [KINDS[code] for code in names.kinds] == [kind for _, kind, *_ in CONCEPTS]


def test_identifiers_are_found_exactly(names: NamesIndex) -> None:
    """A CURIE names one concept, an alias one a kind; aliases of concepts outside the space are not there."""
    assert names.by_curie("hgnc:10959") == (2, "hgnc:10959", "gene", "SLCO1B1", 2)
    assert names.by_curie("hgnc:1095") is None
    assert [concept.curie for concept in names.by_alias("omim:604843")] == ["hgnc:10959", "mondo:0007254"]
    assert names.by_alias("ncbigene:999999") == []


def test_exact_names_stand_before_synonyms(names: NamesIndex) -> None:
    """'heart attack' is a synonym of two; the one spelled so comes first. 'Myocardial infarction' is the name of both."""
    assert hits(names.named("heart attack")) == [
        ("myocardial infarction", "heart attack", "synonym"), ("Myocardial infarction", "Heart attack", "synonym"),
    ]
    assert hits(names.named("Heart attack"))[0][1] == "Heart attack"
    assert [text for _, text, _ in hits(names.named("MYOCARDIAL-INFARCTION"))] == ["myocardial infarction", "Myocardial infarction"]
    assert names.named("heart") == []


def test_beginnings_are_found_shortest_name_first(names: NamesIndex) -> None:
    """One hit a concept; the name itself is no prefix of itself."""
    assert hits(names.starting("my", 5)) == [
        ("Myalgia", "Myalgia", "prefix"), ("myocardial infarction", "myocardial infarction", "prefix"),
        ("Myocardial infarction", "Myocardial infarction", "prefix"),
    ]
    assert hits(names.starting("my", 5, kinds=["disease"])) == [("myocardial infarction", "myocardial infarction", "prefix")]
    assert names.starting("warfarin", 5) == []
    assert names.starting("my", 1)[0].score == pytest.approx(2 / 7)
    assert hits(names.starting("rs4", 5)) == [("rs4149056", "rs4149056", "prefix")]


@pytest.mark.parametrize(
    ("typed", "name"),
    [("warfrin", "warfarin"), ("simvastatine", "simvastatin"), ("hart atack", "myocardial infarction"), ("BRAC1", "BRCA1"), ("cancer breast", "breast cancer"), ("infarction", "myocardial infarction")],
)
def test_misspelled_names_are_found(names: NamesIndex, typed: str, name: str) -> None:
    """A letter missing, added or moved, words in another order, and one word of a longer name."""
    found = names.resembling(typed, 3)
    assert (found[0].concept.name, found[0].how) == (name, "fuzzy")
    assert 0.7 <= found[0].score <= 1


@given(st.sampled_from([name for _, kind, name, *_ in CONCEPTS if kind != "variant" and len(name) > 6]), st.data())
def test_any_one_missing_letter_is_forgiven(names: NamesIndex, name: str, data: st.DataObject) -> None:
    """Leave any letter out of a name of seven letters or more, and the name is the first fuzzy hit."""
    at = data.draw(st.integers(0, len(name) - 1))
    found = names.resembling(name[:at] + name[at + 1 :], 1)
    assert found[0].concept.name.lower() == name.lower()


def test_what_resembles_nothing_finds_nothing(names: NamesIndex) -> None:
    """Neither does an empty text."""
    assert names.resembling("qqqqqq", 5) == []
    assert names.resembling("--", 5) == []
    assert names.starting("--", 5) == []


def test_fuzzy_hits_keep_to_the_kinds(names: NamesIndex) -> None:
    """Of two concepts with one name only the phenotype is wanted."""
    assert [hit.concept.curie for hit in names.resembling("myocardal infarction", 5, kinds=["phenotype"])] == ["hp:0001658"]


def test_variants_are_not_found_by_similar_digits(names: NamesIndex) -> None:
    """rs4149065 is another variant, not a misspelled rs4149056; only `near_curies` names it."""
    assert names.resembling("rs4149065", 5) == []
    assert [concept.curie for concept in names.near_curies("dbsnp:rs4149065", k=1)] == ["dbsnp:rs4149056"]
    assert names.near_curies("go:0000001") == []


def test_calibration_is_read_back(names: NamesIndex) -> None:
    """Quantiles, cosines and the number of pairs; None for kinds that were not calibrated."""
    found = names.calibration("drug", "gene")
    assert found is not None
    assert (found[0].tolist(), found[1].tolist(), found[2]) == ([0.0, 0.5, 1.0], [-0.5, 0.1, 0.75], 9)
    assert names.calibration("gene", "drug") is None


def test_a_name_without_letters_is_not_indexed(tmp_path: Path) -> None:
    """A gene called '-' cannot be asked for by name and finds nothing else; a synonym equal to the name counts once."""
    rows = [(0, "hgnc:1", "gene", "-", ["A-B", "a b"], None, "x", 0), (1, "hgnc:2", "gene", "A B", ["a-b"], None, "x", 0)]
    concepts = pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row")
    build_names(tmp_path / "n", concepts=concepts, aliases=MERGES.empty(), calibration=CALIBRATION.empty(), made_from={})
    assert hits(NamesIndex(tmp_path / "n").named("a b")) == [("A B", "A B", "name"), ("-", "A-B", "synonym")]


def test_a_missing_or_broken_file_says_how_to_mend_it(tmp_path: Path) -> None:
    """Both point to `generel load`."""
    with pytest.raises(NotThere, match="run: generel load"):
        NamesIndex(tmp_path / "names.sqlite")
    (tmp_path / "names.sqlite").write_text("no database at all, but long enough to be looked at as one " * 20)
    with pytest.raises(Corrupt, match="run: generel load --force"):
        NamesIndex(tmp_path / "names.sqlite")



def test_what_is_related_is_found_from_both_ends(tmp_path: Path) -> None:
    """simvastatin (row 5) treats the infarction (8) by two sources, targets SLCO1B1 (2) and is affected by the variant (0)."""
    relations = world_relations().vstack(world_relations().head(1).with_columns(object=pl.lit("hgnc:1")))
    build_names(
        tmp_path / "n", concepts=world_concepts(), aliases=MERGES.empty(), calibration=CALIBRATION.empty(), made_from={}, relations=relations, ties_from="d",
    )
    names = NamesIndex(tmp_path / "n")
    assert names.ties_from == "d"
    assert names.ties(5).tolist() == [0, 2, 8]
    assert names.ties(8).tolist() == [5]
    assert names.ties(5, "treats").tolist() == [8]
    assert names.ties(0, "variant_of_gene").tolist() == [2]
    assert names.ties(0, "treats").tolist() == names.ties(7).tolist() == []
    assert [ties.tolist() for ties in names.ties_of([8, 7, 5])] == [[5], [], [0, 2, 8]]
    assert [ties.tolist() for ties in names.ties_of([5, 0], "treats")] == [[8], []]


def test_ties_that_many_have_are_short() -> None:
    """A tie to what m concepts are tied to weighs 1 / root of m: the hub 0 has ties to 1, 2 and 3, and 2 and 3 have one another, told twice."""
    left = np.array([0, 0, 0, 1, 2, 2, 2, 3, 3, 3], dtype=np.uint32)
    right = np.array([1, 2, 3, 0, 0, 3, 3, 0, 2, 2], dtype=np.uint32)
    norms = measure_ties(left, right, n=5)
    assert norms.tolist() == pytest.approx([(1 + 1 / 2 + 1 / 2) ** 0.5, (1 / 3) ** 0.5, (1 / 3 + 1 / 2) ** 0.5, (1 / 3 + 1 / 2) ** 0.5, 1])
