"""The whole night as one integer programme, in columns: for solvers off the shelf.

Variables, over the menus of solvers/problem.py
    z_m      how many parcels of menu entry m (candidate c, content x) are sent, 0 … ⌊cap / x⌋
    short_l  units of line l left unserved, 0 … units_l
    whole_o  whether an order that must be complete is served, 0 or 1
    broken_k bundles of a line group k that are not served, 0, 1, …
    busy_b   shipments beyond the threshold b on a node's load, ≥ 0
    unfair_g units short in the group g beyond those that are free, ≥ 0

Programme
    (1)  min  Σ_m cost_m z_m  +  Σ_l shortage_l short_l  +  Σ_b load_cents_b busy_b
              +  Σ_g group_cents_g unfair_g
    (2)  Σ_m x_ml z_m  +  short_l  =  units_l                    every line l
    (3)  Σ_m x_mr z_m  ≤  stock_r                                every cell r
    (4)  Σ_{m from n} z_m  ≤  node_orders_n                      every node n
    (5)  Σ_{m from n} Σ_l x_ml z_m  ≤  node_units_n              every node n
    (6)  Σ_{m of o} z_m  ≤  max_shipments_o                      every order o
    (7)  short_l  +  units_l whole_o  =  units_l                 every line of o where complete_o
    (7') short_l  −  kit_units_l broken_k  =  0                  every line l of a bundle k
    (8)  Σ_{m from n_b} z_m  −  busy_b  ≤  load_from_b           every threshold b
    (9)  Σ_{l in g} short_l  −  unfair_g  ≤  group_free_g        every group g

z, short, whole and broken are integer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.math_opt import model_pb2
from scipy import sparse

from omnisource.solvers.exact.entries import Entries, entries
from omnisource.solvers.problem import UNLIMITED, Flags, Floats, Ints, Problem


@dataclass(frozen=True, eq=False)
class Columns(Entries):
    """The variables: those entries, then short, whole, broken, busy and unfair."""

    problem: Problem
    short: int  # column of the first of them
    whole: int
    broken: int
    busy: int
    unfair: int
    size: int


@dataclass(frozen=True, eq=False)
class Rows:
    """Constraints of one kind: coefficients by row and column, and limits."""

    row: Ints
    column: Ints
    value: Floats
    low: Floats
    high: Floats


def columns_of(problem: Problem) -> Columns:
    """Return the variables of a night."""
    found, complete = entries(problem), int(problem.complete.sum())
    sizes = [len(found.entry), len(problem.units), complete, int(_heads(problem).sum()),
             len(problem.soft.load_node), len(problem.soft.group_free)]  # fmt: skip
    short, whole, broken, busy, unfair, size = np.cumsum(sizes).tolist()
    return Columns(
        **vars(found),
        problem=problem,
        short=short,
        whole=whole,
        broken=broken,
        busy=busy,
        unfair=unfair,
        size=size,
    )


def _heads(problem: Problem) -> Flags:
    """Say, (L,), which lines are the first of a bundle."""
    found: Flags = problem.kit == _place(problem)
    return found


def _place(problem: Problem) -> Ints:
    """Return, (L,), the place of each line in its order."""
    return np.arange(len(problem.units)) - np.repeat(
        problem.order_line[:-1], np.diff(problem.order_line)
    )


def lines_are_served_or_short(columns: Columns) -> Rows:
    """(2)."""
    units = columns.problem.units.astype(np.float64)
    lines = np.arange(len(units))
    return Rows(
        row=np.concatenate([columns.line, lines]),
        column=np.concatenate([columns.parcel, columns.short + lines]),
        value=np.concatenate([columns.units, np.ones(len(lines))]),
        low=units,
        high=units,
    )


def cells_give_what_they_hold(columns: Columns) -> Rows:
    """(3)."""
    cell = columns.problem.cell[columns.pair].astype(np.int64)
    return _at_most(cell, columns.parcel, columns.units, columns.problem.stock)


def nodes_send_so_many_parcels(columns: Columns) -> Rows:
    """(4)."""
    node = columns.problem.node[columns.candidate].astype(np.int64)
    return _at_most(node, np.arange(len(node)), np.ones(len(node)), columns.problem.node_orders)


def nodes_handle_so_many_units(columns: Columns) -> Rows:
    """(5)."""
    node = columns.problem.node[columns.candidate[columns.parcel]].astype(np.int64)
    return _at_most(node, columns.parcel, columns.units, columns.problem.node_units)


def orders_get_so_many_parcels(columns: Columns) -> Rows:
    """(6)."""
    parcels = np.arange(len(columns.order))
    return _at_most(columns.order, parcels, np.ones(len(parcels)), columns.problem.max_shipments)


def complete_orders_get_all_or_nothing(columns: Columns) -> Rows:
    """(7)."""
    problem = columns.problem
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    line = np.flatnonzero(problem.complete[order])
    whole = columns.whole + (np.cumsum(problem.complete) - 1)[order[line]]
    units, rows = problem.units[line].astype(np.float64), np.arange(len(line))
    return Rows(
        row=np.concatenate([rows, rows]),
        column=np.concatenate([columns.short + line, whole]),
        value=np.concatenate([np.ones(len(line)), units]),
        low=units,
        high=units,
    )


def bundles_are_served_whole(columns: Columns) -> Rows:
    """(7')."""
    problem = columns.problem
    line = np.flatnonzero(problem.kit >= 0)
    head = (line - _place(problem)[line]) + problem.kit[line]
    broken = columns.broken + (np.cumsum(_heads(problem)) - 1)[head]
    rows, none = np.arange(len(line)), np.zeros(len(line))
    return Rows(
        row=np.concatenate([rows, rows]),
        column=np.concatenate([columns.short + line, broken]),
        value=np.concatenate([np.ones(len(line)), -problem.kit_units[line].astype(np.float64)]),
        low=none,
        high=none,
    )


def load_beyond_a_threshold_costs(columns: Columns) -> Rows:
    """(8)."""
    problem, soft = columns.problem, columns.problem.soft
    here, parcel = np.nonzero(soft.load_node[:, None] == problem.node[columns.candidate])
    steps = np.arange(len(soft.load_node))
    return Rows(
        row=np.concatenate([here, steps]),
        column=np.concatenate([parcel, columns.busy + steps]),
        value=np.concatenate([np.ones(len(here)), -np.ones(len(steps))]),
        low=np.full(len(steps), -np.inf),
        high=soft.load_from.astype(np.float64),
    )


def shortage_beyond_a_share_costs(columns: Columns) -> Rows:
    """(9)."""
    problem, soft = columns.problem, columns.problem.soft
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    line, of = np.nonzero(soft.group[order] >= 0)
    groups = np.arange(len(soft.group_free))
    return Rows(
        row=np.concatenate([soft.group[order[line], of].astype(np.int64), groups]),
        column=np.concatenate([columns.short + line, columns.unfair + groups]),
        value=np.concatenate([np.ones(len(line)), -np.ones(len(groups))]),
        low=np.full(len(groups), -np.inf),
        high=soft.group_free.astype(np.float64),
    )


RULES: Final[tuple[Callable[[Columns], Rows], ...]] = (
    lines_are_served_or_short,
    cells_give_what_they_hold,
    nodes_send_so_many_parcels,
    nodes_handle_so_many_units,
    orders_get_so_many_parcels,
    complete_orders_get_all_or_nothing,
    bundles_are_served_whole,
    load_beyond_a_threshold_costs,
    shortage_beyond_a_share_costs,
)
"""What a plan must keep to, (2) to (9)."""


def _at_most(key: Ints, column: Ints, amount: Ints | Floats, capacity: Ints) -> Rows:
    """Return Σ amount ≤ capacity for every key that has a capacity and is asked for anything."""
    bounded = np.flatnonzero(capacity[key] < UNLIMITED)
    keys, row = np.unique(key[bounded], return_inverse=True)
    high = capacity[keys].astype(np.float64)
    value = np.asarray(amount, np.float64)[bounded]
    return Rows(row.astype(np.int64), column[bounded], value, np.full(len(keys), -np.inf), high)


def costs(columns: Columns) -> Floats:
    """(1)."""
    problem, soft = columns.problem, columns.problem.soft
    of_entries, nothing = problem.menu_cost[columns.entry], np.zeros(columns.busy - columns.whole)
    return np.concatenate(
        [of_entries, problem.shortage, nothing, soft.load_cents, soft.group_cents], dtype=np.float64
    )


def most_of(columns: Columns) -> Floats:
    """Return the upper bound of every variable."""
    beyond = np.full(columns.size - columns.busy, np.inf)
    whole, problem = np.ones(columns.broken - columns.whole), columns.problem
    broken = (problem.units // problem.kit_units)[_heads(problem)]
    return np.concatenate([columns.most, problem.units, whole, broken, beyond], dtype=np.float64)


def written(columns: Columns) -> model_pb2.ModelProto:
    """Write (1) to (9) as a sparse matrix, in rows."""
    parts = [rule(columns) for rule in RULES]
    first = np.concatenate([[0], np.cumsum([len(part.low) for part in parts])])
    row = np.concatenate([part.row + at for part, at in zip(parts, first[:-1], strict=True)])
    column, value, low, high = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("column", "value", "low", "high")
    )
    rows, size = int(first[-1]), columns.size
    matrix = sparse.csr_matrix((value, (row, column)), shape=(rows, size), dtype=np.float64)
    matrix.sort_indices()
    model = model_pb2.ModelProto()
    model.variables.ids.extend(range(size))
    model.variables.lower_bounds.extend(np.zeros(size))
    model.variables.upper_bounds.extend(most_of(columns))
    model.variables.integers.extend((np.arange(size) < columns.busy).tolist())
    cost = costs(columns)
    model.objective.linear_coefficients.ids.extend(np.flatnonzero(cost).tolist())
    model.objective.linear_coefficients.values.extend(cost[cost != 0])
    model.linear_constraints.ids.extend(range(rows))
    model.linear_constraints.lower_bounds.extend(low)
    model.linear_constraints.upper_bounds.extend(high)
    of_row = np.repeat(np.arange(rows), np.diff(matrix.indptr))
    model.linear_constraint_matrix.row_ids.extend(of_row.tolist())
    model.linear_constraint_matrix.column_ids.extend(matrix.indices.tolist())
    model.linear_constraint_matrix.coefficients.extend(matrix.data)
    return model
