"""What is asked of an order, and what comes of asking: told, quoted, or a clear no."""

from typing import Any

from pydantic import AwareDatetime, Field

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
from omnisource.models.lifecycle import EventKind, State
from omnisource.models.order import Line


class Denied(Value):
    """A clear no: nothing has changed; what the order is, and what may be done with it."""

    order: Name
    move: Text
    state: Text
    legal: tuple[Name, ...] = ()
    reasons: tuple[str, ...]


class Told(Value):
    """What came of a verb: the events, and how the order stands."""

    order: Name
    state: State
    sequence: int  # of the last event
    events: tuple[EventKind, ...]
    promise_at: AwareDatetime | None = None
    shipments: tuple[Name, ...] = ()  # that are new
    cents: int = 0  # invoiced, refunded, or no longer due


class OrderChange(Value):
    """What a customer wants changed, before it is released."""

    cancel: dict[Name, Units] = Field(default_factory=dict)  # units less, by line
    add: tuple[Line, ...] = ()
    country: Country | None = None
    postcode: Postcode | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    pickup_node: Name | None = None
    by: AwareDatetime | None = None  # the day that it shall be there
    fastest: bool = False  # as soon as can be, whatever service that takes

    @property
    def goes_elsewhere(self) -> bool:
        """Whether the goods go to another place."""
        return bool(self.place)

    @property
    def place(self) -> dict[str, Any]:
        """The columns of the order that change."""
        names = ("country", "postcode", "lat", "lon", "pickup_node")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class ChangeQuote(Value):
    """What a change would come to; nothing has changed yet."""

    order: Name
    quote: Name  # to accept it by
    promised: AwareDatetime | None
    promise_at: AwareDatetime | None
    difference_cents: int  # more to pay; less, where negative
    nodes: tuple[Name, ...]
