"""What a cart's menu can do without: figures that another is no worse than, and what they leave.

Three lines of a national network have some 1,000 figures, of which some tens are ever the best.
"""

from typing import Any, Final

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Flags, Ints
from omnisource.solvers.quote.menu import Menu

SEEN: Final = 24
"""Figures of a content that others are held against."""


@compiled
def worth_keeping(menu: Any, at: Any, room: Any, goods: tuple[Ints, int]) -> Flags:
    """Say, (F,), which figures some plan may need.

    `at` is when each way arrives, `Reached.arrives`; `goods` are the units of each line and the
    number of contents.

    A figure is not needed if another of the same content is no worse in date, price and CO2, and
    its node could send it any number of times over: its cells hold all that the cart asks for of
    the lines in it, and its capacities suffice for every unit in a parcel of its own.
    """
    units, states = goods
    k, total = len(units), units.sum()
    node_orders, node_units = room
    front, filled = np.empty((states, SEEN), np.int64), np.zeros(states, np.int64)
    way, priced, emits = menu.way, menu.priced, menu.emits
    first, columns = at[:, 0].copy(), at.shape[1]
    kept = np.ones(len(menu.bill), np.bool_)
    for c in range(len(menu.node)):
        n = menu.node[c]
        ample = node_orders[n] >= total and node_units[n] >= total
        for j in range(k):
            ample &= menu.stock[c * k + j] == 0 or menu.stock[c * k + j] >= units[j]
        for m in range(menu.start[c] + 1, menu.start[c + 1]):
            s = menu.content[m]
            for f in range(menu.figure_start[m], menu.figure_start[m + 1]):
                for i in range(filled[s]):
                    b = front[s, i]
                    if (
                        first[way[b]] <= first[way[f]]
                        and priced[b] <= priced[f]
                        and emits[b] <= emits[f]
                        and (columns == 1 or no_later(at, way[b], way[f]))
                    ):
                        kept[f] = False
                        break
                if not (kept[f] and ample):
                    continue
                many = 0
                for i in range(filled[s]):
                    b = front[s, i]
                    if (
                        first[way[f]] <= first[way[b]]
                        and priced[f] <= priced[b]
                        and emits[f] <= emits[b]
                        and (columns == 1 or no_later(at, way[f], way[b]))
                    ):
                        kept[b] = False
                    else:
                        front[s, many] = b
                        many += 1
                if many < SEEN:
                    front[s, many] = f
                    many += 1
                filled[s] = many
    return kept


@compiled
def no_later(at: Any, one: int, other: int) -> bool:
    """Say whether a way arrives no later than another, in whatever number of parcels."""
    for p in range(at.shape[1]):  # noqa: SIM110
        if at[one, p] > at[other, p]:
            return False
    return True


@compiled
def thinned(menu: Any, kept: Flags, k: int) -> Any:
    """Return the menu with the figures that are kept, and the candidates and entries they need."""
    i64 = np.int64
    many, entries = len(menu.node), len(menu.content)
    figures = np.flatnonzero(kept)
    node, start = np.empty(many, i64), np.zeros(many + 1, i64)
    pairs = np.empty(many * k, i64)
    content, figure_start = np.empty(entries, np.int32), np.zeros(entries + 1, i64)
    c, m, f = 0, 0, 0
    for old in range(many):
        begin, end = menu.start[old], menu.start[old + 1]
        first = m
        content[m], figure_start[m] = 0, f
        m += 1
        for e in range(begin + 1, end):
            before = f
            for g in range(menu.figure_start[e], menu.figure_start[e + 1]):
                f += kept[g]
            if f > before:
                content[m], figure_start[m] = menu.content[e], before
                m += 1
        if m == first + 1:
            m = first
            continue
        node[c] = menu.node[old]
        for j in range(k):
            pairs[c * k + j] = old * k + j
        c += 1
        start[c], figure_start[m] = m, f
    pairs = pairs[: c * k]
    cell = menu.cell[pairs]
    for p in range(len(cell)):
        cell[p] = p if cell[p] >= 0 else -1
    return Menu(
        node[:c], cell, menu.cap[pairs], menu.stock[pairs], start[: c + 1], content[:m],
        figure_start[: m + 1], menu.way[figures], menu.bill[figures], menu.priced[figures],
        menu.emits[figures],
    )  # fmt: skip
