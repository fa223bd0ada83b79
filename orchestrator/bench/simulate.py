"""Figures of this machine: orders a second that a simulation decides, beside the bare oracle.

Each policy has a process of its own. In it, first the checkout desk alone answers a part of the
stream's own baskets, at their own minutes: `Desk.answer`, what the oracle takes at the least. Then
the whole stream is simulated. The ratio of both rates is of one run on one machine.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from omnisource.models.simulation import Simulation
from omnisource.orchestrator.allocate import peak_mb
from omnisource.orchestrator.bench.common import (
    Case,
    Sheet,
    in_own_process,
    machine,
    machine_words,
    night_folder,
)
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.rolling import shelved
from omnisource.orchestrator.simulate.asked import POLICIES
from omnisource.orchestrator.simulate.books import opened
from omnisource.orchestrator.simulate.checkout import answer
from omnisource.orchestrator.simulate.demand import Stream, stream_of
from omnisource.orchestrator.simulate.engine import simulate_once
from omnisource.orchestrator.simulate.held import baskets
from omnisource.orchestrator.simulate.workers import FORECAST
from omnisource.solvers.problem import Ints, Limits
from omnisource.solvers.quote.desk import without_orders

GOAL: Final = 0.5
"""Of the bare oracle's rate, at the least."""
GOAL_GIB: Final = 4.0
"""Memory of a million orders, at the most."""
BLOCKS: Final = 10
"""Places of the stream at which the bare oracle is asked: runs of orders, as they come."""
BASE: Final = 20_000
"""Orders of the made-up night that baskets are drawn from, at the most."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is measured."""

    orders: int = 20_000
    days: int = 7
    policies: tuple[str, ...] = POLICIES
    carts: int = 2_000  # that the bare oracle answers
    seed: int = 0
    gap: float = 0.005
    seconds: float = 600.0  # a plan


@dataclass(frozen=True)
class SimulateFigures:
    """What was measured of one policy."""

    policy: str
    orders: int
    lines: int
    seconds: float
    rate: float  # orders a second
    bare_rate: float  # of the oracle alone
    ratio: float
    peak_mb: float | None

    def document(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return asdict(self)


def bench_simulate(
    folder: Path | None, asked: Asked, scratch: Path | None = None
) -> list[SimulateFigures]:
    """Measure each policy on one stream, drawn from a folder or from a made-up night."""
    base = folder or night_folder(Case(min(asked.orders, BASE), seed=asked.seed), scratch)
    return [in_own_process(measured, base, asked, policy) for policy in asked.policies]


def measured(folder: Path, asked: Asked, policy: str) -> SimulateFigures:
    """Measure one policy, in this process."""
    world = load_world(folder)
    setup = Simulation.model_validate(
        {"arrivals": {"orders_per_day": asked.orders / asked.days, "by_weekday": [1] * 7}}
    )
    limits = Limits(asked.gap, asked.seconds, threads=1)
    small = setup.model_validate({"arrivals": {"orders_per_day": 100}})
    warm = stream_of(world, small, days=1, seed=asked.seed, replication=1)
    simulate_once(warm, small, policy, limits, expected=warm.world)
    stream = stream_of(world, setup, days=asked.days, seed=asked.seed, replication=0)
    expected = stream_of(world, setup, days=asked.days, seed=asked.seed, replication=FORECAST)
    bare = bare_rate(stream, asked.carts)
    began = perf_counter()
    simulate_once(stream, setup, policy, limits, expected=expected.world)
    seconds = perf_counter() - began
    orders = stream.world.orders.rows
    return SimulateFigures(
        policy, orders, stream.world.lines.rows, round(seconds, 2), round(orders / seconds, 1),
        round(bare, 1), round(orders / seconds / bare, 3), peak_mb(),
    )  # fmt: skip


def bare_rate(stream: Stream, carts: int) -> float:
    """Return the questions a second that the desk alone answers, of the stream's own baskets."""
    asked_for = baskets(shelved(stream.world))
    books = opened(without_orders(asked_for.world), stream.first, stream.days + 1)
    rows = sampled(stream.world.orders.rows, carts)
    asks = [asked_for.cart(int(row)).ask for row in rows]
    for ask in asks[: len(asks) // 20 + 1]:  # what is made once
        answer(books, books.desk, ask)
    began = perf_counter()
    for ask in asks:
        answer(books, books.desk, ask)
    return len(asks) / (perf_counter() - began)


def sampled(orders: int, carts: int) -> Ints:
    """Return orders in a few runs of neighbours, which share minutes as in the stream.

    >>> sampled(100, 20).tolist()[:4]
    [0, 1, 10, 11]
    """
    size = -(-min(carts, orders) // BLOCKS)
    starts = np.arange(BLOCKS) * orders // BLOCKS
    rows = (starts[:, None] + np.arange(size)).ravel()
    return np.unique(rows[rows < orders])


def simulate_sheet(found: Sequence[SimulateFigures], asked: Asked) -> Sheet:
    """Return the figures as a table."""
    columns = ("policy", "orders a second", "the bare oracle's", "ratio", "time", "memory")
    rows = [
        (
            each.policy, f"{each.rate:,.0f}", f"{each.bare_rate:,.0f}", f"{each.ratio:.2f}",
            f"{each.seconds:,.0f} s", f"{(each.peak_mb or 0) / 1024:.2f} GiB",
        )
        for each in found
    ]  # fmt: skip
    size = f"{found[0].orders:,} orders, {found[0].lines:,} lines" if found else "nothing"
    note = (
        f"{size} in {asked.days} days; {machine_words(machine())}. The goals: a ratio of {GOAL} at "
        f"the least; {GOAL_GIB:.0f} GiB at a million orders. A process a policy, one thread."
    )
    return Sheet("simulate", "The simulation", columns, rows, (note,))
