"""Routes over lanes and parcels, by hand and against all paths and departures that there are."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
from omnisource.models.scenario import Scenario
from omnisource.models.week import departure_of, weekdays_of
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.compile.costs import great_circle_km
from omnisource.solvers.routes import clocks
from omnisource.solvers.routes.direct import network
from omnisource.solvers.routes.itinerary import Address, Load, counter_routes, routes
from omnisource.solvers.routes.timetable import timetable
from omnisource.solvers.routes.trunk import paths_to, trunk

KINDS = {"W": "warehouse", "V": "warehouse", "H": "hub", "I": "hub", "S": "store"}
NAMES = list(KINDS)
BERLIN = Address("DE", "10115", 52.5, 13.4)
GERMANY = holidays.country_holidays("DE", years=(2027, 2028))


def utc(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def in_time(now, lanes, *, nodes=None, zones=None, services=None):
    """Timetable and ways of a network of two warehouses, two hubs, a store; two services."""
    services = services or {}
    world = world_of(
        Scenario(name="lanes", now=now),
        nodes=[
            Node.model_validate(
                {"node": n, "kind": kind, "lat": 50 + i, "lon": 10, "pickup": n == "S"}
                | (nodes or {}).get(n, {})
            )
            for i, (n, kind) in enumerate(KINDS.items())
        ],
        services=[
            Service.model_validate(
                {"service": s, "kind": kind, "grams_co2_per_kg_km": 0.25} | services.get(s, {})
            )
            for s, kind in (("truck", "transfer"), ("rail", "transfer"), ("post", "parcel"))
        ],
        zones=[
            ZoneRule.model_validate({"service": "post", "zone": "far", "transit_days": 2} | zone)
            for zone in zones or [{}]
        ],
        tariffs=[
            TariffStep(service="post", zone=zone, up_to_grams=5_000, cents=cents)
            for zone, cents in (("far", 900), ("near", 300))
        ],
        lanes=[Lane.model_validate({"service": "truck"} | lane) for lane in lanes],
    )
    table = timetable(world, network(world, 30))
    return table, trunk(table)


def lane(start, end, departs="daily 18:00", minutes=600, **more):
    return {
        "from_node": start, "to_node": end, "departs": departs, "transit_minutes": minutes, **more,
    }  # fmt: skip


NOON = datetime(2027, 3, 26, 12, tzinfo=UTC)  # the clocks change on the 28th


def test_goods_for_a_store_take_the_next_truck_and_wait_for_its_doors():
    table, ways = in_time(
        NOON, [lane("W", "S", "Mon-Fri 18:00", 9 * 60, cutoff="13:00")],
        nodes={"W": {"timezone": "Europe/Berlin"},
               "S": {"timezone": "Europe/Berlin", "hours": "Mon-Sat 09:00-20:00"}},
    )  # fmt: skip
    at = utc("2027-03-26T12:00")  # 13:00 in Berlin, a Friday: at the cut-off
    (route,) = counter_routes(table, ways, 0, 4, at=at, load=Load(1_000))
    (leg,) = route.legs
    assert (leg.start, leg.end, leg.service) == ("W", "S", "truck")
    assert (leg.departs, leg.arrives) == (utc("2027-03-26T17:00"), utc("2027-03-27T02:00"))
    assert route.arrives == utc("2027-03-27T08:00")
    (late,) = counter_routes(table, ways, 0, 4, at=at + 1, load=Load(1_000))
    assert late.legs[0].departs == utc("2027-03-29T16:00")  # Monday, in summer time
    assert late.arrives == utc("2027-03-30T07:00")


def test_what_lies_at_the_counter_takes_no_lane():
    table, ways = in_time(NOON, [], nodes={"S": {"hours": "daily 09:00-20:00"}})
    (route,) = counter_routes(table, ways, 4, 4, at=utc("2027-03-26T21:00"), load=Load(1))
    assert (route.legs, route.arrives) == ((), utc("2027-03-27T09:00"))


def test_a_parcel_by_way_of_a_hub_goes_by_the_hubs_own_zone_rule():
    """From W two days at 900; by the hub a night, 2 kg at 10, 50 for the hub, a day, 300."""
    table, ways = in_time(
        NOON, [lane("W", "H", cents_per_kg=10, cents_per_departure=7_000)],
        nodes={"H": {"cents_per_shipment": 50}},
        zones=[{}, {"node": "H", "zone": "near", "transit_days": 0}],
    )  # fmt: skip
    found = routes(table, ways, 0, BERLIN, at=utc("2027-03-26T12:00"), load=Load(2_000))
    assert [(len(r.legs), r.arrives, r.cents) for r in found] == [
        (2, utc("2027-03-27T23:59"), 20 + 50 + 300),
        (1, utc("2027-03-28T23:59"), 900),
    ]
    lanes_km, parcel_km = great_circle_km(50, 10, 52, 10), great_circle_km(52, 10, 52.5, 13.4)
    assert found[0].grams_co2 == pytest.approx(0.25 * 2 * (lanes_km + parcel_km), abs=1e-3)


def test_a_parcel_bears_its_share_of_a_departure_whose_load_is_known():
    table, ways = in_time(NOON, [lane("W", "S", cents_per_departure=8_000, kg_per_departure=400)])
    (route,) = counter_routes(table, ways, 0, 4, at=utc("2027-03-26T12:00"), load=Load(1_500))
    assert route.cents == 30  # 20 a kilogram


def test_of_two_lanes_the_dear_one_counts_only_while_it_is_faster():
    lanes = [
        lane("W", "S", "daily 18:00", 600, cents_per_kg=10),
        lane("W", "S", "daily 06:00", 300, cents_per_kg=30, service="rail"),
    ]
    _, ways = in_time(NOON, lanes)
    morning, noon = (paths_to(ways, 4, utc(f"2027-03-26T{clock}")) for clock in ("06:00", "06:01"))
    assert morning.arrives.tolist() == [utc("2027-03-27T04:00"), utc("2027-03-26T11:00")]
    assert noon.arrives.tolist() == [utc("2027-03-27T04:00")]
    assert noon.cents_per_kg.tolist() == [10.0]


def test_lanes_rest_on_public_holidays_and_when_their_carrier_does():
    lanes = [lane("W", "S", "daily 18:00", 60), lane("V", "S", "daily 18:00", 60, service="rail")]
    _, ways = in_time(
        NOON, lanes, nodes={"W": {"calendar": "DE"}}, services={"rail": {"weekdays": "Mon,Wed"}}
    )
    good_friday = paths_to(ways, 4, utc("2027-03-26T12:00"))
    assert good_friday.node.tolist() == [0, 1]
    assert good_friday.arrives.tolist() == [utc("2027-03-27T19:00"), utc("2027-03-29T19:00")]


def test_lanes_rest_in_their_pauses_and_in_those_of_their_service():
    lanes = [
        lane("W", "S", "daily 18:00", 60, pauses="2027-03-26/2027-03-28"),
        lane("V", "S", "daily 18:00", 60, service="rail"),
        lane("H", "S", "daily 18:00", 60),
    ]
    _, ways = in_time(NOON, lanes, services={"rail": {"pauses": "2027-03-25/2027-03-26"}})
    friday = paths_to(ways, 4, utc("2027-03-26T12:00"))
    came = dict(zip(friday.node.tolist(), friday.arrives.tolist(), strict=True))
    assert came == {0: utc("2027-03-29T19:00"), 1: utc("2027-03-27T19:00"),
                    2: utc("2027-03-26T19:00")}  # fmt: skip


def test_stores_pass_nothing_on():
    _, ways = in_time(NOON, [lane("W", "S"), lane("S", "V"), lane("H", "S")])
    assert paths_to(ways, 1, utc("2027-03-26T12:00")).node.tolist() == [4]


# all paths, all departures


def departures(table, row, since):
    """The first departures of a lane that take goods ready at `since`, and their arrivals."""
    world = table.world
    tail = int(world.lanes["from_node"][row])
    zone, calendar = ZoneInfo(world.nodes["timezone"][tail]), world.nodes["calendar"][tail]
    named, at = departure_of(world.lanes["departs"][row])
    runs = weekdays_of(world.services["weekdays"][world.lanes["service"][row]])
    cutoff = int(world.lanes["cutoff"][row])
    taken = at if cutoff < 0 else min(at, cutoff)
    found = []
    first = datetime.fromtimestamp(since * 60, UTC).date() - timedelta(1)
    for day in (first + timedelta(i) for i in range(12)):
        if day.weekday() not in named or day.weekday() not in runs or (calendar and day in GERMANY):
            continue
        walls = (datetime(day.year, day.month, day.day, m // 60, m % 60) for m in (taken, at))
        last, leaves = (int(w.replace(tzinfo=zone).timestamp()) // 60 for w in walls)
        if last >= since:
            found.append(leaves + int(world.lanes["transit_minutes"][row]))
    return found[:4]


def every_way(table, node, target, since, *, seen=()):
    """Every way over lanes as (arrival, fixed cents, cents a kg, g CO2 a kg)."""
    world, c = table.world, table.clocks
    for row in np.flatnonzero(world.lanes["from_node"] == node).tolist():
        head = int(world.lanes["to_node"][row])
        if head in seen or head == node:
            continue
        kg = int(world.lanes["kg_per_departure"][row])
        share = int(world.lanes["cents_per_departure"][row]) / kg if kg > 0 else 0.0
        cost = int(world.lanes["cents_per_kg"][row]) + share
        co2 = float(table.co2_per_kg[row])
        for there in departures(table, row, since):
            if head == target:
                yield there, 0, cost, co2
            elif KINDS[NAMES[head]] in ("hub", "warehouse"):
                onward = int(clocks.ready(c, head, there))
                handling = int(world.nodes["cents_per_shipment"][head])
                rest = every_way(table, head, target, onward, seen=(*seen, node))
                for end, fixed, more, grams in rest:
                    yield end, fixed + handling, cost + more, co2 + grams


def front(figures):
    """Those of the figures that no others beat."""
    each = sorted(set(figures))
    return {
        a for a in each
        if not any(b != a and all(x <= y for x, y in zip(b, a, strict=True)) for b in each)
    }  # fmt: skip


@st.composite
def networks(draw):
    """Up to eight lanes, clocks and costs drawn; kilometres are whole, so that sums are exact."""
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    lanes, known = [], set()
    for _ in range(draw(st.integers(2, 8))):
        start, end = draw(st.permutations(NAMES))[:2]
        drawn = lane(
            start, end, pick("daily 18:00", "Mon-Fri 02:30", "Mon,Thu 06:00", "daily 12:00"),
            pick(30, 600, 1_440, 2_000), cutoff=pick(None, "02:00", "11:00", "23:00"),
            cents_per_kg=pick(0, 10, 20), service=pick("truck", "rail"),
            cents_per_departure=pick(0, 1_024), kg_per_departure=pick(None, 128),
        )  # fmt: skip
        key = start, end, drawn["departs"], drawn["service"]
        lanes += [] if key in known else [drawn]
        known.add(key)
    nodes = {
        n: {
            "timezone": pick("Europe/Berlin", "America/New_York", "UTC"),
            "calendar": pick("", "DE"), "processing_minutes": pick(0, 30, 300),
            "hours": pick("", "Mon-Sat 08:00-20:00"), "cents_per_shipment": pick(0, 15),
        }
        for n in NAMES
    }  # fmt: skip
    services = {
        "truck": {"grams_co2_per_kg_km": pick(0.0, 0.25)},
        "rail": {"grams_co2_per_kg_km": 0.0, "weekdays": pick("daily", "Mon-Fri")},
    }
    zones = [{"node": pick("H", "I"), "zone": "near", "transit_days": pick(0, 1)}, {}]
    night = pick("2027-03-26", "2027-10-29", "2027-11-06", "2027-12-23")
    now = datetime.fromisoformat(night).replace(tzinfo=UTC) + timedelta(
        minutes=draw(st.integers(0, 3_000))
    )
    return now, lanes, {"nodes": nodes, "services": services, "zones": zones}


@settings(deadline=None, max_examples=60)
@given(networks())
def test_paths_are_those_that_no_others_beat(drawn):
    now, lanes, more = drawn
    table, ways = in_time(now, lanes, **more)
    at = utc(now.replace(tzinfo=None).isoformat())
    for target in range(len(NAMES)):
        found = paths_to(ways, target, at)
        rows = list(zip(*(column.tolist() for column in found[:5]), strict=True))
        for node in range(len(NAMES)):
            mine = [(a, f, k, round(g, 6)) for n, a, f, k, g in rows if n == node]
            all_of_them = [
                (a, f, k, round(g, 6)) for a, f, k, g in every_way(table, node, target, at)
            ]
            assert set(mine) == front(all_of_them)
            assert len(mine) == len(set(mine))


@settings(deadline=None, max_examples=60)
@given(networks(), st.sampled_from([500, 1_000, 4_000]))
def test_routes_to_a_customer_are_those_that_no_others_beat(drawn, grams):
    now, lanes, more = drawn
    table, ways = in_time(now, lanes, **more)
    at, c, load = utc(now.replace(tzinfo=None).isoformat()), table.clocks, Load(grams)
    near = more["zones"][0]
    for node in (0, 1, 4):
        ready = int(clocks.ready(c, node, at))
        sent = [(node, ready, 0, 0.0)]
        for hub in (2, 3):
            for there, fixed, per_kg, co2 in every_way(table, node, hub, ready):
                handling = int(table.handling[hub])
                cents = fixed + handling + int(per_kg * grams / 1_000 + 0.5)
                sent.append((hub, int(clocks.ready(c, hub, there)), cents, co2))
        figures = []
        for sender, since, cents, co2 in sent:
            own = NAMES[sender] == near["node"]
            days = near["transit_days"] if own else 2
            zone = table.world.nodes["timezone"][sender]
            left = date.fromisoformat(leaving(table, sender, since)) + timedelta(days)
            end = datetime(left.year, left.month, left.day, 23, 59, tzinfo=ZoneInfo(zone))
            km = great_circle_km(50 + sender, 10, BERLIN.lat, BERLIN.lon)
            figures.append((
                int(end.timestamp()) // 60, cents + (300 if own else 900),
                round((co2 + 0.25 * km) * grams / 1_000, 3),
            ))  # fmt: skip
        found = routes(table, ways, node, BERLIN, at=at, load=load)
        assert {route.figures for route in found} == front(figures)


def leaving(table, node, since):
    """The local day from `since` on, in ISO form, on which a node opens: no cut-offs here."""
    world = table.world
    zone, calendar = ZoneInfo(world.nodes["timezone"][node]), world.nodes["calendar"][node]
    day = datetime.fromtimestamp(since * 60, UTC).astimezone(zone).date()
    shut = 6 if world.nodes["hours"][node] else 7
    while day.weekday() == shut or (calendar and day in GERMANY):
        day += timedelta(1)
    return day.isoformat()


@settings(deadline=None, max_examples=40)
@given(networks())
def test_the_legs_of_a_route_follow_each_other_and_end_when_it_does(drawn):
    now, lanes, more = drawn
    table, ways = in_time(now, lanes, **more)
    at = utc(now.replace(tzinfo=None).isoformat())
    for node in (0, 1):
        for route in routes(table, ways, node, BERLIN, at=at, load=Load(1_000)):
            assert route.legs[0].start == NAMES[node]
            assert route.legs[-1].end == "customer"
            assert route.legs[-1].arrives == route.arrives
            for one, after in zip(route.legs, route.legs[1:], strict=False):
                assert one.end == after.start
                assert one.departs <= one.arrives <= after.departs
