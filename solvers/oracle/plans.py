"""What the compiled oracle works on: menus, what is left, plans, and its work space."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.problem import Flags, Floats, Ints, Problem

FAR: Final = 2.0**52
"""More than any plan costs: `inf` that stays exact."""


class Left(NamedTuple):
    """What is left of each resource while orders are served one after the other."""

    stock: Ints  # (R,) units
    node_orders: Ints  # (N,) shipments
    node_units: Ints  # (N,) units

    @staticmethod
    def of(problem: Problem) -> "Left":
        """Return all there is, in arrays that may be written to."""
        return Left(problem.stock.copy(), problem.node_orders.copy(), problem.node_units.copy())


class Plans(NamedTuple):
    """One plan for each order: shipments start at `first[o]` and number `count[o]`."""

    first: Ints  # (K+1,) room for one shipment a unit
    count: Ints  # type: ignore[assignment]  # (K,) shipments; hides tuple.count
    candidate: Ints  # (U,)
    entry: Ints  # (U,) menu entry
    value: Floats  # (K,) cents, prices included

    @staticmethod
    def room(problem: Problem) -> "Plans":
        """Return plans that ship nothing."""
        total = np.concatenate([[0], np.cumsum(problem.units)])[problem.order_line]
        size = int(total[-1])
        return Plans(
            total.astype(np.int64),
            np.zeros(problem.size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(problem.size),
        )

    @staticmethod
    def like(plans: "Plans") -> "Plans":
        """Return plans that ship nothing, for the same orders."""
        return Plans(
            plans.first, np.zeros_like(plans.count), np.zeros_like(plans.candidate),
            np.zeros_like(plans.entry), np.zeros_like(plans.value),
        )  # fmt: skip

    def copied(self) -> "Plans":
        """Return the same plans in arrays of their own."""
        return Plans._make(column.copy() for column in self)


class Scratch(NamedTuple):
    """Work space for orders of up to so many states and lines."""

    best: Floats  # (S,) cheapest priced content, (1)
    by: Ints  # (S,) its candidate
    entry: Ints  # (S,) its menu entry
    f: Floats  # (layers · S,)
    take: Ints  # (layers · S,) content taken at a state, 0 where a unit goes short
    reach: Ints  # (k,) units of each line that a candidate can send
    each: Floats  # (k,) price of a unit of each line from a candidate
    digit: Ints  # (k,) odometer
    state: Ints  # (k,) digits of a state
    stride: Ints  # (k+1,) of the order's states
    fall: Ints  # (k,) by how much a state falls where a unit of the line, or its bundle, is short
    fine: Floats  # (k,) cents of that


@compiled
def scratch(problem: Any, orders: Any) -> Any:
    """Return work space that fits each of those orders that has a menu."""
    states, room, lines = 1, 1, 1
    for o in orders:
        if problem.large[o]:
            continue
        size, units = 1, 0
        for line in range(problem.order_line[o], problem.order_line[o + 1]):
            size *= problem.units[line] + 1
            units += problem.units[line]
        states = max(states, size)
        lines = max(lines, problem.order_line[o + 1] - problem.order_line[o])
        layers = problem.max_shipments[o] + 1 if problem.max_shipments[o] < units else 1
        room = max(room, size * layers)
    ints, floats = np.int64, np.float64
    return Scratch(
        np.empty(states, floats), np.empty(states, ints), np.empty(states, ints),
        np.empty(room, floats), np.empty(room, ints), np.empty(lines, ints),
        np.empty(lines, floats), np.empty(lines, ints), np.empty(lines, ints),
        np.empty(lines + 1, ints), np.empty(lines, ints), np.empty(lines, floats),
    )  # fmt: skip


class Menus(NamedTuple):
    """The columns of a problem that the oracle reads, lent (solvers/oracle/lend.py)."""

    order_line: Ints
    order_candidate: Ints
    max_shipments: Ints
    complete: Flags
    large: Flags
    units: Ints
    shortage: Ints
    kit: Ints
    kit_units: Ints
    node: NDArray[np.int32]
    pair_start: Ints
    cell: NDArray[np.int32]
    cap: NDArray[np.int32]
    menu_start: Ints
    menu_cost: Ints
    menu_content: NDArray[np.int32]


@compiled
def lent_menus(problem: Any) -> Any:
    """Lend the menus of a problem, for as long as the caller holds it."""
    return lent(
        Menus(
            problem.order_line, problem.order_candidate, problem.max_shipments, problem.complete,
            problem.large, problem.units, problem.shortage, problem.kit, problem.kit_units,
            problem.node, problem.pair_start, problem.cell, problem.cap, problem.menu_start,
            problem.menu_cost, problem.menu_content,
        )
    )  # fmt: skip
