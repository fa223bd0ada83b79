"""One order alone, at once: the night's oracle over what is left.

    plan  =  argmin  cost(plan) + Σ price · use          within stock and capacities        (1)

with the penalties of the problem: where a unit short is made dearer than any lateness, and a day
late dearer than any freight, (1) serves what it can, keeps the date if any plan does, and is cheap
among those that do.
"""

import numpy as np

from omnisource.solvers.decide import decisions
from omnisource.solvers.oracle.large import LargePlan, large_plan
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import serve_in_turn
from omnisource.solvers.problem import Decisions, Prices, Problem

SECONDS = 1.0
"""What an order with too many ways to be cut may take."""


def serve_one(problem: Problem, prices: Prices | None = None) -> Decisions:
    """Return the cheapest plan of the only order of a problem, (1)."""
    at, left, plans = prices or Prices.zero(problem), Left.of(problem), Plans.room(problem)
    large: dict[int, LargePlan] = {}
    if problem.large[0]:
        large[0] = large_plan(problem, 0, at, left, seconds=SECONDS)
    else:
        serve_in_turn(problem, at, np.zeros(1, np.int64), left, plans)
    return decisions(problem, plans, large)
