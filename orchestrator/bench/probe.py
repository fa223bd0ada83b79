"""What a bench measures of a night: seconds, passes, gap, memory. Runs in a process of its own.

A *pass* is one run of the oracle over all orders at no prices: what any price method must do at
least once, and so the unit in which a solver's time can be compared between machines.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import numpy as np

from omnisource.models.world import World
from omnisource.orchestrator.allocate import Night, decide, peak_mb, prepare
from omnisource.orchestrator.compare import side_by_side
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.runs import save_run
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import Limits, Prices, Round

SAMPLE: Final = 50_000
"""Orders at the most that a pass is measured on: the full problem of 100,000 takes 4 GB."""
TIMES: Final = 3
"""How often a pass is measured at least; the median counts."""
SHORTEST: Final = 1.0
"""Seconds for which passes are measured at least: small ones vary."""


@dataclass(frozen=True)
class FullPass:
    """One pass over a whole night."""

    seconds: float
    orders: int  # that it was measured on
    nodes_overdrawn: int  # nodes asked for more than they can do, at no prices


def full_pass(world: World, threads: int = 0, sample: int = SAMPLE) -> FullPass:
    """Measure a pass over the problem before anything is pruned from it.

    Where there are more orders than `sample`, the first of them stand for all, and seconds and
    use are scaled by the number of orders: orders are made independently of each other, and a
    smaller problem sits better in the caches, so that a pass comes out too short, if anything.
    """
    few = first_orders(world, sample)
    problem, _ = compile_world(few, threads)
    room, nothing = Left.of(problem), Prices.zero(problem)
    scale = world.orders.rows / max(few.orders.rows, 1)
    one = price_all(problem, nothing, room, threads)  # compiles, and touches all memory
    taken: list[float] = []
    while len(taken) < TIMES or sum(taken) < SHORTEST:
        began = perf_counter()
        one = price_all(problem, nothing, room, threads)
        taken.append(perf_counter() - began)
    cells, nodes = len(room.stock), len(room.node_orders)
    orders, units = one.used[cells : cells + nodes], one.used[cells + nodes : cells + 2 * nodes]
    over = (orders * scale > room.node_orders) | (units * scale > room.node_units)
    return FullPass(median(taken) * scale, few.orders.rows, int(np.count_nonzero(over)))


def first_orders(world: World, orders: int) -> World:
    """Return the world with its first orders only."""
    return _with_orders(world, np.arange(world.orders.rows) < orders)


def menu_orders(world: World) -> World:
    """Return the world without large orders, which no whole-night programme takes."""
    problem, _ = compile_world(world)
    return _with_orders(world, ~problem.large)


def _with_orders(world: World, kept: Any) -> World:
    if kept.all():
        return world
    lines = world.lines.take(kept[world.lines["order"]])
    place = np.cumsum(kept) - 1
    lines = lines.replace(order=place[lines["order"]].astype(lines["order"].dtype))
    return world.replace(orders=world.orders.take(kept), lines=lines)


@dataclass
class Trace:
    """The best cost and the best bound that a solver has had, and when; told of its rounds."""

    began: float = 0.0
    points: list[tuple[float, float, float]] = field(default_factory=list)  # seconds, cents, cents

    def __call__(self, at: Round) -> None:
        """Take note of a round."""
        if at.step == "solve":
            self.began, self.points = perf_counter(), []
        elif at.cost is not None or at.bound is not None:
            self.add(perf_counter() - self.began, at.cost, at.bound)

    def add(self, seconds: float, cost: float | None, bound: float | None) -> None:
        """Take note of a cost and a bound."""
        _, least, most = self.points[-1] if self.points else (0.0, np.inf, -np.inf)
        least = least if cost is None else min(least, cost)
        most = most if bound is None else max(most, bound)
        self.points.append((seconds, least, most))

    def gap_at(self, seconds: float) -> float | None:
        """Return the gap after so long; None where there was no plan or no bound.

        >>> trace = Trace()
        >>> trace.add(1.0, None, 90.0), trace.add(2.0, 100.0, None), trace.add(3.0, 100.0, 95.0)
        (None, None, None)
        >>> trace.gap_at(1.5), trace.gap_at(2.5), trace.gap_at(9.0), trace.seconds_to(0.05)
        (None, 0.1, 0.05, 3.0)
        """
        known = [point for point in self.points if point[0] <= seconds]
        return self._gap(known[-1]) if known else None

    def seconds_to(self, gap: float) -> float | None:
        """Return when the gap was first as small as that; None if never."""
        for point in self.points:
            found = self._gap(point)
            if found is not None and found <= gap:
                return point[0]
        return None

    @staticmethod
    def _gap(point: tuple[float, float, float]) -> float | None:
        _, cost, bound = point
        if not np.isfinite(cost) or not np.isfinite(bound):
            return None
        return max(0.0, (cost - bound) / max(abs(cost), 1.0))


def warm_up(folder: Path, threads: int, solvers: Sequence[str] = ("joint",)) -> None:
    """Allocate a small night, so that what is compiled on first use is not measured."""
    limits = Limits(threads=threads, gap=0.02)
    night = prepare(load(folder).world, limits)
    for name in solvers:
        decide(night, name, limits)


def whole_run(warm: Path, folder: Path, limits: Limits) -> dict[str, Any]:
    """Load, allocate and write a night; measure it, then a pass over it.

    Returns:
        Figures of the plan; seconds of each step, and from the first to the last (wall clock);
        peak memory until the plan was written; the pass; and the solver's time in passes.
    """
    warm_up(warm, limits.threads)
    trace = Trace()
    began = perf_counter()
    world = load(folder).world
    loaded = perf_counter()
    limits = Limits(limits.gap, limits.seconds, limits.seed, limits.threads, report=trace)
    plan = decide(prepare(world, limits, "joint"), "joint", limits)
    with tempfile.TemporaryDirectory() as out:
        plan = save_run(world, plan, out, source=folder, format="parquet")
    ended = perf_counter()
    peak, one = peak_mb(), full_pass(world, limits.threads)
    seconds = dict(plan.facts["seconds"]) | {"load": loaded - began, "total": ended - began}
    trace.add(seconds["solve"], plan.cost_cents, plan.bound_cents)
    return {
        "orders": world.orders.rows,
        "lines": world.lines.rows,
        "gap_asked": limits.gap,
        "gap": plan.gap,
        "cost_cents": plan.cost_cents,
        "bound_cents": plan.bound_cents,
        "status": plan.status,
        "seconds": {step: round(taken, 3) for step, taken in seconds.items()},
        "pass_seconds": round(one.seconds, 4),
        "pass_orders": one.orders,
        "nodes_overdrawn": one.nodes_overdrawn,
        "passes": round(seconds["solve"] / one.seconds, 1),
        "peak_mb": peak,
        "seconds_to_gap": trace.seconds_to(limits.gap),
    }


def anytime(warm: Path, folder: Path, limits: Limits, *, passes: Sequence[int]) -> dict[str, Any]:
    """Measure a pass, then let the solver go on for the most of `passes`; return gaps on the way.

    The solver is asked for no gap at all, so that it does not end before its time.
    """
    warm_up(warm, limits.threads)
    world = load(folder).world
    one, trace = full_pass(world, limits.threads), Trace()
    most = max(passes) * one.seconds
    limits = Limits(0.0, most, limits.seed, limits.threads, report=trace)
    plan = decide(prepare(world, limits, "joint"), "joint", limits)
    solve = plan.facts["seconds"]["solve"]
    trace.add(solve, plan.cost_cents, plan.bound_cents)
    return {
        "orders": world.orders.rows,
        "pass_seconds": round(one.seconds, 4),
        "gaps": {str(number): trace.gap_at(number * one.seconds) for number in passes},
        "gap_at_the_end": plan.gap,
        "passes_at_the_end": round(solve / one.seconds, 1),
    }


def judged(warm: Path, folder: Path, solver: str, limits: Limits) -> dict[str, Any]:
    """Decide a night without its large orders by one solver; return its figures and memory."""
    warm_up(warm, limits.threads)
    whole = load(folder).world
    world = menu_orders(whole)
    trace = Trace()
    limits = Limits(limits.gap, limits.seconds, limits.seed, limits.threads, report=trace)
    night: Night = prepare(world, limits)
    plan = decide(night, solver, limits)
    return {
        "solver": solver,
        "orders": world.orders.rows,
        "left_out": whole.orders.rows - world.orders.rows,
        "cost_cents": plan.cost_cents,
        "bound_cents": plan.bound_cents,
        "gap": plan.gap,
        "status": plan.status,
        "seconds": round(plan.facts["seconds"]["solve"], 3),
        "peak_mb": peak_mb(),
        "notes": dict(plan.facts["notes"]),
    }


def by_rules(
    warm: Path, folder: Path, solvers: Sequence[str], limits: Limits
) -> list[dict[str, Any]]:
    """Decide a night by each of those solvers; return their measures, with the best bound."""
    warm_up(warm, limits.threads, solvers)
    world = load(folder).world
    night = prepare(world, limits)
    plans = [decide(night, name, limits) for name in solvers]
    return [found.document() for found in side_by_side(world, plans)]
