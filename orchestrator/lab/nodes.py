"""Changes to nodes: close, open, ship or not, do more or less, at other hours."""

import numpy as np

from omnisource.models import changes
from omnisource.models.base import UnusableInput
from omnisource.models.row import minutes_of
from omnisource.models.world import ABSENT, ORDER_MODES, World
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.lab.rows import (
    Turn,
    floored,
    put,
    rounded,
    row_of,
    some_nodes,
    stacked,
)
from omnisource.orchestrator.lab.stock import add_units
from omnisource.solvers.problem import Flags

DELIVERY, COLLECT = (ORDER_MODES.index(mode) for mode in ("delivery", "collect"))
LAST_MINUTE = 24 * 60 - 1
LIMITS = ("orders_per_day", "units_per_day")


def close(world: World, change: changes.Close, _: Turn) -> World:
    """Nodes neither ship nor hand over nor pass on."""
    closed = some_nodes(world, change)
    lanes = world.lanes
    runs = ~(closed[lanes["from_node"]] | closed[lanes["to_node"]])
    world = world.replace(
        nodes=put(world.nodes, closed, ships=False, pickup=False, returns=False),
        lanes=lanes.take(runs),
    )
    return _not_collected(world, closed, home=change.collect == "delivered")


def _not_collected(world: World, closed: Flags, *, home: bool) -> World:
    """Send home what was to be collected at closed nodes, where that is possible and wanted.

    What is to be collected from a counter that is closed cannot be served: so it is lost.
    """
    orders = world.orders
    there = orders["pickup_node"]
    stuck = (there >= 0) & closed[there]
    known = (orders["country"] != "") & ~np.isnan(orders["lat"])
    sent = stuck & known & home
    orders = put(orders, stuck & ~sent, mode=COLLECT)
    return world.replace(orders=put(orders, sent, mode=DELIVERY, pickup_node=-1))


def open_node(world: World, change: changes.Open, _: Turn) -> World:
    """A new node gets a part of another's range."""
    name, nodes = change.node.node, world.nodes
    if (nodes["node"] == name).any():
        raise UnusableInput(f"node: there is a node {name!r} already: give another name")
    like = row_of(nodes["node"], change.like, "node")
    world = world.replace(nodes=stacked(nodes, world_of(nodes=[change.node]).nodes))
    rows = np.flatnonzero(world.stock["node"] == like)
    held = world.stock["on_hand"][rows]
    units = floored(held, change.share)
    if change.moved:
        world = world.replace(stock=put(world.stock, rows, on_hand=held - units))
    return add_units(world, nodes.rows, world.stock["sku"][rows], units)


def ship_from(world: World, change: changes.ShipFrom, _: Turn) -> World:
    """Nodes begin or cease to send parcels."""
    chosen = some_nodes(world, change)
    nodes = put(world.nodes, chosen, ships=change.ships)
    if change.orders_per_day is not None:
        nodes = put(nodes, chosen, orders_per_day=change.orders_per_day)
    return world.replace(nodes=nodes)


def capacity(world: World, change: changes.Capacity, _: Turn) -> World:
    """Nodes can do more or less a day."""
    chosen, nodes = some_nodes(world, change), world.nodes
    for name in LIMITS:
        limit, stated = nodes[name], getattr(change, name)
        if stated is not None:
            nodes = put(nodes, chosen, **{name: stated})
        elif change.factor is not None:
            rows = np.flatnonzero(chosen & (limit != ABSENT))
            nodes = put(nodes, rows, **{name: rounded(limit[rows], change.factor)})
    return world.replace(nodes=nodes)


def hours(world: World, change: changes.OpeningHours, _: Turn) -> World:
    """Nodes open at other hours."""
    return world.replace(nodes=put(world.nodes, some_nodes(world, change), hours=change.hours))


def cut_off(world: World, change: changes.CutOff, _: Turn) -> World:
    """Parcels leave the same day until another time."""
    chosen, nodes = some_nodes(world, change), world.nodes
    if change.cutoff is not None:
        return world.replace(nodes=put(nodes, chosen, cutoff=minutes_of(change.cutoff)))
    rows = np.flatnonzero(chosen & (nodes["cutoff"] != ABSENT))
    later = np.clip(nodes["cutoff"][rows] + (change.minutes or 0), 0, LAST_MINUTE)
    return world.replace(nodes=put(nodes, rows, cutoff=later))
