"""Orders that nodes have been given go to other nodes: reservation, promise and shipment as one.

A reservation, the promise behind it and the allocation that it has become are one object: its units
lie at a node for the order. `move` lets many orders at a time be sent otherwise, in one
transaction:

    (1)  orders are locked, from low row to high. One that is not as it was read, or of which not
         every unit waits allocated at a node, keeps what it has.
    (2)  an order that would arrive later than it was promised, and than it does as it is, keeps
         what it has; so does one that holds a channel's allotment.
    (3)  stock cells, then days of nodes, are locked, each from low row to high
    (4)  with Δ the sum of what the others take less what they give back, of each cell and day:
         while Δ > free somewhere, the last that takes of it keeps what it has. So orders may change
         places where neither could go first.
         free of a cell: on_hand − reserved − safety − what channels are still allotted of it
    (5)  cells: reserved + Δ, days: used + Δ, each on the condition that there is so much;
         shipments, allocations and lines; the events: taken back, and given anew

Nothing is ever half moved, so (a) and (b) of reserve.py hold at every moment: a killed
process leaves an order at its old nodes or at its new ones. Whoever reads the order's events finds
the move there; its promise stands.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from omnisource.models.claims import Claims, claims_of
from omnisource.models.lifecycle import OrderState, Piece, Shipment
from omnisource.orchestrator.life.story import (
    OVER,
    Story,
    allocate,
    begun,
    due_at,
    moves,
    tell_promise,
)
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.events import events_of, seen_in
from omnisource.orchestrator.store.follow import (
    CHANGE_CELL,
    CHANGE_DAY,
    cells_of,
    changes_of,
    days_of,
    lines_of,
    loads_of,
    rows_of,
)
from omnisource.orchestrator.store.give import LOCK_CELLS, LOCK_QUOTAS
from omnisource.orchestrator.store.quota import open_days
from omnisource.orchestrator.store.session import LOCK, Session, Statement, Values, session_of

LOCK_ORDERS: Final = Statement(
    f'SELECT "order", version FROM orders WHERE "order" IN (:orders) ORDER BY row{LOCK}'
)
HOLDS: Final = Statement(
    'SELECT DISTINCT r."order" FROM reservations r JOIN holds h ON h.reservation = r.reservation '
    "WHERE r.\"order\" IN (:orders) AND r.status = 'confirmed' AND h.kind = 'allotment'"
)
ALLOTTED: Final = Statement(
    "SELECT node, sku, most - used FROM quotas WHERE kind = 'allotment' AND most > used "
    "AND node IN (:nodes) AND sku IN (:skus)"
)
Thing = tuple[str, ...]
"""A stock cell (node, SKU), or a day of a node (kind, node, day)."""


@dataclass(frozen=True)
class Move:
    """An order that is to be sent otherwise: all of it that waits at nodes."""

    order: str
    version: int  # as it was read
    shipments: Mapping[Shipment, Mapping[str, int]]  # units by line, of each of its shipments


@dataclass(frozen=True)
class _Told:
    """A move that could be, told as events."""

    story: Story
    before: OrderState
    was: Claims
    now: Claims
    more: Counter[Thing]  # what it takes, less what it gives back


def move_orders(
    database: Database, wanted: Sequence[Move], *, now: datetime, cause: str
) -> dict[str, str]:
    """Move orders in one transaction; see `move`."""
    for day in sorted({str(sent.day) for each in wanted for sent in each.shipments}):
        open_days(database, day)
    with database.writing() as connection:
        return move(session_of(connection), wanted, now=now, cause=cause)


def move(session: Session, wanted: Sequence[Move], *, now: datetime, cause: str) -> dict[str, str]:
    """Let orders be sent otherwise, (1) to (5).

    Args:
        session: of a transaction.
        wanted: orders, each once; the first go first where there is too little. The quotas of
            their days are there (`open_days`).
        now: when it happens.
        cause: why, for the events.

    Returns:
        Why orders keep what they had, by order.
    """
    names = [each.order for each in wanted]
    found = session.rows(LOCK_ORDERS, orders=names)  # (1)
    versions = {str(order): int(version) for order, version in found}
    allotted = {order for (order,) in session.rows(HOLDS, orders=names)}
    kept: dict[str, str] = {}
    told: list[_Told] = []
    for each in wanted:
        if versions.get(each.order) != each.version:
            kept[each.order] = "it has been changed meanwhile"
        elif each.order in allotted:
            kept[each.order] = "it holds what its channel is allotted"
        elif isinstance(tale := _told(session, each, now, cause), str):
            kept[each.order] = tale
        else:
            told.append(tale)
    rows, free = _locked(session, {thing for each in told for thing in each.more})
    _write(session, _fitting(told, free, kept), rows)
    return kept


def _told(session: Session, wanted: Move, now: datetime, cause: str) -> _Told | str:
    """Tell a move as events; or return why the order keeps what it has, (1) and (2)."""
    story = begun(seen_in(session, wanted.order), Story(wanted.order, now, cause=cause))
    before = story.state
    live = [piece for piece in before.pieces if piece.state not in OVER]
    if others := sorted({piece.state for piece in live} - {"allocated"}):
        return f"it is {', '.join(others)}"
    story.add("changed", moves=moves(live, "placed"))
    if _units_of_shipments(wanted) != _units_of_pieces(live):
        return "it wants other units"
    allocate(story, wanted.shipments)
    due, planned = due_at(story.state), due_at(before)
    by = [each for each in (before.promise_at, planned) if each is not None]
    if due is not None and by and due > max(by):
        return "it would arrive later than promised"
    tell_promise(story)
    was, after = claims_of(before), claims_of(story.state)
    more: Counter[Thing] = Counter(loads_of(before, was, story.state, after))
    more.update({cell: units for cell, (units, _) in changes_of(was, after, ()).items()})
    return _Told(story, before, was, after, more)


def _units_of_shipments(wanted: Move) -> Counter[str]:
    units: Counter[str] = Counter()
    for held in wanted.shipments.values():
        units.update(held)
    return units


def _units_of_pieces(live: Iterable[Piece]) -> Counter[str]:
    units: Counter[str] = Counter()
    for piece in live:
        units[piece.line] += piece.units
    return units


def _locked(session: Session, things: Iterable[Thing]) -> tuple[dict[Thing, int], dict[Thing, int]]:
    """Lock cells, then days, (3); return their rows, and what is free of each."""
    some = list(things)
    cells = cells_of(session, [(one[0], one[1]) for one in some if len(one) == 2])
    days = days_of(session, [(one[0], one[1], one[2]) for one in some if len(one) == 3])
    rows: dict[Thing, int] = dict([*cells.items(), *days.items()])
    free: dict[Thing, int] = {}
    for lock, size in ((LOCK_CELLS, 2), (LOCK_QUOTAS, 3)):
        mine = {row: thing for thing, row in rows.items() if len(thing) == size}
        found = session.rows(lock, rows=sorted(mine)) if mine else ()
        free |= {mine[row]: units for row, units, *_ in found}
    if cells:
        key = {"nodes": [node for node, _ in cells], "skus": [sku for _, sku in cells]}
        for node, sku, units in session.rows(ALLOTTED, **key):
            if (node, sku) in cells:
                free[node, sku] -= units
    return rows, free


def _fitting(told: Sequence[_Told], free: Mapping[Thing, int], kept: dict[str, str]) -> list[_Told]:
    """Return the moves that there is enough for together, (4); say why the others are not."""
    going, need = list(told), Counter[Thing]()
    for each in told:
        need.update(each.more)
    while over := {t for t, n in need.items() if n > 0 and n > free.get(t, n)}:
        at = max(i for i, each in enumerate(going) if any(each.more[t] > 0 for t in over))
        out = going.pop(at)
        need.subtract(out.more)
        short = min(t for t in over if out.more[t] > 0)
        kept[out.story.order] = f"{' '.join(short)} has {max(free[short], 0)} left"
    return going


def _write(session: Session, going: Sequence[_Told], rows: Mapping[Thing, int]) -> None:
    """Write moves, (5).

    Raises:
        RuntimeError: what was locked is not as it was.
    """
    need: Counter[Thing] = Counter()
    for each in going:
        need.update(each.more)
    known = sorted((rows[thing], len(thing), much) for thing, much in need.items() if thing in rows)
    work: list[tuple[Statement, Values]] = [
        (CHANGE_CELL, {"row": row, "more": more, "came": 0}) for row, n, more in known if n == 2
    ]
    work += [(CHANGE_DAY, {"row": row, "more": more}) for row, n, more in known if n == 3]
    if work and not session.all_change(work):
        raise RuntimeError("stock cells or days were changed while they were locked")
    for each in going:
        state = each.story.state
        session.put(rows_of(each.was, state, each.now) + lines_of(state, each.now))
        session.put(events_of(each.story.events))
