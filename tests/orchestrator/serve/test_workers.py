"""Several workers on one database: what one is told holds for all, and none sells what is gone."""

from typing import Any


def test_workers_agree_on_feeds_reservations_and_keys(two: tuple[Any, Any], words: Any) -> None:
    one, other = two
    lots = words.cart(A=9)
    stock = {"node": "W", "sku": "A", "sequence": 1, "kind": "snapshot", "units": 20}
    feed = {"messages": [stock, {**stock, "node": "D", "sku": "C"}]}
    first = one.ask("POST", "/v1/stock", feed, by="admin", key="feed-1")
    again = other.ask("POST", "/v1/stock", feed, by="admin", key="feed-1")
    assert first.json() == again.json() == {"outcomes": ["counted", "counted"]}
    for worker in two:  # each looks now and then; here at once
        worker.http.portal.call(worker.worker.freshen)
        assert worker.ask("POST", "/v1/promise", lots).json()["options"]
        assert worker.ask("POST", "/v1/promise", words.cart(C=20)).json()["options"]  # a new cell

    held = {"option": one.offer(A=20), "channel": "web"}
    stale = {"option": other.offer(A=20), "channel": "web"}
    reserved = one.ask("POST", "/v1/reservations", held, key="cart-1")
    assert reserved.status_code == 201
    assert one.ask("POST", "/v1/promise", words.cart(A=20)).json()["options"] == []
    assert other.offer(A=20)  # has not looked, and holds nothing by it
    lost = other.ask("POST", "/v1/reservations", stale)
    assert (lost.status_code, lost.json()["type"]) == (409, "urn:omnisource:short")
    assert other.ask("POST", "/v1/promise", words.cart(A=20)).json()["options"] == []  # it has now

    assert other.ask("POST", "/v1/reservations", held, key="cart-1").json() == reserved.json()
    name = reserved.json()["reservation"]
    assert other.ask("POST", f"/v1/reservations/{name}/release").status_code == 200
    assert other.offer(A=20)
    assert one.ask("POST", "/v1/promise", words.cart(A=20)).json()["options"] == []
    one.http.portal.call(one.worker.freshen)
    assert one.offer(A=20)
