"""Changes to stock: more or less of it, elsewhere, kept back, or late."""

import numpy as np

from omnisource.models import changes
from omnisource.models.base import UnusableInput
from omnisource.models.world import ABSENT, NODE_KINDS, Column, Table, World
from omnisource.orchestrator.lab.rows import (
    Turn,
    floored,
    put,
    row_of,
    some_goods,
    some_nodes,
    stacked,
)
from omnisource.solvers.problem import Flags, Ints

DAY = 24 * 60
MEANT = changes.Stock | changes.MoveStock | changes.Safety | changes.LateSupplier


def scale(world: World, change: changes.Stock, _: Turn) -> World:
    """Units on hand become more or fewer."""
    rows = np.flatnonzero(_meant(world, world.stock, change))
    units = floored(world.stock["on_hand"][rows], change.factor)
    return world.replace(stock=put(world.stock, rows, on_hand=units))


def move(world: World, change: changes.MoveStock, _: Turn) -> World:
    """Units go to another node."""
    to = row_of(world.nodes["node"], change.to, "node")
    if world.nodes["kind"][to] == NODE_KINDS.index("hub"):
        raise UnusableInput(f"to: {change.to!r} is a hub, which keeps no stock: name another node")
    stock = world.stock
    rows = np.flatnonzero(_meant(world, stock, change) & (stock["node"] != to))
    held = stock["on_hand"][rows]
    units = floored(held, change.share) if change.units is None else np.minimum(held, change.units)
    left = put(stock, rows, on_hand=held - units)
    return add_units(world.replace(stock=left), to, stock["sku"][rows], units)


def keep_back(world: World, change: changes.Safety, _: Turn) -> World:
    """Other units are kept back from sale."""
    rows = _meant(world, world.stock, change)
    return world.replace(stock=put(world.stock, rows, safety=change.units))


def delay(world: World, change: changes.LateSupplier, _: Turn) -> World:
    """What is on its way in comes later, or does not come."""
    receipts = world.receipts
    rows = np.flatnonzero(_meant(world, receipts, change))
    due = receipts["due"][rows] + DAY * (change.days or 0)
    units = receipts["units"][rows]
    left = units - np.ceil(units * (change.lost or 0.0) - 1e-9).astype(np.int64)
    receipts = put(receipts, rows, due=due, units=left)
    return world.replace(receipts=receipts.take(receipts["units"] > 0))


def _meant(world: World, cells: Table, change: MEANT) -> Flags:
    """Return which rows of a table by node and product are meant.

    Raises:
        UnusableInput: none is.
    """
    nodes, goods = some_nodes(world, change), some_goods(world, change)
    met = nodes[cells["node"]] & goods[cells["sku"]]
    if not met.any():
        raise UnusableInput("its conditions meet nothing: there is none of these goods there")
    return np.asarray(met)


def add_units(world: World, node: int, sku: Column, units: Ints) -> World:
    """Return the world with more units at a node, in cells that are made where there are none."""
    more = np.zeros(world.products.rows, np.int64)
    ranged = np.zeros(world.products.rows, bool)
    np.add.at(more, sku, units)
    ranged[sku] = True
    stock = world.stock
    rows = np.flatnonzero(stock["node"] == node)
    has = stock["sku"][rows]
    stock = put(stock, rows, on_hand=stock["on_hand"][rows] + more[has])
    ranged[has] = False
    new = np.flatnonzero(ranged)
    return world.replace(stock=stacked(stock, _cells(stock, node, new, more[new])))


def _cells(stock: Table, node: int, sku: Ints, units: Ints) -> Table:
    """Return new stock cells, all else as in a row that says no more than that."""
    like = stock.take(np.zeros(len(sku), np.int64))
    return like.replace(
        node=np.full(len(sku), node, np.int32),
        sku=sku.astype(np.int32),
        on_hand=units,
        safety=np.full(len(sku), ABSENT),
        unit_cost_cents=np.zeros(len(sku), np.int64),
        counted_at=np.full(len(sku), ABSENT),
        accuracy=np.ones(len(sku)),
    )
