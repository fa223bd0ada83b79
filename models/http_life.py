"""What is asked over HTTP of an order's life, and what is told."""

from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, model_validator

from omnisource.models.base import Name, Text, Units, Value
from omnisource.models.lifecycle import Event
from omnisource.models.money import Terms
from omnisource.models.reservation import Placed
from omnisource.models.returns import Grade
from omnisource.models.told import Denied, OrderChange, Told
from omnisource.models.tracking import CarrierEvent

MOST: Final = 500
"""Events of carriers in one request at the most."""
What = Literal["tracking", "work", "desk"]
"""What a link shows."""


class PlaceRequest(Value):
    """An order to be placed: on a reservation, allocated at once, or held for the next run."""

    placed: Placed
    terms: Terms = Terms()
    reservation: Name | None = None
    hold: bool = False  # leave it to the next night, or rolling run

    @model_validator(mode="after")
    def _is_decided_once(self) -> "PlaceRequest":
        if self.hold and self.reservation is not None:
            raise ValueError("`hold` leaves an order undecided; `reservation` decides it")
        return self


class CancelRequest(Value):
    """Units to be cancelled: of a line, or of the whole order; all, where no number is given."""

    line: Name | None = None
    units: Units | None = None


class ChangeRequest(Value):
    """A change that was quoted, and is accepted."""

    change: OrderChange
    quote: Name


class StepRequest(Value):
    """A shipment goes one step further; every one that can, where none is named."""

    step: Literal["release", "pick", "pack", "ship", "ready", "deliver", "collect"]
    shipment: Name | None = None


class DeclineRequest(Value):
    """A node cannot send what it was given: units by line, or all of it."""

    shipment: Name
    lines: dict[Name, Units] | None = None
    missing: bool = False  # they are not there at all: stock is corrected
    cause: Text = ""


class ShortRequest(Value):
    """A short pick: what was not found, by line; the rest is packed."""

    shipment: Name
    short: Annotated[dict[Name, Units], Field(min_length=1)]


class ReturnRequest(Value):
    """Goods that have come back."""

    line: Name
    units: Units
    node: Name
    grade: Grade = "new"


class CarrierFeed(Value):
    """What a carrier says of parcels."""

    events: Annotated[tuple[CarrierEvent, ...], Field(min_length=1, max_length=MOST)]


class CarrierAnswer(Value):
    """What has come of each: told, or denied."""

    outcomes: tuple[Told | Denied, ...]


class SeenEvent(Value):
    """An event, and its place among all."""

    place: int
    event: Event


class EventPage(Value):
    """Events after a place; ask for those after `cursor` next."""

    events: tuple[SeenEvent, ...]
    cursor: int


class OrderStory(Value):
    """One order's whole story: how it stands, and all that has happened."""

    order: Name
    state: dict[str, Any]
    events: tuple[Event, ...]


class SignedLink(Value):
    """A page that needs no key, until its time is over."""

    path: str
    until: AwareDatetime
