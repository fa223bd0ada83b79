"""Who can still be served: nobody draws what is not there, and nobody is sent away in vain."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omnisource.orchestrator.guard import fitting


def fits(draws: list[tuple[int, int, int]], free: list[int]) -> list[bool]:
    order, cell, units = (np.array(column, np.int64) for column in zip(*draws, strict=True))
    return fitting(order, cell, units, np.array(free, np.int64)).tolist()


def test_an_order_gets_all_of_it_or_nothing() -> None:
    assert fits([(0, 0, 1), (0, 1, 2), (1, 0, 1)], [1, 1]) == [False, True]


def test_orders_take_turns_where_there_is_too_little() -> None:
    assert fits([(0, 0, 3), (1, 0, 3), (2, 0, 2)], [5]) == [True, False, True]


def test_an_order_draws_twice_from_a_cell() -> None:
    assert fits([(0, 0, 2), (0, 0, 2)], [3]) == [False]


def test_a_cell_that_owes_units_gives_none() -> None:
    assert fits([(0, 0, 1), (1, 1, 1)], [-4, 1]) == [False, True]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=3),
             min_size=1, max_size=8),
    st.lists(st.integers(-2, 9), min_size=4, max_size=4),
)  # fmt: skip
def test_nothing_is_overdrawn_and_nobody_is_sent_away_in_vain(
    baskets: list[list[tuple[int, int]]], free: list[int]
) -> None:
    draws = [(k, cell, units) for k, basket in enumerate(baskets) for cell, units in basket]
    found = fits(draws, free)
    left = np.array(free)
    for k, cell, units in draws:
        left[cell] -= units * found[k]
    touched = {cell for k, cell, _ in draws if found[k]}
    assert all(left[cell] >= 0 for cell in touched)
    for k, basket in enumerate(baskets):
        if not found[k]:
            wanted = np.zeros(4, np.int64)
            for cell, units in basket:
                wanted[cell] += units
            assert (wanted > np.maximum(left, 0)).any()
