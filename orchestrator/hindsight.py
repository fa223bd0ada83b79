"""A whole stream of orders decided at once: what perfect foresight could do at best.

All orders are asked for at the first minute, all stock is there, and each node has the capacity of
all days together: whoever decides one day after the other can do no better.
"""

from datetime import UTC, datetime

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.allocate import allocate
from omnisource.solvers.problem import Limits


def in_hindsight(world: World, first: int, days: int, limits: Limits) -> Plan:
    """Return the joint plan of all orders of a stream, with its bound.

    Args:
        world: all orders, and all stock that there ever is.
        first: the stream's first minute.
        days: how many a node has had.
        limits: when to stop.
    """
    placed = np.full(world.orders.rows, first)
    at_once = for_days(world, days).replace(orders=world.orders.replace(placed_at=placed))
    return allocate(at_once, limits=limits, now=datetime.fromtimestamp(first * 60, UTC))


def for_days(world: World, days: int) -> World:
    """Return the world in which nodes have so many days' capacity at once."""
    columns = {}
    for name in ("orders_per_day", "units_per_day"):
        limit = world.nodes[name]
        columns[name] = np.where(limit == ABSENT, limit, limit * days)
    return world.replace(nodes=world.nodes.replace(**columns))
