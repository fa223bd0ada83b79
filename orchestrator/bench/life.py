"""`omnisource bench life`: orders that live at random, and how they are sourced again.

The same orders live twice on each database: declines are sourced again by the oracle, and by the
nearest node with stock. Placing is the oracle's both times, so that what differs is the second
choice alone. A promise is kept if all of an order has arrived by the day that was first said, or
that the customer asked for.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import numpy as np

from omnisource.orchestrator.bench.common import Sheet
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.life.check import on_hand
from omnisource.orchestrator.life.doing import open_life
from omnisource.orchestrator.life.soak import judged, live, orders_of
from omnisource.orchestrator.life.soaked import Chances, Soaked, together
from omnisource.orchestrator.stored import load_into
from omnisource.orchestrator.synthetic.generate import generate

RULES: Final = ("oracle", "nearest")
"""How declines are sourced again."""
GOAL_MS: Final = 20.0
"""A decline is sourced again within so many milliseconds."""


@dataclass(frozen=True)
class LifeFigures:
    """What came of the orders of one database by one rule."""

    database: str
    rule: str
    orders: int
    verbs: int
    seconds: float
    kept: float  # share of the promises
    changed: int  # promises that were replaced
    declines: int
    decline_p50_ms: float
    decline_p99_ms: float
    decline_cpu_ms: float  # p99, of the processor: whatever else the machine does
    persons: int
    faults: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the figures for programs."""
        return asdict(self)


def bench_life(
    urls: Sequence[str] = (), *, of: Path | None = None, orders: int = 2_000, nodes: int = 200,
    seed: int = 0, chances: Chances | None = None, rules: Sequence[str] = RULES, workers: int = 1,
) -> list[LifeFigures]:  # fmt: skip
    """Let made-up orders live on databases, once for each rule.

    Args:
        urls: databases; what is in them is replaced. By default a file of SQLite.
        of: a scenario folder whose first orders live, instead of made-up ones.
        orders: how many.
        nodes: of the made-up network.
        seed: another one, other orders.
        chances: how often what goes wrong.
        rules: how declines are sourced again.
        workers: processes; each sees to its part of the orders.
    """
    with TemporaryDirectory(prefix="omnisource-bench-") as name:
        folder = Path(name)
        world = of or folder / "world"
        if of is None:
            more = {"seed": seed, "scarcity": 1.5, "large": 0.0, "format": "parquet"}
            generate(world, orders=orders, nodes=nodes, **more)  # type: ignore[arg-type]
        where = urls or [str(folder / "life.db")]
        return [
            _figures(Part(world, url, rule, seed, chances or Chances(), workers, orders))
            for url in where
            for rule in rules
        ]


@dataclass(frozen=True)
class Part:
    """Orders that live in one process."""

    folder: Path
    url: str
    rule: str
    seed: int
    chances: Chances
    parts: int
    orders: int  # the first ones
    part: int = 0


def _figures(whole: Part) -> LifeFigures:
    world, none = load_world(whole.folder), np.zeros(0, np.int64)
    bare = world.replace(orders=world.orders.take(none), lines=world.lines.take(none))
    load_into(bare, whole.url, replace=True)
    with open_life(whole.url, sync="NORMAL") as life:
        before, began = on_hand(life), perf_counter()
        found = together(_lived_apart(whole) if whole.parts > 1 else [lived(whole)])
        seconds = perf_counter() - began
        judged(life, found, before)
        postgres = life.desk.database.is_postgres
    return _of(found, "PostgreSQL" if postgres else "SQLite", whole.rule, seconds)


def _lived_apart(whole: Part) -> Iterable[Soaked]:
    """Have each part live in a process of its own."""
    parts = [replace(whole, part=part) for part in range(whole.parts)]
    with ProcessPoolExecutor(whole.parts, get_context("spawn")) as pool:
        return list(pool.map(lived, parts))


def lived(part: Part) -> Soaked:
    """Let the orders of a part live."""
    placed = orders_of(load_world(part.folder))[: part.orders]
    with open_life(part.url, sync="NORMAL") as life:
        rule = "" if part.rule == "oracle" else part.rule
        again = replace(life, source=replace(life.source, rule=rule))
        mine = (part.part, part.parts)
        return live(life, placed, again=again, seed=part.seed, chances=part.chances, part=mine)


def _of(found: Soaked, database: str, rule: str, seconds: float) -> LifeFigures:
    taken, worked = (np.array(found.resourced or [(0.0, 0.0)]) * 1_000).T
    p50, p99 = np.percentile(taken, [50, 99])
    cpu = np.percentile(worked, 99)
    return LifeFigures(
        database=database,
        rule=rule,
        orders=found.orders,
        verbs=sum(found.moves.values()),
        seconds=round(seconds, 2),
        kept=round(found.kept / max(found.promised, 1), 4),
        changed=found.changed,
        declines=len(found.resourced),
        decline_p50_ms=round(float(p50), 2),
        decline_p99_ms=round(float(p99), 2),
        decline_cpu_ms=round(float(cpu), 2),
        persons=found.persons,
        faults=tuple(found.faults),
    )


def life_sheet(found: Sequence[LifeFigures]) -> Sheet:
    """Return the figures as a table."""
    columns = ("database", "sourced again by", "orders", "verbs a second", "promises kept",
               "promises changed", "a decline, p50 / p99", "processor, p99", "faults")  # fmt: skip
    rows = [
        (
            each.database, each.rule, f"{each.orders:,}", f"{each.verbs / each.seconds:,.0f}",
            f"{each.kept:.2%}", f"{each.changed:,}",
            f"{each.decline_p50_ms:.1f} / {each.decline_p99_ms:.1f} ms",
            f"{each.decline_cpu_ms:.1f} ms", f"{len(each.faults)}",
        )
        for each in found
    ]  # fmt: skip
    goal = f"Goals: no fault; a decline sourced again within {GOAL_MS:.0f} ms."
    return Sheet("life", "The life of orders", columns, rows, notes=(goal,))
