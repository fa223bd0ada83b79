"""When things go wrong: bodies that are none, a lost database, a full disk, a fault of ours."""

import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest

from omnisource.orchestrator.serve.log import LOG, JsonLines, log_fault, log_requests
from omnisource.orchestrator.serve.notes import Note
from omnisource.orchestrator.store.check import breaches

DEEP = b'{"lines":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BODIES = [
    b"", b"null", b"[]", b"NaN", b"{", b"\xff\xfe", b'{"lines": "\xed\xa0\x80"}', DEEP,
    b'{"lines": [{"sku": "A", "units": NaN}], "country": "DE", "postcode": "1"}',
    b'{"lines": [{"sku": "A", "units": 1e999}], "country": "DE", "postcode": "1"}',
    b'{"lines": [{"sku": "A", "units": ' + b"9" * 5_000 + b'}], "country": "DE", "postcode": "1"}',
    b'{"lines": [{"sku": "\\ud800", "units": 1}], "country": "DE", "postcode": "1"}',
    b'{"messages": [{"node": "W", "sku": "A", "sequence": 1e308, "kind": "delta", "units": 1}]}',
    b'{"messages": [{"node": "W", "sku": "A", "sequence": 1, "kind": "delta", "units": Infinity}]}',
    b'{"messages": [{"node": "W\\u0000", "sku": "A", "sequence": 1, "kind": "delta", "units": 1}]}',
    b'{"messages": [{"node": "W", "sku": "A", "sequence": -1, "kind": "delta", "units": 1}]}',
    b'{"messages": [{"node": {}, "sku": [], "sequence": "x", "kind": 7, "units": null}]}',
    b'{"messages": []}', b'{"messages": {"0": 1}}', b'{"acknowledgements": [null]}',
]  # fmt: skip
WRITES = [
    "/v1/promise", "/v1/reservations", "/v1/reservations/x/extend", "/v1/reservations/x/confirm",
    "/v1/stock", "/v1/receipts", "/v1/shipments/acknowledge",
]  # fmt: skip


def test_a_body_that_is_none_is_refused_as_a_problem(either: Any) -> None:
    for path, body in product(WRITES, BODIES):
        answer = either.ask("POST", path, body, by="admin")
        assert 400 <= answer.status_code < 500, (path, body[:80], answer.text)
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["request_id"] == answer.headers["x-request-id"]


def test_names_with_a_nul_are_not_found_or_refused(either: Any) -> None:
    for path in ("/v1/orders/a%00b", "/v1/reservations/a%00b", "/v1/orders/a%00b/events"):
        assert either.ask("GET", path, by="admin").status_code in (404, 422)


def test_stock_beyond_what_a_database_counts_is_refused(either: Any) -> None:
    said = [{"node": "W", "sku": "A", "sequence": n, "kind": "delta", "units": 10**9}
            for n in range(4)]  # fmt: skip
    answer = either.ask("POST", "/v1/stock", {"messages": said}, by="admin")
    assert answer.status_code in (200, 422)
    assert either.ask("GET", "/ready", by="").status_code == 200


def test_a_body_that_is_too_large_is_not_read(open_shop: Any) -> None:
    shop = open_shop(body_bytes=1_000)
    said = shop.ask("POST", "/v1/stock", b"x" * 1_001, by="admin")
    chunked = shop.http.post(
        "/v1/stock", content=iter([b"x" * 600, b"x" * 600]),
        headers={"Authorization": f"Bearer {shop.tokens['admin']}"},
    )  # fmt: skip
    assert said.status_code == chunked.status_code == 413


def test_a_write_without_its_key_is_refused(shop: Any, words: Any) -> None:
    headers = {"Authorization": f"Bearer {shop.tokens['checkout']}"}
    answer = shop.http.post("/v1/reservations", json=words.claim(A=1), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["at"] == "header.Idempotency-Key"


def test_every_answer_has_secure_headers_and_an_id(shop: Any) -> None:
    for path, by in (
        ("/health", ""),
        ("/v1/orders", ""),
        ("/v1/orders", "admin"),
        ("/no", "admin"),
    ):
        headers = shop.ask("GET", path, by=by).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    given = shop.http.get("/health", headers={"X-Request-Id": "from-the-proxy"})
    forged = shop.http.get("/health", headers={"X-Request-Id": "a b\tc"})
    assert given.headers["x-request-id"] == "from-the-proxy"
    assert forged.headers["x-request-id"] != "a b\tc"


def test_a_fault_of_ours_tells_nothing_of_our_insides(
    shop: Any, words: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(shop.worker.shelf, "promise_json", broken)
    with caplog.at_level(logging.INFO, "omnisource.serve"):
        answer = shop.ask("POST", "/v1/promise", words.cart(A=1))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    failed = next(record for record in caplog.records if record.message == "request failed")
    assert failed.beside["request_id"] == answer.json()["request_id"]  # type: ignore[attr-defined]


def test_a_line_of_log_is_json_with_the_trace_in_it(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("inside")
    except ValueError as error:
        log_fault("request failed", error, request_id="7")
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert (line["level"], line["event"], line["request_id"]) == ("error", "request failed", "7")
    assert "ValueError: inside" in line["trace"]


@contextmanager
def full_disk(shop: Any) -> Iterator[None]:
    """SQLite may take no more pages than it has."""
    pages = shop.worker.desk.write(lambda s: s.raw.execute("PRAGMA page_count").fetchone()[0])
    shop.worker.desk.write(lambda s: s.raw.execute(f"PRAGMA max_page_count={pages}").fetchone())
    yield
    shop.worker.desk.write(lambda s: s.raw.execute("PRAGMA max_page_count=1000000").fetchone())


def test_a_full_disk_is_told_and_nothing_is_half_written(shop: Any, words: Any) -> None:
    body = words.order("large", A=1)
    body["placed"]["order"]["customer"] = "x" * 499
    lines = [{"order": "large", "line": f"n{n}" + "x" * 150, "sku": "C", "units": 1}
             for n in range(400)]  # fmt: skip
    body["placed"]["lines"] += lines
    held = shop.ask("POST", "/v1/reservations", words.claim(A=1)).json()["reservation"]
    path = f"/v1/reservations/{held}/confirm"
    with full_disk(shop):
        answer = shop.ask("POST", path, body, key="pay")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:omnisource:unavailable")
        assert answer.headers["retry-after"] == "1"
        assert shop.ask("GET", "/v1/orders/large").status_code == 404
        assert shop.ask("GET", f"/v1/reservations/{held}").json()["state"] == "held"
        assert breaches(shop.worker.desk.database) == {}
    assert shop.ask("POST", path, body, key="pay").json()["state"] == "confirmed"
    assert breaches(shop.worker.desk.database) == {}


def test_no_line_of_log_holds_a_links_token(
    open_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Note] = []
    monkeypatch.setattr("omnisource.orchestrator.serve.notes.log_requests", noted.extend)
    shop = open_shop(body_bytes=1_000)
    assert shop.http.post("/see/t.token", content=b"x" * 1_001).status_code == 413
    shop.worker.notes.write()
    assert [note.path for note in noted] == ["/see/"]


def test_methods_that_nobody_knows_are_counted_together(shop: Any) -> None:
    for method in ("FETCH", "GRAB"):
        assert shop.http.request(method, "/nothing").status_code == 401
    text = shop.ask("GET", "/metrics", by="planner").text
    assert 'method="other",route="unknown",status="401"} 2.0' in text
    assert "GRAB" not in text


def test_a_log_that_cannot_be_written_stops_no_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError("no space left on device")

    handler = logging.StreamHandler(Full())
    monkeypatch.setattr(LOG, "handlers", [handler])
    monkeypatch.setattr(LOG, "level", logging.INFO)
    LOG.manager._clear_cache()  # type: ignore[attr-defined]
    log_requests([Note("GET", "/x", "/x", "id", "", 200, 0.1, 0.0)])
    assert handler.lock is not None
    with ThreadPoolExecutor(1) as pool:  # nobody holds it
        assert pool.submit(handler.lock.acquire, timeout=1).result()


def test_metrics_count_requests_and_writes(shop: Any, words: Any) -> None:
    shop.ask("POST", "/v1/promise", words.cart(A=1))
    shop.ask("POST", "/v1/reservations", words.claim(A=1))
    shop.ask("GET", "/v1/orders/no-such")
    text = shop.ask("GET", "/metrics", by="planner").text
    for line in (
        'omnisource_requests_total{method="POST",route="/v1/promise",status="200"} 1.0',
        'omnisource_requests_total{method="GET",route="/v1/orders/{order}",status="404"} 1.0',
        'omnisource_writes_total{outcome="held",write="reserve"} 1.0',
    ):
        assert line in text
