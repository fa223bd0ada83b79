"""From a world to a problem: enumerate, judge, price.

    1  cells       what may be sold from each (node, SKU)                 available.py
    2  lines       an order's lines, those of one SKU joined              lines.py
    3  candidates  who could send what, by which ways, why not            candidates.py
    4  menus       what contents cost from every candidate                look.py

Everything is columns; loops over orders run compiled, in blocks, on all cores. What does not
depend on the orders' candidates is the *scene*; from it any run of orders can be looked at again,
with everything that could serve them or with a shortlist.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from omnisource.models.policy import Policy
from omnisource.models.world import ABSENT, NODE_KINDS, Column, World
from omnisource.solvers.compile.available import NO_CHANNEL, Cells, cells, channels_of
from omnisource.solvers.compile.candidates import Inputs, Reach, fill_reach
from omnisource.solvers.compile.fences import Fences, fences
from omnisource.solvers.compile.grouping import grouped
from omnisource.solvers.compile.kits import Kits, kits
from omnisource.solvers.compile.legend import Legend
from omnisource.solvers.compile.lines import Joined, joined_lines
from omnisource.solvers.compile.look import Found, look
from omnisource.solvers.compile.menus import fill_menus, menu_sizes, too_many_cuts
from omnisource.solvers.compile.risk import held_at, move_cents, shipment_risk, unit_risk
from omnisource.solvers.compile.shortlist import Shortlist
from omnisource.solvers.compile.soft import late_penalty, shortage_penalty, soft_limits
from omnisource.solvers.problem import UNLIMITED, Ints, Prices, Problem, Ways, sealed
from omnisource.solvers.routes.direct import Network, network

BLOCK: Final = 2_000
"""Orders a thread takes at a time."""
RATINGS: Final = ("distance", "cost", "stock", "days")
"""What `Problem.weights` are for."""
REACH_LIMIT: Final = 8_000_000
"""Pairs of node and destination up to which distances and rules are worked out beforehand."""
EACH: Final = 4
COVER: Final = 1.0
WINDOW: Final = 250.0
"""What a shortlist keeps; see `solvers/compile/look.py`."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A world in columns, its candidates and menus not yet looked for."""

    world: World
    lines: Joined
    rules: Fences
    data: Inputs
    zone_of: Ints  # (T,) a number for each zone, by the first row of its tariff
    bare: Problem  # without candidates

    @property
    def size(self) -> int:
        """The number of orders."""
        return len(self.data.order_line) - 1


def compile_world(world: World, threads: int = 0) -> tuple[Problem, Legend]:
    """Return the night in numbers, with everything that could serve it, and what they stand for.

    Args:
        world: a validated scenario.
        threads: how many threads to use; 0 for as many as there are cores.

    Raises:
        UnusableInput: more than 64 fences and size limits.
    """
    return compile_scene(scene(world, threads), everything(world), threads)


def compile_scene(seen: Scene, keep: Shortlist, threads: int = 0) -> tuple[Problem, Legend]:
    """Return the problem of a scene with what is kept, and its legend."""
    found = look_at(seen, keep, blocks(seen.size) or [(0, 0)], threads)
    problem = assembled(seen, found, 0, seen.size)
    lines = seen.lines
    legend = Legend(
        line_start=lines.start,
        line_rows=lines.rows,
        line_sku=lines.sku.astype(np.int32),
        fences=seen.rules.names,
        refused_line=found.refused_line,
        refused_node=found.refused_node,
        refused_why=found.refused_why,
        counts=found.verdicts,
    )
    return problem, legend


def everything(world: World) -> Shortlist:
    """Return the shortlist that leaves nothing out."""
    none, nodes = np.zeros(0), np.zeros(world.nodes.rows)
    return Shortlist(0, 0.0, 0.0, np.zeros(0, np.int64), none, nodes, nodes, False)


def shortlist(seen: Scene, prices: Prices | None = None) -> Shortlist:
    """Return what a large night keeps of each content; at prices too, if there are any."""
    skus = len(seen.data.sku_start) - 1
    ordered = np.bincount(seen.lines.sku, seen.lines.units, minlength=skus).astype(np.int64)
    if prices is None:
        none = everything(seen.world)
        return none._replace(each=EACH, cover=COVER, window=WINDOW, ordered=ordered)
    return Shortlist(
        EACH, COVER, WINDOW, ordered, prices.cell, prices.node_order, prices.node_unit, True
    )


def blocks(size: int, block: int = BLOCK) -> list[tuple[int, int]]:
    """Cut 0 … size into ranges; the cut does not depend on the number of threads."""
    return [(begin, min(begin + block, size)) for begin in range(0, size, block)]


def in_threads(work: Callable[[int], None], pieces: int, threads: int) -> None:
    """Do `work(i)` for each piece; compiled work runs at the same time, as it drops the lock."""
    threads = threads or os.cpu_count() or 1
    if min(threads, pieces) < 2:
        for i in range(pieces):
            work(i)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, range(pieces)):
            pass


def scene(world: World, threads: int = 0) -> Scene:
    """Read a world into columns.

    Raises:
        UnusableInput: more than 64 fences and size limits.
    """
    stock, net = cells(world), network(world)
    rules, lines = fences(world, net.destinations.country), joined_lines(world)
    bundled = kits(world, lines)
    data = _inputs(world, stock, net, rules, lines=lines, bundled=bundled)
    data = data._replace(reach=_reach(data, threads))
    zone_of = np.zeros(len(net.tariffs.grams), np.int64)
    first = np.unique(np.append(net.rules.steps, 0))
    zone_of[first] = np.arange(len(first))
    bare = _bare(world, stock, net, data=data, bundled=bundled)
    return Scene(world, lines, rules, data, zone_of, bare)


def look_at(seen: Scene, keep: Shortlist, pieces: Sequence[tuple[int, int]], threads: int) -> Found:
    """Look at runs of orders that follow each other; return what was found, joined."""
    parts: list[Any] = [None] * len(pieces)

    def work(i: int) -> None:
        parts[i] = look(seen.data, keep, seen.zone_of, *pieces[i])

    in_threads(work, len(pieces), threads)
    *columns, counts = (list(column) for column in zip(*parts, strict=True))
    parts.clear()
    joined: list[Any] = []
    for column in columns:
        joined.append(np.concatenate(column))
        column.clear()
    return Found._make([*joined, np.sum(counts, axis=0)])


def _mm3(world: World) -> Column:
    products = world.products
    sides = (products[name].astype(np.float64) for name in ("length_mm", "width_mm", "height_mm"))
    length, width, height = sides
    return length * width * height


def _inputs(
    world: World, stock: Cells, net: Network, rules: Fences, *, lines: Joined, bundled: Kits
) -> Inputs:
    nodes, policy, to = world.nodes, world.policy, net.destinations
    sku_start, sku_cells = grouped(stock.sku, world.products.rows)
    ships = nodes["ships"] & (nodes["kind"] != NODE_KINDS.index("hub"))
    order = np.repeat(np.arange(world.orders.rows), np.diff(lines.order_line))
    asked = np.concatenate([[0], np.cumsum(lines.units)])[lines.order_line]
    limited = _max_shipments(world) < np.diff(asked)
    nowhere = Reach(
        np.full(world.orders.rows, -1), np.zeros((0, nodes.rows)),
        np.zeros((0, nodes.rows, world.services.rows), np.int32),
    )  # fmt: skip
    data = Inputs(
        lines.order_line, rules.order, to.lat, to.lon, to.place, to.pickup, to.only_there,
        to.promised_by, too_many_cuts(lines.order_line, lines.units), limited, lines.sku,
        lines.units, late_penalty(world)[order],
        np.where(bundled.parcel, bundled.first, -1), bundled.units, sku_start,
        sku_cells.astype(np.int64),
        stock.node, stock.units, stock.unit_cost + unit_risk(world, stock),
        world.products["grams"].astype(np.int64), _mm3(world),
        world.products["ships_alone"].astype(bool), rules.product,
        nodes["lat"].astype(np.float64), nodes["lon"].astype(np.float64), ships,
        nodes["pickup"].astype(bool), rules.node, nodes["cents_per_unit"].astype(np.int64),
        nodes["cents_per_shipment"].astype(np.int64) + shipment_risk(world),
        channels_of(world), only_channel(stock), held_at(world)[lines.rows[lines.start[:-1]]],
        move_cents(world), rules.service, rules.beyond_km,
        net.collected, net.arrivals.node, net.arrivals.rule, net.arrivals.at, net.delivers,
        net.rules.start, net.rules.node, net.rules.up_to_km,
        net.rules.steps, net.rules.fits, net.tariffs.grams, net.tariffs.cents,
        net.tariffs.divisor, world.services["grams_co2_per_kg_km"].astype(np.float64),
        float(policy.co2_cents_per_kg), policy.late_cents is not None, nowhere,
    )  # fmt: skip
    columns: dict[str, Any] = {
        name: np.ascontiguousarray(column)
        for name, column in data._asdict().items()
        if isinstance(column, np.ndarray)
    }
    return data._replace(**columns)


def only_channel(stock: Cells) -> Column:
    """Return, (R,), the channel that alone draws on each cell, −1 where there is no such."""
    return np.full(len(stock.node), NO_CHANNEL, np.int32) if stock.only is None else stock.only


def _reach(data: Inputs, threads: int) -> Reach:
    """Work out distances and rules for each different destination, if these are few."""
    where = np.stack([data.place.astype(np.float64), data.lat, data.lon], axis=1)
    _, sample, destination = np.unique(
        np.ascontiguousarray(where).view([("", np.float64)] * 3).ravel(),
        return_index=True, return_inverse=True,
    )  # fmt: skip
    nodes, services = len(data.node_lat), len(data.delivers)
    if len(sample) * nodes > REACH_LIMIT or 3 * len(sample) > len(destination):
        return data.reach
    km = np.empty((len(sample), nodes))
    rule = np.empty((len(sample), nodes, services), np.int32)
    pieces = blocks(len(sample), 100)

    def work(i: int) -> None:
        fill_reach(data, sample, *pieces[i], km, rule)

    in_threads(work, len(pieces), threads)
    return Reach(destination.astype(np.int64).ravel(), km, rule)


def _starts(counts: Column) -> Ints:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)


def _bare(world: World, stock: Cells, net: Network, *, data: Inputs, bundled: Kits) -> Problem:
    """Return the problem without candidates."""
    policy, nodes, sku = world.policy, world.nodes, data.line_sku
    order = np.repeat(np.arange(world.orders.rows), np.diff(data.order_line))
    i16, i32 = np.zeros(0, np.int16), np.zeros(0, np.int32)
    i64, f64 = np.zeros(0, np.int64), np.zeros(0)
    return Problem(
        order_line=data.order_line,
        order_candidate=np.zeros(len(data.order_line), np.int64),
        max_shipments=_max_shipments(world),
        complete=world.orders["ship_complete"].astype(bool),
        placed_at=world.orders["placed_at"].astype(np.int64),
        large=data.large,
        units=data.units,
        shortage=shortage_penalty(world)[order],
        late=data.late,
        grams=data.grams[sku],
        mm3=data.mm3[sku],
        alone=data.alone[sku],
        line_fences=data.order_fences[order] & data.product_fences[sku],
        kit=bundled.first,
        kit_units=bundled.units,
        kit_parcel=bundled.parcel,
        node=i32,
        km=f64,
        pair_start=np.zeros(1, np.int64),
        ways=Ways(
            start=np.zeros(1, np.int64),
            service=i16,
            steps=i32,
            days_late=i16,
            arrives=i32,
            fences=np.zeros(0, np.uint64),
            co2=f64,
            step_grams=net.tariffs.grams,
            step_cents=net.tariffs.cents,
            dim_divisor=net.tariffs.divisor,
        ),
        cell=i32,
        cap=i32,
        rate=i32,
        menu_start=np.zeros(1, np.int64),
        menu_cost=i64,
        menu_content=i32,
        menu_way=i32,
        stock=stock.units,
        cell_node=stock.node,
        cell_sku=stock.sku,
        node_orders=_capacity(nodes["orders_per_day"]),
        node_units=_capacity(nodes["units_per_day"]),
        per_shipment=data.per_shipment,
        soft=soft_limits(world),
        rank=_rank(world, policy),
        weights=np.array([getattr(policy.weights, name) for name in RATINGS]),
    )


def assembled(seen: Scene, found: Found, begin: int, end: int) -> Problem:
    """Return the problem of the orders begin … end−1, with what was found of them.

    Nodes and cells are those of the whole night.
    """
    bare = seen.bare
    lines = slice(bare.order_line[begin], bare.order_line[end])
    by_order = ("max_shipments", "complete", "placed_at", "large")
    by_line = ("units", "shortage", "late", "grams", "mm3", "alone", "line_fences",
               "kit", "kit_units", "kit_parcel")  # fmt: skip
    columns: dict[str, Any] = {name: getattr(bare, name)[begin:end] for name in by_order}
    columns |= {name: getattr(bare, name)[lines] for name in by_line}
    order_line = bare.order_line[begin : end + 1] - bare.order_line[begin]
    k = np.repeat(np.diff(order_line), found.candidates)
    way_start, menu_start = _starts(found.ways), _starts(found.entries)
    own = np.repeat(way_start[:-1].astype(np.int32), found.entries)
    return sealed(
        bare._replace(
            **columns,
            order_line=order_line,
            order_candidate=_starts(found.candidates),
            node=found.node,
            km=found.km,
            pair_start=_starts(k),
            ways=bare.ways._replace(
                start=way_start,
                service=found.service,
                steps=found.steps,
                days_late=found.late,
                arrives=found.arrives,
                fences=found.fences,
                co2=found.co2,
            ),
            cell=found.cell,
            cap=found.cap,
            rate=found.rate,
            menu_start=menu_start,
            menu_cost=found.cost,
            menu_content=found.content,
            menu_way=np.where(found.way >= 0, found.way + own, np.int32(-1)),
            soft=bare.soft._replace(group=bare.soft.group[begin:end]),
        )
    )


def _capacity(stated: Column) -> Ints:
    return np.where(stated == ABSENT, UNLIMITED, stated).astype(np.int64)


def _max_shipments(world: World) -> Ints:
    general = world.policy.max_shipments or UNLIMITED
    own = world.orders["max_shipments"]
    return np.where(own == ABSENT, general, own).astype(np.int64)


def _rank(world: World, policy: Policy) -> Ints:
    """Return, (N,), a node's place in the priority list: by name, else by kind, else last."""
    place = {name: i for i, name in enumerate(policy.priority)}
    last = len(place)
    kinds = [place.get(kind, last + i) for i, kind in enumerate(NODE_KINDS)]
    names = zip(world.nodes["node"], world.nodes["kind"], strict=True)
    return np.array([place.get(name, kinds[kind]) for name, kind in names], np.int64)


def with_menus(problem: Problem, threads: int) -> Problem:
    """Return the problem with every menu written out."""
    sizes = menu_sizes(problem.order_line, problem.order_candidate, problem.large, problem.cap)
    menu_start = _starts(sizes)
    cost = np.empty(menu_start[-1], np.int64)
    content = np.empty(menu_start[-1], np.int32)
    way = np.empty(menu_start[-1], np.int32)
    problem = sealed(problem._replace(menu_start=menu_start))
    pieces = blocks(problem.size)

    def fill(i: int) -> None:
        fill_menus(problem, *pieces[i], cost, content, way)

    in_threads(fill, len(pieces), threads)
    return sealed(problem._replace(menu_cost=cost, menu_content=content, menu_way=way))
