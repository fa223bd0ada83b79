"""The nightly batch from folder to folder: load, apply a policy, allocate, keep the run."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from omnisource.models.base import UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.policy import Policy
from omnisource.models.world import World
from omnisource.orchestrator.allocate import allocate, timed
from omnisource.orchestrator.compare import COMPARED, plans_of, side_by_side
from omnisource.orchestrator.distribute import Engine, allocate_in_shards
from omnisource.orchestrator.folder.head import read_toml, validated
from omnisource.orchestrator.folder.load import Loaded, load, write_rejects
from omnisource.orchestrator.lab.policy import with_keys
from omnisource.orchestrator.measures import Measures, measures_of
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.runs import read_prices, save_run, usable_folder
from omnisource.solvers.problem import Limits, Round
from omnisource.solvers.registry import solver as solver_of


@dataclass(frozen=True, eq=False)
class Opened:
    """A scenario folder, loaded for a verb."""

    folder: Path
    loaded: Loaded
    world: World  # with the policy that was asked for
    seconds: float  # that loading took

    def remarks(self) -> Iterator[str]:
        """Say what is strange about the folder."""
        yield from (f"warning: {text}" for text in self.loaded.warnings)
        if self.loaded.rejected:
            rows = count(self.loaded.rejected, "row")
            yield f"warning: {rows} rejected; `omnisource validate {self.folder}` lists them"


@dataclass(frozen=True, eq=False)
class Night:
    """A night that was allocated, and where it is kept."""

    opened: Opened
    plan: Plan
    out: Path | None

    @property
    def world(self) -> World:
        """The world that was allocated."""
        return self.opened.world

    @property
    def scenario(self) -> str:
        """The name of the scenario."""
        return self.world.scenario.name

    @cached_property
    def measures(self) -> Measures:
        """What the plan comes to."""
        return measures_of(self.world, self.plan)

    @property
    def complete(self) -> bool:
        """Whether no row was rejected and no unit is short."""
        return not self.opened.loaded.rejected and not self.measures.shortage_units

    def document(self) -> dict[str, Any]:
        """Return the night for JSON."""
        return self.measures.document() | {
            "scenario": self.world.scenario.name,
            "rejected_rows": self.opened.loaded.rejected,
            "out": None if self.out is None else str(self.out),
        }

    def remarks(self) -> Iterator[str]:
        """Say what is strange about the folder, and whether the night was cut short."""
        yield from self.opened.remarks()
        if self.plan.status == "interrupted":
            yield "interrupted: this is the best plan so far; its gap says how good it is"

    def next_step(self) -> str:
        """Say where the plan lies, and what to ask next."""
        if self.out is None:
            return "Nothing was written: --out FOLDER keeps the plan."
        return f"Written to {self.out}. Ask why: omnisource explain ORDER --run {self.out}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """A night that several solvers allocated."""

    opened: Opened
    plans: list[Plan]

    @property
    def world(self) -> World:
        """The world that was allocated."""
        return self.opened.world

    @cached_property
    def measures(self) -> list[Measures]:
        """What each plan comes to, all with the best bound."""
        return side_by_side(self.world, self.plans)

    def document(self) -> dict[str, Any]:
        """Return the comparison for JSON."""
        return {
            "scenario": self.world.scenario.name,
            "orders": self.world.orders.rows,
            "lines": self.world.lines.rows,
            "bound_cents": self.measures[0].bound_cents,
            "rejected_rows": self.opened.loaded.rejected,
            "solvers": [one.document() for one in self.measures],
        }


def validation_document(opened: Opened) -> dict[str, Any]:
    """Return what was found in a scenario folder, for JSON."""
    loaded = opened.loaded
    return {
        "folder": str(opened.folder),
        "scenario": loaded.world.scenario.name,
        "tables": {name: asdict(rows) for name, rows in loaded.counts.items()},
        "rejected": loaded.rejected,
        "rejects": loaded.rejects.to_dicts(),
        "warnings": list(loaded.warnings),
    }


def open_folder(folder: Path, policy: Path | None, limits: Limits) -> Opened:
    """Load a scenario folder, its policy's keys replaced by those of a file.

    Raises:
        UnusableInput: as `load`, or the file is no policy.
    """
    if limits.report is not None:
        limits.report(Round("load", 0))
    began = perf_counter()
    loaded = load(folder)
    world = loaded.world if policy is None else with_policy(loaded.world, policy)
    return Opened(folder, loaded, world, perf_counter() - began)


def with_policy(world: World, file: Path) -> World:
    """Return the world under a policy file: TOML, the keys bare or under [policy].

    Keys that the file does not name stay as the scenario has them.

    Raises:
        UnusableInput: the file is not there, no TOML, or has a key or value that is wrong, by
            itself or beside what the scenario has.
    """
    data = read_toml(file)
    keys = data["policy"] if set(data) == {"policy"} else data
    named = validated(Policy, keys, str(file))
    return world.replace(scenario=with_keys(world, named, str(file)))


def run_night(
    folder: Path,
    limits: Limits,
    *,
    solver: str = "joint",
    policy: Path | None = None,
    seed: int | None = None,
    prices: Path | None = None,
    out: Path | None = None,
    format: str = "csv",
    engine: Engine | None = None,
) -> Night:
    """Load a scenario folder, allocate it, and keep the run.

    Args:
        folder: the scenario folder.
        limits: when to stop; its seed is `seed`, or the scenario's.
        solver: who decides.
        policy: a file whose keys replace those of the scenario's policy.
        seed: instead of the scenario's.
        prices: a run folder, whose prices to begin with; None: none.
        out: where to write the plan, run.json and rows that were rejected; None: nowhere.
        format: of the tables written.
        engine: where shards live; None: the night is allocated as one, by `solver`.

    Raises:
        UnusableInput: a folder, the file, the solver's name or Ray cannot be used.
    """
    solver_of(solver)
    known = None if prices is None else read_prices(prices)
    _usable_out(out, folder)
    opened = open_folder(folder, policy, limits)
    world = opened.world
    limits = seeded(limits, world, seed)
    if engine is None:
        plan = allocate(world, solver=solver, limits=limits, prices=known)
    else:
        plan = allocate_in_shards(world, engine, limits=limits)
    plan = timed(plan, load=opened.seconds)
    if out is not None:
        if limits.report is not None:
            limits.report(Round("write", 0))
        plan = save_run(world, plan, out, source=folder, format=format)
        _keep_rejects(opened.loaded, out / f"rejects.{format}")
    return Night(opened, plan, out)


def asked_engine(name: str, shards: int | None, address: str | None) -> Engine | None:
    """Return the engine that was asked for; None where the night is to be allocated as one."""
    if name == "local" and shards is None:
        return None
    return Engine(name, shards, address)


def run_comparison(
    folder: Path,
    limits: Limits,
    *,
    solvers: Sequence[str] | None = None,
    policy: Path | None = None,
    seed: int | None = None,
    out: Path | None = None,
) -> Comparison:
    """Load a scenario folder and allocate it by several solvers; keep each run in its folder.

    Raises:
        UnusableInput: as `run_night`.
    """
    names = solvers or COMPARED
    for name in names:
        solver_of(name)
    _usable_out(out, folder)
    opened = open_folder(folder, policy, limits)
    plans = plans_of(opened.world, names, seeded(limits, opened.world, seed))
    plans = [timed(plan, load=opened.seconds) for plan in plans]
    if out is not None:
        plans = [save_run(opened.world, p, out / p.solver, source=folder) for p in plans]
    return Comparison(opened, plans)


def _usable_out(out: Path | None, folder: Path) -> None:
    """Refuse at once what the plan could not be written to."""
    if out is None:
        return
    if out.resolve() == folder.resolve():
        raise UnusableInput(f"{out}: that is the scenario's own folder; name another with --out")
    usable_folder(out)


def seeded(limits: Limits, world: World, seed: int | None) -> Limits:
    """Return the limits with that seed, or with the scenario's."""
    return replace(limits, seed=world.scenario.seed if seed is None else seed)


def _keep_rejects(loaded: Loaded, file: Path) -> None:
    if loaded.rejected:
        write_rejects(loaded, file)
    else:
        file.unlink(missing_ok=True)
