"""Everything that has a price, in one vector: what there is of it, and what more of it costs.

    rows 0 … R−1                 a unit of a stock cell
    rows R … R+N−1               a shipment of a node
    rows R+N … R+2N−1            a unit that a node handles
    rows R+2N … R+2N+B−1         a shipment of a node beyond a threshold on its load
    rows R+2N+B … R+2N+B+G−1     a unit short in a group beyond what is free

The first three are hard: no more than the capacity, at any price. The others are soft: a unit
beyond the capacity costs so many cents, so their price never rises above that (the dual of a
convex piecewise-linear cost). For prices y ≥ 0, y ≤ ceiling, b the capacities, v_o the oracle,

    bound(y)  =  Σ_o v_o(y)  −  y b   ≤   the cost of every feasible night                  (1)

where an order pays for a shipment from n the price of its shipments and of all thresholds on n,
and for a unit short, beside its penalty, the prices of its groups.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import use
from omnisource.solvers.problem import UNLIMITED, Floats, Ints, Prices, Problem

GRAIN = 1024.0
"""Prices are multiples of 1/GRAIN cent: all sums of costs and prices are then exact."""


def grained(price: Floats) -> Floats:
    """Round prices to multiples of 1/1024 cent, not below 0."""
    return np.asarray(np.maximum(np.round(price * GRAIN) / GRAIN, 0.0))


class Room(NamedTuple):
    """What a programme may use of some resources, in rows of its own."""

    capacity: Ints  # (rows,)
    ceiling: Floats  # (rows,) cents a unit beyond the capacity, inf where there is none to have


@dataclass(frozen=True, eq=False)
class Resources:
    """The resources of a night; see the module's docstring for the rows."""

    problem: Problem
    capacity: Ints  # (rows,)
    ceiling: Floats  # (rows,) cents a unit beyond the capacity, inf where there is none to have
    first: Ints | None = (
        None  # (K,) the order that each is like (oracle/alike.py); None: not looked for
    )

    @staticmethod
    def of(problem: Problem) -> "Resources":
        """Return all there is."""
        soft = problem.soft
        hard = np.concatenate([problem.stock, problem.node_orders, problem.node_units])
        capacity = np.concatenate([hard, soft.load_from, soft.group_free])
        beyond = np.concatenate([soft.load_cents, soft.group_cents]).astype(np.float64)
        return Resources(problem, capacity, np.concatenate([np.full(len(hard), np.inf), beyond]))

    @property
    def hard(self) -> int:
        """The number of hard rows, R + 2N."""
        return len(self.problem.stock) + 2 * self.problem.nodes

    @property
    def whole(self) -> Room:
        """All of it."""
        return Room(self.capacity, self.ceiling)

    @property
    def room(self) -> Left:
        """The hard capacities, in arrays of their own."""
        cells, nodes = len(self.problem.stock), self.problem.nodes
        stock, orders, units = np.split(self.capacity[: self.hard], [cells, cells + nodes])
        return Left(stock.copy(), orders.copy(), units.copy())

    def less(self, used: Ints) -> "Resources":
        """Return what is left when so much of each is taken; soft rows not below 0."""
        return replace(self, capacity=np.maximum(self.capacity - used, 0))

    def at(self, rows: Ints, used: Ints) -> Room:
        """Return what is left of some rows when so much of each is taken; not below 0."""
        return Room(np.maximum(self.capacity[rows] - used, 0), self.ceiling[rows])

    def usable(self, y: Floats) -> Floats:
        """Return prices that a bound may use: none of what is unlimited, none above its ceiling."""
        return np.where(self.capacity < UNLIMITED // 2, grained(np.minimum(y, self.ceiling)), 0.0)

    def rent(self, y: Floats) -> float:
        """Return y b of (1), cents; `y` as `usable` returns it."""
        return float(y @ np.where(y > 0, self.capacity, 0))

    def prices(self, y: Floats) -> Prices:
        """Return what the oracle asks of an order at prices y."""
        problem, soft = self.problem, self.problem.soft
        cells, nodes, loads = len(problem.stock), problem.nodes, len(soft.load_node)
        cell, order, unit, load, group = np.split(
            y, np.cumsum([cells, nodes, nodes, loads]).astype(np.int64)
        )
        if loads:
            order = order + np.bincount(soft.load_node, load, nodes)
        short = np.zeros(problem.size)
        if len(group):
            of_group = np.append(group, 0.0)  # the last: no group
            short = of_group[soft.group].sum(axis=1)
        return Prices(cell, order, unit, short)

    def used(self, plans: Plans, orders: Ints | None = None) -> Ints:
        """Return how much of each resource the plans of those orders take, (rows,); of all."""
        soft, taken = self.problem.soft, use(self.problem, plans, orders)
        parts = [taken.stock, taken.node_orders, taken.node_units]
        parts.append(taken.node_orders[soft.load_node])
        if len(soft.group_free):
            parts.append(self._short(plans, orders))
        return np.concatenate(parts)

    def _short(self, plans: Plans, orders: Ints | None) -> Ints:
        """Return units short in each group, of orders with a menu."""
        orders = np.flatnonzero(~self.problem.large) if orders is None else orders
        short, group = short_units(self.problem, orders, plans), self.problem.soft.group[orders]
        groups = len(self.problem.soft.group_free)
        both = [np.bincount(g[g >= 0], short[g >= 0], groups) for g in group.T]
        return np.asarray(np.sum(both, axis=0), np.int64)

    def surcharge(self, used: Ints) -> int:
        """Return what the soft rows cost where so much is used, cents."""
        over = np.maximum(used[self.hard :] - self.capacity[self.hard :], 0)
        return int(over @ self.ceiling[self.hard :]) if len(over) else 0


@compiled
def short_units(problem: Problem, orders: Ints, plans: Plans) -> Ints:
    """Return the units that each of those orders is left short."""
    order_line, units = lent(problem.order_line), lent(problem.units)
    content = lent(problem.menu_content)
    out = np.zeros(len(orders), np.int64)
    for i, o in enumerate(orders):
        for line in range(order_line[o], order_line[o + 1]):
            out[i] += units[line]
        for a in range(plans.first[o], plans.first[o] + plans.count[o]):
            rest = content[plans.entry[a]]
            for line in range(order_line[o], order_line[o + 1]):
                out[i] -= rest % (units[line] + 1)
                rest //= units[line] + 1
    return out
