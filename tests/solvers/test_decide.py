"""From plans to shipments: the judge finds the costs that the kernel found."""

import numpy as np
import pytest

from omnisource.solvers.compile.legend import shipped
from omnisource.solvers.decide import decisions
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.oracle.large import large_plan, occupy
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import costs, serve_in_turn
from omnisource.solvers.problem import Prices


@pytest.mark.parametrize("seed", range(40))
def test_the_judge_agrees_with_the_kernel_on_every_order(
    random_world, random_prices, compiled, seed
):
    night = random_world(seed, orders=8)
    problem, legend = compiled(night, threads=1)
    plans = Plans.room(problem)
    sequence = np.random.default_rng(seed).permutation(problem.size)
    serve_in_turn(problem, random_prices(problem, seed), sequence, Left.of(problem), plans)
    judged = evaluate(night, shipped(night, problem, legend, decisions(problem, plans, {})))
    assert judged.cost_cents == costs(problem, plans).sum()


def test_large_orders_stand_among_the_others(world, compiled):
    skus = {f"s{i}": 4 for i in range(12)}
    night = world({"A": skus, "B": skus}, {"o": {"s0": 2}, "p": skus, "q": {"s1": 3}})
    problem, legend = compiled(night, threads=1)
    plans, left, free = Plans.room(problem), Left.of(problem), Prices.zero(problem)
    plan = large_plan(problem, 1, free, left)
    occupy(problem, plan, left)
    serve_in_turn(problem, free, np.arange(problem.size), left, plans)
    decided = decisions(problem, plans, {1: plan})
    assert (np.diff(decided.candidate) >= 0).all()
    judged = evaluate(night, shipped(night, problem, legend, decided))
    assert judged.cost_cents == costs(problem, plans)[[0, 2]].sum() + plan.cost
    assert judged.allocations["units"].sum() == 2 + 48 + 3


def test_a_large_order_that_is_not_named_is_short(world, compiled):
    skus = {f"s{i}": 4 for i in range(12)}
    night = world({"A": skus}, {"o": skus})
    problem, legend = compiled(night, threads=1)
    decided = decisions(problem, Plans.room(problem), {})
    judged = evaluate(night, shipped(night, problem, legend, decided))
    assert judged.shortages["units"].sum() == 48
