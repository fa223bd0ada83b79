"""A warm start: last night's prices on tonight's cells, found by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import omnisource as om
from omnisource.orchestrator import allocate as module
from omnisource.orchestrator.allocate import prepare
from omnisource.orchestrator.warm import DEAREST, prices_of, start_of
from omnisource.solvers.problem import Answer, Limits, Prices, Problem

Omnisource = Callable[..., Any]


@pytest.fixture(scope="module")
def world(shop: Path) -> om.World:
    return om.load(shop)


@pytest.fixture(scope="module")
def problem(world: om.World) -> Problem:
    return prepare(world, Limits()).problem


@pytest.fixture(scope="module")
def monday(world: om.World) -> om.Plan:
    return om.allocate(world)


@pytest.fixture(scope="module")
def kept(
    world: om.World, monday: om.Plan, shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Monday's run folder."""
    folder = tmp_path_factory.mktemp("runs") / "monday"
    om.save_run(world, monday, folder, source=shop)
    return folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Prices | None]:
    """What the solver is told to begin with, night by night."""
    seen: list[Prices | None] = []
    honest = module.solver_of("nearest")

    def listening(problem: Problem, limits: Limits) -> Answer:
        seen.append(limits.start)
        return honest(problem, limits)

    monkeypatch.setattr(module, "solver_of", lambda _: listening)
    return seen


def table(*rows: tuple[str, str | None, str | None, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["resource", "node", "sku", "cents"], orient="row")


def same(one: Prices, other: Prices) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# by name


def test_prices_by_name_are_those_of_the_plan(
    world: om.World, problem: Problem, monday: om.Plan, kept: Path
) -> None:
    assert monday.prices is not None
    ours = start_of(world, problem, om.read_prices(kept))
    assert same(ours, prices_of(problem, monday.prices))
    assert same(ours, start_of(world, problem, monday))
    cents = [column.sum() for column in ours[:3]]
    assert cents[0] > 0
    assert sum(cents) == monday.prices["cents"].sum()


def test_a_night_with_other_rows_finds_its_prices_by_name(
    world: om.World, problem: Problem, kept: Path
) -> None:
    turned = world.replace(stock=world.stock.take(np.arange(world.stock.rows)[::-1]))
    theirs = prepare(turned, Limits()).problem
    known = om.read_prices(kept)
    ours = start_of(world, problem, known).cell
    assert np.array_equal(start_of(turned, theirs, known).cell, ours[::-1])


def test_what_is_not_there_is_left_out_and_what_is_new_begins_at_nothing(
    world: om.World, problem: Problem
) -> None:
    node, sku = (
        str(world.nodes["node"][problem.cell_node[3]]),
        str(world.products["sku"][problem.cell_sku[3]]),
    )
    known = table(
        ("stock", node, sku, 7.5), ("stock", "gone", sku, 9.0), ("stock", node, "gone", 9.0),
        ("stock", None, None, 9.0), ("node_orders", node, None, 2.0),
        ("node_units", "gone", None, 9.0),
    )  # fmt: skip
    found = start_of(world, problem, known)
    assert np.flatnonzero(found.cell).tolist() == [3]
    assert found.cell[3] == 7.5
    assert found.node_order.sum() == found.node_order[problem.cell_node[3]] == 2.0
    assert not found.node_unit.any()
    assert found.short.tolist() == [0.0] * problem.size


def test_prices_are_rounded_to_what_bounds_are_exact_at(world: om.World, problem: Problem) -> None:
    node = str(world.nodes["node"][0])
    found = start_of(world, problem, table(("node_units", node, None, 0.3)))
    assert found.node_unit[0] * 1024 == 307


# into the night


def test_a_solver_is_told_what_to_begin_with(
    world: om.World, monday: om.Plan, started: list[Prices | None]
) -> None:
    om.allocate(world)
    om.allocate(world, prices=monday)
    assert started[0] is None
    assert started[1] is not None
    assert started[1].cell.any()


def test_the_command_begins_with_the_prices_of_a_run(
    omnisource: Omnisource, shop: Path, kept: Path, started: list[Prices | None]
) -> None:
    assert omnisource("allocate", shop, "--prices", kept).code == 0
    assert started[0] is not None
    assert started[0].cell.any()


def test_a_run_may_have_been_written_as_parquet_and_its_scenario_be_gone(
    world: om.World, monday: om.Plan, kept: Path, tmp_path: Path
) -> None:
    om.save_run(world, monday, tmp_path, source=tmp_path / "gone", format="parquet")
    assert om.read_prices(tmp_path).equals(om.read_prices(kept))


def test_a_night_that_is_begun_warm_has_a_valid_bound(world: om.World, monday: om.Plan) -> None:
    tuesday = om.allocate(world, prices=monday)
    assert tuesday.bound_cents is not None
    assert tuesday.bound_cents <= monday.cost_cents


def test_out_of_a_database_a_run_is_begun_and_finished_in_one_way(
    omnisource: Omnisource, databases: Any, shop: Path, kept: Path
) -> None:
    url = databases.empty()
    om.load_into(om.load(shop), url)
    words = ("allocate", "--db", url, "--run", "tuesday", "--solver", "nearest")
    assert omnisource(*words, "--prices", kept).code == 0
    other = omnisource(*words)
    assert other.code == 2
    assert "was asked for with prices" in other.err


def test_a_run_out_of_a_database_keeps_its_prices_for_the_next(
    omnisource: Omnisource, databases: Any, shop: Path, here: Path
) -> None:
    url = databases.empty()
    om.load_into(om.load(shop), url)
    assert omnisource("allocate", "--db", url, "--out", "monday").code == 0
    assert om.read_prices(here / "monday")["cents"].max() > 0


# what cannot be used


def test_a_folder_without_a_run_is_refused_before_the_work(
    omnisource: Omnisource, shop: Path, here: Path
) -> None:
    said = omnisource("allocate", shop, "--prices", "nowhere")
    assert (said.code, said.out) == (2, "")
    assert "nowhere: no run.json there" in said.err
    assert "--out" in said.err
    assert list(here.iterdir()) == []


def test_a_run_without_prices_is_refused(omnisource: Omnisource, shop: Path, here: Path) -> None:
    omnisource("allocate", shop, "--solver", "nearest", "--out", "out")
    said = omnisource("allocate", shop, "--prices", here / "out")
    assert said.code == 2
    assert "this run has no prices" in said.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resource,node,sku\n", "there is no column cents"),
        ("resource,node,sku,cents\nluck,a,b,1\n", "no resource is called 'luck'; known are stock,"),
        ("resource,node,sku,cents\n,a,b,1\n", "no resource is called None"),
        ("resource,node,sku,cents\nstock,a,b,-1\n", "-1.0 cents for node a: a price is"),
        ("resource,node,sku,cents\nstock,a,b,nan\n", "cents for node a: a price is"),
        ("resource,node,sku,cents\nstock,a,b,dear\n", "None cents for node a: a price is"),
        (f"resource,node,sku,cents\nstock,a,b,{10 * DEAREST}\n", "cents for node a: a price is"),
        ("", "cannot be read"),
    ],
)
def test_a_table_that_holds_no_prices_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "prices.csv").write_text(text)
    with pytest.raises(om.UnusableInput, match=r"prices\.csv") as refused:
        om.read_prices(tmp_path)
    assert said in str(refused.value)


def test_a_plan_without_prices_or_of_another_world_is_refused(
    world: om.World, problem: Problem, monday: om.Plan
) -> None:
    assert monday.prices is not None
    with pytest.raises(om.UnusableInput, match="a plan by joint has none"):
        start_of(world, problem, replace(monday, prices=None))
    far = monday.prices.replace(node=monday.prices["node"] + 100)
    with pytest.raises(om.UnusableInput, match="another number of nodes"):
        start_of(world, problem, replace(monday, prices=far))
