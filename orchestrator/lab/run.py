"""The planner's lab: a base and its variants on the same orders, side by side.

Each scenario is loaded, changed, allocated and judged by itself, in a process of its own where
there are several; what comes back is its `Outcome`. Nothing in it depends on who ran where.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

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
from omnisource.solvers.problem import Limits, Round

SMALL: Final = 2 * 2**20
"""Bytes of orders up to which a night is decided before a process has started."""


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


def _all(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    """Run tasks, so many at a time; give what they come to in their order."""
    if processes <= 1:
        for number, task in enumerate(tasks, 1):
            if task.limits.report is not None:
                task.limits.report(Round(f"scenario {number} of {len(tasks)}", 0))
            yield run_task(task)
        return
    report, cores = tasks[0].limits.report, os.cpu_count() or 1
    threads = tasks[0].limits.threads or max(1, cores // processes)
    alone = [
        replace(t, limits=Limits(t.limits.gap, t.limits.seconds, threads=threads)) for t in tasks
    ]
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_quietly) as pool:
        for number, outcome in enumerate(pool.map(run_task, alone), 1):
            if report is not None:
                report(Round(f"{number} of {len(tasks)} scenarios done", 0))
            yield outcome


def _quietly() -> None:
    os.dup2(2, 1)  # what libraries print goes to stderr


def run_task(task: Task) -> Outcome:
    """Load, change, allocate and judge one scenario; keep the run where that is wanted."""
    world, what = world_of_task(task)
    limits = replace(task.limits, seed=world.scenario.seed)
    plan = allocate(world, limits=limits)
    if task.out is not None:
        plan = save_run(world, plan, task.out, source=task.folder, what=what)
    return outcome_of(world, plan, what)


def world_of_task(task: Task) -> tuple[World, WhatIf | None]:
    """Return the world of a task, and what is different in it, that of its bases included."""
    world, variant = load(task.folder).world, task.variant
    if variant is None:
        return world, None
    seed = world.scenario.seed if variant.seed is None else variant.seed
    world = changed(world, variant.changes, seed=seed, where=str(variant.file))
    scenario = world.scenario.model_copy(update={"name": variant.what.name})
    whole = variant.what.model_copy(update={"changes": variant.changes, "seed": seed})
    return world.replace(scenario=scenario), whole
