"""Which folder a name means."""

from pathlib import Path

import pytest

from generel.concepts.errors import NotThere
from generel.concepts.home import Home
from generel.query.find_space import find_space, list_spaces


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with the spaces 'starter' and 'other', a half-written one and a folder that is none."""
    for name in ("starter", "other", ".other.7.part"):
        (tmp_path / "spaces" / name).mkdir(parents=True)
        (tmp_path / "spaces" / name / "manifest.json").touch()
    (tmp_path / "spaces/empty").mkdir()
    monkeypatch.setenv("GENEREL_HOME", str(tmp_path))
    monkeypatch.delenv("GENEREL_SPACE", raising=False)
    return Home(tmp_path)


def test_a_name_is_looked_for_at_home(home: Home) -> None:
    """A name, else the variable, else 'starter'."""
    assert find_space("other") == home.spaces / "other"
    assert find_space() == home.spaces / "starter"


def test_the_variable_names_the_space(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """GENEREL_SPACE may be a name or a path; an option beats it; empty it says nothing."""
    monkeypatch.setenv("GENEREL_SPACE", "other")
    assert find_space() == home.spaces / "other"
    assert find_space("starter") == home.spaces / "starter"
    monkeypatch.setenv("GENEREL_SPACE", str(home.spaces / "starter"))
    assert find_space() == home.spaces / "starter"
    monkeypatch.setenv("GENEREL_SPACE", "")
    assert find_space() == home.spaces / "starter"


def test_a_path_is_taken_as_it_stands(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text with a separator, and every Path."""
    monkeypatch.chdir(home.spaces)
    assert find_space("./other") == Path("other")
    assert find_space(Path("other")) == Path("other")
    monkeypatch.chdir(home.spaces / "other")
    assert find_space(".") == Path()


def test_a_missing_space_names_those_that_there_are(home: Home) -> None:
    """Half-written folders and others are not among them."""
    with pytest.raises(NotThere, match=r"there is no space 'nope'; the spaces in .* are: other, starter"):
        find_space("nope")
    with pytest.raises(NotThere, match=r"no space at .*empty; the spaces"):
        find_space(home.spaces / "empty")
    assert list_spaces(home.spaces) == ["other", "starter"]


def test_without_any_space_the_way_to_one_is_said(tmp_path: Path) -> None:
    """A newcomer is sent to the quickstart."""
    with pytest.raises(NotThere, match="make one with: generel quickstart"):
        find_space("starter", home=Home(tmp_path))
