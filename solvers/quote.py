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
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.kernel import best_plan
from omnisource.solvers.lend import lent
from omnisource.solvers.plans import FAR, Left, Menus, scratch
from omnisource.solvers.problem import NEVER, UNLIMITED, Flags, Floats, Ints, Prices
from omnisource.solvers.quote_menu import goods_of, menu_of, met_nodes, price_zones, reached
from omnisource.solvers.quote_prune import thinned, worth_keeping

CHEAPEST: Final = 0
GREENEST: Final = 1
MOST_PLANS: Final = 64
"""Plans of a group that are kept at the most."""
WALKED: Final = 8
"""Parcels from which on down each number is asked for; of more, whatever is the cheapest."""
NOT_SERVED: Final = 2**40
"""Cents a unit short: no plan is as dear, and a whole cart short is less than `FAR`."""


class Groups(NamedTuple):
    """Ways of receiving the cart, each with a menu of its own."""

    rows: Ints  # (G, 2) rows of `Inputs`, −1 for none
    kinds: Flags  # (G, V+1) services that may be used; the last is the counter
    most: Ints  # (G,) parcels at the most


class Quotes(NamedTuple):
    """Plans found, in the order of their groups: Q plans, S parcels."""

    group: Ints  # (Q,)
    arrives: Ints  # (Q,) minutes
    priced: Floats  # (Q,) cents
    cents: Ints  # (Q,)
    grams: Ints  # (Q,) of CO2
    start: Ints  # (Q+1,) first parcel
    node: Ints  # (S,)
    service: Ints  # (S,) −1 over the counter
    row: Ints  # (S,) row of `Inputs` that it serves
    due: Ints  # (S,) minutes: when it arrives
    bill: Ints  # (S,) cents
    emits: Ints  # (S,) grams of CO2
    content: Ints  # (S,) in mixed radix over units + 1, first line fastest


@njit(cache=True, nogil=True)
def room_for(plans: int, parcels: int) -> Any:
    """Return `Quotes` with room for so many plans and parcels."""
    i64 = np.int64
    return Quotes(
        np.empty(plans, i64), np.empty(plans, i64), np.empty(plans), np.empty(plans, i64),
        np.empty(plans, i64), np.zeros(plans + 1, i64), np.empty(parcels, i64),
        np.empty(parcels, i64), np.empty(parcels, i64), np.empty(parcels, i64),
        np.empty(parcels, i64), np.empty(parcels, i64), np.empty(parcels, i64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def quotes(data: Any, groups: Any, prices: Any, room: Any) -> Any:
    """Return the plans worth offering, group by group, as `Quotes`.

    Args:
        data: `Inputs` whose orders are the cart's rows, all with the same lines.
        groups: `Groups`.
        prices: (cell, node_order, node_unit), cents.
        room: (node_orders, node_units) that nodes can still take.
    """
    data = lent(data)
    goods, (nodes, cells) = goods_of(data), met_nodes(data)
    ways = reached(data, nodes)
    price_zones(data, goods, ways)
    k, states = data.order_line[1], len(goods.all_of.grams)
    units = data.units[:k]
    n_groups = len(groups.rows)
    to = room_for(MOST_PLANS * n_groups, MOST_PLANS * n_groups * units.sum())
    count = 0
    for g in range(n_groups):
        if not needed(data, nodes, cells, groups.rows[g]):
            continue
        menu = menu_of(data, goods, (nodes, cells, ways), (groups.rows[g], groups.kinds[g]), prices)
        if len(menu.bill) == 0:
            continue
        menu = thinned(menu, worth_keeping(menu, room, units, states), k)
        found = front(units, menu, (room, min(groups.most[g], units.sum())), to, (g, count))
        count = undominated(to, count, found, groups.rows[g, 1] >= 0)
    s = to.start[count]
    return (
        to.group[:count].copy(), to.arrives[:count].copy(), to.priced[:count].copy(),
        to.cents[:count].copy(), to.grams[:count].copy(), to.start[: count + 1].copy(),
        to.node[:s].copy(), to.service[:s].copy(), to.row[:s].copy(), to.due[:s].copy(),
        to.bill[:s].copy(), to.emits[:s].copy(), to.content[:s].copy(),
    )  # fmt: skip


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
def front(units: Ints, menu: Any, limits: Any, to: Any, at: tuple[int, int]) -> int:
    """Walk the fronts (1) and (2) of a group; write its plans from `at`, return the end."""
    room, most = limits
    g, count = at
    first, c, k = count, len(menu.node), len(units)
    node_orders, node_units = room[0][menu.node], room[1][menu.node]
    left = Left(menu.stock, node_orders, node_units)
    free = Prices(np.zeros(c * k), np.zeros(c), np.zeros(c), np.zeros(1))
    way = np.empty(len(menu.content), np.int64)
    cost: Any = np.empty(len(menu.content))
    total = units.sum()
    out = (np.empty(total, np.int64), np.empty(total, np.int64), 0)
    limit = np.empty(1, np.int64)
    lines = (np.array([0, k]), np.array([0, c]), np.arange(c + 1) * k, np.arange(c, dtype=np.int32))
    menus = Menus(
        lines[0], lines[1], limit, np.ones(1, np.bool_), np.zeros(1, np.bool_), units,
        np.full(k, NOT_SERVED), lines[3], lines[2], menu.cell, menu.cap, menu.start, cost,
        menu.content,
    )  # fmt: skip
    order = np.zeros(1, np.int64)
    for goal in (CHEAPEST, GREENEST):
        p = most
        while p > 0:
            limit[0] = p if p < total else UNLIMITED
            work = scratch(menus, order)
            by, used = UNLIMITED, 0
            while count - first < MOST_PLANS:
                choose_ways(menu, goal, by, cost, way)
                value, parcels = best_plan(menus, 0, free, left, work, out)
                if parcels == 0 or value >= FAR:
                    break
                write_plan(menu, (g, count), (out[1], parcels, way), out[0], to)
                by, used = to.arrives[count] - 1, max(used, parcels)
                count += 1
            p = min(p, used, WALKED + 1) - 1 if goal == CHEAPEST else 0
    return count


@njit(cache=True, nogil=True)
def choose_ways(menu: Any, goal: int, by: int, cost: Floats, way: Ints) -> None:
    """Write what every entry costs by its best way that arrives in time, and that way."""
    priced, emits, arrives = menu.priced, menu.emits, menu.arrives
    for m in range(len(menu.content)):
        least, best = float(NEVER), -1
        for f in range(menu.figure_start[m], menu.figure_start[m + 1]):
            if arrives[f] > by:
                continue
            value = priced[f] + emits[f] * 2.0**-26
            if goal == GREENEST:
                value = emits[f] + np.floor(priced[f]) * 2.0**-28
            if value < least:
                least, best = value, f
        cost[m], way[m] = least, best


@njit(cache=True, nogil=True)
def write_plan(menu: Any, at: tuple[int, int], plan: Any, candidate: Ints, to: Any) -> None:
    """Write a plan and its parcels."""
    (g, q), (entry, parcels, figure) = at, plan
    s = to.start[q]
    to.group[q], to.arrives[q], to.priced[q], to.cents[q], to.grams[q] = g, 0, 0.0, 0, 0
    for i in range(parcels):
        m = entry[i]
        f = figure[m]
        to.node[s], to.service[s], to.row[s] = menu.node[candidate[i]], menu.service[f], menu.row[f]
        to.due[s], to.bill[s], to.emits[s] = menu.arrives[f], menu.bill[f], menu.emits[f]
        to.content[s] = menu.content[m]
        to.arrives[q] = max(to.arrives[q], menu.arrives[f])
        to.priced[q] += menu.priced[f]
        to.cents[q] += menu.bill[f]
        to.grams[q] += menu.emits[f]
        s += 1
    to.start[q + 1] = s


@njit(cache=True, nogil=True)
def undominated(to: Any, first: int, end: int, both: bool) -> int:
    """Keep, of the plans first … end−1, those that no other is at least as good as; the new end.

    Where `both`, a plan that serves one row only is left out in the end: another group has it.
    """
    kept = np.ones(end - first, np.bool_)
    for a in range(first, end):
        for b in range(first, end):
            if a != b and kept[b - first] and beats(to, b, a):
                kept[a - first] = False
                break
    count, s = first, to.start[first]
    for q in range(first, end):
        begin, stop = to.start[q], to.start[q + 1]
        if not kept[q - first] or (both and (to.row[begin:stop] == to.row[begin]).all()):
            continue
        to.group[count], to.arrives[count], to.priced[count] = (
            to.group[q], to.arrives[q], to.priced[q],
        )  # fmt: skip
        to.cents[count], to.grams[count], to.start[count] = to.cents[q], to.grams[q], s
        for i in range(begin, stop):
            to.node[s], to.service[s], to.row[s] = to.node[i], to.service[i], to.row[i]
            to.due[s], to.bill[s], to.emits[s] = to.due[i], to.bill[i], to.emits[i]
            to.content[s] = to.content[i]
            s += 1
        count += 1
        to.start[count] = s
    return count


@njit(cache=True, nogil=True)
def beats(to: Any, b: int, a: int) -> bool:
    """Say whether plan b is no worse than a in every respect; of equals the first one."""
    parcels_a, parcels_b = to.start[a + 1] - to.start[a], to.start[b + 1] - to.start[b]
    if to.arrives[b] > to.arrives[a] or to.priced[b] > to.priced[a]:
        return False
    if to.grams[b] > to.grams[a] or parcels_b > parcels_a:
        return False
    better = to.arrives[b] < to.arrives[a] or to.priced[b] < to.priced[a]
    return bool(better or to.grams[b] < to.grams[a] or parcels_b < parcels_a or b < a)
