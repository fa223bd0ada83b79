"""Old things go: keys that nobody repeats any more, reservations that are over, unused records.

    (1)  keys of before a moment, but those that were told of a reservation that is held or
         confirmed: such a key, repeated, must not hold again what is there
    (2)  reservations that were released or expired before it, and hold nothing
    (3)  records of nights before it of which no shipment is left: orders that have gone elsewhere
         since are explained by the record of that
    (4)  records of decisions before it on orders that wait for nothing and have no shipment left
    (5)  networks that no order's record names and that nobody has said before it to be using; who
         records decisions says so once a day (`used` in records.py), so what a decision names that
         is being recorded meanwhile stays

Some at a time, each in a transaction of its own. A key that is gone is a new one if it comes again,
so keys are kept for longer than anybody asks again.
"""

import json
from typing import Any, Final

from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.records import network_of
from omnisource.orchestrator.store.session import Session, Statement, session_of

KEYS: Final = Statement(
    "SELECT key, answer FROM writes WHERE at < :before AND key > :after ORDER BY key LIMIT :most"
)
STANDING: Final = Statement(
    "SELECT reservation FROM reservations WHERE reservation IN (:names) "
    "AND status IN ('held', 'confirmed')"
)
DROP_KEYS: Final = Statement("DELETE FROM writes WHERE key IN (:keys)")
DROP_OVER: Final = Statement(
    "DELETE FROM reservations WHERE reservation IN (SELECT r.reservation FROM reservations r "
    "WHERE r.status IN ('expired', 'released') AND r.until < :before AND NOT EXISTS "
    "(SELECT 1 FROM holds h WHERE h.reservation = r.reservation) LIMIT :most)"
)

DROP_RECORDS: Final = Statement(
    "DELETE FROM records WHERE kind = 'night' AND name IN (SELECT r.name FROM records r "
    "WHERE r.kind = 'night' AND r.at < :before AND NOT EXISTS "
    "(SELECT 1 FROM shipments s WHERE s.run = r.name) LIMIT :most)"
)
DROP_DECISIONS: Final = Statement(
    "DELETE FROM records WHERE kind = 'order' AND at < :before AND name IN "
    "(SELECT r.name FROM records r WHERE r.kind = 'order' AND r.at < :before AND NOT EXISTS "
    "(SELECT 1 FROM orders o WHERE o.\"order\" = r.name AND o.status IN ('open', 'person')) "
    'AND NOT EXISTS (SELECT 1 FROM shipments s WHERE s."order" = r.name) LIMIT :most)'
)
NETWORKS: Final = Statement("SELECT name FROM records WHERE kind = 'network' AND at < :before")
DECISIONS: Final = Statement(
    "SELECT name, sequence, document FROM records WHERE kind = 'order' AND "
    "(name > :name OR (name = :name AND sequence > :sequence)) ORDER BY name, sequence LIMIT :most"
)
DROP_NETWORKS: Final = Statement(
    "DELETE FROM records WHERE kind = 'network' AND at < :before AND name IN (:names)"
)


def drop_keys(session: Session, before: int, after: str, most: int) -> tuple[int, str | None]:
    """Drop some old keys, (1).

    Args:
        session: of a transaction.
        before: seconds since 1970-01-01 UTC.
        after: only keys that come after this one.
        most: how many are looked at.

    Returns:
        How many were dropped, and the last that was looked at; none: there is no more.
    """
    found = session.rows(KEYS, before=before, after=after, most=most)
    named = {key: json.loads(answer or "{}").get("reservation") for key, answer in found}
    names = sorted({name for name in named.values() if name is not None})
    standing = {name for (name,) in session.rows(STANDING, names=names)}
    keys = [key for key, name in named.items() if name not in standing]
    session.put([(DROP_KEYS, {"keys": keys})] if keys else [])
    return len(keys), found[-1][0] if len(found) == most else None


def drop_over(session: Session, before: int, most: int) -> int:
    """Drop some reservations that are over, (2); return how many."""
    return session.change(DROP_OVER, before=before, most=most)


def drop_records(session: Session, before: int, most: int) -> int:
    """Drop some records of which nothing is left, (3) and (4); return how many."""
    asked = {"before": before, "most": most}
    return sum(session.changes([(DROP_RECORDS, asked), (DROP_DECISIONS, asked)]))


def unused_networks(database: Database, before: int, most: int) -> list[str]:
    """Return the networks that were last used before a moment and that no record names, (5).

    Args:
        database: where they are kept.
        before: seconds since 1970-01-01 UTC.
        most: how many records are read at a time.
    """
    with database.reading() as connection:
        session = session_of(connection)
        unused = {name for (name,) in session.rows(NETWORKS, before=before)}
        after: dict[str, Any] = {"name": "", "sequence": -1}
        while unused and (rows := session.rows(DECISIONS, most=most, **after)):
            unused -= {network_of(document) for _, _, document in rows}
            after = {"name": rows[-1][0], "sequence": rows[-1][1]}
    return sorted(unused)


def drop_networks(session: Session, names: list[str], before: int) -> int:
    """Drop networks, unless they have been used since that moment, (5); return how many."""
    return session.change(DROP_NETWORKS, names=names, before=before)
