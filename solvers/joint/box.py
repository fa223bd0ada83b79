"""The master with a box: how far prices may move is earned, price by price.

Over the plans met, the linear programme of solvers/joint/master.py is asked for its best duals
within a box around the best prices c so far, |λ_r − c_r| ≤ δ_r. In the programme itself that is one
more unit to buy at c_r + δ_r and one to sell at c_r − δ_r for every resource:

    min  Σ c_p y_p + Σ_r (c_r + δ_r) b_r − (c_r − δ_r) s_r
         Σ over p of o  y_p  =  1                    every order
         Σ a_rp y_p − b_r + s_r  ≤  left_r           every resource
         y, b, s ≥ 0

(BOXSTEP: Marsten, Hogan & Blankenship, Operations Research 23(3), 1975). Its value is an upper
bound on what any prices in the box can reach; the oracle says what they do reach. Then

    δ_r  ←  3 δ_r      where it was bought and the oracle wants at least what there is
    δ_r  ←  2 δ_r      where it was sold and the oracle leaves some
    δ_r  ←  |λ_r − c_r| / 2   where the price moved and the oracle says it should not have
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from ortools.linear_solver.python import model_builder_helper as mb
from scipy import sparse

from omnisource.solvers.joint.master import Pool, cheapest_plans, may_bind, or_tools
from omnisource.solvers.joint.resources import Room
from omnisource.solvers.problem import Flags, Floats, Ints

RELATIVE: Final = 0.2
ABSOLUTE: Final = 60.0
"""The first box: a share of the price, and cents."""
MANY: Final = 1e6
"""Units that may be bought or sold."""


@dataclass(frozen=True, eq=False)
class Boxed:
    """The best duals of the plans met, within the box."""

    value: float  # cents, an upper bound on the bound within the box
    price: Floats  # (resources,) cents
    bought: Flags  # (resources,) at the upper face of the box
    sold: Flags  # (resources,) at the lower face
    chosen: Floats  # (Y,) how much of each plan


def first_box(center: Floats) -> Floats:
    """Return δ to begin with."""
    return RELATIVE * center + ABSOLUTE


def next_box(box: Floats, boxed: Boxed, center: Floats, over: Floats) -> Floats:
    """Return δ after the oracle has answered; `over` is its use less what there is, units."""
    up, down = boxed.price > center + 1e-9, boxed.price < center - 1e-9
    box = np.where(boxed.bought & (over >= 0), 3 * box, box)
    box = np.where(boxed.sold & (over < 0), 2 * box, box)
    wrong = up & (over < 0) | down & (over > 0)
    box = np.where(wrong, np.maximum(np.abs(boxed.price - center) / 2, 1.0), box)
    return np.maximum(box, 0.02 * center + 2.0)


def boxed(
    plans: Pool, orders: int, left: Room, *, center: Floats, box: Floats, seconds: float
) -> Boxed | None:
    """Solve the programme; None where it was not solved in time.

    Args:
        plans: the plans met, at least one of every order.
        orders: how many orders they serve.
        left: what there is for them.
        center: (resources,) the best prices so far.
        box: (resources,) δ.
        seconds: time limit.
    """
    capacity = left.capacity
    plan_of = np.repeat(np.arange(plans.size), np.diff(plans.row_start))
    scarce = may_bind(plans, plan_of, capacity) | (center > 0)
    rows = np.flatnonzero(scarce)
    in_doubt = np.zeros(orders, bool)
    in_doubt[plans.order[plan_of[scarce[plans.row]]]] = True
    sure = float(plans.cost[cheapest_plans(plans, orders) & ~in_doubt[plans.order]].sum())
    part = plans.take(np.flatnonzero(in_doubt[plans.order]))
    part = replace(part, order=(np.cumsum(in_doubt) - 1)[part.order])
    solver = or_tools(integer=False, seconds=seconds)
    solver.solve(_model(part, rows, left, (center, box)))
    if not solver.has_solution():
        return None
    price = center.copy()
    price[rows] = np.maximum(-np.array(solver.dual_values())[int(in_doubt.sum()) :], 0.0)
    traded = np.array(solver.variable_values())[part.size :] > 1e-6
    bought, sold = np.zeros(len(center), bool), np.zeros(len(center), bool)
    bought[rows[traded[: len(rows)]]] = True
    sold[rows[traded[len(rows) :]]] = True
    chosen = np.zeros(plans.size)
    chosen[cheapest_plans(plans, orders) & ~in_doubt[plans.order]] = 1.0
    chosen[in_doubt[plans.order]] = np.array(solver.variable_values())[: part.size]
    return Boxed(sure + float(solver.objective_value()), price, bought, sold, chosen)


def _model(
    plans: Pool, rows: Ints, left: Room, around: tuple[Floats, Floats]
) -> mb.ModelBuilderHelper:
    (center, box), capacity = around, left.capacity
    buy = np.minimum(center + box, left.ceiling)[rows]
    size, m, orders = plans.size, len(rows), int(plans.order.max(initial=-1)) + 1
    place = np.full(len(capacity), -1)
    place[rows] = np.arange(m)
    plan_of = np.repeat(np.arange(size), np.diff(plans.row_start))
    kept = place[plans.row] >= 0
    each = np.arange(m)
    values = np.concatenate([np.ones(size), plans.taken[kept], -np.ones(m), np.ones(m)])
    row = np.concatenate(
        [plans.order, place[plans.row[kept]] + orders, each + orders, each + orders]
    )
    column = np.concatenate([np.arange(size), plan_of[kept], size + each, size + m + each])
    sell = np.maximum(center[rows] - box[rows], 0.0)
    model = mb.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        np.zeros(size + 2 * m),
        np.concatenate([np.ones(size), np.full(m, MANY), np.where(sell > 0, MANY, 0.0)]),
        np.concatenate([plans.cost.astype(np.float64), buy, -sell]),
        np.concatenate([np.ones(orders), np.full(m, -np.inf)]),
        np.concatenate([np.ones(orders), np.minimum(capacity[rows], 10**7).astype(np.float64)]),
        sparse.csr_matrix((values, (row, column)), shape=(orders + m, size + 2 * m)),
    )
    return model
