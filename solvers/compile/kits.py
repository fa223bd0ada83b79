"""Bundles: lines of an order that are sent whole, or not at all.

A *kit* is what an order asks for of bundles that share no product with anything else in it. With
q_l the units of line l in one bundle, x_l those in a shipment, and s_l those left short,

    (1)  s_l / q_l  is the same whole number for every line l of a kit      never half a bundle
    (2)  x_l / q_l  is the same whole number for every line l of a kit      where it stays together

The policy says whether bundles stay together, each in one parcel and so from one node; (2) implies
(1). Those of an order with a bundled product that ships alone cannot: they come whole, from
wherever their parts are.

Where two bundles of an order, or a bundle and loose units, ask for the same product, all that hangs
together so is one kit of one piece: q_l is all that is asked for. The same holds where the units of
its lines are no whole number of bundles.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.lines import Joined
from omnisource.solvers.problem import Flags, Ints


class Kits(NamedTuple):
    """The kit of each line."""

    first: Ints  # (L,) place in its order of the kit's first line; −1 for no kit
    units: Ints  # (L,) units of the line in one bundle
    parcel: Flags  # (L,) whether it stays together, (2)


def kits(world: World, lines: Joined) -> Kits:
    """Return the kits of all orders."""
    size = len(lines.sku)
    found = Kits(np.full(size, -1), np.ones(size, np.int64), np.zeros(size, bool))
    named = np.flatnonzero(world.lines["bundle"][lines.rows] != "")
    if not len(named):
        return found
    line = np.searchsorted(lines.start, named, side="right") - 1
    parts = parts_of(world)
    together = world.policy.bundles == "together"
    alone = world.products["ships_alone"][lines.sku]
    order = np.searchsorted(lines.order_line, line, side="right") - 1
    cuts = np.flatnonzero(np.diff(order, prepend=-1, append=order[-1] + 1))
    for begin, end in pairwise(cuts.tolist()):
        bundles = _bundles(world, lines, named[begin:end], line[begin:end])
        stays = together and not alone[line[begin:end]].any()
        at = int(lines.order_line[order[begin]])
        for names, mine in _joined(bundles):
            units = _units(lines, mine, parts.get(names[0], {}) if len(names) == 1 else {}, world)
            found.first[mine], found.units[mine] = min(mine) - at, units
            found.parcel[mine] = stays
    return found


def parts_of(world: World) -> Mapping[str, Mapping[int, int]]:
    """Return the units of each product in one bundle: bundle, row of world.products."""
    found: dict[str, dict[int, int]] = {}
    columns = (world.bundles[name].tolist() for name in ("bundle", "sku", "units"))
    for bundle, sku, units in zip(*columns, strict=True):
        found.setdefault(bundle, {})[sku] = units
    return found


def _bundles(world: World, lines: Joined, entries: Ints, line: Ints) -> dict[str, set[int]]:
    """Return the lines of each bundle of an order."""
    found: dict[str, set[int]] = {}
    names = world.lines["bundle"][lines.rows[entries]].tolist()
    for name, at in zip(names, line.tolist(), strict=True):
        found.setdefault(name, set()).add(at)
    return found


def _joined(bundles: Mapping[str, Iterable[int]]) -> Iterator[tuple[list[str], list[int]]]:
    """Yield bundles that share lines together, with these lines.

    >>> [(names, lines) for names, lines in _joined({"a": {0, 1}, "b": {3}, "c": {1, 2}})]
    [(['b'], [3]), (['a', 'c'], [0, 1, 2])]
    """
    groups: list[tuple[list[str], set[int]]] = []
    for name, lines in bundles.items():
        mine, held = [name], set(lines)
        for group in [group for group in groups if group[1] & held]:
            groups.remove(group)
            mine, held = group[0] + mine, group[1] | held
        groups.append((mine, held))
    yield from ((names, sorted(held)) for names, held in groups)


def _units(lines: Joined, mine: list[int], parts: Mapping[int, int], world: World) -> Ints:
    """Return the units of each of those lines in one bundle, (1)."""
    asked = lines.units[mine]
    loose = any(
        (world.lines["bundle"][lines.rows[lines.start[at] : lines.start[at + 1]]] == "").any()
        for at in mine
    )
    each = np.array([parts.get(int(sku), 0) for sku in lines.sku[mine]])
    whole = (
        not loose
        and len(mine) == len(parts)
        and bool(each.all())
        and len(set((asked / np.maximum(each, 1)).tolist())) == 1
        and not (asked % np.maximum(each, 1)).any()
    )
    return each if whole else asked
