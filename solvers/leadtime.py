"""Lead times: by which minute an order has arrived, with which probability.

Indices: service v, distance band b, weekday of placing w, level q, node n, region g.

    (1)  quantile(v, n, b, w, g, q) = minutes[v, b, w, q] · node[n] · region[g, q]
    (2)  between two levels, and so between two quantiles, it is linear

All three are plain arrays: `minutes` of the whole, and factors that are shrunk toward 1 where
little is known (pace.py and conformal.py say how they are found). A node or region of −1 is one
that is not known; its factor is 1.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.solvers.history import region_name
from omnisource.solvers.problem import Floats, Ints

LEVELS: Final = (*(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99)
"""Probabilities at which quantiles are kept."""


@dataclass(frozen=True, eq=False)
class LeadTimes:
    """Quantiles of the minutes from an order's placing to its arrival."""

    probability: Floats  # (Q,) rising
    edges_km: Floats  # (B-1,) upper edges of the distance bands
    minutes: Floats  # (V, B, 7, Q) minutes, of the whole; weekday 0 is Monday
    node_factor: Floats  # (N,) times as long as the whole
    region: tuple[str, ...]  # (G,) country and first digits of the postcode
    region_factor: Floats  # (G, Q) times as long as the whole

    def band(self, km: float) -> int:
        """Return the distance band; the farthest where the distance is not known (NaN)."""
        return int(np.searchsorted(self.edges_km, km))

    def region_of(self, country: str, postcode: str) -> int:
        """Return the place of the narrowest region known; −1 where there is none."""
        names = [region_name(country, postcode, digits) for digits in (2, 1)]
        return next((self.region.index(name) for name in names if name in self.region), -1)

    def curve(self, *, service: int, node: int, km: float, weekday: int, region: int) -> Floats:
        """Return (1): minutes at each level, (Q,)."""
        whole = self.minutes[service, self.band(km), weekday]
        by_node = self.node_factor[node] if node >= 0 else 1.0
        by_region = self.region_factor[region] if region >= 0 else 1.0
        return np.asarray(whole * by_node * by_region)  # (1)

    def quantile(
        self, *, service: int, node: int, km: float, weekday: int, region: int, p: float
    ) -> float:
        """Return the minutes by which it has arrived with probability `p`; (2) between levels.

        Below the lowest level and above the highest it is what it is there.
        """
        curve = self.curve(service=service, node=node, km=km, weekday=weekday, region=region)
        return float(np.interp(p, self.probability, curve))  # (2)

    def probability_by(
        self, *, service: int, node: int, km: float, weekday: int, region: int, minutes: float
    ) -> float:
        """Return the probability that it has arrived after so many minutes.

        It rises from 0 at once to the lowest level, and is the highest level beyond that.
        """
        curve = self.curve(service=service, node=node, km=km, weekday=weekday, region=region)
        known = np.concatenate([[0.0], curve])
        return float(np.interp(minutes, known, np.concatenate([[0.0], self.probability])))

    def quantiles(
        self, *, service: Ints, node: Ints, km: Floats, weekday: Ints, region: Ints, p: float
    ) -> Floats:
        """Return `quantile` of many orders of nodes and regions that are known, (K,) minutes."""
        levels = self.probability
        high = int(np.clip(np.searchsorted(levels, p), 1, len(levels) - 1))
        share = np.clip((p - levels[high - 1]) / (levels[high] - levels[high - 1]), 0.0, 1.0)
        whole = self.minutes[service, np.searchsorted(self.edges_km, km), weekday]
        low, top = (whole[:, q] * self.region_factor[region, q] for q in (high - 1, high))
        return np.asarray((low + share * (top - low)) * self.node_factor[node])
