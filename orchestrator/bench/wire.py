"""Load for a server: some connections, each with a request under way at any time, and little else.

Requests are bytes made before, answers are read as far as their length says. One process asks: it
takes about a tenth of the time that a server takes to answer.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
END: Final = b"\r\n\r\n"


@dataclass
class Answers:
    """What came back."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    bytes: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.statuses) / max(self.seconds, 1e-9)


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Asker(asyncio.Protocol):
    """One connection: asks, reads, asks again."""

    def __init__(self, following: Callable[[], bytes | None], into: Answers) -> None:
        """Take what gives the next request, None at the end, and where answers go."""
        self._following, self._into = following, into
        self._buffer, self._began = b"", 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        following = self._following()
        if following is None:
            self._transport.close()
            return
        self._began = perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        """Read as far as there is something to read."""
        self._buffer += data
        head = self._buffer.find(END)
        if head < 0:
            return
        said = LENGTH.search(self._buffer, 0, head)
        size = head + len(END) + (int(said[1]) if said else 0)
        if len(self._buffer) < size:
            return
        self._into.milliseconds.append(1000 * (perf_counter() - self._began))
        self._into.statuses.append(int(self._buffer[9:12]))
        self._into.bytes += size
        self._buffer = b""
        self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        """Say that it is over."""
        if not self.done.done():
            self.done.set_result(None)


def load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Answers:
    """Ask one request after the other, over and over, for some seconds."""
    number = 0

    def following() -> bytes | None:
        nonlocal number
        number += 1
        return None if perf_counter() > until else requests[number % len(requests)]

    until = perf_counter() + seconds
    return asyncio.run(_ask_all(port, following, connections))


def load_once(port: int, requests: Sequence[bytes], *, connections: int) -> Answers:
    """Ask every request once."""
    left = iter(requests)
    return asyncio.run(_ask_all(port, lambda: next(left, None), connections))


async def _ask_all(port: int, following: Callable[[], bytes | None], connections: int) -> Answers:
    loop, answers, began = asyncio.get_running_loop(), Answers(), perf_counter()
    askers = [
        (await loop.create_connection(lambda: Asker(following, answers), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(asker.done for asker in askers))
    answers.seconds = perf_counter() - began
    return answers
