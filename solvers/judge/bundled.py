"""Which bundles a plan breaks: what the judge asks, from the world's tables alone.

Of a bundle of an order, with q_i the units of product i in one, and x_i what is sent,

    (1)  x_i / q_i is the same whole number for all of its products

Where an order's lines are no whole number of bundles, q_i is what it asks for.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.kits import parts_of
from omnisource.solvers.problem import Ints

Group = tuple[int, str]
"""Row of an order, and a bundle's name."""


def broken(world: World, rows: Ints, units: Ints, parcel: Ints) -> Group | None:
    """Return a bundle that is sent in half, None where there is none, (1).

    Args:
        world: the scenario.
        rows: (X,) rows of world.lines of which something is sent.
        units: (X,) how much.
        parcel: (X,) in which parcel; all the same, to look at a plan as a whole.
    """
    lines = world.lines
    bundle = lines["bundle"][rows]
    named = np.flatnonzero(bundle != "")
    if not len(named):
        return None
    wanted = _asked(world, set(lines["order"][rows[named]].tolist()))
    sent: dict[tuple[int, Group], dict[int, int]] = {}
    for x in named.tolist():
        row = int(rows[x])
        key = int(parcel[x]), (int(lines["order"][row]), str(bundle[x]))
        sku, held = int(lines["sku"][row]), sent.setdefault(key, {})
        held[sku] = held.get(sku, 0) + int(units[x])
    parts = parts_of(world)
    for key, held in sent.items():
        if not _is_whole(held, _in_one(wanted[key[1]], parts.get(key[1][1], {}))):
            return key[1]
    return None


def stay_together(world: World, rows: Ints) -> Ints:
    """Return the entries whose order keeps each bundle in one parcel: none of it ships alone."""
    if world.policy.bundles != "together":
        return np.zeros(0, np.int64)
    lines = world.lines
    alone = (lines["bundle"] != "") & world.products["ships_alone"][lines["sku"]]
    return np.flatnonzero(~np.isin(lines["order"][rows], lines["order"][alone]))


def _asked(world: World, orders: set[int]) -> dict[Group, dict[int, int]]:
    """Return the units that orders ask for of each bundle, by product."""
    lines, found = world.lines, dict[Group, dict[int, int]]()
    mine = np.flatnonzero((lines["bundle"] != "") & np.isin(lines["order"], list(orders)))
    for row in mine.tolist():
        key = int(lines["order"][row]), str(lines["bundle"][row])
        held, sku = found.setdefault(key, {}), int(lines["sku"][row])
        held[sku] = held.get(sku, 0) + int(lines["units"][row])
    return found


def _in_one(asked: Mapping[int, int], parts: Mapping[int, int]) -> Mapping[int, int]:
    """Return the units of each product in one bundle, q of (1)."""
    whole = set(asked) == set(parts) and _is_whole(asked, parts)
    return parts if whole else asked


def _is_whole(held: Mapping[int, int], one: Mapping[int, int]) -> bool:
    """Say whether products are a whole number of bundles.

    >>> _is_whole({7: 4, 8: 2}, {7: 2, 8: 1}), _is_whole({7: 2}, {7: 2, 8: 1})
    (True, False)
    """
    return len(set(_times(held, one))) == 1 and not any(held.get(i, 0) % one[i] for i in one)


def _times(held: Mapping[int, int], one: Mapping[int, int]) -> Iterable[int]:
    return (held.get(i, 0) // each for i, each in one.items())
