"""Where an order is, when it comes, and what can still be changed; and what carriers say of it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from omnisource.models.base import Name, Text, Value
from omnisource.models.lifecycle import State

CarrierKind = Literal["in_transit", "delayed", "delivered", "lost"]
Choice = Literal["cancel", "address", "day", "pickup_node", "faster"]
"""What a customer may still change."""
Probability = Annotated[float, Field(ge=0, le=1)]


class CarrierEvent(Value):
    """What a carrier says of a parcel."""

    order: Name
    shipment: Name
    kind: CarrierKind
    at: AwareDatetime | None = None  # absent: now
    due: AwareDatetime | None = None  # when it will be there, of one that is delayed
    text: Text = ""

    @model_validator(mode="after")
    def _is_whole(self) -> "CarrierEvent":
        if (self.kind == "delayed") != (self.due is not None):
            raise ValueError("`due` goes with `delayed`, and with nothing else")
        return self


class TrackedLine(Value):
    """Units of a line that fare alike."""

    line: Name
    sku: Name
    units: int
    state: State


class Estimate(Value):
    """When something comes, as far as can be told now."""

    due: AwareDatetime | None  # by then, with `probability`; none: not known yet
    probability: Probability | None = None  # none: as planned, nothing has been learned yet
    early: AwareDatetime | None = None  # one in ten is there by then


class TrackedShipment(Value):
    """A parcel, or goods at a counter."""

    shipment: Name
    node: Name
    service: Name | None
    state: State
    lines: tuple[TrackedLine, ...]
    planned: AwareDatetime | None
    left_at: AwareDatetime | None
    arrived_at: AwareDatetime | None
    carrier: Text = ""  # what it said last
    estimate: Estimate


class Moment(Value):
    """Something that has happened, in words for everybody."""

    at: AwareDatetime
    text: Text


class Tracking(Value):
    """Where an order is, when it comes, and what can still be changed."""

    order: Name
    state: State
    placed_at: AwareDatetime
    promise_at: AwareDatetime | None
    keeps_promise: Probability | None  # that all is there by then; none: not known, or not sent
    estimate: Estimate  # of the last of it
    shipments: tuple[TrackedShipment, ...]
    waiting: tuple[TrackedLine, ...]  # no node has been given them
    choices: tuple[Choice, ...]
    can_cancel: tuple[TrackedLine, ...]
    moments: tuple[Moment, ...]


class WorkItem(Value):
    """What a node is to do next with a shipment, and by when."""

    order: Name
    shipment: Name
    state: State
    next: Literal["release", "pick", "pack", "ship", "ready", "collect"]
    leave_by: AwareDatetime | None  # the cut-off; none: it waits for its customer
    late: bool
    service: Name | None
    lines: tuple[TrackedLine, ...]


class WorkList(Value):
    """What a node is to pick, pack and hand over, in the order of cut-offs."""

    node: Name
    at: AwareDatetime
    items: tuple[WorkItem, ...]
