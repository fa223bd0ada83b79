"""Which orders can still be given what a plan gives them, when stock may have been sold since.

An order gets all that the plan gives it, or nothing. Orders that touch only cells with enough
for everybody go first; the others take their turn in the plan's order.
"""

import numpy as np

from omnisource.solvers.problem import Flags, Ints


def fitting(order: Ints, cell: Ints, units: Ints, free: Ints) -> Flags:
    """Return which orders draw only what is free.

    Args:
        order: (X,) who draws, 0 … K−1; every order draws something.
        cell: (X,) where, a row of `free`.
        units: (X,) how many.
        free: (C,) units that a cell can give.

    Returns:
        (K,) flags. Together, the orders flagged draw no more than is free.

    Two orders want three units each of a cell that holds five; the third wants two:

    >>> fitting(np.array([0, 1, 2]), np.array([0, 0, 0]), np.array([3, 3, 2]), np.array([5]))
    array([ True, False,  True])
    """
    fits = np.ones(int(order.max(initial=-1)) + 1, np.bool_)
    need = np.bincount(cell, units, len(free)).astype(np.int64)
    touched = np.unique(order[need[cell] > free[cell]])
    if not len(touched):
        return fits
    waiting = np.isin(order, touched)
    left = free - np.bincount(cell[~waiting], units[~waiting], len(free)).astype(np.int64)
    for k in touched:
        draws = order == k
        wanted = np.bincount(cell[draws], units[draws], len(free)).astype(np.int64)
        fits[k] = bool((wanted <= np.maximum(left, 0))[cell[draws]].all())
        left -= wanted * fits[k]
    return fits
