"""Pick-up slots that are taken: where a counter serves so many orders a slot, the next free one.

An open order that is to be collected, or reserved, has the slot that it was promised, or else the
first that was free when it was placed, in the order of placing. Orders of long before have none:
their slot has passed.
"""

from typing import NamedTuple

import numpy as np

from omnisource.models.world import ABSENT, ORDER_MODES, World
from omnisource.solvers.problem import Ints
from omnisource.solvers.routes.clocks import BEYOND, DAY, Clocks, collect, slot

Taken = dict[tuple[int, int], int]
"""Orders of each (node, minute at which a slot begins)."""


class Booked(NamedTuple):
    """Open orders at counters with slots that fill, in the order of placing."""

    node: Ints  # (B,)
    placed: Ints  # (B,) minutes
    promised: Ints  # (B,) minutes, `ABSENT` where no date was promised


def booked(world: World) -> Booked:
    """Return the orders that have a slot."""
    orders, nodes = world.orders, world.nodes
    modes = [ORDER_MODES.index(mode) for mode in ("collect", "reserve")]
    fills = (nodes["slot_minutes"] > 0) & (nodes["orders_per_slot"] != ABSENT)
    node = orders["pickup_node"].astype(np.int64)
    mine = np.isin(orders["mode"], modes) & (node >= 0)
    mine[mine] = fills[node[mine]]
    rows = np.flatnonzero(mine)
    rows = rows[np.argsort(orders["placed_at"][rows], kind="stable")]
    columns = node[rows], orders["placed_at"][rows], orders["promised_by"][rows]
    return Booked(*(column.astype(np.int64) for column in columns))


def taken(c: Clocks, orders: Booked) -> Taken:
    """Return how many orders each slot has that these clocks know."""
    found: Taken = {}
    first = (c.first_day + 1) * DAY
    for node, placed, promised in zip(*(column.tolist() for column in orders), strict=True):
        at = promised if promised != ABSENT else placed
        if at < first:
            continue
        begins = slot(c, node, at) if promised != ABSENT else free(c, found, node, placed)
        found[node, begins] = found.get((node, begins), 0) + 1
    return found


def free(c: Clocks, known: Taken, node: int, at: int) -> int:
    """Return when what is asked for at a minute can be collected in a slot with room."""
    return with_room(c, known, node, collect(c, node, at))


def with_room(c: Clocks, known: Taken, node: int, begins: int) -> int:
    """Return the first slot from one on that has room; `BEYOND` if there is none."""
    while begins < BEYOND and known.get((node, begins), 0) >= c.slot_orders[node]:
        begins = slot(c, node, begins + 1)
    return int(begins)
