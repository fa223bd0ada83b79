"""Shipments that orders of one customer and address share, around whoever decides.

A night whose policy says `consolidate` is decided with groups of orders joined
(solvers/consolidate.py), and told in its own orders again.
"""

from collections.abc import Callable

from omnisource.models.plan import Plan
from omnisource.models.world import World
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.consolidate import DATES, Joined, apart, joined, together
from omnisource.solvers.joint.certify import SHORT_FROM
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.problem import Ints


def groups_of(world: World) -> Joined | None:
    """Return the groups of a night; None where no orders may share, or the policy says no.

    A night so large that it is shortlisted joins orders of one date only.
    """
    if not world.policy.consolidate:
        return None
    return joined(world, dates=DATES if world.orders.rows < SHORT_FROM else 1)


def shared_night(world: World) -> tuple[World, Callable[[Plan], Plan]]:
    """Return the world that is to be decided, and what tells its plan in the orders of `world`."""
    groups = groups_of(world)
    if groups is None:
        return world, _as_it_is
    return groups.world, lambda plan: apart(world, groups, plan)


def _as_it_is(plan: Plan) -> Plan:
    return plan


def judged(world: World, shipped: Shipped, parcel: Ints | None = None) -> Plan:
    """Return the judge's plan of what was decided.

    Args:
        world: the night.
        shipped: a row for each order's share of a parcel.
        parcel: (S,) which rows travel together; None: none do.

    Raises:
        BrokenPlan: a rule is broken, or orders travel together that may not.
    """
    groups = None if parcel is None else groups_of(world)
    if groups is None or parcel is None:
        return evaluate(world, shipped)
    return apart(world, groups, evaluate(groups.world, together(world, groups, shipped, parcel)))
