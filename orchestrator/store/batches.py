"""How a plan is cut into parts that are written one after the other, each at once.

First what moves from node to node, then what is given anew, so that units which a move gives back
are there for whoever has been given them. Orders that change places, because one takes of a cell
what another gives back, are of one part: neither could go first alone. Orders that stay at their
nodes are of no part.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.world import World
from omnisource.solvers.compile.risk import held_at
from omnisource.solvers.problem import Flags, Ints


def held_orders(world: World) -> Flags:
    """Return, (orders,), which orders hold units at nodes already."""
    held = np.zeros(world.orders.rows, np.bool_)
    held[world.lines["order"][held_at(world) >= 0]] = True
    return held


def moved_orders(world: World, plan: Plan) -> Flags:
    """Return, (orders,), which of these a plan sends from another node than they are held at."""
    drawn, moved = plan.allocations, np.zeros(world.orders.rows, np.bool_)
    at = held_at(world)[drawn["line"]]
    moved[drawn["order"][(at >= 0) & (at != drawn["node"])]] = True
    return moved


def short_of_held(world: World, plan: Plan) -> tuple[str, ...]:
    """Return the orders that hold units and would lose some by a plan."""
    held, short = held_orders(world), np.zeros(world.orders.rows, np.bool_)
    short[plan.shortages["order"]] = True
    return tuple(world.orders["order"][held & short].tolist())


def parts(world: World, plan: Plan, size: int) -> tuple[Ints, int]:
    """Return, (orders,), the part of each order, −1 for none; and how many of the parts move.

    Args:
        world: what the plan was made for.
        plan: what was decided; of an order that is held, every unit is sent.
        size: orders of a part, at the least where they hang together.
    """
    of_order = np.full(world.orders.rows, -1, np.int64)
    held, moved = held_orders(world), moved_orders(world, plan)
    moves = 0
    for batch in _batches(_together(world, plan, moved), size):
        of_order[batch] = moves
        moves += 1
    rest = np.flatnonzero(~held)
    of_order[rest] = moves + np.arange(len(rest)) // size
    return of_order, moves


def _together(world: World, plan: Plan, moved: Flags) -> list[list[int]]:
    """Return the orders that move; together those of which one takes where another gives back."""
    drawn, lines = plan.allocations, world.lines
    takes, gives = moved[drawn["order"]], moved[lines["order"]]
    taken = drawn["node"][takes].astype(np.int64) * world.products.rows + drawn["sku"][takes]
    given = held_at(world)[gives] * world.products.rows + lines["sku"][gives]
    cell = np.concatenate([taken, given])
    order = np.concatenate([drawn["order"][takes], lines["order"][gives]])
    both = np.isin(cell, taken) & np.isin(cell, given)
    root = {int(o): int(o) for o in np.flatnonzero(moved)}
    first: dict[int, int] = {}
    for o, at in zip(order[both].tolist(), cell[both].tolist(), strict=True):
        low, high = sorted((_root(root, o), _root(root, first.setdefault(at, o))))
        root[high] = low
    groups: dict[int, list[int]] = {}
    for o in root:
        groups.setdefault(_root(root, o), []).append(o)
    return list(groups.values())


def _root(root: dict[int, int], order: int) -> int:
    """Return who stands for an order's group; the way there is made shorter."""
    while root[order] != order:
        root[order] = root[root[order]]
        order = root[order]
    return order


def _batches(groups: Iterable[list[int]], size: int) -> Iterator[list[int]]:
    """Yield groups joined until there are so many of them.

    >>> list(_batches([[1], [2, 5], [3]], 2))
    [[1, 2, 5], [3]]
    """
    batch: list[int] = []
    for group in groups:
        batch += group
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
