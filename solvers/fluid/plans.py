"""The programme over plans by class, by column generation: what foresight would cost, and prices.

With n_q orders of class q, realised or expected, P_q the plans of such an order, c_p what plan p
costs and a_rp the units that it takes of cell r,

    (1)  min  Σ c_p x_p
    (2)  Σ over p ∈ P_q of x_p  =  n_q                       every class
    (3)  Σ a_rp x_p  ≤  left_r                               every cell but those without end
    (4)  x ≥ 0

The oracle prices the duals y ≥ 0 of (3) and brings in plans until none is worth its while. For any
y, v_q(y) its value, no way to serve these orders from this stock is cheaper than

    Σ n_q v_q(y)  −  Σ y_r left_r                                                        (5)

Plans stay from one programme to the next, which begins from the last basis.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from ortools.math_opt.python import mathopt

from omnisource.solvers.fluid.classes import MILLION
from omnisource.solvers.joint.master import Pool, pool
from omnisource.solvers.joint.resources import grained
from omnisource.solvers.oracle.kernel import price_block
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import UNLIMITED, Floats, Ints, Prices, Problem

WORTH: Final = 20.0
"""Millionths of a dollar an order by which a plan must be cheaper than those met."""
TOLD: Final = mathopt.SolveParameters(
    glop=mathopt.glop.GlopParameters(use_dual_simplex=True, use_preprocessing=False)
) if hasattr(mathopt, "glop") else mathopt.SolveParameters()


@dataclass(frozen=True, eq=False)
class Fluid:
    """A solution of the programme."""

    value: float  # (1), millionths of a dollar
    bound: float  # (5)
    price: Floats  # (R,) y
    chosen: Floats  # x of the plans met so far


@dataclass(eq=False)
class PlanProgramme:
    """The programme, with the plans met so far."""

    problem: Problem
    pools: list[Pool] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the cheapest plan of every class, and with one that takes nothing scarce."""
        self.cells = np.flatnonzero(self.problem.stock < UNLIMITED // 2)
        self.model = mathopt.Model()
        new = self.model.add_linear_constraint
        self.demand = [new(lb=0.0, ub=0.0) for _ in range(self.problem.size)]
        self.held = {int(r): new(ub=0.0) for r in self.cells}
        self.plans: list[Any] = []
        self.solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GLOP)
        self.everything = Left(
            np.full(len(self.problem.stock), UNLIMITED),
            *(column.copy() for column in (self.problem.node_orders, self.problem.node_units)),
        )
        dear = np.zeros(len(self.problem.stock))
        dear[self.cells] = 1e3 * MILLION
        for price in (np.zeros(len(dear)), dear):
            plans = self._priced(price)
            self._add(plans, np.arange(self.problem.size))

    def _priced(self, price: Floats) -> Plans:
        plans = Plans.room(self.problem)
        at = Prices.zero(self.problem)._replace(cell=price)
        price_block(self.problem, at, self.everything, 0, self.problem.size, plans)
        return plans

    def _add(self, plans: Plans, orders: Ints) -> None:
        found = pool(self.problem, orders, plans, orders)
        self.pools.append(found)
        for j in range(found.size):
            x = self.model.add_variable(lb=0.0)
            self.plans.append(x)
            self.model.objective.set_linear_coefficient(x, float(found.cost[j]) / MILLION)
            self.demand[found.order[j]].set_coefficient(x, 1.0)
            for a in range(found.row_start[j], found.row_start[j + 1]):
                row = self.held.get(int(found.row[a]))
                if row is not None:
                    row.set_coefficient(x, float(found.taken[a]))

    def solve(self, orders: Floats, left: Ints) -> Fluid:
        for row, many in zip(self.demand, orders.tolist(), strict=True):
            row.lower_bound = row.upper_bound = many
        for r, row in self.held.items():
            row.upper_bound = float(left[r])
        self.rounds = 0
        while True:
            self.rounds += 1
            result = self.solver.solve(params=TOLD)
            y = np.zeros(len(self.problem.stock))
            y[self.cells] = -MILLION * np.array(result.dual_values(list(self.held.values())))
            y = grained(y)
            pi = MILLION * np.array(result.dual_values(self.demand))
            plans = self._priced(y)
            better = np.flatnonzero(plans.value < pi - WORTH)
            if not len(better):
                break
            self._add(plans, better)
        value = MILLION * result.objective_value()
        bound = float(orders @ plans.value - y[self.cells] @ left[self.cells])
        return Fluid(value, bound, y, np.array(result.variable_values(self.plans)))
