"""What may be sold from each stock cell tonight.

    available = max(0, on_hand − safety + receipts due by now)

`safety` of a cell that states none is its node's.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omnisource.models.world import ABSENT, Column, Table, World
from omnisource.solvers.grouping import Rows, grouped
from omnisource.solvers.problem import Ints


@dataclass(frozen=True, eq=False)
class Cells:
    """Stock cells, one row a (node, SKU) that has stock or a receipt due."""

    node: NDArray[np.int32]  # (R,)
    sku: NDArray[np.int32]  # (R,)
    units: Ints  # (R,) available, ≥ 0
    unit_cost: Ints  # (R,) cents a unit drawn; may be negative

    @cached_property
    def by_sku(self) -> tuple[Ints, Rows]:
        """Where each SKU's cells start, and the cells SKU by SKU, in their order."""
        return grouped(self.sku, int(self.sku.max(initial=-1)) + 1)

    def find(self, node: Column, sku: Column) -> Rows:
        """Return the cell of each (node, SKU), −1 where there is none."""
        return np.asarray(_find(self.by_sku, self.node, node, sku))


@njit(cache=True, nogil=True)
def _find(by_sku: tuple[Ints, Rows], cell_node: Rows, node: Rows, sku: Rows) -> Rows:
    start, rows = by_sku
    found = np.full(len(node), -1, np.int32)
    for i in range(len(node)):
        if sku[i] + 1 >= len(start):
            continue
        for at in range(start[sku[i]], start[sku[i] + 1]):
            if cell_node[rows[at]] == node[i]:
                found[i] = rows[at]
                break
    return found


def cells(world: World) -> Cells:
    """Return the stock cells of a world; the rows of `stock` first, in their order."""
    found = held(world, world.now)
    units = found.units - kept_back(world, found)
    return replace(found, units=np.maximum(units, 0, out=units))


def held(world: World, by: int) -> Cells:
    """Return the stock cells with all that lies there or is due by a minute, safety included."""
    stock, receipts = world.stock, world.receipts
    found = Cells(stock["node"], stock["sku"], stock["on_hand"], stock["unit_cost_cents"])
    due = receipts.take(np.flatnonzero(receipts["due"] <= by))
    return received(found, due) if due.rows else found


def kept_back(world: World, found: Cells) -> Ints:
    """Return, (R,), the units that are kept back; the rows of `stock` come first in `found`."""
    stated = world.stock["safety"]
    general = world.nodes["safety"][found.node]
    general[: len(stated)] = np.where(stated == ABSENT, general[: len(stated)], stated)
    return np.asarray(general)


def received(found: Cells, due: Table) -> Cells:
    """Add receipts to what is there; those of no cell make new ones, in the order they stand in."""
    at = found.find(due["node"], due["sku"])
    new = due.take(np.flatnonzero(at < 0))
    skus = np.int64(new["sku"].max(initial=0)) + 1
    _, first, which = np.unique(
        new["node"] * skus + new["sku"], return_index=True, return_inverse=True
    )
    rank = np.argsort(np.argsort(first))  # of each new cell by its first receipt
    at[at < 0] = len(found.node) + rank[which]
    first = np.sort(first)
    units = np.append(found.units, np.zeros(len(first), np.int64))
    np.add.at(units, at, due["units"])
    return Cells(
        node=np.append(found.node, new["node"][first]),
        sku=np.append(found.sku, new["sku"][first]),
        units=units,
        unit_cost=np.append(found.unit_cost, np.zeros(len(first), np.int64)),
    )
