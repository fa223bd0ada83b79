"""The whole simulation of a tiny world: the same to the byte in any number of processes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import omnisource as om
from omnisource.models.simulation import Simulation
from omnisource.models.world import World
from omnisource.orchestrator.measures import to_json
from omnisource.orchestrator.simulate.held import baskets
from omnisource.orchestrator.simulate.outcome import Simulated
from omnisource.orchestrator.simulate.write import frame_of

SETUP = Simulation.model_validate(
    {"arrivals": {"orders_per_day": 8}, "chances": {"lost": 0.1, "late": 0.2}}
)


def run(world: World, processes: int, **more: Any) -> Simulated:
    asked = {"days": 3, "policies": ("click", "nightly"), "replications": 2, "setup": SETUP}
    return om.simulate(world, **asked | more, workers=om.Workers(processes))


def test_the_same_seed_comes_to_the_same_in_any_number_of_processes(world: World) -> None:
    one, two = run(world, 1), run(world, 2)
    assert to_json(one.document()) == to_json(two.document())
    assert frame_of(one).write_csv() == frame_of(two).write_csv()
    other = run(world, 1, seed=4)
    assert to_json(one.document()) != to_json(other.document())


def test_every_order_that_came_is_told_of(world: World) -> None:
    days = frame_of(run(world, 1, replications=1))
    assert days["arrived"].sum() > 0
    ended = days.select(pl.sum_horizontal("orders", "walked", "refused"))
    assert ended.to_series().equals(days["arrived"], check_names=False)


def test_a_discount_is_off_the_price_of_each_unit(world: World) -> None:
    """1 · 300, then 2 · (300 − 50) + 1 · (800 − 0), then 3 · (800 − 100)."""
    lines = world.lines.replace(
        price_cents=np.array([300, 300, 800, 800]), discount_cents=np.array([0, 50, 0, 100])
    )
    assert baskets(world.replace(lines=lines)).value.tolist() == [300, 1_300, 2_100]


def test_a_history_is_followed_order_by_order_and_foresight_is_no_dearer(world: World) -> None:
    found = run(world, 1, history=True, days=None, clairvoyant=True, replications=1)
    assert frame_of(found).filter(pl.col("policy") == "click")["arrived"].sum() == 3
    gap = found.foresight("click")
    assert gap is not None
    assert gap.mean >= -1e-9


def test_the_command_gives_figures_differences_and_files(
    omnisource: Callable[..., Any], shop: Path, tmp_path: Path
) -> None:
    done = omnisource(
        "simulate", shop, "--days", 2, "--replications", 2, "--processes", 1, "--until", "50%",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = done.document
    assert [each["policy"] for each in document["policies"]] == ["click", "nightly"]
    assert document["policies"][0]["differences"] is None
    assert set(document["policies"][1]["differences"]["cost"]) == {"mean", "low", "high"}
    assert pl.read_csv(tmp_path / "days.csv").height == 2 * 2 * 2
    assert json.loads((tmp_path / "simulation.json").read_text(encoding="utf-8")) == document
    assert "nightly" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--policy", "nightli"), "no policy 'nightli': is it 'nightly'"),
        (("--until", "none"), "--until none: give a share, such as 0.5%"),
        (("--setup", "nowhere.toml"), "nowhere.toml: there is no such file"),
    ],
)
def test_what_cannot_be_simulated_leaves_with_2(
    omnisource: Callable[..., Any], shop: Path, arguments: tuple[str, str], said: str
) -> None:
    done = omnisource("simulate", shop, *arguments)
    assert done.code == 2
    assert said in done.err
