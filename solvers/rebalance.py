"""Stock moved to where it is worth more: a minimum-cost flow at a night's prices.

Indices
    m, n  nodes          s  SKU           o  buyer: the lines of one order for one SKU
    i  offer: units of one cell (m, s)    j  want: units that a buyer would take of a cell (n, s)
Data
    units_i, loss_i      what a cell can give up, and cents a unit that this loses
    units_j, gain_j      what a buyer would take, and cents a unit that this saves
    most_o               units that a buyer takes of all cells together
    grams_s              grams a unit
    kg_cents_mn, cents_mn, load_mn   cents a kilogram, cents a departure, grams that it carries
Variables
    z_i, y_j, x_mns      units given up, taken, moved        k_mn   departures

    (1)  max  Σ gain_j y_j − Σ loss_i z_i − Σ kg_cents_mn · kg_s · x_mns − Σ cents_mn k_mn
    (2)  Σ_n x_mns  =  Σ_i z_i,   z_i ≤ units_i                  every cell that gives
    (3)  Σ_m x_mns  =  Σ_j y_j,   y_j ≤ units_j                  every cell that gets
    (4)  Σ_j y_j  ≤  most_o                                      every buyer
    (5)  Σ_s grams_s x_mns  ≤  load_mn k_mn                      every pair of nodes

A price holds for so many units only: so a cell offers its left-over units at a loss of 0, then the
units that least miss it, and gets units for the buyers that it saves most, each buyer once. Without
(5) and departures this is a flow from offers to cells to cells to buyers, whole by nature, and
OR-Tools solves it exactly (Ahuja, Magnanti & Orlin, Network Flows, 1993). With departures it is a
fixed-charge problem: each unit first bears its share of a full departure,

    (6)  kg_cents_mn  +  1000 · cents_mn / load_mn   in place of   kg_cents_mn

which no plan can beat; then departures are counted whole, the pairs of nodes that do not earn
theirs are shut, those that lose most first, and the rest flows again. What is left pays; that it
is the best of all is not proven where departures cost something.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from omnisource.solvers.problem import Flags, Floats, Ints

GRAIN: Final = 256
"""Parts of a cent that the flow counts in."""
NEARLY: Final = 0.75
"""Pairs of nodes are shut together that lose at least this share of what the worst loses."""


class Offers(NamedTuple):
    """What cells can give up."""

    node: Ints  # (I,)
    sku: Ints  # (I,)
    units: Ints  # (I,)
    cents: Floats  # (I,) a unit, ≥ 0


class Wants(NamedTuple):
    """What buyers would take of cells."""

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


@dataclass(frozen=True, eq=False)
class Moves:
    """Units to move, one row a pair of nodes and SKU, and what that is worth."""

    source: Ints  # (X,) node
    target: Ints  # (X,) node
    sku: Ints  # (X,)
    units: Ints  # (X,)
    cents: Floats  # (X,) gain less loss, of all units of the row
    haul_cents: Floats  # (X,) what of the haul goes by the kilogram
    grams: Ints  # (X,)


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

    offers: Offers
    wants: Wants
    gives: Ints  # (I,) cell that gives, of each offer
    gets: Ints  # (J,) cell that gets, of each want
    give: Ints  # (P,) cell that gives
    get: Ints  # (P,) cell that gets
    sku: Ints  # (P,)
    way: Ints  # (P,) row of `ways`
    ways: Ways
    kg: Floats  # (P,) kilograms a unit


def rebalance(
    offers: Offers, wants: Wants, grams: Ints, *, lanes: Lanes, haul: Haul, nodes: int
) -> Moves:
    """Return what to move, so that each pair of nodes pays for its departures.

    Args:
        offers: what cells can give up.
        wants: what buyers would take of cells.
        grams: (S,) grams a unit of each SKU.
        lanes: pairs of nodes whose haul is known.
        haul: that of all others.
        nodes: how many nodes there are.

    Raises:
        RuntimeError: the network is more than OR-Tools can count.
    """
    net = _network(offers, wants, grams, nodes=nodes, known=(lanes, haul))
    ways, open_ = net.ways, np.ones(len(net.ways.source), bool)
    full = ways.kg_cents + 1000 * ways.departure_cents / ways.load_grams  # (6)
    while True:
        given, moved, taken = _flow(net, net.kg * full[net.way], open_)
        worth = _worth(net, given, moved, taken)
        losing = _losing(net, moved, worth - moved * net.kg * ways.kg_cents[net.way])
        if not losing.any():
            return _moves(net, moved, worth)
        open_ &= ~losing


def departures(grams: Floats, load_grams: Floats) -> Ints:
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
    columns = [np.full(len(key), float(value)) for value in usual]
    for column, own in zip(columns, lanes[1:], strict=True):
        column[known] = own[at[known]]
    return Ways(source, target, *columns)


def _network(
    offers: Offers, wants: Wants, grams: Ints, *, nodes: int, known: tuple[Lanes, Haul]
) -> _Network:
    """Find the cells, and every way from a cell that gives to another of its SKU that gets."""
    giving, gives = np.unique(offers.sku * nodes + offers.node, return_inverse=True)
    getting, gets = np.unique(wants.sku * nodes + wants.node, return_inverse=True)
    first = np.searchsorted(getting // nodes, giving // nodes, "left")
    many = np.searchsorted(getting // nodes, giving // nodes, "right") - first
    give = np.repeat(np.arange(len(giving)), many)
    get = np.arange(len(give)) + np.repeat(first - np.cumsum(many) + many, many)
    apart = giving[give] != getting[get]
    give, get = give[apart], get[apart]
    pair, way = np.unique(giving[give] % nodes * nodes + getting[get] % nodes, return_inverse=True)
    lanes, haul = known
    ways = ways_between(pair // nodes, pair % nodes, nodes=nodes, lanes=lanes, haul=haul)
    sku = giving[give] // nodes
    return _Network(offers, wants, gives, gets, give, get, sku, way, ways, grams[sku] / 1000)


def _flow(net: _Network, cents: Floats, open_: Flags) -> tuple[Ints, Ints, Ints]:
    """Return z, x and y of (1) to (4), at those cents a unit moved, over ways that are open.

    Vertices are source, sink, cells that give, cells that get, buyers, in that order.
    """
    offers, wants, supply = net.offers, net.wants, int(net.offers.units.sum())
    if not supply or not len(net.give):
        return 0 * offers.units, 0 * net.give, 0 * wants.units
    give, get = 2, 3 + int(net.gives.max())
    buyer, buyers = get + 1 + int(net.gets.max()), np.arange(len(wants.most))
    none = np.zeros(max(len(offers.units), len(buyers)), np.int64)
    arcs = [
        (none[: len(offers.units)], give + net.gives, offers.units, offers.cents),  # (2)
        (give + net.give, get + net.get, supply * open_[net.way], cents),
        (get + net.gets, buyer + wants.buyer, wants.units, -wants.cents),  # (3)
        (buyer + buyers, 0 * buyers + 1, wants.most, 0 * buyers),  # (4)
        (none[:1], none[:1] + 1, none[:1] + supply, none[:1]),  # what stays where it is
    ]
    flow = _solved(*(np.concatenate(column) for column in zip(*arcs, strict=True)), supply=supply)
    ends = np.cumsum([len(offers.units), len(net.give), len(wants.units)])
    given, moved, taken, _ = np.split(flow, ends)
    return given, moved, taken


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


def _worth(net: _Network, given: Ints, moved: Ints, taken: Ints) -> Floats:
    """Return gain less loss of the units on each way, cents.

    Where several ways share a cell, each unit counts for the mean of what the cell gives or gets.
    """
    loss = _mean(net.gives, given, net.offers.cents)
    gain = _mean(net.gets, taken, net.wants.cents)
    return np.asarray(moved * (gain[net.get] - loss[net.give]), np.float64)


def _mean(cell: Ints, units: Ints, cents: Floats) -> Floats:
    """Return the mean cents a unit in each cell; 0 where there is none."""
    return np.asarray(np.bincount(cell, units * cents) / np.maximum(np.bincount(cell, units), 1))


def _losing(net: _Network, moved: Ints, cents: Floats) -> Flags:
    """Return the ways to shut: the one that falls shortest of its departures, and all like it."""
    ways, many = net.ways, len(net.ways.source)
    grams = np.bincount(net.way, moved * net.kg * 1000, many)
    fee = departures(grams, ways.load_grams) * ways.departure_cents
    net_cents = np.bincount(net.way, cents, many) - fee
    short = (grams > 0) & (fee > 0) & (net_cents < 0)
    return short & (net_cents <= NEARLY * net_cents.min(initial=0.0))


def _moves(net: _Network, moved: Ints, worth: Floats) -> Moves:
    rows = np.flatnonzero(moved)
    way, units = net.way[rows], moved[rows]
    haul = units * net.kg[rows] * net.ways.kg_cents[way]
    grams = np.round(units * net.kg[rows] * 1000).astype(np.int64)
    return Moves(net.ways.source[way], net.ways.target[way], net.sku[rows], units,
                 worth[rows], haul, grams)  # fmt: skip
