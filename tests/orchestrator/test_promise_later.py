"""What is not there yet, or no longer free: receipts that are due, and pick-up slots that fill."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.promise import Cart, CartLine
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Allotment, Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.folder.load import world_of

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 52.5, "lon": 13.4}


def shop(
    receipts: dict[str, tuple[int, int]] | None = None,
    *,
    held: int = 1,
    store: dict[str, Any] | None = None,
    orders: list[Order] | None = None,
    allotments: list[Allotment] | None = None,
) -> World:
    """A warehouse with `a`, a store with a counter; post takes a day.

    `receipts` are node → (units, days from now on).
    """
    return world_of(
        Scenario(name="shop", now=NOW),
        nodes=[
            Node.model_validate(
                {"node": "warehouse", "kind": "warehouse", "lat": 51.0, "lon": 10.0}
            ),
            Node.model_validate(
                {"node": "store", "kind": "store", "pickup": True, "lat": 52.5, "lon": 13.4}
                | (store or {})
            ),
        ],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", zone="all", transit_days=1)],
        tariffs=[TariffStep(service="post", zone="all", up_to_grams=9_000, cents=500)],
        products=[Product(sku="a", grams=100)],
        stock=[
            StockCell(node="warehouse", sku="a", on_hand=held),
            StockCell(node="store", sku="a", on_hand=held),
        ],
        receipts=[
            Receipt(node=node, sku="a", units=units, due=NOW + timedelta(days=days))
            for node, (units, days) in (receipts or {}).items()
        ],
        allotments=allotments or [],
        orders=orders or [],
        lines=[Line(order=o.order, line="1", sku="a", units=1) for o in orders or []],
    )


def cart(units: int, **more: Any) -> Cart:
    return Cart(lines=(CartLine(sku="a", units=units),), **(HOME | more))


def collecting(order: str, **more: Any) -> Order:
    return Order.model_validate(
        {"order": order, "placed_at": NOW, "mode": "collect", "pickup_node": "store"} | more
    )


def test_what_is_due_is_promised_from_the_day_that_it_comes() -> None:
    """Five units come in three days, on Thursday; post is a day later."""
    offer = promise(shop({"warehouse": (5, 3)}), cart(5), now=NOW)
    (option,) = offer.options
    assert (option.mode, option.promise_at.date().isoformat()) == ("standard", "2025-01-10")
    assert option.awaits == NOW + timedelta(days=3)
    assert option.now == NOW
    assert option.expires_at == NOW + timedelta(minutes=15)
    assert option.shipments[0].leaves >= option.awaits
    assert {"cheapest", "fastest"} <= set(option.tags)


def test_the_first_receipt_that_is_enough_counts() -> None:
    world = shop({"warehouse": (1, 2), "store": (2, 5)})
    assert promise(world, cart(3), now=NOW).options[0].awaits == NOW + timedelta(days=2)
    assert promise(world, cart(5), now=NOW).options[0].awaits == NOW + timedelta(days=5)
    assert promise(world, cart(6), now=NOW).options == ()


def test_nothing_is_awaited_that_can_be_had_now() -> None:
    assert promise(shop({"warehouse": (5, 3)}), cart(1), now=NOW).options[0].awaits is None


def test_a_pre_order_is_collected_when_the_store_has_it() -> None:
    offer = promise(shop({"store": (1, 4)}, held=0), cart(1, store="store"), now=NOW)
    collect = next(o for o in offer.options if o.mode == "collect")
    assert collect.awaits == collect.promise_at == NOW + timedelta(days=4)


def test_what_comes_for_another_channel_is_not_awaited() -> None:
    world = shop(
        {"warehouse": (2, 3)}, held=0,
        allotments=[Allotment(node="warehouse", sku="a", channel="web", units=2)],
    )  # fmt: skip
    assert promise(world, cart(1, channel="app"), now=NOW).options == ()
    assert promise(world, cart(2, channel="web"), now=NOW).options[0].awaits is not None


SLOTS = {"slot_minutes": 60, "orders_per_slot": 2, "hours": "daily 09:00-18:00"}


@pytest.mark.parametrize(("open_orders", "hour"), [(0, 12), (1, 12), (2, 13), (3, 13), (4, 14)])
def test_a_slot_that_is_full_is_not_promised(open_orders: int, hour: int) -> None:
    orders = [collecting(f"o{i}") for i in range(open_orders)]
    world = shop(store=SLOTS, orders=orders)
    collect = next(o for o in promise(world, cart(1, store="store"), now=NOW).options)
    assert collect.promise_at == NOW.replace(hour=hour)


def test_an_order_has_the_slot_that_it_was_promised() -> None:
    at_one = [collecting(f"o{i}", promised_by=NOW.replace(hour=13)) for i in range(2)]
    world = shop(store=SLOTS, orders=at_one)

    def first(minute: int) -> datetime:
        now = NOW.replace(minute=minute)
        return next(iter(promise(world, cart(1, store="store"), now=now).options)).promise_at

    assert first(0) == NOW
    assert first(1) == NOW.replace(hour=14)


def test_what_leaves_is_planned_for_the_day_on_the_nodes_clock() -> None:
    """At 23:30 UTC it is the next day in Berlin, where the parcel leaves."""
    base = shop(store={"timezone": "Europe/Berlin"})
    world = base.replace(stock=base.stock.take([1]))
    option = promise(world, cart(1), now=NOW.replace(hour=23, minute=30)).options[0]
    assert option.shipments[0].leaves.date().isoformat() == "2025-01-07"
