"""Direct routes: from a node, by a service, to an order's destination.

A node may send by every service that has a zone rule for it and the destination. The first rule
that fits applies: a rule for that node before a general one, then the narrower `up_to_km`, then
the order of the file. The zone names the tariff's weight steps and the days in transit.

When goods that a node is asked for at `now` are ready, leave, arrive, or can be collected at its
counter (service −1), is what its clocks say (`clocks.py`). For the one moment of a night all
arrivals are a table: few nodes differ in when they send, and few rules in how long they take.
"""

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import ABSENT, ORDER_MODES, SERVICE_KINDS, Column, Table, World
from omnisource.solvers.compile.costs import great_circle_km
from omnisource.solvers.compile.grouping import coded
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, UNLIMITED, Flags, Floats, Ints
from omnisource.solvers.routes.arrivals import Arrivals, arrivals, asked_at
from omnisource.solvers.routes.clock_tables import clocks, horizon
from omnisource.solvers.routes.clocks import DAY, Clocks, local

COUNTER: Final = -1
"""The "service" of a hand-over at the pick-up counter: no parcel, no freight."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Zone rules in the order in which they are tried, service by service."""

    start: Ints  # (V+1,) first rule of each service
    node: Ints  # (Z,) the node it holds for, −1 for all
    up_to_km: Floats  # (Z,) inf for any distance
    transit_days: Ints  # (Z,)
    steps: Ints  # (Z,) first row of its tariff in `Tariffs`
    fits: Flags  # (D, Z) whether the place lies in the rule's country and postcodes


@dataclass(frozen=True, eq=False)
class Tariffs:
    """Weight steps, zone by zone; each zone ends with an unlimited step that costs `NEVER`.

    Row 0 is the counter's: any weight for nothing.
    """

    grams: Ints  # (T,)
    cents: Ints  # (T,)
    divisor: Floats  # (V+1,) mm³ a gram, 0 where volume does not count; last: the counter


@dataclass(frozen=True, eq=False)
class Destinations:
    """Where each order goes: its address, or its pick-up node's."""

    lat: Floats  # (K,)
    lon: Floats  # (K,)
    place: Ints  # (K,) row of `Rules.fits`
    country: NDArray[np.object_]  # (K,)
    pickup: Ints  # (K,) node at whose counter it is handed over, −1 for a delivery
    only_there: Flags  # (K,) collect and reserve: from that node's own stock
    promised_by: Ints  # (K,) minutes, `UNLIMITED` where no date was promised


@dataclass(frozen=True, eq=False)
class Network:
    """All that routing needs of a world."""

    rules: Rules
    zones: Table  # the rows of `zones` that are rules, in their order
    tariffs: Tariffs
    destinations: Destinations
    clocks: Clocks
    ready: Ints  # (N,) minutes since 1970-01-01 UTC when goods are ready at the node
    collected: Ints  # (N,) minutes likewise when they can be collected at its counter
    arrivals: Arrivals
    delivers: Flags  # (V,) whether a service goes to customers

    @property
    def day_end(self) -> Ints:
        """(N, days) minutes UTC: end of the day i days after goods leave by the node's cut-off."""
        c, longest = self.clocks, int(self.rules.transit_days.max(initial=0))
        days = [
            self._leaves(node, int(at)) + np.arange(longest + 1)
            for node, at in enumerate(self.ready)
        ]
        return np.array([c.day_end[zone, day] for zone, day in zip(c.zone, days, strict=True)])

    def _leaves(self, node: int, at: int) -> int:
        wall = local(self.clocks, self.clocks.zone[node], at)
        return int(wall // DAY - self.clocks.first_day + (wall % DAY > self.clocks.cutoff[node]))


_READ: Final[WeakKeyDictionary[World, Network]] = WeakKeyDictionary()
"""Networks as they were read, as long as their worlds are there: whoever judges reads no other."""


def network(world: World, days: int | None = None) -> Network:
    """Read a world's routes into arrays; clocks reach for so many days, or as far as needed."""
    if days is not None:
        return _network(world, days)
    if (known := _READ.get(world)) is None:
        known = _READ[world] = _network(world, horizon(world))
    return known


def _network(world: World, days: int) -> Network:
    to, places = _destinations(world)
    first, tariffs = _tariffs(world)
    zones = world.zones.take(_trial_order(world, first))
    rules = _rules(world, zones, places, first)
    c = clocks(world, zones, days=days)
    transfer = SERVICE_KINDS.index("transfer")
    asked = asked_at(c, world.now)
    return Network(
        rules=rules,
        zones=zones,
        tariffs=tariffs,
        destinations=to,
        clocks=c,
        ready=asked[0],
        collected=asked[1],
        arrivals=arrivals(c, asked[0], zones["service"].astype(np.int64)),
        delivers=world.services["kind"] != transfer,
    )


def _destinations(world: World) -> tuple[Destinations, list[tuple[str, str]]]:
    """Return where orders go, and the (country, postcode) of each place."""
    orders = world.orders
    home = orders["mode"] == ORDER_MODES.index("delivery")
    pickup = np.where(home, -1, orders["pickup_node"])
    address = _address(world, pickup)
    place, places = _places(address["country"], address["postcode"])
    promised = orders["promised_by"]
    to = Destinations(
        lat=address["lat"],
        lon=address["lon"],
        place=place,
        country=address["country"],
        pickup=pickup.astype(np.int64),
        only_there=~home & (orders["mode"] != ORDER_MODES.index("ship_to_store")),
        promised_by=np.where(promised == ABSENT, UNLIMITED, promised),
    )
    return to, places


def _address(world: World, pickup: Column) -> Table:
    """Return orders' addresses, with those of pick-up nodes, −1 for none, put in."""
    orders, nodes = world.orders, world.nodes
    there = np.flatnonzero(pickup >= 0)
    columns = {}
    for name in ("country", "postcode", "lat", "lon"):
        column = orders[name].copy()
        column[there] = nodes[name][pickup[there]]
        columns[name] = column
    return Table(columns)


def _places(country: Column, postcode: Column) -> tuple[Ints, list[tuple[str, str]]]:
    """Number the different (country, postcode); return each order's number, and what it means."""
    (country, countries), (postcode, postcodes) = coded(country), coded(postcode)
    pairs, place = np.unique(country * np.int64(len(postcodes)) + postcode, return_inverse=True)
    known = [divmod(pair, len(postcodes)) for pair in pairs.tolist()]
    return place, [(countries[c], postcodes[p]) for c, p in known]


def _tariffs(world: World) -> tuple[dict[tuple[int, str], int], Tariffs]:
    """Lay the steps of each (service, zone) one after the other, cut at the service's limit."""
    services, table = world.services, world.tariffs
    by_zone: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for service, zone, up_to, cents in zip(
        table["service"], table["zone"], table["up_to_grams"], table["cents"], strict=True
    ):
        limit = services["max_grams"][service]
        heaviest = int(up_to) if limit == ABSENT else min(int(up_to), int(limit))
        by_zone.setdefault((int(service), zone), []).append((heaviest, int(cents)))
    first: dict[tuple[int, str], int] = {}
    steps = [(UNLIMITED, 0)]
    for key, zone_steps in by_zone.items():
        first[key] = len(steps)
        steps += [*sorted(zone_steps), (UNLIMITED, NEVER)]
    grams, cents = np.array(steps, np.int64).T
    divisor = np.append(np.nan_to_num(services["dim_divisor"].astype(np.float64)), 0.0)
    return first, Tariffs(grams.copy(), cents.copy(), divisor)


def _trial_order(world: World, first: dict[tuple[int, str], int]) -> Ints:
    """Return the zone rules that have a tariff, in the order in which they are tried."""
    zones = world.zones
    up_to_km = np.where(np.isnan(zones["up_to_km"]), np.inf, zones["up_to_km"])
    keys = zip(zones["service"].tolist(), zones["zone"], strict=True)
    priced = np.array([key in first for key in keys], bool)
    general = zones["node"] < 0
    order = np.lexsort((np.arange(zones.rows), up_to_km, general, zones["service"]))
    return np.asarray(order[priced[order]])


def tried_zones(world: World) -> Table:
    """Return the zone rules that have a tariff, in the order in which they are tried."""
    return world.zones.take(_trial_order(world, _tariffs(world)[0]))


def _rules(
    world: World, zones: Table, places: list[tuple[str, str]], first: dict[tuple[int, str], int]
) -> Rules:
    keys = zip(zones["service"].tolist(), zones["zone"], strict=True)
    up_to_km = np.where(np.isnan(zones["up_to_km"]), np.inf, zones["up_to_km"])
    start = np.searchsorted(zones["service"], np.arange(world.services.rows + 1))
    return Rules(
        start=start.astype(np.int64),
        node=zones["node"].astype(np.int64),
        up_to_km=up_to_km.astype(np.float64),
        transit_days=zones["transit_days"].astype(np.int64),
        steps=np.array([first[key] for key in keys], np.int64),
        fits=fitting(zones, places),
    )


def fitting(zones: Table, places: list[tuple[str, str]]) -> Flags:
    """Say, (D, Z), which places lie in which rule's country and postcodes."""
    countries = np.array([country for country, _ in places], object)
    postcodes = np.array([postcode for _, postcode in places], str)
    columns = (zones["country"], zones["postcode_from"], zones["postcode_to"])
    areas: dict[tuple[str, str, str], Flags] = {}  # many rules differ in distance only
    fits = np.empty((len(places), zones.rows), bool)
    for z, (country, low, high) in enumerate(zip(*columns, strict=True)):
        area = (country, low, high)
        if area not in areas:
            inside = countries == country if country else np.ones(len(places), bool)
            areas[area] = inside & _between(postcodes, low, high) if low else inside
        fits[:, z] = areas[area]
    return fits


def _between(postcodes: NDArray[np.str_], low: str, high: str) -> Flags:
    """Say which postcodes are from `low` to `high`, each as far as that one is long."""
    after: Flags = postcodes.astype(f"<U{len(low)}") >= low
    before: Flags = postcodes.astype(f"<U{max(len(high), 1)}") <= high
    return after & before


@compiled
def zone_rule(
    start: Ints, rule_node: Ints, up_to_km: Floats, fits: Flags,
    service: int, node: int, place: int, km: float,
) -> int:  # fmt: skip
    """Return the first rule that fits, −1 if the service does not go there.

    A distance that is not known (NaN) fits only rules without a limit.
    """
    for z in range(start[service], start[service + 1]):
        here = rule_node[z] < 0 or rule_node[z] == node
        near = up_to_km[z] == np.inf or km <= up_to_km[z]
        if here and near and fits[place, z]:
            return z
    return -1


@compiled
def zone_rules(
    start: Ints, rule_node: Ints, up_to_km: Floats, fits: Flags,
    service: Ints, node: Ints, place: Ints, km: Floats,
) -> Ints:  # fmt: skip
    """Return `zone_rule` of many shipments, (S,); those over the counter get −1."""
    out = np.full(len(service), -1, np.int64)
    for i in range(len(service)):
        if service[i] >= 0:
            out[i] = zone_rule(
                start, rule_node, up_to_km, fits, service[i], node[i], place[i], km[i]
            )
    return out


@compiled
def distances_km(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Return great-circle distances, (S,), NaN where a place is not known."""
    out = np.empty(len(lat))
    for i in range(len(lat)):
        if np.isnan(lat[i] + lon[i] + to_lat[i] + to_lon[i]):
            out[i] = np.nan
        else:
            out[i] = great_circle_km(lat[i], lon[i], to_lat[i], to_lon[i])
    return out


@compiled
def days_late(arrives: int, promised_by: int) -> int:
    """Return whole days, each begun one counted, after the promised time."""
    return max(0, -((promised_by - arrives) // 1440))
