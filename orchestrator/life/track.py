"""Where an order is, when it comes, and what can still be changed.

The date of a parcel is that of its plan, or what its carrier said since, moved by how late parcels
are that have been out as long (solvers/leadtime/remaining.py): the time by which it has come with
the probability that promises are made with. All of an order is there with the last of its parcels;
they are taken to be late apart from each other:

    (1)  P(all by t)  =  Π over parcels that are out of P(parcel by t)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import prod
from typing import Final

from omnisource.models.lifecycle import (
    WAITING,
    Event,
    OrderState,
    Piece,
    Shipment,
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
from omnisource.orchestrator.life.doing import Life
from omnisource.orchestrator.life.story import OVER, Story, begun
from omnisource.orchestrator.life.verbs import OPEN_TO_CANCEL
from omnisource.orchestrator.store.events import read_order
from omnisource.solvers.leadtime.remaining import Lateness, by_then, quantile
from omnisource.solvers.problem import Floats

THERE: Final = frozenset(("delivered", "collected", "returned"))
EARLY: Final = 0.1
"""The probability of the early end of what a customer is told."""
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
    life: Life, order: str, now: datetime, lateness: Lateness | None = None
) -> Tracking | None:
    """Return where an order is; none, where there is none.

    Args:
        life: where.
        order: its name.
        now: the clock.
        lateness: how late parcels come (store/track.py); not known if absent.
    """
    seen = read_order(life.desk.database, order)
    if seen.version is None:
        return None
    story = begun(seen, Story(order, now))
    return tracked(
        story.state, [*seen.events, *story.events], now,
        lateness=lateness or Lateness({}), target=life.source.world.policy.promised_probability,
    )  # fmt: skip


def tracked(
    state: OrderState, events: Sequence[Event], now: datetime, *,
    lateness: Lateness, target: float,
) -> Tracking:  # fmt: skip
    """Return where an order is that its events tell of.

    Args:
        state: what the events make of it.
        events: all of them.
        now: the clock.
        lateness: how late parcels come.
        target: the probability that dates are told with.
    """
    times, order = times_of(events), state.order
    assert order is not None
    clock = _Clock(now, lateness, target)
    shipments = tuple(
        _shipment(state, name, times, clock) for name in state.shipments if _live(state, name)
    )
    waiting = [p for p in state.pieces if p.state in WAITING]
    out = [state.shipments[each.shipment] for each in shipments if each.state not in THERE]
    return Tracking(
        order=state.name, state=state.state, placed_at=order.placed_at,
        promise_at=state.promise_at,
        keeps_promise=None if waiting else clock.keeps(out, state.promise_at),
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


@dataclass(frozen=True)
class _Clock:
    """Tells dates at one moment."""

    now: datetime
    lateness: Lateness
    target: float

    def of(self, sent: Shipment) -> Estimate:
        """Return when a parcel comes that is not there yet."""
        return self.last([sent])

    def keeps(self, out: Sequence[Shipment], by: datetime | None) -> float | None:
        """Return the probability that all is there by then, (1); none, where it is not known."""
        if by is None or any(sent.arrives is None for sent in out):
            return None
        left = [self._left(sent) for sent in out]
        if not all(len(each) for each in left):
            return None
        late = [_minutes(by - sent.arrives) for sent in out if sent.arrives]
        return round(prod(by_then(some, x) for some, x in zip(left, late, strict=True)), 4)

    def last(self, out: Sequence[Shipment]) -> Estimate:
        """Return when the last of some parcels comes; each by the root of the probability."""
        planned = [sent.arrives for sent in out if sent.arrives]
        if len(planned) < len(out) or not planned:
            return Estimate(due=None)
        left = [self._left(sent) for sent in out]
        if not all(len(each) for each in left):
            return Estimate(due=max(planned))
        p = self.target ** (1 / len(out))
        ends = [
            [at + timedelta(minutes=quantile(some, q)) for q in (p, EARLY)]
            for at, some in zip(planned, left, strict=True)
        ]
        due, early = (max(times) for times in zip(*ends, strict=True))
        return Estimate(due=due, probability=self.target, early=early)

    def _left(self, sent: Shipment) -> Floats:
        assert sent.arrives is not None
        return self.lateness.left(sent.service or "", _minutes(self.now - sent.arrives))


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def _live(state: OrderState, shipment: str) -> list[Piece]:
    """Return the units of a shipment that are still somebody's."""
    return [piece for piece in state.of_shipment(shipment) if piece.state != "cancelled"]


def _shipment(state: OrderState, name: str, times: Times, clock: _Clock) -> TrackedShipment:
    sent, live = state.shipments[name], _live(state, name)
    stands, there = least_far(live), times.arrived.get(name)
    done = stands in THERE
    return TrackedShipment(
        shipment=name, node=sent.node, service=sent.service, state=stands,
        lines=_lines(state, live), planned=sent.arrives, left_at=times.left.get(name),
        arrived_at=there if done else None, carrier=times.carrier.get(name, ""),
        estimate=Estimate(due=there) if done else clock.of(sent),
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
