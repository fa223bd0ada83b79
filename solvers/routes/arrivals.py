"""All arrivals of one moment as a table, for a night that asks for them a million times.

Few nodes differ in when they send, few zone rules in how long they take; each pair of kinds is
worked out once by `clocks.py`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Ints
from omnisource.solvers.routes.clocks import Clocks, arrives, collect, leaves, ready


@dataclass(frozen=True, eq=False)
class Arrivals:
    """When parcels arrive of what nodes are asked for at one moment."""

    node: Ints  # (N,) row of `at`: nodes that send alike
    rule: Ints  # (Z,) column of `at`: zone rules of one service that take alike
    at: Ints  # (A, B) minutes since 1970-01-01 UTC; `BEYOND` where no parcel goes


def arrivals(c: Clocks, is_ready: Ints, service: Ints) -> Arrivals:
    """Work out each different arrival once; `service` is that of each rule."""
    left = _departures(c, is_ready)
    windows = np.diff(c.window_start) > 0
    senders = np.column_stack([c.zone, np.where(windows.any(), is_ready, 0), left])
    takers = np.column_stack([service, c.carrier, c.to_zone, c.transit_days])
    _, node, row = np.unique(senders, axis=0, return_index=True, return_inverse=True)
    _, rule, column = np.unique(takers, axis=0, return_index=True, return_inverse=True)
    at = _arrive(c, left[node], is_ready[node], node, rule, service)
    return Arrivals(row.reshape(-1), column.reshape(-1), at)


@compiled
def asked_at(c: Any, now: int) -> Ints:
    """Return, (2, N), when goods are ready to leave each node, and when to be collected there."""
    out = np.empty((2, len(c.zone)), np.int64)
    for node in range(len(c.zone)):
        out[0, node], out[1, node] = ready(c, node, now), collect(c, node, now)
    return out


@compiled
def _departures(c: Any, is_ready: Ints) -> Ints:
    """Return, (N, V), the local day on which goods leave."""
    out = np.empty((len(is_ready), len(c.order_by)), np.int64)
    for node in range(len(is_ready)):
        for service in range(len(c.order_by)):
            out[node, service] = leaves(c, node, service, is_ready[node])
    return out


@compiled
def _arrive(c: Any, left: Ints, is_ready: Ints, nodes: Ints, rules: Ints, service: Ints) -> Ints:
    """Return, (A, B), when parcels of those nodes arrive by those rules."""
    out = np.empty((len(nodes), len(rules)), np.int64)
    for a, node in enumerate(nodes):
        for b, rule in enumerate(rules):
            v = service[rule]
            out[a, b] = arrives(c, node, v, rule, left[a, v], is_ready[a])
    return out
