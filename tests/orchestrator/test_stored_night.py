"""The night in a database: what is written adds up, once, whatever has happened meanwhile."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text

from omnisource.models.base import UnusableInput
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.stock import Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.folder.load import load_world, world_of
from omnisource.orchestrator.store.database import loaded_database
from omnisource.orchestrator.store.plan import Written, keep_plan, start_run
from omnisource.orchestrator.store.show import read_fallen, read_plan
from omnisource.orchestrator.store.write import Clock, write_partition
from omnisource.orchestrator.stored import commit_plan, connect, load_into, plan_document
from omnisource.orchestrator.stored_night import Asked, run_stored_night
from omnisource.solvers.problem import Limits

Omnisource = Callable[..., Any]
BY_RULE = Asked(Limits(), solver="cheapest")


def rows(url: str, statement: str, **values: object) -> list[tuple[Any, ...]]:
    """What a statement gives; it may change the database too."""
    database = loaded_database(url)
    with database.writing() as connection:
        done = connection.execute(text(statement), values)
        found = [tuple(row) for row in done] if done.returns_rows else []
    database.close()
    return found


def small(**stock: int) -> World:
    """One warehouse, and three orders of two units each: o1 of A, o2 of A and B, o3 of B."""
    wanted = {"o1": ["A"], "o2": ["A", "B"], "o3": ["B"]}
    noon = "2025-01-06T12:00:00Z"
    return world_of(
        nodes=[Node(node="W", kind="warehouse", lat=50, lon=8, orders_per_day=5)],
        services=[Service(service="std", kind="parcel")],
        zones=[ZoneRule(service="std", country="DE", zone="z", transit_days=1)],
        tariffs=[TariffStep(service="std", zone="z", up_to_grams=9_000, cents=400)],
        products=[Product(sku=sku, grams=5) for sku in "AB"],
        stock=[StockCell(node="W", sku=sku, on_hand=units) for sku, units in stock.items()],
        receipts=[Receipt(node="W", sku="B", units=2, due="2025-01-06T06:00:00Z"),
                  Receipt(node="W", sku="B", units=90, due="2025-02-06T06:00:00Z")],
        orders=[Order(order=o, placed_at=noon, country="DE", postcode="1", lat=50, lon=9)
                for o in wanted],
        lines=[Line(order=o, line=sku.lower(), sku=sku, units=2)
               for o, skus in wanted.items() for sku in skus],
    )  # fmt: skip


@pytest.fixture
def shop_url(databases: Any, shop: Path) -> str:
    url: str = databases.empty()
    load_into(load_world(shop), url)
    return url


@pytest.fixture
def small_url(databases: Any) -> Callable[..., str]:
    def of(**stock: int) -> str:
        url: str = databases.empty()
        load_into(small(**stock), url)
        return url

    return of


def assert_conserved(url: str) -> None:
    """What the docstring of store/plan.py promises at every moment."""
    by_cell = "SELECT node, sku, SUM(units) FROM allocations GROUP BY node, sku"
    reserved = "SELECT node, sku, reserved FROM stock WHERE reserved > 0"
    assert sorted(rows(url, reserved)) == sorted(rows(url, by_cell))
    by_line = 'SELECT "order", line, SUM(units) FROM allocations GROUP BY "order", line'
    allocated = 'SELECT "order", line, allocated FROM lines WHERE allocated > 0'
    assert sorted(rows(url, allocated)) == sorted(rows(url, by_line))
    held = "SELECT run, shipment, SUM(units) FROM allocations GROUP BY run, shipment"
    assert sorted(rows(url, held)) == sorted(
        rows(url, "SELECT run, shipment, units FROM shipments")
    )
    served = 'SELECT "order" FROM lines GROUP BY "order" HAVING SUM(units) = SUM(allocated)'
    done = "SELECT \"order\" FROM orders WHERE status = 'allocated'"
    assert sorted(rows(url, done)) == sorted(rows(url, served))


# the plan is written


def test_the_same_night_costs_the_same_out_of_a_folder_and_out_of_a_database(
    omnisource: Omnisource, shop: Path, shop_url: str
) -> None:
    words = ("--solver", "cheapest", "--json", "--quiet")
    folder = omnisource("allocate", shop, *words).document
    night = omnisource("allocate", "--db", shop_url, *words, "--run", "monday").document
    for figure in ("orders", "lines", "shipments", "cost_cents", "bill", "shortage_units"):
        assert night[figure] == folder[figure]
    assert night["run"] == "monday"
    assert night["written"] == {"orders": night["served_orders"], "shipments": night["shipments"]}
    assert_conserved(shop_url)


def test_what_is_written_is_the_plan(shop_url: str) -> None:
    world = connect(shop_url)
    plan = allocate(world, solver="cheapest")
    commit_plan(world, plan, "monday", size=7)
    found = read_plan(world.database, "monday")
    assert found["shipments"]["cost_cents"].to_list() == plan.shipments["cost_cents"].tolist()
    assert found["shipments"]["freight"].to_list() == plan.shipments["freight"].tolist()
    assert found["allocations"]["units"].sum() == plan.allocations["units"].sum()
    assert found["shortages"]["units"].sum() == plan.shortages["units"].sum()
    ledger = rows(shop_url, "SELECT COUNT(*), SUM(shipments) FROM ledger")
    assert ledger == [(-(-world.orders.rows // 7), plan.shipments.rows)]
    assert rows(shop_url, "SELECT COUNT(*) FROM partitions") == [(0,)]


def test_out_writes_what_the_database_has(
    omnisource: Omnisource, shop_url: str, here: Path
) -> None:
    words = ("allocate", "--db", shop_url, "--run", "r", "--solver", "cheapest", "--out", "out")
    assert omnisource(*words).code == 0
    sent = pl.read_csv(here / "out" / "shipments.csv")
    assert sent["units"].sum() == rows(shop_url, "SELECT SUM(units) FROM shipments")[0][0]
    run = json.loads((here / "out" / "run.json").read_text())
    assert run["run"] == "r"
    said = omnisource("explain", sent["order"][0], "--run", "out")
    assert said.code == 2
    assert "was written into a database" in said.err


def test_a_dry_run_leaves_the_database_as_it_is(
    omnisource: Omnisource, shop_url: str, here: Path
) -> None:
    words = ("allocate", "--db", shop_url, "--solver", "cheapest", "--dry-run", "--out", "out")
    said = omnisource(*words)
    assert said.code == 0
    assert "Nothing was written: this was a dry run." in " ".join(said.out.split())
    assert rows(shop_url, "SELECT COUNT(*) FROM runs") == [(0,)]
    assert not (here / "out").exists()


# what is left is read


def test_a_second_night_leaves_allocated_orders_and_their_stock_alone(shop_url: str) -> None:
    first = run_stored_night(shop_url, BY_RULE, run="one", size=7)
    before = rows(shop_url, "SELECT * FROM shipments ORDER BY shipment")
    left = connect(shop_url)
    assert left.orders.rows == first.measures.orders - len(
        rows(shop_url, "SELECT 1 FROM orders WHERE status = 'allocated'")
    )
    second = run_stored_night(shop_url, BY_RULE, run="two", size=7)
    assert second.measures.shortage_units == first.measures.shortage_units
    assert rows(shop_url, "SELECT * FROM shipments WHERE run = 'one' ORDER BY shipment") == before
    assert_conserved(shop_url)


def test_the_rest_of_an_order_is_served_when_goods_have_come(
    small_url: Callable[..., str],
) -> None:
    url = small_url(A=3, B=2)
    run_stored_night(url, BY_RULE, run="monday")
    assert [row[0] for row in rows(url, "SELECT SUM(units) FROM shortages")] == [1]
    assert connect(url).lines["units"].tolist() == [1]
    rows(url, "UPDATE stock SET on_hand = on_hand + 5 WHERE sku = 'A'")
    run_stored_night(url, BY_RULE, run="tuesday")
    assert rows(url, "SELECT COUNT(*) FROM orders WHERE status = 'open'") == [(0,)]
    assert_conserved(url)
    third = run_stored_night(url, BY_RULE, run="wednesday")
    assert (third.measures.orders, third.written) == (0, Written(0, 0, 0))
    assert rows(url, "SELECT DISTINCT status FROM runs") == [("done",)]


def test_receipts_that_are_due_are_sold_once(small_url: Callable[..., str]) -> None:
    url = small_url(A=4, B=1)
    run_stored_night(url, BY_RULE, run="monday")
    assert rows(url, "SELECT on_hand, reserved FROM stock WHERE sku = 'B'") == [(1, 3)]
    world = connect(url)
    assert world.stock["on_hand"].tolist() == [0, -2]
    assert world.lines["units"].tolist() == [1]
    second = run_stored_night(url, BY_RULE, run="tuesday")
    assert second.written == Written(0, 0, 0)


def test_a_day_has_no_more_capacity_for_a_second_night(small_url: Callable[..., str]) -> None:
    url = small_url(A=4, B=2)
    run_stored_night(url, BY_RULE, run="monday")
    assert connect(url).nodes["orders_per_day"].tolist() == [2]


# what has been sold meanwhile


def planned(url: str) -> tuple[Any, Any]:
    world = connect(url)
    return world, allocate(world, solver="cheapest")


def test_an_order_whose_stock_was_sold_falls_out_and_the_others_go_on(
    small_url: Callable[..., str],
) -> None:
    url = small_url(A=4, B=2)
    world, plan = planned(url)
    rows(url, "UPDATE stock SET reserved = reserved + 1, version = version + 1 WHERE sku = 'A'")
    done = commit_plan(world, plan, "monday")
    assert done == Written(orders=2, shipments=2, fallen=1)
    assert read_fallen(world.database, "monday") == (
        ("o2", "W has 3 units of A left, where 4 were planned"),
    )
    assert rows(url, "SELECT \"order\", status, version FROM orders ORDER BY 1") == [
        ("o1", "allocated", 1), ("o2", "open", 0), ("o3", "allocated", 1),
    ]  # fmt: skip
    rows(url, "UPDATE stock SET reserved = reserved - 1 WHERE sku = 'A'")
    assert_conserved(url)
    assert connect(url).orders["order"].tolist() == ["o2"]


def test_units_of_an_order_that_fell_out_are_there_for_the_next(
    small_url: Callable[..., str],
) -> None:
    url = small_url(A=4, B=2)
    world, plan = planned(url)
    rows(url, "UPDATE stock SET on_hand = 2 WHERE sku = 'A'")
    rows(url, "UPDATE stock SET on_hand = 0 WHERE sku = 'B'")
    commit_plan(world, plan, "monday")
    assert rows(url, 'SELECT "order" FROM shipments ORDER BY 1') == [("o1",), ("o3",)]
    assert_conserved(url)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE orders SET status = 'cancelled'", "it is cancelled meanwhile"),
        ("UPDATE orders SET version = version + 1", "it has been changed meanwhile"),
        ("DELETE FROM orders", "it is no longer there"),
    ],
)
def test_an_order_that_was_changed_falls_out(
    small_url: Callable[..., str], change: str, reason: str
) -> None:
    url = small_url(A=4, B=4)
    world, plan = planned(url)
    rows(url, f"{change} WHERE \"order\" = 'o2'")
    assert commit_plan(world, plan, "monday").fallen == 1
    assert read_fallen(world.database, "monday") == (("o2", reason),)
    assert_conserved(url)


def test_of_two_nights_that_read_the_same_orders_one_serves_each(shop_url: str) -> None:
    one, other = planned(shop_url), planned(shop_url)
    first = commit_plan(*one, "one", size=5)
    second = commit_plan(*other, "other", size=5)
    assert first.fallen == 0
    assert second.orders == 0
    assert second.fallen == first.orders
    assert_conserved(shop_url)


@pytest.mark.parametrize("names", [("one", "other"), ("same", "same")])
def test_nights_that_are_written_side_by_side_do_no_harm(
    shop_url: str, names: tuple[str, str]
) -> None:
    nights = [(*planned(shop_url), name) for name in names]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda night: commit_plan(*night, size=2), nights))
    assert_conserved(shop_url)
    served = rows(shop_url, 'SELECT "order" FROM shipments GROUP BY "order"')
    assert len(served) == sum(done[i].orders for i in range(len(set(names))))
    twice = 'SELECT "order" FROM shipments GROUP BY "order" HAVING COUNT(DISTINCT run) > 1'
    assert rows(shop_url, twice) == []


# the same run again


def test_the_same_run_again_writes_nothing_and_says_the_same(
    omnisource: Omnisource, shop_url: str
) -> None:
    words = ("allocate", "--db", shop_url, "--run", "r", "--solver", "cheapest", "--json")
    first, again = omnisource(*words), omnisource(*words)
    assert again.code == 0
    drop = {"seconds"}
    assert {k: v for k, v in again.document.items() if k not in drop} == {
        k: v for k, v in first.document.items() if k not in drop
    }
    assert_conserved(shop_url)


def test_a_night_without_a_name_gets_one_that_stands_for_it(shop_url: str) -> None:
    first = run_stored_night(shop_url, BY_RULE)
    assert len(first.run) == 12
    assert rows(shop_url, "SELECT run, status FROM runs") == [(first.run, "done")]


def test_a_run_that_was_asked_for_in_another_way_is_refused(
    omnisource: Omnisource, shop_url: str
) -> None:
    words = ("allocate", "--db", shop_url, "--run", "r", "--quiet", "--solver")
    assert omnisource(*words, "cheapest").code == 0
    said = omnisource(*words, "nearest")
    assert said.code == 2
    assert "run r was asked for with solver cheapest, not nearest" in said.err


def half_written(url: str) -> None:
    """Leave behind what a process leaves that is killed after two partitions."""
    world, plan = planned(url)
    start_run(world.database, "half", BY_RULE.options(), world.digest)
    keep_plan(world, plan, "half", plan_document(world, plan, rejected=0), size=10)
    clock = Clock(str(world.scenario.now.date()), world.now)
    assert write_partition(world.database, "half", 0, clock)
    assert write_partition(world.database, "half", 3, clock)
    assert not write_partition(world.database, "half", 3, clock)


def test_a_run_that_is_half_written_is_finished_by_its_name_only(
    databases: Any, shop_url: str, shop: Path
) -> None:
    half_written(shop_url)
    with pytest.raises(UnusableInput, match="run half is not written to the end: `--run half`"):
        run_stored_night(shop_url, BY_RULE)
    run_stored_night(shop_url, BY_RULE, run="half")
    whole = databases.empty()
    load_into(load_world(shop), whole)
    run_stored_night(whole, BY_RULE, run="half", size=10)
    for table in ("shipments", "allocations", "shortages", "orders", "lines", "stock", "ledger"):
        statement = f"SELECT * FROM {table}"
        assert sorted(rows(shop_url, statement), key=str) == sorted(rows(whole, statement), key=str)


def test_orders_that_changed_since_a_run_was_started_are_read_anew(shop_url: str) -> None:
    world = connect(shop_url)
    start_run(world.database, "r", BY_RULE.options(), world.digest)
    rows(shop_url, "UPDATE orders SET status = 'cancelled' WHERE row = 0")
    night = run_stored_night(shop_url, BY_RULE, run="r")
    assert "orders or stock have changed since run r was started" in "".join(night.remarks())
    assert night.measures.orders == world.orders.rows - 1
    assert night.written.fallen == 0
