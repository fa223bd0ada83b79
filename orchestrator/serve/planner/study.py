"""All that the planner's pages and routes work with: scenarios, runs, and who runs them."""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from omnisource.models.base import UnusableInput
from omnisource.models.planning import About, RunRequest, RunView, ScenarioView
from omnisource.orchestrator.serve.planner.kept import Kept
from omnisource.orchestrator.serve.planner.library import Library
from omnisource.orchestrator.serve.planner.runner import Runner, read_about
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.state import Clock
from omnisource.orchestrator.settings import Settings


@dataclass(frozen=True, eq=False)
class Study:
    """What one worker of the service has of it."""

    kept: Kept
    library: Library
    runner: Runner
    now: Clock
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)  # one scenario at a time
    asking: Lock = field(default_factory=Lock)  # one run at a time: each sees those before it

    def view(self, scenario: str) -> ScenarioView:
        """Return a scenario as it is listed.

        Raises:
            Turned: there is none of that name.
        """
        uploaded = self.library.is_uploaded(self.folder(scenario))
        return ScenarioView(scenario=scenario, uploaded=uploaded)

    def folder(self, scenario: str) -> Path:
        """Return the folder of a scenario.

        Raises:
            Turned: there is none of that name.
        """
        found = self.library.folder(scenario)
        if found is None:
            raise Turned(404, "not-found", f"there is no scenario {scenario!r}")
        return found

    async def about(self, scenario: str) -> About:
        """Return what the reader finds in a scenario."""
        folder = await asyncio.to_thread(self.folder, scenario)
        async with self.reading:
            return await asyncio.to_thread(read_about, self.kept, folder)

    def ask(self, request: RunRequest, *, run: str, by: str) -> RunView:
        """Have something run when its turn comes; see `Kept.ask`."""
        if request.scenario is not None:
            self.folder(request.scenario)
        with self.asking:
            return self.kept.ask(request, run=run, by=by, now=self.now())

    def remove(self, scenario: str) -> None:
        """Delete a scenario that was uploaded.

        Raises:
            Turned: it was not.
        """
        folder = self.folder(scenario)
        if not self.library.is_uploaded(folder):
            raise Turned(409, "denied", "it was not uploaded here: it stays")
        shutil.rmtree(folder, ignore_errors=True)


def open_study(settings: Settings, now: Clock) -> Study | None:
    """Return what the settings say; None where they name no scenarios.

    Raises:
        UnusableInput: they name no folder, or one that cannot be written.
    """
    if settings.scenarios is None:
        return None
    if not settings.scenarios.is_dir():
        raise UnusableInput(f"OMNISOURCE_SCENARIOS: {settings.scenarios} is no folder")
    try:
        settings.runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableInput(f"OMNISOURCE_RUNS: {settings.runs}: {error.strerror}") from None
    kept = Kept(settings.runs / "runs")
    library = Library(settings.scenarios, settings.runs / "scenarios")
    return Study(kept, library, Runner(kept, library, now), now)


async def _study(request: Request) -> Study:
    found: Study | None = request.app.state.study
    if found is None:
        raise Turned(404, "not-found", "this service is started without --scenarios")
    return found


Lab = Annotated[Study, Depends(_study)]
