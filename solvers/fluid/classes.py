"""Demand by class: orders of one class ask for the same items from the same place.

Indices
    q  class, 0 … Q−1           i  item, 0 … I−1
    s  slot: an item of a class, 0 … S−1     k  place that ships, 0 … F

An order of class q that is sent from places K, u_k units from k, costs

    Σ over k ∈ K of  fixed_k + u_k · unit_qk                                             (1)

in millionths of a dollar. The last place, F, has no end of everything and is dear: what it sends
is unserved. All else is a `Problem` whose order q stands for any order of class q, so that the
oracle of the night decides a stream.
"""

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from omnisource.solvers.problem import UNLIMITED, Floats, Ints, Problem, Soft, Ways, sealed

MILLION: Final = 1_000_000
"""Costs are in millionths of a dollar: fine enough for rates a mile, and sums are exact."""
SHORT: Final = 10_000 * MILLION
"""The penalty of a unit that even the last place does not send: never paid."""


class Classes(NamedTuple):
    """Demand by class, one unit an item, and what sending it costs."""

    item: Ints  # (Q, S) items, −1 behind the last
    nearest: Ints  # (Q, S) the nearest place that carries it, F if none does
    fixed: Ints  # (F+1,) a shipment
    unit: Ints  # (Q, F+1) a unit
    stock: Ints  # (I, F+1) units to begin with; the last column is `UNLIMITED`
    rate: Floats  # (Q,) orders a period; the rest of 1 is no order

    @property
    def size(self) -> int:
        """The number of classes, Q."""
        return len(self.item)

    @property
    def last(self) -> int:
        """The place that stands for "unserved", F."""
        return len(self.fixed) - 1


def problem_of(classes: Classes) -> Problem:
    """Return the classes as a night of one order a class.

    Cell i (F+1) + k is item i at place k; the menus are those of (1).
    """
    size, places = classes.size, classes.last + 1
    sizes = (classes.item >= 0).sum(axis=1)
    carries = classes.stock > 0
    node: list[int] = []
    cell: list[int] = []
    order: list[int] = []
    menus: list[list[tuple[int, int]]] = []
    for q in range(size):
        items = classes.item[q, : sizes[q]]
        for k in range(places):
            if not carries[items, k].any():
                continue
            order.append(q)
            node.append(k)
            cell += np.where(carries[items, k], items * places + k, -1).tolist()
            menus.append(_menu(classes, q, k, np.flatnonzero(carries[items, k])))
    return _assembled(classes, np.array(order), np.array(node), np.array(cell), menus=menus)


def _menu(classes: Classes, q: int, k: int, slots: Ints) -> list[tuple[int, int]]:
    """Return (content, cost) of all that a place can send to a class in one shipment, (1)."""
    contents = [c for n in range(1, len(slots) + 1) for c in combinations(slots.tolist(), n)]
    fixed, unit = int(classes.fixed[k]), int(classes.unit[q, k])
    menu = [(sum(1 << s for s in content), fixed + len(content) * unit) for content in contents]
    return [(0, 0), *sorted(menu)]


def _starts(counts: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _assembled(
    classes: Classes, order: Ints, node: Ints, cell: Ints, *, menus: list[list[tuple[int, int]]]
) -> Problem:
    size, places, items = classes.size, classes.last + 1, len(classes.stock)
    sizes = (classes.item >= 0).sum(axis=1)
    lines, entries = int(sizes.sum()), sum(len(menu) for menu in menus)
    zeros, i32 = np.zeros(lines, np.int64), np.int32
    content, cost = np.array([entry for menu in menus for entry in menu]).T
    one = np.array([0])
    ways = Ways(
        np.zeros(len(node) + 1, np.int64), one.astype(np.int16)[:0], one.astype(i32)[:0],
        one.astype(np.int16)[:0], one.astype(i32)[:0], one.astype(np.uint64)[:0],
        np.zeros(0), np.array([UNLIMITED]), one, np.zeros(1),
    )  # fmt: skip
    return sealed(
        Problem(
            order_line=_starts(sizes),
            order_candidate=_starts(np.bincount(order, minlength=size)),
            max_shipments=np.full(size, UNLIMITED),
            complete=np.zeros(size, bool),
            placed_at=np.arange(size),
            large=np.zeros(size, bool),
            units=zeros + 1,
            shortage=zeros + SHORT,
            late=zeros,
            grams=zeros,
            mm3=np.zeros(lines),
            alone=np.zeros(lines, bool),
            line_fences=zeros.astype(np.uint64),
            kit=zeros - 1,
            kit_units=zeros + 1,
            kit_parcel=np.zeros(lines, bool),
            node=node.astype(i32),
            km=np.zeros(len(node)),
            pair_start=_starts(sizes[order]),
            ways=ways,
            cell=cell.astype(i32),
            cap=(cell >= 0).astype(i32),
            rate=np.zeros(len(cell), i32),
            menu_start=_starts(np.array([len(menu) for menu in menus])),
            menu_cost=cost,
            menu_content=content.astype(i32),
            menu_way=np.full(entries, -1, i32),
            stock=classes.stock.ravel().astype(np.int64),
            cell_node=np.tile(np.arange(places), items).astype(i32),
            cell_sku=np.repeat(np.arange(items), places).astype(i32),
            node_orders=np.full(places, UNLIMITED),
            node_units=np.full(places, UNLIMITED),
            per_shipment=classes.fixed,
            soft=Soft.none(size),
            rank=np.arange(places),
            weights=np.full(4, 0.25),
        )
    )
