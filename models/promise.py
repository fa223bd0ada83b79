"""What a checkout asks and what it is told: the cart, the offer, its options, and every "no".

A cart is validated once, at the edge. An offer is made anew for every question, hundreds a second,
so its parts are plain frozen values whose dear parts are worked out when somebody looks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import to_json

from omnisource.models.base import (
    Country,
    Latitude,
    Longitude,
    Name,
    Postcode,
    Text,
    Units,
    Value,
)

PromiseMode = Literal[
    "standard", "express", "same_day", "collect", "reserve", "ship_to_store", "mixed"
]
PROMISE_MODES: Final[tuple[PromiseMode, ...]] = get_args(PromiseMode)
"""Standard, express and same day go to the customer's door, collect is handed over from the
store's own stock, reserve likewise and paid there, ship to store may come to it from elsewhere;
mixed is part over the counter and part to the door."""
TAGS: Final = ("cheapest", "fastest", "greenest", "fewest-parcels")
"""What an option can be the best in."""
DIGEST: Final = 8
"""Bytes of a quote."""


class CartLine(Value):
    """Units of one product in a cart."""

    sku: Name
    units: Units = 1
    bundle: Name | None = None  # that it is a part of


class Cart(Value):
    """What a customer may want to order, where it shall go, and what limits there are.

    Modes to the door need the destination, modes over the counter a `store`. `from_store` is the
    store in which it is asked (endless aisle); where no `store` is named, goods go to that one.
    """

    lines: Annotated[tuple[CartLine, ...], Field(min_length=1, max_length=200)]
    country: Country | None = None
    postcode: Postcode = ""
    lat: Latitude | None = None
    lon: Longitude | None = None
    store: Name | None = None
    from_store: Name | None = None
    channel: Text = ""
    customer: Text = ""
    tier: Text = ""
    max_shipments: Annotated[int, Field(ge=1, le=200)] | None = None
    by: AwareDatetime | None = Field(None, description="Nothing later; absent: whenever.")
    modes: tuple[PromiseMode, ...] = Field((), description="Only these; none: all that apply.")

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Cart":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon go together: give both or neither")
        if not (self.home or self.counter):
            raise ValueError("a cart goes somewhere: give country and postcode, or a store")
        return self

    @property
    def home(self) -> bool:
        """Whether it names a door to deliver to."""
        return self.country is not None and (self.postcode != "" or self.lat is not None)

    @property
    def counter(self) -> Name | None:
        """The store at whose counter it would be handed over."""
        return self.store or self.from_store


@dataclass(frozen=True)
class ParcelLeg:
    """A lane's departure, or the parcel from a hub, which leaves once its goods are there."""

    start: str  # node
    end: str  # node, or "customer"
    service: str
    departs: datetime
    arrives: datetime

    def document(self) -> dict[str, str]:
        """Return it as plain values."""
        times = {"departs": self.departs.isoformat(), "arrives": self.arrives.isoformat()}
        return {"start": self.start, "end": self.end, "service": self.service, **times}


@dataclass(frozen=True)
class Parcel:
    """A shipment as it will be reserved: who sends what, by what, from when to when.

    One over the counter has no service. Over lanes `legs` says how it travels, and `via` the nodes
    between; shipments of one `parcel` number leave their hub together.
    """

    node: str
    service: str  # "" over the counter
    to: str  # "" to the door, else the store
    units: tuple[tuple[str, int], ...]  # (SKU, units), in the order of the cart
    leaves: datetime
    arrives: datetime
    cost_cents: int
    grams_co2: int
    via: tuple[str, ...] = ()
    legs: tuple[ParcelLeg, ...] = ()
    parcel: int = 1  # of the option, counted from 1

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "node": self.node, "service": self.service, "to": self.to, "via": list(self.via),
            "units": dict(self.units), "leaves": self.leaves.isoformat(),
            "arrives": self.arrives.isoformat(), "cost_cents": self.cost_cents,
            "grams_co2": self.grams_co2, "parcel": self.parcel,
            "legs": [leg.document() for leg in self.legs],
        }  # fmt: skip


def quote_of(mode: str, times: tuple[str, str], cents: int, plan: str) -> str:
    """Return the quote of an option: when asked and when promised in ISO 8601, its plan as JSON."""
    said = f"{mode} {times[0]} {times[1]} {cents} {plan}"
    return blake2b(said.encode(), digest_size=DIGEST).hexdigest()


@dataclass(frozen=True)
class Option:
    """One way to serve the whole cart.

    `cost_cents` is the bill. `priced_cents` adds what is scarce at last night's prices: by it
    options are chosen and compared. `quote` stands for the option and the time it was asked.
    `awaits` is when the last of the goods arrive that it waits for (backorder, pre-order).
    """

    mode: PromiseMode
    service: str  # the services' names, joined by "+"; "" over the counter
    promise_at: datetime
    probability: float
    cost_cents: int
    priced_cents: float
    fee_cents: int
    parcels: int
    grams_co2: int
    nodes: tuple[str, ...]
    now: datetime
    tags: tuple[str, ...]
    write: Callable[[], tuple[Parcel, ...]] = field(repr=False, compare=False)
    end: Callable[[], datetime] = field(repr=False, compare=False)
    awaits: datetime | None = None
    channel: str = ""  # for which it was asked

    @cached_property
    def expires_at(self) -> datetime:
        """Until when it can be reserved as quoted."""
        return self.end()

    @cached_property
    def shipments(self) -> tuple[Parcel, ...]:
        """The plan that will be reserved."""
        return self.write()

    @cached_property
    def quote(self) -> str:
        """A digest of what is promised and when it was asked: the same question, the same quote."""
        plan = to_json([parcel.document() for parcel in self.shipments]).decode()
        times = self.now.isoformat(), self.promise_at.isoformat()
        return quote_of(self.mode, times, self.cost_cents, plan)

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "mode": self.mode, "service": self.service, "promise_at": self.promise_at.isoformat(),
            "probability": round(self.probability, 6), "cost_cents": self.cost_cents,
            "priced_cents": round(self.priced_cents, 3), "fee_cents": self.fee_cents,
            "parcels": self.parcels, "grams_co2": self.grams_co2, "nodes": list(self.nodes),
            "quote": self.quote, "expires_at": self.expires_at.isoformat(),
            "awaits": self.awaits and self.awaits.isoformat(),
            "tags": list(self.tags), "shipments": [parcel.document() for parcel in self.shipments],
        }  # fmt: skip


@dataclass(frozen=True)
class Change:
    """The least change that would make a refused mode possible."""

    kind: Literal["units", "time", "split", "store"]
    text: str

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": self.kind, "text": self.text}


@dataclass(frozen=True)
class NotOffered:
    """A mode that is not offered: which rule at which node, and what would change that."""

    mode: PromiseMode
    reasons: tuple[str, ...]
    changes: tuple[Change, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "mode": self.mode, "reasons": list(self.reasons),
            "changes": [change.document() for change in self.changes],
        }  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """What can be promised for a cart: options that no other is better than in every respect.

    `refused` is worked out when it is asked for.
    """

    now: datetime
    options: tuple[Option, ...]
    refuse: Callable[[], tuple[NotOffered, ...]] = field(repr=False, compare=False)

    @cached_property
    def refused(self) -> tuple[NotOffered, ...]:
        """The modes that are not offered, and why not."""
        return self.refuse()

    def tagged(self, tag: str) -> Option | None:
        """Return the option that is the cheapest, fastest, greenest or of fewest parcels."""
        return next((option for option in self.options if tag in option.tags), None)

    def document(self) -> dict[str, Any]:
        """Return the offer as plain values."""
        return {
            "now": self.now.isoformat(),
            "options": [option.document() for option in self.options],
            "refused": [refused.document() for refused in self.refused],
        }
