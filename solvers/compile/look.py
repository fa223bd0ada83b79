"""One look at the orders: who could send what, at what cost, and what of it is worth keeping.

For every order, its candidates (candidates.py) and its menu: what every content x costs from
candidate c, by its cheapest way, with the terms of solvers/compile/costs.py,

    cost(c, x)  =  min over ways (freight + co2 + late) + cents a shipment + Σ x_j · rate_j     (1)

Freight depends on the content and the zone alone, so an order works it out once a zone, whoever
sends. A small night keeps everything. A night of a million orders has some 300 million entries,
of which few can ever win; there a *shortlist* keeps of each content

    the `each` cheapest entries, if it is more than one line, and then only such as are at most
        `window` cents dearer than the cheapest way to send its parts                          (2)
    of one line's units, entries from the cheapest on, at least `each`, until their cells hold
        `cover` times all that is ordered of the SKU                                           (3)

An order whose shipments are limited keeps the cheapest of all its contents. Once prices are known
roughly, the night is looked at again, and what is cheapest at these is kept too. What is still left
out may matter at the last prices: solvers/joint/certify.py looks at all of it once more at those,
so the bound holds for the whole night.

Entries stand in the order of their contents, first line fastest; the first is "nothing".
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omnisource.solvers.compile.candidates import (
    ELIGIBLE,
    NO_STOCK,
    VERDICTS,
    distance,
    find_ways,
    gather,
    judge,
)
from omnisource.solvers.compile.costs import billable_grams, freight_cents
from omnisource.solvers.compile.shortlist import compress, shortlisted
from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.problem import NEVER, Floats, Ints


class Found(NamedTuple):
    """What was found of a run of orders; candidates, pairs, ways and entries in their order."""

    candidates: Ints  # (orders,) candidates of each order
    node: NDArray[np.int32]  # (C,)
    km: Floats  # (C,)
    cell: NDArray[np.int32]  # (P,)
    cap: NDArray[np.int32]  # (P,)
    rate: NDArray[np.int32]  # (P,)
    ways: NDArray[np.int32]  # (C,) ways of each candidate
    service: NDArray[np.int16]  # (W,)
    steps: NDArray[np.int32]  # (W,)
    late: NDArray[np.int16]  # (W,)
    arrives: NDArray[np.int32]  # (W,)
    fences: NDArray[np.uint64]  # (W,)
    co2: Floats  # (W,)
    entries: NDArray[np.int32]  # (C,) entries of each candidate
    cost: Ints  # (M,) cents
    content: NDArray[np.int32]  # (M,) in mixed radix over the order's units + 1
    way: NDArray[np.int32]  # (M,) way, counted from the candidate's first; −1 if none
    refused_line: NDArray[np.int32]  # (X,) kept only where everything is
    refused_node: NDArray[np.int32]  # (X,)
    refused_why: NDArray[np.int8]  # (X,)
    verdicts: Ints  # (verdicts,) how often each was found


class Contents(NamedTuple):
    """All contents of an order, by state: mixed radix over units + 1, first line fastest."""

    grams: Ints  # (S,)
    mm3: Floats  # (S,)
    late: Ints  # (S,) Σ units · cents a unit and day late
    bits: NDArray[np.uint64]  # (S,) rules that hold on the side of any line in it
    total: Ints  # (S,) units; at least 2 where a bundle is broken
    alone: NDArray[np.bool_]  # (S,) holds goods that ship alone, or half a bundle
    freight: Ints  # (zones, S) cents
    known: Ints  # (zones,) order whose freight is in that row


@compiled
def grown(column: Any, size: int) -> Any:
    """Return the column with room for `size` entries, what it holds kept."""
    if len(column) >= size:
        return column
    wider = np.empty(max(size, 2 * len(column)), column.dtype)
    wider[: len(column)] = column
    return wider


@compiled
def sizes(data: Any, begin: int, end: int) -> tuple[int, int]:
    """Return the most lines and the most contents of orders begin … end−1."""
    longest, states = 1, 2
    for o in range(begin, end):
        longest = max(longest, data.order_line[o + 1] - data.order_line[o])
        if data.large[o]:
            continue
        size = 1
        for line in range(data.order_line[o], data.order_line[o + 1]):
            size *= data.units[line] + 1
        states = max(states, size)
    return longest, states


@compiled
def describe(data: Any, order: int, stride: Ints, all_of: Any) -> int:
    """Fill what an order's contents weigh and carry; set strides; return how many there are."""
    first, k = data.order_line[order], data.order_line[order + 1] - data.order_line[order]
    stride[0], size = 1, 1
    all_of.grams[0], all_of.mm3[0], all_of.late[0], all_of.total[0] = 0, 0.0, 0, 0
    all_of.bits[0], all_of.alone[0] = np.uint64(0), False
    for j in range(k):
        line, sku = first + j, data.line_sku[first + j]
        bits = data.order_fences[order] & data.product_fences[sku]
        for s in range(size, size * (data.units[line] + 1)):
            rest = s - size
            all_of.grams[s] = all_of.grams[rest] + data.grams[sku]
            all_of.mm3[s] = all_of.mm3[rest] + data.mm3[sku]
            all_of.late[s] = all_of.late[rest] + data.late[line]
            all_of.total[s] = all_of.total[rest] + 1
            all_of.bits[s] = all_of.bits[rest] | bits
            all_of.alone[s] = all_of.alone[rest] or data.alone[sku]
        size *= data.units[line] + 1
        stride[j + 1] = size
    bundled = False
    for line in range(first, first + k):
        bundled |= data.kit[line] >= 0
    if bundled:
        keep_bundles_whole(data, order, stride, all_of)
    return size


@compiled
def keep_bundles_whole(data: Any, order: int, stride: Ints, all_of: Any) -> None:
    """Mark contents that hold half a bundle: they can be sent no more than goods that ship alone.

    (2) of solvers/compile/kits.py.
    """
    first, k = data.order_line[order], data.order_line[order + 1] - data.order_line[order]
    for s in range(1, stride[k]):
        for j in range(k):
            head = data.kit[first + j]
            if head < 0:
                continue
            held = s // stride[j] % (data.units[first + j] + 1)
            whole = s // stride[head] % (data.units[first + head] + 1)
            one, other = data.kit_units[first + j], data.kit_units[first + head]
            if held * other != whole * one or held % one != 0:
                all_of.alone[s], all_of.total[s] = True, max(all_of.total[s], 2)


@compiled
def price_zone(data: Any, zone: int, service: int, steps: int, size: int, all_of: Any) -> None:
    """Fill the freight of all contents in a zone of a service."""
    for s in range(1, size):
        billable = billable_grams(all_of.grams[s], all_of.mm3[s], data.divisor[service])
        all_of.freight[zone, s] = freight_cents(data.step_grams, data.step_cents, steps, billable)


@njit(inline="always")
def cheapest_way(goods: Any, ways: int, by_way: Any) -> tuple[int, int]:
    """Return cents of freight, CO2 and lateness of a content by its cheapest way, and the way.

    `goods` is (state, grams, late, bits, freight) of the content; `by_way` is (zone, late, bits,
    co2) of each way.
    """
    (s, grams, overdue, rules, freight), (zone, late, bits, co2) = goods, by_way
    best, by = NEVER, -1
    for w in range(ways):
        if rules & bits[w]:
            continue
        cents = freight[zone[w], s]
        if cents >= NEVER:
            continue
        cents += int(np.floor(grams * co2[w] + 0.5)) + overdue * late[w]
        if cents < best:
            best, by = cents, w
    return best, by


@compiled
def look(data: Any, keep: Any, zone_of: Ints, begin: int, end: int) -> Any:
    """Look at every (line, node) with stock of the orders begin … end−1.

    Args:
        data: `Inputs`.
        keep: `Shortlist`.
        zone_of: (T,) a number for each zone, by the first row of its tariff.
        begin: first order.
        end: after the last order.

    Returns the columns of `Found`, as a tuple.
    """
    data = lent(data)
    n_nodes, services = len(data.node_lat), len(data.delivers) + 1
    longest, states = sizes(data, begin, end)
    zones = int(zone_of.max()) + 1
    i64, i32, f64 = np.int64, np.int32, np.float64
    stamp, slot, nodes = np.full(n_nodes, -1, i64), np.empty(n_nodes, i64), np.empty(n_nodes, i64)
    cells, verdicts = np.empty(n_nodes * longest, i64), np.empty(longest, np.int8)
    held_out = (
        np.empty(services, np.int16), np.empty(services, i64), np.empty(services, np.int16),
        np.empty(services, i64), np.empty(services, np.uint64), np.empty(services),
    )  # fmt: skip
    held = Contents(
        np.empty(states, i64), np.empty(states), np.empty(states, i64),
        np.empty(states, np.uint64), np.empty(states, i64), np.empty(states, np.bool_),
        np.empty((zones, states), i64), np.full(zones, -1, i64),
    )  # fmt: skip
    out, all_of = lent(held_out), lent(held)
    grams_of, late_of, bits_of, freight_of = all_of.grams, all_of.late, all_of.bits, all_of.freight
    total_of, alone_of = all_of.total, all_of.alone
    stride, digit, zone = (
        np.empty(longest + 1, i64),
        np.empty(longest, i64),
        np.empty(services, i64),
    )
    by_way = (zone, out[2], out[4], out[5])
    candidates, counts = np.zeros(end - begin, i64), np.zeros(len(VERDICTS), i64)
    some = 1024
    node, km, of_ways = np.empty(some, i32), np.empty(some, f64), np.empty(some, i32)
    entries = np.empty(some, i32)
    cell, cap, rate = np.empty(some, i32), np.empty(some, i32), np.empty(some, i32)
    service, steps, late = np.empty(some, np.int16), np.empty(some, i32), np.empty(some, np.int16)
    arrives, fences = np.empty(some, i32), np.empty(some, np.uint64)
    co2 = np.empty(some, f64)
    cost, content, way = np.empty(some, i64), np.empty(some, i32), np.empty(some, i32)
    r_line, r_node = np.empty(some, i32), np.empty(some, i32)
    r_why = np.empty(some, np.int8)
    c, p, w, m, x = 0, 0, 0, 0, 0
    for o in range(begin, end):
        first = data.order_line[o]
        k = data.order_line[o + 1] - first
        met = gather(data, o, stamp, slot, nodes, cells)
        size = 0 if data.large[o] else describe(data, o, stride, all_of)
        c0, p0, w0, m0 = c, p, w, m
        if c + met > len(node):
            node, km = grown(node, c + met), grown(km, c + met)
            of_ways, entries = grown(of_ways, c + met), grown(entries, c + met)
        if p + met * k > len(cell):
            cell, cap = grown(cell, p + met * k), grown(cap, p + met * k)
            rate = grown(rate, p + met * k)
        if w + met * services > len(service):
            wide = w + met * services
            service, steps, late = grown(service, wide), grown(steps, wide), grown(late, wide)
            arrives, fences, co2 = grown(arrives, wide), grown(fences, wide), grown(co2, wide)
        if m + met * size > len(cost):
            wide = m + met * size
            cost, content, way = grown(cost, wide), grown(content, wide), grown(way, wide)
        for i in range(met):
            n = nodes[i]
            far = distance(data, o, n)
            found, why = find_ways(data, o, n, far, out)
            passed, menu = 0, 1
            for j in range(k):
                verdicts[j] = ELIGIBLE
                at = cells[i * k + j]
                if at >= 0:
                    verdicts[j] = why
                    if data.cell_units[at] == 0:
                        verdicts[j] = NO_STOCK
                    elif found > 0:
                        verdicts[j] = judge(data, o, data.line_sku[first + j], found, out)
                    counts[verdicts[j]] += 1
                    passed += verdicts[j] == ELIGIBLE
                    if verdicts[j] != ELIGIBLE and keep.each == 0:
                        r_line, r_node = grown(r_line, x + 1), grown(r_node, x + 1)
                        r_why = grown(r_why, x + 1)
                        r_line[x], r_node[x], r_why[x] = first + j, n, verdicts[j]
                        x += 1
                has = at >= 0 and verdicts[j] == ELIGIBLE
                cell[p + j] = at if has else -1
                cap[p + j] = min(data.units[first + j], data.cell_units[at]) if has else 0
                rate[p + j] = data.per_unit[n] + (data.cell_cost[at] if has else 0)
                if data.move_cents > 0 and data.held_at[first + j] >= 0:
                    rate[p + j] += data.move_cents if data.held_at[first + j] != n else 0
                menu *= cap[p + j] + 1
            if passed == 0:
                continue
            for v in range(found):
                service[w + v], steps[w + v], late[w + v] = out[0][v], out[1][v], out[2][v]
                arrives[w + v], fences[w + v], co2[w + v] = out[3][v], out[4][v], out[5][v]
            entries[c] = 0
            if size:
                for v in range(found):
                    z = zone_of[out[1][v]]
                    zone[v] = z
                    if all_of.known[z] != o:
                        all_of.known[z] = o
                        price_zone(data, z, out[0][v], out[1][v], size, all_of)
                cost[m], content[m], way[m] = 0, 0, -1
                digit[:k] = 0
                s, fixed = 0, data.per_shipment[n]
                for e in range(1, menu):
                    j = 0
                    while digit[j] == cap[p + j]:
                        s -= digit[j] * stride[j]
                        fixed -= digit[j] * rate[p + j]
                        digit[j] = 0
                        j += 1
                    digit[j] += 1
                    s += stride[j]
                    fixed += rate[p + j]
                    cents, by = NEVER, -1
                    if total_of[s] == 1 or not alone_of[s]:
                        goods = (s, grams_of[s], late_of[s], bits_of[s], freight_of)
                        cents, by = cheapest_way(goods, found, by_way)
                    cost[m + e] = cents + fixed if by >= 0 else NEVER
                    content[m + e], way[m + e] = s, by
                entries[c] = menu
                m += menu
            node[c], km[c], of_ways[c] = n, far, found
            c, p, w = c + 1, p + k, w + found
        if keep.each > 0 and size:
            menus = (cost[m0:m], content[m0:m], entries[c0:c], node[c0:c], cell[p0:p])
            kept = np.zeros(m - m0, np.bool_)
            shortlisted(data, keep, o, menus, size, (kept, False))
            if keep.priced:
                shortlisted(data, keep, o, menus, size, (kept, True))
            c, p, w, m = compress(
                kept, k, (c0, p0, w0, m0), (node, km, of_ways, entries), (cell, cap, rate),
                (service, steps, late, arrives, fences, co2), (cost, content, way), c - c0,
            )  # fmt: skip
        candidates[o - begin] = c - c0
    held.total[0], held_out[0][0] = 0, 0  # what is lent must live until here
    held.grams[0], held.mm3[0], held.late[0], held.freight[0, 0], held.known[0] = 0, 0.0, 0, 0, 0
    held.bits[0], held.alone[0] = np.uint64(0), False
    held_out[1][0], held_out[2][0], held_out[3][0], held_out[5][0] = 0, 0, 0, 0.0
    held_out[4][0] = np.uint64(0)
    return (
        candidates, node[:c].copy(), km[:c].copy(), cell[:p].copy(), cap[:p].copy(),
        rate[:p].copy(), of_ways[:c].copy(), service[:w].copy(), steps[:w].copy(),
        late[:w].copy(), arrives[:w].copy(), fences[:w].copy(), co2[:w].copy(),
        entries[:c].copy(), cost[:m].copy(), content[:m].copy(), way[:m].copy(),
        r_line[:x].copy(), r_node[:x].copy(), r_why[:x].copy(), counts,
    )  # fmt: skip
