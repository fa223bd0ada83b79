"""A change tried: the orders that it touches are decided anew, without it and with it.

All other orders stay as the run has them: what they take of cells and days is taken away first.
Both parts are small, so both are proven to well within what is asked of a night. Where the change
touches too many orders, or a rule joins them all, the whole night is decided anew instead, and
stands beside the run's own plan and bound.
"""

from time import perf_counter

import numpy as np

from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.lab.rows import put, stacked
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.recommend.idea import Idea, Trial
from omnisource.orchestrator.recommend.priced import of_orders
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.solvers.compile.available import held
from omnisource.solvers.problem import Flags, Ints, Limits

JOINING = ("fairness", "load")
"""Rules of a policy that join all orders of a night."""


def tried(seen: Seen, idea: Idea, limits: Limits, *, whole: bool = False) -> Trial:
    """Decide what an idea touches, without and with its changes.

    Args:
        seen: the run.
        idea: what is different.
        limits: of each of the two.
        whole: decide all orders anew, however few are touched.

    Raises:
        UnusableInput: a change cannot be applied.
    """
    began = perf_counter()
    world, plan = seen.world, seen.run.plan
    other = changed(world, idea.changes, where=idea.name)
    start = plan if (other.nodes.rows, other.products.rows) == (
        world.nodes.rows, world.products.rows) else None  # fmt: skip
    if whole or not len(idea.orders) or not is_divisible(world):
        found = allocate(other, limits=limits, prices=start)
        figures = (plan.cost_cents, plan.bound_cents, found.cost_cents, found.bound_cents)
        orders, all_ = world.orders.rows, True
    else:
        without = allocate(part_of(seen, world, idea.orders), limits=limits, prices=plan)
        found = allocate(part_of(seen, other, idea.orders), limits=limits, prices=start)
        figures = (without.cost_cents, without.bound_cents, found.cost_cents, found.bound_cents)
        orders, all_ = len(idea.orders), False
    known = [0 if cents is None else cents for cents in figures]  # joint has a bound always
    base, base_bound, cost, bound = known
    seconds = round(perf_counter() - began, 3)
    return Trial(orders, all_, base, base_bound, cost, bound, seconds)


def is_divisible(world: World) -> bool:
    """Tell whether orders share nothing but stock and days."""
    policy = world.policy
    joined = any(getattr(policy, rule) for rule in JOINING) or policy.consolidate
    return not joined and not world.allotments.rows


def part_of(seen: Seen, world: World, orders: Ints) -> World:
    """Return a world with those orders, and what the run's plan of all others leaves.

    Args:
        seen: the run.
        world: its world, or one after a change.
        orders: those that are decided anew.
    """
    again = np.zeros(seen.world.orders.rows, bool)
    again[orders] = True
    world = of_orders(_received(world), orders)
    return _less_days(_less_stock(world, seen, ~again), seen, ~again)


def _received(world: World) -> World:
    """Return the world with what is due by now as stock on hand."""
    found, stock = held(world, world.now), world.stock
    rows = stock.rows
    new = stock.take(np.zeros(len(found.node) - rows, np.int64)) if rows else stock
    stock = put(stock, np.arange(rows), on_hand=found.units[:rows])
    if len(found.node) > rows:
        new = new.replace(
            node=found.node[rows:], sku=found.sku[rows:], on_hand=found.units[rows:],
            safety=np.full(new.rows, ABSENT), unit_cost_cents=found.unit_cost[rows:],
            counted_at=np.full(new.rows, ABSENT), accuracy=np.ones(new.rows),
        )  # fmt: skip
        stock = stacked(stock, new)
    return world.replace(stock=stock, receipts=world.receipts.take(np.zeros(0, np.int64)))


def _less_stock(world: World, seen: Seen, others: Flags) -> World:
    """Take away the units that others have."""
    drawn, stock = seen.run.plan.allocations, world.stock
    theirs = drawn.take(np.flatnonzero(others[drawn["order"]]))
    many = world.products.rows
    cell, first = np.unique(stock["node"].astype(np.int64) * many + stock["sku"],
                            return_index=True)  # fmt: skip
    at = first[np.searchsorted(cell, theirs["node"].astype(np.int64) * many + theirs["sku"])]
    taken = np.bincount(at, theirs["units"], stock.rows).astype(np.int64)
    return world.replace(stock=stock.replace(on_hand=stock["on_hand"] - taken))


def _less_days(world: World, seen: Seen, others: Flags) -> World:
    """Take away the shipments and units of the day that others have."""
    sent, nodes = seen.run.plan.shipments, world.nodes
    theirs = sent.take(np.flatnonzero(others[sent["order"]]))
    taken = {
        "orders_per_day": np.bincount(theirs["node"], minlength=nodes.rows),
        "units_per_day": np.bincount(theirs["node"], theirs["units"], nodes.rows),
    }
    for name, much in taken.items():
        limit = nodes[name]
        left = np.maximum(limit - much.astype(np.int64), 0)
        nodes = nodes.replace(**{name: np.where(limit == ABSENT, ABSENT, left)})
    return world.replace(nodes=nodes)
