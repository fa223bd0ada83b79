"""Who could send what: candidates, their ways, and a verdict for every pair that falls out.

For each order, the nodes that hold any of its SKUs are looked at once: is the node open for this
kind of hand-over, does a service go there, does it arrive in time, does a rule forbid it, is one
unit within the parcel limit? A node at which some line passes becomes a candidate.

The scan runs over blocks of orders twice: once to count, once to fill arrays of the right size.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omnisource.solvers.costs import billable_grams, co2_rate, freight_cents, great_circle_km
from omnisource.solvers.problem import NEVER, Flags, Floats, Ints
from omnisource.solvers.routes import days_late, zone_rule

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


class Inputs(NamedTuple):
    """All that the scan reads. Sizes as in solvers/problem.py and solvers/routes.py."""

    order_line: Ints  # (K+1,)
    order_fences: NDArray[np.uint64]  # (K,)
    lat: Floats  # (K,)
    lon: Floats  # (K,)
    place: Ints  # (K,)
    pickup: Ints  # (K,)
    only_there: Flags  # (K,)
    promised_by: Ints  # (K,)
    line_sku: Ints  # (L,)
    sku_start: Ints  # (SKU+1,) first entry of each SKU in `sku_cells`
    sku_cells: Ints  # (R,) cells by SKU
    cell_node: NDArray[np.int32]  # (R,)
    cell_units: Ints  # (R,)
    grams: Ints  # (SKU,)
    mm3: Floats  # (SKU,)
    product_fences: NDArray[np.uint64]  # (SKU,)
    node_lat: Floats  # (N,)
    node_lon: Floats  # (N,)
    node_ships: Flags  # (N,)
    node_pickup: Flags  # (N,)
    node_fences: NDArray[np.uint64]  # (N,)
    service_fences: NDArray[np.uint64]  # (V+1,)
    beyond_km: Floats  # (F,)
    ready: Ints  # (N,)
    day_end: Ints  # (N, days)
    delivers: Flags  # (V,)
    rule_start: Ints  # (V+1,)
    rule_node: Ints  # (Z,)
    up_to_km: Floats  # (Z,)
    transit_days: Ints  # (Z,)
    rule_steps: Ints  # (Z,)
    fits: Flags  # (D, Z)
    step_grams: Ints  # (T,)
    step_cents: Ints  # (T,)
    divisor: Floats  # (V+1,)
    co2: Floats  # (V,) g CO2 a kg of goods and km
    co2_price: float  # cents a kg CO2
    may_be_late: bool


class Found(NamedTuple):
    """What a scan fills in; rows as counted by the scan before."""

    candidates: Ints  # (K,) candidates of each order
    node: NDArray[np.int32]  # (C,)
    km: Floats  # (C,)
    cell: NDArray[np.int32]  # (P,)
    ways: Ints  # (C,) ways of each candidate
    service: NDArray[np.int16]  # (W,)
    steps: Ints  # (W,)
    late: NDArray[np.int16]  # (W,)
    arrives: Ints  # (W,)
    fences: NDArray[np.uint64]  # (W,)
    co2: Floats  # (W,)
    refused_line: NDArray[np.int32]  # (X,)
    refused_node: NDArray[np.int32]  # (X,)
    refused_why: NDArray[np.int8]  # (X,)


def room(orders: int, counts: Ints) -> Found:
    """Return empty arrays for what a scan counted: (candidates, pairs, ways, refused)."""
    c, p, w, x = (int(count) for count in counts)
    return Found(
        np.zeros(orders, np.int64), np.empty(c, np.int32), np.empty(c), np.empty(p, np.int32),
        np.empty(c, np.int64), np.empty(w, np.int16), np.empty(w, np.int64),
        np.empty(w, np.int16), np.empty(w, np.int64), np.empty(w, np.uint64), np.empty(w),
        np.empty(x, np.int32), np.empty(x, np.int32), np.empty(x, np.int8),
    )  # fmt: skip


@njit(cache=True, nogil=True)
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
            n = data.cell_node[cell]
            if stamp[n] != order:
                stamp[n], slot[n] = order, met
                nodes[met] = n
                cells[met * k : (met + 1) * k] = -1
                met += 1
            cells[slot[n] * k + j] = cell
    return met


@njit(cache=True, nogil=True)
def way_bits(data: Any, node: int, service: int, km: float) -> np.uint64:
    """Return the bits of the rules that hold on the side of node, service and distance."""
    bits: np.uint64 = data.node_fences[node] & data.service_fences[service]
    for f in range(len(data.beyond_km)):
        limit = data.beyond_km[f]
        if limit >= 0 and not km > limit:
            bits &= ~(np.uint64(1) << np.uint64(f))
    return bits


@njit(cache=True, nogil=True)
def find_ways(data: Any, order: int, node: int, km: float, out: Any) -> tuple[int, int]:
    """Write the ways from a node to an order's destination; return how many, and why none.

    `out` holds scratch for a candidate's ways: service, steps, late, arrives, fences, co2.
    """
    service, steps, late, arrives, bits, co2 = out
    if data.pickup[order] == node:
        if not data.node_pickup[node]:
            return 0, CLOSED
        overdue = days_late(data.ready[node], data.promised_by[order])
        if overdue > 0 and not data.may_be_late:
            return 0, TOO_LATE
        service[0], steps[0], late[0], co2[0] = -1, 0, overdue, 0.0
        arrives[0], bits[0] = data.ready[node], way_bits(data, node, -1, km)
        return 1, ELIGIBLE
    if data.only_there[order]:
        return 0, ELSEWHERE
    if not data.node_ships[node]:
        return 0, CLOSED
    found, why = 0, NO_ROUTE
    for v in range(len(data.delivers)):
        if not data.delivers[v]:
            continue
        z = zone_rule(
            data.rule_start, data.rule_node, data.up_to_km, data.fits,
            v, node, data.place[order], km,
        )  # fmt: skip
        if z < 0:
            continue
        arrives[found] = data.day_end[node, data.transit_days[z]]
        late[found] = min(days_late(arrives[found], data.promised_by[order]), 30_000)
        if late[found] > 0 and not data.may_be_late:
            why = TOO_LATE
            continue
        service[found], steps[found] = v, data.rule_steps[z]
        bits[found] = way_bits(data, node, v, km)
        co2[found] = co2_rate(data.co2[v], km, data.co2_price)
        found += 1
    return found, why


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def distance(data: Any, order: int, node: int) -> float:
    """Return km from a node to an order's destination, NaN where it is not known."""
    if np.isnan(data.lat[order]):
        return np.nan
    return great_circle_km(
        data.node_lat[node], data.node_lon[node], data.lat[order], data.lon[order]
    )


@njit(cache=True, nogil=True)
def enter(found: Any, at: Ints, cells: Ints, verdicts: Any, ways: int, out: Any) -> None:
    """Write a candidate's pairs and its ways."""
    for j in range(len(cells)):
        found.cell[at[1] + j] = cells[j] if verdicts[j] == ELIGIBLE else -1
    for w in range(ways):
        found.service[at[2] + w], found.steps[at[2] + w] = out[0][w], out[1][w]
        found.late[at[2] + w], found.arrives[at[2] + w] = out[2][w], out[3][w]
        found.fences[at[2] + w], found.co2[at[2] + w] = out[4][w], out[5][w]


@njit(cache=True, nogil=True)
def scan(data: Any, begin: int, end: int, fill: bool, at: Ints, found: Any) -> None:
    """Look at every (line, node) with stock of the orders begin … end−1.

    Args:
        data: `Inputs`.
        begin: first order.
        end: after the last order.
        fill: write into `found`; otherwise only count.
        at: (4,) where to write candidates, pairs, ways and refusals; moved on as they are met.
        found: `Found`.
    """
    nodes_count, services = len(data.node_lat), len(data.delivers) + 1
    longest = 0
    for o in range(begin, end):
        longest = max(longest, data.order_line[o + 1] - data.order_line[o])
    stamp = np.full(nodes_count, -1, np.int64)
    slot = np.empty(nodes_count, np.int64)
    nodes = np.empty(nodes_count, np.int64)
    cells = np.empty(nodes_count * longest, np.int64)
    verdicts = np.empty(longest, np.int8)
    out = (
        np.empty(services, np.int16), np.empty(services, np.int64), np.empty(services, np.int16),
        np.empty(services, np.int64), np.empty(services, np.uint64), np.empty(services),
    )  # fmt: skip
    for o in range(begin, end):
        first = data.order_line[o]
        k = data.order_line[o + 1] - first
        for i in range(gather(data, o, stamp, slot, nodes, cells)):
            n = nodes[i]
            km = distance(data, o, n)
            ways, why = find_ways(data, o, n, km, out)
            passed = 0
            for j in range(k):
                verdicts[j] = ELIGIBLE
                cell = cells[i * k + j]
                if cell < 0:
                    continue
                verdicts[j] = why
                if data.cell_units[cell] == 0:
                    verdicts[j] = NO_STOCK
                elif ways > 0:
                    verdicts[j] = judge(data, o, data.line_sku[first + j], ways, out)
                if verdicts[j] == ELIGIBLE:
                    passed += 1
                else:
                    if fill:
                        found.refused_line[at[3]] = first + j
                        found.refused_node[at[3]] = n
                        found.refused_why[at[3]] = verdicts[j]
                    at[3] += 1
            if passed == 0:
                continue
            if fill:
                found.candidates[o] += 1
                found.node[at[0]], found.km[at[0]], found.ways[at[0]] = n, km, ways
                enter(found, at, cells[i * k : i * k + k], verdicts, ways, out)
            at[0] += 1
            at[1] += k
            at[2] += ways
