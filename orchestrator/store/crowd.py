"""Those who want the same stock cell at the same time: one of them goes for all.

Each claim comes with a thread that waits for its answer. Of cells that nobody here is busy with, a
claim is held at once, as if there were no crowd. Whoever comes meanwhile waits at such a cell; when
it is free again, the first of them takes all that wait, `MOST` at the most, in one transaction
(together.py). So a rush on one cell needs one connection of the pool, however many they are, and
others have the rest. Nothing that holds in the database rests on it: there may be other processes.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from omnisource.models.base import Unavailable
from omnisource.models.reservation import Answer
from omnisource.orchestrator.store.reserve import Attempt, is_plain, reserve
from omnisource.orchestrator.store.together import reserve_together

MOST: Final = 64
"""Claims that are held together at the most."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A claim, and what its thread is to do once it is told: say the answer, or go for all."""

    attempt: Attempt
    told: "Future[Callable[[], Answer]]" = field(default_factory=Future)


class Crowds:
    """The crowds of one process."""

    def __init__(self, write: Callable[[Callable[..., Any]], Any]) -> None:
        """Take what does work in a transaction of its own."""
        self._write = write
        self._lock = threading.Lock()
        self._at: dict[int, list[_Waiting]] = {}  # who waits, by row of a cell that is busy

    def hold(self, attempt: Attempt) -> Answer:
        """Hold a claim, or say no."""
        if not is_plain(attempt):
            return self._alone(attempt)
        mine, rows = _Waiting(attempt), [cell.row for cell in attempt.needs.cells]
        with self._lock:
            busy = next((row for row in rows if row in self._at), None)
            if busy is None:
                self._at.update({row: [] for row in rows})
            else:
                self._at[busy].append(mine)
        return self._go([mine], rows) if busy is None else mine.told.result()()

    def _alone(self, attempt: Attempt) -> Answer:
        said: Answer = self._write(partial(reserve, attempt=attempt))
        return said

    def _go(self, crowd: Sequence[_Waiting], rows: Sequence[int]) -> Answer:
        """Hold the claims of a crowd, the first of which is ours; let others to the cells."""
        try:
            said = self._together([each.attempt for each in crowd])
        except BaseException as error:
            for each in crowd[1:]:
                each.told.set_exception(error)
            raise
        finally:
            self._let_others(rows)
        for each, answer in zip(crowd[1:], said[1:], strict=True):
            each.told.set_result(answer)
        return said[0]()

    def _together(self, attempts: Sequence[Attempt]) -> list[Callable[[], Answer]]:
        """Hold claims together; where that cannot be, return how each is held by itself."""
        if len(attempts) == 1:
            return [partial(_same, self._alone(attempts[0]))]
        try:
            answers = self._write(partial(reserve_together, attempts=attempts))
        except Unavailable:
            raise
        except Exception:  # that one of them causes, and that its own thread shall hear
            answers = None
        if answers is None:
            return [partial(self._alone, attempt) for attempt in attempts]
        return [partial(_same, answer) for answer in answers]

    def _let_others(self, rows: Sequence[int]) -> None:
        """Let those go who wait at cells, or nobody be busy with them any longer."""
        with self._lock:
            crowds = {row: self._at[row][:MOST] for row in rows}
            for row, crowd in crowds.items():
                if crowd:
                    self._at[row] = self._at[row][MOST:]
                else:
                    del self._at[row]
        for row, crowd in crowds.items():
            if crowd:
                crowd[0].told.set_result(partial(self._go, crowd, [row]))


def _same(answer: Answer) -> Answer:
    return answer
