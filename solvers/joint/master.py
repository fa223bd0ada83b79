"""The master: an OR-Tools programme over plans met so far.

For a set O of orders with plans P_o each, c_p the cost of a plan and a_rp what it takes of r,

    (1)  min  Σ c_p y_p
    (2)  Σ over p ∈ P_o of y_p  =  1                          every order
    (3)  Σ a_rp y_p  ≤  left_r  (+ over_r)                    every resource that any plan takes
    (4)  y ≥ 0, integer in the last solve

where over_r ≥ 0, of soft resources only, costs the ceiling of r in (1).

Its duals on (3) price new plans (Dantzig & Wolfe, Operations Research 8(1), 1960). Left alone they
swing: over a whole night they are taken in a box (solvers/joint/box.py), in a small neighbourhood
halfway to the last prices (Wentges, International Transactions in Operational Research 4(2), 1997).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver.python import model_builder_helper as mb
from scipy import sparse

from omnisource.solvers.compiled import compiled
from omnisource.solvers.joint.resources import Room
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import Plans, lent_menus
from omnisource.solvers.oracle.serve import true_cost
from omnisource.solvers.problem import Flags, Floats, Ints, Problem

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
    row: Ints  # (A,) resource, as solvers/joint/resources.py numbers them
    taken: Ints  # (A,)

    @property
    def size(self) -> int:
        """The number of plans."""
        return len(self.order)

    def joined(self, more: "Pool") -> "Pool":
        """Return both pools, each plan once."""
        return Pool.all_of([self, more])

    @staticmethod
    def all_of(pools: "list[Pool]") -> "Pool":
        """Return several pools as one, each plan once."""
        if len(pools) == 1:
            return pools[0]

        def end_to_end(name: str) -> Ints:
            return np.concatenate([getattr(one, name) for one in pools])

        def starts(name: str) -> Ints:
            sizes = [np.diff(getattr(one, name)) for one in pools]
            return np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)

        names = ("order", "cost", "candidate", "entry", "row", "taken")
        columns = {name: end_to_end(name) for name in names}
        return Pool(**columns, start=starts("start"), row_start=starts("row_start"))._unique()

    def _unique(self) -> "Pool":
        """Keep the first of equal plans, told apart by a 64-bit sum over their entries."""
        plan = _sums(self.entry, self.start[:-1], np.diff(self.start))
        keys = self.order.astype(np.uint64) * _GOLDEN ^ plan
        _, first = np.unique(keys, return_index=True)
        return self if len(first) == self.size else self.take(np.sort(first))

    def take(self, plans: Ints) -> "Pool":
        """Return those plans."""
        shipments, start = _ranges(self.start, plans)
        rows, row_start = _ranges(self.row_start, plans)
        return Pool(
            self.order[plans], self.cost[plans], start, self.candidate[shipments],
            self.entry[shipments], row_start, self.row[rows], self.taken[rows],
        )  # fmt: skip


def _sums(entry: Ints, first: Ints, count: Ints) -> NDArray[np.uint64]:
    """Return a 64-bit sum over each plan's entries: plans of other entries have another."""
    mixed = (entry.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    mixed ^= mixed >> np.uint64(29)
    sums = np.append(np.zeros(1, np.uint64), np.cumsum(mixed * _GOLDEN, dtype=np.uint64))
    return np.asarray(sums[first + count] - sums[first])


def signatures(orders: Ints, plans: Plans) -> NDArray[np.uint64]:
    """Return a number for the plan of each of those orders: another plan, another number."""
    return _sums(plans.entry, plans.first[orders], plans.count[orders])


def _ranges(start: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the entries of those rows of a ragged table, and their new starts."""
    sizes = start[rows + 1] - start[rows]
    new = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return np.repeat(start[rows] - new[:-1], sizes) + np.arange(new[-1]), new


def pool(problem: Problem, orders: Ints, plans: Plans, position: Ints | None = None) -> Pool:
    """Return the plans of those orders as columns; `position` is 0, 1, 2 … if not given."""
    shipments, start = _counted(plans.first[orders], plans.count[orders])
    cost, row_start, row, taken = _columns(problem, orders, plans)
    return Pool(
        np.arange(len(orders)) if position is None else position, cost, start,
        plans.candidate[shipments], plans.entry[shipments], row_start, row, taken,
    )  # fmt: skip


def _counted(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    new = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return np.repeat(first - new[:-1], count) + np.arange(new[-1]), new


@compiled
def _columns(problem: Problem, orders: Ints, plans: Any) -> tuple[Ints, Ints, Ints, Ints]:
    cells, nodes = len(problem.stock), len(problem.node_orders)
    load_node, group = lent(problem.soft.load_node), lent(problem.soft.group)
    loads, menus, given = len(load_node), lent_menus(problem), lent(plans)
    room = 0
    for o in orders:
        k = menus.order_line[o + 1] - menus.order_line[o]
        room += given.count[o] * (k + 2 + loads) + 2
    cost, start = np.empty(len(orders), np.int64), np.zeros(len(orders) + 1, np.int64)
    row, taken, at = np.empty(room, np.int64), np.empty(room, np.int64), 0
    for i, o in enumerate(orders):
        cost[i] = true_cost(menus, o, given)
        first, k = menus.order_line[o], menus.order_line[o + 1] - menus.order_line[o]
        short = 0
        for line in range(first, first + k):
            short += menus.units[line]
        for a in range(given.first[o], given.first[o] + given.count[o]):
            c = given.candidate[a]
            n, pair, rest = menus.node[c], menus.pair_start[c], menus.menu_content[given.entry[a]]
            row[at], taken[at], total = cells + n, 1, 0
            at += 1
            for b in range(loads):
                if load_node[b] == n:
                    row[at], taken[at] = cells + 2 * nodes + b, 1
                    at += 1
            for j in range(k):
                radix = menus.units[first + j] + 1
                if rest % radix > 0:
                    row[at], taken[at] = menus.cell[pair + j], rest % radix
                    total += rest % radix
                    at += 1
                rest //= radix
            row[at], taken[at] = cells + nodes + n, total
            short -= total
            at += 1
        for g in group[o]:
            if g >= 0 and short > 0:
                row[at], taken[at] = cells + 2 * nodes + loads + g, short
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


def solve(plans: Pool, orders: int, left: Room, *, integer: bool, seconds: float) -> Solved | None:
    """Solve (1)–(4) over a pool; None where there was no solution in time.

    Rows that no choice of plans can overdraw are left out, and so are orders that touch none of
    the others: they take their cheapest plan.

    Args:
        plans: the columns; at least one of every order.
        orders: how many orders they serve.
        left: what there is for them.
        integer: whether y must be whole.
        seconds: time limit.
    """
    capacity = left.capacity
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
    solver.solve(_model(part, place[part.order], rows, left, integer=integer))
    if not solver.has_solution():
        return None
    y[columns] = np.array(solver.variable_values())[: part.size]
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
    plans: Pool, order: Ints, rows: Ints, left: Room, *, integer: bool
) -> mb.ModelBuilderHelper:
    """Write (1)–(4) as a sparse matrix, orders first, then resources."""
    orders, size = int(order.max()) + 1, plans.size
    place = np.full(len(left.capacity), -1)
    place[rows] = np.arange(len(rows))
    soft = np.flatnonzero(np.isfinite(left.ceiling[rows]))
    over = np.arange(len(soft))
    plan_of = np.repeat(np.arange(size), np.diff(plans.row_start))
    kept = place[plans.row] >= 0
    values = np.concatenate([np.ones(size), plans.taken[kept], -np.ones(len(soft))])
    row = np.concatenate([order, place[plans.row[kept]] + orders, soft + orders])
    column = np.concatenate([np.arange(size), plan_of[kept], size + over])
    shape = (orders + len(rows), size + len(soft))
    model = mb.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        np.zeros(size + len(soft)),
        np.concatenate([np.ones(size), np.full(len(soft), 1e7)]),
        np.concatenate([plans.cost.astype(np.float64), left.ceiling[rows[soft]]]),
        np.concatenate([np.ones(orders), np.full(len(rows), -np.inf)]),
        np.concatenate([np.ones(orders), left.capacity[rows].astype(np.float64)]),
        sparse.csr_matrix((values.astype(np.float64), (row, column)), shape=shape),
    )
    if integer:
        for y in range(size):
            model.set_var_integrality(y, True)
    return model
