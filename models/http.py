"""What the service is asked and what it tells, beyond the documents that verbs have already."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from omnisource.models.base import Name, Share, Text, Units, Value
from omnisource.models.promise import Cart, PromiseMode
from omnisource.models.reservation import Claim, Placed


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


class PromisedLeg(Heard):
    """A departure as it was promised."""

    service: Text


class PromisedParcel(Heard):
    """A shipment as it was promised."""

    node: Name
    service: Text = ""
    to: Text = ""
    arrives: AwareDatetime | None = None
    legs: Annotated[tuple[PromisedLeg, ...], Field(max_length=100)] = ()
    units: Annotated[dict[Name, Units], Field(min_length=1, max_length=200)]
    leaves: AwareDatetime
    cost_cents: int = 0


class PromisedOption(Heard):
    """An option as it was promised; what else it said may stand beside."""

    mode: Text = ""
    promise_at: AwareDatetime
    expires_at: AwareDatetime
    shipments: Annotated[tuple[PromisedParcel, ...], Field(min_length=1, max_length=200)]


class LegView(Value):
    """A lane's departure, or the parcel from a hub."""

    start: Name
    end: Name
    service: Text
    departs: AwareDatetime
    arrives: AwareDatetime


class ParcelView(Value):
    """A shipment of an option; those of one `parcel` number leave their hub together."""

    node: Name
    service: Text  # "" over the counter
    to: Text  # "" to the door, else the store
    via: tuple[str, ...]
    units: dict[str, int]  # by SKU
    leaves: AwareDatetime
    arrives: AwareDatetime
    cost_cents: int
    grams_co2: int
    parcel: int = 1
    legs: tuple[LegView, ...] = ()


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
    awaits: AwareDatetime | None = None
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


class Health(Value):
    """How the service is."""

    status: Literal["ok", "not ready"]
    version: str
    snapshot_seconds: float | None = None  # since stock was read for promises
    reasons: tuple[str, ...] = ()
