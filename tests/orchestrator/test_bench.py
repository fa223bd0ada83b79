"""The benches: what is measured, how goals are judged, how tables are kept."""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.bench import common as bench
from omnisource.orchestrator.bench import night as bench_night
from omnisource.orchestrator.bench import probe as bench_probe
from omnisource.orchestrator.bench import rivals as bench_rivals
from omnisource.orchestrator.bench.common import (
    Bench,
    Case,
    Goal,
    Sheet,
    keep,
    night_folder,
    verdict,
)
from omnisource.orchestrator.bench.night import PARTS, Aim, aims
from omnisource.orchestrator.bench.night import bench_night as measure
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.problem import Limits, Round

Omnisource = Callable[..., Any]
SMALL = 40


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nights")


@pytest.fixture
def here_and_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure in this process: a fresh one takes seconds to start."""
    for module in (bench, bench_night, bench_rivals):
        monkeypatch.setattr(module, "in_own_process", lambda work, *a, **k: work(*a, **k))
    monkeypatch.setattr(bench_probe, "SHORTEST", 0.0)
    monkeypatch.setattr(bench, "WARM", Case(orders=20))


@pytest.fixture
def small(scratch: Path) -> Bench:
    return Bench(orders=SMALL, seconds=5.0, rival_seconds=0.3, scratch=scratch, threads=1)


# goals


def test_a_goal_that_is_met_falls_short_by_nothing() -> None:
    assert verdict([Goal(1.0, 1.0, str), Goal(0.5, 1.0, str)]) == "met"


def test_every_goal_that_is_missed_is_named_with_its_distance() -> None:
    assert verdict([Goal(3.0, 1.0, str), Goal(None, 2.0, str)]) == "3.0 instead of 1.0; never 2.0"


def test_the_goals_are_those_of_a_hundred_thousand_and_a_million_orders() -> None:
    assert aims(Bench()) == [
        Aim(100_000, 0.001, 60, 2), Aim(100_000, 0.0005, 200, 2),
        Aim(1_000_000, 0.001, 60, 8, seconds=300.0),
    ]  # fmt: skip


# nights and passes


@pytest.mark.usefixtures("here_and_now")
def test_a_night_is_made_once(scratch: Path) -> None:
    case = Case(SMALL, scarcity=0.9)
    made = night_folder(case, scratch)
    written = (made / "orders.parquet").stat().st_mtime_ns
    assert night_folder(case, scratch) == made
    assert (made / "orders.parquet").stat().st_mtime_ns == written
    assert night_folder(Case(SMALL, scarcity=0.8), scratch) != made


def test_the_first_orders_keep_their_lines(shop: Path) -> None:
    world = om.load(shop)
    few = bench_probe.first_orders(world, 7)
    assert few.orders.rows == 7
    assert few.lines.rows == int((world.lines["order"] < 7).sum())
    assert compile_world(few)[0].size == 7
    assert bench_probe.first_orders(world, 10**6) is world


def test_orders_without_a_menu_are_left_out_for_the_rivals(shop: Path) -> None:
    world = om.load(shop)
    units = world.lines["units"].copy()
    units[np.flatnonzero(world.lines["order"] == 3)] = 10**5
    world = world.replace(lines=world.lines.replace(units=units))
    assert compile_world(world)[0].large.sum() == 1
    kept = bench_probe.menu_orders(world)
    assert kept.orders["order"].tolist() == np.delete(world.orders["order"], 3).tolist()
    assert not compile_world(kept)[0].large.any()


@pytest.mark.usefixtures("here_and_now")
def test_a_pass_over_some_orders_stands_for_all(shop: Path) -> None:
    world = om.load(shop)
    assert bench_probe.full_pass(world, 1).orders == 60
    sampled = bench_probe.full_pass(world, 1, sample=20)
    assert sampled.orders == 20
    assert sampled.seconds > 0


def test_a_trace_forgets_what_was_told_before_the_solver_began() -> None:
    trace = bench_probe.Trace()
    for at in (Round("x", 1, 9.0, 9.0), Round("solve", 0), Round("price", 1, None, 5.0)):
        trace(at)
    trace(Round("price", 2, 10.0, 4.0))
    assert [point[1:] for point in trace.points] == [(np.inf, 5.0), (10.0, 5.0)]
    assert trace.gap_at(60.0) == 0.5
    assert trace.gap_at(-1.0) is None
    assert trace.seconds_to(0.1) is None


# parts


@pytest.mark.usefixtures("here_and_now")
@pytest.mark.parametrize("part", PARTS)
def test_every_part_gives_rows_and_tables(small: Bench, part: str) -> None:
    document, sheets = measure(small, [part])
    assert document["machine"]["cores"] > 0
    assert len(document[part]) > 0
    assert all(len(row) == len(sheet.columns) for sheet in sheets for row in sheet.rows)
    assert all(sheet.notes[-1].startswith("Made on ") for sheet in sheets)


@pytest.mark.usefixtures("here_and_now")
def test_the_table_says_what_it_takes_in_passes(small: Bench) -> None:
    row = measure(small, ["table"])[0]["table"][0]
    assert row["passes"] == pytest.approx(row["seconds"]["solve"] / row["pass_seconds"], rel=0.1)
    assert row["seconds"]["total"] > row["seconds"]["solve"]
    assert row["peak_mb"] > 50
    assert row["gap"] == pytest.approx(1 - row["bound_cents"] / row["cost_cents"])


@pytest.mark.usefixtures("here_and_now")
def test_a_rival_that_dies_is_a_row_as_well(small: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(work: Callable[..., Any], *rest: Any) -> Any:
        if "monolith-scip" in rest:
            raise BrokenProcessPool
        return work(*rest)

    monkeypatch.setattr(bench_rivals, "in_own_process", starved)
    document, (sheet,) = measure(small, ["rivals"])
    assert [row["solver"] for row in document["rivals"]] == ["joint", *bench_rivals.RIVALS]
    assert document["rivals"][2]["status"] == "died"
    assert any("monolith-scip died" in note for note in sheet.notes)


# files

SHEET = Sheet("x", "Title", ("night", "s"), [("small", "1.0")], ["Note."])


def test_tables_take_their_places_in_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Mine\n\n<!-- x -->\nold\n<!-- end of x -->\n\nThe end.\n")
    keep(page, {}, [SHEET, Sheet("y", "Other", ("a",), [])])
    text = page.read_text()
    assert text.startswith("# Mine\n\n<!-- x -->\n### Title\n\n| night | s |")
    assert "old" not in text
    assert "<!-- end of x -->\n\nThe end.\n\n<!-- y -->\n### Other" in text
    keep(page, {}, [SHEET])
    assert page.read_text() == text


def test_figures_are_kept_as_json(tmp_path: Path) -> None:
    keep(tmp_path / "figures.json", {"gap": np.float64(0.5)}, [SHEET])
    assert (tmp_path / "figures.json").read_text() == '{\n  "gap": 0.5\n}\n'
    with pytest.raises(UnusableInput, match="name another file with --out"):
        keep(tmp_path / "nowhere" / "figures.json", {}, [])


# the command


def test_bench_night_measures_in_processes_of_its_own(
    omnisource: Omnisource, scratch: Path, here: Path
) -> None:
    words = ("--part", "rules", "--orders", SMALL, "--scratch", scratch, "--out", "figures.md")
    said = omnisource("bench", "night", *words, "--json")
    assert said.code == 0
    found = {row["solver"]: row["cost_cents"] for row in said.document["rules"]}
    assert min(found, key=found.__getitem__) == "joint"
    assert "The rule engines" in said.err
    assert "| joint |" in (here / "figures.md").read_text()


def test_bench_night_explains_itself(omnisource: Omnisource) -> None:
    said = omnisource("bench", "night", "--help")
    assert said.code == 0
    assert all(part in said.out for part in (*PARTS, "--json", "--quiet"))


def test_limits_take_the_gap_that_is_asked_for() -> None:
    assert Bench(gap=0.02).limits(0.001) == Limits(0.02, 600.0, 0, 0)
    assert Bench().limits(0.001).gap == 0.001
