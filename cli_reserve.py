"""Databases and reservations: bring tables up to date, look whether they add up, hold units."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from omnisource.cli_options import Json, Quiet, Strict, leave

Db = Annotated[
    str, typer.Option("--db", metavar="URL", help="A file, sqlite:///FILE, postgresql://…")
]
database = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after a database.")


@database.callback()
def door() -> None:
    """Look after a database: bring its tables up to date, see whether it adds up."""


@database.command()
def upgrade(*, db: Db, json: Json = False, quiet: Quiet = False) -> None:
    """Bring the tables up to date, with what is in them."""
    from omnisource.orchestrator.report import sentences
    from omnisource.orchestrator.screen import Screen
    from omnisource.orchestrator.store_upgrade import upgrade_database

    before, after = upgrade_database(db)
    said = f"Its tables have layout {after}" + ("." if before == after else f", after {before}.")
    Screen(json, quiet).show({"before": before, "after": after}, sentences(said))


@database.command()
def check(*, db: Db, strict: Strict = False, json: Json = False, quiet: Quiet = False) -> None:
    """See whether what is reserved is what is held and allocated."""
    from omnisource.orchestrator.report import sentences
    from omnisource.orchestrator.screen import Screen
    from omnisource.orchestrator.store import loaded_database
    from omnisource.orchestrator.store_check import RULES, breaches, oversold

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


def reserve(
    *,
    db: Db,
    key: Annotated[str, typer.Option(help="Of this request; the same again changes nothing.")],
    claim: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON: what is to be held, in full.")
    ] = None,
    node: Annotated[str | None, typer.Option(help="Instead: the one node that ships.")] = None,
    sku: Annotated[
        list[str] | None, typer.Option(metavar="SKU[:UNITS]", help="With --node: what.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="With --node: by which.")] = None,
    channel: Annotated[str, typer.Option(help="With --node: where it is sold.")] = "",
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
    from omnisource.orchestrator import reserve as verbs
    from omnisource.orchestrator.report import sentences
    from omnisource.orchestrator.reserve_form import claim_of_file, claim_of_words
    from omnisource.orchestrator.screen import Screen
    from omnisource.orchestrator.store_desk import open_desk

    at = _clock(now)
    if (claim is None) == (node is None):
        raise typer.BadParameter("give --claim FILE, or --node NODE with --sku: one of the two")
    wanted = (
        claim_of_file(claim)
        if claim is not None
        else claim_of_words(
            str(node), sku or [], service=service, channel=channel, day=day or str(at.date())
        )
    )
    with open_desk(db) as desk:
        said = verbs.reserve(desk, wanted, key=key, now=at, ttl=timedelta(minutes=minutes))
    if isinstance(said, Refused):
        report = sentences("It cannot be held.", *said.reasons)
    else:
        report = sentences(f"Held as {said.reservation} until {said.until:%Y-%m-%d %H:%M:%S} UTC.")
    Screen(json, quiet).show(said.model_dump(mode="json"), report)
    leave(strict and isinstance(said, Refused))


def _clock(now: str | None) -> datetime:
    """Return the time that is meant; the one place where reservations read a clock."""
    from datetime import UTC

    try:
        at = datetime.now(UTC) if now is None else datetime.fromisoformat(now)
    except ValueError:
        raise typer.BadParameter(f"--now {now}: give 2025-01-06T12:00:00Z") from None
    if at.tzinfo is None:
        raise typer.BadParameter(f"--now {now}: give a time zone, as in 2025-01-06T12:00:00Z")
    return at
