"""What Prometheus is told: requests by page and status, how long they took, what waits, which space is served.

With several workers each writes its numbers into files of a folder that all share, and whoever is asked adds them up. The variable that
names the folder has to be set before the library is imported: `generel.service.server` sees to that.
"""

import os
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("generel_requests", "Requests answered.", ("method", "page", "status"), registry=registry)
        self.seconds = Histogram("generel_request_seconds", "Seconds from a request's head to its whole answer.", ("page",), buckets=SECONDS, registry=registry)
        self.open = Gauge("generel_requests_open", "Requests that are being answered.", registry=registry, multiprocess_mode="livesum")
        self.inside = Gauge("generel_lane_inside", "Requests in a lane, waiting or being worked on.", ("lane",), registry=registry, multiprocess_mode="livesum")
        self.turned_away = Counter("generel_turned_away", "Requests turned away because a lane was full.", ("lane",), registry=registry)
        self.refused = Counter("generel_refused", "Requests refused before they were looked at.", ("reason",), registry=registry)
        self.texts = Histogram("generel_texts_a_batch", "Free texts embedded at once.", buckets=(1, 2, 4, 8, 16, 32), registry=registry)
        self.swaps = Counter("generel_space_swaps", "Times that a new release, index or added concept was taken up.", ("how",), registry=registry)
        self.concepts = Gauge("generel_space_concepts", "Concepts of the served space.", registry=registry, multiprocess_mode="livemax")
        self.loaded = Gauge("generel_space_loaded_timestamp_seconds", "When the served space was opened.", registry=registry, multiprocess_mode="livemin")

        if os.environ.get(FOLDER):
            _forget_the_dead(Path(os.environ[FOLDER]))

    def text(self) -> bytes:
        """All numbers in Prometheus' text format."""
        if not os.environ.get(FOLDER):
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """Take away what workers that are no more have said of themselves; what they counted stays counted."""
    for path in folder.glob("gauge_live*_*.db"):
        number = path.stem.rpartition("_")[2]
        if not Path(f"/proc/{number}").exists():
            mark_process_dead(int(number), str(folder))  # type: ignore[no-untyped-call]
