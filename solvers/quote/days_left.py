"""What nodes can still take on the days on which they would send what is asked for now."""

from typing import NamedTuple

import numpy as np

from omnisource.solvers.problem import Ints
from omnisource.solvers.routes.clocks import BEYOND, Clocks, leaves


class Days(NamedTuple):
    """What nodes can still take, day by day; on the days after the last one, as on the last."""

    first: Ints  # (N,) days since 1970-01-01 on the node's clock
    orders: Ints  # (N, D) shipments
    units: Ints  # (N, D)


def days_sent(clocks: Clocks, ready: Ints, sort: Ints, *, services: int) -> Ints:
    """Return, (N,), the first day on which each node sends, in days since 1970-01-01.

    Args:
        clocks: of the nodes.
        ready: (N,) minutes at which goods are ready to leave.
        sort: (N,) a number for each sort of node, whose clocks are the same.
        services: how many there are; without any, or where none departs, the day on which goods
            are ready counts.
    """
    _, first = np.unique(sort, return_index=True)
    each = [_day(clocks, node, int(ready[node]), services) for node in first.tolist()]
    return np.asarray(np.array(each, np.int64)[sort])


def _day(clocks: Clocks, node: int, ready: int, services: int) -> int:
    days = [int(leaves(clocks, node, service, ready)) for service in range(services)]
    sent = min(days, default=BEYOND)
    return clocks.first_day + sent if sent < BEYOND else ready // (24 * 60)


def on_days(left: Days, day: Ints) -> tuple[Ints, Ints]:
    """Return, (N,) each, the shipments and the units that nodes can take on those days."""
    column = np.clip(day - left.first, 0, left.orders.shape[1] - 1)[:, None]
    orders, units = (np.take_along_axis(table, column, 1)[:, 0] for table in left[1:])
    return orders, units
