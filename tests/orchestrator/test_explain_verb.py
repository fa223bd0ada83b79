"""The verb "explain": from a plan in memory, and from a run folder read back."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.runs import newest_run
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.explain.order import explain as whole_night
from omnisource.solvers.problem import Limits, Prices


@pytest.fixture(scope="module")
def scenario(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that tests may change."""
    folder = tmp_path_factory.mktemp("copy") / "shop"
    shutil.copytree(shop, folder)
    return folder


@pytest.fixture(scope="module")
def world(scenario: Path) -> om.World:
    return om.load(scenario)


@pytest.fixture(scope="module")
def plan(world: om.World) -> om.Plan:
    return om.allocate(world, limits=Limits(seed=1))


@pytest.fixture
def kept(world: om.World, plan: om.Plan, scenario: Path, tmp_path: Path) -> Path:
    om.save_run(world, plan, tmp_path / "run", source=scenario)
    return tmp_path / "run"


def names(world: om.World) -> list[str]:
    return [str(name) for name in world.orders["order"]]


def test_one_order_compiled_alone_is_explained_as_within_the_whole_night(
    world: om.World, plan: om.Plan
) -> None:
    problem, legend = compile_world(world, threads=1)
    prices = Prices.zero(problem)
    assert plan.prices is not None
    for kind, node, sku, cents in zip(
        *(plan.prices[name] for name in ("resource", "node", "sku", "cents")), strict=True
    ):
        if kind == "stock":
            prices.cell[(problem.cell_node == node) & (problem.cell_sku == sku)] = cents
        else:
            getattr(prices, {"node_orders": "node_order", "node_units": "node_unit"}[kind])[
                node
            ] = cents
    for row, name in enumerate(names(world)):
        whole = whole_night(world, problem, legend, plan, order=row, prices=prices, why_not=0)
        node = str(world.nodes["node"][0])
        assert om.explain(world, plan, name, why_not=node) == whole


def test_the_bills_of_all_orders_add_up_to_the_night(world: om.World, plan: om.Plan) -> None:
    assert sum(om.explain(world, plan, n).cost_cents for n in names(world)) == plan.cost_cents


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_run_read_back_explains_the_same(
    world: om.World, plan: om.Plan, scenario: Path, *, tmp_path: Path, format: str
) -> None:
    om.save_run(world, plan, tmp_path, source=scenario, format=format)
    run = om.read_run(tmp_path)
    assert run.plan.cost_cents == plan.cost_cents
    assert run.plan.bound_cents == plan.bound_cents
    assert run.plan.facts["run"] == plan.facts["run"]
    for name in names(world)[:10]:
        assert om.explain(run.world, run.plan, name) == om.explain(world, plan, name)


def test_a_run_remembers_policy_and_time(world: om.World, scenario: Path, tmp_path: Path) -> None:
    policy = world.policy.model_copy(update={"max_shipments": 1, "late_cents": 7})
    head = world.scenario.model_copy(update={"policy": policy})
    other = world.replace(scenario=head)
    om.save_run(other, om.allocate(other, solver="nearest"), tmp_path, source=scenario)
    assert om.read_run(tmp_path).world.scenario == head


def test_a_run_is_explained_as_it_was_whatever_its_scenario_has_become(
    world: om.World, plan: om.Plan, scenario: Path, kept: Path
) -> None:
    nodes = scenario / "nodes.csv"
    text, name = nodes.read_text(), names(world)[0]
    try:
        nodes.write_text("")
        run = om.read_run(kept)
    finally:
        nodes.write_text(text)
    assert om.explain(run.world, run.plan, name) == om.explain(world, plan, name)


def test_a_run_that_has_not_kept_its_world_is_refused_if_the_scenario_has_changed(
    kept: Path, scenario: Path
) -> None:
    (kept / "seen.zip").unlink()
    nodes = scenario / "nodes.csv"
    text = nodes.read_text()
    try:
        nodes.write_text(text.replace(",85,25,", ",99,25,").replace(",86,25,", ",99,25,"))
        with pytest.raises(UnusableInput, match=r"has changed since .*; allocate again"):
            om.read_run(kept)
        nodes.write_text(text.replace("warehouse-berlin", "warehouse-bern"))
        with pytest.raises(UnusableInput, match="has changed since"):
            om.read_run(kept)
    finally:
        nodes.write_text(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "gone"}, "its scenario folder gone is gone"),
        ({"cost_cents": 1}, "cost 1 is now"),
        (None, "it lacks now, policy, source"),
    ],
)
def test_a_run_that_cannot_be_read_says_why(
    kept: Path, change: dict[str, object] | None, said: str
) -> None:
    (kept / "seen.zip").unlink()
    facts = json.loads((kept / "run.json").read_text())
    if change is None:
        facts = {k: v for k, v in facts.items() if k not in ("now", "policy", "source")}
    (kept / "run.json").write_text(json.dumps(facts | (change or {})))
    with pytest.raises(UnusableInput, match=said):
        om.read_run(kept)


def test_half_a_run_is_no_run(kept: Path) -> None:
    (kept / "run.json").write_text("{")
    with pytest.raises(UnusableInput, match="this is no run"):
        om.read_run(kept)


def test_a_run_without_its_tables_says_which_is_missing(kept: Path) -> None:
    (kept / "allocations.csv").unlink()
    with pytest.raises(UnusableInput, match=r"allocations\.csv: cannot be read"):
        om.read_run(kept)


def test_the_newest_run_is_found(tmp_path: Path) -> None:
    for age, place in enumerate(("out/b", "out/a", "runs/c")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "run.json").write_text("{}")
        os.utime(tmp_path / place / "run.json", (1_000 - age, 1_000 - age))
    assert newest_run(tmp_path) == tmp_path / "out" / "b"


def test_without_prices_alternatives_are_told_by_cost_alone(world: om.World) -> None:
    plan = om.allocate(world, solver="nearest")
    split = np.bincount(plan.shipments["order"]).argmax()
    why = om.explain(world, plan, names(world)[split])
    assert why.prices == ()
    assert all(other.extra_cents == other.extra_priced_cents for other in why.alternatives)
