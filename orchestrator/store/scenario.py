"""A scenario into a database: the whole of it in one transaction.

What runs lock, count or filter gets columns (models/tables.py); all else of a row is JSON, put
together and taken apart in columns. A killed load leaves the database as it was.
"""

from typing import Final

import polars as pl
from sqlalchemy import delete, insert

from omnisource.models.base import UnusableInput
from omnisource.models.tables import (
    OPEN,
    DocumentRow,
    Ledger,
    LineRow,
    OrderRow,
    QuotaRow,
    ReceiptRow,
    ScenarioRow,
    StockRow,
    table_of,
)
from omnisource.models.world import World
from omnisource.orchestrator.folder.columns import TABLES as SHEETS
from omnisource.orchestrator.folder.decode import decode_table
from omnisource.orchestrator.store.bulk import insert_frame
from omnisource.orchestrator.store.database import Database, layout_of, strangers
from omnisource.orchestrator.store.upgrade import drop_tables, make_tables

LEDGERS: Final = ("stock", "receipts", "orders", "lines")
"""Tables of a scenario that have columns of their own in a database."""
DOCUMENTS: Final = tuple(table for table in SHEETS if table not in LEDGERS)
"""The others: a document a row."""
TYPED: Final = {
    "stock": ("node", "sku", "on_hand", "safety"),
    "orders": ("order",),
    "lines": ("order", "line", "sku", "units"),
}
"""Columns of a scenario that a database keeps as such, by table."""


def write_scenario(database: Database, world: World, *, replace: bool = False) -> None:
    """Write a world into a database, all of it or nothing.

    Args:
        database: made anew if it is a file that is not there.
        world: its orders are open, nothing of its stock is reserved.
        replace: drop what is there, runs and all.

    Raises:
        UnusableInput: a scenario is there already and was not to be replaced, or the database
            has tables of another program under these names.
    """
    with database.writing() as connection:
        if others := strangers(connection):
            raise UnusableInput(
                f"{database.name}: it has tables that are not omnisource's: {', '.join(others)}; "
                "name an empty database"
            )
        if layout_of(connection) is not None:
            if not replace:
                raise UnusableInput(
                    f"{database.name}: there is a scenario already; --force replaces it, and all "
                    "its runs"
                )
            drop_tables(connection)
        make_tables(connection)
        head = {"name": world.scenario.name, "document": world.scenario.model_dump_json()}
        connection.execute(delete(table_of(ScenarioRow)))
        connection.execute(insert(table_of(ScenarioRow)).values(head))
        for row, frame in _rows(world):
            insert_frame(connection, table_of(row), frame)
        if database.is_postgres:
            connection.exec_driver_sql("ANALYZE")  # else the first statements take wrong ways


def _rows(world: World) -> list[tuple[type[Ledger], pl.DataFrame]]:
    """Return what goes into which table."""
    stock = _stock(world)
    orders = _keyed(decode_table(world, "orders"), TYPED["orders"])
    lines = _keyed(decode_table(world, "lines"), TYPED["lines"])
    return [
        *((DocumentRow, _documents(world, table)) for table in DOCUMENTS),
        (StockRow, stock),
        (ReceiptRow, _receipts(world, stock)),
        (OrderRow, orders.with_columns(status=pl.lit(OPEN), version=pl.lit(0))),
        (LineRow, lines.with_columns(allocated=pl.lit(0))),
        (QuotaRow, _allotments(world)),
    ]


def _allotments(world: World) -> pl.DataFrame:
    """Return what channels may sell at most, as quotas."""
    frame = decode_table(world, "allotments")
    same = {"kind": pl.lit("allotment"), "at": pl.lit(""), "used": pl.lit(0)}
    return frame.select("node", "sku", "channel", most="units").with_columns(**same)


def _documents(world: World, table: str) -> pl.DataFrame:
    return _keyed(decode_table(world, table), ()).insert_column(0, pl.lit(table).alias("kind"))


def _keyed(frame: pl.DataFrame, typed: tuple[str, ...]) -> pl.DataFrame:
    """Return rows with their number, the columns that are kept as such, and the document."""
    held = [s.name for s in frame if s.name not in typed and s.null_count() < frame.height]
    document = pl.struct(held).struct.json_encode() if held else pl.repeat("{}", pl.len())
    return frame.select(*typed, document=document).with_row_index("row")


def _stock(world: World) -> pl.DataFrame:
    """Return the stock cells, then those that only receipts bring, with the safety that holds."""
    cells, receipts = decode_table(world, "stock"), decode_table(world, "receipts")
    general = decode_table(world, "nodes").select("node", general="safety")
    new = receipts.select("node", "sku").unique(maintain_order=True)
    new = new.join(cells, on=["node", "sku"], how="anti", maintain_order="left")
    new = new.with_columns(on_hand=pl.lit(0, pl.Int64), unit_cost_cents=pl.lit(0, pl.Int64),
                           accuracy=pl.lit(1.0))  # fmt: skip
    every = pl.concat([cells, new], how="diagonal")
    every = every.join(general, on="node", how="left", maintain_order="left")
    every = every.with_columns(pl.col("safety").fill_null(pl.col("general"))).drop("general")
    return _keyed(every, TYPED["stock"]).with_columns(reserved=pl.lit(0), version=pl.lit(0))


def _receipts(world: World, stock: pl.DataFrame) -> pl.DataFrame:
    cell = stock.select("node", "sku", cell="row")
    due = pl.Series("due", world.receipts["due"])
    frame = decode_table(world, "receipts").with_columns(due)
    return frame.join(cell, on=["node", "sku"], maintain_order="left").with_row_index("row")
