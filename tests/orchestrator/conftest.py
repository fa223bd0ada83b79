"""Databases to test on: every test that asks for `databases` runs on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.bench_server import PrivateServer, private_server


class Databases(Protocol):
    """Where databases come from."""

    def empty(self) -> str:
        """The URL of one without tables."""
        ...

    def copy(self, url: str) -> str:
        """The URL of a copy of one that nobody uses."""
        ...

    def take_back(self) -> None:
        """Take back all that were given."""
        ...


@dataclass(frozen=True)
class Files:
    """SQLite databases, a file each."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def empty(self) -> str:
        return f"sqlite:///{self.folder}/{next(self.numbers)}.db"

    def copy(self, url: str) -> str:
        new = self.empty()
        shutil.copy(url.removeprefix("sqlite:///"), new.removeprefix("sqlite:///"))
        return new

    def take_back(self) -> None:
        """Leave them where they are."""


@dataclass(frozen=True)
class Server:
    """Databases of a PostgreSQL server of our own, reached by a socket in its folder."""

    running: PrivateServer
    free: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    def empty(self) -> str:
        name = self.free.pop() if self.free else self._create("template1")
        return self._give(name)

    def copy(self, url: str) -> str:
        return self._give(self._create(url.partition("?")[0].rpartition("/")[2]))

    def take_back(self) -> None:
        for name in self.given:
            self._say(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.free.extend(self.given)
        self.given.clear()

    def _give(self, name: str) -> str:
        self.given.append(name)
        return self.running.url(name)

    def _create(self, template: str) -> str:
        name = f"test{len(self.free) + len(self.given)}"
        self._say("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _say(self, name: str, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.running.url(name), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    found: Databases = request.getfixturevalue(request.param)
    yield found
    found.take_back()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return Files(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """A server that lives as long as the tests do."""
    with server("-c fsync=off -c max_connections=40") as running:
        yield Server(running)


@contextmanager
def server(options: str = "") -> Iterator[PrivateServer]:
    """A server of its own; without PostgreSQL the test is skipped."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(private_server(options))
        except UnusableInput as error:
            pytest.skip(str(error))
        yield running


@pytest.fixture
def own_server() -> Iterator[PrivateServer]:
    """A server that waits for the disk, to be killed."""
    with server("-c max_connections=40") as running:
        yield running
