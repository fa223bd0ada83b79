"""Rolling allocation of a database: what is open is decided, and what must go is released.

A run is a night (store/plan.py) that may move what is reserved (store/held.py), and then a release
for each order that cannot wait until the next run, each a transaction of its own under a key made
of the run's name: a run that was killed is finished by one more run of the same time. What is
released is an event of the order's life, and no run moves it again.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.told import Told
from omnisource.orchestrator.allocate import allocate, with_facts
from omnisource.orchestrator.batch import with_policy
from omnisource.orchestrator.folder.load import Loaded
from omnisource.orchestrator.life.doing import Doing, open_life
from omnisource.orchestrator.life.verbs import step
from omnisource.orchestrator.life.waiting import Waiting, read_waiting
from omnisource.orchestrator.measures import Measures, measures_of
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.rolling import MOVE_CENTS, together
from omnisource.orchestrator.source import remarks_of
from omnisource.orchestrator.store.batches import moved_orders, short_of_held
from omnisource.orchestrator.store.database import Database, loaded_database
from omnisource.orchestrator.store.plan import Written, last_prices
from omnisource.orchestrator.store.read import StoredWorld, read_world
from omnisource.orchestrator.stored import commit_plan
from omnisource.solvers.hold import waits_until
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import UNLIMITED, Ints, Limits


@dataclass(frozen=True, eq=False)
class Decided:
    """What a run has read and decided."""

    loaded: Loaded
    world: StoredWorld
    plan: Plan


@dataclass(frozen=True, eq=False)
class StoredRolling:
    """A run over a database."""

    database: str
    run: str  # empty where nothing was to be written
    now: datetime
    loaded: Loaded
    measures: Measures  # of the plan of what was open
    written: Written
    moved: int  # orders
    released: tuple[str, ...]  # orders
    held: int  # orders that wait at their nodes
    next_release_by: datetime | None

    @property
    def scenario(self) -> str:
        """The name of the scenario."""
        return self.loaded.world.scenario.name

    @property
    def complete(self) -> bool:
        """Whether no row was rejected, no unit is short and no order fell out."""
        short = self.measures.shortage_units or self.written.fallen
        return not (self.loaded.rejected or short)

    def document(self) -> dict[str, Any]:
        """Return the run for JSON."""
        return self.measures.document() | {
            "scenario": self.scenario,
            "database": self.database,
            "run": self.run,
            "now": self.now.isoformat(),
            "rejected_rows": self.loaded.rejected,
            "written": {"orders": self.written.orders, "shipments": self.written.shipments},
            "fallen": self.written.fallen,
            "moved_orders": self.moved,
            "released_orders": len(self.released),
            "held_orders": self.held,
            "next_release_by": self.next_release_by and self.next_release_by.isoformat(),
        }

    def remarks(self) -> tuple[str, ...]:
        """Say what is strange about the database."""
        return remarks_of(self.loaded)

    def next_step(self) -> str:
        """Say what was released, and what waits."""
        if not self.run:
            return "Nothing was written: this was a dry run."
        by = f", the first until {self.next_release_by.isoformat()}" if self.next_release_by else ""
        return (
            f"Written to {self.database} as run {self.run}: "
            f"{count(self.written.orders, 'order')} decided, {self.moved} moved, "
            f"{len(self.released)} released; {self.held} wait{by}."
        )


def run_rolling_stored(
    url: str, limits: Limits, *, now: datetime, every: timedelta = timedelta(minutes=15),
    policy: Path | None = None, dry_run: bool = False,
) -> StoredRolling:  # fmt: skip
    """Decide what is open in a database together, and release what cannot wait for the next run.

    Args:
        url: the database.
        limits: when to stop.
        now: the time.
        every: how long until the next run.
        policy: a file whose keys replace those of the scenario's policy.
        dry_run: decide, write nothing.

    Raises:
        UnusableInput: the database cannot be used.
    """
    database = loaded_database(url)
    try:
        seen = _decided(database, now, limits, policy)
        world, plan = seen.world, seen.plan
        run = run_of(now)
        written = Written(0, 0, 0)
        if not dry_run and world.orders.rows:
            written = commit_plan(world, with_facts(plan, run=run), run)
        waiting = read_waiting(database, world)
        release_by = releases(waiting)
        due = np.flatnonzero(release_by < world.now + int(every.total_seconds()) // 60)
        released = () if dry_run else _release(url, waiting, due, run=run, now=now)
        rest = np.delete(release_by, due)
        first = int(rest.min(initial=UNLIMITED))
        return StoredRolling(
            database=database.name,
            run="" if dry_run else run,
            now=now,
            loaded=seen.loaded,
            measures=measures_of(world, plan),
            written=written,
            moved=int(moved_orders(world, plan).sum()),
            released=released,
            held=len(rest),
            next_release_by=None if first >= UNLIMITED else _time(first, now.tzinfo),
        )
    finally:
        database.close()


def run_of(now: datetime) -> str:
    """Return the name of a run: two in one minute are two, one of the same second is the same.

    >>> run_of(datetime.fromisoformat("2025-01-06T13:00:07+01:00"))
    'rolling 2025-01-06T12:00:07+00:00'
    """
    return f"rolling {now.astimezone(UTC).isoformat(timespec='seconds')}"


def _decided(database: Database, now: datetime, limits: Limits, policy: Path | None) -> Decided:
    """Decide what is open and what may be moved; orders that would lose units stay as they are."""
    pinned: tuple[str, ...] = ()
    while True:
        loaded = read_world(database, now, pinned=pinned)
        world = loaded.world if policy is None else with_policy(loaded.world, policy)
        assert isinstance(world, StoredWorld)
        world = _moving(world)
        plan = allocate(world, limits=limits, prices=last_prices(database))
        if not (short := short_of_held(world, plan)):
            return Decided(loaded, world, plan)
        pinned += short


def _moving(world: StoredWorld) -> StoredWorld:
    """Return the world with what a move must save, where the policy does not say."""
    if world.policy.move_cents is not None:
        return world
    policy = world.policy.model_copy(update={"move_cents": MOVE_CENTS})
    scenario = world.scenario.model_copy(update={"policy": policy})
    return replace(world, scenario=scenario)


def _time(minute: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(60 * minute, zone)


def releases(waiting: Waiting) -> Ints:
    """Return, (K,), the minute by which each order that waits must be released."""
    if not waiting.names:
        return np.zeros(0, np.int64)
    own = waits_until(Parcels(waiting.world, waiting.shipped))
    return together(own, waiting.shipped.order, waiting.parcel)


def _release(url: str, waiting: Waiting, due: Ints, *, run: str, now: datetime) -> tuple[str, ...]:
    """Release orders; return those that were, as others may have been faster."""
    names = [waiting.names[row] for row in due]
    if not names:
        return ()
    with open_life(url) as life:
        said = {
            name: step(life, Doing(name, f"{run} {name}", now, actor="rolling"), "release")
            for name in names
        }
    return tuple(name for name, told in said.items() if isinstance(told, Told))
