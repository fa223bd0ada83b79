"""A run as recommendations look at it: its world, what its plan takes, what is left."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from omnisource.models.world import NODE_KINDS, Table, World
from omnisource.orchestrator.recommend.idea import Terms
from omnisource.orchestrator.recommend.priced import Priced, priced
from omnisource.orchestrator.runs import Run
from omnisource.solvers.compile.available import Cells, cells
from omnisource.solvers.problem import Flags, Floats, Ints, Round

MOST: Final = 2_000
"""Orders that are decided anew as a part; more are the whole night."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A run, and what prices and cells say of it."""

    run: Run
    prices: Table
    terms: Terms
    threads: int
    tell: Callable[[Round], None]

    @property
    def world(self) -> World:
        """The night's."""
        return self.run.world

    @cached_property
    def base(self) -> Priced:
        """All orders at the run's prices."""
        return priced(self.world, self.prices, self.threads)

    @cached_property
    def cells(self) -> Cells:
        """What may be sold, a row a (node, SKU) first."""
        return cells(self.world)

    @cached_property
    def available(self) -> Ints:
        """(R,) units that may be sold, those of all channels together."""
        place, units = self.cells.place, self.cells.units
        return np.bincount(place, units, len(units)).astype(np.int64)

    @cached_property
    def used(self) -> Ints:
        """(R,) units that the plan takes."""
        held = self.run.plan.allocations
        at = self.cells.find(held["node"], held["sku"])
        return np.bincount(at, held["units"], len(self.available)).astype(np.int64)

    @cached_property
    def cell_cents(self) -> Floats:
        """(R,) price of a unit in each cell."""
        table = self.prices
        rows = np.flatnonzero(table["resource"] == "stock")
        at = self.cells.find(table["node"][rows], table["sku"][rows])
        found = np.zeros(len(self.available))
        found[at[at >= 0]] = table["cents"][rows][at >= 0]
        return found

    @cached_property
    def dear_nodes(self) -> Ints:
        """Nodes whose day has a price."""
        return np.unique(self.prices["node"][self.prices["resource"] != "stock"])

    def kind_of_node(self, kind: str) -> Flags:
        """(N,) whether a node is of that kind."""
        return np.asarray(self.world.nodes["kind"] == NODE_KINDS.index(kind))

    def node(self, row: int) -> str:
        """Name a node."""
        return str(self.world.nodes["node"][row])

    def sku(self, row: int) -> str:
        """Name a product."""
        return str(self.world.products["sku"][row])

    def who_ordered(self, skus: Ints) -> Ints:
        """Return the orders that have a line of one of those products."""
        lines = self.world.lines
        wanted = np.zeros(self.world.products.rows, bool)
        wanted[skus] = True
        return np.unique(lines["order"][wanted[lines["sku"]]]).astype(np.int64)

    def rivals(self, orders: Ints) -> Ints:
        """Return all who ordered what those orders did."""
        lines = self.world.lines
        return self.who_ordered(np.unique(lines["sku"][np.isin(lines["order"], orders)]))

    def fitting(self, *sets: Ints) -> Ints:
        """Return the orders that are decided anew, ascending: the widest set that is small enough.

        Args:
            sets: of orders, each with the next wider one after it.

        Where the narrowest is too large there are none, which stands for all.
        """
        widest = np.zeros(0, np.int64)
        for orders in sets:
            found = np.unique(orders)
            widest = found if len(found) <= MOST else widest
        return widest

    def senders(self, node: int) -> Ints:
        """Return the orders to which a node sends something."""
        sent = self.run.plan.shipments
        return np.unique(sent["order"][sent["node"] == node]).astype(np.int64)
