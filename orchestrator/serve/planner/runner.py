"""Who runs what was asked for: one run at a time, each in a process of its own.

Of all workers of the service that share a folder of runs, one leads: whoever holds the lock of a
small database in it, which the operating system lets go of when its holder ends, however it ends.
Whoever begins to lead knows that nothing is running: what had begun was cut off, and says so.
"""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from omnisource.models.planning import About, RunRequest, RunState
from omnisource.orchestrator.serve.log import log, log_fault
from omnisource.orchestrator.serve.planner.kept import ASKED, STOP, Kept, end, read_json, write_json
from omnisource.orchestrator.serve.planner.library import Library
from omnisource.orchestrator.serve.state import Clock

LOCK: Final = ".lead.db"
TURN: Final = 0.3
"""Seconds between two looks."""
PATIENCE: Final = 120.0
"""Seconds that reading a scenario may take."""
WORK: Final = "omnisource.orchestrator.serve.planner.work"
CUT: Final = "The service ended before this run did: run it again."


@dataclass(eq=False)
class Runner:
    """Starts runs and sees them end."""

    kept: Kept
    library: Library
    now: Clock
    lead: sqlite3.Connection | None = None
    child: "subprocess.Popen[bytes] | None" = None
    place: Path | None = None  # the folder of the run under way
    turns: Lock = field(default_factory=Lock)
    closed: bool = False

    async def keep_running(self) -> None:
        """Look again and again; what goes wrong once may go well the next time."""
        while True:
            try:
                await asyncio.to_thread(self.turn)
            except Exception as error:
                log_fault("runs were not looked after", error)
            await asyncio.sleep(TURN)

    def turn(self) -> None:
        """End what is to stop, see what has ended, begin what is next."""
        with self.turns:
            if not self.closed and (self.lead or self._leads()):
                self._look()

    def _look(self) -> None:
        for place in self.kept.begun():
            if (place / STOP).exists():
                self._stop(place)
        if self.child is not None and self.child.poll() is not None:
            self._ended("failed", "A fault of ours: it has been noted in the log.")
        waits = self.kept.next()
        if self.child is None and waits is not None:
            self._begin(waits)

    def _leads(self) -> bool:
        """Try to lead; at once say of runs that had begun that they were cut off."""
        self.kept.folder.mkdir(parents=True, exist_ok=True)
        held = sqlite3.connect(
            self.kept.folder / LOCK, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            held.close()
            return False
        self.lead = held
        for place in self.kept.begun():
            stopped = (place / STOP).exists()
            if stopped:
                end(place, "stopped", ["It was stopped."], self.now())
            else:
                end(place, "cut off", [CUT], self.now())
        return True

    def _begin(self, place: Path) -> None:
        request = RunRequest.model_validate(read_json(place / ASKED)["request"])
        given = [str(place.resolve())]
        if request.scenario is not None:
            folder = self.library.folder(request.scenario)
            if folder is None:
                gone = f"there is no scenario {request.scenario!r} any more"
                end(place, "failed", [gone], self.now())
                return
            given.append(str(folder.resolve()))
        self.child = subprocess.Popen(
            [sys.executable, "-m", WORK, "run", *given], stdin=subprocess.PIPE
        )
        self.place = place
        log("run begun", run=place.name)

    def _stop(self, place: Path) -> None:
        if place == self.place:
            self._ended("stopped", "It was stopped.")
        else:
            end(place, "stopped", ["It was stopped before it began."], self.now())

    def _ended(self, state: RunState, word: str) -> None:
        """Let go of the process; where the run has not said how it ended, say so."""
        child, place = self.child, self.place
        if child is None or place is None:
            return
        child.kill()
        child.wait()
        if child.stdin is not None:
            with suppress(OSError):
                child.stdin.close()
        self.child = self.place = None
        if place.is_dir():
            end(place, state, [word], self.now())
        log("run ended", run=place.name, code=child.returncode)

    def close(self) -> None:
        """End what is under way, and lead no longer."""
        with self.turns:
            self.closed = True
            self._ended("cut off", CUT)
            if self.lead is not None:
                self.lead.close()
                self.lead = None


def read_about(kept: Kept, folder: Path) -> About:
    """Return what the reader finds in a scenario folder, remembered until a file in it changes.

    It is read in a process of its own, so that promises go on beside it.
    """
    files = [(f.name, f.stat()) for f in sorted(folder.iterdir()) if f.is_file()]
    print_ = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in files]
    file = kept.folder / "about" / f"{folder.resolve().name}.json"
    known = read_json(file)
    if known.get("print") == print_:
        return About.model_validate(known["about"])
    try:
        done = subprocess.run(
            [sys.executable, "-m", WORK, "about", str(folder.resolve())],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        log_fault("a scenario was not read", error, scenario=folder.name)
        return About(error="it could not be read: it is too large, or a fault of ours")
    found = About.model_validate_json(done.stdout)
    os.makedirs(file.parent, exist_ok=True)
    write_json(file, {"print": print_, "about": found.model_dump(mode="json")})
    return found
