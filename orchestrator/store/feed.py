"""What nodes say of their stock, in whatever order it comes, however often.

Messages about a cell are numbered by their sender. With s the number of the latest count that is
known, and n_s what it found,

    (1)  on_hand = n_s + Σ units of deltas numbered above s

whatever has come first; before any count, on_hand as it was loaded + Σ units of all deltas. So a
delta adds its units unless a later count has seen it; a count sets the cell, and adds the later
deltas that were here before it; a count that is older than the last changes nothing.

A message is one transaction: the cell is locked first, then the message goes in, then the cell
changes, and a receipt that is expected shrinks by what has come, the earliest first.
"""

from typing import Final

from omnisource.models.reservation import StockMessage, StockSaid
from omnisource.orchestrator.store.session import LOCK, ONE_AT_A_TIME, Session, Statement

CELL: Final = Statement(f"SELECT row, on_hand FROM stock WHERE node = :node AND sku = :sku{LOCK}")
NEW_MESSAGE: Final = Statement(
    "INSERT INTO messages (cell, sequence, kind, units) VALUES (:cell, :sequence, :kind, :units) "
    "ON CONFLICT DO NOTHING"
)
OLD_MESSAGE: Final = Statement(
    "SELECT kind, units FROM messages WHERE cell = :cell AND sequence = :sequence"
)
LATER_COUNT: Final = Statement(
    "SELECT 1 FROM messages WHERE cell = :cell AND sequence > :sequence AND kind = 'snapshot' "
    "LIMIT 1"
)
LATER_DELTAS: Final = Statement(
    "SELECT COALESCE(SUM(units), 0) FROM messages "
    "WHERE cell = :cell AND sequence > :sequence AND kind = 'delta'"
)
SET_ON_HAND: Final = Statement(
    "UPDATE stock SET on_hand = :on_hand, version = version + 1 WHERE row = :cell"
)
EXPECTED: Final = Statement("SELECT row, units FROM receipts WHERE cell = :cell ORDER BY due, row")
SHRINK: Final = Statement("UPDATE receipts SET units = units - :units WHERE row = :row")
ARRIVED: Final = Statement("DELETE FROM receipts WHERE row = :row")
LAST_CELL: Final = Statement("SELECT COALESCE(MAX(row), -1) FROM stock")
NEW_CELL: Final = Statement(
    "INSERT INTO stock (row, node, sku, on_hand, reserved, safety, version, document) "
    "VALUES (:row, :node, :sku, 0, 0, :safety, 0, '{}')"
)


def hear(session: Session, message: StockMessage, safety: int) -> StockSaid | None:
    """Take note of a message about a cell.

    Args:
        session: of a transaction.
        message: its node and SKU are known.
        safety: units kept back where the cell is new.

    Returns:
        What it has come to; None where a message of that number said something else.
    """
    cell, on_hand = lock_cell(session, message, safety)
    key = {"cell": cell, "sequence": message.sequence}
    if not session.change(NEW_MESSAGE, **key, kind=message.kind, units=message.units):
        same = session.rows(OLD_MESSAGE, **key) == [(message.kind, message.units)]
        return StockSaid(fresh=False, counted=False, on_hand=on_hand) if same else None
    if session.rows(LATER_COUNT, **key):
        return StockSaid(fresh=True, counted=False, on_hand=on_hand)
    if message.kind == "snapshot":
        [(later,)] = session.rows(LATER_DELTAS, **key)
        on_hand = message.units + int(later)
    else:
        on_hand += message.units
        _arrive(session, cell, message.units)
    session.put([(SET_ON_HAND, {"cell": cell, "on_hand": on_hand})])
    return StockSaid(fresh=True, counted=True, on_hand=on_hand)


def lock_cell(session: Session, message: StockMessage, safety: int) -> tuple[int, int]:
    """Lock the cell, put in if there is none yet; return its row and what lies there."""
    key = {"node": message.node, "sku": message.sku}
    found = session.rows(CELL, **key)
    if not found:
        session.rows(ONE_AT_A_TIME)
        found = session.rows(CELL, **key)
    if not found:
        [[last]] = session.rows(LAST_CELL)
        session.put([(NEW_CELL, {**key, "row": last + 1, "safety": safety})])
        return last + 1, 0
    return int(found[0][0]), int(found[0][1])


def _arrive(session: Session, cell: int, units: int) -> None:
    """Shrink the receipts that are expected by what has come, the earliest first."""
    for row, expected in session.rows(EXPECTED, cell=cell) if units > 0 else []:
        if units < expected:
            session.put([(SHRINK, {"row": row, "units": units})])
            return
        session.put([(ARRIVED, {"row": row})])
        units -= expected
        if not units:
            return
