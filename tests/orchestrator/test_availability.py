"""The verb "availability": near a place, for a channel, at a time; a "no" with its reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import omnisource as om

NOW = datetime(2025, 3, 10, 9, tzinfo=UTC)
HERE = (50.0, 10.0)


def node(name: str, north: float, **fields: Any) -> om.Node:
    """A store so many degrees north of here; a degree is 111.2 km."""
    given = {"kind": "store", "pickup": True, "processing_minutes": 60} | fields
    return om.Node.model_validate({"node": name, "lat": 50.0 + north, "lon": 10.0} | given)


def receipt(name: str, units: int, days: int) -> om.Receipt:
    return om.Receipt(node=name, sku="apple", units=units, due=NOW + timedelta(days=days))


def shop(stock: dict[str, int], *nodes: om.Node, **tables: Any) -> om.World:
    return om.world_of(
        om.Scenario(name="tiny", now=NOW),
        nodes=nodes or [node("A", 0.1), node("B", 0.2)],
        products=[
            om.Product(sku="apple", name="An apple", grams=100),
            om.Product(sku="pear", grams=100),
        ],
        stock=[om.StockCell(node=n, sku="apple", on_hand=units) for n, units in stock.items()],
        **tables,
    )


def look(world: om.World, units: int = 1, **asked: Any) -> om.Availability:
    return om.availability(world, "apple", **{"near": HERE, "units": units, **asked})


def test_the_nearest_that_has_it_comes_first_with_when_it_can_be_collected() -> None:
    found = look(shop({"B": 3, "A": 2}), units=2)
    assert found.available
    assert found.reasons == ()
    assert [(n.node, n.km, n.units) for n in found.nodes] == [("A", 11.1, 2), ("B", 22.2, 3)]
    assert found.nodes[0].collect_at == NOW + timedelta(hours=1)
    assert found.nodes[0].supply == "in stock"
    assert found.nodes[0].probability == 1.0
    assert found.nodes[0].reasons == ()


def test_times_are_the_nodes_own() -> None:
    found = look(shop({"A": 1}, node("A", 0.1, timezone="Asia/Tokyo")))
    assert str(found.nodes[0].collect_at) == "2025-03-10 19:00:00+09:00"


def test_the_counter_takes_its_own_minutes_where_they_are_stated() -> None:
    found = look(shop({"A": 1}, node("A", 0.1, pickup_minutes=15)))
    assert found.nodes[0].collect_at == NOW + timedelta(minutes=15)


def test_goods_are_collected_while_the_store_is_open() -> None:
    """It is 09:00 on a Monday; the counter takes 60 open minutes."""
    for hours, at in {
        "daily 08:00-18:00": NOW.replace(hour=10),
        "daily 10:00-18:00": NOW.replace(hour=11),
        "daily 08:00-09:30": NOW.replace(hour=8, minute=30) + timedelta(days=1),
        "Wed 10:00-18:00": NOW.replace(hour=11) + timedelta(days=2),
    }.items():
        assert look(shop({"A": 1}, node("A", 0.1, hours=hours))).nodes[0].collect_at == at


def test_what_comes_at_night_is_handed_over_after_opening() -> None:
    night = om.Receipt(node="A", sku="apple", units=2, due=NOW.replace(hour=22))
    found = look(shop({}, node("A", 0.1, hours="daily 08:00-18:00"), receipts=[night]))
    assert found.nodes[0].collect_at == NOW.replace(hour=9) + timedelta(days=1)


def test_a_store_that_is_never_open_long_enough_is_a_no() -> None:
    found = look(shop({"A": 1}, node("A", 0.1, hours="Mon 09:00-09:30", slot_minutes=60)))
    assert found.nodes[0].reasons == ("it is not open long enough to hand anything over",)
    assert (found.available, found.nodes[0].collect_at) == (False, None)


def test_a_later_now_is_heeded() -> None:
    later = datetime(2025, 3, 12, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    found = look(shop({"A": 1}, receipts=[receipt("A", 2, days=1)]), now=later)
    assert (found.now, found.nodes[0].units) == (later, 3)


def test_a_node_without_pick_up_says_so_and_is_no_yes() -> None:
    found = look(shop({"A": 5}, node("A", 0.1, pickup=False)))
    assert not found.available
    assert found.nodes[0].reasons == ("no pick-up there",)
    assert found.nodes[0].collect_at is None
    assert found.reasons == ("no node has 1 unit in stock for collection",)


def test_too_few_units_are_a_no_that_says_how_many_there_are() -> None:
    found = look(shop({"A": 2, "B": 0}), units=3)
    assert [n.reasons for n in found.nodes] == [("2 of 3 units free",), ("none free",)]
    assert [n.supply for n in found.nodes] == ["none", "none"]
    assert [n.there_at for n in found.nodes] == [None, None]
    assert found.reasons == (
        "no node has 3 units in stock for collection",
        "the most in one place is 2, at A",
    )


def test_units_to_come_are_a_no_today_with_the_date() -> None:
    found = look(shop({"A": 1}, receipts=[receipt("A", 4, 5), receipt("A", 1, 2)]), units=3)
    [one] = found.nodes
    assert [(r.units, (r.due - NOW).days) for r in one.receipts] == [(1, 2), (4, 5)]
    assert (one.supply, one.there_at) == ("backorder", NOW + timedelta(days=5))
    assert one.collect_at == NOW + timedelta(days=5, hours=1)
    assert not found.available
    assert found.reasons[-1] == "the first to have it is A, from 2025-03-15 10:00"


def test_what_no_node_has_kept_yet_is_a_pre_order() -> None:
    found = look(shop({}, receipts=[receipt("B", 4, days=3)]))
    assert [(n.node, n.supply) for n in found.nodes] == [("B", "pre-order")]


def test_what_is_allotted_to_other_channels_is_not_there_for_this_one() -> None:
    allotments = [om.Allotment(node="A", sku="apple", channel="web", units=4)]
    world = shop({"A": 5}, allotments=allotments)
    assert [look(world, channel=c).nodes[0].units for c in ("web", "app", "")] == [4, 1, 1]
    assert look(world, 5, channel="web").nodes[0].reasons == (
        "only 4 units allotted to the channel",
    )
    assert look(world, 2, channel="app").nodes[0].reasons == (
        "4 units of 5 allotted to other channels",
    )


def test_a_store_whose_day_is_full_hands_over_tomorrow() -> None:
    found = look(shop({"A": 5}, node("A", 0.1, orders_per_day=0)))
    assert found.nodes[0].reasons == ("no day within 60 on which it has room for 1 unit",)
    found = look(shop({"A": 5}, node("A", 0.1, units_per_day=1)), units=2)
    assert not found.available
    assert found.nodes[0].collect_at is None


def test_how_far_is_far_enough_and_what_lies_beyond_is_named() -> None:
    world = shop({"A": 0, "B": 1})
    assert [n.node for n in look(world, within_km=15).nodes] == ["A"]
    assert look(world, within_km=15).reasons == (
        "no node within 15 km has 1 unit in stock for collection",
        "the nearest that has is B, 22.2 km away",
    )
    assert look(world, within_km=1).reasons[0] == "no node within 1 km keeps it or awaits it"


def test_a_product_that_nobody_keeps_is_a_no() -> None:
    found = om.availability(shop({"A": 1}), "pear", near=HERE)
    assert (found.available, found.nodes) == (False, ())
    assert found.reasons == ("no node keeps it or awaits it",)


def test_records_that_err_and_nodes_that_decline_make_it_less_sure() -> None:
    world = shop({}, node("A", 0.1, decline_rate=0.1)).replace(
        stock=shop({"A": 1}).stock.replace(accuracy=np.array([0.8]))
    )
    assert look(world).nodes[0].probability == pytest.approx(0.9 * 0.8)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"near": "nowhere"}, "is no place"),
        ({"units": 0}, "ask for at least one"),
        ({"now": datetime(2025, 3, 10)}, "offset from UTC"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(om.UnusableInput, match=said):
        look(shop({"A": 1}), **asked)


def test_a_product_that_is_not_known_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(om.UnusableInput, match="is it 'apple'"):
        om.availability(shop({"A": 1}), "aple", near=HERE)
