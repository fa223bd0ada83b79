"""`omnisource order …`: an order's life on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.stored import load_into

AT = ("--now", "2025-03-10T09:00:00Z", "--json", "--quiet")


@pytest.fixture
def db(shop: Path, here: Path) -> Path:
    load_into(load_world(shop), str(here / "shop.db"))
    sku = load_world(shop).products["sku"][0]
    body = {
        "order": {"order": "n1", "placed_at": "2025-03-10T09:00:00Z", "country": "DE",
                  "postcode": "10115", "lat": 52.5, "lon": 13.4},
        "lines": [{"line": "a", "sku": sku, "units": 2, "price_cents": 999}],
        "terms": {"charges": [{"kind": "fee", "cents": 395}], "tax": 1900},
    }  # fmt: skip
    (here / "order.json").write_text(json.dumps(body))
    return here / "shop.db"


def test_an_order_lives_from_the_command_line(omnisource: Any, db: Path) -> None:
    said = omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT)
    assert said.code == 0
    assert said.document["state"] == "allocated"
    for verb in ("release", "pick", "pack", "ship"):
        said = omnisource("order", verb, "n1", "--db", db, "--key", verb, *AT)
        assert said.code == 0, said.err
    assert said.document["state"] == "shipped"
    shown = omnisource("order", "show", "n1", "--db", db, "--json", "--quiet").document
    assert [line["cents"] for line in shown["lines"]] == [2 * 999 + 395]
    assert {shipment["state"] for shipment in shown["shipments"]} == {"shipped"}
    lines = omnisource("order", "events", "--db", db, "--after", 2).out.splitlines()
    assert [json.loads(line)["place"] for line in lines[:2]] == [3, 4]
    assert omnisource("db", "check", "--db", db, "--strict").code == 0


def test_a_no_is_an_answer_and_fails_only_with_strict(omnisource: Any, db: Path) -> None:
    omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT)
    no = omnisource("order", "ship", "n1", "--db", db, "--key", "s", *AT)
    assert no.code == 0
    assert "released" in no.document["legal"]
    no = omnisource("order", "ship", "n1", "--db", db, "--key", "s", "--strict", *AT)
    assert no.code == 3


def test_a_change_is_quoted_then_accepted(omnisource: Any, db: Path, here: Path) -> None:
    omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT)
    (here / "less.json").write_text('{"cancel": {"a": 1}}')
    offer = omnisource("order", "change", "n1", "less.json", "--db", db, *AT).document
    assert offer["difference_cents"] == -(999 + 197)
    how = ("--accept", offer["quote"], "--key", "c")
    said = omnisource("order", "change", "n1", "less.json", "--db", db, *how, *AT)
    assert said.document["events"] == ["cancelled"]
    assert omnisource("order", "change", "n1", "less.json", "--db", db, "--accept", "x").code == 2


def test_what_goes_wrong_has_its_verbs(omnisource: Any, db: Path) -> None:
    placed = omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT).document
    shipment = ("--shipment", placed["shipments"][0])
    said = omnisource("order", "decline", "n1", "--db", db, "--key", "d", *shipment, *AT)
    assert said.document["events"][0] == "declined"
    said = omnisource("order", "trouble", "--db", db, "--key", "t", "--silent", 60, *AT)
    assert said.document["persons"] == []
    said = omnisource("order", "cancel", "n1", "--db", db, "--key", "c", *AT)
    assert said.document["state"] == "cancelled"
    back = ("--line", "a", "--units", 1, "--node", "x")
    assert omnisource("order", "return", "n1", "--db", db, "--key", "r", *back, *AT).code == 0


def test_a_decision_is_explained_from_its_record(omnisource: Any, db: Path) -> None:
    placed = omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT).document
    said = omnisource("explain", "n1", "--db", db, *AT[2:]).document
    assert said["decision"]["what"] == "placed"
    assert [shipment["node"] for shipment in said["shipments"]] != []
    event = said["decision"]["event"]
    assert omnisource("explain", "n1", "--db", db, "--event", event, *AT[2:]).document == said
    assert omnisource("explain", "n1", "--db", db, "--event", 99).code == 2
    assert omnisource("explain", "n1", "--event", 1).code == 2
    assert omnisource("order", "explain", "n1", "--db", db, *AT[2:]).document == said
    assert placed["shipments"]


def test_what_waits_is_told_when_its_goods_are_due(omnisource: Any, db: Path) -> None:
    said = omnisource("order", "backorders", "--db", db, "--key", "b", *AT).document
    assert said == {"orders": [], "expected": []}
    how = ("--db", db, "--key", "l", "--lane", "x")
    assert omnisource("order", "trouble", *how).code == 2  # NODE:SERVICE is asked for


def test_trouble_that_is_misspelt_changes_nothing(omnisource: Any, db: Path) -> None:
    omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT)
    seen = omnisource("order", "track", "n1", "--db", db, *AT).document
    how = ("--db", db, "--key", "t", "--down", seen["shipments"][0]["node"])
    assert omnisource("order", "trouble", *how, "--unserved", "n1", *AT[:2]).code == 2
    assert omnisource("order", "track", "n1", "--db", db, *AT).document == seen
    said = omnisource("order", "trouble", *how, *AT[:2])
    assert "1 orders were sourced again." in said.out
    said = omnisource("order", "trouble", *how[:4], "--unserved", "n1:none", *AT[:2])
    assert (said.code, "there is no service none" in said.err) == (2, True)


def test_an_order_is_followed_from_the_command_line(omnisource: Any, db: Path, here: Path) -> None:
    placed = omnisource("order", "place", "order.json", "--db", db, "--key", "p", *AT).document
    [shipment] = placed["shipments"]
    node = omnisource("order", "track", "n1", "--db", db, *AT).document["shipments"][0]["node"]
    [todo] = omnisource("order", "work", node, "--db", db, *AT).document["items"]
    assert (todo["order"], todo["next"]) == ("n1", "release")
    for verb in ("release", "pick", "pack", "ship"):
        omnisource("order", verb, "n1", "--db", db, "--key", verb, *AT)
    late = ("delayed", "--due", "2025-04-01T12:00:00Z", "--key", "c", "--cause", "snow")
    said = omnisource("order", "parcel", "n1", shipment, *late, "--db", db, *AT)
    assert said.document["promise_at"] == "2025-04-01T12:00:00Z"
    told = omnisource("order", "story", "n1", "--db", db, "--now", AT[1])
    assert "promise changed" in told.out
    assert "snow" in told.out
    assert omnisource("order", "work", node, "--db", db, "--now", AT[1]).code == 0
    assert "nothing" in omnisource("order", "track", "n1", "--db", db, "--now", AT[1]).out
    (here / "key").write_text("k" * 32)
    path = omnisource("order", "link", "tracking", "n1", "--key-file", "key").out
    assert path.startswith("/see/t.")


def test_an_order_that_is_not_there_is_unusable(omnisource: Any, db: Path) -> None:
    for verb in ("show", "track", "story"):
        said = omnisource("order", verb, "nobody", "--db", db)
        assert said.code == 2
    assert "there is no order nobody" in said.err


def test_orders_live_at_random_for_a_bench(omnisource: Any, here: Path) -> None:
    said = omnisource(
        "bench", "life", "--orders", 12, "--nodes", 6, "--strict", "--json", "--quiet"
    )
    assert said.code == 0
    assert [found["rule"] for found in said.document] == ["oracle", "nearest"]
    assert {found["database"] for found in said.document} == {"SQLite"}
    assert all(found["faults"] == [] for found in said.document)
    assert not list(here.iterdir())
