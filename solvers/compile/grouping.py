"""Keys of many rows: which rows have a key, and numbers for keys of other kinds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import Column
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Ints

Rows = NDArray[np.int32]


def grouped(keys: Column, size: int) -> tuple[Ints, Rows]:
    """Return where each key's rows start, (size+1,), and the rows key by key, in their order.

    >>> start, rows = grouped(np.array([1, 0, 1]), 2)
    >>> start.tolist(), rows.tolist()
    ([0, 1, 3], [1, 0, 2])
    """
    start = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=size), out=start[1:])
    return start, _dealt(keys, start[:-1].copy())


@compiled
def _dealt(keys: Rows, at: Ints) -> Rows:
    """Deal rows out to their keys, whose next place is `at`: a counting sort."""
    rows = np.empty(len(keys), np.int32)
    for row in range(len(keys)):
        key = keys[row]
        rows[at[key]] = row
        at[key] += 1
    return rows


def coded(keys: Column) -> tuple[Rows, list[Any]]:
    """Return a number for each key, from 0 in the order in which they are met, and the keys.

    >>> codes, names = coded(np.array(["b", "a", "b"], object))
    >>> codes.tolist(), names
    ([0, 1, 0], ['b', 'a'])
    """
    values = keys.tolist()
    numbers = {key: number for number, key in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(numbers.__getitem__, values), np.int32, len(values))
    return codes, list(numbers)
