"""Where generel keeps its files."""

from pathlib import Path

import platformdirs
import pytest

from generel.concepts.home import Home


def test_the_home_is_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`GENEREL_HOME` decides, and nothing is created by asking."""
    monkeypatch.setenv("GENEREL_HOME", str(tmp_path / "home"))
    home = Home.from_environment()
    rooms = [home.cache, home.builds, home.runs, home.spaces]
    assert rooms == [tmp_path / "home" / name for name in ("cache", "builds", "runs", "spaces")]
    assert not (tmp_path / "home").exists()


def test_a_tilde_is_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As a shell would have it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GENEREL_HOME", "~/generel")
    assert Home.from_environment().root == tmp_path / "generel"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_platforms_folder_is_taken(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as none, or files would land in the working directory."""
    if value is None:
        monkeypatch.delenv("GENEREL_HOME", raising=False)
    else:
        monkeypatch.setenv("GENEREL_HOME", value)
    assert Home.from_environment().root == Path(platformdirs.user_data_dir("generel"))
