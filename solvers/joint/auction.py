"""From prices to a plan that fits: orders bid for what is scarce, starting at the best prices.

At the best prices every order's own cheapest plan nearly fits; where it does not, many orders are
nearly indifferent. Orders bid for the units of a cell (Bertsekas, Annals of Operations Research
14, 1988, for one unit an order; here an order bids for all that its cheapest plan takes):

    v    =  the order's cheapest plan at the current prices, full cells included              (1)
    v'   =  the same, with the full cells of that plan closed                                 (2)
    bid  =  price + (v' − v) / full units of the plan + ε, in each of its full cells          (3)

The order takes its units where its bid beats the lowest bids of those who hold them; these give
back their whole plan and bid again. The price of a full cell is the lowest bid held in it. What a
holder would bid is found when it is first challenged, by (2). Nodes' capacities are not bid for:
who is dearest to move elsewhere stays, the others bid without that node. An order that was
turned away `PATIENCE` times takes the best of what is left.

It ends, as patience does. With one unit an order, prices from nothing and patience without end,
an auction is within ε an order of the optimum; from good prices, and for orders of several lines,
it is a heuristic without that promise: solvers/joint/neighbour.py improves on it.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.kernel import best_plan
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import Left, lent_menus, scratch
from omnisource.solvers.oracle.serve import priced_cost, take
from omnisource.solvers.problem import Floats, Ints, Prices

EPSILON: Final = 2.0
"""Cents by which a bid is raised."""
PATIENCE: Final = 25
"""Bids of one order before it takes what is left."""
UNKNOWN: Final = -1.0


class Book(NamedTuple):
    """Who holds what: a slot for each cell of an order's plan, in a list of each cell."""

    head: Ints  # (R,) first slot of a cell, −1 for none
    after: Ints  # (U,) next slot of the same cell
    before: Ints  # (U,)
    cell: Ints  # (U,) −1 where the slot is free
    units: Ints  # (U,)
    owner: Ints  # (U,)
    bid: Floats  # (U,) cents a unit, `UNKNOWN` until challenged


@compiled
def hold(menus: Any, o: int, plans: Any, left: Any, book: Any) -> None:
    """Take an order's plan out of what is left and enter what it holds."""
    take(menus, o, plans, 1, left)
    first, k = menus.order_line[o], menus.order_line[o + 1] - menus.order_line[o]
    slot, end = plans.first[o], plans.first[o]
    for a in range(plans.first[o], plans.first[o] + plans.count[o]):
        c, rest = plans.candidate[a], menus.menu_content[plans.entry[a]]
        for j in range(k):
            radix = menus.units[first + j] + 1
            units = rest % radix
            rest //= radix
            if units == 0:
                continue
            r, slot = menus.cell[menus.pair_start[c] + j], plans.first[o]
            while slot < end and book.cell[slot] != r:
                slot += 1
            if slot < end:
                book.units[slot] += units
                continue
            book.cell[slot], book.units[slot], book.owner[slot] = r, units, o
            book.bid[slot], book.before[slot], book.after[slot] = UNKNOWN, -1, book.head[r]
            if book.head[r] >= 0:
                book.before[book.head[r]] = slot
            book.head[r] = slot
            end += 1


@compiled
def give_back(menus: Any, o: int, plans: Any, left: Any, book: Any, to: Any) -> None:
    """Put all that an order holds back; the price of a cell that has units again starts anew.

    `to` is (price now, price to begin with).
    """
    take(menus, o, plans, -1, left)
    for slot in range(plans.first[o], plans.first[o + 1]):
        r = book.cell[slot]
        if r < 0:
            break
        if book.before[slot] >= 0:
            book.after[book.before[slot]] = book.after[slot]
        else:
            book.head[r] = book.after[slot]
        if book.after[slot] >= 0:
            book.before[book.after[slot]] = book.before[slot]
        book.cell[slot] = -1
        if left.stock[r] > 0:
            to[0][r] = to[1][r]
    plans.count[o] = 0


@compiled
def regret(
    menus: Any, o: int, closed: int, prices: Any, left: Any, plans: Any, scene: Any
) -> float:
    """Return what an order's cheapest plan without a cell costs above the plan that it has."""
    work, view, spare = scene
    take(menus, o, plans, -1, left)
    have, view.stock[closed] = view.stock[closed], 0
    value, _ = best_plan(menus, o, prices, view, work, (spare[0], spare[1], 0))
    view.stock[closed] = have
    take(menus, o, plans, 1, left)
    return value - priced_cost(menus, o, prices, plans)


@compiled
def lowest(menus: Any, r: int, prices: Any, left: Any, plans: Any, book: Any, scene: Any) -> int:
    """Return the slot of the lowest bid in a cell, those not known found first."""
    best, slot = -1, book.head[r]
    while slot >= 0:
        if book.bid[slot] == UNKNOWN:
            more = regret(menus, book.owner[slot], r, prices, left, plans, scene)
            book.bid[slot] = prices.cell[r] + max(more, 0.0) / book.units[slot]
        if best < 0 or book.bid[slot] < book.bid[best]:
            best = slot
        slot = book.after[slot]
    return best


@compiled
def thin_out(menus: Any, prices: Any, left: Any, plans: Any, scene: Any) -> Ints:
    """Return orders to be moved from nodes that have too many: who is cheapest to move first."""
    work, view, spare = scene
    orders, nodes = menus.order_line.size - 1, len(left.node_orders)
    node_orders, node_units = left.node_orders.copy(), left.node_units.copy()
    moved, out, count = np.zeros(orders, np.bool_), np.empty(orders, np.int64), 0
    open_view = Left(view.stock, np.maximum(node_orders, 1 << 20), np.maximum(node_units, 1 << 20))
    for n in range(nodes):
        if node_orders[n] >= 0 and node_units[n] >= 0:
            continue
        open_view.node_orders[n] = 0
        who, cost, met = np.empty(orders, np.int64), np.empty(orders), 0
        for o in range(orders):
            here = False
            for a in range(plans.first[o], plans.first[o] + plans.count[o]):
                here |= menus.node[plans.candidate[a]] == n
            if here and not moved[o]:
                value, _ = best_plan(menus, o, prices, open_view, work, (spare[0], spare[1], 0))
                who[met], cost[met] = o, value - priced_cost(menus, o, prices, plans)
                met += 1
        open_view.node_orders[n] = 1 << 20
        for i in np.argsort(cost[:met], kind="mergesort"):
            if node_orders[n] >= 0 and node_units[n] >= 0:
                break
            o = who[i]
            moved[o], out[count] = True, o
            count += 1
            shrink(menus, o, plans, node_orders, node_units)
    return out[:count]


@compiled
def shrink(menus: Any, o: int, plans: Any, node_orders: Ints, node_units: Ints) -> None:
    """Add what an order's plan takes of nodes to what they have left."""
    first, k = menus.order_line[o], menus.order_line[o + 1] - menus.order_line[o]
    for a in range(plans.first[o], plans.first[o] + plans.count[o]):
        n, rest = menus.node[plans.candidate[a]], menus.menu_content[plans.entry[a]]
        node_orders[n] += 1
        for j in range(k):
            radix = menus.units[first + j] + 1
            node_units[n] += rest % radix
            rest //= radix


@compiled
def auction(problem: Any, prices: Any, left: Any, plans: Any) -> tuple[int, int]:
    """Turn everybody's cheapest plans into plans that fit, in place.

    Returns how many bids there were, and how many orders ran out of patience.

    Args:
        problem: the night.
        prices: `Prices` at which the plans are cheapest.
        left: `Left`, all there is; afterwards what the plans leave.
        plans: `Plans`, everybody's cheapest at those prices.
    """
    orders, most = problem.order_line.size - 1, plans.candidate.size
    menus, to, first_price = lent_menus(problem), lent(plans), lent(prices.cell)
    work, rows = scratch(problem, np.arange(orders)), 1
    for o in range(orders):
        rows = max(rows, to.first[o + 1] - to.first[o])
    spare = (np.empty(rows, np.int64), np.empty(rows, np.int64))
    second = (np.empty(rows, np.int64), np.empty(rows, np.int64))
    price = prices.cell.copy()
    at = Prices(price, prices.node_order, prices.node_unit, prices.short)
    view = Left(left.stock.copy(), left.node_orders, left.node_units)
    scene, both, all_stock = (work, view, second), (price, first_price), left.stock.copy()
    book = Book(
        np.full(len(price), -1), np.full(most, -1), np.full(most, -1), np.full(most, -1),
        np.zeros(most, np.int64), np.full(most, -1), np.full(most, UNKNOWN),
    )  # fmt: skip
    queue, ahead, behind = np.empty(orders + 1, np.int64), 0, 0
    for o in range(orders):
        if not menus.large[o]:
            hold(menus, o, to, left, book)
    for o in thin_out(menus, at, left, to, scene):
        give_back(menus, o, to, left, book, both)
        queue[behind] = o
        behind = (behind + 1) % len(queue)
    for r in range(len(price)):
        while left.stock[r] < 0:
            slot = lowest(menus, r, at, left, to, book, scene)
            o = book.owner[slot]
            give_back(menus, o, to, left, book, both)
            queue[behind] = o
            behind = (behind + 1) % len(queue)
    tries, bids, given_up = np.zeros(orders, np.int64), 0, 0
    cells, asked = np.empty(rows, np.int64), np.empty(rows, np.int64)
    full = np.empty(rows, np.bool_)
    while ahead != behind:
        o = queue[ahead]
        ahead = (ahead + 1) % len(queue)
        placed = False
        while not placed:
            tries[o] += 1
            bids += 1
            last = tries[o] > PATIENCE
            here = left if last else view
            value, count = best_plan(menus, o, at, here, work, (spare[0], spare[1], 0))
            kinds, wanted = 0, 0
            for a in range(count):
                c, rest = spare[0][a], menus.menu_content[spare[1][a]]
                for j in range(menus.order_line[o + 1] - menus.order_line[o]):
                    radix = menus.units[menus.order_line[o] + j] + 1
                    units = rest % radix
                    rest //= radix
                    if units == 0:
                        continue
                    r, i = menus.cell[menus.pair_start[c] + j], 0
                    while i < kinds and cells[i] != r:
                        i += 1
                    if i == kinds:
                        cells[i], asked[i] = r, 0
                        kinds += 1
                    asked[i] += units
            for i in range(kinds):
                full[i] = left.stock[cells[i]] < asked[i]
                wanted += asked[i] if full[i] else 0
            extra = 0.0
            if wanted:
                for i in range(kinds):
                    if full[i]:
                        view.stock[cells[i]] = 0
                other, _ = best_plan(menus, o, at, view, work, (second[0], second[1], 0))
                for i in range(kinds):
                    if full[i]:
                        view.stock[cells[i]] = all_stock[cells[i]]
                extra = max(other - value, 0.0) / wanted + EPSILON
                beaten = False
                for i in range(kinds):
                    r = cells[i]
                    if not full[i]:
                        continue
                    slot = lowest(menus, r, at, left, to, book, scene)
                    if slot < 0 or book.bid[slot] >= price[r] + extra:
                        beaten = True
                        price[r] = max(price[r], book.bid[slot] if slot >= 0 else 0.0) + EPSILON
                if beaten:
                    continue
                for i in range(kinds):
                    while full[i] and left.stock[cells[i]] < asked[i]:
                        slot = lowest(menus, cells[i], at, left, to, book, scene)
                        if slot < 0 or book.bid[slot] >= price[cells[i]] + extra:
                            beaten = True
                            break
                        loser = book.owner[slot]
                        give_back(menus, loser, to, left, book, both)
                        queue[behind] = loser
                        behind = (behind + 1) % len(queue)
                if beaten:
                    continue
            placed, given_up = True, given_up + last
            to.count[o], to.value[o] = count, value
            to.candidate[to.first[o] : to.first[o] + count] = spare[0][:count]
            to.entry[to.first[o] : to.first[o] + count] = spare[1][:count]
            hold(menus, o, to, left, book)
            for slot in range(to.first[o], to.first[o + 1]):
                if book.cell[slot] < 0:
                    break
                for i in range(kinds):
                    if wanted and full[i] and cells[i] == book.cell[slot]:
                        book.bid[slot] = price[cells[i]] + extra
            for i in range(kinds):
                if wanted and full[i]:
                    slot = lowest(menus, cells[i], at, left, to, book, scene)
                    price[cells[i]] = max(price[cells[i]], book.bid[slot])
    return bids, given_up
