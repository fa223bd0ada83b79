"""Runs that follow each other, by hand: what moves, what stays, what is released and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import HoldRule, Policy
from omnisource.models.product import Product
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.rolling import Rolled, Standing, roll
from omnisource.solvers.problem import Limits

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
EXACT = Limits(gap=0.0, threads=1)
Freight = dict[tuple[str, str], int]


def at(clock: str, day: int = 0) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hours, minutes=minutes)


def town(
    stock: dict[str, dict[str, int]], orders: dict[str, tuple[str, dict[str, int]]],
    freight: Freight, policy: Policy | None = None, **more: Any,
) -> World:  # fmt: skip
    """Nodes that need no time, a cut-off at 14:00 and a day on the way; orders with their clock."""
    shelves = [*stock.values(), *(basket for _, basket in orders.values())]
    skus = sorted({sku for shelf in shelves for sku in shelf})
    names = list(orders)
    usual: Any = {"kind": "warehouse", "lat": 50, "lon": 10, "cutoff": "14:00"}
    return world_of(
        Scenario(name="rolling", now=MONDAY, policy=policy or Policy()),
        nodes=[Node(node=n, **(usual | more.get("nodes", {}))) for n in stock],
        services=[Service(service="post", kind="parcel")],
        zones=[
            ZoneRule(
                service="post",
                node=n,
                postcode_from=f"{i:05d}",
                postcode_to=f"{i:05d}",
                zone=f"{n} {o}",
                transit_days=1,
            )
            for n in stock
            for i, o in enumerate(names)
        ],
        tariffs=[
            TariffStep(service="post", zone=f"{n} {o}", up_to_grams=9_000, cents=cents)
            for n in stock
            for o in names
            for cents in [freight.get((n, o), 500)]
        ],
        products=[Product(sku=sku, grams=1_000) for sku in skus],
        stock=[
            StockCell(node=n, sku=sku, on_hand=units)
            for n, shelf in stock.items()
            for sku, units in shelf.items()
        ],
        receipts=more.get("receipts", ()),
        orders=[
            Order(order=o, placed_at=at(clock), country="DE", postcode=f"{i:05d}", lat=49, lon=10)
            for i, (o, (clock, _)) in enumerate(orders.items())
        ],
        lines=[
            Line(order=o, line=sku, sku=sku, units=units)
            for o, (_, basket) in orders.items()
            for sku, units in basket.items()
        ],
    )


def chosen(world: World, rolled: Rolled) -> dict[str, str]:
    """Return from which node each open order comes."""
    table, names = rolled.plan.shipments, rolled.open.world.orders["order"]
    return {
        names[order]: world.nodes["node"][node]
        for order, node in zip(table["order"], table["node"], strict=True)
    }


def named(rolled: Rolled, flags: Any) -> list[str]:
    return list(rolled.open.world.orders["order"][flags])


SCARCE = {"A": {"x": 1}, "B": {"x": 5}}
DEAR: Freight = {("A", "old"): 500, ("B", "old"): 550, ("A", "new"): 500, ("B", "new"): 900}
BOTH = {"old": ("08:00", {"x": 1}), "new": ("10:00", {"x": 1})}


def test_an_open_order_makes_room_for_a_later_one_that_needs_its_unit_more() -> None:
    """Each at the click: 500 + 900. Together: 550 + 500, which saves 350."""
    world = town(SCARCE, BOTH, DEAR)
    first = roll(world, Standing.of(world), at("09:00"), QUARTER, limits=EXACT)
    assert chosen(world, first) == {"old": "A"}
    second = roll(world, first.standing, at("10:00"), QUARTER, limits=EXACT)
    assert chosen(world, second) == {"old": "B", "new": "A"}
    assert named(second, second.moved) == ["old"]
    assert second.plan.cost_cents == 1_050


def test_an_open_order_stays_where_moving_it_saves_less_than_the_policy_asks() -> None:
    world = town(SCARCE, BOTH, DEAR, Policy(move_cents=400))
    first = roll(world, Standing.of(world), at("09:00"), QUARTER, limits=EXACT)
    second = roll(world, first.standing, at("10:00"), QUARTER, limits=EXACT)
    assert chosen(world, second) == {"old": "A", "new": "B"}
    assert not second.moved.any()
    assert second.plan.bound_cents is not None
    assert second.plan.bound_cents <= 1_050 < second.plan.cost_cents  # of every plan


def test_an_order_is_released_by_the_last_run_before_its_cut_off_less_the_margin() -> None:
    """Cut-off 14:00, margin an hour: the runs at 12:30, 12:45 and 13:00 could be the last."""
    world = town(SCARCE, {"old": BOTH["old"]}, DEAR)
    rolled, standing = None, Standing.of(world)
    for clock, released in (("12:30", []), ("12:45", []), ("13:00", ["old"])):
        rolled = roll(world, standing, at(clock), QUARTER, limits=EXACT)
        standing = rolled.standing
        assert named(rolled, rolled.released) == released
        assert rolled.release_by.tolist() == [int(at("13:00").timestamp()) // 60]
    assert roll(world, standing, at("13:15"), QUARTER).open.world.orders.rows == 0


def test_released_work_never_moves() -> None:
    """The old order goes at once, as its channel waits for nobody: the new one pays 900."""
    world = town(SCARCE, BOTH, DEAR, Policy(hold=(HoldRule(longest_minutes=0),)))
    first = roll(world, Standing.of(world), at("09:00"), QUARTER, limits=EXACT)
    assert named(first, first.released) == ["old"]
    second = roll(world, first.standing, at("10:00"), QUARTER, limits=EXACT)
    assert chosen(world, second) == {"new": "B"}


def test_what_was_told_first_is_kept_when_an_order_waits() -> None:
    """Nothing was promised: Tuesday is told at 9:00, so the order goes before Monday's cut-off."""
    world = town(SCARCE, {"old": BOTH["old"]}, DEAR)
    first = roll(world, Standing.of(world), at("09:00"), QUARTER, limits=EXACT)
    tuesday = int(at("23:59", day=1).timestamp()) // 60
    assert first.standing.promised.tolist() == [tuesday]


def test_what_is_short_waits_for_goods_and_the_rest_is_released() -> None:
    world = town({"A": {"x": 1}}, {"o": ("08:00", {"x": 2})}, {})
    rolled = roll(world, Standing.of(world), at("13:00"), QUARTER, limits=EXACT)
    assert rolled.released.all()
    assert rolled.standing.left.tolist() == [1]
    again = roll(world, rolled.standing, at("13:15"), QUARTER, limits=EXACT)
    assert again.open.world.orders.rows == 1
    assert again.plan.shipments.rows == 0


def test_a_node_that_has_done_its_day_is_given_no_more_until_tomorrow() -> None:
    orders = {"o1": ("08:00", {"x": 1}), "o2": ("13:10", {"x": 1})}
    world = town({"A": {"x": 5}}, orders, {}, nodes={"orders_per_day": 1})
    first = roll(world, Standing.of(world), at("13:00"), QUARTER, limits=EXACT)
    assert first.released.all()
    second = roll(world, first.standing, at("13:15"), QUARTER, limits=EXACT)
    assert second.plan.shipments.rows == 0
    assert roll(world, second.standing, at("08:00", day=1), QUARTER).plan.shipments.rows == 1


def test_orders_that_share_a_parcel_are_released_together() -> None:
    """The app's order has 10 minutes more, but its goods are in the web's parcel."""
    world = town(
        {"A": {"x": 5, "y": 5}}, {"web": ("08:00", {"x": 1}), "app": ("08:00", {"y": 1})}, {},
        Policy(consolidate=True, hold=(HoldRule(channels=("app",), margin_minutes=50),)),
    )  # fmt: skip
    same = {"customer": ["ann", "ann"], "postcode": ["00000", "00000"], "channel": ["web", "app"]}
    columns = {name: np.array(texts, object) for name, texts in same.items()}
    world = world.replace(orders=world.orders.replace(**columns))
    rolled = roll(world, Standing.of(world), at("13:00"), QUARTER, limits=EXACT)
    assert rolled.parcel.tolist() == [0, 0]
    assert rolled.released.tolist() == [True, True]
    assert rolled.plan.cost_cents == 500


def test_a_later_order_joins_an_earlier_one_that_waits() -> None:
    world = town(
        {"A": {"x": 5, "y": 5}}, {"web": ("08:00", {"x": 1}), "app": ("10:00", {"y": 1})}, {},
        Policy(consolidate=True),
    )  # fmt: skip
    same = {"customer": ["ann", "ann"], "postcode": ["00000", "00000"]}
    columns = {name: np.array(texts, object) for name, texts in same.items()}
    world = world.replace(orders=world.orders.replace(**columns))
    first = roll(world, Standing.of(world), at("09:00"), QUARTER, limits=EXACT)
    second = roll(world, first.standing, at("10:00"), QUARTER, limits=EXACT)
    assert (first.plan.cost_cents, second.plan.cost_cents) == (500, 500)
    assert not second.moved.any()


def test_goods_that_came_in_where_there_was_no_stock_are_released_once() -> None:
    """Of two units that come in at seven, one is gone before the new order asks for both."""
    orders = {"old": ("08:00", {"x": 1}), "new": ("10:00", {"x": 2})}
    due = Receipt(node="A", sku="x", units=2, due=at("07:00"))
    policy = Policy(hold=(HoldRule(longest_minutes=0),))
    world = town({"A": {}}, orders, {}, policy, receipts=[due])
    first = roll(world, Standing.of(world), at("09:00"), QUARTER, limits=EXACT)
    assert named(first, first.released) == ["old"]
    second = roll(world, first.standing, at("10:00"), QUARTER, limits=EXACT)
    assert second.plan.allocations["units"].tolist() == [1]


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10**6))
def test_no_unit_is_released_twice_and_none_that_is_not_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stock = {n: {s: int(rng.integers(0, 4)) for s in "xyz"} for n in "ABC"}
    orders = {
        f"o{i}": (f"{rng.integers(0, 20):02d}:00", {str(s): int(rng.integers(1, 3))
                                                    for s in rng.permutation(list("xyz"))[:2]})
        for i in range(5)
    }  # fmt: skip
    cents = {(n, o): int(rng.integers(300, 900)) for n in stock for o in orders}
    policy = Policy(hold=(HoldRule(longest_minutes=int(rng.integers(0, 600))),))
    world = town(stock, orders, cents, policy)
    standing, released = Standing.of(world), 0
    for hour in range(0, 48, 6):
        rolled = roll(world, standing, MONDAY + timedelta(hours=hour), timedelta(hours=6))
        standing = rolled.standing
        released += int(rolled.plan.shipments["units"][
            rolled.released[rolled.plan.shipments["order"]]].sum())  # fmt: skip
        assert (standing.left >= 0).all()
        assert (standing.drawn <= world.stock["on_hand"]).all()
        assert rolled.plan.bound_cents is not None
        assert rolled.plan.bound_cents <= rolled.plan.cost_cents
    assert released == standing.drawn.sum() == (world.lines["units"] - standing.left).sum()
