"""Changes to carriers: what they charge, and when they do not run."""

from datetime import date

import numpy as np

from omnisource.models import changes, outages
from omnisource.models.base import UnusableInput
from omnisource.models.pauses import and_pause
from omnisource.models.world import Table, World
from omnisource.orchestrator.lab.rows import Turn, put, rounded, row_of, some_services
from omnisource.solvers.problem import Flags

DAY = 24 * 60
OF_LANES = ("cents_per_departure", "cents_per_kg")


def tariff(world: World, change: changes.Tariff, _: Turn) -> World:
    """Parcels become dearer or cheaper."""
    tariffs = world.tariffs
    rows = np.flatnonzero(some_services(world, change)[tariffs["service"]])
    cents = rounded(tariffs["cents"][rows], change.factor) + change.plus_cents
    return world.replace(tariffs=put(tariffs, rows, cents=np.maximum(cents, 0)))


def fuel(world: World, change: changes.Fuel, _: Turn) -> World:
    """Tariffs and lanes follow the price of fuel with a share of theirs."""
    chosen, factor = some_services(world, change), 1 + change.change * change.share
    tariffs, lanes = world.tariffs, world.lanes
    at = np.flatnonzero(chosen[tariffs["service"]])
    tariffs = put(tariffs, at, cents=rounded(tariffs["cents"][at], factor))
    on = np.flatnonzero(chosen[lanes["service"]])
    lanes = put(lanes, on, **{name: rounded(lanes[name][on], factor) for name in OF_LANES})
    return world.replace(tariffs=tariffs, lanes=lanes)


def strike(world: World, change: outages.Strike, _: Turn) -> World:
    """Parcels and lanes of some services take longer, wait for the end, or are not taken."""
    chosen, zones, lanes = some_services(world, change), world.zones, world.lanes
    if change.since and change.until:
        return world.replace(services=_resting(world.services, chosen, change.since, change.until))
    here, there = chosen[zones["service"]], chosen[lanes["service"]]
    if change.days is None:
        return world.replace(zones=zones.take(~here), lanes=lanes.take(~there))
    late = put(zones, here, transit_days=zones["transit_days"][here] + change.days)
    return world.replace(zones=late, lanes=_later(lanes, there, change.days))


def lane_outage(world: World, change: outages.LaneOutage, _: Turn) -> World:
    """Lanes between nodes take longer, rest for some days, or do not run."""
    lanes = world.lanes
    down = some_services(world, change)[lanes["service"]]
    for column, names in (("from_node", change.from_nodes), ("to_node", change.to_nodes)):
        if names:
            down &= np.isin(lanes[column], [_row(world, name) for name in names])
    if not down.any():
        raise UnusableInput("its conditions meet no lane: take some away, or mend them")
    if change.since and change.until:
        return world.replace(lanes=_resting(lanes, down, change.since, change.until))
    if change.days is None:
        return world.replace(lanes=lanes.take(~down))
    return world.replace(lanes=_later(lanes, down, change.days))


def _row(world: World, name: str) -> int:
    return row_of(world.nodes["node"], name, "node")


def _resting(table: Table, rows: Flags, since: date, until: date) -> Table:
    more = [and_pause(text, since, until) for text in table["pauses"][rows]]
    return put(table, rows, pauses=more)


def _later(lanes: Table, rows: Flags, days: int) -> Table:
    return put(lanes, rows, transit_minutes=lanes["transit_minutes"][rows] + DAY * days)
