"""Short statements on a driver's own connection: what reservations are made of.

A statement is written once, with `:names`, for both databases. Every one is sent as it stands:
building it anew each time would cost more than a database takes to do it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

Row = tuple[Any, ...]
Values = Mapping[str, Any]
NAME: Final = re.compile(r":(\w+)")
AMONG: Final = re.compile(r"IN \(:(\w+)\)")
LOCK: Final = "/*lock*/"
"""Ends a query whose rows are to be locked; in SQLite a writer is alone anyway."""


class Statement:
    """A statement for both databases.

    >>> Statement("SELECT units FROM holds WHERE target = :cell").postgres
    'SELECT units FROM holds WHERE target = %(cell)s'
    >>> Statement("SELECT units FROM holds WHERE target IN (:cells)").postgres
    'SELECT units FROM holds WHERE target = ANY(%(cells)s)'
    """

    def __init__(self, text: str) -> None:
        """Take the text: `:names` where values go, `IN (:names)` for lists, LOCK at its end."""
        self.lists = tuple(AMONG.findall(text))
        self.sqlite = AMONG.sub(r"IN (SELECT value FROM json_each(:\1))", text.removesuffix(LOCK))
        some = AMONG.sub(r"= ANY(:\1)", text.replace(LOCK, " FOR UPDATE").replace("%", "%%"))
        self.postgres = NAME.sub(r"%(\1)s", some)


ONE_AT_A_TIME: Final = Statement(f"SELECT version FROM layout{LOCK}")
"""Locks out whoever else numbers new rows, before any stock cell or day is locked."""


class Session:
    """A transaction on the driver's own connection."""

    def __init__(self, raw: Any, pipeline: Any = None, *, is_postgres: bool) -> None:
        """Take a driver's connection that is in a transaction, in psycopg's pipeline or not."""
        self.raw = raw
        self.is_postgres = is_postgres
        self._pipeline = pipeline

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """Return what a query gives."""
        rows: list[Row] = self._run(statement, values).fetchall()
        return rows

    def change(self, statement: Statement, **values: Any) -> int:
        """Return how many rows a statement has changed."""
        return self.changes([(statement, values)])[0]

    def changes(self, work: Sequence[tuple[Statement, Values]]) -> list[int]:
        """Return how many rows each of some statements has changed, in one trip to the server."""
        cursors = [self._run(*each) for each in work]
        if self._pipeline is not None:
            self._pipeline.sync()
        return [cursor.rowcount for cursor in cursors]

    def all_change(self, work: Sequence[tuple[Statement, Values]]) -> bool:
        """Tell whether each of some statements has changed its row, in one trip to the server.

        None may change more than one; after a no the transaction is to be undone.
        """
        cursors = list(self._runs(work))
        if self._pipeline is not None:
            self._pipeline.sync()
        changed: int = sum(cursor.rowcount for cursor in cursors)
        return changed == len(work)

    def answers(self, work: Sequence[tuple[Statement, Values]]) -> list[tuple[int, list[Row]]]:
        """Return how many rows each of some statements has changed or found, and the rows found.

        All of them are one trip to the server.
        """
        cursors = [self._run(*each) for each in work]
        if self._pipeline is not None:
            self._pipeline.sync()
        return [
            (cursor.rowcount, cursor.fetchall() if cursor.description else []) for cursor in cursors
        ]

    def put(self, work: Sequence[tuple[Statement, Values]]) -> None:
        """Do some statements whose outcome nobody waits for; a failure ends the transaction."""
        for _ in self._runs(work):
            pass

    def _runs(self, work: Sequence[tuple[Statement, Values]]) -> Iterator[Any]:
        """Do some statements, those that follow each other alike in one call of the driver."""
        for statement, some in groupby(work, key=_statement):
            each = [values for _, values in some]
            yield self._run(statement, each[0]) if len(each) == 1 else self._each(statement, each)

    def _run(self, statement: Statement, values: Values) -> Any:
        if self.is_postgres:
            return self.raw.execute(statement.postgres, values)
        return self.raw.execute(statement.sqlite, _for_sqlite(statement, values))

    def _each(self, statement: Statement, each: Sequence[Values]) -> Any:
        """Do a statement with one after the other of some values."""
        cursor = self.raw.cursor()
        if self.is_postgres:
            cursor.executemany(statement.postgres, each)
        else:
            cursor.executemany(statement.sqlite, [_for_sqlite(statement, v) for v in each])
        return cursor


def _statement(work: tuple[Statement, Values]) -> Statement:
    return work[0]


def _for_sqlite(statement: Statement, values: Values) -> Values:
    """Return values as SQLite takes them: lists as JSON."""
    if not statement.lists:
        return values
    return {**values, **{name: json.dumps(values[name]) for name in statement.lists}}


def session_of(connection: Connection) -> Session:
    """Return a session in the transaction of a connection of SQLAlchemy."""
    raw = connection.connection.driver_connection
    return Session(raw, is_postgres=connection.dialect.name == "postgresql")


Result = TypeVar("Result")
Work = Callable[[Session], Result]
"""What is done in one transaction."""


class Undo(Exception):
    """Undo what this transaction has done, and do something else instead, in one of its own."""

    def __init__(self, then: Callable[[Session], Any]) -> None:
        """Take what is to be done instead."""
        super().__init__("undo")
        self.then = then
