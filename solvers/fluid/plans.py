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

Plans stay from one programme to the next.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from ortools.linear_solver.python import model_builder_helper as mb
from scipy import sparse

from omnisource.solvers.fluid.classes import MILLION
from omnisource.solvers.joint.master import Pool, or_tools, pool
from omnisource.solvers.joint.resources import grained
from omnisource.solvers.oracle.kernel import price_block
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import UNLIMITED, Floats, Ints, Prices, Problem

WORTH = 20.0
"""Millionths of a dollar an order by which a plan must be cheaper than those met, to join them."""
DEAR = 1_000.0 * MILLION
"""A price at which nothing scarce is taken."""
DUAL = "use_dual_simplex: true use_preprocessing: false"
"""Parameters of GLOP: these programmes are small, and looking for a smaller one takes longer."""


@dataclass(frozen=True, eq=False)
class Fluid:
    """A solution of the programme."""

    value: float  # (1), millionths of a dollar
    bound: float  # (5)
    price: Floats  # (R,) y
    chosen: Floats  # (Y,) x of the plans met so far


class PlanProgramme:
    """The programme over the classes of a problem, with the plans met so far."""

    def __init__(self, problem: Problem) -> None:
        """Begin with the cheapest plan of every class, and with one that takes nothing scarce."""
        self.problem = problem
        self.cells = np.flatnonzero(problem.stock < UNLIMITED // 2)  # rows of (3)
        self._row = np.full(len(problem.stock) + 2 * problem.nodes, -1)
        self._row[self.cells] = problem.size + np.arange(len(self.cells))
        self._all = Left.of(problem)
        self._all.stock[:] = UNLIMITED
        dear = np.zeros(len(problem.stock))
        dear[self.cells] = DEAR
        every = np.arange(problem.size)
        cheapest = pool(problem, every, self.priced(np.zeros(len(dear))), every)
        self._met(cheapest.joined(pool(problem, every, self.priced(dear), every)))

    def copied(self) -> "PlanProgramme":
        """Return the same programme, to meet plans of its own."""
        return copy(self)

    def priced(self, price: Floats) -> Plans:
        """Return the oracle's plan of every class at prices of cells, (R,), stock without end."""
        plans, at = Plans.room(self.problem), Prices.zero(self.problem)._replace(cell=price)
        price_block(self.problem, at, self._all, 0, self.problem.size, plans)
        return plans

    def _met(self, plans: Pool) -> None:
        """Make those plans the columns of the programme."""
        kept = self._row[plans.row] >= 0
        column = np.repeat(np.arange(plans.size), np.diff(plans.row_start))[kept]
        row = np.append(plans.order, self._row[plans.row[kept]])
        value = np.append(np.ones(plans.size), plans.taken[kept])
        where = (row, np.append(np.arange(plans.size), column))
        shape = (self.problem.size + len(self.cells), plans.size)
        self.plans, self._matrix = plans, sparse.csr_matrix((value, where), shape=shape)

    def solve(self, orders: Floats, left: Ints) -> Fluid:
        """Solve (1)–(4) for so many orders of each class, (Q,), over what is left, (R,)."""
        every, size = np.arange(self.problem.size), self.problem.size
        while True:
            value, chosen, dual = self._solved(orders, left)
            y = np.zeros(len(self.problem.stock))
            y[self.cells] = -MILLION * dual[size:]
            y = grained(y)
            plans = self.priced(y)
            better = every[plans.value < MILLION * dual[:size] - WORTH]
            before = self.plans.size
            if len(better):
                self._met(self.plans.joined(pool(self.problem, better, plans, better)))
            if self.plans.size == before:
                break
        bound = float(orders @ plans.value - y[self.cells] @ left[self.cells])  # (5)
        return Fluid(value, bound, y, chosen)

    def _solved(self, orders: Floats, left: Ints) -> tuple[float, Floats, Floats]:
        """Solve the programme over the plans met so far: value, x, duals of (2) and (3)."""
        model, solver = mb.ModelBuilderHelper(), or_tools(integer=False, seconds=3_600.0)
        solver.set_solver_specific_parameters(DUAL)
        room, free = left[self.cells].astype(np.float64), np.full(self.plans.size, np.inf)
        model.fill_model_from_sparse_data(
            np.zeros(len(free)), free, self.plans.cost / MILLION,
            np.append(orders, np.full(len(room), -np.inf)), np.append(orders, room), self._matrix,
        )  # fmt: skip
        solver.solve(model)
        assert solver.has_solution(), "the last place serves all"
        values = np.array(solver.variable_values()), np.array(solver.dual_values())
        return MILLION * solver.objective_value(), *values
