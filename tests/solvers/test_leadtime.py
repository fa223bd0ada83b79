"""Lead times: look-ups, shrinkage, life tables, and a replay that sees nothing early."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnisource.models.world import ABSENT
from omnisource.solvers.leadtime import conformal, pace
from omnisource.solvers.leadtime.dates import Aim, chances, cheapest, fine_for, first_sure
from omnisource.solvers.leadtime.history import NEVER, History, local_minutes
from omnisource.solvers.leadtime.replay import METHODS, lead_times_of, mornings, replay
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.leadtime.week import DAY, carried, minute_at, week_of

START = 17_000  # days since 1970-01-01


def small() -> LeadTimes:
    """One service, two bands split at 100 km: a day and two at the median, twice that at 0.9."""
    minutes = np.array([[1440.0, 2880.0], [2880.0, 5760.0]])
    return LeadTimes(
        probability=np.array([0.5, 0.9]),
        edges_km=np.array([100.0]),
        minutes=np.repeat(minutes[None, :, None], 7, axis=2),
        node_factor=np.array([1.0, 1.5]),
        region=("DE-1", "DE-10"),
        region_factor=np.array([[1.0, 1.0], [2.0, 2.0]]),
        origins=("DE-9",),
        origin=np.array([0, -1]),
        route_factor=np.array([[1.0, 3.0]]),
        week=np.ones(7),
    )


NEAR = {"service": 0, "node": 0, "km": 50.0, "weekday": 0, "region": 0}


def test_a_quantile_is_that_of_the_whole_times_node_and_region() -> None:
    found = small()
    assert found.quantile(**NEAR, p=0.5) == 1440
    assert found.quantile(**NEAR | {"km": 101.0}, p=0.5) == 2880
    assert found.quantile(**NEAR | {"node": 1, "region": 1}, p=0.9) == 2880 * 1.5 * 2
    assert found.quantile(**NEAR, p=0.7) == pytest.approx(2160)


def test_a_node_and_a_region_that_are_not_known_take_as_long_as_the_whole() -> None:
    assert small().quantile(**NEAR | {"node": -1, "region": -1}, p=0.9) == 2880
    assert small().quantile(**NEAR | {"km": float("nan")}, p=0.5) == 2880


def test_the_narrowest_region_known_is_taken() -> None:
    found = small()
    assert [found.region_of("DE", code) for code in ("10115", "12345", "80331")] == [1, 0, -1]


@given(p=st.floats(0.5, 0.9), km=st.floats(0, 500), node=st.integers(-1, 1))
def test_the_probability_by_a_quantile_is_its_own(p: float, km: float, node: int) -> None:
    place = NEAR | {"km": km, "node": node}
    minutes = small().quantile(**place, p=p)
    assert small().probability_by(**place, minutes=minutes) == pytest.approx(p)


def test_a_route_counts_where_the_nodes_region_is_known() -> None:
    found = small()
    assert found.quantile(**NEAR | {"region": 1}, p=0.5) == 1440 * 2 * 3
    assert found.quantile(**NEAR | {"region": 1, "node": 1}, p=0.5) == 1440 * 1.5 * 2


@given(st.integers(0, 1), st.integers(0, 1), st.integers(0, 6))
def test_many_orders_at_once_are_foreseen_as_each_is(node: int, region: int, day: int) -> None:
    found = small()
    one = found.curve(service=0, node=node, km=99.0, weekday=(day + 3) % 7, region=region)
    ints = {"service": 0, "node": node, "placed": day * DAY + 5, "region": region}
    columns = {name: np.array([value]) for name, value in ints.items()}
    assert found.curves(**columns, km=np.array([99.0]))[0].tolist() == one.tolist()


CLOSED_ON_SUNDAYS = np.array([7, 7, 7, 7, 7, 7, 0.01]) * 7 / 42.01


def test_a_weekend_takes_longer_than_it_counts() -> None:
    """A day of the week from Saturday noon: half of it on Saturday, the rest on Monday."""
    found = replace(small(), week=CLOSED_ON_SUNDAYS, minutes=small().minutes * 7 / 6)
    tuesday, saturday = (found.quantile(**NEAR | {"weekday": day}, p=0.5) for day in (1, 5))
    assert tuesday == pytest.approx(DAY, abs=3)
    assert saturday == pytest.approx(2 * DAY, abs=3)
    assert found.probability_by(**NEAR | {"weekday": 5}, minutes=saturday) == pytest.approx(0.5)


def test_a_week_is_as_open_as_arrivals_say_and_even_where_there_are_none() -> None:
    """Of 70 arrivals none is on a Sunday and 50 on a Monday, the fifth day since 1970-01-01."""
    arrived = np.array([4] * 50 + [0] * 20) * DAY
    assert week_of(arrived).tolist() == pytest.approx([7 / 3, 2 / 3, 2 / 3, 4 / 3, *[2 / 3] * 3])


@given(st.integers(0, 10**8), st.lists(st.integers(1, 50), min_size=7, max_size=7))
def test_the_week_is_run_back_to_the_minute(minute: int, weights: list[int]) -> None:
    week = np.array(weights) * 7 / sum(weights)
    assert minute_at(week, carried(week, minute)) == pytest.approx(minute, abs=1e-3)
    assert carried(week, minute + 7 * DAY) == pytest.approx(carried(week, minute) + 7 * DAY)


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5),
    st.floats(1, 50),
)
def test_no_dates_as_sure_on_average_are_sooner_than_those_by_a_fine(
    rows: list[list[float]], fine: float
) -> None:
    """Every choice of days, one by one: sooner on average is less sure."""
    chance = np.sort(np.array(rows), axis=1)
    each = np.arange(len(chance))
    days = cheapest(chance, fine)
    for other in product(range(4), repeat=len(chance)):
        if sum(other) < days.sum():
            assert chance[each, list(other)].sum() < chance[each, days].sum() + 1e-9


def test_the_fine_for_a_target_is_the_least_that_keeps_it() -> None:
    """The second day takes 0.3 off for one order and 0.1 for the other: fines of 3⅓ and 10."""
    chance = np.array([[0.6, 0.9], [0.8, 0.9]])
    assert fine_for(chance, 0.85) == pytest.approx(10 / 3, rel=1e-4)
    assert fine_for(chance, 0.9) == pytest.approx(10, rel=1e-4)
    assert first_sure(chance, 0.7).tolist() == [1, 0]


def test_a_thin_group_is_believed_by_its_share_of_information() -> None:
    added = pace.shrunk_step(np.zeros(2), np.array([0.3, 30.0]), np.array([1.0, 100.0]), 3.0)
    assert added.tolist() == pytest.approx([0.3 / 4, 30 / 103])


def test_what_arrived_as_foreseen_moves_nothing_and_what_is_under_way_prolongs() -> None:
    slope, information = pace.derivatives(np.zeros(2), np.array([True, False]))
    assert slope.tolist() == [0, 0.5]
    assert information.tolist() == [0.5, 0.25]


def test_a_life_table_is_worked_out_by_hand() -> None:
    """Two orders pass a bin whole, one of them arrives in the next, halfway through."""
    width = (conformal.HIGH - conformal.LOW) / conformal.BINS
    edge = conformal.LOW + np.array([10, 10]) * width
    table = conformal.add_day(
        conformal.empty(1),
        before=edge + 1e-9,
        after=edge + np.array([1.5, 1.0]) * width + 1e-9,
        arrived=np.array([True, False]),
        region=np.array([0, 0]),
    )
    assert table.arrivals[0, 10:12].tolist() == [0, 1]
    assert table.exposure[0, 9:13].tolist() == pytest.approx([0, 2, 0.5, 0], abs=1e-5)
    later = conformal.add_day(
        table, before=np.zeros(0), after=np.zeros(0), arrived=np.zeros(0, bool),
        region=np.zeros(0, np.int64), forget=0.5,
    )  # fmt: skip
    assert later.arrivals[0, 11] == 0.5


def test_a_region_with_twice_the_hazard_is_believed_half_at_twenty_deliveries() -> None:
    """Of the first region 60 arrive where 30 + 10 were due: (60 + 20) / (40 + 20) = 4/3."""
    arrivals, exposure = (np.zeros((2, conformal.BINS)) for _ in range(2))
    arrivals[:, 100], exposure[:, 100] = (60, 20), (40, 40)
    alive = conformal.survival(conformal.LifeTable(arrivals, exposure), shrink=20)
    hazard = -np.diff(np.log(alive), axis=1)[:, 100]
    assert (hazard[1] / hazard[0]).round(6) == round(4 / 3, 6)
    assert (hazard[2] / hazard[0]).round(6) == round(2 / 3, 6)


def test_minutes_are_those_of_the_local_clock_in_summer_and_winter() -> None:
    utc = np.array([0, 182 * DAY, ABSENT])  # midnight of 1970-01-01 and of 1970-07-02
    there = local_minutes(utc, np.array(["America/New_York"] * 3, object))
    assert (there - utc)[:2].tolist() == [-300, -240]
    assert there[2] == ABSENT


def drifting(days: int = 300, each: int = 20, jump: float = 1.8, back: int = 260) -> History:
    """Orders that take about five days; from day 200 to `back`, `jump` times as long."""
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(days), each)
    placed = (START + day) * DAY + rng.integers(0, DAY, len(day))
    slow = np.where((day >= 200) & (day < back), jump, 1.0)
    took = 5 * slow * np.exp(0.4 * rng.logistic(size=len(day)) / 1.8)
    region = rng.integers(0, 3, len(day))
    turn = np.argsort(placed, kind="stable")
    return History(
        placed=placed[turn],
        arrived=(placed + took * DAY).astype(np.int64)[turn],
        promised=np.full(len(day), ABSENT),
        service=np.zeros(len(day), np.int64),
        node=rng.integers(0, 5, len(day)),
        km=rng.uniform(1, 500, len(day)),
        weekday=(placed[turn] // DAY + 3) % 7,
        region=region,
        district=region,
        regions=("DE-0", "DE-1", "DE-2"),
        districts=("DE-01", "DE-11", "DE-21"),
        services=1,
        origins=("DE-8", "DE-9"),
        origin=np.array([0, 0, 1, 1, 1]),
    )


def kept(history: History, promised: np.ndarray, since: int, until: int) -> float:
    asked = (history.day >= START + since) & (history.day < START + until)
    return float((history.arrived <= promised)[asked].mean())


def test_what_adapts_keeps_its_promises_through_a_drift_that_a_frozen_one_does_not() -> None:
    history = drifting(back=300)
    frozen, adaptive = (
        replay(history, START + 180, START + 280, aim=Aim(0.9), method=method)
        for method in ("frozen", "adaptive")
    )
    assert kept(history, frozen, 220, 280) < 0.75
    assert kept(history, adaptive, 220, 280) == pytest.approx(0.9, abs=0.05)


def test_what_adapts_forgets_a_shock_that_has_passed() -> None:
    history = drifting(days=320, back=240)
    promised = replay(history, START + 230, START + 320, aim=Aim(0.9))
    assert kept(history, promised, 270, 320) == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_to_be_known_later_changes_no_promise(method: str) -> None:
    history = drifting(days=240)
    day = START + 215
    known = history.arrived < day * DAY
    worse = replace(history, arrived=np.where(known, history.arrived, NEVER))
    before = [
        replay(one, START + 200, day + 1, aim=Aim(0.9), method=method)  # type: ignore[arg-type]
        for one in (history, worse, history.known_by((day + 1) * DAY))
    ]
    asked = history.day < day
    assert (before[0][asked] == before[1][asked]).all()
    today = history.day <= day
    assert (before[0][today] == before[1][today]).all()
    assert (before[0][today] == before[2]).all()


def test_a_promise_is_the_end_of_a_day_after_the_order() -> None:
    history = drifting(days=120)
    promised = replay(history, START + 100, START + 120, aim=Aim(0.9))
    asked = history.day >= START + 100
    assert (promised[asked] % DAY == 0).all()
    assert (promised[asked] > history.placed[asked]).all()
    assert (promised[~asked] == NEVER).all()


def test_by_fine_the_target_is_kept_in_fewer_days() -> None:
    history = drifting(days=280, jump=1.0)
    asked = (history.day >= START + 220) & (history.day < START + 260)
    by_quantile, by_fine = (
        replay(history, START + 220, START + 260, aim=aim) for aim in (Aim(0.85), Aim(0.85, "fine"))
    )
    assert kept(history, by_fine, 220, 260) == pytest.approx(0.85, abs=0.04)
    assert by_fine[asked].mean() < by_quantile[asked].mean()


def test_chances_are_those_of_each_order_by_the_end_of_the_day() -> None:
    history = drifting(days=120)
    learned = next(mornings(history, START + 110, START + 111))
    found = lead_times_of(learned, history)
    rows = np.flatnonzero(history.day == START + 110)[:5]
    for row, chance in zip(rows, chances(found, history, rows), strict=True):
        at = int(history.placed[row] % DAY)
        place = {name: int(getattr(history, name)[row]) for name in ("service", "node", "weekday")}
        region = found.region_of("DE", history.districts[history.district[row]][3:])
        by = found.probability_by(
            **place, km=float(history.km[row]), region=region, minutes=6 * DAY - at, at=at
        )
        assert chance[5] == pytest.approx(by)
