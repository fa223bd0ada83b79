"""What a cart can have once goods arrive that are due: its cells as they will be by then.

Only the products of the cart are looked at, so that a question costs what its products have.

    units of a cell at T  =  ATP for the channel at T, with look-ahead        (atp.py)
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.available import NO_CHANNEL
from omnisource.solvers.compile.candidates import Inputs
from omnisource.solvers.compile.grouping import Rows, grouped
from omnisource.solvers.problem import Ints
from omnisource.solvers.quote.asked import Ask
from omnisource.solvers.quote.atp import Atp, atp, promisable
from omnisource.solvers.quote.known import Known

MOST_TIMES: Final = 20
"""Receipts of a cart's products that are tried, the earliest first."""


class Due(NamedTuple):
    """A world's receipts, SKU by SKU."""

    start: Ints  # (SKU+1,)
    rows: Rows  # of `receipts`

    def of(self, skus: Iterable[int]) -> Ints:
        """Return the receipts of some products."""
        parts = [self.rows[self.start[sku] : self.start[sku + 1]] for sku in skus]
        return np.concatenate(parts).astype(np.int64)


def due(world: World) -> Due:
    """Return the receipts of a world by product."""
    return Due(*grouped(world.receipts["sku"], world.products.rows))


class Later(NamedTuple):
    """The cells of a cart's products, with what is still to come."""

    atp: Atp
    rows: Ints  # (≤ R,) the world's cells that they are, the first of them
    times: tuple[int, ...]  # at which something arrives, rising

    def inputs(self, data: Inputs, code: int, at: int) -> Inputs:
        """Return the inputs of the cart with the units that a channel can have at a minute."""
        cells, node = range(len(self.atp.node)), self.atp.node.copy()
        node.flags.writeable = False  # as compiled for
        units = [promisable(self.atp, cell, code, at) for cell in cells]
        return data._replace(
            sku_start=self.atp.sku_start,
            sku_cells=self.atp.sku_cells.astype(data.sku_cells.dtype),
            cell_node=node,
            cell_units=np.array(units, np.int64),
            cell_only=np.full(len(node), NO_CHANNEL, np.int32),
            cell_cost=self.own(data.cell_cost),
        )

    def own(self, column: Any) -> Any:
        """Return a column of the world's cells for these; 0 for what is only to come."""
        found = np.zeros(len(self.atp.node), column.dtype)
        found[: len(self.rows)] = column[self.rows]
        return found

    def known(self, base: Known) -> Known:
        """Return what is known of those cells."""
        if not len(base.lost):
            return base
        return base._replace(lost=self.atp.lost, shelf=self.atp.shelf, safety=self.atp.safety)


def later(world: World, data: Inputs, coming: Due, ask: Ask) -> Later | None:
    """Return the cells of a cart's products, None where nothing of them is to come.

    Args:
        world: network, products and stock.
        data: its columns.
        coming: its receipts, see `due`.
        ask: the cart.
    """
    receipts = coming.of(ask.sku)
    at = world.receipts["due"][receipts]
    times = np.unique(np.maximum(at[at > world.now], ask.now))
    if not len(times):
        return None
    parts = [data.sku_cells[data.sku_start[s] : data.sku_start[s + 1]] for s in ask.sku]
    cells = np.concatenate(parts).astype(np.int64)
    rows = np.sort(cells[cells < world.stock.rows])
    small = world.replace(
        stock=world.stock.take(rows),
        receipts=world.receipts.take(np.sort(receipts)),
        allotments=world.allotments.take(np.flatnonzero(np.isin(world.allotments["sku"], ask.sku))),
    )
    return Later(atp(small, ask.now), rows, tuple(times[:MOST_TIMES].tolist()))
