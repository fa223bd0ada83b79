"""The finish: from prices to a plan that is feasible, and near the bound.

greedy     orders one after the other, most units first, each by its cheapest plan at the
           prices over what is left (Acimovic & Graves, M&SOM 17(1) 2015, with exact plans)
rounded    the plans of the master's linear programme, the surest first, while they fit; the
           other orders as in greedy
settled    orders whose plan the programme leaves no doubt about are fixed, and OR-Tools
           chooses whole plans for the others and for all that compete with them: small nights
improved   each order is taken out and put back where it is cheapest, until nothing changes
"""

from dataclasses import replace

import numpy as np

from omnisource.solvers.master import Pool, Solved, solve
from omnisource.solvers.plans import Left, Plans
from omnisource.solvers.problem import Flags, Ints, Prices, Problem
from omnisource.solvers.serve import costs, fits, put_back, serve_in_turn, take, take_all

Known = tuple[Ints, Pool]
"""Orders, and plans met whose positions stand for them."""


def most_units_first(problem: Problem) -> Ints:
    """Return the orders, those of most units first, ties in their own order."""
    total = np.concatenate([[0], np.cumsum(problem.units)])
    return np.argsort(-np.diff(total[problem.order_line]), kind="stable")


def copied(room: Left) -> Left:
    """Return the same capacities in arrays of their own."""
    return Left(*(column.copy() for column in room))


def greedy(problem: Problem, prices: Prices, room: Left) -> Plans:
    """Serve every order with a menu in turn, most units first."""
    plans = Plans.room(problem)
    serve_in_turn(problem, prices, most_units_first(problem), copied(room), plans)
    return plans


def settled(
    problem: Problem, known: Known, solved: Solved, room: Left, *, seconds: float
) -> Plans | None:
    """Return whole plans: the clear ones as they are, the others chosen by integer programme.

    Args:
        problem: the night.
        known: the orders that the pool's positions stand for, and the plans met so far.
        solved: the linear programme over them.
        room: capacities.
        seconds: time limit.

    Returns None where there was no solution in time.
    """
    orders, pool = known
    free = _contested(pool, solved, len(orders))
    plans, left = Plans.room(problem), copied(room)
    clear = np.flatnonzero((solved.chosen > 0.5) & ~free[pool.order])
    enter(plans, known, clear)
    take_all(problem, orders[pool.order[clear]], plans, 1, left)
    open_plans = np.flatnonzero(free[pool.order])
    if not len(open_plans):
        return plans
    place = np.cumsum(free) - 1
    part = pool.take(open_plans)
    part = replace(part, order=place[part.order])
    whole = solve(part, int(free.sum()), left, integer=True, seconds=seconds)
    if whole is None:
        return None
    enter(plans, known, open_plans[whole.chosen > 0.5])
    return plans


def rounded(problem: Problem, known: Known, solved: Solved, prices: Prices, room: Left) -> Plans:
    """Return a feasible plan near a linear programme: its surest plans first, while they fit.

    An order none of whose plans fits is then served by its cheapest at the prices over what is
    left.
    """
    orders, pool = known
    plans, left = Plans.room(problem), copied(room)
    served = np.zeros(problem.size, bool)
    sure = np.flatnonzero(solved.chosen > 1e-6)
    for y in sure[np.argsort(-solved.chosen[sure], kind="stable")]:
        order = orders[pool.order[y]]
        if served[order]:
            continue
        enter(plans, known, np.array([y]))
        served[order] = fits(problem, order, plans, left)
        if served[order]:
            take(problem, order, plans, 1, left)
        else:
            plans.count[order] = 0
    rest = most_units_first(problem)
    serve_in_turn(problem, prices, rest[~served[rest]], left, plans)
    return plans


def enter(plans: Plans, known: Known, chosen: Ints) -> None:
    """Write chosen plans of a pool into `plans`."""
    orders, pool = known
    for y in chosen:
        order, begin, end = orders[pool.order[y]], *pool.start[y : y + 2]
        at = plans.first[order]
        plans.count[order] = end - begin
        plans.candidate[at : at + end - begin] = pool.candidate[begin:end]
        plans.entry[at : at + end - begin] = pool.entry[begin:end]


def _contested(pool: Pool, solved: Solved, orders: int) -> Flags:
    """Say which orders are in doubt, or compete with one that is for something that has a price.

    Two steps of neighbourhood: who competes with the doubtful, and who competes with those.
    """
    doubtful = (solved.chosen > 1e-6) & (solved.chosen < 1 - 1e-6)
    free = np.zeros(orders, bool)
    free[pool.order[doubtful]] = True
    size = int(max(pool.row.max(initial=0), solved.rows.max(initial=0))) + 1
    dear = np.zeros(size, bool)
    dear[solved.rows[solved.duals > 1e-6]] = True
    plan_of = np.repeat(np.arange(pool.size), np.diff(pool.row_start))
    order_of = pool.order[plan_of]
    for _ in range(2):
        touched = np.zeros(size, bool)
        touched[pool.row[free[order_of] & dear[pool.row]]] = True
        free[order_of[touched[pool.row]]] = True
    return free


def improved(problem: Problem, plans: Plans, room: Left, *, rounds: int = 5) -> int:
    """Put orders back where they are cheapest, in place; return the cost, cents."""
    left = copied(room)
    take_all(problem, np.flatnonzero(~problem.large), plans, 1, left)
    most = int(problem.units.max(initial=1)) * int(np.diff(problem.order_line).max(initial=1))
    spare = (np.zeros(most, np.int64), np.zeros(most, np.int64))
    sequence, free = most_units_first(problem), Prices.zero(problem)
    for _ in range(rounds):
        if put_back(problem, free, sequence, left, plans, spare) == 0:
            break
    return int(costs(problem, plans).sum())
