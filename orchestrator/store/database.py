"""The only door to a database: what a URL names, and transactions on it.

Modules called `store_…` stand behind this door; nobody else holds a session. SQLite keeps a
write-ahead log, a writer takes its lock when it begins, and waits for `WAIT` seconds if another
has it. A process that is killed takes nothing back that it has committed; a power cut may take
the last transactions, whole ones, which the same run writes again. PostgreSQL reads in one
snapshot, and writes with rows locked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from omnisource.models.base import Unavailable, UnusableInput
from omnisource.models.tables import LAYOUT, TABLES, LayoutRow, table_of

WAIT: Final = 60
"""Seconds that a writer of SQLite waits for another to end."""
DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
"""What a URL may begin with, and what speaks to it."""
MODE: Final = "omnisource_begin"
"""The execution option that says how a transaction begins."""
FORMS: Final = "give a file, sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


@dataclass(frozen=True)
class Database:
    """A database, and how to speak to it; `close` it when done."""

    url: URL
    engine: Engine = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """What it is called in messages: without its password."""
        return database_name(self.url)

    @property
    def is_postgres(self) -> bool:
        """Tell whether it is PostgreSQL; else it is SQLite."""
        return self.url.get_backend_name() == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one state of the database to read, whatever others write meanwhile."""
        snapshot: dict[str, Any] = (
            {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            if self.is_postgres
            else {MODE: "BEGIN"}
        )
        with self.said(), self.engine.connect().execution_options(**snapshot) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction: all that is done in it holds, or none of it."""
        options = {MODE: "BEGIN IMMEDIATE"}
        with (
            self.said(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def said(self) -> Iterator[None]:
        """Say in words what a database refuses, through SQLAlchemy or its own driver.

        Raises:
            Unavailable: it cannot be reached or read just now.
            UnusableInput: a value is none that it can hold.
        """
        driver = self.engine.dialect.dbapi
        assert driver is not None
        try:
            yield
        except (IntegrityError, driver.IntegrityError):
            raise
        except (DataError, driver.DataError) as error:
            raise UnusableInput(f"{self.name}: {_words(error)}") from error
        except (DBAPIError, driver.Error) as error:
            raise Unavailable(f"{self.name}: {_words(error)}") from error
        except PoolTimeout as error:
            raise Unavailable(f"{self.name}: too many read at once; try again") from error


def _words(error: BaseException) -> str:
    return explained(str(getattr(error, "orig", None) or error))


def database_name(url: URL) -> str:
    """Return how a database is called in messages: a file's path, or a URL without password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True).replace("+psycopg", "")


def open_database(url: str) -> Database:
    """Return the database that a URL or a path names; nothing is asked of it yet.

    Raises:
        UnusableInput: it names no database, or the library that speaks to it is not installed.
    """
    parsed = parse_url(url)
    try:
        engine = create_engine(parsed, connect_args=_arguments(parsed), pool_pre_ping=True)
    except ImportError:
        raise UnusableInput(
            f"{database_name(parsed)}: PostgreSQL needs psycopg, which is not installed: "
            "pip install 'omnisource[postgres]'"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        _begin_as_asked(engine)
    return Database(parsed, engine)


def parse_url(url: str) -> URL:
    """Return what a URL or the path of a file names.

    >>> parse_url("shop.db").database, parse_url("postgresql://ann@db/shop").drivername
    ('shop.db', 'postgresql+psycopg')

    Raises:
        UnusableInput: it names no database that is known.
    """
    if "://" not in url:
        return URL.create(DRIVERS["sqlite"], database=url) if url else _refused(url, "it is empty")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return _refused(url, "this is no URL")
    kind = parsed.drivername.partition("+")[0]
    if kind not in DRIVERS:
        return _refused(kind, "no such kind of database is known")
    if not parsed.database or parsed.database == ":memory:":
        return _refused(f"{kind}://", "it names no database that lasts")
    return parsed.set(drivername=DRIVERS[kind])


def _refused(url: str, why: str) -> URL:
    raise UnusableInput(f"--db {url!r}: {why}; {FORMS}")


def _arguments(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": WAIT}
    return {"connect_timeout": 10, "application_name": "omnisource"}


def _begin_as_asked(engine: Engine) -> None:
    """Have SQLite begin when and how the transaction says, instead of at the first write."""

    @event.listens_for(engine, "connect")
    def _(raw: Any, _: Any) -> None:
        raw.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-200000"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(MODE, "BEGIN"))


def explained(said: str) -> str:
    """Say what a database's own words mean, and what to do."""
    remedies = {
        "does not exist": "make it with `createdb`, then `omnisource load DIR --db URL`",
        "not a database": "name another file, or remove this one",
        "is locked": "another process is writing; try again when it has ended",
        "password": "put USER:PASSWORD@ before the host, or set PGPASSWORD",
        "connection": "is the server running, and does it let you in?",
        "unable to open": "is there such a folder, and may you write there?",
        "readonly": "may you write there?",
        "is full": "make room on the disk",
        "disk i/o": "is there room on the disk?",
    }
    said = " ".join(said.split())
    for sign, remedy in remedies.items():
        if sign in said.lower():
            return f"{said}; {remedy}"
    return said


def unavailable(name: str, error: Exception) -> Unavailable:
    """Return, in words, what a database refuses."""
    return Unavailable(f"{name}: {explained(str(error))}")


def loaded_database(url: str) -> Database:
    """Return a database that holds a scenario.

    Raises:
        UnusableInput: there is none, it holds none, or its tables have another layout.
    """
    database = open_database(url)
    first = f"`omnisource load DIR --db {database.name}` makes one"
    if not database.is_postgres and not Path(str(database.url.database)).exists():
        raise UnusableInput(f"{database.name}: there is no such database; {first}")
    with database.reading() as connection:
        found = layout_of(connection)
    if found is None:
        raise UnusableInput(f"{database.name}: no scenario has been loaded into it; {first}")
    refuse_other_layout(database, found)
    return database


def layout_of(connection: Connection) -> int | None:
    """Return the version of the tables in a database; None where there are none of ours."""
    layout = table_of(LayoutRow)
    if not inspect(connection).has_table(layout.name):
        return None
    return connection.scalar(select(layout.c.version))


def refuse_other_layout(database: Database, found: int) -> None:
    """Refuse tables that this version of the program does not know."""
    if found == LAYOUT:
        return
    remedy = (
        "use the newer omnisource that wrote it"
        if found > LAYOUT
        else f"`omnisource db upgrade --db {database.name}` brings it up to date"
    )
    raise UnusableInput(
        f"{database.name}: its tables have layout {found}, this omnisource knows {LAYOUT}; {remedy}"
    )


def strangers(connection: Connection) -> list[str]:
    """Return tables that are called as ours are, where no layout says that they are ours."""
    if layout_of(connection) is not None:
        return []
    return sorted(set(inspect(connection).get_table_names()) & set(TABLES.tables))
