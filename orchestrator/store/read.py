"""Open orders, stock and network out of a database, in bulk, as one state of it.

Rows are checked and linked as those of a scenario folder are. What is read is what is left:

    on_hand         less what orders have been given already, and what reservations in time hold
    units of lines  less what has been allocated; lines and orders with nothing left stay out
    orders_per_day, units_per_day of nodes   less what the same day has been given, or is held
    units of allotments   less what reservations of the channel hold, and nights have given it
    orders          less those for which a reservation is held
    decline_rate    of nodes, as orders' lives have shown it (declines.py)

For a night that may move them, orders that wait at their nodes are open too, with all that they
hold (held.py). A rest of an order that was served in part is an order like any other:
`max_shipments` counts anew.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
)

from omnisource.models.scenario import Scenario
from omnisource.models.tables import (
    EXPIRED,
    HELD,
    OPEN,
    DocumentRow,
    HoldRow,
    LineRow,
    OrderRow,
    ReceiptRow,
    ReservationRow,
    ScenarioRow,
    StockRow,
    table_of,
)
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.folder.check import check
from omnisource.orchestrator.folder.columns import ROW, TABLES, Kind, columns_of
from omnisource.orchestrator.folder.decode import as_times
from omnisource.orchestrator.folder.encode import encode
from omnisource.orchestrator.folder.head import validated
from omnisource.orchestrator.folder.link import Checked, Frames, link
from omnisource.orchestrator.folder.link import warnings as link_warnings
from omnisource.orchestrator.folder.load import Count, Loaded
from omnisource.orchestrator.folder.rejects import together, without
from omnisource.orchestrator.store.bulk import select_frame
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.declines import judged, seen_declines
from omnisource.orchestrator.store.digest import digest_of
from omnisource.orchestrator.store.held import at_nodes, movable, read_held, with_held
from omnisource.orchestrator.store.scenario import DOCUMENTS, TYPED
from omnisource.orchestrator.store.used import used_days, with_sold
from omnisource.solvers.problem import Ints

Wanted = ColumnElement[bool]
WHOLE: Final = pl.Int64()
TEXT: Final = pl.String()
IN_JSON: Final[Mapping[Kind, pl.DataType]] = {
    "integer": WHOLE, "real": pl.Float64(), "flag": pl.Boolean(), "text": TEXT, "choice": TEXT,
    "time": TEXT, "clock": TEXT,
}  # fmt: skip
"""What a document holds for a column of that kind."""


@dataclass(frozen=True, eq=False)
class StoredWorld(World):
    """The open orders of a database with its stock, and which rows they are."""

    database: Database
    order_row: Ints  # (orders,) row in the database
    order_version: Ints  # (orders,) as it was read
    line_row: Ints  # (lines,)
    orders_per_day: Ints  # (nodes,) as stated: `nodes` has what is left of today; ABSENT: no limit
    units_per_day: Ints  # (nodes,)
    used: pl.DataFrame  # node, day, orders, units: what is given or held of days from today on
    cell_row: Ints  # (stock,)
    digest: str  # of all that was read


def read_world(
    database: Database, now: datetime | None = None, *,
    most: int | None = None, pinned: tuple[str, ...] | None = None,
) -> Loaded:  # fmt: skip
    """Return what is open in a database; the world is a `StoredWorld`.

    Args:
        database: holds a scenario.
        now: when it is looked at; the scenario's clock if absent.
        most: rows of stock, receipts, orders and lines; 0 for the network alone.
        pinned: orders that stay where they are; None: all do that have been given units.

    Raises:
        UnusableInput: the database cannot be read, or its scenario has a key that is not known.
    """
    with database.reading() as connection:
        scenario = _scenario(connection, now)
        at = int(scenario.now.timestamp())
        day = str(scenario.now.date())
        orders = None if pinned is None else movable(connection, day, pinned)
        held = None if orders is None else read_held(connection, orders)
        raw = _raw_tables(connection, at, most, orders)
        raw["allotments"] = with_sold(raw["allotments"], connection, at, orders)
        days = used_days(connection, day, at)
        declines = seen_declines(connection, raw["nodes"])
    if held is not None:
        raw, days = with_held(raw, days, held)
    used = days.filter(pl.col("day") == day).drop("day")
    read = {table: raw[table].height for table in TABLES}
    open_orders, digest = raw["orders"], digest_of(scenario, {**raw, "used": used})
    checked, unsound = _checked(raw)
    checked["stock"] = _less(checked["stock"], raw["stock"], on_hand="reserved")
    checked["lines"] = _less(checked["lines"], raw["lines"], units="allocated")
    checked["allotments"] = _less(checked["allotments"], raw["allotments"], units="sold")
    raw.clear()  # names of millions of cells: from here on they are row numbers
    stated = checked["nodes"].frame.select(ROW, "orders_per_day", "units_per_day")
    checked["nodes"] = _with_room_left(checked["nodes"], used)
    frames, unlinked = link(checked)
    checked.clear()
    counts = {table: _count(read[table], frames[table]) for table in TABLES}
    limits = frames["nodes"].select(ROW).join(stated, on=ROW, how="left", maintain_order="left")
    world = _stored(encode(scenario, frames), database, frames, open_orders, digest=digest,
                    limits=limits.drop(ROW).fill_null(ABSENT), used=days)  # fmt: skip
    world = replace(world, nodes=judged(world.nodes, declines))
    night = world if held is None else at_nodes(world, held)
    return Loaded(night, counts, together([*unsound, unlinked]), tuple(link_warnings(frames)))


def _count(read: int, used: pl.DataFrame) -> Count:
    return Count(read, used.height, read - used.height)


def _scenario(connection: Connection, now: datetime | None) -> Scenario:
    text = connection.scalar(select(table_of(ScenarioRow).c.document))
    found = validated(Scenario, json.loads(str(text)), "scenarios")
    if now is None:
        return found
    return found.model_copy(update={"now": now.astimezone(found.now.tzinfo)})


def _raw_tables(
    connection: Connection, now: int, most: int | None, held: Select[Any] | None
) -> dict[str, pl.DataFrame]:
    """Return what every table of a scenario has, its cells not yet looked at."""
    documents = _documents(connection)
    names = _names(documents) if held is None else {}  # what is held is told by name
    typed = {
        "stock": _stock(connection, now, most, names), "receipts": _receipts(connection, most),
        "orders": _orders(connection, now, most, held), "lines": _lines(connection, most, held),
    }  # fmt: skip
    open_orders = typed["orders"].select("order")
    typed["lines"] = typed["lines"].join(open_orders, on="order", how="semi", maintain_order="left")
    return {**documents, **typed}


def _names(documents: Frames) -> dict[str, pl.DataType]:
    """Return the names that stock is of, as types that hold them once and positions for the rest.

    Millions of cells take half the memory so; a name that is not there stays a text.
    """
    every = {"node": documents["nodes"]["node"], "sku": documents["products"]["sku"]}
    return {name: pl.Enum(known.drop_nulls().unique()) for name, known in every.items()}


def _named(frame: pl.DataFrame, names: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return cells with their names as those types, where all of them are known."""
    for name, kind in names.items():
        coded = frame[name].cast(kind, strict=False)
        if not coded.has_nulls():
            frame = frame.with_columns(coded)
    return frame


def _documents(connection: Connection) -> Frames:
    table = table_of(DocumentRow)
    query = select(table.c.kind, table.c.row, table.c.document)
    every = select_frame(connection, query, {"kind": TEXT, ROW: WHOLE, "document": TEXT}).sort(ROW)
    kinds = every.partition_by("kind", as_dict=True, include_key=False)
    none = every.clear().drop("kind")
    return {name: _opened(kinds.get((name,), none), name) for name in DOCUMENTS}


def _stock(
    connection: Connection, now: int, most: int | None, names: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Return the stock cells; what reservations out of time hold of them is free."""
    t = table_of(StockRow)
    columns = (t.c.row, t.c.node, t.c.sku, t.c.on_hand, t.c.safety, t.c.reserved, t.c.document)
    schema = {ROW: WHOLE, "node": TEXT, "sku": TEXT, "on_hand": WHOLE, "safety": WHOLE,
              "reserved": WHOLE, "document": TEXT}  # fmt: skip

    def opened(chunk: pl.DataFrame) -> pl.DataFrame:
        return _named(_opened(chunk, "stock"), names)

    found = _in_order(select_frame(connection, select(*columns).limit(most), schema, opened))
    h, r = table_of(HoldRow), table_of(ReservationRow)
    over = or_(r.c.status == EXPIRED, and_(r.c.status == HELD, r.c.until <= now))
    query = select(h.c.target, cast(func.sum(h.c.units), BigInteger)).join(
        r, r.c.reservation == h.c.reservation
    )
    query = query.where(h.c.kind == "stock", over).group_by(h.c.target)
    free = select_frame(connection, query, {ROW: WHOLE, "free": WHOLE})
    if not free.is_empty():
        found = found.join(free, on=ROW, how="left", maintain_order="left")
        less = pl.col("reserved") - pl.col("free").fill_null(0)
        found = found.with_columns(reserved=less).drop("free")
    return found.with_columns(pl.col("on_hand").clip(0))


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in their order, which they mostly have: a million are not copied for it."""
    return frame if frame[ROW].is_sorted() else frame.sort(ROW)


def _receipts(connection: Connection, most: int | None) -> pl.DataFrame:
    t = table_of(ReceiptRow)
    schema = {ROW: WHOLE, "node": TEXT, "sku": TEXT, "units": WHOLE, "due": WHOLE}
    query = select(t.c.row, t.c.node, t.c.sku, t.c.units, t.c.due)
    frame = _in_order(select_frame(connection, query.limit(most), schema))
    return frame.with_columns(as_times(frame["due"]))


def _orders(
    connection: Connection, now: int, most: int | None, held: Select[Any] | None
) -> pl.DataFrame:
    """Return the open orders, and those `held`; what something is held for waits for that."""
    t, r = table_of(OrderRow), table_of(ReservationRow)
    waits = exists().where(r.c.order == t.c.order, r.c.status == HELD, r.c.until > now)
    wanted = and_(t.c.status == OPEN, ~waits)
    query = select(t.c.row, t.c.order, t.c.version, t.c.document).where(_or_held(wanted, t, held))
    schema = {ROW: WHOLE, "order": TEXT, "version": WHOLE, "document": TEXT}
    return _opened(_in_order(select_frame(connection, query.limit(most), schema)), "orders")


def _or_held(wanted: Wanted, table: Table, held: Select[Any] | None) -> Wanted:
    return wanted if held is None else or_(wanted, table.c.order.in_(held))


def _lines(connection: Connection, most: int | None, held: Select[Any] | None) -> pl.DataFrame:
    t = table_of(LineRow)
    columns = (t.c.row, t.c.order, t.c.line, t.c.sku, t.c.units, t.c.allocated, t.c.document)
    wanted = t.c.units > t.c.allocated
    query = select(*columns).where(_or_held(wanted, t, held), t.c.units > 0)
    schema = {ROW: WHOLE, "order": TEXT, "line": TEXT, "sku": TEXT, "units": WHOLE,
              "allocated": WHOLE, "document": TEXT}  # fmt: skip
    return _opened(_in_order(select_frame(connection, query.limit(most), schema)), "lines")


def _opened(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Take documents apart into the columns that they hold."""
    columns = columns_of(table).values()
    fields = {c.name: IN_JSON[c.kind] for c in columns if c.name not in TYPED.get(table, ())}
    document = frame["document"]
    said = document.unique()  # most cells have the same to say
    if len(said) > frame.height // 4:
        said = document
    opened = said.str.json_decode(pl.Struct(fields)).struct.unnest()
    if len(said) < frame.height:
        at = pl.int_range(len(said), dtype=pl.UInt32, eager=True)
        opened = opened[document.replace_strict(said, at)]
    return frame.drop("document").hstack(opened)


def _checked(raw: Frames) -> tuple[dict[str, Checked], list[pl.DataFrame]]:
    """Hold every table to its row model."""
    checked, rejects = {}, []
    for table in TABLES:
        given = raw[table].select(ROW, *columns_of(table))
        frame, bad = check(table, given, table)
        checked[table] = Checked(without(frame, bad), table, frame[frame.columns[1]])
        rejects.append(bad)
    return checked, rejects


def _less(table: Checked, raw: pl.DataFrame, **taken: str) -> Checked:
    """Return a table with a column less what another column of the database says is taken."""
    [(column, by)] = taken.items()
    frame, less = table.frame, raw.select(ROW, by)
    if frame.height < raw.height:  # else none was refused: they are the same rows
        less = frame.select(ROW).join(less, on=ROW, how="left", maintain_order="left")
    left = frame[column] - less[by]
    return Checked(frame.with_columns(left.alias(column)), table.file, table.names)


def _with_room_left(nodes: Checked, used: pl.DataFrame) -> Checked:
    """Return the nodes with what is left of the day's capacity."""
    frame = nodes.frame.join(used, on="node", how="left", maintain_order="left")
    left = [
        (pl.col(f"{name}_per_day") - pl.col(name).fill_null(0)).clip(0).alias(f"{name}_per_day")
        for name in ("orders", "units")
    ]
    return Checked(frame.with_columns(left).drop("orders", "units"), nodes.file, nodes.names)


def _stored(
    world: World, database: Database, frames: Frames, orders: pl.DataFrame, *, digest: str,
    limits: pl.DataFrame, used: pl.DataFrame,
) -> StoredWorld:  # fmt: skip
    rows = {table: frames[table][ROW].to_numpy() for table in ("orders", "lines", "stock")}
    version = frames["orders"].select(ROW).join(orders, on=ROW, how="left", maintain_order="left")
    return StoredWorld(
        **{name: getattr(world, name) for name in ("scenario", *TABLES)},
        database=database,
        order_row=rows["orders"],
        order_version=version["version"].to_numpy(),
        line_row=rows["lines"],
        orders_per_day=limits["orders_per_day"].to_numpy(),
        units_per_day=limits["units_per_day"].to_numpy(),
        used=used,
        cell_row=rows["stock"],
        digest=digest,
    )
