"""Whole nights at given prices: what each order comes to, block by block.

For prices y of a night and of the night after a change, bound − bound' is what the change saves at
those prices; bound' holds for the changed night, whatever the prices, so that no plan of it saves
more than cost − bound'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.models.world import Table, World
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.compile.world import blocks, compile_world
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import Flags, Floats, Ints, Problem
from omnisource.solvers.worth import drawn

BLOCK: Final = 5_000
"""Orders that are compiled at a time."""
DIFFERS: Final = 0.5
"""Cents by which an order's value must move to count."""


@dataclass(frozen=True, eq=False)
class Priced:
    """All orders of a world at prices; large orders come to nothing."""

    value: Floats  # (K,) cents
    rent: float  # cents, all there is at those prices
    order: Ints  # (X,) what the plans at those prices draw, one row a shipment and line
    node: Ints  # (X,)
    sku: Ints  # (X,)

    @property
    def bound(self) -> float:
        """No night of orders with menus costs less, cents."""
        return float(self.value.sum()) - self.rent


def priced(
    world: World,
    prices: Table,
    threads: int = 0,
    also: Callable[[Problem, Ints], None] | None = None,
) -> Priced:
    """Return what each order comes to at those prices.

    Args:
        world: the night.
        prices: resource, node, sku, cents, in the world's rows.
        threads: 0 for as many as there are cores.
        also: called with each block's problem and the rows of its orders.
    """
    value, rent, rows = np.zeros(world.orders.rows), 0.0, []
    for begin, end in blocks(world.orders.rows, BLOCK):
        orders = np.arange(begin, end)
        problem, _ = compile_world(of_orders(world, orders), threads)
        found = price_all(problem, prices_of(problem, prices), Left.of(problem), threads)
        value[begin:end] = found.plans.value
        rent = float(found.plans.value.sum()) - found.bound
        taken = drawn(problem, found.plans, np.flatnonzero(~problem.large))
        rows.append((begin + taken.order, problem.cell_node[taken.cell],
                     problem.cell_sku[taken.cell]))  # fmt: skip
        if also is not None:
            also(problem, orders)
    order, node, sku = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Priced(value, rent, order, node, sku)


def of_orders(world: World, orders: Ints) -> World:
    """Return the world with those orders alone, ascending; network and stock stay."""
    at = np.full(world.orders.rows, -1, np.int32)
    at[orders] = np.arange(len(orders), dtype=np.int32)
    owner = at[world.lines["order"]]
    lines = world.lines.replace(order=owner).take(np.flatnonzero(owner >= 0))
    return world.replace(orders=world.orders.take(orders), lines=lines)


def moved(base: Priced, other: Priced) -> Ints:
    """Return the orders that come to something else."""
    return np.flatnonzero(np.abs(base.value - other.value) > DIFFERS)


def by_node(base: Priced, other: Priced, nodes: Flags) -> Floats:
    """Return, (N,), what orders save by the marked nodes that newly send them something, cents.

    What one order saves is shared out evenly among such nodes.
    """
    saved, many = base.value - other.value, len(nodes)
    before = np.unique(base.order * many + base.node)
    after = np.unique(other.order * many + other.node)
    order, node = np.divmod(np.setdiff1d(after, before), many)
    mine = nodes[node] & (saved[order] > DIFFERS)
    order, node = order[mine], node[mine]
    each = np.bincount(order, minlength=len(saved))
    shares = saved[order] / np.maximum(each[order], 1)
    return np.bincount(node, shares, many).astype(np.float64)
