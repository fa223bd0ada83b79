"""Where an order is, when it comes (coming.py), and what can still be changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from omnisource.models.lifecycle import (
    WAITING,
    Event,
    OrderState,
    Piece,
    least_far,
)
from omnisource.models.tracking import (
    Choice,
    Estimate,
    Moment,
    TrackedLine,
    TrackedShipment,
    Tracking,
)
from omnisource.orchestrator.life.coming import Clock, Learned
from omnisource.orchestrator.life.doing import Life
from omnisource.orchestrator.life.story import OVER, Story, begun
from omnisource.orchestrator.life.verbs import OPEN_TO_CANCEL
from omnisource.orchestrator.store.events import read_order
from omnisource.solvers.leadtime.remaining import Lateness
from omnisource.solvers.leadtime.table import LeadTimes

THERE: Final = frozenset(("delivered", "collected", "returned"))
SAID: Final[Mapping[str, str]] = {
    "placed": "Ordered", "released": "Being prepared", "packed": "Packed", "shipped": "On its way",
    "ready": "Ready to be collected", "delivered": "Delivered", "collected": "Collected",
    "cancelled": "Cancelled", "returned": "Returned", "in_transit": "Seen by the carrier",
    "delayed": "The carrier is late", "lost": "Lost by the carrier: we send it again",
    "backordered": "We are waiting for goods", "promise_changed": "The date has changed",
}  # fmt: skip
"""What a customer is told of an event; of others, nothing."""


@dataclass(frozen=True)
class Times:
    """When what happened to the shipments of an order."""

    left: Mapping[str, datetime] = field(default_factory=dict)
    arrived: Mapping[str, datetime] = field(default_factory=dict)
    carrier: Mapping[str, str] = field(default_factory=dict)


def track(
    life: Life, order: str, now: datetime, lateness: Lateness | None = None, *,
    lead_times: LeadTimes | None = None,
) -> Tracking | None:  # fmt: skip
    """Return where an order is; none, where there is none.

    Args:
        life: where.
        order: its name.
        now: the clock.
        lateness: how late parcels come (store/track.py); not known if absent.
        lead_times: learned, of the network of `life`; not known if absent.
    """
    seen = read_order(life.desk.database, order)
    if seen.version is None:
        return None
    story = begun(seen, Story(order, now))
    assert story.state.order is not None
    clock = Clock(
        story.state.order, now, lateness or Lateness({}),
        life.source.world.policy.promised_probability,
        None if lead_times is None else Learned(lead_times, life.source),
    )  # fmt: skip
    return tracked(story.state, [*seen.events, *story.events], clock)


def tracked(state: OrderState, events: Sequence[Event], clock: Clock) -> Tracking:
    """Return where an order is that its events tell of.

    Args:
        state: what the events make of it.
        events: all of them.
        clock: tells when parcels come.
    """
    times, order = times_of(events), clock.order
    clock = replace(clock, carrier=frozenset(times.carrier))
    shipments = tuple(
        _shipment(state, name, times, clock) for name in state.shipments if _live(state, name)
    )
    waiting = [p for p in state.pieces if p.state in WAITING]
    out = [state.shipments[each.shipment] for each in shipments if each.state not in THERE]
    return Tracking(
        order=state.name, state=state.state, placed_at=order.placed_at,
        promise_at=state.promise_at,
        keeps_promise=None if waiting or not shipments else clock.keeps(out, state.promise_at),
        estimate=Estimate(due=None) if waiting else clock.last(out),
        shipments=shipments, waiting=_lines(state, waiting), choices=choices(state),
        can_cancel=_lines(state, [p for p in state.pieces if p.state in OPEN_TO_CANCEL]),
        moments=tuple(_moments(events)),
    )  # fmt: skip


def choices(state: OrderState) -> tuple[Choice, ...]:
    """Return what a customer may still change of an order."""
    live = [piece for piece in state.pieces if piece.state not in OVER]
    open_ = [piece for piece in live if piece.state in OPEN_TO_CANCEL]
    if not open_ or state.order is None:
        return ()
    found: list[Choice] = ["cancel", "day", "faster"]
    if len(open_) == len(live):
        found.append("address" if state.order.mode == "delivery" else "pickup_node")
    return tuple(found)


def times_of(events: Sequence[Event]) -> Times:
    """Return when what happened to shipments, and what carriers said last."""
    left: dict[str, datetime] = {}
    arrived: dict[str, datetime] = {}
    carrier: dict[str, str] = {}
    for event in events:
        named = {move.shipment for move in event.moves if move.shipment}
        if event.kind == "delayed":
            named = {sent.shipment for sent in event.shipments}
            carrier |= dict.fromkeys(named, event.cause or "delayed")
        if event.kind == "shipped":
            left |= dict.fromkeys(named, event.at)
        if event.kind in ("delivered", "collected"):
            arrived |= dict.fromkeys(named, event.at)
    return Times(left, arrived, carrier)


def _live(state: OrderState, shipment: str) -> list[Piece]:
    """Return the units of a shipment that are still somebody's."""
    return [piece for piece in state.of_shipment(shipment) if piece.state != "cancelled"]


def _shipment(state: OrderState, name: str, times: Times, clock: Clock) -> TrackedShipment:
    sent, live = state.shipments[name], _live(state, name)
    stands, there = least_far(live), times.arrived.get(name)
    done = stands in THERE
    return TrackedShipment(
        shipment=name, node=sent.node, service=sent.service, state=stands,
        lines=_lines(state, live), planned=sent.arrives, left_at=times.left.get(name),
        arrived_at=there if done else None, carrier=times.carrier.get(name, ""),
        estimate=Estimate(due=there) if done else clock.last([sent]),
    )  # fmt: skip


def _lines(state: OrderState, pieces: Sequence[Piece]) -> tuple[TrackedLine, ...]:
    return tuple(
        TrackedLine(line=p.line, sku=state.lines[p.line].sku, units=p.units, state=p.state)
        for p in pieces
    )


def _moments(events: Sequence[Event]) -> Iterator[Moment]:
    """Yield what has happened, for a customer's eyes: nothing of who declined what."""
    for event in events:
        if text := SAID.get(event.kind):
            if event.kind == "promise_changed" and event.promise_at:
                text = f"{text}: {event.promise_at:%d %B %Y}"
            yield Moment(at=event.at, text=text)


def story_of(life: Life, order: str, now: datetime) -> tuple[OrderState, list[Event]] | None:
    """Return an order and all that has happened to it, for the service desk."""
    seen = read_order(life.desk.database, order)
    if seen.version is None:
        return None
    story = begun(seen, Story(order, now))
    return story.state, [*seen.events, *story.events]
