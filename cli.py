"""Commands: parse, call one verb, print one report.

Imports stand inside the commands, so that `--help` loads none of the libraries that they need.
This file is the door; a group of verbs has a file of its own beside it (cli_bench.py).
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal

import typer

from omnisource.cli_bench import bench
from omnisource.cli_options import (
    KNOWN,
    Folder,
    Format,
    Gap,
    Json,
    Policy,
    Quiet,
    Seed,
    Strict,
    Threads,
    Time,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help takes half the time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(bench, name="bench")


def _version(asked: bool) -> None:
    if asked:
        from omnisource import __version__

        typer.echo(f"omnisource {__version__}")
        raise typer.Exit


@app.callback()
def door(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where a fault of ours is.")] = False,
) -> None:
    """Decide which node ships which units of every order, by which service.

    Start with `omnisource demo`. Exit codes: 0 done; 2 wrong usage or unusable input; 3 done,
    but rows were rejected or units are short (only with --strict); 1 a fault of ours.
    """


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Where to write. [default: out/demo]")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the bundled scenario, allocated and compared."""
    from omnisource.orchestrator.demo import demo_folder, run_demo
    from omnisource.orchestrator.report import demo_report
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        done = run_demo(demo_folder(out), Limits(report=tell))
    screen.show(done.document(), demo_report(done))


@app.command()
def generate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write.")],
    *,
    orders: Annotated[int, typer.Option(min=1, help="Open orders.")],
    nodes: Annotated[int, typer.Option(min=3, help="Warehouses, stores, dropshippers.")] = 225,
    skus: Annotated[
        int | None, typer.Option(min=1, help="Products. [default: one a five orders]")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Over which the orders were placed.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another scenario.")] = 0,
    scarcity: Annotated[
        float, typer.Option(min=0.1, help="Units in stock a unit ordered, of contested products.")
    ] = 1.1,
    format: Format = "csv",
    force: Annotated[bool, typer.Option("--force", help="Replace a scenario there.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a synthetic scenario folder, seeded."""
    from omnisource.orchestrator.generate import generate as write_scenario
    from omnisource.orchestrator.report import generated_report
    from omnisource.orchestrator.runs import free_folder
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Round

    screen = Screen(json, quiet)
    free_folder(folder, force=force)
    with screen.progress() as tell:
        tell(Round("generate", 0))
        made = write_scenario(
            folder, orders=orders, nodes=nodes, skus=skus, days=days, seed=seed,
            scarcity=scarcity, format=format,
        )  # fmt: skip
    rows = {name: table.height for name, table in made.tables.items()}
    document = {"folder": str(folder), "seed": seed, "rows": rows}
    screen.show(document, generated_report(folder, rows))


@app.command()
def validate(
    folder: Folder,
    *,
    rejects: Annotated[Path | None, typer.Option(help="File for every bad row.")] = None,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a scenario folder and list every bad row."""
    from omnisource.orchestrator.batch import open_folder, validation_document
    from omnisource.orchestrator.load import write_rejects
    from omnisource.orchestrator.report import validation_report
    from omnisource.orchestrator.runs import usable_folder
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        opened = open_folder(folder, None, Limits(report=tell))
    if rejects is not None:
        usable_folder(rejects.parent)
        write_rejects(opened.loaded, rejects)
    screen.show(validation_document(opened), validation_report(opened))
    _leave(strict and opened.loaded.rejected > 0)


@app.command()
def load(
    folder: Folder,
    *,
    db: Annotated[
        str, typer.Option("--db", metavar="URL", help="A file, sqlite:///FILE, postgresql://…")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a scenario and its runs.")
    ] = False,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load a scenario folder into a database."""
    from omnisource.orchestrator.batch import open_folder, validation_document
    from omnisource.orchestrator.report import loaded_report
    from omnisource.orchestrator.screen import Screen
    from omnisource.orchestrator.stored import load_into
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        opened = open_folder(folder, None, Limits(report=tell))
        database = load_into(opened.world, db, replace=force)
    document = validation_document(opened) | {"database": database}
    screen.show(document, loaded_report(opened, database))
    _leave(strict and opened.loaded.rejected > 0)


@app.command()
def allocate(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Scenario folder.")] = None,
    *,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="URL", help="Instead of DIR: a database, see `load`."),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="ID", help="With --db: the run's name; the same again finishes it."),
    ] = None,
    partition: Annotated[
        int, typer.Option(min=1, max=50_000, help="With --db: orders written in one go.")
    ] = 2_000,
    solver: Annotated[str, typer.Option(help=f"One of {KNOWN}.")] = "joint",
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: on the machines of a Ray cluster.")
    ] = "local",
    shards: Annotated[
        int | None,
        typer.Option(
            min=1, help="Cut the night into so many. [default: with --engine ray, up to 4]"
        ),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", metavar="HOST:PORT", help="Of a cluster that runs."),
    ] = None,
    gap: Gap = 0.001,
    time: Time = 600.0,
    policy: Policy = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the plan to.")] = None,
    seed: Seed = None,
    threads: Threads = 0,
    format: Format = "csv",
    strict: Strict = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, write nothing.")] = False,
    json_log: Annotated[
        Path | None, typer.Option("--json-log", help="File for a line of JSON a round.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Allocate all open orders, with a certificate.

    Ctrl-C ends the search with the best plan so far; a second one ends without.
    """
    from datetime import UTC, datetime

    from omnisource.orchestrator.batch import asked_engine, run_night
    from omnisource.orchestrator.interrupt import heeding
    from omnisource.orchestrator.journal import journal, to_all
    from omnisource.orchestrator.report import Allocated, night_report
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Limits

    if (folder is None) == (db is None):
        raise typer.BadParameter("give a scenario folder DIR, or --db URL: one of the two")
    if db is None and run is not None:
        raise typer.BadParameter("--run names a run in a database: it goes with --db")
    if db is not None and (engine == "ray" or shards is not None):
        raise typer.BadParameter("--engine ray and --shards go with a scenario folder DIR")
    if solver not in ("joint", "sharded") and (engine == "ray" or shards is not None):
        raise typer.BadParameter(f"--solver {solver} cannot work in shards")
    screen = Screen(json, quiet)
    log = journal(json_log, seconds=time, clock=lambda: datetime.now(UTC))
    with screen.progress(time) as tell, log as note:

        def work(asked: Callable[[], bool]) -> Allocated:
            report = to_all(tell, note)
            limits = Limits(gap=gap, seconds=time, threads=threads, report=report, stop=asked)
            if folder is not None:
                return run_night(
                    folder, limits, solver=solver, policy=policy, seed=seed,
                    out=None if dry_run else out, format=format,
                    engine=asked_engine(engine, shards, ray_address),
                )  # fmt: skip
            from omnisource.orchestrator.stored_night import Asked, run_stored_night

            return run_stored_night(
                str(db), Asked(limits, solver, policy, seed), run=run,
                out=out, format=format, size=partition, dry_run=dry_run,
            )  # fmt: skip

        night = heeding(work, screen.warn)
    screen.warn(*night.remarks())
    screen.show(night.document(), night_report(night))
    _leave(strict and not night.complete)


@app.command()
def compare(
    folder: Folder,
    *,
    solver: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Again for each: {KNOWN}. [default: all but sharded, exact, monolith-…]"
        ),
    ] = None,
    gap: Gap = 0.001,
    time: Time = 600.0,
    policy: Policy = None,
    out: Annotated[Path | None, typer.Option(help="Folder; a folder a solver in it.")] = None,
    seed: Seed = None,
    threads: Threads = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Allocate the same orders by several solvers."""
    from omnisource.orchestrator.batch import run_comparison
    from omnisource.orchestrator.report import comparison_report
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        limits = Limits(gap=gap, seconds=time, threads=threads, report=tell)
        done = run_comparison(folder, limits, solvers=solver, policy=policy, seed=seed, out=out)
    screen.warn(*done.opened.remarks())
    screen.show(done.document(), comparison_report(done.world, done.measures))


@app.command()
def explain(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's name.")],
    *,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Run folder. [default: the newest here or in ./out]"),
    ] = None,
    why_not: Annotated[
        str | None, typer.Option("--why-not", metavar="NODE", help="What using it would take.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why an order is served as it is."""
    from omnisource.orchestrator.explain import explain as explain_order
    from omnisource.orchestrator.report_order import explanation_report
    from omnisource.orchestrator.runs import newest_run, read_run
    from omnisource.orchestrator.screen import Screen
    from omnisource.solvers.problem import Round

    screen = Screen(json, quiet)
    folder = run or newest_run(Path())
    with screen.progress() as tell:
        tell(Round("read the run", 0))
        kept = read_run(folder)
        tell(Round("explain", 0))
        why = explain_order(kept.world, kept.plan, order, why_not=why_not)
    if run is None:
        screen.warn(f"run: {folder}")
    zone = kept.world.scenario.now.tzinfo
    screen.show(why.model_dump(mode="json"), explanation_report(why, zone))


def _leave(wanting: bool) -> None:
    """Leave with 3 where --strict finds something wanting."""
    if wanting:
        raise typer.Exit(3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; leaves with SystemExit.

    Args:
        arguments: instead of the process's own.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without € prints the rest
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        app(args=given, prog_name="omnisource")
    except Exception as error:
        raise SystemExit(_told(error, debug="--debug" in given)) from None


def _told(error: Exception, *, debug: bool) -> int:
    """Say on stderr what went wrong; return the exit code."""
    from omnisource.models.base import UnusableInput

    if debug:
        traceback.print_exception(error)
    if isinstance(error, UnusableInput):
        typer.echo(f"error: {error}", err=True)
        return 2
    hint = "" if debug else "; `omnisource --debug VERB …` shows where"
    typer.echo(f"a fault of ours: {type(error).__name__}: {error}{hint}", err=True)
    return 1
