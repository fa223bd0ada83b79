"""Where replications run: this process, processes of this machine, or a Ray cluster.

Each worker is given the world once, and makes a stream itself from the seed. Results come in the
order of the tasks, wherever they were made, and only a few more are begun than are asked for.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from multiprocessing import get_context
from typing import Any, Final

from omnisource.models.world import Table, World
from omnisource.orchestrator.distribute import connected
from omnisource.orchestrator.simulate.asked import Asked, Done, Task
from omnisource.orchestrator.simulate.clairvoyant import clairvoyant
from omnisource.orchestrator.simulate.demand import Stream, history_of, stream_of
from omnisource.orchestrator.simulate.engine import simulate_once
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import Limits

Submit = Callable[[Task], Callable[[], Done]]
Results = Callable[[Iterable[Task]], Iterator[Done]]
FORECAST: Final = -1
"""The replication whose orders prices and reviews go by: as likely as any, and never simulated."""
PATIENCE: Final = 20.0
"""Times what a step of a plan has by its clock: so busy a machine still comes to the same."""
TRIES: Final = 3
"""Times that a replication is begun anew whose machine was lost."""


@dataclass(frozen=True)
class Workers:
    """How many, and where."""

    processes: int = 1
    engine: str = "local"  # or "ray"
    address: str | None = None  # of a cluster that runs; None starts one on this machine


def cores() -> int:
    """Return how many processes this machine does well with."""
    return os.cpu_count() or 1


@dataclass(frozen=True, eq=False)
class Desk:
    """All that a worker needs."""

    world: World
    asked: Asked
    limits: Limits
    lead_times: LeadTimes | None = None

    def once(self, task: Task) -> Done:
        """Simulate one policy in one replication."""
        stream = stream_for(self.world, self.asked, task.replication)
        tally = simulate_once(
            stream, self.asked.setup, task.policy, self.limits,
            expected=self.expected, lead_times=self.lead_times,
        )  # fmt: skip
        if not self.asked.clairvoyant:
            return Done(dict(tally.by_day), None, tally.cut)
        seen = clairvoyant(stream, tally, self.limits, dated=self.lead_times is None)
        if seen is None:
            return Done(dict(tally.by_day), None, tally.cut)
        gap = (seen.cost_cents, seen.plan_cents, seen.bound_cents)
        return Done(dict(tally.by_day), gap, tally.cut + seen.cut)

    @cached_property
    def expected(self) -> World | None:
        """The demand that is expected: one more draw of who buys; where history repeats, none."""
        asked = self.asked
        if asked.history:
            return None
        buys = asked.setup.choice.model_copy(update={"walks": False})
        setup = asked.setup.model_copy(update={"choice": buys})
        return stream_for(self.world, replace(asked, setup=setup), FORECAST).world


def stream_for(world: World, asked: Asked, replication: int) -> Stream:
    """Return the stream of a replication: drawn, or the world's own orders."""
    if asked.history:
        return history_of(
            world, days=asked.days, since=asked.since, seed=asked.seed, replication=replication
        )
    return stream_of(
        world, asked.setup, days=asked.days or 1, seed=asked.seed, replication=replication
    )


@contextmanager
def opened(workers: Workers, given: Desk) -> Iterator[Results]:
    """Give what does tasks; processes that were started for it end with it.

    Raises:
        UnusableInput: Ray is not installed, or no cluster answers.
    """
    asked, limits = given.asked, given.limits
    threads = limits.threads or 1
    alone = Limits(limits.gap, limits.seconds, asked.seed, threads, patience=PATIENCE)
    desk = replace(given, limits=alone)
    many = min(workers.processes, asked.replications * len(asked.policies))
    if workers.engine == "ray":
        with _ray(workers, sent(desk)) as submit:
            yield lambda tasks: in_order(submit, tasks, ahead=2 * workers.processes)
    elif many <= 1:
        told = replace(desk, limits=replace(alone, report=limits.report, stop=limits.stop))
        yield lambda tasks: map(told.once, tasks)
    else:
        with _local(many, sent(desk)) as submit:
            yield lambda tasks: in_order(submit, tasks, ahead=many)


def in_order(submit: Submit, tasks: Iterable[Task], ahead: int) -> Iterator[Done]:
    """Give results in the order of their tasks, so many of which are begun ahead.

    >>> begun = []
    >>> results = in_order(lambda t: begun.append(t) or (lambda: t), "abcd", ahead=1)
    >>> next(results), begun
    ('a', ['a', 'b'])
    """
    waiting: deque[Callable[[], Done]] = deque()
    for task in tasks:
        waiting.append(submit(task))
        if len(waiting) > ahead:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


Sent = Mapping[str, Any]


def sent(desk: Desk) -> Sent:
    """Return a desk as plain columns: tables cannot be sent, their columns can."""
    world = {
        name: dict(table) if isinstance(table, Table) else table
        for name, table in vars(desk.world).items()
        if name != "now"
    }
    return {"world": world, "asked": desk.asked, "limits": desk.limits,
            "lead_times": desk.lead_times}  # fmt: skip


def received(given: Sent) -> Desk:
    """Return the desk that was sent."""
    world = given["world"]
    tables: Any = {n: Table(c) if isinstance(c, dict) else c for n, c in world.items()}
    return Desk(**{**given, "world": World(**tables)})


_desk: list[Desk] = []  # of a worker process: the one that it was started for


@contextmanager
def _local(processes: int, given: Sent) -> Iterator[Submit]:
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_begin, initargs=(given,)
    )
    try:
        yield lambda task: pool.submit(_once, task).result
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(given: Sent) -> None:
    os.dup2(2, 1)  # what libraries print goes to stderr
    _desk.append(received(given))


def _once(task: Task) -> Done:
    return _desk[0].once(task)


class Keeper:
    """A worker as an actor of a cluster."""

    def __init__(self, given: Sent) -> None:
        """Take what is needed."""
        self.desk = received(given)

    def once(self, task: Task) -> Done:
        """Simulate one policy in one replication."""
        return self.desk.once(task)


@contextmanager
def _ray(workers: Workers, given: Sent) -> Iterator[Submit]:
    with connected(workers.address):
        import ray

        actor: Any = ray.remote(
            scheduling_strategy="SPREAD", max_restarts=TRIES, max_task_retries=TRIES
        )(Keeper)
        known = ray.put(given)
        actors = [actor.remote(known) for _ in range(workers.processes)]
        turn = count()

        def submit(task: Task) -> Callable[[], Done]:
            answer = actors[next(turn) % len(actors)].once.remote(task)
            return lambda: Done(*ray.get(answer))

        yield submit
