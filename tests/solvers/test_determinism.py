"""The same night is decided in the same way: again, in another process, by more threads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import omnisource as om
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.joint.solve import _begin, joint
from omnisource.solvers.oracle import placing, whole
from omnisource.solvers.oracle.large import large_plan
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import Limits, Prices

TABLES = ("shipments.csv", "allocations.csv")
PATIENT = 3_600.0
"""Seconds, so that no clock ends anything."""


@pytest.fixture(
    scope="module", params=[(400, 0.0, 5), (100, 0.03, 9)], ids=["small orders", "large orders too"]
)
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    orders, large, seed = request.param
    folder = tmp_path_factory.mktemp("large" if large else "small") / "scenario"
    generate(folder, orders=orders, nodes=30, seed=seed, scarcity=1.1, large=large)
    return folder


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def by_command(night: Path, out: Path, *words: str) -> list[bytes]:
    """The tables that the command has written in a process of its own."""
    asked = [str(night), "--out", str(out), "--time", str(PATIENT), "--quiet", *words]
    program = "from omnisource.cli import main\nmain()"
    subprocess.run([sys.executable, "-c", program, "allocate", *asked], check=True)
    return tables(out)


def here(night: Path, out: Path, threads: int) -> tuple[om.Plan, list[bytes]]:
    world = om.load(night)
    assert (np.bincount(world.lines["order"]).max() > 8) == ("large" in night.parent.name)
    plan = om.allocate(world, limits=om.Limits(seconds=PATIENT, threads=threads))
    om.save_run(world, plan, out, source=night)
    return plan, tables(out)


def test_joint_decides_a_night_in_one_way(night: Path, tmp_path: Path) -> None:
    first, second = here(night, tmp_path / "1", 2), here(night, tmp_path / "2", 2)
    assert first[1] == second[1]
    assert first[0].facts["run"] == second[0].facts["run"]
    assert by_command(night, tmp_path / "3", "--threads", "2") == first[1]
    alone, _ = here(night, tmp_path / "4", 1)
    assert alone.cost_cents == first[0].cost_cents
    assert alone.bound_cents == first[0].bound_cents


def test_two_processes_write_the_same_tables(night: Path, tmp_path: Path) -> None:
    words = ("--solver", "cheapest")
    one, other = (by_command(night, tmp_path / name, *words) for name in ("1", "2"))
    assert one == other


@pytest.mark.parametrize("solver", ["cheapest", "rated"])
def test_rules_decide_a_night_in_one_way(night: Path, solver: str) -> None:
    runs = [om.allocate(om.load(night), solver=solver).facts["run"] for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_clock_has_no_say_in_the_plan_of_a_large_order(
    random_problem, random_prices, monkeypatch
) -> None:
    monkeypatch.setattr("omnisource.solvers.oracle.large.WIDE_LIMIT", 0)
    for seed in range(20):
        problem = random_problem(seed, orders=1)
        night = (problem, 0, random_prices(problem, seed), Left.of(problem))
        one, other = (large_plan(*night, seconds=seconds) for seconds in (1.0, 60.0))
        assert (one.value, one.bound) == (other.value, other.bound)
        assert one.units.tolist() == other.units.tolist()


def test_a_search_that_is_cut_short_keeps_its_plan_and_a_bound(
    random_problem, random_prices, monkeypatch
) -> None:
    monkeypatch.setattr("omnisource.solvers.oracle.large.WIDE_LIMIT", 0)
    problem = random_problem(4, orders=1)
    night = (problem, 0, random_prices(problem, 4), Left.of(problem))
    whole_one = large_plan(*night)
    monkeypatch.setattr(whole, "NODES", 0)
    cut = large_plan(*night)
    assert cut.bound <= whole_one.value <= cut.value


def test_a_night_says_that_the_clock_of_a_large_order_may_have_decided(night, monkeypatch) -> None:
    problem, _ = compile_world(om.load(night))
    limits = Limits(seconds=PATIENT, patience=PATIENT)
    assert joint(problem, limits).notes == {}
    monkeypatch.setattr(placing, "PATIENCE", 0.0)
    assert ("cut" in joint(problem, limits).notes) == problem.large.any()


def test_the_clock_of_a_large_order_has_patience_too_but_no_more_than_the_night(night) -> None:
    problem, _ = compile_world(om.load(night))
    few, many, short = (
        _begin(problem, Limits(seconds=seconds, patience=patience))
        for seconds, patience in ((1_000.0, 1.0), (1_000.0, 20.0), (100.0, 20.0))
    )
    assert placing.share(few, 1) == 20.0
    assert placing.share(many, 1) == 400.0
    assert 20.0 < placing.share(short, 1) <= 100.0


def test_an_order_that_no_solver_answers_for_has_a_bound_all_the_same(
    random_problem, monkeypatch
) -> None:
    monkeypatch.setattr("omnisource.solvers.oracle.large.WIDE_LIMIT", 0)
    monkeypatch.setattr(whole, "solve", lambda *_, **__: None)
    problem = random_problem(4, orders=1)
    plan = large_plan(problem, 0, Prices.zero(problem), Left.of(problem))
    assert -1_000_000 < plan.bound <= plan.value
