"""The oracle, compiled: the cheapest plan of one order at given prices, over what is left.

States of an order with line quantities q are vectors s, 0 ≤ s ≤ q, numbered in mixed radix over
q+1, first line fastest. With p(c, x) the menu cost of content x from candidate c plus the prices
of what it takes, and c allowed to send x only within what is left of its cells and its node:

    best(x)  =  min over candidates c of p(c, x)                                        (1)
    f_j(0)   =  0
    f_j(s)   =  min( f_j(s − d_i) + d_i · shortage ,                                    (2)
                     min over 0 < x ≤ s, x_i ≥ 1 of best(x) + f_{j−1}(s − x) )

where i is the first line with s_i > 0 (some shipment holds its unit, or none does), d_i one unit of
it, or of all lines of its bundle what one bundle has (solvers/compile/kits.py), and j the number of
shipments allowed; without a binding limit f_{j−1} is f_j itself. This is the dynamic
programme over subsets of lines, with subsets widened to sub-multisets so that units of one line
may come from several nodes; its steps number Π (q+1)(q+2)/2.

(2) forgets that two shipments from one candidate share its cells. Its value is then a lower
bound; where the plan found oversteps what is left, solvers/oracle/stages.py tightens it until it is
exact.

Everything here runs without the interpreter's lock. Prices and costs are multiples of 1/1024
cent below 2⁴³ cents, so sums of float64 are exact and do not depend on their order.
"""

from typing import Any

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import (
    FAR,
    lent_menus,
    scratch,
)
from omnisource.solvers.oracle.stages import (
    all_short,
    cut,
    lay_out,
    lay_short,
    overstepped,
    price_contents,
    read_off,
    staged,
)
from omnisource.solvers.problem import Ints, Problem


@compiled
def relaxed_plan(
    problem: Any, order: int, prices: Any, left: Any, work: Any, out: Any
) -> tuple[float, int, int]:
    """Solve (1) and (2): value, number of shipments, and a candidate overstepped, −1 if none.

    Arguments as for `best_plan`. The value is a lower bound even where the plan oversteps.
    """
    k, asked, layers = lay_out(problem, order, work)
    size, more = work.stride[k], prices.short[order]
    nothing, ones = all_short(problem, order, more), asked == k
    best, by, entry = work.best, work.by, work.entry
    for s in range(size):
        best[s] = FAR
    span = (problem.order_candidate[order], problem.order_candidate[order + 1])
    price_contents(problem, order, span, (prices, left, by[:0]), work, (best, by, entry))
    candidate, entries, at = out
    if size == 2:
        if best[1] >= nothing:
            return nothing, 0, -1
        candidate[at], entries[at] = by[1], entry[1]
        return best[1], 1, -1
    if ones and layers == 1:
        lay_short(problem, order, k, more, work)
        _subsets(problem, order, size, work)
    else:
        cut(problem, order, k, layers, prices, work)
    value = work.f[layers * size - 1]
    if problem.complete[order] and nothing <= value:
        return nothing, 0, -1
    count = read_off(problem, order, layers, (layers - 1, size - 1), work, out)
    over = -1
    if count > 1 and not ones:
        over = overstepped(problem, order, left, (candidate, entries, at, count))
    elif count > 1:
        over = _crowded(problem.node, left, (candidate, at, count), k)
    return value, count, over


@compiled
def _subsets(problem: Any, order: int, size: int, work: Any) -> None:
    """Fill f and take, (2), where every line asks for one unit: states are sets of lines."""
    best, f, take, fall, fine = work.best, work.f, work.take, work.fall, work.fine
    short = not problem.complete[order]
    f[0], take[0] = 0.0, 0
    for s in range(1, size):
        low = s & -s
        i, top = 0, 1
        while top < low:
            top <<= 1
            i += 1
        least, taken = FAR, 0
        rest = s - low
        if short and s & fall[i] == fall[i]:
            least = f[s - fall[i]] + fine[i]
        t = rest
        while True:
            cost = best[t | low] + f[rest - t]
            if cost < least:
                least, taken = cost, t | low
            if t == 0:
                break
            t = (t - 1) & rest
        f[s], take[s] = least, taken


@compiled
def _crowded(node: Any, left: Any, plan: Any, units: int) -> int:
    """Return a candidate that sends more parcels, or units, than its node has room for, else −1.

    Lines of one unit never compete for a cell.
    """
    candidate, at, count = plan
    for a in range(at, at + count):
        c, together = candidate[a], 0
        for b in range(at, at + count):
            together += candidate[b] == c
        n = node[c]
        if together > 1 and (together > left.node_orders[n] or units > left.node_units[n]):
            return int(c)
    return -1


@compiled
def best_plan(
    problem: Any, order: int, prices: Any, left: Any, work: Any, out: Any
) -> tuple[float, int]:
    """Return value and number of shipments of an order's cheapest plan, written to `out`.

    Args:
        problem: the night, or its `Menus`.
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


@compiled
def price_block(problem: Problem, prices: Any, left: Any, begin: int, end: int, plans: Any) -> None:
    """Write the cheapest plan of every order begin … end−1, each as if it were alone."""
    price_some(problem, prices, left, np.arange(begin, end), plans)


@compiled
def price_some(problem: Problem, prices: Any, left: Any, orders: Ints, plans: Any) -> None:
    """Write the cheapest plan of each of those orders with a menu, each as if it were alone."""
    work = scratch(problem, orders)
    menus, at, room, to = (
        lent_menus(problem),
        lent(prices),
        lent(left),
        lent(plans),
    )
    for o in orders:
        if menus.large[o]:
            continue
        out = (to.candidate, to.entry, to.first[o])
        to.value[o], to.count[o] = best_plan(menus, o, at, room, work, out)
