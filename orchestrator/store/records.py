"""Records of decisions in a database: put in once, with what they tell of, and never changed.

That of a network alone is told when it was last used: each day, by whoever records decisions.
"""

import json
import zlib
from dataclasses import dataclass
from typing import Final

from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Session, Statement, Values, session_of

NEW_RECORD: Final = Statement(
    "INSERT INTO records (kind, name, sequence, at, document) "
    "VALUES (:kind, :name, :sequence, :at, :document) ON CONFLICT (kind, name, sequence) DO NOTHING"
)
RECORD: Final = Statement(
    "SELECT at, document FROM records WHERE kind = :kind AND name = :name AND sequence = :sequence"
)
OF_ORDER: Final = Statement(
    "SELECT sequence, at FROM records WHERE kind = 'order' AND name = :order ORDER BY sequence"
)
NIGHTS: Final = Statement(
    "SELECT name, at FROM records WHERE kind = 'night' AND name IN (:runs) ORDER BY at"
)
USED: Final = Statement(
    "UPDATE records SET at = CASE WHEN at < :at THEN :at ELSE at END "
    "WHERE kind = :kind AND name = :name AND sequence = :sequence"
)
DAY: Final = 86_400
"""Seconds for which it is known that a network is used once that was said."""


@dataclass(frozen=True)
class Record:
    """What a decision was made from."""

    kind: str  # night, order, network
    name: str
    sequence: int
    at: int  # seconds since 1970-01-01 UTC
    document: bytes

    @property
    def values(self) -> Values:
        """The row."""
        return vars(self)


def put_record(session: Session, record: Record) -> None:
    """Keep a record, unless there is one."""
    session.put([(NEW_RECORD, record.values)])


def find_record(database: Database, kind: str, name: str, sequence: int = 0) -> Record | None:
    """Return a record; None where there is none."""
    with database.reading() as connection:
        found = session_of(connection).rows(RECORD, kind=kind, name=name, sequence=sequence)
    return Record(kind, name, sequence, found[0][0], bytes(found[0][1])) if found else None


def used(session: Session, record: Record) -> None:
    """Keep a record, or say that the one that there is was used then."""
    if not session.change(USED, at=record.at, **_key(record)):
        put_record(session, record)


def _key(record: Record) -> dict[str, object]:
    return {"kind": record.kind, "name": record.name, "sequence": record.sequence}


def network_of(document: bytes) -> str:
    """Return the network that the record of an order's decision names."""
    return str(json.loads(zlib.decompress(document))["network"])


def records_of(database: Database, order: str) -> list[tuple[int, int]]:
    """Return the decisions of an order that were recorded: event, and when in seconds."""
    with database.reading() as connection:
        return [(event, at) for event, at in session_of(connection).rows(OF_ORDER, order=order)]


def nights_of(database: Database, runs: list[str]) -> list[tuple[str, int]]:
    """Return which of those runs are recorded: the run, and when in seconds."""
    with database.reading() as connection:
        return [(run, at) for run, at in session_of(connection).rows(NIGHTS, runs=runs)]
