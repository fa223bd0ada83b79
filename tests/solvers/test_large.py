"""Orders too large for menus: a plan, and a bound that no plan undercuts."""

import time

import numpy as np
import pytest

from omnisource.models.policy import Policy
from omnisource.solvers.oracle import large
from omnisource.solvers.oracle import plain as oracle
from omnisource.solvers.oracle.large import large_bound, large_plan, occupy
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.oracle.wide import pieced_plan, wide_plan
from omnisource.solvers.problem import Prices


@pytest.fixture
def by_programme(monkeypatch):
    """No order is narrow enough for a menu in passing: the programme (1)–(8) decides."""
    monkeypatch.setattr(large, "WIDE_LIMIT", 0)


@pytest.fixture
def priced_orders(random_problem, random_prices):
    """Each order of a random problem: the problem, its row, prices and what is left."""

    def build(seed):
        problem = random_problem(seed, orders=2)
        left = Left.of(problem)
        if seed % 2:
            left.stock[:] = np.maximum(left.stock - np.arange(len(left.stock)) % 2, 0)
        prices = random_prices(problem, seed)
        return [(problem, o, prices, left) for o in range(problem.size)]

    return build


def one_parcel_a_way(plan):
    return len(set(plan.way.tolist())) == len(plan.way)


def keeps_within(problem, plan, left):
    rest = Left(*(column.copy() for column in left))
    occupy(problem, plan, rest)
    return all((column >= 0).all() for column in rest)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.usefixtures("by_programme")
def test_the_programme_encloses_the_exact_value(priced_orders, seed):
    for problem, order, prices, left in priced_orders(seed):
        exact = oracle.best_plan(problem, order, prices, left).value
        plan = large_plan(problem, order, prices, left)
        assert large_bound(problem, order, prices) <= oracle.best_plan(problem, order, prices).value
        assert plan.bound <= exact <= plan.value
        assert keeps_within(problem, plan, left)
        assert len(plan.way) <= problem.max_shipments[order]
        if one_parcel_a_way(plan):
            assert plan.value == exact


@pytest.mark.parametrize("seed", range(60))
def test_an_order_of_middling_size_gets_the_exact_plan(priced_orders, seed):
    for problem, order, prices, left in priced_orders(seed):
        exact = oracle.best_plan(problem, order, prices, left).value
        value, parcels = wide_plan(problem, order, prices, left)
        assert value == exact if parcels is not None else value <= exact
        plan = large_plan(problem, order, prices, left)
        assert plan.bound <= exact <= plan.value
        if parcels is not None:
            assert plan.bound == exact == plan.value
            assert len(plan.way) == len(parcels)


def test_an_order_in_pieces_keeps_within_what_is_left(world, compiled):
    skus = {f"s{i}": 4 for i in range(30)}
    problem, _ = compiled(world({"A": dict.fromkeys(skus, 3), "B": skus}, {"o": skus}))
    parcels = pieced_plan(problem, 0, Prices.zero(problem), Left.of(problem))
    sent = sum(units for _, _, units in parcels)
    assert sent.tolist() == problem.units.tolist()


@pytest.fixture
def wholesale(world, compiled):
    """An order of 200 lines over six nodes that each hold about half of it."""
    rng = np.random.default_rng(3)
    skus = [f"s{i:03d}" for i in range(200)]
    problem, _ = compiled(
        world(
            {
                f"n{n}": {sku: int(rng.integers(1, 9)) for sku in skus if rng.random() < 0.5}
                for n in range(6)
            },
            {"o": {sku: int(rng.integers(1, 6)) for sku in skus}},
            freight={
                (f"n{n}", "o"): [(5_000, 500 + 9 * n), (10_000, 700 + 7 * n), (30_000, 1_400 + n)]
                for n in range(6)
            },
            products={sku: {"grams": int(rng.integers(100, 900))} for sku in skus},
            policy=Policy(shortage_cents=3_000),
        )
    )
    return problem


def test_an_order_of_200_lines_has_a_plan_near_its_bound_in_seconds(wholesale):
    assert wholesale.large[0]
    began, left = time.monotonic(), Left.of(wholesale)
    plan = large_plan(wholesale, 0, Prices.zero(wholesale), left, seconds=5.0)
    assert time.monotonic() - began < 20
    assert keeps_within(wholesale, plan, left)
    assert plan.bound <= plan.value == plan.cost
    assert plan.cost - plan.bound <= 0.03 * plan.cost
