"""One partition of a plan becomes true, or falls out, in one transaction: (3) of plan.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from sqlalchemy import Connection, cast, func, select, update
from sqlalchemy.types import BigInteger

from omnisource.models.tables import (
    ALLOCATED,
    OPEN,
    AllocationRow,
    FallenRow,
    Ledger,
    LedgerRow,
    LineRow,
    OrderRow,
    PartitionRow,
    ReceiptRow,
    ShipmentRow,
    ShortageRow,
    StockRow,
    table_of,
)
from omnisource.orchestrator.guard import fitting
from omnisource.orchestrator.life.moved import moved
from omnisource.orchestrator.store.bulk import (
    add_to_rows,
    change_rows,
    insert_frame,
    insert_new,
    locked_rows,
    rows_among,
)
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.give import give_back_expired
from omnisource.orchestrator.store.partition import BESIDES, Partition, read_partition
from omnisource.orchestrator.store.quota import Rooms, locked_rooms, open_days, take_rooms
from omnisource.orchestrator.store.session import session_of
from omnisource.solvers.problem import Ints

WHOLE: Final = pl.Int64()
CELL: Final[Mapping[str, pl.DataType]] = {
    "row": WHOLE, "on_hand": WHOLE, "reserved": WHOLE, "safety": WHOLE, "version": WHOLE
}  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """When a run takes place."""

    day: str  # whose capacity its shipments take
    now: int  # minutes since 1970-01-01 UTC, up to which receipts count


def write_partition(database: Database, run: str, part: int, clock: Clock) -> bool:
    """Write one partition of a plan that is kept.

    Returns:
        False where it had been written already: then nothing has changed.
    """
    ledger, kept = table_of(LedgerRow), table_of(PartitionRow)
    open_days(database, clock.day)
    key = {"run": run, "part": part}
    with database.writing() as connection:
        if not insert_new(connection, ledger, key | {"orders": 0, "shipments": 0, "fallen": 0}):
            return False  # (3.1)
        text = connection.scalar(select(kept.c.document).filter_by(**key))
        planned = read_partition(str(text))
        if planned.moves:
            given, fallen = moved(connection, planned, run, day=clock.day, now=clock.now)
            shipped = given.of_orders(given.orders["order"].clear())
        else:
            given, fallen = _given(connection, planned, clock)
            shipped = given
        _insert(connection, shipped, fallen, run=run, day=clock.day)
        figures = {"orders": given.orders.height, "shipments": given.shipments.height,
                   "fallen": fallen.height}  # fmt: skip
        connection.execute(update(ledger).filter_by(**key).values(figures))
    return True


def _given(
    connection: Connection, planned: Partition, clock: Clock
) -> tuple[Partition, pl.DataFrame]:
    """Give units to the orders that can still have them; return what they got, and the others."""
    still_open, changed = _still_open(connection, planned)
    given, robbed = _reserved(connection, still_open, clock)
    _change_lines_and_orders(connection, given)
    return given, pl.concat([changed, robbed])


def _still_open(connection: Connection, planned: Partition) -> tuple[Partition, pl.DataFrame]:
    """Lock the orders, (3.2); return the part of those that are as they were read."""
    schema = {"row": WHOLE, "status": pl.String(), "version": WHOLE}
    rows = planned.orders["row"].sort().to_numpy()
    found = locked_rows(connection, table_of(OrderRow), rows, schema)
    found = found.rename({"version": "is"})
    now = planned.orders.join(found, on="row", how="left", maintain_order="left")
    same = (pl.col("status") == OPEN) & (pl.col("is") == pl.col("version"))
    bad = now.filter(~same.fill_null(False))
    gone = pl.lit("it is no longer there")
    other = pl.when(pl.col("status") == OPEN).then(pl.lit("it has been changed meanwhile"))
    said = other.otherwise(pl.format("it is {} meanwhile", "status"))
    reason = pl.when(pl.col("status").is_null()).then(gone).otherwise(said)
    fallen = bad.select("order", reason=reason)
    return planned.of_orders(now.filter(same)["order"]), fallen


def _reserved(
    connection: Connection, planned: Partition, clock: Clock
) -> tuple[Partition, pl.DataFrame]:
    """Lock cells and days, (3.3), and reserve what fits, (3.4); return what did and did not."""
    draws, names = planned.allocations, planned.orders["order"]
    cells, rooms = _locked(connection, planned, clock)
    wanted = _wanted(draws, cells, rooms)
    free = pl.concat([cells["free"], rooms.rooms["free"]]).to_numpy()
    asks = (wanted["at"].to_numpy(), wanted["units"].to_numpy(), free)
    fits = pl.Series(fitting(_places(wanted["order"], names), *asks), dtype=pl.Boolean)
    given = planned.of_orders(names.filter(fits))
    _take(connection, cells, given.allocations)
    take_rooms(connection, rooms, given.orders["order"])
    need = np.bincount(asks[0], asks[1], len(free)).astype(np.int64)
    asked = wanted.with_columns(
        need=pl.Series(need[asks[0]], dtype=WHOLE), free=pl.Series(free[asks[0]], dtype=WHOLE)
    )
    return given, _robbed(asked, names.filter(~fits))


def _locked(connection: Connection, planned: Partition, clock: Clock) -> tuple[pl.DataFrame, Rooms]:
    """Lock cells, then days; what is out of time on them is given back."""
    session, rows = session_of(connection), planned.allocations["cell"].unique().sort()
    for _ in range(2):
        cells = _locked_cells(connection, rows.to_numpy(), clock.now)
        rooms = locked_rooms(connection, planned.shipments, clock.day)
        held = rows.to_list(), rooms.rooms["row"].to_list()
        if not give_back_expired(session, *held, clock.now * 60):
            break
    return cells, rooms


def _wanted(draws: pl.DataFrame, cells: pl.DataFrame, rooms: Rooms) -> pl.DataFrame:
    """Return what orders want of cells, then of days: order, `at` among both, units, in words."""
    of_cells = draws.select(
        "order", "units", at=pl.Series(_places(draws["cell"], cells["row"]), dtype=WHOLE),
        what=pl.format("{} has {} units of {} left, where {} were planned",
                       "node", pl.lit("{free}"), "sku", pl.lit("{need}")),
    )  # fmt: skip
    days = rooms.wanted.join(rooms.rooms, on="row", how="left", maintain_order="left")
    kind = pl.when(pl.col("kind") == "orders").then(pl.lit("shipments")).otherwise(pl.lit("units"))
    of_days = days.select(
        "order", "units",
        at=pl.Series(_places(days["row"], rooms.rooms["row"]), dtype=WHOLE) + cells.height,
        what=pl.format("{} can send {} more {} that day, where {} were planned",
                       "node", pl.lit("{free}"), kind, pl.lit("{need}")),
    )  # fmt: skip
    return pl.concat([of_cells, of_days])


def _places(values: pl.Series, known: pl.Series) -> Ints:
    """Return where each value stands among the known ones, which are all different."""
    at = pl.DataFrame([known.alias("key")]).with_row_index("at")
    found = values.alias("key").to_frame().join(at, on="key", how="left", maintain_order="left")
    return found["at"].cast(pl.Int64).to_numpy()


def _locked_cells(connection: Connection, rows: Ints, now: int) -> pl.DataFrame:
    """Lock cells from low row to high; return them with the units that are free in each."""
    cells = locked_rows(connection, table_of(StockRow), rows, CELL)
    t = table_of(ReceiptRow)
    units = cast(func.sum(t.c.units), BigInteger)
    query = select(t.c.cell, units).where(t.c.due <= now).group_by(t.c.cell)
    schema = {"row": WHOLE, "due": WHOLE}
    due = rows_among(connection, query, t.c.cell, rows, schema=schema)
    found = cells.join(due, on="row", how="left", maintain_order="left")
    here = pl.col("on_hand") - pl.col("reserved") - pl.col("safety")
    return found.with_columns(free=here + pl.col("due").fill_null(0))


def _take(connection: Connection, cells: pl.DataFrame, draws: pl.DataFrame) -> None:
    """Add what is drawn to what is reserved, where nobody has touched the cell since."""
    drawn = draws.group_by(row="cell").agg(pl.col("units").sum())
    drawn = drawn.join(cells.select("row", "version"), on="row").sort("row")
    rows = drawn["row"].to_numpy()
    changed = add_to_rows(
        connection,
        table_of(StockRow),
        rows,
        {"reserved": drawn["units"].to_numpy(), "version": np.ones(len(rows), np.int64)},
        where={"version": drawn["version"].to_numpy()},
    )
    _expect(changed, len(rows), "stock cells")


def _robbed(asked: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Return why those orders fall out: the first thing of each that there is too little of."""
    short = asked.filter(pl.col("order").is_in(names.implode()), pl.col("need") > pl.col("free"))
    first = short.unique("order", keep="first", maintain_order=True)
    left = pl.col("free").clip(0).cast(pl.String)
    said = pl.col("what").str.replace("{free}", left, literal=True)
    need = pl.col("need").cast(pl.String)
    return first.select("order", reason=said.str.replace("{need}", need, literal=True))


def _change_lines_and_orders(connection: Connection, given: Partition) -> None:
    lines = given.allocations.group_by("line_row").agg(pl.col("units").sum()).sort("line_row")
    add = {"allocated": lines["units"].to_numpy()}
    rows = lines["line_row"].to_numpy()
    changed = add_to_rows(connection, table_of(LineRow), rows, add, where={})
    _expect(changed, len(rows), "lines")
    orders = table_of(OrderRow)
    for whole, status in ((True, ALLOCATED), (False, OPEN)):
        rows = given.orders.filter(pl.col("whole") == whole)["row"].sort().to_numpy()
        values = {"status": status, "version": orders.c.version + 1}
        _expect(change_rows(connection, orders, rows, **values), len(rows), "orders")


def _expect(changed: int, wanted: int, what: str) -> None:
    """Break off, and so undo, a transaction that did not find what it had locked."""
    if changed != wanted:
        raise RuntimeError(f"{changed} {what} were changed where {wanted} were locked")


def _insert(
    connection: Connection, given: Partition, fallen: pl.DataFrame, *, run: str, day: str
) -> None:
    """Put in what was given, and what was not, (3.5)."""
    more = {"day": pl.lit(day), "document": pl.struct(*BESIDES).struct.json_encode()}
    rows: dict[type[Ledger], pl.DataFrame] = {
        ShipmentRow: given.shipments.with_columns(**more).drop(*BESIDES),
        AllocationRow: given.allocations.drop("line_row", "cell"),
        ShortageRow: given.shortages,
        FallenRow: fallen,
    }
    for row, frame in rows.items():
        insert_frame(connection, table_of(row), frame.with_columns(run=pl.lit(run)))
