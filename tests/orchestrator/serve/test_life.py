"""An order's life over HTTP: what is told, what is refused, and who sees which events."""

from typing import Any

from omnisource.models.lifecycle import Event

REST = ("release", "pick", "pack", "ship")


def placed(shop: Any, words: Any, name: str, **basket: int) -> dict[str, Any]:
    """Place an order; return what was told."""
    answer = shop.ask("POST", "/v1/orders", words.order(name, **basket))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def step(shop: Any, order: str, what: str, shipment: str, *, by: str = "admin") -> Any:
    body = {"step": what, "shipment": shipment}
    return shop.ask("POST", f"/v1/orders/{order}/steps", body, by=by)


def test_an_order_is_placed_once_however_often_it_is_sent(either: Any, words: Any) -> None:
    body = words.order("w", A=1)
    first, again = (either.ask("POST", "/v1/orders", body, key="w") for _ in range(2))
    other = either.ask("POST", "/v1/orders", words.order("w", A=2), key="w")
    taken = either.ask("POST", "/v1/orders", body, key="x")
    assert first.json() == again.json()
    assert first.json()["events"] == ["placed", "allocated", "promised"]
    assert (other.status_code, other.json()["type"]) == (422, "urn:omnisource:key")
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:omnisource:denied")


def test_an_order_is_held_for_the_next_run_and_no_reservation_decides_it(
    either: Any, words: Any
) -> None:
    body = {**words.order("w", A=1), "hold": True}
    said = either.ask("POST", "/v1/orders", body).json()
    assert (said["state"], said["events"]) == ("held", ["placed", "held"])
    both = either.ask("POST", "/v1/orders", {**words.order("x", A=1), "hold": True,
                                             "reservation": "r"})  # fmt: skip
    assert both.status_code == 422


def test_an_order_takes_what_is_reserved_for_it(shop: Any, words: Any) -> None:
    held = shop.ask("POST", "/v1/reservations", words.claim(A=2)).json()["reservation"]
    body = {**words.order("w", A=2), "reservation": held}
    assert shop.ask("POST", "/v1/orders", body).json()["state"] == "allocated"
    late = shop.ask("POST", "/v1/orders", {**words.order("x", A=2), "reservation": held})
    assert late.status_code == 409


def test_what_cannot_be_is_refused_with_what_can(shop: Any, words: Any) -> None:
    [shipment] = placed(shop, words, "w", A=1)["shipments"]
    no = step(shop, "w", "ship", shipment)
    assert no.status_code == 409
    assert no.json()["reasons"][-1] == "it can be cancelled, declined, placed, released"
    assert shop.ask("POST", "/v1/orders/none/cancel", {}).status_code == 404


def test_a_change_is_quoted_before_it_is_made(shop: Any, words: Any) -> None:
    placed(shop, words, "w", A=2)
    wish = {"cancel": {"A": 1}}
    offer = shop.ask("POST", "/v1/orders/w/quote", wish).json()
    assert offer["promise_at"] == offer["promised"]
    done = shop.ask("POST", "/v1/orders/w/change", {"change": wish, "quote": offer["quote"]})
    assert done.json()["events"] == ["cancelled"]
    stale = shop.ask("POST", "/v1/orders/w/change", {"change": wish, "quote": offer["quote"]})
    assert stale.status_code == 409


def test_a_node_moves_its_own_shipments_and_no_others(shop: Any, words: Any) -> None:
    [shipment] = placed(shop, words, "w", B=2)["shipments"]  # W has one, so D sends both
    assert step(shop, "w", "release", shipment, by="store").status_code == 404
    assert shop.ask("POST", "/v1/orders/w/steps", {"step": "release"}, by="dropshipper").is_error
    for what in REST:
        assert step(shop, "w", what, shipment, by="dropshipper").status_code == 200
    back = {"line": "B", "units": 1, "node": "S"}
    assert shop.ask("POST", "/v1/orders/w/return", back, by="dropshipper").status_code == 403
    assert shop.ask("POST", "/v1/orders/w/return", back, by="store").json()["state"] == "shipped"


def test_what_a_node_declines_goes_elsewhere(shop: Any, words: Any) -> None:
    [shipment] = placed(shop, words, "w", A=1)["shipments"]
    body = {"shipment": shipment, "missing": True, "cause": "broken"}
    done = shop.ask("POST", "/v1/orders/w/decline", body, by="admin").json()
    story = shop.ask("GET", "/v1/orders/w/story").json()
    assert done["events"][:2] == ["declined", "allocated"]
    assert [sent["node"] for sent in story["state"]["shipments"]] == ["S"]
    [declined] = [event for event in story["events"] if event["kind"] == "declined"]
    assert (declined["node"], declined["cause"]) == ("W", "broken")


def test_events_are_read_on_from_where_one_stopped(either: Any, words: Any) -> None:
    placed(either, words, "w", A=1)
    first = either.ask("GET", "/v1/events?most=2").json()
    rest = either.ask("GET", f"/v1/events?cursor={first['cursor']}").json()
    kinds = [each["event"]["kind"] for page in (first, rest) for each in page["events"]]
    assert kinds == ["placed", "allocated", "promised"]
    none = either.ask("GET", f"/v1/events?cursor={rest['cursor']}&wait=0.1").json()
    assert none == {"events": [], "cursor": rest["cursor"]}


def test_a_node_sees_what_happens_to_its_shipments_and_no_prices(shop: Any, words: Any) -> None:
    placed(shop, words, "w", A=1)
    [shipment] = placed(shop, words, "d", B=2)["shipments"]
    step(shop, "d", "release", shipment)
    mine = shop.ask("GET", "/v1/events", by="dropshipper").json()
    everyone = shop.ask("GET", "/v1/events", by="planner").json()
    events = [Event.model_validate(each["event"]) for each in mine["events"]]
    assert [(event.order, event.kind) for event in events] == [
        ("d", "allocated"), ("d", "released"),
    ]  # fmt: skip
    assert all(event.put is None and not event.amounts and not event.cents for event in events)
    assert mine["cursor"] == everyone["cursor"]


def test_a_delay_beyond_the_promise_changes_it_and_is_told_once(shop: Any, words: Any) -> None:
    told = placed(shop, words, "w", B=2)
    [shipment] = told["shipments"]
    for what in REST:
        step(shop, "w", what, shipment)
    late = {"order": "w", "shipment": shipment, "kind": "delayed", "due": "2025-01-20T12:00:00Z"}
    answers = [
        shop.ask("POST", "/v1/carrier/events", {"events": [late]}, by="carrier", key="c").json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    [said] = answers[0]["outcomes"]
    assert said["events"] == ["delayed", "promise_changed"]
    assert said["promise_at"] == "2025-01-20T12:00:00Z"
    wrong = {"order": "w", "shipment": "none", "kind": "lost"}
    seen = {"order": "w", "shipment": shipment, "kind": "in_transit"}
    both = shop.ask("POST", "/v1/carrier/events", {"events": [wrong, seen]}, by="carrier").json()
    assert [("reasons" in each) for each in both["outcomes"]] == [True, False]


def test_what_a_carrier_loses_is_credited_and_sent_again(shop: Any, words: Any) -> None:
    [shipment] = placed(shop, words, "w", B=2)["shipments"]
    for what in REST:
        step(shop, "w", what, shipment)
    lost = {"order": "w", "shipment": shipment, "kind": "lost"}
    [said] = shop.ask("POST", "/v1/carrier/events", {"events": [lost]}, by="carrier").json()[
        "outcomes"
    ]
    assert said["events"][:2] == ["lost", "allocated"]
    [again] = said["shipments"]
    for what in (*REST, "deliver"):
        assert step(shop, "w", what, again).status_code == 200
    events = shop.ask("GET", "/v1/orders/w/story").json()["events"]
    cents = {
        kind: [e["cents"] for e in events if e["kind"] == kind] for kind in ("shipped", "lost")
    }
    assert cents["shipped"][0] == cents["lost"][0] == cents["shipped"][1]
