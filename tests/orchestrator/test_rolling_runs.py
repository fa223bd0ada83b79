"""Runs that go on from where the last one stopped: over a folder, and over a database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.told import Told
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.life.doing import Doing
from omnisource.orchestrator.life.verbs import cancel, events, place, show
from omnisource.orchestrator.rolling_folder import (
    SHIPMENTS,
    STATE,
    RollingRun,
    read_state,
    run_rolling,
    standing_of,
)
from omnisource.orchestrator.rolling_stored import StoredRolling, run_rolling_stored
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.problem import Limits

QUICK = Limits(gap=0.01, threads=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "shop"
    generate(folder, orders=40, nodes=8, skus=30, seed=3, large=0.0)
    return folder


def run(shop: Path, out: Path, now: datetime, **more: Any) -> RollingRun:
    return run_rolling(shop, QUICK, out=out, now=now, **more)


def test_a_run_over_a_folder_goes_on_from_the_last_one(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    noon = run_rolling(shop, QUICK, out=out, dry_run=True).now
    first = run(shop, out, noon - timedelta(hours=10))
    second = run(shop, out, noon, every=timedelta(hours=3))
    kept, left = second.rolled.standing, standing_of(second.opened.world, read_state(out), noon)
    for name in ("left", "drawn", "promised", "busy"):
        assert np.array_equal(getattr(left, name), getattr(kept, name)), name
    assert sorted(zip(*left.given, strict=True)) == sorted(zip(*kept.given, strict=True))
    third = run(shop, out, noon + timedelta(minutes=1), every=10 * DAY)
    placed = first.measures.orders, second.measures.orders
    assert placed[0] < placed[1] == 40 - first.document()["released_orders"]
    assert third.document()["held_orders"] == sum(third.rolled.release_by >= 2**40)
    state = read_state(out)
    assert state["allocations"]["units"].sum() + third.measures.shortage_units == sum(
        third.opened.world.lines["units"]
    )
    assert state["shipments"]["shipment"].is_unique().all()
    assert state["shipments"]["released_at"].null_count() == 0


def test_the_same_run_again_moves_nothing(shop: Path, tmp_path: Path) -> None:
    noon = run_rolling(shop, QUICK, out=tmp_path, dry_run=True).now
    first = run(shop, tmp_path, noon, every=timedelta(minutes=1))
    kept = (tmp_path / STATE).read_text()
    again = run(shop, tmp_path, noon, every=timedelta(minutes=1), dry_run=True)
    assert again.document()["moved_orders"] == 0
    assert (tmp_path / STATE).read_text() == kept
    assert first.document()["open_orders"] >= again.document()["open_orders"]


@pytest.mark.parametrize("text", ["{}", "[]", '{"shipments": 1}', "nothing"])
def test_a_state_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    with pytest.raises(UnusableInput, match="no state of runs"):
        read_state(tmp_path)


def test_a_parcel_that_orders_share_takes_one_shipment_of_the_nodes_day(
    shop: Path, tmp_path: Path
) -> None:
    """Two orders in one parcel, released at noon: one shipment of three units; none tomorrow."""
    world, noon = load(shop).world, datetime(2025, 1, 6, 12, tzinfo=UTC)
    orders, node = world.orders["order"][:2].tolist(), str(world.nodes["node"][1])
    rows = [
        {"shipment": at, "order": order, "node": node, "units": at + 1, "parcel": 0,
         "released_at": noon.isoformat()}
        for at, order in enumerate(orders)
    ]  # fmt: skip
    state = {**read_state(tmp_path), "shipments": pl.DataFrame(rows, schema_overrides=SHIPMENTS)}
    assert standing_of(world, state, noon).busy[:, 1].tolist() == [1, 3]
    assert standing_of(world, state, noon + DAY).busy.sum() == 0


NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
THURSDAY = datetime(2025, 1, 9, 23, 59, tzinfo=UTC)


def stored(life: Any, now: datetime, **more: Any) -> StoredRolling:
    url = str(life.desk.database.url.render_as_string(hide_password=False))
    plain = url.replace("+pysqlite", "").replace("+psycopg", "")
    return run_rolling_stored(plain, QUICK, now=now, **more)


def kinds(life: Any) -> list[str]:
    return [text.split('"kind":"')[1].split('"')[0] for _, text in events(life)]


def test_an_order_is_held_then_allocated_then_released(town: Any) -> None:
    """By post it takes two days and nothing has a cut-off: to be there on Thursday, it goes by
    the end of Tuesday, an hour of which is the margin."""
    life = town.life({"WA": 3, "SA": 3})
    said = place(life, Doing("o1", "k0", NOON), town.order(A=2, promised_by=THURSDAY), hold=True)
    assert isinstance(said, Told)
    assert said.events == ("placed", "promised", "held")
    first = stored(life, NOON)
    assert (first.written.orders, first.released, first.held) == (1, (), 1)
    assert first.next_release_by == datetime(2025, 1, 7, 22, 59, tzinfo=UTC)
    later = stored(life, NOON + timedelta(seconds=20), dry_run=True)
    assert later.next_release_by == first.next_release_by
    assert town.stock(life)["WA"] == (3, 2)
    early = stored(life, datetime(2025, 1, 7, 22, 30, tzinfo=UTC))
    assert early.released == ()
    last = stored(life, datetime(2025, 1, 7, 22, 45, tzinfo=UTC))
    assert (last.released, last.held) == (("o1",), 0)
    assert town.at_nodes(show(life, "o1")) == {"Wa2": "released"}
    assert kinds(life) == ["placed", "promised", "held", "allocated", "released"]
    assert stored(life, datetime(2025, 1, 7, 22, 46, tzinfo=UTC)).released == ()


def test_a_held_order_may_be_cancelled(town: Any) -> None:
    life = town.life({"WA": 3})
    place(life, Doing("o1", "k0", NOON), town.order(A=2), hold=True)
    said = cancel(life, Doing("o1", "k1", NOON))
    assert isinstance(said, Told)
    assert said.state == "cancelled"
    assert stored(life, NOON).measures.orders == 0


def test_two_runs_within_a_minute_each_decide_what_is_open_by_then(town: Any) -> None:
    life = town.life({"WA": 3})
    for number, name in enumerate(("o1", "o2")):
        at = NOON + timedelta(seconds=20 * number)
        place(life, Doing(name, f"k {name}", at), town.order(name, A=1), hold=True)
        assert stored(life, at).written.orders == 1
    assert [town.at_nodes(show(life, name)) for name in ("o1", "o2")] == [
        {"Wa1": "allocated"}, {"Wa1": "allocated"},
    ]  # fmt: skip


def test_a_dry_run_writes_nothing(town: Any) -> None:
    life = town.life({"WA": 3})
    place(life, Doing("o1", "k0", NOON), town.order(A=2), hold=True)
    assert stored(life, NOON, dry_run=True).run == ""
    assert town.stock(life)["WA"] == (3, 0)


def test_an_order_that_waits_makes_room_for_one_that_saves_a_parcel_so(town: Any) -> None:
    """One A at W for 400 cents, one at S for 500; o1 has that at W. Then o2 wants A and B, of which
    B is at W alone: o1 from S and o2 whole from W cost 900, o2 in two parcels 400 more."""
    life = town.life({"WA": 1, "SA": 1, "WB": 1})
    place(life, Doing("o1", "k1", NOON), town.order("o1", A=1, promised_by=THURSDAY), hold=True)
    assert stored(life, NOON).moved == 0
    place(life, Doing("o2", "k2", NOON), town.order("o2", A=1, B=1, promised_by=THURSDAY),
          hold=True)  # fmt: skip
    again = stored(life, NOON + timedelta(minutes=15))
    assert (again.moved, again.held) == (1, 2)
    assert town.at_nodes(show(life, "o1")) == {"Sa1": "allocated"}
    assert town.at_nodes(show(life, "o2")) == {"Wa1": "allocated", "Wb1": "allocated"}
    last = stored(life, NOON + timedelta(days=1, hours=10, minutes=45))
    assert last.released == ("o1", "o2")
    assert stored(life, NOON + timedelta(days=1, hours=11)).moved == 0


def test_orders_of_one_customer_share_a_parcel_in_the_database(town: Any, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("consolidate = true\n")
    life = town.life({"WA": 3, "WB": 3})
    for name, units in (("o1", {"A": 1}), ("o2", {"B": 1})):
        placed = town.order(name, **units)
        head = placed.order.model_copy(update={"customer": "ann"})
        place(life, Doing(name, f"k {name}", NOON), placed.model_copy(update={"order": head}),
              hold=True)  # fmt: skip
    told = stored(life, NOON, policy=policy)
    assert told.measures.shipments == 1
    assert told.measures.cost_cents == 400
    last = stored(life, NOON + timedelta(hours=12, minutes=-70), policy=policy)
    assert last.released == ("o1", "o2")
