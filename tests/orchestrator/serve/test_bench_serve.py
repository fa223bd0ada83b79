"""The bench of the service measures what it says, on a small network in little time."""

from pathlib import Path
from typing import Any

from omnisource.orchestrator.bench_serve import Asked, bench_serve
from omnisource.orchestrator.bench_wire import request


def test_a_short_measurement_sells_every_unit_once_and_fails_nothing(
    here: Path, omnisource: Any
) -> None:
    omnisource("generate", "net", "--orders", 300, "--nodes", 8)
    asked = Asked(seconds=0.2, soak=1.0, buyers=60, units=20, workers=1)
    found = bench_serve(here / "net", asked, here)
    assert (found.rush.sold, found.rush.refused, found.rush.broken) == (20, 40, 0)
    assert [speed.failed for speed in found.speeds] == [0, 0, 0]
    assert all(speed.a_second > 0 for speed in found.speeds)
    assert found.memory.most >= found.memory.begin > 0
    assert len(found.sheet().rows) == 3


def test_a_request_is_what_goes_over_the_wire() -> None:
    sent = request("/x", b"{}", {"A": "b"})
    assert sent.startswith(b"POST /x HTTP/1.1\r\nHost: localhost\r\n")
    assert sent.endswith(b"A: b\r\nContent-Length: 2\r\n\r\n{}")
