"""What a replication comes to: sums by day, and what became of each order.

Every figure but the load of nodes stands on the day on which its order was placed, whenever it
came about: so warm-up days can be left out, and no order is cut in half at the end.

An order ends in exactly one state: it has walked away, was refused, was delivered as a whole, or is
short of something. Costs are what happened, not what was expected: a decline costs what sending it
from elsewhere costs, and nothing else (`risk` is 0); a late parcel its days at the policy's penalty
if it has one. What nobody could promise is short, at the penalty, as in a night.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omnisource.models.plan import TERMS
from omnisource.models.world import ABSENT
from omnisource.orchestrator.simulate.demand import DAY, Stream, offset_of
from omnisource.orchestrator.simulate.held import Baskets
from omnisource.solvers.compile.costs import penalty_cents
from omnisource.solvers.compile.groups import late_factor
from omnisource.solvers.problem import Flags, Ints

Codes = NDArray[np.int8]

PENDING: Final = 0
WALKED: Final = 1
REFUSED: Final = 2
ACCEPTED: Final = 3
STATES: Final = ("pending", "walked", "refused", "accepted")
"""What becomes of an order at the checkout."""
COUNTED: Final = (
    "shipments", "units", "declines", "resourced", "lost", "late_picks", "moved_orders",
    "returned_units", "restocked_units",
)  # fmt: skip
"""What is counted while it happens."""


@dataclass(frozen=True, eq=False)
class Tally:
    """A replication, told."""

    by_day: Mapping[str, Ints]  # (D,) each
    load: Mapping[str, Ints]  # (≥ D, N) shipments and units that left each node, by day
    state: Codes  # (K,) position in `STATES`
    promised: Ints  # (K,) minutes, `ABSENT` for none
    delivered: Ints  # (K,) minutes: when the last of it arrived, `ABSENT` for nothing
    short: Ints  # (K,) units that never came
    parcels: Ints  # (K,)
    to_store: Flags  # (K,) what was to be collected was sent to the store
    stock: Mapping[str, Ints]  # (R,) start, received, returned, sent, end, reserved
    cut: int = 0  # plans that a clock may have cut short

    @property
    def cost_cents(self) -> int:
        """What all of it costs."""
        return int(self.by_day["cents"].sum())


class Ledger:
    """What has become of a stream so far."""

    def __init__(self, stream: Stream, carts: Baskets, days: int) -> None:
        """Begin with nothing; `days` are those on which nodes may still send."""
        world, size = carts.world, carts.world.orders.rows
        placed = world.orders["placed_at"]
        self.days, self.offset = stream.days, offset_of(world)
        self.day = ((placed - stream.first) // DAY).astype(np.int64)  # (K,)
        self.placed, self.carts = placed, carts
        self.state = np.zeros(size, np.int8)
        self.promised = np.full(size, ABSENT, np.int64)
        self.delivered = np.full(size, ABSENT, np.int64)
        self.fee = np.zeros(size, np.int64)
        self.short = np.zeros(size, np.int64)
        self.parcels = np.zeros(size, np.int64)
        self.to_store = np.zeros(size, bool)
        names = (*COUNTED, *TERMS)
        self.by_day = {name: np.zeros(stream.days, np.int64) for name in names}
        shape = (days, world.nodes.rows)
        self.load = {name: np.zeros(shape, np.int64) for name in ("shipments", "units")}
        self.late_cents = penalty_cents(world.policy.late_cents or 0, late_factor(world))
        tier = late_factor(world)
        policy = world.policy
        self.short_cents = penalty_cents(policy.shortage_cents, tier * policy.promised_factor)
        self.refused_cents = penalty_cents(policy.shortage_cents, tier)

    def add(self, name: str, orders: Ints, figures: Ints) -> None:
        """Add figures of some orders."""
        np.add.at(self.by_day[name], self.day[orders], figures)

    def count(self, name: str, order: int, many: int = 1) -> None:
        """Count something of one order."""
        self.by_day[name][self.day[order]] += many

    def lacks(self, order: int, units: int) -> None:
        """Units of an order will never come."""
        self.short[order] += units
        self.by_day["shortage"][self.day[order]] += units * self.short_cents[order]

    def told(self, stock: Mapping[str, Ints], cut: int = 0) -> Tally:
        """Return all of it."""
        state, refused = self.state, self.state == REFUSED
        units = np.zeros(len(state), np.int64)
        lines = self.carts.world.lines
        np.add.at(units, lines["order"], lines["units"])
        at = np.flatnonzero(refused)
        self.add("shortage", at, units[at] * self.refused_cents[at])
        columns = {name: self._sum(figures) for name, figures in self._of_orders(units).items()}
        columns |= self.by_day
        columns["cents"] = np.sum([self.by_day[name] for name in TERMS], axis=0)
        return Tally(
            by_day=columns, load=self.load, state=state, promised=self.promised,
            delivered=self.delivered, short=self.short, parcels=self.parcels,
            to_store=self.to_store, stock=stock, cut=cut,
        )  # fmt: skip

    def _of_orders(self, units: Ints) -> dict[str, Ints]:
        """Return, (K,) each, what is known of orders once all is over."""
        accepted = self.state == ACCEPTED
        whole = accepted & (self.short == 0)
        kept = whole & (self.delivered <= self.promised)
        walked, refused = (self.state == state for state in (WALKED, REFUSED))
        return {
            "arrived": np.ones(len(units), np.int64),
            "walked": walked,
            "refused": refused,
            "orders": accepted,
            "delivered": whole,
            "kept": kept,
            "promised_days": accepted * self._days(self.promised),
            "delivered_days": whole * self._days(self.delivered),
            "revenue_cents": accepted * self.carts.value,
            "lost_revenue_cents": (walked | refused) * self.carts.value,
            "fee_cents": self.fee,
            "split_orders": self.parcels > 1,
            "short_units": self.short,
            "refused_units": refused * units,
        }

    def _days(self, at: Ints) -> Ints:
        """Return, (K,), the days on the calendar from placing to a minute; 0 where there is none.

        Days are the scenario's.
        """
        begin = (self.placed + self.offset) // DAY
        return np.where(at == ABSENT, 0, (at + self.offset) // DAY - begin)

    def _sum(self, figures: Ints) -> Ints:
        found = np.zeros(self.days, np.int64)
        np.add.at(found, self.day, figures.astype(np.int64))
        return found
