"""`omnisource bench life|rolling|simulate`: orders that come in one after the other."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Gap, Json, Quiet, Strict, Threads, leave


def life(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A scenario whose first orders live.")
    ] = None,
    *,
    orders: Annotated[int, typer.Option(min=10, help="How many.")] = 2_000,
    nodes: Annotated[int, typer.Option(min=3, help="Of the made-up network.")] = 200,
    db: Annotated[
        list[str] | None,
        typer.Option("--db", metavar="URL", help="Databases; what is in them is replaced."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="How declines are sourced again: oracle, nearest. By default both."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that orders live in.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other orders.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File: JSON, or with .md tables.")] = None,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let orders live at random: nothing is lost, and most promises are kept."""
    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.life import RULES, bench_life, life_sheet
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen

    found = bench_life(
        db or (), of=folder, orders=orders, nodes=nodes, seed=seed, rules=rule or RULES,
        workers=workers,
    )  # fmt: skip
    document, table = [figures.document() for figures in found], life_sheet(found)
    if out is not None:
        keep(out, document, [table])
    Screen(json, quiet).show(document, sheet_report(table))
    leave(strict and any(figures.faults for figures in found))


def rolling(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Scenario folder. [default: one is made up]"),
    ] = None,
    *,
    orders: Annotated[int, typer.Option(min=10, help="How many, if made up.")] = 2_000,
    nodes: Annotated[int, typer.Option(min=3, help="Of the made-up network.")] = 100,
    days: Annotated[int, typer.Option(min=1, help="Over which they are placed.")] = 2,
    every: Annotated[int, typer.Option(min=1, metavar="MINUTES", help="Between runs.")] = 60,
    longest: Annotated[
        int | None, typer.Option(min=0, metavar="MINUTES", help="That an order waits at the most.")
    ] = None,
    move_cents: Annotated[
        int, typer.Option("--move-cents", min=0, help="That a move must save.")
    ] = 100,
    scarcity: Annotated[
        float, typer.Option(min=0.1, help="Units in stock a unit ordered, of contested products.")
    ] = 1.1,
    gap: Gap = 0.001,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other orders.")] = 0,
    threads: Threads = 0,
    out: Annotated[Path | None, typer.Option(help="File: JSON, or with .md tables.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a stream of orders be decided at the click, rolling, and in hindsight."""
    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.rolling import bench_rolling, rolling_sheet
    from omnisource.orchestrator.bench.stream import Asked
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Round

    asked = Asked(
        orders=orders, nodes=nodes, days=days, every=every, longest=longest, threads=threads,
        move_cents=move_cents, scarcity=scarcity, gap=gap, seed=seed,
    )  # fmt: skip
    screen = Screen(json, quiet)
    with screen.progress() as tell:
        found = bench_rolling(folder, asked, lambda rule: tell(Round(rule, 0)))
    document, table = [each.document() for each in found], rolling_sheet(found, asked)
    if out is not None:
        keep(out, document, [table])
    screen.show(document, sheet_report(table))


def simulate(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Scenario folder. [default: one is made up]"),
    ] = None,
    *,
    orders: Annotated[int, typer.Option(min=100, help="How many.")] = 20_000,
    days: Annotated[int, typer.Option(min=1, help="In which they come.")] = 7,
    policy: Annotated[
        list[str] | None, typer.Option("--policy", "-p", help="[default: all of them]")
    ] = None,
    carts: Annotated[int, typer.Option(min=10, help="That the bare oracle answers.")] = 2_000,
    gap: Gap = 0.005,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other orders.")] = 0,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the folder is made. [default: temporary files]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File: JSON, or with .md tables.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure simulated orders a second beside the bare oracle; memory."""
    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.simulate import Asked, bench_simulate, simulate_sheet
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.simulate.asked import POLICIES

    asked = Asked(
        orders=orders, days=days, policies=tuple(policy or POLICIES), carts=carts, gap=gap,
        seed=seed,
    )  # fmt: skip
    found = bench_simulate(folder, asked, scratch)
    document, table = [each.document() for each in found], simulate_sheet(found, asked)
    if out is not None:
        keep(out, document, [table])
    Screen(json, quiet).show(document, sheet_report(table))
