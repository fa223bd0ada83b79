"""What tracking and work lists read out of a database: many orders at a time."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
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
    'SELECT DISTINCT a."order" FROM allocations a WHERE a.node = :node '
    "AND NOT EXISTS (SELECT 1 FROM sent g WHERE g.run = a.run AND g.shipment = a.shipment "
    "AND g.line = a.line AND g.units >= a.units) "
    'ORDER BY a."order" LIMIT :most'
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


def orders_at(database: Database, node: str, most: int) -> Sequence[str]:
    """Return the orders of which something is still at a node."""
    with database.reading() as connection:
        rows = session_of(connection).rows(TO_SEND, node=node, most=most)
    return [order for (order,) in rows]
