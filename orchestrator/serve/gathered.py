"""Work on what is gathered while the work before it is under way: one at a time, none forgotten.

What a piece of work fails to do is taken along by the next that is asked for.
"""

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from omnisource.orchestrator.serve.log import log

Work = Callable[[set[str]], Any]


class Gathered:
    """Names that something is to be done with, of many threads at a time.

    >>> done: list[str] = []
    >>> Gathered().come(["b", "a"], lambda do, work: do(work), lambda some: done.extend(some))
    >>> sorted(done)
    ['a', 'b']
    """

    def __init__(self) -> None:
        """Gather nothing yet."""
        self._lock, self._names, self.is_busy = Lock(), set[str](), False

    def come(self, names: Iterable[str], submit: Callable[..., Any], work: Work) -> None:
        """Have something done with names, now or together with what comes meanwhile.

        Args:
            names: of what has come.
            submit: has a function called with the arguments after it, in a thread.
            work: what is to be done.
        """
        with self._lock:
            self._names |= set(names)
            if self.is_busy or not self._names:
                return
            self.is_busy = True
        submit(self._work, work)

    def _work(self, work: Work) -> None:
        while some := self._next():
            try:
                work(some)
            except Exception as error:  # nobody waits for it who could be told
                log("not shared out", logging.WARNING, reason=str(error), names=len(some))
                with self._lock:
                    self._names |= some
                    self.is_busy = False
                return

    def _next(self) -> set[str]:
        with self._lock:
            some, self._names = self._names, set()
            self.is_busy = bool(some)
            return some
