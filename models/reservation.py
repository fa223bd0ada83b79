"""What is held for a checkout, and what comes of it: held, confirmed, given back, or a clear no.

A `Claim` is what a promise comes to in scarce things: which node sends which units by which
service, on which day, and the slot in which they are collected. Reserving it makes a
`Reservation`: the claim, held until a moment, by a name. Confirming makes that an order's
allocation. A no is a `Refused`, with its reasons.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from omnisource.models.base import Cents, Name, Text, Units, Value
from omnisource.models.order import Line, Order

State = Literal["held", "confirmed", "released", "expired"]
Why = Literal["short", "expired", "released", "confirmed", "unknown", "key"]
Kind = Literal["orders", "units", "slot", "allotment"]


class ClaimLine(Value):
    """Units of one order line that one shipment holds."""

    line: Name
    sku: Name
    units: Units


class ClaimShipment(Value):
    """What one node sends in one go, or hands over."""

    node: Name
    service: Name | None = None  # none: over the counter
    day: date  # whose capacity of the node it takes
    ready_at: AwareDatetime | None = None  # receipts due by then count; absent: those due now
    cost_cents: Cents = 0
    lines: Annotated[tuple[ClaimLine, ...], Field(min_length=1, max_length=500)]

    @property
    def units(self) -> int:
        """Units in it."""
        return sum(line.units for line in self.lines)


class PickUp(Value):
    """A slot in which goods are collected."""

    node: Name
    begins: AwareDatetime


class Claim(Value):
    """What is to be held, all of it or nothing."""

    channel: Text = ""
    order: Name | None = None  # an order that is in the database and open; none: not placed yet
    promise_at: AwareDatetime | None = None
    shipments: Annotated[tuple[ClaimShipment, ...], Field(min_length=1, max_length=200)]
    pickup: PickUp | None = None

    def draws(self) -> dict[tuple[str, str], int]:
        """Return the units drawn from each stock cell (node, SKU)."""
        drawn: Counter[tuple[str, str]] = Counter()
        for shipment in self.shipments:
            for line in shipment.lines:
                drawn[shipment.node, line.sku] += line.units
        return dict(drawn)

    def ready(self) -> dict[tuple[str, str], AwareDatetime]:
        """Return, by cell, when the first shipment needs its units; absent: at once."""
        if all(shipment.ready_at is None for shipment in self.shipments):
            return {}
        times: dict[tuple[str, str], list[AwareDatetime | None]] = {}
        for shipment in self.shipments:
            for line in shipment.lines:
                times.setdefault((shipment.node, line.sku), []).append(shipment.ready_at)
        known = {cell: [time for time in all_ if time] for cell, all_ in times.items()}
        return {cell: min(some) for cell, some in known.items() if len(some) == len(times[cell])}

    def loads(self) -> Iterator[tuple[Kind, str, str, int]]:
        """Yield what it takes of nodes' days and of a slot: kind, node, when, how much."""
        taken: Counter[tuple[Kind, str, str]] = Counter()
        for shipment in self.shipments:
            taken["orders", shipment.node, str(shipment.day)] += 1
            taken["units", shipment.node, str(shipment.day)] += shipment.units
        if self.pickup is not None:
            taken["slot", self.pickup.node, slot_name(self.pickup.begins)] += 1
        yield from ((*key, much) for key, much in taken.items())


def slot_name(begins: AwareDatetime) -> str:
    """Return how a slot is called in a database: its beginning in whole seconds since 1970.

    >>> from datetime import datetime, UTC
    >>> slot_name(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    '60'
    """
    return str(int(begins.timestamp()))


class Placed(Value):
    """An order as it is placed at the end of a checkout."""

    order: Order
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=500)]


class Reservation(Value):
    """A claim that is held, or an order's for good."""

    reservation: Name
    state: State
    until: AwareDatetime  # held so long, unless it is confirmed
    order: Name | None
    claim: Claim


class Refused(Value):
    """A clear no: nothing has changed, and why."""

    why: Why
    reasons: tuple[str, ...]


Answer = Reservation | Refused
"""What comes of asking."""


class StockMessage(Value):
    """What a node says of a stock cell: what has come or gone, or what a count found.

    Messages about one cell are numbered by whoever sends them. Each counts once, whenever it
    comes; what a count has seen already counts no more.
    """

    node: Name
    sku: Name
    sequence: Annotated[int, Field(ge=0, le=2**62)]
    kind: Literal["delta", "snapshot"]
    units: Annotated[int, Field(ge=-(10**6), le=10**9)]


class StockSaid(Value):
    """What a message has come to."""

    fresh: bool  # it was not known yet
    counted: bool  # it has changed the cell; else a later count had seen it
    on_hand: int  # units, afterwards
