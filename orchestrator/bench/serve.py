"""Figures of this machine: the HTTP service beside an empty FastAPI route, in turns.

Both are uvicorn's, started alike, and get the same carts of three lines over the same connections;
the empty route reads the cart as FastAPI does, and answers `{}`. Rates are by the clock, and a busy
machine stretches them; what a request takes of the servers' own processor time stands beside, which
it does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from omnisource.models.promise import Cart
from omnisource.models.world import World
from omnisource.orchestrator.bench.common import Sheet, in_own_process, machine, machine_words
from omnisource.orchestrator.bench.promise import NODES, SKUS, percentiles, random_carts
from omnisource.orchestrator.bench.rush import Rush
from omnisource.orchestrator.bench.serve_rush import rush_over_http
from omnisource.orchestrator.bench.servers import Server, empty_route, serving
from omnisource.orchestrator.bench.wire import Answers, load, request
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.serve.api_keys import add_key
from omnisource.orchestrator.stored import load_into
from omnisource.orchestrator.synthetic.generate import generate

LINES: Final = 3
CONNECTIONS: Final = 16
TURNS: Final = 3
CARTS: Final = 2_000
RATIO: Final = 0.6
BOTH: Final = 1_400
P99_MS: Final = 50
PEAK_MB: Final = 1_536
"""The goals that the table names."""
STEPS: Final = 20
"""Looks at the memory of a worker."""


@dataclass(frozen=True)
class Speed:
    """What a server does with carts."""

    name: str
    workers: int
    a_second: float
    own_ms: float  # of processor time a request
    milliseconds: dict[str, float]  # by percentile, by the clock
    failed: int


@dataclass(frozen=True)
class Memory:
    """What a worker holds, in MB."""

    begin: float  # after a tenth of the time
    end: float
    most: float  # of those that were looked at
    peak: float  # since its start, reading the scenario included
    seconds: float
    course: tuple[float, ...]  # at the end of each twentieth of the time


@dataclass(frozen=True)
class ServeBench:
    """All that was measured."""

    nodes: int
    skus: int
    cells: int
    speeds: tuple[Speed, ...]
    ratio: float  # of answers a second, ours to the empty route's
    own_ratio: float  # of processor time a request, the empty route's to ours
    rush: Rush
    memory: Memory

    def document(self) -> dict[str, Any]:
        """Return the figures as plain values, with the machine."""
        return asdict(self) | {"machine": machine()}

    def sheet(self) -> Sheet:
        """Return them as a table."""
        rows = [
            (
                each.name, str(each.workers), f"{each.a_second:,.0f}", f"{each.own_ms:.2f}",
                f"{each.milliseconds['p50']:.1f}", f"{each.milliseconds['p99']:.1f}",
            )
            for each in self.speeds
        ]  # fmt: skip
        rush, memory, workers = self.rush, self.memory, self.speeds[-1].workers
        return Sheet(
            "serve table",
            "The service",
            ("POST /promise", "workers", "a second", "own ms", "p50, ms", "p99, ms"),
            rows,
            (
                f"{self.nodes:,} nodes, {self.skus:,} products, {self.cells:,} cells; carts of "
                f"{LINES} lines to the door, {CONNECTIONS} connections, in turns; "
                f"{machine_words(machine())}. Ratio {self.ratio:.2f} by the clock, "
                f"{self.own_ratio:.2f} by processor time.",
                f"A rush of {rush.buyers:,} buyers on {rush.units:,} units: {rush.sold:,} sold, "
                f"{rush.refused:,} refused, {rush.refused_p99_ms:.0f} ms at p99; others take "
                f"{rush.others_ms:.1f} ms, {rush.idle_ms:.1f} ms before; "
                f"{rush.broken} rules broken.",
                f"A worker holds {memory.end:,.0f} MB after {memory.seconds:,.0f} s of carts and "
                f"refreshes, {memory.begin:,.0f} MB after a tenth of that; {memory.peak:,.0f} MB "
                "at the most, while it reads the scenario. In the course of time: "
                f"{', '.join(f'{held:,.0f}' for held in memory.course[:: STEPS // 5])} MB.",
                f"Goals: a ratio of {RATIO}; {BOTH:,} a second with {workers} workers, p99 "
                f"{P99_MS} ms; {PEAK_MB:,} MB, level.",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be measured."""

    seconds: float = 5.0  # of each turn
    soak: float = 20.0  # seconds
    buyers: int = 2_000
    units: int = 500
    workers: int = 2
    seed: int = 0


def bench_serve(folder: Path | None, asked: Asked, scratch: Path) -> ServeBench:
    """Measure the service on a scenario folder, or a made-up one of a national chain's size."""
    if folder is None:
        folder = scratch / f"promise-{NODES}-{SKUS}"
        if not (folder / "scenario.toml").exists():
            in_own_process(_make, folder)
    with TemporaryDirectory(prefix="omnisource-bench-") as name:
        url = f"sqlite:///{name}/serve.db"
        figures = in_own_process(_prepare, folder, url, asked.seed)
        return _measure(url, figures, asked)


@dataclass(frozen=True)
class Prepared:
    """A database with a key, and carts for it."""

    token: str
    now: datetime
    carts: tuple[bytes, ...]
    size: tuple[int, int, int]  # nodes, products, cells


def _make(folder: Path) -> None:
    generate(folder, orders=2_000, nodes=NODES, skus=SKUS, format="parquet")


def _prepare(folder: Path, url: str, seed: int) -> Prepared:
    world = load_world(folder)
    load_into(world, url)
    now = world.scenario.now
    _, token = add_key(url, "bench", ["admin"], node=None, now=now)
    carts = tuple(
        cart.model_dump_json(exclude_defaults=True).encode() for cart in _carts(world, seed)
    )
    return Prepared(token, now, carts, (world.nodes.rows, world.products.rows, world.stock.rows))


def _carts(world: World, seed: int) -> Iterator[Cart]:
    """Yield carts of three different products, to the door."""
    for cart in random_carts(world, 40 * CARTS, seed):
        if len(cart.lines) == LINES:
            yield cart.model_copy(update={"store": None})


def _measure(url: str, ready: Prepared, asked: Asked) -> ServeBench:
    headers = {"Authorization": f"Bearer {ready.token}"}
    carts = [request("/v1/promise", cart, headers) for cart in ready.carts[:CARTS]]
    with serving(url, ready.now, workers=1) as ours, empty_route() as empty:
        turns = [(_speed(empty, carts, asked), _speed(ours, carts, asked)) for _ in range(TURNS)]
        memory = _soaked(ours, carts, asked.soak)
    with serving(url, ready.now, workers=asked.workers) as ours:
        both = _speed(ours, carts, asked)
    rush = _rushed(asked)
    theirs, mine = zip(*turns, strict=True)
    return ServeBench(
        *ready.size,
        speeds=(
            _told("an empty FastAPI route", 1, theirs), _told("omnisource serve", 1, mine),
            _told("omnisource serve", asked.workers, [both]),
        ),
        ratio=round(median(m[0].rate / t[0].rate for t, m in turns), 3),
        own_ratio=round(median(t[1] / m[1] for t, m in turns), 3),
        rush=rush,
        memory=memory,
    )  # fmt: skip


Turn = tuple[Answers, float]
"""What came back, and milliseconds of processor time a request."""


def _speed(server: Server, carts: Sequence[bytes], asked: Asked) -> Turn:
    load(server.port, carts, connections=CONNECTIONS, seconds=min(0.5, asked.seconds))
    before = server.busy()
    answers = load(server.port, carts, connections=CONNECTIONS, seconds=asked.seconds)
    return answers, 1000 * (server.busy() - before) / max(1, len(answers.statuses))


def _told(name: str, workers: int, turns: Sequence[Turn]) -> Speed:
    """Return the middle of some turns."""
    every = [ms for answers, _ in turns for ms in answers.milliseconds]
    failed = sum(status != 200 for answers, _ in turns for status in answers.statuses)
    return Speed(
        name, workers, round(median(answers.rate for answers, _ in turns), 1),
        round(median(own for _, own in turns), 3), percentiles(np.array(every)), failed,
    )  # fmt: skip


def _soaked(server: Server, carts: Sequence[bytes], seconds: float) -> Memory:
    """Ask for some time; note what the worker holds."""
    held = []
    for _ in range(STEPS):
        load(server.port, carts, connections=CONNECTIONS, seconds=seconds / STEPS)
        held.append(round(server.resident_mb(), 1))
    peak = round(server.peak_mb(), 1)
    return Memory(held[STEPS // 10], held[-1], max(held), peak, seconds, tuple(held))


def _rushed(asked: Asked) -> Rush:
    """Have buyers at one product, over HTTP."""
    with TemporaryDirectory(prefix="omnisource-bench-") as name:
        url = f"sqlite:///{name}/rush.db"
        return rush_over_http(url, units=asked.units, buyers=asked.buyers, serve=serving)
