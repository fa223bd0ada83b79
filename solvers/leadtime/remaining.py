"""When a parcel comes that has not come yet: what is left of how late parcels are.

With the minutes x_1 ≤ … ≤ x_n that parcels of a service came after (before, if negative) what was
planned, and a parcel that is past its plan by a minutes now and has not come,

    (1)  P(late by x at the most | later than a) = #{a < x_i ≤ x} / #{x_i > a}
    (2)  quantile(p) = the ⌈p m⌉-th smallest of the m = #{x_i > a}

so the longer it has been on its way, the fewer there are to compare it with; and as early ones drop
out, its date moves. A service with fewer than `ENOUGH` parcels is judged by all together; where
fewer than `FEW` are left, nothing can be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from omnisource.solvers.problem import Floats

ENOUGH: Final = 30
"""Parcels of a service by which it is judged alone."""
FEW: Final = 5
"""Parcels that are still out, of those compared with; of fewer nothing is told."""
ALL: Final = ""
"""The service that stands for all together."""


@dataclass(frozen=True, eq=False)
class Lateness:
    """Minutes that parcels came after what was planned, by service and of `ALL`, each rising."""

    minutes: Mapping[str, Floats]

    @classmethod
    def of(cls, seen: Sequence[tuple[str, float]]) -> "Lateness":
        """Learn from parcels: service, minutes late.

        >>> Lateness.of([("post", 30.0), ("post", -5.0)]).minutes["post"].tolist()
        [-5.0, 30.0]
        """
        by_service: dict[str, list[float]] = {ALL: [late for _, late in seen]}
        for service, late in seen:
            by_service.setdefault(service, []).append(late)
        return cls({name: np.sort(np.array(late)) for name, late in by_service.items()})

    def left(self, service: str, past: float) -> Floats:
        """Return the minutes late of those that came later than a parcel already is, rising.

        Args:
            service: of the parcel.
            past: minutes that it is past its plan; negative where that is still to come.
        """
        mine = self.minutes.get(service, np.zeros(0))
        some = mine if len(mine) >= ENOUGH else self.minutes.get(ALL, np.zeros(0))
        found: Floats = some[np.searchsorted(some, past, side="right") :]
        return found if len(found) >= FEW else np.zeros(0)


def by_then(left: Floats, late: float) -> float:
    """Return the probability of being so many minutes late at the most, (1).

    >>> by_then(np.array([0.0, 10.0, 20.0, 30.0]), 20.0)
    0.75
    """
    return float(np.searchsorted(left, late, side="right") / len(left))


def quantile(left: Floats, p: float) -> float:
    """Return the minutes late that are not passed with a probability, (2).

    >>> quantile(np.array([0.0, 10.0, 20.0, 30.0]), 0.75)
    20.0
    """
    return float(left[max(ceil(p * len(left)) - 1, 0)])
