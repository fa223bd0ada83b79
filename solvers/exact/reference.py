"""The whole night as one integer programme in CP-SAT: the reference for small instances.

Variables, over the menus of solvers/problem.py
    z_m      how many parcels of menu entry m (candidate c, content x) are sent, 0 … ⌊cap / x⌋
    short_l  units of line l left unserved, 0 … units_l
    whole_o  whether an order that must be complete is served
    busy_b   shipments of a node beyond the threshold b on its load
    unfair_g units short of a group beyond what costs nothing more

Programme
    (1)  min  Σ_m cost_m z_m  +  Σ_l shortage_l short_l
              +  Σ_b load_cents_b busy_b  +  Σ_g group_cents_g unfair_g
    (2)  Σ_m x_ml z_m  +  short_l  =  units_l                    every line l
    (3)  Σ_m x_mr z_m  ≤  stock_r                                every cell r
    (4)  Σ_{m from n} z_m  ≤  node_orders_n                      every node n
    (5)  Σ_{m from n} Σ_l x_ml z_m  ≤  node_units_n              every node n
    (6)  Σ_{m of o} z_m  ≤  max_shipments_o                      every order o
    (7)  short_l  =  units_l (1 − whole_o)                       every line of o where complete_o
    (7') short_l  =  kit_units_l · broken_k                      every line l of a bundle k
    (8)  busy_b  ≥  Σ_{m from b's node} z_m − load_from_b        every threshold b
    (9)  unfair_g  ≥  Σ_{l of g} short_l − group_free_g          every group g

It goes on until the optimum is proven or the time is up (`Limits.gap` is not looked at). What it
finds depends on the seed, and not on the threads' luck: the search is interleaved.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from omnisource.solvers.exact.entries import Entries, decisions_of, entries, refuse_large
from omnisource.solvers.problem import UNLIMITED, Answer, Ints, Limits, Problem
from omnisource.solvers.watch import ending


@dataclass(frozen=True, eq=False)
class Programme(Entries):
    """The model over those entries, and its variables."""

    problem: Problem
    model: cp_model.CpModel
    z: list[cp_model.IntVar]
    short: list[cp_model.IntVar]
    busy: list[cp_model.IntVar]
    unfair: list[cp_model.IntVar]


def exact(problem: Problem, limits: Limits) -> Answer:
    """Solve a small night to proven optimality, or as far as the time allows.

    Raises:
        UnusableInput: an order is large, so that it has no menu.
    """
    refuse_large(problem, "exact")
    programme = _programme(problem)
    for rule in RULES:
        rule(programme)
    _costs(programme)
    return _solved(programme, limits)


def _programme(problem: Problem) -> Programme:
    model, found = cp_model.CpModel(), entries(problem)
    soft, most_of_all = problem.soft, int(problem.units.sum())
    return Programme(
        **vars(found),
        problem=problem,
        model=model,
        z=[model.new_int_var(0, int(n), "") for n in found.most],
        short=[model.new_int_var(0, int(n), "") for n in problem.units],
        busy=[model.new_int_var(0, most_of_all, "") for _ in soft.load_node],
        unfair=[model.new_int_var(0, most_of_all, "") for _ in soft.group_free],
    )


def _sums(
    keys: NDArray[np.signedinteger], columns: Iterable[Any], units: Ints
) -> dict[int, list[Any]]:
    """Gather units · column by key."""
    sums: dict[int, list[Any]] = defaultdict(list)
    for key, column, amount in zip(keys.tolist(), columns, units.tolist(), strict=True):
        sums[key].append(amount * column)
    return sums


def _at_most(programme: Programme, sums: dict[int, list[Any]], capacity: Ints) -> None:
    for key, terms in sums.items():
        if capacity[key] < UNLIMITED:
            programme.model.add(sum(terms) <= int(capacity[key]))


def _of_rows(programme: Programme) -> list[cp_model.IntVar]:
    return [programme.z[i] for i in programme.parcel.tolist()]


def lines_are_served_or_short(programme: Programme) -> None:
    """(2)."""
    served = _sums(programme.line, _of_rows(programme), programme.units)
    for line, units in enumerate(programme.problem.units.tolist()):
        programme.model.add(sum(served.get(line, [])) + programme.short[line] == units)


def cells_give_what_they_hold(programme: Programme) -> None:
    """(3)."""
    cell = programme.problem.cell[programme.pair]
    used = _sums(cell, _of_rows(programme), programme.units)
    _at_most(programme, used, programme.problem.stock)


def nodes_send_so_many_parcels(programme: Programme) -> None:
    """(4)."""
    node = programme.problem.node[programme.candidate]
    sent = _sums(node, programme.z, np.ones(len(node), np.int64))
    _at_most(programme, sent, programme.problem.node_orders)


def nodes_handle_so_many_units(programme: Programme) -> None:
    """(5)."""
    node = programme.problem.node[programme.candidate[programme.parcel]]
    handled = _sums(node, _of_rows(programme), programme.units)
    _at_most(programme, handled, programme.problem.node_units)


def orders_get_so_many_parcels(programme: Programme) -> None:
    """(6)."""
    sent = _sums(programme.order, programme.z, np.ones(len(programme.z), np.int64))
    _at_most(programme, sent, programme.problem.max_shipments)


def complete_orders_get_all_or_nothing(programme: Programme) -> None:
    """(7)."""
    problem = programme.problem
    for order in np.flatnonzero(problem.complete).tolist():
        whole = programme.model.new_bool_var("")
        for line in range(problem.order_line[order], problem.order_line[order + 1]):
            units = int(problem.units[line])
            programme.model.add(programme.short[line] == units * (1 - whole))


def bundles_are_served_whole(programme: Programme) -> None:
    """(7')."""
    problem = programme.problem
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    short: dict[tuple[int, int], cp_model.IntVar] = {}
    for line in np.flatnonzero(problem.kit >= 0).tolist():
        key, each = (int(order[line]), int(problem.kit[line])), int(problem.kit_units[line])
        if key not in short:
            short[key] = programme.model.new_int_var(0, int(problem.units[line]) // each, "")
        programme.model.add(programme.short[line] == each * short[key])


def load_beyond_a_threshold_costs(programme: Programme) -> None:
    """(8)."""
    node, soft = programme.problem.node[programme.candidate], programme.problem.soft
    sent = _sums(node, programme.z, np.ones(len(node), np.int64))
    thresholds = zip(programme.busy, soft.load_node.tolist(), soft.load_from.tolist(), strict=True)
    for busy, at, free in thresholds:
        programme.model.add(busy >= sum(sent.get(at, [])) - free)


def shortage_beyond_a_share_costs(programme: Programme) -> None:
    """(9)."""
    problem, soft = programme.problem, programme.problem.soft
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    for column in soft.group.T:
        group = column[order]
        mine = np.flatnonzero(group >= 0)
        short = [programme.short[line] for line in mine]
        for g, units in _sums(group[mine], short, np.ones(len(mine), np.int64)).items():
            programme.model.add(programme.unfair[g] >= sum(units) - int(soft.group_free[g]))


RULES: Final[tuple[Callable[[Programme], None], ...]] = (
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
"""What a plan must keep to, (2) to (7), and what it pays for beyond, (8) and (9)."""


def _costs(programme: Programme) -> None:
    """(1)."""
    problem, soft = programme.problem, programme.problem.soft
    columns = [*programme.z, *programme.short, *programme.busy, *programme.unfair]
    costs = (problem.menu_cost[programme.entry], problem.shortage, soft.load_cents,
             soft.group_cents)  # fmt: skip
    cents = np.concatenate(costs).tolist()
    programme.model.minimize(cp_model.LinearExpr.weighted_sum(columns, cents))


def _solved(programme: Programme, limits: Limits) -> Answer:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limits.seconds
    solver.parameters.random_seed = limits.seed
    solver.parameters.num_workers = limits.threads or os.cpu_count() or 1
    solver.parameters.interleave_search = True
    solver.parameters.catch_sigint_signal = False  # whoever runs us listens, see Limits.stop
    with ending(limits, solver.stop_search):
        status = solver.solve(programme.model)
    counts = np.zeros(len(programme.z), np.int64)  # nothing sent: a plan at any time
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        counts[:] = [solver.value(z) for z in programme.z]
    short_of_it = "interrupted" if limits.stopped() else "time"
    ended = "optimal" if status == cp_model.OPTIMAL else short_of_it
    return Answer(
        decisions_of(programme.problem, programme, counts),
        status=ended,
        bound=solver.best_objective_bound,
        seconds={"exact": solver.wall_time},
    )
