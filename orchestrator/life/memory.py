"""States of orders that were read or written not long ago, so that they need not be read again.

A state is kept with the version of its order. Whoever builds on it finds out in the write itself
whether the order has another version by then (store/events.py (2)), and reads it anew; so nobody
need ask a database whether what is kept still holds, and what others do is never overwritten.
"""

from collections import OrderedDict
from threading import Lock
from typing import Final

from omnisource.models.lifecycle import OrderState

MOST: Final = 4_096
"""Orders whose state is kept: some 10 kB each."""
Kept = tuple[int, OrderState]
"""A version, and the state that it stands for."""


class Memory:
    """States of orders by name, those used last; of many threads at a time.

    >>> memory = Memory(most=1)
    >>> memory.keep("a", 1, OrderState())
    >>> memory.keep("b", 2, OrderState())
    >>> memory.of("a"), memory.of("b")[0]
    (None, 2)
    """

    def __init__(self, most: int = MOST) -> None:
        """Take how many states to keep."""
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def of(self, order: str) -> Kept | None:
        """Return what is kept of an order."""
        with self._lock:
            if (found := self._kept.get(order)) is not None:
                self._kept.move_to_end(order)
            return found

    def keep(self, order: str, version: int, state: OrderState) -> None:
        """Keep the state of an order at a version."""
        with self._lock:
            self._kept[order] = version, state
            self._kept.move_to_end(order)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, order: str) -> None:
        """Keep nothing of an order."""
        with self._lock:
            self._kept.pop(order, None)
