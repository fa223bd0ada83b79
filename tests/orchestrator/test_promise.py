"""The verb "promise": every mode by hand, the front, the tags, and what the night makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import Fence, Policy
from omnisource.models.product import Product
from omnisource.models.promise import PROMISE_MODES, TAGS, Cart, CartLine, Offer, Option
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.placed import placed
from omnisource.orchestrator.checkout.promise import promise, promiser
from omnisource.orchestrator.checkout.reserve_form import claim_of_option
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.problem import Limits

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 52.5, "lon": 13.4}


def city(
    stock: dict[str, dict[str, int]],
    *,
    policy: Policy | None = None,
    nodes: dict[str, dict[str, Any]] | None = None,
    grams: int = 1_000,
) -> World:
    """A warehouse 3° south, two stores near the customer, a dropshipper; post, express, courier.

    Post costs 500 cents (up to 5 kg, else 900) and takes 2 days, express 1,500 and 1 day, the
    courier 800 on the day up to 20 km. Nodes ask 100 cents a parcel, stores 200; their cut-off is
    16:00 UTC, and goods are ready after an hour.
    """
    places = {
        "warehouse": ("warehouse", 49.5),
        "near": ("store", 52.52),
        "far": ("store", 52.7),
        "maker": ("dropshipper", 48.0),
    }
    skus = sorted({"a", "b", "c"} | {sku for basket in stock.values() for sku in basket})
    return world_of(
        Scenario(name="city", now=NOW, policy=policy or Policy()),
        nodes=[
            Node.model_validate(
                {
                    "node": name, "kind": kind, "lat": lat, "lon": 13.4, "country": "DE",
                    "postcode": "10115", "pickup": kind == "store", "processing_minutes": 60,
                    "cutoff": "16:00", "cents_per_shipment": 200 if kind == "store" else 100,
                }
                | (nodes or {}).get(name, {})
            )
            for name, (kind, lat) in places.items()
        ],
        services=[
            Service(service="post", kind="parcel", fee_cents=395, grams_co2_per_kg_km=0.1),
            Service(service="express", kind="express", fee_cents=995, grams_co2_per_kg_km=0.3),
            Service(service="courier", kind="same_day", fee_cents=590, grams_co2_per_kg_km=0.5),
        ],
        zones=[
            ZoneRule(service="post", zone="all", transit_days=2),
            ZoneRule(service="express", zone="all", transit_days=1),
            ZoneRule(service="courier", zone="all", up_to_km=20, transit_days=0),
        ],
        tariffs=[
            TariffStep(service="post", zone="all", up_to_grams=5_000, cents=500),
            TariffStep(service="post", zone="all", up_to_grams=30_000, cents=900),
            TariffStep(service="express", zone="all", up_to_grams=30_000, cents=1_500),
            TariffStep(service="courier", zone="all", up_to_grams=10_000, cents=800),
        ],
        products=[Product(sku=sku, grams=grams) for sku in skus],
        stock=[
            StockCell(node=node, sku=sku, on_hand=units)
            for node, basket in stock.items()
            for sku, units in basket.items()
        ],
        orders=[Order(order="o", placed_at=NOW, **HOME)],
        lines=[Line(order="o", line="1", sku=skus[0], units=1)],
    )  # fmt: skip


def cart(**basket: int) -> Cart:
    return Cart(lines=tuple(CartLine(sku=s, units=u) for s, u in basket.items()), **HOME)


def at(base: Cart, **changes: Any) -> Cart:
    return Cart.model_validate(base.model_dump() | changes)


def brief(offer: Offer) -> dict[str, tuple[int, int, int]]:
    """Mode → (cost, parcels, day of the month) of its cheapest option."""
    found: dict[str, tuple[int, int, int]] = {}
    for o in offer.options:
        found.setdefault(o.mode, (o.cost_cents, o.parcels, o.promise_at.day))
    return found


def reasons(offer: Offer, mode: str) -> str:
    return "; ".join(next(r for r in offer.refused if r.mode == mode).reasons)


def changes(offer: Offer, mode: str) -> dict[str, str]:
    refused = next(r for r in offer.refused if r.mode == mode)
    return {change.kind: change.text for change in refused.changes}


def test_a_cart_goes_home_by_post_express_or_courier() -> None:
    offer = promise(city({"warehouse": {"a": 5}, "near": {"a": 5}}), cart(a=1), now=NOW)
    assert brief(offer) == {
        "standard": (600, 1, 8),  # warehouse, post: 100 + 500
        "same_day": (1_000, 1, 6),  # near, courier: 200 + 800
    }
    assert "no worse in every respect" in reasons(offer, "express")  # 1,600 for a day later


def test_express_is_offered_where_no_courier_goes() -> None:
    offer = promise(city({"warehouse": {"a": 5}}), cart(a=1), now=NOW)
    assert brief(offer) == {"standard": (600, 1, 8), "express": (1_600, 1, 7)}
    assert "no route at warehouse" in reasons(offer, "same_day")


def test_after_the_cut_off_the_same_day_is_the_next() -> None:
    world = city({"near": {"a": 5}})
    late = promise(world, cart(a=1), now=NOW.replace(hour=15, minute=1))
    assert brief(late)["same_day"] == (1_000, 1, 7)
    assert brief(promise(world, cart(a=1), now=NOW.replace(hour=15)))["same_day"][2] == 6


def test_collect_is_from_the_stores_own_stock_when_it_is_ready() -> None:
    offer = promise(city({"near": {"a": 1}}), at(cart(a=1), store="near"), now=NOW)
    collect = next(o for o in offer.options if o.mode == "collect")
    assert (collect.cost_cents, collect.parcels, collect.fee_cents) == (200, 1, 0)
    assert collect.promise_at == NOW + timedelta(minutes=60)
    assert collect.tags == TAGS
    assert {"reserve", "collect"} <= {o.mode for o in offer.options}


def test_a_store_without_the_goods_says_which_and_names_another() -> None:
    offer = promise(city({"far": {"a": 3}}), at(cart(a=2), store="near"), now=NOW)
    assert reasons(offer, "collect") == "a: 0 of 2 units (not in the store's stock)"
    assert changes(offer, "collect") == {
        "units": "2 units of a more at near, or as many fewer in the cart",
        "store": "far, 22.2 km away",
    }


def test_ship_to_store_fetches_what_the_store_lacks() -> None:
    world = city({"warehouse": {"a": 5, "b": 5}, "near": {"b": 1}})
    offer = promise(world, at(cart(a=1, b=1), store="near"), now=NOW)
    assert brief(offer)["ship_to_store"] == (600, 1, 8)
    option = next(o for o in offer.options if o.mode == "ship_to_store")
    assert [parcel.to for parcel in option.shipments] == ["near"]


def test_what_is_part_there_can_be_part_collected_and_part_delivered() -> None:
    world = city({"warehouse": {"a": 5}, "near": {"b": 1}})
    offer = promise(world, at(cart(a=1, b=1), store="near"), now=NOW)
    mixed = next(o for o in offer.options if o.mode == "mixed")
    assert (mixed.cost_cents, mixed.parcels, set(mixed.nodes)) == (800, 2, {"near", "warehouse"})
    assert {(p.node, p.to) for p in mixed.shipments} == {("near", "near"), ("warehouse", "")}


def test_endless_aisle_goes_home_or_to_the_store_it_was_asked_in() -> None:
    offer = promise(city({"maker": {"a": 5}}), at(cart(a=1), from_store="near"), now=NOW)
    assert brief(offer)["standard"] == (600, 1, 8)
    assert brief(offer)["ship_to_store"] == (600, 1, 8)


def test_a_split_needs_both_parcels_kept() -> None:
    world = city(
        {"warehouse": {"a": 1}, "maker": {"b": 1}},
        nodes={"warehouse": {"decline_rate": 0.1}, "maker": {"decline_rate": 0.2}},
    )
    best = promise(world, cart(a=1, b=1), now=NOW).options[0]
    assert best.parcels == 2
    assert best.probability == pytest.approx(0.72)


def test_one_parcel_at_most_says_that_two_would_do() -> None:
    world = city({"warehouse": {"a": 1}, "maker": {"b": 1}})
    offer = promise(world, at(cart(a=1, b=1), max_shipments=1), now=NOW)
    assert offer.options == ()
    assert "not all of them" in reasons(offer, "standard")
    assert changes(offer, "standard") == {"split": "allow 2 parcels"}


def test_too_soon_says_when() -> None:
    world = city({"warehouse": {"a": 1}})
    offer = promise(world, at(cart(a=1), by=NOW + timedelta(days=1, hours=-6)), now=NOW)
    assert changes(offer, "express") == {"time": "1 day later: by 2025-01-07 23:59"}
    assert "too late at warehouse" in reasons(offer, "express")


def test_what_is_sold_meanwhile_is_gone_for_every_channel() -> None:
    world = city({"warehouse": {"a": 5, "b": 2}}).replace(
        allotments=om.Table(
            {
                "node": np.array([0], np.int32), "sku": np.array([0], np.int32),
                "channel": np.array(["web"], object), "units": np.array([4]),
            }
        )
    )  # fmt: skip
    desk = promiser(world).desk
    desk = replace(desk, data=desk.data._replace(cell_units=desk.data.cell_units.copy()))
    assert [desk.units(channel).tolist() for channel in ("web", "app")] == [[4, 2], [1, 2]]
    desk.see(0, 3)
    desk.see(1, 7)  # more than there was
    assert [desk.units(channel).tolist() for channel in ("web", "app")] == [[3, 7], [1, 7]]


def test_what_is_allotted_to_another_channel_is_not_promised() -> None:
    world = city({"warehouse": {"a": 5}})
    world = world.replace(
        allotments=om.Table(
            {
                "node": np.array([0], np.int32), "sku": np.array([0], np.int32),
                "channel": np.array(["web"], object), "units": np.array([4]),
            }
        )
    )  # fmt: skip
    asked = at(cart(a=2), modes=["standard"])
    assert promise(world, at(asked, channel="web"), now=NOW).options
    refused = promise(world, at(asked, channel="app"), now=NOW)
    assert refused.options == ()
    assert reasons(refused, "standard").startswith("a: 1 of 2 units")


def test_a_fence_is_named() -> None:
    policy = Policy(fences=(Fence(name="no a by express", skus=("a",), services=("express",)),))
    offer = promise(city({"warehouse": {"a": 1}}, policy=policy), cart(a=1), now=NOW)
    assert "fenced by 'no a by express' at warehouse" in reasons(offer, "express")


def test_too_many_units_says_how_many_are_missing() -> None:
    offer = promise(city({"warehouse": {"a": 3}, "maker": {"a": 1}}), cart(a=6), now=NOW)
    assert reasons(offer, "standard").startswith("a: 4 of 6 units")
    assert changes(offer, "standard")["units"].startswith("2 units of a more")


def test_heavy_parcels_are_split_where_that_is_cheaper() -> None:
    world = city({"warehouse": {"a": 9}}, grams=4_000)
    assert brief(promise(world, cart(a=2), now=NOW))["standard"] == (1_000, 1, 8)  # 100 + 900


def night_of(world: om.World, cents: list[float]) -> om.Plan:
    """A night that found those prices of a unit, cell by cell, as many as there are cells."""
    stock, nothing = world.stock, world.orders
    columns = {
        "resource": np.full(stock.rows, "stock", object),
        "node": stock["node"], "sku": stock["sku"], "cents": np.array(cents[: stock.rows]),
        "used": np.ones(stock.rows, np.int64), "capacity": stock["on_hand"],
    }  # fmt: skip
    return om.Plan(nothing, nothing, nothing, bill={}, prices=om.Table(columns))


def test_prices_steer_the_choice_but_not_the_bill() -> None:
    world = city({"warehouse": {"a": 5}, "maker": {"a": 5}})
    night = night_of(world, [70.5, 0.0])
    best = promise(world, at(cart(a=1), modes=["standard"]), now=NOW, prices=night).options[0]
    assert (best.nodes, best.cost_cents, best.priced_cents) == (("maker",), 600, 600.0)
    dear = promise(city({"warehouse": {"a": 5}}), cart(a=1), now=NOW).options[0]
    assert dear.nodes == ("warehouse",)


def test_the_same_question_has_the_same_quote_and_another_minute_another() -> None:
    def ask(now: datetime) -> Option:
        return promise(city({"warehouse": {"a": 5}}), cart(a=1), now=now).options[0]

    assert ask(NOW).quote == ask(NOW).quote != ask(NOW + timedelta(minutes=1)).quote


def test_a_quote_ends_at_the_cut_off_at_the_latest() -> None:
    offer = promise(city({"warehouse": {"a": 5}}), cart(a=1), now=NOW.replace(hour=14, minute=50))
    assert offer.options[0].expires_at == NOW.replace(hour=15, minute=0)


def test_only_the_modes_asked_for_are_answered() -> None:
    world = city({"warehouse": {"a": 5}, "near": {"a": 1}})
    offer = promise(world, at(cart(a=1), store="near", modes=["express"]), now=NOW)
    assert brief(offer) == {"express": (1_600, 1, 7)}
    assert offer.refused == ()


def test_a_cart_that_can_be_cut_in_too_many_ways_is_refused_with_what_to_do() -> None:
    offer = promise(city({"warehouse": {"a": 900}}), cart(a=900, b=2), now=NOW)
    assert offer.options == ()
    assert "2 products and 902 units" in reasons(offer, "standard")


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"store": "nearr"}, "no node is called 'nearr': is it 'near'"), ({}, "no product")],
)
def test_unknown_names_are_refused(changed: dict[str, Any], said: str) -> None:
    world = city({"near": {"a": 1}})
    with pytest.raises(UnusableInput, match=said):
        promise(world, at(cart(**({"a": 1} if changed else {"x": 1})), **changed), now=NOW)


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(UnusableInput, match="no offset"):
        promise(city({"near": {"a": 1}}), cart(a=1), now=datetime(2025, 1, 1))


def test_an_option_is_what_a_claim_is_made_of() -> None:
    world = city({"warehouse": {"a": 3}, "maker": {"b": 1}})
    option = promise(world, cart(a=3, b=1), now=NOW.replace(hour=16)).options[0]
    claim = claim_of_option(option)
    assert claim.draws() == {("warehouse", "a"): 3, ("maker", "b"): 1}
    assert {s.day.isoformat() for s in claim.shipments} == {"2025-01-07"}
    assert sum(s.cost_cents for s in claim.shipments) == option.cost_cents


baskets = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1, max_size=3)
shelves = st.dictionaries(
    st.sampled_from(["warehouse", "near", "far", "maker"]),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 4), min_size=1),
    min_size=1,
)


@settings(max_examples=40, deadline=None)
@given(shelves, baskets, st.sampled_from([None, "near", "far"]))
def test_no_option_is_worse_than_another_in_every_respect(
    stock: dict[str, dict[str, int]], basket: dict[str, int], store: str | None
) -> None:
    world = city(stock)
    offer = promise(world, at(cart(**basket), store=store), now=NOW)
    door = ("standard", "express", "same_day")

    def figures(o: Option) -> tuple[Any, ...]:
        return o.promise_at, o.priced_cents, o.grams_co2, o.parcels

    for a in offer.options:
        same = [
            o for o in offer.options
            if o is not a and (o.mode == a.mode or {o.mode, a.mode} <= set(door))
        ]  # fmt: skip
        assert not any(
            all(x <= y for x, y in zip(figures(o), figures(a), strict=True)) for o in same
        )
        held = [unit for parcel in a.shipments for unit in parcel.units]
        assert {s: sum(u for t, u in held if t == s) for s in basket} == basket
        assert sum(p.cost_cents for p in a.shipments) == a.cost_cents
    for tag, column in zip(TAGS, (1, 0, 2, 3), strict=True):
        named = offer.tagged(tag)
        least = min((figures(o)[column] for o in offer.options), default=None)
        assert (figures(named)[column] if named else None) == least
    named_modes = {o.mode for o in offer.options} | {r.mode for r in offer.refused}
    assert named_modes == set(PROMISE_MODES)


@settings(max_examples=15, deadline=None)
@given(shelves, baskets, st.lists(st.integers(0, 900), min_size=12, max_size=12))
def test_the_night_serves_a_quoted_order_for_no_more(
    stock: dict[str, dict[str, int]], basket: dict[str, int], cents: list[int]
) -> None:
    world, asked, limits = city(stock), at(cart(**basket), store="near"), Limits(threads=1, gap=0.0)
    night = night_of(world, [float(each) for each in cents]) if any(cents) else None
    for option in promise(world, asked, now=NOW, prices=night).options:
        if option.mode == "mixed":
            continue
        plan = om.allocate(placed(world, asked, option), limits=limits, prices=night)
        assert plan.shortages.rows == 0
        assert plan.cost_cents <= option.cost_cents
