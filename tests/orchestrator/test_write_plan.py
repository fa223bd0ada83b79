"""A plan as files: names and times for people, whole or not at all."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnisource.models.network import Node, Service
from omnisource.models.order import Line, Order
from omnisource.models.plan import Plan
from omnisource.models.product import Product
from omnisource.models.world import Table, World
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.write import replacing, write_plan

NOON = "2025-01-06T12:00:00+01:00"
MINUTE = 28_936_020  # 2025-01-06 11:00 UTC


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def rows(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


@pytest.fixture
def world() -> World:
    return world_of(
        nodes=[Node(node="W", kind="warehouse", lat=50, lon=8)],
        services=[Service(service="std", kind="parcel")],
        products=[Product(sku="01", grams=5), Product(sku="B", grams=5)],
        orders=[
            Order(order="o1", placed_at=NOON, country="DE", postcode="1"),
            Order(order="o2", placed_at=NOON, country="DE", postcode="1"),
        ],
        lines=[
            Line(order="o1", line="x", sku="01", units=1),
            Line(order="o2", line="y", sku="B", units=3),
        ],
    )


@pytest.fixture
def plan() -> Plan:
    shipments = {
        "order": rows(0), "node": rows(0), "service": rows(-1), "units": ints(1),
        "arrives": ints(MINUTE), "cost_cents": ints(450),
    }  # fmt: skip
    allocations = {
        "shipment": rows(0), "order": rows(0), "line": rows(0), "sku": rows(0), "node": rows(0),
        "units": ints(1),
    }  # fmt: skip
    shortages = {"order": rows(1), "line": rows(1), "sku": rows(1), "units": ints(3)}
    prices = {
        "resource": np.array(["cell", "node"], object), "node": rows(0, 0), "sku": rows(0, -1),
        "cents": np.array([1.5, 0.0]),
    }  # fmt: skip
    return Plan(
        shipments=Table(shipments), allocations=Table(allocations), shortages=Table(shortages),
        prices=Table(prices), bill={"freight": 450, "shortage": 150}, solver="joint",
        status="feasible", bound_cents=600, facts={"seed": np.int64(7), "seconds": {"load": 0.5}},
    )  # fmt: skip


def test_names_stand_where_the_plan_has_row_numbers(
    world: World, plan: Plan, tmp_path: Path
) -> None:
    write_plan(world, plan, tmp_path / "out")
    text = {path.stem: path.read_text().splitlines() for path in (tmp_path / "out").glob("*.csv")}
    assert text["shipments"] == [
        "shipment,order,node,service,units,arrives,cost_cents",
        "0,o1,W,,1,2025-01-06T11:00:00Z,450",
    ]
    assert text["allocations"] == ["shipment,order,line,sku,node,units", "0,o1,x,01,W,1"]
    assert text["shortages"] == ["order,line,sku,units", "o2,y,B,3"]
    assert text["prices"] == ["resource,node,sku,cents", "cell,W,01,1.5", "node,W,,0.0"]


def test_run_json_says_what_the_night_costs(world: World, plan: Plan, tmp_path: Path) -> None:
    write_plan(world, plan, tmp_path)
    run = json.loads((tmp_path / "run.json").read_text())
    assert (run["cost_cents"], run["bound_cents"], run["gap"]) == (600, 600, 0.0)
    assert run["bill"] == {"freight": 450, "shortage": 150}
    assert (run["orders"], run["lines"], run["shipments"], run["shortage_units"]) == (2, 2, 1, 3)
    assert (run["seed"], run["seconds"]) == (7, {"load": 0.5})


def test_parquet_keeps_the_types(world: World, plan: Plan, tmp_path: Path) -> None:
    write_plan(world, plan, tmp_path, format="parquet")
    frame = pl.read_parquet(tmp_path / "shipments.parquet")
    assert frame.schema["arrives"] == pl.Datetime("ms", "UTC")
    assert frame["order"].to_list() == ["o1"]


def test_no_other_format_is_written(world: World, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="csv and parquet"):
        write_plan(world, plan, tmp_path / "out", format="xlsx")
    assert not (tmp_path / "out").exists()


def test_a_crash_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("old")

    def crash() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]
    assert path.read_text() == "old"
