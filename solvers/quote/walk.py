"""Which plans to look at: the walks along the fronts of a menu, date by date.

Where lead times are learned, the date a_w(p) of a way depends on the number of parcels p of the
plan, and is no earlier for more (known.py). With C_c(D, p) the value (1) of solvers/quote/front.py
by the dates that c parcels have,

    C_c(D, c)  =  C_c(D, ∞) for all D    ⇒    no plan of more than c parcels is worth offering  (1)

since by its own dates, which are no earlier, it costs no less than what c parcels can do. So c is
walked from 1 up, without a limit to see whether (1) holds, and with it where it does not; a plan
with more parcels than c is not offered, but met again in a walk of its own. For the front of date
and CO2 the best plan of l … h parcels by D is sought by branch and bound (A. H. Land and A. G.
Doig, An automatic method of solving discrete programming problems, Econometrica 28, 1960):

    G_l(D, h)  ≤  the best plan of l … h parcels, each by the dates of its own number           (2)

with equality where the plan found keeps D by its own dates; otherwise its number cuts l … h in two.
"""

from typing import Any

import numpy as np
from numba import njit

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.kernel import best_plan
from omnisource.solvers.oracle.plans import FAR, scratch
from omnisource.solvers.problem import NEVER, UNLIMITED, Ints
from omnisource.solvers.quote.known import WALKED
from omnisource.solvers.quote.merge import (
    CHEAPEST,
    GREENEST,
    NOT_SERVED,
    cheapest_merged,
    choose_ways,
    nothing_found,
    write_merged,
    write_shipment,
)


@compiled
def asked(direct: Any, merge: Any, what: tuple[int, int, int, int], at: Any) -> tuple[float, int]:
    """Write the best plan; return its value and when it is there, `FAR` and −1 for none.

    Args:
        direct: `Oracle` of the group's own menu.
        merge: `Merge`.
        what: goal, column of the dates, the minute by which all is to be there, most parcels.
        at: where to: `Quotes`, group and plan.
    """
    (goal, column, by, most), (to, g, q), first = what, at, np.zeros(1, np.int64)
    menu, menus, total = direct.menu, direct.menus, direct.menus.units.sum()
    figures = menu.figure_start, menu.way, menu.priced, menu.emits
    choose_ways(figures, direct.ways.arrives, (goal, column, by), (menus.menu_cost, direct.way))
    menus.max_shipments[0] = most if most < total else UNLIMITED
    work, out = scratch(menus, first), (np.empty(total, np.int64), np.empty(total, np.int64), 0)
    if most == 1:
        value, parcels = in_one(menus, direct.left, total, out)
    else:
        value, parcels = best_plan(menus, 0, direct.free, direct.left, work, out)
    if parcels == 0 or value >= FAR:
        value, parcels = float(NOT_SERVED), 0
    if len(merge.hub) > 0:
        merged, works = nothing_found(total), (work, scratch(merge.inbound.menus, first))
        less = cheapest_merged(merge, direct, works, (goal, column, by), value, merged)
        if merged.exit[0] >= 0:
            return less, write_merged((merge, direct), (g, q), merged, to, column)
    if parcels == 0:
        return FAR, -1
    plan = out[0], out[1], parcels, direct.way
    return value, write_plan((menu, direct.ways), (g, q), plan, (to, column))


@compiled
def greenest_by(direct: Any, merge: Any, limits: tuple[int, int], at: Any) -> int:
    """Write the greenest plan that is there in time by its own dates, (2); return when, −1: none.

    Arguments as for `asked`; the limits are the minute and the most parcels.
    """
    (to, _, q), (by, most), columns = at, limits, direct.ways.arrives.shape[1]
    low, high = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    best, few, many, open_, last = FAR, 0, 0, 1, False
    low[0], high[0] = 1, most
    while open_ > 0:
        open_ -= 1
        a, b = low[open_], high[open_]
        value = asked(direct, merge, (GREENEST, min(a, columns) - 1, by, b), at)[0]
        last = value < best and to.arrives[q] <= by
        if last:
            best, few, many = value, a, b
        elif value < best:
            own = min(to.parcels[q], columns)
            low[open_], high[open_], low[open_ + 1], high[open_ + 1] = a, own - 1, own, b
            open_ += 2
    if few == 0:
        return -1
    if not last:
        asked(direct, merge, (GREENEST, min(few, columns) - 1, by, many), at)
    return int(to.arrives[q])


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
    if columns == 1 or goal == GREENEST:
        return (min(p, used, WALKED + 1) - 1 if goal == CHEAPEST else 0), 0
    if p == most:
        done = used <= column + 1 or column + 1 == columns
        return 0 if done else column + 1, column
    return most, column + 1


@compiled
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


@compiled
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


@compiled
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
