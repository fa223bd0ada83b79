"""The page of a simulation: it names no address, and its figures are the document's."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import omnisource as om
from omnisource.models.plan import TERMS
from omnisource.models.simulation import Simulation
from omnisource.models.world import World
from omnisource.orchestrator.report.page_simulate import headline, simulated_page
from omnisource.orchestrator.report.page_simulate_data import simulated_rows
from omnisource.orchestrator.simulate.outcome import Simulated

pytest.importorskip("altair")
SETUP = Simulation.model_validate({"arrivals": {"orders_per_day": 6}, "warm_up_days": 1})


@pytest.fixture
def found(world: World) -> Simulated:
    return om.simulate(
        world, days=3, policies=("click", "nightly"), replications=2, setup=SETUP, clairvoyant=True
    )


def test_figures_of_the_page_are_those_of_the_document(found: Simulated) -> None:
    rows, (click, nightly) = simulated_rows(found), found.document()["policies"]
    first, second = rows["policies"]
    assert first["mean"] == click["figures"]["cost"]["mean"] / 100
    assert second["high"] == nightly["figures"]["cost"]["high"] / 100
    assert rows["gaps"][0]["mean"] == nightly["differences"]["cost"]["mean"] / 100
    assert rows["foresight"][0]["mean"] == 100 * click["above_clairvoyant"]["mean"]
    steps = rows["steps"]
    assert (steps[0]["step"], steps[-1]["step"]) == ("click", "nightly")
    assert [steps[0]["end"], steps[-1]["end"]] == [
        round(each["mean"], 2) for each in (first, second)
    ]
    assert {row["step"] for row in steps[1:-1]} <= set(TERMS)
    days = [row for row in rows["days"] if row["policy"] == "click"]
    assert [row["counted"] for row in days] == ["warm-up", "yes", "yes"]


def test_the_page_loads_nothing_and_says_it_in_words(found: Simulated) -> None:
    text = simulated_page(found)
    own = text[: text.index("<script>")]  # the library behind names its homepage
    assert re.findall(r'(?:src|href)="(?!data:)|https?:', own) == []
    assert f"<h1>{headline(found)}</h1>" in own
    assert "cannot be told apart: " in headline(found)
    assert 'id="chart-gaps"' in own
    assert 'data-csv="measures"' in own


def test_one_policy_alone_has_a_page_of_its_cost(world: World) -> None:
    alone = om.simulate(world, days=2, policies=("click",), replications=1, setup=SETUP)
    assert simulated_rows(alone)["steps"][-1]["step"] == "click"
    assert headline(alone).startswith("click costs ")
    assert 'id="chart-gaps"' not in simulated_page(alone)


def test_the_command_writes_the_page(
    omnisource: Callable[..., Any], shop: Path, tmp_path: Path
) -> None:
    file = tmp_path / "deep" / "page.html"
    done = omnisource(
        "simulate", shop, "--days", 1, "--replications", 1, "--processes", 1, "--policy", "click",
        "--report", file, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "click costs " in file.read_text(encoding="utf-8")
