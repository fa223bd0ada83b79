"""What a run has written, read back for people."""

from collections.abc import Mapping

import polars as pl
from sqlalchemy import select

from omnisource.models.tables import (
    AllocationRow,
    FallenRow,
    Ledger,
    ShipmentRow,
    ShortageRow,
    table_of,
)
from omnisource.orchestrator.store.bulk import select_frame
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.partition import BESIDES

WHOLE = pl.Int64()
TEXT = pl.String()
SHOWN: Mapping[str, tuple[type[Ledger], Mapping[str, pl.DataType], tuple[str, ...]]] = {
    "shipments": (
        ShipmentRow,
        {"shipment": WHOLE, "order": TEXT, "node": TEXT, "service": TEXT, "units": WHOLE,
         "cost_cents": WHOLE, "document": TEXT},
        ("shipment",),
    ),
    "allocations": (
        AllocationRow,
        {"shipment": WHOLE, "order": TEXT, "line": TEXT, "sku": TEXT, "node": TEXT, "units": WHOLE},
        ("shipment", "line"),
    ),
    "shortages": (
        ShortageRow, {"order": TEXT, "line": TEXT, "units": WHOLE}, ("order", "line")
    ),
    "fallen": (FallenRow, {"order": TEXT, "reason": TEXT}, ("order",)),
}  # fmt: skip
"""By table of a plan: its rows, the columns shown, the order they are shown in."""


def read_plan(database: Database, run: str) -> dict[str, pl.DataFrame]:
    """Return what a run has written: shipments, allocations, shortages, and who fell out."""
    found = {name: _read(database, run, name) for name in SHOWN}
    terms = found["shipments"]["document"]
    opened = terms.str.json_decode(pl.Struct(dict(BESIDES))).struct.unnest()
    found["shipments"] = found["shipments"].hstack(opened)
    return found | {"shipments": found["shipments"].drop("document")}


def read_fallen(database: Database, run: str) -> tuple[tuple[str, str], ...]:
    """Return the orders that fell out of a run, each with the reason."""
    return tuple(_read(database, run, "fallen").iter_rows())


def _read(database: Database, run: str, name: str) -> pl.DataFrame:
    row, schema, order = SHOWN[name]
    table = table_of(row)
    query = select(*(table.c[column] for column in schema)).where(table.c.run == run)
    with database.reading() as connection:
        return select_frame(connection, query, schema).sort(order)
