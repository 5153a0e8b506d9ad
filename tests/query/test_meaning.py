"""Finding by meaning, and saying that a text means nothing that is known."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from generel.concepts.errors import MissingExtra
from generel.index.space_folder import INDEX
from generel.query import meaning
from generel.query.meaning import FLOOR_FILE, match_by_meaning, nonsense, read_floor
from generel.query.space import EmbeddingSpace
from tests.worlds import unit, write_world


class HeartOrNothing:
    """Texts about hearts point at the heart; all others at (0, 1, -1), from which (0, 3, -1) is nearest: cosine 4/√20 = .89."""

    def __init__(self) -> None:
        self.n_asked = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), 3) float32, unit norm."""
        self.n_asked += len(texts)
        return unit([(1, 0, 0) if "heart" in text else (0, 1, -1) for text in texts])


@pytest.fixture
def hearts(world_folder: Path) -> Iterator[EmbeddingSpace]:
    """The world with that embedder."""
    with EmbeddingSpace.open(world_folder, embedder=HeartOrNothing()) as opened:
        yield opened


def found(space: EmbeddingSpace, text: str, k: int = 3, by_meaning: bool | None = None) -> list[tuple[str, str]]:
    """(CURIE, how) of each match."""
    return [(match.concept.curie, match.how) for match in space.lookup(text, k, by_meaning=by_meaning)]


def test_a_text_like_no_name_is_found_by_meaning(hearts: EmbeddingSpace) -> None:
    """'broken hearted' is no name: its nearest concepts are the two infarctions and warfarin, with cosines above nonsense's .89."""
    matches = hearts.lookup("broken hearted", 3)
    assert [(match.concept.curie, match.how) for match in matches] == [("hp:0001658", "meaning"), ("mondo:0005068", "meaning"), ("chebi:10033", "meaning")]
    assert [match.score for match in matches] == pytest.approx([1.0, 4 / 17**0.5, 3 / 10**0.5])
    assert hearts.text_floor == pytest.approx(4 / 20**0.5)


def test_what_is_as_near_as_nonsense_is_not_found(hearts: EmbeddingSpace) -> None:
    """Unless meaning is asked for: then the nearest come, whatever they are worth."""
    assert found(hearts, "zzzz qqqq") == []
    assert found(hearts, "zzzz qqqq", 1, by_meaning=True) == [("hp:0003326", "meaning")]
    assert found(hearts, "--", by_meaning=True) == []
    assert found(hearts, "broken hearted", by_meaning=False) == []


def test_clear_names_and_identifiers_are_not_embedded(hearts: EmbeddingSpace) -> None:
    """A name, its beginning, a typing error and an identifier are answered without the encoder."""
    for text in ("heart attack", "heart", "warfrin", "rs41", "mondo:0000001", "MODNO:0000001"):
        assert all(how != "meaning" for _, how in found(hearts, text))
    assert hearts._embedder.n_asked == 0  # type: ignore[attr-defined]


def test_meaning_leaves_room_to_names(hearts: EmbeddingSpace) -> None:
    """Names first, then what else is near, no concept twice."""
    assert found(hearts, "heart attack", 4, by_meaning=True) == [
        ("mondo:0005068", "synonym"), ("hp:0001658", "synonym"), ("chebi:10033", "meaning"), ("dbsnp:rs7903146", "meaning"),
    ]
    assert [how for _, how in found(hearts, "heart", 1, by_meaning=True)] == ["prefix"]


def test_kinds_limit_meanings(hearts: EmbeddingSpace) -> None:
    """Only drugs, and none that points the other way."""
    assert [match.concept.name for match in match_by_meaning(hearts, "heart", 2, kinds=["drug"])] == ["warfarin", "atorvastatin"]
    assert match_by_meaning(hearts, "zzz", 5, kinds=["pathway"]) == []
    assert all(match.score > 0 for match in match_by_meaning(hearts, "zzz", 12))


def test_nonsense_is_the_same_everywhere() -> None:
    """24 texts of one or two words of three to nine letters."""
    texts = nonsense()
    assert texts == nonsense()
    assert len(set(texts)) == 24
    assert {len(text.split()) for text in texts} == {1, 2}
    assert all(3 <= len(word) <= 9 for text in texts for word in text.split())


def test_the_floor_is_measured_once_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept in the index, made again where it is damaged or of another space, and not needed to be written."""
    folder = write_world(tmp_path / "world")
    embedder = HeartOrNothing()
    monkeypatch.setattr("generel.query.space.open_embedder", lambda folder: embedder)
    path = folder / INDEX / FLOOR_FILE
    for content in (None, "no JSON", '{"space": "another", "cosine": 0.1}', "[]"):
        if content is not None:
            path.write_text(content)
        with EmbeddingSpace.open(folder) as space:
            assert read_floor(space) == pytest.approx(4 / 20**0.5)
        assert json.loads(path.read_text())["cosine"] == pytest.approx(4 / 20**0.5)
    asked = embedder.n_asked
    with EmbeddingSpace.open(folder) as space:
        assert space.text_floor == pytest.approx(4 / 20**0.5)
    assert embedder.n_asked == asked == 4 * 24
    path.unlink()

    def refuse(path: Path) -> None:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(meaning, "write_beside", refuse)
    with EmbeddingSpace.open(folder) as space:
        assert space.text_floor == pytest.approx(4 / 20**0.5)


def test_without_an_encoder_names_answer_alone(world_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world's encoder folder holds none; where one is and its libraries are not, only who asks for meaning hears of it."""
    with EmbeddingSpace.open(world_folder) as space:
        assert not space.can_embed
        assert found(space, "broken hearted") == []

    def refuse(folder: Path) -> None:
        raise MissingExtra("torch", "text", "embedding free text")

    monkeypatch.setattr("generel.query.space.open_embedder", refuse)
    monkeypatch.setattr(EmbeddingSpace, "can_embed", True)
    with EmbeddingSpace.open(world_folder) as space:
        assert found(space, "broken hearted") == []
        with pytest.raises(MissingExtra):
            space.lookup("broken hearted", by_meaning=True)


def test_what_the_release_measured_is_taken(tmp_path: Path) -> None:
    """Nothing is embedded for it, and nothing is written."""
    folder = write_world(tmp_path / "world", text_floor=0.25)
    with EmbeddingSpace.open(folder) as space:
        assert space.text_floor == 0.25
    assert not (folder / INDEX / FLOOR_FILE).exists()
