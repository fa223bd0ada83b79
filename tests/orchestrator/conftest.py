"""Databases to test on: every test that asks for `databases` runs on SQLite and on PostgreSQL."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest


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

    folder: Path
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
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def _create(self, template: str) -> str:
        name = f"test{len(self.free) + len(self.given)}"
        self._say("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _say(self, name: str, statement: str) -> None:
        import psycopg

        where = f"host={self.folder} user=postgres dbname={name}"
        with psycopg.connect(where, autocommit=True) as connection:
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
    """A server that lives as long as the tests do; it may not run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (programs[-1] if programs else None)
    if found is None:
        pytest.skip("needs a PostgreSQL server: Debian's package `postgresql`")
    bin = Path(found).resolve().parent
    with tempfile.TemporaryDirectory(prefix="omnisource-") as name:
        folder, user = Path(name), _user()
        if user is not None:
            shutil.chown(folder, *user)
        data = folder / "data"
        _run(user, bin / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-N")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=40"
        _run(user, bin / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Server(folder)
        finally:
            _run(user, bin / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _user() -> Sequence[int] | None:
    """User and group to run the server as; none where we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        other = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("needs a user `postgres`, whom Debian's package `postgresql` makes")
    return other.pw_uid, other.pw_gid


def _run(user: Sequence[int] | None, *words: object) -> None:
    """Run a program to its end; what it leaves running holds none of our streams."""
    who = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
    command = [str(word) for word in words]
    done = subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False, **who,
    )  # fmt: skip
    assert done.returncode == 0, command
