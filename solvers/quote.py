"""The promise in numbers: what a cart can have by when, for how much, in how many parcels.

With the menu of solvers/quote_menu.py, plans of the whole cart, nothing short, are compared in

    arrives(P) = max a_w      priced(P) = Σ priced      emits(P) = Σ emits      parcels(P)

For a date D and a number of parcels p the oracle of the night (solvers/kernel.py) finds

    C(D, p)  =  lexicographic min (priced, emits)  of plans with arrives ≤ D, parcels ≤ p      (1)
    G(D, p)  =  lexicographic min (emits, priced)  of the same                                 (2)

by the cheapest way of every entry that arrives by D. The front is walked, not searched: from
D = ∞ on, the next date is the minute before the plan just found arrives, until there is none; for
(1) then with one parcel less than the most that were used, until p = 1. Each walk meets every date
at which the best changes, so (1) gives the exact front of date, price and parcels, and (2), in any
number of parcels, that of date and CO2. What another plan found is no worse than in all four is
left out. So the cheapest, fastest, greenest option and the one of fewest parcels are exact, and no
plan at all is better in every respect than one that is offered; between the cheapest and the
greenest of one date there may be more, which are not offered: a customer wants a handful.

Lexicographic minima are minima of one sum: of priced + 2⁻²⁶ · emits and of emits + 2⁻²⁸ · ⌊priced⌋,
exact up to 65 kg of CO2 and a million euros; beyond, only ties are decided otherwise.

Where lead times are learned, a_w depends on the number of parcels (quote_known.py): the surer each
has to be, the later its date. Then (1) and (2) are walked for each p with the dates that p parcels
have, none left out, and what is found is told with the dates of as many parcels as it has. A plan
of p parcels that is worth offering is met, or beaten, in the walk of its own p.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.candidates import distance, rule_of
from omnisource.solvers.kernel import best_plan
from omnisource.solvers.lend import lent
from omnisource.solvers.over_lanes import Exits, Lanes, Over
from omnisource.solvers.plans import FAR, scratch
from omnisource.solvers.problem import NEVER, UNLIMITED, Flags, Ints
from omnisource.solvers.quote_known import WALKED, likely
from omnisource.solvers.quote_menu import goods_of, menu_of, met_nodes, price_zones, reached
from omnisource.solvers.quote_merge import (
    CHEAPEST,
    GREENEST,
    NOT_SERVED,
    cheapest_merged,
    choose_ways,
    merge_of,
    nothing_found,
    oracle,
    travels,
    write_merged,
    write_shipment,
)
from omnisource.solvers.quote_plans import cropped, new, room_for, undominated
from omnisource.solvers.quote_prune import thinned, worth_keeping

MOST_PLANS: Final = 64
"""Plans of a group that are kept at the most."""


class Groups(NamedTuple):
    """Ways of receiving the cart, each with a menu of its own."""

    rows: Ints  # (G, 2) rows of `Inputs`, −1 for none
    kinds: Flags  # (G, V+1) services that may be used; the last is the counter
    most: Ints  # (G,) parcels at the most


@njit(cache=True, nogil=True)
def quotes(data: Any, groups: Any, prices: Any, room_known: Any, over: Any) -> Any:
    """Return the plans worth offering, group by group, `cropped`.

    Args:
        data: `Inputs` whose orders are the cart's rows, all with the same lines.
        groups: `Groups`.
        prices: (cell, node_order, node_unit), cents.
        room_known: (node_orders, node_units) that nodes can still take, and `Known`.
        over: the columns of `Over`: what can come over lanes.
    """
    data = lent(data)
    room, known = lent(room_known)
    over = lent(Over(Lanes(*over[0]), Lanes(*over[1]), Exits(*over[2])))
    goods, (nodes, cells) = goods_of(data), met_nodes(data)
    ways = reached(data, nodes, known, over.ways)
    price_zones(data, goods, ways)
    if len(over.exits.row) > 0:
        goods.all_of.freight[0], goods.all_of.known[0] = 0, 0  # consignments pay no tariff
    k, states = data.order_line[1], len(goods.all_of.grams)
    units = data.units[:k]
    n_groups = len(groups.rows)
    to = room_for(MOST_PLANS * n_groups, MOST_PLANS * n_groups * units.sum())
    met, at = (nodes, cells), (prices, room)
    count = 0
    for g in range(n_groups):
        if not needed(data, nodes, cells, groups.rows[g]):
            continue
        group = (groups.rows[g], groups.kinds[g])
        menu = menu_of(data, goods, (nodes, cells, ways, over.ways), group, prices)
        if len(menu.bill) == 0:
            continue
        menu = thinned(menu, worth_keeping(menu, ways.arrives, room, (units, states)), k)
        direct = oracle(menu, ways, units, room)
        limits = min(groups.most[g], units.sum()), known.by
        if len(over.exits.row) > 0 and units.sum() > 1:
            merge = merge_of(data, goods, met, over, group, at)
            found = front(direct, merge, limits, to, (g, count))
        else:
            found = front(direct, None, limits, to, (g, count))
        count = undominated(to, count, found, groups.rows[g, 1] >= 0)
    for s in range(to.start[count]):
        to.rule[s] = rule_taken(data, to, s)
        travels(to, over, s)
    for q in range(count):
        to.likely[q] = likely(data, known, (to, q), (nodes, cells))
    return cropped(to, count)


@njit(cache=True, nogil=True)
def rule_taken(data: Any, to: Any, s: int) -> int:
    """Return the zone rule by which a shipment goes, −1 over the counter and over lanes."""
    row, service, node = to.row[s], to.service[s], to.node[s]
    if service < 0 or to.path[s] >= 0:
        return -1
    return int(rule_of(data, row, service, node, distance(data, row, node)))


@njit(cache=True, nogil=True)
def needed(data: Any, nodes: Ints, cells: Any, rows: Ints) -> bool:
    """Say whether a group can be served so at all: over the counter only what lies there."""
    for at in range(len(rows)):
        if rows[at] < 0 or not data.only_there[rows[at]]:
            continue
        held, k = 0, cells.shape[1]
        for i in range(len(nodes)):
            if nodes[i] == data.pickup[rows[at]]:
                for j in range(k):
                    held += cells[i, j] >= 0 and data.cell_units[cells[i, j]] > 0
        return bool(held == k or (held > 0 and rows[1] >= 0))
    return True


@njit(cache=True, nogil=True)
def front(direct: Any, merge: Any, limits: Any, to: Any, at: tuple[int, int]) -> int:
    """Walk the fronts (1) and (2) of a group; write its plans from `at`, return the end.

    `merge` is None where nothing can be merged, and what deals with it is not compiled.
    """
    (most, deadline), (g, count), first = limits, at, at[1]
    menu, menus, free, left = direct.menu, direct.menus, direct.free, direct.left
    menu_ways, arrives = (menu, direct.ways), direct.ways.arrives
    figures = menu.figure_start, menu.way, menu.priced, menu.emits
    costs, total, columns = (menus.menu_cost, direct.way), menus.units.sum(), arrives.shape[1]
    limit, order = menus.max_shipments, np.zeros(1, np.int64)
    out = (np.empty(total, np.int64), np.empty(total, np.int64), 0)
    if merge is not None:
        merged = nothing_found(total)
        sent_work = scratch(merge.inbound.menus, order)
    for goal in (CHEAPEST, GREENEST):
        p, column = most, 0
        while p > 0:
            limit[0] = p if p < total else UNLIMITED
            work = scratch(menus, order)
            by, used, first_there = deadline, 0, earliest(menu, arrives[:, column], menus.units)
            while by >= first_there and count - first < MOST_PLANS:
                choose_ways(figures, arrives, (goal, column, by), costs)
                if p == 1:
                    value, parcels = in_one(menus, left, total, out)
                else:
                    value, parcels = best_plan(menus, 0, free, left, work, out)
                if parcels == 0 or value >= FAR:
                    value, parcels = float(NOT_SERVED), 0
                found = False
                if merge is not None:
                    asked = goal, column, by
                    cheapest_merged(merge, direct, (work, sent_work), asked, value, merged)
                    found = merged.exit[0] >= 0
                    if found:
                        by = write_merged((merge, direct), (g, count), merged, to, column) - 1
                if not found:
                    if parcels == 0:
                        break
                    plan = out[0], out[1], parcels, costs[1]
                    by = write_plan(menu_ways, (g, count), plan, (to, column)) - 1
                used = max(used, to.parcels[count])
                if columns == 1 or to.parcels[count] <= column + 1:
                    count += new(to, first, count)
            p, column = next_walk((p, column), used, goal, (most, columns))
    return count


@njit(inline="always")
def next_walk(
    walked: tuple[int, int], used: int, goal: int, limits: tuple[int, int]
) -> tuple[int, int]:
    """Return how many parcels at the most, and whose dates, to walk next; no parcels for the end.

    Args:
        walked: the same of the last walk.
        used: parcels at the most of the plans that it found.
        goal: whether price or CO2 comes first.
        limits: parcels at the most, and columns of dates.
    """
    (p, column), (most, columns) = walked, limits
    if columns == 1:
        return (min(p, used, WALKED + 1) - 1 if goal == CHEAPEST else 0), 0
    if p == most:
        done = used <= column + 1 or column + 1 == columns
        return 0 if done else column + 1, column
    return most, column + 1


@njit(cache=True, nogil=True)
def earliest(menu: Any, arrives: Ints, units: Ints) -> int:
    """Return the minute before which some line can be had from nowhere, so no plan is there."""
    k, first = len(units), np.full(len(units), np.iinfo(np.int64).max)
    for m in range(len(menu.content)):
        at, rest = np.iinfo(np.int64).max, menu.content[m]
        for f in range(menu.figure_start[m], menu.figure_start[m + 1]):
            at = min(at, arrives[menu.way[f]])
        for j in range(k):
            if rest % (units[j] + 1) > 0:
                first[j] = min(first[j], at)
            rest //= units[j] + 1
    return int(first.max())


@njit(cache=True, nogil=True)
def in_one(menus: Any, left: Any, total: int, out: Any) -> tuple[float, int]:
    """Return what `best_plan` does where all has to come in one parcel."""
    least, state = float(NEVER), 1
    for asked in menus.units:
        state *= asked + 1
    for c in range(len(menus.node)):
        m = menus.menu_start[c + 1] - 1  # what holds most is the last
        room = left.node_orders[c] > 0 and left.node_units[c] >= total
        if menus.menu_content[m] == state - 1 and room and menus.menu_cost[m] < least:
            least, out[0][0], out[1][0] = menus.menu_cost[m], c, m
    return least, int(least < NEVER)


@njit(cache=True, nogil=True)
def write_plan(menu_ways: Any, at: tuple[int, int], plan: Any, to_at: Any) -> int:
    """Write a plan and its parcels; return when it arrives by the dates of column `to_at[1]`."""
    (to, column), (g, q), (candidate, entry, parcels, way) = to_at, at, plan
    menu, ways = menu_ways
    s, latest, own = to.start[q], 0, min(parcels, ways.arrives.shape[1]) - 1
    to.group[q], to.arrives[q], to.priced[q], to.cents[q], to.grams[q] = g, 0, 0.0, 0, 0
    to.parcels[q] = parcels
    for i in range(parcels):
        m, f = entry[i], way[entry[i]]
        write_shipment((menu, ways), (candidate[i], m, f), (to, s), own)
        to.arrives[q] = max(to.arrives[q], to.due[s])
        latest = max(latest, ways.arrives[menu.way[f], column])
        to.priced[q] += menu.priced[f]
        to.cents[q] += to.bill[s]
        to.grams[q] += to.emits[s]
        s += 1
    to.start[q + 1] = s
    return int(latest)
