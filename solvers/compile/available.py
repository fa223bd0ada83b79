"""What may be sold from each stock cell tonight.

    (1)  available_r   =  max(0, on_hand − safety + receipts due by now)

`safety` of a cell that states none is its node's. Where channels have allotments A_rk in a cell,
nobody sells what is another's, nor a channel with one more than its own, (4) of
solvers/quote/atp.py:

    (2)  available_rk  =  max(0, min(A_rk, available_r − Σ_{j≠k} A_rj))    a channel k with one
    (3)  available_r0  =  max(0, available_r − Σ_j A_rj)                  all others together

These are never more than available_r together: Σ_j A_rj ≤ available_r leaves A_rj to each and the
rest to the others, and if Σ_j A_rj > available_r, the m channels that have anything at all have
Σ_j A_rj + m (available_r − Σ_j A_rj) or less. So a cell with allotments is as many cells, each with
a price of its own, and an order draws on that of its channel: nothing else in a night changes, and
its bound holds as it stands.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import ABSENT, Column, Table, World
from omnisource.solvers.compile.grouping import Rows, grouped
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Ints

NO_CHANNEL: Final = -1
"""The code of every channel without any allotment."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Stock cells, one row a (node, SKU) that has stock or a receipt due."""

    node: NDArray[np.int32]  # (R,)
    sku: NDArray[np.int32]  # (R,)
    units: Ints  # (R,) available, ≥ 0
    unit_cost: Ints  # (R,) cents a unit drawn; may be negative
    only: Rows | None = None  # (R,) code of the channel that alone draws here; −1: all others, (3)

    @cached_property
    def by_sku(self) -> tuple[Ints, Rows]:
        """Where each SKU's cells start, and the cells SKU by SKU, in their order."""
        return grouped(self.sku, int(self.sku.max(initial=-1)) + 1)

    def find(self, node: Column, sku: Column) -> Rows:
        """Return the cell of each (node, SKU), −1 where there is none."""
        return np.asarray(_find(self.by_sku, self.node, node, sku))

    @property
    def place(self) -> Rows:
        """(R,) the first cell of the same node and SKU; others, channels' own, come last."""
        rows = np.arange(len(self.node), dtype=np.int32)
        last = rows[-1:]
        if (self.find(self.node[last], self.sku[last]) == last).all():
            return rows
        return self.find(self.node, self.sku)

    def find_for(self, channel: Column, node: Column, sku: Column) -> Rows:
        """Return the cell of each (node, SKU) on which a channel, by its code, draws."""
        found = self.find(node, sku)
        if self.only is None:
            return found
        own = np.flatnonzero(self.only >= 0)
        base = self.find(self.node[own], self.sku[own]).astype(np.int64)
        most = np.int64(max(self.only.max(), channel.max(initial=-1)) + 2)
        known = base * most + self.only[own]
        wanted = found * most + channel
        order = np.argsort(known)
        at = np.minimum(np.searchsorted(known, wanted, sorter=order), len(own) - 1)
        mine = (known[order[at]] == wanted) & (channel >= 0) & (found >= 0)
        return np.where(mine, own[order[at]], found).astype(np.int32)


@compiled
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
    found = replace(found, units=np.maximum(units, 0, out=units))
    return fenced(world, found) if world.allotments.rows else found


def channel_codes(world: World) -> dict[str, int]:
    """Return the codes of the channels that have an allotment; all others are `NO_CHANNEL`."""
    return {name: i for i, name in enumerate(sorted(set(world.allotments["channel"].tolist())))}


def channels_of(world: World) -> Ints:
    """Return, (K,), the code of each order's channel."""
    if not world.allotments.rows:
        return np.full(world.orders.rows, NO_CHANNEL, np.int64)
    codes = channel_codes(world)
    names = world.orders["channel"].tolist()
    return np.array([codes.get(name, NO_CHANNEL) for name in names], np.int64)


def fenced(world: World, found: Cells) -> Cells:
    """Return the cells with those of channels that have an allotment after them, (2) and (3)."""
    table, codes = world.allotments, channel_codes(world)
    cell = found.find(table["node"], table["sku"])
    rows = np.flatnonzero(cell >= 0)
    if not len(rows):
        return found
    cell, allotted = cell[rows], np.maximum(table["units"][rows].astype(np.int64), 0)
    channel = np.array([codes[name] for name in table["channel"][rows].tolist()], np.int32)
    fences = np.bincount(cell, allotted, len(found.units)).astype(np.int64)
    left = (found.units - fences)[cell]
    own = np.maximum(np.minimum(allotted, left + allotted), 0)  # (2)
    rest = np.maximum(found.units - fences, 0)  # (3)
    nobody = np.full(len(found.node), NO_CHANNEL, np.int32)
    node, sku = (np.append(column, column[cell]) for column in (found.node, found.sku))
    for column in (node, sku):
        column.flags.writeable = False  # as a world's columns are, for which kernels are compiled
    return Cells(
        node=node,
        sku=sku,
        units=np.append(rest, own),
        unit_cost=np.append(found.unit_cost, found.unit_cost[cell]),
        only=np.append(nobody, channel),
    )


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
