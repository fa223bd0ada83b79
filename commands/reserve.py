"""Databases and reservations: bring tables up to date, look whether they add up, hold units."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Db, Json, Quiet, Strict, leave

database = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after a database.")


@database.callback()
def door() -> None:
    """Look after a database: bring its tables up to date, see whether it adds up."""


@database.command()
def upgrade(*, db: Db, json: Json = False, quiet: Quiet = False) -> None:
    """Bring the tables up to date, with what is in them."""
    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.store.upgrade import upgrade_database

    before, after = upgrade_database(db)
    said = f"Its tables have layout {after}" + ("." if before == after else f", after {before}.")
    Screen(json, quiet).show({"before": before, "after": after}, sentences(said))


@database.command()
def check(*, db: Db, strict: Strict = False, json: Json = False, quiet: Quiet = False) -> None:
    """See whether what is reserved is what is held and allocated."""
    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.store.check import RULES, breaches, oversold
    from omnisource.orchestrator.store.database import loaded_database

    opened = loaded_database(db)
    try:
        broken, short = breaches(opened), oversold(opened)
    finally:
        opened.close()
    listed = [f"{rule}: {text}" for rule, texts in broken.items() for text in texts[:20]]
    listed += [f"more is reserved than there is: {text}" for text in short[:20]]
    first = "It does not add up." if broken else f"It adds up: {len(RULES)} rules hold."
    document = {"sound": not broken, "broken": broken, "oversold": short}
    Screen(json, quiet).show(document, sentences(first, *listed))
    leave(strict and bool(broken or short))


@database.command()
def tidy(
    *,
    db: Db,
    older_than: Annotated[
        int, typer.Option("--older-than", min=1, metavar="DAYS", help="What is older is dropped.")
    ] = 30,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="Instead of the clock, with a time zone.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give back what is out of time; drop what is old and over: reservations, keys, records."""
    from omnisource.orchestrator.checkout.reserve import tidy as tidied
    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.store.desk import open_desk

    with open_desk(db) as desk:
        done = tidied(desk, older_than=older_than, now=clock(now))
    said = (
        f"{done.expired} reservations out of time given back; {done.reservations} that are over "
        f"and {done.keys} keys dropped."
    )
    Screen(json, quiet).show(asdict(done), sentences(said))


def reserve(
    *,
    db: Db,
    key: Annotated[str, typer.Option(help="Of this request; the same again changes nothing.")],
    claim: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON: what is to be held, in full.")
    ] = None,
    quote: Annotated[
        str | None, typer.Option(help="Instead: of `promise`, with its --sku, --to and the like.")
    ] = None,
    asked: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --quote: the --now of `promise`, or its `now`."),
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="PLACE", help="With --quote.")] = None,
    store: Annotated[str | None, typer.Option(metavar="NODE", help="With --quote.")] = None,
    from_store: Annotated[
        str | None, typer.Option("--from-store", metavar="NODE", help="With --quote.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="TIME", help="With --quote.")] = None,
    mode: Annotated[list[str] | None, typer.Option(help="With --quote.")] = None,
    tier: Annotated[str, typer.Option(help="With --quote.")] = "",
    max_shipments: Annotated[
        int | None, typer.Option("--max-shipments", min=1, help="With --quote.")
    ] = None,
    node: Annotated[str | None, typer.Option(help="Instead: the one node that ships.")] = None,
    sku: Annotated[
        list[str] | None,
        typer.Option(metavar="SKU[:UNITS]", help="With --node or --quote: what."),
    ] = None,
    service: Annotated[str | None, typer.Option(help="With --node: by which.")] = None,
    channel: Annotated[str, typer.Option(help="With --node or --quote: where it is sold.")] = "",
    day: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="With --node. [default: today]")
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, help="How long it is held.")] = 15,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="Instead of the clock, with a time zone.")
    ] = None,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold units, days and slots for a checkout, all or nothing."""
    from datetime import timedelta

    from omnisource.models.reservation import Refused
    from omnisource.orchestrator.checkout import reserve as verbs
    from omnisource.orchestrator.checkout.quoted import reserve_quote
    from omnisource.orchestrator.checkout.reserve_form import claim_of_file, claim_of_words
    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.source import time_of
    from omnisource.orchestrator.store.desk import open_desk

    at, ttl = clock(now), timedelta(minutes=minutes)
    if [claim, node, quote].count(None) != 2:
        raise typer.BadParameter(
            "give one of --claim FILE, --node NODE with --sku, --quote QUOTE with --sku"
        )
    with open_desk(db) as desk:
        if quote is not None:
            said = reserve_quote(
                desk, quote, sku or [], key=key, now=at, asked=clock(asked), ttl=ttl, to=to,
                store=store, from_store=from_store, channel=channel, tier=tier,
                max_shipments=max_shipments, by=time_of(by), modes=mode or (),
            )  # fmt: skip
        else:
            wanted = (
                claim_of_file(claim)
                if claim is not None
                else claim_of_words(
                    str(node), sku or [], service=service, channel=channel,
                    day=day or str(at.date()),
                )
            )  # fmt: skip
            said = verbs.reserve(desk, wanted, key=key, now=at, ttl=ttl)
    if isinstance(said, Refused):
        report = sentences("It cannot be held.", *said.reasons)
    else:
        report = sentences(f"Held as {said.reservation} until {said.until:%Y-%m-%d %H:%M:%S} UTC.")
    Screen(json, quiet).show(said.model_dump(mode="json"), report)
    leave(strict and isinstance(said, Refused))


def clock(now: str | None) -> datetime:
    """Return the time that is meant; the one place where reservations read a clock."""
    from datetime import UTC

    try:
        at = datetime.now(UTC) if now is None else datetime.fromisoformat(now)
    except ValueError:
        raise typer.BadParameter(f"{now}: give 2025-01-06T12:00:00Z") from None
    if at.tzinfo is None:
        raise typer.BadParameter(f"{now}: give a time zone, as in 2025-01-06T12:00:00Z")
    return at
