"""How surely parcels arrive and units are there, made ready for `known.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.available import Cells, kept_back
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.leadtime.week import corners
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.quote.atp import lost_units
from omnisource.solvers.quote.known import WALKED, Known
from omnisource.solvers.routes.clocks import DAY

NOTHING: Final = (np.zeros((7, 1, 1, 1)),) * 2
"""The minutes of no lead times."""
NO_ROUTE: Final = (np.zeros(0),) * 2
NO_INTS: Final = np.zeros(0, np.int64)
NO_FLOATS: Final = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Sure:
    """Lead times with the probability that dates shall be kept with, and how sure stock is."""

    times: LeadTimes | None
    target: float
    fine: float  # days that a late order weighs; 0: none, dates are as sure as the target
    keeps: Floats  # (N,)
    lost: Floats  # (R,), none where every record is right
    shelf: Ints  # (R,) likewise
    safety: Ints  # (R,) likewise

    def of(self, regions: tuple[int, int], units: int, known: Callable[..., Any]) -> Known:
        """Return what is known of parcels to two regions, all that depends on the minute left out.

        Args:
            regions: of the door and of the store, −1 where not known.
            units: of the cart, the most parcels that there can be.
            known: remembers, for a key, what a call returned.
        """
        base: Known = known("surety", self._base)
        if self.times is None:
            return base
        ways: list[tuple[Floats, Floats]] = [
            known(("region", r), partial(self._region, r)) for r in regions
        ]
        needed = roots(self.target, units)
        minutes: list[Floats] = [
            known(("dates", r, units), partial(at_levels, curve, self.times.probability, needed))
            for r, (curve, _) in zip(regions, ways, strict=True)
        ]
        return base._replace(
            columns=len(needed),
            parcels=known(("parcels", units), partial(parcels_of, units)),
            minutes=(minutes[0], minutes[1]),
            curve=(ways[0][0], ways[1][0]),
            route=(ways[0][1], ways[1][1]),
        )

    def _base(self) -> Known:
        """Return what holds for all regions."""
        base = Known(
            0, 0, 1, NOTHING, NOTHING, NO_ROUTE, NO_FLOATS, NO_FLOATS, NO_FLOATS,
            NO_INTS, NO_FLOATS, NO_INTS, np.zeros((0, 0, 0)), NO_INTS, NO_INTS, NO_INTS, NO_INTS,
            NO_INTS, np.zeros((0, 0), np.int64), 0, self.keeps, self.lost, self.shelf, self.safety,
            NO_INTS, 0.0,
        )  # fmt: skip
        if self.times is None:
            return base
        return base._replace(
            fine=self.fine,
            level=self.times.probability.copy(),  # writable, as compiled for
            edges_km=self.times.edges_km.copy(),
            factor=self.times.node_factor.copy(),
            origin=self.times.origin.astype(np.int64),
            corners=corners(self.times.week),
        )

    def _region(self, region: int) -> tuple[Floats, Floats]:
        """Return, (7, V, B, Q), the minutes to a region at each level, and the routes' factors."""
        times: Any = self.times
        factor = times.region_factor[region] if region >= 0 else 1.0
        route = times.route_factor[:, region] if region >= 0 else np.ones(len(times.origins))
        return np.moveaxis(times.minutes * factor, 2, 0).copy(), np.append(route, 1.0)


def roots(target: float, units: int) -> Floats:
    """Return the probability that each of 1, 2, … parcels needs; the last: of as many as units.

    >>> roots(0.81, 2).round(2).tolist()
    [0.81, 0.9]
    """
    return np.asarray(target ** (1 / parcels_of(units)))


def parcels_of(units: int) -> Ints:
    """Return the numbers of parcels that differ in their dates.

    >>> parcels_of(20).tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 20]
    """
    parcels = np.arange(1, min(units, WALKED + 1) + 1)
    parcels[-1] = units
    return parcels


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
    found = curve[..., low] + (at - low) * (curve[..., high] - curve[..., low])
    return np.ascontiguousarray(found)  # as compiled for


def days_learned(times: LeadTimes | None) -> int:
    """Return the days within which all that was learned has arrived."""
    if times is None:
        return 0
    slowest = times.minutes.max() * times.node_factor.max(initial=1.0)
    slowest *= times.region_factor.max(initial=1.0) * times.route_factor.max(initial=1.0)
    return int(slowest) // DAY + 9  # a week, too, for days on which nothing arrives


def surety(world: World, times: LeadTimes | None) -> Sure:
    """Return what a world knows of how surely things go as planned."""
    keeps, stock = 1.0 - world.nodes["decline_rate"], world.stock
    aim = world.policy.promised_probability, world.policy.late_fine_days or 0.0
    if (stock["accuracy"] >= 1.0).all():
        return Sure(times, *aim, keeps, NO_FLOATS, NO_INTS, NO_INTS)
    found = Cells(stock["node"], stock["sku"], stock["on_hand"], stock["unit_cost_cents"])
    lost = lost_units(world, stock.rows, world.now)
    return Sure(
        times, *aim, keeps, lost, stock["on_hand"].astype(np.int64), kept_back(world, found)
    )
