"""A PostgreSQL server of one's own: made in a folder, reached by a socket in it, killed at will."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, Final

from omnisource.models.base import Unavailable, UnusableInput

INSTALLED: Final = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of its package `postgresql`, one folder a version."""
PATIENCE: Final = 60
"""Seconds after which a server that was killed has to be gone."""
STARTS: Final = 20
"""How often a server is asked to start."""
User = tuple[int, int]


@dataclass(frozen=True)
class PrivateServer:
    """A server in a folder."""

    folder: Path
    programs: Path
    user: User | None  # whom it runs as; none: whoever asks
    options: str

    def url(self, name: str) -> str:
        """Return the URL of a database of it."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers: it has recovered then what it had acknowledged.

        What a server that was killed had begun may still hold its memory for a moment.
        """
        said = f"-k {self.folder} -c listen_addresses='' {self.options}"
        words = "-w", "-t", PATIENCE, "-l", self.folder / "log", "-o", said, "start"
        for left in reversed(range(STARTS)):
            try:
                return self._control(*words)
            except Unavailable:
                if not left:
                    raise
                sleep(0.5)

    def stop(self) -> None:
        """Stop it at once."""
        self._control("-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill the server process by SIGKILL, and wait until all that it had begun have ended."""
        lock = self._data / "postmaster.pid"
        server = int(lock.read_text(encoding="ascii").split()[0])
        children = _children(server)
        os.kill(server, signal.SIGKILL)
        end = monotonic() + PATIENCE
        while any(map(_is_running, [server, *children])):
            if monotonic() > end:
                raise Unavailable(f"{self.folder}: the server does not end")
            sleep(0.02)

    def make(self) -> None:
        """Make its files."""
        _run(self.user, self.programs / "initdb", "-D", self._data, "-A", "trust", "-U", "postgres",
             "-N")  # fmt: skip

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _control(self, *words: object) -> None:
        _run(self.user, self.programs / "pg_ctl", "-D", self._data, *words)


@contextmanager
def private_server(options: str = "") -> Iterator[PrivateServer]:
    """Give a server that is running, and stop it at the end.

    Args:
        options: for the server, as `-c fsync=off`.

    Raises:
        UnusableInput: PostgreSQL is not installed.
    """
    programs, user = _programs(), _user()
    with TemporaryDirectory(prefix="omnisource-") as name:
        if user is not None:
            shutil.chown(name, *user)
        server = PrivateServer(Path(name), programs, user, options)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    versions = sorted(INSTALLED.glob("*/bin/initdb"))
    found = shutil.which("initdb") or (versions[-1] if versions else None)
    if found is None:
        raise UnusableInput("it needs a PostgreSQL server: install Debian's package `postgresql`")
    return Path(found).resolve().parent


def _user() -> User | None:
    """Return user and group to run the server as, which may not be root."""
    if os.geteuid() != 0:
        return None
    try:
        other = pwd.getpwnam("postgres")
    except KeyError:
        raise UnusableInput(
            "it needs a user `postgres`, whom Debian's package `postgresql` makes"
        ) from None
    return other.pw_uid, other.pw_gid


def _run(user: User | None, *words: object) -> None:
    """Run a program to its end; what it leaves running holds none of our streams."""
    who: dict[str, Any] = (
        {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
    )
    command = [str(word) for word in words]
    done = subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False, **who,
    )  # fmt: skip
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: it ended with {done.returncode}")


def _children(parent: int) -> Sequence[int]:
    """Return the processes that a process has begun."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(word) for word in listed.read_text(encoding="ascii").split()]


def _is_running(process: int) -> bool:
    """Tell whether a process is there and not merely waiting to be buried."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
