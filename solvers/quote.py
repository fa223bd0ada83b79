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

from omnisource.solvers.kernel import best_plan
from omnisource.solvers.lend import lent
from omnisource.solvers.plans import FAR, Left, Menus, scratch
from omnisource.solvers.problem import NEVER, UNLIMITED, Flags, Floats, Ints, Prices
from omnisource.solvers.quote_known import WALKED, likely
from omnisource.solvers.quote_menu import goods_of, menu_of, met_nodes, price_zones, reached
from omnisource.solvers.quote_prune import thinned, worth_keeping

CHEAPEST: Final = 0
GREENEST: Final = 1
MOST_PLANS: Final = 64
"""Plans of a group that are kept at the most."""
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
    likely: Floats  # (Q,) probability that the date is kept


@njit(cache=True, nogil=True)
def room_for(plans: int, parcels: int) -> Any:
    """Return `Quotes` with room for so many plans and parcels."""
    i64 = np.int64
    return Quotes(
        np.empty(plans, i64), np.empty(plans, i64), np.empty(plans), np.empty(plans, i64),
        np.empty(plans, i64), np.zeros(plans + 1, i64), np.empty(parcels, i64),
        np.empty(parcels, i64), np.empty(parcels, i64), np.empty(parcels, i64),
        np.empty(parcels, i64), np.empty(parcels, i64), np.empty(parcels, i64), np.empty(plans),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def quotes(data: Any, groups: Any, prices: Any, room_known: Any) -> Any:
    """Return the plans worth offering, group by group, as `Quotes`.

    Args:
        data: `Inputs` whose orders are the cart's rows, all with the same lines.
        groups: `Groups`.
        prices: (cell, node_order, node_unit), cents.
        room_known: (node_orders, node_units) that nodes can still take, and `Known`.
    """
    data = lent(data)
    room, known = lent(room_known)
    goods, (nodes, cells) = goods_of(data), met_nodes(data)
    ways = reached(data, nodes, known)
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
        menu = thinned(menu, worth_keeping(menu, ways.arrives, room, (units, states)), k)
        limits = room, min(groups.most[g], units.sum()), known.by
        found = front(units, (menu, ways), limits, to, (g, count))
        count = undominated(to, count, found, groups.rows[g, 1] >= 0)
    for q in range(count):
        to.likely[q] = likely(data, known, (to, q), (nodes, cells))
    s = to.start[count]
    return (
        to.group[:count].copy(), to.arrives[:count].copy(), to.priced[:count].copy(),
        to.cents[:count].copy(), to.grams[:count].copy(), to.start[: count + 1].copy(),
        to.node[:s].copy(), to.service[:s].copy(), to.row[:s].copy(), to.due[:s].copy(),
        to.bill[:s].copy(), to.emits[:s].copy(), to.content[:s].copy(), to.likely[:count].copy(),
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
def front(units: Ints, menu_ways: Any, limits: Any, to: Any, at: tuple[int, int]) -> int:
    """Walk the fronts (1) and (2) of a group; write its plans from `at`, return the end."""
    menu, ways = menu_ways
    room, most, deadline = limits
    g, count = at
    first, c, k = count, len(menu.node), len(units)
    node_orders, node_units = room[0][menu.node], room[1][menu.node]
    left = Left(menu.stock, node_orders, node_units)
    free = Prices(np.zeros(c * k), np.zeros(c), np.zeros(c), np.zeros(1))
    way = np.empty(len(menu.content), np.int64)
    cost: Any = np.empty(len(menu.content))
    total, columns = units.sum(), ways.arrives.shape[1]
    out = (np.empty(total, np.int64), np.empty(total, np.int64), 0)
    limit = np.empty(1, np.int64)
    lines = (np.array([0, k]), np.array([0, c]), np.arange(c + 1) * k, np.arange(c, dtype=np.int32))
    menus = Menus(
        lines[0], lines[1], limit, np.ones(1, np.bool_), np.zeros(1, np.bool_), units,
        np.full(k, NOT_SERVED), np.full(k, -1), np.ones(k, np.int64), lines[3], lines[2],
        menu.cell, menu.cap, menu.start, cost, menu.content,
    )  # fmt: skip
    order = np.zeros(1, np.int64)
    for goal in (CHEAPEST, GREENEST):
        p, column = most, 0
        while p > 0:
            limit[0] = p if p < total else UNLIMITED
            work = scratch(menus, order)
            by, used, first_there = deadline, 0, earliest(menu, ways.arrives[:, column], units)
            while by >= first_there and count - first < MOST_PLANS:
                choose_ways(menu, ways, (goal, column), by, (cost, way))
                if p == 1:
                    value, parcels = in_one(menus, left, total, out)
                else:
                    value, parcels = best_plan(menus, 0, free, left, work, out)
                if parcels == 0 or value >= FAR:
                    break
                plan = (out[1], parcels, way)
                by = write_plan(menu_ways, (g, count), plan, out[0], (to, column)) - 1
                used = max(used, parcels)
                if columns == 1 or parcels <= column + 1:
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
def new(to: Any, first: int, q: int) -> int:
    """Return 1 if none of the plans first … q−1 is as good as plan q, else 0."""
    for b in range(first, q):
        if beats(to, b, q):
            return 0
    return 1


@njit(cache=True, nogil=True)
def choose_ways(menu: Any, ways: Any, goal_column: Any, by: int, to: Any) -> None:
    """Write what every entry costs by its best way that arrives in time, and that way."""
    (goal, column), (cost, way) = goal_column, to
    priced, emits, arrives = menu.priced, menu.emits, ways.arrives
    for m in range(len(menu.content)):
        least, best = float(NEVER), -1
        for f in range(menu.figure_start[m], menu.figure_start[m + 1]):
            if arrives[menu.way[f], column] > by:
                continue
            value = priced[f] + emits[f] * 2.0**-26
            if goal == GREENEST:
                value = emits[f] + np.floor(priced[f]) * 2.0**-28
            if value < least:
                least, best = value, f
        cost[m], way[m] = least, best


@njit(cache=True, nogil=True)
def write_plan(menu_ways: Any, at: tuple[int, int], plan: Any, candidate: Ints, to_at: Any) -> int:
    """Write a plan and its parcels; return when it arrives by the dates of column `to_at[1]`."""
    (menu, ways), (to, column) = menu_ways, to_at
    (g, q), (entry, parcels, figure) = at, plan
    s, latest, own = to.start[q], 0, min(parcels, ways.arrives.shape[1]) - 1
    to.group[q], to.arrives[q], to.priced[q], to.cents[q], to.grams[q] = g, 0, 0.0, 0, 0
    for i in range(parcels):
        m = entry[i]
        f = figure[m]
        w = menu.way[f]
        to.node[s], to.service[s], to.row[s] = menu.node[candidate[i]], ways.service[w], ways.row[w]
        to.due[s], to.bill[s], to.emits[s] = ways.arrives[w, own], menu.bill[f], menu.emits[f]
        to.content[s] = menu.content[m]
        to.arrives[q] = max(to.arrives[q], to.due[s])
        latest = max(latest, ways.arrives[w, column])
        to.priced[q] += menu.priced[f]
        to.cents[q] += menu.bill[f]
        to.grams[q] += menu.emits[f]
        s += 1
    to.start[q + 1] = s
    return int(latest)


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
