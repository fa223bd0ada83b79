"""A claim becomes a reservation, or a clear no, in one transaction.

Let c be a stock cell, q a quota (a node's shipments or units of a day, a slot, a channel's
allotment), u_c and u_q what a claim needs of them.

    free_c = on_hand_c − reserved_c − safety_c + receipts of c due by then
    free_q = most_q − used_q

Nobody sells what another channel is allotted: of a cell with allotments, free_c is less by
Σ max(0, free_q) over the allotments q of other channels; such a claim goes the careful way.

The quick way, for nearly all:

    (1)  writes: the key goes in. It is there already: what follows does not happen, and the
         answer is that of then; another question under the same key is refused.
    (2)  cells, from low row to high:
         UPDATE … SET reserved = reserved + u_c WHERE on_hand − reserved − safety ≥ u_c
    (3)  quotas, from low row to high: UPDATE … SET used = used + u_q WHERE used + u_q ≤ most
    (4)  the reservation and what it holds go in.

Of a cell that was short when it was last asked for, (5a) comes between (1) and (2): so a no is one
transaction, and of a rush on what is sold out nobody comes further.

Where any of (1) to (3) changes no row, all is undone, and the careful way is gone, (1) again and:

    (5)  an order that is named is locked: it must be open, and nothing else held for it
    (5a) a glance, with nothing locked: where a cell is short, receipts and all, and nothing that
         is held of it is out of time, the answer is no. So nobody queues for what is sold out.
    (6)  cells, then quotas, are locked, each from low row to high
    (7)  of those, what reservations hold whose time is over is given back; such a reservation is
         `expired` for good, whoever's clock is behind
    (8)  u_c ≤ free_c and u_q ≤ free_q for all: (2) to (4), which now cannot fail; the version of
         the order of (5) goes up, so that a night that has read it leaves it alone
    (9)  else the no is the answer of the key; nothing else has changed.

What holds at every moment:

    (a)  reserved_c = Σ units of holds on c + Σ units of allocations from c
    (b)  used_q = Σ units of holds on q + shipments (their units) of that node and day
    (c)  nobody waits in a circle: all lock key, order, cells, quotas, reservations in that order,
         and rows of a kind from low to high.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Final

from omnisource.models.reservation import Answer, Claim, Refused, Reservation
from omnisource.orchestrator.store.give import give_back_expired, lock
from omnisource.orchestrator.store.keys import Ask, is_new, new_write, replay, say
from omnisource.orchestrator.store.places import Cell, Needs
from omnisource.orchestrator.store.session import LOCK, Session, Statement, Undo, Values
from omnisource.orchestrator.store.short import short_at_a_glance, short_cells, short_quotas

TAKE_CELL: Final = Statement(
    "UPDATE stock SET reserved = reserved + :units, version = version + 1 "
    "WHERE row = :row AND node = :node AND sku = :sku AND on_hand - reserved - safety >= :units"
)
TAKE_KNOWN: Final = Statement(
    "UPDATE stock SET reserved = reserved + :units, version = version + 1 WHERE row = :row"
)
TAKE_QUOTA: Final = Statement(
    "UPDATE quotas SET used = used + :units "
    "WHERE row = :row AND node = :node AND used + :units <= most"
)
NEW_RESERVATION: Final = Statement(
    'INSERT INTO reservations (reservation, status, until, "order", document) '
    "VALUES (:reservation, 'held', :until, :order, :document)"
)
NEW_HOLD: Final = Statement(
    "INSERT INTO holds (kind, target, reservation, units) "
    "VALUES (:kind, :target, :reservation, :units)"
)
LOCK_ORDER: Final = Statement(f'SELECT status FROM orders WHERE "order" = :order{LOCK}')
HELD_FOR: Final = Statement(
    'SELECT reservation FROM reservations WHERE "order" = :order '
    "AND status = 'held' AND until > :now"
)
NEXT_VERSION: Final = Statement('UPDATE orders SET version = version + 1 WHERE "order" = :order')


@dataclass(frozen=True)
class Attempt:
    """A claim that is to be held, and what is known before."""

    ask: Ask
    claim: Claim
    needs: Needs
    held: Reservation  # what it becomes
    document: str  # the claim as JSON
    until: int  # seconds
    final: bool = True  # a no is the answer; else it is forgotten, and another claim tried
    stands: int | None = None  # seconds: it is held only if asked for by then; none: whenever


def reserve(session: Session, attempt: Attempt) -> Answer:
    """Hold a claim, or say no; the quick way first.

    Raises:
        Undo: the careful way is to be gone.
    """
    if not is_plain(attempt):
        return _careful(session, attempt)
    if attempt.needs.doubtful:
        return _doubtful(session, attempt)
    write = new_write(attempt.ask, attempt.held)
    if not session.all_change([write, *takes(attempt.needs)]):  # (1) to (3)
        raise Undo(partial(_careful, attempt=attempt))
    session.put(put_in(attempt))
    return attempt.held


def is_plain(attempt: Attempt) -> bool:
    """Tell whether a claim is free cells and quotas alone, so that the quick way may do."""
    needs, stands = attempt.needs, attempt.stands
    if attempt.claim.order is not None or needs.missing or needs.kept:
        return False
    return stands is None or attempt.ask.now <= stands


def _doubtful(session: Session, attempt: Attempt) -> Answer:
    """Say no in one transaction where a glance is enough for it; else go the careful way."""
    short = short_at_a_glance(session, attempt.needs.cells, attempt.ask.now)  # (5a)
    if not short:
        return _careful(session, attempt)
    refused = Refused(why="short", reasons=short)
    if not attempt.final:
        return refused if is_new(session, attempt.ask) else replay(session, attempt.ask)
    if session.changes([new_write(attempt.ask, refused)])[0]:
        return refused
    return replay(session, attempt.ask)


def takes(needs: Needs) -> list[tuple[Statement, Values]]:
    """Return what takes all that is needed, (2) and (3), each where it is free."""
    cells = [(TAKE_CELL, _of_cell(cell)) for cell in needs.cells]
    quotas = [
        (TAKE_QUOTA, {"row": quota.row, "node": quota.key.node, "units": quota.units})
        for quota in needs.quotas
    ]
    return [*cells, *quotas]


def _of_cell(cell: Cell) -> Values:
    return {"row": cell.row, "node": cell.node, "sku": cell.sku, "units": cell.units}


def put_in(attempt: Attempt) -> list[tuple[Statement, Values]]:
    """Return what puts in the reservation and what it holds, (4)."""
    name, needs = attempt.held.reservation, attempt.needs
    holds = [("stock", cell.row, cell.units) for cell in needs.cells]
    holds += [(quota.key.kind, quota.row, quota.units) for quota in needs.quotas]
    reservation = {"reservation": name, "until": attempt.until,
                   "order": attempt.claim.order, "document": attempt.document}  # fmt: skip
    return [
        (NEW_RESERVATION, reservation),
        *(
            (NEW_HOLD, {"kind": kind, "target": row, "reservation": name, "units": units})
            for kind, row, units in holds
        ),
    ]


def _careful(session: Session, attempt: Attempt) -> Answer:
    """Hold a claim, or say no, with everything locked that it needs."""
    if not session.changes([new_write(attempt.ask, attempt.held)])[0]:  # (1)
        return replay(session, attempt.ask)
    if not (refused := _refusal(session, attempt)):
        taken = [(TAKE_KNOWN, {"row": c.row, "units": c.units}) for c in attempt.needs.cells]
        quotas = [work for work in takes(attempt.needs) if work[0] is TAKE_QUOTA]
        order = [(NEXT_VERSION, {"order": o}) for o in [attempt.claim.order] if o is not None]
        session.put([*order, *taken, *quotas, *put_in(attempt)])  # (8)
        return attempt.held
    if not attempt.final:
        raise Undo(lambda _: refused)
    return say(session, attempt.ask, refused)  # (9)


def _refusal(session: Session, attempt: Attempt) -> Refused | None:
    """Return why the claim cannot be held; nothing if it can."""
    needs, now = attempt.needs, attempt.ask.now
    if needs.missing:
        return Refused(why="short", reasons=needs.missing)
    if attempt.stands is not None and now > attempt.stands:
        until = datetime.fromtimestamp(attempt.stands, UTC)
        reason = f"the quote stood until {until:%Y-%m-%d %H:%M} UTC; ask for a new promise"
        return Refused(why="expired", reasons=(reason,))
    if attempt.claim.order is not None and (
        refused := _order_refusal(session, attempt.claim.order, now)
    ):
        return refused
    if short := short_at_a_glance(session, needs.cells, now):  # (5a)
        return Refused(why="short", reasons=short)
    rows = [cell.row for cell in needs.cells]
    quotas = sorted({*(quota.row for quota in needs.quotas), *(row for _, row in needs.kept)})
    lock(session, rows, quotas)  # (6)
    give_back_expired(session, rows, quotas, now)  # (7)
    reasons = [*short_cells(session, needs), *short_quotas(session, needs.quotas)]
    return Refused(why="short", reasons=tuple(reasons)) if reasons else None


def _order_refusal(session: Session, order: str, now: int) -> Refused | None:
    """Lock an order, (5); return why nothing can be held for it."""
    found = session.rows(LOCK_ORDER, order=order)
    if not found:
        return Refused(why="unknown", reasons=(f"there is no order {order}",))
    if found[0][0] != "open":
        return Refused(why="confirmed", reasons=(f"order {order} is {found[0][0]}",))
    if held := session.rows(HELD_FOR, order=order, now=now):
        return Refused(why="confirmed", reasons=(f"reservation {held[0][0]} is held for it",))
    return None


def reservation_name(key: str) -> str:
    """Return what the reservation is called that a key makes.

    >>> reservation_name("cart-17")
    'r-57e31693b4eb9156'
    """
    return f"r-{blake2b(key.encode(), digest_size=8).hexdigest()}"
