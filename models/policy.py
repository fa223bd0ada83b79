"""The rules and weights of a business: fences that exclude, money that persuades."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from omnisource.models.base import Cents, Count, Country, Kilometres, Name, Share, Value

NodeKind = Literal["warehouse", "store", "dropshipper", "hub"]
Mode = Literal["delivery", "collect", "ship_to_store", "reserve"]
Condition = tuple[Name, ...]


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


class Policy(Value):
    """Fences, weights, limits and penalties.

    `shortage_cents` is the penalty for a unit unserved. `late_cents` is the penalty for a unit
    and day late; where it is absent, plans that miss `promised_by` are forbidden.
    """

    shortage_cents: Cents = 5_000
    late_cents: Cents | None = None
    max_shipments: Annotated[int, Field(ge=1, le=200)] | None = None
    co2_cents_per_kg: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] = 0.0
    fences: Annotated[tuple[Fence, ...], Field(max_length=40)] = ()
    weights: Weights = Weights()
    priority: tuple[Name, ...] = ()
    version: Count = 1
    comment: str = ""
