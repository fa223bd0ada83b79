"""What a shop writes first: a promise by plain loops in Python, from tables that it has in memory.

For every node of the network: whether it holds any line, how far it is, for every service the first
zone rule that fits, and for every set of lines that it holds whole the cheapest service; then the
cheapest partition of all lines. Dates are left out, which spares it work.
"""

from dataclasses import dataclass
from math import asin, ceil, cos, floor, inf, radians, sin, sqrt
from typing import Final

from omnisource.solvers.compile.costs import EARTH_KM
from omnisource.solvers.quote.asked import Ask
from omnisource.solvers.quote.desk import Desk

Rule = tuple[int, str, str, str, float, list[tuple[int, int]]]
"""Node (−1: all), country, first and last postcode, km at the most, steps of grams and cents."""
Way = tuple[float, float, list[tuple[int, int]], int]
"""Divisor, cents of CO2 a gram of goods, steps and fences of a service that goes there."""
EVERY: Final = -1
"""A rule of every node."""


@dataclass(frozen=True, eq=False)
class Shop:
    """A network and its stock, as plain lists and a dictionary."""

    nodes: list[tuple[float, float, int, int]]  # latitude, longitude, cents a shipment and a unit
    ships: list[bool]
    stock: dict[tuple[int, int], tuple[int, int]]  # (node, SKU): units, and cents each
    rules: list[list[Rule]]  # by service
    services: list[tuple[float, float]]  # divisor, cents of CO2 a gram and km
    products: list[tuple[int, float, bool]]  # grams, mm³, whether it ships alone
    fences: tuple[list[int], list[int], list[int]]  # bits of nodes, services and products
    beyond_km: list[float]  # by bit: from where a fence holds, below 0 for everywhere


def shop_of(desk: Desk) -> Shop:
    """Return a desk's tables as a shop's."""
    data, zones = desk.data, desk.zones
    grams, cents = data.step_grams.tolist(), data.step_cents.tolist()
    areas = (zones[name].tolist() for name in ("country", "postcode_from", "postcode_to"))
    columns = data.rule_node.tolist(), *areas, data.up_to_km.tolist(), data.rule_steps.tolist()
    rules = [
        (n, land, low, high, km, list(zip(grams[first:], cents[first:], strict=True)))
        for n, land, low, high, km, first in zip(*columns, strict=True)
    ]
    start = data.rule_start.tolist()
    cells = zip(data.cell_units.tolist(), data.cell_cost.tolist(), strict=True)
    keys = zip(data.cell_node.tolist(), desk.world.stock["sku"].tolist(), strict=False)
    of_node = data.node_lat, data.node_lon, data.per_shipment, data.per_unit
    rates = (data.co2 * data.co2_price * 1e-6).tolist()
    return Shop(
        nodes=list(zip(*(column.tolist() for column in of_node), strict=True)),
        ships=data.node_ships.tolist(),
        stock=dict(zip(keys, cells, strict=False)),
        rules=[
            rules[a:b] if goes else []
            for a, b, goes in zip(start[:-1], start[1:], data.delivers.tolist(), strict=True)
        ],
        services=list(zip(data.divisor.tolist(), rates, strict=False)),
        products=list(
            zip(data.grams.tolist(), data.mm3.tolist(), data.alone.tolist(), strict=True)
        ),
        fences=(
            data.node_fences.tolist(),
            data.service_fences.tolist(),
            data.product_fences.tolist(),
        ),
        beyond_km=data.beyond_km.tolist(),
    )


def plain_cents(shop: Shop, ask: Ask, fences: int) -> float:
    """Return what the cheapest plan to the door costs, lines whole; infinite if none.

    Args:
        shop: the tables.
        ask: the cart.
        fences: bits of those that hold for it.
    """
    k = len(ask.sku)
    best = [inf] * (1 << k)
    for n, (lat, lon, a_shipment, a_unit) in enumerate(shop.nodes):
        cells = [shop.stock.get((n, sku), (0, 0)) for sku in ask.sku]
        held = sum(1 << j for j in range(k) if cells[j][0] >= ask.units[j])
        if not held or not shop.ships[n]:
            continue
        ways = routes(shop, n, km_to(lat, lon, ask), ask)
        each = [a_unit + cost for _, cost in cells]
        for s in range(1, 1 << k):
            if s & held == s:
                inside = [j for j in range(k) if s >> j & 1]
                cents = a_shipment + sum(each[j] * ask.units[j] for j in inside)
                goods = [(ask.sku[j], ask.units[j]) for j in inside]
                best[s] = min(best[s], cents + carried(shop, goods, ways, fences))
    return partition(best)


def km_to(lat: float, lon: float, ask: Ask) -> float:
    """Return the distance of a cart's door, rounded to 100 m (haversine)."""
    a, b = radians(lat), radians(ask.lat)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(ask.lon - lon) / 2) ** 2
    return floor(20 * EARTH_KM * asin(sqrt(half)) + 0.5) / 10


def routes(shop: Shop, node: int, km: float, ask: Ask) -> list[Way]:
    """Return the services from a node to a cart's door, each by the first rule that fits."""
    found = []
    each = zip(shop.services, shop.rules, shop.fences[1], strict=False)
    for (divisor, rate), rules, fences in each:
        for here, country, low, high, up_to_km, steps in rules:
            if here not in (EVERY, node) or (country and country != ask.country):
                continue
            first, last = ask.postcode[: len(low)], ask.postcode[: max(len(high), 1)]
            if (not low or (first >= low and last <= high)) and km <= up_to_km:
                bits = fences & shop.fences[0][node]
                for bit, limit in enumerate(shop.beyond_km):
                    if limit >= 0 and km <= limit:
                        bits &= ~(1 << bit)
                found.append((divisor, rate * km, steps, bits))
                break
    return found


def carried(shop: Shop, held: list[tuple[int, int]], ways: list[Way], fences: int) -> float:
    """Return the least that (SKU, units) cost in one parcel, infinite where none takes them."""
    goods = [(shop.products[sku], units) for sku, units in held]
    if any(alone for (_, _, alone), _ in goods) and sum(units for _, units in goods) > 1:
        return inf
    grams = sum(each * units for (each, _, _), units in goods)
    volume = sum(each * units for (_, each, _), units in goods)
    mine = 0
    for sku, _ in held:
        mine |= shop.fences[2][sku] & fences
    least = inf
    for divisor, rate, steps, bits in ways:
        if mine & bits:
            continue
        billable = max(grams, ceil(volume / divisor)) if divisor > 0 else grams
        cents = next(cents for up_to, cents in steps if up_to >= billable)
        least = min(least, cents + floor(grams * rate + 0.5))
    return least


def partition(best: list[float]) -> float:
    """Return the least cost of all lines, cut into sets.

    >>> partition([0.0, 5.0, 4.0, 10.0])
    9.0
    """
    cheapest = [0.0] + [inf] * (len(best) - 1)
    for s in range(1, len(best)):
        t = s
        while t:
            cheapest[s] = min(cheapest[s], best[t] + cheapest[s ^ t])
            t = (t - 1) & s
    return cheapest[-1]
