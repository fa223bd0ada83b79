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
from itertools import count
from multiprocessing import get_context
from typing import Any, Final

from omnisource.models.world import Table, World
from omnisource.orchestrator.distribute import connected
from omnisource.orchestrator.simulate.asked import Asked, Task
from omnisource.orchestrator.simulate.demand import Stream, history_of, stream_of
from omnisource.orchestrator.simulate.engine import simulate_once
from omnisource.solvers.problem import Ints, Limits

Columns = Mapping[str, Ints]
"""Measures by day, (D,) each."""
Submit = Callable[[Task], Callable[[], Columns]]
Results = Callable[[Iterable[Task]], Iterator[Columns]]
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

    def once(self, task: Task) -> Columns:
        """Simulate one policy in one replication."""
        stream, setup = stream_for(self.world, self.asked, task.replication), self.asked.setup
        return dict(simulate_once(stream, setup, task.policy, self.limits).by_day)


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
def opened(workers: Workers, world: World, asked: Asked, limits: Limits) -> Iterator[Results]:
    """Give what does tasks; processes that were started for it end with it.

    Raises:
        UnusableInput: Ray is not installed, or no cluster answers.
    """
    alone = Limits(limits.gap, limits.seconds, asked.seed, limits.threads or 1)
    many = min(workers.processes, asked.replications * len(asked.policies))
    if workers.engine == "ray":
        with _ray(workers, sent(world), asked, alone) as submit:
            yield lambda tasks: in_order(submit, tasks, ahead=2 * workers.processes)
    elif many <= 1:
        desk = Desk(world, asked, replace(alone, report=limits.report, stop=limits.stop))
        yield lambda tasks: map(desk.once, tasks)
    else:
        with _local(many, sent(world), asked, alone) as submit:
            yield lambda tasks: in_order(submit, tasks, ahead=many)


def in_order(submit: Submit, tasks: Iterable[Task], ahead: int) -> Iterator[Columns]:
    """Give results in the order of their tasks, so many of which are begun ahead.

    >>> begun = []
    >>> results = in_order(lambda t: begun.append(t) or (lambda: t), "abcd", ahead=1)
    >>> next(results), begun
    ('a', ['a', 'b'])
    """
    waiting: deque[Callable[[], Columns]] = deque()
    for task in tasks:
        waiting.append(submit(task))
        if len(waiting) > ahead:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


Sent = Mapping[str, Any]


def sent(world: World) -> Sent:
    """Return a world as plain columns: tables cannot be sent, their columns can."""
    return {
        name: dict(table) if isinstance(table, Table) else table
        for name, table in vars(world).items()
        if name != "now"
    }


def received(columns: Sent) -> World:
    """Return the world that was sent."""
    tables: Any = {n: Table(c) if isinstance(c, dict) else c for n, c in columns.items()}
    return World(**tables)


_desk: list[Desk] = []  # of a worker process: the one that it was started for


@contextmanager
def _local(processes: int, world: Sent, asked: Asked, limits: Limits) -> Iterator[Submit]:
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_begin, initargs=(world, asked, limits)
    )
    try:
        yield lambda task: pool.submit(_once, task).result
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(world: Sent, asked: Asked, limits: Limits) -> None:
    os.dup2(2, 1)  # what libraries print goes to stderr
    _desk.append(Desk(received(world), asked, limits))


def _once(task: Task) -> Columns:
    return _desk[0].once(task)


class Keeper:
    """A worker as an actor of a cluster."""

    def __init__(self, world: Sent, asked: Asked, limits: Limits) -> None:
        """Take the world."""
        self.desk = Desk(received(world), asked, limits)

    def once(self, task: Task) -> Columns:
        """Simulate one policy in one replication."""
        return self.desk.once(task)


@contextmanager
def _ray(workers: Workers, world: Sent, asked: Asked, limits: Limits) -> Iterator[Submit]:
    with connected(workers.address):
        import ray

        actor: Any = ray.remote(
            scheduling_strategy="SPREAD", max_restarts=TRIES, max_task_retries=TRIES
        )(Keeper)
        known = ray.put(world)
        actors = [actor.remote(known, asked, limits) for _ in range(workers.processes)]
        turn = count()

        def submit(task: Task) -> Callable[[], Columns]:
            answer = actors[next(turn) % len(actors)].once.remote(task)
            return lambda: dict(ray.get(answer))

        yield submit
