"""What goods that come back are worth, and where they may go."""

from typing import Annotated, Literal

from pydantic import Field

from omnisource.models.base import Cents, Count, Name, Share, Value

Grade = Literal["new", "opened", "broken"]
"""As it was sold; fit to be refurbished; fit to be cleared only."""
What = Literal["restock", "send", "refurbish", "clear"]


class ReturnRules(Value):
    """What a business reckons with."""

    worth: Share = Field(0.5, description="Share of the list price that a unit in stock is worth.")
    salvage: Share = Field(0.1, description="Share of the list price that clearing brings.")
    refurbished: Share = Field(0.7, description="Share of its worth after refurbishing.")
    refurbish_cents: Cents = Field(400, description="Cents a unit refurbished.")
    refurbishers: tuple[Name, ...] = Field((), description="Nodes that refurbish.")
    with_fees: bool = Field(False, description="Fees are refunded with the goods.")
    by_parcel_days: Annotated[Count, Field(le=60)] = Field(3, description="On their way to a node.")


class Way(Value):
    """Something that can be done with units that come back, and what it brings."""

    what: What
    node: Name
    worth_cents: int  # a unit there, its shadow price included
    cost_cents: int  # a unit: handling, transport, refurbishing

    @property
    def value(self) -> int:
        """Cents a unit."""
        return self.worth_cents - self.cost_cents
