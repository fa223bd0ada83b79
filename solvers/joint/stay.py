"""What is settled stays, unless moving it saves more than a threshold.

Data: θ cents, what a move must save; g_{l,n} units of line l that its order was given at node n by
an earlier run; had_o, whether order o was given anything.

    (1)  a parcel (c, x) of an order with had_o *moves* if x_l > g_{l,n} for some line l, n the
         node of c; it costs θ more:   cost′(c, x) = cost(c, x) + θ · [it moves]
    (2)  so does a unit short of a line of such an order that had all its units:
         shortage′_l = shortage_l + θ

With (1) and (2) the night is one like any other, and the joint solver, its prices and its bound are
as they are for any. What it does not do is move m parcels to save less than m θ in all.

The bound that is told is one for the night as it is, of every plan, moved or not. At prices y, with
v_o the oracle's value over the true costs and v′_o over (1) and (2),

    (3)  bound  =  bound′  −  Σ_o ( v′_o(y) − v_o(y) )  =  Σ_o v_o(y) − y b

holds at any y (Lagrangian duality, solvers/joint/solve.py (1)); large orders keep their part of
bound′, which is why none of them may have been given anything before.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from omnisource.solvers.compile.legend import Legend
from omnisource.solvers.compiled import compiled
from omnisource.solvers.joint.solve import joint
from omnisource.solvers.oracle.kernel import price_some
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Answer, Decisions, Flags, Ints, Limits, Problem, sealed


class Given(NamedTuple):
    """What orders were given before: rows of the world's lines and nodes, and units."""

    line: Ints
    node: Ints
    units: Ints

    @staticmethod
    def nothing() -> "Given":
        """Return that nobody was given anything."""
        return Given(*(np.zeros(0, np.int64) for _ in range(3)))


class Settled(NamedTuple):
    """What orders were given before, in the columns of a problem."""

    pair: Ints  # (P,) units, g
    line: Ints  # (L,) units, from nodes that are no candidates any more too
    had: Flags  # (K,)


def settled(problem: Problem, legend: Legend, given: Given) -> Settled:
    """Return what was given before in the columns of a problem."""
    lines = len(problem.units)
    line_of = np.empty(len(legend.line_rows), np.int64)
    line_of[legend.line_rows] = np.repeat(np.arange(lines), np.diff(legend.line_start))
    line = line_of[given.line]
    order_of = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    order = order_of[line]
    owner = np.repeat(np.arange(problem.size), np.diff(problem.order_candidate))
    key, nodes = owner * problem.nodes + problem.node, problem.nodes
    turn = np.argsort(key, kind="stable")
    at = np.searchsorted(key[turn], order * nodes + given.node)
    at = turn[np.minimum(at, len(turn) - 1)] if len(turn) else np.zeros(len(line), np.int64)
    there = key[at] == order * nodes + given.node if len(turn) else np.zeros(len(line), bool)
    pair = problem.pair_start[at] + line - problem.order_line[order]
    found = np.zeros(len(problem.cell), np.int64)
    np.add.at(found, pair[there], given.units[there])
    units, had = np.zeros(lines, np.int64), np.zeros(problem.size, bool)
    np.add.at(units, line, given.units)
    had[order] = True
    return Settled(found, units, had)


def stay(problem: Problem, limits: Limits, before: Settled, cents: int) -> Answer:
    """Decide a night in which what is settled stays unless moving it saves more than `cents`.

    Returns:
        The joint solver's answer; its bound holds for every plan of `problem`, (3).

    Raises:
        ValueError: a large order was given something before.
    """
    if (before.had & problem.large).any():
        raise ValueError("a large order that was given something must be kept out of the night")
    if not before.had.any():
        return joint(problem, limits)
    dearer = with_threshold(problem, before, cents)
    answer = joint(dearer, limits)
    assert answer.bound is not None
    assert answer.prices is not None
    values = [_values(each, answer) for each in (dearer, problem)]
    less = float((values[0] - values[1]).sum())
    moved = int(moves(problem, answer.decisions, before).sum())
    notes = {**answer.notes, "moved_parcels": moved, "bound_with_moves": answer.bound}
    return replace(answer, bound=answer.bound - less, notes=notes)


def with_threshold(problem: Problem, before: Settled, cents: int) -> Problem:
    """Return the problem in which moving costs so many cents more, (1) and (2)."""
    cost = problem.menu_cost.copy()
    _dearer(problem, before, cents, cost)
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    whole = before.had[order] & (before.line >= problem.units)
    return sealed(problem._replace(menu_cost=cost, shortage=problem.shortage + cents * whole))


def moves(problem: Problem, chosen: Decisions, before: Settled) -> Flags:
    """Say, (S,), which parcels move, (1)."""
    size = np.diff(chosen.start)
    parcel = np.repeat(np.arange(len(chosen.candidate)), size)
    candidate = chosen.candidate[parcel]
    order = np.searchsorted(problem.order_candidate, candidate, side="right") - 1
    pair = problem.pair_start[candidate] + chosen.line - problem.order_line[order]
    more = (chosen.units > before.pair[pair]) & before.had[order]
    return np.bincount(parcel, more, len(chosen.candidate)) > 0


def _values(problem: Problem, answer: Answer) -> Any:
    """Return, (K,), the oracle's value of each order at an answer's prices; 0 of large ones."""
    plans = Plans.room(problem)
    price_some(problem, answer.prices, Left.of(problem), np.arange(problem.size), plans)
    return plans.value


@compiled
def _dearer(problem: Problem, before: Settled, cents: int, cost: Ints) -> None:
    """Add `cents` to the cost, (M,), of every entry that moves, (1)."""
    for o in range(len(before.had)):
        if not before.had[o] or problem.large[o]:
            continue
        first, last = problem.order_line[o], problem.order_line[o + 1]
        for c in range(problem.order_candidate[o], problem.order_candidate[o + 1]):
            pair = problem.pair_start[c]
            for m in range(problem.menu_start[c] + 1, problem.menu_start[c + 1]):
                code, more = problem.menu_content[m], False
                for line in range(first, last):
                    radix = problem.units[line] + 1
                    more |= code % radix > before.pair[pair + line - first]
                    code //= radix
                if more:
                    cost[m] += cents
