"""Ledger rows: what a database must lock, count or filter. All else of a row is its document.

A document is JSON text of what the row models of a scenario folder hold besides: it is written
and read in bulk, column by column, and checked when it is read, as a file is. Rows are written
by `orchestrator/store*.py` alone.

`row` is the place of a row among its like, in the order of the scenario folder; it is what rows
are locked by, always from low to high. `version` counts the changes of a row, so that who read it
can tell whether it has changed since. Minutes are counted from 1970-01-01 UTC.

`reserved` of a cell may exceed `on_hand`: units of a receipt that is due are sold before they
are counted.
"""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Index, MetaData, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

LAYOUT: Final = 5
"""The version of the tables below; a database says in `layout` which one it has, and
`orchestrator/migrations` leads from each to the next."""

OPEN: Final = "open"
ALLOCATED: Final = "allocated"
CANCELLED: Final = "cancelled"
PERSON: Final = "person"
"""States of an order: some unit of it has no stock yet; every unit has; it is no longer wanted; a
person is to see to it."""
STARTED: Final = "started"
PLANNED: Final = "planned"
DONE: Final = "done"
"""States of a run: nothing is kept yet; the whole plan is; all of it has been written."""
HELD: Final = "held"
CONFIRMED: Final = "confirmed"
RELEASED: Final = "released"
EXPIRED: Final = "expired"
"""States of a reservation: held until its time; an order's; given back; found out of time."""


class Ledger(SQLModel):
    """What all rows of a database are."""


TABLES: Final[MetaData] = Ledger.metadata
"""All tables below."""


def _place() -> int:
    """Return the key of rows that are numbered by who writes them."""
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    return place


class LayoutRow(Ledger, table=True):
    """Which layout the tables have: one row, written with them."""

    __tablename__ = "layout"
    version: int = _place()


class ScenarioRow(Ledger, table=True):
    """The head of the scenario: name, clock, seed, policy."""

    __tablename__ = "scenarios"
    name: str = Field(primary_key=True)
    document: str


class DocumentRow(Ledger, table=True):
    """A row of the network or the catalogue, which no run changes."""

    __tablename__ = "documents"
    kind: str = Field(primary_key=True)  # a table of the scenario folder
    row: int = _place()
    document: str


class StockRow(Ledger, table=True):
    """A stock cell; what a receipt alone brings has one too."""

    __tablename__ = "stock"
    __table_args__ = (UniqueConstraint("node", "sku"), CheckConstraint("reserved >= 0"))
    row: int = _place()
    node: str
    sku: str = Field(index=True)
    on_hand: int  # units
    reserved: int  # units of it, and of receipts due, that orders have been given
    safety: int  # units, the cell's own or its node's
    version: int
    document: str


class ReceiptRow(Ledger, table=True):
    """Units on their way to a cell."""

    __tablename__ = "receipts"
    row: int = _place()
    node: str
    sku: str
    cell: int = Field(index=True)  # row of `stock`
    units: int
    due: int  # minutes


class OrderRow(Ledger, table=True):
    """An order; open until every unit of it is allocated."""

    __tablename__ = "orders"
    row: int = _place()
    order: str = Field(unique=True)
    status: str = Field(index=True)
    version: int
    document: str


class LineRow(Ledger, table=True):
    """Units of one product in an order, and how many of them have been allocated."""

    __tablename__ = "lines"
    __table_args__ = (
        UniqueConstraint("order", "line"),
        CheckConstraint("allocated >= 0 AND allocated <= units", name="no_more_than_asked"),
    )
    row: int = _place()
    order: str
    line: str
    sku: str
    units: int
    allocated: int
    document: str


class RunRow(Ledger, table=True):
    """A night: how it was asked for, what it read, what it came to."""

    __tablename__ = "runs"
    run: str = Field(primary_key=True)
    status: str
    digest: str  # of what was read
    partitions: int  # of the plan that is kept
    options: str  # JSON: what was asked for
    document: str  # JSON: the measures of the plan, its prices


class PartitionRow(Ledger, table=True):
    """A part of a plan that is kept and waits to be written."""

    __tablename__ = "partitions"
    run: str = Field(primary_key=True)
    part: int = _place()
    document: str


class LedgerRow(Ledger, table=True):
    """Says that a partition has been written: stands and falls with what it wrote."""

    __tablename__ = "ledger"
    run: str = Field(primary_key=True)
    part: int = _place()
    orders: int  # that were given units
    shipments: int
    fallen: int  # orders that fell out


class ShipmentRow(Ledger, table=True):
    """What one node sends for one order in one go."""

    __tablename__ = "shipments"
    __table_args__ = (Index("shipments_by_day", "day", "node"),)
    run: str = Field(primary_key=True)
    shipment: int = _place()
    order: str = Field(index=True)
    node: str
    service: str | None  # none: over the counter
    day: str  # of the run's clock: whose capacity it took
    units: int
    cost_cents: int = Field(sa_type=BigInteger)
    document: str


class AllocationRow(Ledger, table=True):
    """Units of a line that a shipment holds."""

    __tablename__ = "allocations"
    run: str = Field(primary_key=True)
    shipment: int = _place()
    line: str = Field(primary_key=True)
    order: str
    node: str
    sku: str
    units: int


class EventRow(Ledger, table=True):
    """Something that has happened to an order.

    It is put in once and never changed, but for its place among all events, which whoever reads
    them gives to those that have none yet.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("order", "sequence"),
        Index("events_by_node", "node", "kind"),
    )
    row: int = Field(default=None, primary_key=True)
    order: str
    sequence: int
    place: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    kind: str
    node: str | None = None
    at: int = Field(sa_type=BigInteger)  # seconds since 1970-01-01 UTC
    document: str  # JSON


class SentRow(Ledger, table=True):
    """Units of an allocation that have left their node: they lie in its stock no more."""

    __tablename__ = "sent"
    run: str = Field(primary_key=True)
    shipment: int = _place()
    line: str = Field(primary_key=True)
    node: str
    sku: str
    units: int


class ShortageRow(Ledger, table=True):
    """Units of a line that the plan of a run leaves unserved; the order stays open."""

    __tablename__ = "shortages"
    run: str = Field(primary_key=True)
    order: str = Field(primary_key=True)
    line: str = Field(primary_key=True)
    units: int


class FallenRow(Ledger, table=True):
    """An order that fell out of a plan when it was written, and why; it stays as it was."""

    __tablename__ = "fallen"
    run: str = Field(primary_key=True)
    order: str = Field(primary_key=True)
    reason: str


class WriteRow(Ledger, table=True):
    """A key that a write came with, what it asked for, and what it was told."""

    __tablename__ = "writes"
    key: str = Field(primary_key=True)
    digest: str  # of what was asked
    at: int = Field(sa_type=BigInteger, index=True)  # seconds since 1970-01-01 UTC
    answer: str  # JSON


class RecordRow(Ledger, table=True):
    """What a decision was made from, and what it was: kept as it was, to be explained by.

    Of a night, named after its run; of an order, at the event that tells it; and networks, named
    after their digest, which the records of orders refer to.
    """

    __tablename__ = "records"
    kind: str = Field(primary_key=True)  # night, order, network
    name: str = Field(primary_key=True)
    sequence: int = _place()  # of the event, 0 where there is none
    at: int = Field(sa_type=BigInteger)  # seconds since 1970-01-01 UTC
    document: bytes


class ReservationRow(Ledger, table=True):
    """A claim that is held until a moment, or is an order's."""

    __tablename__ = "reservations"
    __table_args__ = (Index("reservations_by_time", "status", "until"),)
    reservation: str = Field(primary_key=True)
    status: str
    until: int = Field(sa_type=BigInteger)  # seconds since 1970-01-01 UTC
    order: str | None = Field(default=None, index=True)
    document: str  # JSON: the claim


class HoldRow(Ledger, table=True):
    """What a reservation holds of a stock cell or a quota."""

    __tablename__ = "holds"
    kind: str = Field(primary_key=True)  # stock, or the kind of quota
    target: int = _place()  # row of `stock` or `quotas`
    reservation: str = Field(primary_key=True, index=True)
    units: int


class QuotaRow(Ledger, table=True):
    """What else is scarce: a node's shipments or units of a day, a slot, a channel's allotment."""

    __tablename__ = "quotas"
    __table_args__ = (
        UniqueConstraint("kind", "node", "at", "sku", "channel"),
        CheckConstraint("used >= 0", name="quota_used"),
    )
    row: int = Field(default=None, primary_key=True)
    kind: str  # orders, units, slot, allotment
    node: str
    at: str  # day, or beginning of the slot in seconds; empty: always
    sku: str  # of an allotment
    channel: str
    most: int
    used: int  # by reservations, and by shipments of that day or channel


class MessageRow(Ledger, table=True):
    """What a node said of a stock cell."""

    __tablename__ = "messages"
    cell: int = _place()
    sequence: int = Field(sa_type=BigInteger, primary_key=True)
    kind: str  # delta, snapshot
    units: int


class ReceiptMessageRow(Ledger, table=True):
    """What a node said of the receipts that a stock cell awaits."""

    __tablename__ = "receipt_messages"
    cell: int = _place()
    sequence: int = Field(sa_type=BigInteger, primary_key=True)
    kind: str  # delta, snapshot
    document: str  # JSON: what is expected, each with units and when


class AcknowledgementRow(Ledger, table=True):
    """What a node said of a shipment that it was given."""

    __tablename__ = "acknowledgements"
    run: str = Field(primary_key=True)
    shipment: int = _place()
    accepted: bool  # else it is declined
    reason: str
    at: int = Field(sa_type=BigInteger)  # seconds since 1970-01-01 UTC


class AccessKeyRow(Ledger, table=True):
    """Who may ask the service for what; the secret is kept as a digest alone."""

    __tablename__ = "access_keys"
    key: str = Field(primary_key=True)  # its public half
    digest: str  # SHA-256 of the secret half
    name: str  # of whoever holds it
    scopes: str  # JSON: names
    node: str | None = None  # the only node whose affairs it sees
    added: int = Field(sa_type=BigInteger)  # seconds since 1970-01-01 UTC
    revoked: int | None = Field(default=None, sa_type=BigInteger)


def table_of(row: type[Ledger]) -> Table:
    """Return the table of a kind of row, for statements."""
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table
