"""All sources generel knows, by name. Adding one is a file beside this one, a line here, and a slice in tests/data."""

from kg.sources.record import Source

SOURCES: dict[str, Source] = {source.name: source for source in ()}
