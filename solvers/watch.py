"""Asking OR-Tools to end early: from a thread of its own, for the caller's is inside the solver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from omnisource.solvers.problem import Limits

EVERY: Final = 0.05
"""Seconds between two looks at whether to stop."""


@contextmanager
def ending(limits: Limits, interrupt: Callable[[], object]) -> Iterator[None]:
    """Call `interrupt` while the block runs, from when `limits.stop` says so."""
    if limits.stop is None:
        yield
        return
    done = Event()

    def watch() -> None:
        while not done.wait(EVERY):
            if limits.stopped():
                interrupt()  # again and again: a solver may not have begun to listen

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
