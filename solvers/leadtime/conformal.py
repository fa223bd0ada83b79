"""Scores of past promises as a life table that forgets: quantiles that hold whatever the model.

The score of a delivery is the logarithm of how many times longer it took than was foreseen; one
still under way has a score that grows by the day. Indices: bin b of scores, region g, day t.

    (1)  D_g[b] ← γ D_g[b] + arrivals of the day at scores in b,
         E_g[b] ← γ E_g[b] + time under way that day through b, as a share of the bin
    (2)  h[b] = Σ_g D_g[b] / Σ_g E_g[b]                         smoothed over nine bins
    (3)  θ_g[z] = (Σ_{b in z} D_g[b] + k) / (Σ_{b in z} E_g[b] h[b] + k)
                                                             in zone z: early, late, last
    (4)  S_g[b] = exp(−Σ_{c ≤ b} h[c] θ_g[c])                    still under way beyond b
    (5)  the p-quantile is where S_g falls to 1 − p

Scores are taken against the forecast of the morning on which the order was placed, never a later
fit, as conformal prediction demands; γ weighs the recent more where the world drifts (Barber,
Candès, Ramdas and Tibshirani, Conformal prediction beyond exchangeability, Annals of Statistics
51, 2023, section 3). Outcomes come late, and the slow ones last: (1) and (2) are the life table of
a period, which counts each delivery under way for the days that it was (Kaplan and Meier 1958;
Nelson–Aalen in (4)), so that misses count as soon as they are sure, and hits no sooner than
they should. (3) is the gamma-Poisson credibility of a region (Bühlmann and Gisler, A Course in
Credibility Theory, 2005, section 2.4).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from omnisource.solvers.problem import Flags, Floats, Ints

BINS: Final = 240
LOW: Final = -3.0
HIGH: Final = 2.5
"""Scores are kept between: a twentieth, and twelve times, what was foreseen."""
ZONES: Final = (0.0, 0.5)
FORGET: Final = 0.95
"""γ: what a day counts the day after."""
SHRINK: Final = 20.0
"""k: deliveries at which a region is believed half."""
EDGES: Final = np.linspace(LOW, HIGH, BINS + 1)


@dataclass(frozen=True, eq=False)
class LifeTable:
    """Decayed arrivals and time under way."""

    arrivals: Floats  # (G, BINS)
    exposure: Floats  # (G, BINS)


def empty(regions: int) -> LifeTable:
    """Return the table of nothing."""
    return LifeTable(np.zeros((regions, BINS)), np.zeros((regions, BINS)))


def add_day(
    table: LifeTable, *, before: Floats, after: Floats, arrived: Flags, region: Ints,
    forget: float = FORGET,
) -> LifeTable:  # fmt: skip
    """Return the table a day later, (1).

    Args:
        table: of the day before.
        before: (D,) score at the day's beginning, −∞ for an order placed on it.
        after: (D,) score at its end, or at arrival.
        arrived: (D,) whether it arrived that day.
        region: (D,) place of its region.
        forget: γ.
    """
    shape = table.arrivals.shape
    low, high = _places(before), _places(after)
    came = np.bincount(
        region[arrived] * BINS + high[arrived].astype(np.int64), minlength=table.arrivals.size
    ).reshape(shape)
    passed = _through(high, region, shape) - _through(low, region, shape)
    return replace(
        table,
        arrivals=forget * table.arrivals + came,
        exposure=forget * table.exposure + passed,
    )


def _places(score: Floats) -> Floats:
    """Return scores as real places among the bins."""
    return np.asarray(np.clip((score - LOW) / (HIGH - LOW) * BINS, 0, BINS - 1e-6))


def _through(place: Floats, region: Ints, shape: tuple[int, ...]) -> Floats:
    """Return how much of each bin lies below the places, summed by region."""
    whole = place.astype(np.int64)
    at = region * BINS + whole
    count = np.bincount(at, minlength=shape[0] * BINS).reshape(shape)
    part = np.bincount(at, place - whole, minlength=shape[0] * BINS).reshape(shape)
    beyond = count[:, ::-1].cumsum(axis=1)[:, ::-1] - count
    return np.asarray(beyond + part)


def survival(table: LifeTable, shrink: float = SHRINK) -> Floats:
    """Return S of (4): row 0 of the whole, then a row a region; (1+G, BINS+1) at the edges."""
    came, passed = table.arrivals, table.exposure
    hazard = _smooth(came.sum(0)) / np.maximum(_smooth(passed.sum(0)), 1e-9)  # (2)
    ratio = np.ones((1 + len(came), BINS))
    zone = np.digitize(EDGES[:-1], ZONES)
    for z in range(len(ZONES) + 1):
        mine = zone == z
        seen, due = came[:, mine].sum(1), (passed[:, mine] * hazard[mine]).sum(1)
        ratio[1:, mine] = ((seen + shrink) / (due + shrink))[:, None]  # (3)
    total = np.cumsum(hazard * ratio, axis=1)
    return np.asarray(np.exp(-np.concatenate([np.zeros((len(total), 1)), total], axis=1)))  # (4)


def _smooth(row: Floats) -> Floats:
    smooth: Floats = np.convolve(row, np.ones(9) / 9, "same")
    return smooth


def quantiles(alive: Floats, probability: Floats) -> Floats:
    """Return the scores at which S falls to 1 − p, (5); HIGH where it never does.

    Args:
        alive: (R, BINS+1) S at the edges of the bins.
        probability: (Q,) p.

    >>> row = np.where(EDGES < 0, 1.0, 0.05)[None]
    >>> bool(abs(quantiles(row, np.array([0.9]))[0, 0]) < 0.03)
    True
    """
    found = [np.interp(probability, _rising(1 - row), EDGES, right=HIGH) for row in alive]
    return np.array(found)


def _rising(row: Floats) -> Floats:
    """Return a row that rises strictly, by less than matters."""
    return np.asarray(np.maximum.accumulate(row) + 1e-12 * np.arange(len(row)))
