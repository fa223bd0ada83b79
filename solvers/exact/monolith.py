"""The night by solvers off the shelf: HiGHS, SCIP and CP-SAT on the programme of matrix.py.

Not a way to decide a night, but what `joint` is measured against. All three get the same matrix,
as it is, through OR-Tools' MathOpt. (Through its model builder HiGHS loses the plan that it has
when its time is up.) HiGHS and SCIP search with one thread there, look at the time now and then
only, and cannot be asked to end before it.
"""

import os
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

import numpy as np
from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from omnisource.solvers.exact.entries import decisions_of, refuse_large
from omnisource.solvers.exact.matrix import Columns, columns_of, costs, most_of, written
from omnisource.solvers.problem import UNLIMITED, Answer, Limits, Problem
from omnisource.solvers.watch import ending

SLACK: Final = 0.01
"""Cents by which a floating-point bound is lowered, for the solver's tolerance."""
FIRST: Final = {
    mathopt.SolverType.HIGHS: re.compile(r" [A-Z] +\d+ "),
    mathopt.SolverType.GSCIP: re.compile(r"[^ ] *[\d.]+s\|"),
    mathopt.SolverType.CP_SAT: re.compile(r"#\d"),
}
"""How a line of each solver's log begins that tells of a solution."""


def highs(problem: Problem, limits: Limits) -> Answer:
    """Solve the whole night in HiGHS."""
    return monolith(problem, limits, mathopt.SolverType.HIGHS)


def scip(problem: Problem, limits: Limits) -> Answer:
    """Solve the whole night in SCIP."""
    return monolith(problem, limits, mathopt.SolverType.GSCIP)


def cpsat(problem: Problem, limits: Limits) -> Answer:
    """Solve the whole night in CP-SAT."""
    return monolith(problem, limits, mathopt.SolverType.CP_SAT)


def monolith(problem: Problem, limits: Limits, kind: mathopt.SolverType) -> Answer:
    """Solve the whole night as one programme; without a solution in time nothing is sent.

    Raises:
        UnusableInput: an order is large, so that it has no menu.
    """
    refuse_large(problem, f"the monolith in {kind.name}")
    began = time.monotonic()
    columns = columns_of(problem)
    model = mathopt.Model.from_model_proto(written(columns))
    first: list[float] = []  # seconds to the first solution

    def hear(lines: Sequence[str]) -> None:
        if not first and any(FIRST[kind].match(line) for line in lines):
            first.append(round(time.monotonic() - began, 3))

    told = _told(kind, limits, limits.seconds - (time.monotonic() - began))
    listener = SolveInterrupter()
    able = kind == mathopt.SolverType.CP_SAT
    with ending(limits, listener.interrupt):
        result = mathopt.solve(
            model, kind, params=told, msg_cb=hear, interrupter=listener if able else None
        )
    counts, cost = np.zeros(columns.short, np.int64), None
    if result.has_primal_feasible_solution():
        z = list(islice(model.variables(), columns.short))
        counts[:] = np.round(result.variable_values(z))
        cost = result.objective_value()
    bound = _bound(columns, result.termination.objective_bounds.dual_bound)
    return Answer(
        decisions_of(problem, columns, counts),
        status=_status(cost, bound, limits),
        bound=bound,
        seconds={"monolith": time.monotonic() - began},
        notes={"columns": columns.size, "solution": cost is not None, "first_seconds": first},
    )


def _told(kind: mathopt.SolverType, limits: Limits, seconds: float) -> mathopt.SolveParameters:
    """Return what the solver is told: time, gap, seed, threads; to leave signals alone."""
    told = mathopt.SolveParameters(
        time_limit=timedelta(seconds=max(seconds, 0.0)),
        relative_gap_tolerance=limits.gap,
        random_seed=limits.seed,
    )
    if kind == mathopt.SolverType.CP_SAT:
        told.threads = limits.threads or os.cpu_count() or 1
        told.cp_sat.interleave_search = True
        told.cp_sat.catch_sigint_signal = False
    if kind == mathopt.SolverType.GSCIP:
        told.gscip.bool_params["misc/catchctrlc"] = False
    return told


def _bound(columns: Columns, said: float) -> float:
    """Return the solver's bound, or, without one, what only costs below 0 come to."""
    least = float(np.minimum(costs(columns), 0.0) @ np.minimum(most_of(columns), UNLIMITED))
    return max(least, said - SLACK) if np.isfinite(said) else least


def _status(cost: float | None, bound: float, limits: Limits) -> str:
    if cost is not None and cost - bound - 2 * SLACK <= limits.gap * abs(cost):
        return "optimal"
    return "interrupted" if limits.stopped() else "time"
