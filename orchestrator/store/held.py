"""What a night may move: orders that nodes have been given and that nothing has been done to yet.

An order may be moved if

    (1)  all of it is allocated, and nothing of it has been released, declined, sent or returned
    (2)  of each product, all its units lie at one node: what moves is then whole
    (3)  it holds nothing of a channel's allotment
    (4)  its shipments take the capacity of the night's own day, or of nodes that have no limit

For a night that may move them, such orders are open with all their units, and what they hold is
free: staying where they are is one of their plans (solvers/compile/risk.py says what another must
save). Their promise is what was last said: by the order's events, else the order, else the
reservation, else the shipments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from json import loads
from typing import Any, Final

import numpy as np
import polars as pl
from sqlalchemy import BigInteger, Connection, Select, cast, exists, func, select

from omnisource.models.tables import (
    ALLOCATED,
    CONFIRMED,
    AllocationRow,
    EventRow,
    HoldRow,
    OrderRow,
    ReservationRow,
    ShipmentRow,
    table_of,
)
from omnisource.models.world import World
from omnisource.orchestrator.store.bulk import select_frame
from omnisource.orchestrator.store.places import limits_a_day
from omnisource.solvers.compile.risk import HELD_AT

WHOLE: Final = pl.Int64()
TEXT: Final = pl.String()
BEGUN: Final = (
    "released", "picking", "packed", "shipped", "ready", "delivered", "collected", "declined",
    "returned", "person",
)  # fmt: skip
"""Kinds of events after which an order stays where it is, (1)."""


@dataclass(frozen=True, eq=False)
class Held:
    """What a night may move."""

    units: pl.DataFrame  # order, line, node, sku, units
    days: pl.DataFrame  # node, day, orders, units: what it takes of nodes' days
    promise: Mapping[str, str] = field(repr=False)  # by order, ISO 8601


def movable(connection: Connection, day: str, pinned: tuple[str, ...] = ()) -> Select[Any]:
    """Return the query for the orders that may be moved, (1) to (4).

    Args:
        connection: of a transaction.
        day: of the night.
        pinned: orders that stay in any case.
    """
    o, a, s = (table_of(row) for row in (OrderRow, AllocationRow, ShipmentRow))
    e, r, h = (table_of(row) for row in (EventRow, ReservationRow, HoldRow))
    limited = sorted({node for _, node in limits_a_day(connection)})
    begun = exists().where(e.c.order == o.c.order, e.c.kind.in_(BEGUN))  # (1)
    apart = select(a.c.order).group_by(a.c.order, a.c.sku)
    apart = apart.having(func.count(a.c.node.distinct()) > 1)  # (2)
    fenced = exists().where(
        r.c.order == o.c.order, r.c.status == CONFIRMED,
        h.c.reservation == r.c.reservation, h.c.kind == "allotment",
    )  # fmt: skip
    other = exists().where(s.c.order == o.c.order, s.c.day != day, s.c.node.in_(limited))  # (4)
    found = select(o.c.order).where(o.c.status == ALLOCATED, ~begun, ~fenced, ~other)
    return found.where(o.c.order.not_in(apart), o.c.order.not_in(pinned))


def read_held(connection: Connection, orders: Select[Any]) -> Held:
    """Return what those orders hold."""
    a, s = table_of(AllocationRow), table_of(ShipmentRow)
    total = cast(func.sum(a.c.units), BigInteger)
    by_line = (a.c.order, a.c.line, a.c.node, a.c.sku)
    query = select(*by_line, total).where(a.c.order.in_(orders)).group_by(*by_line)
    schema = {"order": TEXT, "line": TEXT, "node": TEXT, "sku": TEXT, "units": WHOLE}
    units = select_frame(connection, query, schema)
    total = cast(func.sum(s.c.units), BigInteger)
    query = select(s.c.node, s.c.day, func.count(), total).where(s.c.order.in_(orders))
    schema = {"node": TEXT, "day": TEXT, "orders": WHOLE, "units": WHOLE}
    days = select_frame(connection, query.group_by(s.c.node, s.c.day), schema)
    return Held(units, days, _promises(connection, orders))


def _promises(connection: Connection, orders: Select[Any]) -> dict[str, str]:
    """Return what was last said of each order; the last of these holds."""
    e, r, s, o = (table_of(row) for row in (EventRow, ReservationRow, ShipmentRow, OrderRow))
    arrives = select(s.c.order, s.c.document).where(s.c.order.in_(orders))
    reserved = select(r.c.order, r.c.document).where(r.c.order.in_(orders), r.c.status == CONFIRMED)
    asked = select(o.c.order, o.c.document).where(o.c.order.in_(orders))
    told = select(e.c.order, e.c.document).where(
        e.c.order.in_(orders), e.c.kind.in_(("promised", "promise_changed"))
    )
    found: dict[str, str] = {}
    for query, key in ((arrives, "arrives"), (reserved, "promise_at"), (asked, "promised_by"),
                       (told.order_by(e.c.order, e.c.sequence), "promise_at")):  # fmt: skip
        said: dict[str, str] = {}
        for order, text in connection.execute(query):
            if at := loads(text).get(key):
                said[order] = max(at, said.get(order, at)) if key == "arrives" else at
        found |= said
    return found


def with_held(
    raw: Mapping[str, pl.DataFrame], days: pl.DataFrame, held: Held
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the tables of a database, and what is used of days, as if nothing of that were given.

    Args:
        raw: orders, lines and stock as they are, those that may be moved among them.
        days: node, day, orders, units.
        held: what may be moved.
    """
    of_cell = held.units.group_by("node", "sku").agg(free=pl.col("units").sum())
    of_line = held.units.group_by("order", "line").agg(free=pl.col("units").sum())
    said = pl.DataFrame(
        {"order": list(held.promise), "said": list(held.promise.values())},
        schema={"order": TEXT, "said": TEXT},
    )
    orders = raw["orders"].join(said, on="order", how="left", maintain_order="left")
    orders = orders.with_columns(promised_by=pl.coalesce("said", "promised_by")).drop("said")
    tables = {
        "orders": orders,
        "stock": _less(raw["stock"], of_cell, ["node", "sku"], reserved="free"),
        "lines": _less(raw["lines"], of_line, ["order", "line"], allocated="free"),
    }
    of_day = held.days.rename({"orders": "of_orders", "units": "of_units"})
    left = _less(days, of_day, ["node", "day"], orders="of_orders", units="of_units")
    return {**raw, **tables}, left


def _less(frame: pl.DataFrame, by: pl.DataFrame, on: list[str], **less: str) -> pl.DataFrame:
    found = frame.join(by, on=on, how="left", maintain_order="left")
    left = [pl.col(name) - pl.col(some).fill_null(0) for name, some in less.items()]
    return found.with_columns(left).drop(*less.values())


def at_nodes(world: World, held: Held) -> World:
    """Return the world with the nodes at which its lines are held; −1 where nothing is."""
    rows = {name: row for row, name in enumerate(world.nodes["node"])}
    columns = held.units.select("order", "line", "node").iter_rows()
    at = {(order, line): rows.get(node, -1) for order, line, node in columns}
    orders = world.orders["order"][world.lines["order"]]
    keys = zip(orders, world.lines["line"], strict=True)
    found = np.array([at.get(key, -1) for key in keys], np.int64)
    return world.replace(lines=world.lines.replace(**{HELD_AT: found}))
