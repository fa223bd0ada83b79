"""What a simulation supposes: how orders arrive, what may go wrong, who walks away.

It is read from `simulation.toml` in a scenario folder, or from the file that `--setup` names.
Every key has a default, so that any folder can be simulated without one. Hours and days are
those of the scenario's clock: day 0 begins at midnight at the offset of its `now`.
"""

from typing import Annotated

from pydantic import Field, field_validator

from omnisource.models.base import Cents, Days, Share, Value
from omnisource.models.chosen import SomeGoods, SomeOrders

Weight = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Times = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Mix(SomeOrders):
    """Some orders become a larger or a smaller part of all; how many come stays as it is."""

    factor: Times = Field(description="Times that these orders weigh when one is drawn.")


class Surge(SomeOrders, SomeGoods):
    """A promotion: for some days, some orders come more often.

    An order counts where one of its lines is of these goods.
    """

    from_day: Annotated[int, Field(ge=0, le=3_650)] = Field(
        description="The first day, from 0; warm-up days count."
    )
    days: Annotated[int, Field(ge=1, le=365)] = Field(1, description="How many days it lasts.")
    factor: Times = Field(description="Times that these orders come on these days.")


class Arrivals(Value):
    """How orders come: a Poisson process, whose rate goes by hour, weekday, trend and promotion.

    What is ordered, where it goes and how it was sold is drawn from the folder's own orders.
    """

    orders_per_day: Annotated[float, Field(gt=0, le=10**7, allow_inf_nan=False)] | None = Field(
        None, description="Orders of a mean day; absent: as many as the folder's own days have."
    )
    by_hour: tuple[Weight, ...] = Field(
        (), description="24 weights, from 00:00 on; absent: by the hours of the folder's orders."
    )
    by_weekday: tuple[Weight, ...] = Field(
        (), description="7 weights, Monday first; absent: every day alike."
    )
    trend: Annotated[float, Field(ge=-0.5, le=1, allow_inf_nan=False)] = Field(
        0.0, description="Share by which a week has more orders than the one before."
    )
    mix: Annotated[tuple[Mix, ...], Field(max_length=50)] = Field(
        (), description="Weights of regions, channels, tiers and modes."
    )
    promotions: Annotated[tuple[Surge, ...], Field(max_length=50)] = ()

    @field_validator("by_hour")
    @classmethod
    def _a_day(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        return _whole(weights, 24)

    @field_validator("by_weekday")
    @classmethod
    def _a_week(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        return _whole(weights, 7)


def _whole(weights: tuple[float, ...], many: int) -> tuple[float, ...]:
    if weights and (len(weights) != many or not any(weights)):
        raise ValueError(f"{len(weights)} weights: give {many}, not all of them 0")
    return weights


class Replenish(Value):
    """How stock comes back: reviewed every few days, filled up, there after the lead time.

    What a cell is filled up to is its share of the product's mean demand over `cover_days`; the
    shares are those of the stock at the beginning.
    """

    review_days: Annotated[int, Field(ge=0, le=365)] = Field(
        7, description="Days between reviews; 0: nothing is ordered, only `receipts` come."
    )
    lead_days: Days = Field(5, description="Days from a review until the units can be sold.")
    cover_days: Days = Field(
        21, description="Days of demand that on hand and on order are filled up to."
    )


class Choice(Value):
    """Who buys, and which option: a multinomial logit over the options and walking away.

    `orchestrator/simulate/choice.py` has the arithmetic and the sources.
    """

    walks: bool = Field(
        False, description="Whether customers may walk away; false: whoever can be served buys."
    )
    conversion: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.5,
        description="Share of those at the checkout who buy where there is one option of "
        "`usual_days` and `usual_fee_cents`; so many more arrive where they may walk away.",
    )
    usual_days: Annotated[float, Field(ge=0, le=60)] = Field(
        3.0, description="Days until delivery that customers are used to."
    )
    usual_fee_cents: Cents = Field(0, description="Cents of the fee that they are used to.")
    day_slower: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0051, description="Share of sales that a day slower than usual loses."
    )
    euro_dearer: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="Share of sales that a fee 1.00 higher than usual loses."
    )


class Chances(Value):
    """What may go wrong, and come back."""

    decline: Times = Field(1.0, description="Times that each node's `decline_rate` counts.")
    lost: Share = Field(0.0, description="Share of parcels that get lost, and are sent again.")
    late: Share = Field(
        0.05,
        description="Share of parcels that take longer than `zones` says, where no lead times "
        "were learned (`omnisource learn`).",
    )
    late_days: Annotated[float, Field(ge=1, le=60)] = Field(
        1.5, description="Days that such a parcel takes longer, on average: geometric, from 1."
    )
    returned: Share = Field(0.0, description="Share of units delivered that come back.")
    return_days: Days = Field(
        14, description="Days from delivery until a returned unit can be sold again."
    )


class Simulation(Value):
    """What a simulation supposes (`simulation.toml`)."""

    every_minutes: Annotated[int, Field(ge=1, le=1_440)] = Field(
        60, description="Minutes between the decisions of the policy `rolling`."
    )
    night_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        22, description="Hour of the day at which nightly plans and new bid prices are made."
    )
    warm_up_days: Annotated[int, Field(ge=0, le=365)] = Field(
        0, description="First days that no figure counts."
    )
    arrivals: Arrivals = Arrivals()
    replenish: Replenish = Replenish()
    choice: Choice = Choice()
    chances: Chances = Chances()
