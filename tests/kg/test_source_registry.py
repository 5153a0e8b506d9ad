"""The registry: every source is complete and has its slice."""

import pytest
from source_slices import DATA

from generel.concepts.tables import TABLES
from kg.sources.record import Source
from kg.sources.registry import SOURCES


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_a_source_has_a_slice_and_says_where_it_is_from(source: Source) -> None:
    """Each source has a folder in tests/data with a README, and a license, citation, homepage and version."""
    assert (DATA / source.name / "README.md").read_text(encoding="utf-8").strip()
    assert source.version or source.version_of is not None or any(not file.sha256 for file in source.files)
    assert all((source.title, source.license, source.citation, source.homepage, source.files))
    assert set(source.gives) <= set(TABLES)
    assert set(source.expected) <= set(source.gives)
    assert len({file.name for file in source.files}) == len(source.files)


def test_names_are_the_keys() -> None:
    """A source is found under its own name."""
    assert all(name == source.name for name, source in SOURCES.items())
