"""What a verb looks at: a scenario folder or what is open in a database, and at what time."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from omnisource.models.base import UnusableInput
from omnisource.models.world import World
from omnisource.orchestrator.batch import open_folder
from omnisource.orchestrator.folder.load import Loaded, describe
from omnisource.orchestrator.journal import Report
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.store.database import loaded_database
from omnisource.orchestrator.store.read import read_world
from omnisource.solvers.problem import Limits, Round


@dataclass(frozen=True, eq=False)
class Source:
    """A world to look at, and what is strange about it."""

    world: World
    remarks: tuple[str, ...]


def open_source(
    folder: Path | None, url: str | None, tell: Report, now: datetime | None = None
) -> Source:
    """Open a scenario folder, or else a database; just one of the two is given.

    `now` is the clock by which reservations in a database are out of time, if not the scenario's.

    Raises:
        UnusableInput: it is not there, or cannot be used.
    """
    if folder is not None:
        opened = open_folder(folder, None, Limits(report=tell))
        return Source(opened.world, tuple(opened.remarks()))
    tell(Round("load", 0))
    database = loaded_database(str(url))
    try:
        loaded = read_world(database, now)
    finally:
        database.close()
    return Source(loaded.world, remarks_of(loaded))


def remarks_of(loaded: Loaded) -> tuple[str, ...]:
    """Say what is strange about what was read out of a database."""
    said = tuple(f"warning: {text}" for text in loaded.warnings)
    if not loaded.rejected:
        return said
    first = describe(loaded.rejects.row(0, named=True))
    rows = count(loaded.rejected, "row")
    return (*said, f"warning: {rows} of the database cannot be used; {first}")


def time_of(text: str | None) -> datetime | None:
    """Return the aware time that a text states, ISO 8601; nothing for nothing.

    Raises:
        UnusableInput: it is no time, or has no offset from UTC.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min
    if time.tzinfo is None:
        raise UnusableInput(
            f"{text!r} is no time with its offset from UTC: give it as 2025-03-10T09:00+01:00"
        )
    return time
