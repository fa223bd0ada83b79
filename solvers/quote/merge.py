"""Goods of several nodes in one parcel: merged at a hub, at most once in a plan.

A plan may hold one *merged parcel*: an exit e of a hub (over_lanes.py) by which the goods X leave
that consignments of any nodes have brought there. With U the cart, i its consignments, T the
latest of their arrivals, and D, p as in front.py,

    value(e, X)   =  out_e(X) + Σ_i priced(i, x_i)  +  the rest U − X in p − 1 parcels at most  (1)
    Σ_i x_i = X        T_i ≤ T        a_e(T, p) ≤ D                                         (2)

a_e rises in T, so for a date D the latest T that keeps it is tried alone, each consignment by its
cheapest path until then. The programme (2) of oracle/kernel.py over the consignments of e's hub
gives g(X) for every X at once, and F_{p−1}(s) for every rest s; both forget that shipments of one
node share its stock and its day, so their sum with out_e(X) is a bound. In that order each X is
searched, shipment by shipment, the lowest line left first,

    bound(i_1 … i_m)  =  what they cost + g(what is left of X) + F_{p−1}(U − X), later F alone  (3)

for a plan within what all its shipments together find at their nodes, until no bound is below the
best plan: exact. A consignment is a shipment of its node, as any parcel is.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.kernel import relaxed_plan
from omnisource.solvers.oracle.lend import lent_whole
from omnisource.solvers.oracle.plans import FAR, Left, Menus
from omnisource.solvers.problem import NEVER, UNLIMITED, Flags, Ints, Prices
from omnisource.solvers.quote.menu import Menu, Reached, menu_of
from omnisource.solvers.routes.clocks import BEYOND

CHEAPEST: Final = 0
GREENEST: Final = 1
NOT_SERVED: Final = 2**40
"""Cents a unit short: no plan is as dear, and a whole cart short is less than `FAR`."""


class Oracle(NamedTuple):
    """A menu, made ready for the oracle, with what it is given at each question."""

    menu: Menu
    ways: Reached
    menus: Menus  # `menu_cost` and `max_shipments` are written to
    left: Left
    free: Prices
    way: Ints  # (M,) figure of each entry, written to


class Merge(NamedTuple):
    """What a group can merge."""

    inbound: Oracle  # consignments, hub by hub
    hub: Ints  # (C,) of each candidate of them
    exits: Any  # `Exits`
    usable: Flags  # (E,) whether the group may be served by an exit
    goods: Any  # `Goods`


class Found(NamedTuple):
    """A plan with a merged parcel: exit, its shipments, first those to the hub."""

    exit: Ints  # (1,) −1: there is none
    shipments: Ints  # (1,)
    entry: Ints  # (U,)
    figure: Ints  # (U,)
    direct: Ints  # (U,) 1: of the direct menu


@compiled
def oracle(menu: Any, ways: Any, units: Ints, room: Any) -> Any:
    """Return a menu, ready to be asked; `room`: shipments and units that nodes still take."""
    c, k = len(menu.node), len(units)
    cost: Any = np.empty(len(menu.content))
    menus = Menus(
        np.array([0, k]), np.array([0, c]), np.full(1, UNLIMITED), np.ones(1, np.bool_),
        np.zeros(1, np.bool_), units, np.full(k, NOT_SERVED), np.full(k, -1),
        np.ones(k, np.int64), np.arange(c, dtype=np.int32), np.arange(c + 1) * k, menu.cell,
        menu.cap, menu.start, cost, menu.content,
    )  # fmt: skip
    left = Left(menu.stock, room[0][menu.node], room[1][menu.node])
    free = Prices(np.zeros(c * k), np.zeros(c), np.zeros(c), np.zeros(1))
    return Oracle(menu, ways, menus, left, free, np.empty(len(menu.content), np.int64))


@compiled
def choose_ways(figures: Any, arrives: Ints, asked: tuple[int, int, int], to: Any) -> None:
    """Write what every entry costs by its best way that arrives in time, and that way.

    Args:
        figures: first figure of each entry, and way, priced cents and grams of each figure.
        arrives: (W, P) of each way.
        asked: (goal, column, D).
        to: (cost, figure).
    """
    (start, ways, priced, emits), (goal, column, by), (cost, way) = figures, asked, to
    for m in range(len(cost)):
        least, best = float(NEVER), -1
        for f in range(start[m], start[m + 1]):
            if arrives[ways[f], column] > by:
                continue
            value = one_sum(goal, priced[f], emits[f])
            if value < least:
                least, best = value, f
        cost[m], way[m] = least, best


@njit(inline="always")
def one_sum(goal: int, priced: float, emits: int) -> float:
    """Return the one number whose minimum is a lexicographic one; see front.py."""
    if goal == GREENEST:
        return float(emits + np.floor(priced) * 2.0**-28)
    return float(priced + emits * 2.0**-26)


@compiled
def merge_of(data: Any, goods: Any, met: Any, over: Any, group: Any, at: Any) -> Any:
    """Return what a group can merge; `at`: prices and room, `group`: as for `menu_of`.

    It has no candidates where there is nothing to merge: no exits, or one unit.
    """
    (nodes, cells), (prices, room), (rows, kinds) = met, at, group
    sent, out, k = over.consignments, over.exits, data.order_line[1]
    all_rows, n = len(data.order_line) - 1, len(data.node_lat)
    hubs = max(len(sent.start) - 1, 0) // (all_rows * n) if data.units[:k].sum() > 1 else 0
    many = len(nodes)
    tiled, pairs = np.empty(hubs * many, np.int64), np.empty((hubs * many, k), np.int64)
    for h in range(hubs):
        tiled[h * many : (h + 1) * many], pairs[h * many : (h + 1) * many] = nodes, cells
    ways = _inbound(sent, nodes, hubs, all_rows, n)
    every = np.ones(len(kinds), np.bool_)
    menu = _inbound_menu(data, goods, (tiled, pairs, ways, sent), (rows, every), prices)
    hub = np.empty(len(menu.node), np.int64)
    for c in range(len(hub)):
        hub[c] = sent.hub[ways.lane[menu.way[menu.figure_start[menu.start[c] + 1]]]]
    usable = np.zeros(len(out.row), np.bool_)
    for e in range(len(out.row)):
        usable[e] = kinds[out.service[e]] and (out.row[e] == rows[0] or out.row[e] == rows[1])
    return Merge(oracle(menu, ways, data.units[:k], room), hub, out, usable, goods)


@compiled
def _inbound_menu(data: Any, goods: Any, met: Any, group: Any, prices: Any) -> Any:
    """Do as `menu_of` with ways that nobody has lent."""
    nodes, cells, ways, sent = met
    return menu_of(data, goods, (nodes, cells, lent_whole(ways), sent), group, prices)


@compiled
def _inbound(sent: Any, nodes: Ints, hubs: int, rows: int, all_nodes: int) -> Any:
    """Return the consignments of the nodes met as ways, each (hub, node) a node of its own."""
    many, size = len(nodes), len(sent.service)
    start, lane = np.zeros(rows * hubs * many + 1, np.int64), np.empty(size, np.int64)
    row_of, count = np.empty(size, np.int64), 0
    for row in range(rows):
        for h in range(hubs):
            for i in range(many):
                at = (h * rows + row) * all_nodes + nodes[i]
                for w in range(sent.start[at], sent.start[at + 1]):
                    lane[count], row_of[count] = w, row
                    count += 1
                start[(row * hubs + h) * many + i + 1] = count
    lane = lane[:count]
    return Reached(
        start, row_of[:count], sent.service[lane], sent.steps[lane], sent.arrives[lane],
        sent.bits[lane], sent.co2[lane], sent.emits[lane], lane,
    )  # fmt: skip


@compiled
def cheapest_merged(merge: Any, direct: Any, work: Any, asked: Any, best: float, to: Any) -> float:
    """Return the value of the best plan with a merged parcel below `best`, written to `to`.

    Args:
        merge: `Merge`.
        direct: `Oracle` of the group's own menu, its ways chosen.
        work: `Scratch` of both.
        asked: (goal, column, D).
        best: value of a plan that is known.
        to: `Found`; its exit is −1 where none is better.
    """
    (goal, column, by), (of_rest, of_sent) = asked, work
    out, inbound, goods = merge.exits, merge.inbound, merge.goods.all_of
    to.exit[0] = -1
    scrap = (np.empty(len(to.entry), np.int64), np.empty(len(to.entry), np.int64), 0)
    relaxed_plan(direct.menus, 0, direct.free, direct.left, of_rest, scrap)
    size = len(goods.grams)
    layers = _layers(direct.menus)
    rest = of_rest.f[max(layers - 2, 0) * size : (max(layers - 2, 0) + 1) * size]
    bound = np.empty(size)
    for e in range(len(merge.usable)):
        last = latest(out, e, column, by)
        low = np.searchsorted(merge.hub, out.hub[e])
        high = np.searchsorted(merge.hub, out.hub[e], side="right")
        if not merge.usable[e] or last < 0 or high - low < 2:
            continue
        menu = inbound.menu
        figures = menu.figure_start, menu.way, menu.priced, menu.emits
        costs = inbound.menus.menu_cost, inbound.way
        choose_ways(figures, inbound.ways.arrives, (goal, 0, out.at[last]), costs)
        inbound.menus.order_candidate[0], inbound.menus.order_candidate[1] = low, high
        relaxed_plan(inbound.menus, 0, inbound.free, inbound.left, of_sent, scrap)
        bound[0] = FAR
        for x in range(1, size):
            bound[x] = of_sent.f[x] + rest[size - 1 - x]
            if bound[x] < best:
                bound[x] += leaving(merge, e, x, goal)
        while True:
            x = int(np.argmin(bound))
            if bound[x] >= best:
                break
            bound[x] = FAR
            value = _searched((merge, direct), work, (e, x, layers, goal), best, to)
            if value < best:
                best, to.exit[0] = value, e
    return best


@njit(inline="always")
def _layers(menus: Any) -> int:
    """Return the layers that the oracle's programme has; see `stages.lay_out`."""
    limit, units = menus.max_shipments[0], menus.units.sum()
    return int(limit + 1) if limit < units else 1


@compiled
def latest(out: Any, e: int, column: int, by: int) -> int:
    """Return the row of the latest minute from which an exit arrives in time, −1 for none."""
    last = -1
    for a in range(out.start[e], out.start[e + 1]):
        if out.arrives[a, column] <= by and out.arrives[a, column] < BEYOND:
            last = a
    return last


@njit(inline="always")
def leaving_of(merge: Any, e: int, x: int) -> tuple[int, int]:
    """Return cents, `NEVER` where it must not, and grams of CO2 of goods that leave by an exit."""
    out, goods = merge.exits, merge.goods
    of = goods.all_of
    cents = of.freight[out.steps[e], x] if of.known[out.steps[e]] >= 0 else NEVER
    barred = goods.bits[out.row[e], x] & out.bits[e]
    if cents >= NEVER or barred or (of.alone[x] and of.total[x] > 1):
        return NEVER, 0
    cents += out.fixed[e] + int(np.floor(of.grams[x] * out.co2[e] + 0.5))
    return cents, int(np.floor(of.grams[x] * out.emits[e] + 0.5))


@njit(inline="always")
def leaving(merge: Any, e: int, x: int, goal: int) -> float:
    """Return what it is worth that goods leave by an exit; `FAR` where they must not."""
    cents, emits = leaving_of(merge, e, x)
    return FAR if cents >= NEVER else one_sum(goal, float(cents), emits)


@compiled
def _searched(sides: Any, work: Any, asked: Any, best: float, to: Any) -> float:
    """Return the value of the best plan below `best` whose merged parcel holds x, (3).

    Depth first over shipments, on `side` 0 the consignments of x, on 1 the parcels of the rest.
    """
    (merge, direct), (of_rest, of_sent), (e, x, layers, goal) = sides, work, asked
    inbound, stride, units = merge.inbound, of_rest.stride, direct.menus.units
    size, deep = stride[len(units)], units.sum() + 1
    f, g = of_rest.f, of_sent.f
    others = size - 1 - x
    top = max(layers - 2, 0)  # parcels that the rest may have, where they are limited
    rest, side, entry = np.empty(deep, np.int64), np.zeros(deep, np.int64), np.zeros(deep, np.int64)
    spent, parcels, chosen = np.empty(deep), np.zeros(deep, np.int64), np.zeros(deep, np.int64)
    span = inbound.menus.order_candidate
    begin = np.array([inbound.menu.start[span[0]], 0])
    end = np.array([inbound.menu.start[span[1]], len(direct.menu.content)])
    d = 0
    rest[0], spent[0], entry[0] = x, leaving(merge, e, x, goal), begin[0]
    while d >= 0:
        on, deeper = side[d], False
        while entry[d] < end[on] and not deeper:
            m = entry[d]
            entry[d] += 1
            content, cost = inbound.menu.content[m], inbound.menus.menu_cost[m]
            if on == 1:
                content, cost = direct.menu.content[m], direct.menus.menu_cost[m]
            if content == 0 or cost >= NEVER or not takes_lowest(content, rest[d], stride, units):
                continue
            after, value, used = rest[d] - content, spent[d] + cost, parcels[d] + on
            if on == 0:
                bound = value + g[after] + f[top * size + others]
            elif layers > 1 and used > top:
                continue
            else:
                bound = value + f[(top - used if layers > 1 else 0) * size + after]
            chosen[d] = m
            if bound >= best or not _holds(sides, (chosen, side, d), stride):
                continue
            if after == 0 and (on == 1 or others == 0):
                best, to.shipments[0] = value, d + 1
                to.entry[: d + 1], to.direct[: d + 1] = chosen[: d + 1], side[: d + 1]
                for i in range(d + 1):
                    of = direct.way if side[i] else inbound.way
                    to.figure[i] = of[chosen[i]]
                continue
            deeper = True
            rest[d + 1] = after if after else others
            side[d + 1] = on if after else 1
            spent[d + 1], parcels[d + 1] = value, used
            entry[d + 1] = begin[side[d + 1]]
        d += 1 if deeper else -1
    return best


@njit(inline="always")
def takes_lowest(content: int, rest: int, stride: Ints, units: Ints) -> bool:
    """Say whether a content lies within a rest and holds some of its lowest line."""
    lowest = True
    for j in range(len(units)):
        radix = units[j] + 1
        there, taken = rest // stride[j] % radix, content // stride[j] % radix
        if taken > there or (lowest and there > 0 and taken == 0):
            return False
        lowest = lowest and there == 0
    return True


@compiled
def _holds(sides: Any, plan: Any, stride: Ints) -> bool:
    """Say whether the node of the last shipment has all that those up to it take of it."""
    (merge, direct), (chosen, side, d) = sides, plan
    k, node, c, inbound = len(stride) - 1, -1, -1, merge.inbound
    held, shipments, total = np.zeros(k, np.int64), 0, 0
    for i in range(d, -1, -1):
        m = chosen[i]
        if side[i] == 0:
            at = np.searchsorted(inbound.menu.start, m, side="right") - 1
            from_node, content = inbound.menu.node[at], inbound.menu.content[m]
        else:
            at = np.searchsorted(direct.menu.start, m, side="right") - 1
            from_node, content = direct.menu.node[at], direct.menu.content[m]
        if i == d:
            node, c = from_node, at
        if from_node != node:
            continue
        shipments += 1
        for j in range(k):
            taken = content // stride[j] % (stride[j + 1] // stride[j])
            held[j] += taken
            total += taken
    if side[d] == 0:
        last, stock = inbound.menu.content[chosen[d]], inbound.left.stock
        most, room = inbound.left.node_orders[c], inbound.left.node_units[c]
    else:
        last, stock = direct.menu.content[chosen[d]], direct.left.stock
        most, room = direct.left.node_orders[c], direct.left.node_units[c]
    if shipments > most or total > room:
        return False
    for j in range(k):
        taken = last // stride[j] % (stride[j + 1] // stride[j])
        if taken and held[j] > stock[c * k + j]:
            return False
    return True


@compiled
def write_merged(sides: Any, at: tuple[int, int], found: Any, to: Any, column: int) -> int:
    """Write a plan with a merged parcel; return when it arrives by the dates of a column."""
    (merge, direct), (g, q) = sides, at
    out, e, inbound = merge.exits, found.exit[0], merge.inbound
    s, x, there, parcels = to.start[q], 0, 0, 0
    to.group[q], to.arrives[q], to.priced[q], to.cents[q], to.grams[q] = g, 0, 0.0, 0, 0
    for i in range(found.shipments[0]):
        if found.direct[i] == 0:
            x += inbound.menu.content[found.entry[i]]
            there = max(there, inbound.ways.arrives[inbound.menu.way[found.figure[i]], 0])
        else:
            parcels += 1
    to.parcels[q] = parcels + 1
    own = min(parcels, direct.ways.arrives.shape[1] - 1)
    when = out.start[e] + np.searchsorted(out.at[out.start[e] : out.start[e + 1]], there)
    cents, emits = leaving_of(merge, e, x)
    latest_due = out.arrives[when, column]
    for i in range(found.shipments[0]):
        m, figure = found.entry[i], found.figure[i]
        if found.direct[i] == 0:
            c = np.searchsorted(inbound.menu.start, m, side="right") - 1
            lane = inbound.ways.lane[inbound.menu.way[figure]]
            to.node[s], to.service[s], to.row[s] = inbound.menu.node[c], out.service[e], out.row[e]
            to.due[s], to.hub[s], to.path[s] = out.arrives[when, own], out.hub[e], lane
            to.at[s], to.joins[s], to.content[s] = there, i > 0, inbound.menu.content[m]
            more = i == 0
            to.bill[s] = inbound.menu.bill[figure] + (cents if more else 0)
            to.emits[s] = inbound.menu.emits[figure] + (emits if more else 0)
            to.priced[q] += inbound.menu.priced[figure] + (cents if more else 0)
        else:
            c = np.searchsorted(direct.menu.start, m, side="right") - 1
            write_shipment((direct.menu, direct.ways), (c, m, figure), (to, s), own)
            latest_due = max(latest_due, direct.ways.arrives[direct.menu.way[figure], column])
            to.priced[q] += direct.menu.priced[figure]
        to.arrives[q] = max(to.arrives[q], to.due[s])
        to.cents[q] += to.bill[s]
        to.grams[q] += to.emits[s]
        s += 1
    to.start[q + 1] = s
    return int(latest_due)


@njit(inline="always")
def write_shipment(menu_ways: Any, what: tuple[int, int, int], to_at: Any, own: int) -> None:
    """Write one shipment of a menu: its candidate, entry and figure; dates of column `own`."""
    (c, m, figure), (to, s), (menu, ways) = what, to_at, menu_ways
    w = menu.way[figure]
    to.node[s], to.service[s], to.row[s] = menu.node[c], ways.service[w], ways.row[w]
    to.due[s], to.bill[s], to.emits[s] = ways.arrives[w, own], menu.bill[figure], menu.emits[figure]
    to.content[s], to.joins[s] = menu.content[m], 0
    to.hub[s], to.path[s], to.at[s] = -1, ways.lane[w], 0


@njit(inline="always")
def travels(to: Any, over: Any, s: int) -> None:
    """Say of a shipment over lanes, by its row of `Lanes`, by which hub and path it goes."""
    lane = to.path[s]
    if lane < 0:
        return
    if to.hub[s] < 0:
        to.hub[s], to.path[s] = over.ways.hub[lane], over.ways.path[lane]
        to.at[s] = over.ways.at[lane]
    else:
        to.path[s] = over.consignments.path[lane]


@compiled
def nothing_found(units: int) -> Any:
    """Return room for a plan of so many units."""
    i64 = np.int64
    return Found(
        np.full(1, -1), np.zeros(1, i64), np.zeros(units, i64), np.zeros(units, i64),
        np.zeros(units, i64),
    )  # fmt: skip
