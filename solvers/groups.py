"""Whom a policy's soft rules concern: what penalties count for, and who is in which group.

The compiler (soft.py) and the judge (surcharges.py) both read the tables by these functions; what
follows from it, each works out for itself.
"""

from collections.abc import Iterator

import numpy as np

from omnisource.models.policy import Fairness
from omnisource.models.world import ABSENT, ORDER_MODES, Column, World
from omnisource.solvers.problem import Floats, Ints


def late_factor(world: World) -> Floats:
    """Return, (K,), how many times the penalty for lateness counts: by the order's tier."""
    tiers, orders = world.policy.tiers, world.orders
    if not tiers:
        return np.ones(orders.rows)
    return np.array([tiers.get(tier, 1.0) for tier in orders["tier"]], np.float64)


def shortage_factor(world: World) -> Floats:
    """Return, (K,), how many times the penalty for shortage counts: by tier and by promise."""
    promised = world.orders["promised_by"] != ABSENT
    return late_factor(world) * np.where(promised, world.policy.promised_factor, 1.0)


def groups_of(world: World, rule: Fairness) -> tuple[list[str], Ints]:
    """Return a rule's groups by name, and, (K,), the group of each order."""
    index: dict[str, int] = {}
    group = [index.setdefault(name, len(index)) for name in _names(world, rule)]
    return list(index), np.array(group, np.int64)


def _names(world: World, rule: Fairness) -> Iterator[str]:
    if rule.by == "channel":
        yield from world.orders["channel"]
    elif rule.by == "country":
        yield from _destination(world, "country")
    else:
        places = zip(_destination(world, "country"), _destination(world, "postcode"), strict=True)
        yield from (f"{country}-{postcode[: rule.digits]}" for country, postcode in places)


def _destination(world: World, name: str) -> Column:
    """Return a column of the orders' addresses, of the pick-up node's where there is one."""
    orders, nodes = world.orders, world.nodes
    at_home = orders["mode"] == ORDER_MODES.index("delivery")
    pickup = np.where(at_home, -1, orders["pickup_node"])
    return np.where(pickup < 0, orders[name], np.append(nodes[name], "")[pickup])
