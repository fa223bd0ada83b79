"""Priority, fairness and load seen from the verbs: files, figures, reports, runs."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import omnisource as om
from omnisource.models.policy import Fairness, LoadStep, Policy
from omnisource.orchestrator.batch import with_policy
from omnisource.orchestrator.demo import scenario_folder
from omnisource.orchestrator.folder.describe import policy_files
from omnisource.orchestrator.measures import Measures, measures_of
from omnisource.orchestrator.report.plans import plan_report, served

SOFT = {
    "tiers": {"business": 2.0},
    "fairness": (Fairness(by="channel", most_short=0.0, cents=100),),
    "load": (LoadStep(beyond=0.0, cents=10), LoadStep(beyond=0.5, cents=10)),
}


def under(world: om.World, policy: Policy) -> om.World:
    return world.replace(scenario=world.scenario.model_copy(update={"policy": policy}))


@pytest.fixture(scope="module")
def night(shop: Path) -> om.World:
    world = om.load(shop)
    return under(world, world.policy.model_copy(update=SOFT))


@pytest.fixture(scope="module")
def plan(night: om.World) -> om.Plan:
    return om.allocate(night, solver="nearest")


@pytest.fixture(scope="module")
def found(night: om.World, plan: om.Plan) -> Measures:
    return measures_of(night, plan)


def said(world: om.World, found: Measures) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(plan_report(world, found))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_each_group_of_a_rule_has_its_figures(night: om.World, found: Measures) -> None:
    assert {group["by"] for group in found.shortfalls} == {"channel"}
    assert {group["group"] for group in found.shortfalls} == set(night.orders["channel"])
    assert sum(group["ordered"] for group in found.shortfalls) == night.lines["units"].sum()
    assert sum(group["short"] for group in found.shortfalls) == found.shortage_units > 0
    assert found.bill["unfair"] == 100 * found.shortage_units


def test_nodes_beyond_a_step_are_counted_once(plan: om.Plan, night: om.World) -> None:
    limited = night.nodes["orders_per_day"][plan.shipments["node"]] > 0
    nodes = set(plan.shipments["node"][limited])
    assert measures_of(night, plan).busy_nodes == len(nodes) > 0


def test_the_report_says_who_goes_short_and_how_many_nodes_are_busy(
    night: om.World, found: Measures
) -> None:
    text = said(night, found)
    assert "Who goes short" in text
    assert "unfair" in text
    assert "nodes busier than costs nothing more" in text
    cents = found.bill["shortage"] + found.bill["unfair"]
    assert f"{cents / 100:,.2f}" in served(found)


def test_the_report_lists_the_hardest_hit_first_and_not_all(
    night: om.World, found: Measures
) -> None:
    groups = [
        {"by": "region", "group": f"DE-{i:02d}", "ordered": 50, "short": i, "free": 1, "cents": 0}
        for i in range(25)
    ]
    text = said(night, replace(found, shortfalls=groups))
    assert text.index("DE-24") < text.index("DE-23") < text.index("and 4 more")
    assert "DE-01" not in text
    nobody = said(night, replace(found, shortfalls=groups[:1]))
    assert "Who goes short" not in nobody


def test_a_run_under_such_a_policy_is_read_back_and_explained(
    night: om.World, plan: om.Plan, shop: Path, tmp_path: Path
) -> None:
    om.save_run(night, plan, tmp_path / "run", source=shop)
    run = om.read_run(tmp_path / "run")
    assert run.plan.bill == plan.bill
    assert run.world.policy == night.policy
    short = str(night.orders["order"][plan.shortages["order"][0]])
    why = om.explain(run.world, run.plan, short)
    assert why.bill["shortage"] >= 5_000
    assert why.cost_cents == sum(why.bill.values())


@pytest.mark.parametrize("file", policy_files(), ids=lambda file: file.stem)
def test_the_bundled_policies_work_on_the_demo(file: Path) -> None:
    world = om.load(scenario_folder())
    night = with_policy(world, file)
    assert night.policy.comment
    assert night.policy.fences == world.policy.fences
    usual, charged = (measures_of(w, om.allocate(w, solver="cheapest")) for w in (world, night))
    assert (usual.busy_nodes, usual.shortfalls) == (0, [])
    assert charged.bill["load" if night.policy.load else "unfair"] > 0


def test_a_policy_file_is_checked_beside_what_the_scenario_has(
    night: om.World, tmp_path: Path
) -> None:
    (tmp_path / "p.toml").write_text("tiers.gold = 900")
    dear = under(night, Policy(shortage_cents=2_000_000))
    with pytest.raises(om.UnusableInput, match="the largest factor is 1,800,000,000 cents, above"):
        with_policy(dear, tmp_path / "p.toml")
