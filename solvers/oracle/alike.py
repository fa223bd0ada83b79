"""Look-alike orders: priced once, whatever the prices.

The oracle reads of an order its lines' units and penalties, its limits, what its candidates' cells
could give, and its menu (`Menus` in solvers/oracle/plans.py); beside these, the groups that its
shortage counts in have prices. Orders in which all that is equal have the same cheapest plan at any
prices, entry by entry, and over whatever is left.

The first order of each kind is found in one pass, in a table by a 64-bit key of those columns
(FNV-1a, Fowler, Noll & Vo 1991, over numbers instead of bytes; then mixed). Equal keys only say
where to look: orders are alike if their columns are compared and found equal.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import Plans, lent_menus
from omnisource.solvers.problem import Ints, Problem

PRIME: Final = np.uint64(0x100000001B3)
BASIS: Final = np.uint64(0xCBF29CE484222325)
SHIFT: Final = np.uint64(29)


def alike(problem: Problem) -> Ints:
    """Return, (K,), the first order that each is like: itself where there is none before it.

    Large orders have no menu, and are like none.
    """
    return first_alike(problem, keys(problem))


def copied(problem: Problem, plans: Plans, first: Ints) -> None:
    """Write plan and value of each order's first look-alike, `first` (K,), for the order too."""
    _copy(problem, plans, first)


@compiled
def keys(problem: Problem) -> NDArray[np.uint64]:
    """Return, (K,), a key of all that the oracle reads of each order, and of its groups."""
    menus, group = lent_menus(problem), lent(problem.soft).group
    out = np.empty(menus.large.size, np.uint64)
    for o in range(out.size):
        out[o] = _key(menus, group, o)
    return out


@compiled
def _mixed(key: Any, value: Any) -> Any:
    """Return a key with one number more in it."""
    key = (key ^ np.uint64(value)) * PRIME
    return key ^ (key >> SHIFT)


@compiled
def _key(menus: Any, group: Any, o: int) -> Any:
    key = _mixed(_mixed(BASIS, menus.max_shipments[o]), menus.complete[o])
    for column in range(group.shape[1]):
        key = _mixed(key, group[o, column])
    for line in range(menus.order_line[o], menus.order_line[o + 1]):
        key = _mixed(_mixed(key, menus.units[line]), menus.shortage[line])
        key = _mixed(_mixed(key, menus.kit[line]), menus.kit_units[line])
    first, last = menus.order_candidate[o], menus.order_candidate[o + 1]
    for c in range(first, last):
        key = _mixed(_mixed(key, menus.node[c]), menus.menu_start[c + 1] - menus.menu_start[c])
    for pair in range(menus.pair_start[first], menus.pair_start[last]):
        key = _mixed(_mixed(key, menus.cell[pair]), menus.cap[pair])
    for m in range(menus.menu_start[first], menus.menu_start[last]):
        key = _mixed(_mixed(key, menus.menu_cost[m]), menus.menu_content[m])
    return key


@compiled
def first_alike(problem: Problem, key: NDArray[np.uint64]) -> Ints:
    """Return, (K,), the first order that each is like, by any keys that are equal for those."""
    menus, group = lent_menus(problem), lent(problem.soft).group
    size = 2
    while size < 2 * key.size:
        size *= 2
    table, first = np.full(size, -1), np.arange(key.size)
    for o in range(key.size):
        if menus.large[o]:
            continue
        at = key[o] >> np.uint64(1)
        slot = np.int64(at % np.uint64(size))
        while table[slot] >= 0:
            other = table[slot]
            if key[other] == key[o] and _equal(menus, group, other, o):
                first[o] = other
                break
            slot = (slot + 1) % size
        else:
            table[slot] = o
    return first


@compiled
def _equal(menus: Any, group: Any, a: int, b: int) -> bool:
    """Compare two orders, column by column."""
    if menus.max_shipments[a] != menus.max_shipments[b] or menus.complete[a] != menus.complete[b]:
        return False
    lines, others = menus.order_line, menus.order_candidate
    if not _same_numbers(menus.units, _span(lines, a), _span(lines, b)):
        return False
    if not _same_numbers(menus.shortage, _span(lines, a), _span(lines, b)):
        return False
    if not _same_numbers(menus.kit, _span(lines, a), _span(lines, b)):
        return False
    if not _same_numbers(menus.kit_units, _span(lines, a), _span(lines, b)):
        return False
    if not _same_numbers(menus.node, _span(others, a), _span(others, b)):
        return False
    for column in range(group.shape[1]):
        if group[a, column] != group[b, column]:
            return False
    return _equal_menus(menus, _span(others, a), _span(others, b))


@compiled
def _equal_menus(menus: Any, a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Compare what two runs of equally many candidates could send, and at what cost."""
    start, pairs = menus.menu_start, menus.pair_start
    for i in range(a[1] - a[0]):
        if start[a[0] + i + 1] - start[a[0]] != start[b[0] + i + 1] - start[b[0]]:
            return False
    of_a, of_b = (pairs[a[0]], pairs[a[1]]), (pairs[b[0]], pairs[b[1]])
    if not _same_numbers(menus.cell, of_a, of_b) or not _same_numbers(menus.cap, of_a, of_b):
        return False
    of_a, of_b = (start[a[0]], start[a[1]]), (start[b[0]], start[b[1]])
    return _same_numbers(menus.menu_cost, of_a, of_b) and _same_numbers(
        menus.menu_content, of_a, of_b
    )


@compiled
def _span(start: Any, row: int) -> tuple[int, int]:
    return start[row], start[row + 1]


@compiled
def _same_numbers(column: Any, a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Compare two runs of a column."""
    if a[1] - a[0] != b[1] - b[0]:
        return False
    for i in range(a[1] - a[0]):  # noqa: SIM110 - an `all` over a generator does not compile
        if column[a[0] + i] != column[b[0] + i]:
            return False
    return True


@compiled
def _copy(problem: Problem, plans: Plans, first: Ints) -> None:
    menus, to = lent_menus(problem), lent(plans)
    for o in range(first.size):
        like = first[o]
        if like == o:
            continue
        to.count[o], to.value[o] = to.count[like], to.value[like]
        mine, its = menus.order_candidate[o], menus.order_candidate[like]
        further = menus.menu_start[mine] - menus.menu_start[its]
        for i in range(to.count[o]):
            to.candidate[to.first[o] + i] = to.candidate[to.first[like] + i] + mine - its
            to.entry[to.first[o] + i] = to.entry[to.first[like] + i] + further
