"""What comes in over HTTP goes to who waits for it, at once and once."""

from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.orchestrator.serve import sharing


def waits(shop: Any, words: Any, name: str = "c1", **basket: int) -> None:
    """An order of what nobody has, or has enough of."""
    body = words.order(name, **(basket or {"C": 1}))
    assert shop.ask("POST", "/v1/orders", body).status_code == 201


def comes(shop: Any, kind: str, units: int, sku: str = "C", **more: Any) -> None:
    """W says what has come of a product, or what it has counted."""
    said = {"node": "W", "sku": sku, "sequence": 1, "kind": kind, "units": units}
    body = {"messages": [said]}
    assert shop.ask("POST", "/v1/stock", body, by="admin", **more).status_code == 200
    shared(shop)


def shared(shop: Any) -> None:
    """Wait until what has come is shared out."""
    end = monotonic() + 60
    while shop.worker.sharing.is_busy and monotonic() < end:
        sleep(0.01)
    assert not shop.worker.sharing.is_busy


def seen(shop: Any, name: str = "c1") -> tuple[str, list[str], list[str]]:
    """State, kinds of events, and the causes of those that were told by stock."""
    found = shop.ask("GET", f"/v1/orders/{name}/story", by="planner").json()
    by_stock = [each for each in found["events"] if each.get("actor") == "stock"]
    kinds = [each["kind"] for each in found["events"]]
    return found["state"]["state"], kinds, [each["cause"] for each in by_stock]


def test_units_that_come_go_to_who_waits_for_them(either: Any, words: Any) -> None:
    waits(either, words)
    assert seen(either)[0] == "backordered"
    comes(either, "delta", 2)
    state, kinds, causes = seen(either)
    assert (state, kinds[-2:]) == ("allocated", ["allocated", "promised"])
    assert set(causes) == {"it has come"}


def test_a_count_that_finds_more_goes_to_who_is_first_and_said_again_to_nobody(
    either: Any, words: Any
) -> None:
    for name in ("c1", "c2"):
        waits(either, words, name)
    for _ in range(2):
        comes(either, "snapshot", 1, key="k")
    assert [seen(either, name)[0] for name in ("c1", "c2")] == ["allocated", "backordered"]
    assert len(seen(either, "c1")[1]) == 4


def test_who_waits_for_what_is_due_is_promised_a_day_and_told_when_it_moves(
    shop: Any, words: Any
) -> None:
    """B: one in W and nine in D; three are due at W on the 8th, two days by post: the 10th."""
    waits(shop, words, "b1", B=12)
    moved = [{"node": "W", "sku": "B", "sequence": 1, "kind": "snapshot",
              "expected": [{"units": 3, "due": f"2025-01-{day}T00:00:00Z"}]}
             for day in ("08", "11")]  # fmt: skip
    for sequence, each in enumerate(moved):
        body = {"messages": [each | {"sequence": sequence}]}
        assert shop.ask("POST", "/v1/receipts", body, by="admin").status_code == 200
        shared(shop)
    _, kinds, causes = seen(shop, "b1")
    assert kinds[-2:] == ["promised", "promise_changed"]
    assert causes == [f"2 of B due at W on 2025-01-{day}, place 1 in turn" for day in ("08", "11")]


def test_left_to_be_asked_for_it_is_shared_out_by_who_starts(open_shop: Any, words: Any) -> None:
    shop = open_shop(backorders="asked")
    waits(shop, words)
    comes(shop, "delta", 1)
    assert seen(shop)[0] == "backordered"
    shop = open_shop()
    waits(shop, words)
    with shop.worker.desk.database.writing() as connection:
        connection.execute(text("UPDATE stock SET sku = 'C' WHERE sku = 'A' AND node = 'S'"))
    sharing.begin_sharing(shop.worker)
    shared(shop)
    assert seen(shop)[0] == "allocated"


def test_what_could_not_be_shared_out_is_shared_with_what_comes_next(
    shop: Any, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits(shop, words)
    with monkeypatch.context() as broken:
        broken.setattr(sharing, "share_out", lambda *_: 1 / 0)
        comes(shop, "delta", 1)
    assert seen(shop)[0] == "backordered"
    comes(shop, "delta", 1, sku="A")
    assert seen(shop)[0] == "allocated"
