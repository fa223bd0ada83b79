"""How sure a simulation is: intervals over replications, paired differences, warm-up, stopping.

Data: x_r, what replication r = 1 … R comes to under a policy, and y_r under another, with the same
orders and the same luck.

    (1) mean x̄ = Σ x_r / R, and s² = Σ (x_r − x̄)² / (R − 1)
    (2) half width h = t_{R−1, 1−α/2} · s / √R
    (3) of a difference: (1) and (2) of d_r = x_r − y_r, which common random numbers make narrow
    (4) enough replications: R ≥ R_min and h ≤ γ / (1 + γ) · |x̄ of the first policy|

(1) – (3): Law, Simulation Modeling and Analysis, 5th ed., 2015, sections 4.5 and 10.2.1. (4): the
relative rule of section 9.4.1, on the half width of differences; Chow and Robbins (Annals of
Mathematical Statistics 36, 1965) prove its coverage as γ → 0. γ / (1 + γ) in place of γ allows
for the mean being estimated too.

    (5) MSER-5: with z_j the means of five days and b of them, the best days to leave out are 5 d,
        d = argmin over d ≤ b / 2 of Σ_{j > d} (z_j − z̄_d)² / (b − d)²

(White, Cobb and Spratt, A comparison of five steady-state truncation heuristics for simulation,
Winter Simulation Conference 2000.) Where d is b / 2, the run is too short to tell.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from omnisource.solvers.problem import Floats

BATCH: Final = 5  # days
LEAST_BATCHES: Final = 4
"""With fewer batches, warm-up cannot be told."""


@dataclass(frozen=True)
class Interval:
    """A mean over replications and how far it may be off."""

    mean: float
    half: float | None  # None: one replication tells nothing about the next
    replications: int

    @property
    def low(self) -> float | None:
        """The lower end."""
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        """The upper end."""
        return None if self.half is None else self.mean + self.half

    @property
    def tells(self) -> bool:
        """Whether 0 lies outside."""
        return self.half is not None and abs(self.mean) > self.half

    def document(self) -> dict[str, float | None]:
        """Return it for JSON."""
        return {"mean": self.mean, "low": self.low, "high": self.high}


def interval(values: Floats, confidence: float = 0.95) -> Interval | None:
    """Return the t-interval of the mean; None where there is no value at all.

    NaN stands for a replication in which there was nothing to measure, and is left out.

    >>> waits = np.array([1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09])
    >>> found = interval(waits, 0.9)
    >>> round(found.mean, 2), round(found.half, 2)  # Law, section 4.5: 1.34 ± 0.24
    (1.34, 0.24)
    """
    known = values[~np.isnan(values)]
    many = len(known)
    if not many:
        return None
    mean = float(known.mean())
    if many == 1:
        return Interval(mean, None, 1)
    spread = float(known.std(ddof=1))  # (1)
    return Interval(mean, t_quantile(many - 1, confidence) * spread / sqrt(many), many)  # (2)


def t_quantile(freedom: int, confidence: float) -> float:
    """Return t such that Student's distribution has the share `confidence` within ± t.

    >>> round(t_quantile(9, 0.95), 3)
    2.262
    """
    from scipy.special import stdtrit  # slow to import, and needed only here

    return float(stdtrit(freedom, (1 + confidence) / 2))


def paired(values: Floats, against: Floats, confidence: float = 0.95) -> Interval | None:
    """Return the interval of the mean difference, replication by replication."""
    return interval(values - against, confidence)  # (3)


def narrow_enough(difference: Interval | None, level: float, share: float, least: int) -> bool:
    """Tell whether a difference is known to a share of a level, after the least replications."""
    if difference is None or difference.half is None or difference.replications < least:
        return False
    return difference.half <= share / (1 + share) * abs(level)  # (4)


@dataclass(frozen=True)
class WarmUp:
    """What MSER-5 says about the first days."""

    days: int | None  # to leave out; None: there are too few days to tell
    left_out: int

    @property
    def enough(self) -> bool | None:
        """Whether as many were left out; None: that cannot be told."""
        return None if self.days is None else self.days <= self.left_out

    def sentence(self) -> str:
        """Say it."""
        if self.days is None:
            return "Warm-up: too few days to tell whether it was long enough (MSER-5)."
        if self.enough:
            return f"Warm-up: {self.left_out} days left out are enough (MSER-5: {self.days})."
        return (
            f"Warm-up: {self.left_out} days left out are too few: MSER-5 would leave out "
            f"{self.days} (--warm-up {self.days})."
        )


def warm_up(daily: Floats, left_out: int) -> WarmUp:
    """Tell by MSER-5 how many of the first days are unlike the rest.

    Args:
        daily: (D,) the measure by day, the mean over replications, from day 0 on.
        left_out: days that were.

    >>> warm_up(np.array([9.0] * 5 + [1.0, 2.0, 1.0, 2.0, 1.0] * 7), left_out=0).days
    5
    """
    known = np.where(np.isnan(daily), np.nanmean(daily), daily) if daily.size else daily
    batches = len(known) // BATCH
    if batches < LEAST_BATCHES:
        return WarmUp(None, left_out)
    means = known[: batches * BATCH].reshape(batches, BATCH).mean(1)
    half = batches // 2
    errors = np.array([means[d:].var() / (batches - d) for d in range(half + 1)])  # (5)
    hair = 1e-12 * float(np.square(means).max())  # rounding must not decide
    best = int(np.argmax(errors <= errors.min() + hair))
    return WarmUp(None if best == half else best * BATCH, left_out)
