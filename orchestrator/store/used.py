"""What is used in a database: nodes' days and channels' allotments, by parcels and reservations."""

from typing import Any, Final

import polars as pl
from sqlalchemy import (
    BigInteger,
    Connection,
    ScalarSelect,
    Select,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from omnisource.models.tables import (
    CONFIRMED,
    HELD,
    AllocationRow,
    HoldRow,
    OrderRow,
    QuotaRow,
    ReservationRow,
    ShipmentRow,
    table_of,
)
from omnisource.orchestrator.store.bulk import select_frame
from omnisource.orchestrator.store.place import run_of

WHOLE: Final = pl.Int64()
TEXT: Final = pl.String()
RESERVED: Final = run_of("")
"""How runs begin that are reservations."""


def used_days(connection: Connection, day: str, now: int) -> pl.DataFrame:
    """Return what each node has been given to do from a day on, day by day, and what is held."""
    t = table_of(ShipmentRow)
    units = cast(func.sum(t.c.units), BigInteger)
    query = select(t.c.node, t.c.day, func.count(), units).where(t.c.day >= day)
    schema = {"node": TEXT, "day": TEXT, "orders": WHOLE, "units": WHOLE}
    sent = select_frame(connection, query.group_by(t.c.node, t.c.day), schema)
    every = pl.concat([sent, _held_days(connection, day, now)])
    return every.group_by("node", "day").sum().sort("node", "day")


def _held_days(connection: Connection, day: str, now: int) -> pl.DataFrame:
    """Return what reservations in time hold of nodes' days: node, day, orders, units."""
    h, q, r = table_of(HoldRow), table_of(QuotaRow), table_of(ReservationRow)
    units = cast(func.sum(h.c.units), BigInteger)
    query = (
        select(q.c.node, q.c.at, q.c.kind, units)
        .join(h, and_(h.c.kind == q.c.kind, h.c.target == q.c.row))
        .join(r, r.c.reservation == h.c.reservation)
        .where(q.c.at >= day, q.c.kind.in_(("orders", "units")), r.c.status == HELD)
        .where(r.c.until > now)
        .group_by(q.c.node, q.c.at, q.c.kind)
    )
    schema = {"node": TEXT, "day": TEXT, "kind": TEXT, "held": WHOLE}
    found = select_frame(connection, query, schema)
    of = {kind: pl.when(pl.col("kind") == kind).then("held").otherwise(0).alias(kind)
          for kind in ("orders", "units")}  # fmt: skip
    return found.select("node", "day", *of.values())


def with_sold(
    allotments: pl.DataFrame, connection: Connection, now: int, held: Select[Any] | None = None
) -> pl.DataFrame:
    """Return allotments with what is sold of them: held in time, confirmed, or by nights.

    Args:
        allotments: node, sku, channel, units.
        connection: of a transaction.
        now: seconds since 1970-01-01 UTC.
        held: orders that a night may move: what they have been given is theirs to give back.
    """
    if allotments.is_empty():
        return allotments.with_columns(sold=pl.lit(0, WHOLE))
    h, q, r = table_of(HoldRow), table_of(QuotaRow), table_of(ReservationRow)
    units = case((r.c.status == CONFIRMED, _still_there(q, r)), else_=h.c.units)
    query = (
        select(q.c.node, q.c.sku, q.c.channel, cast(func.sum(units), BigInteger))
        .join(h, and_(h.c.kind == q.c.kind, h.c.target == q.c.row))
        .join(r, r.c.reservation == h.c.reservation)
        .where(q.c.kind == "allotment")
        .where(or_(r.c.status == CONFIRMED, and_(r.c.status == HELD, r.c.until > now)))
        .group_by(q.c.node, q.c.sku, q.c.channel)
    )
    key = {"node": TEXT, "sku": TEXT, "channel": TEXT}
    sold = select_frame(connection, query, key | {"sold": WHOLE})
    both = pl.concat([sold, _sold_by_nights(connection, held)])
    sold = both.group_by(list(key)).agg(pl.col("sold").sum())
    found = allotments.join(sold, on=list(key), how="left", maintain_order="left")
    return found.with_columns(pl.col("sold").fill_null(0))


def _still_there(q: Table, r: Table) -> ScalarSelect[Any]:
    """Return the units of a confirmed reservation that its order still has of the cell.

    What has gone to another shipment since, declined or changed, counts where it has gone.
    """
    a = table_of(AllocationRow)
    mine = a.c.run == literal(RESERVED) + r.c.reservation
    given = select(func.coalesce(func.sum(a.c.units), 0))
    return given.where(mine, a.c.node == q.c.node, a.c.sku == q.c.sku).scalar_subquery()


def _sold_by_nights(connection: Connection, held: Select[Any] | None) -> pl.DataFrame:
    """Return what orders have been given without a reservation of cells that have allotments."""
    a, o, q = table_of(AllocationRow), table_of(OrderRow), table_of(QuotaRow)
    fenced = exists().where(q.c.kind == "allotment", q.c.node == a.c.node, q.c.sku == a.c.sku)
    query = (
        select(a.c.node, a.c.sku, o.c.document, a.c.units)
        .join(o, o.c.order == a.c.order)
        .where(fenced, ~a.c.run.startswith(RESERVED))
    )
    if held is not None:
        query = query.where(a.c.order.not_in(held))
    schema = {"node": TEXT, "sku": TEXT, "document": TEXT, "sold": WHOLE}
    found = select_frame(connection, query, schema)
    channel = found["document"].str.json_decode(pl.Struct({"channel": TEXT})).struct.unnest()
    return (
        found.drop("document")
        .hstack(channel.fill_null(""))
        .select("node", "sku", "channel", "sold")
    )
