"""The progress that nobody watches."""

import pytest

from generel.concepts.progress import SILENT


def test_the_silent_progress_takes_everything_and_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Work can report without asking who listens, and an exception passes through."""
    with pytest.raises(ValueError, match="a fault"), SILENT.task("Encode", total=3.0) as advance:
        advance(1.0)
        SILENT.say("half way")
        raise ValueError("a fault")
    assert capsys.readouterr() == ("", "")
