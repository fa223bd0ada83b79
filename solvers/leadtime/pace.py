"""How long deliveries take, by what is known of them: shrunk effects on the logarithm of time.

Indices: delivery i, effect e (service, distance band, weekday, region, district, node, route), its
group e[i], region g[i], day of placing d[i]. Data: y, the logarithm of the days from placing to
arrival, or, where the delivery is still under way, of the days until now, as the carriers' week
(week.py) counts them; w, half as much every `HALF_LIFE` days.

    (1)  y[i] = μ + Σ_e f_e[e[i]] + m[d[i]] + r[g[i], d[i]] + σ ε[i],   ε logistic
    (2)  F = 1/(1 + exp(−(y − fitted)/σ));
         arrived: s = 2F − 1, v = 2F(1 − F);   under way: s = F, v = F(1 − F)
    (3)  f ← f + (σ Σ w s − k f) / (Σ w v + k)            over the deliveries of the group
    (4)  the same for m and r, Σ over all days, each weighted exp(−days apart / reach)
    (5)  σ ← σ exp(½ mean of (arrived: z(2F − 1) − 1; under way: z F)),   z = (y − fitted)/σ

(1) is the log-logistic model of accelerated failure time (Kalbfleisch and Prentice, The Statistical
Analysis of Failure Time Data, 2002, chapters 2 and 3). A delivery under way is censored: it counts
by the probability of having taken longer. (2) are the derivatives of its likelihood; (3) is a step
of Newton's for the effect with a normal prior, so that a group of n deliveries, each of information
v̄, gets the share n v̄ / (n v̄ + k) of what it shows: the credibility of Bühlmann and Gisler, A Course
in Credibility Theory (2005), section 3.1. (4) follows the times without waiting for the slow ones.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from omnisource.solvers.leadtime.history import History
from omnisource.solvers.leadtime.week import DAY, carried
from omnisource.solvers.problem import Flags, Floats, Ints

EFFECTS: Final = ("service", "band", "weekday", "region", "district", "node", "route")
SHRINK: Final = {"service": 3.0, "band": 3.0, "weekday": 3.0, "region": 3.0, "district": 3.0,
                 "node": 4.0, "route": 4.0}  # fmt: skip
"""k of each effect, in information; an arrived delivery has ⅓ on average."""
HALF_LIFE: Final = 200.0
SPAN: Final = 300
"""Days back that deliveries count."""
LOST: Final = 90
"""Days after which a delivery still under way says nothing more."""
REACH: Final = 12.0
REGION_REACH: Final = 20.0
SHRINK_LEVEL: Final = 10.0
SHRINK_REGION: Final = 4.0


@dataclass(frozen=True, eq=False)
class Pace:
    """The effects as they stand on a day."""

    mean: float  # logarithm of days
    effects: dict[str, Floats]  # by effect, (groups,)
    level: Floats  # (SPAN+1,) by day of placing, the last one today
    region_level: Floats  # (G, SPAN+1)
    spread: float


def start(groups: dict[str, int], mean: float) -> Pace:
    """Return the pace before any effect is known: groups of each, the mean logarithm of days."""
    zero = {name: np.zeros(size) for name, size in groups.items()}
    level = np.zeros((groups["region"], SPAN + 1))
    return Pace(mean, zero, np.zeros(SPAN + 1), level, 0.27)


def fit(
    pace: Pace, history: History, groups: dict[str, Ints], day: int, *, week: Floats,
    rounds: int = 3,
) -> Pace:  # fmt: skip
    """Return the pace on the morning of a day, found from yesterday's.

    Args:
        pace: of the day before.
        history: all deliveries; only what was known that morning is looked at.
        groups: by effect, the group of every delivery.
        day: days since 1970-01-01.
        week: how open each weekday is, (7,).
        rounds: of Newton's steps.
    """
    rows = np.flatnonzero((history.day < day) & (history.day >= day - SPAN))
    pace = replace(pace, level=_moved(pace.level), region_level=_moved(pace.region_level))
    if not len(rows):
        return pace
    known = history.arrived[rows] < day * DAY
    age = log_days(week, history.placed[rows], np.minimum(history.arrived[rows], day * DAY))
    old = (day * DAY - history.placed[rows]) / DAY
    use = (known | (old < LOST)).astype(np.float64)
    mine = {name: column[rows] for name, column in groups.items()}
    back = history.day[rows] - (day - SPAN)
    work = _Work(age, known, use, use * 0.5 ** (old / HALF_LIFE), mine, back)
    for _ in range(rounds):
        pace = _round(pace, work)
    return pace


def _moved(level: Floats) -> Floats:
    """Return a level by day, a day later: today is as yesterday until more is known."""
    return np.concatenate([level[..., 1:], level[..., -1:]], axis=-1)


def log_days(week: Floats, placed: Ints, until: Ints, least: float = 0.2) -> Floats:
    """Return the logarithm of the week's days between; those are no fewer than `least`."""
    between = carried(week, until) - carried(week, placed)
    return np.asarray(np.log(np.maximum(between / DAY, least)))


@dataclass(frozen=True, eq=False)
class _Work:
    y: Floats  # logarithm of days until arrival, or until now
    known: Flags  # whether it has arrived
    use: Floats  # 1, or 0 for what is lost
    weight: Floats
    groups: dict[str, Ints]
    back: Ints  # day of placing as a place in the levels


def static_of(pace: Pace, groups: dict[str, Ints]) -> Floats:
    """Return the part of (1) that does not change with the day."""
    total = np.full(len(groups["node"]), pace.mean)
    for name, effect in pace.effects.items():
        total = total + effect[groups[name]]
    return total


def level_of(pace: Pace, region: Ints, back: Ints) -> Floats:
    """Return m + r of (1)."""
    back = np.clip(back, 0, SPAN)
    return np.asarray(pace.level[back] + pace.region_level[region, back])


def derivatives(z: Floats, known: Flags) -> tuple[Floats, Floats]:
    """Return s and v of (2).

    >>> slope, information = derivatives(np.zeros(2), np.array([True, False]))
    >>> slope.tolist(), information.tolist()
    ([0.0, 0.5], [0.5, 0.25])
    """
    below = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
    return np.where(known, 2 * below - 1, below), (known + 1.0) * below * (1 - below)  # (2)


def shrunk_step(effect: Floats, slope: Floats, information: Floats, k: float) -> Floats:
    """Return what (3) adds to an effect.

    >>> shrunk_step(np.zeros(2), np.array([3.0, 3.0]), np.array([9.0, 1.0]), 3.0).tolist()
    [0.25, 0.75]
    """
    return np.asarray((slope - k * effect) / (information + k))  # (3)


def _round(pace: Pace, work: _Work) -> Pace:
    region = work.groups["region"]
    sigma, mean = pace.spread, pace.mean
    fitted = static_of(pace, work.groups) + level_of(pace, region, work.back)
    s, v = derivatives((work.y - fitted) / sigma, work.known)
    step = sigma * float(work.weight @ s) / max(float(work.weight @ v), 1e-9)
    mean, fitted = mean + step, fitted + step
    effects = {}
    for name, effect in pace.effects.items():
        at = work.groups[name]
        s, v = derivatives((work.y - fitted) / sigma, work.known)
        slope = _sum(at, work.weight * sigma * s, len(effect))
        information = _sum(at, work.weight * v, len(effect))
        added = shrunk_step(effect, slope, information, SHRINK[name])
        effects[name], fitted = effect + added, fitted + added[at]
    everywhere = replace(work, groups=work.groups | {"region": np.zeros_like(region)})
    added = _level_step(pace.level[None], fitted, sigma, everywhere)
    level, fitted = pace.level + added[0], fitted + added[0, work.back]
    added = _level_step(pace.region_level, fitted, sigma, work)
    by_region, fitted = pace.region_level + added, fitted + added[region, work.back]
    return Pace(mean, effects, level, by_region, sigma * _spread((work.y - fitted) / sigma, work))


def _sum(group: Ints, value: Floats, groups: int) -> Floats:
    return np.bincount(group, value, groups).astype(np.float64)


def _level_step(level: Floats, fitted: Floats, sigma: float, work: _Work) -> Floats:
    """Return what (4) adds to a level: of the whole, where it has one row, or by region."""
    k, reach = (SHRINK_LEVEL, REACH) if len(level) == 1 else (SHRINK_REGION, REGION_REACH)
    at = work.groups["region"] * (SPAN + 1) + work.back
    s, v = derivatives((work.y - fitted) / sigma, work.known)
    slope, information = (
        np.bincount(at, work.use * x, level.size).reshape(level.shape) @ _kernel(reach)
        for x in (sigma * s, v)
    )
    return shrunk_step(level, slope, information, k)  # (4)


@cache
def _kernel(reach: float) -> Floats:
    days = np.arange(SPAN + 1)
    return np.asarray(np.exp(-np.abs(days[:, None] - days) / reach))


def _spread(z: Floats, work: _Work) -> float:
    """Return by what (5) multiplies the spread."""
    below = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
    each = np.where(work.known, z * (2 * below - 1) - 1, z * below)
    mean = float(work.weight @ each) / max(float(work.weight @ work.known.astype(np.float64)), 1.0)
    return float(np.exp(np.clip(0.5 * mean, -0.2, 0.2)))  # (5)
