"""What of a menu is worth keeping; (2) and (3) are those of solvers/compile/look.py."""

from typing import Any, NamedTuple

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, Floats, Ints

FAR = 2**60


class Shortlist(NamedTuple):
    """What is kept; `each` = 0 keeps everything."""

    each: int  # entries of each content
    cover: float  # of what is ordered of a SKU, the part that the kept cells hold
    window: float  # cents
    ordered: Ints  # (SKU,) units ordered of each SKU
    cell: Floats  # (R,) cents a unit: prices at which it is asked once more what is cheapest
    node_order: Floats  # (N,) cents a shipment
    node_unit: Floats  # (N,) cents a unit
    priced: bool  # whether there are prices


@compiled
def values_of(data: Any, keep: Any, order: int, menus: Any) -> Any:
    """Return, (entries,), what each menu entry costs with the prices of what it takes, cents."""
    cost, state, entries, node, cell = menus
    first, k = data.order_line[order], data.order_line[order + 1] - data.order_line[order]
    out, m = cost.astype(np.float64), 0
    for c in range(len(entries)):
        unit = keep.node_unit[node[c]]
        for e in range(m, m + entries[c]):
            rest = state[e]
            if rest > 0:
                out[e] += keep.node_order[node[c]]
            for j in range(k):
                radix = data.units[first + j] + 1
                held = rest % radix
                rest //= radix
                if held > 0:
                    out[e] += held * (unit + keep.cell[cell[c * k + j]])
        m += entries[c]
    return out


@compiled
def shortlisted(data: Any, keep: Any, order: int, menus: Any, size: int, to: Any) -> None:
    """Mark the menu entries of an order that are kept, by (2) and (3); `to` is (kept, priced).

    At prices, (3) is not asked for: what has no price is left over.
    """
    (cost, state, entries, _, cell), (kept, priced) = menus, to
    first, k = data.order_line[order], data.order_line[order + 1] - data.order_line[order]
    value = values_of(data, keep, order, menus) if priced else cost.astype(np.float64)
    top = np.full((size, keep.each), float(FAR))
    by = np.full((size, keep.each), -1)
    line = np.full(size, -1)  # the only line of a content, −1 if there are several
    radix = 1
    for j in range(k):
        for q in range(1, data.units[first + j] + 1):
            line[q * radix] = j
        radix *= data.units[first + j] + 1
    for m in range(len(cost)):
        s = state[m]
        if value[m] >= top[s, keep.each - 1] or cost[m] >= NEVER or s == 0:
            continue
        at = keep.each - 1
        while at > 0 and top[s, at - 1] > value[m]:
            top[s, at], by[s, at] = top[s, at - 1], by[s, at - 1]
            at -= 1
        top[s, at], by[s, at] = value[m], m
    window = float(FAR) if data.limited[order] else keep.window
    whole = parts(data, order, size, k, top)
    for s in range(1, size):
        for at in range(keep.each):
            if by[s, at] >= 0 and (line[s] >= 0 or top[s, at] <= whole[s] + window):
                kept[by[s, at]] = True
    if priced:
        return
    where = np.empty(len(cost), np.int64)  # candidate of each entry
    m = 0
    for c in range(len(entries)):
        where[m : m + entries[c]] = c
        m += entries[c]
    for s in range(1, size):
        if line[s] >= 0 and by[s, keep.each - 1] >= 0:
            cover(data, keep, s, int(line[s]), first, k, (cost, state, where, kept, cell))


@compiled
def parts(data: Any, order: int, size: int, k: int, top: Any) -> Any:
    """Return, (S,), the cheapest cost of sending each content in one parcel or more."""
    first = data.order_line[order]
    whole = np.empty(size)
    whole[0] = 0
    stride, radix = np.ones(k, np.int64), np.empty(k, np.int64)
    for j in range(k):
        radix[j] = data.units[first + j] + 1
        if j:
            stride[j] = stride[j - 1] * radix[j - 1]
    digit, part = np.zeros(k, np.int64), np.zeros(k, np.int64)
    for s in range(1, size):
        i = -1
        for j in range(k):
            digit[j] = s // stride[j] % radix[j]
            part[j] = 0
            if i < 0 and digit[j] > 0:
                i = j
        low = float(FAR)
        part[i] = 1
        t = stride[i]
        while True:
            low = min(low, top[t, 0] + whole[s - t])
            j = i
            while j < k and part[j] == digit[j]:
                lowest = 1 if j == i else 0
                t -= (part[j] - lowest) * stride[j]
                part[j] = lowest
                j += 1
            if j == k:
                break
            part[j] += 1
            t += stride[j]
        whole[s] = low
    return whole


@compiled
def cover(data: Any, keep: Any, s: int, j: int, first: int, k: int, menus: Any) -> None:
    """Keep entries of a content of one line until their cells hold enough, (3)."""
    cost, state, where, kept, cell = menus
    need = keep.cover * keep.ordered[data.line_sku[first + j]]
    mine = np.flatnonzero((state == s) & (cost < NEVER))
    held, count = 0.0, 0
    for i in np.argsort(cost[mine]):
        m = mine[i]
        if count >= keep.each and held >= need:
            return
        kept[m] = True
        held += data.cell_units[cell[where[m] * k + j]]
        count += 1


@compiled
def compress(
    kept: Any,
    k: int,
    at: Any,
    by_candidate: Any,
    by_pair: Any,
    by_way: Any,
    by_entry: Any,
    many: int,
) -> tuple[int, int, int, int]:
    """Close up an order's rows over what is not kept; return the new ends.

    A candidate without an entry goes, a way that no entry takes too.
    """
    c0, p0, w0, m0 = at
    node, km, of_ways, entries = by_candidate
    cell, cap, rate = by_pair
    service, steps, late, arrives, fences, co2 = by_way
    cost, content, way = by_entry
    c, p, w, m = c0, p0, w0, m0
    place = np.empty(len(service) if many == 0 else int(of_ways[c0 : c0 + many].max()), np.int64)
    from_way, from_entry = w0, m0
    for i in range(many):
        ways, menu = of_ways[c0 + i], entries[c0 + i]
        used, taken = 0, 0
        place[:ways] = -1
        for e in range(from_entry, from_entry + menu):
            if kept[e - m0]:
                taken += 1
        if taken:
            begin = m
            for e in range(from_entry, from_entry + menu):
                if e == from_entry or kept[e - m0]:
                    cost[m], content[m], way[m] = cost[e], content[e], way[e]
                    m += 1
            for v in range(ways):
                wanted = False
                for e in range(begin, m):
                    wanted |= way[e] == v
                if wanted:
                    place[v] = used
                    a, b = w + used, from_way + v
                    service[a], steps[a], late[a] = service[b], steps[b], late[b]
                    arrives[a], fences[a], co2[a] = arrives[b], fences[b], co2[b]
                    used += 1
            for e in range(begin + 1, m):
                way[e] = place[way[e]]
            node[c], km[c], of_ways[c], entries[c] = node[c0 + i], km[c0 + i], used, m - begin
            for j in range(k):
                source = p0 + i * k + j
                cell[p + j], cap[p + j], rate[p + j] = cell[source], cap[source], rate[source]
            c, p, w = c + 1, p + k, w + used
        from_way += ways
        from_entry += menu
    return c, p, w, m
