"""The test bed as a scenario folder: it loads, and its parcels cost what the experiment's cost."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnisource.models.world import World
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.testbed.instance import CITIES, stream
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.fluid.classes import problem_of
from omnisource.solvers.oracle.plain import best_plan

PERIODS = 120


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, World]:
    """The instance, and the world of its folder."""
    folder: Path = tmp_path_factory.mktemp("jasin-sinha")
    build = import_module("omnisource.scenarios.jasin-sinha.build").build
    made = build(folder, number=2, draw=1, periods=PERIODS)
    loaded = load(folder)
    assert loaded.rejected == 0
    return made, loaded.world


def test_the_folder_holds_the_orders_of_the_stream(drawn: tuple[Any, World]) -> None:
    made, world = drawn
    classes = stream(made, 0, number=2, draw=1)
    orders = classes[classes < made.classes.size]
    assert world.orders.rows == len(orders)
    assert world.lines.rows == (made.classes.item[orders] >= 0).sum()
    cities = [CITIES[q % len(CITIES)][1] for q in orders]
    assert np.allclose(world.orders["lat"], cities)


def test_the_cheapest_plan_of_an_order_costs_the_same_to_the_cent(drawn: tuple[Any, World]) -> None:
    made, world = drawn
    compiled, _ = compile_world(world, threads=1)
    classes = stream(made, 0, number=2, draw=1)
    orders, problem = classes[classes < made.classes.size], problem_of(made.classes)
    for row, q in list(enumerate(orders.tolist()))[:30]:
        exact = best_plan(problem, q)
        cents = best_plan(compiled, row).value
        assert cents == pytest.approx(exact.value / 10_000, abs=0.5 * max(len(exact.parcels), 1))
