"""Promises over lanes by hand: to a store, by a hub, merged there; then held, and sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from omnisource.models.http import OptionView, PromisedOption
from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import Fence, Policy
from omnisource.models.product import Product
from omnisource.models.promise import Cart, CartLine, Offer, Option
from omnisource.models.reservation import Placed, Reservation
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.checkout.reserve import confirm, reserve
from omnisource.orchestrator.checkout.reserve_form import claim_of_option
from omnisource.orchestrator.explain_record import explain_decision
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.life.doing import Doing, open_life
from omnisource.orchestrator.life.sourcing import LATE
from omnisource.orchestrator.life.verbs import place
from omnisource.orchestrator.stored import connect, load_into
from omnisource.solvers.leadtime.table import LeadTimes

FRIDAY = datetime(2025, 10, 24, 11, tzinfo=UTC)  # 13:00 in Berlin; the clocks change on Sunday
KINDS = {"W": "warehouse", "V": "warehouse", "H": "hub", "S": "store"}
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 53.0, "lon": 10.0}
FEES = {"W": 100, "V": 110, "H": 50, "S": 0}


def lane(
    start: str, end: str, departs: str = "daily 18:00", minutes: int = 600, **more: Any
) -> Lane:
    fields = {"from_node": start, "to_node": end, "service": "truck", "departs": departs}
    return Lane.model_validate(fields | {"transit_minutes": minutes} | more)


def network(
    *lanes: Lane, now: datetime = FRIDAY, fences: tuple[Fence, ...] = (),
    stock: tuple[str, ...] = ("Wa", "Vb", "Wc"), **nodes: Any,
) -> World:  # fmt: skip
    """W has a and c, V has b, 1 kg each; post takes a day and 300 from the hub, else three and 900.

    What is c travels alone.
    """
    return world_of(
        Scenario(name="lanes", now=now, policy=Policy(fences=fences, promise_quantile=0.81)),
        nodes=[
            Node.model_validate(
                {"node": n, "kind": kind, "lat": 50 + i, "lon": 10, "country": "DE",
                 "postcode": "10115", "pickup": n == "S", "ships": n != "S",
                 "timezone": "Europe/Berlin", "cents_per_shipment": FEES[n]} | nodes.get(n, {})
            )
            for i, (n, kind) in enumerate(KINDS.items())
        ],
        services=[
            Service(service="truck", kind="transfer"), Service(service="post", kind="parcel")
        ],
        zones=[
            ZoneRule(service="post", node="H", zone="near", transit_days=1),
            ZoneRule(service="post", zone="far", transit_days=3),
        ],
        tariffs=[
            TariffStep(service="post", zone="near", up_to_grams=5_000, cents=300),
            TariffStep(service="post", zone="far", up_to_grams=5_000, cents=900),
        ],
        products=[Product(sku=s, grams=1_000, ships_alone=s == "c") for s in "abc"],
        stock=[StockCell(node=n, sku=s, on_hand=3) for n, s in stock],
        lanes=list(lanes),
    )  # fmt: skip


def cart(*skus: str, **more: Any) -> Cart:
    return Cart(lines=tuple(CartLine(sku=s) for s in skus), **{**HOME, **more})


def to_store(world: World, *skus: str, now: datetime, **more: Any) -> Offer:
    return promise(world, cart(*skus, store="S", modes=("ship_to_store",), **more), now=now)


SHOP = {"hours": "Mon-Sat 09:00-20:00"}
WEEKDAYS = lane("W", "S", "Mon-Fri 18:00", 9 * 60, cutoff="13:00", cents_per_kg=15)


def test_goods_asked_for_at_fridays_cut_off_are_there_on_saturday_later_on_tuesday() -> None:
    """In winter time by then: Monday's truck leaves at 17:00 UTC, and the doors open at 08:00."""
    world = network(WEEKDAYS, S=SHOP)
    (by_truck, *_) = to_store(world, "a", now=FRIDAY).options
    assert (by_truck.service, by_truck.cost_cents, by_truck.parcels) == ("truck", 115, 1)
    assert by_truck.promise_at == datetime(2025, 10, 25, 7, tzinfo=UTC)
    assert by_truck.expires_at == FRIDAY
    late = to_store(world, "a", now=FRIDAY + timedelta(minutes=1)).options[0]
    assert late.promise_at == datetime(2025, 10, 28, 8, tzinfo=UTC)
    ((leg,),) = (parcel.legs for parcel in late.shipments)
    assert (leg.start, leg.end, leg.service) == ("W", "S", "truck")
    assert leg.departs == datetime(2025, 10, 27, 17, tzinfo=UTC)
    assert leg.arrives == datetime(2025, 10, 28, 2, tzinfo=UTC)


def test_what_comes_to_a_store_from_two_nodes_is_there_when_the_last_of_it_is() -> None:
    world = network(WEEKDAYS, lane("V", "S", minutes=3 * 1_440), S=SHOP)
    option = to_store(world, "a", "b", now=FRIDAY).options[0]
    assert option.promise_at == datetime(2025, 10, 27, 16, tzinfo=UTC)  # 72 hours after 16:00 UTC
    assert {p.node: p.arrives for p in option.shipments}["W"] == datetime(
        2025, 10, 25, 7, tzinfo=UTC
    )
    assert (option.cost_cents, option.parcels) == (115 + 110, 2)


def test_a_cart_asked_in_a_store_without_an_address_comes_to_that_store() -> None:
    asked = Cart(lines=(CartLine(sku="a"),), from_store="S")
    offer = promise(network(WEEKDAYS, S=SHOP), asked, now=FRIDAY)
    assert {option.mode for option in offer.options} == {"ship_to_store"}
    assert offer.options[0].shipments[0].to == "S"


BOTH = (lane("W", "H", cents_per_kg=10), lane("V", "H", "daily 20:00", cents_per_kg=20))


def merged(world: World, now: datetime = FRIDAY, **more: Any) -> Option:
    offer = promise(world, cart("a", "b", modes=("standard",)), now=now, **more)
    return next(option for option in offer.options if option.parcels == 1)


def test_goods_of_two_warehouses_leave_the_hub_as_one_parcel_when_the_later_are_there() -> None:
    """W 100 + 10, V 110 + 20; the hub 50 and one parcel 300. Apart they would cost 350 more."""
    option = merged(network(*BOTH))
    assert (option.cost_cents, option.nodes, option.service) == (590, ("W", "V"), "post")
    assert option.promise_at == datetime(2025, 10, 26, 22, 59, tzinfo=UTC)  # Sunday, winter time
    of_w, of_v = option.shipments
    assert (of_w.parcel, of_v.parcel, of_w.via, of_v.via) == (1, 1, ("H",), ("H",))
    assert of_w.legs[1] == of_v.legs[1]
    assert of_v.legs[1].departs == datetime(2025, 10, 25, 4, tzinfo=UTC)  # with the later truck
    assert (of_w.cost_cents, of_v.cost_cents) == (460, 130)
    alone = [promise(network(*BOTH), cart(sku), now=FRIDAY).options[0] for sku in "ab"]
    assert [each.cost_cents for each in alone] == [460, 480]


def test_what_is_merged_counts_as_one_parcel_where_more_are_suggested() -> None:
    """Of a, b and c the hub can join a and b: two parcels of three shipments."""
    asked = cart("a", "b", "c", modes=("standard",), max_shipments=1)
    (no,) = promise(network(*BOTH), asked, now=FRIDAY).refused
    assert [(change.kind, change.text) for change in no.changes] == [("split", "allow 2 parcels")]


def test_a_hub_that_is_closed_on_a_holiday_sends_on_the_next_day_that_it_opens() -> None:
    """Goods come on 3 October, a Friday; the hub works again on Monday."""
    eve = datetime(2025, 10, 2, 9, tzinfo=UTC)
    world = network(*BOTH, now=eve, H={"calendar": "DE", "hours": "Mon-Fri 08:00-18:00"})
    option = merged(world, eve)
    assert option.shipments[0].legs[1].departs == datetime(2025, 10, 6, 6, tzinfo=UTC)
    assert option.promise_at == datetime(2025, 10, 7, 21, 59, tzinfo=UTC)


def test_a_merged_parcel_is_dated_as_one_parcel_of_the_hub_from_when_its_goods_are_there() -> None:
    """81 % take two days at most: from Saturday 06:00 on to Monday's end. Both nodes keep it."""
    minutes = np.tile(np.array([1, 2, 3, 4]) * 1_440.0, (2, 2, 7, 1))
    times = LeadTimes(
        np.array([0.5, 0.81, 0.9, 0.99]), np.array([100.0]), minutes, np.ones(4), ("DE-1",),
        np.ones((1, 4)), ("DE-9",), np.full(4, -1), np.ones((1, 1)), np.ones(7),
    )  # fmt: skip
    world = network(*BOTH, W={"decline_rate": 0.5}, V={"decline_rate": 0.5})
    option = merged(world, lead_times=times)
    assert option.promise_at == datetime(2025, 10, 27, 22, 59, tzinfo=UTC)
    there = datetime(2025, 10, 25, 4, tzinfo=UTC)
    days = (option.promise_at - there) / timedelta(days=1) - 2
    assert option.probability == pytest.approx((0.81 + 0.09 * days) / 4)


def test_a_store_that_no_truck_reaches_in_time_is_told_which_one_would_come() -> None:
    world = network(WEEKDAYS, S=SHOP)
    by = datetime(2025, 10, 25, 6, 59, tzinfo=UTC)
    (no,) = to_store(world, "a", now=FRIDAY, by=by).refused
    assert "too late at W" in no.reasons[0]
    assert "truck from W 2025-10-24 16:00 (goods taken until 2025-10-24 11:00)" in no.reasons[0]
    assert [change.text for change in no.changes if change.kind == "time"] == [
        "1 day later: by 2025-10-25 07:00"
    ]


def test_a_rule_that_keeps_goods_off_the_truck_is_named() -> None:
    rule = Fence(name="no a by truck", skus=("a",), services=("truck", "post"))
    (no,) = to_store(network(WEEKDAYS, S=SHOP, fences=(rule,)), "a", now=FRIDAY).refused
    assert "fenced by 'no a by truck' at W" in no.reasons[0]


def test_an_option_over_lanes_says_so_as_json_and_is_understood_again() -> None:
    option = merged(network(*BOTH))
    told = OptionView.model_validate(option.document())
    assert [leg.service for leg in told.shipments[0].legs] == ["truck", "post"]
    heard = PromisedOption.model_validate(option.document())
    assert claim_of_option(heard) == claim_of_option(option).model_copy(update={"channel": ""})


def test_what_comes_to_a_store_over_lanes_takes_a_slot_there() -> None:
    option = to_store(network(WEEKDAYS, S=SHOP), "a", now=FRIDAY).options[0]
    claim = claim_of_option(option)
    assert claim.pickup is not None
    assert (claim.pickup.node, claim.pickup.begins) == ("S", option.promise_at)


def test_what_is_merged_is_held_at_both_nodes_and_no_night_moves_it(databases: Any) -> None:
    url = databases.empty()
    load_into(network(*BOTH), url)
    world = connect(url)
    option = merged(world)
    held = reserve(world, option, key="cart", now=FRIDAY)
    assert isinstance(held, Reservation)
    assert held.claim.draws() == {("W", "a"): 1, ("V", "b"): 1}
    assert {(s.node, s.service) for s in held.claim.shipments} == {("W", "truck"), ("V", "truck")}
    order = Order.model_validate({"order": "o", "placed_at": FRIDAY, **HOME})
    lines = tuple(Line(order="o", line=s, sku=s, units=1) for s in "ab")
    confirm(world, held.reservation, Placed(order=order, lines=lines), key="paid", now=FRIDAY)
    after = connect(url)
    assert after.orders.rows == 0  # nothing is open: it is allocated as it was promised
    with after.database.reading() as connection:
        rows = connection.execute(text("SELECT node, service, day, units FROM shipments"))
        assert {tuple(row) for row in rows} == {
            ("W", "truck", "2025-10-24", 1), ("V", "truck", "2025-10-24", 1)
        }  # fmt: skip


def test_what_was_promised_over_lanes_is_explained_beside_what_parcels_would_cost(
    databases: Any,
) -> None:
    """By post W asks 1,000 and V 1,010, both two days late; S could send a for 1,000 too."""
    url = databases.empty()
    load_into(network(*BOTH, stock=("Wa", "Vb", "Sa"), S={"ships": True}), url)
    option = merged(connect(url))
    with open_life(url, sync="NORMAL") as life:
        held = reserve(life.desk, claim_of_option(option), key="cart", now=FRIDAY)
        assert isinstance(held, Reservation)
        order = Order.model_validate({"order": "o", "placed_at": FRIDAY, **HOME})
        lines = tuple(Line(order="o", line=s, sku=s, units=1) for s in "ab")
        placed = Placed(order=order, lines=lines)
        place(life, Doing("o", "paid", FRIDAY), placed, reservation=held.reservation)
        why = explain_decision(life.desk.database, "o", why_not="S")
        used = explain_decision(life.desk.database, "o", why_not="W").why_not
    assert (why.cost_cents, why.bill, why.exact) == (590, {"as promised": 590}, True)
    assert [(s.node, s.service, s.bill["as promised"]) for s in why.shipments] == [
        ("W", "truck", 460), ("V", "truck", 130),
    ]  # fmt: skip
    by_post = 2 * LATE + 1_000 + 1_010
    assert {(a.nodes, a.extra_cents) for a in why.alternatives if not a.short_units} >= {
        (("S", "V"), by_post - 100 - 590)
    }
    assert why.why_not is not None
    assert why.why_not.alternative is not None
    assert why.why_not.alternative.extra_cents == by_post - 100 - 590
    assert why.why_not.reason.endswith("more by parcel, prices included")
    assert used is not None
    assert used.reason == "W is used"
