"""The verb "availability": which nodes near a place have a product, how far, from when.

Units are those that the channel can promise (solvers/quote/atp.py), on a day on which the node has
room for one more order (solvers/quote/ctp.py). From when they can be collected is what the node's
clocks say: its opening hours, the minutes that the counter takes, its pick-up slots
(solvers/routes/clocks.py). Nodes that only ship are listed too, with that as reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from omnisource.models.availability import Availability, Inbound, NodeAvailability, Supply
from omnisource.models.base import UnusableInput
from omnisource.models.place import Place
from omnisource.models.world import NODE_KINDS, World
from omnisource.orchestrator.checkout.place import at, place
from omnisource.orchestrator.checkout.room_left import room_left
from omnisource.orchestrator.explain import row_of
from omnisource.orchestrator.report.words import count
from omnisource.solvers.compile.available import NO_CHANNEL, channel_codes
from omnisource.solvers.problem import UNLIMITED, Floats
from omnisource.solvers.quote.atp import (
    Atp,
    atp,
    fence,
    first_time,
    promisable,
    step_of,
    there,
)
from omnisource.solvers.quote.ctp import HORIZON, Room, ready
from omnisource.solvers.routes.clock_tables import clocks
from omnisource.solvers.routes.clocks import BEYOND, Clocks, collect
from omnisource.solvers.routes.direct import distances_km

WAIT: Final = 30
"""Days after the last one with room on which a node may open."""


@dataclass(frozen=True, eq=False)
class _Look:
    """One product, compiled, and what is asked about it."""

    world: World  # with that product's stock only
    stock: Atp
    room: Room
    clocks: Clocks
    channel: int
    units: int
    now: int


def availability(
    world: World,
    sku: str,
    *,
    near: str | Place | tuple[float, float],
    units: int = 1,
    channel: str = "",
    within_km: float | None = None,
    now: datetime | None = None,
) -> Availability:
    """Say whether units of a product can be collected near a place, and where.

    Args:
        world: a validated scenario, or what is open in a database.
        sku: the product.
        near: COUNTRY-POSTCODE, LAT,LON, a place, or a pair of degrees.
        units: how many are wanted, together at one node.
        channel: who asks, as in `allotments`; "" is a channel without any.
        within_km: how far away at most; however far if absent.
        now: an aware time; the scenario's if absent.

    Raises:
        UnusableInput: no such product or place, no units, or a time without an offset.
    """
    look = _look(world, row_of(world.products["sku"], sku, "sku"), channel, units, now=now)
    where = _where(world, near)
    km = _km(world, where)[look.stock.node]
    every = [_node(look, int(cell), float(km[cell])) for cell in np.argsort(km, kind="stable")]
    nodes = tuple(node for node in every if within_km is None or node.km <= within_km)
    available = any(not node.reasons for node in nodes)
    return Availability(
        sku=sku,
        name=str(world.products["name"][world.products["sku"] == sku][0]),
        units=units,
        channel=channel,
        near=where,
        within_km=within_km,
        now=_time(look.now, world.scenario.now.tzinfo or UTC),
        available=available,
        nodes=nodes,
        reasons=() if available else tuple(_no(every, nodes, units, within_km)),
    )


def _look(world: World, sku: int, channel: str, units: int, *, now: datetime | None) -> _Look:
    """Compile one product."""
    if units < 1:
        raise UnusableInput(f"{units} units: ask for at least one")
    if now is not None and now.tzinfo is None:
        raise UnusableInput(f"{now.isoformat()}: give the time with its offset from UTC")
    minute = world.now if now is None else int(now.timestamp()) // 60
    tables = {name: getattr(world, name) for name in ("stock", "receipts", "allotments")}
    alone = world.replace(
        **{name: table.take(np.flatnonzero(table["sku"] == sku)) for name, table in tables.items()}
    )
    code = channel_codes(alone).get(channel, NO_CHANNEL)
    times = clocks(alone, alone.zones.take(np.zeros(0, np.int64)), minute, HORIZON + WAIT)
    return _Look(alone, atp(alone, minute), room_left(alone, minute), times, code, units, minute)


def _where(world: World, near: str | Place | tuple[float, float]) -> Place:
    if isinstance(near, Place):
        return near
    return place(world, near) if isinstance(near, str) else at(*near)


def _km(world: World, where: Place) -> Floats:
    """Return, (N,), how far each node is."""
    nodes, one = world.nodes, np.ones(world.nodes.rows)
    return np.asarray(distances_km(nodes["lat"], nodes["lon"], where.lat * one, where.lon * one))


def _node(look: _Look, cell: int, km: float) -> NodeAvailability:
    """Return what a node has, asked of its cell."""
    stock, nodes, node = look.stock, look.world.nodes, int(look.stock.node[cell])
    there_at = int(first_time(stock, cell, look.channel, look.units))
    at_hand = int(ready(stock, look.room, cell, (look.channel, look.units, look.now)))
    collect_at, known = _collect(look, node, at_hand), there_at < UNLIMITED
    zone = ZoneInfo(nodes["timezone"][node])
    return NodeAvailability(
        node=nodes["node"][node],
        kind=NODE_KINDS[nodes["kind"][node]],
        name=nodes["name"][node],
        km=km,
        pickup=bool(nodes["pickup"][node]),
        units=promisable(stock, cell, look.channel, look.now),
        supply=_supply(look, there_at),
        there_at=_time(there_at, zone) if known else None,
        collect_at=None if collect_at is None else _time(collect_at, zone),
        probability=_probability(look, cell, max(there_at, look.now)) if known else None,
        receipts=tuple(_receipts(look, node, zone)),
        reasons=tuple(_reasons(look, cell, at_hand, collect_at)),
    )


def _collect(look: _Look, node: int, ready_at: int) -> int | None:
    """Return the minute from which units that are there then can be collected; None if never."""
    if not look.world.nodes["pickup"][node] or ready_at >= UNLIMITED:
        return None
    minute = int(collect(look.clocks, node, ready_at))
    return None if minute >= BEYOND else minute


def _time(minute: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC).astimezone(zone)


def _supply(look: _Look, there_at: int) -> Supply:
    """Say what the units asked for come out of."""
    if there_at <= look.now:
        return Supply.STOCK
    if there_at >= UNLIMITED:
        return Supply.NONE
    return Supply.BACKORDER if look.world.stock.rows else Supply.PREORDER


def _probability(look: _Look, cell: int, minute: int) -> float:
    """Return how surely the node has the units then, and does not decline."""
    accepts = look.stock.accepts[look.stock.node[cell]]
    return float(accepts * there(look.stock, cell, look.units, minute))


def _receipts(look: _Look, node: int, zone: tzinfo) -> Iterator[Inbound]:
    """Yield what is on its way to a node, the earliest first."""
    table = look.world.receipts
    rows = np.flatnonzero((table["node"] == node) & (table["due"] > look.now))
    for row in rows[np.argsort(table["due"][rows], kind="stable")]:
        yield Inbound(units=int(table["units"][row]), due=_time(int(table["due"][row]), zone))


def _reasons(look: _Look, cell: int, ready_at: int, collect_at: int | None) -> Iterator[str]:
    """Yield why the units cannot be collected at a node out of its stock."""
    nodes, node = look.world.nodes, look.stock.node[cell]
    if not nodes["pickup"][node]:
        yield "no pick-up there"
    if promisable(look.stock, cell, look.channel, look.now) < look.units:
        yield _short(look, cell)
    elif ready_at >= UNLIMITED:
        yield f"no day within {HORIZON} on which it has room for {count(look.units, 'unit')}"
    elif nodes["pickup"][node] and collect_at is None:
        yield "it is not open long enough to hand anything over"


def _short(look: _Look, cell: int) -> str:
    """Say what is missing now: units, or only units that this channel may sell."""
    stock = look.stock
    free = max(0, int(stock.step_units[step_of(stock, cell, look.now)]))
    others, own = fence(stock, cell, look.channel)
    if free < look.units:
        return f"{free:,} of {count(look.units, 'unit')} free" if free else "none free"
    if own < look.units:
        return f"only {count(own, 'unit')} allotted to the channel"
    return f"{count(min(others, free), 'unit')} of {free:,} allotted to other channels"


def _no(
    every: list[NodeAvailability],
    nodes: tuple[NodeAvailability, ...],
    units: int,
    within_km: float | None,
) -> Iterator[str]:
    """Yield why nothing can be collected out of stock, and what comes nearest to it."""
    around = "" if within_km is None else f" within {within_km:g} km"
    if not nodes:
        yield f"no node{around} keeps it or awaits it"
    else:
        yield f"no node{around} has {count(units, 'unit')} in stock for collection"
    most = max((node for node in nodes if node.pickup), key=lambda node: node.units, default=None)
    if most is not None and 0 < most.units < units:
        yield f"the most in one place is {most.units:,}, at {most.node}"
    beyond = next((node for node in every if not node.reasons), None)
    if beyond is not None:
        yield f"the nearest that has is {beyond.node}, {beyond.km:g} km away"
    later = [node for node in nodes if node.collect_at is not None]
    if later:
        first = min(later, key=lambda node: (node.collect_at, node.km))
        yield f"the first to have it is {first.node}, from {first.collect_at:%Y-%m-%d %H:%M}"
