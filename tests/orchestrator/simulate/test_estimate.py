"""Intervals, stopping and warm-up, against figures worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.orchestrator.simulate.estimate import (
    Interval,
    interval,
    narrow_enough,
    paired,
    t_quantile,
    warm_up,
)


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.706), (4, 2.776), (9, 2.262), (29, 2.045)])
def test_students_quantiles_are_the_tables(freedom: int, t: float) -> None:
    assert t_quantile(freedom, 0.95) == pytest.approx(t, abs=5e-4)


def test_an_interval_by_hand() -> None:
    # mean 3, s² = (4 + 1 + 0 + 1 + 4) / 4 = 2.5, half = 2.776 · √(2.5 / 5)
    found = interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert found is not None
    assert (found.mean, found.half) == (3.0, pytest.approx(1.963, abs=1e-3))
    assert found.tells


def test_paired_differences_forget_what_both_have() -> None:
    noise = np.array([10.0, 90.0, 40.0])
    found = paired(noise + np.array([1.0, 2.0, 3.0]), noise)
    assert found is not None
    assert (found.mean, found.half) == (pytest.approx(2), pytest.approx(4.303 / 3**0.5, abs=1e-3))


def test_replications_with_nothing_to_measure_are_left_out() -> None:
    found = interval(np.array([2.0, np.nan]))
    assert found == Interval(2.0, None, 1)
    assert interval(np.array([np.nan])) is None


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    samples = np.random.default_rng(5).normal(7, 3, (2_000, 6))
    found = [interval(each, 0.9) for each in samples]
    hits = sum(1 for each in found if each and each.half and abs(each.mean - 7) <= each.half)
    assert abs(hits / 2_000 - 0.9) < 0.03


def test_narrow_enough_is_a_share_of_the_level_after_the_least_replications() -> None:
    half = Interval(-3.0, 0.9, 5)  # 0.9 ≤ 0.01 / 1.01 · 100 = 0.990
    assert narrow_enough(half, 100.0, 0.01, 5)
    assert not narrow_enough(half, 100.0, 0.01, 6)
    assert not narrow_enough(Interval(-3.0, 0.995, 5), 100.0, 0.01, 5)
    assert not narrow_enough(Interval(-3.0, None, 1), 100.0, 0.01, 1)


def test_warm_up_finds_where_a_run_settles() -> None:
    daily = np.random.default_rng(1).normal(0, 1, 60) + np.where(np.arange(60) < 10, 30, 0)
    found = warm_up(daily, left_out=0)
    assert (found.days, found.enough) == (10, False)
    assert "--warm-up 10" in found.sentence()
    assert warm_up(daily, left_out=14).enough


def test_too_few_days_and_runs_that_never_settle_cannot_be_told() -> None:
    assert warm_up(np.arange(19.0), 0).days is None
    assert warm_up(1_000 * 0.9 ** np.arange(40.0), 0).days is None
    assert "too few days" in warm_up(np.zeros(0), 0).sentence()


@settings(max_examples=30, deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(20, 60))
def test_a_level_run_needs_no_warm_up(level: float, days: int) -> None:
    assert warm_up(np.full(days, level), 0).days == 0
