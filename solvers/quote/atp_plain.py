"""What can be promised, in plain Python: the definitions of atp.py, (1) to (8), word for word.

Slow and readable; tests hold the compiled functions to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp, factorial, log

from omnisource.solvers.problem import UNLIMITED


@dataclass(frozen=True)
class PlainCell:
    """One stock cell, with all that is known of it."""

    now: int  # minutes since 1970-01-01 UTC, as all times here
    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    receipts: tuple[tuple[int, int], ...] = ()  # (due, units)
    committed: tuple[tuple[int, int], ...] = ()  # (at, units)
    allotments: dict[str, int] = field(default_factory=dict)  # units by channel
    taken: dict[str, int] = field(default_factory=dict)  # units by channel
    accuracy: float = 1.0
    counted_days_ago: float | None = None

    def supply(self, at: int) -> int:
        """Return S(t), (1)."""
        received = sum(units for due, units in self.receipts if due <= at)
        gone = sum(units for day, units in self.committed if day <= at)
        return self.on_hand - self.reserved - self.safety + received - gone

    def times(self, at: int) -> Iterator[int]:
        """Yield a time and all later ones at which something comes or goes."""
        yield at
        yield from (time for time, _ in (*self.receipts, *self.committed) if time > at)

    def free(self, at: int) -> int:
        """Return F(t), (2)."""
        return min(self.supply(time) for time in self.times(at))

    def left(self, channel: str) -> int:
        """Return A', (3), of a channel that has an allotment."""
        return max(0, self.allotments[channel] - self.taken.get(channel, 0))

    def promisable(self, channel: str, at: int) -> int:
        """Return ATP(t) of a channel, (4)."""
        others = sum(self.left(other) for other in self.allotments if other != channel)
        own = self.left(channel) if channel in self.allotments else UNLIMITED
        return max(0, min(own, self.free(at) - others))

    def first_time(self, channel: str, units: int) -> int:
        """Return when there are so many units for a channel, (5)."""
        enough = [t for t in self.times(self.now) if self.promisable(channel, t) >= units]
        return min(enough, default=UNLIMITED)

    def there(self, units: int, at: int, count_days: float) -> float:
        """Return the probability that so many units are really there, (6) and (7)."""
        days = count_days if self.counted_days_ago is None else self.counted_days_ago
        mean = -log(self.accuracy) * days / count_days  # (6)
        slack = self.free(at) + self.safety - units
        if slack >= self.on_hand:
            return 1.0
        return sum(exp(-mean) * mean**lost / factorial(lost) for lost in range(slack + 1))  # (7)
