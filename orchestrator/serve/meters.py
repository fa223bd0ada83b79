"""What the service counts of itself, for Prometheus."""

import os
from http import HTTPMethod
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names where several workers keep their counts together."""
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """The counts of one worker."""

    def __init__(self) -> None:
        """Begin at nothing, apart from any other application in the process."""
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "omnisource_requests", "Requests answered.", ["method", "route", "status"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "omnisource_request_seconds", "Seconds until a request was answered.", ["route"],
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self._outcomes = Counter(
            "omnisource_writes", "Writes, by what came of them.", ["write", "outcome"],
            registry=registry,
        )  # fmt: skip
        self.snapshot = Gauge(
            "omnisource_snapshot_timestamp_seconds", "When stock was last read for promises.",
            registry=registry, multiprocess_mode="min",
        )  # fmt: skip
        self._known: dict[Any, Any] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; methods that nobody knows together, as anybody may think of more."""
        key = method if method in HTTPMethod.__members__ else "other", route, status
        if key not in self._known:
            self._known[key] = self._requests.labels(*key), self._seconds.labels(route)
        requests, histogram = self._known[key]
        requests.inc()
        histogram.observe(seconds)

    def wrote(self, write: str, outcome: str) -> None:
        """Count a write."""
        self._outcomes.labels(write, outcome).inc()

    def text(self) -> bytes:
        """Return all counts, of all workers where there are several, as Prometheus reads them."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
