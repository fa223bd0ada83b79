"""How a run goes, round by round: the time left, and a line of JSON a round for programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from omnisource.models.base import UnusableInput
from omnisource.solvers.problem import Round

Report = Callable[[Round], None]


@dataclass
class Countdown:
    """The time that a solver may take; it runs from the step `solve` on."""

    seconds: float
    began: float | None = None

    def left(self, at: Round) -> float:
        """Return the seconds left at a round, told in the order in which they come."""
        if at.step == "solve":
            self.began = perf_counter()
        if self.began is None:
            return self.seconds
        return max(self.seconds - (perf_counter() - self.began), 0.0)


def gap_of(at: Round) -> float | None:
    """Return how far the plan may be above the best possible, as a share of its cost.

    >>> gap_of(Round("price", 12, cost=200.0, bound=199.0)), gap_of(Round("price", 1))
    (0.005, None)
    """
    if at.cost is None or at.bound is None or at.cost <= 0:
        return None
    return max(0.0, (at.cost - at.bound) / at.cost)


def to_all(*reports: Report) -> Report:
    """Return one whom to tell, who tells all of these."""

    def tell(at: Round) -> None:
        for report in reports:
            report(at)

    return tell


@contextmanager
def journal(
    file: Path | None, *, seconds: float, clock: Callable[[], datetime]
) -> Iterator[Report]:
    """Give whom to tell of rounds; each becomes a line of JSON in the file, at once.

    Args:
        file: replaced if it is there; None keeps nothing.
        seconds: that the solver may take.
        clock: gives the time, with its offset.

    Raises:
        UnusableInput: the file cannot be written.
    """
    if file is None:
        yield to_all()
        return
    began, countdown = perf_counter(), Countdown(seconds)
    try:
        lines = file.open("w", encoding="utf-8")
    except OSError as error:
        raise UnusableInput(
            f"{file}: cannot be written ({error.strerror}); name another file with --json-log"
        ) from None
    with lines:

        def tell(at: Round) -> None:
            record = {"time": clock().isoformat(timespec="milliseconds")} | line_of(at)
            record |= {
                "seconds": round(perf_counter() - began, 3),
                "seconds_left": round(countdown.left(at), 3),
            }
            lines.write(json.dumps(record) + "\n")
            lines.flush()

        yield tell


def line_of(at: Round) -> dict[str, Any]:
    """Return a round for JSON.

    >>> line_of(Round("price", 2, cost=200.0, bound=199.5))
    {'step': 'price', 'round': 2, 'cost_cents': 200.0, 'bound_cents': 199.5, 'gap': 0.0025}
    """
    return {
        "step": at.step,
        "round": at.done,
        "cost_cents": at.cost,
        "bound_cents": at.bound,
        "gap": gap_of(at),
    }
