"""Solving the programme of a large order by OR-Tools: linear for a bound, whole for a plan."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.linear_solver.python import model_builder_helper as mb

from omnisource.solvers.master import or_tools
from omnisource.solvers.problem import NEVER, Floats, Ints
from omnisource.solvers.programme import SHORT, Programme

SLACK: Final = 0.01
"""Cents by which a floating-point bound is lowered, for the solver's tolerance."""


def whole_plan(model: Programme, seconds: float) -> tuple[Ints | None, float]:
    """Solve (1)–(8) whole over few columns first, then over all that can matter.

    With z the linear programme's value and d_i the reduced costs, a solution that uses a column i
    costs at least z + d_i (Dantzig, Fulkerson & Johnson, Operations Research 2(4), 1954). So over
    the columns with d_i ≤ δ, the lesser of that programme's bound and z + δ is a bound for all.
    """
    began, values, bound = time.monotonic(), None, -float(NEVER)
    linear = solve(model, np.arange(len(model.cost)), integer=False, seconds=60.0)
    if linear is None:
        return None, bound
    margin = max(0.02 * abs(linear.value), 150.0)
    for _ in range(3):
        columns = np.flatnonzero((linear.reduced <= margin) | (model.kind >= SHORT))
        left = seconds - (time.monotonic() - began)
        whole = solve(model, columns, integer=True, seconds=max(left, 0.2))
        if whole is None:
            return values, max(bound, linear.value - SLACK)
        values = np.round(whole.values).astype(np.int64)
        bound = max(bound, linear.value, min(whole.bound, linear.value + margin))
        if whole.value <= linear.value + margin or left <= 0:
            break
        margin = whole.value - linear.value
    return values, bound - SLACK


@dataclass(frozen=True, eq=False)
class Solution:
    """What OR-Tools found."""

    value: float  # cents
    bound: float  # cents
    values: Floats  # of all variables
    reduced: Floats  # reduced costs; of a linear programme only


def solve(model: Programme, columns: Ints, *, integer: bool, seconds: float) -> Solution | None:
    """Solve over some of the columns, the others being 0."""
    helper = mb.ModelBuilderHelper()
    helper.fill_model_from_sparse_data(
        np.zeros(len(columns)), model.upper[columns], model.cost[columns], model.low, model.high,
        model.matrix[:, columns],
    )  # fmt: skip
    if integer:
        for column in range(len(columns)):
            helper.set_var_integrality(column, True)
    solver = or_tools(integer=integer, seconds=seconds)
    solver.solve(helper)
    if not solver.has_solution():
        return None
    values = np.zeros(len(model.cost))
    values[columns] = solver.variable_values()
    value = float(solver.objective_value())
    if integer:
        return Solution(value, float(solver.best_objective_bound()), values, np.zeros(0))
    return Solution(value, value, values, np.array(solver.reduced_costs()))
