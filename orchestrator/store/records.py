"""Records of decisions in a database: put in once, with what they tell of, and never changed."""

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
KNOWN: Final = Statement(
    "SELECT 1 FROM records WHERE kind = :kind AND name = :name AND sequence = 0"
)


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


def is_kept(database: Database, kind: str, name: str) -> bool:
    """Say whether there is a record without an event of that name."""
    with database.reading() as connection:
        return bool(session_of(connection).rows(KNOWN, kind=kind, name=name))


def records_of(database: Database, order: str) -> list[tuple[int, int]]:
    """Return the decisions of an order that were recorded: event, and when in seconds."""
    with database.reading() as connection:
        return [(event, at) for event, at in session_of(connection).rows(OF_ORDER, order=order)]


def nights_of(database: Database, runs: list[str]) -> list[tuple[str, int]]:
    """Return which of those runs are recorded: the run, and when in seconds."""
    with database.reading() as connection:
        return [(run, at) for run, at in session_of(connection).rows(NIGHTS, runs=runs)]
