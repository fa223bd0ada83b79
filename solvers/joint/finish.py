"""The finish: from prices to a plan that is feasible, and near the bound.

bidden     everybody's cheapest plans at the best prices, made to fit by bids      auction.py
rounded    the plans of the master's linear programme, the surest first, while they fit; the
           others served in turn, most units first, over what is left
settled    orders whose plan the programme leaves no doubt about are fixed, and OR-Tools
           chooses whole plans for the others and for all that compete with them: small nights
improved   each order is taken out and put back where it is cheapest, a few rounds
"""

from dataclasses import replace
from typing import Final

import numpy as np

from omnisource.solvers.joint.auction import auction
from omnisource.solvers.joint.master import Pool, Solved, solve
from omnisource.solvers.joint.prices import Pass
from omnisource.solvers.joint.resources import Resources, grained
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import fits, put_back, serve_in_turn, take, take_all
from omnisource.solvers.problem import Flags, Floats, Ints, Problem

Known = tuple[Ints, Pool]
"""Orders, and plans met whose positions stand for them."""


def most_units_first(problem: Problem) -> Ints:
    """Return the orders, those of most units first, ties in their own order."""
    total = np.concatenate([[0], np.cumsum(problem.units)])
    return np.argsort(-np.diff(total[problem.order_line]), kind="stable")


def copied(room: Left) -> Left:
    """Return the same capacities in arrays of their own."""
    return Left(*(column.copy() for column in room))


def bidden(resources: Resources, best: Pass) -> Plans:
    """Return plans that fit, from everybody's cheapest at the best prices."""
    plans, left = best.plans.copied(), resources.room
    auction(resources.problem, best.prices, left, plans)
    return plans


def settled(resources: Resources, known: Known, solved: Solved, *, seconds: float) -> Plans | None:
    """Return whole plans: the clear ones as they are, the others chosen by integer programme.

    Args:
        resources: what there is.
        known: the orders that the pool's positions stand for, and the plans met so far.
        solved: the linear programme over them.
        seconds: time limit.

    Returns None where there was no solution in time.
    """
    (orders, pool), problem = known, resources.problem
    free = _contested(pool, solved, len(orders))
    plans, left = Plans.room(problem), resources.room
    clear = np.flatnonzero((solved.chosen > 0.5) & ~free[pool.order])
    enter(plans, known, clear)
    take_all(problem, orders[pool.order[clear]], plans, 1, left)
    taken = np.zeros(len(resources.capacity), np.int64)
    fixed = pool.take(clear)
    np.add.at(taken, fixed.row, fixed.taken)
    open_plans = np.flatnonzero(free[pool.order])
    if not len(open_plans):
        return plans
    place = np.cumsum(free) - 1
    part = pool.take(open_plans)
    part = replace(part, order=place[part.order])
    room = resources.at(np.arange(len(taken)), taken)
    whole = solve(part, int(free.sum()), room, integer=True, seconds=seconds)
    if whole is None:
        return None
    enter(plans, known, open_plans[whole.chosen > 0.5])
    return plans


def rounded(resources: Resources, known: Known, chosen: Floats, best: Pass) -> Plans:
    """Return a feasible plan near a linear programme: its surest plans first, while they fit.

    An order that no programme was in doubt about takes its cheapest plan; one none of whose plans
    fits is then served by its cheapest at the prices over what is left.
    """
    (orders, pool), problem = known, resources.problem
    plans, left = best.plans.copied(), resources.room
    served, doubt = np.zeros(problem.size, bool), np.zeros(problem.size, bool)
    doubt[orders[pool.order]] = True
    plans.count[doubt] = 0
    for order in orders[~doubt[orders]]:
        served[order] = fits(problem, order, plans, left)
        if served[order]:
            take(problem, order, plans, 1, left)
    sure = np.flatnonzero(chosen > 1e-6)
    for y in sure[np.argsort(-chosen[sure], kind="stable")]:
        order = orders[pool.order[y]]
        if served[order]:
            continue
        enter(plans, known, np.array([y]))
        served[order] = fits(problem, order, plans, left)
        if served[order]:
            take(problem, order, plans, 1, left)
    rest = most_units_first(problem)
    rest = rest[~served[rest] & ~problem.large[rest]]
    plans.count[rest] = 0
    serve_in_turn(problem, best.prices, rest, left, plans)
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


HALVES: Final = (0.5, 0.0, 0.0)
"""What an order pays for what others leave, a share of its price, round after round."""


def improved(resources: Resources, plans: Plans, best: Pass) -> None:
    """Put orders back where they are cheapest, in place, the price of leftovers falling."""
    problem, left = resources.problem, resources.room
    take_all(problem, np.flatnonzero(~problem.large), plans, 1, left)
    most = int(np.diff(plans.first).max(initial=1))
    spare = (np.zeros(most, np.int64), np.zeros(most, np.int64))
    sequence = most_units_first(problem)
    for share in HALVES:
        y = best.y.copy()
        y[: resources.hard] *= share
        if put_back(problem, resources.prices(grained(y)), sequence, left, plans, spare) == 0:
            break
