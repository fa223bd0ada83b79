"""What is scarce besides stock: slots that are opened, and the days of nodes that nights take.

A node's day is a quota for nights too: (b) of reserve.py. What a night wants of it stands
beside what it wants of stock cells, so that an order gets both or falls out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlalchemy import Connection

from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.places import USED, Key, limits_a_day, put_in_days
from omnisource.orchestrator.store.session import LOCK, Session, Statement, session_of

SET_SLOT: Final = Statement(
    "INSERT INTO quotas (kind, node, at, sku, channel, most, used) "
    "VALUES ('slot', :node, :at, '', '', :most, 0) "
    "ON CONFLICT (kind, node, at, sku, channel) DO UPDATE SET most = excluded.most"
)
DAYS_THERE: Final = Statement(
    "SELECT kind, node FROM quotas WHERE at = :at AND kind IN ('orders', 'units')"
)
LOCK_DAYS: Final = Statement(
    "SELECT row, kind, node, most - used FROM quotas WHERE at = :at "
    f"AND kind IN ('orders', 'units') AND node IN (:nodes) ORDER BY row{LOCK}"
)
TAKE_DAY: Final = Statement("UPDATE quotas SET used = used + :units WHERE row = :row")
WHOLE: Final = pl.Int64()
ROOM: Final[Mapping[str, pl.DataType]] = {
    "row": WHOLE, "kind": pl.String(), "node": pl.String(), "free": WHOLE
}  # fmt: skip


def set_slot(session: Session, node: str, at: str, most: int) -> None:
    """Say how many orders can be collected at a node in a slot."""
    session.put([(SET_SLOT, {"node": node, "at": at, "most": most})])


def open_days(database: Database, day: str) -> None:
    """Put in the quotas of a day of all nodes that have a limit, in a transaction of their own."""
    with database.reading() as connection:
        limits = limits_a_day(connection)
        there = set(session_of(connection).rows(DAYS_THERE, at=day))
    if missing := [Key(kind, node, day) for kind, node in limits if (kind, node) not in there]:
        with database.writing() as connection:
            put_in_days(session_of(connection), missing, limits)


@dataclass(frozen=True)
class Rooms:
    """What is left of a day, locked, and what shipments want of it."""

    rooms: pl.DataFrame  # row, kind, node, free
    wanted: pl.DataFrame  # order, row, units: one a shipment and kind


def locked_rooms(connection: Connection, shipments: pl.DataFrame, day: str) -> Rooms:
    """Lock what is left of a day at the nodes of some shipments, from low row to high.

    Args:
        connection: of a transaction.
        shipments: order, node, units.
        day: whose capacity they take; its quotas are there.
    """
    nodes = shipments["node"].unique().sort().to_list()
    found = session_of(connection).rows(LOCK_DAYS, at=day, nodes=nodes)
    rooms = pl.DataFrame(found, schema=dict(ROOM), orient="row")
    each = shipments.select("order", "node", orders=pl.lit(1, WHOLE), units="units")
    each = each.unpivot(
        list(USED), index=["order", "node"], variable_name="kind", value_name="wants"
    )
    wanted = each.join(rooms, on=["kind", "node"], maintain_order="left")
    return Rooms(rooms, wanted.select("order", "row", units="wants"))


def take_rooms(connection: Connection, rooms: Rooms, orders: pl.Series) -> None:
    """Take what the shipments of those orders want."""
    mine = rooms.wanted.filter(pl.col("order").is_in(orders.implode()))
    sums = mine.group_by("row").agg(pl.col("units").sum()).sort("row")
    work = [(TAKE_DAY, {"row": row, "units": units}) for row, units in sums.iter_rows()]
    session_of(connection).put(work)
