"""How surely a promise is kept: learned lead times, declines, and units that may be lost."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.policy import Policy
from omnisource.models.product import Product
from omnisource.models.promise import Cart, CartLine
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.placed import placed
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.folder.load import load_world, world_of
from omnisource.orchestrator.learn import save_lead_times
from omnisource.solvers.leadtime.table import LeadTimes

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)  # a Monday
DAY = 1440
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 52.5, "lon": 13.4}


def shop(*, target: float = 0.81, **cell: Any) -> World:
    """Two warehouses, one with a, one with b; post takes a day by the clock."""
    return world_of(
        Scenario(name="shop", now=NOW, policy=Policy(promise_quantile=target)),
        nodes=[
            Node.model_validate({"node": n, "kind": "warehouse", "lat": 52.4, "lon": 13.4})
            for n in ("u", "w")
        ],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", zone="all", transit_days=1, timezone="Europe/Berlin")],
        tariffs=[TariffStep(service="post", zone="all", up_to_grams=9_000, cents=500)],
        products=[Product(sku="a", grams=100), Product(sku="b", grams=100)],
        stock=[
            StockCell.model_validate({"node": "u", "sku": "a", "on_hand": 2} | cell),
            StockCell(node="w", sku="b", on_hand=2),
        ],
    )


def days(
    *of_level: float, region: float = 1.0, route: float = 1.0, week: Sequence[float] = (1.0,) * 7
) -> LeadTimes:
    """Days by which half, 81 %, 90 %, 99 % have arrived.

    To the region it takes `region` times as long, from u to it `route` times more.
    """
    minutes = np.array(of_level, float) * DAY
    return LeadTimes(
        np.array([0.5, 0.81, 0.9, 0.99]), np.array([100.0]), np.tile(minutes, (1, 2, 7, 1)),
        np.ones(2), ("DE-1",), np.full((1, 4), region), ("DE-9",), np.array([0, -1]),
        np.full((1, 1), route), np.array(week),
    )  # fmt: skip


def cart(**basket: int) -> Cart:
    return Cart(lines=tuple(CartLine(sku=s, units=u) for s, u in basket.items()), **HOME)


def test_a_date_is_the_end_of_the_customers_day_by_which_it_is_sure_enough() -> None:
    """81 % are there after 2.0 days, Wednesday noon; half of Wednesday is left."""
    (option,) = promise(shop(), cart(a=1), now=NOW, lead_times=days(1, 2, 3, 4)).options
    assert option.promise_at == datetime(2025, 1, 8, 22, 59, tzinfo=UTC)  # 23:59 in Berlin
    sure = 0.81 + 0.09 * (10 * 60 + 59) / DAY
    assert option.probability == pytest.approx(sure)


def test_the_clock_counts_where_it_is_later() -> None:
    quick = promise(shop(), cart(a=1), now=NOW, lead_times=days(0.1, 0.2, 0.3, 0.4)).options[0]
    assert quick.promise_at == promise(shop(), cart(a=1), now=NOW).options[0].promise_at
    assert quick.probability == 0.99


def test_two_parcels_each_need_the_root() -> None:
    """Of two parcels each has to be there with 90 %: after 3 days, not 2."""
    (option,) = promise(shop(), cart(a=1, b=1), now=NOW, lead_times=days(1, 2, 3, 4)).options
    assert (option.parcels, option.promise_at.day) == (2, 9)
    assert option.probability == pytest.approx((0.9 + 0.09 * (10 * 60 + 59) / DAY) ** 2)
    assert option.probability >= 0.81


def test_a_region_that_takes_longer_is_promised_a_later_day() -> None:
    times = days(1, 2, 3, 4, region=1.5)
    assert promise(shop(), cart(a=1), now=NOW, lead_times=times).options[0].promise_at.day == 9


def test_a_route_that_takes_longer_is_promised_a_later_day() -> None:
    times = days(1, 2, 3, 4, route=1.5)
    assert promise(shop(), cart(a=1), now=NOW, lead_times=times).options[0].promise_at.day == 9
    assert promise(shop(), cart(b=1), now=NOW, lead_times=times).options[0].promise_at.day == 8


def test_days_on_which_nothing_arrives_do_not_count() -> None:
    """From Monday noon on: half a Monday, a whole Tuesday, and half of the double Thursday."""
    week = (1, 1, 1e-6, 2, 1, 1, 1)
    (option,) = promise(shop(), cart(a=1), now=NOW, lead_times=days(1, 2, 3, 4, week=week)).options
    assert option.promise_at.day == 9
    gone = 1.5 + 2 * (22 * 60 + 59) / DAY
    assert option.probability == pytest.approx(0.81 + 0.09 * (gone - 2), abs=1e-5)


def test_a_cart_wanted_by_a_day_gets_what_is_sure_enough_by_then_or_nothing() -> None:
    def asked(day: int) -> Cart:
        return cart(a=1).model_copy(update={"by": datetime(2025, 1, day, 23, tzinfo=UTC)})

    times = days(1, 2, 3, 4)
    assert promise(shop(), asked(8), now=NOW, lead_times=times).options
    assert promise(shop(), asked(7), now=NOW, lead_times=times).options == ()


def test_records_that_err_make_a_promise_less_sure() -> None:
    """Counted 90 days ago, right with 80 %: two units are all there with 80 %, one more often."""
    world = shop(accuracy=0.8)
    both = promise(world, cart(a=2), now=NOW).options[0]
    assert both.probability == pytest.approx(0.8)
    lost = -np.log(0.8)
    one = promise(world, cart(a=1), now=NOW).options[0]
    assert one.probability == pytest.approx(0.8 * (1 + lost))
    today = promise(shop(accuracy=0.8, counted_at=NOW), cart(a=2), now=NOW).options[0]
    assert today.probability == 1.0


def test_a_quote_stands_while_asking_later_would_keep_its_day() -> None:
    """3.45 days lead to Thursday 22:48 UTC; twelve minutes later the day in Berlin is over."""
    times = days(1, 3.45, 3.6, 4)
    option = promise(shop(), cart(a=1), now=NOW, lead_times=times).options[0]
    assert option.promise_at.day == 9
    assert option.expires_at == NOW + timedelta(minutes=11)


def test_the_night_can_keep_what_was_learned() -> None:
    world = shop()
    option = promise(world, cart(a=1), now=NOW, lead_times=days(1, 2, 3, 4)).options[0]
    assert placed(world, cart(a=1), option).orders["promised_by"][0] > world.now + 2 * DAY


def test_the_command_reads_what_learn_wrote(tmp_path: Path, omnisource: Callable[..., Any]) -> None:
    made = omnisource("generate", tmp_path / "shop", "--orders", 5, "--nodes", 4, "--skus", 3)
    assert made.code == 0, made.err
    world = load_world(tmp_path / "shop")
    ask = ("promise", tmp_path / "shop", "--sku", world.products["sku"][0], "--to", "DE-10115")
    said = omnisource(*ask, "--json")
    assert said.code == 0, said.err
    soon = said.document["options"]
    slow = LeadTimes(
        np.array([0.5, 0.99]), np.zeros(0), np.full((world.services.rows, 1, 7, 2), 20.0 * DAY),
        np.ones(world.nodes.rows), ("XX-1",), np.ones((1, 2)), ("XX-1",),
        np.full(world.nodes.rows, -1),
        np.ones((1, 1)), np.ones(7),
    )  # fmt: skip
    save_lead_times(world, slow, tmp_path / "shop" / "leadtimes.json")
    said = omnisource(*ask, "--json")
    assert said.code == 0, said.err
    late = said.document["options"]
    assert min(o["promise_at"] for o in late) > max(o["promise_at"] for o in soon)
