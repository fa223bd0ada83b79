"""What costs more the more there is of it: the penalties and thresholds of a problem.

    shortage_l  =  ⌊shortage_cents · tier · promise + ½⌋                          every line l
    late_l      =  ⌊late_cents · tier + ½⌋                                        every line l
    load_from_b =  ⌊beyond · orders_per_day⌋     every step b of the policy and node it holds for
    group_free_g = ⌊most_short · units ordered in g⌋       every fairness rule and group g of it

The terms that they stand in are in (1) of solvers/problem.py. Both are convex and piecewise
linear, and neither ever forbids a plan: a hard limit could leave a night without one.
"""

from collections.abc import Sequence

import numpy as np

from omnisource.models.policy import Fairness, LoadStep
from omnisource.models.world import ABSENT, World
from omnisource.solvers.compile.costs import allowance, penalty_cents
from omnisource.solvers.compile.fences import on_node
from omnisource.solvers.compile.groups import groups_of, late_factor, shortage_factor
from omnisource.solvers.problem import Ints, Soft


def shortage_penalty(world: World) -> Ints:
    """Return, (K,), cents a unit unserved of each order."""
    return penalty_cents(world.policy.shortage_cents, shortage_factor(world))


def late_penalty(world: World) -> Ints:
    """Return, (K,), cents a unit and day late of each order; 0 where late plans are forbidden."""
    return penalty_cents(world.policy.late_cents or 0, late_factor(world))


def soft_limits(world: World) -> Soft:
    """Return the thresholds on nodes' loads and on groups' shortage."""
    node, free, cents = _joined([_load(world, step) for step in world.policy.load])
    group = np.full((world.orders.rows, 2), -1, np.int32)
    known, parts = 0, []
    for column, rule in enumerate(world.policy.fairness):
        of_order, group_free, group_cents = _groups(world, rule)
        group[:, column] = known + of_order
        known += len(group_free)
        parts.append((group_free, group_cents))
    group_free, group_cents = _joined(parts, 2)
    return Soft(node, free, cents, group, group_free, group_cents)


def _load(world: World, step: LoadStep) -> tuple[Ints, Ints, Ints]:
    """Return node, threshold and cents of a step, for each node that it holds for."""
    day = world.nodes["orders_per_day"]
    node = np.flatnonzero(on_node(world, step) & (day != ABSENT))
    return node, allowance(step.beyond, day[node]), np.full(len(node), step.cents)


def _groups(world: World, rule: Fairness) -> tuple[Ints, Ints, Ints]:
    """Return, (K,), the group of each order, and units free and cents of each group."""
    names, group = groups_of(world, rule)
    ordered = np.zeros(len(names), np.int64)
    np.add.at(ordered, group[world.lines["order"]], world.lines["units"])
    return group, allowance(rule.most_short, ordered), np.full(len(names), rule.cents)


def _joined(parts: Sequence[tuple[Ints, ...]], columns: int = 3) -> tuple[Ints, ...]:
    nothing = np.zeros(0, np.int64)
    return tuple(np.concatenate([nothing, *(part[i] for part in parts)]) for i in range(columns))
