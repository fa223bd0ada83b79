"""Solving the programme of a large order by OR-Tools: linear for a bound, whole for a plan.

What ends a search is work, counted in nodes of branch and bound: the same plan on any machine,
under any load. The clock is there for what work does not foresee.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from ortools.linear_solver.python import model_builder_helper as mb
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from omnisource.solvers.joint.master import or_tools
from omnisource.solvers.oracle.programme import SHORT, Programme
from omnisource.solvers.problem import Floats, Ints

SLACK: Final = 0.01
"""Cents by which a floating-point bound is lowered, for the solver's tolerance."""
NODES: Final = 100
"""Nodes of branch and bound after which a search ends with its plan and its bound."""
PATIENCE: Final = 3.0
"""How many times the seconds that a search may take it is given by the clock: cores are shared."""


def whole_plan(model: Programme, seconds: float) -> tuple[Ints | None, float]:
    """Solve (1)–(8) whole over few columns first, then over all that can matter.

    With z the linear programme's value and d_i the reduced costs, a solution that uses a column i
    costs at least z + d_i (Dantzig, Fulkerson & Johnson, Operations Research 2(4), 1954). So over
    the columns with d_i ≤ δ, the lesser of that programme's bound and z + δ is a bound for all.

    Args:
        model: the programme.
        seconds: what it may take on a core of its own.
    """
    began, values, bound = time.monotonic(), None, least(model)
    linear = solve(model, np.arange(len(model.cost)), integer=False, seconds=60.0)
    if linear is None:
        return None, bound
    margin = max(0.02 * abs(linear.value), 150.0)
    for _ in range(3):
        columns = np.flatnonzero((linear.reduced <= margin) | (model.kind >= SHORT))
        left = PATIENCE * seconds - (time.monotonic() - began)
        whole = solve(model, columns, integer=True, seconds=max(left, 0.2))
        if whole is None:
            return values, max(bound, linear.value - SLACK)
        values = np.round(whole.values).astype(np.int64)
        bound = max(bound, linear.value, min(whole.bound, linear.value + margin))
        if whole.value <= linear.value + margin or left <= 0:
            break
        margin = whole.value - linear.value
    return values, bound - SLACK


def least(model: Programme) -> float:
    """Return what any solution costs at least, without solving: all that is cheap, nothing else."""
    return float(np.minimum(model.cost, 0.0) @ model.upper) - SLACK


@dataclass(frozen=True, eq=False)
class Solution:
    """What OR-Tools found."""

    value: float  # cents
    bound: float  # cents
    values: Floats  # of all variables
    reduced: Floats  # reduced costs; of a linear programme only


def solve(model: Programme, columns: Ints, *, integer: bool, seconds: float) -> Solution | None:
    """Solve over some of the columns, the others being 0."""
    if integer:
        return _whole(model, columns, seconds)
    helper = mb.ModelBuilderHelper()
    helper.fill_model_from_sparse_data(
        np.zeros(len(columns)), model.upper[columns], model.cost[columns], model.low, model.high,
        model.matrix[:, columns],
    )  # fmt: skip
    solver = or_tools(integer=False, seconds=seconds)
    solver.solve(helper)
    if not solver.has_solution():
        return None
    values = np.zeros(len(model.cost))
    values[columns] = solver.variable_values()
    value = float(solver.objective_value())
    return Solution(value, value, values, np.array(solver.reduced_costs()))


def _whole(model: Programme, columns: Ints, seconds: float) -> Solution | None:
    """Solve whole, over some of the columns, by HiGHS, within `NODES`."""
    told = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), node_limit=NODES)
    written = mathopt.Model.from_model_proto(_written(model, columns))
    result = mathopt.solve(written, mathopt.SolverType.HIGHS, params=told)
    if not result.has_primal_feasible_solution():
        return None
    values = np.zeros(len(model.cost))
    values[columns] = result.variable_values(list(written.variables()))
    bounds = result.termination.objective_bounds
    return Solution(result.objective_value(), bounds.dual_bound, values, np.zeros(0))


def _written(model: Programme, columns: Ints) -> model_pb2.ModelProto:
    """Return the programme over some of its columns, all whole, for MathOpt."""
    proto, matrix, cost = model_pb2.ModelProto(), model.matrix[:, columns], model.cost[columns]
    matrix.sort_indices()
    variables, rows = proto.variables, proto.linear_constraints
    variables.ids.extend(range(len(columns)))
    variables.lower_bounds.extend(np.zeros(len(columns)))
    variables.upper_bounds.extend(model.upper[columns])
    variables.integers.extend([True] * len(columns))
    goal = proto.objective.linear_coefficients
    goal.ids.extend(np.flatnonzero(cost).tolist())
    goal.values.extend(cost[cost != 0])
    rows.ids.extend(range(len(model.low)))
    rows.lower_bounds.extend(model.low)
    rows.upper_bounds.extend(model.high)
    cells = proto.linear_constraint_matrix
    cells.row_ids.extend(np.repeat(np.arange(len(model.low)), np.diff(matrix.indptr)).tolist())
    cells.column_ids.extend(matrix.indices.tolist())
    cells.coefficients.extend(matrix.data)
    return proto
