"""The file of weights: what is written is read, and what is not such a file is refused."""

import json
from pathlib import Path

import pytest

from generel.concepts.errors import Corrupt
from generel.index.rankings_file import FEATURES, Rankings, Weighing, read_rankings, standing_of, write_rankings

TIED = Weighing({"treats": {"drug": (5.25, 0.0, 1.0, 0.5, 2.0, 0.25), "disease": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)}}, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
UNANSWERED = Weighing({"treats": {"drug": (4.0, 0.0, 1.0, 1.0, 0.0, 2.0)}}, (2.0, 2.0, 2.0, 2.0, 2.0, 2.0))
RANKINGS = Rankings(TIED, UNANSWERED, Weighing({"treats": {"drug": (7.0, 0.0, 2.0, 0.0, 0.0, 0.5)}}, (3.0, 3.0, 3.0, 0.0, 0.0, 3.0)))


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    """By relation and asking kind, those of all others where neither was learned."""
    write_rankings(tmp_path / "rankings.json", RANKINGS)
    read = read_rankings(tmp_path / "rankings.json")
    assert read == RANKINGS
    assert read.weights("treats", asking="disease", standing="tied").tolist() == [1, 2, 3, 4, 5, 6]
    others = [read.weights(relation, asking=kind, standing="tied").tolist() for relation, kind in (("treats", "gene"), ("targets", "drug"))]
    assert others == [[1] * len(FEATURES)] * 2
    assert read.weights("treats", asking="drug", standing="unanswered").tolist() == [4, 0, 1, 1, 0, 2]
    assert read.weights("treats", asking="drug", standing="new").tolist() == [7, 0, 2, 0, 0, 0.5]
    assert read.weights("treats", asking="disease", standing="new").tolist() == [3, 3, 3, 0, 0, 3]


def test_a_release_from_before_degrees_counted_ranks_as_it_did(tmp_path: Path) -> None:
    """It has no weight for them, and its queries without answers are weighed as those with."""
    older = {"others": {"cosine": 1, "popularity": 2, "vote": 3, "sharing": 4, "likeness": 5}, "relations": {}}
    (tmp_path / "rankings.json").write_text(json.dumps({"tied": older, "new": older}))
    read = read_rankings(tmp_path / "rankings.json")
    assert read is not None
    found = [read.weights("treats", asking="drug", standing=standing).tolist() for standing in ("tied", "unanswered", "new")]
    assert found == [[1, 2, 3, 4, 5, 0]] * 3


def test_a_space_may_be_without(tmp_path: Path) -> None:
    """No file, no weights."""
    assert read_rankings(tmp_path / "rankings.json") is None


@pytest.mark.parametrize("text", ["", "[]", '{"tied": {}}', '{"tied": {"others": {"cosine": 1}, "relations": {}}, "new": {}}', '{"tied": {"relations": 3, "others": {}}}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    """With the way out."""
    (tmp_path / "rankings.json").write_text(text)
    with pytest.raises(Corrupt, match="release the space again"):
        read_rankings(tmp_path / "rankings.json")


def test_a_query_stands_by_what_is_known_of_it() -> None:
    """Its answers, else its other ties, else nothing."""
    known = [(True, True), (True, False), (False, False)]
    assert [standing_of(has_ties=ties, has_answers=answers) for ties, answers in known] == ["tied", "unanswered", "new"]
