"""The orders of a replication: drawn from the folder's own, or those orders as they came.

Drawn orders are a Poisson process whose rate is constant within an hour. With n orders of a mean
day, day d and hour h have

    (1) rate(d, h) = n · g_w(d) · (1 + trend)^(d / 7) · s_h · Σ_k a_k p_k(d) / Σ_k a_k

where g_w is the weekday's weight over the mean of all seven, s_h the hour's share of a day, a_k
the weight of the folder's order k (`mix`) and p_k(d) the factors of the promotions that concern it
on day d. The number of orders of each hour is the Poisson quantile of a keyed draw, so that a
higher rate has the same orders and some more. Which of the folder's orders it repeats is drawn

    (2) order k with probability a_k p_k(d) / Σ a p(d)

with its basket, destination, channel and mode: the empirical distribution, nothing fitted. This is
what independent Poisson processes, one for each k, come to (Ross, Introduction to Probability
Models, 12th ed., proposition 5.2), by thinning within the hour.

No order of a stream was promised anything yet (`promised_by` is absent): that is what is simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Arrivals, Simulation, Surge
from omnisource.models.world import ABSENT, Later, Table, World
from omnisource.orchestrator.lab.rows import some_goods, some_orders
from omnisource.orchestrator.simulate.chance import draw, replication_seed
from omnisource.solvers.problem import Flags, Floats, Ints
from omnisource.solvers.shards.cut import runs

DAY: Final = 1_440
HOUR: Final = 60


@dataclass(frozen=True, eq=False)
class Stream:
    """All that a replication is given: the same for every policy."""

    world: World  # stock at the begin of day 0; all orders that would arrive, by `placed_at`
    first: int  # minute (since 1970) at which day 0 begins
    days: int
    seed: int  # of every draw of this replication

    @property
    def last(self) -> int:
        """The minute at which the last day ends."""
        return self.first + self.days * DAY


def stream_of(world: World, setup: Simulation, *, days: int, seed: int, replication: int) -> Stream:
    """Draw the orders of a replication.

    Args:
        world: a folder whose orders are drawn from, with replacement.
        setup: how many come, and when.
        days: from the first midnight at or after the scenario's clock on.
        seed: of the whole simulation.
        replication: which one, from 0.

    Raises:
        UnusableInput: the folder has no orders, or conditions meet none of them.
    """
    if not world.orders.rows:
        raise UnusableInput("the folder has no orders to draw from: give it some")
    own = replication_seed(seed, replication)
    weights = day_weights(world, setup.arrivals, days)
    rates = hour_rates(world, setup, weights)
    placed, source = _arrivals(own, rates, weights)
    first = midnight(world)
    return Stream(_repeated(world, source, first + placed), first, days, own)


def history_of(
    world: World, *, days: int | None = None, seed: int, replication: int, since: int | None = None
) -> Stream:
    """Take the folder's own orders as they came.

    Args:
        world: with the stock of the first day's begin.
        days: as many; by default until the last order.
        seed: of what else happens.
        replication: which one, from 0.
        since: a minute since 1970, on the first day; by default the first order's.

    Raises:
        UnusableInput: no order falls into these days.
    """
    placed = world.orders["placed_at"]
    if not len(placed):
        raise UnusableInput("the folder has no orders to follow")
    first = _day_begin(int(placed.min()) if since is None else since, offset_of(world))
    days = days or -(-(int(placed.max()) + 1 - first) // DAY)
    rows = np.flatnonzero((placed >= first) & (placed < first + days * DAY))
    if not len(rows):
        raise UnusableInput("no order of the folder was placed on these days: give others")
    rows = rows[np.argsort(placed[rows], kind="stable")]
    own = replication_seed(seed, replication)
    return Stream(_taken(world, rows, placed[rows]), first, days, own)


def offset_of(world: World) -> int:
    """Return the minutes by which the scenario's clock is ahead of UTC."""
    offset = world.scenario.now.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


def midnight(world: World) -> int:
    """Return the first midnight at or after the scenario's clock, a minute since 1970."""
    return _day_begin(world.now + DAY - 1, offset_of(world))


def _day_begin(minute: int, offset: int) -> int:
    return (minute + offset) // DAY * DAY - offset


def day_weights(world: World, arrivals: Arrivals, days: int) -> list[Floats]:
    """Return the weight of each of the folder's orders, by day: D × (K,); equal days share one."""
    base = np.ones(world.orders.rows)
    for mix in arrivals.mix:
        base = np.where(some_orders(world, mix), base * mix.factor, base)
    if not base.any():
        raise UnusableInput("arrivals.mix: no order weighs anything any more")
    surges = [(each, _concerned(world, each)) for each in arrivals.promotions]
    known: dict[tuple[int, ...], Floats] = {}
    weights = []
    for day in range(days):
        on = tuple(i for i, (each, _) in enumerate(surges) if 0 <= day - each.from_day < each.days)
        if on not in known:
            known[on] = _surged(base, [surges[i] for i in on])
        weights.append(known[on])
    return weights


def _surged(base: Floats, surges: Sequence[tuple[Surge, Flags]]) -> Floats:
    for each, rows in surges:
        base = np.where(rows, base * each.factor, base)
    return base


def _concerned(world: World, surge: Surge) -> Flags:
    goods = some_goods(world, surge)
    has = np.zeros(world.orders.rows, bool)
    has[world.lines["order"][goods[world.lines["sku"]]]] = True
    return some_orders(world, surge) & has


def hour_rates(world: World, setup: Simulation, weights: Sequence[Floats]) -> Floats:
    """Return the orders that each hour expects, (D, 24)."""
    arrivals, days = setup.arrivals, len(weights)
    mean = arrivals.orders_per_day or _orders_per_day(world)
    if setup.choice.walks:
        mean /= setup.choice.conversion
    week = np.array(arrivals.by_weekday or (1.0,) * 7)
    weekday = (world_weekday(world) + np.arange(days)) % 7
    plain = weights[0].sum() if not arrivals.promotions else _plain(world, arrivals)
    promoted = np.array([each.sum() for each in weights]) / plain
    level = mean * week[weekday] / week.mean() * (1 + arrivals.trend) ** (np.arange(days) / 7)
    return np.outer(level * promoted, _hour_shares(world, arrivals))  # (1)


def _plain(world: World, arrivals: Arrivals) -> float:
    calm = arrivals.model_copy(update={"promotions": ()})
    return float(day_weights(world, calm, 1)[0].sum())


def world_weekday(world: World) -> int:
    """Return the weekday of day 0, Monday 0; 1970-01-01 was a Thursday."""
    return ((midnight(world) + offset_of(world)) // DAY + 3) % 7


def _hour_shares(world: World, arrivals: Arrivals) -> Floats:
    if arrivals.by_hour:
        weights = np.array(arrivals.by_hour)
    else:
        local = (world.orders["placed_at"] + offset_of(world)) % DAY
        weights = np.bincount(local // HOUR, minlength=24).astype(np.float64)
    return np.asarray(weights / weights.sum())


def _orders_per_day(world: World) -> float:
    placed = world.orders["placed_at"]
    return float(len(placed) / -(-(int(placed.max()) + 1 - int(placed.min())) // DAY))


def _arrivals(seed: int, rates: Floats, weights: Sequence[Floats]) -> tuple[Ints, Ints]:
    """Draw when orders come, in minutes of day 0, ascending, and which order each repeats."""
    from scipy.stats import poisson  # a second to import, and needed only where demand is drawn

    hour = np.arange(rates.size)
    level = draw(seed, "arrivals", hour)
    many = poisson.ppf(level, rates.ravel()).astype(np.int64)
    many[rates.ravel() == 0] = 0
    at = np.repeat(hour, many)
    number = np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
    placed = at * HOUR + np.floor(draw(seed, "minute", at, number) * HOUR).astype(np.int64)
    which = draw(seed, "order", at, number)
    source = np.empty(len(at), np.int64)
    ends = np.searchsorted(at, np.arange(1, len(weights) + 1) * 24)
    begin = 0
    for day, end in enumerate(ends):
        source[begin:end] = _drawn(weights[day], which[begin:end])  # (2)
        begin = end
    turn = np.argsort(placed, kind="stable")
    return placed[turn], source[turn]


def _drawn(weights: Floats, draws: Floats) -> Ints:
    """Return the row that each draw falls on, rows being as wide as they weigh."""
    if not len(draws):
        return np.zeros(0, np.int64)  # on a day without orders all may weigh nothing
    ends = np.cumsum(weights)
    rows = np.searchsorted(ends, draws * ends[-1], side="right")
    return np.asarray(np.minimum(rows, np.flatnonzero(weights)[-1]))


def _repeated(world: World, source: Ints, placed: Ints) -> World:
    """Return the world whose orders repeat those of the folder, named anew."""
    width = len(str(len(source)))
    taken = _taken(world, source, placed)
    names = Later(len(source), lambda: _names(len(source), width))
    columns = {name: taken.orders[name] for name in taken.orders if name != "order"}
    return taken.replace(orders=Table({"order": names, **columns}))


def _names(many: int, width: int) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return np.array([f"d{i:0{width}d}" for i in range(1, many + 1)], object)


def _taken(world: World, rows: Ints, placed: Ints) -> World:
    """Return the world with those orders alone, as often as they are named, at other times."""
    first = np.searchsorted(world.lines["order"], np.arange(world.orders.rows + 1))
    start, lines = runs(first.astype(np.int64), rows)
    owner = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(start))
    orders = world.orders.take(rows).replace(
        placed_at=placed, promised_by=np.full(len(rows), ABSENT)
    )
    return world.replace(orders=orders, lines=world.lines.take(lines).replace(order=owner))
