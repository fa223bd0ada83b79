"""Stock moved to where it is worth more: a minimum-cost flow at a night's prices.

Indices
    m, n  nodes          s  SKU           o  buyer: what one order asks for of one SKU
    j  want: what a buyer would take of one cell (n, s)
Data
    stock_ms             units that may be sold
    units_j, gain_j      what a buyer would take, and cents a unit that this saves beside none
    most_o               units that a buyer asks for
    grams_s              grams a unit
    kg_cents_mn, cents_mn, load_mn   cents a kilogram, cents a departure, grams that it carries
Variables
    y_j  units taken     x_mns  units moved; those of x_mms stay     k_mn  departures

    (1)  max  Σ gain_j y_j − Σ_{m≠n} (kg_cents_mn · kg_s · x_mns + cents_mn k_mn)
    (2)  Σ_n x_mns  ≤  stock_ms,   Σ_{n≠m} x_mns ≤ what may be moved of it    every cell
    (3)  Σ_j y_j  ≤  Σ_m x_mns,   y_j ≤ units_j                  every cell (n, s)
    (4)  Σ_j y_j  ≤  most_o                                      every buyer
    (5)  Σ_s grams_s x_mns  ≤  load_mn k_mn                      every pair of nodes

So a unit more at a cell is worth what it saves the buyer who then gets one, at the end of a chain
of buyers who make room for each other: less with every unit, as the price of a cell holds for so
many units only. Without departures this is a flow from cells to cells to buyers, whole by nature,
and OR-Tools solves it exactly (Ahuja, Magnanti & Orlin, Network Flows, 1993). With departures it is
a fixed-charge problem: each unit first bears its share of a full departure, which no plan can beat,

    (6)  kg_cents_mn  +  1000 · cents_mn / load_mn   in place of   kg_cents_mn

then departures are counted whole, the pairs of nodes that do not earn theirs are shut, the worst
first, and the rest flows again: what is left pays, and need not be the best of all. What some moves
earn is the same flow without moving any more, with the stock as they leave it and as it was:

    (7)  worth(x)  =  (1) of stock − x + x', all staying   −   (1) of stock, all staying
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from omnisource.solvers.problem import Flags, Floats, Ints

GRAIN: Final = 256
"""Parts of a cent that the flow counts in."""
LEAST: Final = 1.0
"""Cents that a unit must save to be moved, beside its haul."""
NEARLY: Final = 0.75
"""Pairs of nodes are shut together that lose at least this share of what the worst loses."""


class Held(NamedTuple):
    """Units that may be sold; a cell has one row of what may be moved, one of what may not."""

    node: Ints  # (I,)
    sku: Ints  # (I,)
    units: Ints  # (I,)
    fixed: Flags  # (I,) whether they may not be moved


class Wants(NamedTuple):
    """What buyers would take of cells; a buyer wants one SKU."""

    node: Ints  # (J,)
    sku: Ints  # (J,)
    buyer: Ints  # (J,) 0 … B−1
    units: Ints  # (J,)
    cents: Floats  # (J,) a unit
    most: Ints  # (B,) units that each buyer takes in all


@dataclass(frozen=True)
class Haul:
    """What it costs to move goods between two nodes, where no lane says otherwise."""

    kg_cents: float = 30.0  # cents a kilogram
    departure_cents: float = 0.0  # cents a departure
    load_grams: float = 800_000.0  # that a departure carries


class Lanes(NamedTuple):
    """Pairs of nodes whose haul is known."""

    pair: Ints  # (A,) from · nodes + to, ascending
    kg_cents: Floats  # (A,)
    departure_cents: Floats  # (A,)
    load_grams: Floats  # (A,)

    @staticmethod
    def none() -> "Lanes":
        """Return no pair."""
        return Lanes(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0))


class Moves(NamedTuple):
    """Units to move, one row a pair of nodes and SKU."""

    source: Ints  # (X,) node
    target: Ints  # (X,) node
    sku: Ints  # (X,)
    units: Ints  # (X,)
    grams: Ints  # (X,) of all units
    haul_cents: Floats  # (X,) by the kilogram, of all units

    def take(self, rows: Ints) -> "Moves":
        """Return those rows."""
        return Moves._make(column[rows] for column in self)


class Ways(NamedTuple):
    """Pairs of nodes that goods could take."""

    source: Ints  # (W,)
    target: Ints  # (W,)
    kg_cents: Floats  # (W,) a kilogram
    departure_cents: Floats  # (W,) a departure
    load_grams: Floats  # (W,) that a departure carries


@dataclass(frozen=True, eq=False)
class _Network:
    """Cells that give, cells that get, and every way from one to another of the same SKU."""

    held: Held
    wants: Wants
    gets: Ints  # (J,) cell that gets, of each want
    give: Ints  # (P,) cell that gives
    get: Ints  # (P,) cell that gets
    stays: Flags  # (P,) whether they are the same cell
    way: Ints  # (P,) row of `ways`
    ways: Ways
    kg: Floats  # (P,) kilograms a unit


def rebalance(
    held: Held, wants: Wants, grams: Ints, *, lanes: Lanes, haul: Haul, nodes: int
) -> Moves:
    """Return what to move, so that each pair of nodes pays for its departures.

    Args:
        held: what there is.
        wants: what buyers would take of cells.
        grams: (S,) grams a unit of each SKU.
        lanes: pairs of nodes whose haul is known.
        haul: that of all others.
        nodes: how many nodes there are.

    Raises:
        RuntimeError: the network is more than OR-Tools can count.
    """
    net = _network(held, wants, grams, nodes=nodes, known=(lanes, haul))
    ways, open_ = net.ways, np.ones(len(net.ways.source), bool)
    full = ways.kg_cents + 1000 * ways.departure_cents / ways.load_grams  # (6)
    cents = np.where(net.stays, 0.0, net.kg * full[net.way] + LEAST)
    while True:
        units, _ = _flow(net, cents, net.stays | open_[net.way])
        found, way = _moves(net, units)
        losing = _losing(net, found, way)
        if not losing.any():
            return found
        open_ &= ~losing


def worth(held: Held, wants: Wants, found: Moves) -> float:
    """Return what some moves earn, their haul not counted, (7), cents."""
    some = np.isin(held.sku, found.sku)
    mine = Held._make(column[some] for column in held)
    theirs = _wants_of(wants, np.flatnonzero(np.isin(wants.sku, found.sku)))
    return value(_after(mine, found), theirs) - value(mine, theirs)


def _wants_of(wants: Wants, rows: Ints) -> Wants:
    """Return some wants, their buyers numbered anew."""
    known, buyer = np.unique(wants.buyer[rows], return_inverse=True)
    return Wants(
        wants.node[rows], wants.sku[rows], buyer, wants.units[rows], wants.cents[rows],
        wants.most[known],
    )  # fmt: skip


def value(held: Held, wants: Wants) -> float:
    """Return (1) where every unit stays, cents."""
    nodes = int(max(held.node.max(initial=0), wants.node.max(initial=0))) + 1
    grams = np.zeros(int(wants.sku.max(initial=0)) + 1, np.int64)
    net = _network(held, wants, grams, nodes=nodes, known=(Lanes.none(), Haul()), moving=False)
    _, taken = _flow(net, np.zeros(len(net.give)), net.stays)
    return float(taken @ wants.cents)


def departures(grams: Floats | Ints, load_grams: Floats) -> Ints:
    """Return how many departures carry so much, (5).

    >>> departures(np.array([0, 1, 1000, 1001]), np.array([1e3, 1e3, 1e3, 1e3])).tolist()
    [0, 1, 1, 2]
    """
    return np.asarray(np.ceil(grams / load_grams - 1e-9), np.int64)


def ways_between(source: Ints, target: Ints, *, nodes: int, lanes: Lanes, haul: Haul) -> Ways:
    """Return what hauls cost between pairs of nodes."""
    key = source * nodes + target
    at = np.searchsorted(lanes.pair, key)
    known = np.isin(key, lanes.pair)
    usual = (haul.kg_cents, haul.departure_cents, haul.load_grams)
    columns = [np.full(len(key), float(each)) for each in usual]
    for column, own in zip(columns, lanes[1:], strict=True):
        column[known] = own[at[known]]
    return Ways(source, target, *columns)


def _network(
    held: Held, wants: Wants, grams: Ints, *, nodes: int, known: tuple[Lanes, Haul],
    moving: bool = True,
) -> _Network:  # fmt: skip
    """Find the cells, and every way from a cell that gives to one of its SKU that gets."""
    giving = held.sku * nodes + held.node
    getting, gets = np.unique(wants.sku * nodes + wants.node, return_inverse=True)
    key = nodes if moving else 1
    first = np.searchsorted(getting // key, giving // key, "left")
    many = np.searchsorted(getting // key, giving // key, "right") - first
    give = np.repeat(np.arange(len(giving)), many)
    get = np.arange(len(give)) + np.repeat(first - np.cumsum(many) + many, many)
    may = ~held.fixed[give] | (giving[give] == getting[get])
    give, get = give[may], get[may]
    pair, way = np.unique(giving[give] % nodes * nodes + getting[get] % nodes, return_inverse=True)
    lanes, haul = known
    ways = ways_between(pair // nodes, pair % nodes, nodes=nodes, lanes=lanes, haul=haul)
    stays, kg = giving[give] == getting[get], grams[held.sku[give]] / 1000
    return _Network(held, wants, gets, give, get, stays, way, ways, kg)


def _flow(net: _Network, cents: Floats, open_: Flags) -> tuple[Ints, Ints]:
    """Return x and y of (1) to (4), at those cents a unit, over the pairs of cells that are open.

    Vertices are source, sink, cells that give, cells that get, buyers, in that order.
    """
    held, wants, supply = net.held, net.wants, int(net.held.units.sum())
    if not supply or not len(net.give):
        return 0 * net.give, 0 * wants.units
    give, get = 2, 2 + len(held.units)
    buyer, buyers = get + 1 + int(net.gets.max()), np.arange(len(wants.most))
    cells, none = np.arange(len(held.units)), np.zeros(1, np.int64)
    arcs = [
        (0 * cells, give + cells, held.units, 0 * cells),  # (2)
        (give + net.give, get + net.get, supply * open_, cents),
        (get + net.gets, buyer + wants.buyer, wants.units, -wants.cents),  # (3)
        (buyer + buyers, 0 * buyers + 1, wants.most, 0 * buyers),  # (4)
        (none, none + 1, none + supply, none),  # what nobody takes
    ]
    flow = _solved(*(np.concatenate(column) for column in zip(*arcs, strict=True)), supply=supply)
    ends = np.cumsum([len(held.units), len(net.give), len(wants.units)])
    _, moved, taken, _ = np.split(flow, ends)
    return moved, taken


def _solved(tail: Ints, head: Ints, most: Ints, cents: Floats, *, supply: int) -> Ints:
    """Return the cheapest flow of so many units from vertex 0 to vertex 1.

    Raises:
        RuntimeError: the network is more than OR-Tools can count.
    """
    network = SimpleMinCostFlow()
    arcs = network.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), np.minimum(most, supply).astype(np.int64),
        np.round(cents * GRAIN).astype(np.int64),
    )  # fmt: skip
    network.set_nodes_supplies(np.array([0, 1], np.int32), np.array([supply, -supply]))
    status = network.solve()
    if status != network.OPTIMAL:
        raise RuntimeError(f"OR-Tools' minimum-cost flow: {status.name}, {len(tail)} arcs")
    return np.asarray(network.flows(arcs), np.int64)


def _moves(net: _Network, units: Ints) -> tuple[Moves, Ints]:
    """Return what does not stay, and the way that each row takes."""
    rows = np.flatnonzero((units > 0) & ~net.stays)
    way, many, kg = net.way[rows], units[rows], net.kg[rows]
    found = Moves(
        net.ways.source[way], net.ways.target[way], net.held.sku[net.give[rows]], many,
        np.round(1000 * many * kg).astype(np.int64), many * kg * net.ways.kg_cents[way],
    )  # fmt: skip
    return found, way


def _losing(net: _Network, found: Moves, way: Ints) -> Flags:
    """Return the ways to shut: the one that falls shortest of its departures, and all like it."""
    ways, net_cents = net.ways, np.zeros(len(net.ways.source))
    for each in np.unique(way[ways.departure_cents[way] > 0]):
        mine = found.take(np.flatnonzero(way == each))
        fee = departures(mine.grams.sum(), ways.load_grams[each]) * ways.departure_cents[each]
        earned = worth(net.held, net.wants, mine) - float(mine.haul_cents.sum())
        net_cents[each] = min(earned - fee, 0.0)
    return np.asarray((net_cents < 0) & (net_cents <= NEARLY * net_cents.min(initial=0.0)))


def _after(held: Held, found: Moves) -> Held:
    """Return what cells hold after some moves."""
    many = int(max(held.node.max(initial=0), found.target.max(initial=0))) + 1
    keys = [held.sku * many + held.node, found.sku * many + found.source,
            found.sku * many + found.target]  # fmt: skip
    cell, of = np.unique(np.concatenate(keys), return_inverse=True)
    left = np.bincount(of, np.concatenate([held.units, -found.units, found.units])).astype(np.int64)
    return Held(cell % many, cell // many, left, np.ones(len(cell), bool))
