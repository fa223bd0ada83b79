"""The planner's lab: what-if scenarios against their base, and the report of kept runs."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Gap, Json, Quiet, Strict, Threads, Time, leave

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
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page that loads nothing.")
    ] = None,
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
    from omnisource.orchestrator.lab.run import run_scenarios
    from omnisource.orchestrator.report.lab import lab_report
    from omnisource.orchestrator.report.page import need_libraries, write_page
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    if report is not None:
        need_libraries()
    with screen.progress() as tell:
        limits = Limits(gap=gap, seconds=time, threads=threads, report=tell)
        lab = run_scenarios(files, limits, base=base, out=out, processes=processes)
        if report is not None:
            write_page(lab, report)
    screen.show(lab.document(), lab_report(lab, report))
    leave(strict and not lab.complete)


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Run folders: the first is the base of the others."),
    ],
    *,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="A page that loads nothing.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="DIR", help="Its tables, as CSV.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="DIR", help="Its charts, as PNG.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write kept runs as a page, tables or pictures."""
    from omnisource.orchestrator.lab.run import lab_of_runs
    from omnisource.orchestrator.report.lab import written_report
    from omnisource.orchestrator.report.page import write_page, write_pictures, write_tables
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Round

    if html is None and csv is None and png is None:
        raise typer.BadParameter("say what to write: --html FILE, --csv DIR, --png DIR")
    screen = Screen(json, quiet)
    with screen.progress() as tell:
        tell(Round("read the runs", 0))
        lab = lab_of_runs(runs)
        tell(Round("write", 0))
        files = [] if html is None else [write_page(lab, html)]
        files += [] if csv is None else write_tables(lab, csv)
        files += [] if png is None else write_pictures(lab, png)
    screen.show(lab.document() | {"files": [str(file) for file in files]}, written_report(files))
