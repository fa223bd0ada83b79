"""Which figures a simulation is told by: sums of its measures by day, and their ratios."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from omnisource.models.plan import TERMS
from omnisource.solvers.problem import Floats, Ints

Unit = Literal["cents", "share", "days", "ratio", "each"]


@dataclass(frozen=True)
class Figure:
    """A sum of measures over the days that count, over another sum where `per` names one."""

    key: str
    title: str
    of: tuple[str, ...]
    per: tuple[str, ...]  # none: a day
    unit: Unit
    times: float = 1.0  # of what the measures count, in the unit

    def daily(self, columns: Mapping[str, Ints]) -> Floats:
        """Return the figure of each day, (D,); NaN where there is nothing to divide by."""
        over = _sum(columns, self.per) if self.per else np.ones(_days(columns))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(over > 0, _sum(columns, self.of) * self.times / over, np.nan)

    def value(self, columns: Mapping[str, Ints], first: int) -> float:
        """Return the figure of all days from `first` on; NaN where there is nothing."""
        over = _sum(columns, self.per)[first:].sum() if self.per else _days(columns) - first
        whole = _sum(columns, self.of)[first:].sum() * self.times
        return float(whole / over) if over > 0 else float("nan")


def _days(columns: Mapping[str, Ints]) -> int:
    return len(next(iter(columns.values())))


def _sum(columns: Mapping[str, Ints], names: Sequence[str]) -> Floats:
    found = [columns[name] for name in names if name in columns]
    return np.asarray(sum(found, np.zeros(_days(columns))), np.float64)


def _each(key: str, title: str, of: str, per: str, *, unit: Unit) -> Figure:
    return Figure(key, title, (of,), (per,), unit)


COST: Final = _each("cost", "cost", "cents", "arrived", unit="cents")
"""What policies are compared by: all that happened to all orders that came, a customer."""
FIGURES: Final = (
    COST,
    *(_each(term, f"  of it {term}", term, "arrived", unit="cents") for term in TERMS),
    _each("revenue", "revenue", "revenue_cents", "arrived", unit="cents"),
    _each("fees", "fees", "fee_cents", "arrived", unit="cents"),
    _each("bought", "bought", "orders", "arrived", unit="share"),
    _each("walked", "walked away", "walked", "arrived", unit="share"),
    _each("refused", "could not be served", "refused", "arrived", unit="share"),
    _each("promised_days", "days promised", "promised_days", "orders", unit="days"),
    _each("delivered_days", "days to delivery", "delivered_days", "delivered", unit="days"),
    _each("kept", "promises kept", "kept", "orders", unit="share"),
    _each("split", "split", "split_orders", "orders", unit="share"),
    _each("shipments", "shipments an order", "shipments", "orders", unit="ratio"),
    Figure("short", "units short a day", ("short_units", "refused_units"), (), "each"),
    _each("declines", "declined", "declines", "shipments", unit="share"),
    _each("late_picks", "picked a day late", "late_picks", "shipments", unit="share"),
    _each("lost", "lost", "lost", "shipments", unit="share"),
    _each("moved", "moved by a later run", "moved_orders", "orders", unit="share"),
    _each("returned", "returned", "returned_units", "units", unit="share"),
    Figure("orders", "orders bought a day", ("orders",), (), "each"),
)
