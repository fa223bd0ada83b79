"""The verb "allocate": a judged plan, its certificate, its prices and its facts."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import omnisource as om
from omnisource.models.base import BrokenPlan, UnusableInput
from omnisource.models.world import World
from omnisource.orchestrator import allocate as module
from omnisource.orchestrator.allocate import STEPS, allocate, timed
from omnisource.orchestrator.measures import measures_of
from omnisource.orchestrator.warm import RESOURCES
from omnisource.solvers.problem import Answer, Limits, Round


@pytest.fixture(scope="module")
def world(shop: Path) -> World:
    return om.load(shop)


@pytest.fixture(scope="module")
def plan(world: World) -> om.Plan:
    return allocate(world, limits=Limits(seed=3))


def test_the_plan_carries_its_certificate_and_its_facts(world: World, plan: om.Plan) -> None:
    assert plan.solver == "joint"
    assert plan.bound_cents is not None
    assert 0 <= plan.bound_cents <= plan.cost_cents
    assert set(STEPS) | {"total"} <= set(plan.facts["seconds"])
    assert plan.facts["seed"] == 3
    assert (plan.facts["orders"], plan.facts["lines"]) == (60, world.lines.rows)
    assert plan.facts["verdicts"]["eligible"] > 0
    assert plan.facts["peak_mb"] is None or plan.facts["peak_mb"] > 10


def test_only_prices_above_nothing_are_kept_with_use_and_capacity(plan: om.Plan) -> None:
    prices = plan.prices
    assert prices is not None
    assert set(prices["resource"]) <= set(RESOURCES)
    assert (prices["cents"] > 0).all()
    assert (prices["used"] <= prices["capacity"]).all()
    assert ((prices["sku"] >= 0) == (prices["resource"] == "stock")).all()


def test_use_of_a_priced_cell_is_what_the_allocations_take(plan: om.Plan) -> None:
    held, prices = plan.allocations, plan.prices
    assert prices is not None
    for row in np.flatnonzero(prices["resource"] == "stock"):
        mine = (held["node"] == prices["node"][row]) & (held["sku"] == prices["sku"][row])
        assert held["units"][mine].sum() == prices["used"][row]


def test_the_same_night_has_the_same_name_and_another_seed_another(world: World) -> None:
    runs = [
        allocate(world, solver="nearest", limits=Limits(seed=seed)).facts["run"]
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_later_now_makes_more_too_late(world: World) -> None:
    later = world.scenario.now + timedelta(days=30)
    plan = allocate(world, solver="nearest", now=later)
    assert plan.facts["verdicts"]["too late"] > 0
    assert plan.shortages["units"].sum() > 0


def test_a_now_without_offset_is_refused(world: World) -> None:
    with pytest.raises(UnusableInput, match="no offset from UTC"):
        allocate(world, solver="nearest", now=datetime(2025, 1, 1))


def test_an_unknown_solver_is_refused(world: World) -> None:
    with pytest.raises(UnusableInput, match="no solver is called 'x'"):
        allocate(world, solver="x")


def test_who_asks_is_told_each_step(world: World) -> None:
    told: list[Round] = []
    allocate(world, solver="nearest", limits=Limits(report=told.append))
    assert [at.step for at in told] == ["compile", "solve", "evaluate"]


@pytest.mark.parametrize(("over", "said"), [(0.00005, False), (1.0, True)])
def test_a_bound_above_the_cost_is_a_fault_of_the_solver(
    world: World, monkeypatch: pytest.MonkeyPatch, over: float, said: bool
) -> None:
    honest = module.solver_of("nearest")
    cost = allocate(world, solver="nearest").cost_cents

    def boastful(problem: object, limits: Limits) -> Answer:
        return replace(honest(problem, limits), bound=cost + over)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "solver_of", lambda _: boastful)
    if said:
        with pytest.raises(BrokenPlan, match="cents at least"):
            allocate(world, solver="boastful")
    else:
        assert allocate(world, solver="boastful").gap == 0


def test_seconds_add_up_to_the_total_without_counting_parts_twice(plan: om.Plan) -> None:
    plan = timed(plan, load=1.0, compile=2.0, price=0.5, solve=3.0, evaluate=0.25, write=0.5)
    assert plan.facts["seconds"]["total"] == 6.75


def test_measures_count_what_the_tables_hold(world: World, plan: om.Plan) -> None:
    found = measures_of(world, plan)
    parcels = np.bincount(plan.shipments["order"], minlength=60)
    assert found.shipments == plan.shipments.rows == parcels.sum()
    assert found.split_rate == pytest.approx((parcels > 1).sum() / (parcels > 0).sum(), abs=1e-6)
    assert found.shortage_units == plan.shortages["units"].sum()
    assert found.cost_cents == sum(found.bill.values())
    assert found.above_bound_cents == plan.cost_cents - (plan.bound_cents or 0)
    assert found.km_per_shipment is not None


def test_a_world_without_orders_costs_nothing(world: World) -> None:
    none = np.zeros(0, np.int64)
    empty = world.replace(orders=world.orders.take(none), lines=world.lines.take(none))
    plan = allocate(empty, solver="nearest")
    found = measures_of(empty, plan)
    assert (plan.cost_cents, found.split_rate, found.km_per_shipment) == (0, 0.0, None)


def test_every_public_name_is_there_and_is_what_type_checkers_see() -> None:
    import ast

    tree = ast.parse(Path(om.__file__).read_text(encoding="utf-8"))
    seen = {
        (alias.asname or alias.name, f"{node.module}", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("omnisource")
        for alias in node.names
    }
    assert seen == {(name, *origin) for name, origin in om._ORIGINS.items()}
    assert {name for name, *_ in seen} == set(om.__all__) - {"__version__"}
    assert all(getattr(om, name) is not None for name in om.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conquer'"):
        om.conquer  # type: ignore[attr-defined]  # noqa: B018
