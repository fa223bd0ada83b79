"""What a customer pays: charges on an order, and the cents of each of its lines.

Discounts are negative, fees positive. A line's amounts are fixed when the order is placed; what
becomes of its units later only shares them out (solvers/proration.py).
"""

from typing import Annotated, Literal

from pydantic import Field

from omnisource.models.base import Name, SignedCents, Text, Value

ChargeKind = Literal["discount", "coupon", "multibuy", "bundle", "fee"]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


class Charge(Value):
    """Cents on top of the prices of some lines: off, where negative."""

    kind: ChargeKind
    cents: SignedCents
    lines: tuple[Name, ...] = ()  # over which it is shared out; none: all of the order
    text: Text = ""


class Terms(Value):
    """What an order costs besides the prices of its lines."""

    charges: tuple[Charge, ...] = ()
    tax: BasisPoints = 0  # hundredths of a percent, for every line not named in `taxes`
    taxes: dict[Name, BasisPoints] = Field(default_factory=dict)  # by line
    tax_included: bool = True  # in prices, discounts and fees


class Amount(Value):
    """Cents by what they are for; whatever is added up or shared out, each stays whole.

    >>> Amount(goods=300, discount=-100) + Amount(goods=50, fee=5)
    Amount(goods=350, discount=-100, fee=5, tax=0)
    """

    goods: int = 0
    discount: int = 0  # ≤ 0
    fee: int = 0
    tax: int = 0  # in the other three, or on top of them: `Terms.tax_included`

    @property
    def net(self) -> int:
        """What the goods come to after discounts."""
        return self.goods + self.discount

    def due(self, tax_included: bool) -> int:
        """What the customer pays."""
        return self.net + self.fee + (0 if tax_included else self.tax)

    def __add__(self, other: "Amount") -> "Amount":
        """Add what is for the same."""
        return Amount(
            goods=self.goods + other.goods,
            discount=self.discount + other.discount,
            fee=self.fee + other.fee,
            tax=self.tax + other.tax,
        )


class InvoiceLine(Value):
    """Units of a line, and their cents."""

    line: Name
    sku: Name
    units: int
    amount: Amount


class Invoice(Value):
    """What some units of an order come to: a shipment's invoice, or a refund."""

    order: Name
    shipment: Name | None
    lines: tuple[InvoiceLine, ...]
    cents: int  # due, or given back
