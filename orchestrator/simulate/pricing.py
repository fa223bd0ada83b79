"""Bid prices: what a unit is worth to the orders that are expected.

    (1)  the horizon ends when goods can come that are ordered next (review and lead time), or with
         the simulation; there is what is free now, what is on order and what is due by then
    (2)  who comes when a product is gone everywhere gets nothing, whatever is decided, and is left
         out: orders are taken in turn, each if all of it is still there somewhere
    (3)  the joint solver decides the others on what there is, with the capacity of so many days;
         its prices are the shadow prices of stock and capacity
    (4)  the desk adds them to what plans cost: a unit that dearer orders will want is kept for them

No order is refused for one that may come: prices choose among plans. So without (2), where stock is
short for the whole horizon, the solver would serve those whom it costs least from each node, and
price units by orders that the desk cannot pick out. `bid-prices` finds prices once
(Talluri & van Ryzin, An Analysis of Bid-Price Controls for Network Revenue Management, Management
Science 44(11) 1998), `bid-prices-resolved` every night anew (Jasin & Kumar, Mathematics of
Operations Research 37(2) 2012, on what re-solving is worth).

What is expected is an independent draw of the same demand, if one is given; else what came on as
many days before, as if it came again. Never the stream itself, nor who walks away.
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import numpy as np

from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.hindsight import for_days
from omnisource.orchestrator.simulate.demand import DAY
from omnisource.orchestrator.simulate.scene import Scene, was_cut
from omnisource.orchestrator.simulate.tally import WALKED
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.problem import Ints
from omnisource.solvers.shards.cut import runs

NEAR: Final = 1.0
"""Gap at which a plan is near enough: only prices are wanted, and these are found first."""
MOST: Final = 50_000
"""Orders that are decided for prices at the most: the horizon ends with them."""


def new_prices(scene: Scene, at: int) -> None:
    """Find prices at a minute, (1) to (3), and promise at them from then on, (4)."""
    days = horizon(scene, at)
    there = supply(scene, at, days)
    expected = in_turn(expected_orders(scene, at, days), scene.books.world.stock["sku"], there)
    if not expected.orders.rows:
        return
    world = for_days(_standing(scene, expected, at, there), days)
    now = datetime.fromtimestamp(at * 60, UTC)
    limits = replace(scene.limits, gap=max(scene.limits.gap, NEAR))
    plan = allocate(world, limits=limits, now=now, prices=scene.plan)
    scene.plan = plan
    scene.cut += was_cut(plan)
    if plan.prices is not None:
        scene.books.at_prices(prices_of(scene.books.bare, plan.prices))
        scene.ways.clear()


def horizon(scene: Scene, at: int) -> int:
    """Return for how many days what is there must last."""
    rule = scene.setup.replenish
    left = max(1, scene.stream.days - scene.day(at))
    return min(left, max(1, rule.review_days + rule.lead_days)) if rule.review_days else left


def expected_orders(scene: Scene, at: int, days: int) -> World:
    """Return the orders that are expected within some days of a minute; none if none are known."""
    if scene.expected is not None:
        known = placed_within(scene.expected, at, at + days * DAY)
        return picked_orders(scene.expected, known[:MOST])
    came = placed_within(scene.carts.world, at - days * DAY, at)
    return picked_orders(scene.carts.world, came[scene.ledger.state[came] != WALKED][:MOST])


def placed_within(world: World, begin: int, end: int) -> Ints:
    """Return the rows of the orders placed from one minute to another."""
    first, last = np.searchsorted(world.orders["placed_at"], (begin, end)).tolist()
    return np.arange(first, last)


def picked_orders(world: World, rows: Ints) -> World:
    """Return the world with those orders alone, their rows ascending."""
    start = np.searchsorted(world.lines["order"], np.arange(world.orders.rows + 1))
    ends, lines = runs(start.astype(np.int64), rows)
    owner = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(ends))
    return world.replace(
        orders=world.orders.take(rows), lines=world.lines.take(lines).replace(order=owner)
    )


def supply(scene: Scene, at: int, days: int) -> Ints:
    """Return, (R,), the units that there are within some days of a minute, (1)."""
    books, due = scene.books, scene.stream.world.receipts
    end, there = at + days * DAY, books.on_hand - books.reserved
    for day, parts in scene.goods.items():
        for cells, units in parts if scene.begins(day) < end else ():
            np.add.at(there, cells, units)
    for row in np.flatnonzero((due["due"] > at) & (due["due"] < end)).tolist():
        there[books.cell(int(due["node"][row]), int(due["sku"][row]))] += due["units"][row]
    return there


def in_turn(world: World, sku: Ints, there: Ints) -> World:
    """Return the world without the orders that find a product gone, (2).

    Args:
        world: what is expected, in the order in which it comes.
        sku: (R,) the product of each stock cell.
        there: (R,) its units.
    """
    lines, products = world.lines, world.products.rows
    left = np.bincount(sku, np.maximum(there, 0), products).astype(np.int64)
    wanted = np.bincount(lines["sku"], lines["units"], products)
    if (wanted <= left).all():
        return world
    first = np.searchsorted(lines["order"], np.arange(world.orders.rows + 1)).tolist()
    rows = list(zip(lines["sku"].tolist(), lines["units"].tolist(), strict=True))
    rest, kept = left.tolist(), []
    for order, (begin, end) in enumerate(pairwise(first)):
        basket: dict[int, int] = {}
        for each, units in rows[begin:end]:
            basket[each] = basket.get(each, 0) + units
        if all(rest[each] >= units for each, units in basket.items()):
            kept.append(order)
            for each, units in basket.items():
                rest[each] -= units
    return picked_orders(world, np.array(kept, np.int64))


def _standing(scene: Scene, expected: World, at: int, there: Ints) -> World:
    """Return the world of what is expected, on what there is."""
    books, size = scene.books, expected.orders.rows
    orders = expected.orders.replace(placed_at=np.full(size, at), promised_by=np.full(size, ABSENT))
    return books.world.replace(
        stock=books.world.stock.replace(on_hand=there), orders=orders, lines=expected.lines
    )
