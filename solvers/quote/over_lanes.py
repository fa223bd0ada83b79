"""What of a cart may travel over lanes: to a store's counter, or by a hub and a parcel from there.

Every path of routes/trunk.py that ends at the store, or at a hub h, is a *consignment*: goods x of
a node n, ready at r_n, that are at its end at

    T(n, path)     =  trunk.arrival of r_n                                                  (1)
    sent(x, path)  =  handling of the nodes passed + ⌊cents a kg · kg + ½⌋ + ⌊cents of CO2 + ½⌋ (2)

At the store it is handed over in the first slot with room, or at the first open minute, from T on.
At a hub it is made ready and leaves as a parcel by a service v of the hub's own zone rules, an
*exit* e = (row, h, v): with everything of the parcel at the hub at T, it arrives at

    a_e(T, p)      =  delivered(ready(h, T)), or as learned of p parcels asked for at T     (3)
    out_e(X)       =  cents a shipment of the hub + freight of X + ⌊cents of CO2 + ½⌋       (4)

One node by one path and an exit make a *way* of that node, as any other: sent + out, one parcel.
Consignments of several nodes that leave in one parcel are merge.py's. A rule that excludes
(compile/fences.py) holds of a way if it holds of any of its legs, each with the distance from the
leg's node to the customer.

Goods that reach a hub later leave it no earlier; where learned dates say so, those of a merged
parcel are taken as of the latest goods or of any that the network brings there before, whichever
is later:  a_e(T, p) = max over T' ≤ T.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omnisource.solvers.compile.candidates import distance, rule_of, way_bits
from omnisource.solvers.compile.costs import co2_rate
from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import all_of, lent_whole
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.quote.known import Known, at_minute, day_ends, promised_as
from omnisource.solvers.routes.clocks import BEYOND, delivered, ready
from omnisource.solvers.routes.trunk import arrival


class Lanes(NamedTuple):
    """Ways, or consignments to hubs, of one cart; of no length where nothing travels so."""

    start: Ints  # (groups · N + 1,) first of each row, or hub and row, and node; or no length
    service: Ints  # (W,) of the parcel from the hub; else of the first lane
    steps: Ints  # (W,) first tariff step of the parcel's zone; 0: no freight
    hub: Ints  # (W,) −1: the store itself
    path: Ints  # (W,) row of the trunk of that hub or store
    at: Ints  # (W,) minute at which goods are there, (1)
    arrives: Ints  # (W, P) as in `menu.Reached`; of a consignment: `at`
    bits: NDArray[np.uint64]  # (W,) rules that hold on the way's side
    fixed: Ints  # (W,) cents: of (2), and of (4) the hub's
    rate: Floats  # (W,) cents a kg, (2)
    lane_co2: Floats  # (W,) cents a gram, of (2)
    lane_emits: Floats  # (W,) g CO2 a gram
    co2: Floats  # (W,) cents a gram, of (4)
    emits: Floats  # (W,) g CO2 a gram


class Exits(NamedTuple):
    """Parcels that leave hubs: E exits, and when each arrives that waits for goods till `at`."""

    row: Ints  # (E,)
    hub: Ints  # (E,)
    group: Ints  # (E,) hub's number · rows + row: where its consignments start
    service: Ints  # (E,)
    steps: Ints  # (E,)
    fixed: Ints  # (E,) cents a shipment of the hub
    bits: NDArray[np.uint64]  # (E,)
    co2: Floats  # (E,) cents a gram
    emits: Floats  # (E,) g CO2 a gram
    start: Ints  # (E+1,) first minute of each
    at: Ints  # (A,) minutes at which goods come to the hub, rising within an exit
    arrives: Ints  # (A, P), (3)


class Over(NamedTuple):
    """All that a cart can have over lanes."""

    ways: Lanes
    consignments: Lanes
    exits: Exits


class Scene(NamedTuple):
    """What the kernels below read of the network."""

    clocks: Any
    trunk: Any
    tail: Ints  # (L,) node at which each lane starts
    service: Ints  # (L,)
    ready: Ints  # (N,) minutes at which goods asked for now are ready
    co2_price: float  # cents a kg


@compiled
def consignments(data: Any, scene: Any, rows: Ints, ends: Ints) -> Any:
    """Return the consignments of some rows to some ends: columns (C,), end by end, row by row.

    They are the end's number, the row, the path, the minute of (1), and the rules' bits.
    """
    t, data = scene.trunk, lent_whole(data)
    most = 0
    for end in ends:
        most += (t.start[end + 1] - t.start[end]) * len(rows)
    i64 = np.int64
    which, of_row, path = np.empty(most, i64), np.empty(most, i64), np.empty(most, i64)
    at, bits, count = np.empty(most, i64), np.empty(most, np.uint64), 0
    for number in range(len(ends)):
        for row in rows:
            for p in range(t.start[ends[number]], t.start[ends[number] + 1]):
                there = arrival(t, p, scene.ready[t.source[p]])
                if there >= BEYOND:
                    continue
                which[count], of_row[count], path[count], at[count] = number, row, p, there
                bits[count] = np.uint64(0)
                for i in range(t.lane_start[p], t.lane_start[p + 1]):
                    node = scene.tail[t.lane[i]]
                    km = distance(data, row, node)
                    bits[count] |= way_bits(data, node, scene.service[t.lane[i]], km)
                count += 1
    return which[:count], of_row[:count], path[:count], at[:count], bits[:count]


@compiled
def date_exits(data: Any, known: Any, out: Any, minute: int, arrives: Any) -> None:
    """Make of the clocks' arrivals when parcels are promised that a hub is asked for later, (3).

    `out` are the hub, where the parcels of each row start, and their services.
    """
    hub, start, service = out
    moved = at_minute(known, minute)
    asked, until = day_ends(moved)
    before = all_of(moved)
    then = Known(*(before[:11] + (asked, until) + before[13:]))  # noqa: RUF005  is not compiled
    promised_as(data, then, (np.full(1, hub), start, service), arrives)


@compiled
def exits(data: Any, known: Any, scene: Any, rows: Ints, at_hub: Any) -> Any:
    """Return the parcels that leave hubs for some rows, as the columns of `Exits`.

    `at_hub` are the hubs, and for each where its minutes start, and these, rising; an arrival
    that the clocks do not reach is `BEYOND`.
    """
    data, known = lent_whole(data), lent_whole(known)
    (hubs, first, minutes), i64 = at_hub, np.int64
    services = len(data.delivers)
    most, times = len(hubs) * len(rows) * services, len(minutes) * len(rows) * services
    row_of, hub_of, group = np.empty(most, i64), np.empty(most, i64), np.empty(most, i64)
    service, steps, fixed = np.empty(most, i64), np.empty(most, i64), np.empty(most, i64)
    bits, co2, emits = np.empty(most, np.uint64), np.empty(most), np.empty(most)
    start, at = np.zeros(most + 1, i64), np.empty(times, i64)
    arrives = np.empty((times, known.columns), i64)
    e, c, all_rows, dated = 0, scene.clocks, len(data.order_line) - 1, len(known.factor) > 0
    for number in range(len(hubs)):
        hub, begin, times = hubs[number], e, first[number + 1] - first[number]
        here, of_row = minutes[first[number] : first[number + 1]], np.zeros(all_rows + 1, i64)
        for row in rows:
            km = distance(data, row, hub)
            for v in range(services):
                z = rule_of(data, row, v, hub, km) if data.delivers[v] else -1
                if z < 0:
                    continue
                row_of[e], hub_of[e], group[e] = row, hub, number * all_rows + row
                service[e], steps[e], fixed[e] = v, data.rule_steps[z], data.per_shipment[hub]
                bits[e] = way_bits(data, hub, v, km)
                co2[e] = co2_rate(data.co2[v], km, data.co2_price)
                emits[e] = data.co2[v] * km / 1000 if km >= 0 else 0.0
                for i in range(times):
                    a = start[e] + i
                    since, at[a] = ready(c, hub, here[i]), here[i]
                    arrives[a] = delivered(c, hub, v, z, since) if since < BEYOND else BEYOND
                e += 1
                start[e] = start[e - 1] + times
                of_row[row + 1 :] = e - begin
        if dated and e > begin:
            for i in range(times):
                these = arrives[start[begin] + i : start[e] : times].copy()
                date_exits(data, known, (hub, of_row, service[begin:e]), here[i], these)
                arrives[start[begin] + i : start[e] : times] = these
    a = start[e]
    return (
        row_of[:e], hub_of[:e], group[:e], service[:e], steps[:e], fixed[:e], bits[:e], co2[:e],
        emits[:e], start[: e + 1], at[:a], arrives[:a],
    )  # fmt: skip


@njit(inline="always")
def consigned(lanes: Any, way: int, grams: int) -> tuple[int, int]:
    """Return cents and grams of CO2 of sending so much by a consignment, (2)."""
    cents = lanes.fixed[way] + int(np.floor(lanes.rate[way] * grams / 1_000 + 0.5))
    cents += int(np.floor(grams * lanes.lane_co2[way] + 0.5))
    return cents, int(np.floor(grams * lanes.lane_emits[way] + 0.5))


@compiled
def through(sent: Any, out: Any) -> Any:
    """Return the pairs of a consignment and an exit that make a way: (row of each, minute's row).

    `sent` are the consignments' groups and minutes; `out` is `Exits`.
    """
    group, at = sent
    most = 0
    for c in range(len(group)):
        for e in range(len(out.group)):
            most += group[c] == out.group[e]
    one, by, when = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for c in range(len(group)):
        for e in range(len(out.group)):
            if group[c] != out.group[e]:
                continue
            begin, end = out.start[e], out.start[e + 1]
            a = begin + np.searchsorted(out.at[begin:end], at[c])
            if a < end and out.arrives[a, 0] < BEYOND:
                one[count], by[count], when[count] = c, e, a
                count += 1
    return one[:count], by[:count], when[:count]
