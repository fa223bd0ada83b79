"""What waits for goods that are due: by what rule it gets them, and when."""

from pydantic import AwareDatetime, Field

from omnisource.models.base import Name, Share, Units, Value


class BackorderRules(Value):
    """How what is due is given to those who wait."""

    fair: Share = Field(
        1.0, description="Share of a receipt that one customer gets while others wait for it."
    )
    on_time: Share = Field(0.9, description="Share of receipts that come when they are due.")


class Expected(Value):
    """Units of a line that wait for a receipt."""

    order: Name
    line: Name
    sku: Name
    units: Units
    node: Name  # where they come in
    due: AwareDatetime
    arrives: AwareDatetime  # at the customer's
    place: int  # in turn, among those who wait for that receipt
    probability: float  # that they are there by then
