"""The joint solver: its bound is a bound, its gap is honest, its plan is the judge's."""

import numpy as np
import pytest

from omnisource.solvers.compile.menus import content_cents
from omnisource.solvers.exact.reference import exact
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.joint.solve import joint
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import Answer, Limits, Prices, Problem

SEEDS = 300
LIMITS = Limits(gap=0.0, seconds=20.0, threads=1)


def cost_of(problem: Problem, answer: Answer) -> int:
    """Recompute (1) of solvers/problem.py from the decisions alone, and check (2)–(7)."""
    decided = answer.decisions
    cost, served = 0, np.zeros(len(problem.units), np.int64)
    left = Left.of(problem)
    parcels = np.zeros(problem.size, np.int64)
    for s, candidate in enumerate(decided.candidate):
        order = int(np.searchsorted(problem.order_candidate, candidate, side="right")) - 1
        first, last = problem.order_line[order], problem.order_line[order + 1]
        content = slice(decided.start[s], decided.start[s + 1])
        units = np.zeros(last - first, np.int64)
        units[decided.line[content] - first] = decided.units[content]
        cents, _ = content_cents(problem, order, int(candidate), units)
        cost += cents
        served[first:last] += units
        node, pair = problem.node[candidate], problem.pair_start[candidate]
        left.node_orders[node] -= 1
        left.node_units[node] -= units.sum()
        parcels[order] += 1
        for j in np.flatnonzero(units):
            left.stock[problem.cell[pair + j]] -= units[j]
    assert all(column.min(initial=0) >= 0 for column in left)
    assert (served <= problem.units).all()
    assert (parcels <= problem.max_shipments).all()
    for order in np.flatnonzero(problem.complete):
        mine = slice(problem.order_line[order], problem.order_line[order + 1])
        assert (served[mine] == problem.units[mine]).all() or not served[mine].any()
    return cost + int(((problem.units - served) * problem.shortage).sum())


@pytest.mark.parametrize("block", range(0, SEEDS, 25))
def test_joint_is_within_its_own_gap_of_the_proven_optimum(random_problem, block):
    for seed in range(block, block + 25):
        problem = random_problem(seed, orders=1 + seed % 12)
        ours, proven = joint(problem, LIMITS), exact(problem, LIMITS)
        optimum = cost_of(problem, proven)
        assert proven.status == "optimal"
        cost = cost_of(problem, ours)
        assert ours.bound is not None
        assert ours.bound <= optimum + 1e-6, seed
        assert optimum <= cost, seed
        assert cost - optimum <= cost - ours.bound + 1e-6, seed


def test_over_many_nights_joint_is_nearly_optimal(random_problem):
    ours = proven = 0
    for seed in range(60):
        problem = random_problem(seed, orders=12)
        ours += cost_of(problem, joint(problem, LIMITS))
        proven += cost_of(problem, exact(problem, LIMITS))
    assert proven <= ours <= 1.002 * proven


def test_any_prices_give_a_lower_bound(random_problem, random_prices):
    for seed in range(60):
        problem = random_problem(seed, orders=6)
        optimum = cost_of(problem, exact(problem, LIMITS))
        free = Prices.zero(problem)
        for prices in (free, random_prices(problem, seed)._replace(short=free.short)):
            assert price_all(problem, prices, Left.of(problem), 1).bound <= optimum


def test_the_plan_does_not_depend_on_the_number_of_threads(random_problem):
    for seed in range(10):
        problem = random_problem(seed, orders=12)
        one, two = (joint(problem, Limits(gap=0.0, threads=threads)) for threads in (1, 2))
        assert one.bound == two.bound
        assert (one.decisions.candidate == two.decisions.candidate).all()
        assert (one.decisions.units == two.decisions.units).all()


def test_a_night_without_time_still_has_a_plan_and_a_bound(random_problem):
    problem = random_problem(3, orders=12)
    answer = joint(problem, Limits(gap=0.0, seconds=0.0, threads=1))
    assert answer.bound is not None
    assert cost_of(problem, answer) >= answer.bound


def test_joint_reports_how_far_it_is(random_problem):
    seen = []
    joint(random_problem(5, orders=12), Limits(threads=1, report=seen.append))
    steps = [round_.step for round_ in seen]
    assert "prices" in steps
    bounds = [round_.bound for round_ in seen]
    assert bounds == sorted(bounds)
