"""Figures of this machine: how long a promise takes, and whether it is the best there is.

Carts of 1 to 5 lines, all modes asked, a store near the customer named, `now` moving on a minute
every 300 carts. The figures of a run stand beside two rivals on the same carts, each from the cart
to the plan: CP-SAT, which has the order compiled, builds its model and solves it (what the last two
take alone is told too), and plain loops in Python over all nodes, distances and zone rules, from
tables in memory (promise_plain.py). Exactness is held against the exact solver, as the
judge costs it, and against all routes of all nodes, as the judge reckons their arrivals.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.promise import Cart, CartLine, Offer
from omnisource.models.world import Table, World
from omnisource.orchestrator.allocate import peak_mb
from omnisource.orchestrator.bench.common import Sheet, in_own_process, machine, machine_words
from omnisource.orchestrator.bench.promise_plain import plain_cents, shop_of
from omnisource.orchestrator.bench.promise_rivals import (
    exact_cents,
    first_arrival,
    folded,
    insistent,
)
from omnisource.orchestrator.bench.promise_times import made_up_times
from omnisource.orchestrator.checkout.placed import DOOR, of_its_products, placed
from omnisource.orchestrator.checkout.promise import Promiser, promiser
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.problem import Limits
from omnisource.solvers.registry import solver
from omnisource.solvers.routes.direct import distances_km

LINES: Final = 5
"""Lines of the longest cart; every length is as frequent."""
A_MINUTE: Final = 300
"""Carts that are asked in the same minute."""
WARM: Final = 10
"""Carts that are asked before those that are timed with lead times."""
MANY_UNITS: Final = 12
"""Units of a cart that is held against the exact solver, at the most."""
NODES: Final = 3_248
SKUS: Final = 100_000
"""The size of the network that is made up where no folder is given."""


@dataclass(frozen=True)
class PromiseBench:
    """What was measured."""

    nodes: int
    skus: int
    cells: int
    carts: int
    load_seconds: float
    prepare_seconds: float  # and the first cart
    milliseconds: dict[str, float]  # by percentile, wall clock
    cpu_milliseconds: dict[str, float]  # the same, of this process's own work
    learned_ms: dict[str, float]  # the same, with lead times that are made up
    by_lines: dict[int, tuple[float, float]]  # p50 and p99 of its own work, ms
    options: float  # a cart, on average
    peak_mb: float | None
    cpsat_ms: float | None  # a cart, median
    cpsat_solving_ms: float | None  # of it: building the model and solving it
    plain_ms: float | None
    rival_carts: int
    exact: int  # carts held against the exact solver
    cheapest_differs: int
    priced_differs: int
    fastest_differs: int

    def document(self) -> dict[str, Any]:
        """Return the figures as plain values, with the machine."""
        return asdict(self) | {"machine": machine()}

    def _rivals(self) -> tuple[tuple[str, float | None], ...]:
        return (
            ("CP-SAT", self.cpsat_ms), ("CP-SAT, order compiled", self.cpsat_solving_ms),
            ("plain loops", self.plain_ms),
        )  # fmt: skip

    def sheet(self) -> Sheet:
        """Return them as a table."""
        wall, own = self.milliseconds, self.cpu_milliseconds
        rows = [
            ("promise", f"{own['p50']:.2f}", f"{own['p99']:.2f}", f"{wall['p50']:.2f}",
             f"{wall['p99']:.2f}", "1"),
        ]  # fmt: skip
        learned = self.learned_ms
        rows.append(
            ("promise, dates learned", f"{learned['p50']:.2f}", f"{learned['p99']:.2f}", "", "",
             f"{learned['p50'] / own['p50']:.1f}")
        )  # fmt: skip
        for name, ms in self._rivals():
            if ms is not None:
                rows.append((name, f"{ms:.1f}", "", "", "", f"{ms / own['p50']:,.0f}"))
        size = f"{self.nodes:,} nodes, {self.skus:,} products, {self.cells:,} cells"
        ready = self.load_seconds + self.prepare_seconds
        return Sheet(
            "promise table",
            "The promise",
            ("a cart", "p50, ms", "p99, ms", "p50 by the clock", "p99 by the clock", "times p50"),
            rows,
            (
                f"{size}; {self.carts:,} carts of 1 to {LINES} lines, all modes; "
                f"{machine_words(machine())}. The first columns are the process's own time, which "
                f"a busy machine does not stretch. Ready after {ready:.1f} s "
                f"({self.load_seconds:.1f} s of it to load), {(self.peak_mb or 0) / 1024:.2f} GiB "
                f"at the most. Rivals: the median of {self.rival_carts} carts, to the door alone.",
                f"Of {self.exact} carts {self.cheapest_differs} had another cheapest cost than the "
                f"exact solver's, {self.priced_differs} at prices, {self.fastest_differs} another "
                "first date than the search over all routes.",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be measured."""

    carts: int = 3_000
    exact: int = 100
    rivals: int = 20
    seed: int = 0


def bench_promise(folder: Path | None, asked: Asked, scratch: Path) -> PromiseBench:
    """Measure a scenario folder, or a made-up one of the size of a national chain."""
    if folder is None:
        folder = scratch / f"promise-{NODES}-{SKUS}"
        if not (folder / "scenario.toml").exists():
            in_own_process(_make, folder, NODES, SKUS)
    in_own_process(measure, folder, Asked(carts=5, exact=0, rivals=0))  # compiles what is compiled
    return in_own_process(measure, folder, asked)


def _make(folder: Path, nodes: int, skus: int) -> None:
    generate(folder, orders=2_000, nodes=nodes, skus=skus, format="parquet")


def measure(folder: Path, asked: Asked) -> PromiseBench:
    """Measure a folder in this process."""
    began = perf_counter()
    world = load_world(folder)
    loaded = perf_counter() - began
    carts = list(random_carts(world, asked.carts, asked.seed))
    began = perf_counter()
    ready = promiser(world)
    ready.promise(carts[0], world.scenario.now)
    prepared = perf_counter() - began
    wall, own, options = _timed(ready, world, carts)
    peak = peak_mb()
    dated = promiser(world, lead_times=made_up_times(world, asked.seed))
    _timed(dated, world, carts[:WARM])
    learned = _timed(dated, world, carts[: len(carts) // 2])[1]
    rivals = _rivals(ready, world, carts[: asked.rivals])
    differs = differences(world, random_carts(world, asked.exact, asked.seed + 1))
    lines = np.array([len(cart.lines) for cart in carts])
    return PromiseBench(
        nodes=world.nodes.rows, skus=world.products.rows, cells=world.stock.rows,
        carts=len(carts), load_seconds=round(loaded, 3), prepare_seconds=round(prepared, 3),
        milliseconds=percentiles(wall), cpu_milliseconds=percentiles(own),
        learned_ms=percentiles(learned),
        by_lines={
            int(k): (round(float(np.percentile(own[lines == k], 50)), 3),
                     round(float(np.percentile(own[lines == k], 99)), 3))
            for k in np.unique(lines)
        },
        options=round(float(np.mean(options)), 1), peak_mb=peak,
        **rivals, rival_carts=asked.rivals, exact=asked.exact,
        cheapest_differs=differs[0], priced_differs=differs[1], fastest_differs=differs[2],
    )  # fmt: skip


def percentiles(milliseconds: Any) -> dict[str, float]:
    """Return p50, p90, p99 and the most.

    >>> percentiles(np.arange(101.0))
    {'p50': 50.0, 'p90': 90.0, 'p99': 99.0, 'most': 100.0}
    """
    names = {"p50": 50, "p90": 90, "p99": 99, "most": 100}
    return {name: round(float(np.percentile(milliseconds, p)), 3) for name, p in names.items()}


def _timed(ready: Promiser, world: World, carts: list[Cart]) -> tuple[Any, Any, list[int]]:
    """Return milliseconds by the clock and of the process's own work, and options, cart by cart."""
    wall, own, options = [], [], []
    for i, cart in enumerate(carts):
        now = world.scenario.now + timedelta(minutes=i // A_MINUTE)
        began, busy = perf_counter(), process_time()
        offer = ready.promise(cart, now)
        own.append(1000 * (process_time() - busy))
        wall.append(1000 * (perf_counter() - began))
        options.append(len(offer.options))
    return np.array(wall), np.array(own), options


def random_carts(world: World, many: int, seed: int) -> Iterator[Cart]:
    """Yield carts: products and units as they are ordered, a known customer, a near store."""
    rng = np.random.default_rng([seed, 7])
    orders, nodes, lines = world.orders, world.nodes, world.lines
    known = ~np.isnan(orders["lat"]) & (orders["postcode"] != "") & (orders["country"] != "")
    customers, stores = np.flatnonzero(known), np.flatnonzero(nodes["pickup"])
    for i in range(many):
        c = int(rng.choice(customers))
        lat, lon = float(orders["lat"][c]), float(orders["lon"][c])
        to = np.full(len(stores), lat), np.full(len(stores), lon)
        km = distances_km(nodes["lat"][stores], nodes["lon"][stores], *to)
        rows = rng.integers(lines.rows, size=1 + i % LINES)
        basket = {int(lines["sku"][row]): int(rng.choice(lines["units"])) for row in rows}
        names = world.products["sku"]
        yield Cart(
            lines=tuple(CartLine(sku=names[sku], units=units) for sku, units in basket.items()),
            country=orders["country"][c], postcode=orders["postcode"][c], lat=lat, lon=lon,
            store=nodes["node"][stores[km.argmin()]] if len(stores) else None,
        )  # fmt: skip


def _rivals(ready: Promiser, world: World, carts: list[Cart]) -> dict[str, float | None]:
    """Return the median milliseconds of CP-SAT, of its solving alone, and of plain loops."""
    shop, taken = shop_of(ready.desk), np.empty((len(carts), 3))
    for row, cart in zip(taken, carts, strict=True):
        ask = ready.ask(cart, world.scenario.now)
        fences = int(ready.desk.inputs(ask).order_fences[0])
        began = process_time()
        problem, _ = compile_world(insistent(of_its_products(placed(world, cart))), threads=1)
        compiled = process_time()
        solver("exact")(problem, Limits(gap=0.0, threads=1))
        solved = process_time()
        plain_cents(shop, ask, fences)
        row[:] = solved - began, solved - compiled, process_time() - solved
    names = ("cpsat_ms", "cpsat_solving_ms", "plain_ms")
    middle = 1000 * np.median(taken, axis=0) if carts else [None] * len(names)
    return {
        name: None if ms is None else round(float(ms), 2)
        for name, ms in zip(names, middle, strict=True)
    }


def differences(world: World, carts: Iterator[Cart]) -> tuple[int, int, int]:
    """Count the carts whose cheapest cost, cheapest cost at prices, or first date is not the best.

    Carts that nobody can serve whole must have no option.
    """
    cheapest, priced, fastest = 0, 0, 0
    for i, cart in enumerate(carts):
        if sum(line.units for line in cart.lines) > MANY_UNITS:
            cart = cart.model_copy(update={"lines": cart.lines[:2]})
        home = cart.model_copy(update={"store": None, "modes": DOOR})
        alone = of_its_products(placed(world, home))
        offer = promiser(alone).promise(home, alone.scenario.now)
        best, first = offer.tagged("cheapest"), offer.tagged("fastest")
        cheapest += (best.cost_cents if best else None) != exact_cents(alone)
        at = None if first is None else int(first.promise_at.timestamp()) // 60
        fastest += at != first_arrival(alone)
        prices = random_prices(alone, i)
        least = _priced(alone, home, prices).tagged("cheapest")
        priced += (least.priced_cents if least else None) != exact_cents(folded(alone, prices))
    return cheapest, priced, fastest


def _priced(world: World, cart: Cart, prices: Table) -> Offer:
    nothing = world.orders
    plan = Plan(nothing, nothing, nothing, {}, prices=prices)
    return promiser(world, plan).promise(cart, world.scenario.now)


def random_prices(world: World, seed: int) -> Table:
    """Return whole-cent prices of a third of the cells and nodes."""
    rng = np.random.default_rng([seed, 11])
    cells = np.flatnonzero(rng.random(world.stock.rows) < 1 / 3)
    nodes = np.flatnonzero(rng.random(world.nodes.rows) < 1 / 3)
    kinds = ["stock"] * len(cells) + ["node_orders"] * len(nodes) + ["node_units"] * len(nodes)
    return Table(
        {
            "resource": np.array(kinds, object),
            "node": np.concatenate([world.stock["node"][cells], nodes, nodes]).astype(np.int32),
            "sku": np.concatenate([world.stock["sku"][cells], np.full(2 * len(nodes), -1)]).astype(
                np.int32
            ),
            "cents": rng.integers(1, 300, len(kinds)).astype(np.float64),
        }
    )
