"""Figures of this machine: loading, judging and writing a night, beside polars' own time.

The yardstick for reading is plain `pl.read_csv` or `pl.read_parquet` of each file of the folder,
for writing `write_csv` or `write_parquet` of the same frames: in this process, warm, turn by turn
with ours, the median of both. Ours reads every cell in its type, checks it, looks every reference
up, and returns a `World`.

What comes after the solver needs a plan, but not a good one: a twentieth of the night is decided
by the rule "cheapest", and repeated.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from typing import Any, Final

import numpy as np
import polars as pl
from rich.table import Table as RichTable

from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, Column, Table, World
from omnisource.orchestrator.allocate import run_id, with_facts
from omnisource.orchestrator.folder.columns import columns_of
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.folder.write import Format
from omnisource.orchestrator.measures import measures_of
from omnisource.orchestrator.runs import save_run
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.orchestrator.write import name_rows, write_frame
from omnisource.solvers.compile.available import cells
from omnisource.solvers.compile.fences import fences
from omnisource.solvers.compile.legend import Shipped, shipped
from omnisource.solvers.compile.lines import joined_lines
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.problem import Ints, Limits
from omnisource.solvers.registry import solver
from omnisource.solvers.routes.direct import network

PARTS: Final = 20
"""How often the decided part of the night is repeated."""
REPEATED: Final = ("products", "stock", "receipts", "orders", "lines")
TABLES: Final = ("shipments", "allocations", "shortages")


@dataclass(frozen=True)
class Step:
    """What a part of the journey takes; `polars` is the yardstick, where there is one."""

    name: str
    seconds: float
    polars: float | None = None  # seconds
    more_mb: float | None = None  # memory at its peak above that before; None: nobody counts it

    @property
    def times(self) -> float | None:
        """How many times the yardstick it takes."""
        return round(self.seconds / self.polars, 2) if self.polars else None


@dataclass(frozen=True)
class LoadBench:
    """The figures of one night."""

    orders: int
    lines: int
    cells: int
    format: str
    steps: tuple[Step, ...]

    def __getitem__(self, name: str) -> Step:
        """Return the step of that name."""
        return next(step for step in self.steps if step.name == name)

    def document(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        steps = [asdict(step) | {"times": step.times} for step in self.steps]
        return asdict(self) | {"steps": steps}

    def table(self) -> RichTable:
        """Return the figures for people."""
        title = f"{self.orders:,} orders, {self.lines:,} lines, {self.cells:,} cells, {self.format}"
        table = RichTable("step", title=title)
        for heading in ("seconds", "polars", "times", "more MB"):
            table.add_column(heading, justify="right")
        for step in self.steps:
            figures = (step.seconds, step.polars, step.times, step.more_mb)
            texts = (f"{figure:,.2f}" if figure is not None else "" for figure in figures)
            table.add_row(step.name, *texts)
        return table


def bench_load(
    *, orders: int = 1_000_000, format: Format = "csv", repeats: int = 5, seed: int = 0
) -> LoadBench:
    """Measure the way to the solver and from it, on a generated night.

    Args:
        orders: how many; at least 20.
        format: of the files, "csv" or "parquet".
        repeats: how often each is done, of which the median counts.
        seed: of the night.
    """
    with TemporaryDirectory() as place:
        whole, part = Path(place) / "whole", Path(place) / "part"
        generate(whole, orders=orders, seed=seed, format=format)
        generate(part, orders=max(orders // PARTS, 1), seed=seed, format=format)
        _prepare(load(part).world)  # compiled code is loaded once, here
        read, world = _reading(whole, repeats)
        prepared = _median("prepare", lambda: _prepare(world), repeats)
        counts = (world.orders.rows, world.lines.rows, world.stock.rows)
        del world
        world, sent = repeated(*_decided(part), PARTS)
        evaluate(world, sent)
        judged = _median("judge", lambda: evaluate(world, sent), repeats)
        plan = _with_run(world, evaluate(world, sent))
        measured = _median("measure", lambda: measures_of(world, _with_run(world, plan)), repeats)
        written = _writing(world, plan, Path(place) / "run", format=format, repeats=repeats)
    return LoadBench(*counts, format, (read, prepared, judged, measured, written))


def _reading(folder: Path, repeats: int) -> tuple[Step, World]:
    ours, theirs, more, world = [], [], [], None
    for _ in range(repeats):
        theirs.append(_seconds(lambda: _plain(folder)))
        world = None  # the one before does not count
        with _watched() as watch:
            began = perf_counter()
            world = load(folder).world
            ours.append(perf_counter() - began)
        more.append(watch)
    assert world is not None
    return Step("load", median(ours), median(theirs), _most(more[:1])), world


def _plain(folder: Path) -> None:
    """Read each file of a folder as polars does by itself."""
    for path in sorted(folder.glob("*.csv")):
        pl.read_csv(path)
    for path in sorted(folder.glob("*.parquet")):
        pl.read_parquet(path)


def _prepare(world: World) -> None:
    """Do what comes before candidates are looked for."""
    cells(world)
    fences(world, network(world).destinations.country)
    joined_lines(world)


def _decided(folder: Path) -> tuple[World, Shipped]:
    """Decide a night by the rule "cheapest"."""
    world = load(folder).world
    problem, legend = compile_world(world)
    answer = solver("cheapest")(problem, Limits())
    return world, shipped(world, problem, legend, answer.decisions)


def _with_run(world: World, plan: Plan) -> Plan:
    plan = replace(plan, solver="cheapest", status="rule")
    return with_facts(plan, run=run_id(world, plan, 0))


def _writing(world: World, plan: Plan, folder: Path, *, format: str, repeats: int) -> Step:
    frames = {
        name: name_rows(world, getattr(plan, name), numbered=name == "shipments") for name in TABLES
    }

    def plain() -> None:
        for name, frame in frames.items():
            write_frame(frame, folder / f"plain.{name}", format)

    def ours() -> None:
        save_run(world, plan, folder, source=folder, format=format)

    folder.mkdir()
    theirs = _median("polars", plain, repeats)
    return replace(_median("write", ours, repeats), polars=theirs.seconds)


# a night, repeated


def repeated(world: World, sent: Shipped, times: int) -> tuple[World, Shipped]:
    """Return a night that is so many times as large, and the same decisions in each part.

    Every part has products, stock, orders and lines of its own; nodes can do as much more.
    """
    tables = {name: _repeated(world, name, times) for name in REPEATED}
    limits = {
        name: np.where(world.nodes[name] == ABSENT, ABSENT, world.nodes[name] * times)
        for name in ("orders_per_day", "units_per_day")
    }
    lines, orders, rows = world.lines.rows, world.orders.rows, len(sent.line)
    return world.replace(nodes=world.nodes.replace(**limits), **tables), Shipped(
        order=_shifted(sent.order, orders, times),
        node=np.tile(sent.node, times),
        service=np.tile(sent.service, times),
        start=np.append(_shifted(sent.start[:-1], rows, times), rows * times),
        line=_shifted(sent.line, lines, times),
        units=np.tile(sent.units, times),
    )


def _repeated(world: World, name: str, times: int) -> Table:
    table: Table = getattr(world, name)
    columns = columns_of(name)

    def grown(column: str) -> Column:
        target = columns[column].refers
        if columns[column].is_reference and target in REPEATED:
            return _shifted(table[column], getattr(world, str(target)).rows, times)
        if column in ("sku", "order"):  # what the table gives names to
            return np.array([f"{i}-{x}" for i in range(times) for x in table[column]], object)
        return np.tile(table[column], times)

    return Table({column: grown(column) for column in table})


def _shifted(rows: Column, step: int, times: int) -> Ints:
    shift = np.repeat(np.arange(times, dtype=rows.dtype) * step, len(rows))
    return np.asarray(np.tile(rows, times) + shift)


# seconds and memory


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _median(name: str, work: Callable[[], object], repeats: int) -> Step:
    with _watched() as watch:
        seconds = [_seconds(work) for _ in range(repeats)]
    return Step(name, median(seconds), more_mb=_most([watch]))


def _most(watches: list[list[float]]) -> float | None:
    seen = [max(watch) - watch[0] for watch in watches if watch]
    return round(max(seen), 1) if seen else None


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Watch this process's memory, MB; where the system does not tell, the list stays empty."""
    seen, done = _resident(), Event()

    def look() -> None:
        while not done.wait(0.005):
            seen.extend(_resident())

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _resident() -> list[float]:
    status = Path("/proc/self/status")
    if not status.exists():
        return []
    said = status.read_text().partition("VmRSS:")[2].split()
    return [int(said[0]) / 1024]
