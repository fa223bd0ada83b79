"""What nodes say of their receipts, in whatever order it comes, however often.

Messages about a cell's receipts are numbered by their sender. With s the number of the latest
snapshot that is known and R_s what it says,

    (1)  receipts = R_s + those of deltas numbered above s

whatever has come first; before any snapshot, the receipts as they were loaded + all deltas. Between
two messages receipts shrink by what arrives (feed.py), which a later snapshot has seen.

A message is one transaction with the others of its request: its cell is locked first.
"""

import json
from typing import Final

from omnisource.models.http_feeds import Outcome, ReceiptMessage
from omnisource.models.reservation import StockMessage
from omnisource.orchestrator.store.feed import lock_cell
from omnisource.orchestrator.store.session import ONE_AT_A_TIME, Session, Statement

NEW: Final = Statement(
    "INSERT INTO receipt_messages (cell, sequence, kind, document) "
    "VALUES (:cell, :sequence, :kind, :document) ON CONFLICT DO NOTHING"
)
OLD: Final = Statement(
    "SELECT kind, document FROM receipt_messages WHERE cell = :cell AND sequence = :sequence"
)
LATER_SNAPSHOT: Final = Statement(
    "SELECT 1 FROM receipt_messages WHERE cell = :cell AND sequence > :sequence "
    "AND kind = 'snapshot' LIMIT 1"
)
LATER_DELTAS: Final = Statement(
    "SELECT document FROM receipt_messages WHERE cell = :cell AND sequence > :sequence "
    "AND kind = 'delta' ORDER BY sequence"
)
CLEAR: Final = Statement("DELETE FROM receipts WHERE cell = :cell")
PUT: Final = Statement(
    "INSERT INTO receipts (row, node, sku, cell, units, due) "
    "SELECT COALESCE(MAX(row), -1) + 1, CAST(:node AS TEXT), CAST(:sku AS TEXT), "
    "CAST(:cell AS INTEGER), CAST(:units AS INTEGER), CAST(:due AS INTEGER) FROM receipts"
)


def hear_receipts(session: Session, message: ReceiptMessage, safety: int) -> Outcome:
    """Take note of a message about the receipts of a cell.

    Args:
        session: of a transaction.
        message: its node and SKU are known.
        safety: units kept back where the cell is new.
    """
    cell, _ = lock_cell(session, StockMessage(
        node=message.node, sku=message.sku, sequence=0, kind="delta", units=0
    ), safety)  # fmt: skip
    pairs = [(int(each.due.timestamp()) // 60, each.units) for each in message.expected]
    document, key = json.dumps(pairs), {"cell": cell, "sequence": message.sequence}
    if not session.change(NEW, **key, kind=message.kind, document=document):
        same = session.rows(OLD, **key) == [(message.kind, document)]
        return "repeated" if same else "contradicts"
    if session.rows(LATER_SNAPSHOT, **key):
        return "late"
    session.rows(ONE_AT_A_TIME)
    if message.kind == "snapshot":
        session.put([(CLEAR, {"cell": cell})])
        later = [pair for (text,) in session.rows(LATER_DELTAS, **key) for pair in json.loads(text)]
        pairs += later
    where = {"node": message.node, "sku": message.sku, "cell": cell}
    session.put([(PUT, where | {"due": due, "units": units}) for due, units in pairs])
    return "counted"
