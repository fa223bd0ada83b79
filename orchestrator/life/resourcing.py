"""Sourcing again: what an order still wants goes to the nodes that can send it.

(1)  what waits is sourced over what is left, without the nodes that have declined
(2)  a line that has been declined n times is not: it waits for a person
(3)  what no node can send is backordered: the next night, or `source`, looks again
(4)  the promise is kept if all arrives by then; else it is changed, to the day when all will be
     there, or to none while that is not known
(5)  what this was decided from is recorded with the first event that tells of it
(6)  what nobody has is replaced by what the policy names instead (substitute.py)
(7)  no node keeps half a bundle of which the rest waits
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from omnisource.models.lifecycle import WAITING, OrderState, Shipment
from omnisource.models.reservation import Reservation
from omnisource.orchestrator.life.bundles import halves
from omnisource.orchestrator.life.record import recorded
from omnisource.orchestrator.life.sourcing import Sent, Sourcer, Wants
from omnisource.orchestrator.life.story import Story, allocate, first, moves, tell_promise
from omnisource.orchestrator.life.substitute import substituted
from omnisource.orchestrator.store.place import run_of


def resource(story: Story, source: Sourcer, most: int, cause: str = "", **more: Any) -> None:
    """Source what an order still wants, (1) to (7).

    Args:
        story: of the order.
        source: who can send.
        most: declines of a line.
        cause: why.
        more: of `Wants`, where it is not what the order says.
    """
    stuck = _stuck(story.state, most)
    wants = replace(wants_of(story.state, story.at, without=stuck), **more)
    known, free = story.state.sequence, source.free(wants) if wants.lines else None
    sent = () if free is None else source.over(wants, free)
    if sent:
        allocate(story, numbered(story.state, sent, story.at), cause=cause)
    if instead := substituted(story, source, wants) if free is not None else ():
        allocate(story, numbered(story.state, instead, story.at), cause=cause)
    _keep_bundles_whole(story, source)
    left = [
        p for p in story.state.pieces if p.state in ("placed", "declined") and p.line not in stuck
    ]
    if left:
        story.add("backordered", moves=moves(left, "backordered"), cause=cause)
    if stuck and not story.state.is_with_person:
        lines = ", ".join(f"{line} {story.state.declines[line]} times" for line in sorted(stuck))
        story.add("person", cause=f"declined: {lines}")
    tell_promise(story, cause)
    if free is not None and story.state.sequence > known:
        what = cause or story.cause or "placed"
        story.record(known + 1, recorded(source, wants, free, sent, what=what))


def _keep_bundles_whole(story: Story, source: Sourcer) -> None:
    """Take back from nodes what would leave them with half a bundle, (7).

    What is released by then goes on: a person is to see to it.
    """
    for name, more in halves(story.state, source.parts).items():
        back = [
            piece
            for line, units in more.items()
            for piece in first(
                (p for p in story.state.pieces if p.line == line and p.state == "allocated"), units
            )
        ]
        cause = f"bundle {name} waits as a whole"
        if back:
            story.add("changed", moves=moves(back, "placed"), cause=cause)
        if sum(more.values()) > sum(piece.units for piece in back):
            story.add("person", cause=f"half of bundle {name} is released, half of it waits")


def _stuck(state: OrderState, most: int) -> frozenset[str]:
    """Return the lines that no node is to be asked for any more, (2)."""
    waiting = {piece.line for piece in state.pieces if piece.state == "declined"}
    return frozenset(line for line in waiting if state.declines.get(line, 0) >= most)


def wants_of(state: OrderState, now: datetime, *, without: frozenset[str] = frozenset()) -> Wants:
    """Return what an order still wants."""
    assert state.order is not None
    units: Counter[str] = Counter()
    for piece in state.pieces:
        if piece.state in WAITING and piece.state != "held" and piece.line not in without:
            units[piece.line] += piece.units
    lines = {line: (state.lines[line].sku, many) for line, many in units.items()}
    bundles = {line: name for line in lines if (name := state.lines[line].bundle)}
    return Wants(
        state.order, lines, now, state.promise_at,
        excluded=state.excluded, bundles=bundles, fences=state.fences,
    )  # fmt: skip


def numbered(
    state: OrderState, sent: tuple[Sent, ...], now: datetime
) -> dict[Shipment, dict[str, int]]:
    """Return what is sent as new shipments of an order."""
    run = f"order {state.name}"
    known = [each.number for each in state.shipments.values() if each.run == run]
    begin = max(known, default=-1) + 1
    return {
        Shipment(
            shipment=f"{run}/{number}", run=run, number=number, node=each.node,
            service=each.service, day=now.date(), given_at=now, arrives=each.arrives,
            cost_cents=each.cost_cents,
        ): dict(each.units)
        for number, each in enumerate(sent, start=begin)
    }  # fmt: skip


def shipments_of(held: Reservation) -> dict[Shipment, dict[str, int]]:
    """Return the shipments of a reservation that is confirmed, as the ledgers number them."""
    run = run_of(held.reservation)
    found: dict[Shipment, dict[str, int]] = {}
    for number, claimed in enumerate(held.claim.shipments):
        shipment = Shipment(
            shipment=f"{run}/{number}", run=run, number=number, node=claimed.node,
            service=claimed.service, day=claimed.day, arrives=held.claim.promise_at,
            cost_cents=claimed.cost_cents,
        )  # fmt: skip
        units: Counter[str] = Counter()
        for line in claimed.lines:
            units[line.line] += line.units
        found[shipment] = dict(units)
    return found


def record_of_reservation(
    story: Story, given: Mapping[Shipment, Mapping[str, int]], source: Sourcer, *, what: str
) -> bytes:
    """Return the record of an order that is placed on what was reserved for it."""
    state, sent = story.state, []
    own: Counter[tuple[str, str]] = Counter()
    for shipment, units in given.items():
        arrives = shipment.arrives or story.at
        cents = shipment.cost_cents
        sent.append(Sent(shipment.node, shipment.service, arrives, cents, dict(units)))
        for line, many in units.items():
            own[shipment.node, state.lines[line].sku] += many
    lines = {line: (each.sku, each.units) for line, each in state.lines.items()}
    assert state.order is not None
    bundles = {line: name for line in lines if (name := state.lines[line].bundle)}
    wants = Wants(state.order, lines, story.at, state.promise_at, own=own, bundles=bundles)
    return recorded(source, wants, source.free(wants), sent, what=what)
