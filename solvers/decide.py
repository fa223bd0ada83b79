"""From plans to decisions: the last step of every solver that works on menus."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.large import LargePlan
from omnisource.solvers.oracle.plans import Plans
from omnisource.solvers.problem import Decisions, Ints, Problem


def decisions(problem: Problem, plans: Plans, large: Mapping[int, LargePlan]) -> Decisions:
    """Return the shipments of all plans, in the order of the orders.

    Args:
        problem: the night.
        plans: of the orders with a menu.
        large: of the others, by order; an order not named is not served.
    """
    candidate, way, count, line, units = _written_out(problem, plans)
    parcels = [_large_parcels(problem, order, plan) for order, plan in sorted(large.items())]
    candidate = np.concatenate([candidate, *(p[0] for p in parcels)])
    way = np.concatenate([way, *(p[1] for p in parcels)])
    count = np.concatenate([count, *(p[2] for p in parcels)])
    line = np.concatenate([line, *(p[3] for p in parcels)])
    units = np.concatenate([units, *(p[4] for p in parcels)])
    turn = np.argsort(candidate, kind="stable")  # candidates stand in the order of orders
    start = np.concatenate([[0], np.cumsum(count)])
    rows = np.repeat(start[turn] - _starts(count[turn])[:-1], count[turn]) + np.arange(len(line))
    return Decisions(
        candidate[turn], way[turn].astype(np.int32), _starts(count[turn]), line[rows], units[rows]
    )


def _starts(count: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64)


def _large_parcels(
    problem: Problem, order: int, plan: LargePlan
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    parcel, held = np.nonzero(plan.units)
    count = np.bincount(parcel, minlength=len(plan.way)).astype(np.int64)
    line = problem.order_line[order] + held
    return plan.candidate, plan.way, count, line, plan.units[parcel, held]


@compiled
def _written_out(problem: Problem, plans: Any) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    total, room = plans.count.sum(), 0
    for o in range(len(plans.count)):
        room += plans.count[o] * (problem.order_line[o + 1] - problem.order_line[o])
    candidate, way = np.empty(total, np.int64), np.empty(total, np.int64)
    count = np.zeros(total, np.int64)
    line, units = np.empty(room, np.int64), np.empty(room, np.int64)
    s, x = 0, 0
    for o in range(len(plans.count)):
        first = problem.order_line[o]
        k = problem.order_line[o + 1] - first
        for a in range(plans.first[o], plans.first[o] + plans.count[o]):
            c, code = plans.candidate[a], plans.entry[a]
            candidate[s], way[s] = c, problem.menu_way[code]
            code = problem.menu_content[code]
            for j in range(k):
                radix = problem.units[first + j] + 1
                if code % radix > 0:
                    line[x], units[x] = first + j, code % radix
                    count[s] += 1
                    x += 1
                code //= radix
            s += 1
    return candidate, way, count, line[:x], units[:x]
