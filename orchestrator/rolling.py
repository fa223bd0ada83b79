"""Rolling allocation: what is open is decided together again and again, until it must go.

Every few minutes a run looks at all orders that are placed and not released:

    (1)  all of them are decided together, by the joint solver; to send units from another node
         than was chosen before costs the policy's `move_cents` (solvers/joint/stay.py)
    (2)  an order whose latest safe release (solvers/hold.py) comes before the next run is
         released: its parcels go to their nodes, and nothing moves them again
    (3)  who shares a parcel is released together
    (4)  an order without a promise is promised, once and for all, the day when all of it arrives
         as it was first decided; so waiting makes nothing later

Orders of more lines than a menu holds stay where they are once they were given all their units, as
if they were released: the joint solver has no exact plan of theirs to compare with.

All is said in the rows of one world, that of everything ever ordered; what a run decides is a world
of its own, `open_world`, of what is left.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final

import numpy as np
import polars as pl

from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, Table, World
from omnisource.orchestrator.allocate import Night, certified, prepare
from omnisource.orchestrator.few import like
from omnisource.orchestrator.lab.rows import stacked
from omnisource.orchestrator.sharing import groups_of
from omnisource.solvers.compile.available import cells
from omnisource.solvers.compile.legend import Shipped, shipped
from omnisource.solvers.compile.menus import too_many_cuts
from omnisource.solvers.consolidate import apart
from omnisource.solvers.hold import waits_until
from omnisource.solvers.joint.stay import Given, settled, stay
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import UNLIMITED, Flags, Ints, Limits

MOVE_CENTS: Final = 100
"""What a move must save where the policy does not say."""
NO_SHORTLIST: Final = ("joint", "stay")
"""Whom a night is compiled for: all that could serve it is kept, as what is settled must be."""


@dataclass(frozen=True, eq=False)
class Standing:
    """How things stand between two runs, in the world's rows."""

    left: Ints  # (L,) units of each line that are not released
    drawn: Ints  # (stock,) units released from each cell, of the world as it is `shelved`
    promised: Ints  # (K,) minutes, `ABSENT` where nothing is promised yet
    given: Given  # what open orders were given by the last run
    busy: Ints  # (2, N) shipments and units released from each node
    day: str = ""  # on that day

    @staticmethod
    def of(world: World) -> "Standing":
        """Return how things stand before the first run."""
        return Standing(
            left=world.lines["units"].astype(np.int64),
            drawn=np.zeros(shelved(world).stock.rows, np.int64),
            promised=world.orders["promised_by"].astype(np.int64),
            given=Given.nothing(),
            busy=np.zeros((2, world.nodes.rows), np.int64),
        )


@dataclass(frozen=True, eq=False)
class OpenWorld:
    """What is open at a moment, and which rows of the whole it is."""

    world: World
    order: Ints  # (K′,) row in the whole
    line: Ints  # (L′,)


@dataclass(frozen=True, eq=False)
class Rolled:
    """What a run has decided."""

    open: OpenWorld
    plan: Plan  # of what is open, in the rows of `open.world`
    parcel: Ints  # (S,) which shipments travel together
    release_by: Ints  # (K′,) minutes, `UNLIMITED` where nothing is to be released
    released: Flags  # (K′,)
    moved: Flags  # (K′,) units of it now come from another node than before
    standing: Standing  # from now on; until the run has ended: before it


def roll(
    world: World, standing: Standing, now: datetime, every: timedelta, *,
    limits: Limits | None = None, prices: Plan | pl.DataFrame | None = None,
) -> Rolled:  # fmt: skip
    """Decide what is open at a moment, and release what cannot wait for the next run.

    Args:
        world: all that was ordered, on its own stock.
        standing: how the run before left things.
        now: the moment.
        every: how long until the next run.
        limits: when to stop.
        prices: to begin with, the last run's.
    """
    world = shelved(world)
    open_ = open_world(world, standing, now)
    plan, moved = decided(open_.world, _in_open(open_, standing.given), limits, prices)
    sent, parcel = shipped_of(plan), parcel_of(plan)
    release_by = together(waits_until(Parcels(open_.world, sent)), sent.order, parcel)
    last = open_.world.now + int(every.total_seconds()) // 60
    some = np.bincount(sent.order, minlength=len(open_.order)) > 0
    return ended(
        world,
        Rolled(
            open=open_,
            plan=plan,
            parcel=parcel,
            release_by=np.where(some, release_by, UNLIMITED),
            released=some & (release_by < last) | _stuck(open_.world, plan),
            moved=moved,
            standing=standing,
        ),
    )


def shelved(world: World) -> World:
    """Return the world with a stock cell, if an empty one, wherever goods are due.

    So every unit that is released is drawn from a row of `stock`, and no receipt is given twice.
    """
    stock, skus = world.stock, world.products.rows
    known, due = (t["node"].astype(np.int64) * skus + t["sku"] for t in (stock, world.receipts))
    new = np.setdiff1d(due, known)
    if not len(new):
        return world
    node, sku = np.divmod(new, skus)
    nothing = [ABSENT] * len(new)
    more = like(stock, {"node": node, "sku": sku, "safety": nothing, "counted_at": nothing,
                        "accuracy": np.ones(len(new))})  # fmt: skip
    return world.replace(stock=stacked(stock, more))


def open_world(world: World, standing: Standing, now: datetime) -> OpenWorld:
    """Return the world of what is placed by a moment and not released, on what is left."""
    minute = int(now.astimezone(UTC).timestamp()) // 60
    lines, orders = world.lines, world.orders
    placed = orders["placed_at"] <= minute
    line = np.flatnonzero((standing.left > 0) & placed[lines["order"]])
    order, row = np.unique(lines["order"][line], return_inverse=True)
    busy = standing.busy if standing.day == str(now.date()) else np.zeros_like(standing.busy)
    small = world.replace(
        scenario=world.scenario.model_copy(update={"now": now}),
        nodes=_with_room(world.nodes, busy),
        stock=world.stock.replace(on_hand=world.stock["on_hand"] - standing.drawn),
        orders=orders.take(order).replace(promised_by=standing.promised[order]),
        lines=lines.take(line).replace(
            order=row.reshape(-1).astype(np.int32), units=standing.left[line]
        ),
    )
    return OpenWorld(small, order.astype(np.int64), line)


def _with_room(nodes: Table, busy: Ints) -> Table:
    """Return nodes with what is left of their day."""
    columns = {}
    for name, used in zip(("orders_per_day", "units_per_day"), busy, strict=True):
        limit = nodes[name]
        columns[name] = np.where(limit == ABSENT, limit, np.maximum(limit - used, 0))
    return nodes.replace(**columns)


def _in_open(open_: OpenWorld, given: Given) -> Given:
    """Return what was given in the rows of what is open."""
    at = np.searchsorted(open_.line, given.line)
    at = np.minimum(at, max(len(open_.line) - 1, 0))
    there = open_.line[at] == given.line if len(open_.line) else np.zeros(len(at), bool)
    return Given(at[there], given.node[there], given.units[there])


def decided(
    world: World, given: Given, limits: Limits | None, prices: Plan | pl.DataFrame | None
) -> tuple[Plan, Flags]:
    """Decide what is open together, (1); return also whose units move, (K,)."""
    limits, groups = limits or Limits(), groups_of(world)
    if groups is not None:
        back = np.empty(world.lines.rows, np.int64)
        back[groups.line] = np.arange(world.lines.rows)
        given = given._replace(line=back[given.line])
    night = prepare(world if groups is None else groups.world, limits, *NO_SHORTLIST, prices=prices)
    plan = _stayed(night, given, limits)
    if groups is not None:
        given = given._replace(line=groups.line[given.line])
        plan = apart(world, groups, plan)
    return plan, moved_orders(world, plan, given)


def _stayed(night: Night, given: Given, limits: Limits) -> Plan:
    limits, began = replace(limits, start=night.start or limits.start), perf_counter()
    before = settled(night.problem, night.legend, given)
    cents = night.world.policy.move_cents
    answer = stay(night.problem, limits, before, MOVE_CENTS if cents is None else cents)
    solve = perf_counter() - began
    chosen = shipped(night.world, night.problem, night.legend, answer.decisions)
    return certified(night, answer, chosen, solver="joint", limits=limits, solve=solve)


def moved_orders(world: World, plan: Plan, given: Given) -> Flags:
    """Say, (K,), of which orders a line that had units has some from another node now."""
    held, nodes = plan.allocations, world.nodes.rows
    before = np.unique(given.line * nodes + given.node)
    new = ~np.isin(held["line"].astype(np.int64) * nodes + held["node"], before)
    had = np.isin(held["line"], given.line)
    return np.bincount(held["order"], new & had, world.orders.rows) > 0


def shipped_of(plan: Plan) -> Shipped:
    """Return what a plan decided."""
    table, held = plan.shipments, plan.allocations
    columns = {name: table[name].astype(np.int64) for name in ("order", "node", "service")}
    start = np.searchsorted(held["shipment"], np.arange(table.rows + 1)).astype(np.int64)
    content = {name: held[name].astype(np.int64) for name in ("line", "units")}
    return Shipped(**columns, start=start, **content)


def parcel_of(plan: Plan) -> Ints:
    """Return, (S,), which shipments of a plan travel together."""
    return np.asarray(plan.shipments.get("parcel", np.arange(plan.shipments.rows)), np.int64)


def together(release_by: Ints, order: Ints, parcel: Ints) -> Ints:
    """Return, (K,), the earliest release of all whom an order shares a parcel with, (3)."""
    known = release_by.copy()
    while True:
        first = np.full(int(parcel.max(initial=-1)) + 1, UNLIMITED)
        np.minimum.at(first, parcel, known[order])
        sooner = known.copy()
        np.minimum.at(sooner, order, first[parcel])
        if np.array_equal(sooner, known):
            return known
        known = sooner


def ended(world: World, rolled: Rolled) -> Rolled:
    """Return a run with how it leaves things in place of how it found them."""
    before = rolled.standing
    open_, table, held = rolled.open, rolled.plan.shipments, rolled.plan.allocations
    gone, large = rolled.released, _large(open_.world)
    out = gone[held["order"]]
    line, units = open_.line[held["line"]], held["units"].astype(np.int64)
    left, drawn = before.left.copy(), before.drawn.copy()
    np.subtract.at(left, line[out], units[out])
    cell = cells(world).find(held["node"], held["sku"])
    np.add.at(drawn, cell[out], units[out])
    day = str(open_.world.scenario.now.date())
    busy = before.busy.copy() if before.day == day else np.zeros_like(before.busy)
    sent = np.flatnonzero(gone[table["order"]])
    _, first = np.unique(rolled.parcel[sent], return_index=True)
    np.add.at(busy[0], table["node"][sent[first]], 1)
    np.add.at(busy[1], table["node"][sent], table["units"][sent])
    node, kept = held["node"].astype(np.int64), ~out & ~large[held["order"]]
    standing = Standing(
        left=left,
        drawn=drawn,
        promised=_promised(before.promised, rolled),
        given=Given(line[kept], node[kept], units[kept]),
        day=day,
        busy=busy,
    )
    return replace(rolled, standing=standing)


def _stuck(world: World, plan: Plan) -> Flags:
    """Say, (K,), which orders of more lines than a menu holds were given all their units."""
    short = np.isin(np.arange(world.orders.rows), plan.shortages["order"])
    return _large(world) & ~short


def _large(world: World) -> Flags:
    start = np.searchsorted(world.lines["order"], np.arange(world.orders.rows + 1))
    return too_many_cuts(start, world.lines["units"].astype(np.int64))


def _promised(known: Ints, rolled: Rolled) -> Ints:
    """Return, (K,), the dates promised, those that are told for the first time put in, (4)."""
    open_, table = rolled.open, rolled.plan.shipments
    last = np.full(len(open_.order), ABSENT)
    np.maximum.at(last, table["order"], table["arrives"])
    last[rolled.plan.shortages["order"]] = ABSENT  # not yet all
    new = np.flatnonzero((known[open_.order] == ABSENT) & (last != ABSENT))
    promised = known.copy()
    promised[open_.order[new]] = last[new]
    return promised
