"""The planner's lab: what-if scenarios against their base."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.cli_options import Gap, Json, Quiet, Strict, Threads, Time, leave

scenario = typer.Typer(
    no_args_is_help=True,
    help="What-if scenarios: a base and what is different.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@scenario.callback()
def _group() -> None:
    """Keep `run` a command of a group."""


@scenario.command("run")
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Scenario files, TOML.")],
    *,
    base: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Scenario folder, instead of the files'.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; a run folder a scenario in it.")] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="At a time. [default: the cores; 1 where orders are few]"),
    ] = None,
    gap: Gap = 0.005,
    time: Time = 600.0,
    threads: Threads = 0,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run base and variants on the same orders; say what differs, and why."""
    from omnisource.orchestrator.lab import run_scenarios
    from omnisource.orchestrator.report_lab import lab_report
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        limits = Limits(gap=gap, seconds=time, threads=threads, report=tell)
        lab = run_scenarios(files, limits, base=base, out=out, processes=processes)
    screen.show(lab.document(), lab_report(lab))
    leave(strict and not lab.complete)
