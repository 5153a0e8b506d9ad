"""The file of weights: what is written is read, and what is not such a file is refused."""

from pathlib import Path

import pytest

from generel.concepts.errors import Corrupt
from generel.index.rankings_file import FEATURES, Rankings, Weighing, read_rankings, write_rankings

TIED = Weighing({"treats": {"drug": (5.25, 0.0, 1.0, 0.5, 2.0, 0.25), "disease": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)}}, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
RANKINGS = Rankings(TIED, Weighing({"treats": {"drug": (7.0, 0.0, 2.0, 0.0, 0.0, 0.5)}}, (3.0, 3.0, 3.0, 0.0, 0.0, 3.0)))


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    """By relation and asking kind, those of all others where neither was learned."""
    write_rankings(tmp_path / "rankings.json", RANKINGS)
    read = read_rankings(tmp_path / "rankings.json")
    assert read == RANKINGS
    assert read.weights("treats", asking="disease", is_new=False).tolist() == [1, 2, 3, 4, 5, 6]
    others = [read.weights(relation, asking=kind, is_new=False).tolist() for relation, kind in (("treats", "gene"), ("targets", "drug"))]
    assert others == [[1] * len(FEATURES)] * 2
    assert read.weights("treats", asking="drug", is_new=True).tolist() == [7, 0, 2, 0, 0, 0.5]
    assert read.weights("treats", asking="disease", is_new=True).tolist() == [3, 3, 3, 0, 0, 3]


def test_a_release_from_before_degrees_counted_has_no_weight_for_them(tmp_path: Path) -> None:
    """Its answers keep their order."""
    older = '{"cosine": 1, "popularity": 2, "vote": 3, "sharing": 4, "likeness": 5}'
    (tmp_path / "rankings.json").write_text(f'{{"tied": {{"others": {older}, "relations": {{}}}}, "new": {{"others": {older}, "relations": {{}}}}}}')
    read = read_rankings(tmp_path / "rankings.json")
    assert read is not None and read.weights("treats", asking="drug", is_new=False).tolist() == [1, 2, 3, 4, 5, 0]


def test_a_space_may_be_without(tmp_path: Path) -> None:
    """No file, no weights."""
    assert read_rankings(tmp_path / "rankings.json") is None


@pytest.mark.parametrize("text", ["", "[]", '{"tied": {}}', '{"tied": {"others": {"cosine": 1}, "relations": {}}, "new": {}}', '{"tied": {"relations": 3, "others": {}}}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    """With the way out."""
    (tmp_path / "rankings.json").write_text(text)
    with pytest.raises(Corrupt, match="release the space again"):
        read_rankings(tmp_path / "rankings.json")
