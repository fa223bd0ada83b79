"""Stock in the wrong place: what to move, lane by lane and product by product.

The products with most at stake are looked at: what the night pays for their scarce units, or lacks
of them. Each cell of theirs, and each that a large warehouse might have, is asked who would take of
it and what that saves (`solvers/worth.py`); `solvers/rebalance.py` finds what to move, and what
that is worth when everybody makes room for everybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.lab.rows import put
from omnisource.orchestrator.lab.stock import add_units
from omnisource.orchestrator.recommend.idea import Idea
from omnisource.orchestrator.recommend.moves import Found, groups, ideas_of
from omnisource.orchestrator.recommend.priced import of_orders
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.problem import Ints
from omnisource.solvers.rebalance import Held, Lanes, Wants, rebalance
from omnisource.solvers.worth import BARRED, Valued, beside_none, valued

SKUS: Final = 100
"""Products that are looked at, those with most at stake."""
WAREHOUSES: Final = 10
"""Warehouses that are asked about products that they do not have, those with most units."""
PLENTY: Final = 1_000
"""Units that a cell is given, to see who would take them."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Who asks about which products, and the night in which that is answered."""

    seen: Seen
    skus: Ints
    orders: Ints  # rows of those who ordered them, in the order of the night's
    night: Valued


def transfers(seen: Seen) -> Iterator[Idea]:
    """Recommend transfers: all together, by pair of nodes, and by product."""
    skus = at_stake(seen)
    orders = seen.who_ordered(skus)
    if not len(orders) or not seen.world.stock.rows:
        return
    asked = Asked(seen, skus, orders, grown_night(seen, skus, orders))
    held, wants = holding(asked), wanted(asked)
    lanes, haul, nodes = known_lanes(seen.world), seen.terms.haul, seen.world.nodes.rows
    grams = seen.world.products["grams"].astype(np.int64)
    found = rebalance(held, wants, grams, lanes=lanes, haul=haul, nodes=nodes)
    yield from ideas_of(Found(seen, held, wants, found, lanes))


def at_stake(seen: Seen) -> Ints:
    """Return the products with most at stake: Σ price · units used, and the penalty of what lacks.

    Of which that is nothing, those that sell best: they may lie far away and yet cost no price.
    Ascending; at most `SKUS` of them.
    """
    cells, short = seen.cells, seen.run.plan.shortages
    products = seen.world.products.rows
    paid = np.bincount(cells.sku, seen.cell_cents * seen.used, products)
    lost = np.bincount(short["sku"], short["cents"], products)
    sold = np.bincount(cells.sku, seen.used, products)
    stake = paid + lost + sold
    dearest = np.argsort(-stake, kind="stable")[:SKUS]
    return np.sort(dearest[stake[dearest] > 0])


def grown_night(seen: Seen, skus: Ints, orders: Ints) -> Valued:
    """Return the orders of some products at the run's prices, every cell of these with plenty.

    A cell that has nothing to sell has no price of its own: it is barred until it is asked about.
    """
    world = of_orders(grown(seen, skus), orders)
    problem, _ = compile_world(world, seen.threads)
    prices = prices_of(problem, seen.prices)
    at = seen.cells.find(problem.cell_node, problem.cell_sku)
    has = (at >= 0) & (seen.available[at] > 0)
    return valued(problem, prices._replace(cell=np.where(has, prices.cell, BARRED)), seen.threads)


def grown(seen: Seen, skus: Ints) -> World:
    """Return the world with plenty of some products, in each cell and in the largest warehouses."""
    world, stock = seen.world, seen.world.stock
    rows = np.flatnonzero(np.isin(stock["sku"], skus))
    world = world.replace(stock=put(stock, rows, on_hand=stock["on_hand"][rows] + PLENTY))
    held = np.bincount(stock["node"], stock["on_hand"], world.nodes.rows)
    held = np.where(seen.kind_of_node("warehouse"), held, -1)
    for node in np.argsort(-held, kind="stable")[:WAREHOUSES]:
        if held[node] >= 0:
            new = np.setdiff1d(skus, stock["sku"][stock["node"] == node])
            world = add_units(world, int(node), new, np.full(len(new), PLENTY))
    return world


def wanted(asked: Asked) -> Wants:
    """Return who would take what of which cell, and what each unit saves."""
    problem, products = asked.night.problem, asked.seen.world.products.rows
    cells = np.unique(problem.cell[problem.cell >= 0]).astype(np.int64)
    cells = cells[np.isin(problem.cell_sku[cells], asked.skus)]
    none = np.zeros(0, np.int64)
    parts = [(none, none, none, none, np.zeros(0))]
    for rows in groups(problem.cell_sku[cells].astype(np.int64)):
        for cell, found in zip(cells[rows], beside_none(asked.night, cells[rows]), strict=True):
            some = np.flatnonzero(found.units > 0)
            node, sku = (np.full(len(some), column[cell], np.int64)
                         for column in (problem.cell_node, problem.cell_sku))  # fmt: skip
            units = found.units[some]
            parts.append((node, sku, asked.orders[found.order[some]], units,
                          found.cents[some] / units))  # fmt: skip
    node, sku, order, units, cents = (np.concatenate(c) for c in zip(*parts, strict=True))
    _, buyer = np.unique(order * products + sku, return_inverse=True)
    most = np.zeros(int(buyer.max(initial=-1)) + 1, np.int64)
    np.maximum.at(most, buyer, units)
    return Wants(node, sku, buyer, units, cents, most)


def holding(asked: Asked) -> Held:
    """Return the units that may be sold and moved; what is due is there, but stays."""
    seen, cells = asked.seen, asked.seen.cells
    mine = np.isin(cells.sku, asked.skus) & (cells.place == np.arange(len(cells.node)))
    rows = np.flatnonzero(mine & (seen.available > 0))
    large = _taken_by_large(asked)[rows]
    units = np.maximum(seen.available[rows] - large, 0)
    lies = np.zeros(len(cells.node), np.int64)
    lies[: seen.world.stock.rows] = seen.world.stock["on_hand"]
    free = np.minimum(units, lies[rows])
    node, sku = (np.tile(column[rows].astype(np.int64), 2) for column in (cells.node, cells.sku))
    found = Held(node, sku, np.append(free, units - free), np.repeat([False, True], len(rows)))
    return Held._make(column[found.units > 0] for column in found)


def _taken_by_large(asked: Asked) -> Ints:
    """Return, (R,), the units that orders without menus have, which are asked nothing."""
    seen, held = asked.seen, asked.seen.run.plan.allocations
    large = asked.orders[asked.night.problem.large]
    rows = np.flatnonzero(np.isin(held["order"], large))
    at = seen.cells.find(held["node"][rows], held["sku"][rows])
    return np.bincount(at, held["units"][rows], len(seen.available)).astype(np.int64)


def known_lanes(world: World) -> Lanes:
    """Return what the scenario's lanes cost between pairs of nodes, the cheapest of each."""
    lanes = world.lanes
    rows = np.flatnonzero(lanes["to_node"] >= 0)
    pair = lanes["from_node"][rows].astype(np.int64) * world.nodes.rows + lanes["to_node"][rows]
    load = lanes["kg_per_departure"][rows]
    grams = np.where(load == ABSENT, np.inf, load * 1000.0)
    kg, fee = (lanes[name][rows].astype(float) for name in ("cents_per_kg", "cents_per_departure"))
    order = np.lexsort((kg + 1000 * fee / grams, pair))
    pair, first = np.unique(pair[order], return_index=True)
    best = order[first]
    return Lanes(pair, kg[best], fee[best], grams[best])
