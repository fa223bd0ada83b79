"""What a night out of a database and into it has come to, for people and programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnisource.orchestrator.measures import Measures
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.store.plan import Written


@dataclass(frozen=True, eq=False)
class StoredNight:
    """A night that was allocated out of a database and into it."""

    database: str
    scenario: str
    run: str  # empty where nothing was to be written
    measures: Measures  # of the plan; what fell out of it is in `written`
    rejected: int  # rows of the database that could not be used
    written: Written
    fallen: tuple[tuple[str, str], ...]  # order, reason
    found: tuple[str, ...]  # what is strange about the database
    moved: int  # orders that the plan sends from other nodes than they were reserved at
    out: Path | None

    def remarks(self) -> tuple[str, ...]:
        """Say what is strange about the database, or has changed since the run was started."""
        return self.found

    @property
    def complete(self) -> bool:
        """Whether no row was rejected, no unit is short and no order fell out."""
        return not (self.rejected or self.measures.shortage_units or self.written.fallen)

    def document(self) -> dict[str, Any]:
        """Return the night for JSON."""
        return self.measures.document() | {
            "scenario": self.scenario,
            "database": self.database,
            "rejected_rows": self.rejected,
            "written": {"orders": self.written.orders, "shipments": self.written.shipments},
            "moved": self.moved,
            "fallen": [{"order": order, "reason": reason} for order, reason in self.fallen],
            "out": None if self.out is None else str(self.out),
        }

    def next_step(self) -> str:
        """Say what has become of the plan."""
        if not self.run:
            return "Nothing was written: this was a dry run."
        orders = count(self.written.orders, "order")
        shipments = count(self.written.shipments, "shipment")
        said = f"Written to {self.database} as run {self.run}: {orders}, {shipments}."
        if self.moved:
            said += f" {count(self.moved, 'order')} of them were to be moved to other nodes."
        if self.fallen:
            order, reason = self.fallen[0]
            fell = count(self.written.fallen, "order")
            said += f" {fell} fell out and stay as they were; {order}, for instance: {reason}."
        return said
