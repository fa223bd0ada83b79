"""Whom a policy's soft rules concern: what penalties count for, and who is in which group.

The compiler (soft.py) and the judge (judge/surcharges.py) both read the tables by these functions;
what follows from it, each works out for itself.
"""

import numpy as np

from omnisource.models.policy import Fairness
from omnisource.models.world import ABSENT, ORDER_MODES, Column, World
from omnisource.solvers.compile.grouping import Rows, coded
from omnisource.solvers.problem import Floats, Ints


def late_factor(world: World) -> Floats:
    """Return, (K,), how many times the penalty for lateness counts: by the order's tier."""
    tiers, orders = world.policy.tiers, world.orders
    if not tiers:
        return np.ones(orders.rows)
    tier, names = coded(orders["tier"])
    return np.array([tiers.get(name, 1.0) for name in names], np.float64)[tier]


def shortage_factor(world: World) -> Floats:
    """Return, (K,), how many times the penalty for shortage counts: by tier and by promise."""
    promised = world.orders["promised_by"] != ABSENT
    return late_factor(world) * np.where(promised, world.policy.promised_factor, 1.0)


def groups_of(world: World, rule: Fairness) -> tuple[list[str], Ints]:
    """Return a rule's groups by name, and, (K,), the group of each order."""
    if rule.by == "channel":
        group, names = coded(world.orders["channel"])
    elif rule.by == "country":
        group, names = coded(_destination(world, "country"))
    else:
        group, names = _regions(world, rule.digits)
    return names, group.astype(np.int64)


def _regions(world: World, digits: int) -> tuple[Rows, list[str]]:
    """Return, (K,), the region of each order, and the names: country and first digits."""
    (country, countries), (postcode, postcodes) = (
        coded(_destination(world, name)) for name in ("country", "postcode")
    )
    of_postcode, areas = coded(np.array([code[:digits] for code in postcodes], object))
    region, pairs = coded(country * np.int64(len(areas)) + of_postcode[postcode])
    known = (divmod(pair, len(areas)) for pair in pairs)
    return region, [f"{countries[c]}-{areas[area]}" for c, area in known]


def _destination(world: World, name: str) -> Column:
    """Return a column of the orders' addresses, of the pick-up node's where there is one."""
    orders, nodes = world.orders, world.nodes
    at_home = orders["mode"] == ORDER_MODES.index("delivery")
    pickup = np.where(at_home, -1, orders["pickup_node"])
    return np.where(pickup < 0, orders[name], np.append(nodes[name], "")[pickup])
