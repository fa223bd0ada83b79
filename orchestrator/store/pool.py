"""PostgreSQL's writers: a pool of connections, a transaction a write, on disk before it is told.

A write that the server ends to break a deadlock is done again; so is one whose connection is lost,
which may hold already: its key says so then, and it changes nothing. Where the server is not back
in time, the database is unavailable.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.store.database import Database, explained, unavailable
from omnisource.orchestrator.store.session import Result, Session, Undo, Work

AGAIN: Final = 5
"""How often a write is done that PostgreSQL breaks off."""
LOST: Final = ("08", "57P")
"""How PostgreSQL's states begin that end a connection; none at all where it just went away."""


class Pool:
    """Does writes side by side."""

    def __init__(self, database: Database, most: int, wait: float) -> None:
        """Take a database, how many connections there may be, and seconds to wait for one."""
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
        """Have a write done in a thread."""
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
                    raise unavailable(self._name, error) from error
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
        """End when what is waiting is done."""
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
