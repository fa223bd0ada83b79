"""From a node to a customer or a counter, leg by leg: the routes that no other beats.

A route to a customer is a parcel from the node itself, or lanes to a hub (trunk.py) and a parcel
from there, by the hub's own zone rules. For goods that a node is asked for at a minute:

    (1)  arrives  =  the parcel's arrival (clocks.py) from when the goods are ready at its sender;
                     at a counter: the first open minute, or slot, from the goods' arrival on
    (2)  cents    =  freight of the parcel + ⌊cents a kg of the lanes · kg + ½⌋
                     + handling of the nodes passed, the hub that sends included; what the node
                     itself takes for a shipment belongs to no route
    (3)  grams    =  CO2 of lanes and parcel, as the crow flies, to the milligram

Of the routes, those are returned that no other equals in one of these three and betters, or
equals, in the others. Written to be read and to be compared with: kernels take `trunk.pareto` and
`clocks.delivered`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.costs import billable_grams, freight_cents, great_circle_km
from omnisource.solvers.problem import NEVER, Ints
from omnisource.solvers.routes.clocks import BEYOND, DAY, collect, leaves, minute_of, ready, slot
from omnisource.solvers.routes.clocks import arrives as parcel_arrives
from omnisource.solvers.routes.direct import fitting, zone_rule
from omnisource.solvers.routes.timetable import Timetable
from omnisource.solvers.routes.trunk import Trunk, pareto, trunk_width

CUSTOMER = "customer"
"""Where a parcel's leg ends."""


@dataclass(frozen=True)
class Address:
    """Where a customer lives; NaN for an unknown latitude or longitude."""

    country: str
    postcode: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Load:
    """What is sent: grams, and cubic millimetres of its volume."""

    grams: int
    mm3: float = 0.0


@dataclass(frozen=True)
class Leg:
    """A lane's departure, or a parcel, which departs on its day, from when it could on."""

    start: str  # node
    end: str  # node, or `CUSTOMER`
    service: str
    departs: int  # minutes since 1970-01-01 UTC
    arrives: int  # minutes likewise


@dataclass(frozen=True)
class Route:
    """One way, and what it comes to."""

    node: str
    legs: tuple[Leg, ...]  # none: goods of the counter where they are collected
    arrives: int  # minutes since 1970-01-01 UTC, (1)
    cents: int  # (2)
    grams_co2: float  # (3)

    @property
    def figures(self) -> tuple[float, ...]:
        """What routes are compared by."""
        return self.arrives, self.cents, self.grams_co2


@dataclass(frozen=True)
class _Sent:
    """Goods that have come to a node over lanes."""

    node: int
    at: int  # minute of arrival; at the source: of being asked for
    legs: tuple[Leg, ...]
    cents: int
    co2_per_kg: float


def routes(
    table: Timetable, paths: Trunk, node: int, address: Address, *, at: int, load: Load
) -> tuple[Route, ...]:
    """Return the routes from a node to a customer for goods asked for at a minute.

    Args:
        table: the network in time.
        paths: its ways over lanes, to hubs at least.
        node: row of the node.
        address: where to.
        at: minutes since 1970-01-01 UTC.
        load: what is sent; a route that cannot carry it is none.
    """
    ways = [
        route
        for sent in _senders(table, paths, node, at=at, load=load)
        for route in _parcels(table, sent, address, load)
    ]
    return best(ways)


def counter_routes(
    table: Timetable, paths: Trunk, node: int, store: int, *, at: int, load: Load
) -> tuple[Route, ...]:
    """Return the routes from a node to a store's counter; from its own stock there is one."""
    c, name = table.clocks, table.world.nodes["node"][node]
    if node == store:
        own = collect(c, node, at)
        return (Route(name, (), own, 0, 0.0),) if own < BEYOND else ()
    ways = []
    for sent in _over_lanes(table, paths, (node, store), at=at, load=load):
        collected = slot(c, store, sent.at)
        grams = _milligrams(sent.co2_per_kg, load)
        if collected < BEYOND:
            ways.append(Route(name, sent.legs, collected, sent.cents, grams))
    return best(ways)


def best(ways: list[Route]) -> tuple[Route, ...]:
    """Return the routes that no other beats, the earliest first; of equal ones the first."""
    kept: list[Route] = []
    for way in sorted(ways, key=lambda route: route.figures):
        if not any(_covers(other.figures, way.figures) for other in kept):
            kept.append(way)
    return tuple(kept)


def _covers(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def _senders(table: Timetable, paths: Trunk, node: int, *, at: int, load: Load) -> Iterator[_Sent]:
    """Yield the node itself, if it ships, and each hub as goods reach it."""
    if table.world.nodes["ships"][node]:
        yield _Sent(node, at, (), 0, 0.0)
    for hub in table.hubs(node):
        for sent in _over_lanes(table, paths, (node, hub), at=at, load=load):
            cents = sent.cents + int(table.handling[hub])  # (2)
            yield _Sent(hub, sent.at, sent.legs, cents, sent.co2_per_kg)


def _over_lanes(
    table: Timetable, paths: Trunk, ends: tuple[int, int], *, at: int, load: Load
) -> Iterator[_Sent]:
    """Yield how goods asked for at a minute come from one node to another."""
    leaving = ready(table.clocks, ends[0], at)
    found, arrivals = np.empty((2, trunk_width(paths)), np.int64)
    count = pareto(paths, *ends, leaving, found, arrivals)
    for path, there in zip(found[:count].tolist(), arrivals[:count].tolist(), strict=True):
        by_weight = np.floor(paths.cents_per_kg[path] * load.grams / 1_000 + 0.5)
        cents = int(paths.cents_fixed[path] + by_weight)  # (2)
        legs = lane_legs(table, path_lanes(paths, path), leaving)
        yield _Sent(ends[1], there, legs, cents, float(paths.co2_per_kg[path]))


def path_lanes(paths: Trunk, path: int) -> Ints:
    """Return the lanes of a path, in the order of travel."""
    return paths.lane[paths.lane_start[path] : paths.lane_start[path + 1]]


def lane_legs(table: Timetable, lanes: Ints, at: int) -> tuple[Leg, ...]:
    """Return the departures that goods ready at a minute take along lanes."""
    names, services = table.world.nodes["node"], table.world.services["service"]
    legs: list[Leg] = []
    for lane in lanes.tolist():
        tail, head = int(table.tail[lane]), int(table.head[lane])
        taken, departs = table.times[lane]
        since = ready(table.clocks, tail, at) if legs else at
        departure = int(departs[np.searchsorted(taken, since)])
        at = departure + int(table.transit[lane])
        service = services[table.world.lanes["service"][lane]]
        legs.append(Leg(names[tail], names[head], service, departure, at))
    return tuple(legs)


def _parcels(table: Timetable, sent: _Sent, address: Address, load: Load) -> Iterator[Route]:
    """Yield the ways from where goods have come to a customer, a service each."""
    world, net, node = table.world, table.net, sent.node
    km = _km(world, node, address)
    rules = net.rules
    fits = fitting(net.zones, [(address.country, address.postcode)])
    since = ready(table.clocks, node, sent.at)
    for service in np.flatnonzero(net.delivers).tolist():
        rule = zone_rule(rules.start, rules.node, rules.up_to_km, fits, service, node, 0, km)
        if rule < 0:
            continue
        leg = _parcel_leg(table, node, (service, rule), since)
        cents = _freight(table, (service, rule), load)
        if leg is None or cents >= NEVER:
            continue
        rate = float(world.services["grams_co2_per_kg_km"][service])
        co2 = sent.co2_per_kg + (0.0 if np.isnan(km) else rate * km)
        yield Route(
            sent.legs[0].start if sent.legs else leg.start, (*sent.legs, leg), leg.arrives,
            sent.cents + cents, _milligrams(co2, load),
        )  # fmt: skip


def _parcel_leg(table: Timetable, node: int, by: tuple[int, int], since: int) -> Leg | None:
    c, (service, rule) = table.clocks, by
    day = leaves(c, node, service, since)
    there = parcel_arrives(c, node, service, rule, day, since)
    if there >= BEYOND:
        return None
    midnight = minute_of(c, c.zone[node], (c.first_day + day) * DAY)
    names, services = table.world.nodes["node"], table.world.services["service"]
    return Leg(names[node], CUSTOMER, services[service], max(since, midnight), there)


def _freight(table: Timetable, by: tuple[int, int], load: Load) -> int:
    tariffs, (service, rule) = table.net.tariffs, by
    billable = billable_grams(load.grams, load.mm3, tariffs.divisor[service])
    first = table.net.rules.steps[rule]
    return int(freight_cents(tariffs.grams, tariffs.cents, first, billable))


def _km(world: World, node: int, address: Address) -> float:
    if np.isnan(address.lat + address.lon):
        return np.nan
    here = world.nodes["lat"][node], world.nodes["lon"][node]
    return float(great_circle_km(*here, address.lat, address.lon))


def _milligrams(per_kg: float, load: Load) -> float:
    return round(per_kg * load.grams / 1_000, 3)
