"""Step 3 of solvers/joint/solve.py: orders too large for menus, one by one at the best prices."""

import time

import numpy as np

from omnisource.solvers.compile.world import in_threads
from omnisource.solvers.joint.night import Night
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.oracle.large import LargePlan, large_plan
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.oracle.whole import PATIENCE
from omnisource.solvers.problem import Ints, Prices, Problem


def alone(night: Night) -> dict[int, LargePlan]:
    """Return each large order's best plan at the best prices over all there is, and its bound."""
    if night.alone and np.array_equal(night.alone_at, night.best.y):
        return night.alone
    problem, room, prices = night.problem, night.whole.room, night.best.prices
    orders = [int(order) for order in np.flatnonzero(problem.large)]
    each, found = share(night, len(orders)), {}

    def work(i: int) -> None:
        found[orders[i]] = clocked(problem, orders[i], prices, room, seconds=each)

    in_threads(work, len(orders), night.limits.threads)
    night.cut += sum(cut for _, cut in found.values())
    night.alone, night.alone_at = {order: found[order][0] for order in orders}, night.best.y
    return night.alone


def clocked(
    problem: Problem, order: int, prices: Prices, room: Left, *, seconds: float
) -> tuple[LargePlan, bool]:
    """Return what `large_plan` does, and whether its clock may have ended it."""
    since = time.monotonic()
    plan = large_plan(problem, order, prices, room, seconds=seconds)
    return plan, time.monotonic() - since >= PATIENCE * seconds


def fits(problem: Problem, plan: LargePlan, room: Left) -> bool:
    """Say whether a large order's plan keeps within what is left."""
    after = Left(room.stock, room.node_orders.copy(), room.node_units.copy())
    cells: dict[int, int] = {}
    for candidate, units in zip(plan.candidate, plan.units, strict=True):
        node, pair = problem.node[candidate], problem.pair_start[candidate]
        for j in np.flatnonzero(units):
            cell = int(problem.cell[pair + j])
            cells[cell] = cells.get(cell, 0) + int(units[j])
        after.node_orders[node] -= 1
        after.node_units[node] -= units.sum()
    inside = all(units <= room.stock[cell] for cell, units in cells.items())
    return inside and min(after.node_orders.min(), after.node_units.min()) >= 0


def taken_by(whole: Resources, order: int, plan: LargePlan) -> Ints:
    """Return what a large order's plan takes of each resource."""
    problem, used = whole.problem, np.zeros_like(whole.capacity)
    cells, nodes, soft = len(problem.stock), problem.nodes, problem.soft
    for candidate, units in zip(plan.candidate, plan.units, strict=True):
        node, held = problem.node[candidate], np.flatnonzero(units)
        used[problem.cell[problem.pair_start[candidate] + held]] += units[held]
        used[cells + node] += 1
        used[cells + nodes + node] += units.sum()
        used[whole.hard + np.flatnonzero(soft.load_node == node)] += 1
    asked = problem.units[problem.order_line[order] : problem.order_line[order + 1]].sum()
    for group in soft.group[order]:
        if group >= 0:
            used[whole.hard + len(soft.load_node) + group] += asked - plan.units.sum()
    return used


def share(night: Night, orders: int) -> float:
    """Return the seconds that one large order may take, each being solved three times."""
    each = float(np.clip(0.2 * night.left_seconds() / orders, 1.0, 20.0))
    return max(each, night.step_seconds(each))
