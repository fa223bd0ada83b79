"""What tracking and work lists read out of a database: many orders at a time."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Statement, session_of
from omnisource.solvers.leadtime.remaining import Lateness

MOST: Final = 5_000
"""Parcels that came last, from which is learned how late they come."""
ARRIVED: Final = Statement(
    "SELECT at, document FROM events WHERE kind = 'delivered' ORDER BY row DESC LIMIT :most"
)
TO_SEND: Final = Statement(
    'SELECT DISTINCT s."order", s.run, s.shipment, s.service, s.day, s.document, '
    "(SELECT COALESCE(SUM(CASE e.kind WHEN 'ready' THEN 1 ELSE -1 END), 0) FROM events e "
    'WHERE e."order" = s."order" AND e.node = s.node '
    "AND e.kind IN ('ready', 'collected', 'declined')) FROM allocations a "
    "JOIN shipments s ON s.run = a.run AND s.shipment = a.shipment WHERE a.node = :node "
    "AND NOT EXISTS (SELECT 1 FROM sent g WHERE g.run = a.run AND g.shipment = a.shipment "
    "AND g.line = a.line AND g.units >= a.units)"
)


def read_lateness(database: Database, most: int = MOST) -> Lateness:
    """Return how late parcels came, the last that have arrived."""
    with database.reading() as connection:
        rows = session_of(connection).rows(ARRIVED, most=most)
    return Lateness.of([late for row in rows for late in _late(*row)])


def _late(at: int, document: str) -> Iterable[tuple[str, float]]:
    """Return service and minutes late of a parcel, as its event says; nothing, if it does not."""
    planned: dict[str, Any] = json.loads(document).get("arrived") or {}
    if planned.get("arrives"):
        due = datetime.fromisoformat(planned["arrives"]).timestamp()
        yield planned.get("service") or "", (at - due) / 60


@dataclass(frozen=True)
class AtNode:
    """A shipment of which something is still at its node."""

    order: str
    shipment: str
    service: str | None  # none: over the counter
    day: date
    given_at: datetime | None  # none: on that day
    ready: int  # shipments of its order that lie ready there


def read_at_node(database: Database, node: str) -> list[AtNode]:
    """Return the shipments of which something is still at a node."""
    with database.reading() as connection:
        rows = session_of(connection).rows(TO_SEND, node=node)
    return [
        AtNode(order, f"{run}/{number}", service, date.fromisoformat(day), _given_at(text), ready)
        for order, run, number, service, day, text, ready in rows
    ]


def _given_at(document: str) -> datetime | None:
    given = json.loads(document).get("given_at")
    return None if given is None else datetime.fromisoformat(given)
