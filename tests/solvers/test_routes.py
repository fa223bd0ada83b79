"""When goods leave and arrive, to the minute, and which zone rule applies."""

from datetime import UTC, datetime

import pytest

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.routes.direct import days_late, network


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def one_node(now, *, zones=None, to=None, service=None, **node):
    """A node at 50° north, a customer 111.2 km south of it, and any zone rules."""
    rules = zones or [{"zone": "all"}]
    to = to or {"country": "DE", "postcode": "12345", "lat": 49, "lon": 10}
    return world_of(
        Scenario(name="route", now=now),
        nodes=[
            Node.model_validate({"node": n, "kind": "warehouse", "lat": 50, "lon": 10} | node)
            for n in ("A", "B")
        ],
        services=[Service.model_validate({"service": "post", "kind": "parcel"} | (service or {}))],
        zones=[
            ZoneRule.model_validate({"service": "post", "transit_days": 2} | rule) for rule in rules
        ],
        tariffs=[
            TariffStep(service="post", zone=zone, up_to_grams=9_000, cents=i)
            for i, zone in enumerate(dict.fromkeys(rule["zone"] for rule in rules))
        ],
        products=[Product(sku="apple", grams=1_000)],
        stock=[StockCell(node="A", sku="apple", on_hand=1)],
        orders=[Order.model_validate({"order": "o", "placed_at": now} | to)],
        lines=[Line(order="o", line="1", sku="apple", units=1)],
    )


def day_ends(world):
    """UTC times at which the days end on which goods leave, and those after."""
    return [datetime.fromtimestamp(60 * int(m), UTC) for m in network(world).day_end[0]]


@pytest.mark.parametrize(
    ("now", "processing", "leaves"),
    [
        ("2025-01-06T13:00", 0, "2025-01-06T22:59"),  # 14:00 in Berlin
        ("2025-01-06T13:01", 0, "2025-01-07T22:59"),
        ("2025-01-06T12:30", 30, "2025-01-06T22:59"),
        ("2025-01-06T12:30", 31, "2025-01-07T22:59"),
        ("2025-07-07T12:00", 0, "2025-07-07T21:59"),  # 14:00 in summer, too
        ("2025-07-07T12:01", 0, "2025-07-08T21:59"),
        ("2025-01-06T23:00", 0, "2025-01-07T22:59"),  # past midnight in Berlin: in time again
    ],
)
def test_goods_leave_today_up_to_the_cut_off_in_local_time(now, processing, leaves):
    world = one_node(
        utc(now), timezone="Europe/Berlin", cutoff="14:00", processing_minutes=processing
    )
    assert day_ends(world)[0] == utc(leaves)


def test_without_a_cut_off_goods_leave_the_same_day():
    assert day_ends(one_node(utc("2025-01-06T23:58")))[0] == utc("2025-01-06T23:59")


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2025-03-29T12:00", ["2025-03-29T22:59", "2025-03-30T21:59", "2025-03-31T21:59"]),
        ("2025-10-25T12:00", ["2025-10-25T21:59", "2025-10-26T22:59", "2025-10-27T22:59"]),
    ],
)
def test_days_end_at_local_midnight_when_the_clocks_change(now, ends):
    world = one_node(utc(now), timezone="Europe/Berlin")
    assert day_ends(world) == [utc(end) for end in ends]


def test_a_parcel_arrives_by_the_end_of_the_last_day_in_transit(compiled):
    problem, _ = compiled(one_node(utc("2025-01-06T12:00"), timezone="Europe/Berlin"))
    assert problem.ways.arrives.tolist() == [utc("2025-01-08T22:59").timestamp() / 60]


@pytest.mark.parametrize(
    ("node", "rule", "arrives"),
    [
        ({}, {}, "2025-12-27"),
        ({"calendar": "DE"}, {}, "2025-12-29"),  # the node is closed on the 25th and 26th
        ({}, {"calendar": "DE"}, "2025-12-28"),  # the carrier is, the 27th is its first day
        ({"hours": "Mon-Fri 8:00-18:00", "calendar": "DE"}, {"calendar": "DE"}, "2025-12-31"),
        ({"cutoff": "09:59"}, {}, "2025-12-28"),
        ({"hours": "Thu 9:00-10:00", "processing_minutes": 180}, {}, "2026-01-17"),
    ],
)
def test_a_night_knows_holidays_and_working_days(compiled, node, rule, arrives):
    """Asked on Christmas Day, 10:00 in Berlin, for two days in transit."""
    now = utc("2025-12-25T09:00")
    world = one_node(now, zones=[{"zone": "all", **rule}], timezone="Europe/Berlin", **node)
    problem, _ = compiled(world)
    (at,) = problem.ways.arrives.tolist()
    assert datetime.fromtimestamp(60 * at, UTC) == utc(f"{arrives}T22:59")


def test_no_parcel_goes_where_node_and_carrier_share_no_day(compiled):
    world = one_node(
        utc("2025-01-06T12:00"), hours="Sun 9:00-12:00", service={"weekdays": "Mon-Sat"}
    )
    _, legend = compiled(world)
    assert legend.verdicts()["no route"] == 1


@pytest.mark.parametrize(
    ("rules", "zone"),
    [
        ([{"zone": "far"}, {"zone": "near", "up_to_km": 120}], "near"),
        ([{"zone": "far"}, {"zone": "near", "up_to_km": 111}], "far"),
        ([{"zone": "mid", "up_to_km": 300}, {"zone": "near", "up_to_km": 112}], "near"),
        ([{"zone": "near", "up_to_km": 120}, {"zone": "own", "node": "A"}], "own"),
        ([{"zone": "other", "node": "B"}, {"zone": "any"}], "any"),
        ([{"zone": "first"}, {"zone": "second"}], "first"),
        ([{"zone": "abroad", "country": "FR"}, {"zone": "home", "country": "DE"}], "home"),
        ([{"zone": "east", "postcode_from": "10", "postcode_to": "12"}, {"zone": "any"}], "east"),
        ([{"zone": "north", "postcode_from": "13", "postcode_to": "2"}, {"zone": "any"}], "any"),
        ([{"zone": "abroad", "country": "FR"}], None),
    ],
)
def test_the_first_rule_that_fits_names_the_zone(compiled, rules, zone):
    """A node's own rule, then the narrower, then the order of the table."""
    problem, _ = compiled(one_node(utc("2025-01-06T12:00"), zones=rules))
    names = list(dict.fromkeys(rule["zone"] for rule in rules))
    found = [names[problem.ways.step_cents[t]] for t in problem.ways.steps]
    assert found == ([] if zone is None else [zone])


def test_a_place_of_unknown_distance_is_reached_by_rules_without_a_limit(compiled):
    rules = [{"zone": "near", "up_to_km": 20_000}, {"zone": "any"}]
    there = {"country": "DE", "postcode": "12345"}
    problem, _ = compiled(one_node(utc("2025-01-06T12:00"), zones=rules, to=there))
    assert problem.ways.step_cents[problem.ways.steps].tolist() == [1]


def test_a_service_carries_no_more_than_its_own_limit(compiled):
    world = one_node(utc("2025-01-06T12:00"), service={"max_grams": 999})
    _, legend = compiled(world)
    assert legend.verdicts()["too heavy"] == 1


def test_a_transfer_goes_to_no_customer(compiled):
    world = one_node(utc("2025-01-06T12:00"), service={"kind": "transfer"})
    _, legend = compiled(world)
    assert legend.verdicts()["no route"] == 1


@pytest.mark.parametrize(("minutes", "days"), [(-1, 0), (0, 0), (1, 1), (1_440, 1), (1_441, 2)])
def test_a_day_late_counts_once_it_has_begun(minutes, days):
    assert days_late(10_000 + minutes, 10_000) == days
