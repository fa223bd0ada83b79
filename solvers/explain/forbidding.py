"""Which rules forbid a node to send a line, by name; and the fewest that would have to go.

Every way of a node is tried with one unit of a line, as `evaluate` would judge it. With R(w, l) the
rules that a unit of line l by way w breaks,

    (1)  the smallest set of rules that forbids a node  =  min over lines l and ways w of |R(w, l)|

since one unit of one line is the least that a node can send. Where a unit could go and still no
plan has the node in it, what stands in the way are rules of the whole order:
solvers/explain/alternatives.py leaves out one of them, then two, and so on, until there is a plan.
"""

from dataclasses import dataclass

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.parcels import Bits, Parcels
from omnisource.solvers.problem import NEVER, Flags
from omnisource.solvers.routes.direct import COUNTER


@dataclass(frozen=True, eq=False)
class Tried:
    """Every way of some (node, line) pairs, one after the other, with one unit each."""

    parcels: Parcels
    goes: Flags  # (pairs · ways,) whether the service goes there at all
    ways: int


def tried(world: World, order: int, nodes: list[int], lines: list[int]) -> Tried:
    """Try every way of every (node, line) of one order.

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
    return Tried(parcels, goes, ways)


def forbidding(
    world: World, order: int, nodes: list[int], lines: list[int]
) -> list[tuple[str, ...]]:
    """Return, for every (node, line) of one order, the rules that exclude it.

    Named are the rules of the way that fewest forbid: those would have to go. Arguments as for
    `tried`.
    """
    found = tried(world, order, nodes, lines)
    bits, names = found.parcels.fence_bits, found.parcels.fences.names
    return [
        _fewest(names, bits[begin : begin + found.ways][found.goes[begin : begin + found.ways]])
        for begin in range(0, len(bits), found.ways)
    ]


def _fewest(names: tuple[str, ...], bits: Bits) -> tuple[str, ...]:
    forbidden = [_named(names, way) for way in bits]
    return min(filter(None, forbidden), key=len, default=())


def _named(names: tuple[str, ...], bits: int) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(names) if int(bits) >> i & 1)


def smallest(world: World, order: int, node: int, lines: list[int]) -> tuple[str, ...]:
    """Return the fewest rules that forbid a node to send anything of an order, (1).

    Args:
        world: the scenario.
        order: row of world.orders.
        node: row of world.nodes.
        lines: rows of world.lines, of that order.
    """
    found = tried(world, order, [node] * len(lines), lines)
    parcels, goes = found.parcels, np.flatnonzero(found.goes)
    if not world.nodes["ships"][node] and not parcels.over_the_counter[goes].any():
        return ("the node does not ship",)
    if not len(goes):
        return ("no service goes there",)
    return min((_broken(parcels, s) for s in goes.tolist()), key=len)


def _broken(parcels: Parcels, s: int) -> tuple[str, ...]:
    """Return the rules that one unit breaks, sent in parcel s."""
    world, cell, n = parcels.world, int(parcels.cell[s]), int(parcels.shipped.node[s])
    rules = list(_named(parcels.fences.names, parcels.fence_bits[s]))
    if cell < 0 or parcels.cells.units[cell] < 1:
        rules.append(f"no stock of {world.products['sku'][parcels.sku[s]]}")
    if world.policy.late_cents is None and parcels.days_late[s] > 0:
        rules.append("the promised date")
    if not parcels.over_the_counter[s] and parcels.tariff[1][s] >= NEVER:
        rules.append("the weight limit")
    for name, what in (("orders_per_day", "shipments"), ("units_per_day", "units")):
        if world.nodes[name][n] == 0:
            rules.append(f"no {what} left that day")
    return tuple(rules)
