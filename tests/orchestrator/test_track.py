"""Dates that move as parcels stay out, work lists by cut-offs, and declines that promises know."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.lifecycle import Event, Move, Shipment, state_of
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import Policy
from omnisource.models.product import Product
from omnisource.models.reservation import Placed, StockMessage
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.models.told import Told
from omnisource.models.tracking import CarrierEvent, Estimate, Tracking
from omnisource.orchestrator.checkout.reserve import hear_stock
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.life.carrier_feed import hear_carrier
from omnisource.orchestrator.life.coming import Clock, Learned
from omnisource.orchestrator.life.decline import decline, source
from omnisource.orchestrator.life.doing import Doing, Life, open_life
from omnisource.orchestrator.life.memory import Memory
from omnisource.orchestrator.life.track import track, tracked
from omnisource.orchestrator.life.verbs import cancel, place, step
from omnisource.orchestrator.life.work import work_list
from omnisource.orchestrator.store.read import read_world
from omnisource.orchestrator.store.session import Session, Statement
from omnisource.orchestrator.store.track import read_lateness
from omnisource.orchestrator.stored import load_into
from omnisource.solvers.leadtime.remaining import Lateness
from omnisource.solvers.leadtime.table import LeadTimes

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)  # a Monday; 13:00 in Berlin
REST = ("release", "pick", "pack", "ship")


@pytest.fixture
def life(databases: Any) -> Iterator[Life]:
    """W in Berlin sends until 15:00 on working days; post takes two days."""
    place = {"lat": 52.4, "lon": 13.4, "country": "DE", "postcode": "10115"}
    world = world_of(
        Scenario(name="shop", now=NOW, policy=Policy()),
        nodes=[
            Node(node="W", kind="warehouse", timezone="Europe/Berlin", cutoff="15:00",
                 hours="Mon-Fri 08:00-18:00", processing_minutes=60, decline_rate=0.1, **place),
            Node(node="S", kind="store", pickup=True, **place),
        ],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", zone="all", transit_days=2)],
        tariffs=[TariffStep(service="post", zone="all", up_to_grams=30_000, cents=500)],
        products=[Product(sku=sku, grams=500) for sku in "AB"],
        stock=[
            StockCell(node="W", sku="A", on_hand=50), StockCell(node="S", sku="B", on_hand=2)
        ],
    )  # fmt: skip
    url = databases.empty()
    load_into(world, url)
    with open_life(url, sync="NORMAL") as found:
        yield found


def placed(life: Life, name: str, at: datetime = NOW) -> str:
    """Place an order of one unit; return its shipment."""
    order = Order(order=name, placed_at=at, country="DE", postcode="10117", lat=52.5, lon=13.4)
    lines = (Line(order=name, line="1", sku="A", units=1),)
    said = place(life, Doing(name, f"{name}-place", at), Placed(order=order, lines=lines))
    assert isinstance(said, Told)
    return said.shipments[0]


def collected(life: Life, name: str, units: int = 1) -> None:
    """Place an order of B that is to be collected at S."""
    order = Order(order=name, placed_at=NOW, mode="collect", pickup_node="S")
    lines = (Line(order=name, line="1", sku="B", units=units),)
    said = place(life, Doing(name, f"{name}-place", NOW), Placed(order=order, lines=lines))
    assert isinstance(said, Told)


def moved(life: Life, name: str, at: datetime, *steps: Any) -> None:
    for what in steps:
        assert isinstance(step(life, Doing(name, f"{name}-{what}", at), what), Told)


def late_by(minutes: range) -> Lateness:
    return Lateness.of([("post", float(late)) for late in minutes])


def test_a_parcel_that_stays_out_is_compared_with_those_that_did(life: Life) -> None:
    placed(life, "o")
    moved(life, "o", NOW, *REST)
    known = late_by(range(-50, 50))  # of a hundred parcels, half come early, none 50 minutes late
    before = track(life, "o", NOW, known)
    assert before is not None
    planned = before.shipments[0].planned
    assert planned is not None
    target = life.source.world.policy.promised_probability
    assert before.keeps_promise == pytest.approx(0.51)  # −50 … 0 of −50 … 49
    assert before.estimate.due == planned + timedelta(minutes=round(100 * target) - 51)
    out = track(life, "o", planned + timedelta(minutes=39), known)  # ten are left: 40 … 49
    assert out is not None
    assert out.estimate.early == planned + timedelta(minutes=40)
    assert out.keeps_promise == 0.0
    gone = track(life, "o", planned + timedelta(minutes=49), known)
    assert gone is not None
    assert (gone.estimate.due, gone.estimate.probability) == (planned, None)


def test_what_was_delivered_teaches_how_late_parcels_are(life: Life) -> None:
    placed(life, "o")
    moved(life, "o", NOW, *REST)
    seen = track(life, "o", NOW)
    assert seen is not None
    planned = seen.shipments[0].planned
    assert planned is not None
    moved(life, "o", planned + timedelta(minutes=30), "deliver")
    assert read_lateness(life.desk.database).minutes["post"].tolist() == [30.0]
    there = track(life, "o", NOW)
    assert there is not None
    assert there.shipments[0].arrived_at == planned + timedelta(minutes=30)
    assert there.choices == ()


def test_a_delay_within_the_promise_leaves_it_as_it_is(life: Life) -> None:
    shipment = placed(life, "o")
    moved(life, "o", NOW, *REST)
    said = CarrierEvent(order="o", shipment=shipment, kind="delayed", due=NOW)
    told = hear_carrier(life, Doing("o", "c", NOW), said)
    assert isinstance(told, Told)
    assert told.events == ("delayed",)


HOUR = 60
EVEN = LeadTimes(
    probability=np.array([0.2, 0.4, 0.6, 0.8, 1.0]), edges_km=np.zeros(0),
    minutes=np.broadcast_to(np.array([10, 20, 30, 40, 50.0]) * HOUR, (1, 1, 7, 5)),
    node_factor=np.ones(2), region=(), region_factor=np.ones((0, 5)), origins=(),
    origin=np.full(2, -1), route_factor=np.ones((0, 0)), week=np.ones(7),
)  # fmt: skip
"""A parcel takes from nothing to fifty hours, each as likely."""


def test_lead_times_tell_when_a_parcel_comes_that_is_out_so_long(life: Life) -> None:
    """Of fifty hours 90 % are 45; of those that are out for ten, 90 % of forty more are 46."""
    shipment = placed(life, "o")
    moved(life, "o", NOW, *REST)

    def told(hours: float) -> Tracking:
        seen = track(life, "o", NOW + timedelta(hours=hours), lead_times=EVEN)
        assert seen is not None
        return seen

    target = life.source.world.policy.promised_probability
    assert target == 0.9
    assert told(0).estimate.due == NOW + timedelta(hours=45)
    assert told(10).estimate == Estimate(
        due=NOW + timedelta(hours=46), probability=0.9, early=NOW + timedelta(hours=14)
    )
    by = told(10).promise_at
    assert by is not None
    left = (by - NOW) / timedelta(hours=1)
    assert told(10).keeps_promise == pytest.approx(min((left - 10) / 40, 1), abs=1e-4)
    assert told(55).estimate == Estimate(due=told(0).shipments[0].planned)  # longer than any
    said = CarrierEvent(order="o", shipment=shipment, kind="delayed", due=NOW + timedelta(days=9))
    hear_carrier(life, Doing("o", "c", NOW), said)
    assert told(10).estimate == Estimate(due=NOW + timedelta(days=9))  # its carrier has said when


def test_of_a_shipment_of_a_night_lead_times_count_from_when_it_was_ordered(life: Life) -> None:
    """A night says the day alone, whose first hours lie before the order."""
    head = Order(order="o", placed_at=NOW, country="DE", postcode="1")
    sent = Shipment(
        shipment="n/0", run="n", number=0, node="W", service="post", day=NOW.date(),
        arrives=NOW + timedelta(days=2), cost_cents=500,
    )  # fmt: skip
    clock = Clock(head, NOW, Lateness({}), 0.9, Learned(EVEN, life.source))
    assert clock.last([sent]).due == NOW + timedelta(hours=45)
    tomorrow = sent.model_copy(update={"day": NOW.date() + timedelta(days=1)})
    assert clock.last([tomorrow]).due == NOW + timedelta(hours=11 + 45)  # midnight in Berlin


def test_of_what_was_cancelled_no_promise_is_kept(life: Life) -> None:
    placed(life, "o")
    assert isinstance(cancel(life, Doing("o", "c", NOW)), Told)
    seen = track(life, "o", NOW, late_by(range(9)))
    assert seen is not None
    assert (seen.state, seen.keeps_promise) == ("cancelled", None)


def test_of_what_waits_for_a_receipt_nobody_says_how_surely_it_comes() -> None:
    head = Order(order="o", placed_at=NOW, country="DE", postcode="1")
    line = Line(order="o", line="1", sku="A", units=2)
    wait = Move(line="1", units=2, before="placed", after="backordered")
    events = [
        Event(order="o", sequence=1, kind="placed", at=NOW, put=head, lines=(line,)),
        Event(order="o", sequence=2, kind="backordered", at=NOW, moves=(wait,)),
        Event(order="o", sequence=3, kind="promised", at=NOW, promise_at=NOW + timedelta(days=9)),
    ]
    seen = tracked(state_of(events), events, Clock(head, NOW, late_by(range(9)), 0.9))
    assert seen.promise_at == NOW + timedelta(days=9)
    assert seen.keeps_promise is None
    assert seen.estimate.due is None


def test_work_is_listed_by_the_cut_off_that_it_must_not_miss(life: Life) -> None:
    placed(life, "evening", NOW + timedelta(hours=2))  # 15:00 there and an hour's work: tomorrow
    placed(life, "noon")
    placed(life, "friday", datetime(2025, 1, 10, 16, tzinfo=UTC))
    work = work_list(life, "W", NOW)
    assert [(item.order, item.leave_by) for item in work.items] == [
        ("noon", datetime(2025, 1, 6, 14, tzinfo=UTC)),
        ("evening", datetime(2025, 1, 7, 14, tzinfo=UTC)),
        ("friday", datetime(2025, 1, 13, 14, tzinfo=UTC)),
    ]
    assert [item.late for item in work_list(life, "W", NOW + timedelta(hours=3)).items] == [
        True, False, False,
    ]  # fmt: skip
    moved(life, "noon", NOW, *REST)
    assert [item.order for item in work_list(life, "W", NOW).items] == ["evening", "friday"]
    assert work_list(life, "S", NOW).items == ()
    with pytest.raises(UnusableInput, match="no node X"):
        work_list(life, "X", NOW)


def test_what_has_lain_for_months_shows_the_cut_off_that_it_has_missed(life: Life) -> None:
    placed(life, "old", datetime(2024, 9, 2, 9, tzinfo=UTC))  # a Monday; 11:00 in Berlin
    [item] = work_list(life, "W", NOW).items
    assert (item.leave_by, item.late) == (datetime(2024, 9, 2, 13, tzinfo=UTC), True)


def test_a_list_that_is_cut_off_leaves_out_what_can_wait_longest(life: Life) -> None:
    placed(life, "a", NOW + timedelta(hours=2))
    placed(life, "z")
    assert [item.order for item in work_list(life, "W", NOW, most=1).items] == ["z"]


def test_what_lies_ready_is_left_out_before_what_is_to_be_done(life: Life) -> None:
    for name in "az":
        collected(life, name)
    moved(life, "a", NOW, "release", "pick", "pack", "ready")
    assert [item.order for item in work_list(life, "S", NOW).items] == ["z", "a"]
    assert [item.order for item in work_list(life, "S", NOW, most=1).items] == ["z"]


def test_what_was_collected_does_not_stand_for_what_is_still_to_be_done(life: Life) -> None:
    collected(life, "a", 3)
    moved(life, "a", NOW, "release", "pick", "pack", "ready", "collect")  # two of three
    said = StockMessage(node="S", sku="B", sequence=1, kind="delta", units=2)
    hear_stock(life.desk, said)
    assert isinstance(source(life, Doing("a", "a-source", NOW)), Told)
    collected(life, "z")
    assert [item.order for item in work_list(life, "S", NOW).items] == ["a", "z"]
    assert [item.order for item in work_list(life, "S", NOW, most=1).items] == ["a"]


@pytest.mark.parametrize("orders", [1, 5])
def test_a_list_takes_as_many_queries_however_long_it_is(
    life: Life, orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(orders):
        placed(life, f"o{n}")
    asked: list[str] = []
    rows = Session.rows

    def counted(self: Session, statement: Statement, **values: Any) -> Any:
        asked.append(statement.sqlite)
        return rows(self, statement, **values)

    monkeypatch.setattr(Session, "rows", counted)
    afresh = replace(life, memory=Memory())
    assert len(work_list(afresh, "W", NOW).items) == orders
    assert len(asked) == 6
    assert len(work_list(afresh, "W", NOW).items) == orders
    assert len(asked) == 6 + 2  # what was read is remembered


def test_what_is_promised_knows_how_often_a_node_has_declined(life: Life) -> None:
    shipment = placed(life, "o")
    assert isinstance(decline(life, Doing("o", "d", NOW), shipment), Told)
    rates = read_world(life.desk.database, NOW).world.nodes["decline_rate"]
    assert rates.tolist() == pytest.approx([(1 + 20 * 0.1) / 21, 0.0])
