"""`omnisource order track|story|work|parcel|link`: where orders are, and what is to be done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from omnisource.commands.options import Db, Json, Quiet, Strict
from omnisource.commands.order_options import Actor, Cause, Key, Now, Order, do, doing_of
from omnisource.commands.reserve import clock

if TYPE_CHECKING:
    from omnisource.orchestrator.life.doing import Life


def track(
    *,
    db: Db,
    name: Order,
    lead_times: Annotated[
        Path | None,
        typer.Option("--lead-times", metavar="FILE", help="As `omnisource learn` wrote it."),
    ] = None,
    now: Now = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say where an order is, when it comes and how surely, and what can still be changed."""
    from omnisource.models.tracking import Tracking
    from omnisource.orchestrator.learn import learned
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.life.track import track as verb
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.report.track import tracking_report
    from omnisource.orchestrator.store.track import read_lateness

    with open_life(db) as life:
        late, times = (
            read_lateness(life.desk.database),
            learned(life.source.world, None, lead_times),
        )
        seen = _found(name, verb(life, name, clock(now), late, lead_times=times))
    assert isinstance(seen, Tracking)
    Screen(json, quiet).show(seen.model_dump(mode="json"), tracking_report(seen))


def story(
    *, db: Db, name: Order, now: Now = None, json: Json = False, quiet: Quiet = False
) -> None:
    """Tell one order's whole story."""
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.life.track import story_of
    from omnisource.orchestrator.report.life import state_document
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.report.track import story_report

    with open_life(db) as life:
        found = _found(name, story_of(life, name, clock(now)))
    state, events = state_document(found[0]), found[1]
    told = [event.model_dump(mode="json", exclude_defaults=True) for event in events]
    document = {"order": name, "state": state, "events": told}
    Screen(json, quiet).show(document, story_report(state, events))


def work(
    *,
    db: Db,
    node: Annotated[str, typer.Argument(help="Whose list.")],
    now: Now = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List what a node is to pick, pack and hand over, in the order of the cut-offs."""
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.life.work import work_list
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.report.track import work_report

    with open_life(db) as life:
        found = work_list(life, node, clock(now))
    Screen(json, quiet).show(found.model_dump(mode="json"), work_report(found))


def parcel(
    *,
    db: Db,
    name: Order,
    shipment: Annotated[str, typer.Argument(help="Which.")],
    kind: Annotated[
        Literal["in_transit", "delayed", "delivered", "lost"],
        typer.Argument(help="What the carrier says.", metavar="KIND"),
    ],
    key: Key,
    due: Annotated[
        str | None, typer.Option(metavar="TIME", help="With delayed: when it will be there.")
    ] = None,
    now: Now = None,
    actor: Actor = "",
    cause: Cause = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take note of what a carrier says: in_transit, delayed, delivered or lost."""
    from omnisource.models.tracking import CarrierEvent
    from omnisource.orchestrator.life.carrier_feed import hear_carrier

    if (kind == "delayed") != (due is not None):
        raise typer.BadParameter("--due goes with delayed, and with nothing else")
    said = CarrierEvent(
        order=name, shipment=shipment, kind=kind, due=clock(due) if due else None, text=cause
    )
    doing = doing_of(name, key, now, actor=actor)

    def ask(life: "Life") -> Any:
        return hear_carrier(life, doing, said)

    do(db, ask, json=json, quiet=quiet, strict=strict)


def link(
    *,
    what: Annotated[
        Literal["tracking", "work", "desk"], typer.Argument(help="Which page.", metavar="PAGE")
    ],
    subject: Annotated[str, typer.Argument(help="The order, or the node.")],
    key_file: Annotated[Path, typer.Option(help="Holds OMNISOURCE_LINK_KEY of the service.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it holds.")] = 30,
    now: Now = None,
) -> None:
    """Write the path of a page that needs no key: tracking or desk of an order, work of a node.

    It is made of the service's link key alone: no database is asked, so that it is not seen whether
    there is such an order or node.
    """
    from datetime import timedelta

    from omnisource.models.base import UnusableInput
    from omnisource.orchestrator.serve.signed import LETTER, sign

    try:
        secret = key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{key_file}: {error}") from None
    token = sign(secret, LETTER[what], subject, clock(now) + timedelta(days=days))
    typer.echo(f"/see/{token}")


def _found(name: str, found: Any) -> Any:
    """Return what was found of an order.

    Raises:
        UnusableInput: nothing.
    """
    from omnisource.models.base import UnusableInput

    if found is None:
        raise UnusableInput(f"there is no order {name}")
    return found
