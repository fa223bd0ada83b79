"""How long an order may wait: until its own latest safe release.

Indices: s a parcel, from node n by service v and zone rule z; o an order; t a minute.

    (1)  a(t)   =  when what n is asked for at t arrives: ready, leaves and arrives of
                   routes/clocks.py; at the counter, when it can be collected
    (2)  by_s   =  the date promised to whatever is in the parcel, if it arrives by then; else when
                   the last parcel of its order arrives as planned: waiting makes nothing later
    (3)  L_s    =  the last minute t such that a(t′) ≤ by_s for every t′ from now to t
    (4)  W_o    =  min( min over its parcels L_s − margin , placed + longest )

Margin and longest are the policy's, by channel (`Policy.hold`). An order is released by the last
run before W_o, so that it still makes its carrier's cut-off, whichever day that is.

L_s is found by bisection, since goods that are asked for later never arrive earlier; but where
clocks are put back, the wall shows a minute before the cut-off again, after it had passed. So the
minutes before such a change are looked at first: whoever misses the cut-off there has L_s before.
"""

from typing import Any, Final

import numpy as np

from omnisource.models.policy import HoldRule, Policy
from omnisource.models.world import World
from omnisource.solvers.compiled import compiled
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import UNLIMITED, Ints
from omnisource.solvers.routes.clocks import collect, delivered, ready

TOO_LATE: Final = -1
"""The date cannot be kept any more."""
USUAL: Final = HoldRule()
"""Where the policy says nothing of a channel."""


def waits_until(parcels: Parcels) -> Ints:
    """Return, (K,), the minute by which each order must be released, (4).

    `UNLIMITED` where an order has no parcel and may wait for ever; below `world.now` where it
    should have been released already.
    """
    world, order = parcels.world, parcels.shipped.order
    last = np.full(world.orders.rows, UNLIMITED, np.int64)
    np.minimum.at(last, order, latest_releases(parcels, dates(parcels)))
    margin, longest = hold_of(world)
    waits = np.where(last < UNLIMITED, last - margin, UNLIMITED)
    return np.minimum(waits, world.orders["placed_at"] + longest)


def dates(parcels: Parcels) -> Ints:
    """Return, (S,), the minute by which each parcel has to arrive, (2)."""
    last = np.zeros(parcels.world.orders.rows, np.int64)
    np.maximum.at(last, parcels.shipped.order, parcels.arrives)
    kept = (parcels.promised < UNLIMITED) & (parcels.arrives <= parcels.promised)
    return np.where(kept, parcels.promised, last[parcels.shipped.order])


def hold_of(world: World) -> tuple[Ints, Ints]:
    """Return, (K,) each, margin and longest wait of the orders, minutes, by channel."""
    names, row = np.unique(world.orders["channel"].astype(str), return_inverse=True)
    rules = [hold_rule(world.policy, str(name)) for name in names]
    margin = [rule.margin_minutes for rule in rules]
    longest = [UNLIMITED if r.longest_minutes is None else r.longest_minutes for r in rules]
    return np.array(margin, np.int64)[row], np.array(longest, np.int64)[row]


def hold_rule(policy: Policy, channel: str) -> HoldRule:
    """Return the rule that counts for a channel.

    >>> policy = Policy(hold=(HoldRule(channels=("app",), margin_minutes=5),))
    >>> hold_rule(policy, "app").margin_minutes, hold_rule(policy, "web").margin_minutes
    (5, 60)
    """
    fits = (rule for rule in policy.hold if not rule.channels or channel in rule.channels)
    return next(fits, USUAL)


def latest_releases(parcels: Parcels, by: Ints) -> Ints:
    """Return, (S,), the last minute at which each parcel's node can be asked for it, (3)."""
    shipped, c = parcels.shipped, parcels.network.clocks
    ways = (shipped.node, shipped.service, np.asarray(parcels.rule, np.int64))
    return latest(c, ways, by, parcels.world.now)


@compiled
def latest(c: Any, ways: tuple[Ints, Ints, Ints], by: Ints, now: int) -> Ints:
    """Return, (S,), (3) from `now` on; `TOO_LATE` where it is past already.

    Args:
        c: the clocks.
        ways: node, service, −1 for the counter, and zone rule of each parcel.
        by: minutes.
        now: the first minute that counts.
    """
    node, service, rule = ways
    out = np.empty(len(node), np.int64)
    for s in range(len(node)):
        out[s] = _latest(c, (node[s], service[s], rule[s]), by[s], now)
    return out


@compiled
def _arrives(c: Any, way: tuple[int, int, int], at: int) -> int:
    """Return when what is asked for at a minute arrives, (1)."""
    node, service, rule = way
    if service < 0:
        return int(collect(c, node, at))
    return int(delivered(c, node, service, rule, ready(c, node, at)))


@compiled
def _latest(c: Any, way: tuple[int, int, int], by: int, now: int) -> int:
    if _arrives(c, way, now) > by:
        return TOO_LATE
    low, high, zone = now, by + 1, c.zone[way[0]]
    for x in range(c.offset_start[zone] + 1, c.offset_start[zone + 1]):
        before = c.offset_from[x] - 1
        if low < before < high and _arrives(c, way, before) > by:
            high = before
    while high - low > 1:
        middle = (low + high) // 2
        if _arrives(c, way, middle) > by:
            high = middle
        else:
            low = middle
    return int(low)
