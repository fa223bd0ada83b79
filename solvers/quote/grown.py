"""A desk whose world has got more stock cells: what is new of it, the rest as it was prepared."""

from dataclasses import replace
from typing import Any, Final

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.available import cells
from omnisource.solvers.compile.grouping import grouped
from omnisource.solvers.compile.risk import unit_risk
from omnisource.solvers.compile.world import only_channel
from omnisource.solvers.quote.desk import Desk, unfenced
from omnisource.solvers.quote.surety import surety

OF_CELLS: Final = ("atp", "channels", "fenced", "inputs", "surety")
"""Under which names a desk remembers what knows its cells."""


def grown(desk: Desk, world: World) -> Desk:
    """Return the desk of a world with more rows of stock at the end, and else the same.

    What is free of a cell is what the world says; last night knew no price of new ones: it is 0.
    """
    bare = world.replace(orders=desk.world.orders, lines=desk.world.lines)
    stock, before, data = cells(unfenced(bare)), desk.world.stock.rows, desk.data
    sku_start, sku_cells = grouped(stock.sku, world.products.rows)
    price = np.zeros(len(stock.node))
    price[:before] = desk.prices[0][:before]
    memo = {key: made for key, made in desk.memo.items() if key not in OF_CELLS}
    return replace(
        desk,
        world=bare,
        data=data._replace(
            sku_start=_like(data.sku_start, sku_start),
            sku_cells=_like(data.sku_cells, sku_cells),
            cell_node=_like(data.cell_node, stock.node),
            cell_units=_like(data.cell_units, stock.units),
            cell_cost=_like(data.cell_cost, stock.unit_cost + unit_risk(bare, stock)),
            cell_only=_like(data.cell_only, only_channel(stock)),
        ),
        prices=(_like(desk.prices[0], price), *desk.prices[1:]),
        sure=surety(bare, desk.sure.times),
        memo=memo,
    )


def _like(old: Any, new: Any) -> Any:
    """Return an array of the type for which kernels are compiled."""
    made = np.array(new, old.dtype, order="C")
    made.flags.writeable = old.flags.writeable
    return made
