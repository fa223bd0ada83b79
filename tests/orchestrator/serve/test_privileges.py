"""Who may call what: every scope on every route, and whose affairs a node sees."""

from typing import Any

import pytest

from omnisource.orchestrator.serve.api_keys import list_keys, revoke_key
from omnisource.orchestrator.serve.ring import FRESH, Buckets

SCOPES = ("checkout", "store", "dropshipper", "carrier", "planner", "admin")
ALLOWED = {
    ("GET", "/v1/availability"): "checkout planner admin",
    ("POST", "/v1/promise"): "checkout planner admin",
    ("POST", "/v1/reservations"): "checkout admin",
    ("GET", "/v1/reservations/{reservation}"): "checkout planner admin",
    ("POST", "/v1/reservations/{reservation}/extend"): "checkout admin",
    ("POST", "/v1/reservations/{reservation}/confirm"): "checkout admin",
    ("POST", "/v1/reservations/{reservation}/release"): "checkout admin",
    ("GET", "/v1/orders"): "checkout planner admin",
    ("GET", "/v1/orders/{order}"): "checkout store dropshipper planner admin",
    ("GET", "/v1/orders/{order}/events"): "checkout planner admin",
    ("GET", "/v1/orders/{order}/explanation"): "planner admin",
    ("POST", "/v1/orders"): "checkout admin",
    ("POST", "/v1/orders/{order}/cancel"): "checkout admin",
    ("POST", "/v1/orders/{order}/quote"): "checkout planner admin",
    ("POST", "/v1/orders/{order}/change"): "checkout admin",
    ("POST", "/v1/orders/{order}/return"): "checkout store dropshipper admin",
    ("POST", "/v1/orders/{order}/steps"): "store dropshipper admin",
    ("POST", "/v1/orders/{order}/decline"): "store dropshipper admin",
    ("POST", "/v1/orders/{order}/short"): "store dropshipper admin",
    ("POST", "/v1/orders/{order}/source"): "admin",
    ("POST", "/v1/carrier/events"): "carrier admin",
    ("GET", "/v1/events"): "checkout store dropshipper planner admin",
    ("GET", "/v1/orders/{order}/tracking"): "checkout planner admin",
    ("GET", "/v1/orders/{order}/story"): "checkout planner admin",
    ("GET", "/v1/work"): "store dropshipper planner admin",
    ("GET", "/v1/links"): "checkout store dropshipper planner admin",
    ("POST", "/v1/stock"): "store dropshipper admin",
    ("POST", "/v1/receipts"): "store dropshipper admin",
    ("GET", "/v1/shipments"): "store dropshipper admin",
    ("POST", "/v1/shipments/acknowledge"): "store dropshipper admin",
    ("GET", "/v1/plan/scenarios"): "planner admin",
    ("GET", "/v1/plan/runs"): "planner admin",
    ("POST", "/v1/plan/runs"): "planner admin",
    ("GET", "/v1/plan/runs/{run}"): "planner admin",
    ("GET", "/v1/plan/runs/{run}/report"): "planner admin",
    ("POST", "/v1/plan/runs/{run}/stop"): "planner admin",
    ("POST", "/v1/plan/runs/{run}/delete"): "planner admin",
    ("GET", "/metrics"): "planner admin",
}
OPEN = {("GET", "/health"), ("GET", "/ready")}


def test_every_route_is_in_the_table(shop: Any) -> None:
    document = shop.http.get("/v1/openapi.json").json()
    routes = {
        (method.upper(), path) for path, operations in document["paths"].items()
        for method in operations
    }  # fmt: skip
    assert routes == ALLOWED.keys() | OPEN


def test_each_scope_may_do_its_own_and_nothing_else(shop: Any) -> None:
    for (method, path), scopes in ALLOWED.items():
        where = (
            path.replace("{reservation}", "none")
            .replace("{order}", "none")
            .replace("{run}", "none")
        )
        for scope in SCOPES:
            answer = shop.ask(method, where, {} if method == "POST" else None, by=scope)
            assert answer.status_code < 500
            assert (answer.status_code != 403) == (scope in scopes.split()), (path, scope)


def test_nobody_without_a_key_gets_further_than_the_door(shop: Any) -> None:
    for method, path in [*ALLOWED, ("GET", "/nothing")]:
        answer = shop.http.request(method, path)
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:omnisource:unauthorized")
    for method, path in OPEN:
        assert shop.http.request(method, path).status_code == 200


@pytest.mark.parametrize(
    "given",
    ["Bearer", "Bearer omk_", "Basic YTpi", "Bearer omk_0000000000000000_x", "Bearer é", "omk_a_b"],
)
def test_what_is_no_key_opens_nothing(shop: Any, given: str) -> None:
    answer = shop.http.get("/v1/orders", headers={"Authorization": given.encode("latin-1")})
    assert answer.status_code == 401


def test_half_a_key_is_no_key(shop: Any) -> None:
    token = shop.tokens["checkout"]
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert (
        shop.http.get("/v1/orders", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    )


def test_a_revoked_key_opens_nothing_after_a_few_seconds(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.ask("GET", "/v1/orders").status_code == 200
    key = next(key for key in list_keys(shop.url) if key.name == "checkout")
    revoke_key(shop.url, key.key, now=key.added)
    monkeypatch.setattr(shop.worker.ring, "_at", shop.worker.ring._at - FRESH - 1)
    shop.ask("GET", "/v1/orders")  # has keys read again
    shop.http.portal.call(shop.worker.ring._try)
    assert shop.ask("GET", "/v1/orders").status_code == 401


def test_what_is_kept_of_a_key_is_a_digest(shop: Any) -> None:
    [kept] = [key for key in list_keys(shop.url) if key.name == "planner"]
    secret = shop.tokens["planner"].split("_", 2)[2]
    assert secret not in kept.model_dump_json()
    assert len(kept.digest) == 64


def test_a_node_sees_of_an_order_only_what_it_sends(shop: Any, words: Any) -> None:
    both = words.claim(A=1)
    both["claim"]["shipments"].append(
        {"node": "D", "day": "2025-01-06", "lines": [{"line": "B", "sku": "B", "units": 1}]}
    )
    held = shop.ask("POST", "/v1/reservations", both).json()["reservation"]
    shop.ask("POST", f"/v1/reservations/{held}/confirm", words.order("two", A=1, B=1))
    mine = shop.ask("GET", "/v1/orders/two", by="dropshipper").json()
    assert [each["node"] for each in mine["shipments"]] == ["D"]
    assert [line["sku"] for line in mine["lines"]] == ["B"]
    assert mine["shipments"][0]["cost_cents"] is None
    theirs = shop.ask("GET", "/v1/orders/two", by="store")
    missing = shop.ask("GET", "/v1/orders/no-such", by="store")
    assert theirs.status_code == missing.status_code == 404
    assert len(shop.ask("GET", "/v1/orders/two").json()["shipments"]) == 2


def test_a_node_does_not_read_the_queue_of_another(shop: Any) -> None:
    assert shop.ask("GET", "/v1/shipments?node=D", by="store").status_code == 403
    assert shop.ask("GET", "/v1/shipments?node=D", by="admin").status_code == 200
    assert shop.ask("GET", "/v1/shipments", by="admin").status_code == 422


def test_who_asks_too_often_is_told_to_wait(open_shop: Any) -> None:
    shop = open_shop(rate=0.001, burst=2)
    said = [shop.ask("GET", "/v1/orders") for _ in range(3)]
    assert [each.status_code for each in said] == [200, 200, 429]
    assert said[-1].headers["retry-after"] == "1"
    assert shop.ask("GET", "/v1/orders", by="planner").status_code == 200


def test_a_bucket_fills_at_its_rate_and_no_further_than_its_brim() -> None:
    times = iter([0.0, 0.0, 0.0, 0.5, 1.0, 100.0, 100.0, 100.0])
    buckets = Buckets(rate=1, burst=2, clock=lambda: next(times))
    assert [buckets.take("k") for _ in range(8)] == [
        True, True, False, False, True, True, True, False,
    ]  # fmt: skip
