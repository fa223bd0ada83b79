"""Orders one after the other over what is left: serve, take out, put back; and what plans cost."""

from typing import Any

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.kernel import best_plan
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import (
    Left,
    Plans,
    lent_menus,
    scratch,
)
from omnisource.solvers.oracle.stages import all_short
from omnisource.solvers.problem import Floats, Ints


@compiled
def take(problem: Any, order: int, plans: Any, sign: int, left: Any) -> None:
    """Take an order's plan out of what is left (sign 1), or put it back (−1)."""
    first, k = problem.order_line[order], problem.order_line[order + 1] - problem.order_line[order]
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        c = plans.candidate[a]
        n, pair, code = problem.node[c], problem.pair_start[c], plans.entry[a]
        code = problem.menu_content[code]
        left.node_orders[n] -= sign
        for j in range(k):
            radix = problem.units[first + j] + 1
            units = code % radix
            code //= radix
            if units > 0:
                left.stock[problem.cell[pair + j]] -= sign * units
                left.node_units[n] -= sign * units


@compiled
def true_cost(problem: Any, order: int, plans: Any) -> int:
    """Return an order's cost without prices, shortage included, cents."""
    first, k = problem.order_line[order], problem.order_line[order + 1] - problem.order_line[order]
    cost = int(all_short(problem, order, 0.0))
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        code = plans.entry[a]
        cost += problem.menu_cost[code]
        code = problem.menu_content[code]
        for j in range(k):
            radix = problem.units[first + j] + 1
            cost -= code % radix * problem.shortage[first + j]
            code //= radix
    return cost


@compiled
def serve_in_turn(problem: Any, prices: Any, sequence: Ints, left: Any, plans: Any) -> None:
    """Serve orders one after the other, each by its cheapest plan over what is left."""
    work = scratch(problem, sequence)
    menus, at, room, to = (
        lent_menus(problem),
        lent(prices),
        lent(left),
        lent(plans),
    )
    for o in sequence:
        if menus.large[o]:
            continue
        out = (to.candidate, to.entry, to.first[o])
        to.value[o], to.count[o] = best_plan(menus, o, at, room, work, out)
        take(menus, o, to, 1, room)


def use(problem: Any, plans: Plans, orders: Ints | None = None) -> Left:
    """Return how much of each resource the plans of those orders take together; of all orders."""
    orders = np.arange(problem.size) if orders is None else orders
    taken = Left(*(np.zeros_like(column) for column in Left.of(problem)))
    take_all(problem, orders, plans, -1, taken)
    return taken


@compiled
def costs(problem: Any, plans: Any) -> Ints:
    """Return, (K,), each order's cost without prices, cents."""
    menus, given = lent_menus(problem), lent(plans)
    out = np.empty(problem.order_line.size - 1, np.int64)
    for o in range(len(out)):
        out[o] = true_cost(menus, o, given)
    return out


@compiled
def put_back(problem: Any, prices: Any, sequence: Ints, left: Any, plans: Any, spare: Any) -> int:
    """Take each order out and put it back by its cheapest plan; return how many changed.

    An order keeps its plan unless the new one is cheaper at these prices. `spare` is (candidate,
    entry), room for the plan of one order.
    """
    work = scratch(problem, sequence)
    menus, fees, room, to = (
        lent_menus(problem), lent(prices), lent(left), lent(plans),
    )  # fmt: skip
    changed = 0
    for o in sequence:
        if menus.large[o]:
            continue
        take(menus, o, to, -1, room)
        old = priced_cost(menus, o, fees, to)
        value, count = best_plan(menus, o, fees, room, work, (spare[0], spare[1], 0))
        if value < old:
            changed += 1
            at = to.first[o]
            to.count[o] = count
            to.candidate[at : at + count] = spare[0][:count]
            to.entry[at : at + count] = spare[1][:count]
            to.value[o] = value
        take(menus, o, to, 1, room)
    return changed


@compiled
def priced_cost(problem: Any, order: int, prices: Any, plans: Any) -> float:
    """Return an order's cost and the price of all that its plan takes, cents."""
    cost, more, short = float(true_cost(problem, order, plans)), prices.short[order], 0
    first, k = problem.order_line[order], problem.order_line[order + 1] - problem.order_line[order]
    for a in range(plans.first[order], plans.first[order] + plans.count[order]):
        c = plans.candidate[a]
        n, pair, code = problem.node[c], problem.pair_start[c], plans.entry[a]
        code = problem.menu_content[code]
        cost += prices.node_order[n]
        for j in range(k):
            radix = problem.units[first + j] + 1
            units = code % radix
            code //= radix
            if units > 0:
                cell = problem.cell[pair + j]
                cost += units * (prices.cell[cell] + prices.node_unit[n] - more)
    for line in range(first, first + k):
        short += problem.units[line]
    return float(cost + more * short)


@compiled
def take_all(problem: Any, orders: Ints, plans: Any, sign: int, left: Any) -> None:
    """Take the plans of those orders out of what is left (sign 1), or put them back (−1)."""
    menus, given, room = lent_menus(problem), lent(plans), lent(left)
    for o in orders:
        take(menus, o, given, sign, room)


@compiled
def costs_of(problem: Any, orders: Ints, plans: Any) -> Ints:
    """Return the cost of each of those orders without prices, cents."""
    menus, given = lent_menus(problem), lent(plans)
    out = np.empty(len(orders), np.int64)
    for i, o in enumerate(orders):
        out[i] = true_cost(menus, o, given)
    return out


@compiled
def priced_costs(problem: Any, orders: Ints, prices: Any, plans: Any) -> Floats:
    """Return the cost of each of those orders with the price of what it takes, cents."""
    menus, fees, given = lent_menus(problem), lent(prices), lent(plans)
    out = np.empty(len(orders))
    for i, o in enumerate(orders):
        out[i] = priced_cost(menus, o, fees, given)
    return out


@compiled
def fits(problem: Any, order: int, plans: Any, left: Any) -> bool:
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
