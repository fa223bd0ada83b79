"""Ctrl-C, politely: the first asks the work to end with what it has, the second ends the process.

Signals reach Python in its main thread only, and only between two steps of Python: a solver that
runs there would not be asked before it is done. So the work is done in another thread, while the
main one waits and listens.
"""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event, current_thread, main_thread
from time import perf_counter
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
TOGETHER: Final = 1.0
"""Seconds within which signals are one and the same."""
AGAIN: Final = 0.5
"""Seconds after which the main thread looks up, where a signal does not wake it (Windows)."""


def heeding(work: Callable[[Callable[[], bool]], Result], say: Callable[[str], None]) -> Result:
    """Return `work(asked)`; `asked()` says whether SIGINT or SIGTERM came.

    A second signal does what it does to any process, unless it comes with the first: whoever runs
    us may pass a signal on that the terminal has sent to all. Outside the main thread, where no
    signal arrives, the work is just done.

    Args:
        work: what is to be done; it looks at `asked()` now and then.
        say: told what the first signal does.
    """
    if current_thread() is not main_thread():
        return work(lambda: False)
    asked, since = Event(), 0.0

    def hear(number: int, frame: Any) -> None:  # noqa: ARG001  a handler's arguments
        nonlocal since
        if not asked.is_set():
            asked.set()
            since = perf_counter()
            say("Asked to end: the best plan so far comes next. Once more ends without it.")
        elif perf_counter() - since > TOGETHER:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    before = {each: signal.signal(each, hear) for each in SIGNALS}
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="work") as worker:
            done = worker.submit(work, asked.is_set)
            while not done.done():
                wait([done], timeout=AGAIN)
            return done.result()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
