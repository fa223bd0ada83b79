"""What one worker of the service has: a database, a snapshot for promises, keys, a clock."""

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from time import time
from typing import Any, Final, TypeVar

from omnisource.models.backorder import BackorderRules
from omnisource.models.base import OmnisourceError, Unavailable
from omnisource.orchestrator.life.doing import Life, Lives, Rules
from omnisource.orchestrator.serve.gathered import Gathered
from omnisource.orchestrator.serve.log import log
from omnisource.orchestrator.serve.meters import Meters
from omnisource.orchestrator.serve.notes import Notes
from omnisource.orchestrator.serve.ring import Buckets, KeyRing
from omnisource.orchestrator.serve.shelf import (
    Shelf,
    changed_units,
    read_snapshot,
    warm_up,
    with_new_cells,
)
from omnisource.orchestrator.settings import Settings
from omnisource.orchestrator.store.desk import Desk, open_desk

Result = TypeVar("Result")
Clock = Callable[[], datetime]
AT_ONCE: Final = 500
"""Cells that are set before requests have their turn again."""


@dataclass(frozen=True, eq=False)
class Service:
    """One worker; `close` it when done."""

    settings: Settings
    desk: Desk
    shelf: Shelf
    ring: KeyRing
    buckets: Buckets
    meters: Meters
    notes: Notes
    now: Clock
    threads: ThreadPoolExecutor
    lives: Lives = field(default_factory=Lives)
    sharing: Gathered = field(default_factory=Gathered)
    learned: dict[str, tuple[float, Any]] = field(default_factory=dict)

    @property
    def life(self) -> Life:
        """The orders' life, over the network as it was last read."""
        return self.lives.over(self.desk, self.shelf.snapshot.world)

    def lately(self, name: str, read: Callable[[], Result]) -> Result:
        """Return what was read under a name not long ago, or now."""
        at, found = self.learned.get(name, (0.0, None))
        if found is None or time() - at > self.settings.reread_seconds:
            self.learned[name] = time(), (found := read())
        return found  # type: ignore[no-any-return]

    @property
    def hold(self) -> timedelta:
        """How long a reservation is held."""
        return timedelta(minutes=self.settings.hold_minutes)

    async def wait(self, work: Callable[..., Result], /, *given: Any, **named: Any) -> Result:
        """Do work that waits for the database, in a thread.

        Raises:
            Unavailable: it takes too long. It may yet hold: the same key again says.
        """
        doing = asyncio.get_running_loop().run_in_executor(
            self.threads, partial(work, *given, **named)
        )
        try:
            return await asyncio.wait_for(asyncio.shield(doing), self.settings.wait_seconds)
        except TimeoutError:
            doing.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise Unavailable(f"{self.desk.database.name}: no answer in time") from None

    async def refresh(self) -> None:
        """Read the snapshot anew; where that cannot be, the old one stays."""
        try:
            snapshot = await asyncio.to_thread(self.shelf.read)
        except OmnisourceError as error:
            log("stock was not read", logging.WARNING, reason=str(error))
            return
        self.shelf.snapshot = snapshot
        self.meters.snapshot.set(time())
        settle()

    async def freshen(self) -> None:
        """Read again the cells that have changed, and new ones; where that cannot be, they stay."""
        try:
            database = self.desk.database
            more = await asyncio.to_thread(with_new_cells, self.shelf.snapshot, database)
            free = await asyncio.to_thread(changed_units, database, self.now())
        except OmnisourceError as error:
            log("stock was not read", logging.WARNING, reason=str(error))
            return
        if more is not None:
            self.shelf.snapshot = more
        pairs = list(free)
        for first in range(0, len(pairs), AT_ONCE):
            self.shelf.see({pair: free[pair] for pair in pairs[first : first + AT_ONCE]})
            await asyncio.sleep(0)
        self.shelf.seen()

    async def keep_fresh(self) -> None:
        """Read again what has changed, and now and then everything."""
        while self.settings.refresh_seconds > 0:
            await asyncio.sleep(self.settings.refresh_seconds)
            if 0 < self.settings.reread_seconds < self.shelf.snapshot_age:
                await self.refresh()
            else:
                await self.freshen()

    def close(self) -> None:
        """End what was begun, and let go of the database."""
        self.notes.write()
        self.threads.shutdown(wait=True, cancel_futures=False)
        self.desk.close()


def open_service(settings: Settings) -> Service:
    """Open a database for the service, and read it.

    Raises:
        UnusableInput: it holds no scenario, or cannot be read.
    """
    now = clock_of(settings)
    desk = open_desk(settings.db, sync=settings.sync, wait=settings.wait_seconds)
    with ExitStack() as undo:
        undo.callback(desk.close)
        shelf = Shelf(lambda: read_snapshot(desk.database, now(), settings.lead_times))
        warm_up(shelf.snapshot, now())
        settle()
        meters = Meters()
        meters.snapshot.set(time())
        ring = KeyRing(desk.database)
        undo.pop_all()
        return Service(
            settings=settings,
            desk=desk,
            shelf=shelf,
            ring=ring,
            buckets=Buckets(settings.rate, settings.burst),
            meters=meters,
            notes=Notes(meters),
            now=now,
            threads=ThreadPoolExecutor(settings.threads, "omnisource-request"),
            lives=Lives(rules_of(settings)),
        )


def rules_of(settings: Settings) -> Rules:
    """Return the rules of the business that a deployment states."""
    waits = BackorderRules(fair=settings.fair, on_time=settings.receipts_on_time)
    return Rules(backorder=waits)


def settle() -> None:
    """Let go of what reading left, and never look through what stays for garbage again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def clock_of(settings: Settings) -> Clock:
    """Return the clock: the machine's, or one that started at a time of the settings."""
    if settings.now is None:
        return lambda: datetime.now(UTC)
    ahead = settings.now - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead
