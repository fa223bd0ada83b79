"""Orders as they are told over HTTP: what became of them, what nodes are to send, and say of it."""

from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field

from omnisource.models.base import Name, Text, Value

MOST: Final = 1_000
"""Shipments that are acknowledged in one request at the most."""
State = Literal["open", "allocated", "cancelled", "person"]


class OrderLine(Value):
    """Units of one product in an order, and how many have been given to nodes."""

    line: Name
    sku: Name
    units: int
    allocated: int


class SentLine(Value):
    """Units of a line in a shipment."""

    line: Name
    sku: Name
    units: int


class Acknowledged(Value):
    """What a node has said of a shipment."""

    accepted: bool
    reason: Text
    at: AwareDatetime


class OrderShipment(Value):
    """What one node sends for an order in one go."""

    run: Name
    shipment: int
    node: Name
    service: Name | None
    day: str
    units: int
    cost_cents: int | None  # none: not the business of who asks
    lines: tuple[SentLine, ...]
    acknowledged: Acknowledged | None


class OrderView(Value):
    """An order, what became of it, and what is sent for it."""

    order: Name
    state: State
    placed: dict[str, Any]  # as it was placed
    lines: tuple[OrderLine, ...]
    shipments: tuple[OrderShipment, ...]


class OrderHead(Value):
    """An order in a list."""

    order: Name
    state: State
    after: int  # where the next page begins


class OrderList(Value):
    """Orders, in the order in which they came."""

    orders: tuple[OrderHead, ...]


class OrderEvent(Value):
    """Something that has happened to an order."""

    event: Literal[
        "placed", "held", "expired", "allocated", "fell-out", "accepted", "declined", "cancelled"
    ]
    at: AwareDatetime | None  # none: the time was not kept
    text: str


class OrderEvents(Value):
    """What has happened to an order, as far as it is known."""

    order: Name
    events: tuple[OrderEvent, ...]


class ShipmentToSend(Value):
    """What a node is to send, and where it goes."""

    run: Name
    shipment: int
    order: Name
    service: Name | None
    day: str
    lines: tuple[SentLine, ...]
    destination: dict[str, Any]


class ShipmentList(Value):
    """Shipments of a node that it has not acknowledged, the earliest first."""

    shipments: tuple[ShipmentToSend, ...]


class Acknowledgement(Value):
    """A node takes a shipment, or declines it and says why."""

    run: Name
    shipment: Annotated[int, Field(ge=0, le=2**31 - 1)]
    accepted: bool
    reason: Text = ""


class Acknowledgements(Value):
    """What a node says of shipments."""

    acknowledgements: Annotated[tuple[Acknowledgement, ...], Field(min_length=1, max_length=MOST)]


class AcknowledgedAnswer(Value):
    """What has come of each: `unknown` is no shipment of that node's."""

    outcomes: tuple[Literal["noted", "repeated", "contradicts", "unknown"], ...]
