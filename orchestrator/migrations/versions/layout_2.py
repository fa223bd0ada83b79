"""The second layout: reservations, what they hold, quotas, keys of writes, stock messages."""

import json

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Make the tables, and a quota of each allotment that the scenario has."""
    _make_reservations()
    _make_quotas()
    op.create_table(
        "messages",
        sa.Column("cell", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
    )
    _fill_allotments()


def _make_reservations() -> None:
    op.create_table(
        "writes",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
    )
    op.create_index("ix_writes_at", "writes", ["at"])
    op.create_table(
        "reservations",
        sa.Column("reservation", sa.String(), primary_key=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.String(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
    )
    op.create_index("ix_reservations_order", "reservations", ["order"])
    op.create_index("reservations_by_time", "reservations", ["status", "until"])
    op.create_table(
        "holds",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("target", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("reservation", sa.String(), primary_key=True),
        sa.Column("units", sa.Integer(), nullable=False),
    )
    op.create_index("ix_holds_reservation", "holds", ["reservation"])


def _make_quotas() -> None:
    names = ("kind", "node", "at", "sku", "channel")
    op.create_table(
        "quotas",
        sa.Column("row", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in names),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.UniqueConstraint(*names),
        sa.CheckConstraint("used >= 0", name="quota_used"),
    )


def _fill_allotments() -> None:
    """Put in what the channels of the scenario may sell; nothing of it is reserved yet."""
    names = ("kind", "node", "at", "sku", "channel", "most", "used")
    quotas = sa.table("quotas", *(sa.column(name) for name in names))
    documents = sa.table("documents", sa.column("kind"), sa.column("document"))
    query = sa.select(documents.c.document).where(documents.c.kind == "allotments")
    found = [json.loads(text) for text in op.get_bind().scalars(query)]
    rows = [
        {"kind": "allotment", "node": each["node"], "at": "", "sku": each["sku"],
         "channel": each["channel"], "most": each["units"], "used": 0}
        for each in found
    ]  # fmt: skip
    if rows:
        op.bulk_insert(quotas, rows)
