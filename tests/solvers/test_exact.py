"""The reference: known optima, and agreement with the oracle in plain words."""

import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.policy import Policy
from omnisource.solvers.exact.reference import exact
from omnisource.solvers.oracle.plain import best_plan
from omnisource.solvers.problem import Limits


@pytest.fixture
def three_stores(world):
    """Grid Dynamics' example: one unit a store, three orders."""
    costs = {"o1": (2, 5, 6), "o2": (7, 19, 20), "o3": (8, 15, 18)}
    return world(
        {store: {"apple": 1} for store in "ABC"},
        {order: {"apple": 1} for order in costs},
        freight={
            (store, order): cents
            for order, row in costs.items()
            for store, cents in zip("ABC", row, strict=True)
        },
    )


def test_three_stores_and_three_orders_cost_28_jointly(solve, three_stores):
    plan, answer = solve(three_stores, "exact")
    assert (plan.cost_cents, answer.status, answer.bound) == (28, "optimal", 28)


def test_two_parcels_may_cost_less_than_one(solve, world):
    """IBM's example: 5 items, 8 lb in one parcel at $22.56, two at $8.34 and $7.57."""
    pound = 454
    plan, _ = solve(
        world(
            {"A": {"item": 5}},
            {"o": {"item": 5}},
            products={"item": {"grams": 8 * pound // 5}},
            freight={
                ("A", "o"): [
                    (8 * pound * 2 // 5, 757),
                    (8 * pound * 3 // 5, 834),
                    (8 * pound, 2256),
                ]
            },
        ),
        "exact",
    )
    assert plan.cost_cents == 834 + 757
    assert sorted(plan.shipments["units"].tolist()) == [2, 3]


def test_a_unit_is_left_short_where_sending_it_costs_more(solve, world):
    plan, _ = solve(
        world({"A": {"apple": 1}}, {"o": {"apple": 1}}, policy=Policy(shortage_cents=499)), "exact"
    )
    assert plan.bill["shortage"] == 499
    assert plan.shipments.rows == 0


@pytest.mark.parametrize("seed", range(20))
def test_alone_an_order_costs_what_the_oracle_says(random_world, compiled, seed):
    problem, _ = compiled(random_world(seed, orders=1))
    answer = exact(problem, Limits(threads=1))
    assert answer.bound == best_plan(problem, 0).value


def test_a_large_order_is_refused_by_its_row_and_with_advice(world, compiled):
    skus = {f"s{i}": 4 for i in range(12)}
    problem, _ = compiled(world({"A": skus}, {"o": skus}))
    with pytest.raises(UnusableInput, match=r"small instances: order 0 .* use --solver joint"):
        exact(problem, Limits())


def test_no_time_still_gives_a_plan_and_a_bound(solve, random_world):
    world = random_world(1, orders=12)
    plan, answer = solve(world, "exact", Limits(seconds=0.0, threads=1))
    assert answer.status == "time"
    assert answer.bound <= plan.cost_cents
