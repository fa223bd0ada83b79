"""Who walks away, and what is chosen: the logit against its own calibration."""

from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.simulation import Choice
from omnisource.orchestrator.simulate.choice import calibrated, chooses, shares


def walks(**more: float) -> Choice:
    return Choice.model_validate({"walks": True} | more)


@pytest.mark.parametrize("conversion", [0.1, 0.5, 0.9])
def test_a_day_slower_and_a_euro_dearer_lose_the_shares_that_are_stated(conversion: float) -> None:
    model = calibrated(walks(conversion=conversion, day_slower=0.0051, euro_dearer=0.05))
    assert shares(model, [3.0], [0]) == [pytest.approx(conversion)]
    assert shares(model, [4.0], [0]) == [pytest.approx(conversion * 0.9949)]
    assert shares(model, [3.0], [100]) == [pytest.approx(conversion * 0.95)]


def test_the_example_of_the_docstring_by_hand() -> None:
    model = calibrated(walks(conversion=0.5))
    assert model.constant == 0
    assert model.per_day == pytest.approx(-log(0.49745 / 0.50255))
    # a day faster: 1 / (1 + e^-0.0102) = 0.50255, which is 0.51 % more
    assert shares(model, [2.0], [0]) == [pytest.approx(0.50255, abs=1e-6)]


def test_two_options_share_by_what_they_are_worth() -> None:
    model = calibrated(walks(conversion=0.5, day_slower=0.1, euro_dearer=0.2))
    faster = exp(model.per_day * 2 - model.per_cent * 300)  # two days sooner, 3.00 dearer
    one, two = shares(model, [3.0, 1.0], [0, 300])
    assert (one, two) == (pytest.approx(1 / (2 + faster)), pytest.approx(faster / (2 + faster)))


def test_the_draw_decides_and_the_rest_walks_away() -> None:
    model = calibrated(walks(conversion=0.5))  # two usual options: a third each, a third leaves
    picks = [chooses(model, [3.0, 3.0], [0, 0], level) for level in (0.0, 0.4, 0.7, 0.999)]
    assert picks == [0, 1, -1, -1]


def test_where_nobody_walks_away_everybody_takes_something() -> None:
    model = calibrated(Choice(conversion=0.5))
    assert [chooses(model, [3.0, 3.0], [0, 0], level) for level in (0.4, 0.6, 0.9999)] == [0, 1, 1]
    assert chooses(model, [300.0], [10_000], 0.9999) == 0


def test_nothing_offered_nothing_bought() -> None:
    assert chooses(calibrated(Choice()), [], [], 0.0) == -1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 10**9)), min_size=1, max_size=5))
def test_shares_add_up_however_absurd_the_options(options: list[tuple[float, int]]) -> None:
    found = shares(calibrated(walks()), *map(list, zip(*options, strict=True)))  # type: ignore[arg-type]
    assert all(0 <= share <= 1 for share in found)
    assert sum(found) <= 1 + 1e-12
