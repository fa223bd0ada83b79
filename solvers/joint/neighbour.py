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
from numpy.typing import NDArray

from omnisource.solvers.compile.world import in_threads
from omnisource.solvers.compiled import compiled
from omnisource.solvers.joint.finish import copied, enter
from omnisource.solvers.joint.master import Pool, pool, solve
from omnisource.solvers.joint.prices import Pass
from omnisource.solvers.joint.resources import Resources, Room, grained
from omnisource.solvers.oracle.kernel import price_some
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import priced_costs, put_back, take_all
from omnisource.solvers.problem import Flags, Floats, Ints, Prices

MOST = 500
"""Orders of a neighbourhood."""
WIDE = 60
"""Orders that one resource may bring in."""
ROUNDS = 3
"""Linear programmes, each followed by pricing, before whole plans are chosen."""
WORTH = 20.0
"""Cents of loss below which nothing is looked at anew."""


@dataclass(eq=False)
class Search:
    """A plan being improved, what it takes and leaves, and the plans met so far."""

    resources: Resources
    orders: Ints  # orders with a menu, as the pool counts them
    best: Pass
    pool: Pool
    plans: Plans
    used: Ints  # (rows,) of each resource
    left: Left  # of the hard ones

    def __post_init__(self) -> None:
        """Index the pool by resource and by order."""
        self.problem, self.price = self.resources.problem, self.best.y
        room = int(np.diff(self.plans.first).max(initial=1))
        self.spare = (np.zeros(room, np.int64), np.zeros(room, np.int64))
        plan_of = np.repeat(np.arange(self.pool.size), np.diff(self.pool.row_start))
        dear = self.price[self.pool.row] > 0
        row, order = self.pool.row[dear], self.pool.order[plan_of[dear]]
        turn = np.argsort(row, kind="stable")
        self.takers, self.first_taker = _lists(order[turn], row[turn], len(self.price))
        turn = np.argsort(order, kind="stable")
        self.wants, self.first_want = _lists(row[turn], order[turn], len(self.orders))

    def losses(self) -> tuple[Floats, Floats]:
        """Return (1): regret of each order of the pool, loss on each resource, cents."""
        paid = priced_costs(self.problem, self.orders, self.best.prices, self.plans)
        left = np.clip(self.resources.capacity - self.used, 0, 10**6)
        return paid - self.best.plans.value[self.orders], self.price * left

    def around(self, seeds: Ints) -> Ints:
        """Return the orders (positions) met from `seeds`, breadth first, at most `MOST`."""
        seen, known = np.zeros(len(self.orders), bool), np.zeros(len(self.price), bool)
        lists = (self.takers, self.first_taker, self.wants, self.first_want)
        return np.sort(_spread(seeds, lists, seen, known))

    def competitors(self, row: int) -> Ints:
        """Return orders that have met a plan which takes of a dear resource, the first `WIDE`."""
        return np.unique(self.takers[self.first_taker[row] : self.first_taker[row + 1]])[:WIDE]


def _lists(
    values: NDArray[np.signedinteger], keys: NDArray[np.signedinteger], size: int
) -> tuple[Ints, Ints]:
    """Return the values of each key, each once, and where each key's begin; keys are sorted."""
    both = np.unique(np.stack([keys, values]), axis=1)
    start = np.searchsorted(both[0], np.arange(size + 1))
    return both[1].astype(np.int64), start.astype(np.int64)


@compiled
def _spread(seeds: Ints, lists: tuple[Ints, Ints, Ints, Ints], seen: Flags, known: Flags) -> Ints:
    """Walk from orders to the resources that they want to the orders that want these."""
    takers, first_taker, wants, first_want = lists
    queue, end, turn = np.empty(MOST + WIDE + len(seeds), np.int64), 0, 0
    for o in seeds:
        if not seen[o]:
            seen[o], queue[end] = True, o
            end += 1
    while turn < end and end < MOST:
        o = queue[turn]
        turn += 1
        for i in range(first_want[o], first_want[o + 1]):
            row = wants[i]
            if known[row]:
                continue
            known[row] = True
            last = min(first_taker[row + 1], first_taker[row] + WIDE)
            for other in takers[first_taker[row] : last]:
                if not seen[other] and end < MOST:
                    seen[other], queue[end] = True, other
                    end += 1
    return queue[: min(end, MOST)]


def seeds(search: Search) -> list[Ints]:
    """Return where to look, worst loss first: orders, or the competitors for a resource."""
    regret, idle = search.losses()
    starts = [(float(regret[o]), np.array([o])) for o in np.flatnonzero(regret > WORTH)]
    for row in np.flatnonzero(idle > WORTH):
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
    inside = np.isin(search.pool.order, near, kind="table")
    met = search.pool.take(np.flatnonzero(inside))
    now = pool(problem, rows, search.plans)
    met = replace(met, order=np.searchsorted(near, met.order)).joined(now)
    met = _priced(search, (rows, now), met, left, seconds=seconds)
    local, room = _local(search, met, now)
    whole = solve(local, len(near), room, integer=True, seconds=seconds)
    before = float(now.cost.sum()) + _over(search, now)
    if whole is None or whole.value > before - 0.5:
        return None
    return met, np.flatnonzero(whole.chosen > 0.5)


def _local(search: Search, met: Pool, now: Pool) -> tuple[Pool, Room]:
    """Return a pool in rows of its own, and what the neighbourhood may use of them."""
    rows, row = np.unique(met.row, return_inverse=True)
    own = np.zeros(len(rows), np.int64)
    np.add.at(own, np.searchsorted(rows, now.row), now.taken)
    room = search.resources.at(rows, search.used[rows] - own)
    return replace(met, row=row.astype(np.int64)), room


def _over(search: Search, now: Pool) -> float:
    """Return what the soft resources cost for what a neighbourhood's plans take, cents."""
    resources = search.resources
    soft = now.row >= resources.hard
    if not soft.any():
        return 0.0
    rows, at = np.unique(now.row[soft], return_inverse=True)
    own = np.bincount(at, now.taken[soft]).astype(np.int64)
    room = resources.at(rows, search.used[rows] - own)
    return float(np.maximum(own - room.capacity, 0) @ room.ceiling)


def _taken_over(search: Search, rows: Ints, better: tuple[Pool, Ints] | None) -> int:
    """Enter a neighbourhood's new plans if they still fit, improve, return the cents saved."""
    problem, plans, left = search.problem, search.plans, search.left
    old = pool(problem, rows, plans)
    before = int(old.cost.sum()) + search.resources.surcharge(search.used)
    if better is not None:
        _swap(search, rows, (better[0], better[1]))
        if not _inside(left, better[0]):
            _swap(search, rows, (old, np.arange(old.size)))
    now = pool(problem, rows, plans)
    put_back(problem, _soft_prices(search), rows, left, plans, search.spare)
    last = pool(problem, rows, plans)
    np.add.at(search.used, now.row, -now.taken)
    np.add.at(search.used, last.row, last.taken)
    saved = before - int(last.cost.sum()) - search.resources.surcharge(search.used)
    if saved < 0:
        _swap(search, rows, (old, np.arange(old.size)))
        return 0
    return saved


def _swap(search: Search, rows: Ints, to: tuple[Pool, Ints]) -> None:
    """Replace the plans of orders by chosen columns of a pool."""
    problem, plans = search.problem, search.plans
    old = pool(problem, rows, plans)
    take_all(problem, rows, plans, -1, search.left)
    enter(plans, (rows, to[0]), to[1])
    take_all(problem, rows, plans, 1, search.left)
    new = pool(problem, rows, plans)
    np.add.at(search.used, old.row, -old.taken)
    np.add.at(search.used, new.row, new.taken)


def _inside(left: Left, plans: Pool) -> bool:
    """Say whether nothing that the plans of a pool take is overdrawn."""
    cells, nodes = len(left.stock), len(left.node_orders)
    rows = np.unique(plans.row)
    hard = [left.stock, left.node_orders, left.node_units]
    for column, first in zip(hard, (0, cells, cells + nodes), strict=True):
        mine = rows[(rows >= first) & (rows < first + len(column))] - first
        if (column[mine] < 0).any():
            return False
    return True


def _soft_prices(search: Search) -> Prices:
    """Return the best prices of soft resources alone."""
    y = search.price.copy()
    y[: search.resources.hard] = 0.0
    return search.resources.prices(y)


def _priced(
    search: Search, group: tuple[Ints, Pool], met: Pool, left: Left, *, seconds: float
) -> Pool:
    """Add plans priced at the best prices, then at the duals of a few linear programmes."""
    (rows, now), price = group, search.price.copy()
    for _ in range(ROUNDS):
        plans = Plans.like(search.plans)
        price_some(search.problem, search.resources.prices(grained(price)), left, rows, plans)
        size = met.size
        met = met.joined(pool(search.problem, rows, plans))
        local, room = _local(search, met, now)
        linear = solve(local, len(rows), room, integer=False, seconds=seconds)
        if linear is None or met.size == size:
            break
        there = np.unique(met.row)[linear.rows]
        price[there] = 0.5 * price[there] + 0.5 * linear.duals
    return met
