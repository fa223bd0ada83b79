"""Menus: what each content costs from each candidate, by its cheapest way.

A content of an order with lines 0 … k−1 is a vector x, 0 ≤ x_j ≤ cap_j. It is entry

    x_0 + x_1 (cap_0+1) + x_2 (cap_0+1)(cap_1+1) + …

of its candidate's menu, and costs, with the terms of solvers/compile/costs.py,

    min over ways (freight + co2 + late)  +  cents a shipment  +  Σ x_j · rate_j

or `NEVER` where no way carries it.
"""

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.compile.costs import way_cents
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import MENU_LIMIT, NEVER, Flags, Ints, Problem


def too_many_cuts(order_line: Ints, units: Ints) -> Flags:
    """Say, (K,), which orders have more than `MENU_LIMIT` cuts, Π (q+1)(q+2)/2."""
    cuts = np.log((units + 1.0) * (units + 2.0) / 2.0)
    total = np.concatenate([[0.0], np.cumsum(cuts)])
    large: Flags = np.diff(total[order_line]) > np.log(MENU_LIMIT + 0.5)
    return large


def menu_sizes(
    order_line: Ints, order_candidate: Ints, large: Flags, cap: NDArray[np.int32]
) -> Ints:
    """Return, (C,), how many contents each candidate can send, "nothing" included."""
    lines = np.diff(order_line)
    candidates = np.diff(order_candidate)
    k = np.repeat(lines, candidates)
    sizes = np.ones(len(k), np.int64)
    start = np.concatenate([[0], np.cumsum(k)])[:-1]
    small = ~np.repeat(large, candidates)
    for j in range(int(lines[~large].max(initial=0))):
        has = small & (k > j)
        sizes[has] *= cap[start[has] + j] + 1
    return np.where(small, sizes, 0)


@compiled
def breaks_a_bundle(problem: Problem, first: int, units: Ints) -> bool:
    """Say whether a content holds half a bundle that lies in one parcel, (2) of kits.py."""
    for j in range(len(units)):
        head = problem.kit[first + j]
        if head < 0 or not problem.kit_parcel[first + j]:
            continue
        one, other = problem.kit_units[first + j], problem.kit_units[first + head]
        if units[j] * other != units[head] * one or units[j] % one != 0:
            return True
    return False


@compiled
def content_cents(problem: Problem, order: int, candidate: int, units: Ints) -> tuple[int, int]:
    """Return the cost of a content, in cents, and the way that gives it, (`NEVER`, −1) if none.

    Args:
        problem: the night; its menus are not read.
        order: the candidate's order.
        candidate: who sends.
        units: (k,) units of each line of the order, at least one in all.
    """
    first, pair = problem.order_line[order], problem.pair_start[candidate]
    grams, mm3, late, fixed, total = 0, 0.0, 0, 0, 0
    bits, alone = np.uint64(0), False
    for j in range(len(units)):
        if units[j] == 0:
            continue
        line = first + j
        total += units[j]
        grams += units[j] * problem.grams[line]
        mm3 += units[j] * problem.mm3[line]
        late += units[j] * problem.late[line]
        fixed += units[j] * problem.rate[pair + j]
        bits |= problem.line_fences[line]
        alone |= problem.alone[line]
    if (alone and total > 1) or breaks_a_bundle(problem, first, units):
        return NEVER, -1
    best, best_way = NEVER, -1
    for way in range(problem.ways.start[candidate], problem.ways.start[candidate + 1]):
        cents = way_cents(problem.ways, way, grams, mm3, bits, late)
        if cents < best:
            best, best_way = cents, way
    if best_way < 0:
        return NEVER, -1
    return best + fixed + problem.per_shipment[problem.node[candidate]], best_way


@compiled
def fill_menus(
    problem: Problem,
    begin: int,
    end: int,
    cost: Ints,
    content: NDArray[np.int32],
    way: NDArray[np.int32],
) -> None:
    """Write cost, content and way, (M,), of every menu entry of the orders begin … end−1."""
    for o in range(begin, end):
        if problem.large[o]:
            continue
        first, k = problem.order_line[o], problem.order_line[o + 1] - problem.order_line[o]
        units = np.zeros(k, np.int64)
        for c in range(problem.order_candidate[o], problem.order_candidate[o + 1]):
            pair = problem.pair_start[c]
            units[:] = 0
            cost[problem.menu_start[c]], way[problem.menu_start[c]] = 0, -1
            content[problem.menu_start[c]] = 0
            for m in range(problem.menu_start[c] + 1, problem.menu_start[c + 1]):
                next_content(units, problem.cap, pair)
                cost[m], way[m] = content_cents(problem, o, c, units)
                state, stride = 0, 1
                for j in range(k):
                    state += units[j] * stride
                    stride *= problem.units[first + j] + 1
                content[m] = state


@compiled
def next_content(units: Ints, cap: NDArray[np.int32], pair: int) -> int:
    """Step `units` to the next content of a menu; return the line that grew."""
    j = 0
    while units[j] == cap[pair + j]:
        units[j] = 0
        j += 1
    units[j] += 1
    return j
