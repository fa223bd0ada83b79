"""What rule engines share: orders are served one after the other, from what is left.

An engine chooses nodes; this module packs what a node gives into parcels, keeps the books of
what is left, and so keeps every plan feasible for (2)–(7) of solvers/problem.py:

    (2)  a line is never given more than it still wants
    (3)  nor more than its cell has left
    (4), (5)  a node sends no more parcels, and no more units, than it may
    (6)  an order gets no more parcels than it may, the last from whoever has most of the rest;
         what is then missing is short
    (7)  an order that must be complete and is not, or would get half a bundle, is taken back,
         parcel by parcel

A node's goods for an order travel in as few parcels as first-fit-decreasing finds: all in one if
one may carry them; otherwise parcels are filled one after the other, heaviest line first. Each
parcel goes by its cheapest way.
"""

from typing import NamedTuple

import numpy as np

from omnisource.solvers.compile.menus import content_cents
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, Decisions, Ints, Problem


class Books(NamedTuple):
    """What is left, and what was decided so far; the arrays are written."""

    stock: Ints  # (R,) units left
    node_orders: Ints  # (N,) shipments left
    node_units: Ints  # (N,) units left
    candidate: Ints  # (≤ X,) candidate of each shipment
    way: Ints  # (≤ X,)
    start: Ints  # (≤ X+1,) first content row of each shipment
    line: Ints  # (≤ X,)
    amount: Ints  # (≤ X,) units
    size: Ints  # (2,) shipments and content rows written
    turn: Ints  # (3,) the order being served; shipments and rows written before its turn


def books(problem: Problem) -> Books:
    """Open the books: all is left, nothing is decided."""
    rows = int(min(problem.units.sum(), problem.stock.sum()))  # a content row holds a unit
    return Books(
        stock=problem.stock.copy(),
        node_orders=problem.node_orders.copy(),
        node_units=problem.node_units.copy(),
        candidate=np.zeros(rows, np.int64),
        way=np.zeros(rows, np.int64),
        start=np.zeros(rows + 1, np.int64),
        line=np.zeros(rows, np.int64),
        amount=np.zeros(rows, np.int64),
        size=np.zeros(2, np.int64),
        turn=np.zeros(3, np.int64),
    )


def decided(books: Books) -> Decisions:
    """Close the books."""
    shipments, rows = books.size
    return Decisions(
        candidate=books.candidate[:shipments].copy(),
        way=books.way[:shipments].astype(np.int32),
        start=books.start[: shipments + 1].copy(),
        line=books.line[:rows].copy(),
        units=books.amount[:rows].copy(),
    )


@compiled
def price_content(problem: Problem, order: int, candidate: int, box: Ints) -> tuple[int, int]:
    """Return cents and way of a content sent in one parcel; `NEVER` and −1 if it cannot be."""
    if problem.large[order]:
        return content_cents(problem, order, candidate, box)
    pair, entry, radix = problem.pair_start[candidate], problem.menu_start[candidate], 1
    for i in range(len(box)):
        entry += box[i] * radix
        radix *= problem.cap[pair + i] + 1
    return problem.menu_cost[entry], problem.menu_way[entry]


@compiled
def begin(problem: Problem, books: Books, order: int) -> Ints:
    """Start an order's turn; return the units that its lines want, (k,)."""
    books.turn[0], books.turn[1], books.turn[2] = order, books.size[0], books.size[1]
    return problem.units[problem.order_line[order] : problem.order_line[order + 1]].copy()


@compiled
def room(problem: Problem, books: Books) -> int:
    """Return how many more shipments the order may have, (6)."""
    order, before = books.turn[0], books.turn[1]
    return int(problem.max_shipments[order] - (books.size[0] - before))


@compiled
def offer(problem: Problem, books: Books, candidate: int, want: Ints) -> Ints:
    """Return what a candidate could give of the wanted units, (k,): (2), (3) and (5)."""
    pair, node = problem.pair_start[candidate], problem.node[candidate]
    given = np.zeros(len(want), np.int64)
    left = books.node_units[node] if books.node_orders[node] > 0 else 0
    for i in range(len(want)):
        cell = problem.cell[pair + i]
        if cell >= 0:
            given[i] = max(0, min(want[i], problem.cap[pair + i], books.stock[cell], left))
            left -= given[i]
    _keep_whole(problem, books.turn[0], given, 1)
    if price_content(problem, books.turn[0], candidate, given)[0] >= NEVER:
        _drop_unsendable(problem, books.turn[0], candidate, given)
    return given


@compiled
def _keep_whole(problem: Problem, order: int, given: Ints, parcel: int) -> None:
    """Take off what is half a bundle: of those that stay together, or of all (`parcel` 0)."""
    first = problem.order_line[order]
    for i in range(len(given)):
        if problem.kit[first + i] != i or problem.kit_parcel[first + i] < parcel:
            continue
        whole = given[i]
        for j in range(i, len(given)):
            if problem.kit[first + j] == i:
                whole = min(whole, given[j] // problem.kit_units[first + j])
        for j in range(i, len(given)):
            if problem.kit[first + j] == i:
                given[j] = whole * problem.kit_units[first + j]


@compiled
def _drop_unsendable(problem: Problem, order: int, candidate: int, given: Ints) -> None:
    """Set to 0 what the candidate may not even send a single unit of."""
    one, first = np.zeros(len(given), np.int64), problem.order_line[order]
    for i in range(len(given)):
        if given[i] > 0:
            _put(problem, first, (i, 1), one)
            if price_content(problem, order, candidate, one)[0] >= NEVER:
                _put(problem, first, (i, 0), given)
            _put(problem, first, (i, 0), one)


@compiled
def _put(problem: Problem, first: int, at: tuple[int, int], box: Ints) -> None:
    """Put so many units of a line into a box, or so many bundles where it stays with others."""
    i, many = at
    if problem.kit[first + i] < 0 or not problem.kit_parcel[first + i]:
        box[i] = many
        return
    for j in range(len(box)):
        if problem.kit[first + j] == problem.kit[first + i]:
            box[j] = many * problem.kit_units[first + j]


@compiled
def fill(problem: Problem, order: int, candidate: int, given: Ints) -> tuple[Ints, int, int]:
    """Fill one parcel from the given units; return content, cents and way.

    What a way carries, it carries a part of as well: so the most units of a line that fit are
    found by bisection.
    """
    box = given.copy()
    cents, way = price_content(problem, order, candidate, box)
    if cents < NEVER:
        return box, cents, way
    line = problem.order_line[order]
    box[:] = 0
    for i in np.argsort(-problem.grams[line : line + len(box)], kind="mergesort"):
        each = problem.kit_units[line + i] if problem.kit_parcel[line + i] else 1
        if box[i] > 0:
            continue  # with the rest of its bundle
        fits, most = 0, given[i] // each
        while fits < most:
            tried = (fits + most + 1) // 2
            _put(problem, line, (i, tried), box)
            if price_content(problem, order, candidate, box)[0] < NEVER:
                fits = tried
            else:
                most = tried - 1
        _put(problem, line, (i, fits), box)
    cents, way = price_content(problem, order, candidate, box)
    return box, cents, way


@compiled
def send(problem: Problem, books: Books, candidate: int, want: Ints) -> None:
    """Send what a candidate has of the wanted units, and take it off what is wanted."""
    given, node = offer(problem, books, candidate, want), problem.node[candidate]
    order = books.turn[0]
    while room(problem, books) > 0 and books.node_orders[node] > 0 and given.any():  # (6), (4)
        box, cents, way = fill(problem, order, candidate, given)
        if not box.any() or cents >= NEVER:
            return
        _write(problem, books, candidate, box)
        books.way[books.size[0] - 1] = way
        given -= box
        want -= box


@compiled
def _write(problem: Problem, books: Books, candidate: int, box: Ints) -> None:
    line, pair = problem.order_line[books.turn[0]], problem.pair_start[candidate]
    shipment, row = books.size
    for i in range(len(box)):
        if box[i] > 0:
            books.stock[problem.cell[pair + i]] -= box[i]
            books.line[row] = line + i
            books.amount[row] = box[i]
            row += 1
    books.node_orders[problem.node[candidate]] -= 1
    books.node_units[problem.node[candidate]] -= box.sum()
    books.candidate[shipment] = candidate
    books.start[shipment + 1] = row
    books.size[0], books.size[1] = shipment + 1, row


@compiled
def _is_half(problem: Problem, order: int, want: Ints) -> bool:
    """Say whether what is short is half a bundle."""
    whole = want.copy()
    _keep_whole(problem, order, whole, 0)
    return not (whole == want).all()


@compiled
def settle(problem: Problem, books: Books, want: Ints) -> None:
    """End an order's turn: (7), what had to be complete and is not is taken back."""
    order, before = books.turn[0], books.turn[1]
    if not want.any() or not (problem.complete[order] or _is_half(problem, order, want)):
        return
    for shipment in range(before, books.size[0]):
        candidate = books.candidate[shipment]
        node = problem.node[candidate]
        offset = problem.pair_start[candidate] - problem.order_line[order]
        books.node_orders[node] += 1
        for row in range(books.start[shipment], books.start[shipment + 1]):
            books.stock[problem.cell[offset + books.line[row]]] += books.amount[row]
            books.node_units[node] += books.amount[row]
    books.size[:] = books.turn[1:]


@compiled
def walk(problem: Problem, books: Books, turn: Ints, want: Ints) -> None:
    """Let candidates give what they have, one after the other, until nothing is wanted.

    The last shipment that an order may have is given to the candidate, first in turn, that has
    most of what is still missing.
    """
    for candidate in turn:
        if not want.any():
            return
        if room(problem, books) <= 1:
            send(problem, books, _richest(problem, books, turn, want), want)
            return
        send(problem, books, candidate, want)


@compiled
def _richest(problem: Problem, books: Books, turn: Ints, want: Ints) -> int:
    best, most = turn[0], -1
    for candidate in turn:
        units = offer(problem, books, candidate, want).sum()
        if units > most:
            best, most = candidate, units
    return int(best)
