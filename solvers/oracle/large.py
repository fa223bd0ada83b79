"""The oracle for large orders: more lines or units than menus can hold.

    1  menu       an order of middling size gets a menu in passing                  wide.py
    2  programme  how much goes by which way, in parcels that share goods           programme.py
    3  solve      linear for a bound, whole for a plan                              whole.py
    4  pack       heaviest first, into the parcels that the programme pays for      here

Where a way sends one parcel the packing is exact, and where the packed plan costs what the
programme says it is proven optimal.
"""

from dataclasses import dataclass

import numpy as np

from omnisource.solvers.compile.menus import content_cents
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.oracle.programme import (
    ALONE,
    MIXED,
    PARCEL,
    Case,
    Programme,
    programme,
    steps_of,
)
from omnisource.solvers.oracle.whole import SLACK, least, solve, whole_plan
from omnisource.solvers.oracle.wide import WIDE_LIMIT, cuts, pieced_plan, wide_plan
from omnisource.solvers.problem import Ints, Prices, Problem


@dataclass(frozen=True, eq=False)
class LargePlan:
    """A plan of a large order: one row a parcel."""

    candidate: Ints  # (S,)
    way: Ints  # (S,)
    units: Ints  # (S, k) units of each line of the order
    cost: int  # cents without prices, shortage included
    value: float  # cents, prices included
    bound: float  # no plan's value is below this


def large_bound(problem: Problem, order: int, prices: Prices) -> float:
    """Return a lower bound on an order's value: the linear programme's, cents."""
    model = programme(Case(problem, order, prices, Left.of(problem)))
    linear = solve(model, np.arange(len(model.cost)), integer=False, seconds=60.0)
    return least(model) if linear is None else linear.value - SLACK


def large_plan(
    problem: Problem, order: int, prices: Prices, left: Left, *, seconds: float = 10.0
) -> LargePlan:
    """Return a plan of an order of any size at those prices over what is left, and its bound.

    Args:
        problem: the night.
        order: its row.
        prices: cents a unit of each resource.
        left: what may be used; the plan keeps within it.
        seconds: what it may take on a core of its own; what ends it but for `PATIENCE` times as
            long is its work, the same on any machine. The bound holds whatever ended it.
    """
    case = Case(problem, order, prices, left)
    if cuts(problem, order) <= WIDE_LIMIT:
        value, exact = wide_plan(problem, order, prices, left)
        if exact is not None:
            return _priced(case, [(way, units) for _, way, units in exact], value)
    model = programme(case)
    values, bound = whole_plan(model, seconds)
    contents = [[(way, units) for _, way, units in pieced_plan(problem, order, prices, left)]]
    if values is not None:
        contents.append(_pack(case, model, values))
    priced = [_priced(case, _allowed(case, content), bound) for content in contents]
    return min(priced, key=lambda plan: plan.value)


def occupy(problem: Problem, plan: LargePlan, left: Left) -> None:
    """Take a plan's parcels out of what is left, in place."""
    for candidate, units in zip(plan.candidate, plan.units, strict=True):
        pair, node = problem.pair_start[candidate], problem.node[candidate]
        held = np.flatnonzero(units)
        left.stock[problem.cell[pair + held]] -= units[held]
        left.node_orders[node] -= 1
        left.node_units[node] -= units.sum()


Parcels = list[tuple[int, Ints]]  # (way, units of each line)


def _pack(case: Case, model: Programme, values: Ints) -> Parcels:
    """Pack what each way sends into its parcels, heaviest unit first."""
    parcels: Parcels = []
    k = len(case.lines)
    for column in np.flatnonzero((model.kind == ALONE) & (values > 0)):
        one = np.zeros(k, np.int64)
        one[model.item[column]] = 1
        parcels += [(int(model.way[column]), one)] * int(values[column])
    for way in np.unique(model.way[(model.kind == MIXED) & (values > 0)]):
        mine = model.way == way
        sent = np.flatnonzero(mine & (model.kind == MIXED) & (values > 0))
        units = np.zeros(k, np.int64)
        units[model.item[sent]] = values[sent]
        bins = np.flatnonzero(mine & (model.kind == PARCEL) & (values > 0))
        steps = np.repeat(model.item[bins], values[bins])
        parcels += [(int(way), held) for held in _fit(case, int(way), units, steps)]
    return parcels


def _fit(case: Case, way: int, units: Ints, steps: Ints) -> list[Ints]:
    """Put units into parcels of those steps, and what does not fit into more of the largest."""
    problem, lines, ways = case.problem, case.lines, case.problem.ways
    divisor = float(ways.dim_divisor[ways.service[way]])
    volume = problem.mm3[lines] / divisor if divisor > 0 else np.zeros(len(units))
    size = np.maximum(problem.grams[lines], volume)
    largest = max(int(ways.step_grams[t]) for t in steps_of(problem, way))
    room = sorted((int(ways.step_grams[t]) for t in steps), reverse=True)
    grams, bulk = [0.0] * len(room), [0.0] * len(room)
    held = [np.zeros(len(units), np.int64) for _ in room]
    items = _items(case, units)
    for item in sorted(items, key=lambda item: -float(size @ item)):
        weight, space = float(problem.grams[lines] @ item), float(volume @ item)
        fitting = (
            b for b, limit in enumerate(room)
            if grams[b] + weight <= limit and bulk[b] + space <= limit + 1e-9
        )  # fmt: skip
        b = next(fitting, len(room))
        if b == len(room):
            room.append(largest)
            grams.append(0.0)
            bulk.append(0.0)
            held.append(np.zeros(len(units), np.int64))
        grams[b] += weight
        bulk[b] += space
        held[b] += item
    return [content for content in held if content.any()]


def _items(case: Case, units: Ints) -> list[Ints]:
    """Return what is packed as one: single units, and bundles that lie in one parcel."""
    problem, lines = case.problem, case.lines
    found: list[Ints] = []
    for j, line in enumerate(lines):
        head = problem.kit[line] if problem.kit_parcel[line] else -1
        mine = problem.kit[lines] == head if head >= 0 else np.arange(len(lines)) == j
        item = np.where(mine, problem.kit_units[lines] if head >= 0 else 1, 0)
        many = int((units[mine] // item[mine]).min())
        found += [item] * (many if head in (-1, j) else 0)
    return found


def _allowed(case: Case, parcels: Parcels) -> Parcels:
    """Leave out parcels that packing added beyond a limit on shipments; all, where all or none.

    All, too, where half a bundle would be left.
    """
    problem, left, most = case.problem, case.left, case.problem.max_shipments[case.order]
    kept: Parcels = []
    sent: dict[int, int] = {}
    for way, units in parcels:
        node = int(problem.node[_candidate(problem, way)])
        sent[node] = sent.get(node, 0) + 1
        if sent[node] <= left.node_orders[node] and len(kept) < most:
            kept.append((way, units))
    if not kept:
        return kept
    served = np.sum([units for _, units in kept], axis=0)
    if problem.complete[case.order] and not np.array_equal(served, problem.units[case.lines]):
        return []
    return [] if _has_half(case, served) else kept


def _has_half(case: Case, served: Ints) -> bool:
    """Say whether half a bundle is served."""
    kit, each = case.problem.kit[case.lines], case.problem.kit_units[case.lines]
    bundled = np.flatnonzero(kit >= 0)
    many = served[kit[bundled]] // each[kit[bundled]]
    return bool((served[bundled] != many * each[bundled]).any())


def _candidate(problem: Problem, way: int) -> int:
    return int(np.searchsorted(problem.ways.start, way, side="right")) - 1


def _priced(case: Case, parcels: Parcels, bound: float) -> LargePlan:
    """Cost the parcels by their cheapest ways; serve nothing where that is no dearer."""
    problem, prices = case.problem, case.prices
    penalty = problem.shortage[case.lines]
    nothing = int(penalty @ problem.units[case.lines])
    cost, rent = nothing, 0.0
    rows = []
    for way, units in parcels:
        candidate = _candidate(problem, way)
        cents, best_way = content_cents(problem, case.order, candidate, units)
        node, pair = problem.node[candidate], problem.pair_start[candidate]
        cost += int(cents) - int(penalty @ units)
        held = np.flatnonzero(units)
        each = prices.cell[problem.cell[pair + held]] + prices.node_unit[node]
        rent += float(prices.node_order[node] + units[held] @ each)
        rows.append((candidate, best_way, units))
    asked, more = int(problem.units[case.lines].sum()), float(prices.short[case.order])
    rent += more * (asked - sum(int(units.sum()) for _, _, units in rows))
    if cost + rent >= nothing + more * asked:
        rows, cost, rent = [], nothing, more * asked
    return LargePlan(
        candidate=np.array([row[0] for row in rows], np.int64),
        way=np.array([row[1] for row in rows], np.int64),
        units=np.array([row[2] for row in rows], np.int64).reshape(len(rows), len(penalty)),
        cost=cost,
        value=cost + rent,
        bound=min(bound, cost + rent),
    )
