"""What nodes say of stock, receipts and shipments: late, repeated, reordered, by whom."""

from itertools import permutations
from typing import Any

import pytest

from omnisource.orchestrator.store.session import Statement, session_of

RECEIPTS = Statement("SELECT due, units FROM receipts WHERE node = 'W' AND sku = 'A' ORDER BY due")


def stock(*messages: tuple[int, str, int], node: str = "W", sku: str = "A") -> dict[str, Any]:
    return {"messages": [
        {"node": node, "sku": sku, "sequence": sequence, "kind": kind, "units": units}
        for sequence, kind, units in messages
    ]}  # fmt: skip


def receipts(*messages: tuple[int, str, dict[int, int]], node: str = "W") -> dict[str, Any]:
    """Units by day of January."""
    return {"messages": [
        {"node": node, "sku": "A", "sequence": sequence, "kind": kind, "expected": [
            {"units": units, "due": f"2025-01-{day:02}T00:00:00Z"} for day, units in due.items()
        ]}
        for sequence, kind, due in messages
    ]}  # fmt: skip


def expected(shop: Any) -> dict[int, int]:
    """Units that W awaits of A, by day of January."""
    with shop.worker.desk.database.reading() as connection:
        rows = session_of(connection).rows(RECEIPTS)
    found: dict[int, int] = {}
    for due, units in rows:
        day = (due - 28928160) // 1440 + 1  # minutes on 1 January 2025
        found[day] = found.get(day, 0) + units
    return found


def units(shop: Any, node: str = "W") -> int:
    """What is free of A at a node."""
    seen = shop.ask("GET", "/v1/availability", params={"sku": "A", "near": "52.4,13.4"}).json()
    return next(int(each["units"]) for each in seen["nodes"] if each["node"] == node)


def test_a_count_sets_and_a_delta_adds(shop: Any) -> None:
    answer = shop.ask("POST", "/v1/stock", stock((7, "snapshot", 40), (8, "delta", -3)), by="admin")
    assert answer.json() == {"outcomes": ["counted", "counted"]}
    assert units(shop) == 37


def test_messages_in_any_order_and_twice_come_to_the_same(shop: Any) -> None:
    said = [(1, "delta", 2), (2, "snapshot", 10), (3, "delta", -1), (4, "delta", 5)]
    for number, order in enumerate(permutations(said)):
        shifted = [(100 * number + sequence, kind, many) for sequence, kind, many in order]
        for _ in range(2):
            for message in shifted:
                assert shop.ask("POST", "/v1/stock", stock(message), by="admin").status_code == 200
    assert units(shop) == 14


def test_a_repeated_message_is_known_and_one_that_contradicts_is_not_believed(shop: Any) -> None:
    first = shop.ask("POST", "/v1/stock", stock((5, "snapshot", 9), (4, "delta", 3)), by="admin")
    assert first.json() == {"outcomes": ["counted", "counted"]}
    late = shop.ask("POST", "/v1/stock", stock((2, "delta", 50)), by="admin")
    again = shop.ask("POST", "/v1/stock", stock((5, "snapshot", 9), (5, "delta", 9)), by="admin")
    assert late.json() == {"outcomes": ["late"]}
    assert again.json() == {"outcomes": ["repeated", "contradicts"]}
    assert units(shop) == 9


def test_receipts_are_what_the_last_snapshot_says_and_what_came_after(shop: Any) -> None:
    said = [(1, "snapshot", {9: 7}), (2, "snapshot", {10: 4, 12: 6}), (3, "delta", {12: 1})]
    for number, order in enumerate(permutations(said)):
        shifted = [(100 * number + sequence, kind, due) for sequence, kind, due in order]
        for message in [*shifted, *shifted]:
            answer = shop.ask("POST", "/v1/receipts", receipts(message), by="admin")
            assert answer.status_code == 200, answer.text
        assert expected(shop) == {10: 4, 12: 7}


def test_goods_that_arrive_are_awaited_no_longer(shop: Any) -> None:
    shop.ask("POST", "/v1/receipts", receipts((1, "snapshot", {9: 7})), by="admin")
    shop.ask("POST", "/v1/stock", stock((1, "delta", 5)), by="admin")
    assert expected(shop) == {9: 2}


def test_a_feed_with_one_unknown_product_changes_nothing(either: Any) -> None:
    feed = stock((1, "snapshot", 99))
    feed["messages"] += stock((1, "snapshot", 1), sku="NONE")["messages"]
    answer = either.ask("POST", "/v1/stock", feed, by="admin")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["at"] == "messages.1"
    assert units(either) == 5


def test_a_new_cell_is_promised_from_the_next_look_at_what_has_changed(
    either: Any, words: Any
) -> None:
    lots = words.cart(A=9)
    assert either.ask("POST", "/v1/promise", lots).json()["options"] == []
    feed = stock((1, "snapshot", 9), node="D")
    feed["messages"] += stock((1, "snapshot", 4), node="D", sku="C")["messages"]
    assert either.ask("POST", "/v1/stock", feed, by="dropshipper").status_code == 200
    either.http.portal.call(either.worker.freshen)
    assert units(either, "D") == 9
    option = either.ask("POST", "/v1/promise", lots).json()["options"][0]
    assert (option["nodes"], option["parcels"]) == (["D"], 1)
    both = either.ask("POST", "/v1/promise", words.cart(A=1, C=4)).json()["options"]
    assert {"D"} in [set(each["nodes"]) for each in both]
    claim = {"option": option, "cart": lots, "channel": "web"}
    assert either.ask("POST", "/v1/reservations", claim).status_code == 201
    assert either.ask("POST", "/v1/promise", lots).json()["options"] == []  # at once
    assert units(either, "W") == 5
    either.http.portal.call(either.worker.refresh)  # all of it anew comes to the same
    assert units(either, "D") == 0
    assert either.ask("POST", "/v1/promise", words.cart(A=7)).json()["options"]


def test_the_same_key_with_another_feed_is_refused(shop: Any) -> None:
    shop.ask("POST", "/v1/stock", stock((1, "delta", 1)), by="admin", key="feed")
    same = shop.ask("POST", "/v1/stock", stock((1, "delta", 1)), by="admin", key="feed")
    other = shop.ask("POST", "/v1/stock", stock((2, "delta", 1)), by="admin", key="feed")
    assert same.json() == {"outcomes": ["counted"]}  # as it was told first
    assert other.status_code == 422
    assert units(shop) == 6


def test_a_node_acknowledges_what_it_is_to_send_once(either: Any, words: Any) -> None:
    claim = words.claim(B=2)
    claim["claim"]["shipments"][0]["node"] = "D"
    held = either.ask("POST", "/v1/reservations", claim).json()["reservation"]
    either.ask("POST", f"/v1/reservations/{held}/confirm", words.order("web-7", B=2))
    [mine] = either.ask("GET", "/v1/shipments", by="dropshipper").json()["shipments"]
    assert (mine["order"], mine["lines"][0]["units"]) == ("web-7", 2)
    assert mine["destination"]["postcode"] == "10115"
    assert either.ask("GET", "/v1/shipments", by="store").json() == {"shipments": []}

    def say(by: str, accepted: bool) -> str:
        one = {"run": mine["run"], "shipment": mine["shipment"], "accepted": accepted}
        body = {"acknowledgements": [one]}
        answer = either.ask("POST", "/v1/shipments/acknowledge", body, by=by)
        return str(answer.json()["outcomes"][0])

    said = [say("store", True), say("dropshipper", False), say("dropshipper", False)]
    assert said == ["unknown", "noted", "repeated"]
    assert say("dropshipper", True) == "contradicts"
    assert either.ask("GET", "/v1/shipments", by="dropshipper").json() == {"shipments": []}
    events = either.ask("GET", "/v1/orders/web-7/events").json()["events"]
    assert [each["event"] for each in events] == ["placed", "allocated", "declined"]


@pytest.mark.parametrize("path", ["/v1/stock", "/v1/receipts"])
def test_a_node_speaks_for_itself_alone(shop: Any, path: str) -> None:
    kind = "units" if path == "/v1/stock" else "expected"
    feed = stock((1, "delta", 1)) if kind == "units" else receipts((1, "delta", {9: 1}))
    answer = shop.ask("POST", path, feed, by="store")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:omnisource:forbidden")
