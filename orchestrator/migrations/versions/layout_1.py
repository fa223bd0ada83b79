"""The first layout: a scenario, runs, and what they wrote."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

TEXT: Sequence[Any] = (sa.String(), False)
WHOLE: Sequence[Any] = (sa.Integer(), False)
TABLES: dict[str, tuple[dict[str, Sequence[Any]], tuple[str, ...]]] = {
    "layout": ({"version": WHOLE}, ("version",)),
    "scenarios": ({"name": TEXT, "document": TEXT}, ("name",)),
    "documents": ({"kind": TEXT, "row": WHOLE, "document": TEXT}, ("kind", "row")),
    "stock": (
        {"row": WHOLE, "node": TEXT, "sku": TEXT, "on_hand": WHOLE, "reserved": WHOLE,
         "safety": WHOLE, "version": WHOLE, "document": TEXT},
        ("row",),
    ),
    "receipts": (
        {"row": WHOLE, "node": TEXT, "sku": TEXT, "cell": WHOLE, "units": WHOLE, "due": WHOLE},
        ("row",),
    ),
    "orders": (
        {"row": WHOLE, "order": TEXT, "status": TEXT, "version": WHOLE, "document": TEXT},
        ("row",),
    ),
    "lines": (
        {"row": WHOLE, "order": TEXT, "line": TEXT, "sku": TEXT, "units": WHOLE,
         "allocated": WHOLE, "document": TEXT},
        ("row",),
    ),
    "runs": (
        {"run": TEXT, "status": TEXT, "digest": TEXT, "partitions": WHOLE, "options": TEXT,
         "document": TEXT},
        ("run",),
    ),
    "partitions": ({"run": TEXT, "part": WHOLE, "document": TEXT}, ("run", "part")),
    "ledger": (
        {"run": TEXT, "part": WHOLE, "orders": WHOLE, "shipments": WHOLE, "fallen": WHOLE},
        ("run", "part"),
    ),
    "shipments": (
        {"run": TEXT, "shipment": WHOLE, "order": TEXT, "node": TEXT,
         "service": (sa.String(), True), "day": TEXT, "units": WHOLE,
         "cost_cents": (sa.BigInteger(), False), "document": TEXT},
        ("run", "shipment"),
    ),
    "allocations": (
        {"run": TEXT, "shipment": WHOLE, "line": TEXT, "order": TEXT, "node": TEXT, "sku": TEXT,
         "units": WHOLE},
        ("run", "shipment", "line"),
    ),
    "shortages": (
        {"run": TEXT, "order": TEXT, "line": TEXT, "units": WHOLE}, ("run", "order", "line")
    ),
    "fallen": ({"run": TEXT, "order": TEXT, "reason": TEXT}, ("run", "order")),
}  # fmt: skip
"""By table: its columns (type, whether it may be null), and its key."""
RULES: dict[str, tuple[sa.Constraint, ...]] = {
    "stock": (sa.UniqueConstraint("node", "sku"), sa.CheckConstraint("reserved >= 0")),
    "orders": (sa.UniqueConstraint("order"),),
    "lines": (
        sa.UniqueConstraint("order", "line"),
        sa.CheckConstraint("allocated >= 0 AND allocated <= units", name="no_more_than_asked"),
    ),
}
INDEXES = {
    "ix_receipts_cell": ("receipts", ["cell"]),
    "ix_orders_status": ("orders", ["status"]),
    "ix_shipments_order": ("shipments", ["order"]),
    "shipments_by_day": ("shipments", ["day", "node"]),
}


def upgrade() -> None:
    """Make the tables."""
    for table, (columns, key) in TABLES.items():
        given = [
            sa.Column(name, kind, nullable=null, primary_key=name in key, autoincrement=False)
            for name, (kind, null) in columns.items()
        ]
        op.create_table(table, *given, *RULES.get(table, ()))
    for index, (table, names) in INDEXES.items():
        op.create_index(index, table, names)
