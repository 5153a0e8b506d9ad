"""The fetching room: published files, by place, on this disk and checked."""

from kg.fetch.fetch import fetch_file, fetch_source
from kg.fetch.state import FileState, SourceState, source_state

__all__ = ["FileState", "SourceState", "fetch_file", "fetch_source", "source_state"]
