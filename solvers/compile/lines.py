"""The lines of a night: an order's lines that ask for the same SKU are one.

The world's lines stand in the order of their orders, so that one pass does it, in the cache of
an order at a time.
"""

from typing import NamedTuple

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.grouping import Rows
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Ints


class Joined(NamedTuple):
    """Lines, those of an order by SKU."""

    order_line: Ints  # (K+1,) first line of each order
    sku: Ints  # (L,) row of world.products
    start: Ints  # (L+1,) first entry of each line in `rows`
    rows: Ints  # rows of world.lines that a line stands for, in their order
    units: Ints  # (L,) units asked for, of all of them


def joined_lines(world: World) -> Joined:
    """Join the lines of each order that ask for the same SKU."""
    lines = world.lines
    first = np.searchsorted(lines["order"], np.arange(world.orders.rows + 1)).astype(np.int64)
    return Joined(*_join(first, lines["sku"], lines["units"]))


@compiled
def _join(first: Ints, sku: Rows, units: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return `Joined` of lines whose orders start at `first`, (K+1,)."""
    size = len(sku)
    order_line = np.zeros(len(first), np.int64)
    line_sku, asked = np.empty(size, np.int64), np.empty(size, np.int64)
    start, rows = np.empty(size + 1, np.int64), np.empty(size, np.int64)
    lines = 0
    for order in range(len(first) - 1):
        begin, end = first[order], first[order + 1]
        _sort(sku, begin, end, rows)
        for i in range(begin, end):
            row = rows[i]
            if i == begin or sku[row] != line_sku[lines - 1]:
                line_sku[lines], asked[lines], start[lines] = sku[row], 0, i
                lines += 1
            asked[lines - 1] += units[row]
        order_line[order + 1] = lines
    start[lines] = size
    return order_line, line_sku[:lines], start[: lines + 1], rows, asked[:lines]


@compiled
def _sort(sku: Rows, begin: int, end: int, rows: Ints) -> None:
    """Put the rows begin … end−1 in the order of their SKUs: insertion, as baskets are small."""
    for row in range(begin, end):
        at = row
        while at > begin and sku[rows[at - 1]] > sku[row]:
            rows[at] = rows[at - 1]
            at -= 1
        rows[at] = row
