"""The fast lane: plain requests are answered at once, all others the ordinary way, both alike."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import Any

import h11
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnisource.orchestrator.serve import lane as serve_lane
from omnisource.orchestrator.serve.app import create_app
from omnisource.orchestrator.serve.lane import Lane, answered, plain_head
from omnisource.orchestrator.settings import Settings

UNUSABLE = b"HTTP/1.1 422 Unprocessable Entity"
CART = b'{"lines":[{"sku":"A"}],"country":"DE","postcode":"10115","lat":52.5,"lon":13.4}'


def asked(token: str, body: bytes = CART, *more: str, length: int | None = None) -> bytes:
    """A request for a promise as it goes over the wire."""
    lines = ["POST /v1/promise HTTP/1.1", "Host: shop", f"Authorization: Bearer {token}", *more]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def parts(answer: bytes) -> tuple[bytes, dict[bytes, bytes], Any]:
    """Status line, head by name, body; what differs from answer to answer left out."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    named = dict(line.split(b": ", 1) for line in lines)
    for name in (b"date", b"x-request-id"):
        assert named.pop(name)
    return first.rstrip(), named, json.loads(body)


def test_what_is_plain_is_answered_and_noted(shop: Any) -> None:
    answer = answered(
        shop.worker, asked(shop.tokens["planner"], CART, "X-Request-Id: r-7"), [(b"date", b"now")]
    )
    assert answer is not None
    assert b"x-request-id: r-7\r\n" in answer
    ordinary = shop.ask("POST", "/v1/promise", CART, by="planner").json()
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == ordinary
    counts = shop.ask("GET", "/metrics", by="planner").text
    line = 'omnisource_requests_total{method="POST",route="/v1/promise",status="200"}'
    assert f"{line} 2.0" in counts


@pytest.mark.parametrize(
    ("body", "more", "length"),
    [
        (CART, ["Transfer-Encoding: chunked"], None),
        (CART, ["Content-Length: 3"], None),
        (CART, [f"Content-Length: {len(CART)}"], None),
        (CART, [], len(CART) - 1),
        (CART, [], len(CART) + 1),
        (CART, [], -1),
        (CART + CART, [], len(CART)),
        (CART, ["Host: other"], None),
        (CART, ["Connection: close"], None),
        (CART, ["Connection: Upgrade", "Upgrade: websocket"], None),
        (CART, ["Expect: 100-continue"], None),
        (CART, ["X-Folded: a", " b"], None),
        (CART, ["X-Space : a"], None),
        (CART, ["X-Bare: a\rb"], None),
        (CART, ["X-Tab: a\tb"], None),
        (CART, ["X-Long: " + "a" * 5_000], None),
        (b"{}", [], None),
        (b"not json", [], None),
        (CART.replace(b'"A"', b'"NONE"'), [], None),
    ],
)
def test_what_is_not_plain_goes_the_ordinary_way(
    shop: Any, body: bytes, more: list[str], length: int | None
) -> None:
    token = shop.tokens["checkout"]
    assert answered(shop.worker, asked(token, body, *more, length=length), []) is None


def test_who_may_not_is_told_by_the_door(shop: Any, open_shop: Any) -> None:
    token = shop.tokens["checkout"]
    for wrong in (shop.tokens["store"], token[:-1], "omk_0000000000000000_x", ""):
        assert answered(shop.worker, asked(wrong), []) is None
    few = open_shop(rate=0.001, burst=2)
    said = [answered(few.worker, asked(few.tokens["checkout"]), []) for _ in range(3)]
    assert [each is not None for each in said] == [True, True, False]
    small = open_shop(body_bytes=1_000)
    long = CART.replace(b'"10115"', b'"10115"' + b" " * 1_000)
    assert answered(small.worker, asked(small.tokens["checkout"], long), []) is None


edits = st.tuples(
    st.integers(0, 400), st.sampled_from([0, 1, 3]),
    st.sampled_from(
        [b"", b"\r\n", b"\n", b" ", b"\t", b":", b"0", b"9", b"\x00", b"\xff", b"Host: b\r\n",
         b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"POST / HTTP/1.1\r\n\r\n"]
    ),
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(edits, min_size=1, max_size=3))
def test_what_is_answered_another_reader_reads_alike(
    shop: Any, changes: list[tuple[int, int, bytes]]
) -> None:
    data = asked(shop.tokens["checkout"], CART, "User-Agent: till", "Accept: */*")
    for at, gone, put in changes:
        data = data[:at] + put + data[at + gone :]
    if answered(shop.worker, data, []) is None:
        return
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(data)
    request, body, end = (reader.next_event() for _ in range(3))
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (b"POST", b"/v1/promise")
    assert isinstance(body, h11.Data)
    assert bytes(body.data) == data.partition(b"\r\n\r\n")[2]
    assert isinstance(end, h11.EndOfMessage)
    assert reader.trailing_data == (b"", False)


def test_a_head_says_each_thing_once() -> None:
    assert plain_head(b"Host: a\r\nContent-Length: 1\r\n") is not None
    for lines in (
        b"Content-Length: 1\r\n", b"Host: a\r\n", b"Host: a\r\nContent-Length: +1\r\n",
        b"Host: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n", b"Host: a\nContent-Length: 1\r\n",
        b"Host: a\r\nContent-Length: 1, 1\r\n", b"Host: a\r\nContent-Length:\r\n",
    ):  # fmt: skip
        assert plain_head(lines) is None


@pytest.fixture
def listening(kept: Any, sqlite: Any) -> Iterator[Callable[[], socket.socket]]:
    """The service behind a port; opens connections to it."""
    kept_so = Settings(db=sqlite.copy(kept[0]), refresh_seconds=0)
    server = uvicorn.Server(
        uvicorn.Config(create_app(kept_so), http=Lane, port=0, log_config=None, access_log=False,
                       server_header=False)
    )  # fmt: skip
    thread = threading.Thread(target=server.run)
    thread.start()
    until = monotonic() + 600  # a machine that compiles its kernels, among others
    while not server.started:
        assert monotonic() < until
        sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: socket.create_connection(("127.0.0.1", port), timeout=600)
    finally:
        server.should_exit = True
        thread.join()


def read(stream: Any) -> bytes:
    """One answer."""
    head = b"".join(iter(stream.readline, b"\r\n"))
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head + b"\r\n" + bytes(stream.read(length))


def test_both_ways_answer_alike_on_one_connection(
    listening: Any, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight: list[bool] = []

    def watched(*given: Any) -> bytes | None:
        answer = answered(*given)
        straight.append(answer is not None)
        return answer

    monkeypatch.setattr(serve_lane, "answered", watched)
    request, wire = asked(kept[1]["checkout"]), listening()
    stream, said = wire.makefile("rb"), []
    for cut in (len(request), 200, len(request), len(request) - 5, len(request)):
        wire.sendall(request[:cut])
        if cut < len(request):
            sleep(0.05)
            wire.sendall(request[cut:])
        said.append(parts(read(stream)))
    assert all(each == said[0] for each in said)
    assert said[0][0] == b"HTTP/1.1 200 OK"
    assert straight.count(True) == 3
    wire.sendall(request + asked(kept[1]["checkout"], b"{}"))  # one behind the other
    assert parts(read(stream)) == said[0]
    first, head, problem = parts(read(stream))
    assert (first, head[b"content-type"]) == (UNUSABLE, b"application/problem+json")
    assert problem["faults"]
    stream.close()
    wire.close()
