"""Any sequence of what checkouts and nodes do, against a model in plain Python."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from omnisource.models.network import Node
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.reservation import (
    Claim,
    ClaimLine,
    ClaimShipment,
    PickUp,
    Placed,
    Refused,
    Reservation,
    StockMessage,
)
from omnisource.models.stock import Allotment, Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.reserve import (
    confirm,
    expire,
    extend,
    find_reservation,
    hear_stock,
    open_slot,
    release,
    reserve,
)
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.desk import Desk, open_desk
from omnisource.orchestrator.stored import load_into

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
DAY = date(2025, 1, 6)
SLOT = PickUp(node="S", begins=NOON)
TTL = timedelta(minutes=10)
CELLS = [("S", "A"), ("S", "B"), ("W", "A"), ("W", "B")]
STOCK = {("W", "A"): 6, ("W", "B"): 2, ("S", "A"): 3, ("S", "B"): 4}
SAFETY = {"W": 1, "S": 0}
ORDERS_A_DAY = 7
ALLOTTED = {"web": 3, "app": 1}  # units of A from W that a channel may sell, and no other
RECEIPT = (3, NOON + timedelta(minutes=15))  # units of B for W


def shop() -> World:
    return world_of(
        nodes=[
            Node(node="W", kind="warehouse", lat=50, lon=8, orders_per_day=ORDERS_A_DAY, safety=1),
            Node(node="S", kind="store", lat=50, lon=9),
        ],
        products=[Product(sku=sku, grams=5) for sku in "AB"],
        stock=[StockCell(node=n, sku=s, on_hand=units) for (n, s), units in STOCK.items()],
        allotments=[Allotment(node="W", sku="A", channel=c, units=u) for c, u in ALLOTTED.items()],
        receipts=[Receipt(node="W", sku="B", units=RECEIPT[0], due=RECEIPT[1])],
    )


def claim_for(wanted: dict[tuple[str, str], int], channel: str, slot: bool) -> Claim:
    """A shipment a node."""
    shipments = [
        ClaimShipment(
            node=node,
            day=DAY,
            lines=tuple(
                ClaimLine(line=s.lower(), sku=s, units=u)
                for (n, s), u in sorted(wanted.items())
                if n == node
            ),
        )
        for node in sorted({n for n, _ in wanted})
    ]
    return Claim(channel=channel, shipments=tuple(shipments), pickup=SLOT if slot else None)


def order_for(claim: Claim, name: str) -> Placed:
    units: Counter[str] = Counter()
    for (_, sku), many in claim.draws().items():
        units[sku] += many
    order = Order(order=name, placed_at=NOON, country="DE", postcode="1", lat=50, lon=9)
    lines = [Line(order=name, line=s.lower(), sku=s, units=u) for s, u in sorted(units.items())]
    return Placed(order=order, lines=tuple(lines))


@dataclass
class Held:
    claim: Claim
    until: datetime
    state: str = "held"


@dataclass
class Model:
    """What should be true, without a database."""

    now: datetime = NOON
    loaded: dict[tuple[str, str], int] = field(default_factory=lambda: dict(STOCK))
    said: dict[tuple[str, str], dict[int, tuple[str, int]]] = field(default_factory=dict)
    coming: int = RECEIPT[0]
    held: dict[str, Held] = field(default_factory=dict)
    told: dict[str, tuple[object, object]] = field(default_factory=dict)

    def on_hand(self, cell: tuple[str, str]) -> int:
        """Whatever order the messages came in: the last count, and what is numbered above it."""
        said = self.said.get(cell, {})
        counts = [number for number, (kind, _) in said.items() if kind == "snapshot"]
        last = max(counts, default=-1)
        base = said[last][1] if counts else self.loaded[cell]
        return base + sum(u for n, (kind, u) in said.items() if kind == "delta" and n > last)

    def counting(self) -> Iterator[Held]:
        for held in self.held.values():
            if held.state == "confirmed" or (held.state == "held" and held.until > self.now):
                yield held

    def free(self, cell: tuple[str, str]) -> int:
        reserved = sum(held.claim.draws().get(cell, 0) for held in self.counting())
        due = self.coming if cell == ("W", "B") and RECEIPT[1] <= self.now else 0
        return self.on_hand(cell) - reserved - SAFETY[cell[0]] + due

    def fits(self, claim: Claim) -> bool:
        draws = claim.draws()
        kept = {("W", "A"): sum(self.left(c) for c in ALLOTTED if c != claim.channel)}
        if any(self.free(cell) - kept.get(cell, 0) < units for cell, units in draws.items()):
            return False
        others = [held.claim for held in self.counting()]
        sent = sum(any(s.node == "W" for s in other.shipments) for other in others)
        if any(node == "W" for node, _ in draws) and sent >= ORDERS_A_DAY:
            return False
        if claim.pickup and sum(other.pickup is not None for other in others) >= 2:
            return False
        return claim.channel == "" or draws.get(("W", "A"), 0) <= self.left(claim.channel)

    def left(self, channel: str) -> int:
        """What a channel may still sell of its allotment."""
        sold = [h.claim.draws() for h in self.counting() if h.claim.channel == channel]
        return ALLOTTED[channel] - sum(drawn.get(("W", "A"), 0) for drawn in sold)

    def live(self, name: str) -> bool:
        held = self.held[name]
        return held.state == "held" and held.until > self.now


class Shop(RuleBasedStateMachine):
    """Rules do the same to the database and to the model, and compare."""

    reservations = Bundle("reservations")
    keys = Bundle("keys")
    desk: Desk  # by the test

    def __init__(self) -> None:
        super().__init__()
        start_anew(self.desk)
        self.model = Model()
        self.number = 0

    def key(self) -> str:
        self.number += 1
        return f"key-{self.number}"

    def keep(self, key: str, ask: Any, said: Any) -> None:
        self.model.told[key] = (ask, said)

    @rule(
        target=reservations,
        wanted=st.dictionaries(st.sampled_from(CELLS), st.integers(1, 3), min_size=1, max_size=3),
        channel=st.sampled_from(["", "web", "app"]),
        slot=st.booleans(),
    )
    def ask_to_hold(self, wanted: Any, channel: str, slot: bool) -> Any:
        claim, key = claim_for(wanted, channel, slot), self.key()
        said = reserve(self.desk, claim, key=key, now=self.model.now, ttl=TTL)
        self.keep(key, lambda now: reserve(self.desk, claim, key=key, now=now, ttl=TTL), said)
        assert isinstance(said, Reservation) == self.model.fits(claim), said
        if isinstance(said, Refused):
            assert said.why == "short"
            assert said.reasons
            return multiple()
        self.model.held[said.reservation] = Held(claim, self.model.now + TTL)
        return said.reservation

    @rule(name=reservations, minutes=st.integers(1, 20))
    def ask_for_longer(self, name: str, minutes: int) -> None:
        now, key, ttl = self.model.now, self.key(), timedelta(minutes=minutes)
        said = extend(self.desk, name, key=key, now=now, ttl=ttl)
        self.keep(key, lambda now: extend(self.desk, name, key=key, now=now, ttl=ttl), said)
        assert isinstance(said, Reservation) == self.model.live(name)
        if isinstance(said, Reservation):
            held = self.model.held[name]
            held.until = max(held.until, now + ttl)
            assert said.until == held.until

    @rule(name=reservations)
    def pay(self, name: str) -> None:
        key = self.key()
        placed = order_for(self.model.held[name].claim, f"order of {name}")
        said = confirm(self.desk, name, placed, key=key, now=self.model.now)
        self.keep(key, lambda now: confirm(self.desk, name, placed, key=key, now=now), said)
        assert isinstance(said, Reservation) == self.model.live(name)
        if isinstance(said, Reservation):
            self.model.held[name].state = "confirmed"

    @rule(name=reservations)
    def cancel(self, name: str) -> None:
        key, held = self.key(), self.model.held[name]
        before = find_reservation(self.desk, name, now=self.model.now)
        said = release(self.desk, name, key=key, now=self.model.now)
        self.keep(key, lambda now: release(self.desk, name, key=key, now=now), said)
        assert isinstance(before, Reservation)
        if before.state in ("held", "confirmed"):
            assert isinstance(said, Reservation)
        if isinstance(said, Reservation):
            held.state = "released"
        else:
            assert said.why in ("released", "expired")

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.model.now += timedelta(minutes=minutes)

    @rule()
    def tidy(self) -> None:
        expire(self.desk, now=self.model.now)
        for held in self.model.held.values():
            if held.state == "held" and held.until <= self.model.now:
                held.state = "expired"

    @rule(
        cell=st.sampled_from(CELLS),
        number=st.integers(0, 6),
        kind=st.sampled_from(["delta", "delta", "snapshot"]),
        units=st.integers(-2, 5),
    )
    def a_node_says(self, cell: Any, number: int, kind: Any, units: int) -> None:
        said = self.model.said.setdefault(cell, {})
        kind, units = said.get(number, (kind, units))  # a number says one thing only
        message = StockMessage(node=cell[0], sku=cell[1], sequence=number, kind=kind, units=units)
        counted = number not in said and not any(
            n > number and k == "snapshot" for n, (k, _) in said.items()
        )
        if counted and kind == "delta" and cell == ("W", "B"):
            self.model.coming -= min(self.model.coming, max(units, 0))
        said[number] = (kind, units)
        told = hear_stock(self.desk, message)
        assert told.counted == counted
        assert told.on_hand == self.model.on_hand(cell)

    @rule(data=st.data(), minutes=st.integers(0, 60))
    def ask_once_more(self, data: Any, minutes: int) -> None:
        if self.model.told:
            key = data.draw(st.sampled_from(sorted(self.model.told)))
            ask, said = self.model.told[key]
            assert ask(self.model.now + timedelta(minutes=minutes)) == said  # type: ignore[operator]

    @rule(data=st.data())
    def ask_for_something_else(self, data: Any) -> None:
        if self.model.told:
            key = data.draw(st.sampled_from(sorted(self.model.told)))
            said = reserve(self.desk, claim_for({("S", "A"): 9}, "", True), key=key, now=NOON)
            assert isinstance(said, Refused)
            assert said.why == "key"

    @invariant()
    def it_adds_up(self) -> None:
        assert breaches(self.desk.database) == {}
        with self.desk.database.reading() as connection:
            cells = connection.execute(text("SELECT node, sku, on_hand FROM stock")).all()
        assert {(n, s): units for n, s, units in cells} == {c: self.model.on_hand(c) for c in CELLS}


def start_anew(desk: Desk) -> None:
    """The database as it was loaded, with the slot open."""
    tables = ("writes", "reservations", "holds", "messages", "orders", "lines", "shipments",
              "allocations", "receipts")  # fmt: skip
    with desk.database.writing() as connection:
        for table in tables:
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("UPDATE quotas SET used = 0"))
        for (node, sku), units in STOCK.items():
            values = {"node": node, "sku": sku, "units": units}
            connection.execute(
                text("UPDATE stock SET on_hand = :units, reserved = 0 "
                     "WHERE node = :node AND sku = :sku"), values
            )  # fmt: skip
        due = int(RECEIPT[1].timestamp()) // 60
        connection.execute(
            text("INSERT INTO receipts (row, node, sku, cell, units, due) SELECT 0, node, sku, "
                 f"row, {RECEIPT[0]}, {due} FROM stock WHERE node = 'W' AND sku = 'B'")
        )  # fmt: skip
    open_slot(desk, SLOT, 2)


@pytest.mark.parametrize("steps", [25])
def test_whatever_happens_is_what_a_model_in_plain_python_says(databases: Any, steps: int) -> None:
    url = databases.empty()
    load_into(shop(), url)
    with open_desk(url, sync="NORMAL") as desk:
        machine = type("ShopOnDatabase", (Shop,), {"desk": desk})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=30, stateful_step_count=steps, deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
