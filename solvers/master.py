"""The master: an OR-Tools programme over plans met so far.

For a set O of orders with plans P_o each, c_p the cost of a plan and a_rp what it takes of r,

    (1)  min  Σ c_p y_p
    (2)  Σ over p ∈ P_o of y_p  =  1                          every order
    (3)  Σ a_rp y_p  ≤  left_r                                every resource that any plan takes
    (4)  y ≥ 0, integer in the last solve

Its duals on (3) price new plans (Dantzig & Wolfe, Operations Research 8(1), 1960). Left alone they
swing: over a whole night they are taken in a box (solvers/box.py), in a small neighbourhood halfway
to the last prices (Wentges, International Transactions in Operational Research 4(2), 1997).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from ortools.linear_solver.python import model_builder_helper as mb
from scipy import sparse

from omnisource.solvers.plans import Left, Plans
from omnisource.solvers.problem import Flags, Floats, Ints, Problem
from omnisource.solvers.serve import true_cost

INTEGER: Final = ("HIGHS", "output_flag=false")  # it greets on stdout otherwise
LINEAR: Final = ("GLOP", "use_dual_simplex: true perturb_costs_in_dual_simplex: true")
"""OR-Tools' name and parameters. Through it, HiGHS gives no duals; GLOP does."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: mixes bits


@dataclass(frozen=True, eq=False)
class Pool:
    """Plans of several orders, as columns of the programme; one column a plan."""

    order: Ints  # (Y,) position in the set of orders
    cost: Ints  # (Y,) cents, shortage included
    start: Ints  # (Y+1,) first shipment of each plan
    candidate: Ints  # (S,)
    entry: Ints  # (S,)
    row_start: Ints  # (Y+1,) first resource of each plan
    row: Ints  # (A,) resource: cell r, R + n for a shipment, R + N + n for a unit from n
    taken: Ints  # (A,)

    @property
    def size(self) -> int:
        """The number of plans."""
        return len(self.order)

    def joined(self, more: "Pool") -> "Pool":
        """Return both pools, each plan once."""
        both = Pool(
            np.concatenate([self.order, more.order]),
            np.concatenate([self.cost, more.cost]),
            np.concatenate([self.start, more.start[1:] + self.start[-1]]),
            np.concatenate([self.candidate, more.candidate]),
            np.concatenate([self.entry, more.entry]),
            np.concatenate([self.row_start, more.row_start[1:] + self.row_start[-1]]),
            np.concatenate([self.row, more.row]),
            np.concatenate([self.taken, more.taken]),
        )
        return both._unique()

    def _unique(self) -> "Pool":
        """Keep the first of equal plans, told apart by a 64-bit sum over their entries."""
        mixed = (self.entry.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        mixed ^= mixed >> np.uint64(29)
        sums = np.append(np.zeros(1, np.uint64), np.cumsum(mixed * _GOLDEN, dtype=np.uint64))
        plan = sums[self.start[1:]] - sums[self.start[:-1]]
        keys = np.stack([self.order.astype(np.uint64), plan])
        _, first = np.unique(keys, axis=1, return_index=True)
        return self if len(first) == self.size else self.take(np.sort(first))

    def take(self, plans: Ints) -> "Pool":
        """Return those plans."""
        shipments, start = _ranges(self.start, plans)
        rows, row_start = _ranges(self.row_start, plans)
        return Pool(
            self.order[plans], self.cost[plans], start, self.candidate[shipments],
            self.entry[shipments], row_start, self.row[rows], self.taken[rows],
        )  # fmt: skip


def _ranges(start: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the entries of those rows of a ragged table, and their new starts."""
    sizes = start[rows + 1] - start[rows]
    new = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return np.repeat(start[rows] - new[:-1], sizes) + np.arange(new[-1]), new


def pool(problem: Problem, orders: Ints, plans: Plans) -> Pool:
    """Return the plans of those orders as columns."""
    shipments, start = _counted(plans.first[orders], plans.count[orders])
    cost, row_start, row, taken = _columns(problem, orders, plans)
    return Pool(
        np.arange(len(orders)), cost, start, plans.candidate[shipments], plans.entry[shipments],
        row_start, row, taken,
    )  # fmt: skip


def _counted(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    new = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return np.repeat(first - new[:-1], count) + np.arange(new[-1]), new


@njit(cache=True, nogil=True)
def _columns(problem: Problem, orders: Ints, plans: Any) -> tuple[Ints, Ints, Ints, Ints]:
    cells, nodes = len(problem.stock), len(problem.node_orders)
    room = 0
    for o in orders:
        k = problem.order_line[o + 1] - problem.order_line[o]
        room += plans.count[o] * (k + 2)
    cost, start = np.empty(len(orders), np.int64), np.zeros(len(orders) + 1, np.int64)
    row, taken, at = np.empty(room, np.int64), np.empty(room, np.int64), 0
    for i, o in enumerate(orders):
        cost[i] = true_cost(problem, o, plans)
        first, k = problem.order_line[o], problem.order_line[o + 1] - problem.order_line[o]
        for a in range(plans.first[o], plans.first[o] + plans.count[o]):
            c = plans.candidate[a]
            n, pair, code = problem.node[c], problem.pair_start[c], plans.entry[a]
            code = problem.menu_content[code]
            row[at], taken[at], total = cells + n, 1, 0
            at += 1
            for j in range(k):
                radix = problem.units[first + j] + 1
                if code % radix > 0:
                    row[at], taken[at] = problem.cell[pair + j], code % radix
                    total += code % radix
                    at += 1
                code //= radix
            row[at], taken[at] = cells + nodes + n, total
            at += 1
        start[i + 1] = at
    return cost, start, row[:at], taken[:at]


@dataclass(frozen=True, eq=False)
class Solved:
    """A solution of the programme."""

    chosen: Floats  # (Y,) y
    rows: Ints  # resources with a row
    duals: Floats  # price of each such resource, cents, ≥ 0
    value: float  # cents


def or_tools(*, integer: bool, seconds: float) -> mb.ModelSolverHelper:
    """Return an OR-Tools solver, for whole or for linear programmes, with a time limit."""
    name, parameters = INTEGER if integer else LINEAR
    solver = mb.ModelSolverHelper(name)
    solver.set_time_limit_in_seconds(seconds)
    solver.set_solver_specific_parameters(parameters)
    return solver


def solve(plans: Pool, orders: int, left: Left, *, integer: bool, seconds: float) -> Solved | None:
    """Solve (1)–(4) over a pool; None where there was no solution in time.

    Rows that no choice of plans can overdraw are left out, and so are orders that touch none of
    the others: they take their cheapest plan.

    Args:
        plans: the columns; at least one of every order.
        orders: how many orders they serve.
        left: capacities.
        integer: whether y must be whole.
        seconds: time limit.
    """
    capacity = np.concatenate(left)
    plan_of = np.repeat(np.arange(plans.size), np.diff(plans.row_start))
    scarce = may_bind(plans, plan_of, capacity)
    in_doubt = np.zeros(orders, bool)
    in_doubt[plans.order[plan_of[scarce[plans.row]]]] = True
    chosen = cheapest_plans(plans, orders) & ~in_doubt[plans.order]
    value = float(plans.cost[chosen].sum())
    columns = np.flatnonzero(in_doubt[plans.order])
    rows = np.flatnonzero(scarce)
    part, y = plans.take(columns), chosen.astype(np.float64)
    if not len(columns):
        return Solved(y, rows, np.zeros(len(rows)), value)
    place = np.cumsum(in_doubt) - 1
    solver = or_tools(integer=integer, seconds=seconds)
    solver.solve(_model(part, place[part.order], rows, capacity, integer=integer))
    if not solver.has_solution():
        return None
    y[columns] = solver.variable_values()
    duals = np.zeros(len(rows))
    if not integer:
        duals = np.maximum(-np.array(solver.dual_values())[int(in_doubt.sum()) :], 0.0)
    return Solved(y, rows, duals, value + float(solver.objective_value()))


def may_bind(plans: Pool, plan_of: Ints, capacity: Ints) -> Flags:
    """Say of each resource whether the greediest choice of plans would take more than there is."""
    resources = len(capacity)
    by_plan, at = np.unique(plan_of * resources + plans.row, return_inverse=True)
    taken = np.bincount(at, plans.taken)
    row = by_plan % resources
    by_order, at = np.unique(
        plans.order[by_plan // resources] * resources + row, return_inverse=True
    )
    most = np.zeros(len(by_order))
    np.maximum.at(most, at, taken)
    return np.bincount(by_order % resources, most, minlength=resources) > capacity


def cheapest_plans(plans: Pool, orders: int) -> Flags:
    """Mark one plan of each order, a cheapest."""
    turn = np.lexsort((plans.cost, plans.order))
    marked = np.zeros(plans.size, bool)
    first = np.searchsorted(plans.order[turn], np.arange(orders))
    marked[turn[first]] = True
    return marked


def _model(
    plans: Pool, order: Ints, rows: Ints, capacity: Ints, *, integer: bool
) -> mb.ModelBuilderHelper:
    """Write (1)–(4) as a sparse matrix, orders first, then resources."""
    orders, size = int(order.max()) + 1, plans.size
    place = np.full(len(capacity), -1)
    place[rows] = np.arange(len(rows))
    plan_of = np.repeat(np.arange(size), np.diff(plans.row_start))
    kept = place[plans.row] >= 0
    values = np.concatenate([np.ones(size), plans.taken[kept]]).astype(np.float64)
    row = np.concatenate([order, place[plans.row[kept]] + orders])
    column = np.concatenate([np.arange(size), plan_of[kept]])
    shape = (orders + len(rows), size)
    model = mb.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        np.zeros(size),
        np.ones(size),
        plans.cost.astype(np.float64),
        np.concatenate([np.ones(orders), np.full(len(rows), -np.inf)]),
        np.concatenate([np.ones(orders), capacity[rows].astype(np.float64)]),
        sparse.csr_matrix((values, (row, column)), shape=shape),
    )
    if integer:
        for y in range(size):
            model.set_var_integrality(y, True)
    return model
