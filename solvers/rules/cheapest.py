"""The myopic policy: orders in the order of arrival, each by its cheapest plan at no prices.

    (1)  o = 1 … K by `placed_at`, then row:  plan_o  =  argmin cost(plan)  over what is left
    (2)  left  ←  left − use(plan_o)

"Myopic" in Acimovic & Graves (M&SOM 17(1), 2015): each order is served as well as it can be, with
no regard to those that follow. Its plans are the exact ones of `joint`'s oracle, so that what it
costs above `joint` is what looking ahead is worth, and nothing else.
"""

import numpy as np

from omnisource.solvers.decide import decisions
from omnisource.solvers.oracle.large import LargePlan, large_plan, occupy
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import serve_in_turn
from omnisource.solvers.problem import Answer, Limits, Prices, Problem


def cheapest(problem: Problem, limits: Limits) -> Answer:  # noqa: ARG001
    """Give each order in turn its cheapest plan over what is left."""
    return in_turn(problem, Prices.zero(problem))


def in_turn(problem: Problem, prices: Prices) -> Answer:
    """Give each order in turn its cheapest plan at some prices over what is left."""
    left, plans = Left.of(problem), Plans.room(problem)
    large: dict[int, LargePlan] = {}
    arrival = np.argsort(problem.placed_at, kind="stable")
    for run in np.split(arrival, np.flatnonzero(problem.large[arrival])):
        if run.size and problem.large[run[0]]:  # every run but the first begins with a large order
            order = int(run[0])
            large[order] = large_plan(problem, order, prices, left)  # (1)
            occupy(problem, large[order], left)  # (2)
        serve_in_turn(problem, prices, run, left, plans)
    return Answer(decisions(problem, plans, large), status="rule")
