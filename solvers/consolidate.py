"""Orders of one customer and address, joined: what they share travels as one.

Indices: o an order, 0 … K−1; J a group of orders; l a line, of the order o(l); s a parcel (c, x).

A group J is asked for as one order whose lines are those of all its orders. With plans(J) the
multisets of parcels that serve the group's lines, and plans(o) those that serve o's alone,

    (1)  plans(o₁) × … × plans(o_m)  ⊆  plans(J)    since a parcel may hold lines of one order only

so the oracle, the master and the neighbourhoods weigh going together against going apart within
one choice, and nothing else has to be told of groups: a bound of the night in which J is one order
is one for every plan in which orders of a group share parcels or do not. For (1) to hold, nothing
that concerns one order may be lost when it is joined:

    (2)  each line keeps its own date: a parcel arrives by  d(s) = min { d_o(l) : x_l > 0 }
    (3)  a group has one destination, one mode, and the same fences and penalties on all its lines
    (4)  no two of its orders ask for one SKU by different dates, or hold it at different nodes, as
         units of a cell are drawn by one line of an order only
    (5)  orders that must come complete, or whose shipments are limited below their units, stay
         alone; so does whoever would make the group too large for a menu
    (6)  where lateness has a price, a group has one date

Dates of (2) are bits beside the fences: with D₁ < … < D_m the dates of a group, a line promised by
D_i < D_m carries bit 63 − i, and so does every way that arrives after D_i. What arrives after D_m
is no way of the group at all.

A parcel that several orders share is billed once; each order bears as much of every term as its
goods weigh, to the cent (`apart`). What more sharing there could be than the groups allow, (4) to
(6), the bound does not speak of.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from omnisource.models.plan import SHIPMENT_TERMS, Plan
from omnisource.models.policy import Policy
from omnisource.models.world import ABSENT, ORDER_MODES, Table, World
from omnisource.solvers.compile.legend import Legend, Shipped
from omnisource.solvers.compile.risk import held_at
from omnisource.solvers.compile.world import with_menus
from omnisource.solvers.problem import MENU_LIMIT, UNLIMITED, Ints, Problem
from omnisource.solvers.proration import shared

DATES: Final = 4
"""Dates that a group may have; each but the last takes a bit."""
FIRST_BIT: Final = 63
ADDRESS: Final = ("country", "postcode", "lat", "lon")


@dataclass(frozen=True, eq=False)
class Joined:
    """A world in which groups are orders, and what its rows stand for."""

    world: World  # its lines have the column `promised_by`, minutes, `UNLIMITED` for none
    order: Ints  # (K,) row of the joined world's orders for each order
    line: Ints  # (L,) row of the world's lines for each of the joined world's

    @property
    def orders(self) -> int:
        """How many orders are in a group with others."""
        size = np.bincount(self.order)
        return int(size[size > 1].sum())


@dataclass
class _Group:
    orders: list[int] = field(default_factory=list)
    units: dict[int, int] = field(default_factory=dict)  # by SKU
    kind: dict[int, tuple[int, int]] = field(default_factory=dict)  # date and node, by SKU


def joined(world: World, *, dates: int = DATES) -> Joined | None:
    """Join the orders that may share shipments; None where there are none.

    Args:
        world: the night.
        dates: that a group may have; 1 where lateness has a price, (6).
    """
    spare = 64 - len(world.policy.fences) - world.services.rows
    dates = 1 if world.policy.late_cents is not None else max(1, min(dates, 1 + spare))
    groups = [group.orders for group in _groups(world, dates) if len(group.orders) > 1]
    if not groups:
        return None
    head = np.arange(world.orders.rows)
    for orders in groups:
        head[orders] = min(orders)
    kept, order = np.unique(head, return_inverse=True)
    order = order.reshape(-1).astype(np.int64)
    line = np.argsort(order[world.lines["order"]], kind="stable")
    return Joined(_joined(world, kept, order, line), order, line)


def _joined(world: World, kept: Ints, order: Ints, line: Ints) -> World:
    """Return the world of groups; the head of a group stands for it."""
    promised = world.orders["promised_by"]
    date = np.where(promised == ABSENT, UNLIMITED, promised)
    last, first = np.zeros(len(kept), np.int64), np.full(len(kept), UNLIMITED)
    np.maximum.at(last, order, date)
    np.minimum.at(first, order, world.orders["placed_at"])
    units = np.bincount(order[world.lines["order"]], world.lines["units"], len(kept))
    limit, alone = world.orders["max_shipments"][kept], np.bincount(order) == 1
    orders = world.orders.take(kept).replace(
        promised_by=np.where(last == UNLIMITED, ABSENT, last),
        placed_at=first,
        max_shipments=np.where(alone, limit, units.astype(np.int64)),
    )
    lines = world.lines.take(line)
    own = date[lines["order"]]
    lines = lines.replace(order=order[lines["order"]].astype(np.int32), promised_by=own)
    return world.replace(orders=orders, lines=lines)


def _groups(world: World, dates: int) -> Iterator[_Group]:
    """Yield groups of orders, the earliest first, each as large as (2) to (6) allow."""
    lines, promised, at = world.lines, world.orders["promised_by"], held_at(world)
    begin = np.searchsorted(lines["order"], np.arange(world.orders.rows + 1))
    open_: dict[Any, list[_Group]] = {}
    for order in _sociable(world):
        asked: dict[int, int] = {}
        kind: dict[int, tuple[int, int]] = {}
        date = UNLIMITED if promised[order] == ABSENT else int(promised[order])
        for row in range(begin[order], begin[order + 1]):
            sku = int(lines["sku"][row])
            asked[sku] = asked.get(sku, 0) + int(lines["units"][row])
            kind[sku] = date, int(at[row])
        mine = open_.setdefault(_key(world, order), [])
        fits = (group for group in mine if _fits(group, asked, kind, dates))
        group = next(fits, None)
        if group is None:
            group = _Group()
            mine.append(group)
        group.orders.append(order)
        group.kind |= kind
        group.units = {s: group.units.get(s, 0) + asked.get(s, 0) for s in group.units | asked}
    for some in open_.values():
        yield from some


def _sociable(world: World) -> list[int]:
    """Return the orders that could be in a group, as they were placed, (5)."""
    orders, lines = world.orders, world.lines
    names, customer, count = np.unique(
        orders["customer"].astype(str), return_inverse=True, return_counts=True
    )
    units = np.bincount(lines["order"], lines["units"], orders.rows)
    limit = orders["max_shipments"]
    general = world.policy.max_shipments or UNLIMITED
    free = np.where(limit == ABSENT, general, limit) >= units
    some = (count[customer] > 1) & (names[customer] != "") & free & ~orders["ship_complete"]
    rows = np.flatnonzero(some & (units > 0))
    return [int(row) for row in rows[np.argsort(orders["placed_at"][rows], kind="stable")]]


def _key(world: World, order: int) -> tuple[Any, ...]:
    """Return what orders of a group have in common, (3)."""
    orders, policy = world.orders, world.policy
    mode = int(orders["mode"][order])
    at_home = mode == ORDER_MODES.index("delivery")
    place = [orders[name][order] for name in ADDRESS] if at_home else [orders["pickup_node"][order]]
    place = ["" if each != each else each for each in place]  # NaN is not itself
    promised = orders["promised_by"][order] != ABSENT and policy.promised_factor != 1
    channel, tier = str(orders["channel"][order]), str(orders["tier"][order])
    by_channel = world.allotments.rows or any(rule.by == "channel" for rule in policy.fairness)
    rules = [*_named(policy, channel, tier), promised, policy.tiers.get(tier, 1.0)]
    return (orders["customer"][order], mode, *place, *rules, channel if by_channel else "")


def _named(policy: Policy, channel: str, tier: str) -> list[bool]:
    """Say for each fence whether it names the channel and the tier."""
    return [
        (not rule.channels or channel in rule.channels) and (not rule.tiers or tier in rule.tiers)
        for rule in policy.fences
    ]


def _fits(
    group: _Group, asked: dict[int, int], kind: dict[int, tuple[int, int]], dates: int
) -> bool:
    """Say whether an order may join a group, (4) and (5)."""
    if any(group.kind.get(sku, each) != each for sku, each in kind.items()):
        return False
    if len({date for date, _ in [*group.kind.values(), *kind.values()]}) > dates:
        return False
    cuts = 1
    for sku in group.units | asked:
        units = group.units.get(sku, 0) + asked.get(sku, 0)
        cuts *= (units + 1) * (units + 2) // 2
    return cuts <= MENU_LIMIT


def dated(problem: Problem, legend: Legend, own: Ints, threads: int = 0) -> Problem:
    """Return a joined world's problem in which each line keeps its own date, (2).

    Args:
        problem: compiled from it, all that could serve it kept.
        legend: of the problem.
        own: (lines,) the dates of the joined world's lines, minutes.
        threads: how many to use.
    """
    date = own[legend.line_rows[legend.line_start[:-1]]]
    lines, ways = problem.line_fences.copy(), problem.ways.fences.copy()
    low, high = (np.full(problem.size, fill) for fill in (UNLIMITED, 0))
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    np.minimum.at(low, order, date)
    np.maximum.at(high, order, date)
    for o in np.flatnonzero(low < high).tolist():
        mine = slice(problem.order_line[o], problem.order_line[o + 1])
        span = problem.ways.start[problem.order_candidate[o : o + 2]]
        at = slice(span[0], span[1])
        for i, earlier in enumerate(np.unique(date[mine])[:-1]):
            bit = np.uint64(1) << np.uint64(FIRST_BIT - i)
            lines[mine] |= np.where(date[mine] == earlier, bit, np.uint64(0))
            ways[at] |= np.where(problem.ways.arrives[at] > earlier, bit, np.uint64(0))
    changed = problem._replace(line_fences=lines, ways=problem.ways._replace(fences=ways))
    return with_menus(changed, threads)


def apart(world: World, groups: Joined, plan: Plan) -> Plan:
    """Return the plan of a joined world as one of the world: a row for each order's share.

    Shipments have one column more, `parcel`: rows of the same number travel together.
    """
    held = plan.allocations
    line = groups.line[held["line"]]
    order = world.lines["order"][line].astype(np.int64)
    pairs, row = np.unique(
        np.stack([held["shipment"].astype(np.int64), order]), axis=1, return_inverse=True
    )
    row = row.reshape(-1)
    turn = np.lexsort((line, row))
    allocations = held.replace(
        shipment=row.astype(np.int32), order=order.astype(np.int32), line=line.astype(np.int32)
    )
    short = plan.shortages
    rows = groups.line[short["line"]]
    shortages = short.replace(
        line=rows.astype(np.int32), order=world.lines["order"][rows].astype(np.int32)
    )
    grams = world.products["grams"][held["sku"]] * held["units"]
    own = {name: np.zeros(pairs.shape[1], np.int64) for name in ("grams", "units")}
    np.add.at(own["grams"], row, grams)
    np.add.at(own["units"], row, held["units"])
    shipments = _shares(plan.shipments.take(pairs[0]), pairs, own)
    facts = {"orders": world.orders.rows, "lines": world.lines.rows,
             "notes": {**plan.facts.get("notes", {}), **_notes(groups, pairs[0])}}  # fmt: skip
    return replace(
        plan, shipments=shipments, allocations=allocations.take(turn), shortages=shortages,
        facts={**plan.facts, **facts},
    )  # fmt: skip


def _notes(groups: Joined, parcel: Ints) -> dict[str, int]:
    several = np.bincount(parcel) > 1
    return {"joined_orders": groups.orders, "shared_parcels": int(several.sum())}


def _shares(parcels: Table, pairs: Ints, own: dict[str, Ints]) -> Table:
    """Return each order's share of its parcels: pairs (2, S) of parcel and order."""
    names = ("billable_grams", *SHIPMENT_TERMS)
    columns = {name: parcels[name].copy() for name in names}
    count = np.bincount(pairs[0])
    first = np.cumsum(count) - count
    for begin, many in zip(first[count > 1], count[count > 1], strict=True):
        rows = slice(begin, begin + many)
        weights = [max(int(grams), 1) for grams in own["grams"][rows]]
        for name in names:
            columns[name][rows] = shared(int(parcels[name][begin]), weights)
    return parcels.replace(
        **columns, **own, order=pairs[1].astype(np.int32), parcel=pairs[0].astype(np.int64),
        cost_cents=np.sum([columns[name] for name in SHIPMENT_TERMS], axis=0),
    )  # fmt: skip


def together(world: World, groups: Joined, shipped: Shipped, parcel: Ints) -> Shipped:
    """Return decisions on a world as those on its joined world: what travels together is one.

    Args:
        world: the night.
        groups: its orders, joined.
        shipped: a row for each order's share.
        parcel: (S,) which rows travel together.
    """
    size = np.diff(shipped.start)
    numbers, first, of = np.unique(parcel, return_index=True, return_inverse=True)
    content = np.repeat(of.reshape(-1), size)
    back = np.empty(world.lines.rows, np.int64)
    back[groups.line] = np.arange(world.lines.rows)
    turn = np.argsort(content, kind="stable")
    count = np.bincount(content, minlength=len(numbers))
    return Shipped(
        order=groups.order[shipped.order[first]],
        node=shipped.node[first],
        service=shipped.service[first],
        start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        line=back[shipped.line[turn]],
        units=shipped.units[turn],
    )
