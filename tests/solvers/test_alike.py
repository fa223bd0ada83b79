"""Look-alike orders: found, never confused, and served as if each had been priced."""

from typing import Any

import numpy as np
import pytest

from omnisource.solvers.joint.finish import copied as same_room
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.oracle.alike import alike, copied, first_alike, keys
from omnisource.solvers.oracle.kernel import price_some
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Ints, Prices, Problem

STARTS = {
    "order_line": "units",
    "order_candidate": "node",
    "pair_start": "cell",
    "menu_start": "menu_cost",
}
"""Columns of first rows, and a column that has those rows."""
ROWS = [
    *("max_shipments", "complete", "placed_at", "large"),
    *("units", "shortage", "late", "grams", "mm3", "alone", "line_fences"),
    *("kit", "kit_units", "kit_parcel"),
    *("node", "km", "cell", "cap", "rate", "menu_cost", "menu_content", "menu_way"),
]


def twice(problem: Problem) -> Problem:
    """The same orders, and all of them once more behind; ways left out, as the oracle does."""
    columns: dict[str, Any] = {name: np.tile(getattr(problem, name), 2) for name in ROWS}
    for name, rows in STARTS.items():
        start = getattr(problem, name)
        columns[name] = np.concatenate([start, start[1:] + len(getattr(problem, rows))])
    soft = problem.soft._replace(group=np.tile(problem.soft.group, (2, 1)))
    return problem._replace(**columns, soft=soft)


def read(problem: Problem, order: int) -> list[Any]:
    """All that the oracle reads of an order, in plain Python, and its groups."""
    lines = slice(*problem.order_line[order : order + 2])
    first, last = problem.order_candidate[order : order + 2]
    pairs = slice(problem.pair_start[first], problem.pair_start[last])
    menu = slice(problem.menu_start[first], problem.menu_start[last])
    sizes = np.diff(problem.menu_start[first : last + 1])
    columns = [
        *(problem.units[lines], problem.shortage[lines], problem.node[first:last], sizes),
        *(problem.cell[pairs], problem.cap[pairs]),
        *(problem.menu_cost[menu], problem.menu_content[menu], problem.soft.group[order]),
    ]
    limits = [problem.max_shipments[order], problem.complete[order]]
    return [*limits, *(column.tolist() for column in columns)]


def by_comparison(problem: Problem) -> list[int]:
    """The first order that each is like, by comparing all with all."""
    known = [read(problem, order) for order in range(problem.size)]
    return [known.index(mine) for mine in known]


def priced_once(problem: Problem, prices: Prices, left: Left, first: Ints) -> Plans:
    plans = Plans.room(problem)
    price_some(problem, prices, left, np.flatnonzero(first == np.arange(problem.size)), plans)
    copied(problem, plans, first)
    return plans


def shipments(plans: Plans) -> list[tuple[list[int], list[int]]]:
    spans = [slice(a, a + n) for a, n in zip(plans.first, plans.count, strict=False)]
    return [(plans.candidate[s].tolist(), plans.entry[s].tolist()) for s in spans]


def test_an_order_that_comes_twice_is_like_its_first(random_problem):
    for seed in range(30):
        problem = random_problem(seed, orders=6, soft=True)
        first = alike(twice(problem))
        assert (first[6:] == first[:6]).all()
        assert first.tolist() == by_comparison(twice(problem))


def test_look_alikes_get_the_plans_that_pricing_each_would_give(random_problem, random_prices):
    for seed in range(60):
        problem = twice(random_problem(seed, orders=6))
        first, left = alike(problem), Left.of(problem)
        prices = random_prices(problem, seed)
        prices = prices._replace(short=prices.short[first])
        each = price_all(problem, prices, left, 1)
        once = priced_once(problem, each.prices, same_room(left), first)
        assert shipments(once) == shipments(each.plans)
        assert (once.value == each.plans.value).all()


@pytest.mark.parametrize(
    "name",
    [
        *("max_shipments", "complete", "units", "shortage", "node", "cell", "cap"),
        *("menu_cost", "menu_content"),
    ],
)
def test_one_number_of_difference_makes_two_orders_of_two(random_problem, name):
    for seed in range(20):
        problem = twice(random_problem(seed, orders=3))
        column = getattr(problem, name).copy()
        column[-1] += 1
        other = problem._replace(**{name: column})
        assert alike(problem)[5] == 2
        assert alike(other).tolist() == by_comparison(other)


def test_orders_of_different_groups_are_not_alike(random_problem):
    problem = twice(random_problem(1, orders=3, soft=True))
    group = problem.soft.group.copy()
    group[3:, 1] = 9
    first = alike(problem._replace(soft=problem.soft._replace(group=group)))
    assert first.tolist() == [0, 1, 2, 3, 4, 5]


def test_keys_that_collide_confuse_nothing(random_problem):
    for seed in range(30):
        problem = twice(random_problem(seed, orders=8, lines=1, units=1))
        assert len(np.unique(keys(problem))) == len(np.unique(alike(problem)))
        assert (first_alike(problem, np.zeros(16, np.uint64)) == alike(problem)).all()


def test_large_orders_are_like_none(random_problem):
    problem = twice(random_problem(1, orders=3))
    large = problem._replace(large=np.ones(6, bool))
    assert alike(large).tolist() == [0, 1, 2, 3, 4, 5]
