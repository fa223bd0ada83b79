"""Neighbourhood search: orders around what is dear and unused, chosen anew together.

The gap of a plan at prices λ is made of two kinds of loss, both ≥ 0:

    Σ_o regret_o  +  Σ_r λ_r left_r,    regret_o = priced cost of o's plan − v_o(λ)        (1)

so a neighbourhood grows from where one of them is large: the orders that have met a plan which
takes what is left over there, then those that compete with them for something dear, up to so many
(large neighbourhood search; Shaw, CP 1998). Their plans are taken out, new ones are priced at the
duals of a linear programme over what they then have, and OR-Tools chooses whole plans among all
met. A neighbourhood never ends dearer than it began.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from omnisource.solvers.compile import in_threads
from omnisource.solvers.finish import copied, enter
from omnisource.solvers.kernel import price_some
from omnisource.solvers.master import Pool, pool, solve
from omnisource.solvers.plans import Left, Plans
from omnisource.solvers.prices import Pass, grained
from omnisource.solvers.problem import Floats, Ints, Prices, Problem
from omnisource.solvers.serve import costs_of, priced_costs, put_back, take_all

MOST = 400
"""Orders of a neighbourhood."""
WIDE = 60
"""Orders that one resource may bring in."""
ROUNDS = 4
"""Linear programmes, each followed by pricing, before whole plans are chosen."""


@dataclass(eq=False)
class Search:
    """A plan being improved, what it leaves, and the plans met so far."""

    problem: Problem
    orders: Ints  # orders with a menu, as the pool counts them
    best: Pass
    pool: Pool
    plans: Plans
    left: Left

    def __post_init__(self) -> None:
        """Index the pool by resource and by order."""
        self.price = np.concatenate(self.best.prices[:3])
        room = int(np.diff(self.plans.first).max(initial=1))
        self.spare = (np.zeros(room, np.int64), np.zeros(room, np.int64))
        plan_of = np.repeat(np.arange(self.pool.size), np.diff(self.pool.row_start))
        turn = np.argsort(self.pool.row, kind="stable")
        self.takers = self.pool.order[plan_of[turn]]
        self.first_taker = np.searchsorted(self.pool.row[turn], np.arange(len(self.price) + 1))
        by_order = np.argsort(self.pool.order, kind="stable")
        self.of_order = by_order
        self.first_of_order = np.searchsorted(
            self.pool.order[by_order], np.arange(len(self.orders) + 1)
        )

    def losses(self) -> tuple[Floats, Floats]:
        """Return (1): regret of each order of the pool, loss on each resource, cents."""
        paid = priced_costs(self.problem, self.orders, self.best.prices, self.plans)
        left = np.minimum(np.concatenate(self.left), 10**6)
        return paid - self.best.plans.value[self.orders], self.price * left

    def around(self, seeds: Ints) -> Ints:
        """Return the orders (positions) met from `seeds`, breadth first, at most `MOST`."""
        seen = np.zeros(len(self.orders), bool)
        known = np.zeros(len(self.price), bool)
        queue = [int(seed) for seed in seeds]
        found: list[int] = []
        seen[seeds] = True
        while queue and len(found) < MOST:
            order = queue.pop(0)
            found.append(order)
            for row in self._dear_rows(order):
                if known[row]:
                    continue
                known[row] = True
                for other in self.competitors(row):
                    if not seen[other]:
                        seen[other] = True
                        queue.append(int(other))
        return np.sort(np.array(found[:MOST], np.int64))

    def competitors(self, row: int) -> Ints:
        """Return orders that have met a plan which takes of a resource, the first `WIDE`."""
        return np.unique(self.takers[self.first_taker[row] : self.first_taker[row + 1]])[:WIDE]

    def _dear_rows(self, order: int) -> Ints:
        mine = self.of_order[self.first_of_order[order] : self.first_of_order[order + 1]]
        rows = np.concatenate(
            [self.pool.row[self.pool.row_start[y] : self.pool.row_start[y + 1]] for y in mine]
        )
        return np.unique(rows[self.price[rows] > 0])


def seeds(search: Search) -> list[Ints]:
    """Return where to look, worst loss first: orders, or the competitors for a resource."""
    regret, idle = search.losses()
    starts = [(float(regret[o]), np.array([o])) for o in np.flatnonzero(regret > 20.0)]
    for row in np.flatnonzero(idle > 20.0):
        starts.append((float(idle[row]), search.competitors(int(row))[:20]))
    return [start for _, start in sorted(starts, key=lambda pair: -pair[0]) if len(start)]


def batches(search: Search, many: int) -> Iterator[list[Ints]]:
    """Yield neighbourhoods to be chosen anew side by side, worst loss first.

    No order is in two neighbourhoods of a batch; one that was in any is no seed again.
    """
    touched = np.zeros(len(search.orders), bool)
    batch: list[Ints] = []
    for start in seeds(search):
        if touched[start].all():
            continue
        near = search.around(start)
        for other in batch:
            near = np.setdiff1d(near, other)
        touched[near] = True
        if len(near):
            batch.append(near)
        if len(batch) == many:
            yield batch
            batch = []
    if batch:
        yield batch


def reconsider(search: Search, near: list[Ints], seconds: float, threads: int) -> int:
    """Choose the plans of several neighbourhoods anew, side by side; return the cents saved, ≥ 0.

    Each works as if what is left were its own; a result that no longer fits when its turn comes
    is dropped.

    Args:
        search: the plan and what it leaves.
        near: orders (positions) of each neighbourhood, none in two of them.
        seconds: time limit of one programme.
        threads: 0 for as many as there are cores.
    """
    found: list[tuple[Pool, Ints] | None] = [None] * len(near)

    def work(i: int) -> None:
        found[i] = _chosen(search, near[i], seconds)

    in_threads(work, len(near), threads)
    return sum(
        _taken_over(search, search.orders[group], better)
        for group, better in zip(near, found, strict=True)
    )


def _chosen(search: Search, near: Ints, seconds: float) -> tuple[Pool, Ints] | None:
    """Return cheaper plans for a neighbourhood, as a pool and the columns chosen, if there are."""
    problem, rows = search.problem, search.orders[near]
    left = copied(search.left)
    take_all(problem, rows, search.plans, -1, left)
    place = np.full(len(search.orders), -1)
    place[near] = np.arange(len(near))
    met = search.pool.take(np.flatnonzero(place[search.pool.order] >= 0))
    met = replace(met, order=place[met.order]).joined(pool(problem, rows, search.plans))
    met = _priced(search, rows, met, left, seconds=seconds)
    whole = solve(met, len(near), left, integer=True, seconds=seconds)
    before = int(costs_of(problem, rows, search.plans).sum())
    if whole is None or whole.value > before - 0.5:
        return None
    return met, np.flatnonzero(whole.chosen > 0.5)


def _taken_over(search: Search, rows: Ints, better: tuple[Pool, Ints] | None) -> int:
    """Enter a neighbourhood's new plans if they still fit, improve, return the cents saved."""
    problem, plans, left = search.problem, search.plans, search.left
    before = int(costs_of(problem, rows, plans).sum())
    if better is not None:
        old = pool(problem, rows, plans)
        take_all(problem, rows, plans, -1, left)
        enter(plans, (rows, better[0]), better[1])
        take_all(problem, rows, plans, 1, left)
        if min(int(column.min(initial=0)) for column in left) < 0:
            take_all(problem, rows, plans, -1, left)
            enter(plans, (rows, old), np.arange(old.size))
            take_all(problem, rows, plans, 1, left)
    put_back(problem, Prices.zero(problem), rows, left, plans, search.spare)
    return before - int(costs_of(problem, rows, plans).sum())


def _priced(search: Search, rows: Ints, met: Pool, left: Left, *, seconds: float) -> Pool:
    """Add plans priced at the best prices, then at the duals of a few linear programmes."""
    price, cuts = search.price.copy(), np.cumsum([len(p) for p in search.best.prices[:3]])[:-1]
    for _ in range(ROUNDS):
        plans = Plans.room(search.problem)
        cell, order, unit = np.split(grained(price), cuts)
        prices = Prices(cell, order, unit, search.best.prices.short)
        price_some(search.problem, prices, left, rows, plans)
        size = met.size
        met = met.joined(pool(search.problem, rows, plans))
        linear = solve(met, len(rows), left, integer=False, seconds=seconds)
        if linear is None or met.size == size:
            break
        price[linear.rows] = 0.5 * price[linear.rows] + 0.5 * linear.duals
    return met
