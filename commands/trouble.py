"""`omnisource order pack|decline|source|trouble`: what goes wrong in an order's life."""

from typing import Annotated

import typer

from omnisource.commands.options import Db, Json, Quiet
from omnisource.commands.order_options import (
    Actor,
    Ask,
    Cause,
    Key,
    Now,
    Shipment,
    doing_of,
    of_order,
)


@of_order
def pack(
    *,
    shipment: Shipment = None,
    short: Annotated[
        list[str] | None, typer.Option(metavar="LINE:UNITS", help="With --shipment: not found.")
    ] = None,
) -> Ask:
    """A node packs what it has picked; what it has not found is sourced again."""
    from omnisource.orchestrator.life.decline import pack_short
    from omnisource.orchestrator.life.form import units_by_line
    from omnisource.orchestrator.life.verbs import step

    missing = units_by_line(short or [])
    if not missing:
        return lambda life, doing: step(life, doing, "pack", shipment)
    if shipment is None:
        raise typer.BadParameter("--short needs --shipment")
    return lambda life, doing: pack_short(life, doing, shipment, missing)


@of_order
def decline(
    *,
    shipment: Annotated[str, typer.Option(help="Which.")],
    line: Annotated[
        list[str] | None, typer.Option(metavar="LINE:UNITS", help="[default: all of it]")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="It is not there: correct the stock.")
    ] = False,
    cause: Cause = "",
) -> Ask:
    """A node cannot send: source it again without that node."""
    from dataclasses import replace

    from omnisource.orchestrator.life.decline import decline as verb
    from omnisource.orchestrator.life.form import units_by_line

    lines = units_by_line(line or []) or None
    return lambda life, doing: verb(
        life, replace(doing, cause=cause), shipment, lines=lines, missing=missing
    )


@of_order
def source(
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Ask also who has declined.")] = False,
) -> Ask:
    """Look again who can send what waits."""
    from omnisource.orchestrator.life.decline import source as verb

    return lambda life, doing: verb(life, doing, forget=forget)


def trouble(
    *,
    db: Db,
    key: Key,
    silent: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="That a dropshipper may be silent.")
    ] = None,
    refused: Annotated[
        bool, typer.Option("--refused", help="What nodes have declined over HTTP.")
    ] = False,
    down: Annotated[str | None, typer.Option(metavar="NODE", help="A node that is down.")] = None,
    lane: Annotated[
        str | None,
        typer.Option(metavar="NODE:SERVICE", help="A service no longer goes from there."),
    ] = None,
    unserved: Annotated[
        str | None, typer.Option(metavar="ORDER:SERVICE", help="Nor to the address of an order.")
    ] = None,
    now: Now = None,
    actor: Actor = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Source again what is stuck; list the orders that a person is to see to."""
    from dataclasses import replace

    from omnisource.models.told import Denied, Told
    from omnisource.orchestrator.life.barred import address_unserved, lane_cancelled
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.life.form import pair_of
    from omnisource.orchestrator.life.trouble import (
        drop_refused,
        drop_silent,
        histories,
        node_down,
        with_person,
    )
    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen

    doing = doing_of("", key, now, actor=actor)
    way, address = (None if each is None else pair_of(each) for each in (lane, unserved))
    with open_life(db) as life:
        done = drop_silent(life, doing, silent) if silent is not None else []
        done += drop_refused(life, doing) if refused else []
        done += node_down(life, doing, down) if down is not None else []
        done += lane_cancelled(life, doing, *way) if way is not None else []
        if address is not None:
            order, service = address
            done.append(address_unserved(life, replace(doing, order=order), service))
        persons = with_person(life)
        told = histories(life, persons)
    document = {"sourced": [said.model_dump(mode="json") for said in done], "persons": persons,
                "histories": told}  # fmt: skip
    again = {said.order for said in done if isinstance(said, Told)}
    first = f"{len(again)} orders were sourced again."
    denied = [said for said in done if isinstance(said, Denied)]
    listed = [f"order {said.order} was not: {'; '.join(said.reasons)}" for said in denied[:20]]
    listed += [f"order {each} is for a person: {_last(told[each])}" for each in persons[:20]]
    Screen(json, quiet).show(document, sentences(first, *listed))


def _last(history: list[dict[str, str]]) -> str:
    """Say what has happened to an order."""
    said = [f"{each['event']} {each['node']}".strip() for each in history]
    return ", ".join(said)


def backorders(
    *,
    db: Db,
    key: Key,
    fair: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a receipt for one customer.")
    ] = 1.0,
    on_time: Annotated[
        float, typer.Option(min=0, max=1, help="Share of receipts that come when due.")
    ] = 0.9,
    now: Now = None,
    actor: Actor = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Share out what has come, or is due, among the orders that wait; promise them dates."""
    from omnisource.models.backorder import BackorderRules
    from omnisource.orchestrator.life.backorder import share_out
    from omnisource.orchestrator.life.doing import Rules, open_life
    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen

    doing = doing_of("", key, now, actor=actor)
    rules = Rules(backorder=BackorderRules(fair=fair, on_time=on_time))
    with open_life(db, rules=rules) as life:
        done = share_out(life, doing)
    document = {
        "orders": [said.model_dump(mode="json") for said in done.said],
        "expected": [each.model_dump(mode="json") for each in done.expected],
    }
    first = f"{len(done.said)} orders were told something new."
    listed = [
        f"order {e.order}: {e.units} of {e.sku}, due at {e.node} on {e.due:%Y-%m-%d}"
        for e in done.expected[:20]
    ]
    Screen(json, quiet).show(document, sentences(first, *listed))
