"""What more of one thing is worth to whom, at a night's prices.

With v_o(y) the oracle's value of order o at prices y (solvers/joint/resources.py), and y[r = p] the
same prices but for resource r at p,

    (1)  gain_or  =  v_o(y) − v_o(y[r = 0])                 what o saves if r costs it nothing
    (2)  gain_or  =  v_o(y[C = ∞]) − v_o(y[C = ∞, r = 0])   r among cells C of one SKU: what o saves
                                                           by r, beside having none of the SKU

Both are exact for one order at the prices of all else. Those who gain most have a price's worth;
what a price does not say is how soon the gains fall, when there is more and more of a thing.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from omnisource.solvers.compile.legend import candidate_order
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.oracle.kernel import price_some
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Floats, Ints, Prices, Problem

BARRED: Final = 2.0**30
"""Cents; nobody pays that for a unit."""


class Drawn(NamedTuple):
    """What plans take of cells, one row a shipment and line."""

    order: Ints  # (X,)
    shipment: Ints  # (X,) 0, 1, … among those looked at
    cell: Ints  # (X,)
    units: Ints  # (X,) ≥ 1


class Buyers(NamedTuple):
    """Who would take of a thing that costs nothing, and what that saves them."""

    order: Ints  # (B,)
    units: Ints  # (B,) that it would take, ≥ 1
    cents: Floats  # (B,) gain in all, (1)


@dataclass(frozen=True, eq=False)
class Valued:
    """A night at prices, ready to be asked what single things are worth."""

    problem: Problem
    prices: Prices  # of arrays that are its own: a price is moved and put back
    value: Floats  # (K,) v_o(y); 0 for large orders
    plans: Plans  # work space
    room: Left

    @cached_property
    def of_cell(self) -> tuple[Ints, Ints]:
        """Where each cell's orders start, and the orders that could draw on it."""
        problem = self.problem
        order = np.repeat(candidate_order(problem), np.diff(problem.pair_start))
        return _index(problem.cell.astype(np.int64), order, len(problem.stock))

    @cached_property
    def of_node(self) -> tuple[Ints, Ints]:
        """Where each node's orders start, and the orders that it could send something."""
        node = self.problem.node.astype(np.int64)
        return _index(node, candidate_order(self.problem), self.problem.nodes)


def valued(problem: Problem, prices: Prices, threads: int = 0) -> Valued:
    """Price all orders of a night."""
    own = Prices(*(np.array(column, np.float64) for column in prices))
    found = price_all(problem, own, Left.of(problem), threads)
    return Valued(problem, own, found.plans.value, Plans.room(problem), Left.of(problem))


def gains(night: Valued, resource: str, row: int, beside: Floats | None = None) -> Buyers:
    """Return who saves how much if a resource costs nothing, (1).

    Args:
        night: at its prices.
        resource: a field of `Prices`: cell, node_order or node_unit.
        row: which of them.
        beside: (K,) what orders come to without; at the night's prices where it is not given.
    """
    start, of = night.of_cell if resource == "cell" else night.of_node
    orders = of[start[row] : start[row + 1]]
    free = _priced(night, getattr(night.prices, resource), row, 0.0, orders=orders)
    cents = (night.value if beside is None else beside)[orders] - free
    some = np.flatnonzero(cents > 0)
    units = _taken(night, resource, row, orders[some])
    return Buyers(orders[some], units, cents[some])


def beside_none(night: Valued, cells: Ints) -> list[Buyers]:
    """Return for each of the cells of one SKU who saves how much by it, beside none, (2)."""
    column = night.prices.cell
    before = column[cells]
    column[cells] = BARRED
    start, of = night.of_cell
    orders = np.unique(np.concatenate([of[start[r] : start[r + 1]] for r in cells]))
    value = night.value.copy()
    value[orders] = _priced(night, column, int(cells[0]), BARRED, orders=orders)
    found = [gains(night, "cell", int(cell), value) for cell in cells]
    column[cells] = before
    return found


def drawn(problem: Problem, plans: Plans, orders: Ints) -> Drawn:
    """Return what the plans of those orders take of cells."""
    count = plans.count[orders]
    owner = np.repeat(orders, count)
    at = np.repeat(plans.first[orders] - np.cumsum(count) + count, count) + np.arange(len(owner))
    candidate = plans.candidate[at]
    rest = problem.menu_content[plans.entry[at]].astype(np.int64)
    first, last = problem.order_line[owner], problem.order_line[owner + 1]
    parts = []
    for i in range(int((last - first).max(initial=0))):
        base = problem.units[np.minimum(first + i, last - 1)] + 1
        units, rest = rest % base, rest // base
        rows = np.flatnonzero((units > 0) & (first + i < last))
        cell = problem.cell[problem.pair_start[candidate[rows]] + i]
        parts.append((owner[rows], rows, cell, units[rows]))
    if not parts:
        return Drawn(*(np.zeros(0, np.int64) for _ in range(4)))
    columns = zip(*parts, strict=True)
    return Drawn(*(np.concatenate(column).astype(np.int64) for column in columns))


def _priced(night: Valued, column: Floats, row: int, cents: float, *, orders: Ints) -> Floats:
    """Return the values of some orders, one price moved."""
    before = column[row]
    column[row] = cents
    price_some(night.problem, night.prices, night.room, orders, night.plans)
    column[row] = before
    return night.plans.value[orders]


def _taken(night: Valued, resource: str, row: int, orders: Ints) -> Ints:
    """Return how much of a resource the plans just found take."""
    problem = night.problem
    found = drawn(problem, night.plans, orders)
    if resource == "cell":
        mine, much = found.cell == row, found.units
    else:
        mine, much = problem.cell_node[found.cell] == row, found.units
    if resource == "node_order":
        _, first = np.unique(found.shipment, return_index=True)
        much = np.zeros(len(mine), np.int64)
        much[first] = 1
    total = np.bincount(found.order[mine], much[mine], problem.size)
    return np.asarray(total[orders], np.int64)


def _index(key: Ints, order: Ints, size: int) -> tuple[Ints, Ints]:
    """Return where each key's orders start, and the orders, each once a key."""
    known = key >= 0
    many = int(order.max(initial=0)) + 1
    pairs = np.unique(key[known] * many + order[known])
    start = np.searchsorted(pairs, np.arange(size + 1) * many)
    return start.astype(np.int64), pairs % many
