"""The promise in numbers: what a cart can have by when, for how much, in how many parcels.

With the menu of solvers/quote/menu.py, plans of the whole cart, nothing short, are compared in

    arrives(P) = max a_w      priced(P) = Σ priced      emits(P) = Σ emits      parcels(P)

For a date D and a number of parcels p the oracle of the night (solvers/oracle/kernel.py) finds

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

Where lead times are learned, a_w depends on the number of parcels: see walk.py.
"""

from typing import Any, Final, NamedTuple

from omnisource.solvers.compile.candidates import distance, rule_of
from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent_whole
from omnisource.solvers.problem import Flags, Ints
from omnisource.solvers.quote.known import likely
from omnisource.solvers.quote.menu import goods_of, menu_of, met_nodes, price_zones, reached
from omnisource.solvers.quote.merge import CHEAPEST, GREENEST, merge_of, oracle, travels
from omnisource.solvers.quote.over_lanes import Exits, Lanes, Over
from omnisource.solvers.quote.plans import cropped, new, room_for, undominated
from omnisource.solvers.quote.prune import thinned, worth_keeping
from omnisource.solvers.quote.walk import asked, earliest, greenest_by, next_walk

MOST_PLANS: Final = 64
"""Plans of a group that are kept at the most."""


class Groups(NamedTuple):
    """Ways of receiving the cart, each with a menu of its own."""

    rows: Ints  # (G, 2) rows of `Inputs`, −1 for none
    kinds: Flags  # (G, V+1) services that may be used; the last is the counter
    most: Ints  # (G,) parcels at the most


class Setting(NamedTuple):
    """What a cart is asked in, lent."""

    data: Any  # `Inputs`
    known: Any  # `Known`
    over: Any  # `Over`
    prices: Any  # (cell, node_order, node_unit), cents
    room: Any  # (node_orders, node_units)


@compiled
def quotes(data: Any, groups: Any, prices: Any, room_known: Any, over: Any) -> Any:
    """Return the plans worth offering, group by group, `cropped`.

    Args:
        data: `Inputs` whose orders are the cart's rows, all with the same lines.
        groups: `Groups`.
        prices: (cell, node_order, node_unit), cents.
        room_known: (node_orders, node_units) that nodes can still take, and `Known`.
        over: the columns of `Over`: what can come over lanes.
    """
    room, known = room_known
    over = lent_whole(Over(Lanes(*over[0]), Lanes(*over[1]), Exits(*over[2])))
    data, known, groups = lent_whole(data), lent_whole(known), lent_whole(groups)
    met = met_nodes(data)
    goods, ways = goods_of(data), reached(data, met[0], known, over.ways)
    most = MOST_PLANS * len(groups.rows)
    to = room_for(most, most * data.units[: data.order_line[1]].sum())
    setting = lent_whole(Setting(data, known, over, prices, room))
    count = _by_group(setting, groups, (goods, ways, met), to)
    return cropped(to, count)


@compiled
def _by_group(setting: Any, groups: Any, made: Any, to: Any) -> int:
    """Write the plans of all groups to `to`; return how many; `made`: goods, ways, nodes met."""
    data, known, over = setting.data, setting.known, setting.over
    prices, room, (nodes, cells) = setting.prices, setting.room, made[2]
    goods, ways, to = lent_whole(made[0]), lent_whole(made[1]), lent_whole(to)
    price_zones(data, goods, ways)
    if len(over.exits.row) > 0:
        goods.all_of.freight[0], goods.all_of.known[0] = 0, 0  # consignments pay no tariff
    k, states = data.order_line[1], len(goods.all_of.grams)
    units = data.units[:k]
    met, at = (nodes, cells), (prices, room)
    count = 0
    for g in range(len(groups.rows)):
        if not needed(data, nodes, cells, groups.rows[g]):
            continue
        group = (groups.rows[g], groups.kinds[g])
        menu = menu_of(data, goods, (nodes, cells, ways, over.ways), group, prices)
        if len(menu.bill) == 0:
            continue
        menu = thinned(menu, worth_keeping(menu, ways.arrives, room, (units, states)), k)
        direct = oracle(menu, ways, units, room)
        limits = min(groups.most[g], units.sum()), known.by
        merge = merge_of(data, goods, met, over, group, at)
        found = front(direct, merge, limits, to, (g, count))
        count = undominated(to, count, found, groups.rows[g, 1] >= 0)
    for s in range(to.start[count]):
        to.rule[s] = rule_taken(data, to, s)
        travels(to, over, s)
    for q in range(count):
        to.likely[q] = likely(data, known, (to, q), (nodes, cells))
    return count


@compiled
def rule_taken(data: Any, to: Any, s: int) -> int:
    """Return the zone rule by which a shipment goes, −1 over the counter and over lanes."""
    row, service, node = to.row[s], to.service[s], to.node[s]
    if service < 0 or to.path[s] >= 0:
        return -1
    return int(rule_of(data, row, service, node, distance(data, row, node)))


@compiled
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


@compiled
def front(direct: Any, merge: Any, limits: Any, to: Any, at: tuple[int, int]) -> int:
    """Walk the fronts (1) and (2) of a group; write its plans from `at`, return the end."""
    direct, merge = lent_whole(direct), lent_whole(merge)
    (most, deadline), (g, count), first = limits, at, at[1]
    units, columns = direct.menus.units, direct.ways.arrives.shape[1]
    for goal in (CHEAPEST, GREENEST):
        p, column = most, 0
        while p > 0:
            by, used, first_there = deadline, 0, 0
            if len(merge.hub) == 0:
                first_there = earliest(direct.menu, direct.ways.arrives[:, column], units)
            while by >= first_there and count - first < MOST_PLANS:
                if goal == GREENEST and columns > 1:
                    by = greenest_by(direct, merge, (by, p), (to, g, count))
                else:
                    by = asked(direct, merge, (goal, column, by, p), (to, g, count))[1]
                if by < 0:
                    break
                used = max(used, to.parcels[count])
                if columns == 1 or goal == GREENEST or to.parcels[count] <= column + 1:
                    count += new(to, first, count)
                by -= 1
            p, column = next_walk((p, column), used, goal, (most, columns))
    return count
