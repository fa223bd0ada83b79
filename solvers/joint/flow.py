"""Orders of one unit, decided together and exactly: a minimum-cost flow.

An order of one line and one unit is sent one parcel, by one entry of its menu, or goes short.
Such orders share nothing but what cells hold and what nodes send. With left_r and left_n what there
is,

    (1)  min  Σ cost_m y_m  +  Σ_o shortage_o short_o  +  Σ_b load_cents_b · max(0, sent_n − from_b)
    (2)  Σ over m ∈ menu of o of y_m  +  short_o  =  1                              every order
    (3)  Σ over m from cell r of y_m  ≤  left_r                                     every cell
    (4)  sent_n  =  Σ over m from node n of y_m  ≤  left_n                          every node

is a flow from orders to cells to nodes to a sink, whole by nature (Ahuja, Magnanti & Orlin, Network
Flows, 1993, section 9.6); OR-Tools solves it by cost scaling. left_n is the smaller of shipments
and units left, since a unit is a shipment. The thresholds of a load are arcs of rising cost. The
network is kept small without loss:

    an entry is *sure* where its cell and its node have room, free of load, for all who could
        still want them; entries no cheaper than an order's cheapest sure one, or than going
        short, are dropped; others become sure by that, and so on                          (5)
    orders are one class if what is left of their menus is the same cells at the same saving
        over their cheapest sure entry: one node of the network, with as many units        (6)
"""

from typing import NamedTuple

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from omnisource.solvers.compile.costs import beyond_cents
from omnisource.solvers.compiled import compiled
from omnisource.solvers.joint.resources import GRAIN
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import costs_of, priced_costs, take_all
from omnisource.solvers.problem import NEVER, Ints, Prices, Problem


class Offers(NamedTuple):
    """Entries that could serve an order of one unit, one row each, in the order of orders."""

    order: Ints  # (E,) position among the orders
    entry: Ints  # (E,) menu entry
    cell: Ints  # (E,)
    cost: Ints  # (E,) 1/1024 cent, prices included

    def take(self, rows: Ints) -> "Offers":
        """Return those rows."""
        return Offers(*(column[rows] for column in self))


class Classes(NamedTuple):
    """Owners of equal offers, (6)."""

    of: Ints  # (owners,) class of each
    head: Ints  # (Q,) one owner of each class
    size: Ints  # (Q,) owners


class Arcs(NamedTuple):
    """Arcs of the network."""

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints  # 1/1024 cent a unit


def reflow(problem: Problem, plans: Plans, left: Left, prices: Prices | None = None) -> int:
    """Choose the plans of all orders of one unit anew, together; return the cents saved.

    `plans` and `left` are changed in place, unless that would be no cheaper; the plans' values
    stay as they are.

    Args:
        problem: the night.
        plans: one of each order with a menu.
        left: what all plans leave of the capacities of the problem.
        prices: what is paid beside costs and load, such as a unit short; nothing if not given.

    The cents saved are those of costs and load, whatever the prices; without prices never below 0.
    """
    orders, fees = one_unit(problem), prices or Prices.zero(problem)
    before, old = _paid(problem, orders, plans, fees), load_cents(problem, left)
    take_all(problem, orders, plans, -1, left)
    better = _entered(problem, orders, plans, flow(problem, orders, left, fees))
    take_all(problem, orders, better, 1, left)
    after, new = _paid(problem, orders, better, fees), load_cents(problem, left)
    if after[1] + new >= before[1] + old:
        take_all(problem, orders, better, -1, left)
        take_all(problem, orders, plans, 1, left)
        return 0
    for column, chosen in zip(plans[1:4], better[1:4], strict=True):
        column[:] = chosen
    return before[0] + old - after[0] - new


def one_unit(problem: Problem) -> Ints:
    """Return the orders of one line and one unit that have a menu."""
    orders = np.flatnonzero((np.diff(problem.order_line) == 1) & ~problem.large)
    single: Ints = orders[problem.units[problem.order_line[orders]] == 1]
    return single


def load_cents(problem: Problem, left: Left) -> int:
    """Return what the load of all nodes costs more, cents, by what is left of their shipments."""
    soft, sent = problem.soft, problem.node_orders - left.node_orders
    return int(beyond_cents(sent[soft.load_node], soft.load_from, soft.load_cents).sum())


def _paid(problem: Problem, orders: Ints, plans: Plans, prices: Prices) -> tuple[int, float]:
    """Return what those plans cost, cents, and what they cost with prices."""
    cost = int(costs_of(problem, orders, plans).sum())
    return cost, float(priced_costs(problem, orders, prices, plans).sum())


def _entered(problem: Problem, orders: Ints, plans: Plans, chosen: Ints) -> Plans:
    """Return a copy of the plans in which those orders have the chosen entries, −1 for none."""
    better = plans._replace(
        count=plans.count.copy(), candidate=plans.candidate.copy(), entry=plans.entry.copy()
    )
    better.count[orders] = chosen >= 0
    sent = plans.first[orders[chosen >= 0]]
    better.entry[sent] = chosen[chosen >= 0]
    better.candidate[sent] = np.searchsorted(problem.menu_start, better.entry[sent], "right") - 1
    return better


def flow(problem: Problem, orders: Ints, left: Left, prices: Prices) -> Ints:
    """Return the best menu entry of each of those orders, all together; −1 where it goes short.

    Args:
        problem: the night.
        orders: orders of one unit.
        left: what there is for them; what is not left of a node's shipments has been sent.
        prices: what is paid beside costs and load.

    Raises:
        RuntimeError: the network is more than OR-Tools can count.
    """
    short = _short(problem, orders, prices)
    offers = Offers(*_offers(problem, orders, (left, prices), short))
    sure, cost, open_ = _settled(problem, offers, left, short)
    chosen = np.where(sure >= 0, offers.entry[sure], -1) if len(offers.entry) else sure
    if len(open_):
        doubt = offers.take(open_[np.lexsort((offers.cell[open_], offers.order[open_]))])
        doubt = doubt._replace(cost=doubt.cost - cost[doubt.order])
        rows = _flown(problem, doubt, left)
        chosen[doubt.order[rows]] = doubt.entry[rows]
    return chosen


def _short(problem: Problem, orders: Ints, prices: Prices) -> Ints:
    """Return what each order pays where it goes short, 1/1024 cent."""
    cents = problem.shortage[problem.order_line[orders]] + prices.short[orders]
    return np.asarray(np.round(cents * GRAIN), np.int64)


@compiled
def _offers(
    problem: Problem, orders: Ints, at: tuple[Left, Prices], short: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the columns of `Offers`: what is left for an order and cheaper than going short."""
    left, prices = at
    node, pair_start, cell = problem.node, problem.pair_start, problem.cell
    start, cents, content = problem.menu_start, problem.menu_cost, problem.menu_content
    span, rows = problem.order_candidate, 0
    for o in orders:
        rows += start[span[o + 1]] - start[span[o]]
    out = np.empty((4, rows), np.int64)
    end = 0
    for i, o in enumerate(orders):
        for c in range(span[o], span[o + 1]):
            n, r = node[c], cell[pair_start[c]]
            if r < 0 or min(left.stock[r], left.node_orders[n], left.node_units[n]) <= 0:
                continue
            fee = prices.cell[r] + prices.node_order[n] + prices.node_unit[n]
            for m in range(start[c] + 1, start[c + 1]):
                cost = np.int64(np.round((cents[m] + fee) * GRAIN))
                if content[m] == 1 and cents[m] < NEVER and cost < short[i]:
                    out[0, end], out[1, end], out[2, end], out[3, end] = i, m, r, cost
                    end += 1
    return out[0, :end], out[1, :end], out[2, :end], out[3, :end]


def _settled(problem: Problem, offers: Offers, left: Left, short: Ints) -> tuple[Ints, Ints, Ints]:
    """Apply (5): each order's sure offer, −1 to go short; its cost; the offers still in doubt."""
    sure, cost = np.full(len(short), -1), short.copy()
    node, free = problem.cell_node[offers.cell], _free(problem, left)
    rows = np.lexsort((offers.cost, offers.order))
    while len(rows):
        wanted = np.concatenate([rows, sure[sure >= 0]])
        of_cell = np.bincount(offers.cell[wanted], minlength=len(problem.stock))
        of_node = np.bincount(node[wanted], minlength=problem.nodes)
        calm = (of_cell <= left.stock)[offers.cell[rows]] & (of_node <= free)[node[rows]]
        if not calm.any():
            break
        order, first = np.unique(offers.order[rows[calm]], return_index=True)
        sure[order] = rows[calm][first]
        cost[order] = offers.cost[sure[order]]
        rows = rows[offers.cost[rows] < cost[offers.order[rows]]]
    return sure, cost, rows


def _free(problem: Problem, left: Left) -> Ints:
    """Return how many parcels of one unit each node may send, and none costs more for its load."""
    free = np.minimum(left.node_orders, left.node_units)
    node, sent = problem.soft.load_node, problem.node_orders - left.node_orders
    np.minimum.at(free, node, problem.soft.load_from - sent[node])
    return free


def _flown(problem: Problem, offers: Offers, left: Left) -> Ints:
    """Return the offers that the best flow takes; their costs are savings, below 0."""
    start = np.unique(offers.order, return_index=True)[1]
    classes = _classes(offers, start)
    row, of = _ranges(np.append(start, len(offers.order)), classes.head)
    arcs = _network(problem, Offers(of, row, *offers.take(row)[2:]), classes.size, left)
    parcels = np.repeat(np.arange(len(row)), _solved(arcs, classes.size)[: len(row)])
    by_class = np.argsort(classes.of, kind="stable")
    turn = np.arange(len(parcels)) - np.searchsorted(of[parcels], of[parcels])
    first = np.searchsorted(classes.of[by_class], of[parcels])
    owner, like = by_class[first + turn], classes.head[of[parcels]]
    return start[owner] + row[parcels] - start[like]


def _ranges(start: Ints, owners: Ints) -> tuple[Ints, Ints]:
    """Return the rows of those owners one after the other, and whose each is, from 0."""
    sizes = start[owners + 1] - start[owners]
    new = np.cumsum(sizes) - sizes
    rows = np.repeat(start[owners] - new, sizes) + np.arange(sizes.sum())
    return rows, np.repeat(np.arange(len(owners)), sizes)


def _classes(offers: Offers, start: Ints) -> Classes:
    """Apply (6) to the owners whose offers begin at those rows."""
    low = int(offers.cost.min())
    key = offers.cell * (int(offers.cost.max()) - low + 1) + offers.cost - low
    count = np.diff(np.append(start, len(key)))
    of, heads, known = np.empty(len(start), np.int64), [], 0
    for many in np.unique(count):
        mine = np.flatnonzero(count == many)
        menus = key[start[mine][:, None] + np.arange(many)]
        _, first, at = np.unique(menus, axis=0, return_index=True, return_inverse=True)
        of[mine] = known + at.ravel()
        heads.append(mine[first])
        known += len(first)
    return Classes(of, np.concatenate(heads), np.bincount(of))


def _network(problem: Problem, offers: Offers, size: Ints, left: Left) -> Arcs:
    """Return the arcs: those of the classes' offers first, then of cells, nodes, and going without.

    Vertices are classes, cells, nodes and the sink, in that order.
    """
    cells, cell = np.unique(offers.cell, return_inverse=True)
    nodes, node = np.unique(problem.cell_node[cells], return_inverse=True)
    sender, room, slope = _load_steps(problem, left)
    known = np.isin(sender, nodes)
    first_node = len(size) + len(cells)
    sink, classes = first_node + len(nodes), np.arange(len(size))
    sender = np.searchsorted(nodes, sender[known]) + first_node
    to_cell = Arcs(offers.order, len(size) + cell, size[offers.order], offers.cost)
    to_node = Arcs(
        len(size) + np.arange(len(cells)), first_node + node, left.stock[cells], 0 * cells
    )
    to_sink = Arcs(sender, np.full(len(sender), sink), room[known], slope[known])
    without = Arcs(classes, np.full(len(size), sink), size, 0 * size)
    parts = zip(to_cell, to_node, to_sink, without, strict=True)
    return Arcs(*(np.concatenate(part) for part in parts))


def _load_steps(problem: Problem, left: Left) -> tuple[Ints, Ints, Ints]:
    """Return what nodes may send in steps of rising cost: node, parcels, 1/1024 cent a parcel."""
    soft, most = problem.soft, np.maximum(np.minimum(left.node_orders, left.node_units), 0)
    sent = (problem.node_orders - left.node_orders)[soft.load_node]
    at = np.clip(soft.load_from - sent, 0, most[soft.load_node])
    node = np.concatenate([np.arange(problem.nodes), soft.load_node])
    begin = np.concatenate([0 * most, at])
    more = np.concatenate([0 * most, soft.load_cents])
    turn = np.lexsort((begin, node))
    node, begin, slope = node[turn], begin[turn], np.cumsum(more[turn])
    last = np.append(node[1:] != node[:-1], True)
    end = np.where(last, most[node], np.roll(begin, -1))
    before = np.concatenate([[0], slope])[np.searchsorted(node, node)]
    return node, end - begin, (slope - before) * int(GRAIN)


def _solved(arcs: Arcs, size: Ints) -> Ints:
    """Return the flow on each arc that serves the classes, of so many orders each, at least cost.

    Raises:
        RuntimeError: the network is more than OR-Tools can count.
    """
    network, total = SimpleMinCostFlow(), int(size.sum())
    grain = max(int(np.gcd.reduce(arcs.cost)), 1)
    each = network.add_arcs_with_capacity_and_unit_cost(
        arcs.tail.astype(np.int32), arcs.head.astype(np.int32),
        np.clip(arcs.capacity, 0, total), arcs.cost // grain,
    )  # fmt: skip
    supplies = np.append(size, -total)
    vertices = np.append(np.arange(len(size)), arcs.head.max()).astype(np.int32)
    network.set_nodes_supplies(vertices, supplies)
    status = network.solve()
    if status != network.OPTIMAL:
        raise RuntimeError(f"OR-Tools' minimum-cost flow: {status.name}, {len(arcs.tail)} arcs")
    return np.asarray(network.flows(each))
