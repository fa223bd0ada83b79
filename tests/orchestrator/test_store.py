"""A scenario in a database: what is read is what was loaded, and what cannot be used is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from omnisource.models.base import UnusableInput
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.product import Product
from omnisource.models.stock import Receipt, StockCell
from omnisource.models.tables import LAYOUT
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.folder.columns import TABLES, columns_of
from omnisource.orchestrator.folder.load import load_world, world_of
from omnisource.orchestrator.store.database import open_database, parse_url
from omnisource.orchestrator.stored import connect, load_into

Omnisource = Callable[..., Any]
DEMO = Path(__file__).parents[2] / "scenarios" / "demo"


def differences(one: World, other: World) -> set[str]:
    """The columns in which two worlds differ."""
    return {
        f"{table}.{column}"
        for table in TABLES
        for column, values in getattr(one, table).items()
        if not same(values, getattr(other, table)[column])
    }


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def execute(url: str, statement: str, **values: object) -> Any:
    database = open_database(url)
    with database.writing() as connection:
        done = connection.execute(text(statement), values)
        rows = done.all() if done.returns_rows else None
    database.close()
    return rows


def test_a_world_comes_out_as_it_went_in(databases: Any, shop: Path) -> None:
    url = databases.empty()
    for folder in (DEMO, shop):
        world = load_world(folder)
        load_into(world, url, replace=True)
        read = connect(url)
        assert read.scenario == world.scenario
        assert differences(world, read) <= {"stock.safety"}
        stated = world.stock["safety"]
        general = world.nodes["safety"][world.stock["node"]]
        assert (read.stock["safety"] == np.where(stated == ABSENT, general, stated)).all()


def test_opening_hours_and_delivery_days_survive(databases: Any) -> None:
    world = world_of(
        nodes=[
            Node(node="S", kind="store", lat=50, lon=8, hours="Mon-Sat 09:00-20:00",
                 pickup_minutes=120, slot_minutes=30, orders_per_slot=4)
        ],
        services=[
            Service(service="bike", kind="same_day", weekdays="Mon-Fri", order_by="15:00",
                    windows="17:00-19:00,19:00-21:00"),
            Service(service="post", kind="parcel"),
        ],
        zones=[ZoneRule(service="bike", zone="city", transit_days=0, calendar="DE-BE",
                        timezone="Europe/Berlin")],
        tariffs=[TariffStep(service="bike", zone="city", up_to_grams=9, cents=1)],
    )  # fmt: skip
    assert world.services["order_by"].tolist() == [900, ABSENT]
    url = databases.empty()
    load_into(world, url)
    assert differences(world, connect(url)) == set()


def test_what_a_receipt_brings_gets_a_cell_of_its_own(databases: Any) -> None:
    world = world_of(
        nodes=[Node(node="W", kind="warehouse", lat=50, lon=8, safety=2)],
        products=[Product(sku="A", grams=5), Product(sku="B", grams=5)],
        stock=[StockCell(node="W", sku="A", on_hand=3)],
        receipts=[Receipt(node="W", sku="B", units=7, due="2025-01-01T00:00:00Z")] * 2,
    )
    url = databases.empty()
    load_into(world, url)
    read = connect(url)
    assert read.stock["on_hand"].tolist() == [3, 0]
    assert read.stock["safety"].tolist() == [2, 2]
    assert read.receipts["units"].tolist() == [7, 7]
    assert read.receipts["due"].tolist() == world.receipts["due"].tolist()


def test_text_of_every_kind_survives(databases: Any) -> None:
    names = ['"quoted", with a comma', "two\nlines", "50 % \\N", "", "Ä ¼ \U0001f4e6", "null"]
    world = world_of(
        products=[Product(sku=f"0{i}", name=name, grams=1) for i, name in enumerate(names)]
    )
    url = databases.empty()
    load_into(world, url)
    assert connect(url).products["name"].tolist() == names


def test_a_row_that_somebody_broke_is_reported_and_left_out(databases: Any, shop: Path) -> None:
    url = databases.empty()
    load_into(load_world(shop), url)
    execute(url, "UPDATE lines SET sku = 'NOWHERE' WHERE row = 0")
    with pytest.warns(UserWarning, match="lines, row 0, sku: 'NOWHERE': no sku of that name"):
        read = connect(url)
    assert read.line_row.tolist()[0] == 1


@pytest.mark.parametrize("column", ["cutoff", "lat", "calendar"])
def test_absent_values_stay_absent(databases: Any, column: str) -> None:
    assert not columns_of("nodes")["cutoff"].required
    given = {"lat": 50.0, "lon": 8.0, "cutoff": "09:30", "calendar": "DE"}
    full = Node(node="A", kind="store", **given)
    kept = {"lat": 50.0, "lon": 8.0} | {k: v for k, v in given.items() if k != column}
    bare = Node(node="B", kind="store", **kept)
    url = databases.empty()
    world = world_of(nodes=[full, bare])
    load_into(world, url)
    assert differences(world, connect(url)) == set()


# what is refused


def test_a_scenario_is_not_overwritten_unless_told_to(
    omnisource: Omnisource, databases: Any, shop: Path
) -> None:
    url = databases.empty()
    words = ("load", shop, "--db", url)
    said = omnisource(*words, "--json", "--quiet")
    assert said.code == 0
    assert said.document["tables"]["orders"]["used"] == 60
    again = omnisource(*words)
    assert again.code == 2
    assert "--force replaces it" in again.err
    assert omnisource(*words, "--force").code == 0


def test_bad_rows_stay_out_and_are_listed(
    omnisource: Omnisource, databases: Any, flawed: Path
) -> None:
    said = omnisource("load", flawed, "--db", databases.empty(), "--json", "--strict")
    assert said.code == 3
    assert said.document["rejected"] == 2
    assert "NO-SUCH-SKU" in said.err


def test_tables_of_another_program_are_left_alone(databases: Any, shop: Path) -> None:
    url = databases.empty()
    execute(url, "CREATE TABLE orders (number integer)")
    with pytest.raises(UnusableInput, match="not omnisource's: orders; name an empty database"):
        load_into(load_world(shop), url)
    execute(url, "INSERT INTO orders VALUES (1)")


@pytest.mark.parametrize(("version", "remedy"), [(2, "omnisource db upgrade --db"), (9, "newer")])
def test_another_layout_is_refused(databases: Any, shop: Path, version: int, remedy: str) -> None:
    url = databases.empty()
    load_into(load_world(shop), url)
    execute(url, "UPDATE layout SET version = :version", version=version)
    with pytest.raises(
        UnusableInput, match=rf"have layout {version}, .* knows {LAYOUT}; .*{remedy}"
    ):
        connect(url)


def test_a_database_without_a_scenario_says_how_to_load_one(
    omnisource: Omnisource, databases: Any
) -> None:
    url = databases.empty()
    execute(url, "CREATE TABLE other (number integer)")
    said = omnisource("allocate", "--db", url)
    assert said.code == 2
    assert "no scenario has been loaded into it; `omnisource load DIR --db" in said.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nowhere.db", "nowhere.db: there is no such database; `omnisource load DIR --db"),
        ("mysql://host/shop", "--db 'mysql': no such kind of database is known; give a file"),
        ("sqlite://", "it names no database that lasts"),
        ("sqlite:///:memory:", "it names no database that lasts"),
        ("postgresql://host", "it names no database that lasts"),
        ("postgresql://host:x/shop", "this is no URL"),
        ("", "--db '': it is empty"),
        ("scenario.toml", "not a database; name another file"),
        ("postgresql://ann:secret@127.0.0.1:1/shop", "is the server running"),
    ],
)
def test_a_url_that_names_no_database_is_refused(
    omnisource: Omnisource, here: Path, url: str, said: str
) -> None:
    (here / "scenario.toml").write_text("this is no database, though it is long enough\n" * 9)
    result = omnisource("allocate", "--db", url)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "secret" not in result.err


def test_a_folder_that_is_not_there_is_refused(
    omnisource: Omnisource, shop: Path, here: Path
) -> None:
    said = omnisource("load", shop, "--db", here / "no" / "shop.db")
    assert said.code == 2
    assert "is there such a folder" in said.err


def test_a_url_and_a_path_name_the_same_file() -> None:
    assert parse_url("sqlite:///shop.db") == parse_url("shop.db")
    assert parse_url("postgresql+psycopg://ann@db/shop") == parse_url("postgresql://ann@db/shop")


def test_postgresql_without_its_library_says_what_to_install(
    omnisource: Omnisource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    said = omnisource("allocate", "--db", "postgresql://ann@db/shop")
    assert said.code == 2
    assert "pip install 'omnisource[postgres]'" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give a scenario folder DIR, or --db URL"),
        (("shop", "--db", "shop.db"), "give a scenario folder DIR, or --db URL"),
        (("shop", "--run", "x"), "it goes with --db"),
    ],
)
def test_a_night_comes_from_a_folder_or_from_a_database(
    omnisource: Omnisource, here: Path, words: tuple[str, ...], said: str
) -> None:
    result = omnisource("allocate", *words)
    assert result.code == 2
    assert said in " ".join(result.err.split())
    assert list(here.iterdir()) == []
