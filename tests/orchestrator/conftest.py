"""Databases to test on: every test that asks for `databases` runs on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import text

from omnisource.models.base import UnusableInput
from omnisource.models.lifecycle import OrderState
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.reservation import Placed
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.bench.server import PrivateServer, private_server
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.life.doing import Life, Rules, open_life
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.stored import load_into


class Databases(Protocol):
    """Where databases come from."""

    def empty(self) -> str:
        """The URL of one without tables."""
        ...

    def copy(self, url: str) -> str:
        """The URL of a copy of one that nobody uses."""
        ...

    def take_back(self) -> None:
        """Take back all that were given."""
        ...


@dataclass(frozen=True)
class Files:
    """SQLite databases, a file each."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def empty(self) -> str:
        return f"sqlite:///{self.folder}/{next(self.numbers)}.db"

    def copy(self, url: str) -> str:
        new = self.empty()
        shutil.copy(url.removeprefix("sqlite:///"), new.removeprefix("sqlite:///"))
        return new

    def take_back(self) -> None:
        """Leave them where they are."""


@dataclass(frozen=True)
class Server:
    """Databases of a PostgreSQL server of our own, reached by a socket in its folder."""

    running: PrivateServer
    free: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    def empty(self) -> str:
        name = self.free.pop() if self.free else self._create("template1")
        return self._give(name)

    def copy(self, url: str) -> str:
        return self._give(self._create(url.partition("?")[0].rpartition("/")[2]))

    def take_back(self) -> None:
        for name in self.given:
            self._say(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.free.extend(self.given)
        self.given.clear()

    def _give(self, name: str) -> str:
        self.given.append(name)
        return self.running.url(name)

    def _create(self, template: str) -> str:
        name = f"test{len(self.free) + len(self.given)}"
        self._say("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _say(self, name: str, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.running.url(name), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    found: Databases = request.getfixturevalue(request.param)
    yield found
    found.take_back()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return Files(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """A server that lives as long as the tests do."""
    with server("-c fsync=off -c max_connections=40") as running:
        yield Server(running)


@contextmanager
def server(options: str = "") -> Iterator[PrivateServer]:
    """A server of its own; without PostgreSQL the test is skipped."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(private_server(options))
        except UnusableInput as error:
            pytest.skip(str(error))
        yield running


@pytest.fixture
def own_server() -> Iterator[PrivateServer]:
    """A server that waits for the disk, to be killed."""
    with server("-c max_connections=40") as running:
        yield running


NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


@dataclass
class Town:
    """Four nodes whose orders are seen to, in databases of one kind."""

    databases: Databases
    stack: ExitStack
    lives: list[Life] = field(default_factory=list)

    def life(
        self, stock: dict[str, int], *, orders: Any = (), lines: Any = (),
        more: Mapping[str, Any] | None = None, **rules: Any,
    ) -> Life:  # fmt: skip
        """See to the orders of a new database; stock as {"WA": 3}: three units of A at W.

        `more` is further tables, or a scenario.
        """
        url = self.databases.empty()
        load_into(_town(stock, orders, lines, more or {}), url)
        life = self.stack.enter_context(open_life(url, rules=Rules(**rules), sync="NORMAL"))
        self.lives.append(life)
        return life

    def order(self, name: str = "o1", *, promised_by: Any = None, **units: int) -> Placed:
        """Units of A and of B, at 10 euros, to a customer beside the warehouse."""
        head = Order(order=name, placed_at=NOON, country="DE", postcode="1", lat=50, lon=8.1,
                     promised_by=promised_by)  # fmt: skip
        lines = tuple(
            Line(order=name, line=sku.lower(), sku=sku, units=n, price_cents=1_000)
            for sku, n in units.items()
        )
        return Placed(order=head, lines=lines)

    def stock(self, life: Life) -> dict[str, tuple[int, int]]:
        """On hand and reserved, by node and product."""
        with life.desk.database.reading() as connection:
            rows = connection.execute(text("SELECT node, sku, on_hand, reserved FROM stock"))
            return {f"{node}{sku}": (on_hand, reserved) for node, sku, on_hand, reserved in rows}

    def at_nodes(self, state: OrderState | None) -> dict[str, str]:
        """Which units stand where: node, line and how many; and their state."""
        assert state is not None
        return {
            f"{state.shipments[p.shipment].node}{p.line}{p.units}": p.state
            for p in state.pieces
            if p.shipment is not None
        }


@pytest.fixture
def town(databases: Databases) -> Iterator[Town]:
    """A town; at the end of a test everything in it adds up."""
    with ExitStack() as stack:
        found = Town(databases, stack)
        yield found
        for life in found.lives:
            assert breaches(life.desk.database) == {}


def _town(stock: dict[str, int], orders: Any, lines: Any, more: Mapping[str, Any]) -> World:
    """A warehouse W, stores S and T, and a dropshipper D.

    A parcel costs 400 cents from W, 500 and 600 from S and T, 450 from D; by post it takes two
    days, by express, for 900 more, one. Goods are ready at once; T sends two parcels a day.
    """
    places = {
        "W": ("warehouse", 8.0, 0, None),
        "S": ("store", 8.5, 100, None),
        "T": ("store", 8.6, 200, 2),
        "D": ("dropshipper", 8.7, 50, None),
    }
    return world_of(
        nodes=[
            Node.model_validate(
                {"node": name, "kind": kind, "lat": 50, "lon": lon, "country": "DE",
                 "cents_per_shipment": cents, "orders_per_day": most, "pickup": kind == "store",
                 "returns": name != "T"}
            )
            for name, (kind, lon, cents, most) in places.items()
        ],
        services=[Service(service="post", kind="parcel"), Service(service="fast", kind="express")],
        zones=[
            ZoneRule(service="post", country="DE", zone="z", transit_days=2),
            ZoneRule(service="fast", country="DE", zone="z", transit_days=1),
        ],
        tariffs=[
            TariffStep(service="post", zone="z", up_to_grams=9_000, cents=400),
            TariffStep(service="fast", zone="z", up_to_grams=9_000, cents=1_300),
        ],
        products=[Product(sku=sku, grams=5, price_cents=1_000) for sku in "AB"],
        stock=[StockCell(node=name[0], sku=name[1], on_hand=n) for name, n in stock.items()],
        orders=orders,
        lines=lines,
        **more,
    )  # fmt: skip
