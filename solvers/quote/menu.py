"""One cart's own small problem: who could send what, by which ways, at what price, till when.

A cart of lines 0 … k−1 is asked in several *rows*, one a way of receiving it (to the door, over the
counter, to the store): rows of `Inputs`, so that stock, routes, fences and tariffs are those of the
night, found by the night's own functions (compile/candidates.py, compile/look.py). A *group* of
rows shares a menu: what is part collected and part delivered is one problem.

    candidate c      a node with stock of a line, and a way that carries it
    way w            candidate, row, service: it arrives at a_w (known.py)
    entry m          candidate and content x; by way w it costs, in cents

        bill(m, w)    =  freight + CO2 + cents a shipment + Σ x_j · rate_j              (1)
        priced(m, w)  =  bill(m, w) + order price of the node
                         + Σ x_j · (cell price + unit price of the node)                (2)
        emits(m, w)   =  ⌊grams · km · g CO2 a kg·km / 1000 + ½⌋                        (3)

and over lanes with what the consignment costs and emits (over_lanes.py). (1) are the terms of
solvers/compile/costs.py; (2) adds what (1) uses of scarce things at the last night's
prices; (3) is what the CO2 term of (1) is the price of.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.compile.candidates import distance, find_ways, gather
from omnisource.solvers.compile.look import Contents, describe, price_zone
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, Floats, Ints
from omnisource.solvers.quote.known import promised
from omnisource.solvers.quote.over_lanes import consigned


class Goods(NamedTuple):
    """The contents of a cart, by state, and what each row's fences say of them."""

    stride: Ints  # (k+1,)
    bits: NDArray[np.uint64]  # (rows, S)
    all_of: Contents


class Reached(NamedTuple):
    """The ways from every node that holds a line, row by row."""

    start: Ints  # (rows · nodes + 1,) first way of each row and node
    row: Ints  # (W,)
    service: Ints  # (W,) −1 over the counter
    steps: Ints  # (W,) first tariff step of its zone
    arrives: Ints  # (W, P) minutes, where the plan has 1, 2, … parcels; the last: of more too
    bits: NDArray[np.uint64]  # (W,) rules that hold on the way's side
    co2: Floats  # (W,) cents a gram of goods
    emits: Floats  # (W,) g CO2 a gram of goods
    lane: Ints  # (W,) way of `Lanes`, −1: none


class Menu(NamedTuple):
    """What the candidates of a group can send. C candidates, M entries, F figures."""

    node: Ints  # (C,)
    cell: NDArray[np.int32]  # (C·k,) its own number, −1 where the line is not served
    cap: NDArray[np.int32]  # (C·k,)
    stock: Ints  # (C·k,) units in the cell
    start: Ints  # (C+1,) first entry; it is "nothing"
    content: NDArray[np.int32]  # (M,) state
    figure_start: Ints  # (M+1,) first figure of each entry, one for each way that carries it
    way: Ints  # (F,) of `Reached`
    bill: Ints  # (F,) cents, (1)
    priced: Floats  # (F,) cents, (2)
    emits: Ints  # (F,) grams, (3)


@compiled
def goods_of(data: Any) -> Any:
    """Return the contents of the cart that every row of `data` asks for, as `Goods`."""
    rows, k = len(data.order_line) - 1, data.order_line[1]
    size = 1
    for j in range(k):
        size *= data.units[j] + 1
    zones = len(data.step_grams)
    all_of = Contents(
        np.empty(size, np.int64), np.empty(size), np.empty(size, np.int64),
        np.empty(size, np.uint64), np.empty(size, np.int64), np.empty(size, np.bool_),
        np.empty((zones, size), np.int64), np.full(zones, -1, np.int64),
    )  # fmt: skip
    stride, bits = np.empty(k + 1, np.int64), np.empty((rows, size), np.uint64)
    for row in range(rows):
        describe(data, row, stride, all_of)
        bits[row] = all_of.bits
    return Goods(stride, bits, all_of)


@compiled
def met_nodes(data: Any) -> tuple[Ints, Ints]:
    """Return the nodes that hold any line of the cart, and their cells, (nodes, k), −1 for none."""
    n, k = len(data.node_lat), data.order_line[1]
    most = 0
    for j in range(k):
        sku = data.line_sku[j]
        most += data.sku_start[sku + 1] - data.sku_start[sku]
    most = min(most, n)
    nodes, cells = np.empty(most, np.int64), np.empty(most * k, np.int64)
    met = gather(data, 0, np.full(n, -1, np.int64), np.empty(n, np.int64), nodes, cells)
    return nodes[:met], cells[: met * k].reshape((met, k))


@compiled
def reached(data: Any, nodes: Ints, known: Any, over: Any) -> Any:
    """Return the ways from each node for each row, as `Reached`.

    `known` is `Known`; `over` are the `Lanes` of ways.
    """
    rows, many, services = len(data.order_line) - 1, len(nodes), len(data.delivers) + 1
    i64, room = np.int64, len(nodes) * rows * services + len(over.service)
    start, service, steps = np.zeros(rows * many + 1, i64), np.empty(room, i64), np.empty(room, i64)
    row_of, arrives = np.empty(room, i64), np.empty((room, known.columns), i64)
    bits, co2, emits = np.empty(room, np.uint64), np.empty(room), np.empty(room)
    lane = np.full(room, -1, i64)
    out = (
        np.empty(services, np.int16), np.empty(services, i64), np.empty(services, np.int16),
        np.empty(services, i64), np.empty(services, np.uint64), np.empty(services),
    )  # fmt: skip
    count = 0
    for row in range(rows):
        elsewhere = data.only_there[row]
        for i in range(many):
            n = nodes[i]
            if not elsewhere or data.pickup[row] == n:
                far = distance(data, row, n)
                found, _ = find_ways(data, row, n, far, out)
                for w in range(found):
                    v = out[0][w]
                    row_of[count], service[count], steps[count] = row, v, out[1][w]
                    bits[count], co2[count] = out[4][w], out[5][w]
                    emits[count] = data.co2[v] * far / 1000 if v >= 0 and far >= 0 else 0.0
                    for p in range(known.columns):
                        arrives[count, p] = out[3][w]
                    count += 1
            if len(over.start) > 0:
                at = row * len(data.node_lat) + n
                for w in range(over.start[at], over.start[at + 1]):
                    row_of[count], service[count] = row, over.service[w]
                    steps[count] = over.steps[w]
                    bits[count], co2[count], emits[count] = over.bits[w], over.co2[w], over.emits[w]
                    arrives[count], lane[count] = over.arrives[w], w
                    count += 1
            start[row * many + i + 1] = count
    if len(known.factor) > 0:
        own = service if len(over.start) == 0 else np.where(lane < 0, service, -1)
        promised(data, known, (nodes, start, own), arrives)
    return Reached(start, row_of, service, steps, arrives, bits, co2, emits, lane)


@compiled
def price_zones(data: Any, goods: Any, ways: Any) -> None:
    """Fill the freight of all contents in every zone that some way is in."""
    all_of, size = goods.all_of, len(goods.all_of.grams)
    for w in range(ways.start[-1]):
        zone = ways.steps[w]
        if all_of.known[zone] < 0:
            all_of.known[zone] = 0
            price_zone(data, zone, ways.service[w], zone, size, all_of)


@compiled
def grown(column: Any, size: int) -> Any:
    """Return the column with room for `size`, what it holds kept."""
    if len(column) >= size:
        return column
    wider = np.empty(max(size, 2 * len(column)), column.dtype)
    wider[: len(column)] = column
    return wider


@compiled
def consign(grams: Ints, lanes: Any, entries: Any, to: Any) -> None:
    """Add what consignments cost and emit to the figures of ways over lanes."""
    (lane, over), (content, figure_start, ways), (bill, priced, emits) = lanes, entries, to
    for m in range(len(figure_start) - 1):
        for f in range(figure_start[m], figure_start[m + 1]):
            if lane[ways[f]] >= 0:
                cents, emitted = consigned(over, lane[ways[f]], grams[content[m]])
                bill[f] += cents
                priced[f] += cents
                emits[f] += emitted


@compiled
def menu_of(data: Any, goods: Any, met: Any, group: Any, prices: Any) -> Any:
    """Return the `Menu` of a group.

    Args:
        data: `Inputs`.
        goods: `Goods`, its zones priced.
        met: (nodes, cells, `Reached`, the `Lanes` of its ways).
        group: (rows, −1 for none; (V+1,) services that may be used, the last is the counter).
        prices: (cell, node_order, node_unit), cents.

    One function, its arrays named once: this is where the time goes.
    """
    (nodes, cells, ways, over), (rows, kinds) = met, group
    freight, grams, total, alone = (
        goods.all_of.freight, goods.all_of.grams, goods.all_of.total, goods.all_of.alone,
    )  # fmt: skip
    bits, stride, units, cell_units = goods.bits, goods.stride, data.units, data.cell_units
    way_start, way_service, way_steps = ways.start, ways.service, ways.steps
    way_bits, way_co2, way_emits = ways.bits, ways.co2, ways.emits
    per_unit, cell_cost, (of_cell, of_order, of_unit) = data.per_unit, data.cell_cost, prices
    k, i64, many = data.order_line[1], np.int64, len(nodes)
    node, start = np.empty(many, i64), np.zeros(many + 1, i64)
    cell, cap = np.empty(many * k, np.int32), np.empty(many * k, np.int32)
    stock, digit = np.empty(many * k, i64), np.zeros(k, i64)
    rate, more = np.empty(k, i64), np.empty(k)
    content, figure_start = np.empty(4 * many, np.int32), np.zeros(4 * many, i64)
    f_way = np.empty(8 * many, i64)
    bill, priced, emits = np.empty(8 * many, i64), np.empty(8 * many), np.empty(8 * many, i64)
    most = 2 * len(kinds) + len(over.service)
    row_of, way_of = np.empty(most, i64), np.empty(most, i64)
    c, m, f = 0, 0, 0
    for i in range(many):
        n, found = nodes[i], 0
        for at in range(len(rows)):
            r = rows[at]
            if r >= 0:
                for w in range(way_start[r * many + i], way_start[r * many + i + 1]):
                    if kinds[way_service[w]]:
                        row_of[found], way_of[found] = r, w
                        found += 1
        if found == 0:
            continue
        size, p = 1, c * k
        for j in range(k):
            at, has, s = cells[i, j], False, stride[j]
            if at >= 0 and cell_units[at] > 0:
                for w in range(found):
                    way = way_of[w]
                    if (
                        freight[way_steps[way], s] < NEVER
                        and not bits[row_of[w], s] & way_bits[way]
                    ):
                        has = True
                        break
            cell[p + j] = p + j if has else -1
            stock[p + j] = cell_units[at] if has else 0
            cap[p + j] = min(units[j], stock[p + j])
            rate[j] = per_unit[n] + (cell_cost[at] if has else 0)
            more[j] = of_unit[n] + (of_cell[at] if has else 0.0)
            size *= cap[p + j] + 1
        if size == 1:
            continue
        if m + size >= len(content):
            wide = m + size + 1
            content, figure_start = grown(content, wide), grown(figure_start, wide)
        if f + size * found > len(bill):
            wide = f + size * found
            f_way, bill = grown(f_way, wide), grown(bill, wide)
            priced, emits = grown(priced, wide), grown(emits, wide)
        digit[:] = 0
        content[m], figure_start[m], s = 0, f, 0
        cents, price = data.per_shipment[n], of_order[n]
        for e in range(m + 1, m + size):
            j = 0
            while digit[j] == cap[p + j]:
                s -= digit[j] * stride[j]
                cents -= digit[j] * rate[j]
                price -= digit[j] * more[j]
                digit[j] = 0
                j += 1
            digit[j] += 1
            s += stride[j]
            cents += rate[j]
            price += more[j]
            content[e], figure_start[e] = s, f
            if alone[s] and total[s] > 1:
                continue
            for w in range(found):
                way, r = way_of[w], row_of[w]
                cost = freight[way_steps[way], s]
                if cost >= NEVER or bits[r, s] & way_bits[way]:
                    continue
                f_way[f] = way
                bill[f] = cents + cost + int(np.floor(grams[s] * way_co2[way] + 0.5))  # (1)
                priced[f] = bill[f] + price  # (2)
                emits[f] = int(np.floor(grams[s] * way_emits[way] + 0.5))  # (3)
                f += 1
        node[c] = n
        c, m = c + 1, m + size
        start[c] = m
        figure_start[m] = f
    if len(over.service) > 0:
        entries = content, figure_start[: m + 1], f_way
        consign(goods.all_of.grams, (ways.lane, over), entries, (bill, priced, emits))
    return Menu(
        node[:c], cell[: c * k], cap[: c * k], stock[: c * k], start[: c + 1], content[:m],
        figure_start[: m + 1], f_way[:f], bill[:f], priced[:f], emits[:f],
    )  # fmt: skip
