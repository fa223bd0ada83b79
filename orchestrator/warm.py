"""Warm start: last night's prices on tonight's cells and nodes, by the names that they go by.

What was scarce last night is likely to be scarce tonight, and a solver that begins with its price
has less to find out. The bound holds at any prices, so these need not fit: what is no longer there
is left out, and what is new begins at nothing.
"""

from typing import Final

import numpy as np
import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.world import Column, Table, World
from omnisource.solvers.compile.available import Cells
from omnisource.solvers.joint.resources import grained
from omnisource.solvers.problem import Prices, Problem

RESOURCES: Final = ("stock", "node_orders", "node_units")
"""What can have a price: a unit in a stock cell, a shipment of a node, a unit it handles."""
COLUMNS: Final = ("resource", "node", "sku", "cents")
"""What a table of prices must name."""
DEAREST: Final = 10**9
"""Cents; prices above have lost the digits that bounds are exact to."""


def start_of(world: World, problem: Problem, known: Plan | pl.DataFrame) -> Prices:
    """Return the prices that a night is begun with.

    Args:
        world: the night's.
        problem: compiled from it.
        known: prices by name, as `read_prices` returns them, or a plan of a world with the same
            nodes and products.

    Raises:
        UnusableInput: the plan has no prices, or is of another world; or as `checked`.
    """
    if isinstance(known, pl.DataFrame):
        return prices_of(problem, numbered(world, checked(known, "prices")))
    table = known.prices
    if table is None:
        raise UnusableInput(f"prices: a plan by {known.solver} has none; take one by joint")
    for name, rows in (("node", world.nodes.rows), ("sku", world.products.rows)):
        if table[name].max(initial=-1) >= rows:
            raise UnusableInput(
                f"prices: the plan was made for a world with another number of {name}s; keep it by "
                "`save_run`, and give what `read_prices` returns: that goes by name"
            )
    return prices_of(problem, table)


def checked(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return a table of prices, names as texts and cents as numbers.

    Args:
        frame: at least the columns resource, node, sku and cents.
        where: what the table is called when it is wrong.

    Raises:
        UnusableInput: a column is missing, a resource is unknown, or a price cannot be one.
    """
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise UnusableInput(f"{where}: these are no prices: there is no column {missing[0]}")
    texts = [pl.col(name).cast(pl.String) for name in COLUMNS[:3]]
    table = frame.select(*texts, pl.col("cents").cast(pl.Float64, strict=False))
    strange = table["resource"].filter(~table["resource"].is_in(RESOURCES).fill_null(False))
    if len(strange):
        known = ", ".join(RESOURCES)
        raise UnusableInput(f"{where}: no resource is called {strange[0]!r}; known are {known}")
    wrong = table.filter(~pl.col("cents").is_between(0, DEAREST).fill_null(False))
    if wrong.height:
        said = f"{wrong['cents'][0]} cents for node {wrong['node'][0]}"
        raise UnusableInput(f"{where}: {said}: a price is a number from 0 to {DEAREST}")
    return table


def numbered(world: World, table: pl.DataFrame) -> Table:
    """Return prices with the world's rows in place of names, −1 for what is not there."""
    return Table(
        {
            "resource": table["resource"].to_numpy().astype(object),
            "node": _rows(world.nodes["node"], table["node"]),
            "sku": _rows(world.products["sku"], table["sku"]),
            "cents": table["cents"].to_numpy(),
        }
    )


def _rows(known: Column, names: pl.Series) -> Column:
    rows = pl.DataFrame({"name": pl.Series(known, dtype=pl.String)}).with_row_index("at")
    wanted = names.alias("name").to_frame()
    at = wanted.join(rows, on="name", how="left", maintain_order="left")["at"]
    return at.cast(pl.Int32).fill_null(-1).to_numpy()


def prices_of(problem: Problem, table: Table) -> Prices:
    """Return prices in the columns of a problem; those of nothing that it has are left out.

    Args:
        problem: the night.
        table: resource, node and sku (rows of its world, −1 for none), cents.
    """
    stock = Cells(problem.cell_node, problem.cell_sku, problem.stock, problem.stock)
    places = (stock.find(table["node"], table["sku"]), table["node"], table["node"])
    found = Prices.zero(problem)
    for name, at, column in zip(RESOURCES, places, found[:3], strict=True):
        mine = np.flatnonzero((table["resource"] == name) & (at >= 0))
        column[at[mine]] = grained(table["cents"][mine])
    return found._replace(cell=found.cell[stock.place])  # channels' own begin as all others
