"""The oracle, compiled: the cheapest plan of one order at given prices, over what is left.

States of an order with line quantities q are vectors s, 0 ≤ s ≤ q, numbered in mixed radix over
q+1, first line fastest. With p(c, x) the menu cost of content x from candidate c plus the prices
of what it takes, and c allowed to send x only within what is left of its cells and its node:

    best(x)  =  min over candidates c of p(c, x)                                        (1)
    f_j(0)   =  0
    f_j(s)   =  min( f_j(s − e_i) + shortage_i ,                                        (2)
                     min over 0 < x ≤ s, x_i ≥ 1 of best(x) + f_{j−1}(s − x) )

where i is the first line with s_i > 0 (some shipment holds its unit, or none does), and j the
number of shipments allowed; without a binding limit f_{j−1} is f_j itself. This is the dynamic
programme over subsets of lines, with subsets widened to sub-multisets so that units of one line
may come from several nodes; its steps number Π (q+1)(q+2)/2.

(2) forgets that two shipments from one candidate share its cells. Its value is then a lower
bound. Where the plan found oversteps what is left of a candidate, (1) leaves that candidate out,
and it joins (2) as a stage of its own, with g_i(t) its cheapest i shipments of t in all:

    F_j(s)  ←  min( F_j(s), min over i ≤ j, t ≤ s of F_{j−i}(s − t) + g_i(t) )          (3)

until a plan keeps within what is left: a relaxation tightened only where it was wrong, so exact.

Everything here runs without the interpreter's lock. Prices and costs are multiples of 1/1024
cent below 2⁴³ cents, so sums of float64 are exact and do not depend on their order.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.problem import NEVER, Floats, Ints, Problem

FAR: Final = 2.0**52
"""More than any plan costs: `inf` that stays exact."""


class Left(NamedTuple):
    """What is left of each resource while orders are served one after the other."""

    stock: Ints  # (R,) units
    node_orders: Ints  # (N,) shipments
    node_units: Ints  # (N,) units

    @staticmethod
    def of(problem: Problem) -> "Left":
        """Return all there is, in arrays that may be written to."""
        return Left(problem.stock.copy(), problem.node_orders.copy(), problem.node_units.copy())


class Plans(NamedTuple):
    """One plan for each order: shipments start at `first[o]` and number `count[o]`."""

    first: Ints  # (K+1,) room for one shipment a unit
    count: Ints  # type: ignore[assignment]  # (K,) shipments; hides tuple.count
    candidate: Ints  # (U,)
    entry: Ints  # (U,) menu entry
    value: Floats  # (K,) cents, prices included

    @staticmethod
    def room(problem: Problem) -> "Plans":
        """Return plans that ship nothing."""
        total = np.concatenate([[0], np.cumsum(problem.units)])[problem.order_line]
        size = int(total[-1])
        return Plans(
            total.astype(np.int64),
            np.zeros(problem.size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(problem.size),
        )


class Scratch(NamedTuple):
    """Work space for orders of up to so many states and lines."""

    best: Floats  # (S,) cheapest priced content, (1)
    by: Ints  # (S,) its candidate
    entry: Ints  # (S,) its menu entry
    f: Floats  # (layers · S,)
    take: Ints  # (layers · S,) content taken at a state, 0 where a unit goes short
    reach: Ints  # (k,) units of each line that a candidate can send
    each: Floats  # (k,) price of a unit of each line from a candidate
    digit: Ints  # (k,) odometer
    state: Ints  # (k,) digits of a state
    stride: Ints  # (k+1,) of the order's states
    step: Ints  # (k+1,) of a candidate's menu


@njit(cache=True, nogil=True)
def scratch(problem: Problem, begin: int, end: int) -> Scratch:
    """Return work space that fits every order of a block that has a menu."""
    states, room, lines = 1, 1, 1
    for o in range(begin, end):
        if problem.large[o]:
            continue
        size, units = 1, 0
        for line in range(problem.order_line[o], problem.order_line[o + 1]):
            size *= problem.units[line] + 1
            units += problem.units[line]
        states = max(states, size)
        lines = max(lines, problem.order_line[o + 1] - problem.order_line[o])
        layers = problem.max_shipments[o] + 1 if problem.max_shipments[o] < units else 1
        room = max(room, size * layers)
    ints, floats = np.int64, np.float64
    return Scratch(
        np.empty(states, floats), np.empty(states, ints), np.empty(states, ints),
        np.empty(room, floats), np.empty(room, ints), np.empty(lines, ints),
        np.empty(lines, floats), np.empty(lines, ints), np.empty(lines, ints),
        np.empty(lines + 1, ints), np.empty(lines + 1, ints),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def open_candidate(problem: Problem, c: int, k: int, prices: Any, left: Any, work: Any) -> int:
    """Set reach, unit prices and menu steps of a candidate; return the most units it can send."""
    n, pair = problem.node[c], problem.pair_start[c]
    most = 0
    work.step[0] = 1
    if left.node_orders[n] <= 0:
        return 0
    for j in range(k):
        cell = problem.cell[pair + j]
        work.step[j + 1] = work.step[j] * (problem.cap[pair + j] + 1)
        work.reach[j] = 0
        if cell >= 0:
            room = min(left.stock[cell], left.node_units[n])
            work.reach[j] = max(0, min(problem.cap[pair + j], room))
            work.each[j] = prices.cell[cell] + prices.node_unit[n]
            most += work.reach[j]
    return int(min(most, left.node_units[n]))


@njit(cache=True, nogil=True)
def price_candidate(
    problem: Problem, c: int, k: int, most: int, prices: Any, work: Any, fill: Any
) -> None:
    """Price every content that an opened candidate can send, (1).

    `fill` is (value, by, entry) over states: a content is written where it is cheaper.
    """
    value, by, entry = fill
    digit, reach = work.digit, work.reach
    for j in range(k):
        digit[j] = 0
    state, m, units, priced = 0, problem.menu_start[c], 0, prices.node_order[problem.node[c]]
    while True:
        j = 0
        while j < k and digit[j] == reach[j]:
            state -= digit[j] * work.stride[j]
            m -= digit[j] * work.step[j]
            priced -= digit[j] * work.each[j] if digit[j] else 0.0
            units -= digit[j]
            digit[j] = 0
            j += 1
        if j == k:
            return
        digit[j] += 1
        state += work.stride[j]
        m += work.step[j]
        units += 1
        priced += work.each[j]
        if problem.menu_cost[m] < NEVER and units <= most:
            cost = problem.menu_cost[m] + priced
            if cost < value[state]:
                value[state], by[state], entry[state] = cost, c, m


@njit(cache=True, nogil=True)
def cut(problem: Problem, order: int, k: int, layers: int, work: Any) -> None:
    """Fill f and take, (2). One layer means no limit; otherwise layer j allows j shipments."""
    first, size = problem.order_line[order], work.stride[k]
    digit, state = work.digit, work.state
    short = not problem.complete[order]
    for layer in range(layers):
        here = layer * size
        before = here if layers == 1 else here - size
        work.f[here], work.take[here] = 0.0, 0
        for s in range(1, size):
            i, rest = -1, s
            for j in range(k):
                radix = problem.units[first + j] + 1
                state[j] = rest % radix
                rest //= radix
                digit[j] = 0
                if i < 0 and state[j] > 0:
                    i = j
            low, taken = FAR, 0
            if short:
                low = work.f[here + s - work.stride[i]] + problem.shortage[first + i]
            if layer > 0 or layers == 1:
                digit[i] = 1
                t = work.stride[i]
                while True:
                    cost = work.best[t] + work.f[before + s - t]
                    if cost < low:
                        low, taken = cost, t
                    j = i
                    while j < k and digit[j] == state[j]:
                        lowest = 1 if j == i else 0
                        t -= (digit[j] - lowest) * work.stride[j]
                        digit[j] = lowest
                        j += 1
                    if j == k:
                        break
                    digit[j] += 1
                    t += work.stride[j]
            work.f[here + s], work.take[here + s] = low, taken


@njit(cache=True, nogil=True)
def all_short(problem: Problem, order: int) -> float:
    """Return the penalty of serving nothing, cents."""
    total = 0.0
    for line in range(problem.order_line[order], problem.order_line[order + 1]):
        total += problem.units[line] * problem.shortage[line]
    return total


@njit(cache=True, nogil=True)
def read_off(
    problem: Problem, order: int, layers: int, at: tuple[int, int], work: Any, out: Any
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
                s -= work.stride[j]
                break
    return count


@njit(cache=True, nogil=True)
def overstepped(problem: Problem, k: int, left: Any, plan: Any) -> int:
    """Return a candidate whose shipments together take more than is left, −1 if there is none."""
    candidate, entry, at, count = plan
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
            radix, taken = problem.cap[pair + j] + 1, 0
            for b in range(a, at + count):
                if candidate[b] == c:
                    taken += (entry[b] - problem.menu_start[c]) // step % radix
            step *= radix
            units += taken
            cell = problem.cell[pair + j]
            if taken > 0 and taken > left.stock[cell]:
                return int(c)
        if units > left.node_units[n] or together > left.node_orders[n]:
            return int(c)
    return -1


@njit(cache=True, nogil=True)
def lay_out(problem: Problem, order: int, work: Any) -> tuple[int, int, int]:
    """Set the strides of an order's states; return its lines, its units and its layers."""
    first = problem.order_line[order]
    k, units = problem.order_line[order + 1] - first, 0
    work.stride[0] = 1
    for j in range(k):
        work.stride[j + 1] = work.stride[j] * (problem.units[first + j] + 1)
        units += problem.units[first + j]
    layers = problem.max_shipments[order] + 1 if problem.max_shipments[order] < units else 1
    return k, units, layers


@njit(cache=True, nogil=True)
def price_contents(
    problem: Problem, order: int, prices: Any, left: Any, work: Any, apart: Any
) -> None:
    """Fill best, by and entry, (1), over all candidates that are not in `apart`."""
    k = problem.order_line[order + 1] - problem.order_line[order]
    work.best[: work.stride[k]] = FAR
    fill = (work.best, work.by, work.entry)
    for c in range(problem.order_candidate[order], problem.order_candidate[order + 1]):
        skip = False
        for other in apart:
            skip |= c == other
        if skip:
            continue
        most = open_candidate(problem, c, k, prices, left, work)
        if most > 0:
            price_candidate(problem, c, k, most, prices, work, fill)


@njit(cache=True, nogil=True)
def relaxed_plan(
    problem: Problem, order: int, prices: Any, left: Any, work: Any, out: Any
) -> tuple[float, int, int]:
    """Solve (1) and (2): value, number of shipments, and a candidate overstepped, −1 if none.

    Arguments as for `best_plan`. The value is a lower bound even where the plan oversteps.
    """
    k, _, layers = lay_out(problem, order, work)
    price_contents(problem, order, prices, left, work, work.digit[:0])
    cut(problem, order, k, layers, work)
    full = work.stride[k] - 1
    value = work.f[(layers - 1) * work.stride[k] + full]
    if problem.complete[order] and all_short(problem, order) <= value:
        return all_short(problem, order), 0, -1
    count = read_off(problem, order, layers, (layers - 1, full), work, out)
    over = -1
    if count > 1:
        over = overstepped(problem, k, left, (out[0], out[1], out[2], count))
    return value, count, over


@njit(cache=True, nogil=True)
def best_plan(
    problem: Problem, order: int, prices: Any, left: Any, work: Any, out: Any
) -> tuple[float, int]:
    """Return value and number of shipments of an order's cheapest plan, written to `out`.

    Args:
        problem: the night.
        order: an order with a menu.
        prices: `Prices`.
        left: `Left`; the plan keeps within it.
        work: `Scratch` that fits the order.
        out: (candidate, entry, at): where shipments are written, one a unit at most.
    """
    value, count, over = relaxed_plan(problem, order, prices, left, work, out)
    if over < 0:
        return value, count
    apart = np.empty(problem.order_candidate[order + 1] - problem.order_candidate[order], np.int64)
    stages = 0
    while over >= 0:
        apart[stages] = over
        stages += 1
        value, count, over = staged(problem, order, prices, left, work, (out, apart[:stages]))
    return value, count


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def bundles(
    problem: Problem, c: int, order: int, prices: Any, left: Any, work: Any
) -> tuple[Any, Any, Any]:
    """Return g of (3) for one candidate: costs (i, t), first parcel (i, t), menu entry (t,)."""
    k, units, layers = lay_out(problem, order, work)
    first, size, stride = problem.order_line[order], work.stride[k], work.stride
    radix = problem.units[first : first + k] + 1
    most = open_candidate(problem, c, k, prices, left, work)
    parcels = min(min(units, left.node_orders[problem.node[c]]), most)
    if layers > 1:
        parcels = min(parcels, layers - 1)
    g = np.full((parcels + 1, size), FAR)
    split, entry = np.zeros((parcels + 1, size), np.int64), np.zeros(size, np.int64)
    if parcels == 0:
        return g, split, entry
    price_candidate(problem, c, k, most, prices, work, (g[1], np.empty(size, np.int64), entry))
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def staged(
    problem: Problem, order: int, prices: Any, left: Any, work: Any, to: Any
) -> tuple[float, int, int]:
    """Solve (2), then (3) for candidates set apart; `relaxed_plan` with `to` = (out, apart)."""
    (candidate, entries, at), apart = to
    k, _, layers = lay_out(problem, order, work)
    first, size = problem.order_line[order], work.stride[k]
    shape = (k, work.stride, problem.units[first : first + k] + 1)
    price_contents(problem, order, prices, left, work, apart)
    cut(problem, order, k, layers, work)
    f = np.empty((len(apart) + 1, layers, size))
    f[0] = work.f[: layers * size].copy().reshape((layers, size))
    sent = np.zeros((len(apart), layers, size), np.int64)
    books = [bundles(problem, c, order, prices, left, work) for c in apart]
    for stage in range(len(apart)):
        add_stage(f[stage], f[stage + 1], sent[stage], books[stage][0], shape)
    layer, s = layers - 1, size - 1
    value, count = f[len(apart), layer, s], 0
    if problem.complete[order] and all_short(problem, order) <= value:
        return all_short(problem, order), 0, -1
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
    return value, count, overstepped(problem, k, left, (candidate, entries, at, count))


@njit(cache=True, nogil=True)
def price_block(problem: Problem, prices: Any, left: Any, begin: int, end: int, plans: Any) -> None:
    """Write the cheapest plan of every order begin … end−1, each as if it were alone."""
    work = scratch(problem, begin, end)
    for o in range(begin, end):
        if problem.large[o]:
            continue
        out = (plans.candidate, plans.entry, plans.first[o])
        plans.value[o], plans.count[o] = best_plan(problem, o, prices, left, work, out)


@njit(cache=True, nogil=True)
def take(problem: Problem, order: int, plans: Any, sign: int, left: Any) -> None:
    """Take an order's plan out of what is left (sign 1), or put it back (−1)."""
    k = problem.order_line[order + 1] - problem.order_line[order]
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        c = plans.candidate[a]
        n, pair, code = problem.node[c], problem.pair_start[c], plans.entry[a]
        code -= problem.menu_start[c]
        left.node_orders[n] -= sign
        for j in range(k):
            radix = problem.cap[pair + j] + 1
            units = code % radix
            code //= radix
            if units > 0:
                left.stock[problem.cell[pair + j]] -= sign * units
                left.node_units[n] -= sign * units


@njit(cache=True, nogil=True)
def true_cost(problem: Problem, order: int, plans: Any) -> int:
    """Return an order's cost without prices, shortage included, cents."""
    first, k = problem.order_line[order], problem.order_line[order + 1] - problem.order_line[order]
    cost = int(all_short(problem, order))
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        c, code = plans.candidate[a], plans.entry[a]
        cost += problem.menu_cost[code]
        code -= problem.menu_start[c]
        for j in range(k):
            radix = problem.cap[problem.pair_start[c] + j] + 1
            cost -= code % radix * problem.shortage[first + j]
            code //= radix
    return cost


@njit(cache=True, nogil=True)
def serve_in_turn(problem: Problem, prices: Any, sequence: Ints, left: Any, plans: Any) -> None:
    """Serve orders one after the other, each by its cheapest plan over what is left."""
    work = scratch(problem, 0, problem.order_line.size - 1)
    for o in sequence:
        if problem.large[o]:
            continue
        out = (plans.candidate, plans.entry, plans.first[o])
        plans.value[o], plans.count[o] = best_plan(problem, o, prices, left, work, out)
        take(problem, o, plans, 1, left)


def use(problem: Problem, plans: Plans) -> Left:
    """Return how much of each resource all plans together take."""
    taken = Left(*(np.zeros_like(column) for column in Left.of(problem)))
    _take_all(problem, plans, taken)
    return Left(*(-column for column in taken))


@njit(cache=True, nogil=True)
def _take_all(problem: Problem, plans: Any, left: Any) -> None:
    for o in range(problem.order_line.size - 1):
        take(problem, o, plans, 1, left)


@njit(cache=True, nogil=True)
def costs(problem: Problem, plans: Any) -> Ints:
    """Return, (K,), each order's cost without prices, cents."""
    out = np.empty(problem.order_line.size - 1, np.int64)
    for o in range(len(out)):
        out[o] = true_cost(problem, o, plans)
    return out


@njit(cache=True, nogil=True)
def put_back(
    problem: Problem, prices: Any, sequence: Ints, left: Any, plans: Any, spare: Any
) -> int:
    """Take each order out and put it back by its cheapest plan; return how many changed.

    An order keeps its plan unless the new one is cheaper at these prices. `spare` is (candidate,
    entry), room for the plan of one order.
    """
    work = scratch(problem, 0, problem.order_line.size - 1)
    changed = 0
    for o in sequence:
        if problem.large[o]:
            continue
        take(problem, o, plans, -1, left)
        old = priced_cost(problem, o, prices, plans)
        value, count = best_plan(problem, o, prices, left, work, (spare[0], spare[1], 0))
        if value < old:
            changed += 1
            at = plans.first[o]
            plans.count[o] = count
            plans.candidate[at : at + count] = spare[0][:count]
            plans.entry[at : at + count] = spare[1][:count]
            plans.value[o] = value
        take(problem, o, plans, 1, left)
    return changed


@njit(cache=True, nogil=True)
def priced_cost(problem: Problem, order: int, prices: Any, plans: Any) -> float:
    """Return an order's cost and the price of all that its plan takes, cents."""
    cost = float(true_cost(problem, order, plans))
    k = problem.order_line[order + 1] - problem.order_line[order]
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        c = plans.candidate[a]
        n, pair, code = problem.node[c], problem.pair_start[c], plans.entry[a]
        code -= problem.menu_start[c]
        cost += prices.node_order[n]
        for j in range(k):
            radix = problem.cap[pair + j] + 1
            units = code % radix
            code //= radix
            if units > 0:
                cell = problem.cell[pair + j]
                cost += units * (prices.cell[cell] + prices.node_unit[n])
    return cost


@njit(cache=True, nogil=True)
def price_some(problem: Problem, prices: Any, left: Any, orders: Ints, plans: Any) -> None:
    """Write the cheapest plan of each of those orders, each as if it were alone."""
    work = scratch(problem, 0, problem.order_line.size - 1)
    for o in orders:
        out = (plans.candidate, plans.entry, plans.first[o])
        plans.value[o], plans.count[o] = best_plan(problem, o, prices, left, work, out)


@njit(cache=True, nogil=True)
def take_all(problem: Problem, orders: Ints, plans: Any, sign: int, left: Any) -> None:
    """Take the plans of those orders out of what is left (sign 1), or put them back (−1)."""
    for o in orders:
        take(problem, o, plans, sign, left)


@njit(cache=True, nogil=True)
def costs_of(problem: Problem, orders: Ints, plans: Any) -> Ints:
    """Return the cost of each of those orders without prices, cents."""
    out = np.empty(len(orders), np.int64)
    for i, o in enumerate(orders):
        out[i] = true_cost(problem, o, plans)
    return out


@njit(cache=True, nogil=True)
def priced_costs(problem: Problem, orders: Ints, prices: Any, plans: Any) -> Floats:
    """Return the cost of each of those orders with the price of what it takes, cents."""
    out = np.empty(len(orders))
    for i, o in enumerate(orders):
        out[i] = priced_cost(problem, o, prices, plans)
    return out


@njit(cache=True, nogil=True)
def fits(problem: Problem, order: int, plans: Any, left: Any) -> bool:
    """Say whether an order's plan keeps within what is left; `left` is as before afterwards."""
    take(problem, order, plans, 1, left)
    k = problem.order_line[order + 1] - problem.order_line[order]
    inside = True
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        c = plans.candidate[a]
        n, pair = problem.node[c], problem.pair_start[c]
        inside &= left.node_orders[n] >= 0 and left.node_units[n] >= 0
        for j in range(k):
            cell = problem.cell[pair + j]
            inside &= cell < 0 or left.stock[cell] >= 0
    take(problem, order, plans, -1, left)
    return inside
