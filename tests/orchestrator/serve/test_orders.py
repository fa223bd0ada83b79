"""Orders over HTTP: pages of them, what they hold, and why they are served so."""

from typing import Any


def placed(shop: Any, words: Any, name: str, **basket: int) -> None:
    held = shop.ask("POST", "/v1/reservations", words.claim(**basket)).json()["reservation"]
    done = shop.ask("POST", f"/v1/reservations/{held}/confirm", words.order(name, **basket))
    assert done.status_code == 200, done.text


def test_orders_come_page_by_page(shop: Any, words: Any) -> None:
    for name in ("w1", "w2"):
        placed(shop, words, name, A=1)
    first = shop.ask("GET", "/v1/orders?most=2").json()["orders"]
    rest = shop.ask("GET", f"/v1/orders?after={first[-1]['after']}").json()["orders"]
    assert [each["order"] for each in [*first, *rest]] == ["o1", "w1", "w2"]
    open_ones = shop.ask("GET", "/v1/orders?state=open").json()["orders"]
    assert [each["order"] for each in open_ones] == ["o1"]


def test_an_order_is_explained_by_its_bill_and_what_else_could_be(shop: Any, words: Any) -> None:
    placed(shop, words, "w1", A=2)
    why = shop.ask("GET", "/v1/orders/w1/explanation?why_not=S", by="planner").json()
    assert why["cost_cents"] == 500  # the post's; W asks nothing for itself
    assert [each["node"] for each in why["shipments"]] == ["W"]
    assert why["why_not"]["alternative"]["extra_cents"] == 200  # what S asks for a parcel


def test_an_open_order_is_explained_by_what_it_lacks(shop: Any) -> None:
    why = shop.ask("GET", "/v1/orders/o1/explanation", by="planner").json()
    assert why["short"] == [{"line": "1", "sku": "A", "units": 1}]
    assert why["shipments"] == []


def test_a_cancelled_order_says_so(shop: Any, words: Any) -> None:
    held = shop.ask("POST", "/v1/reservations", words.claim(A=1)).json()["reservation"]
    shop.ask("POST", f"/v1/reservations/{held}/confirm", words.order("w1", A=1))
    shop.ask("POST", f"/v1/reservations/{held}/release")
    seen = shop.ask("GET", "/v1/orders/w1").json()
    events = shop.ask("GET", "/v1/orders/w1/events").json()["events"]
    assert (seen["state"], seen["shipments"]) == ("cancelled", [])
    assert events[-1]["event"] == "cancelled"
