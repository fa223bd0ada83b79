"""What may be sold from each stock cell tonight.

    available = max(0, on_hand − safety + receipts due by now)

`safety` of a cell that states none is its node's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import ABSENT, World
from omnisource.solvers.problem import Ints


@dataclass(frozen=True, eq=False)
class Cells:
    """Stock cells, one row a (node, SKU) that has stock or a receipt due."""

    node: NDArray[np.int32]  # (R,)
    sku: NDArray[np.int32]  # (R,)
    units: Ints  # (R,) available, ≥ 0
    unit_cost: Ints  # (R,) cents a unit drawn; may be negative


def cells(world: World) -> Cells:
    """Return the stock cells of a world; the rows of `stock` first, in their order."""
    stock, receipts = world.stock, world.receipts
    due = receipts["due"] <= world.now
    node = np.concatenate([stock["node"], receipts["node"][due]]).astype(np.int64)
    sku = np.concatenate([stock["sku"], receipts["sku"][due]]).astype(np.int64)
    units = np.concatenate([stock["on_hand"], receipts["units"][due]])
    key = node * max(world.products.rows, 1) + sku
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    on_hand = np.zeros(len(first), np.int64)
    np.add.at(on_hand, inverse, units)
    order = np.argsort(first)  # the stock table's own order, receipts-only cells last
    rows = first[order]
    own = rows < stock.rows
    safety = world.nodes["safety"][node[rows]].astype(np.int64)
    stated = stock["safety"][rows[own]]
    safety[own] = np.where(stated == ABSENT, safety[own], stated)
    unit_cost = np.zeros(len(rows), np.int64)
    unit_cost[own] = stock["unit_cost_cents"][rows[own]]
    return Cells(
        node=node[rows].astype(np.int32),
        sku=sku[rows].astype(np.int32),
        units=np.maximum(on_hand[order] - safety, 0),
        unit_cost=unit_cost,
    )
