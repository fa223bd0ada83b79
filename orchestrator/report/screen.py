"""Where output goes: one JSON document or a report to stdout, the rest to stderr.

With `--json`, stdout is that document and nothing else, and the report goes to stderr. Progress
and warnings go to stderr always. `--quiet` silences report, progress and warnings.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from omnisource.orchestrator.journal import Countdown, Report, gap_of
from omnisource.orchestrator.measures import to_json
from omnisource.solvers.problem import Round


@dataclass(frozen=True)
class Screen:
    """The two streams of a command."""

    json: bool = False
    quiet: bool = False

    def show(self, document: Any, report: RenderableType) -> None:
        """Show a verb's result: as JSON, as a report, or both."""
        if self.json:
            sys.stdout.write(to_json(document) + "\n")
        if not self.quiet:
            Console(stderr=self.json, highlight=False).print(report)

    def warn(self, *texts: str) -> None:
        """Say what is strange, yet no reason to stop."""
        for text in () if self.quiet else texts:
            sys.stderr.write(text + "\n")

    @contextmanager
    def progress(self, seconds: float | None = None) -> Iterator[Report]:
        """Show what is going on, on a terminal; gives whom the solvers tell.

        Args:
            seconds: that a solver may take, where what is left of them is to be shown.
        """
        console = Console(stderr=True)
        countdown = None if seconds is None else Countdown(seconds)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(20),
                   TimeElapsedColumn())  # fmt: skip
        silent = self.quiet or not console.is_terminal
        with Progress(*columns, console=console, transient=True, disable=silent) as bars:
            bar = bars.add_task("", total=None)

            def tell(at: Round) -> None:
                left = None if countdown is None else countdown.left(at)
                bars.update(bar, description=described(at, left))

            yield tell


def described(at: Round, left: float | None = None) -> str:
    """Say how far a solver is, and how many seconds it may still take.

    >>> described(Round("price", 12, cost=101_000.0, bound=100_000.0), 52.3)
    'price, round 12: at most 0.990 % above the best possible, 52 s left'
    >>> described(Round("compile", 0))
    'compile'
    """
    text = at.step + (f", round {at.done}" if at.done else "")
    gap = gap_of(at)
    if gap is not None:
        text += f": at most {100 * gap:.3f} % above the best possible"
    return text if left is None or not at.done else f"{text}, {left:.0f} s left"
