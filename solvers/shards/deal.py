"""Dealing out what there is: every unit of every resource is given to one shard.

Whatever shards then do within their rooms x_s is feasible for all, as

    Σ_s x_sr  =  b_r                                                                          (1)

A shard keeps what it uses. What nobody uses goes to who wants it, and what nobody wants to shards
that could use it, by turns. With weights w_s and W_s = w_1 + … + w_s, an amount a is dealt in
whole units as

    ⌊(W_s · a + φ) / W_S⌋  −  ⌊(W_{s−1} · a + φ) / W_S⌋                                          (2)

where the phase φ, 0 ≤ φ < W_S, differs from resource to resource and turn to turn, so that the
odd unit is not always the same shard's.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.problem import Ints
from omnisource.solvers.shards.shard import MOST, Sparse, limited


def rooms(
    capacities: Ints,
    own: Sequence[Sparse],
    wanted: Sequence[Sparse],
    could: Sequence[NDArray[np.int32]],
    *,
    turn: int,
) -> Iterator[Sparse]:
    """Yield the room of each shard, (1).

    Args:
        capacities: what there is of each resource.
        own: what each shard uses.
        wanted: what each would use if it were alone.
        could: the resources that each could use.
        turn: how often it was dealt before.
    """
    size = len(capacities)
    spare = np.minimum(capacities, MOST) - total(own, size)
    spare = np.where(limited(capacities), spare, 0)
    wants = [
        np.maximum(wish.vector(size) - has.vector(size), 0)
        for wish, has in zip(wanted, own, strict=True)
    ]
    sought = np.minimum(spare, np.sum(wants, axis=0))
    phase = np.arange(size, dtype=np.int64) * 7 + turn
    first = dealt(sought, wants, phase)
    rest = dealt(spare - sought, [_ones(rows, size) for rows in could], phase)
    for has, granted, more in zip(own, first, rest, strict=True):
        yield Sparse.of(has.vector(size) + granted + more)


def dealt(amount: Ints, weights: Sequence[Ints], phase: Ints) -> Iterator[Ints]:
    """Yield each part of an amount in proportion to its weight, in whole units, (3).

    >>> one = np.array([1])
    >>> [int(x[0]) for x in dealt(np.array([7]), [one, one, 0 * one, one], np.array([1]))]
    [2, 3, 0, 2]
    """
    total = np.sum(weights, axis=0)
    shift = phase % np.maximum(total, 1)
    so_far, given = np.zeros_like(total), np.zeros_like(total)
    for weight in weights:
        so_far = so_far + weight
        until = (so_far * amount + shift) // np.maximum(total, 1)
        yield until - given
        given = until


def total(used: Sequence[Sparse], size: int) -> Ints:
    """Return what all use together."""
    found = np.zeros(size, np.int64)
    for each in used:
        found[each.rows] += each.values
    return found


def _ones(rows: NDArray[np.int32], size: int) -> Ints:
    found = np.zeros(size, np.int64)
    found[rows] = 1
    return found
