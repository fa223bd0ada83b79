"""A database that is open for many small writes at a time, from many threads.

SQLite has one writer. So one thread writes, with a queue before it:

    (1)  it waits for a write, and takes all others that wait by then, `MOST` at the most
    (2)  BEGIN IMMEDIATE; each write in a savepoint of its own: one that fails, or asks to be
         undone, is taken back alone
    (3)  COMMIT, which waits for the disk once for all of them
    (4)  only then is each told its answer; where (3) fails, all are told so, and nothing holds

PostgreSQL writes side by side, by a pool of connections (pool.py). There those who want the same
stock cell at the same time are one crowd (crowd.py), so that they do not queue for its row, each
with a connection that others need.
"""

import sqlite3
import threading
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from sqlite3 import Connection as Raw
from sqlite3 import IntegrityError
from typing import Any, Final, Literal, Protocol

from omnisource.models.base import Unavailable
from omnisource.models.reservation import Answer
from omnisource.orchestrator.store.crowd import Crowds
from omnisource.orchestrator.store.database import Database, loaded_database, unavailable
from omnisource.orchestrator.store.places import Places
from omnisource.orchestrator.store.pool import Pool
from omnisource.orchestrator.store.reserve import Attempt, reserve
from omnisource.orchestrator.store.session import Result, Session, Undo, Work

Sync = Literal["FULL", "NORMAL"]

MOST: Final = 256
"""Writes of one transaction at the most: what the last of them waits for."""
POOL: Final = 8
"""Connections to PostgreSQL at the most."""
PATIENCE: Final = 5.0
"""Seconds that a write waits for a connection: a checkout would rather hear a no than wait."""


class Writer(Protocol):
    """Whoever does writes: each as a whole, or not at all."""

    def submit(self, work: Work[Result]) -> "Future[Result]":
        """Have it done; the answer comes when it holds."""
        ...

    def write(self, work: Work[Result]) -> Result:
        """Do it, and return when it holds."""
        ...

    def close(self) -> None:
        """End when what is waiting is done."""
        ...


@dataclass(frozen=True)
class Desk:
    """A database that holds a scenario, open for reservations; `close` it when done."""

    database: Database
    writer: Writer = field(repr=False)
    places: Places = field(repr=False)
    crowds: Crowds | None = field(default=None, repr=False)  # none: writes queue anyway

    def hold(self, attempt: Attempt) -> Answer:
        """Hold a claim, or say no."""
        if self.crowds is not None:
            return self.crowds.hold(attempt)
        return self.write(partial(reserve, attempt=attempt))

    def submit(self, work: Work[Result]) -> "Future[Result]":
        """Have a write done; the answer comes when it holds."""
        return self.writer.submit(work)

    def write(self, work: Work[Result]) -> Result:
        """Do a write, and return when it holds.

        Raises:
            Unavailable: the database is locked, full, or gone; whether the write holds is not
                known where it broke off at the very end: the same key again says.
        """
        return self.writer.write(work)

    def close(self) -> None:
        """End when what is waiting is done, and let go of all connections."""
        self.writer.close()
        self.database.close()

    def __enter__(self) -> "Desk":
        """Use it until the end of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def open_desk(url: str, *, sync: Sync = "FULL", pool: int = POOL, wait: float = PATIENCE) -> Desk:
    """Open a database for reservations.

    Args:
        url: a database that holds a scenario.
        sync: SQLite alone: FULL waits for the disk before it answers; with NORMAL a power cut,
            though not a kill, takes back the last transactions.
        pool: PostgreSQL alone: connections at the most.
        wait: PostgreSQL alone: seconds that a write waits for a connection.

    Raises:
        UnusableInput: there is none, or its tables have another layout.
    """
    return desk_on(loaded_database(url), sync=sync, pool=pool, wait=wait)


def desk_on(
    database: Database, *, sync: Sync = "FULL", pool: int = POOL, wait: float = PATIENCE
) -> Desk:
    """Return a desk on a database that is open already."""
    places = Places(database)
    if not database.is_postgres:
        return Desk(database, _Group(database, sync), places)
    writer = Pool(database, pool, wait)
    return Desk(database, writer, places, Crowds(writer.write))


@dataclass(frozen=True)
class _Job:
    work: Work[Any]
    answer: "Future[Any]" = field(default_factory=Future)


_Told = tuple[_Job, Any, Exception | None]


class _Group:
    """SQLite's writer."""

    def __init__(self, database: Database, sync: Sync) -> None:
        self._name = database.name
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock, self._closed = threading.Lock(), False
        self._raw = _own_connection(database, sync)
        self._thread = threading.Thread(target=self._run, name="omnisource-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[Result]) -> "Future[Result]":
        job = _Job(work)
        with self._lock:  # nothing is put behind the end, where nobody would take it
            if self._closed:
                raise Unavailable(f"{self._name}: it has been closed")
            self._queue.put(job)
        return job.answer

    def write(self, work: Work[Result]) -> Result:
        return self.submit(work).result()

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with closing(self._raw):
            while jobs := self._waiting():
                for job, answer, error in self._together(jobs):  # (4)
                    if error is None:
                        job.answer.set_result(answer)
                    else:
                        job.answer.set_exception(error)

    def _waiting(self) -> list[_Job]:
        """Return what waits, (1); nothing when it is time to end."""
        jobs = [self._queue.get()]
        while jobs[-1] is not None and len(jobs) < MOST:
            try:
                jobs.append(self._queue.get_nowait())
            except Empty:
                break
        if jobs[-1] is None and len(jobs) > 1:
            self._queue.put(None)  # the next to be taken
        return [job for job in jobs if job is not None]

    def _together(self, jobs: list[_Job]) -> list[_Told]:
        """Do some writes in one transaction, (2) and (3)."""
        raw = self._raw
        try:
            raw.execute("BEGIN IMMEDIATE")
            session = Session(raw, is_postgres=False)
            told = [(job, *self._said(*_in_savepoint(session, job.work))) for job in jobs]
            raw.execute("COMMIT")
        except Exception as error:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            return [(job, None, unavailable(self._name, error)) for job in jobs]
        return told

    def _said(self, answer: Any, error: Exception | None) -> tuple[Any, Exception | None]:
        """Say in words what the database refused of one write."""
        refused = isinstance(error, sqlite3.Error) and not isinstance(error, IntegrityError)
        return answer, unavailable(self._name, error) if error and refused else error


def _own_connection(database: Database, sync: Sync) -> Raw:
    """Return a connection that is nobody else's."""
    with database.said():
        pooled = database.engine.raw_connection()
    raw = pooled.driver_connection
    pooled.detach()
    assert isinstance(raw, Raw)
    raw.execute(f"PRAGMA synchronous={sync}")
    return raw


def _in_savepoint(session: Session, work: Work[Any]) -> tuple[Any, Exception | None]:
    """Do a write so that it can be taken back alone; return its answer, or why there is none."""
    raw = session.raw
    raw.execute("SAVEPOINT one")
    try:
        answer = work(session)
    except Exception as error:
        if not raw.in_transaction:
            raise  # all is lost: the disk is full, for instance
        raw.execute("ROLLBACK TO one")
        raw.execute("RELEASE one")
        return _in_savepoint(session, error.then) if isinstance(error, Undo) else (None, error)
    raw.execute("RELEASE one")
    return answer, None
