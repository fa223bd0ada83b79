"""The nightly batch out of a database and into it: read, decide, keep, write, end.

The steps and what they promise stand in store/plan.py. A run that was killed is finished by the
same command with the same `--run`: before its plan was kept it is decided again, afterwards it
is written to the end.
"""

from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.tables import STARTED
from omnisource.orchestrator.allocate import allocate, timed, with_facts
from omnisource.orchestrator.batch import seeded, with_policy
from omnisource.orchestrator.folder.head import read_toml
from omnisource.orchestrator.folder.load import Loaded
from omnisource.orchestrator.measures import Measures, measures_of, to_json
from omnisource.orchestrator.runs import RUN, read_prices, usable_folder
from omnisource.orchestrator.source import remarks_of
from omnisource.orchestrator.store.batches import moved_orders, short_of_held
from omnisource.orchestrator.store.database import Database, loaded_database
from omnisource.orchestrator.store.plan import (
    StoredRun,
    Written,
    find_run,
    keep_plan,
    start_run,
    unfinished_runs,
)
from omnisource.orchestrator.store.read import StoredWorld, read_world
from omnisource.orchestrator.store.show import read_fallen, read_plan
from omnisource.orchestrator.stored import PARTITION, finish_run, plan_document
from omnisource.orchestrator.stored_told import StoredNight
from omnisource.orchestrator.write import replacing, write_frame
from omnisource.solvers.problem import Limits, Round
from omnisource.solvers.registry import solver as solver_of

WEIGHING: Final = ("joint", "exact")
"""Solvers that weigh what a move saves; a night by any other moves nothing."""


@dataclass(frozen=True)
class Asked:
    """How a night is asked for: a run has one way only."""

    limits: Limits
    solver: str = "joint"
    policy: Path | None = None
    seed: int | None = None
    prices: Path | None = None  # run folder

    def options(self) -> dict[str, Any]:
        """Return what decides the plan, for JSON."""
        return {
            "solver": self.solver,
            "gap": self.limits.gap,
            "time": self.limits.seconds,
            "threads": self.limits.threads,
            "seed": self.seed,
            "policy": None if self.policy is None else read_toml(self.policy),
            "prices": None if self.prices is None else str(self.prices.resolve()),
        }


def run_stored_night(
    url: str,
    asked: Asked,
    *,
    run: str | None = None,
    out: Path | None = None,
    format: str = "csv",
    size: int = PARTITION,
    dry_run: bool = False,
) -> StoredNight:
    """Allocate what is open in a database and write the plan there; finish a run that was killed.

    Args:
        url: the database.
        asked: how it is to be decided.
        run: the run's name; by default one that stands for what was read and asked.
        out: a folder for what was written, as tables; None: nowhere.
        format: of these tables.
        size: orders that are written in one transaction.
        dry_run: decide, write nothing.

    Raises:
        UnusableInput: the database or an option cannot be used, or the run was asked for in
            another way before.
    """
    solver_of(asked.solver)
    asked.options()
    if asked.prices is not None:
        read_prices(asked.prices)
    if out is not None and not dry_run:
        usable_folder(out)
    database = loaded_database(url)
    try:
        if dry_run:
            return _tried(database, asked)
        return _night(database, asked, run=run, out=out, format=format, size=size)
    finally:
        database.close()


def _night(
    database: Database, asked: Asked, *, run: str | None, out: Path | None, format: str, size: int
) -> StoredNight:
    if run is None:
        _refuse_unfinished(database)
    found = None if run is None else find_run(database, run)
    remarks: tuple[str, ...] = ()
    began = perf_counter()
    if found is not None:
        _refuse_other_options(found, asked)
    if found is None or found.status == STARTED:
        found, remarks, began = _decided(database, asked, run, size)
    done = finish_run(database, found.run, asked.limits)
    measures = Measures(**found.document["measures"])
    night = StoredNight(
        database=database.name,
        scenario=found.document["scenario"],
        run=found.run,
        measures=_with_write(measures, perf_counter() - began),
        rejected=found.document["rejected"],
        written=done,
        fallen=read_fallen(database, found.run),
        found=remarks,
        moved=found.document.get("moved", 0),
        out=out,
    )
    if out is not None:
        _save(night, read_plan(database, found.run) | _prices(found), out, format)
    return night


def _refuse_unfinished(database: Database) -> None:
    """Refuse a night without a name while another is half written."""
    for run in unfinished_runs(database)[:1]:
        raise UnusableInput(
            f"{database.name}: run {run} is not written to the end: `--run {run}` finishes it; "
            "give another --run to start a new one beside it"
        )


def _refuse_other_options(found: StoredRun, asked: Asked) -> None:
    wanted = asked.options()
    for name, value in found.options.items():
        if wanted.get(name) != value:
            raise UnusableInput(
                f"run {found.run} was asked for with {name} {value}, not {wanted.get(name)}: "
                "ask for it in the same way, or give another --run"
            )


def _read(
    database: Database, asked: Asked, pinned: tuple[str, ...] | None = None
) -> tuple[Loaded, StoredWorld, float]:
    """Read what is open, and what may be moved, under the policy asked for; and the seconds.

    Args:
        database: holds a scenario.
        asked: how the night is to be decided.
        pinned: orders that are not to be moved; None: the policy says whether any may be.
    """
    if asked.limits.report is not None:
        asked.limits.report(Round("load", 0))
    began = perf_counter()
    loaded = read_world(database, pinned=pinned)
    world = loaded.world if asked.policy is None else with_policy(loaded.world, asked.policy)
    assert isinstance(world, StoredWorld)
    if pinned is None and world.policy.move_cents is not None and asked.solver in WEIGHING:
        return _read(database, asked, ())
    return loaded, world, perf_counter() - began


def _planned(
    database: Database, asked: Asked, seen: tuple[Loaded, StoredWorld, float]
) -> tuple[Loaded, StoredWorld, Plan]:
    """Decide what was read; orders that would lose units are left where they are, and read anew."""
    loaded, world, seconds = seen
    prices = None if asked.prices is None else read_prices(asked.prices)
    pinned: tuple[str, ...] = ()
    while True:
        limits = seeded(asked.limits, world, asked.seed)
        plan = allocate(world, solver=asked.solver, limits=limits, prices=prices)
        if not (short := short_of_held(world, plan)):
            return loaded, world, timed(plan, load=seconds)
        pinned += short
        loaded, world, more = _read(database, asked, pinned)
        seconds += more


def _decided(
    database: Database, asked: Asked, run: str | None, size: int
) -> tuple[StoredRun, tuple[str, ...], float]:
    """Start a run unless it is started, decide it, and keep its plan unless one is kept.

    Returns:
        The run, what is strange, and when it was decided.
    """
    loaded, world, seconds = _read(database, asked)
    run = run or _run_name(world, asked)
    found = start_run(database, run, asked.options(), world.digest)
    _refuse_other_options(found, asked)
    remarks, decided = remarks_of(loaded), perf_counter()
    if found.status == STARTED:
        if found.digest != world.digest:
            remarks += (f"warning: orders or stock have changed since run {run} was started",)
        loaded, world, plan = _planned(database, asked, (loaded, world, seconds))
        plan = with_facts(plan, run=run)
        decided = perf_counter()
        document = plan_document(world, plan, rejected=loaded.rejected)
        keep_plan(world, plan, run, document, size=size)
    kept = find_run(database, run)
    assert kept is not None
    return kept, remarks, decided


def _run_name(world: StoredWorld, asked: Asked) -> str:
    """Return 12 characters that stand for what was read and how the night is asked for."""
    text = f"{world.digest} {to_json(asked.options())}"
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _tried(database: Database, asked: Asked) -> StoredNight:
    """Decide what is open, and write nothing."""
    loaded, world, seconds = _read(database, asked)
    loaded, world, plan = _planned(database, asked, (loaded, world, seconds))
    return StoredNight(
        database=database.name,
        scenario=world.scenario.name,
        run="",
        measures=measures_of(world, plan),
        rejected=loaded.rejected,
        written=Written(0, 0, 0),
        fallen=(),
        found=remarks_of(loaded),
        moved=int(moved_orders(world, plan).sum()),
        out=None,
    )


def _with_write(measures: Measures, seconds: float) -> Measures:
    taken = measures.seconds | {"write": round(seconds, 4)}
    return replace(
        measures, seconds=taken | {"total": round(measures.seconds["total"] + seconds, 4)}
    )


def _prices(found: StoredRun) -> dict[str, pl.DataFrame]:
    """Return the table of prices of a run that has any."""
    prices = pl.DataFrame(found.document["prices"])
    return {"prices": prices} if prices.width else {}


def _save(night: StoredNight, tables: dict[str, pl.DataFrame], out: Path, format: str) -> None:
    """Write what a run has written into the database as tables, its prices, and run.json."""
    for name, frame in tables.items():
        with replacing(out / f"{name}.{format}") as temporary:
            write_frame(frame, temporary, format)
    with replacing(out / RUN) as temporary:
        temporary.write_text(to_json(night.document()) + "\n", encoding="utf-8")
