"""Orders of one unit, chosen together: worked by hand, by brute force, and against the proven."""

from itertools import product

import numpy as np
import pytest

from omnisource.solvers.exact.reference import exact
from omnisource.solvers.joint.finish import most_units_first
from omnisource.solvers.joint.flow import flow, load_cents, one_unit, reflow
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import costs, serve_in_turn, use
from omnisource.solvers.problem import NEVER, Ints, Limits, Prices, Problem

COSTS = {"A": (2, 5, 6), "B": (7, 19, 20), "C": (8, 15, 18)}
"""Three orders, three stores of one unit each; Grid Dynamics' example of why to order jointly."""


def three(world, stock=(1, 1, 1), **more):
    stores = ("n0", "n1", "n2")
    freight = {(n, o): COSTS[o][i] for i, n in enumerate(stores) for o in COSTS}
    goods = {n: {"tea": units} for n, units in zip(stores, stock, strict=True)}
    return world(goods, {o: {"tea": 1} for o in COSTS}, freight=freight, **more)


def lonely(random_problem, seed: int, orders: int, *, soft: bool = False) -> Problem:
    """A random night of single units, with steps on the nodes' load or without."""
    problem = random_problem(seed, orders=orders, lines=1, units=1, soft=soft)
    no_group = np.full((orders, 2), -1, np.int32)
    return problem._replace(soft=problem.soft._replace(group=no_group))


def begun(problem: Problem) -> tuple[Plans, Left]:
    """Orders served one by one, without prices, and what that leaves."""
    plans, left = Plans.room(problem), Left.of(problem)
    serve_in_turn(problem, Prices.zero(problem), most_units_first(problem), left, plans)
    return plans, left


def paid(problem: Problem, plans: Plans, left: Left) -> int:
    return int(costs(problem, plans).sum()) + load_cents(problem, left)


def bill(problem: Problem, chosen: Ints, prices: Prices) -> float:
    """Cost, load and prices of those entries, −1 for none; infinite where they do not fit."""
    left, total = Left.of(problem), 0.0
    for order, entry in enumerate(chosen):
        if entry < 0:
            total += problem.shortage[problem.order_line[order]] + prices.short[order]
            continue
        candidate = int(np.searchsorted(problem.menu_start, entry, side="right")) - 1
        node, cell = problem.node[candidate], problem.cell[problem.pair_start[candidate]]
        left.stock[cell] -= 1
        left.node_orders[node] -= 1
        left.node_units[node] -= 1
        total += problem.menu_cost[entry] + prices.cell[cell]
        total += prices.node_order[node] + prices.node_unit[node]
    fits = all((column >= 0).all() for column in left)
    return total + load_cents(problem, left) if fits else np.inf


def every_choice(problem: Problem):
    menus = []
    for order in range(problem.size):
        span = problem.menu_start[problem.order_candidate[order : order + 2]]
        mine = np.arange(*span)
        can = (problem.menu_content[mine] == 1) & (problem.menu_cost[mine] < NEVER)
        menus.append([-1, *mine[can].tolist()])
    return product(*menus)


def test_three_orders_that_cost_39_one_by_one_cost_28_together(world, compiled):
    problem, _ = compiled(three(world), threads=1)
    plans, left = begun(problem)
    assert paid(problem, plans, left) == 39
    assert reflow(problem, plans, left) == 11
    assert costs(problem, plans).tolist() == [6, 7, 15]
    assert left.stock.tolist() == [0, 0, 0]


def test_a_scarce_cell_goes_to_whom_it_saves_most(world, compiled):
    problem, _ = compiled(three(world, stock=(1, 2, 0)), threads=1)
    plans, left = begun(problem)
    assert costs(problem, plans).tolist() == [2, 19, 15]
    assert reflow(problem, plans, left) == 9  # n0 to A: 2 + 19 + 15; to B: 5 + 7 + 15
    assert costs(problem, plans).tolist() == [5, 7, 15]


def test_with_enough_for_all_each_has_its_cheapest_and_no_network_is_needed(
    world, compiled, monkeypatch
):
    problem, _ = compiled(three(world, stock=(3, 0, 1)), threads=1)
    monkeypatch.setattr("omnisource.solvers.joint.flow._solved", None)
    chosen = flow(problem, np.arange(3), Left.of(problem), Prices.zero(problem))
    assert problem.menu_cost[chosen].tolist() == [2, 7, 8]


def test_a_node_that_may_send_two_sends_the_two_that_it_saves_most(world, compiled):
    nodes = {"n0": {"orders_per_day": 2}}
    problem, _ = compiled(three(world, stock=(3, 3, 0), nodes=nodes), threads=1)
    chosen = flow(problem, np.arange(3), Left.of(problem), Prices.zero(problem))
    assert problem.menu_cost[chosen].tolist() == [5, 7, 8]


def test_orders_alike_but_for_one_unit_of_stock_are_one_class_and_one_goes_short(world, compiled):
    night = world({"n0": {"tea": 2}}, {o: {"tea": 1} for o in "ABC"})
    problem, _ = compiled(night, threads=1)
    chosen = flow(problem, np.arange(3), Left.of(problem), Prices.zero(problem))
    assert sorted(chosen >= 0) == [False, True, True]


@pytest.mark.parametrize("soft", [False, True])
def test_no_choice_of_entries_is_cheaper_at_any_prices(random_problem, random_prices, soft):
    for seed in range(60):
        problem = lonely(random_problem, seed, 5, soft=soft)
        for prices in (Prices.zero(problem), random_prices(problem, seed)):
            chosen = flow(problem, np.arange(5), Left.of(problem), prices)
            least = min(bill(problem, choice, prices) for choice in every_choice(problem))
            assert bill(problem, chosen, prices) == least, seed


@pytest.mark.parametrize("soft", [False, True])
def test_a_night_of_single_units_is_solved_to_the_proven_optimum(random_problem, soft):
    for seed in range(30):
        problem = lonely(random_problem, seed, 14, soft=soft)
        plans, left = begun(problem)
        reflow(problem, plans, left)
        proven = exact(problem, Limits(threads=1))
        assert proven.status == "optimal"
        assert paid(problem, plans, left) == proven.bound, seed


def test_amid_other_orders_it_saves_what_it_says_and_keeps_within_what_there_is(random_problem):
    saved = 0
    for seed in range(40):
        problem = random_problem(seed, orders=12, lines=2, units=1, soft=seed % 2 == 0)
        plans, left = begun(problem)
        others = np.setdiff1d(np.arange(problem.size), one_unit(problem))
        before, theirs = paid(problem, plans, left), costs(problem, plans)[others]
        won = reflow(problem, plans, left)
        assert won >= 0
        assert paid(problem, plans, left) == before - won
        assert (costs(problem, plans)[others] == theirs).all()
        for rest, used, there in zip(left, use(problem, plans), Left.of(problem), strict=True):
            assert (rest == there - used).all()
            assert (rest >= 0).all()
        assert reflow(problem, plans, left) == 0
        saved += won
    assert saved > 0


def test_a_dearer_shortage_is_avoided_where_it_is_dear(world, compiled):
    problem, _ = compiled(three(world, stock=(1, 0, 0)), threads=1)
    plans, left = begun(problem)
    fees = Prices.zero(problem)
    fees.short[2] = 7.0
    assert plans.count.tolist() == [1, 0, 0]
    assert reflow(problem, plans, left, fees) == -6  # C pays 8 where A paid 2
    assert plans.count.tolist() == [0, 0, 1]


def test_a_night_without_single_units_is_left_alone(world, compiled):
    problem, _ = compiled(world({"n0": {"tea": 2}}, {"A": {"tea": 2}}), threads=1)
    plans, left = begun(problem)
    assert reflow(problem, plans, left) == 0
    assert plans.count.tolist() == [1]
