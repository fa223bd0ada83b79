"""Orders of a database that nodes have been given and that have not been released."""

from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Any, Final

import numpy as np

from omnisource.models.order import Order
from omnisource.models.tables import ALLOCATED, OPEN
from omnisource.models.world import Table, World
from omnisource.orchestrator.life.sourcing import order_row
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Statement, session_of
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.problem import Ints

BEGUN: Final = ("released", "picking", "packed", "shipped", "ready", "delivered", "collected")
"""Kinds of events after which an order is no longer waiting."""
WAITING: Final = Statement(
    'SELECT o."order", o.document, s.node, s.service, s.document, s.run FROM orders o '
    'JOIN shipments s ON s."order" = o."order" WHERE o.status IN (:states) AND NOT EXISTS '
    '(SELECT 1 FROM events e WHERE e."order" = o."order" AND e.kind IN (:begun)) '
    "ORDER BY o.row, s.run, s.shipment"
)
TOLD: Final = Statement(
    'SELECT "order", document FROM events WHERE "order" IN (:orders) '
    "AND kind IN ('promised', 'promise_changed') ORDER BY \"order\", sequence"
)


@dataclass(frozen=True, eq=False)
class Waiting:
    """What waits to be released, in the rows of a world that has just these orders."""

    world: World
    names: tuple[str, ...]
    shipped: Shipped  # without contents
    parcel: Ints  # (S,) which shipments travel together


def read_waiting(database: Database, network: World) -> Waiting:
    """Return what waits, with the date that was last promised; else the one that was planned.

    Args:
        database: where.
        network: its nodes, services and rules, at the time that counts.
    """
    with database.reading() as connection:
        session = session_of(connection)
        found = session.rows(WAITING, states=[ALLOCATED, OPEN], begun=list(BEGUN))
        names = list(dict.fromkeys(row[0] for row in found))
        told = {str(name): str(text) for name, text in session.rows(TOLD, orders=names)}
    nodes, services = (
        {name: row for row, name in enumerate(table)}
        for table in (network.nodes["node"], network.services["service"])
    )
    orders = {name: _order(name, text) for name, text, *_ in found}
    planned: dict[str, datetime] = {}
    for name, _, _, _, text, _ in found:
        if said := loads(text).get("arrives"):
            arrives = datetime.fromisoformat(said)
            planned[name] = max(arrives, planned.get(name, arrives))
    rows = [
        order_row(order, _by(order, told.get(name), planned.get(name)), nodes)
        for name, order in orders.items()
    ]
    at = {name: row for row, name in enumerate(names)}
    none = np.zeros(0, np.int64)
    sent = Shipped(
        order=np.array([at[row[0]] for row in found], np.int64),
        node=np.array([nodes[row[2]] for row in found], np.int64),
        service=np.array([-1 if row[3] is None else services[row[3]] for row in found], np.int64),
        start=np.zeros(len(found) + 1, np.int64), line=none, units=none,
    )  # fmt: skip
    world = network.replace(orders=_table(network.orders, rows), lines=network.lines.take(none))
    return Waiting(world, tuple(names), sent, _parcels([(row[5], row[4]) for row in found]))


def _parcels(found: list[tuple[str, str]]) -> Ints:
    """Return which shipments travel together; each comes with its run and its document."""
    keys: list[tuple[str, int]] = []
    for at, (run, document) in enumerate(found):
        parcel = loads(document).get("parcel")
        keys.append((run, -at - 1 if parcel is None else parcel))  # without one: alone
    rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    return np.array([rows[key] for key in keys], np.int64)


def _order(name: str, document: str) -> Order:
    known = {key: value for key, value in loads(document).items() if value is not None}
    return Order.model_validate(known | {"order": name})


def _by(order: Order, told: str | None, planned: datetime | None) -> datetime | None:
    """Return the date that was told last, else the one asked for, else the one planned."""
    if told is not None:
        said = loads(told).get("promise_at")
        return None if said is None else datetime.fromisoformat(said)
    return order.promised_by or planned


def _table(like: Table, rows: list[dict[str, Any]]) -> Table:
    return Table({n: np.array([row[n] for row in rows], c.dtype) for n, c in like.items()})
