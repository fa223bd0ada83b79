"""Who could send what: every node with stock of a line is looked at once and judged.

A node is a *candidate* of an order if it may send it something: it has stock of a line, a route to
the destination that keeps the date, and no fence or weight limit excludes the line on every way.
The others get a verdict, which says why not: the first of these that applies,

    no stock · node closed · not the pick-up node · no route · too late · fenced · too heavy

An order that is collected, or reserved, is served by its pick-up node's own stock alone, over
the counter. One shipped to a store is handed over there from that store's stock, or sent to it
from elsewhere. A late plan is a way only where the policy prices lateness; otherwise what arrives
after `promised_by` is too late.

Everything here is about one order at a time; solvers/compile/look.py goes through the orders.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omnisource.solvers.compile.costs import (
    billable_grams,
    co2_rate,
    freight_cents,
    great_circle_km,
)
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, Flags, Floats, Ints
from omnisource.solvers.routes.clocks import BEYOND
from omnisource.solvers.routes.direct import days_late, zone_rule

ELIGIBLE: Final = 0
NO_STOCK: Final = 1
NO_ROUTE: Final = 2
TOO_LATE: Final = 3
FENCED: Final = 4
TOO_HEAVY: Final = 5
CLOSED: Final = 6
ELSEWHERE: Final = 7
VERDICTS: Final = (
    "eligible",
    "no stock",
    "no route",
    "too late",
    "fenced",
    "too heavy",
    "node closed",
    "not the pick-up node",
)
"""What was found of a (line, node), by verdict code."""


class Reach(NamedTuple):
    """Distance and zone rules from every node to every destination, where these are few."""

    destination: Ints  # (K,) row of the tables; −1: work it out
    km: Floats  # (D, N)
    rule: NDArray[np.int32]  # (D, N, V) −1 where the service does not go there


class Inputs(NamedTuple):
    """All that is read to enumerate, judge and price. Sizes: problem.py, routes/direct.py."""

    order_line: Ints  # (K+1,)
    order_fences: NDArray[np.uint64]  # (K,)
    lat: Floats  # (K,)
    lon: Floats  # (K,)
    place: Ints  # (K,)
    pickup: Ints  # (K,)
    only_there: Flags  # (K,)
    promised_by: Ints  # (K,)
    large: Flags  # (K,)
    limited: Flags  # (K,) fewer shipments than units
    line_sku: Ints  # (L,)
    units: Ints  # (L,)
    late: Ints  # (L,)
    kit: Ints  # (L,) place in its order of the first line that it lies in one parcel with, or −1
    kit_units: Ints  # (L,) units of it in one bundle
    sku_start: Ints  # (SKU+1,) first entry of each SKU in `sku_cells`
    sku_cells: Ints  # (R,) cells by SKU
    cell_node: NDArray[np.int32]  # (R,)
    cell_units: Ints  # (R,)
    cell_cost: Ints  # (R,) cents a unit
    grams: Ints  # (SKU,)
    mm3: Floats  # (SKU,)
    alone: Flags  # (SKU,)
    product_fences: NDArray[np.uint64]  # (SKU,)
    node_lat: Floats  # (N,)
    node_lon: Floats  # (N,)
    node_ships: Flags  # (N,)
    node_pickup: Flags  # (N,)
    node_fences: NDArray[np.uint64]  # (N,)
    per_unit: Ints  # (N,) cents a unit
    per_shipment: Ints  # (N,) cents a shipment
    channel: Ints  # (K,) code, −1 for every channel without an allotment
    cell_only: NDArray[np.int32]  # (R,) the channel that alone draws there; −1 for all others
    held_at: Ints  # (L,) node at which the line is reserved, −1 for none
    move_cents: int  # a unit of it from elsewhere; 0: `held_at` is not looked at
    service_fences: NDArray[np.uint64]  # (V+1,)
    beyond_km: Floats  # (F,)
    collected: Ints  # (N,)
    sends_like: Ints  # (N,)
    takes_like: Ints  # (Z,)
    arrival: Ints  # (A, B)
    delivers: Flags  # (V,)
    rule_start: Ints  # (V+1,)
    rule_node: Ints  # (Z,)
    up_to_km: Floats  # (Z,)
    rule_steps: Ints  # (Z,)
    fits: Flags  # (places, Z)
    step_grams: Ints  # (T,)
    step_cents: Ints  # (T,)
    divisor: Floats  # (V+1,)
    co2: Floats  # (V,) g CO2 a kg of goods and km
    co2_price: float  # cents a kg CO2
    may_be_late: bool
    reach: Reach


@compiled
def gather(data: Any, order: int, stamp: Ints, slot: Ints, nodes: Ints, cells: Ints) -> int:
    """Collect the nodes that hold any SKU of an order; return how many.

    `nodes[i]` is the i-th node met and `cells[i·k + j]` its cell for the order's j-th line, −1 if
    it has none. `stamp` and `slot` are (N,) scratch.
    """
    first, last = data.order_line[order], data.order_line[order + 1]
    k = last - first
    met = 0
    for j in range(k):
        sku = data.line_sku[first + j]
        for i in range(data.sku_start[sku], data.sku_start[sku + 1]):
            cell = data.sku_cells[i]
            if data.cell_only[cell] >= 0 and data.cell_only[cell] != data.channel[order]:
                continue
            n = data.cell_node[cell]  # a channel's own cell comes after that of all others
            if stamp[n] != order:
                stamp[n], slot[n] = order, met
                nodes[met] = n
                cells[met * k : (met + 1) * k] = -1
                met += 1
            cells[slot[n] * k + j] = cell
    return met


@compiled
def way_bits(data: Any, node: int, service: int, km: float) -> np.uint64:
    """Return the bits of the rules that hold on the side of node, service and distance."""
    bits: np.uint64 = data.node_fences[node] & data.service_fences[service]
    if bits == 0:
        return bits
    for f in range(len(data.beyond_km)):
        limit = data.beyond_km[f]
        if limit >= 0 and not km > limit:
            bits &= ~(np.uint64(1) << np.uint64(f))
    return bits


@njit(inline="always")
def rule_of(data: Any, order: int, service: int, node: int, km: float) -> int:
    """Return the zone rule by which a service goes from a node to an order, −1 for none."""
    destination = data.reach.destination[order]
    if destination >= 0:
        return int(data.reach.rule[destination, node, service])
    return int(
        zone_rule(
            data.rule_start, data.rule_node, data.up_to_km, data.fits,
            service, node, data.place[order], km,
        )
    )  # fmt: skip


@njit(inline="always")
def find_ways(data: Any, order: int, node: int, km: float, out: Any) -> tuple[int, int]:
    """Write the ways from a node to an order's destination; return how many, and why none.

    `out` holds scratch for a candidate's ways: service, steps, late, arrives, fences, co2.
    """
    service, steps, late, arrives, bits, co2 = out
    if data.pickup[order] == node:
        if not data.node_pickup[node] or data.collected[node] >= BEYOND:
            return 0, CLOSED
        overdue = days_late(data.collected[node], data.promised_by[order])
        if overdue > 0 and not data.may_be_late:
            return 0, TOO_LATE
        service[0], steps[0], late[0], co2[0] = -1, 0, overdue, 0.0
        arrives[0], bits[0] = data.collected[node], way_bits(data, node, -1, km)
        return 1, ELIGIBLE
    if data.only_there[order]:
        return 0, ELSEWHERE
    if not data.node_ships[node]:
        return 0, CLOSED
    found, why = 0, NO_ROUTE
    for v in range(len(data.delivers)):
        if not data.delivers[v]:
            continue
        z = rule_of(data, order, v, node, km)
        if z < 0:
            continue
        at = data.arrival[data.sends_like[node], data.takes_like[z]]
        if at >= BEYOND:
            continue
        arrives[found] = at
        late[found] = min(days_late(arrives[found], data.promised_by[order]), 30_000)
        if late[found] > 0 and not data.may_be_late:
            why = TOO_LATE
            continue
        service[found], steps[found] = v, data.rule_steps[z]
        bits[found] = way_bits(data, node, v, km)
        co2[found] = co2_rate(data.co2[v], km, data.co2_price)
        found += 1
    return found, why


@njit(inline="always")
def judge(data: Any, order: int, sku: int, found: int, out: Any) -> int:
    """Return the verdict on one SKU of an order, given the ways of a node that stocks it."""
    service, steps, _, _, bits, _ = out
    mine = data.order_fences[order] & data.product_fences[sku]
    verdict = FENCED
    for w in range(found):
        if mine & bits[w]:
            continue
        billable = billable_grams(data.grams[sku], data.mm3[sku], data.divisor[service[w]])
        if freight_cents(data.step_grams, data.step_cents, steps[w], billable) < NEVER:
            return ELIGIBLE
        verdict = TOO_HEAVY
    return verdict


@njit(inline="always")
def distance(data: Any, order: int, node: int) -> float:
    """Return km from a node to an order's destination, NaN where it is not known."""
    destination = data.reach.destination[order]
    if destination >= 0:
        return float(data.reach.km[destination, node])
    if np.isnan(data.lat[order]):
        return np.nan
    return great_circle_km(
        data.node_lat[node], data.node_lon[node], data.lat[order], data.lon[order]
    )


@compiled
def fill_reach(data: Any, sample: Ints, begin: int, end: int, km: Floats, rule: Any) -> None:
    """Write distance and rules of the destinations begin … end−1; `sample` is an order of each."""
    for d in range(begin, end):
        for n in range(len(data.node_lat)):
            km[d, n] = distance(data, sample[d], n)
            for v in range(len(data.delivers)):
                rule[d, n, v] = rule_of(data, sample[d], v, n, km[d, n])
