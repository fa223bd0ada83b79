"""A world into and out of a database, and a plan back into it: the verbs for Python."""

import warnings
from datetime import datetime
from typing import Any, Final

import polars as pl

from omnisource.models.plan import Plan
from omnisource.models.tables import PLANNED, STARTED
from omnisource.models.world import World
from omnisource.orchestrator.measures import measures_of
from omnisource.orchestrator.store.batches import moved_orders
from omnisource.orchestrator.store.database import Database, loaded_database, open_database
from omnisource.orchestrator.store.plan import (
    Written,
    end_run,
    find_run,
    keep_plan,
    parts_to_write,
    start_run,
    written,
)
from omnisource.orchestrator.store.read import StoredWorld, read_world
from omnisource.orchestrator.store.scenario import write_scenario
from omnisource.orchestrator.store.write import Clock, write_partition
from omnisource.orchestrator.write import name_rows
from omnisource.solvers.problem import Limits, Round

PARTITION: Final = 2_000
"""Orders that are written in one transaction."""


def load_into(world: World, url: str, *, replace: bool = False) -> str:
    """Write a world into a database, all of it or nothing; return what the database is called.

    Args:
        world: its orders are open there, nothing of its stock is reserved.
        url: a file or `sqlite:///FILE`, made if it is not there, or `postgresql://…`.
        replace: drop the scenario that is there, and all its runs.

    Raises:
        UnusableInput: the database cannot be used, or holds a scenario already.
    """
    database = open_database(url)
    try:
        write_scenario(database, world, replace=replace)
    finally:
        database.close()
    return database.name


def connect(url: str, now: datetime | None = None) -> StoredWorld:
    """Return what is open in a database: orders, with the stock that is left.

    It is a world like any other; `commit_plan` writes a plan that was made for it.

    Args:
        url: see `load_into`.
        now: the clock, by which reservations are out of time; the scenario's if absent.

    Raises:
        UnusableInput: there is no such database, or no scenario in it.
    """
    loaded = read_world(loaded_database(url), now)
    if loaded.rejected:
        warnings.warn(f"{url}: rows were rejected\n{loaded.summary()}", stacklevel=2)
    assert isinstance(loaded.world, StoredWorld)
    return loaded.world


def commit_plan(
    world: StoredWorld, plan: Plan, run: str | None = None, *, size: int = PARTITION
) -> Written:
    """Write a plan into the database that its world was read from, exactly once.

    Args:
        world: what `connect` returned.
        plan: what `allocate` made of it.
        run: the run's name; by default what stands for the plan. A name that has been used
            before stands for what was written then, and nothing more is.
        size: orders that are written in one transaction.
    """
    run = run or str(plan.facts["run"])
    found = start_run(world.database, run, {"solver": plan.solver}, world.digest)
    if found.status == STARTED:
        keep_plan(world, plan, run, plan_document(world, plan, rejected=0), size=size)
    return finish_run(world.database, run, Limits())


def plan_document(world: StoredWorld, plan: Plan, *, rejected: int) -> dict[str, Any]:
    """Return what a database keeps of a plan besides its partitions.

    Args:
        world: what the plan was made for.
        plan: what was decided.
        rejected: rows of the database that could not be used.
    """
    prices = pl.DataFrame() if plan.prices is None else name_rows(world, plan.prices)
    return {
        "scenario": world.scenario.name,
        "day": str(world.scenario.now.date()),
        "now": world.now,
        "rejected": rejected,
        "moved": int(moved_orders(world, plan).sum()),
        "measures": measures_of(world, plan).document(),
        "prices": prices.to_dict(as_series=False),
    }


def finish_run(database: Database, run: str, limits: Limits) -> Written:
    """Write what is left to write of a run whose plan is kept, and end it.

    Args:
        database: where it is kept.
        run: its name.
        limits: whom to tell how far it is.
    """
    found = find_run(database, run)
    assert found is not None
    clock = Clock(found.document["day"], found.document["now"])
    for done, part in enumerate(parts_to_write(database, found), start=1):
        write_partition(database, run, part, clock)
        if limits.report is not None:
            limits.report(Round("write", done))
    if found.status == PLANNED:
        end_run(database, run)
    return written(database, run)
