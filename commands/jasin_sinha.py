"""`omnisource bench jasin-sinha`: the published experiment."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Json, Quiet, Strict, leave


def jasin_sinha(
    *,
    instances: Annotated[int, typer.Option(min=1, help="Draws of the test bed.")] = 30,
    streams: Annotated[int, typer.Option(min=1, help="Of orders, for each instance.")] = 30,
    periods: Annotated[int, typer.Option(min=1, help="An order comes, or none, in each.")] = 10_000,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this: myopic, independent, layers, dilated, force-open, greedy, "
            "static, re-solved, sampled, joint. [default: all]"
        ),
    ] = None,
    processes: Annotated[int, typer.Option(min=0, help="0: as many as there are cores.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other instances.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File: JSON, or with .md tables.")] = None,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rebuild the test bed of Jasin & Sinha: published policies, and ours beside them."""
    from time import perf_counter

    from omnisource.orchestrator.bench.common import keep
    from omnisource.orchestrator.bench.jasin_sinha import document, met, sheet
    from omnisource.orchestrator.report.plans import sheet_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.testbed.experiment import Asked, chosen, run_experiment
    from omnisource.solvers.problem import Round

    asked = Asked(instances, streams, periods, seed, chosen(policy))
    screen, began = Screen(json, quiet), perf_counter()
    with screen.progress() as tell:
        found = run_experiment(
            asked, processes=processes, tell=lambda done: tell(Round("instances", done))
        )
    if out is not None:
        keep(out, document(asked, found), [sheet(asked, found)])
    screen.show(document(asked, found), sheet_report(sheet(asked, found)))
    screen.warn(f"{perf_counter() - began:,.0f} s")
    leave(strict and not met(asked, found))
