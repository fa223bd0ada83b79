"""The rules and weights of a business: fences that exclude, money that persuades."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from omnisource.models.base import Cents, Count, Country, Kilometres, Name, Share, Value

NodeKind = Literal["warehouse", "store", "dropshipper", "hub"]
Mode = Literal["delivery", "collect", "ship_to_store", "reserve"]
Condition = tuple[Name, ...]
Factor = Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]


class Fence(Value):
    """A hard rule: what meets every condition stated is excluded.

    An empty condition holds for all. Conditions on the order (`channels`, `tiers`, `modes`,
    `countries` of the destination), on the line (`skus`, `categories`, `hazards`), on the node
    (`nodes`, `node_kinds`) and on the way (`services`, `beyond_km`) are joined by "and";
    the entries within one condition by "or".
    """

    name: Name
    channels: Condition = ()
    tiers: Condition = ()
    modes: tuple[Mode, ...] = ()
    countries: tuple[Country, ...] = ()
    skus: Condition = ()
    categories: Condition = ()
    hazards: Condition = ()
    nodes: Condition = ()
    node_kinds: tuple[NodeKind, ...] = ()
    services: Condition = ()
    beyond_km: Kilometres | None = None

    @model_validator(mode="after")
    def _excludes_something_in_particular(self) -> "Fence":
        if not self.model_fields_set - {"name"}:
            raise ValueError(f"fence {self.name!r} has no condition: it would exclude everything")
        return self


class Weights(Value):
    """What the `rated` rule engine adds up: each rating lies in 0 … 1, higher is better."""

    distance: Share = 0.4
    cost: Share = 0.3
    stock: Share = 0.2
    days: Share = 0.1


class Fairness(Value):
    """How the shortage may fall: where a group goes short of more than its share, units cost more.

    The orders of one channel, country or region are a group. A region is a country and the first
    `digits` characters of the postcode; an order that is collected counts where its pick-up node
    lies. Of the units that a group ordered the share `most_short`, rounded down, may be short at
    the usual penalty; each unit beyond costs `cents` more. Two rules `by` the same groups are two
    steps of one cost.
    """

    by: Literal["channel", "country", "region"] = Field(description="What makes a group.")
    most_short: Share = Field(
        description="Share of a group's units that may be short at the usual penalty."
    )
    cents: Cents = Field(description="Cents more for each unit short beyond.")
    digits: Annotated[int, Field(ge=1, le=16)] = Field(
        2, description="Characters of the postcode that tell regions apart."
    )


class LoadStep(Value):
    """How dear a busy day is: what each shipment beyond a share of a node's day costs more.

    It holds for the `nodes` and `node_kinds` named, for all where none is, and nowhere without
    `orders_per_day`. Several steps add up, so that the cost of a day is convex.
    """

    beyond: Share = Field(
        description="Share of the node's `orders_per_day`, rounded down, that costs nothing more."
    )
    cents: Cents = Field(description="Cents more for each shipment beyond.")
    node_kinds: tuple[NodeKind, ...] = ()
    nodes: Condition = ()


class HoldRule(Value):
    """How long orders wait to be decided together: the first rule that names the channel counts.

    A rule that names none counts for all.
    """

    channels: Condition = ()
    margin_minutes: Annotated[int, Field(ge=0, le=10_080)] = Field(
        60, description="Minutes before the cut-off of its route at which an order is released."
    )
    longest_minutes: Annotated[int, Field(ge=0, le=527_040)] | None = Field(
        None, description="Minutes after placing that an order waits at the most."
    )


class Policy(Value):
    """Fences, weights, limits and penalties.

    `shortage_cents` is the penalty for a unit unserved. `late_cents` is the penalty for a unit
    and day late; where it is absent, plans that miss `promised_by` are forbidden. `tiers` says
    how many times either penalty counts for a customer's tier, `promised_factor` how many times
    the shortage penalty counts where a date was promised: scarce stock goes where its lack is
    dearest.
    """

    shortage_cents: Cents = 5_000
    late_cents: Cents | None = None
    max_shipments: Annotated[int, Field(ge=1, le=200)] | None = None
    co2_cents_per_kg: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] = 0.0
    tiers: dict[Name, Factor] = Field(
        {}, description="Times that penalties count, by the order's `tier`; 1 where it has none."
    )
    promised_factor: Annotated[float, Field(ge=1, le=1_000, allow_inf_nan=False)] = Field(
        1.0, description="Times that the shortage penalty counts where a date was promised."
    )
    fairness: Annotated[tuple[Fairness, ...], Field(max_length=2)] = ()
    load: Annotated[tuple[LoadStep, ...], Field(max_length=10)] = ()
    fences: Annotated[tuple[Fence, ...], Field(max_length=40)] = ()
    decline_cents: Cents | None = Field(
        None,
        description="Cents that it costs to source again what a node declines or does not find: "
        "nights and promises count it by `decline_rate` and `accuracy`; absent: they do not.",
    )
    move_cents: Cents | None = Field(
        None,
        description="Cents that a reserved unit must save for a night to send it from another "
        "node; absent: nights leave what is reserved where it is, and runs that follow each "
        "other (`--rolling`) ask for 100.",
    )
    promise_quantile: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="Probability with which a promised date is to be kept; absent: "
        "1 − `slower_cents_per_day` / `late_cents` where the former is given, else 0.9.",
    )
    slower_cents_per_day: Cents | None = Field(
        None,
        description="Cents that a date a day later costs in demand; below `late_cents`, or "
        "`late_fine_cents` where that is given.",
    )
    late_fine_cents: Cents | None = Field(
        None,
        description="Cents that an order costs that comes later than promised, however late; with "
        "`slower_cents_per_day`. Dates then weigh days against being late, instead of all being "
        "as sure.",
    )
    hold: Annotated[tuple[HoldRule, ...], Field(max_length=20)] = Field(
        (), description="How long orders wait, by channel; none named: an hour before the cut-off."
    )
    consolidate: bool = Field(
        False, description="Whether orders of one customer and address may share shipments."
    )
    bundles: Literal["together", "apart"] = Field(
        "together",
        description="Whether all of a bundle lies in one parcel, or its parts may come apart; it "
        "is never sent in half. A bundle with a product that ships alone comes apart.",
    )
    substitutes: dict[Name, tuple[Name, ...]] = Field(
        {},
        description="What may be sent instead of a product that nobody has, by SKU, the best "
        "first, at the price agreed; in an order's life, not in a night.",
    )
    weights: Weights = Weights()
    priority: tuple[Name, ...] = ()
    version: Count = 1
    comment: str = ""

    @property
    def promised_probability(self) -> float:
        """The probability with which a promised date is to be kept.

        Newsvendor: a day of delay is promised away as long as it costs less than the day late that
        it saves, that is up to the quantile 1 − slower / late (Arrow, Harris and Marschak,
        Optimal inventory policy, Econometrica 19, 1951).

        >>> Policy(slower_cents_per_day=20, late_cents=200).promised_probability
        0.9
        """
        if self.promise_quantile is not None:
            return self.promise_quantile
        if self.slower_cents_per_day is None or self.late_fine_cents or not self.late_cents:
            return 0.9
        return 1 - self.slower_cents_per_day / self.late_cents

    @property
    def late_fine_days(self) -> float | None:
        """How many days later a date may be to spare one late order; None where no fine is given.

        >>> Policy(slower_cents_per_day=20, late_fine_cents=1400).late_fine_days
        70.0
        """
        if self.late_fine_cents is None or not self.slower_cents_per_day:
            return None
        return self.late_fine_cents / self.slower_cents_per_day

    @model_validator(mode="after")
    def _promise_is_between(self) -> "Policy":
        slower, fined = self.slower_cents_per_day, self.late_fine_cents is not None
        if slower is None:
            if fined:
                raise ValueError("late_fine_cents needs slower_cents_per_day, to weigh it against")
            return self
        if self.promise_quantile is not None:
            raise ValueError("give promise_quantile or slower_cents_per_day, not both")
        name = "late_fine_cents" if fined else "late_cents"
        late = self.late_fine_cents if fined else self.late_cents
        if late is None or not 0 < slower < late:
            raise ValueError(
                f"slower_cents_per_day is {slower}: it must lie between 0 and {name}, which is "
                f"{'absent' if late is None else late}"
            )
        return self

    @model_validator(mode="after")
    def _penalties_are_money(self) -> "Policy":
        dearest = max([1.0, *self.tiers.values()])
        penalties = {
            "shortage_cents": self.shortage_cents * dearest * self.promised_factor,
            "late_cents": (self.late_cents or 0) * dearest,
        }
        for name, cents in penalties.items():
            if cents > 10**9:
                raise ValueError(
                    f"{name} times the largest factor is {cents:,.0f} cents, above "
                    "1,000,000,000: lower it, or the factors"
                )
        return self
