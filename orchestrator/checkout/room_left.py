"""What nodes can still take, day by day, where the world comes out of a database.

A world that is read from there says what is left of today, for the night. Whoever promises for days
to come asks here for what is left of each.
"""

from datetime import UTC, date, datetime

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
    used = {kind: _used(world, kind, _today(world, now), days) for kind in ("orders", "units")}
    return room(full, now, days=days, **used)


def days_left(world: World) -> Days | None:
    """Return what is left of each day for promises; none where nothing is known but today."""
    if not isinstance(world, StoredWorld):
        return None
    left = room_left(world, world.now)
    return Days((_today(world, world.now) - EPOCH).days, left.orders, left.units)


def _today(world: World, now: int) -> date:
    zone = world.scenario.now.tzinfo or UTC
    return datetime.fromtimestamp(now * 60, zone).date()


def _used(world: StoredWorld, kind: str, today: date, days: int) -> Ints:
    """Return, (nodes, days), what is used of each day."""
    row = {name: at for at, name in enumerate(world.nodes["node"].tolist())}
    table = np.zeros((world.nodes.rows, days), np.int64)
    for name, day, used in world.used.select("node", "day", pl.col(kind)).iter_rows():
        at = (date.fromisoformat(day) - today).days
        if 0 <= at < days and name in row:
            table[row[name], at] += used
    return table
