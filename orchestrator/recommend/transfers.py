"""Stock in the wrong place: what to move, lane by lane and product by product.

The products with most at stake are looked at: what the night pays for their scarce units, or lacks
of them. Each cell that has nothing left, or that a warehouse might have, is asked who would take
of it and what that saves (`solvers/worth.py`); each cell with something left, or whose users miss
it little, offers that; `solvers/rebalance.py` finds what to move.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from omnisource.models.changes import Change, MoveStock
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.lab.rows import put
from omnisource.orchestrator.lab.stock import add_units
from omnisource.orchestrator.recommend.idea import Idea, some_of
from omnisource.orchestrator.recommend.priced import of_orders
from omnisource.orchestrator.recommend.seen import MOST, Seen
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.problem import Flags, Floats, Ints, Problem
from omnisource.solvers.rebalance import (
    Lanes,
    Moves,
    Offers,
    Wants,
    departures,
    rebalance,
    ways_between,
)
from omnisource.solvers.worth import BARRED, Valued, gains, losses, valued

SKUS: Final = 200
"""Products that are looked at, those with most at stake."""
WAREHOUSES: Final = 10
"""Warehouses that are asked about products that they do not have, those with most units."""
PLENTY: Final = 1_000
"""Units that a cell is given, to see who would take them."""
LEAST: Final = 1.0
"""Cents that a unit must save to be wanted."""
IDEAS: Final = 25
"""Lanes, and products, that are recommended."""
CHANGES: Final = 100
"""Changes that one scenario may hold."""


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
    if not len(skus):
        return
    orders = seen.who_ordered(skus)
    night = Asked(seen, skus, orders, grown_night(seen, skus, orders))
    wants, offers = wanted(night), offered(night)
    if not len(wants.node) or not len(offers.node):
        return
    found = rebalance(
        offers, wants, seen.world.products["grams"], lanes=known_lanes(seen.world),
        haul=seen.terms.haul, nodes=seen.world.nodes.rows,
    )  # fmt: skip
    yield from _ideas(seen, found)


def at_stake(seen: Seen) -> Ints:
    """Return the products with most at stake: Σ price · units used, and the penalty of what lacks.

    Ascending; at most `SKUS` of them.
    """
    cells, short = seen.cells, seen.run.plan.shortages
    products = seen.world.products.rows
    paid = np.bincount(cells.sku, seen.cell_cents * seen.used, products)
    lost = np.bincount(short["sku"], short["cents"], products)
    stake = paid + lost
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
    """Return who would take what of cells that have nothing left, and what each unit saves.

    Who has units of a cell in the plan is no buyer of more.
    """
    seen, problem = asked.seen, asked.night.problem
    has, many = _holders(seen), seen.world.orders.rows
    parts: list[tuple[Ints, Ints, Ints, Ints, Floats]] = []
    for cell, at in zip(*_empty_cells(asked), strict=True):
        found = gains(asked.night, "cell", int(cell))
        order, worth = asked.orders[found.order], found.cents / np.maximum(found.units, 1)
        new = (found.units > 0) & (worth >= LEAST) & ~np.isin(at * many + order, has)
        like = np.ones(int(new.sum()), np.int64)
        node, sku = problem.cell_node[cell] * like, problem.cell_sku[cell] * like
        parts.append((node, sku, order[new], found.units[new], worth[new]))
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Wants(nothing, nothing, nothing, nothing, np.zeros(0), nothing)
    node, sku, order, units, cents = (np.concatenate(c) for c in zip(*parts, strict=True))
    _, buyer = np.unique(order * seen.world.products.rows + sku, return_inverse=True)
    most = np.zeros(int(buyer.max(initial=-1)) + 1, np.int64)
    np.maximum.at(most, buyer, units)
    return Wants(node, sku, buyer, units, cents, most)


def _holders(seen: Seen) -> Ints:
    """Return cell · orders + order of whoever has units of a cell, ascending."""
    held = seen.run.plan.allocations
    at = seen.cells.find(held["node"], held["sku"]).astype(np.int64)
    return np.unique(at * seen.world.orders.rows + held["order"])


def _empty_cells(asked: Asked) -> tuple[Ints, Ints]:
    """Return the cells, of the problem and of the night, in which nothing is left, −1 for none."""
    seen, problem = asked.seen, asked.night.problem
    cells = np.unique(problem.cell[problem.cell >= 0]).astype(np.int64)
    cells = cells[np.isin(problem.cell_sku[cells], asked.skus)]
    at = seen.cells.find(problem.cell_node[cells], problem.cell_sku[cells]).astype(np.int64)
    left = np.where(at >= 0, (seen.available - seen.used)[at], 0)
    return cells[left <= 0], at[left <= 0]


def offered(asked: Asked) -> Offers:
    """Return what cells can give up: what is left of them, and what their users miss little."""
    seen, cells, stock = asked.seen, asked.seen.cells, asked.seen.world.stock
    on_hand = np.zeros(len(cells.node), np.int64)
    on_hand[: stock.rows] = stock["on_hand"]
    left = np.minimum(seen.available - seen.used, on_hand)
    mine = np.isin(cells.sku, asked.skus) & (cells.place == np.arange(len(cells.node)))
    spare = np.flatnonzero(mine & (left > 0))
    free = (cells.node[spare], cells.sku[spare], left[spare], np.zeros(len(spare)))
    busy = mine & (left <= 0) & (seen.used > 0) & (seen.used <= on_hand)
    parts = [free, *_in_use(asked, busy)]
    node, sku, units, cents = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Offers(node.astype(np.int64), sku.astype(np.int64), units, cents)


def _in_use(asked: Asked, busy: Flags) -> Iterator[tuple[Ints, Ints, Ints, Floats]]:
    """Give the units that each busy cell's users have, and what each of them loses without."""
    seen, problem = asked.seen, asked.night.problem
    held = seen.run.plan.allocations
    at = seen.cells.find(held["node"], held["sku"])
    rows = np.flatnonzero(busy[at])
    theirs = np.searchsorted(asked.orders, held["order"][rows])
    rows, theirs = rows[~problem.large[theirs]], theirs[~problem.large[theirs]]
    turn = np.argsort(at[rows], kind="stable")
    for mine in _groups(at[rows][turn]):
        row, user = rows[turn[mine]], theirs[turn[mine]].astype(np.int64)
        cell = _cell(problem, int(held["node"][row[0]]), int(held["sku"][row[0]]))
        units = held["units"][row].astype(np.int64)
        lost = np.maximum(losses(asked.night, cell, user), 0.0)
        yield held["node"][row], held["sku"][row], units, lost / units


def _cell(problem: Problem, node: int, sku: int) -> int:
    found = np.flatnonzero((problem.cell_node == node) & (problem.cell_sku == sku))
    return int(found[0])


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


@dataclass(frozen=True)
class _Load:
    """What goes between pairs of nodes, and what that costs."""

    grams: int
    trucks: int
    cents: int


def _ideas(seen: Seen, found: Moves) -> Iterator[Idea]:
    """Sum the moves up: all of them, those of each pair of nodes, those of each product."""
    everything = np.arange(len(found.sku))
    lanes = _groups(found.source * seen.world.nodes.rows + found.target)
    if len(lanes) > 1:
        yield _idea(seen, found, everything, "transfers", _title_of_all(found, len(lanes)))
    ideas = [_idea(seen, found, rows, "transfer", _title(seen, found, rows)) for rows in lanes]
    yield from _best(ideas)
    ideas = [
        _idea(seen, found, rows, "misplaced", _title_of_sku(seen, found, rows))
        for rows in _groups(found.sku)
    ]
    yield from _best(ideas)


def _best(ideas: list[Idea]) -> list[Idea]:
    return sorted(ideas, key=lambda idea: -idea.net_cents)[:IDEAS]


def _groups(key: Ints) -> list[Ints]:
    """Return the rows of each different key."""
    order = np.argsort(key, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
    return [part for part in parts if len(part)]


def _idea(seen: Seen, found: Moves, rows: Ints, kind: str, title: str) -> Idea:
    load = _load(seen, found, rows)
    facts: dict[str, Any] = {
        "units": int(found.units[rows].sum()),
        "skus": len(np.unique(found.sku[rows])),
        "kg": round(load.grams / 1000, 1),
        "departures": load.trucks,
        "haul_cents": load.cents,
    }
    return Idea(
        kind=kind,
        name=title,
        changes=_changes(seen, found, rows),
        price_cents=float(found.cents[rows].sum()),
        extra_cents=load.cents,
        orders=some_of(seen.who_ordered(found.sku[rows]), MOST),
        facts=facts,
    )


def _load(seen: Seen, found: Moves, rows: Ints) -> _Load:
    nodes = seen.world.nodes.rows
    pair, at = np.unique(found.source[rows] * nodes + found.target[rows], return_inverse=True)
    grams = np.bincount(at, found.grams[rows])
    ways = ways_between(pair // nodes, pair % nodes, nodes=nodes,
                        lanes=known_lanes(seen.world), haul=seen.terms.haul)  # fmt: skip
    trucks = departures(grams, ways.load_grams)
    fee = float((trucks * ways.departure_cents).sum()) + float(found.haul_cents[rows].sum())
    return _Load(int(grams.sum()), int(trucks.sum()), int(np.ceil(fee - 1e-6)))


def _changes(seen: Seen, found: Moves, rows: Ints) -> tuple[Change, ...]:
    """Return moves of stock, those of as many units between the same nodes as one."""
    together: dict[tuple[int, int, int], list[str]] = {}
    for row in rows[np.argsort(-found.cents[rows], kind="stable")].tolist():
        key = int(found.source[row]), int(found.target[row]), int(found.units[row])
        together.setdefault(key, []).append(seen.sku(int(found.sku[row])))
    return tuple(
        MoveStock(kind="move_stock", nodes=(seen.node(m),), to=seen.node(n), skus=tuple(skus),
                  units=units)  # fmt: skip
        for (m, n, units), skus in list(together.items())[:CHANGES]
    )


def _title(seen: Seen, found: Moves, rows: Ints) -> str:
    one = int(rows[0])
    where = f"{seen.node(int(found.source[one]))} to {seen.node(int(found.target[one]))}"
    return f"move {_amount(found, rows)} from {where}"


def _title_of_sku(seen: Seen, found: Moves, rows: Ints) -> str:
    sku = seen.sku(int(found.sku[int(rows[0])]))
    targets = np.unique(found.target[rows])
    to = seen.node(int(targets[0])) if len(targets) == 1 else count(len(targets), "node")
    return f"{sku}: {count(int(found.units[rows].sum()), 'unit')} belong at {to}"


def _title_of_all(found: Moves, lanes: int) -> str:
    return f"all transfers: {_amount(found, np.arange(len(found.sku)))} on {lanes} ways"


def _amount(found: Moves, rows: Ints) -> str:
    units, skus = int(found.units[rows].sum()), len(np.unique(found.sku[rows]))
    return f"{count(units, 'unit')} of {count(skus, 'product')}"


