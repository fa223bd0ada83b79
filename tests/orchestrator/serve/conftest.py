"""A small shop behind HTTP: a warehouse, a store, a dropshipper, and a key for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import Policy
from omnisource.models.product import Product
from omnisource.models.promise import Cart
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.serve.api_keys import add_key
from omnisource.orchestrator.serve.app import create_app
from omnisource.orchestrator.serve.state import Service as Worker
from omnisource.orchestrator.settings import Settings
from omnisource.orchestrator.stored import load_into

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 52.5, "lon": 13.4}
SCOPES = ("checkout", "store", "dropshipper", "carrier", "planner", "admin")
NODE_OF = {"store": "S", "dropshipper": "D"}


def small_world() -> World:
    """Post costs 500 cents and takes two days. A: five in W, two in S; B: one in W, nine in D."""
    return world_of(
        Scenario(name="shop", now=NOW, policy=Policy()),
        nodes=[
            Node(node="W", kind="warehouse", lat=52.4, lon=13.4, country="DE", postcode="10115"),
            Node(node="S", kind="store", lat=52.6, lon=13.4, country="DE", postcode="10117",
                 pickup=True, returns=True, cents_per_shipment=200),
            Node(node="D", kind="dropshipper", lat=50, lon=8, country="DE", postcode="60311"),
        ],
        services=[Service(service="post", kind="parcel", fee_cents=395)],
        zones=[ZoneRule(service="post", zone="all", transit_days=2)],
        tariffs=[TariffStep(service="post", zone="all", up_to_grams=30_000, cents=500)],
        products=[Product(sku=sku, grams=500) for sku in "ABC"],
        stock=[
            StockCell(node="W", sku="A", on_hand=5), StockCell(node="S", sku="A", on_hand=2),
            StockCell(node="W", sku="B", on_hand=1), StockCell(node="D", sku="B", on_hand=9),
        ],
        receipts=[Receipt(node="W", sku="B", units=3, due=datetime(2025, 1, 8, tzinfo=UTC))],
        orders=[Order(order="o1", placed_at=NOW, customer="ann", **HOME)],
        lines=[Line(order="o1", line="1", sku="A", units=1)],
    )  # fmt: skip


@dataclass
class Shop:
    """The service in this process, and keys to it."""

    url: str
    tokens: dict[str, str]
    http: TestClient
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def worker(self) -> Worker:
        found: Worker = self.http.app.state.service  # type: ignore[attr-defined]
        return found

    def ask(
        self, method: str, path: str, body: Any = None, *, by: str = "checkout",
        key: str | None = None, **more: Any,
    ) -> Response:  # fmt: skip
        """Send a request; a write has a key of its own unless one is given."""
        headers = {"Authorization": f"Bearer {self.tokens[by]}"} if by else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or f"key-{next(self.numbers)}"
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.http.request(method, path, headers=headers, **given, **more)

    def offer(self, **basket: int) -> dict[str, Any]:
        """The cheapest option for a basket that goes home."""
        answer = self.ask("POST", "/v1/promise", cart(**basket))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["options"][0]
        return found


def cart(**basket: int) -> dict[str, Any]:
    lines = [{"sku": sku, "units": units} for sku, units in basket.items()]
    return {"lines": lines, **HOME}


def claim(**basket: int) -> dict[str, Any]:
    """Units of W, to be held by name."""
    lines = [{"line": sku, "sku": sku, "units": units} for sku, units in basket.items()]
    shipment = {"node": "W", "service": "post", "day": "2025-01-06", "lines": lines}
    return {"claim": {"shipments": [shipment]}}


def order(name: str, **basket: int) -> dict[str, Any]:
    lines = [
        {"order": name, "line": sku, "sku": sku, "units": units} for sku, units in basket.items()
    ]
    return {
        "placed": {"order": {"order": name, "placed_at": NOW.isoformat(), **HOME}, "lines": lines}
    }


@contextmanager
def opened(url: str, tokens: dict[str, str], **settings: Any) -> Iterator[Shop]:
    given = {"db": url, "now": NOW, "refresh_seconds": 0, "link_key": "k" * 32, **settings}
    asked = Settings.model_validate(given)
    with TestClient(create_app(asked), raise_server_exceptions=False) as http:
        yield Shop(url, tokens, http)


def make_tokens(url: str) -> dict[str, str]:
    return {
        scope: add_key(url, scope, [scope], node=NODE_OF.get(scope), now=NOW)[1] for scope in SCOPES
    }


@pytest.fixture(scope="session")
def kept(sqlite: Any) -> tuple[str, dict[str, str]]:
    """A database that is copied for each test, and its keys."""
    url = sqlite.empty()
    load_into(small_world(), url)
    return url, make_tokens(url)


@pytest.fixture
def shop(kept: tuple[str, dict[str, str]], sqlite: Any) -> Iterator[Shop]:
    """The service on SQLite, for this test alone."""
    url, tokens = kept
    with opened(sqlite.copy(url), tokens) as found:
        yield found


@pytest.fixture(scope="module")
def open_long(kept: tuple[str, dict[str, str]], sqlite: Any) -> Iterator[Any]:
    """Opens the service on SQLite for all tests of a module."""
    url, tokens = kept
    with ExitStack() as stack:
        yield lambda **given: stack.enter_context(opened(sqlite.copy(url), tokens, **given))


@pytest.fixture
def open_shop(kept: tuple[str, dict[str, str]], sqlite: Any) -> Iterator[Any]:
    """Opens the service on SQLite with settings of the test's own."""
    url, tokens = kept
    with ExitStack() as stack:
        yield lambda **given: stack.enter_context(opened(sqlite.copy(url), tokens, **given))


@pytest.fixture
def either(databases: Any) -> Iterator[Shop]:
    """The service on SQLite, and again on PostgreSQL."""
    url = databases.empty()
    load_into(small_world(), url)
    with opened(url, make_tokens(url)) as found:
        yield found


@pytest.fixture
def two(databases: Any) -> Iterator[tuple[Shop, Shop]]:
    """Two workers on one database, on SQLite and again on PostgreSQL."""
    url = databases.empty()
    tokens = load_small(url)
    with opened(url, tokens) as one, opened(url, tokens) as other:
        yield one, other


def load_small(url: str) -> dict[str, str]:
    """Load the shop into a database; return keys by scope."""
    load_into(small_world(), url)
    return make_tokens(url)


@pytest.fixture
def words() -> Any:
    """What requests are made of."""

    class Words:
        cart, claim, order = staticmethod(cart), staticmethod(claim), staticmethod(order)
        load = staticmethod(load_small)
        cart_value = staticmethod(lambda **basket: Cart.model_validate(cart(**basket)))

    return Words


@pytest.fixture
def lose() -> Callable[[Any], Any]:
    """Takes a database away from whoever uses it, for a while."""

    @contextmanager
    def lost(server: Any) -> Iterator[None]:
        name = server.given[-1]
        server._say("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        every = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        server._say("postgres", every)
        yield
        server._say("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return lost
