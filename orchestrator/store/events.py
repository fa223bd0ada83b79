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
    (6)  the events go in, numbered from the last on, and what decisions were made from
         (life/record.py)

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
    Event,
    OrderState,
    Shipment,
)
from omnisource.models.order import Line, Order
from omnisource.models.reservation import Placed, Refused
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.store.confirm import confirmed
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.follow import follow
from omnisource.orchestrator.store.keys import OLD, Ask, new_write, say
from omnisource.orchestrator.store.place import place
from omnisource.orchestrator.store.records import Record, put_record
from omnisource.orchestrator.store.session import (
    LOCK,
    ONE_AT_A_TIME,
    Session,
    Statement,
    Undo,
    Values,
    session_of,
)

Work = list[tuple[Statement, Values]]
ORDERS: Final = Statement(
    'SELECT "order", status, version, document FROM orders WHERE "order" IN (:orders)'
)
VERSION: Final = Statement('SELECT version FROM orders WHERE "order" = :order')
VERSIONS: Final = Statement('SELECT "order", version FROM orders WHERE "order" IN (:orders)')
LOCK_ORDER: Final = Statement(f'SELECT version FROM orders WHERE "order" = :order{LOCK}')
LINES: Final = Statement(
    'SELECT "order", line, sku, units, document FROM lines WHERE "order" IN (:orders) ORDER BY row'
)
EVENTS: Final = Statement(
    'SELECT "order", document FROM events WHERE "order" IN (:orders) ORDER BY "order", sequence'
)
GIVEN: Final = Statement(
    'SELECT s."order", s.run, s.shipment, s.node, s.service, s.day, s.cost_cents, s.document, '
    "a.line, a.units "
    "FROM shipments s JOIN allocations a ON a.run = s.run AND a.shipment = s.shipment "
    'WHERE s."order" IN (:orders) ORDER BY s.run, s.shipment, a.line'
)
NEW_EVENT: Final = Statement(
    'INSERT INTO events ("order", sequence, kind, node, at, document) '
    "VALUES (:order, :sequence, :kind, :node, :at, :document)"
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


NOWHERE: Final = Seen(None, "", None, (), (), {})
"""An order that there is not."""


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
    records: tuple[Record, ...] = ()  # of what was decided


def read_order(database: Database, order: str) -> Seen:
    """Return an order with its events, and what the ledgers have given it."""
    return read_orders(database, [order]).get(order, NOWHERE)


def read_orders(database: Database, orders: Sequence[str]) -> dict[str, Seen]:
    """Return orders by name, those that there are, with what the ledgers have given them."""
    with database.reading() as connection:
        return all_seen_in(session_of(connection), orders)


def seen_in(session: Session, order: str) -> Seen:
    """Return an order as a transaction sees it."""
    return all_seen_in(session, [order]).get(order, NOWHERE)


def all_seen_in(session: Session, orders: Sequence[str]) -> dict[str, Seen]:
    """Return orders as a transaction sees them, those that there are: four queries for all."""
    names = list(orders)
    found = session.rows(ORDERS, orders=names)
    if not found:
        return {}
    lines, events, given = (
        _by_order(session.rows(each, orders=names)) for each in (LINES, EVENTS, GIVEN)
    )
    return {
        order: Seen(
            version=version,
            status=status,
            order=None if order in events else Order(**_known(document), order=order),
            lines=()
            if order in events
            else tuple(_line(order, row) for row in lines.get(order, ()) if row[2] > 0),
            events=tuple(Event.model_validate_json(text) for (text,) in events.get(order, ())),
            given=_given(given.get(order, ())),
        )
        for order, status, version, document in found
    }


def _by_order(rows: Iterable[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """Return rows by their order, which stands first in each."""
    found: dict[str, list[Sequence[Any]]] = {}
    for order, *rest in rows:
        found.setdefault(order, []).append(rest)
    return found


def read_version(database: Database, order: str) -> int | None:
    """Return the version of an order; none, where there is no such order."""
    with database.reading() as connection:
        found = session_of(connection).rows(VERSION, order=order)
    return int(found[0][0]) if found else None


def read_versions(database: Database, orders: Sequence[str]) -> dict[str, int]:
    """Return the versions of orders, of those that there are."""
    with database.reading() as connection:
        return dict(session_of(connection).rows(VERSIONS, orders=list(orders)))


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
    asked = new_write(writing.ask, writing.told), (LOCK_ORDER, {"order": writing.order})
    (is_new, _), (_, found) = session.answers(asked)
    if not is_new:
        return _replayed(session, writing)
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
    before, after = writing.before, writing.after
    if not (before is None or after is None or follow(session, before, after, writing.events)):
        raise Undo(_nothing)  # (3) to (5)
    session.put(events_of(writing.events))  # (6)
    for record in writing.records:
        put_record(session, record)
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


def events_of(events: Iterable[Event]) -> Work:
    """Return what puts in events."""
    return [
        (NEW_EVENT, {
            "order": event.order, "sequence": event.sequence, "kind": event.kind,
            "node": event.node, "at": int(event.at.timestamp()),
            "document": event.model_dump_json(exclude_defaults=True),
        })
        for event in events
    ]  # fmt: skip


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
