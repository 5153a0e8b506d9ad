"""Tiny wheels and sdists, made on the spot; honest ones, and ones with members that no honest archive has."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path


def make_wheel(path: Path, files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """A zip of (name, content) in the order given, compressed; the path it was asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def make_sdist(path: Path, files: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> Path:
    """A .tar.gz of (name, content) in the order given; a TarInfo is taken as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def special(name: str, *, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """The header of a tar member that is not a plain file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_link(name: str) -> zipfile.ZipInfo:
    """The header of a zip member that unzippers make a symbolic link of."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info
