"""Policies side by side: paired intervals, stopping, warm-up; an engine that is made up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Choice, Simulation
from omnisource.models.world import World
from omnisource.orchestrator.simulate import workers
from omnisource.orchestrator.simulate.asked import LEAST
from omnisource.orchestrator.simulate.chance import draw_one
from omnisource.orchestrator.simulate.demand import Stream
from omnisource.orchestrator.simulate.figures import COST
from omnisource.orchestrator.simulate.outcome import Simulated
from omnisource.orchestrator.simulate.replicate import simulate
from omnisource.orchestrator.simulate.write import frame_of
from omnisource.solvers.problem import Ints, Limits

EXTRA = {"click": 0, "nightly": -40, "rolling": 0}
"""Cents an order that the made-up engine's policies cost more."""

CUT = {"click": 0, "nightly": 0, "rolling": 3}
"""Plans that a clock cut short in each replication."""


@dataclass(frozen=True)
class MadeUp:
    by_day: dict[str, Ints]
    cut: int = 0


def made_up(
    stream: Stream, _setup: Simulation, policy: str, _limits: Limits, **_: object
) -> MadeUp:
    """An order a day: 500 cents and some luck, the same luck for all, and the policy's own."""
    days = np.arange(stream.days)
    luck = np.array([draw_one(stream.seed, "luck", d) for d in days])
    own = np.array([draw_one(stream.seed, policy, d) for d in days])
    cents = np.round(500 + 400 * luck + EXTRA[policy] + own).astype(np.int64)
    return MadeUp({"cents": cents, "arrived": np.ones(stream.days, np.int64)}, CUT[policy])


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "simulate_once", made_up)


pytestmark = pytest.mark.usefixtures("engine")


def run(world: World, **more: Any) -> Simulated:
    return simulate(world, **{"days": 8, "policies": ("click", "nightly")} | more)


def test_the_same_luck_makes_a_difference_narrow_that_levels_hide(world: World) -> None:
    found = run(world, replications=10)
    level, difference = found.level("click", COST), found.difference("nightly", COST)
    assert level is not None
    assert difference is not None
    assert (level.half or 0) > 20, "the levels alone could not tell 40 cents"
    assert abs(difference.mean + 40) <= (difference.half or 0) < 1
    assert difference.tells
    assert any("nightly is " in text and "cheaper" in text for text in found.sentences())


def test_policies_that_do_the_same_cannot_be_told_apart(world: World) -> None:
    found = run(world, policies=("click", "rolling"), replications=10)
    difference = found.difference("rolling", COST)
    assert difference is not None
    assert abs(difference.mean) < 1


def test_a_run_says_where_a_clock_may_have_decided(world: World) -> None:
    """Two replications, three plans each, of `rolling` alone."""
    sure, cut = (run(world, policies=("click", p), replications=2) for p in ("nightly", "rolling"))
    assert sure.document()["cut_by_clock"] == 0
    assert not any(text.startswith("Clock:") for text in sure.sentences())
    assert cut.document()["cut_by_clock"] == 6
    assert any(text.startswith("Clock: 6 plans may have been") for text in cut.sentences())


def test_it_ends_when_the_difference_is_known_well_enough(world: World) -> None:
    assert len(run(world, replications=40, until=0.01).runs) == LEAST
    hard = run(world, replications=7, until=0.00001)
    assert len(hard.runs) == 7
    assert hard.narrow is False
    assert any("raise --replications" in text for text in hard.sentences())


def test_more_replications_begin_with_the_same(world: World) -> None:
    few, many = run(world, replications=2), run(world, replications=3)
    for one, other in zip(few.runs, many.runs, strict=False):
        assert np.array_equal(one["nightly"].by_day["cents"], other["nightly"].by_day["cents"])


def test_the_days_that_warm_up_count_for_nothing(world: World) -> None:
    found = run(world, replications=2, setup=Simulation(warm_up_days=5))
    counted = found.runs[0]["click"].by_day["cents"][5:]
    assert found.values("click", COST)[0] == pytest.approx(counted.mean())
    frame = frame_of(found)
    assert frame.height == 2 * 2 * 8
    assert frame.filter(pl.col("counted"))["day"].min() == 5


def test_one_replication_has_a_mean_and_no_interval(world: World) -> None:
    found = run(world, replications=1)
    level = found.level("click", COST)
    assert level is not None
    assert level.half is None
    assert found.document()["policies"][1]["differences"]["cost"]["low"] is None


def closed_at_first(stream: Stream, *_: object, **__: object) -> MadeUp:
    """An order of 500 cents a day, and none on the first."""
    came = (np.arange(stream.days) > 0).astype(np.int64)
    return MadeUp({"cents": 500 * came, "arrived": came})


def test_a_day_on_which_nobody_comes_is_not_taken_for_a_cheap_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other days are alike: there is nothing to warm up."""
    monkeypatch.setattr(workers, "simulate_once", closed_at_first)
    found = run(world, days=20, replications=1)
    assert found.warm_ups["click"].days == 0
    with pytest.raises(UnusableInput, match="nobody came on the days that count"):
        run(world, days=1, replications=LEAST, until=0.01)


def test_stock_and_prices_expect_those_who_buy_not_all_who_come(world: World) -> None:
    walks = Simulation(choice=Choice(walks=True, conversion=0.25))
    expected = [
        workers.Desk(world, run(world, replications=1, setup=setup).asked, Limits()).expected
        for setup in (Simulation(), walks)
    ]
    usual, walking = (each.orders.rows for each in expected if each is not None)
    assert walking == usual


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"policies": ("clik",)}, "no policy 'clik': is it 'click'"),
        ({"policies": ("click", "click")}, "named twice"),
        ({"setup": Simulation(warm_up_days=8)}, "8 days, and 8 of them to warm up"),
        (
            {"days": None, "history": True, "setup": Simulation(warm_up_days=1)},
            "1 days, and 1 of them to warm up",
        ),
        ({"since": 0}, "ask for --history too"),
    ],
)
def test_what_cannot_be_simulated_is_refused(world: World, more: Any, said: str) -> None:
    with pytest.raises(UnusableInput, match=said):
        run(world, **more)
