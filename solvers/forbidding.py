"""Which rules forbid a node to send a line, by name."""

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.legend import Shipped
from omnisource.solvers.parcels import Parcels
from omnisource.solvers.problem import Ints
from omnisource.solvers.routes import COUNTER


def forbidding(
    world: World, order: int, nodes: list[int], lines: list[int]
) -> list[tuple[str, ...]]:
    """Return, for every (node, line) of one order, the rules that exclude it.

    Every way of every node is tried with one unit, as `evaluate` would judge it. Named are the
    rules of the way that fewest forbid: those would have to go.

    Args:
        world: the scenario.
        order: row of world.orders.
        nodes: (n,) rows of world.nodes.
        lines: (n,) rows of world.lines, of that order.
    """
    mine = np.unique(lines)
    alone = world.replace(
        orders=world.orders.take(np.array([order])),
        lines=world.lines.take(mine).replace(order=np.zeros(len(mine), np.int32)),
    )
    services = np.arange(COUNTER, world.services.rows)
    ways = len(services)
    shipped = Shipped(
        order=np.zeros(len(nodes) * ways, np.int64),
        node=np.repeat(np.array(nodes, np.int64), ways),
        service=np.tile(services, len(nodes)),
        start=np.arange(len(nodes) * ways + 1),
        line=np.repeat(np.searchsorted(mine, lines), ways),
        units=np.ones(len(nodes) * ways, np.int64),
    )
    parcels = Parcels(alone, shipped)
    pickup = parcels.network.destinations.pickup[0]
    delivers = np.append(parcels.network.delivers, False)[shipped.service]
    goes = np.where(
        parcels.over_the_counter, shipped.node == pickup, (parcels.rule >= 0) & delivers
    )
    bits = parcels.fence_bits
    return [
        _names(parcels.fences.names, bits[begin : begin + ways][goes[begin : begin + ways]])
        for begin in range(0, len(bits), ways)
    ]


def _names(names: tuple[str, ...], bits: Ints) -> tuple[str, ...]:
    forbidden = [tuple(n for i, n in enumerate(names) if int(way) >> i & 1) for way in bits]
    return min(filter(None, forbidden), key=len, default=())
