"""How surely parcels arrive and units are there, made ready for `quote_known.py`."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.asked import Ask
from omnisource.solvers.atp import lost_units
from omnisource.solvers.available import Cells, kept_back
from omnisource.solvers.clocks import DAY
from omnisource.solvers.leadtime import LeadTimes
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.quote_known import WALKED, Known

NOTHING: Final = np.zeros((2, 7, 1, 1, 1))
"""The minutes of no lead times."""
NO_INTS: Final = np.zeros(0, np.int64)
NO_FLOATS: Final = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Sure:
    """Lead times with the probability that dates shall be kept with, and how sure stock is."""

    times: LeadTimes | None
    target: float
    keeps: Floats  # (N,)
    lost: Floats  # (R,), none where every record is right
    shelf: Ints  # (R,) likewise
    safety: Ints  # (R,) likewise

    def of(self, regions: tuple[int, int], ask: Ask) -> Known:
        """Return what is known of parcels to two regions, all that depends on the minute left out.

        Args:
            regions: of the door and of the store, −1 where not known.
            ask: the cart; its units are the most parcels that there can be.
        """
        empty = Known(
            0, 0, 1, NOTHING, NOTHING, NO_FLOATS, NO_FLOATS, NO_FLOATS, NO_INTS, NO_INTS, NO_INTS,
            NO_INTS, NO_INTS, NO_INTS, np.zeros((0, 0), np.int64), 0, self.keeps, self.lost,
            self.shelf, self.safety,
        )  # fmt: skip
        if self.times is None:
            return empty
        curve = np.stack([self._curve(self.times, region) for region in regions])
        needed = roots(self.target, sum(ask.units))
        return empty._replace(
            columns=len(needed),
            minutes=at_levels(curve, self.times.probability, needed),
            curve=curve,
            level=self.times.probability.copy(),  # writable, as compiled for
            edges_km=self.times.edges_km.copy(),
            factor=self.times.node_factor.copy(),
        )

    def _curve(self, times: LeadTimes, region: int) -> Floats:
        """Return, (7, V, B, Q), the minutes to a region at each level."""
        factor = times.region_factor[region] if region >= 0 else 1.0
        return np.ascontiguousarray(np.moveaxis(times.minutes * factor, 2, 0))


def roots(target: float, units: int) -> Floats:
    """Return the probability that each of 1, 2, … parcels needs; the last: of as many as units.

    >>> roots(0.81, 2).round(2).tolist()
    [0.81, 0.9]
    """
    parcels = np.arange(1, min(units, WALKED + 1) + 1)
    parcels[-1] = units
    return np.asarray(target ** (1 / parcels))


def at_levels(curve: Floats, known: Floats, wanted: Floats) -> Floats:
    """Return curves at other levels, linear between those known, and the ends beyond them.

    Args:
        curve: (…, Q) minutes at the levels known.
        known: (Q,) rising.
        wanted: (P,).

    Returns (…, P).
    """
    at = np.interp(wanted, known, np.arange(len(known)))
    low = np.minimum(at.astype(np.int64), len(known) - 2) if len(known) > 1 else at.astype(int)
    high = np.minimum(low + 1, len(known) - 1)
    return np.asarray(curve[..., low] + (at - low) * (curve[..., high] - curve[..., low]))


def days_learned(times: LeadTimes | None) -> int:
    """Return the days within which all that was learned has arrived."""
    if times is None:
        return 0
    slowest = times.minutes.max() * times.node_factor.max(initial=1.0)
    return int(slowest * times.region_factor.max(initial=1.0)) // DAY + 2


def surety(world: World, times: LeadTimes | None) -> Sure:
    """Return what a world knows of how surely things go as planned."""
    keeps, stock = 1.0 - world.nodes["decline_rate"], world.stock
    target = world.policy.promised_probability
    if (stock["accuracy"] >= 1.0).all():
        return Sure(times, target, keeps, NO_FLOATS, NO_INTS, NO_INTS)
    found = Cells(stock["node"], stock["sku"], stock["on_hand"], stock["unit_cost_cents"])
    lost = lost_units(world, stock.rows, world.now)
    return Sure(
        times, target, keeps, lost, stock["on_hand"].astype(np.int64), kept_back(world, found)
    )
