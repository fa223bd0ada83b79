"""The night: allocate it, compare who decides it, explain what was decided."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from omnisource.commands.options import (
    KNOWN,
    Folder,
    Format,
    Gap,
    Json,
    OrDb,
    Policy,
    Prices,
    Quiet,
    Seed,
    Strict,
    Threads,
    Time,
    just_one,
    leave,
)
from omnisource.commands.rolling import Step, refuse_with_rolling, roll_folder, roll_stored


def demo(
    out: Annotated[Path | None, typer.Option(help="Where to write. [default: out/demo]")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the bundled scenario, allocated and compared."""
    from omnisource.orchestrator.demo import demo_folder, run_demo
    from omnisource.orchestrator.report.plans import demo_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        done = run_demo(demo_folder(out), Limits(report=tell))
    screen.show(done.document(), demo_report(done))


def allocate(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Scenario folder.")] = None,
    *,
    db: OrDb = None,
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
    prices: Prices = None,
    seed: Seed = None,
    threads: Threads = 0,
    format: Format = "csv",
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Go on from the last run; release what must go.")
    ] = False,
    every: Annotated[
        int, typer.Option(min=1, metavar="MINUTES", help="With --rolling: until the next run.")
    ] = 15,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --rolling: instead of the clock.")
    ] = None,
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
    from omnisource.orchestrator.report.plans import Allocated, night_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Limits

    just_one(folder, db)
    if db is None and run is not None:
        raise typer.BadParameter("--run names a run in a database: it goes with --db")
    if db is not None and (engine == "ray" or shards is not None):
        raise typer.BadParameter("--engine ray and --shards go with a scenario folder DIR")
    if solver not in ("joint", "sharded") and (engine == "ray" or shards is not None):
        raise typer.BadParameter(f"--solver {solver} cannot work in shards")
    if rolling:
        refuse_with_rolling(run=run, engine=engine, shards=shards, solver=solver, seed=seed)
    elif now is not None:
        raise typer.BadParameter("--now goes with --rolling")
    screen = Screen(json, quiet)
    log = journal(json_log, seconds=time, clock=lambda: datetime.now(UTC))
    with screen.progress(time) as tell, log as note:

        def work(asked: Callable[[], bool]) -> Allocated:
            report = to_all(tell, note)
            limits = Limits(gap=gap, seconds=time, threads=threads, report=report, stop=asked)
            if rolling:
                step = Step(limits, now, every, policy, out, format, dry_run)
                return roll_folder(folder, step) if folder is not None else roll_stored(db, step)
            if folder is not None:
                return run_night(
                    folder, limits, solver=solver, policy=policy, seed=seed, prices=prices,
                    out=None if dry_run else out, format=format,
                    engine=asked_engine(engine, shards, ray_address),
                )  # fmt: skip
            from omnisource.orchestrator.stored_night import Asked, run_stored_night

            return run_stored_night(
                str(db), Asked(limits, solver, policy, seed, prices), run=run,
                out=out, format=format, size=partition, dry_run=dry_run,
            )  # fmt: skip

        night = heeding(work, screen.warn)
    screen.warn(*night.remarks())
    screen.show(night.document(), night_report(night))
    leave(strict and not night.complete)


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
    from omnisource.orchestrator.report.plans import comparison_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        limits = Limits(gap=gap, seconds=time, threads=threads, report=tell)
        done = run_comparison(folder, limits, solvers=solver, policy=policy, seed=seed, out=out)
    screen.warn(*done.opened.remarks())
    screen.show(done.document(), comparison_report(done.world, done.measures))


def explain(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's name.")],
    *,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Run folder, or with --db a run's name. [default: the newest here or in ./out]",
        ),
    ] = None,
    db: Annotated[
        str | None, typer.Option(metavar="URL", help="Database that has the record of it.")
    ] = None,
    event: Annotated[
        int | None, typer.Option(help="With --db: the order's event that tells the decision.")
    ] = None,
    why_not: Annotated[
        str | None, typer.Option("--why-not", metavar="NODE", help="What using it would take.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why an order is served as it is: as it was decided, from its record."""
    from datetime import UTC

    from omnisource.orchestrator.explain import explain as explain_order
    from omnisource.orchestrator.explain_record import explain_in
    from omnisource.orchestrator.report.order import explanation_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.runs import newest_run, read_run
    from omnisource.solvers.problem import Round

    screen = Screen(json, quiet)
    if db is None and event is not None:
        raise typer.BadParameter("--event names a decision in a database: it goes with --db")
    if db is not None:
        name = None if run is None else str(run)
        why = explain_in(db, order, event=event, run=name, why_not=why_not)
        screen.show(why.model_dump(mode="json"), explanation_report(why, UTC))
        return
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
