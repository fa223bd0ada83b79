"""What there is too little of, in words: (5a) and (8) of reserve.py."""

from collections.abc import Mapping, Sequence
from typing import Final

from omnisource.orchestrator.store.give import LOCK_CELLS, LOCK_QUOTAS
from omnisource.orchestrator.store.places import Cell, Needs, Quota
from omnisource.orchestrator.store.session import Session, Statement

GLANCE: Final = Statement(
    "SELECT s.row, s.on_hand - s.reserved - s.safety + COALESCE((SELECT SUM(units) "
    "FROM receipts WHERE cell = s.row AND due <= :by), 0), EXISTS (SELECT 1 FROM reservations "
    "WHERE reservation IN (SELECT reservation FROM holds WHERE kind = 'stock' "
    "AND target IN (:rows)) AND (status = 'expired' OR (status = 'held' AND until <= :now))) "
    "FROM stock s WHERE s.row IN (:rows)"
)
RECEIPTS: Final = Statement("SELECT cell, due, units FROM receipts WHERE cell IN (:rows)")


def short_cells(session: Session, needs: Needs) -> list[str]:
    """Say which stock cells have too little."""
    rows = [cell.row for cell in needs.cells]
    free = {row: units for row, units, *_ in session.rows(LOCK_CELLS, rows=rows)}
    for row, units in _kept(session, needs):
        free[row] -= units
    if all(free.get(cell.row, 0) >= cell.units for cell in needs.cells):
        return []
    receipts = session.rows(RECEIPTS, rows=rows)
    due = {
        cell.row: sum(units for row, at, units in receipts if row == cell.row and at <= cell.by)
        for cell in needs.cells
    }
    left = {row: units + due[row] for row, units in free.items()}
    return _too_little(needs.cells, left)


def _too_little(cells: Sequence[Cell], left: Mapping[int, int]) -> list[str]:
    """Say which cells have less left than is wanted."""
    return [
        f"{cell.node} has {max(0, left.get(cell.row, 0))} units of {cell.sku} left, "
        f"where {cell.units} are wanted"
        for cell in cells
        if left.get(cell.row, 0) < cell.units
    ]


def short_at_a_glance(session: Session, cells: Sequence[Cell], now: int) -> tuple[str, ...]:
    """Say which cells are short for certain, of one state of the database, nothing locked."""
    by, rows = max(cell.by for cell in cells), [cell.row for cell in cells]
    found = session.rows(GLANCE, rows=rows, by=by, now=now)
    if any(overdue for *_, overdue in found):
        return ()
    return tuple(_too_little(cells, {row: units for row, units, _ in found}))


def _kept(session: Session, needs: Needs) -> list[tuple[int, int]]:
    """Return what other channels may still sell: cell, units."""
    if not needs.kept:
        return []
    rows = session.rows(LOCK_QUOTAS, rows=sorted({row for _, row in needs.kept}))
    left = {row: units for row, units, *_ in rows}
    return [(cell, max(0, left[quota])) for cell, quota in needs.kept]


def short_quotas(session: Session, quotas: Sequence[Quota]) -> list[str]:
    """Say what else there is too little of."""
    if not quotas:
        return []
    locked = session.rows(LOCK_QUOTAS, rows=[quota.row for quota in quotas])
    free: dict[int, int] = dict(locked)
    return [_said(quota, left) for quota in quotas if (left := free[quota.row]) < quota.units]


def _said(quota: Quota, left: int) -> str:
    key, left = quota.key, max(0, left)
    return {
        "orders": f"{key.node} can send {left} more shipments on {key.at}",
        "units": f"{key.node} can send {left} more units on {key.at}",
        "slot": f"{key.node} has no room left in that slot",
        "allotment": f"{key.channel} may sell {left} more units of {key.sku} from {key.node}",
    }[key.kind]
