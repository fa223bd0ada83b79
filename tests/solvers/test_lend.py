"""What is lent by its address is read as what it is, and nobody counts its holders."""

from collections import namedtuple
from typing import Any

import numpy as np
from numba import njit

from omnisource.solvers.oracle.lend import lent_whole

Pair: Any = namedtuple("Pair", "a b")
Other: Any = namedtuple("Pair", "b a")


@njit
def first_of_a(pair: Any) -> Any:
    return pair.a[0]


@njit
def lent_first_of_a(pair: Any) -> Any:
    return first_of_a(lent_whole(pair))


@njit
def write_b(pair: Any) -> None:
    pair.b[0] = 5


@njit
def lend_to_write(pair: Any) -> None:
    write_b(lent_whole(pair))


def test_tuples_of_one_name_are_read_each_by_its_own_fields() -> None:
    one, two = np.array([1]), np.array([2])
    assert lent_first_of_a(Pair(one, two)) == 1
    assert lent_first_of_a(Other(one, two)) == 2


def test_a_callee_is_compiled_once_whoever_may_write_to_the_arrays() -> None:
    sealed = np.array([3])
    sealed.flags.writeable = False
    before = len(first_of_a.signatures)
    assert lent_first_of_a(Pair(sealed, np.array([4]))) == 3
    assert lent_first_of_a(Pair(np.array([6]), sealed)) == 6
    assert len(first_of_a.signatures) <= max(before, 1)


def test_what_is_written_is_written_to_the_lenders_array() -> None:
    mine = np.array([1])
    lend_to_write(Pair(np.array([0]), mine))
    assert mine.tolist() == [5]
