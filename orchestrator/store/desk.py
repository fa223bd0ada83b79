"""A database that is open for many small writes at a time, from many threads.

SQLite has one writer. So one thread writes, with a queue before it:

    (1)  it waits for a write, and takes all others that wait by then, `MOST` at the most
    (2)  BEGIN IMMEDIATE; each write in a savepoint of its own: one that fails, or asks to be
         undone, is taken back alone
    (3)  COMMIT, which waits for the disk once for all of them
    (4)  only then is each told its answer; where (3) fails, all are told so, and nothing holds

PostgreSQL writes side by side: a pool of connections, a transaction a write, each on the disk
before it is told. A write that the server ends to break a deadlock is done again; so is one whose
connection is lost, which may hold already: its key says so then, and it changes nothing. Where the
server is not back within `PATIENCE` seconds, the database is unavailable.
"""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from sqlite3 import Connection as Raw
from sqlite3 import IntegrityError
from typing import Any, Final, Literal, Protocol, TypeVar

from omnisource.models.base import Unavailable, UnusableInput
from omnisource.orchestrator.store.database import Database, explained, loaded_database
from omnisource.orchestrator.store.places import Places
from omnisource.orchestrator.store.session import Session, Undo

Result = TypeVar("Result")
Work = Callable[[Session], Result]
Sync = Literal["FULL", "NORMAL"]

MOST: Final = 256
"""Writes of one transaction at the most: what the last of them waits for."""
POOL: Final = 8
"""Connections to PostgreSQL at the most."""
AGAIN: Final = 5
"""How often a write is done that PostgreSQL breaks off."""
PATIENCE: Final = 5.0
"""Seconds that a write waits for a connection: a checkout would rather hear a no than wait."""
LOST: Final = ("08", "57P")
"""How PostgreSQL's states begin that end a connection; none at all where it just went away."""


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
    writer: Writer = _Pool(database, pool, wait) if database.is_postgres else _Group(database, sync)
    return Desk(database, writer, Places(database))


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
        self._closing = threading.Lock()
        self._raw = _own_connection(database, sync)
        self._thread = threading.Thread(target=self._run, name="omnisource-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[Result]) -> "Future[Result]":
        if self._closing.locked():
            raise Unavailable(f"{self._name}: it has been closed")
        job = _Job(work)
        self._queue.put(job)
        return job.answer

    def write(self, work: Work[Result]) -> Result:
        return self.submit(work).result()

    def close(self) -> None:
        if self._closing.acquire(blocking=False):
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
            return [(job, None, _unavailable(self._name, error)) for job in jobs]
        return told

    def _said(self, answer: Any, error: Exception | None) -> tuple[Any, Exception | None]:
        """Say in words what the database refused of one write."""
        refused = isinstance(error, sqlite3.Error) and not isinstance(error, IntegrityError)
        return answer, _unavailable(self._name, error) if error and refused else error


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


def _unavailable(name: str, error: Exception) -> Exception:
    """Say in words what a database refuses."""
    return Unavailable(f"{name}: {explained(str(error))}")


class _Pool:
    """PostgreSQL's writers."""

    def __init__(self, database: Database, most: int, wait: float) -> None:
        from psycopg_pool import ConnectionPool

        self._name, self._wait = database.name, wait
        where = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        given = {"autocommit": True, "application_name": "omnisource"}
        self._pool = ConnectionPool(
            where, kwargs=given, min_size=1, max_size=most, open=True, timeout=wait,
            reconnect_timeout=wait, configure=_to_the_disk,
        )  # fmt: skip
        self._threads = ThreadPoolExecutor(most, "omnisource-writer")

    def submit(self, work: Work[Result]) -> "Future[Result]":
        return self._threads.submit(self.write, work)

    def write(self, work: Work[Result]) -> Result:
        """Do a write in a transaction of its own; once more where it was broken off."""
        import psycopg

        for left in reversed(range(AGAIN)):
            try:
                return self._undoing(work)
            except psycopg.IntegrityError:
                raise
            except psycopg.DataError as error:
                raise UnusableInput(f"{self._name}: {explained(str(error))}") from error
            except psycopg.Error as error:
                if not left or not self._worth_another(error):
                    raise _unavailable(self._name, error) from error
        raise AssertionError("the last time either returns or raises")

    def _worth_another(self, error: Exception) -> bool:
        """Tell whether a write may go well the next time; connections that are lost are left."""
        from psycopg.errors import DeadlockDetected, OperationalError, SerializationFailure
        from psycopg_pool import PoolClosed, PoolTimeout

        if isinstance(error, DeadlockDetected | SerializationFailure):
            return True
        if not isinstance(error, OperationalError) or isinstance(error, PoolClosed | PoolTimeout):
            return False
        if error.sqlstate is not None and not error.sqlstate.startswith(LOST):
            return False
        self._pool.check()
        return True

    def close(self) -> None:
        self._threads.shutdown()
        self._pool.close()

    def _undoing(self, work: Work[Result]) -> Result:
        """Do a write, or what is to be done instead."""
        while True:
            try:
                return self._once(work)
            except Undo as undo:
                work = undo.then

    def _once(self, work: Work[Result]) -> Result:
        with (
            self._pool.connection(timeout=self._wait) as raw,
            raw.pipeline() as pipeline,
            raw.transaction(),
        ):
            return work(Session(raw, pipeline, is_postgres=True))


def _to_the_disk(raw: Any) -> None:
    """Have every commit of a connection wait for the disk, whatever the server's default is."""
    raw.execute("SET synchronous_commit TO on")
