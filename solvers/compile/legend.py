"""The legend: what the numbers of a problem stand for in the world it was compiled from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import World
from omnisource.solvers.compile.candidates import VERDICTS
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Decisions, Ints, Problem


@dataclass(frozen=True, eq=False)
class Legend:
    """Names for numbers. Orders, nodes and services have the world's own row numbers."""

    line_start: Ints  # (L+1,) first entry of each line in `line_rows`
    line_rows: Ints  # rows of world.lines that a line stands for, in their order
    line_sku: NDArray[np.int32]  # (L,) row of world.products
    fences: tuple[str, ...]  # rule of each fence bit
    refused_line: NDArray[np.int32]  # (X,) pairs with stock, or an empty cell, that fell out
    refused_node: NDArray[np.int32]  # (X,)
    refused_why: NDArray[np.int8]  # (X,) position in `VERDICTS`
    counts: Ints  # (verdicts,) pairs of line and node that hold a cell, by what was found

    def verdicts(self) -> dict[str, int]:
        """Count the verdicts of all (line, node) pairs that were looked at."""
        return {name: int(n) for name, n in zip(VERDICTS, self.counts, strict=True)}


@dataclass(frozen=True, eq=False)
class Shipped:
    """Who ships what, in the world's own rows: what `evaluate` judges.

    A shipment of service −1 is handed over at the pick-up counter.
    """

    order: Ints  # (S,) row of world.orders
    node: Ints  # (S,) row of world.nodes
    service: Ints  # (S,) row of world.services, or −1
    start: Ints  # (S+1,) first content row of each shipment
    line: Ints  # (X,) row of world.lines
    units: Ints  # (X,) ≥ 1


def candidate_order(problem: Problem) -> Ints:
    """Return, (C,), the order of each candidate."""
    return np.repeat(np.arange(problem.size), np.diff(problem.order_candidate))


def shipped(world: World, problem: Problem, legend: Legend, decisions: Decisions) -> Shipped:
    """Translate decisions into the world's rows; units go to an order's equal lines in turn."""
    start, line, units = _spread(
        decisions.start,
        decisions.line,
        decisions.units,
        legend.line_start,
        legend.line_rows,
        world.lines["units"].astype(np.int64),
    )
    return Shipped(
        order=np.searchsorted(problem.order_candidate, decisions.candidate, side="right") - 1,
        node=problem.node[decisions.candidate].astype(np.int64),
        service=problem.ways.service[decisions.way].astype(np.int64),
        start=start,
        line=line,
        units=units,
    )


@compiled
def _spread(
    start: Ints, line: Ints, units: Ints, line_start: Ints, line_rows: Ints, asked: Ints
) -> tuple[Ints, Ints, Ints]:
    """Deal the units of each line out to the world's lines that it stands for."""
    left = asked.copy()
    room = 0
    for x in range(len(line)):
        room += line_start[line[x] + 1] - line_start[line[x]]
    new_start = np.zeros(len(start), np.int64)
    rows, dealt = np.empty(room, np.int64), np.empty(room, np.int64)
    at = 0
    for s in range(len(start) - 1):
        for x in range(start[s], start[s + 1]):
            rest = units[x]
            for i in range(line_start[line[x]], line_start[line[x] + 1]):
                row = line_rows[i]
                take = min(rest, left[row])
                if take > 0:
                    rows[at], dealt[at] = row, take
                    left[row] -= take
                    rest -= take
                    at += 1
        new_start[s + 1] = at
    return new_start, rows[:at], dealt[:at]
