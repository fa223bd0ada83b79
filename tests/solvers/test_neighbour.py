"""Neighbourhoods and the box: what they give back is never worse, and always fits."""

import numpy as np

from omnisource.solvers.joint.box import Boxed, boxed, first_box, next_box
from omnisource.solvers.joint.finish import bidden, improved
from omnisource.solvers.joint.master import may_bind, pool, solve
from omnisource.solvers.joint.neighbour import Search, batches, reconsider
from omnisource.solvers.joint.prices import ascend, kept, price_at
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import costs, take_all, use
from omnisource.solvers.problem import Problem


def searched(problem: Problem) -> Search:
    """A plan that fits at the prices of a few passes, and the plans met on the way."""
    resources, orders = Resources.of(problem), np.arange(problem.size)
    met = pool(problem, orders, Plans.room(problem))
    first = price_at(resources, np.zeros(len(resources.capacity)), 1)
    best = kept(first)
    for now, _ in ascend(resources, first, passes=12, scale=300.0, threads=1):
        met = met.joined(pool(problem, orders, now.plans))
        best = kept(now) if now.bound > best.bound else best
    plans = bidden(resources, best)
    met = met.joined(pool(problem, orders, plans))
    left = resources.room
    take_all(problem, orders, plans, 1, left)
    return Search(resources, orders, best, met, plans, resources.used(plans), left)


def test_bids_end_with_a_plan_that_fits(random_problem):
    for seed in range(30):
        problem = random_problem(seed, orders=25)
        search = searched(problem)
        for column in search.left:
            assert (column >= 0).all()
        assert search.best.bound <= int(costs(problem, search.plans).sum())


def test_a_neighbourhood_saves_what_it_says_and_keeps_within_what_there_is(random_problem):
    saved = 0
    for seed in range(20):
        problem = random_problem(seed, orders=40)
        search = searched(problem)
        before = int(costs(problem, search.plans).sum())
        assert (search.used == search.resources.used(search.plans)).all()
        won = sum(reconsider(search, near, 2.0, 1) for near in batches(search, 2))
        assert won >= 0
        assert int(costs(problem, search.plans).sum()) == before - won
        taken = use(problem, search.plans)
        assert (search.used == search.resources.used(search.plans)).all()
        for left, used, there in zip(search.left, taken, Left.of(problem), strict=True):
            assert (left == there - used).all()
            assert (left >= 0).all()
        saved += won
    assert saved > 0


def test_no_order_is_in_two_neighbourhoods_of_a_batch(random_problem):
    search = searched(random_problem(1, orders=40))
    for batch in batches(search, 3):
        together = np.concatenate(batch)
        assert len(together) == len(np.unique(together))


def test_improving_never_makes_a_plan_dearer(random_problem):
    for seed in range(20):
        problem = random_problem(seed, orders=20)
        resources = Resources.of(problem)
        free = price_at(resources, np.zeros(len(resources.capacity)), 1)
        plans = bidden(resources, free)
        before = int(costs(problem, plans).sum())
        improved(resources, plans, free)
        assert int(costs(problem, plans).sum()) <= before


def test_the_programme_leaves_out_only_rows_that_cannot_bind(random_problem):
    problem = random_problem(2, orders=20)
    search = searched(problem)
    capacity = search.resources.capacity
    plan_of = np.repeat(np.arange(search.pool.size), np.diff(search.pool.row_start))
    most = np.zeros(len(capacity))
    for row in range(len(capacity)):
        by_plan = np.zeros(search.pool.size)
        mine = search.pool.row == row
        np.add.at(by_plan, plan_of[mine], search.pool.taken[mine])
        most[row] = sum(by_plan[search.pool.order == o].max() for o in range(problem.size))
    assert (may_bind(search.pool, plan_of, capacity) == (most > capacity)).all()


def test_the_boxed_value_lies_between_the_bound_at_its_centre_and_the_programme(random_problem):
    for seed in range(20):
        problem = random_problem(seed, orders=20)
        search = searched(problem)
        room, center = search.resources.whole, search.best.y
        linear = solve(search.pool, problem.size, room, integer=False, seconds=10.0)
        answer = boxed(
            search.pool, problem.size, room, center=center, box=first_box(center), seconds=10.0
        )
        assert linear is not None
        assert answer is not None
        assert search.best.bound - 1e-4 <= answer.value <= linear.value + 1e-4
        assert (np.abs(answer.price - center) <= first_box(center) + 1e-4).all()


def test_the_box_grows_where_it_was_too_small_and_shrinks_where_the_price_was_wrong():
    center = np.array([100.0, 100.0, 100.0, 100.0])
    price = np.array([180.0, 20.0, 150.0, 100.0])
    bought, sold = np.array([True, False, False, False]), np.array([False, True, False, False])
    over = np.array([1.0, -1.0, -2.0, 0.0])
    after = next_box(np.full(4, 80.0), Boxed(0.0, price, bought, sold, price), center, over)
    assert after.tolist() == [240.0, 160.0, 25.0, 80.0]
