"""A sound folder, and the same rows given from Python."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Delivery, Line, Order
from omnisource.models.policy import Policy
from omnisource.models.product import BundlePart, Product
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Allotment, Receipt, StockCell
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.folder.columns import TABLES, columns_of, dtypes_of
from omnisource.orchestrator.folder.load import load, load_world, world_of

NOON = "2025-01-06T12:00:00+01:00"
MINUTE = 28_936_020  # 2025-01-06 11:00 UTC

ROWS = {
    "nodes": (
        Node(node="S", kind="store", lat=52.5, lon=13.4, pickup=True, cutoff="14:30", safety=2),
        Node(node="W", kind="warehouse", lat=50, lon=8, timezone="Europe/Berlin", calendar="DE-HE"),
        Node(node="H", kind="hub", lat=51, lon=9, name='the "hub", in Hesse'),
    ),
    "services": (
        Service(service="std", kind="parcel", dim_divisor=5000, grams_co2_per_kg_km=0.1),
        Service(service="truck", kind="transfer"),
    ),
    "zones": (
        ZoneRule(service="std", zone="near", up_to_km=100, transit_days=1),
        ZoneRule(service="std", node="W", country="DE", zone="far", transit_days=2),
    ),
    "tariffs": (
        TariffStep(service="std", zone="near", up_to_grams=1000, cents=300),
        TariffStep(service="std", zone="far", up_to_grams=1000, cents=400),
    ),
    "lanes": (Lane(from_node="W", to_node="S", service="truck", transit_minutes=300),),
    "products": (
        Product(sku="0012", grams=500, name="Ä, ö\nand ü"),
        Product(sku="B", grams=100, ships_alone=True),
    ),
    "bundles": (BundlePart(bundle="set", sku="B"), BundlePart(bundle="set", sku="0012")),
    "stock": (
        StockCell(node="W", sku="B", on_hand=5, safety=1, unit_cost_cents=-7, counted_at=NOON),
        StockCell(node="S", sku="B", on_hand=0),
    ),
    "allotments": (Allotment(node="W", sku="B", channel="web", units=3),),
    "receipts": (Receipt(node="W", sku="0012", units=9, due=NOON),),
    "orders": (
        Order(order="o2", placed_at=NOON, country="DE", postcode="01067", promised_by=NOON),
        Order(order="o1", placed_at=NOON, mode="collect", pickup_node="S", max_shipments=1),
    ),
    "lines": (
        Line(order="o1", line="b", sku="B", units=2),
        Line(order="o2", line="1", sku="0012", units=1, bundle="set"),
        Line(order="o1", line="a", sku="0012", units=1),
    ),
    "deliveries": (
        Delivery(shipment="d", node="W", service="std", placed_at=NOON, shipped_at=NOON),
    ),
}


def write(folder: Path, kind: str) -> Path:
    (folder / "scenario.toml").write_text('name = "test"\n[policy]\nlate_cents = 50\n')
    for table, rows in ROWS.items():
        records = [list(row.model_dump().values()) for row in rows]
        frame = pl.DataFrame(records, schema=dict(dtypes_of(table)), orient="row")
        path = folder / f"{table}.{kind}"
        if kind == "csv":
            frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%z")
        else:
            frame.write_parquet(path)
    return folder


@pytest.fixture
def world() -> World:
    scenario = Scenario(name="test", policy=Policy(late_cents=50))
    return world_of(scenario, **ROWS)


def same(one: World, other: World) -> bool:
    for table in TABLES:
        left, right = getattr(one, table), getattr(other, table)
        assert list(left) == list(right) == list(columns_of(table))
        for name in left:
            assert left[name].dtype == right[name].dtype, (table, name)
            np.testing.assert_array_equal(left[name], right[name], err_msg=f"{table}.{name}")
    return one.scenario == other.scenario


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_is_the_world_of_its_rows(tmp_path: Path, world: World, kind: str) -> None:
    loaded = load(write(tmp_path, kind), strict=True)
    assert same(loaded.world, world)
    assert loaded.rejected == 0
    assert loaded.warnings == ()
    assert all(loaded.counts[table].read == len(rows) for table, rows in ROWS.items())
    assert same(load_world(tmp_path), world)


def test_references_are_row_numbers_and_choices_are_codes(world: World) -> None:
    assert world.stock["node"].tolist() == [1, 0]
    assert world.zones["node"].tolist() == [-1, 1]
    assert world.nodes["kind"].tolist() == [1, 0, 3]
    assert world.orders["pickup_node"].tolist() == [-1, 0]
    assert world.orders["mode"].tolist() == [0, 1]
    assert world.lines["bundle"].tolist() == ["set", "", ""]


def test_lines_stand_in_the_order_of_their_orders(world: World) -> None:
    assert world.lines["order"].tolist() == [0, 1, 1]
    assert world.lines["line"].tolist() == ["1", "b", "a"]


def test_times_are_minutes_and_what_is_absent_says_so(world: World) -> None:
    assert world.orders["placed_at"].tolist() == [MINUTE, MINUTE]
    assert world.orders["promised_by"].tolist() == [MINUTE, ABSENT]
    assert world.nodes["cutoff"].tolist() == [870, ABSENT, ABSENT]
    assert world.stock["safety"].tolist() == [1, ABSENT]
    assert np.isnan(world.orders["lat"]).all()
    assert world.orders["country"].tolist() == ["DE", ""]


def test_a_hub_never_ships(world: World) -> None:
    assert world.nodes["ships"].tolist() == [True, True, False]


def test_leading_zeros_stay(world: World) -> None:
    assert world.products["sku"].tolist() == ["0012", "B"]
    assert world.orders["postcode"][0] == "01067"


def test_columns_are_read_only(world: World) -> None:
    with pytest.raises(ValueError, match="read-only"):
        world.stock["on_hand"][0] = 1


def test_the_world_of_nothing_is_empty() -> None:
    world = world_of()
    assert world.orders.rows == 0
    assert world.lines["order"].dtype == np.int32


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("stock", StockCell(node="X", sku="B", on_hand=1), "stock, row 3, node: 'X': no node"),
        ("stock", StockCell(node="H", sku="B", on_hand=1), "a hub keeps no stock"),
        ("stock", StockCell(node="S", sku="B", on_hand=1), "the same node and sku"),
        ("lines", Line(order="o1", line="c", sku="b", units=1), "is it 'B'"),
        ("lines", Line(order="o1", line="c", sku="B", units=1, bundle="no"), "no bundle of that"),
        ("zones", ZoneRule(service="std", zone="sea", transit_days=9), "no tariff step"),
        ("orders", Order(order="o3", placed_at=NOON, country="DE", postcode="1"), "has no line"),
    ],
)
def test_rows_from_python_that_do_not_fit_are_refused(table: str, row: object, said: str) -> None:
    rows = {**ROWS, table: (*ROWS[table], row)}
    with pytest.raises(UnusableInput, match=said):
        world_of(**rows)
