"""Which nodes, goods, orders and services a change is about.

An empty condition holds for all. Conditions are joined by "and", the entries within one by "or",
as in a policy's fences. A postcode stands for all that begin with it.
"""

from pydantic import Field, model_validator

from omnisource.models.base import Country, Postcode, Value
from omnisource.models.network import ServiceKind
from omnisource.models.policy import Condition, Mode, NodeKind


class Chosen(Value):
    """Conditions: what meets all of them is meant."""


class SomeNodes(Chosen):
    """Nodes, by their name, their kind and where they lie."""

    nodes: Condition = Field((), description="Nodes by name.")
    node_kinds: tuple[NodeKind, ...] = Field((), description="Nodes of these kinds.")
    node_postcodes: tuple[Postcode, ...] = Field(
        (), description="Nodes whose postcode begins with one of these."
    )


class SomeGoods(Chosen):
    """Products, by their name and their category."""

    skus: Condition = Field((), description="Products by name.")
    categories: Condition = Field((), description="Products of these categories.")


class SomeOrders(Chosen):
    """Orders, by where they were sold, to whom, and where they go."""

    channels: Condition = Field((), description="Orders sold in these channels.")
    tiers: Condition = Field((), description="Orders of customers of these tiers.")
    modes: tuple[Mode, ...] = Field((), description="Orders delivered or collected so.")
    countries: tuple[Country, ...] = Field((), description="Orders that go to these countries.")
    postcodes: tuple[Postcode, ...] = Field(
        (), description="Orders that go where the postcode begins with one of these."
    )


class SomeServices(Chosen):
    """Services, by their name, their carrier and their kind."""

    services: Condition = Field((), description="Services by name.")
    carriers: Condition = Field((), description="Services of these carriers.")
    service_kinds: tuple[ServiceKind, ...] = Field((), description="Services of these kinds.")


class Named(Chosen):
    """A change so large that it must say what it is about."""

    @model_validator(mode="after")
    def _says_what_it_is_about(self) -> "Named":
        conditions = [name for name in type(self).model_fields if name in CONDITIONS]
        if not any(getattr(self, name) for name in conditions):
            raise ValueError(f"it would concern all: give one of {', '.join(conditions)}")
        return self


CONDITIONS = frozenset(
    name
    for chosen in (SomeNodes, SomeGoods, SomeOrders, SomeServices)
    for name in chosen.model_fields
)
"""The names of all conditions."""
