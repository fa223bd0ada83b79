"""The oracle's steps, and its exact stages where one candidate's shipments compete for its stock.

The programme (1), (2) of solvers/oracle/kernel.py forgets that two shipments from one candidate
share its cells. Where the plan that it finds oversteps what is left of a candidate, (1) leaves that
candidate out, and it joins (2) as a stage of its own, with g_i(t) its cheapest i shipments of t in
all:

    F_j(s)  ←  min( F_j(s), min over i ≤ j, t ≤ s of F_{j−i}(s − t) + g_i(t) )          (3)

until a plan keeps within what is left: a relaxation tightened only where it was wrong, so exact.
"""

from typing import Any

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.plans import FAR
from omnisource.solvers.problem import NEVER, Ints


@compiled
def lay_out(problem: Any, order: int, work: Any) -> tuple[int, int, int]:
    """Set the strides of an order's states; return its lines, its units and its layers."""
    first = problem.order_line[order]
    k, units = problem.order_line[order + 1] - first, 0
    work.stride[0] = 1
    for j in range(k):
        work.stride[j + 1] = work.stride[j] * (problem.units[first + j] + 1)
        units += problem.units[first + j]
    layers = problem.max_shipments[order] + 1 if problem.max_shipments[order] < units else 1
    return k, units, layers


@compiled
def lay_short(problem: Any, order: int, k: int, more: float, work: Any) -> None:
    """Set what it does to a state, and costs, that a unit goes short: with it its whole bundle."""
    first = problem.order_line[order]
    for i in range(k):
        head = problem.kit[first + i]
        work.fall[i], work.fine[i] = work.stride[i], problem.shortage[first + i] + more
        if head < 0:
            continue
        work.fall[i], work.fine[i] = 0, 0.0
        for j in range(k):
            if problem.kit[first + j] == head:
                many = problem.kit_units[first + j]
                work.fall[i] += many * work.stride[j]
                work.fine[i] += many * (problem.shortage[first + j] + more)


@compiled
def holds_bundle(problem: Any, first: int, k: int, i: int, state: Any) -> bool:
    """Say whether a state has all of the bundle that line i is of; a loose unit it has."""
    head = problem.kit[first + i]
    if head < 0:
        return True
    for j in range(k):
        if problem.kit[first + j] == head and state[j] < problem.kit_units[first + j]:
            return False
    return True


@compiled
def price_contents(
    problem: Any, order: int, span: tuple[int, int], at: Any, work: Any, fill: Any
) -> tuple[int, int]:
    """Price what the candidates of a span can send, (1), each content where it is cheaper.

    Args:
        problem: the night, or its `Menus`.
        order: the order.
        span: its first candidate, and after its last.
        at: (prices, left, candidates left out).
        work: `Scratch`, laid out.
        fill: (value, by, entry) over states.

    Returns the most units, and parcels, of the last candidate. One function, its arrays named
    once: this is where a night's time goes.
    """
    (prices, left, apart), (best, by, entry) = at, fill
    first = problem.order_line[order]
    k, units = problem.order_line[order + 1] - first, problem.units
    node, pair_start, cell, cap = problem.node, problem.pair_start, problem.cell, problem.cap
    start, cents, contents = problem.menu_start, problem.menu_cost, problem.menu_content
    stock, node_orders, node_units = left.stock, left.node_orders, left.node_units
    of_cell, of_order, of_unit = prices.cell, prices.node_order, prices.node_unit
    reach, each = work.reach, work.each
    most, parcels = 0, 0
    for c in range(span[0], span[1]):
        n, pair = node[c], pair_start[c]
        room, unit, fee = node_units[n], of_unit[n], of_order[n]
        most, parcels, plain = 0, max(node_orders[n], 0), True
        if parcels == 0 or room <= 0 or (len(apart) > 0 and (apart == c).any()):
            continue
        for j in range(k):
            r = cell[pair + j]
            reach[j] = 0
            if r >= 0:
                have = min(cap[pair + j], max(stock[r], 0))
                price = of_cell[r] + unit
                plain &= have == cap[pair + j] and price == 0.0
                reach[j], each[j] = have, price
                most += have
        plain &= most <= room  # nothing is short of what the menu says, and no unit has a price
        most = min(most, room)
        if most == 0:
            continue
        for m in range(start[c] + 1, start[c + 1]):
            value, s = cents[m] + fee, contents[m]
            if value >= best[s] or cents[m] >= NEVER:
                continue
            if not plain:
                rest, held = s, 0
                for j in range(k):
                    if rest == 0:
                        break
                    radix = units[first + j] + 1
                    if radix == 2:
                        taken = rest & 1
                        rest >>= 1
                    else:
                        taken = rest % radix
                        rest //= radix
                    if taken > 0:
                        held += taken if taken <= reach[j] else most + 1
                        value += taken * each[j]
                if held > most or value >= best[s]:
                    continue
            best[s], by[s], entry[s] = value, c, m
    return most, parcels


@compiled
def cut(problem: Any, order: int, k: int, layers: int, prices: Any, work: Any) -> None:
    """Fill f and take, (2). One layer means no limit; otherwise layer j allows j shipments."""
    first, short = problem.order_line[order], not problem.complete[order]
    lay_short(problem, order, k, prices.short[order], work)
    units, fall, fine = problem.units, work.fall, work.fine
    best, f, take, stride = work.best, work.f, work.take, work.stride
    digit, state, size = work.digit, work.state, work.stride[k]
    for layer in range(layers):
        here = layer * size
        before = here if layers == 1 else here - size
        state[:k] = 0
        f[here], take[here] = 0.0, 0
        for s in range(1, size):
            i = 0
            while state[i] == units[first + i]:
                state[i] = 0
                i += 1
            state[i] += 1
            i = 0
            while state[i] == 0:
                i += 1
            low, taken = FAR, 0
            if short and holds_bundle(problem, first, k, i, state):
                low = f[here + s - fall[i]] + fine[i]
            if layer > 0 or layers == 1:
                digit[i:k] = 0
                digit[i] = 1
                t = stride[i]
                while True:
                    cost = best[t] + f[before + s - t]
                    if cost < low:
                        low, taken = cost, t
                    j = i
                    while j < k and digit[j] == state[j]:
                        lowest = 1 if j == i else 0
                        t -= (digit[j] - lowest) * stride[j]
                        digit[j] = lowest
                        j += 1
                    if j == k:
                        break
                    digit[j] += 1
                    t += stride[j]
            f[here + s], take[here + s] = low, taken


@compiled
def all_short(problem: Any, order: int, more: float) -> float:
    """Return the penalty of serving nothing, cents; `more` is the price of a unit short."""
    total = 0.0
    for line in range(problem.order_line[order], problem.order_line[order + 1]):
        total += problem.units[line] * (problem.shortage[line] + more)
    return total


@compiled
def read_off(
    problem: Any, order: int, layers: int, at: tuple[int, int], work: Any, out: Any
) -> int:
    """Follow the takes of (2) from layer and state `at`; write shipments, return how many."""
    first = problem.order_line[order]
    k = problem.order_line[order + 1] - first
    size = work.stride[k]
    candidate, entry, row = out
    here, s, count = at[0] * size, at[1], 0
    while s > 0:
        t = work.take[here + s]
        if t > 0:
            candidate[row + count], entry[row + count] = work.by[t], work.entry[t]
            count += 1
            s -= t
            here -= size if layers > 1 else 0
            continue
        for j in range(k):
            if s // work.stride[j] % (problem.units[first + j] + 1) > 0:
                s -= work.fall[j]
                break
    return count


@compiled
def overstepped(problem: Any, order: int, left: Any, plan: Any) -> int:
    """Return a candidate whose shipments together take more than is left, −1 if there is none."""
    candidate, entry, at, count = plan
    first, k = problem.order_line[order], problem.order_line[order + 1] - problem.order_line[order]
    for a in range(at, at + count):
        c = candidate[a]
        together, before = 0, False
        for b in range(at, at + count):
            together += candidate[b] == c
            before |= b < a and candidate[b] == c
        if together == 1 or before:
            continue
        n, pair = problem.node[c], problem.pair_start[c]
        units, step = 0, 1
        for j in range(k):
            radix, taken = problem.units[first + j] + 1, 0
            for b in range(a, at + count):
                if candidate[b] == c:
                    taken += problem.menu_content[entry[b]] // step % radix
            step *= radix
            units += taken
            cell = problem.cell[pair + j]
            if taken > 0 and taken > left.stock[cell]:
                return int(c)
        if units > left.node_units[n] or together > left.node_orders[n]:
            return int(c)
    return -1


@compiled
def sub_states(s: int, k: int, stride: Ints, radix: Ints, into: Ints) -> int:
    """List the states t, 0 < t ≤ s in every digit; return how many."""
    count = 1
    into[0] = 0
    for j in range(k):
        digit = s // stride[j] % radix[j]
        for d in range(1, digit + 1):
            for i in range(count):
                into[d * count + i] = into[i] + d * stride[j]
        count *= digit + 1
    return count


@compiled
def bundles(
    problem: Any, c: int, order: int, prices: Any, left: Any, work: Any
) -> tuple[Any, Any, Any]:
    """Return g of (3) for one candidate: costs (i, t), first parcel (i, t), menu entry (t,)."""
    k, units, layers = lay_out(problem, order, work)
    first, size, stride = problem.order_line[order], work.stride[k], work.stride
    radix = problem.units[first : first + k] + 1
    entry, single = np.zeros(size, np.int64), np.full(size, FAR)
    at = (prices, left, work.digit[:0])
    fill = (single, np.empty(size, np.int64), entry)
    most, parcels = price_contents(problem, order, (c, c + 1), at, work, fill)
    parcels = min(min(units, parcels), most)
    if layers > 1:
        parcels = min(parcels, layers - 1)
    g, split = np.full((parcels + 1, size), FAR), np.zeros((parcels + 1, size), np.int64)
    if parcels == 0:
        return g, split, entry
    g[1] = single
    subs, parts = np.empty(size, np.int64), np.empty(size, np.int64)
    top = 0
    for j in range(k):
        top += work.reach[j] * stride[j]
    reachable = sub_states(top, k, stride, radix, subs)
    for i in range(2, parcels + 1):
        for a in range(1, reachable):
            t, total = subs[a], 0
            for j in range(k):
                total += t // stride[j] % radix[j]
            if total > most:
                continue
            for b in range(1, sub_states(t, k, stride, radix, parts)):
                u = parts[b]
                cost = g[1, u] + g[i - 1, t - u]
                if cost < g[i, t]:
                    g[i, t], split[i, t] = cost, u
    return g, split, entry


@compiled
def add_stage(before: Any, after: Any, sent: Any, g: Any, shape: Any) -> None:
    """Join one candidate's bundles to F, (3); `sent` keeps t and i as t · (parcels + 1) + i."""
    k, stride, radix = shape
    layers, size = before.shape
    parcels = len(g) - 1
    parts = np.empty(size, np.int64)
    for j in range(layers):
        after[j] = before[j]
    for s in range(1, size):
        for b in range(1, sub_states(s, k, stride, radix, parts)):
            t = parts[b]
            for i in range(1, parcels + 1):
                if g[i, t] >= FAR:
                    continue
                for j in range(i if layers > 1 else 0, layers):
                    cost = before[j - i if layers > 1 else 0, s - t] + g[i, t]
                    if cost < after[j, s]:
                        after[j, s], sent[j, s] = cost, t * (parcels + 1) + i


@compiled
def staged(
    problem: Any, order: int, prices: Any, left: Any, work: Any, to: Any
) -> tuple[float, int, int]:
    """Solve (2), then (3) for candidates set apart; `relaxed_plan` with `to` = (out, apart)."""
    (candidate, entries, at), apart = to
    k, _, layers = lay_out(problem, order, work)
    first, size = problem.order_line[order], work.stride[k]
    shape = (k, work.stride, problem.units[first : first + k] + 1)
    span = (problem.order_candidate[order], problem.order_candidate[order + 1])
    work.best[:size] = FAR
    fill = (work.best, work.by, work.entry)
    price_contents(problem, order, span, (prices, left, apart), work, fill)
    cut(problem, order, k, layers, prices, work)
    f = np.empty((len(apart) + 1, layers, size))
    f[0] = work.f[: layers * size].copy().reshape((layers, size))
    sent = np.zeros((len(apart), layers, size), np.int64)
    books = [bundles(problem, c, order, prices, left, work) for c in apart]
    for stage in range(len(apart)):
        add_stage(f[stage], f[stage + 1], sent[stage], books[stage][0], shape)
    layer, s = layers - 1, size - 1
    value, count = f[len(apart), layer, s], 0
    nothing = all_short(problem, order, prices.short[order])
    if problem.complete[order] and nothing <= value:
        return nothing, 0, -1
    for stage in range(len(apart) - 1, -1, -1):
        if f[stage, layer, s] == f[stage + 1, layer, s]:
            continue
        g, split, entry = books[stage]
        t, i = sent[stage, layer, s] // len(g), sent[stage, layer, s] % len(g)
        s, layer = s - t, layer - i if layers > 1 else layer
        while i > 0:
            u = split[i, t] if i > 1 else t
            candidate[at + count], entries[at + count] = apart[stage], entry[u]
            count += 1
            t, i = t - u, i - 1
    count += read_off(problem, order, layers, (layer, s), work, (candidate, entries, at + count))
    return value, count, overstepped(problem, order, left, (candidate, entries, at, count))
