from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnisource.orchestrator.folder.columns import TABLES
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.synthetic.generate import Generated, generate
from omnisource.scenarios.demo.build import FOLDER, build
from omnisource.solvers.compile.available import cells

ORDERS = 1_000


def contents(folder: Path) -> dict[str, bytes]:
    files = [*folder.glob("*.csv"), *folder.glob("*.parquet"), *folder.glob("*.toml")]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, orders=ORDERS, nodes=60, seed=3)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("made"), orders=ORDERS, nodes=60, seed=3)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    tmp_path: Path, format: str
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, orders=200, nodes=20, seed=seed, format=format)  # type: ignore[arg-type]
    one, same, other = (contents(tmp_path / name) for name in "abc")
    assert one == same
    assert all(one[name] != other[name] for name in (f"orders.{format}", f"stock.{format}"))


def test_a_generated_folder_loads_without_a_complaint(folder: Path) -> None:
    loaded = load(folder)
    assert loaded.rejected == 0
    assert loaded.warnings == ()


def test_tables_have_exactly_the_columns_of_a_scenario_folder(made: Generated) -> None:
    wrong = {
        name: table.columns
        for name, table in made.tables.items()
        if table.columns != list(TABLES[name].model_fields)
    }
    assert wrong == {}


def test_there_are_as_many_orders_lines_and_nodes_as_asked_for(made: Generated) -> None:
    assert made.tables["orders"].height == ORDERS
    assert made.tables["lines"].height == round(2.2 * ORDERS)
    assert made.tables["nodes"].height == 60


def test_one_line_in_ten_finds_its_cheapest_cell_too_small(made: Generated) -> None:
    assert made.facts["overflow"] == pytest.approx(0.10, abs=0.02)


def test_no_line_lacks_stock_where_nothing_is_contested(tmp_path: Path) -> None:
    assert generate(tmp_path, orders=300, nodes=20, contested=0.0).facts["overflow"] == 0


def test_scarcer_stock_is_less_stock(tmp_path: Path) -> None:
    tight, ample = (
        generate(tmp_path / str(scarcity), orders=500, nodes=30, scarcity=scarcity, contested=1.0)
        for scarcity in (0.7, 2.0)
    )
    units = [made.tables["stock"]["on_hand"].sum() for made in (tight, ample)]
    assert units[0] < units[1]


def test_a_contested_product_has_stock_for_twice_its_orders_and_no_more(folder: Path) -> None:
    world = load(folder).world
    stock = cells(world)
    available = np.bincount(stock.sku, stock.units, world.products.rows)
    asked = np.bincount(world.lines["sku"], world.lines["units"], world.products.rows)
    scarce = (asked >= 10) & (available <= 2.05 * asked)
    assert scarce.sum() >= 5
    assert (available >= asked).all()


def test_who_collects_finds_it_all_in_the_store_if_nobody_else_takes_it(folder: Path) -> None:
    world = load(folder).world
    stock = cells(world)
    held = dict(zip(zip(stock.node, stock.sku, strict=True), stock.units, strict=True))
    order = world.lines["order"]
    there = np.isin(world.orders["mode"], (1, 3))[order]
    node = world.orders["pickup_node"][order[there]]
    asked: dict[tuple[int, int], int] = {}
    for key in zip(node, world.lines["sku"][there], world.lines["units"][there], strict=True):
        asked[key[:2]] = asked.get(key[:2], 0) + key[2]
    assert len(asked) > 50
    assert all(held[key] >= units for key, units in asked.items())


def test_no_product_stands_twice_in_an_order(made: Generated) -> None:
    assert made.tables["lines"].select("order", "sku").is_duplicated().sum() == 0


def test_a_product_lies_at_about_as_many_nodes_as_asked_for(tmp_path: Path) -> None:
    stock = generate(tmp_path, orders=300, nodes=100, reach=30).tables["stock"]
    reach = stock.group_by("sku").len()["len"].to_numpy()
    assert reach.mean() == pytest.approx(30, rel=0.02)
    assert (reach.min(), reach.max()) == (15, 45)


def test_the_share_of_large_baskets_is_a_knob(tmp_path: Path) -> None:
    lines = generate(tmp_path, orders=1_000, nodes=20, large=0.05, lines_per_order=3).tables[
        "lines"
    ]
    size = lines.group_by("order").len()["len"]
    assert (size > 8).mean() == pytest.approx(0.05, abs=0.02)
    assert size.max() <= 40


def test_some_cells_cost_extra_and_some_save_money(made: Generated) -> None:
    extra = made.tables["stock"]["unit_cost_cents"]
    assert extra.min() < 0 < extra.max()


def test_the_usual_network_has_5_warehouses_200_stores_and_20_dropshippers(
    tmp_path: Path,
) -> None:
    kinds = generate(tmp_path, orders=20).tables["nodes"]["kind"].to_list()
    counts = [kinds.count(kind) for kind in ("warehouse", "store", "dropshipper")]
    assert counts == [5, 200, 20]


def test_only_dropshippers_have_no_limit(made: Generated) -> None:
    nodes = made.tables["nodes"]
    unlimited = nodes.filter(pl.col("orders_per_day").is_null())["kind"].unique().to_list()
    assert unlimited == ["dropshipper"]


def test_too_small_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 order and 3 nodes"):
        generate(tmp_path, orders=1, nodes=2)


def test_the_demo_is_what_its_builder_writes(tmp_path: Path) -> None:
    build(tmp_path)
    assert contents(tmp_path) == contents(FOLDER)


def test_the_demo_is_small_and_loads_without_a_complaint() -> None:
    assert sum(len(content) for content in contents(FOLDER).values()) < 200_000
    assert load(FOLDER).rejected == 0
