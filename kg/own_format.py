"""What a format of the user's own files is: the record that each such reader exports and `kg.own_data` lists.

It stands apart from that list so that the readers can import it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kg.harvest import Harvest
from kg.sources.record import Source

# The settings that an entry of any format takes.
COMMON: Mapping[str, type] = {
    "name": str, "format": str, "license": str, "title": str, "version": str, "citation": str, "homepage": str, "synthetic": bool,
}


@dataclass(frozen=True)
class Format:
    """A format of files that users have.

    Attributes:
        read: the reader, as in `Source`.
        gives: names of the tables it fills.
        files: settings that are paths and have to be given.
        more_files: settings that are paths and may be given.
        settings: other settings by name, with their TOML type; the reader finds them in `source.parameters`.
        required: those of `settings` that have to be given.
    """

    read: Callable[[Mapping[str, Path], Source], Harvest]
    gives: tuple[str, ...]
    files: tuple[str, ...] = ("file",)
    more_files: tuple[str, ...] = ()
    settings: Mapping[str, type] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def types(self) -> dict[str, type]:
        """All settings of an `[[own]]` entry of this format."""
        return {**COMMON, **dict.fromkeys([*self.files, *self.more_files], str), **self.settings}
