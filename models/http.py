"""What the service is asked and what it tells, beyond the documents that verbs have already."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from omnisource.models.base import Name, Share, Text, Units, Value
from omnisource.models.promise import Cart, PromiseMode
from omnisource.models.reservation import Claim, Placed, StockMessage

MOST: int = 1_000
"""Messages of a feed that come in one request at the most."""
State = Literal["open", "allocated", "cancelled"]
Outcome = Literal["counted", "late", "repeated", "contradicts"]
"""Counted: it has changed what we know. Late: a later snapshot had seen it. Repeated: it is known.
Contradicts: its number was used for something else, and nothing is done."""


class Fault(Value):
    """One thing that is wrong with a request."""

    at: str
    text: str


class Problem(Value):
    """Why a request was not served, as RFC 9457 says: nothing has changed."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    reasons: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


class Heard(Value):
    """What another party says of itself; what we do not know of it is no concern of ours."""

    model_config = ConfigDict(extra="ignore")


class PromisedParcel(Heard):
    """A shipment as it was promised."""

    node: Name
    service: Text = ""
    units: Annotated[dict[Name, Units], Field(min_length=1, max_length=200)]
    leaves: AwareDatetime
    cost_cents: int = 0


class PromisedOption(Heard):
    """An option as it was promised; what else it said may stand beside."""

    mode: Text = ""
    promise_at: AwareDatetime
    expires_at: AwareDatetime
    shipments: Annotated[tuple[PromisedParcel, ...], Field(min_length=1, max_length=200)]


class ParcelView(Value):
    """A shipment of an option."""

    node: Name
    service: Text  # "" over the counter
    to: Text  # "" to the door, else the store
    via: tuple[str, ...]
    units: dict[str, int]  # by SKU
    leaves: AwareDatetime
    arrives: AwareDatetime
    cost_cents: int
    grams_co2: int


class OptionView(Value):
    """One way to serve the whole cart."""

    mode: PromiseMode
    service: Text
    promise_at: AwareDatetime
    probability: Share
    cost_cents: int
    priced_cents: float
    fee_cents: int
    parcels: int
    grams_co2: int
    nodes: tuple[str, ...]
    quote: str
    expires_at: AwareDatetime
    tags: tuple[str, ...]
    shipments: tuple[ParcelView, ...]


class ChangeView(Value):
    """The least change that would make a refused mode possible."""

    kind: str
    text: str


class RefusedView(Value):
    """A mode that is not offered, and why not."""

    mode: PromiseMode
    reasons: tuple[str, ...]
    changes: tuple[ChangeView, ...]


class PromiseAnswer(Value):
    """What can be promised for a cart.

    `refused` is said where it was asked for, and where there is no option at all.
    """

    now: AwareDatetime
    options: tuple[OptionView, ...]
    refused: tuple[RefusedView, ...] = ()


class ReserveRequest(Value):
    """Hold a promised option, or a claim that says all itself.

    With the `cart` that the option was promised for, a race that is lost is tried once more with
    the best option of the same mode that is left.
    """

    option: PromisedOption | None = None
    claim: Claim | None = None
    cart: Cart | None = None
    channel: Text = ""
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "ReserveRequest":
        if (self.option is None) == (self.claim is None):
            raise ValueError("give an option as it was promised, or a claim: one of the two")
        return self


class ExtendRequest(Value):
    """Hold a reservation longer: until so long from now."""

    minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None


class ConfirmRequest(Value):
    """Make a reservation an order's: of one that is placed with it, or that is there."""

    placed: Placed | None = None
    order: Name | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "ConfirmRequest":
        if (self.placed is None) == (self.order is None):
            raise ValueError("give the order that is placed, or the name of one: one of the two")
        return self


class StockFeed(Value):
    """What a node says of its stock; a message of each number counts once."""

    messages: Annotated[tuple[StockMessage, ...], Field(min_length=1, max_length=MOST)]


class Expected(Value):
    """Units on their way."""

    units: Units
    due: AwareDatetime


class ReceiptMessage(Value):
    """What a node says of the receipts of a stock cell.

    A snapshot says all that is expected; a delta what has come to it. What is called off is called
    off by a snapshot. Numbered by the sender, apart from its stock messages.
    """

    node: Name
    sku: Name
    sequence: Annotated[int, Field(ge=0, le=2**62)]
    kind: Literal["delta", "snapshot"]
    expected: Annotated[tuple[Expected, ...], Field(max_length=100)]


class ReceiptFeed(Value):
    """What a node says of its receipts."""

    messages: Annotated[tuple[ReceiptMessage, ...], Field(min_length=1, max_length=MOST)]


class FeedAnswer(Value):
    """What has come of each message, in their order."""

    outcomes: tuple[Outcome, ...]


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


class Health(Value):
    """How the service is."""

    status: Literal["ok", "not ready"]
    version: str
    snapshot_seconds: float | None = None  # since stock was read for promises
    reasons: tuple[str, ...] = ()
