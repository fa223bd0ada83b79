"""What nodes' clocks say at one minute, from the clocks of its week.

One node of each sort is asked: there are few, however many nodes there are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.models.world import Table, World
from omnisource.solvers.problem import Ints
from omnisource.solvers.quote.slots import Booked, Taken, taken, with_room
from omnisource.solvers.routes.arrivals import Arrivals, arrivals, asked_at
from omnisource.solvers.routes.clock_tables import clocks
from omnisource.solvers.routes.clocks import DAY, Clocks

WEEK: Final = 7 * DAY
"""Minutes for which one set of clocks is built."""
BY_NODE: Final = ("zone", "opening", "processing", "pickup", "slot", "slot_orders", "cutoff")
"""Columns of `Clocks` that are nodes'."""


@dataclass(frozen=True, eq=False)
class Times:
    """What the clocks say of what is asked for at one minute."""

    clocks: Clocks
    ready: Ints  # (N,) minutes: when goods are ready to leave
    collected: Ints  # (N,) when they can be collected
    arrivals: Arrivals


@dataclass(frozen=True, eq=False)
class Week:
    """The clocks of a week."""

    clocks: Clocks
    few: Clocks  # of one node of each sort
    sort: Ints  # (N,) the sort of each node
    service: Ints  # (Z,) of each zone rule
    full: Taken  # pick-up slots that orders have


def week(world: World, zones: Table, span: tuple[int, int], orders: Booked) -> Week:
    """Return the clocks of a week.

    Args:
        world: its nodes and services.
        zones: the zone rules, in the order in which they are tried.
        span: the week's first minute, and for how many days clocks are built.
        orders: which have a pick-up slot.
    """
    c = clocks(world, zones, *span)
    columns = np.column_stack([getattr(c, name) for name in BY_NODE])
    _, first, sort = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    few = c._replace(**{name: getattr(c, name)[first] for name in BY_NODE})
    service = zones["service"].astype(np.int64)
    return Week(c, few, sort.reshape(-1).astype(np.int64), service, taken(c, orders))


def times(now: int, of: Week) -> Times:
    """Return what the clocks of its week say at a minute."""
    c, sort = of.clocks, of.sort
    is_ready, collected = asked_at(of.few, now)
    known = arrivals(of.few, is_ready, of.service)
    of_node = Arrivals(known.node[sort], known.rule, known.at)
    at_counter = collected[sort]
    for node in {node for node, _ in of.full}:
        at_counter[node] = with_room(c, of.full, node, int(at_counter[node]))
    return Times(c, is_ready[sort], at_counter, of_node)
