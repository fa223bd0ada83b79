"""`omnisource bench …`: figures and ratios of this machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from omnisource.commands.options import Json, Quiet, Threads, Time

Part = Literal["table", "anytime", "rivals", "rules", "growth", "sweep", "all"]

bench = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure this machine.")


@bench.callback()
def door() -> None:
    """Measure this machine: figures, and ratios that hold on others."""


@bench.command()
def night(
    *,
    part: Annotated[Part, typer.Option(help="What to measure.")] = "table",
    orders: Annotated[
        int | None, typer.Option(min=10, help="[default: the sizes of the goals, to a million]")
    ] = None,
    scarcity: Annotated[
        float, typer.Option(min=0.1, help="Units in stock a unit ordered, of contested products.")
    ] = 1.1,
    gap: Annotated[
        float | None, typer.Option(min=0.0, help="[default: the gaps of the goals]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other nights.")] = 0,
    time: Time = 600.0,
    rival_seconds: Annotated[
        float, typer.Option(min=0.0, help="A rival stops after so long at the most.")
    ] = 600.0,
    threads: Threads = 0,
    scratch: Annotated[
        Path | None, typer.Option(help="Where nights are kept. [default: temporary files]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File: JSON, or with .md tables, put in their places if it has them."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the nightly batch against its goals, its rivals and the rules."""
    from rich.console import Group

    from omnisource.orchestrator.bench.common import Bench, keep
    from omnisource.orchestrator.bench.night import PARTS, bench_night
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        asked = Bench(
            orders=orders, scarcity=scarcity, gap=gap, seed=seed, seconds=time,
            rival_seconds=rival_seconds, threads=threads, scratch=scratch, tell=tell,
        )  # fmt: skip
        document, sheets = bench_night(asked, list(PARTS) if part == "all" else [part])
    if out is not None:
        keep(out, document, sheets)
    screen.show(document, Group(*(sheet_report(sheet) for sheet in sheets)))


@bench.command()
def load(
    *,
    orders: Annotated[int, typer.Option(min=20, help="How many.")] = 1_000_000,
    format: Annotated[Literal["csv", "parquet"], typer.Option(help="Of the files.")] = "csv",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other nights.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure loading, judging and writing beside polars' own time."""
    from omnisource.orchestrator.bench.load import bench_load
    from omnisource.orchestrator.report.screen import Screen

    figures = bench_load(orders=orders, format=format, seed=seed)
    Screen(json, quiet).show(figures.document(), figures.table())


@bench.command()
def reserve(
    *,
    db: Annotated[
        list[str] | None,
        typer.Option(
            "--db", metavar="URL", help="Databases to measure; what is in them is replaced."
        ),
    ] = None,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="A PostgreSQL server of its own too: it is killed.")
    ] = False,
    soak: Annotated[bool, typer.Option("--soak", help="Only the soak.")] = False,
    seconds: Annotated[float, typer.Option(min=1.0, help="Of the soak and of the rush.")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="File: JSON, or with .md tables.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure reservations beside the driver, a rush, and a soak with kills."""
    from datetime import UTC, datetime
    from functools import partial
    from tempfile import TemporaryDirectory

    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.reserve import bench_reserve, sheet
    from omnisource.orchestrator.bench.server import private_server
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen

    with TemporaryDirectory(prefix="omnisource-bench-") as folder:
        urls = db or [str(Path(folder) / "reserve.db")]
        measure = partial(bench_reserve, seconds=seconds, only_soak=soak)
        found = [measure(url, now=datetime.now(UTC)) for url in urls]
        if postgres:
            with private_server() as server:
                url = server.url("postgres")
                found.append(measure(url, now=datetime.now(UTC), server=server))
    document, table = [figures.document() for figures in found], sheet(found)
    if out is not None:
        keep(out, document, [table])
    Screen(json, quiet).show(document, sheet_report(table))


@bench.command()
def promise(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Scenario folder. [default: one is made up]"),
    ] = None,
    *,
    carts: Annotated[int, typer.Option(min=5, help="How many are timed.")] = 3_000,
    exact: Annotated[
        int, typer.Option(min=0, help="How many are held against the exact solver; goal: 500.")
    ] = 100,
    rivals: Annotated[int, typer.Option(min=0, help="How many the rivals do.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other carts.")] = 0,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the folder is made. [default: temporary files]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File: JSON, or with .md a table, put in its place if it has it."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure promises: latency, memory, and whether they are the best there are."""
    from tempfile import gettempdir

    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.promise import Asked, bench_promise
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen

    asked = Asked(carts=carts, exact=exact, rivals=rivals, seed=seed)
    where = scratch or Path(gettempdir()) / "omnisource-bench"
    figures = bench_promise(folder, asked, where)
    if out is not None:
        keep(out, figures.document(), [figures.sheet()])
    Screen(json, quiet).show(figures.document(), sheet_report(figures.sheet()))


@bench.command()
def serve(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Scenario folder. [default: one is made up]"),
    ] = None,
    *,
    seconds: Annotated[float, typer.Option(min=0.1, help="Of each turn.")] = 5.0,
    soak: Annotated[
        float, typer.Option(min=1.0, help="Seconds that memory is looked at; 600 for the goal.")
    ] = 20.0,
    buyers: Annotated[int, typer.Option(min=1, help="In the rush.")] = 20_000,
    units: Annotated[int, typer.Option(min=1, help="That they want.")] = 5_000,
    workers: Annotated[int, typer.Option(min=1, help="Of the last turn.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other carts.")] = 0,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the folder is made. [default: temporary files]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File: JSON, or with .md tables.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the HTTP service beside an empty route; a rush; memory."""
    from tempfile import gettempdir

    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.serve import Asked, bench_serve
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen

    asked = Asked(
        seconds=seconds, soak=soak, buyers=buyers, units=units, workers=workers, seed=seed
    )
    figures = bench_serve(folder, asked, scratch or Path(gettempdir()) / "omnisource-bench")
    if out is not None:
        keep(out, figures.document(), [figures.sheet()])
    Screen(json, quiet).show(figures.document(), sheet_report(figures.sheet()))
