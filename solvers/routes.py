"""Direct routes: from a node, by a service, to an order's destination.

A node may send by every service that has a zone rule for it and the destination. The first rule
that fits applies: a rule for that node before a general one, then the narrower `up_to_km`, then
the order of the file. The zone names the tariff's weight steps and the days in transit.

A node that is asked at `now` is ready `processing_minutes` later; past its cut-off, in its own
local time, the parcel leaves the next day. It arrives by the end, in the node's local time, of
the day it leaves plus the days in transit. Goods handed over at a pick-up counter take no
service (−1) and are there when the node is ready.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omnisource.models.world import ABSENT, ORDER_MODES, SERVICE_KINDS, Column, Table, World
from omnisource.solvers.costs import great_circle_km
from omnisource.solvers.grouping import coded
from omnisource.solvers.problem import NEVER, UNLIMITED, Flags, Floats, Ints

COUNTER: Final = -1
"""The "service" of a hand-over at the pick-up counter: no parcel, no freight."""
LONGEST: Final = 400
"""Days in transit beyond which no route is looked at."""


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
    tariffs: Tariffs
    destinations: Destinations
    ready: Ints  # (N,) minutes since 1970-01-01 UTC when goods are ready at the node
    day_end: Ints  # (N, days) minutes UTC: end of the day i days after goods leave
    delivers: Flags  # (V,) whether a service goes to customers


def network(world: World) -> Network:
    """Read a world's routes into arrays."""
    to, places = _destinations(world)
    first, tariffs = _tariffs(world)
    rules = _rules(world, places, first)
    longest = min(int(rules.transit_days.max(initial=0)), LONGEST)
    ready, day_end = _clocks(world, longest)
    transfer = SERVICE_KINDS.index("transfer")
    return Network(
        rules=rules,
        tariffs=tariffs,
        destinations=to,
        ready=ready,
        day_end=day_end,
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


def _rules(world: World, places: list[tuple[str, str]], first: dict[tuple[int, str], int]) -> Rules:
    zones = world.zones
    up_to_km = np.where(np.isnan(zones["up_to_km"]), np.inf, zones["up_to_km"])
    keys = list(zip(zones["service"].tolist(), zones["zone"], strict=True))
    priced = np.array([key in first for key in keys], bool)
    general = zones["node"] < 0
    order = np.lexsort((np.arange(zones.rows), up_to_km, general, zones["service"]))
    order = order[priced[order]]
    services = zones["service"][order]
    start = np.searchsorted(services, np.arange(world.services.rows + 1)).astype(np.int64)
    return Rules(
        start=start,
        node=zones["node"][order].astype(np.int64),
        up_to_km=up_to_km[order].astype(np.float64),
        transit_days=zones["transit_days"][order].astype(np.int64),
        steps=np.array([first[keys[row]] for row in order], np.int64),
        fits=_fits(zones.take(order), places),
    )


def _fits(zones: Table, places: list[tuple[str, str]]) -> Flags:
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


def _clocks(world: World, longest: int) -> tuple[Ints, Ints]:
    nodes = world.nodes
    ready = world.now + nodes["processing_minutes"].astype(np.int64)
    day_end = np.empty((nodes.rows, longest + 1), np.int64)
    known: dict[tuple[str, int, int], Ints] = {}
    for n, key in enumerate(
        zip(nodes["timezone"], ready.tolist(), nodes["cutoff"].tolist(), strict=True)
    ):
        if key not in known:
            known[key] = _day_ends(*key, longest)
        day_end[n] = known[key]
    return ready, day_end


def _day_ends(timezone: str, ready: int, cutoff: int, longest: int) -> Ints:
    """Return the minute before midnight of the day goods leave and of the days after it."""
    zone = ZoneInfo(timezone)
    local = datetime.fromtimestamp(ready * 60, UTC).astimezone(zone)
    missed = cutoff != ABSENT and local.hour * 60 + local.minute > cutoff
    leaves = local.date() + timedelta(days=int(missed))
    ends = []
    for days in range(longest + 1):
        day = leaves + timedelta(days=days)
        end = datetime(day.year, day.month, day.day, 23, 59, tzinfo=zone)
        ends.append(int(end.timestamp()) // 60)
    return np.array(ends, np.int64)


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def distances_km(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Return great-circle distances, (S,), NaN where a place is not known."""
    out = np.empty(len(lat))
    for i in range(len(lat)):
        if np.isnan(lat[i] + lon[i] + to_lat[i] + to_lon[i]):
            out[i] = np.nan
        else:
            out[i] = great_circle_km(lat[i], lon[i], to_lat[i], to_lon[i])
    return out


@njit(cache=True, nogil=True)
def days_late(arrives: int, promised_by: int) -> int:
    """Return whole days, each begun one counted, after the promised time."""
    return max(0, -((promised_by - arrives) // 1440))
