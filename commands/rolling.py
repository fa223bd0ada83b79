"""`omnisource allocate --rolling`: one run after another over what is open."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from omnisource.orchestrator.report.plans import Allocated
    from omnisource.solvers.problem import Limits

ONLY = {"run": None, "engine": "local", "shards": None, "solver": "joint", "seed": None}
"""What other options must be."""


class Step(NamedTuple):
    """How a run is asked for."""

    limits: "Limits"
    now: str | None
    every: int  # minutes
    policy: Path | None
    out: Path | None
    format: str
    dry_run: bool


def refuse_with_rolling(**given: Any) -> None:
    """Refuse options that a run has no use for."""
    for name, value in given.items():
        if value != ONLY[name]:
            raise typer.BadParameter(f"--{name} does not go with --rolling")


def roll_folder(folder: Path, step: Step) -> "Allocated":
    """Let a run go on from where the last one left its run folder."""
    from datetime import timedelta

    from omnisource.orchestrator.rolling_folder import run_rolling
    from omnisource.orchestrator.source import time_of

    if step.out is None:
        raise typer.BadParameter("--rolling goes on from a run folder: name it with --out")
    return run_rolling(
        folder, step.limits, out=step.out, now=time_of(step.now), policy=step.policy,
        every=timedelta(minutes=step.every), format=step.format, dry_run=step.dry_run,
    )  # fmt: skip


def roll_stored(db: str | None, step: Step) -> "Allocated":
    """Let a run go over a database."""
    from datetime import UTC, datetime, timedelta

    from omnisource.orchestrator.rolling_stored import run_rolling_stored
    from omnisource.orchestrator.source import time_of

    if step.out is not None:
        raise typer.BadParameter("--rolling keeps its plan in the database: leave out --out")
    return run_rolling_stored(
        str(db), step.limits, now=time_of(step.now) or datetime.now(UTC), policy=step.policy,
        every=timedelta(minutes=step.every), dry_run=step.dry_run,
    )  # fmt: skip
