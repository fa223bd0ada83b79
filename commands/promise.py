"""The checkout: what can be promised for a cart."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Json, OrDb, Quiet, just_one


def promise(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Scenario folder.")] = None,
    *,
    sku: Annotated[
        list[str], typer.Option("--sku", metavar="SKU[:UNITS]", help="Again for each product.")
    ],
    to: Annotated[
        str | None, typer.Option(metavar="PLACE", help="COUNTRY-POSTCODE, or LAT,LON in degrees.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(metavar="NODE", help="Where it would be collected.")
    ] = None,
    from_store: Annotated[
        str | None, typer.Option("--from-store", metavar="NODE", help="The store it is asked in.")
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="As 2025-03-10T09:00+01:00. [default: the scenario's]"),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="TIME", help="Nothing later.")] = None,
    mode: Annotated[
        list[str] | None, typer.Option(help="Only this; again for each. [default: all]")
    ] = None,
    channel: Annotated[str, typer.Option(help="Who sells, as in `orders`.")] = "",
    tier: Annotated[str, typer.Option(help="The customer's standing, as in `orders`.")] = "",
    max_shipments: Annotated[
        int | None, typer.Option("--max-shipments", min=1, help="Parcels at the most.")
    ] = None,
    db: OrDb = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder whose prices to choose by.")
    ] = None,
    lead_times: Annotated[
        Path | None,
        typer.Option(
            "--lead-times", metavar="FILE", help="Learned. [default: DIR/leadtimes.json if there]"
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what can be promised for a cart, and why the rest cannot."""
    from omnisource.orchestrator.checkout.carts import cart_of
    from omnisource.orchestrator.checkout.promise import promise as promised
    from omnisource.orchestrator.learn import learned
    from omnisource.orchestrator.report.promise import offer_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.runs import read_prices
    from omnisource.orchestrator.source import open_source, time_of

    just_one(folder, db)
    screen = Screen(json, quiet)
    with screen.progress() as tell:
        source = open_source(folder, db, tell, time_of(now))
        cart = cart_of(
            source.world, sku, to=to, store=store, from_store=from_store, channel=channel,
            tier=tier, max_shipments=max_shipments, by=time_of(by), modes=mode or (),
        )  # fmt: skip
        known = None if prices is None else read_prices(prices)
        times = learned(source.world, folder, lead_times)
        offer = promised(source.world, cart, now=time_of(now), prices=known, lead_times=times)
    screen.warn(*source.remarks)
    screen.show(offer.document(), offer_report(offer))
