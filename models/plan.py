"""What was decided: shipments, allocations, shortages, and the bill to the cent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from omnisource.models.world import Table

TERMS: Final = (
    "freight",  # the tariff's cents for the parcel's billable weight
    "handling",  # the node's cents a shipment and a unit
    "stock",  # the extra cost of drawing from that cell; may be negative
    "co2",  # emissions at the policy's price
    "late",  # units times days late at the penalty of the order's tier
    "risk",  # what declines, and units not found, are expected to cost
    "moved",  # units sent from another node than they were reserved at
    "shortage",  # units unserved at the penalty of the order's tier and promise
    "load",  # shipments of a node beyond the policy's steps
    "unfair",  # units short of a group beyond the policy's share
)
"""The terms of a bill, cents each; their sum is the cost of a plan."""
SHIPMENT_TERMS: Final = TERMS[:7]
"""What a shipment costs by itself. Load and unfair belong to a night as a whole: no one shipment
is the one too many, so they stand in the night's bill only."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A night's decisions in columns, judged by `evaluate`.

    shipments: order, node, service (int32 rows), units, grams, billable_grams, arrives (minutes),
        days_late, one column of cents for each of `SHIPMENT_TERMS`, cost_cents.
    allocations: shipment, order, line (row in world.lines), sku, node, units.
    shortages: order, line (row in world.lines), sku, units, cents.
    """

    shipments: Table
    allocations: Table
    shortages: Table
    bill: Mapping[str, int]  # cents by term
    solver: str = ""
    status: str = ""
    bound_cents: int | None = None
    prices: Table | None = None  # resource (choice), node, sku, cents, used, capacity
    facts: Mapping[str, Any] = field(default_factory=dict)  # seconds, passes, seed, peak, …

    @property
    def cost_cents(self) -> int:
        """What the night costs, shortage and lateness included."""
        return sum(self.bill.values())

    @property
    def gap(self) -> float | None:
        """How far the cost may be above the optimum, as a share of the cost."""
        if self.bound_cents is None:
            return None
        return (self.cost_cents - self.bound_cents) / max(abs(self.cost_cents), 1)
