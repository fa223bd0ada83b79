"""What a node is capable to promise (CTP): units that are there, and the room to send them.

Indices as in atp.py, and d, a day of node n, from local midnight to local midnight; day 0 is today.

    (1)  orders_nd   =  max(0, orders_per_day_n − shipments given to n for day d)
    (2)  units_nd    =  max(0, units_per_day_n − units given to n for day d)
    (3)  CTP_rk(d)   =  min(ATP_rk(t), units_nd) if orders_nd ≥ 1, else 0       t in day d
    (4)  ready_rk(q, t)  =  the first minute t' ≥ max(t, first_rk(q)) in a day with orders_nd ≥ 1
                            and units_nd ≥ q; `UNLIMITED` if none is known of

A shipment is made up in one day: more units than the node's day holds are never ready. What has a
day with room is ready at that day's first minute, or when it is asked for if that is later;
processing time and opening hours come on top.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from omnisource.models.world import ABSENT, Column, World
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import UNLIMITED, Ints
from omnisource.solvers.quote.atp import first_time, promisable

HORIZON: Final = 60
"""Days for which there is a calendar of room, where nothing else is said."""


class Room(NamedTuple):
    """What each node can still take, day by day."""

    start: Ints  # (N, D+1) minutes since 1970-01-01 UTC at which each day begins; the last one ends
    orders: Ints  # (N, D) shipments, (1)
    units: Ints  # (N, D) units, (2)


def room(
    world: World,
    now: int | None = None,
    *,
    days: int = HORIZON,
    orders: Column | None = None,
    units: Column | None = None,
) -> Room:
    """Return each node's free capacity, today and on the days after.

    Args:
        world: its nodes state what they can do a day; less what is used, if it was read so.
        now: minutes since 1970-01-01 UTC; the scenario's if absent.
        days: how many, D.
        orders: (N, d ≤ D) shipments that each node has been given, by day; none if absent.
        units: (N, d ≤ D) units that each node has been given.
    """
    now, nodes = world.now if now is None else now, world.nodes
    known: dict[str, Ints] = {}
    for zone in nodes["timezone"].tolist():
        if zone not in known:
            known[zone] = _midnights(zone, now, days)
    start = np.array([known[zone] for zone in nodes["timezone"].tolist()], np.int64)
    return Room(
        start.reshape(nodes.rows, days + 1),
        _left(nodes["orders_per_day"], orders, days),  # (1)
        _left(nodes["units_per_day"], units, days),  # (2)
    )


def _midnights(timezone: str, now: int, days: int) -> Ints:
    """Return the minutes at which today and the days after it begin, and the last one ends."""
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now * 60, UTC).astimezone(zone).date()
    return np.array([_midnight(today + timedelta(i), zone) for i in range(days + 1)], np.int64)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) // 60


def _left(a_day: Column, given: Column | None, days: int) -> Ints:
    """Return, (N, D), what is left of each day's capacity."""
    most = np.where(a_day == ABSENT, UNLIMITED, a_day).astype(np.int64)
    left = np.repeat(most[:, None], days, axis=1)
    if given is not None:
        left[:, : given.shape[1]] -= given
    return np.maximum(left, 0)


@compiled
def day_of(room: Any, node: int, at: int) -> int:
    """Return the node's day that a minute lies in; beyond the last, the number of days."""
    return int(np.searchsorted(room.start[node, 1:], at, side="right"))


@compiled
def capable(atp: Any, room: Any, cell: int, ask: tuple[int, int]) -> int:
    """Return the units of a cell that can be promised and made up, (3); `ask` is (channel, t)."""
    channel, at = ask
    node = atp.node[cell]
    day = day_of(room, node, at)
    if day >= room.orders.shape[1] or room.orders[node, day] < 1:
        return 0
    return int(min(promisable(atp, cell, channel, at), room.units[node, day]))


@compiled
def ready(atp: Any, room: Any, cell: int, ask: tuple[int, int, int]) -> int:
    """Return when units of a cell can be made up, (4); `ask` is (channel, units, t)."""
    channel, units, at = ask
    return roomy(room, atp.node[cell], units, max(at, first_time(atp, cell, channel, units)))


@compiled
def roomy(room: Any, node: int, units: int, at: int) -> int:
    """Return the first minute from a time on that lies in a day with room for one shipment."""
    if at >= UNLIMITED:
        return UNLIMITED
    for day in range(day_of(room, node, at), room.orders.shape[1]):
        if room.orders[node, day] >= 1 and room.units[node, day] >= units:
            return int(max(at, room.start[node, day]))
    return UNLIMITED
