"""Draws are uniform, independent of one another, and the same wherever they are asked for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.orchestrator.simulate.chance import draw, draw_one, replication_seed

KEYS = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**63 - 1), KEYS, KEYS)
def test_one_draw_is_what_arrays_give(seed: int, first: int, second: int) -> None:
    many = draw(seed, "lost", np.array([first, 0]), np.array([second, 0]))
    assert draw_one(seed, "lost", first, second) == many[0]
    assert 0 <= many[0] < 1


def test_draws_are_uniform_and_kinds_and_seeds_do_not_hang_together() -> None:
    keys = np.arange(20_000)
    columns = [draw(7, "lost", keys), draw(7, "late", keys), draw(8, "lost", keys)]
    columns += [draw(7, "lost", keys, np.ones_like(keys)), draw(7, "lost", keys + 1)]
    for column in columns:
        counts = np.histogram(column, 10, (0, 1))[0]
        chi2 = ((counts - 2_000) ** 2 / 2_000).sum()
        assert chi2 < 27.9, "beyond the 99.9 % quantile of nine degrees of freedom"
    apart = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(apart).max() < 4 / 20_000**0.5


def test_a_draw_does_not_go_by_what_else_is_drawn() -> None:
    assert draw(7, "lost", np.array([5, 6]))[1] == draw(7, "lost", np.array([6]))[0]


def test_each_replication_has_a_seed_of_its_own() -> None:
    seeds = {replication_seed(seed, r) for seed in range(20) for r in range(50)}
    assert len(seeds) == 1_000
    assert all(0 <= seed < 2**63 for seed in seeds)
