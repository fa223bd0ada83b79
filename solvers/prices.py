"""Dual ascent: the prices at which every order's own best plan nearly fits.

With λ ≥ 0 a price for each resource r of capacity b_r, and v_o(λ) what the oracle says of order o,

    bound(λ)  =  Σ_o v_o(λ)  −  Σ_r λ_r b_r   ≤   the cost of every feasible night        (1)

(Lagrangian duality; Geoffrion, Mathematical Programming Study 2, 1974). The bound is concave in
λ and use_r − b_r is a supergradient, so prices of what is overdrawn rise and of what is left over
fall. Each resource has a step of its own that follows the sign of (use − capacity):

    step_r  ←  step_r · 1.3 while the sign holds, · 0.5 when it flips                     (2)
    λ_r     ←  max(0, λ_r + step_r · sign)                                                (3)

(the rule of Riedmiller & Braun's RPROP, ICNN 1993, there for neural networks). Prices are kept at
multiples of 1/1024 cent, at which all sums are exact: the bound holds to the last digit, and is
the same whatever the number of threads.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from omnisource.solvers.compile import blocks, in_threads
from omnisource.solvers.kernel import price_block
from omnisource.solvers.plans import Left, Plans
from omnisource.solvers.problem import UNLIMITED, Flags, Floats, Ints, Prices, Problem
from omnisource.solvers.serve import use

GRAIN = 1024.0
"""Prices are multiples of 1/GRAIN cent."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One run of the oracle over all orders: plans, what they take, and the bound, (1)."""

    prices: Prices
    plans: Plans
    used: Left
    bound: float  # cents


def price_all(problem: Problem, prices: Prices, room: Left, threads: int) -> Pass:
    """Run the oracle over all orders with a menu at those prices, each within `room`.

    What is unlimited has no price, whatever it is given.
    """
    cell, order, unit = (
        np.where(_finite(b), p, 0.0) for p, b in zip(prices[:3], room, strict=True)
    )
    prices = Prices(cell, order, unit, prices.short)
    plans = Plans.room(problem)
    pieces = blocks(problem.size, 500)

    def work(i: int) -> None:
        price_block(problem, prices, room, *pieces[i], plans)

    in_threads(work, len(pieces), threads)
    rent = sum(
        float(price @ np.where(_finite(capacity), capacity, 0))
        for price, capacity in zip(prices[:3], room, strict=True)
    )
    return Pass(prices, plans, use(problem, plans), float(plans.value.sum()) - rent)


def _finite(capacity: Ints) -> Flags:
    return capacity < UNLIMITED // 2


def grained(price: Floats) -> Floats:
    """Round prices to multiples of 1/1024 cent, not below 0."""
    return np.maximum(np.round(price * GRAIN) / GRAIN, 0.0)


class Steps:
    """The steps of (2) and (3), for all resources in one vector."""

    def __init__(self, problem: Problem, prices: Prices, room: Left, scale: float) -> None:
        """Begin at `prices` with steps of a tenth of `scale`, the cents of a typical price."""
        self.price = np.concatenate(prices[:3])
        self.short = prices.short
        self.capacity = np.concatenate(room)
        self.cuts = np.cumsum([len(column) for column in prices[:3]])[:-1]
        self.first = 0.1 * scale
        self.step = np.full(len(self.price), self.first)
        self.sign = np.zeros(len(self.price))
        self.low = 0.0005 * scale
        self.high = max(scale, float(problem.shortage.max(initial=0)))

    def prices(self) -> Prices:
        """Return the prices as they stand."""
        cell, order, unit = np.split(grained(self.price), self.cuts)
        return Prices(cell, order, unit, self.short)

    def move(self, used: Left) -> None:
        """Move every price one step; a price at 0 forgets how it got there."""
        sign = np.sign(np.concatenate(used) - self.capacity).astype(np.float64)
        held, flipped = sign * self.sign > 0, sign * self.sign < 0
        self.step[held] *= 1.3
        self.step[flipped] *= 0.5
        np.clip(self.step, self.low, self.high, out=self.step)
        self.price = np.maximum(self.price + self.step * sign, 0.0)
        idle = self.price == 0.0
        self.step[idle] = np.minimum(self.step[idle], self.first)
        self.sign = np.where(idle, 0.0, sign)


def ascend(
    problem: Problem,
    start: Prices,
    room: Left,
    *,
    passes: int,
    scale: float,
    threads: int = 0,
    going: Callable[[], bool] = lambda: True,
) -> Iterator[Pass]:
    """Move prices for so many passes; yield each pass.

    Args:
        problem: the night.
        start: prices to begin with.
        room: the capacities; what is not yet spoken for.
        passes: how many passes at the most.
        scale: cents of a typical price.
        threads: 0 for as many as there are cores.
        going: asked before each pass but the first.
    """
    steps = Steps(problem, start, room, scale)
    for i in range(passes):
        if i and not going():
            return
        now = price_all(problem, steps.prices(), room, threads)
        yield now
        steps.move(now.used)


def typical_cents(first: Pass) -> float:
    """Return the size of a typical price: a third of what a shipment costs on average."""
    shipments = max(int(first.plans.count.sum()), 1)
    return max(float(np.abs(first.plans.value).sum()) / shipments / 3, 1.0)
