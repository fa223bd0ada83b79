"""Orders that live at random, on both databases: nothing is lost, and no promise forgotten."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnisource.models.lifecycle import IllegalMove
from omnisource.orchestrator.bench.life import bench_life
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.life.check import checked, on_hand
from omnisource.orchestrator.life.doing import open_life
from omnisource.orchestrator.life.soak import orders_of, soak
from omnisource.orchestrator.life.soaked import Chances, Soaked
from omnisource.orchestrator.stored import load_into
from omnisource.orchestrator.synthetic.generate import generate

ROUGH = Chances(decline=0.3, silent=0.1, short=0.2, late=0.2, cancel=0.3, change=0.3, back=0.5)


@pytest.mark.parametrize("chances", [Chances(), ROUGH], ids=["calm", "rough"])
def test_everything_adds_up_in_the_end(databases: Any, tmp_path: Path, chances: Chances) -> None:
    found = lived(databases.empty(), tmp_path, chances)
    assert found.faults == []
    assert found.orders == 40
    assert found.moves["deliver"] + found.moves["collect"] > 0


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE stock SET on_hand = on_hand + 1 WHERE row = 0", "units, not"),
        ("UPDATE allocations SET units = units + 1", "is another"),
        ("DELETE FROM events WHERE kind = 'promise_changed' OR kind = 'delivered'", "follows"),
        ("UPDATE events SET document = REPLACE(document, '\"cents\":', '\"cents\":1')", "cents, "),
    ],
)
def test_what_does_not_add_up_is_noticed(
    databases: Any, tmp_path: Path, harm: str, said: str
) -> None:
    url = databases.empty()
    lived(url, tmp_path, ROUGH)
    with open_life(url, sync="NORMAL") as life:
        before = on_hand(life)
        came = before - checked(life, 0).came
        assert checked(life, came).faults == []
        with life.desk.database.writing() as connection:
            connection.exec_driver_sql(harm)
        try:
            found = "; ".join(checked(life, came).faults)
        except IllegalMove as illegal:
            found = str(illegal)
        assert said in found


def lived(url: str, folder: Path, chances: Chances) -> Soaked:
    generate(folder, orders=40, nodes=12, seed=3, scarcity=1.5, contested=0.4, large=0.0)
    world = load_world(folder)
    none = np.zeros(0, np.int64)
    bare = world.replace(orders=world.orders.take(none), lines=world.lines.take(none))
    load_into(bare, url)
    with open_life(url, sync="NORMAL") as life:
        return soak(life, orders_of(world), seed=1, chances=chances)


def test_the_first_orders_of_a_folder_live_in_the_bench(tmp_path: Path) -> None:
    generate(tmp_path / "w", orders=20, nodes=4, seed=3, scarcity=2.0, large=0.0)
    [found] = bench_life(of=tmp_path / "w", orders=10, rules=("oracle",))
    assert (found.orders, found.faults) == (10, ())
