"""The whole night as one programme: the same optimum as the reference, and costs that rise."""

import numpy as np
import pytest

from omnisource.models.base import UnusableInput
from omnisource.solvers.problem import Limits, Soft
from omnisource.solvers.registry import SOLVERS, solver

MONOLITHS = [name for name in SOLVERS if name.startswith("monolith")]


@pytest.fixture(params=MONOLITHS)
def monolith(request):
    return solver(request.param)


@pytest.mark.parametrize("engine", MONOLITHS)
@pytest.mark.parametrize("seed", range(4))
def test_it_proves_the_optimum_of_the_reference(solve, random_world, seed, engine):
    best, _ = solve(random_world(seed), "exact")
    plan, answer = solve(random_world(seed), engine)
    assert (plan.cost_cents, answer.status) == (best.cost_cents, "optimal")
    assert answer.bound == pytest.approx(best.cost_cents, abs=0.02)


@pytest.fixture
def two_shops(world, compiled):
    """Two orders that both like A best, by 100 cents."""
    night = world(
        {"A": {"apple": 2}, "B": {"apple": 2}},
        {"o": {"apple": 1}, "p": {"apple": 1}},
        freight={("A", "o"): 400, ("A", "p"): 400},
    )
    return compiled(night)[0]


@pytest.mark.parametrize(("cents", "from_a"), [(99, 2), (101, 1)])
def test_load_beyond_a_threshold_sends_an_order_elsewhere(monolith, two_shops, cents, from_a):
    soft = two_shops.soft._replace(
        load_node=np.array([0]), load_from=np.array([1]), load_cents=np.array([cents])
    )
    answer = monolith(two_shops._replace(soft=soft), Limits(gap=0.0))
    assert (two_shops.node[answer.decisions.candidate] == 0).sum() == from_a
    assert answer.bound == pytest.approx(800 + min(cents, 100), abs=0.02)


def test_shortage_beyond_what_is_free_costs_more(monolith, world, compiled):
    problem = compiled(world({"A": {"apple": 1}}, {"o": {"apple": 2}, "p": {"apple": 1}}))[0]
    soft = Soft.none(2)._replace(
        group=np.array([[0, -1], [-1, -1]], np.int32),
        group_free=np.array([1]),
        group_cents=np.array([700]),
    )
    answer = monolith(problem._replace(soft=soft), Limits(gap=0.0))
    assert answer.decisions.line.tolist() == [0]  # o has two units short otherwise
    assert answer.bound == pytest.approx(500 + 2 * 5_000, abs=0.02)


def test_it_says_when_it_had_its_first_plan(monolith, random_world, compiled):
    notes = monolith(compiled(random_world(1, orders=40))[0], Limits()).notes
    assert notes["solution"]
    assert all(0 < seconds < 60 for seconds in notes["first_seconds"])


def test_no_time_still_gives_a_plan_and_a_bound(monolith, random_world, compiled):
    problem, _ = compiled(random_world(1, orders=12))
    answer = monolith(problem, Limits(seconds=0.0))
    assert answer.status in ("time", "optimal")
    assert answer.bound <= problem.units.sum() * 3_000


def test_a_large_order_is_refused(monolith, world, compiled):
    skus = {f"s{i}": 4 for i in range(12)}
    problem, _ = compiled(world({"A": skus}, {"o": skus}))
    with pytest.raises(UnusableInput, match=r"the monolith in .* small instances"):
        monolith(problem, Limits())
