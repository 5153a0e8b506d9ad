"""What a source is: a published file set at one version, its license, and the reader that understands it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kg.harvest import Harvest


@dataclass(frozen=True)
class File:
    """One file of a source.

    Attributes:
        name: what the reader calls it.
        place: `https://…`, `pypi:NAME==VERSION#path/inside`, or a local path (a folder's ends with '/').
        sha256: of the file itself (of the archive for `pypi:`); empty where the first fetch records it in the lock file.
        local: where the file lies below a folder given with `--data`; empty if it is not looked for there.
        optional: whether the reader can do without it.
    """

    name: str
    place: str
    sha256: str = ""
    local: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Source:
    """One source; `read` takes the paths of its files by name and the source itself.

    Attributes:
        name: the word in the `source` column, options and lock file.
        title: what it is, for people.
        version: the provider's release, or its date; empty where the place holds whatever is newest, and `version_of` or the files'
            hash says which it is.
        license: SPDX identifier where there is one, else a short text.
        row_licenses: those of its rows, where they have their own; empty where all are under `license`.
        citation: how its makers ask to be cited.
        homepage: where a person reads about it.
        files: what it consists of.
        gives: names of the tables it fills.
        expected: lowest number of rows by table that a whole read gives; a read below it is refused as cut short.
        read: the reader; it is given the record with its version filled in.
        synthetic: whether its patients are made up; answers say so.
        parameters: constants that the reader needs and the files do not say.
        version_of: what release the files themselves say they are; None where they do not.
    """

    name: str
    title: str
    version: str
    license: str
    citation: str
    homepage: str
    files: tuple[File, ...]
    gives: tuple[str, ...]
    read: Callable[[Mapping[str, Path], "Source"], Harvest]
    expected: Mapping[str, int] = field(default_factory=dict)
    synthetic: bool = False
    parameters: Mapping[str, object] = field(default_factory=dict)
    row_licenses: tuple[str, ...] = ()
    version_of: Callable[[Mapping[str, Path]], str | None] | None = None
