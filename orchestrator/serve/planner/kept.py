"""Runs kept on disk: what was asked for, how far it is, what it came to.

    RUNS/RUN/asked.json       what was asked for, when, by which key
             rounds.json      the last rounds; it is there when the run has begun
             stop             somebody asks it to stop
             ended.json       how it ended; written once
             base, changed    run folders
             report.html      the report

A run's state is what is there, so any process may ask for it, and nothing is lost by a restart.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from omnisource.models.planning import RunRequest, RunState, RunView
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.write import replacing

ASKED: Final = "asked.json"
ROUNDS: Final = "rounds.json"
STOP: Final = "stop"
END: Final = "ended.json"
REPORT: Final = "report.html"
BASE: Final = "base"
CHANGED: Final = "changed"
WAITING: Final = 2
"""Runs that may wait while another is running."""
LOST: Final = ("failed", "stopped", "cut off")
"""States of runs that came to nothing: their names are free."""
MOST: Final = 200
"""Runs that are kept."""


@dataclass(frozen=True)
class Kept:
    """A folder of runs."""

    folder: Path

    def all(self) -> list[RunView]:
        """Return all runs, the newest first."""
        return _newest_first(self._folders())

    def _folders(self) -> Iterator[Path]:
        yield from (file.parent for file in self.folder.glob(f"[0-9a-f]*/{ASKED}"))

    def place(self, run: str) -> Path:
        """Return the folder of a run that is there.

        Raises:
            Turned: there is none of that name.
        """
        found = {folder.name: folder for folder in self._folders()}.get(run)
        if found is None:
            raise Turned(404, "not-found", f"there is no run {run}")
        return found

    def one(self, run: str) -> RunView:
        """Return a run.

        Raises:
            Turned: there is none of that name.
        """
        found = _view(self.place(run))
        if found is None:
            raise Turned(404, "not-found", f"there is no run {run}")
        return found

    def ask(self, request: RunRequest, *, run: str, by: str, now: datetime) -> RunView:
        """Have something run when its turn comes; the same run asked for twice is one.

        Raises:
            Turned: too many wait or are kept, it has another's name, or compares what is not done.
        """
        runs = self.all()
        if same := [each for each in runs if each.run == run]:
            if same[0].request != request:
                raise Turned(422, "key", "the key of this request was used for another")
            return same[0]
        _fits(request, runs)
        place = self.folder / run
        place.mkdir(parents=True, exist_ok=True)
        asked = {"request": request.model_dump(mode="json", exclude_unset=True), "by": by}
        write_json(place / ASKED, asked | {"at": now.isoformat()})
        return self.one(run)

    def report(self, run: str) -> str:
        """Return the report of a run.

        Raises:
            Turned: it has none.
        """
        file = self.place(run) / REPORT
        if not file.is_file():
            raise Turned(404, "not-found", "this run has no report")
        return file.read_text(encoding="utf-8")

    def stop(self, run: str) -> RunView:
        """Ask a run to stop; one that has ended stays as it is."""
        place, found = self.place(run), self.one(run)
        if not found.ended:
            (place / STOP).touch()
        return self.one(run)

    def delete(self, run: str) -> None:
        """Delete a run that has ended.

        Raises:
            Turned: it has not.
        """
        place = self.place(run)
        if not self.one(run).ended:
            raise Turned(409, "denied", "it has not ended: stop it first")
        (place / ASKED).unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)

    def next(self) -> Path | None:
        """Return the folder of the run that waits longest."""
        waiting = [run for run in self._open() if run.state == "waiting"]
        return self.folder / waiting[-1].run if waiting else None

    def begun(self) -> list[Path]:
        """Return the folders of runs that have begun, or are to stop, and have not ended."""
        begun = ("running", "stopping")
        return [self.folder / run.run for run in self._open() if run.state in begun]

    def _open(self) -> list[RunView]:
        """Return the runs that have not ended, the newest first; the others are not read."""
        return _newest_first(place for place in self._folders() if not (place / END).exists())


def _newest_first(folders: Iterable[Path]) -> list[RunView]:
    found = [run for run in map(_view, folders) if run is not None]
    return sorted(found, key=lambda run: (run.asked_at, run.run), reverse=True)


def _fits(request: RunRequest, runs: list[RunView]) -> None:
    """Turn away what cannot be run as things are."""
    if sum(run.state == "waiting" for run in runs) >= WAITING:
        raise Turned(429, "too-many", f"{WAITING} runs wait already: try again when one is done")
    if len(runs) >= MOST:
        raise Turned(409, "denied", f"{MOST} runs are kept: delete some first")
    if any(run.request.name == request.name for run in runs if run.state not in LOST):
        raise Turned(409, "denied", f"there is a run {request.name!r}: give this another name")
    done = {run.run for run in runs if run.state == "done" and not run.request.compare}
    if missing := [run for run in request.compare if run not in done]:
        raise Turned(409, "denied", f"run {missing[0]} cannot be compared: it is none that is done")


def _view(folder: Path) -> RunView | None:
    asked, end = read_json(folder / ASKED), read_json(folder / END)
    rounds = read_json(folder / ROUNDS)
    try:
        return RunView.model_validate(
            {
                "run": folder.name,
                "request": asked["request"],
                "asked_at": asked["at"],
                "state": end.get("state") or _state(folder),
                "ended_at": end.get("at"),
                "words": end.get("words", ()),
                "rounds": rounds.get("rounds", ()),
                "report": (folder / REPORT).is_file(),
            }
        )
    except (KeyError, ValidationError):  # it is just being deleted, or none of ours
        return None


def _state(folder: Path) -> RunState:
    if (folder / STOP).exists():
        return "stopping"
    return "running" if (folder / ROUNDS).exists() else "waiting"


def end(folder: Path, state: RunState, words: list[str], now: datetime) -> None:
    """Write how a run ended, unless that is written already."""
    if not (folder / END).exists():
        write_json(folder / END, {"state": state, "words": words, "at": now.isoformat()})


def read_json(file: Path) -> dict[str, Any]:
    """Return a document; an empty one where there is none."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def write_json(file: Path, document: dict[str, Any]) -> None:
    """Write a document, whole or not at all."""
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
