"""The fast lane: a plain request for a promise, answered as its bytes come in.

Promises are asked hundreds of times a second, and nearly all requests for one look alike: whole in
one piece, by a key that is known, for a cart that is sound. Such a request is answered here, before
uvicorn's parser (h11), the tasks and the messages of ASGI, which together cost as much as finding
the promise. Whatever is not as plain as can be goes the ordinary way, to the same answer:

    a head that says anything about how the body is sent but its length, once; a name twice;
    a request that comes in parts, or with another behind it; one while another is being answered;
    a key that is not known for certain; too many requests; whatever has to be told as a problem

So nothing is parsed here that two readers could understand differently, and every "no" is said in
one place. A promise holds nothing: to ask twice is to ask once.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from secrets import token_hex
from time import perf_counter
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from omnisource.models.promise import Cart
from omnisource.orchestrator.serve.door import PROMISE, PROMISERS, SECURE, SOUND_ID
from omnisource.orchestrator.serve.state import Service

ASKED: Final = ("POST", PROMISE, PROMISE)
START: Final = f"POST {PROMISE} HTTP/1.1\r\n".encode()
PLAIN: Final = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*: ?[!-~](?:[ -~]*[!-~])?\r\n)+")
"""Lines of a head that everybody reads alike."""
LONGEST: Final = 4_096
"""Bytes of a head that is plain."""
REMEMBERED: Final = 1_024
"""Heads that are remembered: a checkout sends the same over and over."""
SHAPES: Final = frozenset((b"transfer-encoding", b"upgrade", b"expect", b"te", b"trailer"))
"""Names of a head by which the body, or the connection, may be another than it seems."""
HEAD: Final = b"".join(
    b"%b: %b\r\n" % each for each in (*SECURE, (b"content-type", b"application/json"))
)


class Lane(H11Protocol):
    """A connection: what is plain is answered at once, all else as uvicorn does."""

    def data_received(self, data: bytes) -> None:
        """Answer a request, or hand what has come to the ordinary way."""
        if self._is_idle() and data.startswith(START):
            answer = answered(self.app_state["service"], data, self.server_state.default_headers)
            if answer is not None:
                self._unset_keepalive_if_required()
                self.transport.write(answer)
                self.server_state.total_requests += 1
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )
                return
        super().data_received(data)

    def _is_idle(self) -> bool:
        """Tell whether nothing is under way, in or out."""
        conn = self.conn
        return (
            conn.our_state is h11.IDLE
            and conn.their_state is h11.IDLE
            and not conn.trailing_data[0]
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )


def answered(service: Service, data: bytes, headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """Return the answer to a plain request for a promise; None where it is not plain.

    Args:
        service: who answers.
        data: all that has come.
        headers: that every answer has.
    """
    began, end = perf_counter(), data.find(b"\r\n\r\n") + 4
    is_one = data.startswith(START) and end <= LONGEST
    head = plain_head(data[len(START) : end - 2]) if is_one else None
    if head is None or int(head[b"content-length"]) != len(data) - end:
        return None
    kind, _, token = head.get(b"authorization", b"").decode("ascii").partition(" ")
    key = service.ring.known(token) if kind == "Bearer" else None
    if key is None or not key.may(*PROMISERS) or len(data) - end > service.settings.body_bytes:
        return None
    if not service.buckets.has(key.key):
        return None
    try:
        cart = Cart.model_validate_json(data[end:])
        body = service.shelf.promise_json(cart, service.now())
    except Exception:
        return None
    service.buckets.take(key.key)
    given = head.get(b"x-request-id", b"")
    request_id = given if SOUND_ID.fullmatch(given) else token_hex(8).encode()
    who = request_id.decode(), key.key
    service.notes.add(ASKED, who, status=200, seconds=perf_counter() - began)
    always = b"".join([b"%b: %b\r\n" % each for each in headers])
    return b"HTTP/1.1 200 OK\r\n%b%bx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        always, HEAD, request_id, len(body), body,
    )  # fmt: skip


@lru_cache(REMEMBERED)
def plain_head(lines: bytes) -> Mapping[bytes, bytes] | None:
    r"""Return what stands in a head by name; None where it is not plain.

    >>> plain_head(b"Host: shop\r\nContent-Length: 3\r\n")[b"content-length"]
    b'3'
    >>> plain_head(b"Host: shop\r\nContent-Length: 3\r\nContent-Length: 4\r\n") is None
    True
    """
    if not PLAIN.fullmatch(lines):
        return None
    parts = [line.split(b":", 1) for line in lines[:-2].split(b"\r\n")]
    found = {name.lower(): value.strip() for name, value in parts}
    length = found.get(b"content-length", b"")
    if len(found) < len(parts) or SHAPES & found.keys() or b"host" not in found:
        return None
    if not length.isdigit() or len(length) > 10:
        return None
    if found.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    return found
