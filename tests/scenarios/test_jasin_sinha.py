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
from omnisource.solvers.oracle.kernel import price_block
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Prices, Problem

PERIODS = 120


def cheapest(problem: Problem) -> Plans:
    """The cheapest plan of every order, each as if it were alone."""
    plans = Plans.room(problem)
    price_block(problem, Prices.zero(problem), Left.of(problem), 0, problem.size, plans)
    return plans


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
    exact, cents = cheapest(problem_of(made.classes)), cheapest(compiled)
    for row, q in enumerate(classes[classes < made.classes.size]):
        off = 0.5 * exact.count[q]  # each shipment is rounded
        assert cents.value[row] == pytest.approx(exact.value[q] / 10_000, abs=off)
