"""Many shards, one night: prices out, use back, until what is decided apart fits together.

The driver holds a price of each resource and what each shard uses, never an order.

    1  about      what each shard could use
    2  ascend     prices by sign, as in joint/prices.py; with V_s, u_s, Φ_s of shard.py and b what
                  there is of each resource,

                  bound(λ)  =  Σ_s V_s(λ)  +  Σ_s Φ_s(λ)  −  λ b  ≤  cost of the night        (1)

    3  deal       every unit of every resource is given to one shard (deal.py)
    4  serve      all shards at once, each its own orders within its room
    5  improve    what they leave is dealt out anew, and every order put back where it is
                  cheapest: first at prices, at which a unit that is worth more to another shard
                  is let go; then at none, and the cost never rises

Shards never wait for each other but at the end of a step.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from omnisource.solvers.joint.prices import Rule
from omnisource.solvers.joint.resources import grained
from omnisource.solvers.problem import Answer, Floats, Ints, Limits, Prices, Problem, Round
from omnisource.solvers.shards.cut import (
    by_scarcest,
    joined,
    line_skus,
    part,
    part_of_decisions,
    ranges,
)
from omnisource.solvers.shards.deal import rooms, total
from omnisource.solvers.shards.executor import Executor, Local
from omnisource.solvers.shards.shard import About, Priced, Served, Shard, Sparse, capacity, limited

SHARDS: Final = 4
"""Shards where nobody says how many; not the number of cores, so that it does not change plans."""
FEWEST: Final = 500
"""Orders that a shard has at least where nobody says how many: fewer leave nothing to choose."""
PASSES: Final = 60
TURNS: Final = 9
"""Times at most that what is left is dealt out."""
CHARGED: Final = {1: 1.0, 2: 1.0, 3: 0.5}
"""Part of the prices that is charged in a turn of step 5; nothing in the others."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """What came of it; the decisions are with the shards (`Executor.call("decided")`)."""

    price: Floats  # of each resource, cents
    bound: float
    cost: int
    status: str
    passes: int
    seconds: dict[str, float]
    notes: dict[str, Any]

    def prices(self, problem: Problem) -> Prices:
        """Return the prices by kind."""
        cells = len(problem.stock)
        cell, order, unit = np.split(self.price, [cells, cells + problem.nodes])
        return Prices(cell, order, unit, np.zeros(problem.size))


def sharded(problem: Problem, limits: Limits) -> Answer:
    """Allocate a compiled night in shards of this process."""
    stock = np.zeros(int(problem.cell_sku.max(initial=-1)) + 1, np.int64)
    np.add.at(stock, problem.cell_sku, problem.stock)
    turn = by_scarcest(problem.order_line, line_skus(problem), problem.units, stock)
    parts = [np.sort(turn[slice(*at)]) for at in ranges(problem.size, shards_for(problem.size))]
    shards = [Shard(part(problem, own), part_of_decisions(problem, own)) for own in parts]
    local = Local(shards, limits.threads)
    found = agreed(local, capacity(problem), limits)
    return Answer(
        decisions=joined(local.call("decided")),
        status=found.status,
        bound=found.bound,
        prices=found.prices(problem),
        passes=found.passes,
        seconds=found.seconds,
        notes=found.notes,
    )


def shards_for(orders: int) -> int:
    """Return how many shards so many orders are cut into where nobody says.

    >>> shards_for(40), shards_for(1_200), shards_for(1_000_000)
    (1, 2, 4)
    """
    return min(max(orders // FEWEST, 1), SHARDS)


def agreed(shards: Executor, capacities: Ints, limits: Limits) -> Agreement:
    """Let shards agree on plans that fit together.

    Args:
        shards: where they are.
        capacities: what there is of each resource (`shards.capacity`).
        limits: when to stop.
    """
    night = Night(shards, capacities, limits, time.monotonic())
    night.about = shards.call("about")
    _ascend(night)
    _weigh(night)
    _serve(night)
    _improve(night)
    return Agreement(
        price=night.best, bound=night.bound, cost=night.cost(), status=night.status(),
        passes=night.passes, seconds=night.seconds, notes=night.notes(),
    )  # fmt: skip


@dataclass
class Night:
    """What the driver knows."""

    shards: Executor
    capacities: Ints
    limits: Limits
    began: float
    about: list[About] = field(default_factory=list)
    best: Floats = field(default_factory=lambda: np.zeros(0))  # the best prices
    bound: float = -np.inf
    wanted: list[Sparse] = field(default_factory=list)  # what shards use at these, orders alone
    now: list[Served] = field(default_factory=list)
    passes: int = 0
    turns: int = 0
    out: int = 0  # bytes of prices in a pass, all shards
    back: int = 0  # bytes of use in a pass, all shards
    dealt: int = 0  # bytes of rooms in a turn, all shards
    seconds: dict[str, float] = field(default_factory=dict)

    def going(self) -> bool:
        """Say whether there is time left and nobody asks to end."""
        within = time.monotonic() - self.began < self.limits.seconds
        return within and not self.limits.stopped()

    def cost(self) -> int:
        """Return the cost of all shards' plans, cents."""
        return sum(each.cost for each in self.now)

    def met(self) -> bool:
        """Say whether plan and bound are as near as was asked."""
        return self.cost() - self.bound <= self.limits.gap * abs(self.cost())

    def status(self) -> str:
        """Say why it ended."""
        if self.met():
            return "optimal"
        if self.limits.stopped():
            return "interrupted"
        return "feasible" if self.going() else "time"

    def seconds_each(self) -> float:
        """Return what a large order may take: of a fifth of the time, three times over."""
        most = max((each.large for each in self.about), default=0)
        return float(np.clip(0.2 * self.left_seconds() / max(most, 1), 1.0, 20.0))

    def left_seconds(self) -> float:
        """Return the time left, at least a little; next to none where somebody asks to end."""
        left = self.limits.seconds - (time.monotonic() - self.began)
        return 0.0 if self.limits.stopped() else max(left, 0.5)

    def tell(self, step: str) -> None:
        """Report how far it is."""
        if self.limits.report is not None:
            cost = float(self.cost()) if self.now else None
            self.limits.report(Round(step, self.passes + self.turns, cost, self.bound))

    def clock(self, step: str, since: float) -> None:
        """Add the time since `since` to a step's."""
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - since

    def notes(self) -> dict[str, Any]:
        """Say what went to and fro."""
        return {
            "shards": len(self.about), "turns": self.turns,
            "bytes_out_a_pass": self.out, "bytes_back_a_pass": self.back,
            "bytes_out_a_turn": self.dealt, "shard_bytes": sum(each.bytes for each in self.about),
        }  # fmt: skip


class Steps:
    """A price of each resource, and how it moves: by the rule of joint/prices.py."""

    def __init__(self, capacities: Ints, dearest: float) -> None:
        """Begin at nothing; `dearest` is the highest penalty for a unit, cents."""
        self.capacities, self.dearest = capacities, dearest
        self.price, self.finite = np.zeros(len(capacities)), limited(capacities)
        self.rule: Rule | None = None  # how far to step is known from the first answers

    def prices(self) -> Floats:
        """Return the prices, in multiples of 1/1024 cent; what cannot run out has none."""
        return np.where(self.finite, grained(self.price), 0.0)

    def move(self, answers: Sequence[Priced]) -> None:
        """Move every price one step."""
        rows = len(self.price)
        if self.rule is None:
            scale = _typical(answers)
            self.rule = Rule(rows, 0.1 * scale, 0.0005 * scale, max(scale, self.dearest))
        over = total([each.used for each in answers], rows) - self.capacities
        self.price = self.rule.move(self.price, over, np.zeros(rows), np.full(rows, np.inf))


def _ascend(night: Night) -> None:
    """Step 2, (1) without large orders."""
    began, many = time.monotonic(), len(night.about)
    rented = np.where(limited(night.capacities), night.capacities, 0)
    steps = Steps(night.capacities, float(max(each.dearest for each in night.about)))
    bounds: list[float] = []
    while night.passes < PASSES and (not bounds or night.going()):
        given = steps.prices()
        sent = Sparse.of(given)
        answers: list[Priced] = night.shards.call("priced", [(sent,)] * many)
        night.passes += 1
        night.out, night.back = many * sent.bytes, sum(each.used.bytes for each in answers)
        bound = sum(each.value for each in answers) - float(given @ rented)
        if bound > night.bound:
            night.best, night.bound = given, bound
            night.wanted = [each.used for each in answers]
        night.tell("prices")
        bounds.append(night.bound)
        if _stalled(bounds, night.limits.gap):
            break
        steps.move(answers)
    night.clock("price", began)


def _typical(answers: Sequence[Priced]) -> float:
    """Return the size of a typical price: a third of what a shipment costs on average."""
    shipments = max(sum(each.shipments for each in answers), 1)
    return max(sum(abs(each.value) for each in answers) / shipments / 3, 1.0)


def _stalled(bounds: Sequence[float], gap: float) -> bool:
    """Say whether ten passes brought less than a fiftieth of the gap asked for."""
    return len(bounds) > 20 and bounds[-1] - bounds[-11] < 0.02 * gap * abs(bounds[-1])


def _weigh(night: Night) -> None:
    """Step 2, (1): the large orders' bounds at the best prices, and what they would take."""
    if not any(each.large for each in night.about):
        return
    began = time.monotonic()
    given = (Sparse.of(night.best), night.seconds_each())
    answers: list[Priced] = night.shards.call("weighed", [given] * len(night.about))
    night.bound += sum(each.value for each in answers)
    night.wanted = [
        Sparse.of(total([wanted, each.used], len(night.capacities)))
        for wanted, each in zip(night.wanted, answers, strict=True)
    ]
    night.clock("price", began)


def _serve(night: Night) -> None:
    """Steps 3 and 4."""
    began = time.monotonic()
    gap, seconds = 0.5 * night.limits.gap, 0.7 * night.left_seconds()
    nothing = Sparse.of(np.zeros(0, np.int64))
    given = _rooms(night, [nothing] * len(night.about))
    night.now = night.shards.call("served", [(room, gap, seconds) for room in given])
    night.turns = 1
    night.tell("finish")
    night.clock("finish", began)


def _improve(night: Night) -> None:
    """Step 5, until it is near enough or two turns in a row bring nothing."""
    began, idle = time.monotonic(), 0
    while night.turns < TURNS and idle < 2 and not night.met() and night.going():
        before, charged = night.cost(), CHARGED.get(night.turns, 0.0)
        prices = Sparse.of(grained(charged * night.best))
        given = _rooms(night, [each.used for each in night.now])
        night.now = night.shards.call("improved", [(prices, room) for room in given])
        night.turns += 1
        idle = 0 if charged or night.cost() < before else idle + 1
        night.tell("finish")
    night.clock("finish", began)


def _rooms(night: Night, own: Sequence[Sparse]) -> list[Sparse]:
    """Step 3; `own` is what each shard uses."""
    could = [each.touched for each in night.about]
    given = list(rooms(night.capacities, own, night.wanted, could, turn=night.turns))
    night.dealt = sum(room.bytes for room in given)
    return given
