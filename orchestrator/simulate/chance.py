"""Draws that depend on what they are for, and on nothing else: common random numbers.

Whether a node declines line 7 of order 12 is the same under every policy, in every process and in
whatever order it is asked. So policies are compared on the same luck, and their differences have
narrow intervals (Law, Simulation Modeling and Analysis, 5th ed., section 11.2).

A draw is a hash of the seed, a word for what it is about, and whole numbers:

    (1) state ← hash of the word, mixed with the seed
    (2) state ← mix(state + γ + key), for each key
    (3) the upper 53 bits of state, times 2^−53

with mix and γ of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number
generators, OOPSLA 2014, figure 17), whose every step is invertible.
"""

from functools import cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.problem import Floats, Ints

MASK: Final = (1 << 64) - 1
GAMMA: Final = 0x9E3779B97F4A7C15
FIRST: Final = 0xBF58476D1CE4E5B9
SECOND: Final = 0x94D049BB133111EB
UNIT: Final = 2.0**-53


def draw(seed: int, kind: str, *keys: Ints) -> Floats:
    """Return uniform draws from [0, 1), one for each row of the keys.

    Args:
        seed: of the replication.
        kind: what is drawn; another word draws independently.
        keys: whole numbers that name what it is drawn for; arrays of one length, or numbers.

    >>> draw(7, "decline", np.array([1, 2, 3]), np.array([0, 0, 0])).round(4)
    array([0.7007, 0.4661, 0.5071])
    """
    state: NDArray[np.uint64] = np.array(_begin(seed, kind), np.uint64)
    with np.errstate(over="ignore"):
        for key in keys:
            state = _mixed(state + np.uint64(GAMMA) + np.asarray(key, np.int64).view(np.uint64))
    return np.asarray((state >> np.uint64(11)) * UNIT)  # (3)


def draw_one(seed: int, kind: str, *keys: int) -> float:
    """Return one draw: what `draw` gives for these keys, without arrays.

    >>> draw_one(7, "decline", 2, 0) == draw(7, "decline", np.array([2]), np.array([0])).item()
    True
    """
    state = _begin(seed, kind)
    for key in keys:
        state = _mixed_one((state + GAMMA + int(key)) & MASK)  # (2)
    return (state >> 11) * UNIT


def replication_seed(seed: int, replication: int) -> int:
    """Return the seed of a replication's draws: below 2^63, another for each."""
    return _begin(seed + GAMMA * (replication + 1), "replication") >> 1


@cache
def _begin(seed: int, kind: str) -> int:
    """Return the state from which the keys go on."""  # (1)
    word = int.from_bytes(blake2b(kind.encode(), digest_size=8).digest(), "little")
    return _mixed_one((word ^ _mixed_one((seed + GAMMA) & MASK)) & MASK)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(FIRST)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(SECOND)
    return state ^ (state >> np.uint64(31))


def _mixed_one(state: int) -> int:
    state = ((state ^ (state >> 30)) * FIRST) & MASK
    state = ((state ^ (state >> 27)) * SECOND) & MASK
    return state ^ (state >> 31)
