"""What orders a simulation draws: how many, when, and whose they repeat."""

import numpy as np
import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Arrivals, Choice, Mix, Simulation, Surge
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.simulate.demand import (
    Stream,
    day_weights,
    history_of,
    hour_rates,
    midnight,
    stream_of,
)
from omnisource.solvers.problem import Floats

DAY = 1_440


def stream(world: World, days: int = 2, replication: int = 0, **arrivals: object) -> Stream:
    setup = Simulation(arrivals=Arrivals.model_validate(arrivals))
    return stream_of(world, setup, days=days, seed=1, replication=replication)


def rates(world: World, days: int, **arrivals: object) -> Floats:
    setup = Simulation(arrivals=Arrivals.model_validate(arrivals))
    return hour_rates(world, setup, day_weights(world, setup.arrivals, days))


def test_by_default_a_day_expects_what_the_folders_day_had_at_its_hours(world: World) -> None:
    expected = rates(world, 1)
    assert expected.shape == (1, 24)
    assert expected[0, 9] == pytest.approx(2.0)
    assert expected[0, 20] == pytest.approx(1.0)
    assert expected.sum() == pytest.approx(3.0)


def test_weekdays_share_the_week_and_the_trend_grows_by_the_week(world: World) -> None:
    week = (2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0)
    expected = rates(world, 8, orders_per_day=100, by_weekday=week, trend=0.1).sum(1)
    assert expected[0] == pytest.approx(200), "day 0 is a Monday"
    assert expected[6] == 0
    assert expected[7] == pytest.approx(220)


def test_a_mix_keeps_the_number_and_a_promotion_adds_to_it(world: World) -> None:
    mix = (Mix(channels=("app",), factor=2.0),)
    assert rates(world, 1, mix=mix).sum() == pytest.approx(3.0)
    # weights 1, 1, 1, and on day 1 three times for the two orders with a pot: (1 + 3 + 3) / 3
    surge = Surge(skus=("pot",), from_day=1, factor=3.0)
    assert rates(world, 3, promotions=(surge,)).sum(1) == pytest.approx([3.0, 7.0, 3.0])


def test_a_promotion_by_nothing_closes_the_shop_for_a_day(world: World) -> None:
    closed = stream(world, 3, orders_per_day=100, promotions=[{"from_day": 1, "factor": 0}])
    days = (closed.world.orders["placed_at"] - closed.first) // DAY
    assert set(days.tolist()) == {0, 2}


def test_customers_who_may_walk_away_are_more_by_the_share_that_buys(world: World) -> None:
    setup = Simulation(choice=Choice(walks=True, conversion=0.25))
    assert hour_rates(world, setup, day_weights(world, setup.arrivals, 1)).sum() == 12


def test_orders_repeat_the_folders_within_the_days_in_the_order_of_arrival(world: World) -> None:
    drawn = stream(world, days=3, orders_per_day=200)
    orders, lines = drawn.world.orders, drawn.world.lines
    placed = orders["placed_at"]
    assert drawn.first == midnight(world) == world.now
    assert drawn.first <= placed[0]
    assert placed[-1] < drawn.last
    assert (np.diff(placed) >= 0).all()
    assert abs(orders.rows - 600) < 5 * 600**0.5
    assert len(set(orders["order"])) == orders.rows
    assert (orders["promised_by"] == ABSENT).all()
    skus = np.bincount(lines["order"], minlength=orders.rows)
    assert set(zip(orders["channel"], skus, strict=True)) == {("web", 1), ("app", 2)}
    assert (np.diff(lines["order"]) >= 0).all()


def test_the_mix_decides_whose_orders_come(world: World) -> None:
    none = (Mix(postcodes=("2",), factor=0.0),)
    assert set(stream(world, orders_per_day=100, mix=none).world.orders["postcode"]) == {"10115"}
    with pytest.raises(UnusableInput, match="no order weighs anything"):
        stream(world, mix=(Mix(factor=0.0),))


def test_the_same_seed_and_replication_draw_the_same_and_another_draws_others(
    world: World,
) -> None:
    one, same, other = (stream(world, 5, r, orders_per_day=50) for r in (0, 0, 1))
    assert np.array_equal(one.world.orders["placed_at"], same.world.orders["placed_at"])
    assert not np.array_equal(one.world.orders["placed_at"], other.world.orders["placed_at"])
    assert one.seed == same.seed != other.seed


def test_a_busier_time_has_the_calm_times_orders_and_more(world: World) -> None:
    calm, busy = (stream(world, 5, orders_per_day=n) for n in (50, 80))
    moments = set(zip(calm.world.orders["placed_at"], calm.world.orders["channel"], strict=True))
    more = set(zip(busy.world.orders["placed_at"], busy.world.orders["channel"], strict=True))
    assert moments < more


def test_history_brings_the_folders_own_orders_at_their_times(world: World) -> None:
    past = history_of(world, seed=1, replication=0)
    assert past.days == 1
    assert past.first == world.now - DAY
    assert list(past.world.orders["order"]) == ["a", "b", "c"]
    assert np.array_equal(past.world.orders["placed_at"], world.orders["placed_at"])
    assert list(past.world.lines["units"]) == [1, 2, 1, 3]


def test_history_of_days_without_orders_is_refused(world: World) -> None:
    with pytest.raises(UnusableInput, match="no order of the folder was placed on these days"):
        history_of(world, days=1, since=world.now, seed=1, replication=0)
    bare = world.replace(
        orders=world.orders.take(np.zeros(0, int)), lines=world.lines.take(np.zeros(0, int))
    )
    with pytest.raises(UnusableInput, match="no orders to draw from"):
        stream(bare)
