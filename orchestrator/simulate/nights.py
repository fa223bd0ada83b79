"""Orders that wait are decided together: each night, or every few minutes.

What was held for them at the click is given back, the joint solver decides all of them on what is
then free (orchestrator/rolling.py), and what it decides is held again, or released to the nodes:

    nightly   all are released. An order is promised as if its nodes were asked in the night after
              it: what waits until then cannot leave before.
    rolling   those are released whose latest safe release comes before the next run (solvers/hold),
              the others may be moved again, if that saves `move_cents`. Who could not wait until
              the next run is released at the click.

Orders for the counter, and over lanes, are released at the click as they were reserved. What a run
leaves short is sourced again at once (resource.py).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from omnisource.models.world import ABSENT, ORDER_MODES, Table
from omnisource.orchestrator.rolling import (
    OpenWorld,
    decided,
    parcel_of,
    shipped_of,
    together,
)
from omnisource.orchestrator.simulate.held import Held
from omnisource.orchestrator.simulate.resource import resourced
from omnisource.orchestrator.simulate.scene import Missing, Scene, was_cut
from omnisource.solvers.compile.available import cells
from omnisource.solvers.hold import hold_rule, waits_until
from omnisource.solvers.joint.stay import Given
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import Ints
from omnisource.solvers.quote.hold import holds
from omnisource.solvers.shards.cut import runs

Plans = dict[int, list[Held]]
"""What orders are given."""


def may_wait(scene: Scene, parcels: Iterable[Held]) -> bool:
    """Say whether an order's shipments may be decided later: all go straight to the door."""
    world = scene.carts.world
    return all(
        held.service >= 0
        and held.path < 0
        and ORDER_MODES[world.orders["mode"][held.order]] == "delivery"
        for held in parcels
    )


def keeps_until(scene: Scene, parcels: Iterable[Held], until: int) -> bool:
    """Say whether an order that is released at a minute still keeps its promise."""
    for held in parcels:
        channel = str(scene.carts.world.orders["channel"][held.order])
        wait = until - held.asked + hold_rule(scene.carts.world.policy, channel).margin_minutes
        promised = int(scene.ledger.promised[held.order])
        way = (held.node, held.service, held.rule, promised)
        if holds(scene.books.desk, held.asked, way, wait) < held.asked + wait:
            return False
    return True


def decide_all(scene: Scene, at: int) -> None:
    """Decide all that waits, and release all of it."""
    if scene.pool:
        plans, missing = _run(scene, at, Given.nothing())[:2]
        for parcels in plans.values():
            scene.told += parcels
        _sourced(scene, missing, at)


def decide_open(scene: Scene, at: int, every: int) -> None:
    """Decide all that waits, and release what cannot wait for the next run."""
    if not scene.pool:
        return
    known = {
        o: {(h.node, line) for h in p for line, _, _ in h.lines} for o, p in scene.pool.items()
    }
    plans, missing, release_by = _run(scene, at, _given(scene))
    stuck = {each.order for each in missing}
    for order, parcels in plans.items():
        moved = {(h.node, line) for h in parcels for line, _, _ in h.lines} - known[order]
        scene.ledger.count("moved_orders", order, int(bool(moved)))
        if order in stuck or release_by[order] < at + every:
            scene.told += parcels
        else:
            scene.pool[order] = parcels
    _sourced(scene, missing, at)


def _sourced(scene: Scene, missing: Iterable[Missing], at: int) -> None:
    for each in missing:
        found = resourced(scene, each, at)
        scene.ledger.count("resourced", each.order, len(found))
        scene.told += found


def _run(scene: Scene, at: int, given: Given) -> tuple[Plans, list[Missing], dict[int, int]]:
    """Decide all that waits: what is held for it now, what is short, and until when it can wait."""
    books = scene.books
    books.ask_at(at)
    for parcels in scene.pool.values():
        for held in parcels:
            books.give_back(held)
    open_ = _open_world(scene, at)
    scene.pool = {}
    plan, _ = decided(open_.world, given, scene.limits, scene.plan)
    scene.cut += was_cut(plan)
    scene.plan = plan if plan.prices is not None else scene.plan
    shipped, parcel = shipped_of(plan), parcel_of(plan)
    seen = Parcels(open_.world, shipped)
    by = together(waits_until(seen), shipped.order, parcel)
    found: Plans = {}
    for held in _shipments(scene, open_, seen, plan.shipments):
        found.setdefault(held.order, []).append(held)
    for parcels in found.values():
        assert books.hold(parcels, surely=True), "a plan draws on what is free"
    release = dict(zip(open_.order.tolist(), by.tolist(), strict=True))
    return found, _missing(open_, plan.shortages), release


def _given(scene: Scene) -> Given:
    """Return what orders are held, in the rows of the open world."""
    orders = np.array(sorted(scene.pool), np.int64)
    first, _ = runs(scene.carts.start, orders)
    rows = [
        (first[i] + line - scene.carts.start[order], held.node, units)
        for i, order in enumerate(orders.tolist())
        for held in scene.pool[order]
        for line, _, units in held.lines
    ]
    return Given(*np.array(rows, np.int64).reshape(-1, 3).T)


def _open_world(scene: Scene, at: int) -> OpenWorld:
    """Return the world of what waits, on what is free."""
    books, world = scene.books, scene.carts.world
    orders = np.array(sorted(scene.pool), np.int64)
    first, lines = runs(scene.carts.start, orders)
    owner = np.repeat(np.arange(len(orders), dtype=np.int32), np.diff(first))
    now = datetime.fromtimestamp(at * 60, UTC).astimezone(world.scenario.now.tzinfo)
    small = books.world.replace(
        scenario=world.scenario.model_copy(update={"now": now}),
        nodes=_with_room(scene, at),
        stock=books.world.stock.replace(on_hand=books.on_hand - books.reserved),
        orders=world.orders.take(orders).replace(promised_by=scene.ledger.promised[orders]),
        lines=world.lines.take(lines).replace(order=owner),
    )
    return OpenWorld(small, orders, lines)


def _with_room(scene: Scene, at: int) -> Table:
    """Return nodes with what is left of the day on which they would send."""
    nodes, columns = scene.books.world.nodes, {}
    if scene.books.desk.left is None:
        return nodes
    for name, left in zip(
        ("orders_per_day", "units_per_day"), scene.books.desk.room_at(at), strict=True
    ):
        columns[name] = np.where(nodes[name] == ABSENT, ABSENT, np.maximum(left, 0))
    return nodes.replace(**columns)


def _shipments(scene: Scene, open_: OpenWorld, seen: Parcels, table: Table) -> Iterable[Held]:
    """Yield what a plan decided, in the stream's rows."""
    shipped, books, at = seen.shipped, scene.books, open_.world.now
    line = open_.line[shipped.line]
    cell = cells(open_.world).find(
        shipped.node[seen.parcel].astype(np.int32), open_.world.lines["sku"][shipped.line]
    )
    inside = list(zip(line.tolist(), cell.tolist(), shipped.units.tolist(), strict=True))
    start, order = shipped.start.tolist(), open_.order[shipped.order].tolist()
    columns = [
        column.tolist()
        for column in (shipped.node, shipped.service, np.asarray(seen.rule, np.int64),
                       table["arrives"], table["cost_cents"])
    ]  # fmt: skip
    for s, (node, service, rule, due, cents) in enumerate(zip(*columns, strict=True)):
        day = books.day_of(node, service, due) if books.limited[node] else -1
        lines = tuple(inside[start[s] : start[s + 1]])
        yield Held(order[s], node, service, rule, -1, at, day, due, cents, lines)


def _missing(open_: OpenWorld, shortages: Table) -> list[Missing]:
    """Return what a plan leaves short, order by order."""
    found: dict[int, list[tuple[int, int]]] = {}
    rows: Ints = shortages["line"]
    for order, line, units in zip(
        open_.order[shortages["order"]].tolist(), open_.line[rows].tolist(),
        shortages["units"].tolist(), strict=True,
    ):  # fmt: skip
        found.setdefault(order, []).append((line, units))
    return [Missing(order, tuple(lines)) for order, lines in found.items()]
