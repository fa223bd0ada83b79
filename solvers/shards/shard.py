"""A shard: a run of a night's orders that is priced and served by itself, wherever it is.

Resources stand in one vector here: the R stock cells, then the N nodes' shipments, then the N
nodes' units. A shard s knows its own orders, and what there is of each resource in the whole
night, b. It answers in numbers alone (`solve.py` asks):

    V_s(λ), u_s(λ)  =  value and use of its orders' cheapest plans, each as if it were alone   (1)
    Φ_s(λ)          =  the bounds of its large orders, likewise                               (2)
    plans within a room x_s of its own                                                        (3)

Within its room a shard is a night like any other: the joint solver serves it. What (3) leaves
follows from the calls that came before it, in their order, and from nothing else. So a shard that
was lost with its machine is made again by repeating them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.compile.menus import content_cents
from omnisource.solvers.compiled import compiled
from omnisource.solvers.decide import decisions
from omnisource.solvers.joint.solve import joint
from omnisource.solvers.oracle.kernel import price_block
from omnisource.solvers.oracle.large import LargePlan, large_plan, occupy
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import costs, put_back, take_all, use
from omnisource.solvers.problem import (
    UNLIMITED,
    Decisions,
    Flags,
    Ints,
    Limits,
    Prices,
    Problem,
    sealed,
)

CHANGING: Final = frozenset({"served", "improved"})
"""Calls after which a shard holds other plans."""
SWEEPS: Final = 3
"""Times that a shard puts its orders back in one call of `improved`."""
MOST: Final = np.iinfo(np.int32).max


class Sparse(NamedTuple):
    """What is not 0 of a vector over all resources: what shards and driver send each other."""

    rows: NDArray[np.int32]
    values: NDArray[Any]

    @staticmethod
    def of(vector: NDArray[Any]) -> "Sparse":
        """Return what is not 0; whole numbers in 32 bits, which is plenty for one shard."""
        rows = np.flatnonzero(vector)
        values = vector[rows]
        if values.dtype == np.int64:
            values = np.minimum(values, MOST).astype(np.int32)
        return Sparse(rows.astype(np.int32), values)

    def vector(self, size: int) -> NDArray[Any]:
        """Return the whole vector."""
        whole = np.zeros(size, np.float64 if self.values.dtype.kind == "f" else np.int64)
        whole[self.rows] = self.values
        return whole

    @property
    def bytes(self) -> int:
        """How many bytes it takes to send."""
        return self.rows.nbytes + self.values.nbytes


class About(NamedTuple):
    """What a shard is."""

    orders: int
    touched: NDArray[np.int32]  # resources that any of its orders could use
    dearest: int  # cents, its highest penalty for a unit unserved
    large: int  # its large orders
    bytes: int  # that its problem takes
    verdicts: Ints  # pairs of line and node by what was found (`Legend.counts`), if known


class Priced(NamedTuple):
    """(1), or (2) for large orders."""

    value: float  # cents; of large orders, their bounds
    shipments: int
    used: Sparse


class Served(NamedTuple):
    """(3)."""

    cost: int  # cents
    used: Sparse


@dataclass(eq=False)
class Shard:
    """A run of orders with the plans that they have at the moment."""

    problem: Problem  # nodes and cells are those of the whole night
    translate: Callable[[Decisions], Any]  # what its decisions mean to who asks
    plans: Plans | None = None
    large: dict[int, LargePlan] = field(default_factory=dict)
    verdicts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def about(self) -> About:
        """Say what it is."""
        problem = self.problem
        cells, nodes = len(problem.stock), problem.nodes
        node = np.unique(problem.node)
        cell = np.unique(problem.cell[problem.cell >= 0])
        touched = np.concatenate([cell, cells + node, cells + nodes + node]).astype(np.int32)
        dearest = int(problem.shortage.max(initial=0))
        return About(
            problem.size, touched, dearest, int(problem.large.sum()), _size(problem), self.verdicts
        )

    def priced(self, prices: Sparse) -> Priced:
        """Price its orders with a menu, (1)."""
        plans = _priced(self.problem, self._prices(prices), Left.of(self.problem))
        used = np.concatenate(use(self.problem, plans))
        return Priced(float(plans.value.sum()), int(plans.count.sum()), Sparse.of(used))

    def weighed(self, prices: Sparse, seconds: float) -> Priced:
        """Price its large orders, (2); `seconds` is what each may take."""
        at, whole, bound, parcels = self._prices(prices), Left.of(self.problem), 0.0, 0
        left = Left.of(self.problem)
        for order in np.flatnonzero(self.problem.large):
            plan = large_plan(self.problem, int(order), at, whole, seconds=seconds)
            occupy(self.problem, plan, left)
            bound, parcels = bound + plan.bound, parcels + len(plan.candidate)
        used = np.concatenate(whole) - np.concatenate(left)
        return Priced(bound, parcels, Sparse.of(used))

    def served(self, room: Sparse, gap: float, seconds: float) -> Served:
        """Give every order a plan within `room`, (3), by the joint solver."""
        left = self._left(room)
        within = self.problem._replace(
            stock=left.stock, node_orders=left.node_orders, node_units=left.node_units
        )
        answer = joint(sealed(within), Limits(gap=gap, seconds=seconds, threads=1))
        self.plans, self.large = read_back(self.problem, answer.decisions)
        return self._told()

    def improved(self, prices: Sparse, room: Sparse) -> Served:
        """Take each order with a menu out and put it back where it is cheapest within `room`."""
        problem, at, left = self.problem, self._prices(prices), self._left(room)
        plans = self._held()
        small = np.flatnonzero(~problem.large)
        take_all(problem, small, plans, 1, left)
        for plan in self.large.values():
            occupy(problem, plan, left)
        most = int(problem.units.max(initial=1)) * int(np.diff(problem.order_line).max(initial=1))
        spare = (np.zeros(most, np.int64), np.zeros(most, np.int64))
        total = np.concatenate([[0], np.cumsum(problem.units)])[problem.order_line]
        sequence = small[np.argsort(-np.diff(total)[small], kind="stable")]
        for _ in range(SWEEPS):
            if put_back(problem, at, sequence, left, plans, spare) == 0:
                break
        return self._told()

    def decided(self) -> Any:
        """Return what it decided, translated."""
        return self.translate(decisions(self.problem, self._held(), self.large))

    def _held(self) -> Plans:
        return Plans.room(self.problem) if self.plans is None else self.plans

    def _told(self) -> Served:
        plans, small = self._held(), ~self.problem.large
        used = use(self.problem, plans)
        free = Left(*(-column for column in used))
        for plan in self.large.values():
            occupy(self.problem, plan, free)
        cost = int(costs(self.problem, plans)[small].sum())
        cost += sum(plan.cost for plan in self.large.values())
        return Served(cost, Sparse.of(-np.concatenate(free)))

    def _prices(self, prices: Sparse) -> Prices:
        cell, order, unit = _apart(prices.vector(_length(self.problem)).astype(float), self.problem)
        return Prices(cell, order, unit, np.zeros(self.problem.size))

    def _left(self, room: Sparse) -> Left:
        free = room.vector(_length(self.problem)).astype(np.int64)
        free[~limited(capacity(self.problem))] = UNLIMITED
        return Left(*_apart(free, self.problem))


def capacity(problem: Problem) -> Ints:
    """Return b: what there is of each resource, (R + 2N,)."""
    return np.concatenate([problem.stock, problem.node_orders, problem.node_units])


def limited(capacities: Ints) -> Flags:
    """Say which resources can run out; the others have no price and are not dealt out."""
    return capacities < UNLIMITED // 2


def _size(columns: Any) -> int:
    """Return the bytes of all columns."""
    return sum(x.nbytes if isinstance(x, np.ndarray) else _size(x) for x in columns)


def _length(problem: Problem) -> int:
    return len(problem.stock) + 2 * problem.nodes


def _apart(vector: NDArray[Any], problem: Problem) -> list[NDArray[Any]]:
    """Return what of a vector is of cells, of nodes' shipments, of nodes' units."""
    cells = len(problem.stock)
    found = np.split(vector, [cells, cells + problem.nodes])
    return [np.ascontiguousarray(column) for column in found]


def _priced(problem: Problem, prices: Prices, left: Left) -> Plans:
    plans = Plans.room(problem)
    if problem.size:
        price_block(problem, prices, left, 0, problem.size, plans)
    return plans


def read_back(problem: Problem, made: Decisions) -> tuple[Plans, dict[int, LargePlan]]:
    """Return the plans that decisions were written out from; see `decide.decisions`."""
    plans, large = Plans.room(problem), {}
    order_of = np.searchsorted(problem.order_candidate, made.candidate, side="right") - 1
    _enter(problem, (made.candidate, made.start, made.line, made.units), order_of, plans)
    for order in np.flatnonzero(problem.large):
        rows = np.flatnonzero(order_of == order)
        line = slice(problem.order_line[order], problem.order_line[order + 1])
        penalty, units = problem.shortage[line], np.zeros((len(rows), line.stop - line.start), int)
        cost = int(penalty @ problem.units[line])
        for i, s in enumerate(rows):
            held = slice(made.start[s], made.start[s + 1])
            units[i, made.line[held] - line.start] = made.units[held]
            cents, _ = content_cents(problem, int(order), int(made.candidate[s]), units[i])
            cost += int(cents) - int(penalty @ units[i])
        large[int(order)] = LargePlan(
            made.candidate[rows], made.way[rows].astype(np.int64), units, cost, cost, cost
        )
    return plans, large


@compiled
def _enter(problem: Any, made: tuple[Ints, Ints, Ints, Ints], order_of: Ints, plans: Any) -> None:
    """Find the menu entry of every shipment of an order with a menu."""
    candidate, start, line, units = made
    for s in range(len(candidate)):
        o, c = order_of[s], candidate[s]
        if problem.large[o]:
            continue
        content, radix, x = 0, 1, start[s]
        for j in range(problem.order_line[o], problem.order_line[o + 1]):
            if x < start[s + 1] and line[x] == j:
                content += units[x] * radix
                x += 1
            radix *= problem.units[j] + 1
        m = problem.menu_start[c]
        while problem.menu_content[m] != content:
            m += 1
        at = plans.first[o] + plans.count[o]
        plans.candidate[at], plans.entry[at] = c, m
        plans.count[o] += 1
