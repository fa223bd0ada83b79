"""What becomes of a reservation: it lasts longer, is an order's for good, or is given back.

Each is one transaction, and the key of each write goes in first, as in reserve.py, whose
order of locks holds here too.

    (1)  extend    UPDATE … SET until WHERE held AND until > now. Out of time stays out of time.
    (2)  confirm   orders and lines, then the reservation, are locked; it must be held and in time.
         (2.1)     its state: confirmed. So one of two who confirm it does so.
         (2.2)     its holds on stock and on days go, and shipments and allocations come in their
                   place, under the run `reservation NAME`: reserved and used stay as they are,
                   and (a) and (b) of reserve.py hold on. A slot and an allotment stay held.
         (2.3)     lines: allocated + units; the order is `allocated` when no unit of it is left.
    (3)  release   order, cells, quotas and reservation are locked; held: its holds are given
                   back. Confirmed: so are its allocations, and the order is cancelled.
    (4)  sweep     what is out of time is given back, some at a time. Nothing depends on it: (7)
                   of reserve.py does so where it matters.

So a unit that is promised is the same unit from the promise to the parcel: no night sees an
order that is allocated, and an order that is served in part keeps what it has.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from omnisource.models.reservation import Answer, Claim, Placed, Refused, Reservation
from omnisource.models.tables import CANCELLED, CONFIRMED, EXPIRED, HELD, OPEN, RELEASED
from omnisource.orchestrator.store.give import (
    GIVE_CELL,
    GIVE_QUOTA,
    QUOTAS,
    STOCK,
    give_back,
    give_back_expired,
    lock,
)
from omnisource.orchestrator.store.keys import Ask, claim_of, new_write, replay, say
from omnisource.orchestrator.store.place import (
    ADD_TO_LINE,
    DAYS,
    LINES,
    SET_ORDER,
    allocations,
    close_order,
    place,
    run_of,
    unwanted,
)
from omnisource.orchestrator.store.reserve import LOCK_ORDER
from omnisource.orchestrator.store.session import LOCK, Session, Statement, Undo, Values

FIND: Final = Statement(
    'SELECT status, until, "order", document FROM reservations WHERE reservation = :reservation'
)
LOCK_IT: Final = Statement(
    f'SELECT status, until, "order" FROM reservations WHERE reservation = :reservation{LOCK}'
)
SET_UNTIL: Final = Statement(
    "UPDATE reservations SET until = :until WHERE reservation = :reservation AND until < :until"
)
SET_STATUS: Final = Statement(
    'UPDATE reservations SET status = :status, "order" = :order WHERE reservation = :reservation'
)
TARGETS: Final = Statement("SELECT kind, target FROM holds WHERE reservation IN (:names)")
ALLOCATED_TO: Final = Statement(
    "SELECT s.row, a.line, a.units FROM allocations a "
    "JOIN stock s ON s.node = a.node AND s.sku = a.sku WHERE a.run = :run"
)
DROP_ALLOCATIONS: Final = Statement("DELETE FROM allocations WHERE run = :run")
DROP_SHIPMENTS: Final = Statement("DELETE FROM shipments WHERE run = :run")
DAYS_OF: Final = Statement(
    "SELECT q.row, CASE q.kind WHEN 'orders' THEN COUNT(*) ELSE SUM(s.units) END "
    "FROM shipments s JOIN quotas q ON q.node = s.node AND q.at = s.day "
    "AND q.kind IN (:kinds) WHERE s.run = :run GROUP BY q.row, q.kind"
)
OVERDUE: Final = Statement(
    "SELECT reservation FROM reservations WHERE status = 'held' AND until <= :now "
    "ORDER BY until LIMIT :most"
)
LIVES: Final = Statement('SELECT 1 FROM events WHERE "order" = :order LIMIT 1')
LEFT_OVER: Final = Statement(
    "SELECT DISTINCT h.reservation FROM holds h JOIN reservations r "
    "ON r.reservation = h.reservation WHERE r.status = 'expired' LIMIT :most"
)


def extend(session: Session, ask: Ask, name: str, until: int) -> Answer:
    """Hold a reservation until a later moment, (1); it is never shortened."""
    if not session.changes([new_write(ask)])[0]:
        return replay(session, ask)
    if isinstance(found := _live(session, name, ask.now), Refused):
        return say(session, ask, found)
    session.put([(SET_UNTIL, {"reservation": name, "until": until})])
    held = _reservation(session, name, HELD, until=max(found[0], until), order=found[1])
    return say(session, ask, held)


def confirm(session: Session, ask: Ask, name: str, placed: Placed | str) -> Answer:
    """Make a reservation an order's allocation, (2).

    Args:
        session: of a transaction.
        ask: the key, and when.
        name: the reservation.
        placed: the order, which is put in; or the name of one that is there.
    """
    if not session.changes([new_write(ask)])[0]:
        return replay(session, ask)
    return say(session, ask, confirmed(session, name, placed, now=ask.now))


def confirmed(session: Session, name: str, placed: Placed | str, *, now: int) -> Answer:
    """Make a reservation an order's allocation, (2), within a write that has a key of its own."""
    order = placed if isinstance(placed, str) else placed.order.order
    if refused := _unfit(session, name, placed):
        return refused
    if isinstance(found := _live(session, name, now), Refused):
        return found
    if isinstance(placed, Placed):
        place(session, placed.order, placed.lines)
    claim = claim_of(session, name)
    status = {"reservation": name, "status": CONFIRMED, "order": order}
    session.put([(SET_STATUS, status), *allocations(name, claim, order)])
    close_order(session, order)
    return _reservation(session, name, CONFIRMED, until=found[0], order=order)


def release(session: Session, ask: Ask, name: str) -> Answer:
    """Give a reservation back, (3).

    Raises:
        Undo: it has been confirmed meanwhile: it is to be looked at again.
    """
    if not session.changes([new_write(ask)])[0]:
        return replay(session, ask)
    before = session.rows(FIND, reservation=name)
    if not before:
        return say(session, ask, _unknown(name))
    if before[0][2] is not None:
        session.rows(LOCK_ORDER, order=before[0][2])
    drawn = session.rows(ALLOCATED_TO, run=run_of(name))
    days = session.rows(DAYS_OF, run=run_of(name), kinds=list(DAYS))
    held_cells, held_quotas = _targets(session, [name])
    cells = sorted({*held_cells, *(row for row, *_ in drawn)})
    quotas = sorted({*held_quotas, *(row for row, *_ in days)})
    lock(session, cells, quotas)
    [(status, until, order)] = session.rows(LOCK_IT, reservation=name)
    if (status, order) != (before[0][0], before[0][2]):
        raise Undo(partial(release, ask=ask, name=name))
    if status not in (HELD, CONFIRMED):
        return say(session, ask, _over(name, status))
    if status == CONFIRMED and session.rows(LIVES, order=order):
        return say(session, ask, _begun(name, order))
    give_back(session, [name], cells, quotas)
    if status == CONFIRMED:
        _take_back(session, name, order, drawn=drawn, days=days)
    session.put([(SET_STATUS, {"reservation": name, "status": RELEASED, "order": order})])
    return say(session, ask, _reservation(session, name, RELEASED, until=until, order=order))


def sweep(session: Session, now: int, most: int) -> int:
    """Give back what some reservations out of time hold, (4); return how many."""
    names = [name for (name,) in session.rows(OVERDUE, now=now, most=most)]
    names += [name for (name,) in session.rows(LEFT_OVER, most=most - len(names))]
    if not names:
        return 0
    cells, quotas = _targets(session, names)
    lock(session, cells, quotas)
    return len(give_back_expired(session, cells, quotas, now))


def find(session: Session, name: str, now: int) -> Answer:
    """Return a reservation as it is."""
    found = session.rows(FIND, reservation=name)
    if not found:
        return _unknown(name)
    status, until, order, _ = found[0]
    state = EXPIRED if status == HELD and until <= now else status
    return _reservation(session, name, state, until=until, order=order)


def _live(session: Session, name: str, now: int) -> tuple[int, str | None] | Refused:
    """Lock a reservation that is held and in time; return until when, and for which order."""
    found = session.rows(LOCK_IT, reservation=name)
    if not found:
        return _unknown(name)
    status, until, order = found[0]
    if status != HELD:
        return _over(name, status)
    if until <= now:
        return _over(name, EXPIRED)
    return until, order


def _unknown(name: str) -> Refused:
    return Refused(why="unknown", reasons=(f"there is no reservation {name}",))


def _begun(name: str, order: str) -> Refused:
    reason = f"order {order} has begun its life: `omnisource order cancel {order}`"
    return Refused(why="confirmed", reasons=(f"reservation {name} is confirmed", reason))


def _over(name: str, status: Any) -> Refused:
    return Refused(why=status, reasons=(f"reservation {name} is {status}",))


def _reservation(
    session: Session, name: str, state: Any, *, until: int, order: str | None
) -> Reservation:
    moment = datetime.fromtimestamp(until, UTC)
    claim = claim_of(session, name)
    return Reservation(reservation=name, state=state, until=moment, order=order, claim=claim)


def _unfit(session: Session, name: str, placed: Placed | str) -> Refused | None:
    """Lock the order; return why a reservation cannot be its allocation."""
    order = placed if isinstance(placed, str) else placed.order.order
    there = session.rows(LOCK_ORDER, order=order)
    if isinstance(placed, str) and not there:
        return Refused(why="unknown", reasons=(f"there is no order {order}",))
    if there and (isinstance(placed, Placed) or there[0][0] != OPEN):
        return Refused(why="confirmed", reasons=(f"order {order} is there and {there[0][0]}",))
    before = session.rows(FIND, reservation=name)
    if not before:
        return _unknown(name)
    if before[0][2] not in (None, order):
        reason = f"reservation {name} is held for order {before[0][2]}"
        return Refused(why="confirmed", reasons=(reason,))
    open_lines = (
        {line.line: (line.sku, line.units) for line in placed.lines}
        if isinstance(placed, Placed)
        else {line: (sku, units) for line, sku, units in session.rows(LINES, order=order)}
    )
    return unwanted(Claim.model_validate_json(before[0][3]), order, open_lines)


def _take_back(
    session: Session, name: str, order: str, *, drawn: Sequence[Any], days: Sequence[Any]
) -> None:
    """Take back the allocations of a confirmed reservation, and cancel its order."""
    run = run_of(name)
    work: list[tuple[Statement, Values]] = []
    for row, line, units in sorted(drawn):
        work.append((GIVE_CELL, {"row": row, "units": units}))
        work.append((ADD_TO_LINE, {"order": order, "line": line, "units": -units}))
    work += [(GIVE_QUOTA, {"row": row, "units": units}) for row, units in sorted(days)]
    work += [(DROP_ALLOCATIONS, {"run": run}), (DROP_SHIPMENTS, {"run": run})]
    session.put([*work, (SET_ORDER, {"order": order, "status": CANCELLED})])


def _targets(session: Session, names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the cells and the quotas that reservations hold something of."""
    found = session.rows(TARGETS, names=list(names))
    cells = {target for kind, target in found if kind in STOCK}
    quotas = {target for kind, target in found if kind in QUOTAS}
    return sorted(cells), sorted(quotas)
