"""What may go wrong with orders that live at random, and what came of it (soak.py)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from omnisource.models.reservation import Placed


@dataclass(frozen=True)
class Chances:
    """How often something goes wrong, a move or an order."""

    decline: float = 0.06
    missing: float = 0.5  # of declines: the goods are not there
    silent: float = 0.02
    short: float = 0.03
    late: float = 0.02
    delayed: float = 0.03  # of parcels, by their carrier
    lost: float = 0.01
    cancel: float = 0.03
    change: float = 0.04
    back: float = 0.1
    twice: float = 0.05


@dataclass
class Living:
    """An order under way."""

    placed: Placed
    now: datetime
    promised: datetime | None = None  # at first
    moves: int = 0
    arrived: datetime | None = None
    over: bool = False


@dataclass
class Soaked:
    """What came of it."""

    orders: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    kept: int = 0  # orders that had all by the day first promised
    promised: int = 0  # orders that had anything at all
    changed: int = 0  # promises that were replaced
    persons: int = 0
    resourced: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of a decline, sourced again: as they went by, and of the processor."""
    came: int = 0  # units that nodes reported
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Soaked") -> None:
        """Add what came of other orders."""
        self.orders += other.orders
        self.moves.update(other.moves)
        self.kept += other.kept
        self.promised += other.promised
        self.changed += other.changed
        self.persons += other.persons
        self.resourced += other.resourced
        self.came += other.came
        self.faults += other.faults


def together(parts: Iterable[Soaked]) -> Soaked:
    """Return what came of orders that have lived apart."""
    whole = Soaked()
    for part in parts:
        whole.add(part)
    return whole
