"""The oracle in plain words: the cheapest plan of one order, exactly.

Of an order with line quantities q, and for every node a menu of what it can send:

    g_n(i, t)  =  cheapest i parcels from n that hold t in all                     (1)
    F(j, s)    =  cheapest j parcels that hold s, over the nodes seen so far
               ←  min over i, t of F(j − i, s − t) + g_n(i, t)                     (2)
    plan       =  min over j ≤ limit, s of F(j, s) + Σ (shortage_l + price) (q_l − s_l)      (3)

with t within what is left of the node's cells and its capacities, and q − s whole bundles of what
is bundled. Nothing is left out, so this is what the compiled oracle (solvers/oracle/kernel.py) is
held to; it takes some ten thousand times as long. Orders too large for menus are priced by
solvers/oracle/large.py.
"""

from dataclasses import dataclass
from itertools import product

from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import NEVER, Prices, Problem

State = tuple[int, ...]


@dataclass(frozen=True)
class Parcel:
    """A shipment of a plan: a candidate and its menu entry, holding so many of each line."""

    candidate: int
    entry: int
    units: State


@dataclass(frozen=True)
class OrderPlan:
    """The cheapest plan of one order; `value` is in cents, prices included."""

    value: float
    parcels: tuple[Parcel, ...]


Priced = dict[tuple[int, State], tuple[float, tuple[Parcel, ...]]]


def best_plan(
    problem: Problem, order: int, prices: Prices | None = None, left: Left | None = None
) -> OrderPlan:
    """Return the cheapest plan of an order at those prices over what is left.

    Args:
        problem: the night.
        order: its row; an order with a menu.
        prices: cents a unit of each resource; nothing costs anything by default.
        left: what may be used; by default all there is.
    """
    prices, left = prices or Prices.zero(problem), left or Left.of(problem)
    first, last = problem.order_line[order], problem.order_line[order + 1]
    asked = tuple(int(q) for q in problem.units[first:last])
    limit = min(int(problem.max_shipments[order]), sum(asked))
    none = (0,) * len(asked)
    plans: Priced = {(0, none): (0.0, ())}
    for candidate in range(problem.order_candidate[order], problem.order_candidate[order + 1]):
        sends = _several(_one(problem, order, candidate, prices, left=left), limit)
        sends = _within(problem, candidate, left, sends)
        plans = _join(plans, sends, asked, limit)
    more = float(prices.short[order])
    penalties = [int(penalty) + more for penalty in problem.shortage[first:last]]
    best = OrderPlan(float(sum(p * q for p, q in zip(penalties, asked, strict=True))), ())
    for (_, state), (cents, parcels) in plans.items():
        short = [q - s for q, s in zip(asked, state, strict=True)]
        value = cents + sum(p * u for p, u in zip(penalties, short, strict=True))  # (3)
        partial = any(short) and any(state)
        barred = (problem.complete[order] and partial) or _breaks(problem, order, short)
        if value < best.value and not barred:
            best = OrderPlan(float(value), parcels)
    return best


def _breaks(problem: Problem, order: int, short: list[int]) -> bool:
    """Say whether those units short are half a bundle, (1) of solvers/compile/kits.py."""
    first, counts = int(problem.order_line[order]), dict[int, set[float]]()
    for j, units in enumerate(short):
        head = int(problem.kit[first + j])
        if head >= 0:
            counts.setdefault(head, set()).add(units / int(problem.kit_units[first + j]))
    return any(len(found) > 1 or min(found) % 1 for found in counts.values())


def contents(problem: Problem, order: int, candidate: int) -> list[tuple[int, State]]:
    """Return (menu entry, units of each line) of all that a candidate can send in one parcel."""
    pair = problem.pair_start[candidate]
    k = problem.order_line[order + 1] - problem.order_line[order]
    caps = [int(cap) for cap in problem.cap[pair : pair + k]]
    vectors = product(*(range(cap + 1) for cap in reversed(caps)))
    first = int(problem.menu_start[candidate])
    menu = [(first + i, tuple(reversed(vector))) for i, vector in enumerate(vectors)]
    return [(entry, units) for entry, units in menu[1:] if problem.menu_cost[entry] < NEVER]


def _one(problem: Problem, order: int, candidate: int, prices: Prices, *, left: Left) -> Priced:
    """Price the candidate's single parcels, (1) with i = 1."""
    node, pair = problem.node[candidate], problem.pair_start[candidate]
    sends: Priced = {}
    for entry, units in contents(problem, order, candidate):
        cents = float(problem.menu_cost[entry]) + prices.node_order[node]
        for j, u in enumerate(units):
            if u:
                cents += u * (prices.cell[problem.cell[pair + j]] + prices.node_unit[node])
        sends[1, units] = (cents, (Parcel(candidate, entry, units),))
    return _within(problem, candidate, left, sends)


def _several(one: Priced, limit: int) -> Priced:
    """Join single parcels to i = 1 … limit of them, (1)."""
    sends, last = dict(one), one
    for _ in range(1, limit):
        more: Priced = {}
        for (i, state), (cents, parcels) in last.items():
            for (_, units), (extra, parcel) in one.items():
                key = (i + 1, tuple(a + b for a, b in zip(state, units, strict=True)))
                if cents + extra < more.get(key, (NEVER,))[0]:
                    more[key] = (cents + extra, parcels + parcel)
        sends |= more
        last = more
    return sends


def _within(problem: Problem, candidate: int, left: Left, sends: Priced) -> Priced:
    """Keep what the candidate's cells and node have left."""
    node, pair = problem.node[candidate], problem.pair_start[candidate]

    def fits(parcels: int, state: State) -> bool:
        cells = [problem.cell[pair + j] for j in range(len(state))]
        stocked = all(not u or u <= left.stock[r] for u, r in zip(state, cells, strict=True))
        return bool(
            stocked and parcels <= left.node_orders[node] and sum(state) <= left.node_units[node]
        )

    return {key: value for key, value in sends.items() if fits(*key)}


def _join(plans: Priced, sends: Priced, asked: State, limit: int) -> Priced:
    """Add one more node's parcels to all plans, (2)."""
    joined = dict(plans)
    for (j, state), (cents, parcels) in plans.items():
        for (i, units), (extra, more) in sends.items():
            key = (i + j, tuple(a + b for a, b in zip(state, units, strict=True)))
            fits = i + j <= limit and all(a <= q for a, q in zip(key[1], asked, strict=True))
            if fits and cents + extra < joined.get(key, (NEVER,))[0]:
                joined[key] = (cents + extra, parcels + more)
    return joined
