"""The experiment: published policies and ours over the same streams of the same instances.

An instance is the piece of work that a process takes: whatever the number of processes, its plans
are met in the same order, and its costs are whole numbers, so the figures are the same to the byte.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Final

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.testbed.instance import Instance, instance, stream
from omnisource.solvers.fluid.classes import problem_of
from omnisource.solvers.fluid.items import Shares, item_wise
from omnisource.solvers.fluid.online import RESOLVED, at_prices, go_online
from omnisource.solvers.fluid.plans import PlanProgramme
from omnisource.solvers.fluid.rounding import POLICIES, go_through
from omnisource.solvers.problem import Floats, Ints

AT_ONCE: Final = ("greedy", "static")
"""Our policies whose prices stay."""
OURS: Final = (*AT_ONCE, *RESOLVED)
ALL: Final = (*POLICIES, *OURS)
ROUND: Final = 1
FUTURE: Final = 2
"""What random numbers are for, last in their seed."""


@dataclass(frozen=True)
class Asked:
    """How large the experiment is."""

    instances: int = 30
    streams: int = 30
    periods: int = 10_000
    seed: int = 0
    policies: tuple[str, ...] = ALL


@dataclass(frozen=True, eq=False)
class Tally:
    """What the streams of one instance came to, millionths of a dollar."""

    items: float  # the item-based programme over expected demand
    cost: Ints  # (policies, streams)
    foresight: Floats  # (streams,) a lower bound on any plan that knows the stream


def chosen(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the policies of those names in their usual order; all without any.

    Raises:
        UnusableInput: there is no such policy.
    """
    for name in names or ():
        if name not in ALL:
            raise UnusableInput(f"{name!r}: no policy of that name; there are {', '.join(ALL)}")
    return tuple(policy for policy in ALL if policy in (names or ALL))


def run_experiment(
    asked: Asked, *, processes: int | None = None, tell: Callable[[int], None] = lambda _: None
) -> list[Tally]:
    """Go through all instances, so many at a time.

    Args:
        asked: how many instances, streams and periods, by which policies.
        processes: by default as many as there are cores.
        tell: told how many instances are done.
    """
    found = []
    for tally in _all(asked, processes or os.cpu_count() or 1):
        found.append(tally)
        tell(len(found))
    return found


def _all(asked: Asked, processes: int) -> Iterator[Tally]:
    work, numbers = partial(run_instance, asked), range(asked.instances)
    if processes == 1:
        yield from map(work, numbers)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(work, numbers)


def run_instance(asked: Asked, number: int) -> Tally:
    """Draw an instance and go through its streams by every policy."""
    drawn = instance(asked.seed, number, asked.periods)
    shares = item_wise(drawn.classes, drawn.expected)
    programme = PlanProgramme(problem_of(drawn.classes))
    static = programme.solve(drawn.expected, programme.problem.stock).price
    told = {"greedy": np.zeros_like(static), "static": static}
    cost = np.zeros((len(asked.policies), asked.streams), np.int64)
    foresight = np.zeros(asked.streams)
    for s in range(asked.streams):
        seed = [asked.seed, number, s + 1]
        orders = stream(drawn, asked.seed, number=number, draw=s)
        foresight[s] = _foresight(programme.copied(), orders)
        for p, policy in enumerate(asked.policies):
            if policy in POLICIES:
                cost[p, s] = _rounded(drawn, shares, orders, policy, seed=[*seed, ROUND])
            elif policy in told:
                cost[p, s] = at_prices(programme, told[policy], orders)
            else:
                cost[p, s] = go_online(
                    programme.copied(), drawn.classes.rate, orders, RESOLVED[policy],
                    seed=[*seed, FUTURE],
                )  # fmt: skip
    return Tally(shares.value, cost, foresight)


def _foresight(programme: PlanProgramme, orders: Ints) -> float:
    """Return what serving a stream costs at the least, known from the beginning."""
    problem = programme.problem
    realised = np.bincount(orders, minlength=problem.size + 1)[:-1]
    return programme.solve(realised.astype(np.float64), problem.stock).bound


def _rounded(
    drawn: Instance, shares: Shares, orders: Ints, policy: str, *, seed: Sequence[int]
) -> int:
    """Return what a stream costs by one of the published policies; they share their draws."""
    slots, places = shares.u.shape[1:]
    uniform = np.random.default_rng(seed).random((len(orders), slots + places))
    left, number = drawn.classes.stock.copy(), POLICIES.index(policy)
    return int(go_through(number, drawn.classes, shares.u, orders, uniform, left))
