"""What nodes can still take, day by day, where the world comes out of a database.

A world that is read from there says what is left of today, for the night. Whoever promises for days
to come asks here for what is left of each.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from omnisource.models.world import World
from omnisource.orchestrator.store.read import StoredWorld
from omnisource.solvers.problem import Ints
from omnisource.solvers.quote.ctp import HORIZON, Room, room
from omnisource.solvers.quote.days_left import Days

EPOCH = date(1970, 1, 1)


def room_left(world: World, now: int, days: int = HORIZON) -> Room:
    """Return each node's free capacity, today and on the days after.

    Args:
        world: out of a database, or any other: then nothing is used of any day.
        now: minutes since 1970-01-01 UTC.
        days: how many.
    """
    if not isinstance(world, StoredWorld):
        return room(world, now, days=days)
    stated = {name: getattr(world, name) for name in ("orders_per_day", "units_per_day")}
    full = world.replace(nodes=world.nodes.replace(**stated))
    today = _today(world, now)
    used = {kind: _used(world, kind, today, days) for kind in ("orders", "units")}
    return room(full, now, days=days, **used)


def days_left(world: World) -> Days | None:
    """Return what is left of each day for promises; none where nothing is known but today."""
    if not isinstance(world, StoredWorld):
        return None
    left = room_left(world, world.now)
    return Days(_today(world, world.now), left.orders, left.units)


def _today(world: World, now: int) -> Ints:
    """Return, (N,), the day that it is on each node's clock, days since 1970-01-01."""
    zones, moment = world.nodes["timezone"].tolist(), datetime.fromtimestamp(now * 60, UTC)
    day = {zone: (moment.astimezone(ZoneInfo(zone)).date() - EPOCH).days for zone in set(zones)}
    return np.array([day[zone] for zone in zones], np.int64)


def _used(world: StoredWorld, kind: str, today: Ints, days: int) -> Ints:
    """Return, (nodes, days), what is used of each day from each node's `today` on."""
    row = {name: at for at, name in enumerate(world.nodes["node"].tolist())}
    table = np.zeros((world.nodes.rows, days), np.int64)
    for name, day, used in world.used.select("node", "day", pl.col(kind)).iter_rows():
        if (node := row.get(name)) is None:
            continue
        at = (date.fromisoformat(day) - EPOCH).days - today[node]
        if 0 <= at < days:
            table[node, at] += used
    return table
