"""Reservations, one by one and side by side: what is held is held once, and a no says why."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.models.base import Unavailable, UnusableInput
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
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
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.bench.rush import calm_world, measure_rush
from omnisource.orchestrator.bench.soak import deadlocks_of, soak
from omnisource.orchestrator.checkout.reserve import (
    confirm,
    expire,
    extend,
    find_reservation,
    hear_stock,
    open_slot,
    release,
    reserve,
    tidy,
)
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches, oversold
from omnisource.orchestrator.store.desk import Desk, open_desk
from omnisource.orchestrator.store.session import Session, Statement
from omnisource.orchestrator.store.show import read_fallen
from omnisource.orchestrator.stored import commit_plan, connect, load_into

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = date(2025, 1, 6)


def shop(
    allotments: Sequence[Allotment] = (), *, orders_a_day: int | None = None, **stock: int
) -> World:
    """A warehouse W and a store S; order o1 wants two units of A and one of B."""
    return world_of(
        nodes=[
            Node(node="W", kind="warehouse", lat=50, lon=8, orders_per_day=orders_a_day),
            Node(node="S", kind="store", lat=50, lon=8.5),
        ],
        services=[Service(service="std", kind="parcel")],
        zones=[ZoneRule(service="std", country="DE", zone="z", transit_days=1)],
        tariffs=[TariffStep(service="std", zone="z", up_to_grams=9_000, cents=400)],
        products=[Product(sku=sku, grams=5) for sku in "AB"],
        stock=[
            StockCell(node=name[0], sku=name[1], on_hand=units) for name, units in stock.items()
        ],
        allotments=allotments,
        receipts=[Receipt(node="W", sku="B", units=4, due=NOON + 60 * MINUTE)],
        orders=[Order(order="o1", placed_at=NOON, country="DE", postcode="1", lat=50, lon=9)],
        lines=[
            Line(order="o1", line="a", sku="A", units=2),
            Line(order="o1", line="b", sku="B", units=1),
        ],
    )


Desks = Callable[..., Desk]


@pytest.fixture
def desk_of(databases: Any) -> Iterator[Desks]:
    opened: list[Desk] = []

    def of(world: World) -> Desk:
        url = databases.empty()
        load_into(world, url)
        opened.append(open_desk(url, sync="NORMAL"))
        return opened[-1]

    yield of
    for desk in opened:
        assert breaches(desk.database) == {}
        desk.close()


def claim(*wanted: str, order: str | None = None, **more: Any) -> Claim:
    """Of `WA2` two units of A from W."""
    shipments = [
        ClaimShipment(
            node=node,
            service="std",
            day=DAY,
            ready_at=more.get("ready_at"),
            lines=tuple(
                ClaimLine(line=each[1].lower(), sku=each[1], units=int(each[2:]))
                for each in wanted
                if each[0] == node
            ),
        )
        for node in sorted({each[0] for each in wanted})
    ]
    return Claim(
        shipments=tuple(shipments),
        order=order,
        pickup=more.get("pickup"),
        channel=more.get("channel", ""),
    )


def placed(name: str, **units: int) -> Placed:
    order = Order(order=name, placed_at=NOON, country="DE", postcode="1", lat=50, lon=9)
    lines = [Line(order=name, line=s.lower(), sku=s, units=u) for s, u in units.items()]
    return Placed(order=order, lines=tuple(lines))


def held(said: Any) -> Reservation:
    assert isinstance(said, Reservation), said
    return said


def refused(said: Any) -> Refused:
    assert isinstance(said, Refused), said
    return said


def rows(desk: Desk, statement: str) -> list[tuple[Any, ...]]:
    with desk.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def reserved(desk: Desk) -> dict[str, int]:
    return {n + s: units for n, s, units in rows(desk, "SELECT node, sku, reserved FROM stock")}


# all or nothing


def test_all_lines_are_held_or_none(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=2, WB=1, SA=5))
    no = refused(reserve(desk, claim("SA1", "WA1", "WB2"), key="1", now=NOON))
    assert no.why == "short"
    assert no.reasons == ("W has 1 units of B left, where 2 are wanted",)
    assert reserved(desk) == {"WA": 0, "WB": 0, "SA": 0}
    held(reserve(desk, claim("SA1", "WA1", "WB1"), key="2", now=NOON))
    assert reserved(desk) == {"WA": 1, "WB": 1, "SA": 1}


def test_a_no_names_every_day_and_slot_that_is_full(desk_of: Desks) -> None:
    desk = desk_of(shop(orders_a_day=1, WA=5))
    slot = PickUp(node="W", begins=NOON)
    open_slot(desk, slot, 1)
    held(reserve(desk, claim("WA1", pickup=slot), key="1", now=NOON))
    no = refused(reserve(desk, claim("WA1", pickup=slot), key="2", now=NOON))
    assert set(no.reasons) == {
        "W can send 0 more shipments on 2025-01-06",
        "W has no room left in that slot",
    }


def test_what_is_not_there_at_all_is_a_no(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=1))
    slot = PickUp(node="S", begins=NOON)
    no = refused(reserve(desk, claim("SA1", pickup=slot), key="1", now=NOON))
    assert no.reasons == ("S has no A", "S has no such slot")
    assert refused(confirm(desk, "r-0", "o1", key="2", now=NOON)).why == "unknown"


def test_receipts_count_from_when_they_are_due(desk_of: Desks) -> None:
    desk = desk_of(shop(WB=1))
    assert refused(reserve(desk, claim("WB2"), key="1", now=NOON)).why == "short"
    later = NOON + 61 * MINUTE
    held(reserve(desk, claim("WB2", ready_at=later), key="2", now=NOON, ttl=120 * MINUTE))
    held(reserve(desk, claim("WB3"), key="3", now=later))
    no = refused(reserve(desk, claim("WB1"), key="4", now=later))
    assert no.reasons == ("W has 0 units of B left, where 1 are wanted",)


def test_a_race_that_is_lost_gets_one_other_promise(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=1, SA=3))
    asked: list[Refused] = []

    def again(no: Refused) -> Claim:
        asked.append(no)
        return claim("SA2")

    said = held(reserve(desk, claim("WA2"), key="1", now=NOON, again=again))
    assert said.claim == claim("SA2")
    assert held(reserve(desk, claim("WA2"), key="1", now=NOON, again=again)) == said
    assert len(asked) == 1
    no = refused(reserve(desk, claim("WA2"), key="2", now=NOON, again=again))
    assert no.reasons == ("S has 1 units of A left, where 2 are wanted",)
    assert reserved(desk) == {"WA": 0, "WB": 0, "SA": 2}


def test_where_there_is_no_other_promise_the_no_stands(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=1))
    no = refused(reserve(desk, claim("WA2"), key="1", now=NOON, again=lambda _: None))
    assert no.reasons == ("W has 1 units of A left, where 2 are wanted",)
    assert refused(reserve(desk, claim("WA2"), key="1", now=NOON)) == no


# keys


def test_the_same_key_is_told_the_same_even_when_it_is_long_over(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=2))
    said = reserve(desk, claim("WA2"), key="1", now=NOON)
    later = NOON + 60 * MINUTE
    held(reserve(desk, claim("WA2"), key="2", now=later))
    assert reserve(desk, claim("WA2"), key="1", now=later) == said
    name = held(said).reservation
    assert held(find_reservation(desk, name, now=later)).state == "expired"
    assert reserved(desk)["WA"] == 2


def test_another_request_under_the_same_key_is_refused(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=5))
    name = held(reserve(desk, claim("WA1"), key="1", now=NOON)).reservation
    for said in (
        reserve(desk, claim("WA2"), key="1", now=NOON),
        extend(desk, name, key="1", now=NOON),
        release(desk, name, key="1", now=NOON),
        confirm(desk, name, placed("o2", A=1), key="1", now=NOON),
    ):
        assert refused(said).why == "key"
    assert reserved(desk)["WA"] == 1


def test_a_key_that_comes_twice_at_once_holds_once(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=50))
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: reserve(desk, claim("WA1"), key="1", now=NOON), range(16)))
    assert all(answer == said[0] for answer in said)
    assert reserved(desk)["WA"] == 1


# time


def test_what_is_out_of_time_counts_no_more_and_nobody_needs_to_sweep(desk_of: Desks) -> None:
    desk = desk_of(shop(orders_a_day=1, WA=2, SA=1))
    name = held(reserve(desk, claim("WA2", "SA1"), key="1", now=NOON)).reservation
    held(reserve(desk, claim("WA2"), key="2", now=NOON + 15 * MINUTE))
    for verb in (extend, release):
        assert refused(verb(desk, name, key=verb.__name__, now=NOON)).why == "expired"
    no = confirm(desk, name, placed("o2", A=3), key="5", now=NOON + 15 * MINUTE)
    assert refused(no).why == "expired"
    assert reserved(desk)["SA"] == 1
    assert expire(desk, now=NOON + 15 * MINUTE) == 1
    assert reserved(desk) == {"WA": 2, "WB": 0, "SA": 0}


def test_it_lasts_longer_when_asked_and_is_never_shortened(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=1))
    name = held(reserve(desk, claim("WA1"), key="1", now=NOON)).reservation
    longer = held(extend(desk, name, key="2", now=NOON, ttl=60 * MINUTE))
    assert longer.until == NOON + 60 * MINUTE
    assert held(extend(desk, name, key="3", now=NOON, ttl=MINUTE)).until == longer.until
    assert refused(reserve(desk, claim("WA1"), key="4", now=NOON + 59 * MINUTE)).why == "short"


# orders and nights


def test_a_confirmed_reservation_is_the_orders_allocation(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=2, WB=1, SA=2, SB=1))
    url = desk.database.name
    name = held(reserve(desk, claim("SA2", "SB1"), key="1", now=NOON)).reservation
    done = held(confirm(desk, name, "o1", key="2", now=NOON))
    assert (done.state, done.order) == ("confirmed", "o1")
    assert rows(desk, "SELECT node, sku, units FROM allocations ORDER BY sku") == [
        ("S", "A", 2), ("S", "B", 1),
    ]  # fmt: skip
    assert rows(desk, 'SELECT "order", node, service, day FROM shipments') == [
        ("o1", "S", "std", "2025-01-06")
    ]
    assert connect(url_of(desk)).orders.rows == 0, url
    assert expire(desk, now=NOON + 60 * MINUTE) == 0
    assert refused(confirm(desk, name, "o1", key="3", now=NOON)).why == "confirmed"
    assert reserved(desk) == {"WA": 0, "WB": 0, "SA": 2, "SB": 1}


def test_cancelling_gives_back_what_was_confirmed_once(desk_of: Desks) -> None:
    desk = desk_of(shop(orders_a_day=3, WA=2))
    name = held(reserve(desk, claim("WA2"), key="1", now=NOON)).reservation
    held(confirm(desk, name, placed("o2", A=2), key="2", now=NOON))
    assert held(release(desk, name, key="3", now=NOON)).state == "released"
    assert refused(release(desk, name, key="4", now=NOON)).why == "released"
    assert reserved(desk)["WA"] == 0
    assert rows(desk, "SELECT status FROM orders WHERE \"order\" = 'o2'") == [("cancelled",)]
    assert rows(desk, "SELECT used FROM quotas") == [(0,)]


def test_what_the_order_does_not_want_cannot_be_confirmed_for_it(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=9))
    name = held(reserve(desk, claim("WA3"), key="1", now=NOON)).reservation
    no = refused(confirm(desk, name, "o1", key="2", now=NOON))
    assert no.reasons == ("order o1 has no line a that wants 3 units of A",)
    held(confirm(desk, name, placed("o2", A=3), key="3", now=NOON))


def test_the_rest_of_an_order_that_is_confirmed_in_part_is_the_nights(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=9, WB=9))
    name = held(reserve(desk, claim("WA2"), key="1", now=NOON)).reservation
    held(confirm(desk, name, "o1", key="2", now=NOON))
    world = connect(url_of(desk))
    assert world.lines["units"].tolist() == [1]
    assert commit_plan(world, allocate(world, solver="cheapest"), "monday").fallen == 0
    assert reserved(desk) == {"WA": 2, "WB": 1}


def test_a_night_leaves_alone_what_is_held(desk_of: Desks) -> None:
    desk = desk_of(shop(orders_a_day=5, WA=3, WB=3))
    held(reserve(desk, claim("WA2"), key="1", now=_now(desk)))
    world = connect(url_of(desk))
    assert world.stock["on_hand"].tolist() == [1, 3]
    assert world.nodes["orders_per_day"].tolist()[0] == 5 - (world.scenario.now.date() == DAY)
    assert commit_plan(world, allocate(world, solver="cheapest"), "monday").orders == 1
    assert reserved(desk) == {"WA": 3, "WB": 1}


def test_what_is_held_out_of_time_is_free_for_a_night(desk_of: Desks) -> None:
    desk = desk_of(shop(orders_a_day=1, WA=2, WB=1))
    held(reserve(desk, claim("WA2", "WB1"), key="1", now=_now(desk) - 60 * MINUTE))
    world = connect(url_of(desk))
    assert world.stock["on_hand"].tolist() == [2, 1]
    assert commit_plan(world, allocate(world, solver="cheapest"), "monday").orders == 1
    assert reserved(desk) == {"WA": 2, "WB": 1}


def test_what_a_channel_holds_of_its_allotment_is_no_longer_left(desk_of: Desks) -> None:
    allotted = [Allotment(node="W", sku="A", channel="web", units=3)]
    world = shop(allotted, WA=5)
    desk = desk_of(world)
    no = refused(reserve(desk, claim("WA3"), key="1", now=NOON))
    assert no.reasons == ("W has 2 units of A left, where 3 are wanted",)
    held(reserve(desk, claim("WA2", channel="web"), key="2", now=_now(desk)))
    assert connect(url_of(desk)).allotments["units"].tolist() == [1]
    no = refused(reserve(desk, claim("WA2", channel="web"), key="3", now=_now(desk)))
    assert no.reasons == ("web may sell 1 more units of A from W",)
    held(reserve(desk, claim("WA2"), key="4", now=_now(desk)))


def test_an_order_for_which_something_is_held_is_not_the_nights(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=9, WB=9, SA=9, SB=9))
    world = connect(url_of(desk))
    plan = allocate(world, solver="cheapest")
    name = held(reserve(desk, claim("SA2", "SB1", order="o1"), key="1", now=_now(desk)))
    assert commit_plan(world, plan, "monday").orders == 0
    assert read_fallen(world.database, "monday") == (("o1", "it has been changed meanwhile"),)
    assert connect(url_of(desk)).orders.rows == 0
    again = refused(reserve(desk, claim("WA2", order="o1"), key="2", now=_now(desk)))
    assert again.why == "confirmed"
    held(confirm(desk, name.reservation, "o1", key="3", now=_now(desk)))
    assert rows(desk, "SELECT DISTINCT node FROM allocations") == [("S",)]


def test_a_night_does_not_take_a_day_that_is_held_meanwhile(desk_of: Desks) -> None:
    desk = desk_of(shop(orders_a_day=1, WA=9, WB=9))
    world = connect(url_of(desk))
    plan = allocate(world, solver="cheapest")
    day = str(world.scenario.now.date())
    shipment = claim("WA1").shipments[0].model_copy(update={"day": date.fromisoformat(day)})
    wanted = Claim(shipments=(shipment,))
    held(reserve(desk, wanted, key="1", now=_now(desk)))
    assert commit_plan(world, plan, "monday").orders == 0
    [(_, reason)] = read_fallen(world.database, "monday")
    assert reason == "W can send 0 more shipments that day, where 1 were planned"


# stock messages


def test_messages_may_come_late_twice_or_in_another_order(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=5))

    def say(number: int, kind: Any, units: int) -> tuple[bool, int]:
        message = StockMessage(node="W", sku="A", sequence=number, kind=kind, units=units)
        said = hear_stock(desk, message)
        return said.counted, said.on_hand

    assert say(1, "delta", 3) == (True, 8)
    assert say(1, "delta", 3) == (False, 8)
    assert say(4, "delta", -1) == (True, 7)
    assert say(3, "snapshot", 20) == (True, 19)
    assert say(2, "delta", 6) == (False, 19)
    assert say(0, "snapshot", 1) == (False, 19)
    with pytest.raises(UnusableInput, match="message 4 of W A said something else before"):
        say(4, "delta", 2)


def test_goods_of_a_new_product_make_a_cell_and_receipts_shrink(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=1))
    hear_stock(desk, StockMessage(node="S", sku="B", sequence=1, kind="delta", units=2))
    held(reserve(desk, claim("SB2"), key="1", now=NOON))
    hear_stock(desk, StockMessage(node="W", sku="B", sequence=1, kind="delta", units=3))
    assert rows(desk, "SELECT units FROM receipts") == [(1,)]
    hear_stock(desk, StockMessage(node="W", sku="B", sequence=2, kind="delta", units=3))
    assert rows(desk, "SELECT units FROM receipts") == []
    with pytest.raises(UnusableInput, match="no product C"):
        hear_stock(desk, StockMessage(node="S", sku="C", sequence=1, kind="delta", units=2))


# side by side


def test_a_write_that_fails_does_not_spoil_the_others(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=50))

    def fail(session: Session) -> None:
        session.put([(Statement("UPDATE stock SET reserved = 40 WHERE sku = 'A'"), {})])
        raise ZeroDivisionError("oh no")

    with ThreadPoolExecutor(8) as pool:
        good = [pool.submit(reserve, desk, claim("WA1"), key=f"{i}", now=NOON) for i in range(20)]
        bad = [desk.submit(fail) for _ in range(20)]
    assert all(isinstance(each.result(), Reservation) for each in good)
    assert all(isinstance(each.exception(), ZeroDivisionError) for each in bad)
    assert reserved(desk)["WA"] == 20


def test_every_unit_is_sold_once_and_the_others_are_told_no(databases: Any) -> None:
    url = databases.empty()
    load_into(calm_world(hot=40), url)
    rush = measure_rush(url, units=40, buyers=160, seconds=1, now=NOON)
    assert (rush.sold, rush.refused, rush.broken) == (40, 120, 0)


def test_many_processes_of_which_some_are_killed_lose_nothing(databases: Any) -> None:
    url = databases.empty()
    found = soak(
        url, processes=4, seconds=6, kills=2, now=NOON, seed=int(os.environ.get("SEED", 3))
    )
    assert found.told > 0
    assert found.killed == 2
    assert (found.missing, found.oversold, found.broken) == (0, 0, 0)
    assert (found.deadlocks, found.failed) == (0, 0)


def test_claims_of_the_same_cells_in_any_order_do_not_wait_in_a_circle(databases: Any) -> None:
    url = databases.empty()
    load_into(shop(WA=400, WB=400, SA=400, SB=400), url)
    with open_desk(url, sync="NORMAL") as one, open_desk(url, sync="NORMAL") as other:
        with one.database.reading() as connection:
            before = deadlocks_of(connection)

        def ask(number: int) -> Any:
            wanted = ["WA1", "SB1", "WB1", "SA1"][:: 1 if number % 2 else -1]
            desk = one if number % 3 else other
            return reserve(desk, claim(*wanted), key=f"{number}", now=NOON)

        with ThreadPoolExecutor(8) as pool:
            assert all(isinstance(said, Reservation) for said in pool.map(ask, range(80)))
        with one.database.reading() as connection:
            assert deadlocks_of(connection) == before
        assert oversold(one.database) == []


# what goes wrong


def test_a_desk_that_is_closed_says_so(databases: Any) -> None:
    url = databases.empty()
    load_into(shop(WA=4), url)
    desk = open_desk(url)
    desk.close()
    with pytest.raises((Unavailable, RuntimeError)):
        reserve(desk, claim("WA1"), key="1", now=NOON)


def test_a_database_that_refuses_is_unavailable_and_recovers(databases: Any) -> None:
    url = databases.empty()
    load_into(shop(WA=4), url)
    with open_desk(url) as desk:
        with pytest.raises(Unavailable):
            desk.write(lambda session: session.rows(Statement("SELECT no FROM nothing")))
        held(reserve(desk, claim("WA1"), key="1", now=NOON))


def test_a_claim_needs_an_aware_clock(desk_of: Desks) -> None:
    with pytest.raises(UnusableInput, match="give a time zone"):
        reserve(desk_of(shop(WA=1)), claim("WA1"), key="1", now=datetime(2025, 1, 6))


def test_the_command_holds_once_for_a_key(omnisource: Any, databases: Any, here: Path) -> None:
    url = databases.empty()
    load_into(shop(WA=4), url)
    words = ("reserve", "--db", url, "--key", "k", "--now", NOON.isoformat(), "--json", "--quiet")
    first = omnisource(*words, "--node", "W", "--sku", "A:3")
    assert first.document["state"] == "held"
    (here / "claim.json").write_text(claim("WA3").model_dump_json())
    other = omnisource(*words[:4], "k2", *words[5:], "--claim", "claim.json", "--strict")
    assert other.code == 3
    assert other.document["why"] == "short"
    assert omnisource(*words).code == 2


def url_of(desk: Desk) -> str:
    return (
        desk.database.url.render_as_string(hide_password=False)
        .replace("+pysqlite", "")
        .replace("+psycopg", "")
    )


def _now(desk: Desk) -> datetime:
    """The clock of the scenario in a database."""
    now: datetime = connect(url_of(desk)).scenario.now
    return now


def test_tidying_drops_what_is_long_over_and_keeps_what_stands(desk_of: Desks) -> None:
    desk = desk_of(shop(WA=9, WB=9))
    late = timedelta(days=60)
    paid, left = (held(reserve(desk, claim("WA1"), key=k, now=NOON)) for k in ("paid", "left"))
    confirm(desk, paid.reservation, placed("o9", A=1), key="confirmed", now=NOON)
    refused(reserve(desk, claim("WA99"), key="short", now=NOON))
    live = held(reserve(desk, claim("WB1"), key="live", now=NOON, ttl=2 * late))
    done = tidy(desk, older_than=30, now=NOON + late)
    assert (done.expired, done.reservations, done.keys) == (1, 1, 2)
    assert held(reserve(desk, claim("WA1"), key="paid", now=NOON + late)) == paid
    assert held(reserve(desk, claim("WB1"), key="live", now=NOON, ttl=2 * late)) == live
    assert refused(find_reservation(desk, left.reservation, now=NOON)).why == "unknown"
    assert tidy(desk, older_than=30, now=NOON + late) == type(done)(0, 0, 0)


def test_the_command_tidies(omnisource: Any, databases: Any) -> None:
    url = databases.empty()
    load_into(shop(WA=2), url)
    with open_desk(url) as desk:
        reserve(desk, claim("WA1"), key="1", now=NOON)
    words = ["db", "tidy", "--db", url, "--older-than", "7", "--now", "2025-02-01T00:00:00Z"]
    assert "1 reservations out of time given back; 1 that are over" in omnisource(*words).out
