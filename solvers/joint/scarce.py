"""Products of which not every unit asked for can be served, and the price that this puts on them.

Where more of a product is asked for than there is, no one cell's price can rise alone: demand moves
on to the product's other cells, until all are as dear. So prices move in two ways, each cell by
itself and all cells of a product together (solvers/joint/prices.py), and begin near their end.

For one product, let lines i ask for q_i units, cells r hold b_r, and i reach r where r's node could
send it. How many units can be served, orders' other lines and nodes' capacities left aside, is a
maximum flow

    max Σ f_ir    Σ_r f_ir ≤ q_i,   Σ_i f_ir ≤ b_r,   f ≥ 0                               (1)

found by augmenting paths (Ford & Fulkerson, Canadian Journal of Mathematics 8, 1956). Where a unit
finds no path, everything that its search met is a set of lines that reach no cells but those of the
set, all full: a Hall violator. With d units unserved among them, the d-th lowest penalty of their
units is about what a unit more would save, so the cells of the set begin at

    y_r  =  that penalty − what sending a unit typically costs, not below 0               (2)

and all others at 0. (2) is only where to begin; the bound holds at any price.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.problem import UNLIMITED, Floats, Ints, Problem


@dataclass(frozen=True, eq=False)
class Products:
    """Which cells hold the same product."""

    sku: Ints  # (R,) product of each cell, 0 … S−1
    size: int  # S

    @staticmethod
    def of(problem: Problem) -> "Products":
        """Return the products of a night."""
        sku = problem.cell_sku.astype(np.int64)
        return Products(sku, int(sku.max(initial=-1)) + 1)

    def sums(self, cells: Ints) -> Ints:
        """Return the sum over each product's cells, (S,), of a figure of each cell, (R,)."""
        return np.bincount(self.sku, cells, self.size).astype(np.int64)


def first_prices(problem: Problem, stock: Ints, sending: float) -> Floats:
    """Return the prices of cells to begin with, (R,) cents a unit, (2).

    Args:
        problem: the night.
        stock: (R,) units of each cell that orders with a menu may use.
        sending: cents that sending a unit typically costs.
    """
    line_sku = product_of_lines(problem)
    lines = np.flatnonzero(line_sku >= 0)
    lines = lines[np.lexsort((-problem.shortage[lines], line_sku[lines]))]
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))[lines]
    start = np.flatnonzero(np.diff(line_sku[lines], prepend=-1, append=-1))
    price = marginal_penalties(problem, (lines, order, start), stock)
    return np.where(stock < UNLIMITED // 2, np.maximum(price - sending, 0.0), 0.0)


@compiled
def product_of_lines(problem: Problem) -> Ints:
    """Return the product of each line of orders with a menu, (L,); −1 where no node has it."""
    out = np.full(len(problem.units), -1, np.int64)
    for o in range(len(problem.large)):
        first, last = problem.order_line[o], problem.order_line[o + 1]
        if problem.large[o]:
            continue
        for line in range(first, last):
            for c in range(problem.order_candidate[o], problem.order_candidate[o + 1]):
                cell = problem.cell[problem.pair_start[c] + line - first]
                if cell >= 0:
                    out[line] = problem.cell_sku[cell]
                    break
    return out


class Reach(NamedTuple):
    """One product: an edge for each line and cell that it reaches, and what flows there, (1)."""

    line_start: Ints  # (I+1,) first edge of each line
    line: Ints  # (E,)
    cell: Ints  # (E,) position among the product's cells
    flow: Ints  # (E,)
    cell_start: Ints  # (J+1,) first entry of each cell in `edge`
    edge: Ints  # (E,) edges by cell
    cells: Ints  # (J,) rows of the night's cells
    rest: Ints  # (I,) units unserved
    room: Ints  # (J,) units left


@compiled
def marginal_penalties(
    problem: Problem, by_product: tuple[Ints, Ints, Ints], stock: Ints
) -> Floats:
    """Return the penalty that (2) begins from, (R,), 0 where no unit is lacking.

    Args:
        problem: the night.
        by_product: lines, those of a product together and the dearest first; their orders; and the
            first of each product, with an end.
        stock: (R,) units.
    """
    lines, order, start = by_product
    out, local = np.zeros(len(stock)), np.full(len(stock), -1)
    for s in range(len(start) - 1):
        mine = slice(start[s], start[s + 1])
        reach = reached(problem, (lines[mine], order[mine]), stock, local)
        met, lacking = fill(reach)
        if lacking == 0:
            continue
        i, units = len(reach.rest), 0
        while units < lacking:
            i -= 1
            units += problem.units[lines[start[s] + i]] if met[0][i] else 0
        for j in range(len(reach.cells)):
            if met[1][j]:
                out[reach.cells[j]] = problem.shortage[lines[start[s] + i]]
    return out


@compiled
def reached(problem: Problem, asked: tuple[Ints, Ints], stock: Ints, local: Ints) -> Reach:
    """Return which cells each line reaches, nothing flowing yet; `local` is −1 before and after.

    `asked` is lines, and the order of each.
    """
    lines, order = asked
    order_candidate, pair_start = lent(problem.order_candidate), lent(problem.pair_start)
    cell, order_line = lent(problem.cell), lent(problem.order_line)
    most = 0
    for o in order:
        most += order_candidate[o + 1] - order_candidate[o]
    line_start, of_line = np.zeros(len(lines) + 1, np.int64), np.empty(most, np.int64)
    to, cells, edges, count = np.empty(most, np.int64), np.empty(most, np.int64), 0, 0
    rest = np.empty(len(lines), np.int64)
    for i in range(len(lines)):
        o, rest[i] = order[i], problem.units[lines[i]]
        for c in range(order_candidate[o], order_candidate[o + 1]):
            r = cell[pair_start[c] + lines[i] - order_line[o]]
            if r < 0:
                continue
            if local[r] < 0:
                local[r], cells[count] = count, r
                count += 1
            of_line[edges], to[edges] = i, local[r]
            edges += 1
        line_start[i + 1] = edges
    cell_start, room = np.zeros(count + 1, np.int64), np.empty(count, np.int64)
    for e in range(edges):
        cell_start[to[e] + 1] += 1
    for j in range(count):
        cell_start[j + 1] += cell_start[j]
        room[j], local[cells[j]] = stock[cells[j]], -1
    edge, at = np.empty(edges, np.int64), cell_start.copy()
    for e in range(edges):
        edge[at[to[e]]] = e
        at[to[e]] += 1
    return Reach(
        line_start, of_line[:edges], to[:edges], np.zeros(edges, np.int64), cell_start, edge,
        cells[:count], rest, room,
    )  # fmt: skip


@compiled
def fill(reach: Reach) -> Any:
    """Solve (1); return the lines and cells of the violators, as flags, and the units lacking."""
    lines, cells = len(reach.rest), len(reach.cells)
    met = (np.zeros(lines, np.bool_), np.zeros(cells, np.bool_))
    to_line, to_cell = np.full(lines, -1), np.full(cells, -1)  # the edge by which it was met
    queue, lacking = np.empty(lines, np.int64), 0
    for i in range(lines):
        for e in range(reach.line_start[i], reach.line_start[i + 1]):
            move(reach, e, min(reach.rest[i], reach.room[reach.cell[e]]))
    for i in range(lines):
        while reach.rest[i] > 0:
            end = search(reach, i, met, (to_line, to_cell, queue))
            if end < 0:
                lacking += reach.rest[i]
                break
            augment(reach, (i, end), to_line, to_cell)
    return met, lacking


@compiled
def move(reach: Reach, e: int, units: int) -> None:
    """Let so many units more flow over an edge."""
    reach.flow[e] += units
    reach.rest[reach.line[e]] -= units
    reach.room[reach.cell[e]] -= units


@compiled
def search(reach: Reach, i: int, met: Any, work: Any) -> int:
    """Return a cell with room that line i reaches by exchanges, −1 if there is none.

    What a search without success has met stays met: no other will get further from there.
    """
    to_line, to_cell, queue = work
    queue[0], ahead, behind, first = i, 0, 1, not met[0][i]
    met[0][i] = True
    end, seen, cells = -1, 0, np.empty(len(reach.cells), np.int64)
    while ahead < behind and end < 0:
        for e in range(reach.line_start[queue[ahead]], reach.line_start[queue[ahead] + 1]):
            j = reach.cell[e]
            if met[1][j]:
                continue
            met[1][j], to_cell[j], cells[seen] = True, e, j
            seen += 1
            if reach.room[j] > 0:
                end = j
                break
            for a in range(reach.cell_start[j], reach.cell_start[j + 1]):
                back = reach.edge[a]
                if reach.flow[back] > 0 and not met[0][reach.line[back]]:
                    met[0][reach.line[back]], to_line[reach.line[back]] = True, back
                    queue[behind] = reach.line[back]
                    behind += 1
        ahead += 1
    if end >= 0:
        for b in range(0 if first else 1, behind):
            met[0][queue[b]] = False
        for b in range(seen):
            met[1][cells[b]] = False
    return end


@compiled
def augment(reach: Reach, path: tuple[int, int], to_line: Ints, to_cell: Ints) -> None:
    """Send as many units as the path found from a line to a cell carries."""
    i, end = path
    units, j = min(reach.rest[i], reach.room[end]), end
    while reach.line[to_cell[j]] != i:
        back = to_line[reach.line[to_cell[j]]]
        units, j = min(units, reach.flow[back]), reach.cell[back]
    reach.rest[i] -= units
    reach.room[end] -= units
    reach.flow[to_cell[end]] += units
    j = end
    while reach.line[to_cell[j]] != i:
        back = to_line[reach.line[to_cell[j]]]
        reach.flow[back] -= units
        j = reach.cell[back]
        reach.flow[to_cell[j]] += units
