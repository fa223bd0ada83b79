"""Goods come in: receipts that were known, what was ordered, what customers send back.

Indices: c a stock cell, k[c] its product. Data: s_c its share of the product's units on hand when
the books were opened, m_k the product's mean demand a day.

    (1)  target_c    =  ⌊ s_c · m_k · cover days + ½ ⌋
    (2)  position_c  =  on hand − reserved + on order
    (3)  ordered_c   =  max(0, target_c − position_c)     every `review_days`, there `lead_days` on

an order-up-to policy with periodic review (Silver, Pyke & Thomas, Inventory and Production
Management in Supply Chains, 4th ed., section 6.5: (R, S)), its S from the mean alone. Demand is
that of the draw that is expected (`expected`), else what has been seen so far: never what comes.

Units that come back go where solvers/returns.py says they are worth most, as good as new; what is
worth more cleared than back on a shelf is gone.
"""

from typing import Final

import numpy as np

from omnisource.models.returns import ReturnRules
from omnisource.orchestrator.life.returns import candidates, place_of, transport
from omnisource.orchestrator.simulate.scene import Scene
from omnisource.orchestrator.simulate.tally import WALKED
from omnisource.solvers.problem import Floats
from omnisource.solvers.returns import best_way

RULES: Final = ReturnRules()


def goods_in(scene: Scene, day: int) -> None:
    """Let come what was ordered and what is sent back, at the begin of a day.

    Not after the last day of orders: what comes then, nobody could have been promised.
    """
    if day >= scene.stream.days:
        return
    for cells, units in scene.goods.pop(day, ()):
        np.subtract.at(scene.on_order, cells, units)
        scene.books.receive(cells, units)
    for due in sorted(each for each in scene.back if each <= day):  # what came back at once, too
        for orders, cells, units in scene.back.pop(due):
            scene.books.receive(cells, units, back=True)
            scene.ledger.add("restocked_units", orders, units)


def review(scene: Scene, day: int) -> None:
    """Order what is missing, (1) to (3), on days of review."""
    rule, books = scene.setup.replenish, scene.books
    if not rule.review_days or day % rule.review_days or day >= scene.stream.days:
        return
    sku = books.world.stock["sku"]
    total = np.bincount(sku, books.start, books.world.products.rows)
    share = books.start / np.maximum(total, 1)[sku]
    mean = mean_demand(scene, scene.begins(day))
    target = np.floor(share * mean[sku] * rule.cover_days + 0.5).astype(np.int64)  # (1)
    position = books.on_hand - books.reserved + scene.on_order  # (2)
    wanted = np.maximum(0, target - position)  # (3)
    cells = np.flatnonzero(wanted)
    if len(cells):
        scene.on_order[cells] += wanted[cells]
        scene.goods[day + max(1, rule.lead_days)].append((cells, wanted[cells]))


def mean_demand(scene: Scene, at: int) -> Floats:
    """Return, (SKU,), the mean units a day of each product, as they are known at a minute."""
    world = scene.carts.world if scene.expected is None else scene.expected
    days = scene.stream.days if scene.expected is not None else scene.day(at)
    lines, placed = world.lines, world.orders["placed_at"][world.lines["order"]]
    units = lines["units"]
    if scene.expected is None:
        stayed = scene.ledger.state[lines["order"]] != WALKED
        units = units * ((placed < at) & stayed)
    found = np.bincount(lines["sku"], units, world.products.rows)
    return np.asarray(found / max(days, 1), np.float64)


def receipts_of(scene: Scene, day: int) -> list[int]:
    """Return the minutes of a day at which receipts are due; the first has those before, too."""
    due = scene.stream.world.receipts["due"]
    begin = scene.begins(day) if day else np.iinfo(np.int64).min
    mine = due[(due >= begin) & (due < scene.begins(day + 1))]
    return sorted({max(int(each), scene.begins(day)) for each in mine})


def received(scene: Scene, at: int) -> None:
    """Let receipts come that are due at a minute."""
    table = scene.stream.world.receipts
    due = np.maximum(table["due"], scene.stream.first)
    rows = np.flatnonzero(due == at)
    node, sku = table["node"][rows].tolist(), table["sku"][rows].tolist()
    cells = [scene.books.cell(n, k) for n, k in zip(node, sku, strict=True)]
    scene.books.receive(np.array(cells, np.int64), table["units"][rows].astype(np.int64))


def back_to(scene: Scene, cell: int) -> int:
    """Return the stock cell that a returned unit of a cell goes to, −1 if it is cleared."""
    if cell not in scene.ways:
        scene.ways[cell] = _way(scene, cell)
    return scene.ways[cell]


def _way(scene: Scene, cell: int) -> int:
    books, world = scene.books, scene.carts.world
    node, sku = (int(world.stock[name][cell]) for name in ("node", "sku"))
    grams, price = (int(world.products[name][sku]) for name in ("grams", "price_cents"))
    names = world.nodes["node"]
    takes = [row for row in candidates(world, node, RULES) if world.nodes["returns"][row]]
    known = {row: books.cell(row, sku) for row in {node, *takes}}
    shadow, here = books.desk.prices[0], node if world.nodes["returns"][node] else -1
    if here < 0:
        here = min(takes, key=lambda row: transport(world, node, row, grams), default=-1)
    if here < 0:
        return -1
    places = [
        place_of(world, row, float(shadow[c]) if c >= 0 else 0.0,
                 transport(world, here, row, grams))
        for row, c in sorted(known.items())
        if (c >= 0 and row in {here, *takes}) or row == here
    ]  # fmt: skip
    way = best_way(places, names[here], max(price, 0), grade="new", rules=RULES)
    row = next(row for row in known if names[row] == way.node)
    return -1 if way.what == "clear" else known[row]
