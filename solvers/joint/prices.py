"""Dual ascent: the prices at which every order's own best plan nearly fits.

The bound (1) of solvers/joint/resources.py (Lagrangian duality; Geoffrion, Mathematical Programming
Study 2, 1974) is concave in the prices y, and use_r − b_r is a supergradient: prices of what is
overdrawn rise and of what is left over fall. Each resource has a step of its own that follows the
sign of (use − capacity):

    step_r  ←  step_r · 1.3 while the sign holds, · 0.4 when it flips                     (2)
    y_r     ←  max(0, y_r + step_r · sign)                                                (3)

(the rule of Riedmiller & Braun's RPROP, ICNN 1993, there for neural networks). The cells of a
product also move together, by a step of the product's (solvers/joint/scarce.py). Only orders that
touch a resource whose price has moved are priced again; prices of nodes, which nearly every order
touches, move at every third pass. Sums are exact, so the bound is the same whatever the number of
threads.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from omnisource.solvers.compile.world import blocks, in_threads
from omnisource.solvers.compiled import compiled
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.joint.scarce import Products, first_prices
from omnisource.solvers.oracle import alike
from omnisource.solvers.oracle.kernel import price_some
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Flags, Floats, Ints, Prices, Problem

UP, DOWN = 1.3, 0.4
"""What a step is multiplied by in (2)."""
SELDOM = 3
"""Passes from one move of the nodes' prices to the next."""
SOON = 12
"""Passes in which everything moves each time."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One run of the oracle over all orders: plans, what they take, and the bound, (1)."""

    y: Floats  # (rows,) cents a unit of each resource
    prices: Prices
    plans: Plans
    used: Ints  # (rows,)
    bound: float  # cents


def price_all(problem: Problem, prices: Prices, room: Left, threads: int) -> Pass:
    """Run the oracle over all orders with a menu at prices of the hard resources, within `room`.

    What is unlimited has no price, whatever it is given.
    """
    whole = Resources.of(problem)
    capacity = np.concatenate([*room, whole.capacity[whole.hard :]])
    resources = replace(whole, capacity=capacity)
    soft = np.zeros(len(capacity) - whole.hard)
    return price_at(resources, np.concatenate([*prices[:3], soft]), threads)


def price_at(resources: Resources, y: Floats, threads: int) -> Pass:
    """Run the oracle over all orders with a menu at those prices, each within what there is."""
    y, plans = resources.usable(y), Plans.room(resources.problem)
    prices = resources.prices(y)
    orders = np.flatnonzero(~resources.problem.large)
    price_orders(resources, prices, orders, plans, threads=threads)
    bound = float(plans.value.sum()) - resources.rent(y)
    return Pass(y, prices, plans, resources.used(plans), bound)


def price_orders(
    resources: Resources, prices: Prices, orders: Ints, plans: Plans, *, threads: int
) -> None:
    """Run the oracle over some orders, in blocks, on all cores; write their plans.

    Where look-alikes are known, `orders` holds all or none of each kind; the first is priced.
    """
    problem, room, first = resources.problem, resources.room, resources.first
    if first is not None:
        orders = orders[first[orders] == orders]
    pieces = blocks(len(orders), 500)

    def work(i: int) -> None:
        price_some(problem, prices, room, orders[slice(*pieces[i])], plans)

    in_threads(work, len(pieces), threads)
    if first is not None:
        alike.copied(problem, plans, first)


def price_again(resources: Resources, before: Pass, y: Floats, threads: int) -> tuple[Pass, Ints]:
    """Return the pass at other prices, and the orders priced for it: those that the move touches.

    The plans of `before` are written over.
    """
    problem, y = resources.problem, resources.usable(y)
    moved, hard = y != before.y, resources.hard
    cells, nodes = len(problem.stock), problem.nodes
    prices, plans = resources.prices(y), before.plans
    some = moved[cells:hard]
    node = some[:nodes] | some[nodes:] | (prices.node_order != before.prices.node_order)
    orders = touched(problem, moved[:cells], node, prices.short != before.prices.short)
    used = before.used - resources.used(plans, orders)
    price_orders(resources, prices, orders, plans, threads=threads)
    used += resources.used(plans, orders)
    bound = float(plans.value.sum()) - resources.rent(y)
    return Pass(y, prices, plans, used, bound), orders


@compiled
def touched(problem: Problem, cell: Flags, node: Flags, short: Flags) -> Ints:
    """Return the orders with a menu that could take of a resource that is marked."""
    order_candidate, of_node = lent(problem.order_candidate), lent(problem.node)
    pair_start, of_cell = lent(problem.pair_start), lent(problem.cell)
    out, count = np.empty(len(short), np.int64), 0
    for o in range(len(short)):
        if problem.large[o]:
            continue
        here, c, last = short[o], order_candidate[o], order_candidate[o + 1]
        while not here and c < last:
            here = node[of_node[c]]
            p, end = pair_start[c], pair_start[c + 1]
            while not here and p < end:
                here = of_cell[p] >= 0 and cell[of_cell[p]]
                p += 1
            c += 1
        if here:
            out[count] = o
            count += 1
    return out[:count]


class Rule:
    """The rule of (2) and (3) for some rows of a vector of prices."""

    def __init__(self, rows: int, first: float, low: float, high: float) -> None:
        """Begin with steps of `first`, kept within `low` … `high`, cents."""
        self.first, self.low, self.high = first, low, high
        self.step, self.sign = np.full(rows, first), np.zeros(rows)

    def move(self, y: Floats, over: Ints, floor: Floats, ceiling: Floats) -> Floats:
        """Return the prices one step on; a price at its floor forgets how it got there.

        Args:
            y: (rows,) the first so many rows move.
            over: (rows,) use − capacity.
            floor: (rows,) no price falls below.
            ceiling: (rows,) nor rises above.
        """
        mine = slice(0, len(y))
        sign, step = np.sign(over).astype(np.float64), self.step[mine]
        step[sign * self.sign[mine] > 0] *= UP
        step[sign * self.sign[mine] < 0] *= DOWN
        np.clip(step, self.low, self.high, out=step)
        moved = np.clip(y + step * sign, floor, ceiling)
        idle = moved == floor
        step[idle] = np.minimum(step[idle], self.first)
        self.sign[mine] = np.where(idle, 0.0, sign)
        return moved


class Steps:
    """Prices of all resources in one vector y, and how they move."""

    def __init__(self, resources: Resources, y: Floats, scale: float, first: float = 0.1) -> None:
        """Begin at y with steps of `first` of `scale`, the cents of a typical price."""
        problem = resources.problem
        high = max(scale, float(problem.shortage.max(initial=0)))
        limits = (first * scale, 0.0005 * scale, high)
        self.resources, self.y = resources, y.copy()
        cells = len(problem.stock)
        self.products = Products.of(problem)
        if not y.any():
            self.y[:cells] = first_prices(problem, resources.capacity[:cells], 3 * scale)
        self.base = np.zeros(self.products.size)
        np.maximum.at(self.base, self.products.sku, self.y[:cells])
        self.each = Rule(len(y), *limits)
        self.together = Rule(len(self.base), 0.03 * scale, 0.0005 * scale, 0.5 * scale)

    def move(self, used: Ints, *, nodes: bool) -> None:
        """Move every price one step.

        Args:
            used: (rows,) of each resource.
            nodes: whether prices other than those of cells move too.
        """
        cells = len(self.resources.problem.stock)
        self._together(used[:cells])
        mine = slice(0, None if nodes else cells)
        over = used[mine] - self.resources.capacity[mine]
        floor, ceiling = np.zeros(len(over)), self.resources.ceiling[mine]
        self.y[mine] = self.each.move(self.y[mine], over, floor, ceiling)

    def _together(self, used: Ints) -> None:
        """Move the cells of each product together, by all that is overdrawn or dear of it.

        Up go only cells that are full: what lies where nobody wants it at its price stays there.
        """
        cells = len(used)
        over, y = used - self.resources.capacity[:cells], self.y[:cells]
        counted = np.where((over >= 0) | (y > 0), over, 0)
        nothing = np.zeros(self.products.size)
        base = self.together.move(
            self.base, self.products.sums(counted), nothing, np.full(len(nothing), np.inf)
        )
        more, self.base = (base - self.base)[self.products.sku], base
        self.y[:cells] += np.where((over >= 0) | (more < 0), more, 0.0)


def ascend(
    resources: Resources,
    first: Pass,
    *,
    passes: int,
    scale: float,
    threads: int = 0,
    step: float = 0.1,
    going: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[Pass, Ints]]:
    """Move prices for so many passes from a first one; yield each pass and the orders priced.

    A pass writes over the plans of the one before.

    Args:
        resources: what there is.
        first: a pass at the prices to begin with.
        passes: how many at the most.
        scale: cents of a typical price.
        threads: 0 for as many as there are cores.
        step: the first step, a share of `scale`.
        going: asked before each pass.
    """
    steps, now = Steps(resources, first.y, scale, step), first
    for i in range(passes):
        if not going():
            return
        steps.move(now.used, nodes=i < SOON or i % SELDOM == 0)
        now, orders = price_again(resources, now, steps.y, threads)
        yield now, orders


def kept(now: Pass) -> Pass:
    """Return a pass whose plans are its own."""
    return replace(now, plans=now.plans.copied())


def typical_cents(first: Pass) -> float:
    """Return the size of a typical price: a third of what a shipment costs on average."""
    shipments = max(int(first.plans.count.sum()), 1)
    return max(float(np.abs(first.plans.value).sum()) / shipments / 3, 1.0)
