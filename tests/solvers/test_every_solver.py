"""What holds of every solver: `evaluate` accepts its plan, and it can serve the obvious."""

import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.policy import Policy
from omnisource.solvers.problem import Limits
from omnisource.solvers.registry import SOLVERS, solver

REFUSE_LARGE = {"exact", "monolith-highs", "monolith-scip", "monolith-cpsat"}


@pytest.mark.parametrize("seed", range(12))
def test_every_plan_is_feasible_and_no_dearer_than_serving_nothing(solve, random_world, name, seed):
    world = random_world(seed)
    plan, answer = solve(world, name)
    asked = int(world.lines["units"].sum())
    shipped, short = int(plan.allocations["units"].sum()), int(plan.shortages["units"].sum())
    assert shipped + short == asked
    if answer.bound is not None:
        assert answer.bound <= plan.cost_cents
        assert plan.cost_cents <= asked * world.policy.shortage_cents


@pytest.mark.parametrize("seed", range(12))
def test_the_exact_plan_costs_no_more_than_any_other(solve, random_world, name, seed):
    world = random_world(seed)
    best, answer = solve(world, "exact")
    plan, other = solve(world, name)
    assert answer.status == "optimal"
    assert answer.bound == best.cost_cents <= plan.cost_cents
    assert other.bound is None or other.bound <= best.cost_cents


def test_one_order_and_one_node_leave_no_choice(solve, world, name):
    plan, _ = solve(world({"A": {"apple": 3}}, {"o": {"apple": 2}}), name)
    assert plan.bill == {
        "freight": 500, "handling": 0, "stock": 0, "co2": 0, "late": 0, "risk": 0,
        "moved": 0, "shortage": 0, "load": 0, "unfair": 0,
    }  # fmt: skip


def test_what_nobody_has_is_short(solve, world, name):
    plan, _ = solve(world({"A": {"apple": 3}}, {"o": {"apple": 4, "pear": 1}}), name)
    assert plan.shortages["units"].tolist() == [1, 1]
    assert plan.bill["shortage"] == 2 * 5_000


def test_an_order_that_must_be_complete_gets_all_or_nothing(solve, world, name):
    night = world(
        {"A": {"apple": 3, "pear": 1}},
        {"o": {"apple": 1, "pear": 2}, "p": {"apple": 3, "pear": 1}},
        order_fields={"o": {"ship_complete": True}},
    )
    plan, _ = solve(night, name)
    assert plan.shortages["order"].tolist() == [0, 0]


def test_lines_of_one_order_that_ask_for_the_same_sku_share_its_stock(solve, world, name):
    plan, _ = solve(world({"A": {"apple": 3}}, {"o": {"apple/1": 2, "apple/2": 2}}), name)
    assert plan.allocations["units"].sum() == 3
    assert plan.shortages["units"].tolist() == [1]


def test_what_is_too_heavy_for_one_parcel_goes_in_two(solve, world, name):
    plan, _ = solve(
        world({"A": {"apple": 3}}, {"o": {"apple": 3}}, freight={("A", "o"): [(2_000, 400)]}), name
    )
    assert sorted(plan.shipments["units"].tolist()) == [1, 2]
    assert plan.bill["freight"] == 800


def test_goods_that_ship_alone_travel_one_by_one(solve, world, name):
    night = world(
        {"A": {"tv": 2, "apple": 1}},
        {"o": {"tv": 2, "apple": 1}},
        products={"tv": {"ships_alone": True}},
    )
    plan, _ = solve(night, name)
    assert plan.shipments["units"].tolist() == [1, 1, 1]


def test_a_limit_of_shipments_leaves_the_rest_short(solve, world, name):
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}, "C": {"apple": 1}},
        {"o": {"apple": 3}},
        policy=Policy(max_shipments=2),
    )
    plan, _ = solve(night, name)
    assert plan.shipments.rows == 2
    assert plan.shortages["units"].tolist() == [1]


def test_a_node_sends_no_more_than_its_day_allows(solve, world, name):
    night = world(
        {"A": {"apple": 9}},
        {"o": {"apple": 2}, "p": {"apple": 2}, "q": {"apple": 2}},
        nodes={"A": {"orders_per_day": 2, "units_per_day": 3}},
    )
    plan, _ = solve(night, name)
    assert plan.shipments["units"].sum() == 3


def test_a_large_order_is_served_as_well(solve, world, name):
    if name in REFUSE_LARGE:
        pytest.skip(f"{name} refuses large orders")
    skus = {f"s{i}": 4 for i in range(12)}
    plan, _ = solve(world({"A": skus, "B": skus}, {"o": skus}), name)
    assert plan.shortages.rows == 0
    assert plan.shipments["grams"].max() <= 30_000


def test_the_same_seed_gives_the_same_plan(solve, random_world, name):
    limits = Limits(seed=7, threads=2, gap=0.0)
    first, _ = solve(random_world(3, orders=12), name, limits)
    again, _ = solve(random_world(3, orders=12), name, limits)
    assert all((first.shipments[c] == again.shipments[c]).all() for c in first.shipments)


def test_asked_to_end_at_once_it_still_has_a_plan(solve, random_world, name):
    limits = Limits(threads=1, gap=0.0, stop=lambda: True)
    plan, answer = solve(random_world(2, orders=12), name, limits)
    assert answer.status in ("interrupted", "optimal", "rule")
    assert answer.bound is None or answer.bound <= plan.cost_cents


def test_an_unknown_solver_is_refused_with_the_known_names():
    with pytest.raises(
        UnusableInput, match="no solver is called 'best'; known are joint, sharded, exact"
    ):
        solver("best")


def test_every_name_leads_to_a_module():
    assert list(SOLVERS) == [
        "joint", "sharded", "exact", "monolith-highs", "monolith-scip", "monolith-cpsat",
        "nearest", "priority", "fewest-splits", "cheapest", "rated",
    ]  # fmt: skip
