"""The keys that hold, remembered, and how fast each may ask."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from omnisource.models.access import AccessKey
from omnisource.models.base import Unavailable
from omnisource.orchestrator.serve.api_keys import halves, proven
from omnisource.orchestrator.store.access import all_keys
from omnisource.orchestrator.store.database import Database

FRESH: Final = 5.0
"""Seconds after which keys are read again: so long a revoked one may still hold."""
EAGER: Final = 1.0
"""Seconds after which an unknown key is worth another look."""
KEPT: Final = 900.0
"""Seconds that keys hold while the database cannot be read; then nobody is let in."""


class KeyRing:
    """The keys of a database."""

    def __init__(self, database: Database) -> None:
        """Take a database; its keys are read at once."""
        self._database = database
        self._keys: dict[str, AccessKey] = {}
        self._reading: asyncio.Task[None] | None = None
        self._read()

    def _read(self) -> None:
        began = monotonic()
        self._keys = {key.key: key for key in all_keys(self._database)}
        self._at = began

    def known(self, token: str) -> AccessKey | None:
        """Return the key that a token proves, by keys that were read just now; else None."""
        parts = halves(token)
        if parts is None or monotonic() - self._at > FRESH:
            return None
        key = self._keys.get(parts[0])
        return key if proven(key, parts[1]) else None

    async def holder(self, token: str) -> AccessKey | None:
        """Return the key that a token proves; None where it proves none.

        Raises:
            Unavailable: the database has been out of reach for too long.
        """
        parts = halves(token)
        if parts is None:
            return None
        key = await self._found(parts[0])
        return key if proven(key, parts[1]) else None

    async def holds(self, public: str) -> AccessKey | None:
        """Return the key of a public half that was proven before; None where it holds no more.

        Raises:
            Unavailable: the database has been out of reach for too long.
        """
        key = await self._found(public)
        return key if key is not None and key.revoked is None else None

    async def _found(self, public: str) -> AccessKey | None:
        age = monotonic() - self._at
        if age > FRESH or (age > EAGER and public not in self._keys):
            reading = self._look_again()
            if age > KEPT or public not in self._keys:
                await asyncio.shield(reading)
        if monotonic() - self._at > KEPT:
            raise Unavailable("keys cannot be read")
        return self._keys.get(public)

    def _look_again(self) -> "asyncio.Task[None]":
        """Read keys in a thread, unless that is being done."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._try())
        return self._reading

    async def _try(self) -> None:
        try:
            await asyncio.to_thread(self._read)
        except Unavailable:  # those that are known hold on, for a while
            return


class Buckets:
    """How many requests each key may still send: a bucket that fills at a rate."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        """Take requests a second, and how many at once."""
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> bool:
        """Take a request out of a key's bucket; tell whether there was one."""
        now = self._clock()
        left = self._now(key, now)
        allowed = left >= 1
        self._left[key] = (left - allowed, now)
        return allowed

    def has(self, key: str) -> bool:
        """Tell whether there is a request in a key's bucket."""
        return self._now(key, self._clock()) >= 1

    def _now(self, key: str, now: float) -> float:
        left, at = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - at) * self._rate)
