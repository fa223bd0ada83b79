"""From a quote to a parcel: what was promised is what is held, and what is held is what is sent."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.promise import Cart, CartLine, Option
from omnisource.models.reservation import Placed, Refused, Reservation
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Allotment, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.availability import availability
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.checkout.quoted import quoted_anew
from omnisource.orchestrator.checkout.reserve import confirm, release, reserve
from omnisource.orchestrator.checkout.reserve_form import claim_of_words
from omnisource.orchestrator.checkout.room_left import days_left, room_left
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches, oversold
from omnisource.orchestrator.store.desk import open_desk
from omnisource.orchestrator.stored import connect, load_into

NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 52.5, "lon": 13.4}


def city(*, store_ships: bool = False, **warehouse: Any) -> World:
    """A warehouse with A and B, a store with A and slots, a dropshipper that alone has C.

    Post takes two days from everywhere.
    """
    place = {"country": "DE", "postcode": "10115", "lon": 13.4}
    return world_of(
        Scenario(name="city", now=NOW),
        nodes=[
            Node(node="W", kind="warehouse", lat=49.5, **place, **warehouse),
            Node(
                node="S", kind="store", lat=52.52, pickup=True, hours="Mon-Sat 09:00-18:00",
                slot_minutes=60, orders_per_slot=2, pickup_minutes=30, ships=store_ships, **place,
            ),
            Node(node="D", kind="dropshipper", lat=48, **place),
        ],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", zone="all", transit_days=2)],
        tariffs=[TariffStep(service="post", zone="all", up_to_grams=30_000, cents=500)],
        products=[Product(sku=sku, grams=100) for sku in "ABC"],
        stock=[
            StockCell(node=cell[0], sku=cell[1], on_hand=units)
            for cell, units in {"WA": 5, "WB": 5, "SA": 9, "DC": 2}.items()
        ],
        allotments=[Allotment(node="W", sku="B", channel="app", units=3)],
    )  # fmt: skip


Loaded = Callable[..., str]


@pytest.fixture
def loaded(databases: Any) -> Iterator[Loaded]:
    """Databases with the city, which add up at the end."""
    urls: list[str] = []

    def load(**warehouse: Any) -> str:
        urls.append(databases.empty())
        load_into(city(**warehouse), urls[-1])
        return urls[-1]

    yield load
    for url in urls:
        with open_desk(url) as desk:
            assert (breaches(desk.database), oversold(desk.database)) == ({}, [])


def cart(*skus: str, **more: Any) -> Cart:
    return Cart(lines=tuple(CartLine(sku=sku) for sku in skus), **{**HOME, **more})


def option_of(url: str, wanted: Cart, now: datetime = NOW) -> Option:
    return promise(connect(url), wanted, now=now).options[0]


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    world = connect(url)
    with world.database.reading() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    world.database.close()
    return found


SENT = "SELECT node, service, day, units FROM shipments ORDER BY shipment"


def paid(name: str, *skus: str) -> Placed:
    order = Order.model_validate({"order": name, "placed_at": NOW, **HOME})
    return Placed(order=order, lines=tuple(Line(order=name, line=s, sku=s, units=1) for s in skus))


def test_what_is_quoted_is_held_and_then_sent(loaded: Loaded) -> None:
    url = loaded()
    world = connect(url)
    option = promise(world, cart("A", "C", modes=("standard",)), now=NOW).options[0]
    held = reserve(world, option, key="cart", now=NOW)
    assert isinstance(held, Reservation)
    assert held.claim.promise_at == option.promise_at
    confirm(world, held.reservation, paid("o1", "A", "C"), key="paid", now=NOW)
    sent = {(node, service, units) for node, service, _, units in rows(url, SENT)}
    assert sent == {("W", "post", 1), ("D", "post", 1)}
    assert connect(url).orders.rows == 0


def test_the_same_quote_under_the_same_key_is_held_once(loaded: Loaded) -> None:
    url = loaded()
    option = option_of(url, cart("A", modes=("standard",)))
    said = [reserve(connect(url), option, key="cart", now=NOW) for _ in range(2)]
    late = reserve(connect(url), option, key="cart", now=option.expires_at + MINUTE)
    assert said[0] == said[1] == late
    assert rows(url, "SELECT COUNT(*) FROM reservations") == [(1,)]


def test_a_quote_stands_until_it_says(loaded: Loaded) -> None:
    url = loaded()
    option = option_of(url, cart("A", modes=("standard",)))
    said = reserve(connect(url), option, key="cart", now=option.expires_at + MINUTE)
    assert isinstance(said, Refused)
    assert said.why == "expired"
    assert "ask for a new promise" in said.reasons[0]


def test_a_quote_that_is_lost_gets_one_new_promise_or_a_clear_no(loaded: Loaded) -> None:
    url, wanted = loaded(), cart("C", modes=("standard",))
    options = [option_of(url, wanted) for _ in range(3)]
    with open_desk(url) as desk:
        again = quoted_anew(desk, wanted, options[0], now=NOW)
        said = [
            reserve(desk, option, key=f"cart-{i}", now=NOW, again=again)
            for i, option in enumerate(options)
        ]
    assert [type(each) for each in said] == [Reservation, Reservation, Refused]


def test_where_a_node_has_sold_out_another_keeps_the_date(loaded: Loaded) -> None:
    url, wanted = loaded(store_ships=True), cart("A", "B", modes=("standard",))
    many = wanted.model_copy(update={"lines": (CartLine(sku="A", units=5), CartLine(sku="B"))})
    first, second = option_of(url, many), option_of(url, wanted)
    assert isinstance(reserve(connect(url), first, key="1", now=NOW), Reservation)
    with open_desk(url) as desk:
        again = quoted_anew(desk, wanted, second, now=NOW)
        said = reserve(desk, second, key="2", now=NOW, again=again)
    assert isinstance(said, Reservation)
    assert {shipment.node for shipment in said.claim.shipments} == {"W", "S"}


def test_a_quote_for_a_day_that_is_full_meanwhile_is_a_clear_no(loaded: Loaded) -> None:
    url, wanted = loaded(orders_per_day=1), cart("A", modes=("standard",))
    first, second = option_of(url, wanted), option_of(url, wanted)
    assert isinstance(reserve(connect(url), first, key="1", now=NOW), Reservation)
    said = reserve(connect(url), second, key="2", now=NOW)
    assert isinstance(said, Refused)
    assert said.reasons == ("W can send 0 more shipments on 2025-01-06",)


def test_a_promise_sees_the_day_that_is_full_and_names_no_node_of_it(loaded: Loaded) -> None:
    url, wanted = loaded(orders_per_day=1, cutoff="16:00"), cart("A", modes=("standard",))
    reserve(connect(url), option_of(url, wanted), key="1", now=NOW)
    assert promise(connect(url), wanted, now=NOW).options == ()
    tomorrow = promise(connect(url), wanted, now=NOW + timedelta(days=1))
    assert [option.nodes for option in tomorrow.options] == [("W",)]


def test_a_day_that_is_full_later_is_seen_today(loaded: Loaded) -> None:
    url, wanted = loaded(orders_per_day=1, cutoff="16:00"), cart("A", modes=("standard",))
    evening = NOW + timedelta(hours=9)  # leaves on the day after
    reserve(connect(url), option_of(url, wanted, evening), key="1", now=evening)
    assert promise(connect(url), wanted, now=evening).options == ()
    assert len(promise(connect(url), wanted, now=NOW).options) == 1


def test_a_slot_is_held_with_what_is_collected_in_it(loaded: Loaded) -> None:
    url, wanted = loaded(), cart("A", store="S", modes=("collect",))
    options = [option_of(url, wanted) for _ in range(3)]
    said = [reserve(connect(url), o, key=str(i), now=NOW) for i, o in enumerate(options)]
    assert [type(each) for each in said] == [Reservation, Reservation, Refused]
    assert said[2].reasons == ("S has no room left in that slot",)  # type: ignore[union-attr]


def test_a_store_without_slots_holds_none(loaded: Loaded) -> None:
    url = loaded(pickup=True)
    option = option_of(url, cart("A", store="W", modes=("collect",)))
    held = reserve(connect(url), option, key="1", now=NOW)
    assert isinstance(held, Reservation)
    assert held.claim.pickup is None


def test_what_is_sent_to_the_store_takes_the_day_of_who_sends_it(loaded: Loaded) -> None:
    url = loaded(orders_per_day=3)
    option = option_of(url, cart("B", store="S", modes=("ship_to_store",)))
    assert isinstance(reserve(connect(url), option, key="1", now=NOW), Reservation)
    used = "SELECT kind, node, used FROM quotas WHERE kind <> 'allotment' ORDER BY row"
    assert rows(url, used) == [("orders", "W", 1)]


def test_a_channel_sells_what_it_is_allotted_and_others_see_what_is_left(loaded: Loaded) -> None:
    url = loaded()
    asked = cart("B", channel="app", modes=("standard",))
    for number in range(3):
        option = option_of(url, asked)
        assert option.channel == "app"
        assert isinstance(reserve(connect(url), option, key=str(number), now=NOW), Reservation)
    assert promise(connect(url), asked, now=NOW).options == ()
    left = availability(connect(url), "B", near=(49.5, 13.4), channel="web").nodes[0]
    assert left.units == 2


def test_availability_counts_the_use_of_each_day_apart(loaded: Loaded) -> None:
    url, wanted = loaded(orders_per_day=1, cutoff="16:00"), cart("A", modes=("standard",))
    reserve(connect(url), option_of(url, wanted), key="1", now=NOW)
    world = connect(url)
    today = availability(world, "A", near=(49.5, 13.4), now=NOW).nodes[0]
    assert today.units == 4
    assert "no pick-up there" in today.reasons
    left = room_left(world, world.now, days=3)
    assert left.orders[0].tolist() == [0, 1, 1]


def test_the_days_of_a_node_are_those_on_its_own_clock(loaded: Loaded) -> None:
    """At 13:00 UTC the 6th is over in Auckland, and with it what was held of it."""
    url = loaded(orders_per_day=1, timezone="Pacific/Auckland")
    claim = claim_of_words("W", ["A"], service="post", channel="", day="2025-01-06")
    held = reserve(connect(url), claim, key="1", now=NOW, ttl=timedelta(hours=9))
    assert isinstance(held, Reservation)
    world = connect(url)
    for hours, left in ((0, [0, 1, 1]), (4, [1, 1, 1])):
        minute = world.now + 60 * hours
        assert room_left(world, minute, days=3).orders[0].tolist() == left
    tomorrow = connect(url, NOW + timedelta(hours=4))
    days = days_left(tomorrow)
    assert days is not None
    assert days.first.tolist() == [20_095, 20_094, 20_094]  # 2025-01-06 is day 20 094
    assert days.orders[0, :2].tolist() == [1, 1]


def test_what_is_given_back_can_be_promised_again(loaded: Loaded) -> None:
    url, wanted = loaded(), cart("C", modes=("standard",))
    names = []
    for number in range(2):
        held = reserve(connect(url), option_of(url, wanted), key=str(number), now=NOW)
        assert isinstance(held, Reservation)
        names.append(held.reservation)
    assert promise(connect(url), wanted, now=NOW).options == ()
    release(connect(url), names[0], key="no", now=NOW)
    assert len(promise(connect(url), wanted, now=NOW).options) == 1


def test_a_world_read_later_has_what_is_out_of_time_back(loaded: Loaded) -> None:
    url, wanted = loaded(), cart("C", modes=("standard",))
    for number in range(2):
        reserve(connect(url), option_of(url, wanted), key=str(number), now=NOW)
    later = NOW + timedelta(minutes=16)
    assert promise(connect(url), wanted, now=later).options == ()
    assert len(promise(connect(url, later), wanted, now=later).options) == 1


def test_the_command_holds_what_the_command_promised(omnisource: Any, loaded: Loaded) -> None:
    url = loaded()
    wanted = ["--db", url, "--sku", "C", "--to", "52.5,13.4", "--mode", "standard", "--json"]
    at = NOW.isoformat()
    quote = json.loads(omnisource("promise", *wanted, "--now", at).out)["options"][0]["quote"]
    words = ["reserve", *wanted, "--quote", quote, "--asked", at, "--now", at]
    said = [json.loads(omnisource(*words, "--key", key).out) for key in "1123"]
    assert said[0] == said[1]
    assert [each.get("state", each.get("why")) for each in said] == ["held"] * 3 + ["short"]
