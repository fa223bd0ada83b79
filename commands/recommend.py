"""What a night's prices recommend, each confirmed by deciding anew."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Gap, Json, Quiet, Threads, Time


def recommend(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Run folder of `allocate DIR --out RUN`.")
    ],
    *,
    most: Annotated[int, typer.Option(min=1, help="Recommendations to run again.")] = 10,
    time: Time = 600.0,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Kind, may be repeated: transfers, transfer, misplaced, picker, hour, "
            "safety, fence, store."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Run all orders again, not those touched alone.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a scenario file of each recommendation.")
    ] = None,
    cents_per_kg: Annotated[
        float, typer.Option(min=0, help="Of hauling stock where no lane says so.")
    ] = 30.0,
    cents_per_departure: Annotated[float, typer.Option(min=0, help="The same, a truck.")] = 0.0,
    kg_per_departure: Annotated[float, typer.Option(min=1, help="That a truck carries.")] = 800.0,
    picker: Annotated[int, typer.Option(min=1, help="Shipments or units a day of one more.")] = 20,
    minutes: Annotated[
        int, typer.Option(min=1, max=1_440, help="By which a cut-off is moved.")
    ] = 60,
    store_cents: Annotated[
        int, typer.Option(min=0, help="A day on which a store sends parcels costs beside the bill.")
    ] = 1_500,
    gap: Gap = 0.0001,
    threads: Threads = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what to change by a run's prices, and what a re-run confirms of it."""
    from omnisource.orchestrator.recommend.files import writable, write_files
    from omnisource.orchestrator.recommend.idea import KINDS, Terms
    from omnisource.orchestrator.recommend.verb import recommend as find
    from omnisource.orchestrator.report.recommend import recommend_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.runs import read_run
    from omnisource.solvers.problem import Limits
    from omnisource.solvers.rebalance import Haul

    screen = Screen(json, quiet)
    haul = Haul(cents_per_kg, cents_per_departure, 1_000 * kg_per_departure)
    terms = Terms(haul, picker, minutes, store_cents)
    kept = read_run(run)
    if out is not None:
        writable(kept, out)  # before anything is run, not after
    with screen.progress() as tell:
        limits = Limits(gap=gap, threads=threads, report=tell)
        found = find(kept, most=most, seconds=time, terms=terms, limits=limits,
                     kinds=only or KINDS, whole=whole)  # fmt: skip
    files = [] if out is None else write_files(found, out)
    document = found.document() | {"files": [str(file) for file in files]}
    screen.show(document, recommend_report(found, files))
