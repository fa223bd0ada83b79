"""A checkout over HTTP: promised, held, confirmed, given back; and every no."""

import json
from pathlib import Path
from typing import Any

import pytest

from omnisource.models.reservation import Claim
from omnisource.orchestrator.checkout.reserve import reserve
from omnisource.orchestrator.serve import checkout, shelf


def test_a_cart_is_promised_held_and_becomes_an_order(either: Any, words: Any) -> None:
    option = either.offer(A=2)
    assert (option["nodes"], option["cost_cents"], option["mode"]) == (["W"], 500, "standard")
    held = either.ask("POST", "/v1/reservations", {"option": option})
    assert held.status_code == 201, held.text
    name = held.json()["reservation"]
    done = either.ask("POST", f"/v1/reservations/{name}/confirm", words.order("web-1", A=2))
    assert done.json()["state"] == "confirmed", done.text
    seen = either.ask("GET", "/v1/orders/web-1").json()
    assert (seen["state"], seen["shipments"][0]["node"]) == ("allocated", "W")
    assert seen["shipments"][0]["lines"] == [{"line": "A", "sku": "A", "units": 2}]
    events = either.ask("GET", "/v1/orders/web-1/events").json()["events"]
    assert [event["event"] for event in events] == ["placed", "allocated"]


def test_the_same_key_is_told_the_same_and_nothing_is_held_twice(either: Any, words: Any) -> None:
    first, again = (
        either.ask("POST", "/v1/reservations", words.claim(A=3), key="once") for _ in range(2)
    )
    assert first.json() == again.json()
    other = either.ask("POST", "/v1/reservations", words.claim(A=2), key="once")
    assert (other.status_code, other.json()["type"]) == (422, "urn:omnisource:key")
    assert either.ask("POST", "/v1/reservations", words.claim(A=2)).status_code == 201


def test_the_key_of_one_caller_is_not_the_key_of_another(shop: Any, words: Any) -> None:
    mine = shop.ask("POST", "/v1/reservations", words.claim(A=1), key="k", by="checkout")
    theirs = shop.ask("POST", "/v1/reservations", words.claim(A=1), key="k", by="admin")
    assert mine.json()["reservation"] != theirs.json()["reservation"]


def test_what_is_held_is_promised_to_nobody_else(shop: Any, words: Any) -> None:
    assert shop.offer(A=4)["nodes"] == ["W"]
    name = shop.ask("POST", "/v1/reservations", words.claim(A=5)).json()["reservation"]
    assert shop.ask("POST", "/v1/promise", words.cart(A=4)).json()["options"] == []
    shop.ask("POST", f"/v1/reservations/{name}/release")
    assert shop.offer(A=4)["nodes"] == ["W"]


def test_a_no_says_which_units_are_missing(either: Any, words: Any) -> None:
    answer = either.ask("POST", "/v1/reservations", words.claim(A=6))
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:omnisource:short"
    assert "W" in problem["reasons"][0]
    assert "A" in problem["reasons"][0]


def test_what_is_seen_as_sold_out_is_not_read_again_until_some_is_given_back(
    shop: Any, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[set[tuple[str, str]]] = []

    def free_units(database: Any, pairs: Any, now: Any) -> dict[tuple[str, str], int]:
        read.append(set(pairs))
        return shelf.free_units(database, pairs, now)

    monkeypatch.setattr(checkout, "free_units", free_units)
    held = shop.ask("POST", "/v1/reservations", words.claim(A=5)).json()["reservation"]
    wanted = {"A": 1}, {"A": 1, "B": 9}, {"A": 1}
    told = [shop.ask("POST", "/v1/reservations", words.claim(**each)) for each in wanted]
    assert [answer.status_code for answer in told] == [409, 409, 409]
    assert read == [{("W", "A")}, {("W", "A"), ("W", "B")}]  # held; B was not seen as sold out
    shop.ask("POST", f"/v1/reservations/{held}/release")
    assert read[2:] == [{("W", "A")}]
    assert shop.offer(A=4)["nodes"] == ["W"]


def test_a_lost_race_is_tried_once_more_by_what_is_left(shop: Any, words: Any) -> None:
    option = shop.offer(A=2)
    assert option["nodes"] == ["W"]
    behind = shop.worker.desk  # another worker sells W's units, and this one does not see it
    taken = Claim.model_validate(words.claim(A=5)["claim"])
    reserve(behind, taken, key="elsewhere", now=shop.worker.now())
    lost = shop.ask("POST", "/v1/reservations", {"option": option})
    assert lost.status_code == 409
    won = shop.ask("POST", "/v1/reservations", {"option": option, "cart": words.cart(A=2)})
    assert won.status_code == 201
    assert [each["node"] for each in won.json()["claim"]["shipments"]] == ["S"]


def test_an_old_promise_is_refused_unless_it_was_held_in_time(shop: Any) -> None:
    option = shop.offer(A=1)
    held = shop.ask("POST", "/v1/reservations", {"option": option}, key="in-time")
    late = {**option, "expires_at": "2025-01-06T11:00:00Z"}
    told = shop.ask("POST", "/v1/reservations", {"option": late})
    assert (told.status_code, told.json()["type"]) == (409, "urn:omnisource:expired")
    again = shop.ask("POST", "/v1/reservations", {"option": late}, key="in-time")
    assert again.json() == held.json()


def test_a_reservation_lasts_as_long_as_it_is_extended(shop: Any, words: Any) -> None:
    held = shop.ask("POST", "/v1/reservations", words.claim(A=1) | {"minutes": 1}).json()
    longer = shop.ask("POST", f"/v1/reservations/{held['reservation']}/extend", {"minutes": 60})
    assert longer.json()["until"] > held["until"]
    seen = shop.ask("GET", f"/v1/reservations/{held['reservation']}").json()
    assert seen == longer.json()


@pytest.mark.parametrize("verb", ["extend", "release", "confirm"])
def test_what_was_never_held_is_not_found(shop: Any, words: Any, verb: str) -> None:
    body = words.order("x", A=1) if verb == "confirm" else {}
    answer = shop.ask("POST", f"/v1/reservations/none/{verb}", body)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:omnisource:unknown")


def test_a_product_that_nobody_knows_is_said_so(shop: Any, words: Any) -> None:
    answer = shop.ask("POST", "/v1/promise", words.cart(Z=1))
    assert answer.status_code == 422
    assert "'Z'" in answer.json()["detail"]


def test_availability_lists_nodes_by_distance(shop: Any) -> None:
    answer = shop.ask("GET", "/v1/availability", params={"sku": "A", "near": "52.61,13.4"})
    assert [node["node"] for node in answer.json()["nodes"]] == ["S", "W"]
    assert answer.json()["available"]


def test_why_modes_are_refused_is_said_where_it_is_asked(shop: Any, words: Any) -> None:
    plain = shop.ask("POST", "/v1/promise", words.cart(A=1)).json()
    asked = shop.ask("POST", "/v1/promise?refused=true", words.cart(A=1)).json()
    assert "refused" not in plain
    assert {each["mode"] for each in asked["refused"]} >= {"express"}


@pytest.mark.parametrize("how", ["freshen", "refresh"])
def test_promises_follow_stock_when_it_is_read_again(shop: Any, words: Any, how: str) -> None:
    stock = {"messages": [
        {"node": node, "sku": "B", "sequence": 1, "kind": "snapshot", "units": 0} for node in "DW"
    ]}  # fmt: skip
    before = shop.offer(B=1)["promise_at"]
    shop.ask("POST", "/v1/stock", stock, by="admin")
    shop.http.portal.call(getattr(shop.worker, how))
    options = shop.ask("POST", "/v1/promise", words.cart(B=1)).json()["options"]
    assert [each["nodes"] for each in options] == [["W"]]  # what it receives on the 8th
    assert options[0]["promise_at"] > before


def test_dates_are_as_sure_as_was_learned_where_lead_times_are_given(
    open_shop: Any, tmp_path: Path
) -> None:
    curve = [2 * 1440.0, 5 * 1440.0]  # half within two days of Monday noon, nine in ten in five
    known = {
        "probability": [0.5, 0.9], "edges_km": [], "services": {"post": [[curve] * 7]},
        "nodes": {}, "regions": {"DE-1": [1, 1]}, "routes": {}, "week": [1] * 7,
    }  # fmt: skip
    file = tmp_path / "leadtimes.json"
    file.write_text(json.dumps(known))
    plain, sure = open_shop().offer(A=1), open_shop(lead_times=file).offer(A=1)
    assert (plain["promise_at"][:10], plain["probability"]) == ("2025-01-08", 1)
    assert (sure["promise_at"][:10], sure["probability"]) == ("2025-01-11", 0.9)
