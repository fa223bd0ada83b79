"""A rush on one product over HTTP, to a service of its own, and the requests that make it."""

from pathlib import Path

from omnisource.orchestrator.bench.serve_rush import rush_over_http
from omnisource.orchestrator.bench.servers import serving
from omnisource.orchestrator.bench.wire import request


def test_every_unit_is_sold_once_and_the_rest_is_refused(tmp_path: Path) -> None:
    found = rush_over_http(f"sqlite:///{tmp_path}/rush.db", units=20, buyers=60, serve=serving)
    assert (found.sold, found.refused, found.broken) == (20, 40, 0)


def test_a_request_is_what_goes_over_the_wire() -> None:
    sent = request("/x", b"{}", {"A": "b"})
    assert sent.startswith(b"POST /x HTTP/1.1\r\nHost: localhost\r\n")
    assert sent.endswith(b"A: b\r\nContent-Length: 2\r\n\r\n{}")
