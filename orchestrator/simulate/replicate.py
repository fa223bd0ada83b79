"""Policies side by side on the same orders and the same luck, as often as is needed.

Replications are independent; within one, all policies see one stream. What comes out goes by the
seed alone: tasks are told apart by policy and replication, their results are taken in this order,
and after each replication the same rule says whether it is enough. What other processes have done
beyond is thrown away.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Simulation
from omnisource.models.world import World
from omnisource.orchestrator.folder.rejects import nearest
from omnisource.orchestrator.simulate.asked import POLICIES, Asked, Done, Task
from omnisource.orchestrator.simulate.figures import COST
from omnisource.orchestrator.simulate.outcome import Simulated, enough
from omnisource.orchestrator.simulate.workers import Desk, Workers, opened, stream_for
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import Limits, Round

DEFAULT: Final = ("click", "nightly")


def simulate(
    world: World,
    *,
    days: int | None = None,
    policies: Sequence[str] = DEFAULT,
    replications: int = 10,
    seed: int | None = None,
    setup: Simulation | None = None,
    history: bool = False,
    since: int | None = None,
    until: float | None = None,
    clairvoyant: bool = False,
    lead_times: LeadTimes | None = None,
    workers: Workers | None = None,
    limits: Limits | None = None,
) -> Simulated:
    """Simulate days of demand under several policies.

    Args:
        world: network, stock, and the orders that demand is drawn from.
        days: how many, warm-up included; by default four weeks, or all of the history.
        policies: the first is what the others are compared with.
        replications: how many at the most; with `until`, fewer may do.
        seed: the same seed, the same figures to the byte; by default the scenario's.
        setup: what is supposed; by default as `Simulation` says.
        history: the world's own orders as they came, instead of drawn ones.
        since: a minute since 1970: the first day of the history.
        until: stop when the cost of each policy differs from the first's by an interval narrower
            than this share of the first's cost, either way.
        clairvoyant: whether each run is held against perfect foresight, which takes a night's plan.
        lead_times: learned: dates are promised, and parcels arrive, by them.
        workers: the processes or the cluster that it runs on; by default this process.
        limits: of each plan made on the way; a run that its clock cuts short does not repeat.

    Raises:
        UnusableInput: there is no such policy, no order to draw from, no day is left to count, or
            nobody came on those.
    """
    setup = setup or Simulation()
    asked = Asked(
        days=days or (None if history else 28), policies=tuple(policies),
        replications=replications, seed=world.scenario.seed if seed is None else seed,
        setup=setup, history=history, since=since, until=until, clairvoyant=clairvoyant,
    )  # fmt: skip
    _usable(asked, world)
    limits = limits or Limits(gap=0.005)
    runs: list[dict[str, Done]] = []
    desk = Desk(world, asked, limits, lead_times)
    with opened(workers or Workers(), desk) as results:
        for run in _by_replication(results(tasks(asked)), asked.policies):
            runs.append(run)
            if limits.report is not None:
                limits.report(Round(f"{len(runs)} of {replications} replications done", 0))
            if enough(asked, runs):
                break
    found = Simulated(world.scenario.name, asked, runs)
    if found.level(found.first, COST) is None:
        raise UnusableInput("nobody came on the days that count: give more days, or more orders")
    return found


def _usable(asked: Asked, world: World) -> None:
    """Refuse what cannot be simulated.

    Raises:
        UnusableInput: says what, and what to do.
    """
    for policy in asked.policies:
        if policy not in POLICIES:
            near = nearest(policy, POLICIES)
            hint = f": is it {near!r}?" if near else f"; there are {', '.join(POLICIES)}"
            raise UnusableInput(f"there is no policy {policy!r}{hint}")
    if len(set(asked.policies)) < len(asked.policies):
        raise UnusableInput("a policy is named twice: it would be compared with itself")
    if asked.since is not None and not asked.history:
        raise UnusableInput("a first day is that of the history: ask for --history too")
    warm = asked.setup.warm_up_days
    days = stream_for(world, asked, 0).days if asked.days is None else asked.days
    if days <= warm:
        raise UnusableInput(f"{days} days, and {warm} of them to warm up: simulate more")


def tasks(asked: Asked) -> Iterator[Task]:
    """Name what is to be simulated, replication by replication."""
    for replication in range(asked.replications):
        for policy in asked.policies:
            yield Task(policy, replication)


def _by_replication(results: Iterator[Done], policies: Sequence[str]) -> Iterator[dict[str, Done]]:
    while run := list(islice(results, len(policies))):
        yield dict(zip(policies, run, strict=True))
