"""What is noted of every request: its counts and its line of log, written many at a time.

A request only leaves its note; a few times a second, and before anybody looks, notes are counted
and written in one go. That takes a fraction of what it takes one by one among other work.
"""

import asyncio
from dataclasses import dataclass, field
from time import time
from typing import Final, NamedTuple

from omnisource.orchestrator.serve.log import log_requests
from omnisource.orchestrator.serve.meters import Meters

TOGETHER: Final = 256
"""Notes that are written together at the most."""
WAITS: Final = 0.2
"""Seconds that a note waits at the most."""


class Note(NamedTuple):
    """One request that has been answered."""

    method: str
    path: str
    route: str
    request_id: str
    key: str
    status: int
    seconds: float
    at: float  # seconds since 1970-01-01 UTC


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of one worker."""

    meters: Meters
    waiting: list[Note] = field(default_factory=list)

    def add(
        self, asked: tuple[str, str, str], who: tuple[str, str], *, status: int, seconds: float
    ) -> None:
        """Note a request.

        Args:
            asked: method, path and route.
            who: the request's id and its key.
            status: of the answer.
            seconds: that it took.
        """
        self.waiting.append(Note(*asked, *who, status, seconds, time()))
        if len(self.waiting) >= TOGETHER:
            self.write()

    def write(self) -> None:
        """Count and log what waits."""
        waiting = self.waiting[:]
        self.waiting.clear()
        for note in waiting:
            self.meters.answered(note.method, note.route, note.status, note.seconds)
        log_requests(waiting)

    async def keep_writing(self) -> None:
        """Write a few times a second."""
        while True:
            await asyncio.sleep(WAITS)
            self.write()
