"""The night on more than one machine: where shards live, and what becomes of them when one dies.

The world is cut into shards that are small worlds themselves: the whole network and stock, and some
of the orders. Each is compiled where it lives, once, and stays there; from then on only prices,
rooms and use travel (`solvers/shards/solve.py`). Both engines call the very same functions of
`solvers/shards/shard.py` in the same order, so with the same number of shards the plan is the same.

A shard that is lost with its machine is made again on another: its world lies with the driver's
node, and its plans follow from the calls that changed it (`shards.CHANGING`), which are repeated.
Should a clock have cut a search short, then or now, the repeated plans may take other things than
the night was told of. Then the shard serves its orders anew within exactly what it was known to
use: nobody else was given that, so nothing is promised twice, and every order has one plan.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from typing import Any, Final

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.world import Column, Table, World
from omnisource.orchestrator.allocate import Night, at, certified, tell
from omnisource.solvers.compile.available import cells
from omnisource.solvers.compile.legend import Shipped, shipped
from omnisource.solvers.compile.world import compile_world, in_threads
from omnisource.solvers.problem import Answer, Decisions, Ints, Limits
from omnisource.solvers.shards.cut import by_scarcest, joined_starts, ranges, runs
from omnisource.solvers.shards.executor import Executor, Local
from omnisource.solvers.shards.shard import CHANGING, Served, Shard, capacity
from omnisource.solvers.shards.solve import agreed, shards_for

TRIES: Final = 5
"""Times that a shard is made again for one call before the night is given up."""
Tables = Mapping[str, Any]
"""A world, or what of it, as plain columns: tables cannot be sent, their columns can."""


@dataclass(frozen=True)
class Engine:
    """Where a night is allocated, and in how many shards."""

    name: str = "local"  # or "ray"
    shards: int | None = None  # by the number of orders
    address: str | None = None  # of a Ray cluster that runs; None starts one on this machine


def allocate_in_shards(
    world: World, engine: Engine, *, limits: Limits | None = None, now: datetime | None = None
) -> Plan:
    """Allocate all open orders in shards that live in this process or on a Ray cluster.

    Args:
        world: the network, the stock and the open orders.
        engine: where, and in how many shards.
        limits: when to stop; by default at a gap of 0.1 %.
        now: replaces the scenario's clock.

    Returns:
        The plan as `allocate` returns it.

    Raises:
        UnusableInput: Ray is not installed, no cluster answers, or it loses its machines faster
            than shards can be made again.
        BrokenPlan: a shard broke a rule: a fault of ours.
    """
    limits, world = limits or Limits(), at(world, now)
    tell(limits, "compile")
    began = perf_counter()
    nobody = np.zeros(0, np.int64)
    problem, legend = compile_world(_with_orders(world, nobody, nobody), limits.threads)
    common, parts = cut_world(world, engine.shards or shards_for(world.orders.rows))
    with _opened(engine, common, parts, limits.threads) as shards:
        counts = sum((each.verdicts for each in shards.call("about")), legend.counts)
        night = Night(
            world, problem, replace(legend, counts=counts), {"compile": perf_counter() - began}
        )
        tell(limits, "solve")
        began = perf_counter()
        found = agreed(shards, capacity(problem), limits)
        decided: list[Shipped] = shards.call("decided")
        lost = getattr(shards, "lost", 0)
    answer = Answer(
        Decisions(nobody, nobody.astype(np.int32), np.zeros(1, np.int64), nobody, nobody),
        found.status, found.bound, found.prices(problem), found.passes, found.seconds,
        found.notes | {"engine": engine.name, "shards_made_again": lost},
    )  # fmt: skip
    solved = perf_counter() - began
    return certified(night, answer, _joined(decided), solver="sharded", limits=limits, solve=solved)


def cut_world(world: World, shards: int) -> tuple[Tables, list[Tables]]:
    """Return what all shards know, and what each one knows besides: its orders and lines."""
    first = np.searchsorted(world.lines["order"], np.arange(world.orders.rows + 1)).astype(np.int64)
    held = cells(world)
    stock = np.zeros(world.products.rows, np.int64)
    np.add.at(stock, held.sku, held.units)
    turn = by_scarcest(
        first, world.lines["sku"].astype(np.int64), world.lines["units"].astype(np.int64), stock
    )
    common: Tables = {
        name: dict(table) if isinstance(table, Table) else table
        for name, table in vars(world).items()
        if name not in ("orders", "lines", "deliveries", "now")
    }
    parts: list[Tables] = []
    for begin, end in ranges(world.orders.rows, shards):
        own = np.sort(turn[begin:end])
        _, rows = runs(first, own)
        part = _with_orders(world, own, rows)
        tables = {name: dict(getattr(part, name)) for name in ("orders", "lines", "deliveries")}
        parts.append(tables | {"order_rows": own, "line_rows": rows})
    return common, parts


def opened(common: Tables, part: Tables) -> Shard:
    """Compile one shard from what it knows."""
    tables = {**common, **{name: part[name] for name in ("orders", "lines", "deliveries")}}
    columns: Any = {n: Table(t) if isinstance(t, dict) else t for n, t in tables.items()}
    world = World(**columns)
    problem, legend = compile_world(world, threads=1)

    def translate(own: Decisions) -> Shipped:
        sent = shipped(world, problem, legend, own)
        return replace(
            sent, order=part["order_rows"][sent.order], line=part["line_rows"][sent.line]
        )

    return Shard(problem, translate, verdicts=legend.counts)


class Keeper:
    """A shard as an actor: it answers to one name, whatever it is asked."""

    def __init__(self, common: Tables, part: Tables) -> None:
        """Compile the shard."""
        self.shard = opened(common, part)

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the shard."""
        return getattr(self.shard, method)(*arguments)


@dataclass(eq=False)
class OnRay:
    """Shards as actors of a Ray cluster, spread over its machines."""

    make: Callable[[int], Any]  # a new actor for that shard
    actors: list[Any]
    history: list[list[tuple[str, tuple[Any, ...], Served]]] = field(default_factory=list)
    lost: int = 0  # how often a shard was made again

    def call(self, method: str, arguments: Sequence[tuple[Any, ...]] | None = None) -> list[Any]:
        """Call a method of every shard at once, and of those that are lost again."""
        given = self._sent(arguments or [()] * len(self.actors))
        with ThreadPoolExecutor(len(self.actors)) as pool:
            return list(pool.map(lambda i: self._ask(i, method, given[i]), range(len(given))))

    def _sent(self, arguments: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Put what all shards are given into the cluster once, and name it to each."""
        import ray

        kept: dict[int, Any] = {}
        shared = {id(a) for a in arguments[0]} if len(arguments) > 1 else set()
        for own in arguments[1:]:
            shared &= {id(a) for a in own}
        for a in arguments[0]:
            if id(a) in shared and isinstance(a, tuple):
                kept[id(a)] = ray.put(a)
        return [tuple(kept.get(id(a), a) for a in own) for own in arguments]

    def _ask(self, shard: int, method: str, arguments: tuple[Any, ...]) -> Any:
        import ray
        from ray.exceptions import ObjectLostError, RayActorError

        lost: Exception | None = None
        for attempt in range(TRIES):
            try:
                if attempt:
                    self._make_again(shard)
                answer = ray.get(self.actors[shard].call.remote(method, *arguments))
            except (ObjectLostError, RayActorError) as error:
                lost = error
                continue
            if method in CHANGING:
                self.history[shard].append((method, arguments, answer))
            return answer
        raise UnusableInput(f"Ray lost shard {shard} {TRIES} times, last by: {lost}") from lost

    def _make_again(self, shard: int) -> None:
        """Make a lost shard again, with the plans that it had."""
        import ray

        self.lost += 1
        ray.kill(self.actors[shard])  # it may be alive, and only out of reach
        actor = self.actors[shard] = self.make(shard)
        past = self.history[shard]
        again = [actor.call.remote(method, *arguments) for method, arguments, _ in past]
        if not past or _same(ray.get(again[-1]), past[-1][2]):
            return
        _, (_, *limits), _ = past[0]
        arguments = (past[-1][2].used, *limits)
        answer = ray.get(actor.call.remote("served", *arguments))
        self.history[shard] = [("served", arguments, answer)]


def _same(one: Served, other: Served) -> bool:
    return one.cost == other.cost and all(
        np.array_equal(a, b) for a, b in zip(one.used, other.used, strict=True)
    )


@contextmanager
def _opened(
    engine: Engine, common: Tables, parts: Sequence[Tables], threads: int
) -> Iterator[Executor]:
    """Give the shards' executor; a cluster that was started for it ends with it."""
    if engine.name == "ray":
        with connected(engine.address):
            yield _on_ray(common, parts)
        return
    shards: list[Any] = [None] * len(parts)

    def work(i: int) -> None:
        shards[i] = opened(common, parts[i])

    in_threads(work, len(parts), threads)
    yield Local(shards, threads)


def _on_ray(common: Tables, parts: Sequence[Tables]) -> OnRay:
    import ray

    actor: Any = ray.remote(scheduling_strategy="SPREAD")(Keeper)
    known, own = ray.put(common), [ray.put(part) for part in parts]

    def make(shard: int) -> Any:
        return actor.remote(known, own[shard])

    return OnRay(make, [make(i) for i in range(len(own))], [[] for _ in own])


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start one for this machine alone.

    Raises:
        UnusableInput: Ray is not installed, or nobody answers at the address.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        text = "--engine ray needs Ray: pip install 'omnisource[ray]'"
        raise UnusableInput(text) from error
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address is None:
        options |= {"include_dashboard": False}
    elif address.startswith("127."):  # a node on loopback does not find itself otherwise
        options |= {"address": address, "_node_ip_address": address.partition(":")[0]}
    else:
        options |= {"address": address}
    try:
        ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UnusableInput(f"no Ray cluster can be reached at {address}: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _with_orders(world: World, orders: Ints, lines: Column) -> World:
    """Return the world with those orders alone; `lines` are their rows, in their order."""
    place = np.full(world.orders.rows, -1, np.int32)
    place[orders] = np.arange(len(orders), dtype=np.int32)
    own = world.lines.take(lines)
    delivered = world.deliveries.take(np.zeros(0, np.int64))
    return world.replace(
        orders=world.orders.take(orders),
        lines=own.replace(order=place[own["order"]]),
        deliveries=delivered,
    )


def _joined(parts: Sequence[Shipped]) -> Shipped:
    """Return what all shards ship, in the order of the orders."""
    order = np.concatenate([each.order for each in parts])
    start = joined_starts([each.start for each in parts])
    turn = np.argsort(order, kind="stable")
    new, rows = runs(start, turn)
    columns = {
        name: np.concatenate([getattr(each, name) for each in parts])[picked]
        for name, picked in (("node", turn), ("service", turn), ("line", rows), ("units", rows))
    }
    return Shipped(order=order[turn], start=new, **columns)
