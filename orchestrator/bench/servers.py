"""Servers to measure: the service, and an empty FastAPI route, each a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from typing import Final

from omnisource.models.base import OmnisourceError

START: Final = 600.0
"""Seconds that a server may take to start: on a fresh machine it compiles its kernels."""
QUIET: Final = 2.0
IDLE: Final = 0.05
"""Workers are ready that have worked for no more than this share of so many seconds."""
EMPTY: Final = """
import sys, uvicorn
from fastapi import FastAPI
from omnisource.models.promise import Cart
app = FastAPI()
@app.post("/v1/promise")
async def nothing(cart: Cart) -> dict[str, str]:
    return {}
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
"""
OURS: Final = "from omnisource.cli import main; main()"


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in text.split()] or [self.process.pid]

    def busy(self) -> float:
        """Return seconds of processor time that they have taken."""
        ticks = 0
        for pid in {*self.workers(), self.process.pid}:
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(parts[11]) + int(parts[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Return what the largest of them holds."""
        return self._largest("VmRSS:")

    def peak_mb(self) -> float:
        """Return what the largest of them has ever held, from its start on."""
        return self._largest("VmHWM:")

    def _largest(self, name: str) -> float:
        said = [Path(f"/proc/{pid}/status").read_text() for pid in self.workers()]
        return max(int(status.split(name)[1].split()[0]) for status in said) / 1024


@contextmanager
def serving(url: str, now: datetime, workers: int = 1) -> Iterator[Server]:
    """Serve a database from a time on."""
    words = ["serve", "--db", url, "--workers", str(workers), "--now", now.isoformat()]
    environment = {"OMNISOURCE_RATE": "1000000", "OMNISOURCE_BURST": "1000000",
                   "OMNISOURCE_REFRESH_SECONDS": "15"}  # fmt: skip
    with _running("-c", OURS, *words, "--port", **environment) as server:
        yield server


@contextmanager
def empty_route() -> Iterator[Server]:
    """Serve a route that reads a cart and answers nothing."""
    with _running("-c", EMPTY) as server:
        yield server


@contextmanager
def _running(*words: str, **environment: str) -> Iterator[Server]:
    """Start a server on a port that is free, and end it."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *words, str(port)], env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(process, port)
        server = Server(port, process)
        _settle(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = monotonic() + START
    while monotonic() < until and process.poll() is None:
        with socket() as wire:
            if wire.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.05)
    raise OmnisourceError(f"no server listens at port {port}: it ended, or took too long")


def _settle(server: Server) -> None:
    """Wait until all workers are ready: one that still reads the scenario works for all it can."""
    until, before = monotonic() + START, server.busy()
    while monotonic() < until:
        sleep(QUIET)
        after = server.busy()
        if after - before < IDLE * QUIET:
            return
        before = after
