"""From a world to a problem: enumerate, judge, price.

    1  cells       what may be sold from each (node, SKU)                 available.py
    2  lines       an order's lines, those of one SKU joined              lines.py
    3  candidates  who could send what, by which ways, why not            candidates.py
    4  menus       what every content costs from every candidate          menus.py

Everything is columns; loops over orders run compiled, in blocks, on all cores.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from omnisource.models.policy import Policy
from omnisource.models.world import ABSENT, NODE_KINDS, Column, World
from omnisource.solvers.available import Cells, cells
from omnisource.solvers.candidates import Found, Inputs, room, scan
from omnisource.solvers.fences import Fences, fences
from omnisource.solvers.grouping import grouped
from omnisource.solvers.legend import Legend
from omnisource.solvers.lines import Joined, joined_lines
from omnisource.solvers.menus import fill_menus, menu_sizes, too_many_cuts
from omnisource.solvers.problem import UNLIMITED, Ints, Problem, Ways, sealed
from omnisource.solvers.routes import Network, network
from omnisource.solvers.soft import late_penalty, shortage_penalty, soft_limits

BLOCK = 2_000
"""Orders a thread takes at a time."""
RATINGS = ("distance", "cost", "stock", "days")
"""What `Problem.weights` are for."""


def compile_world(world: World, threads: int = 0) -> tuple[Problem, Legend]:
    """Return the night in numbers, and what the numbers stand for.

    Args:
        world: a validated scenario.
        threads: how many threads to use; 0 for as many as there are cores.

    Raises:
        UnusableInput: more than 64 fences and size limits.
    """
    stock = cells(world)
    net = network(world)
    rules = fences(world, net.destinations.country)
    lines = joined_lines(world)
    data = _inputs(world, stock, net, rules, lines=lines)
    found, order_candidate = _scan(data, threads)
    problem = _problem(
        world, stock, net, rules, data=data, found=found, order_candidate=order_candidate,
        units=lines.units,
    )  # fmt: skip
    legend = Legend(
        line_start=lines.start,
        line_rows=lines.rows,
        line_sku=lines.sku.astype(np.int32),
        fences=rules.names,
        refused_line=found.refused_line,
        refused_node=found.refused_node,
        refused_why=found.refused_why,
        looked_at=int((problem.cell >= 0).sum()) + len(found.refused_line),
    )
    return with_menus(problem, threads), legend


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


def _mm3(world: World) -> Column:
    products = world.products
    sides = (products[name].astype(np.float64) for name in ("length_mm", "width_mm", "height_mm"))
    length, width, height = sides
    return length * width * height


def _inputs(world: World, stock: Cells, net: Network, rules: Fences, *, lines: Joined) -> Inputs:
    nodes, policy, to = world.nodes, world.policy, net.destinations
    sku_start, sku_cells = grouped(stock.sku, world.products.rows)
    ships = nodes["ships"] & (nodes["kind"] != NODE_KINDS.index("hub"))
    data = Inputs(
        lines.order_line, rules.order, to.lat, to.lon, to.place, to.pickup, to.only_there,
        to.promised_by, lines.sku, sku_start, sku_cells.astype(np.int64), stock.node, stock.units,
        world.products["grams"].astype(np.int64), _mm3(world), rules.product,
        nodes["lat"].astype(np.float64), nodes["lon"].astype(np.float64), ships,
        nodes["pickup"].astype(bool), rules.node, rules.service, rules.beyond_km,
        net.ready, net.day_end, net.delivers,
        net.rules.start, net.rules.node, net.rules.up_to_km, net.rules.transit_days,
        net.rules.steps, net.rules.fits, net.tariffs.grams, net.tariffs.cents,
        net.tariffs.divisor, world.services["grams_co2_per_kg_km"].astype(np.float64),
        float(policy.co2_cents_per_kg), policy.late_cents is not None,
    )  # fmt: skip
    columns: dict[str, Any] = {
        name: np.ascontiguousarray(column)
        for name, column in data._asdict().items()
        if isinstance(column, np.ndarray)
    }
    return data._replace(**columns)


def _scan(data: Inputs, threads: int) -> tuple[Found, Ints]:
    """Count, then fill, block by block; return what was found and each order's candidates."""
    orders = len(data.order_line) - 1
    pieces = blocks(orders)
    counts = np.zeros((len(pieces), 4), np.int64)
    nothing = room(0, np.zeros(4, np.int64))

    def count(i: int) -> None:
        scan(data, *pieces[i], False, counts[i], nothing)

    in_threads(count, len(pieces), threads)
    at = np.cumsum(counts, axis=0) - counts
    found = room(orders, counts.sum(axis=0))

    def fill(i: int) -> None:
        scan(data, *pieces[i], True, at[i], found)

    in_threads(fill, len(pieces), threads)
    return found, np.concatenate([[0], np.cumsum(found.candidates)])


def _starts(counts: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _problem(
    world: World, stock: Cells, net: Network, rules: Fences, *, data: Inputs, found: Found,
    order_candidate: Ints, units: Ints,
) -> Problem:  # fmt: skip
    """Put everything but the menus in its place."""
    policy, nodes, sku = world.policy, world.nodes, data.line_sku
    lines = np.diff(data.order_line)
    order = np.repeat(np.arange(len(lines)), lines)
    k = np.repeat(lines, np.diff(order_candidate))
    pair_start = _starts(k)
    node_of_pair = np.repeat(found.node, k)
    line_of_pair = _lines_of_pairs(data.order_line, order_candidate, k, pair_start)
    has = found.cell >= 0
    in_cell = np.where(has, stock.units[found.cell], 0)
    rate = nodes["cents_per_unit"][node_of_pair] + np.where(has, stock.unit_cost[found.cell], 0)
    return Problem(
        order_line=data.order_line,
        order_candidate=order_candidate,
        max_shipments=_max_shipments(world),
        complete=world.orders["ship_complete"].astype(bool),
        placed_at=world.orders["placed_at"].astype(np.int64),
        large=too_many_cuts(data.order_line, units),
        units=units,
        shortage=shortage_penalty(world)[order],
        late=late_penalty(world)[order],
        grams=data.grams[sku],
        mm3=data.mm3[sku],
        alone=world.products["ships_alone"].astype(bool)[sku],
        line_fences=rules.order[order] & rules.product[sku],
        node=found.node,
        km=found.km,
        pair_start=pair_start,
        ways=Ways(
            start=_starts(found.ways),
            service=found.service,
            steps=found.steps,
            days_late=found.late,
            arrives=found.arrives,
            fences=found.fences,
            co2=found.co2,
            step_grams=net.tariffs.grams,
            step_cents=net.tariffs.cents,
            dim_divisor=net.tariffs.divisor,
        ),
        cell=found.cell,
        cap=np.minimum(units[line_of_pair], in_cell),
        rate=rate.astype(np.int64),
        menu_start=np.zeros(len(found.node) + 1, np.int64),
        menu_cost=np.zeros(0, np.int64),
        menu_way=np.zeros(0, np.int32),
        stock=stock.units,
        cell_node=stock.node,
        cell_sku=stock.sku,
        node_orders=_capacity(nodes["orders_per_day"]),
        node_units=_capacity(nodes["units_per_day"]),
        per_shipment=nodes["cents_per_shipment"].astype(np.int64),
        soft=soft_limits(world),
        rank=_rank(world, policy),
        weights=np.array([getattr(policy.weights, name) for name in RATINGS]),
    )


def _lines_of_pairs(order_line: Ints, order_candidate: Ints, k: Ints, pair_start: Ints) -> Ints:
    first = np.repeat(order_line[:-1], np.diff(order_candidate))
    return np.repeat(first - pair_start[:-1], k) + np.arange(pair_start[-1])


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
    way = np.empty(menu_start[-1], np.int32)
    problem = sealed(problem._replace(menu_start=menu_start))
    pieces = blocks(problem.size)

    def fill(i: int) -> None:
        fill_menus(problem, *pieces[i], cost, way)

    in_threads(fill, len(pieces), threads)
    return sealed(problem._replace(menu_cost=cost, menu_way=way))
