"""Other plans of one order: without a node, from one node only, with a node, prices aside.

Each is the oracle's own optimum, over all the stock there is, with nodes closed or favoured:

    without n   no shipment from n
    only n      no shipment from any other node
    with n      min over j = 1, 2, … of the best plan with exactly j shipments from n     (1)

For (1), n may send j shipments at the most, and each earns a reward larger than any order costs:
the optimum then sends as many as it can, and if these are j, no other plan with j is cheaper.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from omnisource.solvers.compile.world import with_menus
from omnisource.solvers.oracle.kernel import best_plan
from omnisource.solvers.oracle.plans import Left, scratch
from omnisource.solvers.problem import UNLIMITED, Ints, Prices, Problem, sealed

REWARD: Final = float(2**38)
"""Cents, more than any one order costs; 32 of them still add up exactly."""
MOST_SHIPMENTS: Final = 32
"""Shipments from one node that (1) looks at."""


BUNDLES: Final = "bundles stay whole"


def _of_node(problem: Problem, name: str, node: int) -> Problem:
    column = getattr(problem, name).copy()
    column[node] = UNLIMITED
    return problem._replace(**{name: column})


RELAXED: Final[Mapping[str, Callable[[Problem, int], Problem]]] = {
    "no shipments left that day": lambda p, n: _of_node(p, "node_orders", n),
    "no units left that day": lambda p, n: _of_node(p, "node_units", n),
    "max_shipments": lambda p, _: p._replace(max_shipments=np.full(p.size, UNLIMITED)),
    "ship_complete": lambda p, _: p._replace(complete=np.zeros(p.size, bool)),
    BUNDLES: lambda p, _: p._replace(
        kit=np.full_like(p.kit, -1), kit_parcel=np.zeros_like(p.kit_parcel)
    ),
}
"""Rules of a whole order, and the problem without each."""


@dataclass(frozen=True, eq=False)
class Another:
    """A plan of one order, and what it costs."""

    what: str
    candidates: Ints  # (S,)
    units: Ints  # (S, k) of each line in each shipment
    short: Ints  # (k,)
    cents: int  # shortage included
    priced: float  # cents, with the night's prices for all that it takes


@dataclass(frozen=True, eq=False)
class Case:
    """One order of a night, at the night's prices; an order with a menu."""

    problem: Problem
    order: int
    prices: Prices

    @property
    def candidates(self) -> range:
        """The order's candidates."""
        first, last = self.problem.order_candidate[self.order : self.order + 2]
        return range(int(first), int(last))

    def prices_aside(self) -> Another:
        """Return the plan that is cheapest if no other order wants anything."""
        free = Prices.zero(self.problem)
        return self._best("cheapest, prices aside", free, Left.of(self.problem))

    def without(self, node: int, name: str) -> Another:
        """Return the best plan that leaves a node out."""
        left = Left.of(self.problem)
        left.node_orders[node] = 0
        return self._best(f"without {name}", self.prices, left)

    def only(self, node: int, name: str) -> Another:
        """Return the best plan from one node."""
        left = Left.of(self.problem)
        left.node_orders[:] = 0
        left.node_orders[node] = self.problem.node_orders[node]
        return self._best(f"only {name}", self.prices, left)

    def using(self, node: int, name: str) -> Another | None:
        """Return the best plan in which a node sends something, (1); None if it cannot."""
        found: list[Another] = []
        favoured = self.prices.node_order.copy()
        favoured[node] -= REWARD
        for shipments in range(1, MOST_SHIPMENTS + 1):
            left = Left.of(self.problem)
            left.node_orders[node] = min(shipments, self.problem.node_orders[node])
            prices = self.prices._replace(node_order=favoured)
            plan = self._best(f"with {name}", prices, left)
            if (self.problem.node[plan.candidates] == node).sum() < shipments:
                break
            found.append(plan)
        return min(found, key=lambda plan: plan.priced, default=None)

    def barring(self, node: int) -> tuple[str, ...]:
        """Return the fewest rules of the order and the node without which a plan has that node."""
        rules = list(RELAXED)
        for many in range(1, len(rules) + 1):
            for some in combinations(rules, many):
                problem = self.problem
                for name in some:
                    problem = RELAXED[name](problem, node)
                problem = with_menus(problem, threads=1) if BUNDLES in some else sealed(problem)
                if Case(problem, self.order, self.prices).using(node, "") is not None:
                    return some
        return ()

    def _best(self, what: str, prices: Prices, left: Left) -> Another:
        first, last = self.problem.order_line[self.order : self.order + 2]
        room = int(self.problem.units[first:last].sum())
        candidate, entry = np.zeros(room, np.int64), np.zeros(room, np.int64)
        work = scratch(self.problem, np.array([self.order]))
        out = (candidate, entry, 0)
        _, count = best_plan(self.problem, self.order, prices, left, work, out)
        return self._written(what, candidate[:count], entry[:count])

    def _written(self, what: str, candidate: Ints, entry: Ints) -> Another:
        problem = self.problem
        first, last = problem.order_line[self.order : self.order + 2]
        units = np.zeros((len(candidate), last - first), np.int64)
        for i, content in enumerate(problem.menu_content[entry]):
            units[i] = np.unravel_index(content, problem.units[first:last] + 1, order="F")
        short = problem.units[first:last] - units.sum(axis=0)
        cents = problem.menu_cost[entry].sum() + short @ problem.shortage[first:last]
        rent = sum(self.rent(int(c), row) for c, row in zip(candidate, units, strict=True))
        return Another(what, candidate, units, short, int(cents), float(cents) + rent)

    def rent(self, candidate: int, units: Ints) -> float:
        """Return the prices, cents, of all that one shipment takes."""
        problem, prices = self.problem, self.prices
        node, pair = problem.node[candidate], problem.pair_start[candidate]
        cells = problem.cell[pair : pair + len(units)]
        stock = np.where(cells >= 0, prices.cell[cells], 0.0)
        return float(prices.node_order[node] + units @ (stock + prices.node_unit[node]))
