"""Changes to carriers: what they charge, and when they do not run."""

import numpy as np

from omnisource.models import changes
from omnisource.models.base import UnusableInput
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


def strike(world: World, change: changes.Strike, _: Turn) -> World:
    """Parcels and lanes of some services take longer, or are not taken."""
    chosen, zones, lanes = some_services(world, change), world.zones, world.lanes
    here, there = chosen[zones["service"]], chosen[lanes["service"]]
    if change.days is None:
        return world.replace(zones=zones.take(~here), lanes=lanes.take(~there))
    late = put(zones, here, transit_days=zones["transit_days"][here] + change.days)
    return world.replace(zones=late, lanes=_later(lanes, there, change.days))


def lane_outage(world: World, change: changes.LaneOutage, _: Turn) -> World:
    """Lanes between nodes take longer, or do not run."""
    lanes = world.lanes
    down = some_services(world, change)[lanes["service"]]
    for column, names in (("from_node", change.from_nodes), ("to_node", change.to_nodes)):
        if names:
            down &= np.isin(lanes[column], [_row(world, name) for name in names])
    if not down.any():
        raise UnusableInput("its conditions meet no lane: take some away, or mend them")
    if change.days is None:
        return world.replace(lanes=lanes.take(~down))
    return world.replace(lanes=_later(lanes, down, change.days))


def _row(world: World, name: str) -> int:
    return row_of(world.nodes["node"], name, "node")


def _later(lanes: Table, rows: Flags, days: int) -> Table:
    return put(lanes, rows, transit_minutes=lanes["transit_minutes"][rows] + DAY * days)
