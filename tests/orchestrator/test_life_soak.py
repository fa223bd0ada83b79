"""Orders that live at random, on both databases: nothing is lost, and no promise forgotten."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnisource.orchestrator.generate import generate
from omnisource.orchestrator.life import open_life
from omnisource.orchestrator.life_soak import Chances, Soaked, orders_of, soak
from omnisource.orchestrator.load import load_world
from omnisource.orchestrator.stored import load_into

ROUGH = Chances(decline=0.3, silent=0.1, short=0.2, late=0.2, cancel=0.3, change=0.3, back=0.5)


@pytest.mark.parametrize("chances", [Chances(), ROUGH], ids=["calm", "rough"])
def test_everything_adds_up_in_the_end(databases: Any, tmp_path: Path, chances: Chances) -> None:
    found = lived(databases.empty(), tmp_path, chances)
    assert found.faults == []
    assert found.orders == 40
    assert found.moves["deliver"] + found.moves["collect"] > 0


def lived(url: str, folder: Path, chances: Chances) -> Soaked:
    generate(folder, orders=40, nodes=12, seed=3, scarcity=1.5, contested=0.4, large=0.0)
    world = load_world(folder)
    none = np.zeros(0, np.int64)
    bare = world.replace(orders=world.orders.take(none), lines=world.lines.take(none))
    load_into(bare, url)
    with open_life(url, sync="NORMAL") as life:
        return soak(life, orders_of(world), seed=1, chances=chances)
