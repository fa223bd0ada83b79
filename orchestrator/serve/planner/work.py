"""What a run does, in a process of its own: `run FOLDER [SCENARIO]`, `about SCENARIO`.

Its standard input is a pipe to whoever started it: when that ends, this does too, so that no run
goes on of which nobody knows. What goes wrong is told in words that name no folder of the machine.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Final

from omnisource.models.base import OmnisourceError, UnusableInput
from omnisource.models.planning import About, RunRequest
from omnisource.models.scenario import WhatIf
from omnisource.models.world import Column, World
from omnisource.orchestrator.folder.head import read_scenario
from omnisource.orchestrator.folder.load import describe, load
from omnisource.orchestrator.lab.run import Lab, Task, Variant, lab_of_runs, run_task
from omnisource.orchestrator.report.page import need_libraries, write_page
from omnisource.orchestrator.report.plans import certificate, headline, served
from omnisource.orchestrator.serve.planner.kept import (
    ASKED,
    BASE,
    CHANGED,
    REPORT,
    ROUNDS,
    end,
    read_json,
    write_json,
)
from omnisource.solvers.problem import Limits, Round

SHOWN: Final = 12
"""Rounds that are kept to be shown."""
EVERY: Final = 0.25
"""Seconds between two times that rounds are written, at the least."""
PROBLEMS: Final = 50
NAMES: Final = 40
"""Names that may be offered to choose from; where there are more, they are typed."""
POLITE: Final = 10
"""How far the process stands back for others."""


def main(given: Sequence[str]) -> None:
    """Do what the command line asks for."""
    with suppress(AttributeError, OSError):
        os.nice(POLITE)
    with suppress(OSError):  # where memory runs out, Linux ends this first, not the checkout
        Path("/proc/self/oom_score_adj").write_text("1000")
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print goes to stderr
    what, *places = given
    if what == "about":
        with os.fdopen(out, "w", encoding="utf-8") as answer:
            answer.write(about(Path(places[0])).model_dump_json())
        return
    Thread(target=_end_with_its_starter, daemon=True).start()
    run(Path(places[0]), Path(places[1]) if len(places) > 1 else None)


def _end_with_its_starter() -> None:
    with suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(1)


def run(folder: Path, scenario: Path | None) -> None:
    """Do what a run's folder asks for, and write how it ended.

    Args:
        folder: of the run.
        scenario: the folder of the scenario that it names; None for a comparison.
    """
    request = RunRequest.model_validate(read_json(folder / ASKED)["request"])
    rounds = Rounds(folder / ROUNDS)
    rounds.tell(Round("begin", 0))
    try:
        lab = _compared(folder, request) if scenario is None else _run(
            folder, scenario, request, rounds.tell
        )  # fmt: skip
        rounds.tell(Round("write the report", 0))
        words = [*said_of(lab), *_report(lab, folder)]
    except OmnisourceError as error:
        end(folder, "failed", plain(str(error), folder, scenario).split("\n"), datetime.now(UTC))
    else:
        end(folder, "done", words, datetime.now(UTC))


def _run(
    folder: Path, scenario: Path, request: RunRequest, tell: Callable[[Round], None]
) -> Lab:  # fmt: skip
    """Run a scenario as it is, and, where something is to be different, once more so."""
    if request.changes and request.name == read_scenario(scenario).name:
        raise UnusableInput(f"name: {request.name!r} is what the scenario is called: take another")
    limits = Limits(request.gap, request.seconds, report=tell)
    tell(Round("the scenario as it is", 0))
    base = run_task(Task(scenario, None, limits, folder / BASE))
    if not request.changes:
        return Lab(scenario, base, [], folder)
    tell(Round("with what is different", 0))
    what = WhatIf(
        name=request.name, summary=request.summary, base=scenario.name, changes=request.changes
    )
    variant = Variant(Path("changes"), what, scenario, request.changes, None)
    changed = run_task(Task(scenario, variant, limits, folder / CHANGED))
    return Lab(scenario, base, [changed], folder)


def _compared(folder: Path, request: RunRequest) -> Lab:
    """Return kept runs as one lab: the first run's base, if it has one, then what each came to."""
    runs = [folder.parent / run for run in request.compare]
    found = [run / CHANGED if (run / CHANGED).is_dir() else run / BASE for run in runs]
    first = [] if found[0].name == BASE else [runs[0] / BASE]
    return lab_of_runs([*first, *found])


def said_of(lab: Lab) -> list[str]:
    """Say what a lab came to: the base, then what sets each scenario apart."""
    measures = lab.base.measures
    base = [headline(lab.base.name, measures), served(measures), certificate(measures)]
    return [*base, *(sentence for one in lab.differences for sentence in one.sentences())]


def _report(lab: Lab, folder: Path) -> list[str]:
    """Write the report; say why where that cannot be."""
    try:
        need_libraries()
    except UnusableInput as error:
        return [f"There is no report: {error}."]
    write_page(lab, folder / REPORT)
    return []


def plain(text: str, folder: Path, scenario: Path | None) -> str:
    """Return what was said without folders of the machine."""
    for known, name in ((scenario, "scenario"), (folder, "run"), (folder.parent, "runs")):
        for path in () if known is None else (known, known.resolve()):
            text = text.replace(str(path), name)
    return text


@dataclass(eq=False)
class Rounds:
    """The last rounds of a run, written now and then."""

    file: Path
    last: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=SHOWN))
    at: float = 0.0

    def tell(self, one: Round) -> None:
        """Take a round."""
        said = {"step": one.step, "done": one.done, "cost_cents": one.cost}
        self.last.append(said | {"bound_cents": one.bound})
        if monotonic() - self.at > EVERY:
            write_json(self.file, {"rounds": list(self.last)})
            self.at = monotonic()


def about(folder: Path) -> About:
    """Return what the reader finds in a scenario folder."""
    try:
        loaded = load(folder)
    except UnusableInput as error:
        return About(error=plain(str(error), folder.parent, folder))
    world = loaded.world
    bad = [describe(reject) for reject in loaded.rejects.head(PROBLEMS).to_dicts()]
    return About(
        name=world.scenario.name,
        summary=world.scenario.summary,
        rows={table: count.used for table, count in loaded.counts.items()},
        rejected=loaded.rejected,
        problems=(*bad, *(f"warning: {text}" for text in loaded.warnings[:PROBLEMS])),
        names=_names(world),
    )


def _names(world: World) -> dict[str, tuple[str, ...]]:
    """Return by condition what may be named in it, where that is not too much."""
    columns = {
        "nodes": world.nodes["node"], "services": world.services["service"],
        "carriers": world.services["carrier"], "skus": world.products["sku"],
        "categories": world.products["category"], "channels": world.orders["channel"],
        "tiers": world.orders["tier"],
    }  # fmt: skip
    found = {name: _distinct(column) for name, column in columns.items()}
    return {name: names for name, names in found.items() if 0 < len(names) <= NAMES}


def _distinct(column: Column) -> tuple[str, ...]:
    return tuple(sorted({str(each) for each in column if each}))


if __name__ == "__main__":
    main(sys.argv[1:])
