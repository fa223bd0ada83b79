"""What is held goes back to where it was taken from: (6) and (7) of reserve.py."""

from collections.abc import Iterable, Sequence
from typing import Final

from omnisource.orchestrator.store.session import LOCK, Session, Statement

LOCK_CELLS: Final = Statement(
    "SELECT row, on_hand - reserved - safety, node, sku FROM stock "
    f"WHERE row IN (:rows) ORDER BY row{LOCK}"
)
LOCK_QUOTAS: Final = Statement(
    f"SELECT row, most - used FROM quotas WHERE row IN (:rows) ORDER BY row{LOCK}"
)
OUT_OF_TIME: Final = Statement(
    "SELECT reservation FROM reservations WHERE reservation IN "
    "(SELECT reservation FROM holds WHERE (kind = 'stock' AND target IN (:cells)) "
    "OR (kind IN ('orders', 'units', 'slot', 'allotment') AND target IN (:quotas))) "
    "AND (status = 'expired' OR (status = 'held' AND until <= :now)) "
    f"ORDER BY reservation{LOCK}"
)
SAY_EXPIRED: Final = Statement(
    "UPDATE reservations SET status = 'expired' WHERE reservation IN (:names)"
)
DROP_HOLDS: Final = Statement(
    "DELETE FROM holds WHERE kind IN (:kinds) AND target IN (:targets) "
    "AND reservation IN (:names) RETURNING target, units"
)
GIVE_CELL: Final = Statement(
    "UPDATE stock SET reserved = reserved - :units, version = version + 1 WHERE row = :row"
)
GIVE_QUOTA: Final = Statement("UPDATE quotas SET used = used - :units WHERE row = :row")
STOCK: Final = ("stock",)
QUOTAS: Final = ("orders", "units", "slot", "allotment")
"""Kinds of holds: on stock cells, and on the different quotas."""


def lock(session: Session, cells: Sequence[int], quotas: Sequence[int]) -> None:
    """Lock stock cells, then quotas, each from low row to high, until the transaction ends."""
    locks = (LOCK_CELLS, cells), (LOCK_QUOTAS, quotas)
    if session.is_postgres:  # in SQLite a writer is alone anyway
        session.put([(statement, {"rows": sorted(rows)}) for statement, rows in locks if rows])


def give_back_expired(
    session: Session, cells: Sequence[int], quotas: Sequence[int], now: int
) -> list[str]:
    """Give back what is held of those, which are locked, by reservations out of time.

    Args:
        session: of a transaction.
        cells: rows of `stock`.
        quotas: rows of `quotas`.
        now: seconds since 1970-01-01 UTC.

    Returns:
        The reservations.
    """
    rows = session.rows(OUT_OF_TIME, cells=list(cells), quotas=list(quotas), now=now)
    found = [name for (name,) in rows]
    if found:
        session.put([(SAY_EXPIRED, {"names": found})])
        give_back(session, found, cells, quotas)
    return found


def give_back(
    session: Session, names: Sequence[str], cells: Sequence[int], quotas: Sequence[int]
) -> None:
    """Give back what those reservations hold of cells and quotas, all of them locked."""
    for kinds, targets, give in ((STOCK, cells, GIVE_CELL), (QUOTAS, quotas, GIVE_QUOTA)):
        if not targets:
            continue
        dropped = session.rows(
            DROP_HOLDS, kinds=list(kinds), targets=list(targets), names=list(names)
        )
        session.put([(give, {"row": row, "units": units}) for row, units in _sums(dropped)])


def _sums(pairs: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    """Return the sum of what stands second, by what stands first, ascending."""
    sums: dict[int, int] = {}
    for row, units in pairs:
        sums[row] = sums.get(row, 0) + units
    return sorted(sums.items())
