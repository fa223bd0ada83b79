"""What is where: which nodes have a product, how far away, from when."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Json, OrDb, Quiet, just_one


def availability(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The product.")],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Scenario folder.", show_default=False)
    ] = None,
    *,
    near: Annotated[
        str, typer.Option(metavar="PLACE", help="COUNTRY-POSTCODE, or LAT,LON in degrees.")
    ],
    units: Annotated[int, typer.Option(min=1, help="Wanted together at one node.")] = 1,
    channel: Annotated[str, typer.Option(help="Who asks, as in `allotments`.")] = "",
    within: Annotated[
        float | None, typer.Option(min=0.0, metavar="KM", help="How far away at most.")
    ] = None,
    db: OrDb = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="As 2025-03-10T09:00+01:00. [default: the scenario's]"),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say where a product can be collected near a place, and from when."""
    from omnisource.orchestrator.checkout.availability import availability as look
    from omnisource.orchestrator.report.availability import availability_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.source import open_source, time_of

    just_one(folder, db)
    screen = Screen(json, quiet)
    with screen.progress() as tell:
        source = open_source(folder, db, tell)
        found = look(
            source.world, sku, near=near, units=units, channel=channel, within_km=within,
            now=time_of(now),
        )  # fmt: skip
    screen.warn(*source.remarks)
    screen.show(found.model_dump(mode="json"), availability_report(found))
