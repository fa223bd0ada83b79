"""Dates to promise: as sure as is asked, or as days weighed against a fine for each order late.

Indices: order i, day k after that of placing. Data: P[i, k], the probability that order i has
arrived by the end of day k; target p; fine F, in days: how many days later dates may be, all
orders' together, to spare one late order.

    (1)  by quantile:  k[i] = min {k : P[i, k] ≥ p}
    (2)  by fine:      k[i] = argmin_k  k + F (1 − P[i, k])
    (3)  F(p) = min {F : mean_i P[i, k[i](F)] ≥ p}             over the orders of recent weeks

(2) is the newsvendor whose penalty is paid once and does not grow with the delay: a day more is
promised where it takes more than 1/F off the probability of being late, so days are spent where
they make much surer. Of all rules with the same mean P it promises the fewest days, F being the
multiplier of that constraint (Everett, Generalized Lagrange multiplier method, Operations Research
11, 1963, theorem 1). The price is fairness: promises to slow regions are kept less often than those
to quick ones, which (1) does not allow.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from omnisource.solvers.leadtime.history import History
from omnisource.solvers.leadtime.table import LEVELS, LeadTimes
from omnisource.solvers.leadtime.week import DAY, carried
from omnisource.solvers.problem import Floats, Ints

Rule = Literal["quantile", "fine"]
RULES: Final[tuple[Rule, ...]] = ("quantile", "fine")
LONGEST: Final = 90
"""Days that are promised at most."""
DEAREST: Final = 10_000.0
"""Days, the highest fine that a target is sought with."""
HALVINGS: Final = 20


@dataclass(frozen=True)
class Aim:
    """How a promise weighs days against being late."""

    target: float = 0.9
    rule: Rule = "quantile"
    fine: float | None = None  # days; None: what keeps the target, found each morning


def chances(lead_times: LeadTimes, history: History, rows: Ints) -> Floats:
    """Return P by the end of each day after that of placing, (K, LONGEST+1)."""
    known = {name: i for i, name in enumerate(lead_times.region)}
    names = (history.districts[d] for d in history.district[rows])
    placed = history.placed[rows]
    curves = lead_times.curves(
        service=history.service[rows],
        node=history.node[rows],
        km=history.km[rows],
        placed=placed,
        region=np.array([known[name] for name in names], dtype=np.int64),
    )
    ends = (placed[:, None] // DAY + 1 + np.arange(LONGEST + 1)) * DAY
    spent = carried(lead_times.week, ends) - carried(lead_times.week, placed)[:, None]
    levels = np.concatenate([[0.0], lead_times.probability])
    found = [
        np.interp(x, np.concatenate([[0.0], curve]), levels)
        for x, curve in zip(spent, curves, strict=True)
    ]
    return np.array(found).reshape(len(rows), LONGEST + 1)


def days_for(aim: Aim, chance: Floats, fine: float | None = None) -> Ints:
    """Return the day of each order's promise, (K,), from P, (K, days)."""
    if aim.rule == "quantile" or fine is None:
        return first_sure(chance, min(aim.target, LEVELS[-1]))
    return cheapest(chance, fine)


def first_sure(chance: Floats, target: float) -> Ints:
    """Return (1); the last day where none is so sure.

    >>> first_sure(np.array([[0.5, 0.8, 0.95], [0.1, 0.2, 0.3]]), 0.9).tolist()
    [2, 2]
    """
    sure = chance >= target
    last = chance.shape[1] - 1
    return np.asarray(np.where(sure.any(axis=1), sure.argmax(axis=1), last))  # (1)


def cheapest(chance: Floats, fine: float) -> Ints:
    """Return (2); of days that cost the same, the first.

    >>> cheapest(np.array([[0.5, 0.8, 0.95], [0.7, 0.85, 0.9]]), 10.0).tolist()
    [2, 1]
    """
    cost = np.arange(chance.shape[1]) + fine * (1 - chance)
    return np.asarray(cost.argmin(axis=1))  # (2)


def fine_on(aim: Aim, lead_times: LeadTimes, history: History, rows: Ints) -> float | None:
    """Return the fine that holds on a morning; None where the aim has none.

    Args:
        aim: how a promise weighs days against being late.
        lead_times: of that morning.
        history: the deliveries.
        rows: of the orders of recent weeks.
    """
    if aim.rule == "quantile" or aim.fine is not None:
        return aim.fine
    return fine_for(chances(lead_times, history, rows), aim.target)


def fine_for(chance: Floats, target: float) -> float:
    """Return (3) to one in a hundred thousand; `DEAREST` where none keeps the target.

    >>> round(fine_for(np.array([[0.5, 0.8, 0.95]]), 0.9), 2)  # a day for 0.15
    6.67
    """
    low, high = 1.0, DEAREST
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        days = cheapest(chance, middle)
        kept = float(chance[np.arange(len(days)), days].mean())
        low, high = (middle, high) if kept < target else (low, middle)
    return high  # (3)
