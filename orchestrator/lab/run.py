"""The planner's lab: a base and its variants on the same orders, side by side.

The base is decided first. Where it is large, every variant begins with its prices, for what was
scarce there is likely to be scarce here. Otherwise each is changed, allocated and judged by itself,
some side by side in processes of their own; what comes back is its `Outcome`. Nothing in it depends
on who ran where.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.changes import Change
from omnisource.models.scenario import WhatIf
from omnisource.models.world import World
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.folder.files import file_of
from omnisource.orchestrator.folder.head import HEAD, read_scenario, read_toml, validated
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.lab.difference import Difference
from omnisource.orchestrator.lab.outcome import Outcome, outcome_of
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.runs import read_run, save_run, usable_folder
from omnisource.orchestrator.write import name_rows
from omnisource.solvers.joint.certify import SHORT_FROM
from omnisource.solvers.problem import Limits, Round

SMALL: Final = 2 * 2**20
"""Bytes of orders up to which a night is decided before a process has started."""
WARM_FROM: Final = SHORT_FROM
"""Orders of a base from which variants begin with its prices; on less it saved no time."""


@dataclass(frozen=True)
class Variant:
    """A scenario file, its chain of bases followed down to a folder."""

    file: Path
    what: WhatIf
    folder: Path
    changes: tuple[Change, ...]  # those of its bases first
    seed: int | None


@dataclass(frozen=True, eq=False)
class Lab:
    """A base and its variants, run."""

    folder: Path
    base: Outcome
    variants: list[Outcome]
    out: Path | None = None

    @cached_property
    def differences(self) -> list[Difference]:
        """What sets each variant apart from the base."""
        return [Difference(self.base, each) for each in self.variants]

    @property
    def complete(self) -> bool:
        """Whether no unit is short in any of the scenarios."""
        return not any(each.measures.shortage_units for each in (self.base, *self.variants))

    def document(self) -> dict[str, Any]:
        """Return base, variants and differences for JSON."""
        return {
            "base": self.base.document(),
            "scenarios": [
                one.variant.document() | {"difference": one.document()} for one in self.differences
            ],
        }


def lab_of_runs(folders: Sequence[Path]) -> Lab:
    """Return runs that were kept as a lab: the first is the base, the others its variants.

    Raises:
        UnusableInput: a folder holds no run, its scenario has changed since, or two have one name.
    """
    runs = [read_run(folder) for folder in folders]
    outcomes = [outcome_of(run.world, run.plan, run.what) for run in runs]
    _unlike("name", [each.name for each in outcomes])
    return Lab(runs[0].folder, outcomes[0], outcomes[1:])


def read_variant(file: Path, base: Path | None = None) -> Variant:
    """Read a scenario file and the files that it is based on.

    Args:
        file: TOML: name, base and changes.
        base: a scenario folder, instead of the one that the chain of bases ends at.

    Raises:
        UnusableInput: a file is not there, no TOML, has a key or value that is wrong, or the
            chain of bases does not end at a scenario folder.
    """
    chain: list[tuple[Path, WhatIf]] = []
    at = file
    while not at.is_dir():
        if at.resolve() in (known.resolve() for known, _ in chain):
            raise UnusableInput(f"{file}: base: {at} is based on itself; name a scenario folder")
        chain.append((at, _read(at)))
        at = at.parent / chain[-1][1].base
    folder = base or at
    if not chain:
        raise UnusableInput(
            f"{file}: this is a folder; name a scenario file, with base and changes"
        )
    if not (folder / HEAD).exists():
        raise UnusableInput(f"{file}: base: {folder} is no scenario folder: it has no {HEAD}")
    changes = tuple(change for _, what in reversed(chain) for change in what.changes)
    seeds = (what.seed for _, what in chain)
    seed = next((seed for seed in seeds if seed is not None), None)
    what = chain[0][1]
    if folder.resolve() != at.resolve():
        what = what.model_copy(update={"insight": ""})  # another network shows other things
    return Variant(file, what, folder, changes, seed)


def _read(file: Path) -> WhatIf:
    return validated(WhatIf, read_toml(file), str(file))


def run_scenarios(
    files: Sequence[Path],
    limits: Limits,
    *,
    base: Path | None = None,
    out: Path | None = None,
    processes: int | None = None,
) -> Lab:
    """Run scenario files and what they are based on.

    Args:
        files: at least one; all end at the same scenario folder.
        limits: of each night; its seed is the folder's.
        base: a scenario folder, instead of theirs.
        out: where to keep the runs, a folder each; None: nowhere.
        processes: at most so many at a time; by default as many as there are cores, and one where
            the orders are few.

    Raises:
        UnusableInput: a file cannot be used, two have the same name, they are based on different
            folders, or a change cannot be applied.
    """
    variants = [read_variant(file, base) for file in files]
    folder = _common(variants)
    tasks = [Task(folder, None, limits, None if out is None else usable_folder(out) / "base")]
    for each in variants:
        kept = None if out is None else out / each.file.stem
        tasks.append(Task(folder, each, limits, kept))
    with ExitStack() as stack:
        stack.callback(world_of.cache_clear)
        done = list(_all(tasks, processes or _processes(folder, len(tasks))))
    return Lab(folder, done[0], done[1:], out)


def _common(variants: Sequence[Variant]) -> Path:
    """Return the folder that all variants are based on."""
    first = variants[0]
    for each in variants[1:]:
        if each.folder.resolve() != first.folder.resolve():
            raise UnusableInput(
                f"{each.file}: base: it ends at {each.folder}, that of {first.file} at "
                f"{first.folder}: run them apart, or name one folder with --base"
            )
    base = read_scenario(first.folder).name
    _unlike("name", [base, *(each.what.name for each in variants)])
    _unlike("file name", ["base", *(each.file.stem for each in variants)])
    return first.folder


def _unlike(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UnusableInput(f"{name!r}: the {what} of two scenarios: rename one of them")


def _processes(folder: Path, tasks: int) -> int:
    orders = file_of(folder, "orders")
    if orders is None or orders.stat().st_size <= SMALL:
        return 1
    return min(tasks, os.cpu_count() or 1)


@dataclass(frozen=True)
class Task:
    """One scenario to run."""

    folder: Path
    variant: Variant | None  # None: the base
    limits: Limits
    out: Path | None
    prices: pl.DataFrame | None = None  # to begin with, by name


def _all(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    """Run the base, then the variants, so many at a time; give what they come to in their order."""
    base, *variants = tasks
    _tell(base.limits, f"scenario 1 of {len(tasks)}")
    if processes <= 1 or not variants:
        outcome, prices = run_in_turn(base)
        yield outcome
        for number, task in enumerate(variants, 2):
            _tell(task.limits, f"scenario {number} of {len(tasks)}")
            yield run_in_turn(replace(task, prices=prices))[0]
        return
    threads = base.limits.threads or max(1, (os.cpu_count() or 1) // processes)
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_quietly) as pool:
        ready = [pool.submit(world_of, base.folder) for _ in range(processes)]
        outcome, prices = run_in_turn(base)
        yield outcome
        del ready
        alone = [replace(_mute(task, threads), prices=prices) for task in variants]
        for number, (outcome, _) in enumerate(pool.map(run_in_turn, alone), 2):
            _tell(base.limits, f"{number} of {len(tasks)} scenarios done")
            yield outcome


def _mute(task: Task, threads: int) -> Task:
    """Return a task that can go to another process."""
    return replace(task, limits=replace(task.limits, threads=threads, report=None, stop=None))


def _tell(limits: Limits, step: str) -> None:
    if limits.report is not None:
        limits.report(Round(step, 0))


def _quietly() -> None:
    os.dup2(2, 1)  # what libraries print goes to stderr


def run_task(task: Task) -> Outcome:
    """Load, change, allocate and judge one scenario; keep the run where that is wanted."""
    return _run(task, load(task.folder).world)[0]


def run_in_turn(task: Task) -> tuple[Outcome, pl.DataFrame | None]:
    """Return what `run_task` does, and a base's prices by name; the folder is loaded once."""
    return _run(task, world_of(task.folder))


@cache
def world_of(folder: Path) -> World:
    """Load a scenario folder, once in a process of the lab."""
    return load(folder).world


def _run(task: Task, base: World) -> tuple[Outcome, pl.DataFrame | None]:
    world, what = world_of_task(task, base)
    limits = replace(task.limits, seed=world.scenario.seed)
    plan = allocate(world, limits=limits, prices=task.prices)
    if task.out is not None:
        plan = save_run(world, plan, task.out, source=task.folder, what=what)
    prices = plan.prices if what is None and world.orders.rows >= WARM_FROM else None
    return outcome_of(world, plan, what), None if prices is None else name_rows(world, prices)


def world_of_task(task: Task, world: World) -> tuple[World, WhatIf | None]:
    """Return the world of a task, and what is different in it, that of its bases included."""
    variant = task.variant
    if variant is None:
        return world, None
    seed = world.scenario.seed if variant.seed is None else variant.seed
    world = changed(world, variant.changes, seed=seed, where=str(variant.file))
    scenario = world.scenario.model_copy(update={"name": variant.what.name})
    whole = variant.what.model_copy(update={"changes": variant.changes, "seed": seed})
    return world.replace(scenario=scenario), whole
