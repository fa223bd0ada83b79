"""The OpenAPI document: the service keeps to it, and the client knows all of it."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from omnisource.models.http import OptionView
from omnisource.models.http_feeds import ReceiptMessage
from omnisource.models.http_orders import Acknowledgement
from omnisource.models.money import Terms
from omnisource.models.planning import RunRequest
from omnisource.models.promise import Cart
from omnisource.models.reservation import Claim, Placed, StockMessage
from omnisource.models.told import OrderChange, Told
from omnisource.models.tracking import CarrierEvent
from omnisource.orchestrator.serve.client import Client, Refusal
from omnisource.orchestrator.serve.planner.kept import end
from omnisource.orchestrator.serve.planner.runner import Runner

EXAMPLES = 8
DEMO = Path(__file__).parents[3] / "scenarios" / "demo"
NOW = datetime(2025, 1, 6, tzinfo=UTC)


@pytest.fixture
def document(shop: Any) -> dict[str, Any]:
    found: dict[str, Any] = shop.http.get("/v1/openapi.json").json()
    return found


@pytest.fixture
def planning(open_shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shop with a scenario to be run; nothing runs."""
    monkeypatch.setattr(Runner, "_look", lambda _: None)
    return open_shop(scenarios=DEMO, runs=tmp_path)


def test_no_request_that_schemathesis_thinks_of_is_a_fault_of_ours(
    planning: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = planning
    monkeypatch.setattr("omnisource.orchestrator.serve.life.LONGEST", 0.0)
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", shop.http.app)
    headers = {"Authorization": f"Bearer {shop.tokens['admin']}"}
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:
            _try(operation.as_strategy(generation_mode=mode), headers)


def _try(cases: Any, headers: dict[str, str]) -> None:
    @given(case=cases)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any) -> None:
        answer = case.call(headers=headers)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            assert answer.json()["status"] == answer.status_code

    with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
        ask()


def test_examples_of_the_document_are_what_its_schemas_say(document: dict[str, Any]) -> None:
    tried = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                examples = [each["value"] for each in content.get("examples", {}).values()]
                for example in [*examples, *([content["example"]] if "example" in content else [])]:
                    valid(example, content["schema"], document)
                    tried += 1
    assert tried >= 8


def valid(body: Any, schema: Any, document: dict[str, Any]) -> None:
    jsonschema.validate(body, {**schema, "components": document["components"]})


def operation_of(document: dict[str, Any], method: str, path: str) -> tuple[str, Any]:
    """The operation whose path fits."""
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return template, operations[method.lower()]
    raise AssertionError(f"the document has no {method} {path}")


def test_the_client_knows_every_operation_and_keeps_to_its_schemas(
    planning: Any, words: Any
) -> None:
    shop, document = planning, planning.http.get("/v1/openapi.json").json()
    asked: set[str] = set()

    def send(method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        template, operation = operation_of(document, method, urlsplit(path).path)
        asked.add(f"{method} {template}")
        parameters = {each["name"] for each in operation.get("parameters", [])}
        assert ("Idempotency-Key" in headers) == ("Idempotency-Key" in parameters)
        if body:
            content = operation["requestBody"]["content"]["application/json"]
            valid(json.loads(body), content["schema"], document)
        answer = shop.http.request(method, path, headers=headers, content=body)
        return answer.status_code, answer.content

    client = Client("", shop.tokens["admin"], send=send)
    walk(client, words)
    walk_of_life(client, words)
    walk_of_plans(client, shop.http.app.state.study.kept)
    every = {f"{m.upper()} {path}" for path, ms in document["paths"].items() for m in ms}
    assert asked == every - {"GET /health", "GET /metrics"}


def walk(client: Client, words: Any) -> None:
    """Call the client's every method, from the promise to the parcel."""
    assert client.ready().status == "ok"
    cart = Cart.model_validate(words.cart(A=2))
    assert client.availability("A", near="52.5,13.4", within_km=500).available
    option = client.promise(cart, refused=True).options[0]
    assert isinstance(option, OptionView)
    held = client.reserve(option, cart=cart, key="walk", minutes=5)
    assert client.reserve(option, cart=cart, key="walk", minutes=5) == held
    assert client.reservation(held.reservation) == held
    assert client.extend(held.reservation, minutes=90).until > held.until
    placed = Placed.model_validate(words.order("walk", A=2)["placed"])
    assert client.confirm(held.reservation, placed).state == "confirmed"
    claim = client.reserve(Claim.model_validate(words.claim(B=1)["claim"]))
    assert client.release(claim.reservation).state == "released"
    assert [each.order for each in client.orders("allocated").orders] == ["walk"]
    assert client.order("walk").lines[0].allocated == 2
    assert client.explanation("walk", why_not="S").cost_cents == 500
    assert client.events("walk").events
    said = StockMessage(node="W", sku="C", sequence=1, kind="snapshot", units=3)
    assert client.say_stock([said]).outcomes == ("counted",)
    coming = {"units": 3, "due": "2025-01-09T00:00:00Z"}
    receipt = ReceiptMessage.model_validate(
        {"node": "W", "sku": "C", "sequence": 1, "kind": "delta", "expected": [coming]}
    )
    assert client.say_receipts([receipt]).outcomes == ("counted",)
    [to_send] = client.shipments(node="W").shipments
    one = Acknowledgement(run=to_send.run, shipment=to_send.shipment, accepted=True)
    assert client.acknowledge([one]).outcomes == ("noted",)


def walk_of_life(client: Client, words: Any) -> None:
    """Call the client's every method about an order's life, from the order to the refund."""
    placed = Placed.model_validate(words.order("life", B=2)["placed"])
    done = client.place(placed, terms=Terms(tax=1900), key="life")
    assert client.place(placed, terms=Terms(tax=1900), key="life") == done
    [shipment] = done.shipments
    wish = OrderChange(cancel={"B": 1})
    assert client.change("life", wish, client.quote_change("life", wish).quote).state == "allocated"
    for step in ("release", "pick"):
        client.step("life", step, shipment)
    with pytest.raises(Refusal, match="nothing of order life waits"):
        client.source("life")
    assert client.work(node="D").items[0].next == "pack"
    assert "declined" in client.decline("life", shipment, cause="broken").events
    [again] = client.place(
        Placed.model_validate(words.order("short", A=1)["placed"])
    ).shipments  # fmt: skip
    for step in ("release", "pick"):
        client.step("short", step, again)
    assert "declined" in client.pack_short("short", again, {"A": 1}).events
    [sent] = client.place(Placed.model_validate(words.order("sent", B=1)["placed"])).shipments
    for step in ("release", "pick", "pack", "ship"):
        client.step("sent", step, sent)
    seen = CarrierEvent(order="sent", shipment=sent, kind="delivered")
    [told] = client.say_parcels([seen]).outcomes
    assert isinstance(told, Told)
    assert client.tracking("sent").state == "delivered"
    assert client.give_back("sent", "B", 1, node="S").state == "returned"
    assert client.cancel("life").state == "cancelled"
    assert client.story("sent").events[-1].kind == "returned"
    page = client.all_events(most=3)
    assert [each.event.order for each in page.events] == ["life"] * 3
    assert next(client.follow()).place == 1
    assert client.link("tracking", "sent").path.startswith("/see/t.")


def walk_of_plans(client: Client, kept: Any) -> None:
    """Call the client's every method about runs."""
    assert [each.scenario for each in client.scenarios().scenarios] == ["demo"]
    fuel = {"kind": "fuel", "change": 0.3, "share": 0.2}
    request = RunRequest.model_validate({"name": "x", "scenario": "demo", "changes": [fuel]})
    run = client.run(request, key="walk").run
    assert client.run(request, key="walk").run == run
    assert client.runs().runs[0].request == client.run_state(run).request == request
    assert client.stop_run(run).state == "stopping"
    with pytest.raises(Refusal, match="has no report"):
        client.run_report(run)
    end(kept.place(run), "stopped", [], NOW)
    assert client.delete_run(run).runs == ()


def test_a_no_is_raised_with_its_reasons(shop: Any, words: Any) -> None:
    def send(method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        answer = shop.http.request(method, path, headers=headers, content=body)
        return answer.status_code, answer.content

    client = Client("", shop.tokens["checkout"], send=send)
    with pytest.raises(Refusal, match="It can no longer be held") as no:
        client.reserve(Claim.model_validate(words.claim(A=99)["claim"]))
    assert (no.value.problem.status, len(no.value.problem.reasons)) == (409, 1)


def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    shop: Any, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnisource.orchestrator.serve.client.PAUSE", 0)
    keys: list[str] = []

    def send(method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        keys.append(headers["Idempotency-Key"])
        answer = shop.http.request(method, path, headers=headers, content=body)
        if len(keys) == 1:
            raise ConnectionError("the answer is lost")
        return answer.status_code, answer.content

    client = Client("", shop.tokens["checkout"], send=send)
    held = client.reserve(Claim.model_validate(words.claim(A=5)["claim"]))
    assert held.state == "held"
    assert len(keys) == 2
    assert len(set(keys)) == 1
