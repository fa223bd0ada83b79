"""Lead times: by which minute an order has arrived, with which probability.

Indices: service v, distance band b, weekday of placing w, level q, node n, its origin o[n],
region g.

    (1)  quantile(v, n, b, w, g, q) = minutes[v, b, w, q] · node[n] · region[g, q] · route[o[n], g]
    (2)  between two levels, and so between two quantiles, it is linear
    (3)  these are minutes of the carriers' week (week.py): C(t + clock minutes) = C(t) + (1)

All are plain arrays: `minutes` of the whole, and factors that are shrunk toward 1 where little is
known (pace.py and conformal.py say how they are found). A node or region of −1 is one that is not
known; its factor is 1.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.solvers.leadtime.history import region_name
from omnisource.solvers.leadtime.week import DAY, THURSDAY, carried, minute_at
from omnisource.solvers.problem import Floats, Ints

LEVELS: Final = (
    *(round(0.05 * i, 2) for i in range(1, 15)),
    *(round(0.01 * i, 2) for i in range(75, 100)),
    0.995,
)
"""Probabilities at which quantiles are kept: closer where promises are made."""
MIDDAY: Final = DAY // 2


@dataclass(frozen=True, eq=False)
class LeadTimes:
    """Quantiles of the minutes from an order's placing to its arrival."""

    probability: Floats  # (Q,) rising
    edges_km: Floats  # (B-1,) upper edges of the distance bands
    minutes: Floats  # (V, B, 7, Q) minutes of the week, of the whole; weekday 0 is Monday
    node_factor: Floats  # (N,) times as long as the whole
    region: tuple[str, ...]  # (G,) country and first digits of the postcode
    region_factor: Floats  # (G, Q) times as long as the whole
    origins: tuple[str, ...]  # (O,) country and first digit of the node's postcode
    origin: Ints  # (N,) the node's place in `origins`; −1 where it is not known
    route_factor: Floats  # (O, G) times as long as other ways to the region
    week: Floats  # (7,) how open carriers are, Monday first; mean 1

    def band(self, km: float) -> int:
        """Return the distance band; the farthest where the distance is not known (NaN)."""
        return int(np.searchsorted(self.edges_km, km))

    def region_of(self, country: str, postcode: str) -> int:
        """Return the place of the narrowest region known; −1 where there is none."""
        names = [region_name(country, postcode, digits) for digits in (2, 1)]
        return next((self.region.index(name) for name in names if name in self.region), -1)

    def curve(self, *, service: int, node: int, km: float, weekday: int, region: int) -> Floats:
        """Return (1): minutes of the week at each level, (Q,)."""
        whole = self.minutes[service, self.band(km), weekday]
        by_node = self.node_factor[node] if node >= 0 else 1.0
        by_region = self.region_factor[region] if region >= 0 else 1.0
        way = node >= 0 and region >= 0 and self.origin[node] >= 0
        by_route = self.route_factor[self.origin[node], region] if way else 1.0
        return np.asarray(whole * by_node * by_region * by_route)  # (1)

    def quantile(
        self, *, service: int, node: int, km: float, weekday: int, region: int, p: float,
        at: int = MIDDAY,
    ) -> float:  # fmt: skip
        """Return the minutes by which it has arrived with probability `p`; (2) between levels.

        Below the lowest level and above the highest it is what it is there. `at` is the minute of
        the day of placing.
        """
        curve = self.curve(service=service, node=node, km=km, weekday=weekday, region=region)
        start = _start(weekday, at)
        until = carried(self.week, start) + np.interp(p, self.probability, curve)  # (2)
        return float(minute_at(self.week, until) - start)  # (3)

    def probability_by(
        self, *, service: int, node: int, km: float, weekday: int, region: int, minutes: float,
        at: int = MIDDAY,
    ) -> float:  # fmt: skip
        """Return the probability that it has arrived after so many minutes.

        It rises from 0 at once to the lowest level, and is the highest level beyond that. `at` is
        the minute of the day of placing.
        """
        curve = self.curve(service=service, node=node, km=km, weekday=weekday, region=region)
        known = np.concatenate([[0.0], curve])
        start = _start(weekday, at)
        spent = carried(self.week, start + minutes) - carried(self.week, start)  # (3)
        return float(np.interp(spent, known, np.concatenate([[0.0], self.probability])))

    def curves(
        self, *, service: Ints, node: Ints, km: Floats, placed: Ints, region: Ints
    ) -> Floats:
        """Return `curve` of many orders of nodes and regions that are known, (K, Q).

        `placed` is in minutes since 1970-01-01.
        """
        weekday = (placed // DAY + THURSDAY) % 7
        whole = self.minutes[service, np.searchsorted(self.edges_km, km), weekday]
        origin = self.origin[node]
        by_route = np.where(origin >= 0, self.route_factor[origin, region], 1.0)
        by_way = (self.node_factor[node] * by_route)[:, None]
        return np.asarray(whole * self.region_factor[region] * by_way)  # (1)


def _start(weekday: int, at: int) -> int:
    """Return a minute since 1970-01-01 that lies on that weekday."""
    return (weekday - THURSDAY) % 7 * DAY + at
