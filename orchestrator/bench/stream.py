"""A stream of orders, and the rules that `bench rolling` lets decide it (rolling.py)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.policy import HoldRule
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.allocate import allocate, certified, prepare
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.hindsight import for_days
from omnisource.orchestrator.rolling import Rolled, Standing, ended, open_world, parcel_of, roll
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.compile.legend import shipped
from omnisource.solvers.judge.bill import sums
from omnisource.solvers.problem import UNLIMITED, Flags, Ints, Limits, Prices
from omnisource.solvers.routes.clocks import DAY
from omnisource.solvers.rules.cheapest import in_turn

SHORT: Final = 10**7
"""Cents a unit short, where an order in hand is not to be refused for what may come."""
FOREVER: Final = timedelta(days=400)
"""Until the next run, where none follows: all that waits is released."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which stream, and how it is gone through."""

    orders: int = 2_000
    nodes: int = 100
    days: int = 2
    every: int = 60  # minutes
    longest: int | None = None  # minutes that an order waits at the most
    move_cents: int = 100
    scarcity: float = 1.1
    gap: float = 0.001
    seconds: float = 60.0  # a run
    seed: int = 0
    threads: int = 0

    @property
    def limits(self) -> Limits:
        """The limits of a run."""
        return Limits(self.gap, self.seconds, self.seed, self.threads)


@dataclass(frozen=True, eq=False)
class Stream:
    """Orders that come in, and the moments at which runs look at them."""

    world: World
    asked: Asked
    runs: tuple[datetime, ...]
    days: int


@dataclass(frozen=True, eq=False)
class Tally:
    """What has become of the orders of a stream, in its rows."""

    cents: Ints  # (K,) of the parcels
    parcels: Ints  # (K,) shipments
    arrives: Ints  # (K,) the last, minutes
    waited: Ints  # (K,) minutes between placing and release
    moves: Ints  # (K,) runs that moved it
    left: Ints  # (L,) units that were never sent
    promised: Ints  # (K,) minutes, `ABSENT` for none

    @staticmethod
    def of(world: World) -> "Tally":
        """Return that nothing has become of any."""
        nothing = np.zeros(world.orders.rows, np.int64)
        left, promised = world.lines["units"].astype(np.int64), world.orders["promised_by"]
        return Tally(nothing, nothing, nothing, nothing, nothing, left, promised)

    def with_run(self, rolled: Rolled) -> "Tally":
        """Return it after a run."""
        table, order = rolled.plan.shipments, rolled.open.order
        gone = np.flatnonzero(rolled.released[table["order"]])
        rows, size = order[table["order"][gone]], len(self.cents)
        arrives, waited, moves = self.arrives.copy(), self.waited.copy(), self.moves.copy()
        np.maximum.at(arrives, rows, table["arrives"][gone])
        out = order[rolled.released]
        placed = rolled.open.world.orders["placed_at"][rolled.released]
        waited[out] = rolled.open.world.now - placed
        moves[order[rolled.moved]] += 1
        return replace(
            self, cents=self.cents + sums(rows, table["cost_cents"][gone], size),
            parcels=self.parcels + np.bincount(rows, minlength=size),
            arrives=arrives, waited=waited, moves=moves, left=rolled.standing.left,
        )  # fmt: skip


def world_of_stream(folder: Path | None, asked: Asked) -> World:
    """Return the world of a scenario folder, or a made-up one where none is given."""
    if folder is not None:
        return load_world(folder)
    with TemporaryDirectory(prefix="omnisource-bench-") as name:
        made = Path(name) / "world"
        generate(made, orders=asked.orders, nodes=asked.nodes, days=asked.days, seed=asked.seed,
                 scarcity=asked.scarcity)  # fmt: skip
        return load_world(made)


def stream_of(world: World, asked: Asked) -> Stream:
    """Return the stream of a world's orders: without receipts, its dates counted from placing.

    A made-up night promises dates so many days after its clock; here they are so many after the
    day that follows placing.
    """
    placed, promised = world.orders["placed_at"], world.orders["promised_by"]
    early = np.maximum(world.now // DAY - placed // DAY - 1, 0) * DAY
    rule = HoldRule(longest_minutes=asked.longest)
    policy = world.policy.model_copy(
        update={"move_cents": asked.move_cents, "hold": world.policy.hold or (rule,)}
    )
    none = np.zeros(0, np.int64)
    bare = world.replace(
        scenario=world.scenario.model_copy(update={"policy": policy}),
        receipts=world.receipts.take(none),
        orders=world.orders.replace(
            promised_by=np.where(promised == ABSENT, ABSENT, promised - early)
        ),
    )
    step, first, last = asked.every, int(placed.min()), int(placed.max())
    minutes = range(first // step * step + step, last // step * step + step + 1, step)
    zone = world.scenario.now.tzinfo
    runs = tuple(datetime.fromtimestamp(at * 60, UTC).astimezone(zone) for at in minutes)
    return Stream(bare, asked, runs, last // DAY - first // DAY + 1)


Outcome = tuple[Tally, int, int | None]


PricesAt = Callable[[datetime, Standing], Plan | None]


def _at_the_click(stream: Stream) -> Outcome:
    return _in_turn(stream, lambda *_: None)


def _at_last_prices(stream: Stream) -> Outcome:
    known: dict[int, Plan | None] = {}

    def prices(now: datetime, standing: Standing) -> Plan | None:
        day = int(now.timestamp()) // 60 // DAY
        if day not in known:
            known[day] = expected_night(stream, standing, day)
        return known[day]

    return _in_turn(stream, prices)


def expected_night(stream: Stream, standing: Standing, day: int) -> Plan | None:
    """Return the joint night of a day that is like the one before it; None on the first.

    Args:
        stream: the orders.
        standing: what is left.
        day: that begins, days since 1970-01-01.
    """
    world = stream.world
    past = world.orders["placed_at"] // DAY == day - 1
    if not past.any():
        return None
    promised = world.orders["promised_by"]
    again = Standing.of(world)
    again = replace(
        again, drawn=standing.drawn, left=np.where(past[world.lines["order"]], again.left, 0),
        promised=np.where(promised == ABSENT, ABSENT, promised + DAY),
    )  # fmt: skip
    now = datetime.fromtimestamp(day * DAY * 60, UTC)
    return allocate(open_world(world, again, now).world, limits=stream.asked.limits)


def _in_turn(stream: Stream, prices: PricesAt) -> Outcome:
    """Decide each order in turn at the first run after it was placed, at some prices."""
    world, limits = stream.world, stream.asked.limits
    standing, tally, runs = Standing.of(world), Tally.of(world), 0
    for now in stream.runs:
        open_ = open_world(world, standing, now)
        if not open_.world.orders.rows:
            continue
        night = prepare(open_.world, limits, "in turn", prices=prices(now, standing))
        problem, at = night.problem, Prices.zero(night.problem)
        if night.start is not None:
            dear = np.full_like(problem.shortage, SHORT)
            problem, at = problem._replace(shortage=dear), night.start
        answer = in_turn(problem, at)
        chosen = shipped(open_.world, night.problem, night.legend, answer.decisions)
        plan = certified(night, answer, chosen, solver="in turn", limits=limits, solve=0.0)
        rows = open_.world.orders.rows
        done = np.bincount(plan.shipments["order"], minlength=rows) > 0
        nobody: Flags = np.zeros(rows, bool)
        never = np.full(rows, UNLIMITED)
        run = Rolled(open_, plan, parcel_of(plan), never, done, nobody, standing)
        rolled = ended(world, run)
        standing, tally, runs = rolled.standing, tally.with_run(rolled), runs + 1
    return tally, runs, None


def _rolling(stream: Stream) -> Outcome:
    world, every = stream.world, timedelta(minutes=stream.asked.every)
    standing, tally, runs = Standing.of(world), Tally.of(world), 0
    prices: Plan | None = None
    due, seen = UNLIMITED, 0
    for now in stream.runs:
        last = now == stream.runs[-1]
        minute = int(now.timestamp()) // 60
        new = int((world.orders["placed_at"] <= minute).sum())
        if not last and new == seen and due >= minute + stream.asked.every:
            continue
        rolled = roll(world, standing, now, FOREVER if last else every,
                      limits=stream.asked.limits, prices=prices)  # fmt: skip
        waiting = rolled.release_by[~rolled.released]
        due, seen = int(waiting.min(initial=UNLIMITED)), new
        prices = rolled.plan if rolled.plan.prices is not None else prices
        standing, tally, runs = rolled.standing, tally.with_run(rolled), runs + 1
    return tally, runs, None


def _in_hindsight(stream: Stream) -> Outcome:
    """Decide all orders together, at the stream's first minute."""
    world = for_days(stream.world, stream.days)
    placed = np.full(world.orders.rows, int(world.orders["placed_at"].min()))
    at_once = world.replace(orders=world.orders.replace(placed_at=placed))
    standing = Standing.of(at_once)
    first = datetime.fromtimestamp(int(placed[0]) * 60, UTC)
    rolled = roll(at_once, standing, first, FOREVER, limits=stream.asked.limits)
    return Tally.of(at_once).with_run(rolled), 1, rolled.plan.bound_cents


BY_RULE: Final[dict[str, Callable[[Stream], Outcome]]] = {
    "at the click": _at_the_click,
    "at last prices": _at_last_prices,
    "rolling": _rolling,
    "in hindsight": _in_hindsight,
}
