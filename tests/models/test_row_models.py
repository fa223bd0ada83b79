"""One row at a time: what the models accept, refuse and fill in."""

from typing import get_args

import pytest
from pydantic import ValidationError

from omnisource.models import network, policy, world
from omnisource.models.network import Lane, Node, Service, ZoneRule
from omnisource.models.order import Delivery, Line, Order
from omnisource.models.row import minutes_of
from omnisource.models.stock import StockCell
from omnisource.models.week import hours_of

NOON = "2025-01-06T12:00:00+01:00"


def test_a_node_that_says_nothing_ships_every_day_without_limits() -> None:
    node = Node(node="W", kind="warehouse", lat=50, lon=8)
    assert (node.ships, node.pickup, node.returns) == (True, False, False)
    assert (node.timezone, node.calendar, node.cutoff) == ("UTC", "", None)
    assert (node.hours, node.pickup_minutes, node.slot_minutes) == ("", None, 0)
    assert node.orders_per_day is None
    assert node.safety == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "shop"),
        ("lat", 91),
        ("lon", float("nan")),
        ("timezone", "Europe/Berln"),
        ("calendar", "DE-XX"),
        ("cutoff", "25:00"),
        ("hours", "Mon-Fri 9-20"),
        ("hours", "Mon-Fri 20:00-09:00"),
        ("hours", "Mon-Fri 09:00-20:00; Fri 19:00-22:00"),
        ("slot_minutes", 1_441),
        ("decline_rate", 1.5),
        ("safety", -1),
        ("country", "de"),
        ("node", "  "),
        ("colour", "red"),
    ],
)
def test_a_node_is_refused_for(column: str, value: object) -> None:
    row = {"node": "W", "kind": "warehouse", "lat": 50, "lon": 8, column: value}
    with pytest.raises(ValidationError):
        Node.model_validate(row)


def test_an_empty_text_is_an_absent_value() -> None:
    row = {"node": " W ", "kind": "store", "lat": "50.5", "lon": "8", "cutoff": "", "safety": " "}
    node = Node.model_validate(row)
    assert (node.node, node.cutoff, node.safety, node.lat) == ("W", None, 0, 50.5)


def test_an_order_to_be_delivered_says_where() -> None:
    with pytest.raises(ValidationError, match="country is needed where mode is delivery"):
        Order(order="1", placed_at=NOON, postcode="10115")
    with pytest.raises(ValidationError, match="postcode or lat is needed"):
        Order(order="1", placed_at=NOON, country="DE")
    assert Order(order="1", placed_at=NOON, country="DE", postcode="10115").mode == "delivery"
    assert Order(order="1", placed_at=NOON, country="DE", lat=50, lon=8).postcode == ""


@pytest.mark.parametrize("mode", ["collect", "ship_to_store", "reserve"])
def test_an_order_to_be_collected_says_where(mode: str) -> None:
    with pytest.raises(ValidationError, match="pickup_node is needed"):
        Order(order="1", placed_at=NOON, mode=mode)
    assert Order(order="1", placed_at=NOON, mode=mode, pickup_node="S").pickup_node == "S"


def test_latitude_comes_with_longitude() -> None:
    with pytest.raises(ValidationError, match="lat and lon go together"):
        Order(order="1", placed_at=NOON, country="DE", postcode="10115", lat=50)


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Order(order="1", placed_at="2025-01-06T12:00:00", country="DE", postcode="10115")


def test_a_postcode_range_has_two_ends() -> None:
    with pytest.raises(ValidationError, match="postcode_from and postcode_to go together"):
        ZoneRule(service="std", zone="A", transit_days=1, postcode_from="10")


def test_a_lane_leads_somewhere_else() -> None:
    with pytest.raises(ValidationError, match="from_node and to_node are the same"):
        Lane(from_node="A", to_node="A", service="truck", transit_minutes=60)


@pytest.mark.parametrize("departs", ["daily 18:00", "Mon-Fri 18:00", "Mon,Thu 6:30"])
def test_a_lane_departs_on_weekdays_at_a_time(departs: str) -> None:
    lane = Lane(from_node="A", to_node="B", service="truck", departs=departs, transit_minutes=60)
    assert lane.departs == departs


def test_a_service_that_says_nothing_runs_every_day_and_delivers_by_its_end() -> None:
    service = Service(service="std", kind="parcel")
    assert (service.weekdays, service.order_by, service.windows) == ("daily", None, "")


def test_delivery_windows_do_not_overlap() -> None:
    with pytest.raises(ValidationError, match="overlap"):
        Service(service="std", kind="same_day", windows="17:00-19:00,18:00-21:00")


def test_a_zone_keeps_no_holidays_and_the_nodes_time_unless_it_says_so() -> None:
    rule = ZoneRule(service="std", zone="A", transit_days=1)
    assert (rule.calendar, rule.timezone) == ("", "")
    with pytest.raises(ValidationError, match="no time zone"):
        ZoneRule(service="std", zone="A", transit_days=1, timezone="Mars")


def test_opening_hours_are_read_weekday_by_weekday() -> None:
    week = hours_of("Mon-Fri 09:00-12:00; Mon 14:00-18:00; Tue 12:00-13:00;Sun 0:00-24:00")
    assert week[0] == ((540, 720), (840, 1_080))
    assert week[1] == ((540, 780),)
    assert week[5:] == ((), ((0, 1_440),))


def test_a_delivery_does_not_arrive_before_it_left() -> None:
    times = {"placed_at": NOON, "shipped_at": NOON, "delivered_at": "2025-01-06T11:59:00+01:00"}
    with pytest.raises(ValidationError, match="shipped_at is after delivered_at"):
        Delivery.model_validate({"shipment": "1", "node": "W", "service": "std", **times})


def test_units_are_at_least_one_and_stock_at_least_none() -> None:
    with pytest.raises(ValidationError):
        Line(order="1", line="1", sku="A", units=0)
    with pytest.raises(ValidationError):
        StockCell(node="W", sku="A", on_hand=-1)
    assert StockCell(node="W", sku="A", on_hand=0, unit_cost_cents=-5).accuracy == 1.0


def test_rows_are_frozen() -> None:
    service = Service(service="std", kind="parcel")
    with pytest.raises(ValidationError):
        service.kind = "express"


def test_a_time_of_day_becomes_minutes() -> None:
    assert minutes_of("00:00") == 0
    assert minutes_of("9:05:59") == 545


def test_choices_stand_in_the_order_of_the_worlds_codes() -> None:
    assert get_args(policy.NodeKind) == world.NODE_KINDS
    assert get_args(network.ServiceKind) == world.SERVICE_KINDS
    assert get_args(policy.Mode) == world.ORDER_MODES
