"""What may change between a scenario and its base: one value for each kind of change.

`kind` tells them apart. Each is applied to a world by the function of its kind in
`orchestrator/lab/whatif.py`; those of one scenario apply in the order in which they stand.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from omnisource.models.base import (
    Count,
    Country,
    Days,
    Name,
    Postcode,
    Share,
    SignedCents,
    Units,
    Value,
)
from omnisource.models.chosen import (
    Named,
    SomeGoods,
    SomeNodes,
    SomeOrders,
    SomeServices,
)
from omnisource.models.network import Node
from omnisource.models.outages import LaneOutage, Strike
from omnisource.models.policy import Policy
from omnisource.models.row import Clock
from omnisource.models.week import Hours

Factor = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
"""Times; 1 changes nothing."""


def _one_of(value: Value, *names: str) -> None:
    """Refuse a change that states none of some keys."""
    if all(getattr(value, name) is None for name in names):
        raise ValueError(f"it changes nothing: give {' or '.join(names)}")


class Close(SomeNodes, Named):
    """Nodes close: they neither ship nor hand over nor pass on; their stock is out of reach."""

    kind: Literal["close"]
    collect: Literal["lost", "delivered"] = Field(
        "lost",
        description="What becomes of orders to be collected there: lost, or delivered to the "
        "customer's address where it is known.",
    )


class Open(Value):
    """A new node opens, with a part of the range and of the stock of another."""

    kind: Literal["open"]
    node: Node = Field(description="The node, as a row of `nodes`.")
    like: Name = Field(description="The node whose range it gets.")
    share: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = Field(
        0.5, description="Units that it gets of each product, a unit that the other has on hand."
    )
    moved: bool = Field(
        True, description="Whether these units leave the other node; false: they are bought."
    )

    @model_validator(mode="after")
    def _moves_no_more_than_there_is(self) -> "Open":
        if self.moved and self.share > 1:
            raise ValueError(f"share is {self.share}: more than there is cannot be moved")
        return self


class ShipFrom(SomeNodes, Named):
    """Nodes begin, or cease, to send parcels to customers; what is collected there stays."""

    kind: Literal["ship_from"]
    ships: bool = Field(True, description="Whether they send parcels.")
    orders_per_day: Count | None = Field(
        None, description="Shipments that each can send a day; absent: as before."
    )


class Capacity(SomeNodes):
    """What nodes can do a day becomes more or less."""

    kind: Literal["capacity"]
    factor: Factor | None = Field(
        None, description="Times that each limit counts, rounded; nodes without limit keep none."
    )
    orders_per_day: Count | None = Field(None, description="Shipments a day, instead.")
    units_per_day: Count | None = Field(None, description="Units a day, instead.")

    @model_validator(mode="after")
    def _changes_something(self) -> "Capacity":
        _one_of(self, "factor", "orders_per_day", "units_per_day")
        return self


class OpeningHours(SomeNodes):
    """Nodes open at other hours."""

    kind: Literal["hours"]
    hours: Hours = Field(description="Local opening hours, as in `nodes`.")


class CutOff(SomeNodes):
    """Parcels leave the same day until another time; services with an `order_by` keep theirs."""

    kind: Literal["cut_off"]
    cutoff: Clock | None = Field(None, description="Local time HH:MM.")
    minutes: Annotated[int, Field(ge=-1_440, le=1_440)] | None = Field(
        None,
        description="Instead: so many minutes later, earlier where negative, within the same day; "
        "nodes without cut-off keep none.",
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "CutOff":
        _one_of(self, "cutoff", "minutes")
        return self


class Demand(SomeOrders, SomeGoods):
    """Some orders become more or fewer: drawn at random, some are left out or come twice.

    Where `skus` or `categories` are named, only the lines of these goods are left out or come
    again, as an order of their own. The same seed draws the same orders, and what a smaller
    factor leaves a larger one leaves too.
    """

    kind: Literal["demand"]
    factor: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] = Field(
        description="Times that these orders come."
    )


class ShiftDemand(SomeOrders):
    """A share of some orders comes by another channel, or goes to another region."""

    kind: Literal["shift_demand"]
    share: Share = Field(description="Share of these orders, drawn at random.")
    to_channel: Name | None = Field(None, description="The channel that they come by instead.")
    to_country: Country | None = Field(
        None, description="They go to addresses drawn from the deliveries to this country."
    )
    to_postcodes: tuple[Postcode, ...] = Field(
        (), description="They go to addresses drawn from the deliveries to these postcodes."
    )

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "ShiftDemand":
        if not (self.to_channel or self.to_country or self.to_postcodes):
            raise ValueError("it changes nothing: give to_channel, to_country or to_postcodes")
        return self


class Promotion(SomeGoods, Named):
    """A promotion or a live show sells some products: new orders of one line each.

    Who orders, and where it goes, is drawn from the deliveries that there are.
    """

    kind: Literal["promotion"]
    orders: Annotated[int, Field(ge=1, le=10**7)] = Field(description="Orders that come on top.")
    units: Units = Field(1, description="Units of the product in each.")
    minutes: Annotated[int, Field(ge=1, le=60 * 24 * 7)] = Field(
        60, description="Minutes before `now` in which they are placed."
    )
    channel: Name = Field("promotion", description="The channel that they come by.")


class Stock(SomeNodes, SomeGoods):
    """Stock on hand becomes more or less."""

    kind: Literal["stock"]
    factor: Factor = Field(description="Times that the units on hand count, rounded down.")


class MoveStock(SomeNodes, SomeGoods, Named):
    """Units on hand go from some nodes to another, and are there at once."""

    kind: Literal["move_stock"]
    to: Name = Field(description="The node that gets them.")
    share: Share = Field(1.0, description="Share of the units of each cell, rounded down.")
    units: Units | None = Field(
        None, description="Instead: so many units of each cell, or what there is of it."
    )


class Safety(SomeNodes, SomeGoods):
    """Other units are kept back from sale."""

    kind: Literal["safety"]
    units: Count = Field(description="Units kept back in each stock cell.")


class LateSupplier(SomeNodes, SomeGoods):
    """What is on its way in comes later, or does not come."""

    kind: Literal["late_supplier"]
    days: Days | None = Field(None, description="Days later.")
    lost: Share | None = Field(None, description="Share of the units that never come, rounded up.")

    @model_validator(mode="after")
    def _changes_something(self) -> "LateSupplier":
        _one_of(self, "days", "lost")
        return self


class Tariff(SomeServices):
    """Parcels of some services become dearer or cheaper, at every weight and in every zone."""

    kind: Literal["tariff"]
    factor: Factor = Field(1.0, description="Times each price, rounded to the cent.")
    plus_cents: SignedCents = Field(
        0, description="Cents added to each price then; none falls below 0."
    )


class Fuel(SomeServices):
    """Fuel becomes dearer or cheaper: tariffs and lanes follow with a share of their price."""

    kind: Literal["fuel"]
    change: Annotated[float, Field(ge=-1, le=10, allow_inf_nan=False)] = Field(
        description="Share by which fuel becomes dearer; 0.3 is 30 %, −0.1 is cheaper."
    )
    share: Share = Field(description="Share of each price that goes by the price of fuel.")


class PolicyChange(Value):
    """Other rules and weights: keys that are not named stay as they are."""

    kind: Literal["policy"]
    policy: Policy = Field(description="Keys of the policy, as in a scenario's `[policy]`.")


Change: TypeAlias = Annotated[
    Close
    | Open
    | ShipFrom
    | Capacity
    | OpeningHours
    | CutOff
    | Demand
    | ShiftDemand
    | Promotion
    | Stock
    | MoveStock
    | Safety
    | LateSupplier
    | Tariff
    | Fuel
    | Strike
    | LaneOutage
    | PolicyChange,
    Field(discriminator="kind"),
]
"""Any one change."""
