"""Orders, what has happened to them, and what nodes are to send, read back for whoever asks."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from omnisource.models.http_orders import (
    Acknowledged,
    OrderEvent,
    OrderEvents,
    OrderHead,
    OrderLine,
    OrderShipment,
    OrderView,
    SentLine,
    ShipmentToSend,
)
from omnisource.models.tables import CANCELLED
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Session, Statement, session_of

ORDER: Final = Statement('SELECT status, document FROM orders WHERE "order" = :order')
LINES: Final = Statement(
    'SELECT line, sku, units, allocated FROM lines WHERE "order" = :order ORDER BY row'
)
SHIPMENTS: Final = Statement(
    "SELECT s.run, s.shipment, s.node, s.service, s.day, s.units, s.cost_cents, "
    "a.accepted, a.reason, a.at FROM shipments s LEFT JOIN acknowledgements a "
    "ON a.run = s.run AND a.shipment = s.shipment "
    'WHERE s."order" = :order ORDER BY s.day, s.run, s.shipment'
)
INSIDE: Final = Statement(
    'SELECT run, shipment, line, sku, units FROM allocations WHERE "order" = :order '
    "AND run IN (:runs) ORDER BY run, shipment, line"
)
HEADS: Final = Statement(
    'SELECT "order", status, row FROM orders WHERE row > :after AND status IN (:states) '
    "ORDER BY row LIMIT :most"
)
RESERVATIONS: Final = Statement(
    'SELECT reservation, status, until FROM reservations WHERE "order" = :order ORDER BY until'
)
FALLEN: Final = Statement('SELECT run, reason FROM fallen WHERE "order" = :order ORDER BY run')
QUEUE: Final = Statement(
    'SELECT s.run, s.shipment, s."order", s.service, s.day, o.document FROM shipments s '
    'JOIN orders o ON o."order" = s."order" WHERE s.node = :node AND NOT EXISTS '
    "(SELECT 1 FROM acknowledgements a WHERE a.run = s.run AND a.shipment = s.shipment) "
    "ORDER BY s.day, s.run, s.shipment LIMIT :most"
)
CONTENTS: Final = Statement(
    "SELECT run, shipment, line, sku, units FROM allocations WHERE node = :node "
    'AND "order" IN (:orders) AND run IN (:runs) ORDER BY run, shipment, line'
)
DESTINATION: Final = (
    "mode", "country", "postcode", "lat", "lon", "pickup_node", "customer", "promised_by",
)  # fmt: skip
"""What of an order a node must know to send it."""


class Sent(NamedTuple):
    """A shipment as a row says it."""

    run: str
    shipment: int
    node: str
    service: str | None
    day: str
    units: int
    cents: int
    accepted: bool | None
    reason: str | None
    at: int | None


def find_order(database: Database, order: str) -> OrderView | None:
    """Return an order with what is sent for it; None where there is none."""
    with database.reading() as connection:
        session = session_of(connection)
        found = session.rows(ORDER, order=order)
        if not found:
            return None
        lines = session.rows(LINES, order=order)
        sent = [Sent(*row) for row in session.rows(SHIPMENTS, order=order)]
        inside = _inside(session.rows(INSIDE, order=order, runs=[each.run for each in sent]))
    [(status, document)] = found
    return OrderView(
        order=order,
        state=status,
        placed=json.loads(document),
        lines=tuple(
            OrderLine(line=line, sku=sku, units=units, allocated=allocated)
            for line, sku, units, allocated in lines
        ),
        shipments=tuple(
            _shipment(each, inside.get((each.run, each.shipment), ())) for each in sent
        ),
    )


def _shipment(sent: Sent, lines: tuple[SentLine, ...]) -> OrderShipment:
    return OrderShipment(
        run=sent.run, shipment=sent.shipment, node=sent.node, service=sent.service, day=sent.day,
        units=sent.units, cost_cents=sent.cents, lines=lines, acknowledged=_said(sent),
    )  # fmt: skip


def _said(sent: Sent) -> Acknowledged | None:
    if sent.accepted is None or sent.at is None:
        return None
    at = datetime.fromtimestamp(sent.at, UTC)
    return Acknowledged(accepted=bool(sent.accepted), reason=sent.reason or "", at=at)


def _inside(rows: list[Any]) -> dict[tuple[str, int], tuple[SentLine, ...]]:
    """Return the lines of each shipment."""
    found: dict[tuple[str, int], tuple[SentLine, ...]] = {}
    for run, shipment, line, sku, units in rows:
        one = SentLine(line=line, sku=sku, units=units)
        found[run, shipment] = (*found.get((run, shipment), ()), one)
    return found


def list_orders(
    database: Database, states: list[str], *, after: int, most: int
) -> tuple[OrderHead, ...]:
    """Return orders in those states that came after another, in the order in which they came."""
    with database.reading() as connection:
        rows = session_of(connection).rows(HEADS, after=after, states=states, most=most)
    return tuple(OrderHead(order=order, state=status, after=row) for order, status, row in rows)


def find_events(database: Database, order: str) -> OrderEvents | None:
    """Return what has happened to an order; None where there is none."""
    with database.reading() as connection:
        session = session_of(connection)
        found = session.rows(ORDER, order=order)
        if not found:
            return None
        events = tuple(_events(session, order, found[0][0], json.loads(found[0][1])))
    return OrderEvents(order=order, events=events)


def _events(
    session: Session, order: str, status: str, placed: dict[str, Any]
) -> Iterator[OrderEvent]:
    yield OrderEvent(event="placed", at=placed["placed_at"], text=placed.get("channel") or "")
    for name, state, until in session.rows(RESERVATIONS, order=order):
        if state == "held":
            yield OrderEvent(
                event="held", at=None, text=f"reservation {name}, until {_time(until)}"
            )
        if state == "expired":
            yield OrderEvent(event="expired", at=_time(until), text=f"reservation {name}")
    for run, reason in session.rows(FALLEN, order=order):
        yield OrderEvent(event="fell-out", at=None, text=f"run {run}: {reason}")
    for row in session.rows(SHIPMENTS, order=order):
        sent = Sent(*row)
        text = f"{sent.run}, shipment {sent.shipment}: {sent.node} sends {sent.units} on {sent.day}"
        yield OrderEvent(event="allocated", at=None, text=text)
        if said := _said(sent):
            event = "accepted" if said.accepted else "declined"
            yield OrderEvent(
                event=event, at=said.at, text=f"{sent.node}: {said.reason}".rstrip(": ")
            )
    if status == CANCELLED:
        yield OrderEvent(event="cancelled", at=None, text="")


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def shipments_to_send(database: Database, node: str, most: int) -> tuple[ShipmentToSend, ...]:
    """Return what a node is to send and has not acknowledged, the earliest first."""
    with database.reading() as connection:
        session = session_of(connection)
        rows = session.rows(QUEUE, node=node, most=most)
        names = {"orders": [row[2] for row in rows], "runs": sorted({row[0] for row in rows})}
        inside = _inside(session.rows(CONTENTS, node=node, **names))
    return tuple(
        ShipmentToSend(
            run=run, shipment=shipment, order=order, service=service, day=day,
            lines=inside.get((run, shipment), ()), destination=_destination(json.loads(document)),
        )
        for run, shipment, order, service, day, document in rows
    )  # fmt: skip


def _destination(placed: dict[str, Any]) -> dict[str, Any]:
    return {name: placed[name] for name in DESTINATION if placed.get(name) not in (None, "")}
