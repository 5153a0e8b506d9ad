"""Features are computed once for every distinct string, and found again in any order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.errors import Corrupt
from generel.concepts.progress import SILENT, Progress
from generel.model import feature_cache
from generel.model.encoder import TextEncoder
from generel.model.feature_cache import FeatureCache, text_key


class CountingEncoder:
    """Encodes a text as its length and its first letter, and remembers every text it was asked for."""

    digest = "counting"
    dims = 2

    def __init__(self, fail_at: int = 10**9) -> None:
        self.asked: list[list[str]] = []
        self.fail_at = fail_at

    def encode(self, texts: Sequence[str], *, progress: Progress = SILENT) -> np.ndarray:
        if len(self.asked) == self.fail_at:
            raise KeyboardInterrupt
        self.asked.append(list(texts))
        return np.array([vector_of(text) for text in texts], dtype=np.float32)


def vector_of(text: str) -> tuple[float, float]:
    """What the counting encoder gives."""
    return float(len(text)), float(ord(text[0]) % 1000 if text else 0)


def segments(folder: Path) -> list[Path]:
    """All files of a cache."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_second_call_encodes_nothing(tmp_path: Path) -> None:
    """The features are on disk, for this cache and for the next one opened there."""
    first, second = CountingEncoder(), CountingEncoder()
    vectors = FeatureCache(tmp_path, first).features(["heart", "liver"])
    again = FeatureCache(tmp_path, second).features(["heart", "liver"])
    assert first.asked == [["heart", "liver"]]
    assert second.asked == []
    assert vectors.dtype == np.float16
    assert vectors.tolist() == again.tolist() == [list(vector_of("heart")), list(vector_of("liver"))]


def test_only_new_texts_are_encoded_and_each_once(tmp_path: Path) -> None:
    """Duplicates in a call and texts of earlier calls cost nothing."""
    encoder = CountingEncoder()
    cache = FeatureCache(tmp_path, encoder)
    cache.features(["b", "a", "b"])
    cache.features(["c", "a", "c", "dd"])
    assert encoder.asked == [["b", "a"], ["c", "dd"]]
    assert cache.features(["dd", "a", "dd", "b"]).tolist() == [[2, 100], [1, 97], [2, 100], [1, 98]]


@settings(max_examples=25, deadline=None)
@given(calls=st.lists(st.lists(st.text(max_size=5), max_size=12), max_size=4))
def test_any_order_and_repetition_gives_each_text_its_own_vector(calls: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rows come in the order of the texts, whatever was cached before."""
    encoder = CountingEncoder()
    cache = FeatureCache(tmp_path_factory.mktemp("cache"), encoder)
    for texts in calls:
        expected = np.array([vector_of(text) for text in texts], dtype=np.float16).reshape(-1, 2)
        np.testing.assert_array_equal(cache.features(texts), expected)
    asked = [text for texts in encoder.asked for text in texts]
    assert sorted(asked) == sorted({text for texts in calls for text in texts})


def test_two_encoders_do_not_share_features(tmp_path: Path) -> None:
    """The digest of the encoder is the folder's name."""
    one, other = CountingEncoder(), CountingEncoder()
    other.digest = "other"
    FeatureCache(tmp_path, one).features(["heart"])
    FeatureCache(tmp_path, other).features(["heart"])
    assert other.asked == [["heart"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counting", "other"]


def test_an_interrupted_run_keeps_the_segments_it_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the third segment loses the third alone."""
    monkeypatch.setattr(feature_cache, "TEXTS_A_SEGMENT", 2)
    texts = ["a", "b", "c", "d", "e"]
    with pytest.raises(KeyboardInterrupt):
        FeatureCache(tmp_path, CountingEncoder(fail_at=2)).features(texts)
    assert len(segments(tmp_path)) == 2
    resumed = CountingEncoder()
    assert FeatureCache(tmp_path, resumed).features(texts)[:, 1].tolist() == [97, 98, 99, 100, 101]
    assert resumed.asked == [["e"]]


@pytest.mark.parametrize("keep", [0, 5, -3])
def test_a_damaged_segment_is_named_and_can_be_deleted(tmp_path: Path, keep: int) -> None:
    """The message names the file and the way out, and the way out works."""
    encoder = CountingEncoder()
    cache = FeatureCache(tmp_path, encoder)
    cache.features(["heart"])
    (segment,) = segments(tmp_path)
    segment.write_bytes(segment.read_bytes()[:keep])
    with pytest.raises(Corrupt, match=f"{segment.name} cannot be read .*; delete it and its texts are encoded again"):
        cache.features(["heart"])
    segment.unlink()
    assert cache.features(["heart"]).tolist() == [[5, 104]]
    assert encoder.asked == [["heart"], ["heart"]]


def test_half_written_segments_of_a_killed_run_are_not_read(tmp_path: Path) -> None:
    """They bear a hidden name until they are whole."""
    cache = FeatureCache(tmp_path, CountingEncoder())
    cache.features(["heart"])
    (segment,) = segments(tmp_path)
    segment.with_name(f".{segment.name}.99.part").write_bytes(b"half")
    assert cache.features(["heart"]).tolist() == [[5, 104]]


def test_a_key_is_fixed_for_ever() -> None:
    """Caches outlive versions: the same text has to be found again."""
    assert text_key("heart attack").hex() == "f855aa97b71a5f78b314fd60fedd8779"
    assert len(text_key("")) == 16


def test_a_real_encoder_gives_its_own_vectors(encoder: TextEncoder, tmp_path: Path) -> None:
    """To the precision of float16."""
    texts = ["heart attack", "warfarin"]
    np.testing.assert_allclose(FeatureCache(tmp_path, encoder).features(texts), encoder.encode(texts), atol=1e-3)
