"""The fourth layout: events of orders, units that have left, stock found by product."""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Make the tables; no order has an event yet, and nothing has left."""
    op.create_table(
        "events",
        sa.Column("row", sa.Integer(), primary_key=True),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.UniqueConstraint("order", "sequence"),
        sa.UniqueConstraint("place"),
    )
    op.create_index("events_by_node", "events", ["node", "kind"])
    op.create_table(
        "sent",
        sa.Column("run", sa.String(), primary_key=True),
        sa.Column("shipment", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("line", sa.String(), primary_key=True),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
    )
    op.create_index("ix_stock_sku", "stock", ["sku"])
