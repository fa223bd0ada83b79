"""Policies by the oracle over a stream: at no prices, at prices told once, at prices of the moment.

At period t, with left the stock that is left and D the orders of each class still to come, y(D) the
duals of the stock in solvers/fluid/plans.py, every policy gives an order the cheapest plan from
what is left, where a unit of cell r costs y_r beside its freight. They differ in y:

    greedy      0
    static      y(E D) at t = 0, for good
    re-solved   y(E D) anew, every so many periods                                       (1)
    sampled     the mean of the last m of y(D'), with a D' drawn anew every so many periods:
                what a unit is worth in the mean over futures, not in the mean future    (2)
    joint       (2), but orders wait for the end of their window; D' then has the window's own
                orders as they are, and only what comes after it is drawn                (3)

The drawn D'_q are Poisson, of the mean that is expected: orders are many and classes are small.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.solvers.fluid.plans import PlanProgramme
from omnisource.solvers.fluid.stream import serve_stream
from omnisource.solvers.joint.resources import grained
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Floats, Ints, Prices


@dataclass(frozen=True)
class Rule:
    """When prices are made anew, and from what."""

    times: int  # that prices are made, evenly over the stream
    drawn: int = 0  # futures drawn each time; 0: the expected one
    memory: int = 1  # prices that the mean is over
    windows: int = 0  # whose orders are decided together; 0: each order at once


RESOLVED: Final = {
    "re-solved": Rule(times=50),
    "sampled": Rule(times=200, drawn=1, memory=8),
    "joint": Rule(times=100, drawn=2, memory=8, windows=10),
}
"""The policies whose prices move, by name."""


def at_prices(programme: PlanProgramme, price: Floats, stream: Ints) -> int:
    """Serve a stream at fixed prices of cells, (R,); return the cost, millionths of a dollar."""
    return _served(programme, price, stream, Left.of(programme.problem))


def _served(programme: PlanProgramme, price: Floats, stream: Ints, left: Left) -> int:
    problem = programme.problem
    prices = Prices.zero(problem)._replace(cell=grained(price))
    return int(serve_stream(problem, prices, stream, left, Plans.room(problem)))


def go_online(
    programme: PlanProgramme, rate: Floats, stream: Ints, rule: Rule, *, seed: list[int]
) -> int:
    """Serve a stream by (1), (2) or (3); return what it costs, millionths of a dollar.

    Args:
        programme: over the classes; it meets more plans.
        rate: (Q,) orders of each class a period.
        stream: (T,) classes; Q where no order comes.
        rule: when prices are made anew, and from what.
        seed: of the futures.
    """
    rng, left = np.random.default_rng(seed), Left.of(programme.problem)
    prices: list[Floats] = []
    begin = cost = 0
    while begin < len(stream):
        known = known_until(begin, len(stream), rule)
        ahead = np.bincount(stream[begin:known], minlength=len(rate) + 1)[:-1]
        for after in _futures((len(stream) - known) * rate, rule, rng):
            prices.append(programme.solve(ahead + after, left.stock).price)
        end = begin + math.ceil(len(stream) / rule.times)
        end = min(end, known if rule.windows else len(stream))
        price = np.mean(prices[-rule.memory :], axis=0)
        cost += _served(programme, price, stream[begin:end], left)
        begin = end
    return cost


def _futures(coming: Floats, rule: Rule, rng: np.random.Generator) -> list[Floats]:
    """Return orders of each class that may come, drawn or expected."""
    return [rng.poisson(coming).astype(np.float64) for _ in range(rule.drawn)] or [coming]


def known_until(begin: int, periods: int, rule: Rule) -> int:
    """Return the period up to which orders are known when those from `begin` on are decided.

    >>> known_until(1_300, 10_000, Rule(times=100)), known_until(1_300, 10_000, RESOLVED["joint"])
    (1300, 2000)
    """
    if not rule.windows:
        return begin
    window = math.ceil(periods / rule.windows)
    return min((begin // window + 1) * window, periods)
