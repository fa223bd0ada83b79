"""What is left of a lead time, once some of it has gone by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.leadtime.under_way import Way, chance_by, minutes_at

MONDAY = Way(service=0, node=-1, km=5.0, weekday=0, region=-1, at=0)


def times(*minutes: float, week: tuple[float, ...] = (1.0,) * 7) -> LeadTimes:
    """Quantiles at 25, 50, 75 and 95 %."""
    curve = np.array(minutes)
    return LeadTimes(
        probability=np.array([0.25, 0.5, 0.75, 0.95]), edges_km=np.zeros(0),
        minutes=np.broadcast_to(curve, (1, 1, 7, 4)), node_factor=np.ones(0), region=(),
        region_factor=np.ones((0, 4)), origins=(), origin=np.zeros(0, np.int64),
        route_factor=np.ones((0, 0)), week=np.array(week),
    )  # fmt: skip


LINEAR = times(100, 200, 300, 380)


def test_who_has_been_out_for_half_the_time_is_there_by_three_quarters_with_half_the_chance() -> (
    None
):
    assert chance_by(LINEAR, MONDAY, 200, 300) == pytest.approx(0.5)
    assert minutes_at(LINEAR, MONDAY, 200, 0.5) == pytest.approx(300)


def test_at_the_start_it_is_what_was_learned() -> None:
    assert chance_by(LINEAR, MONDAY, 0, 100) == pytest.approx(0.25)
    assert minutes_at(LINEAR, MONDAY, 0, 0.75) == pytest.approx(300)


def test_beyond_what_was_learned_nothing_is_told() -> None:
    assert chance_by(LINEAR, MONDAY, 380, 500) is None
    assert minutes_at(LINEAR, MONDAY, 380, 0.1) is None
    assert minutes_at(LINEAR, MONDAY, 200, 0.95) is None  # 97.5 % of all


@settings(max_examples=40)
@given(st.floats(0, 370), st.floats(0.01, 0.99), st.floats(0.2, 1.8))
def test_the_date_of_a_probability_has_that_probability(
    out: float, p: float, sunday: float
) -> None:
    rest = (7 - sunday) / 6
    learned = times(1000, 4000, 9000, 20_000, week=(rest,) * 6 + (sunday,))
    found = minutes_at(learned, MONDAY, out * 10, p)
    if found is not None:
        chance = chance_by(learned, MONDAY, out * 10, found)
        assert chance is not None
        assert chance >= p - 1e-6
        known = MONDAY.arrived(learned, out * 10)
        if known + p * (1 - known) > 0.25:  # below the lowest level it is the lowest
            assert chance == pytest.approx(p, abs=1e-6)
