"""Events of orders in a database, and the ledgers that follow from them.

An order's events make its state (models/lifecycle.py). A verb reads the order, decides what shall
happen next, and has it written; nothing is locked while it thinks. With s the state as it was read,
s' after the new events, and C(·) what a state means for the ledgers (`claims_of`), a write is one
transaction:

    (1)  the key goes in; it is there already: the answer is that of then
    (2)  the order is locked. Its version is another than was read: all is undone, and the verb
         reads and decides again. So no two writes build on the same state.
    (3)  stock cells, then quotas of days, are locked, each from low row to high
    (4)  cells: reserved + C(s').reserved − C(s).reserved; on_hand − C(s').gone + C(s).gone − lost
         + back. Where reserved grows by more than is free, all is undone as in (2).
         days: used + shipments, + units, of C(s') less those of C(s), with room or undone
    (5)  shipments, allocations, sent, lines: as C(s') has them; the order's status, version + 1
    (6)  the events go in, numbered from the last on

So the ledgers are what the events say, at every moment: rebuilding s from the events and taking
C(s) finds the rows of (5), which a test does.

The outbox. A reader names the place of the last event it has seen, and gets what follows. Places
are given by readers, (7): under one lock, to events that are committed, in the order of their rows.
So no event is ever passed over that is committed later with a lower number, and events of one order
come in their order, as each is put in after the one before it was committed. A reader that is told
something twice has asked twice: it keeps its place when it is done with what it got.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from json import loads
from typing import Any, Final

from omnisource.models.base import Value
from omnisource.models.lifecycle import (
    WAITING,
    Claims,
    Denied,
    Event,
    Goods,
    OrderState,
    Shipment,
    Told,
    claims_of,
)
from omnisource.models.order import Line, Order
from omnisource.models.reservation import Placed, Refused
from omnisource.models.tables import ALLOCATED, CANCELLED, OPEN, PERSON
from omnisource.orchestrator.store import Database
from omnisource.orchestrator.store_confirm import confirmed
from omnisource.orchestrator.store_feed import NEW_CELL, ONE_AT_A_TIME
from omnisource.orchestrator.store_give import give_back, lock
from omnisource.orchestrator.store_keys import OLD, Ask, new_write, say
from omnisource.orchestrator.store_place import order_document, place, place_lines
from omnisource.orchestrator.store_session import LOCK, Session, Statement, Undo, Values, session_of

Work = list[tuple[Statement, Values]]
ORDER: Final = Statement('SELECT status, version, document FROM orders WHERE "order" = :order')
LOCK_ORDER: Final = Statement(f'SELECT version FROM orders WHERE "order" = :order{LOCK}')
LINES: Final = Statement(
    'SELECT line, sku, units, document FROM lines WHERE "order" = :order ORDER BY row'
)
EVENTS: Final = Statement('SELECT document FROM events WHERE "order" = :order ORDER BY sequence')
GIVEN: Final = Statement(
    "SELECT s.run, s.shipment, s.node, s.service, s.day, s.cost_cents, s.document, a.line, "
    "a.units "
    "FROM shipments s JOIN allocations a ON a.run = s.run AND a.shipment = s.shipment "
    'WHERE s."order" = :order ORDER BY s.run, s.shipment, a.line'
)
CELLS: Final = Statement(
    "SELECT row, node, sku FROM stock WHERE node IN (:nodes) AND sku IN (:skus)"
)
DAYS: Final = Statement(
    "SELECT row, kind, node, at FROM quotas WHERE kind IN ('orders', 'units') "
    "AND node IN (:nodes) AND at IN (:days)"
)
CHANGE_CELL: Final = Statement(
    "UPDATE stock SET on_hand = on_hand + :came, reserved = reserved + :more, "
    "version = version + 1 WHERE row = :row AND (:more <= 0 OR "
    "on_hand + :came - reserved - safety >= :more)"
)
CHANGE_DAY: Final = Statement(
    "UPDATE quotas SET used = used + :more "
    "WHERE row = :row AND (:more <= 0 OR used + :more <= most)"
)
PUT_SHIPMENT: Final = Statement(
    'INSERT INTO shipments (run, shipment, "order", node, service, day, units, cost_cents, '
    "document) VALUES (:run, :number, :order, :node, :service, :day, :units, :cents, :document) "
    "ON CONFLICT (run, shipment) DO UPDATE SET units = excluded.units"
)
PUT_ALLOCATION: Final = Statement(
    'INSERT INTO allocations (run, shipment, line, "order", node, sku, units) '
    "VALUES (:run, :number, :line, :order, :node, :sku, :units) "
    "ON CONFLICT (run, shipment, line) DO UPDATE SET units = excluded.units"
)
PUT_SENT: Final = Statement(
    "INSERT INTO sent (run, shipment, line, node, sku, units) "
    "VALUES (:run, :number, :line, :node, :sku, :units) "
    "ON CONFLICT (run, shipment, line) DO UPDATE SET units = excluded.units"
)
DROP_SHIPMENT: Final = Statement("DELETE FROM shipments WHERE run = :run AND shipment = :number")
DROP_ALLOCATION: Final = Statement(
    "DELETE FROM allocations WHERE run = :run AND shipment = :number AND line = :line"
)
SET_LINE: Final = Statement(
    "UPDATE lines SET units = :units, allocated = :allocated "
    'WHERE "order" = :order AND line = :line'
)
SET_ORDER: Final = Statement(
    "UPDATE orders SET status = :status, version = version + 1, document = :document "
    'WHERE "order" = :order'
)
NEW_EVENT: Final = Statement(
    'INSERT INTO events ("order", sequence, kind, node, at, document) '
    "VALUES (:order, :sequence, :kind, :node, :at, :document)"
)
NEW_RECEIPT: Final = Statement(
    "INSERT INTO receipts (row, node, sku, cell, units, due) "
    "SELECT COALESCE(MAX(row), -1) + 1, CAST(:node AS TEXT), CAST(:sku AS TEXT), "
    "CAST(:cell AS INTEGER), CAST(:units AS INTEGER), CAST(:due AS INTEGER) FROM receipts"
)
LAST_CELL: Final = Statement("SELECT COALESCE(MAX(row), -1) FROM stock")
SLOTS: Final = Statement(
    "SELECT h.reservation, h.target FROM holds h JOIN reservations r "
    "ON r.reservation = h.reservation WHERE r.\"order\" = :order AND r.status = 'confirmed'"
)
LET_GO: Final = Statement(
    "UPDATE reservations SET status = 'released' WHERE \"order\" = :order AND status = 'confirmed'"
)
LAST_PLACE: Final = Statement("SELECT COALESCE(MAX(place), 0) FROM events")
GIVE_PLACES: Final = Statement(
    "UPDATE events SET place = n.place FROM (SELECT row AS at, CAST(:last AS BIGINT) + "
    "ROW_NUMBER() OVER (ORDER BY row) AS place FROM events WHERE place IS NULL "
    "ORDER BY row LIMIT :most) n WHERE events.row = n.at"
)
AFTER: Final = Statement(
    "SELECT place, document FROM events WHERE place > :cursor ORDER BY place LIMIT :most"
)


@dataclass(frozen=True)
class Seen:
    """An order as a database has it."""

    version: int | None  # none: there is no such order
    status: str
    order: Order | None
    lines: tuple[Line, ...]
    events: tuple[Event, ...]
    given: Mapping[Shipment, Mapping[str, int]]  # units by line, of every shipment there is


@dataclass(frozen=True)
class Writing:
    """What is to be written of an order, and what was read before."""

    ask: Ask
    order: str
    version: int | None
    told: Told | Denied
    events: tuple[Event, ...] = ()
    before: OrderState | None = None  # as the ledgers have it
    after: OrderState | None = None
    reservation: str | None = None  # that becomes the order's
    put: Placed | None = None  # an order that is new


def read_order(database: Database, order: str) -> Seen:
    """Return an order with its events, and what the ledgers have given it."""
    with database.reading() as connection:
        session = session_of(connection)
        found = session.rows(ORDER, order=order)
        if not found:
            return Seen(None, "", None, (), (), {})
        lines = session.rows(LINES, order=order)
        events = session.rows(EVENTS, order=order)
        given = session.rows(GIVEN, order=order)
    status, version, document = found[0]
    return Seen(
        version=version,
        status=status,
        order=None if events else Order(**_known(document), order=order),
        lines=() if events else tuple(_line(order, row) for row in lines if row[2] > 0),
        events=tuple(Event.model_validate_json(text) for (text,) in events),
        given=_given(given),
    )


def _line(order: str, row: Sequence[Any]) -> Line:
    line, sku, units, document = row
    return Line(**_known(document), order=order, line=line, sku=sku, units=units)


def _known(document: str) -> dict[str, Any]:
    """Return what a document says."""
    return {name: value for name, value in loads(document).items() if value is not None}


def _given(rows: Iterable[Sequence[object]]) -> dict[Shipment, dict[str, int]]:
    """Return the shipments of an order, with the units of each line."""
    found: dict[Shipment, dict[str, int]] = {}
    for run, number, node, service, day, cents, document, line, units in rows:
        shipment = Shipment.model_validate(
            {"shipment": f"{run}/{number}", "run": run, "number": number, "node": node,
             "service": service, "day": day, "cost_cents": cents,
             "arrives": loads(str(document)).get("arrives")}
        )  # fmt: skip
        found.setdefault(shipment, {})[str(line)] = int(str(units))
    return found


def append(session: Session, writing: Writing) -> Told | Denied | None:
    """Write what happens to an order, (1) to (6); None where another was faster."""
    if not session.changes([new_write(writing.ask, writing.told)])[0]:
        return _replayed(session, writing)
    found = session.rows(LOCK_ORDER, order=writing.order)
    if (found[0][0] if found else None) != writing.version:  # (2)
        raise Undo(_nothing)
    if isinstance(writing.told, Denied):
        return writing.told
    if writing.reservation is not None:
        assert writing.put is not None
        said = confirmed(session, writing.reservation, writing.put, now=writing.ask.now)
        if isinstance(said, Refused):
            raise Undo(partial(_refused, writing=writing, refused=said))
    elif writing.put is not None:
        place(session, writing.put.order, writing.put.lines)
    if writing.before is not None and writing.after is not None:
        _follow(session, writing, writing.before, writing.after)
    session.put([(NEW_EVENT, _event(event)) for event in writing.events])  # (6)
    return writing.told


def _nothing(_: Session) -> None:
    """Nothing: the verb decides again."""


def _refused(session: Session, writing: Writing, refused: Refused) -> Denied:
    """Say that a reservation cannot be made the order's."""
    no = Denied(order=writing.order, move="place", state="", reasons=refused.reasons)
    session.put([new_write(writing.ask)])
    return say(session, writing.ask, no)


def _replayed(session: Session, writing: Writing) -> Told | Denied:
    """Return what a key was told when it was first asked."""
    ask = writing.ask
    [(digest, text)] = session.rows(OLD, key=ask.key)
    if digest != ask.digest:
        reason = f"key {ask.key} was used for another request; give each request its own"
        return Denied(order=writing.order, move="key", state="", reasons=(reason,))
    kind: type[Value] = Denied if "reasons" in loads(text) else Told
    return kind.model_validate_json(text)  # type: ignore[return-value]


def _event(event: Event) -> Values:
    return {
        "order": event.order, "sequence": event.sequence, "kind": event.kind, "node": event.node,
        "at": int(event.at.timestamp()), "document": event.model_dump_json(exclude_defaults=True),
    }  # fmt: skip


def _follow(session: Session, writing: Writing, before: OrderState, after: OrderState) -> None:
    """Have the ledgers follow from one state to another, (3) to (5)."""
    was, now = claims_of(before), claims_of(after)
    lost = [goods for event in writing.events for goods in event.lost]
    back = [goods for event in writing.events for goods in event.back]
    more = {
        cell: now.reserved[cell] - was.reserved[cell] for cell in {*was.reserved, *now.reserved}
    }
    came = {cell: was.gone[cell] - now.gone[cell] for cell in {*was.gone, *now.gone}}
    for goods in lost:
        came[goods.node, goods.sku] = came.get((goods.node, goods.sku), 0) - goods.units
    for goods in back:
        here = goods.units if goods.due is None else 0
        came[goods.node, goods.sku] = came.get((goods.node, goods.sku), 0) + here
    wanted = {cell for cell in {*more, *came} if more.get(cell) or came.get(cell)}
    rows = _cells(session, wanted | {(goods.node, goods.sku) for goods in back})
    days = _days(session, _loads(before, was, after, now))
    over = after.state == "cancelled"
    slots = session.rows(SLOTS, order=writing.order) if over else []
    lock(session, list(rows.values()), sorted({*days, *(row for _, row in slots)}))
    work: Work = [
        (CHANGE_CELL, {"row": rows[cell], "more": more.get(cell, 0), "came": came.get(cell, 0)})
        for cell in sorted(wanted, key=rows.__getitem__)
    ]
    work += [(CHANGE_DAY, {"row": row, "more": units}) for row, units in sorted(days.items())]
    if not all(session.changes(work) if work else []):
        raise Undo(_nothing)
    if slots:
        _let_go(session, writing.order, slots)
    session.put(_receipts(back, rows) + _rows(was, after, now))
    fresh = [line for event in writing.events if event.kind != "placed" for line in event.lines]
    if fresh:
        place_lines(session, fresh)
    session.put(_lines(after, now))


def _cells(session: Session, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the rows of stock cells; those that are not there are put in."""
    cells = sorted(wanted)
    if not cells:
        return {}
    key = {"nodes": [node for node, _ in cells], "skus": [sku for _, sku in cells]}
    found = {(node, sku): row for row, node, sku in session.rows(CELLS, **key)}
    if missing := [cell for cell in cells if cell not in found]:
        session.rows(ONE_AT_A_TIME)
        [[last]] = session.rows(LAST_CELL)
        for row, (node, sku) in enumerate(missing, start=last + 1):
            session.put([(NEW_CELL, {"row": row, "node": node, "sku": sku, "safety": 0})])
            found[node, sku] = row
    return {cell: found[cell] for cell in cells}


def _loads(
    before: OrderState, was: Claims, after: OrderState, now: Claims
) -> dict[tuple[str, str, str], int]:
    """Return what more is taken of nodes' days: kind, node, day."""
    more: dict[tuple[str, str, str], int] = {}
    for sign, state, claims in ((-1, before, was), (1, after, now)):
        for name, shipment in state.shipments.items():
            units = sum(claims.given[name, line] for line in state.lines)
            for kind, much in (("orders", int(units > 0)), ("units", units)):
                key = kind, shipment.node, str(shipment.day)
                more[key] = more.get(key, 0) + sign * much
    return {key: much for key, much in more.items() if much}


def _days(session: Session, loads: Mapping[tuple[str, str, str], int]) -> dict[int, int]:
    """Return what more is taken of quotas that there are, by row."""
    if not loads:
        return {}
    nodes, days = ({key[at] for key in loads} for at in (1, 2))
    found = session.rows(DAYS, nodes=sorted(nodes), days=sorted(days))
    return {row: loads[key] for row, *rest in found if (key := tuple(rest)) in loads}


def _let_go(session: Session, order: str, slots: Sequence[Sequence[object]]) -> None:
    """Give back slots and allotments of an order that is no more, whose quotas are locked."""
    names, rows = ({str(name) for name, _ in slots}, {int(str(row)) for _, row in slots})
    give_back(session, sorted(names), [], sorted(rows))
    session.put([(LET_GO, {"order": order})])


def _receipts(back: Iterable[Goods], rows: Mapping[tuple[str, str], int]) -> Work:
    """Return what expects goods that are on their way back."""
    return [
        (NEW_RECEIPT, {"node": goods.node, "sku": goods.sku, "cell": rows[goods.node, goods.sku],
                       "units": goods.units, "due": int(goods.due.timestamp()) // 60})
        for goods in back if goods.due is not None
    ]  # fmt: skip


def _rows(was: Claims, after: OrderState, now: Claims) -> Work:
    """Return what makes shipments, allocations and sent units those of a state, (5)."""
    work: Work = []
    changed = {
        key for key in {*was.given, *now.given}
        if (was.given[key], was.sent[key]) != (now.given[key], now.sent[key])
    }  # fmt: skip
    for name in sorted({name for name, _ in changed}):
        shipment = after.shipments[name]
        key = {"run": shipment.run, "number": shipment.number}
        units = sum(now.given[name, line] for line in after.lines)
        lines = [line for line in after.lines if (name, line) in changed]
        work.append(
            (PUT_SHIPMENT, _shipment(after, shipment, units)) if units else (DROP_SHIPMENT, key)
        )
        for line in lines:
            one = key | {"line": line, "node": shipment.node, "sku": after.lines[line].sku}
            given, sent = now.given[name, line], now.sent[name, line]
            put = PUT_ALLOCATION, one | {"order": after.name, "units": given}
            work.append(put if given else (DROP_ALLOCATION, {**key, "line": line}))
            if sent != was.sent[name, line]:
                work.append((PUT_SENT, one | {"units": sent}))
    return work


def _shipment(state: OrderState, shipment: Shipment, units: int) -> Values:
    arrives = None if shipment.arrives is None else shipment.arrives.isoformat()
    return {
        "run": shipment.run, "number": shipment.number, "order": state.name,
        "node": shipment.node, "service": shipment.service, "day": str(shipment.day),
        "units": units, "cents": shipment.cost_cents,
        "document": "{}" if arrives is None else f'{{"arrives": "{arrives}"}}',
    }  # fmt: skip


def _lines(state: OrderState, claims: Claims) -> Work:
    """Return what makes lines and the order those of a state."""
    given = dict.fromkeys(state.lines, 0)
    for (_, line), units in claims.given.items():
        given[line] += units
    lines: Work = [
        (SET_LINE, {"order": state.name, "line": line, "units": claims.wanted[line],
                    "allocated": given[line]})
        for line in state.lines
    ]  # fmt: skip
    assert state.order is not None
    order = {"order": state.name, "status": status_of(state),
             "document": order_document(state.order)}  # fmt: skip
    return [*lines, (SET_ORDER, order)]


def status_of(state: OrderState) -> str:
    """Return the status of the row of an order: a night looks at those that are open."""
    if state.state == "cancelled":
        return CANCELLED
    if state.is_with_person:
        return PERSON
    return OPEN if any(piece.state in WAITING for piece in state.pieces) else ALLOCATED


def read_events(session: Session, cursor: int, most: int) -> list[tuple[int, str]]:
    """Return events after a place, (7): place and document.

    Args:
        session: of a transaction that may write.
        cursor: the place of the last event that was seen; 0: none.
        most: how many at the most.
    """
    session.rows(ONE_AT_A_TIME)
    [[last]] = session.rows(LAST_PLACE)
    session.put([(GIVE_PLACES, {"last": last, "most": most})])
    return [(place, text) for place, text in session.rows(AFTER, cursor=cursor, most=most)]
