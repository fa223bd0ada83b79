"""Cutting a night into parts by its orders, and putting what the parts decide together again.

Nodes and cells of a part are those of the whole night, so that prices and use mean the same in
all of them. Orders that compete should be in one part, where they are weighed against each other:
what parts hold in common can only be dealt out. Nearly every order hangs together with every other
by some chain of shared cells, so no cut is clean; but few lines are scarce, and few orders have
more than one such line.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from omnisource.solvers.problem import Decisions, Ints, Problem, sealed


def ranges(size: int, shards: int) -> list[tuple[int, int]]:
    """Cut 0 … size into so many ranges of about one length, none of them empty.

    >>> ranges(10, 3)
    [(0, 3), (3, 6), (6, 10)]
    >>> ranges(2, 5), ranges(0, 5)
    ([(0, 1), (1, 2)], [(0, 0)])
    """
    pieces = max(min(shards, size), 1)
    ends = [size * i // pieces for i in range(pieces + 1)]
    return list(pairwise(ends))


def by_scarcest(line_start: Ints, sku: Ints, units: Ints, stock: Ints) -> Ints:
    """Return the orders so that those which compete for the same SKU stand together.

    An order stands where its scarcest SKU does, the one of which most is ordered for each unit in
    stock: whoever else wants that unit is then likely to be in the same shard.

    Args:
        line_start: (K+1,) first line of each order.
        sku: (L,) of each line, −1 where nobody has it.
        units: (L,) units asked for.
        stock: (SKU,) units in stock, of all nodes.

    >>> lines = np.array([0, 1, 3, 4, 5])
    >>> sku, stock = np.array([0, 0, 1, 2, 1]), np.array([99, 1, 99])
    >>> by_scarcest(lines, sku, np.ones(5, int), stock).tolist()
    [0, 1, 3, 2]
    """
    known = sku >= 0
    ordered = np.bincount(sku[known], units[known], minlength=len(stock))
    tight = np.append(np.where(stock > 0, ordered / np.maximum(stock, 1), -1.0), -1.0)
    order = np.repeat(np.arange(len(line_start) - 1), np.diff(line_start))
    by = np.lexsort((sku, -tight[sku], order))  # the scarcest line of each order comes first
    first = np.full(len(line_start) - 1, -1)
    some = np.flatnonzero(np.diff(line_start))
    first[some] = sku[by[line_start[some]]]
    return np.argsort(first, kind="stable")


def line_skus(problem: Problem) -> Ints:
    """Return, (L,), the SKU of each line, −1 where no candidate has it."""
    candidate = np.repeat(np.arange(len(problem.node)), np.diff(problem.pair_start))
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_candidate))[candidate]
    place = np.arange(len(problem.cell)) - problem.pair_start[candidate]
    sku, held = np.full(len(problem.units), -1), problem.cell >= 0
    sku[(problem.order_line[order] + place)[held]] = problem.cell_sku[problem.cell[held]]
    return sku


def part(problem: Problem, orders: Ints) -> Problem:
    """Return the problem of those orders alone; nodes and cells stay those of the night."""
    order_line, line = runs(problem.order_line, orders)
    order_candidate, candidate = runs(problem.order_candidate, orders)
    pair_start, pair = runs(problem.pair_start, candidate)
    menu_start, menu = runs(problem.menu_start, candidate)
    way_start, way = runs(problem.ways.start, candidate)
    moved = np.repeat(way_start[:-1] - problem.ways.start[candidate], np.diff(menu_start))
    menu_way = problem.menu_way[menu]
    by_order = ("max_shipments", "complete", "placed_at", "large")
    by_line = ("units", "shortage", "late", "grams", "mm3", "alone", "line_fences",
               "kit", "kit_units", "kit_parcel")  # fmt: skip
    by_way = ("service", "steps", "days_late", "arrives", "fences", "co2")
    rows = dict.fromkeys(by_order, orders) | dict.fromkeys(by_line, line)
    rows |= dict.fromkeys(("node", "km"), candidate) | dict.fromkeys(("cell", "cap", "rate"), pair)
    rows |= dict.fromkeys(("menu_cost", "menu_content"), menu)
    columns: dict[str, Any] = {
        name: getattr(problem, name)[picked] for name, picked in rows.items()
    }
    ways = {name: getattr(problem.ways, name)[way] for name in by_way}
    return sealed(
        problem._replace(
            **columns,
            order_line=order_line,
            order_candidate=order_candidate,
            pair_start=pair_start,
            ways=problem.ways._replace(start=way_start, **ways),
            menu_start=menu_start,
            menu_way=np.where(menu_way >= 0, menu_way + moved, -1).astype(np.int32),
            soft=problem.soft._replace(group=problem.soft.group[orders]),
        )
    )


def runs(start: Ints, of: Ints) -> tuple[Ints, Ints]:
    """Return the starts of those runs when they stand alone, and the rows that they hold.

    >>> [x.tolist() for x in runs(np.array([0, 2, 3, 6]), np.array([2, 0]))]
    [[0, 3, 5], [3, 4, 5, 0, 1]]
    """
    counts = start[of + 1] - start[of]
    new = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return new, np.repeat(start[of] - new[:-1], counts) + np.arange(new[-1])


def part_of_decisions(problem: Problem, orders: Ints) -> Callable[[Decisions], Decisions]:
    """Return what translates the decisions of a part into those of the whole problem."""
    _, line = runs(problem.order_line, orders)
    _, candidate = runs(problem.order_candidate, orders)
    _, way = runs(problem.ways.start, candidate)

    def translate(own: Decisions) -> Decisions:
        return Decisions(
            candidate[own.candidate], way[own.way].astype(np.int32), own.start, line[own.line],
            own.units,
        )  # fmt: skip

    return translate


def joined(parts: Sequence[Decisions]) -> Decisions:
    """Return the decisions of all shards as one."""
    return Decisions(
        np.concatenate([each.candidate for each in parts]),
        np.concatenate([each.way for each in parts]),
        joined_starts([each.start for each in parts]),
        np.concatenate([each.line for each in parts]),
        np.concatenate([each.units for each in parts]),
    )


def joined_starts(starts: Sequence[Ints]) -> Ints:
    """Return the starts of all parts, counted on.

    >>> joined_starts([np.array([0, 2, 3]), np.array([0, 1])]).tolist()
    [0, 2, 3, 4]
    """
    counts = np.concatenate([np.diff(start) for start in starts])
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
