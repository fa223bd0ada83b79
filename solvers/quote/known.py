"""How surely, and so until when: what lead times, declines and lost units make of a promise.

    q       probability with which a date is to be kept        p     parcels of the plan
    l(n, v, r, u)   minutes from placing by which a parcel has arrived with probability u, learned
                    (leadtime/table.py), on the node's clock

A plan is kept if each of its parcels is; k parcels each need the k-th root. With c(n, v, r) the
clocks' arrival (routes/clocks.py), the date of a parcel that is one of p is

    (1)  a(n, v, r, p)  =  max( c(n, v, r), end of the day of now + l(n, v, r, q^(1/p)) )

a day at the destination. Where a late order is fined F days (leadtime/dates.py), with d days and
P_w(d) the probability that way w has arrived by then, p parcels are all dated as if they were as
sure,

    (1′) a(n, v, r, p)  =  max( c(n, v, r), end of day argmin_d  d + F (1 − P_w(d)^p) )

over the days from c on, and no earlier than fewer parcels. The probability that a plan P, promised
for D, is kept

    (2)  likely(P)  =  Π over parcels  P(arrived by D)
                     · Π over its nodes  (1 − decline rate)
                     · Π over its cells  P(Poisson(m) ≤ units + safety − units taken)      (atp.py)

The first factor is 1 over the counter, over lanes to a store, and where nothing is learned; then
(1) is the clocks' date. A parcel from a hub is one of the hub, asked for when its goods are there.
Of more than `WALKED` parcels each is dated as if there were as many as the cart has units.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.compile.candidates import distance, rule_of
from omnisource.solvers.compiled import compiled
from omnisource.solvers.leadtime.week import WEEK
from omnisource.solvers.oracle.lend import all_of, lent, lent_whole
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.quote.atp import at_most
from omnisource.solvers.routes.clocks import BEYOND, DAY, MONDAY, local

WALKED: Final = 8
"""Parcels from which on down each number is asked for; of more, whatever is the cheapest."""


class Known(NamedTuple):
    """What is known at one minute of how parcels fare; arrays of no length where nothing is."""

    now: int  # minutes since 1970-01-01 UTC
    by: int  # nothing later, minutes
    columns: int  # P: numbers of parcels that differ in their dates, at least 1
    minutes: tuple[Floats, Floats]  # (7, V, B, P) at what 1, 2, … parcels each need, by place
    curve: tuple[Floats, Floats]  # (7, V, B, Q) at each level; the region's factor is in both
    route: tuple[Floats, Floats]  # (O+1,) times as long from each origin to the place; last: 1
    level: Floats  # (Q,) probabilities, rising
    edges_km: Floats  # (B−1,) upper edges of the distance bands
    factor: Floats  # (N,) times as long as the whole
    origin: Ints  # (N,) −1 where it is not known
    corners: Floats  # (8,) minutes of the carriers' week at each midnight from Thursday on
    asked: Ints  # (T,) what the clocks of each zone show now
    until: Floats  # (T, T, D) minutes of the carriers' week from now here to days' ends there
    zone: Ints  # (N,) time zone
    to_zone: Ints  # (Z,) time zone of the destination, −1: the node's
    offset_start: Ints  # these as in `Clocks`
    offset_from: Ints
    offset: Ints
    day_end: Ints  # (T, D)
    first_day: int
    keeps: Floats  # (N,) probability that a node does as it is told
    lost: Floats  # (R,) units that are expected to be lost from each cell
    shelf: Ints  # (R,) units that can be lost
    safety: Ints  # (R,)
    parcels: Ints  # (P,) the numbers of parcels that differ in their dates
    fine: float  # days that a late order weighs; 0: dates are as sure as `minutes` says


@compiled
def day_ends(known: Any) -> tuple[Ints, Floats]:
    """Return `asked` and `until` of `Known`, from all else that is in it."""
    zones, days = known.day_end.shape
    asked, until = np.empty(zones, np.int64), np.empty((zones, zones, days))
    for a in range(zones):
        asked[a] = local(known, a, known.now)
        begun = spent(known, asked[a])
        for b in range(zones):
            for d in range(days):
                minutes = known.day_end[b, d] - known.now
                until[a, b, d] = spent(known, asked[a] + minutes + 1e-6) - begun
    return asked, until


@compiled
def promised(data: Any, known: Any, ways: tuple[Ints, Ints, Ints], arrives: Any) -> None:
    """Make of the clocks' arrivals when ways are promised to have arrived, (1).

    Args:
        data: `Inputs`.
        known: `Known`.
        ways: nodes, first way of each row and node, and services, −1 over the counter.
        arrives: (W, P) by the clocks, in all columns the same.
    """
    nodes, start, service = ways
    until, ends, to = known.until, known.day_end, lent(arrives)
    chance = np.empty(ends.shape[1])
    columns, last, several = arrives.shape[1], ends.shape[1], len(ends) > 1
    for row in range(len(data.place)):
        place, first = data.place[row], row * len(nodes)
        minutes, route = known.minutes[place], known.route[place]
        for i in range(len(nodes)):
            node = nodes[i]
            begin, end = start[first + i], start[first + i + 1]
            if begin == end:
                continue
            km, zone = distance(data, row, node), known.zone[node]
            asked, band = known.asked[zone], np.searchsorted(known.edges_km, km)
            longer = known.factor[node] * route[known.origin[node]]
            today, morning = weekday(asked), max(asked // DAY - known.first_day - 1, 0)
            for w in range(begin, end):
                v, day = service[w], morning
                if v < 0:
                    continue
                there = zone_there(data, known, (row, v, node, km)) if several else 0
                if known.fine > 0:
                    way = (place, zone, there), (today, v, band, longer), morning
                    by_fine(known, way, chance, to[w])
                    continue
                for p in range(columns):
                    needed = minutes[today, v, band, p] * longer
                    while day < last and until[zone, there, day] < needed:
                        day += 1
                    to[w, p] = max(to[w, p], ends[there, day]) if day < last else BEYOND


@compiled
def promised_as(data: Any, known: Any, ways: tuple[Ints, Ints, Ints], arrives: Any) -> None:
    """Do as `promised` by what is known that nobody has lent."""
    promised(data, lent_whole(known), ways, arrives)


@compiled
def by_fine(known: Any, way: Any, chance: Floats, to: Any) -> None:
    """Make of a way's arrival by the clocks, in every column, its dates by the fine, (1′).

    Args:
        known: `Known`.
        way: (place, zone of the node, of the destination), (weekday, service, band, how slow), and
            the first day that can be.
        chance: (D,) room.
        to: (P,).
    """
    (place, zone, there), (today, v, band, longer), first = way
    ends, until, curve = known.day_end[there], known.until[zone, there], known.curve[place]
    last, pick, begin = len(ends), 0, first
    while begin < last and ends[begin] < to[0]:
        begin += 1
    for day in range(begin, last):
        chance[day] = sure_by(known.level, curve[today, v, band], until[day] / longer)
    for p in range(len(to)):
        least = known.fine + last
        for day in range(begin, last):
            if day - first >= least:
                break
            cost = day - first + known.fine * (1 - chance[day] ** known.parcels[p])
            if cost < least and day >= pick:
                least, pick = cost, day
        to[p] = max(to[p], ends[pick]) if begin < last else BEYOND


@njit(inline="always")
def sure_by(level: Floats, curve: Any, minutes: float) -> float:
    """Return the probability reached after minutes of the week, linear between levels."""
    low, below = 0.0, 0.0
    for q in range(len(curve)):
        if minutes < curve[q]:
            share = max(0.0, minutes - low) / (curve[q] - low)
            return float(below + (level[q] - below) * share)
        low, below = curve[q], level[q]
    return float(below)


@njit(inline="always")
def zone_there(data: Any, known: Any, way: tuple[int, int, int, float]) -> int:
    """Return the time zone in which a parcel arrives: by row, service, node and km."""
    row, service, node, km = way
    zone = known.to_zone[rule_of(data, row, service, node, km)]
    return int(zone if zone >= 0 else known.zone[node])


@njit(inline="always")
def weekday(minute: int) -> int:
    """Return the weekday of a local minute, 0 Monday."""
    return int((minute // DAY + MONDAY) % 7)


@njit(inline="always")
def spent(known: Any, minute: float) -> float:
    """Return the minutes of the carriers' week that have gone since 1970, `week.carried`."""
    weeks, day = minute // WEEK, int(minute % WEEK // DAY)
    share = (minute % WEEK - day * DAY) / DAY
    low, high = known.corners[day], known.corners[day + 1]
    return float(weeks * WEEK + low + share * (high - low))


@njit(inline="always")
def at_minute(known: Any, now: int) -> Any:
    """Return what is known at another minute of how parcels fare; `asked`, `until` as they were.

    Inlined, as it must be: what it lends stands in the frame of whoever calls it.
    """
    return lent_whole(Known(now, *all_of(known)[1:]))


@compiled
def likely(data: Any, known: Any, plan: Any, met: Any) -> float:
    """Return the probability that a plan, (`Quotes`, q), is kept, (2); `met`: nodes and cells."""
    to, q = plan
    chance, first, end = 1.0, to.start[q], to.start[q + 1]
    for s in range(first, end):
        if to.path[s] < 0:
            chance *= arrived(data, known, (to.row[s], to.node[s], to.service[s]), to.arrives[q])
        elif to.hub[s] >= 0 and not to.joins[s]:  # one parcel, from when all of it is at the hub
            there = at_minute(known, to.at[s])
            chance *= arrived(data, there, (to.row[s], to.hub[s], to.service[s]), to.arrives[q])
        again = False
        for other in range(first, s):
            again |= to.node[other] == to.node[s]
        if not again:
            chance *= known.keeps[to.node[s]]
            if len(known.lost):
                chance *= held(data, known, (to, s, end), met)
    return chance


@compiled
def arrived(data: Any, known: Any, way: tuple[int, int, int], by: int) -> float:
    """Return the probability that a parcel has arrived by a minute; 1 where nothing is learned."""
    row, node, service = way
    if service < 0 or len(known.factor) == 0:
        return 1.0
    place, asked = data.place[row], local(known, known.zone[node], known.now)
    band = np.searchsorted(known.edges_km, distance(data, row, node))
    curve = known.curve[place][weekday(asked), service, band]
    longer = known.factor[node] * known.route[place][known.origin[node]]
    gone = spent(known, asked + by - known.now) - spent(known, asked)
    return sure_by(known.level, curve, gone / longer)


@compiled
def held(data: Any, known: Any, parcels: Any, met: Any) -> float:
    """Return the probability that a node has all that its parcels s … take, line by line."""
    (to, s, end), (nodes, cells) = parcels, met
    i, chance, stride = 0, 1.0, 1
    while nodes[i] != to.node[s]:
        i += 1
    for j in range(cells.shape[1]):
        size, taken, cell = data.units[j] + 1, 0, cells[i, j]
        for other in range(s, end):
            if to.node[other] == to.node[s]:
                taken += to.content[other] // stride % size
        stride *= size
        if taken and 0 <= cell < len(known.lost) and known.lost[cell] > 0:
            slack = data.cell_units[cell] + known.safety[cell] - taken
            if slack < known.shelf[cell]:
                chance *= at_most(slack, known.lost[cell])
    return chance
