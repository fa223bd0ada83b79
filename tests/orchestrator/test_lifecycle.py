"""An order's life by hand, on both databases: what is told, what is refused, what it leaves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from omnisource.models.claims import claims_of
from omnisource.models.money import Charge, Terms
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Reservation
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.checkout.reserve import release, reserve
from omnisource.orchestrator.life.decline import decline, pack_short, source
from omnisource.orchestrator.life.doing import Doing
from omnisource.orchestrator.life.record import read_back
from omnisource.orchestrator.life.verbs import (
    cancel,
    events,
    give_back,
    place,
    show,
    step,
)
from omnisource.orchestrator.store.records import find_record, records_of
from omnisource.orchestrator.stored import commit_plan, connect

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEDNESDAY, FRIDAY = (datetime(2025, 1, day, 23, 59, tzinfo=UTC) for day in (8, 10))


def doing(key: str, name: str = "o1", at: datetime = NOON, **more: Any) -> Doing:
    return Doing(name, key, at, **more)


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def denied(said: Told | Denied) -> Denied:
    assert isinstance(said, Denied), said
    return said


def test_an_order_goes_from_the_click_to_the_door(town: Any) -> None:
    life = town.life({"WA": 3, "SA": 3})
    said = told(place(life, doing("k0"), town.order(A=2)))
    assert said.events == ("placed", "allocated", "promised")
    assert said.shipments == ("order o1/0",)
    assert said.promise_at == WEDNESDAY
    assert town.stock(life) == {"WA": (3, 2), "SA": (3, 0)}
    for number, verb in enumerate(("release", "pick", "pack"), start=1):
        assert told(step(life, doing(f"k{number}"), verb)).cents == 0
    assert town.stock(life) == {"WA": (3, 2), "SA": (3, 0)}
    assert told(step(life, doing("k4"), "ship")).cents == 2_000
    assert town.stock(life) == {"WA": (1, 0), "SA": (3, 0)}
    said = told(step(life, doing("k5", at=NOON + 24 * HOUR), "deliver"))
    assert (said.state, said.events) == ("delivered", ("delivered",))


def test_an_illegal_move_is_refused_with_the_legal_ones_named(town: Any) -> None:
    life = town.life({"WA": 3})
    told(place(life, doing("k0"), town.order(A=2)))
    no = denied(step(life, doing("k1"), "ship"))
    assert no.state == "allocated"
    assert no.legal == ("cancelled", "declined", "placed", "released")
    assert no.reasons == ("no shipment of order o1 can be shipped now",)
    told(step(life, doing("k2"), "release"))
    no = denied(cancel(life, doing("k3")))
    assert no.legal == ("declined", "picking")
    assert denied(step(life, doing("k4", "nobody"), "ship")).reasons == (
        "there is no order nobody",
    )


def test_the_same_key_is_told_the_same_again(town: Any) -> None:
    life = town.life({"WA": 3})
    first = place(life, doing("k0"), town.order(A=2))
    assert place(life, doing("k0"), town.order(A=2)) == first
    no = denied(place(life, doing("k0"), town.order(A=1)))
    assert no.reasons == ("key k0 was used for another request; give each request its own",)
    assert denied(place(life, doing("k1"), town.order(A=2))).reasons == (
        "order o1 has been placed",
    )
    assert len(events(life)) == 3


def test_a_decline_is_sourced_again_and_keeps_the_promise(town: Any) -> None:
    life = town.life({"WA": 2, "SA": 2})
    told(place(life, doing("k0"), town.order(A=2, promised_by=WEDNESDAY)))
    said = told(decline(life, doing("k1", at=NOON + HOUR), "order o1/0", missing=True))
    assert said.events == ("declined", "allocated")
    assert said.promise_at == WEDNESDAY
    assert town.at_nodes(show(life, "o1")) == {"Sa2": "allocated"}
    assert town.stock(life) == {"WA": (0, 0), "SA": (2, 2)}


def test_an_order_of_many_units_is_sourced_in_parts(town: Any) -> None:
    """More ways to cut it than a menu holds: the large solver, with a date that binds."""
    life = town.life({"WA": 400, "SA": 300, "WB": 300, "TB": 400})
    said = told(place(life, doing("k0"), town.order(A=600, B=600, promised_by=WEDNESDAY)))
    assert said.promise_at == WEDNESDAY
    assert sum(reserved for _, reserved in town.stock(life).values()) == 1_200


def test_a_decline_too_late_for_the_post_goes_by_express_to_keep_the_promise(town: Any) -> None:
    life = town.life({"WA": 2, "SA": 2})
    told(place(life, doing("k0"), town.order(A=2, promised_by=WEDNESDAY)))
    said = told(decline(life, doing("k1", at=NOON + 24 * HOUR), "order o1/0"))
    state = show(life, "o1")
    assert state is not None
    assert state.shipments[said.shipments[0]].service == "fast"
    assert said.promise_at == WEDNESDAY
    assert town.stock(life)["WA"] == (2, 0)


def test_a_promise_that_cannot_be_kept_is_changed_and_said_so(town: Any) -> None:
    life = town.life({"WA": 2, "SA": 2})
    told(place(life, doing("k0"), town.order(A=2, promised_by=WEDNESDAY)))
    said = told(decline(life, doing("k1", at=NOON + 48 * HOUR, cause="fire"), "order o1/0"))
    assert said.events == ("declined", "allocated", "promise_changed")
    assert said.promise_at == WEDNESDAY + 24 * HOUR
    seen = show(life, "o1")
    assert seen is not None
    assert seen.promise_at == said.promise_at


def test_what_no_node_can_send_is_backordered_until_somebody_can(town: Any) -> None:
    life = town.life({"WA": 1, "SA": 1})
    said = told(place(life, doing("k0"), town.order(A=3)))
    assert said.events == ("placed", "allocated", "backordered")
    assert said.promise_at is None
    with life.desk.database.writing() as connection:
        connection.execute(text("UPDATE stock SET on_hand = 5 WHERE node = 'S'"))
    said = told(source(life, doing("k1")))
    assert said.events == ("allocated", "promised")
    assert town.stock(life) == {"WA": (1, 1), "SA": (5, 2)}


def test_a_line_declined_too_often_goes_to_a_person(town: Any) -> None:
    life = town.life({"WA": 2, "SA": 2, "TA": 2}, declines=2)
    told(place(life, doing("k0"), town.order(A=1)))
    told(decline(life, doing("k1"), "order o1/0"))
    said = told(decline(life, doing("k2"), "order o1/1"))
    assert said.events == ("declined", "person", "promise_changed")
    assert said.promise_at is None
    with life.desk.database.reading() as connection:
        assert connection.scalar(text("SELECT status FROM orders")) == "person"
    said = told(source(life, doing("k3"), forget=True))
    assert said.events == ("changed", "allocated", "promise_changed")


def test_a_short_pick_packs_what_was_found(town: Any) -> None:
    life = town.life({"WA": 3, "SA": 3})
    told(place(life, doing("k0"), town.order(A=3)))
    for key, verb in (("k1", "release"), ("k2", "pick")):
        told(step(life, doing(key), verb))
    told(pack_short(life, doing("k3"), "order o1/0", {"a": 1}))
    assert town.at_nodes(show(life, "o1")) == {"Wa2": "packed", "Sa1": "allocated"}
    assert town.stock(life) == {"WA": (2, 2), "SA": (3, 1)}
    assert told(step(life, doing("k4"), "ship")).cents == 2_000


def test_a_day_that_is_full_is_not_asked(town: Any) -> None:
    life = town.life({"TA": 9})
    for name in ("o1", "o2"):
        told(place(life, doing(name, name), town.order(name, A=1)))
    assert told(place(life, doing("o3", "o3"), town.order("o3", A=1))).state == "backordered"
    told(cancel(life, doing("c1", "o1")))
    assert told(source(life, doing("s3", "o3"))).state == "allocated"


def test_an_order_is_placed_on_what_was_reserved(town: Any) -> None:
    life = town.life({"WA": 3, "SA": 3})
    lines = (ClaimLine(line="a", sku="A", units=2),)
    sent = ClaimShipment(node="S", service="post", day=date(2025, 1, 6), lines=lines)
    claim = Claim(shipments=(sent,), promise_at=FRIDAY)
    held = reserve(life.desk, claim, key="cart", now=NOON)
    assert isinstance(held, Reservation)
    said = told(place(life, doing("k0"), town.order(A=2), reservation=held.reservation))
    assert said.events == ("placed", "held", "allocated", "promised")
    assert said.promise_at == FRIDAY
    assert town.stock(life) == {"WA": (3, 0), "SA": (3, 2)}
    again = denied(
        place(life, doing("k1", "o2"), town.order("o2", A=2), reservation=held.reservation)
    )
    assert "is held for order o1" in again.reasons[0]
    no = release(life.desk, held.reservation, key="r", now=NOON)
    assert "has begun its life" in str(no)
    told(decline(life, doing("k2"), f"reservation {held.reservation}/0"))
    assert town.stock(life) == {"WA": (3, 2), "SA": (3, 0)}
    told(cancel(life, doing("k3")))
    assert town.stock(life) == {"WA": (3, 0), "SA": (3, 0)}


def test_what_is_reserved_for_another_basket_is_no_order_of_this_one(town: Any) -> None:
    life = town.life({"WA": 3})
    lines = (ClaimLine(line="z", sku="A", units=2),)
    sent = ClaimShipment(node="W", service="post", day=date(2025, 1, 6), lines=lines)
    held = reserve(life.desk, Claim(shipments=(sent,)), key="cart", now=NOON)
    assert isinstance(held, Reservation)
    no = denied(place(life, doing("k0"), town.order(A=2), reservation=held.reservation))
    assert no.reasons == ("order o1 has no line z that wants 2 units of A",)
    assert show(life, "o1") is None


def test_the_record_of_a_reservation_has_all_units_of_a_product(town: Any) -> None:
    """Two lines of one product: a decision that is looked at again has both their units to give."""
    life = town.life({"WA": 3})
    order = town.order(A=1)
    again = order.lines[0].model_copy(update={"line": "a2", "units": 2})
    basket = order.model_copy(update={"lines": (*order.lines, again)})
    lines = tuple(ClaimLine(line=line.line, sku="A", units=line.units) for line in basket.lines)
    sent = ClaimShipment(node="W", service="post", day=date(2025, 1, 6), lines=lines)
    held = reserve(life.desk, Claim(shipments=(sent,)), key="cart", now=NOON)
    assert isinstance(held, Reservation)
    told(place(life, doing("k0"), basket, reservation=held.reservation))
    [(event, _)] = records_of(life.desk.database, "o1")
    record = find_record(life.desk.database, "order", "o1", event)
    assert record is not None
    assert read_back(record.document).wants.own == {("W", "A"): 3}


def test_the_state_is_rebuilt_from_events_and_the_ledgers_follow(town: Any) -> None:
    life = town.life({"WA": 3, "SA": 3, "WB": 1})
    told(place(life, doing("k0"), town.order(A=4, B=1)))
    told(decline(life, doing("k1"), "order o1/0", lines={"a": 1}, missing=True))
    told(cancel(life, doing("k2"), line="a", units=1))
    for key, verb in (("k3", "release"), ("k4", "pick"), ("k5", "pack"), ("k6", "ship")):
        told(step(life, doing(key), verb))
    state = show(life, "o1")
    assert state is not None
    claims = claims_of(state)
    with life.desk.database.reading() as connection:
        rows = connection.execute(text("SELECT run, shipment, line, units FROM allocations"))
        assert {(f"{r}/{s}", line): n for r, s, line, n in rows} == dict(claims.given)
        rows = connection.execute(text("SELECT run, shipment, line, units FROM sent"))
        assert {(f"{r}/{s}", line): n for r, s, line, n in rows} == dict(claims.sent)
        rows = connection.execute(text("SELECT line, units FROM lines"))
        assert dict(tuple(row) for row in rows) == dict(claims.wanted)
    assert claims.wanted == {"a": 3, "b": 1}


def test_money_is_invoiced_cancelled_and_refunded_to_the_cent(town: Any) -> None:
    """Three units at 10 euros, 5 euros off, 3.99 for the parcel: 28.99; 9.66 of each for two."""
    life = town.life({"WA": 2, "SA": 1})
    terms = Terms(charges=(Charge(kind="coupon", cents=-500), Charge(kind="fee", cents=399)))
    told(place(life, doing("k0"), town.order(A=3), terms=terms))
    paid = [told(cancel(life, doing("k1"), line="a", units=1)).cents]
    for key, verb in (("k2", "release"), ("k3", "pick"), ("k4", "pack"), ("k5", "ship")):
        paid.append(told(step(life, doing(key), verb)).cents)
    told(step(life, doing("k6"), "deliver"))
    assert paid[1:4] == [0, 0, 0]
    assert sum(paid) == 2_899
    back = told(give_back(life, doing("k7"), "a", 1, node="S"))
    assert back.cents == 833
    assert town.stock(life)["SA"][0] in (1, 2)


def test_events_are_read_in_order_and_none_is_passed_over(town: Any) -> None:
    life = town.life({"WA": 9})
    for name in ("o1", "o2"):
        told(place(life, doing(name, name), town.order(name, A=1)))
    first = events(life, 0, 4)
    assert [at for at, _ in first] == [1, 2, 3, 4]
    told(step(life, doing("r1"), "release"))
    rest = events(life, 4)
    assert [at for at, _ in rest] == [5, 6, 7]
    assert '"released"' in rest[-1][1]
    assert events(life, 7) == []


def test_an_order_that_a_night_has_allocated_is_adopted(town: Any) -> None:
    head, lines = town.order(A=2).order, list(town.order(A=2).lines)
    life = town.life({"WA": 3, "SA": 3}, orders=[head], lines=lines)
    url = str(life.desk.database.url.render_as_string(hide_password=False))
    world = connect(url.replace("+pysqlite", "").replace("+psycopg", ""))
    commit_plan(world, allocate(world, solver="cheapest"), "monday")
    world.database.close()
    said = told(step(life, doing("k1"), "release"))
    assert said.events == ("released",)
    assert [text.split('"kind":"')[1].split('"')[0] for _, text in events(life)] == [
        "placed", "allocated", "promised", "released",
    ]  # fmt: skip
