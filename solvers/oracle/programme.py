"""The programme of a large order: how many units go by which way, in how many parcels.

For one order, at given prices, over ways w (a candidate's service), lines j and weight steps t of
a way's tariff, with

    x_wj   units of j sent by way w in mixed parcels           integer ≥ 0
    a_wj   units of j sent by w, each in a parcel of its own   integer ≥ 0   (travels alone)
    z_wt   parcels by way w at step t                          integer ≥ 0
    s_j    units of j left short                               integer ≥ 0

    (1)  min  Σ (step_t + fee) z_wt + Σ (rate + price + late) x_wj + Σ parcel_wj a_wj + Σ penalty s
    (2)  Σ_w x_wj + a_wj + s_j  =  q_j                                   every line
    (3)  Σ_j grams_j x_wj  ≤  Σ_t limit_t z_wt                           every way
    (4)  Σ_j mm³_j x_wj  ≤  divisor · Σ_t limit_t z_wt                   every way that measures
    (5)  x_wj  ≤  Σ_t min(cap_j, units of j that fit into t) z_wt        every way and line
    (6)  Σ over ways of c of x_wj + a_wj  ≤  left in c's cell            every candidate and line
    (7)  Σ z + Σ a  ≤  max_shipments, and per node ≤ what is left of its shipments and units
    (8)  s_j = q_j · r, r ∈ {0, 1}                                       where all or none
    (9)  s_j = u_j · b_k, b integer ≥ 0            lines of a bundle k, u units in one
    (10) x_wj / u_j  is the same for all lines     of a bundle that lies in one parcel, every way

No parcel holds more than the order asks for: so much is the most that a limit counts for in (3) and
(4), which are written in shares of it. An open limit as it stands, 10⁹ grams beside a few, is more
than linear solvers bear.

(3) and (4) let goods be divided among the parcels of one way, and CO2 is not rounded up here, so
(1) is a lower bound. The formulation is a facility location with modular capacities (Holmberg,
EJOR 72(3), 1994); (5) is its strong linking. It is solved in solvers/oracle/whole.py.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from omnisource.solvers.compile.costs import way_cents
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import NEVER, UNLIMITED, Floats, Ints, Prices, Problem

MIXED, ALONE, PARCEL, SHORT, NOTHING = range(5)
"""Kinds of variables: x, a, z, s, and r with b."""


@dataclass(frozen=True, eq=False)
class Case:
    """An order, at prices, over what is left."""

    problem: Problem
    order: int
    prices: Prices
    left: Left

    @property
    def lines(self) -> Ints:
        """The order's lines."""
        return np.arange(*self.problem.order_line[self.order : self.order + 2])


@dataclass(frozen=True, eq=False)
class Programme:
    """The programme (1)–(8) of one order, in columns."""

    cost: Floats
    upper: Floats
    matrix: sparse.csr_matrix
    low: Floats
    high: Floats
    way: Ints  # way of each x, a and z; −1 for s and r
    item: Ints  # line of each x, a and s; step of each z
    kind: Ints


class _Rows:
    """Rows of a sparse matrix, gathered one by one."""

    def __init__(self) -> None:
        self.row: list[Ints] = []
        self.column: list[Ints] = []
        self.value: list[Floats] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, columns: Ints, values: Floats, low: float, high: float) -> None:
        self.row.append(np.full(len(columns), len(self.low)))
        self.column.append(columns)
        self.value.append(np.broadcast_to(np.asarray(values, np.float64), columns.shape))
        self.low.append(low)
        self.high.append(high)

    def matrix(self, columns: int) -> sparse.csr_matrix:
        cells = (np.concatenate(self.row), np.concatenate(self.column))
        return sparse.csr_matrix(
            (np.concatenate(self.value), cells), shape=(len(self.low), columns)
        )


@dataclass
class _Columns:
    """Variables, gathered one by one."""

    way: list[int] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    def add(self, of: tuple[int, int, int], cents: float, most: float) -> int:
        """Add the variable of a way, an item and a kind; return its column."""
        for values, value in zip((self.way, self.item, self.kind), of, strict=True):
            values.append(value)
        self.cost.append(cents)
        self.upper.append(most)
        return len(self.cost) - 1

    def of_kind(self, *kinds: int) -> Ints:
        """Return the columns of those kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


def programme(case: Case) -> Programme:
    """Write (1)–(8) down."""
    problem, lines = case.problem, case.lines
    columns, rows = _Columns(), _Rows()
    sent: list[list[int]] = [[] for _ in lines]
    by_candidate: dict[int, dict[int, list[int]]] = {}
    for way, c in zip(*_ways(problem, case.order), strict=True):
        goods = _goods(case, int(way), int(c), columns)
        for j, column in goods:
            sent[j].append(column)
            by_candidate.setdefault(int(c), {}).setdefault(j, []).append(column)
        mixed = [good for good in goods if columns.kind[good[1]] == MIXED]
        if mixed:
            z = _parcels(case, int(way), int(c), columns)
            by_candidate[int(c)].setdefault(-1, []).extend(z.tolist())
            _carry(case, (int(way), mixed, z), columns, rows)
            _keep_together(case, dict(mixed), rows)
    _couple(case, by_candidate, columns, rows)
    _serve(case, sent, columns, rows)
    return Programme(
        np.array(columns.cost), np.array(columns.upper), rows.matrix(len(columns.cost)),
        np.array(rows.low), np.array(rows.high), np.array(columns.way), np.array(columns.item),
        np.array(columns.kind),
    )  # fmt: skip


def _goods(case: Case, way: int, c: int, columns: _Columns) -> list[tuple[int, int]]:
    """Add x and a of a way; return line and column of each."""
    problem, prices, ways = case.problem, case.prices, case.problem.ways
    node, pair = int(problem.node[c]), int(problem.pair_start[c])
    fee = _fee(case, node)
    limit = _limits(problem, way).max(initial=0.0)
    goods = []
    for j, line in enumerate(case.lines):
        cell, late = problem.cell[pair + j], int(problem.late[line])
        most = min(problem.cap[pair + j], case.left.stock[cell] if cell >= 0 else 0)
        if most <= 0 or problem.line_fences[line] & ways.fences[way]:
            continue
        each = float(problem.rate[pair + j] + prices.cell[cell] + prices.node_unit[node])
        grams, mm3 = problem.grams[line], problem.mm3[line]
        if problem.alone[line]:
            parcel = way_cents(ways, way, grams, mm3, np.uint64(0), late)
            if parcel < NEVER:
                goods.append((j, columns.add((way, j, ALONE), parcel + fee + each, float(most))))
        elif _size(problem, way, line) <= limit:
            each += late * int(ways.days_late[way]) + float(grams) * ways.co2[way]
            goods.append((j, columns.add((way, j, MIXED), each, float(most))))
    return goods


def _parcels(case: Case, way: int, c: int, columns: _Columns) -> Ints:
    """Add z of a way, one a step; return the columns."""
    ways, fee = case.problem.ways, _fee(case, int(case.problem.node[c]))
    rounding = 0.5 if ways.co2[way] > 0 else 0.0
    return np.array(
        [
            columns.add((way, t, PARCEL), float(ways.step_cents[t]) + fee - rounding, 200)
            for t in steps_of(case.problem, way)
        ]
    )


def _carry(
    case: Case, sends: tuple[int, list[tuple[int, int]], Ints], columns: _Columns, rows: _Rows
) -> None:
    """Add (3), (4) and (5) of a way that sends goods in parcels z."""
    problem, (way, mixed, z) = case.problem, sends
    limits, divisor = _limits(problem, way), _divisor(problem, way)
    x, of = np.array([column for _, column in mixed]), case.lines[[j for j, _ in mixed]]
    both = np.concatenate([x, z])
    sizes = [problem.grams[of].astype(np.float64)]  # (3)
    if divisor > 0:
        sizes.append(problem.mm3[of] / divisor)  # (4)
    for size in sizes:
        all_of_it = max(float(size @ problem.units[of]), 1.0)
        held = np.concatenate([size, -np.minimum(limits, all_of_it)]) / all_of_it
        rows.add(both, held, -np.inf, 0)
    for line, column in zip(of, x, strict=True):
        most = columns.upper[column]
        fits = np.minimum(np.floor(limits / _size(problem, way, line) + 1e-9), most)
        rows.add(np.append(z, column), np.append(-fits, 1.0), -np.inf, 0)  # (5)


def _keep_together(case: Case, mixed: dict[int, int], rows: _Rows) -> None:
    """Add (10) of a way that sends mixed goods: line and column."""
    problem, lines = case.problem, case.lines
    for j, column in mixed.items():
        if not problem.kit_parcel[lines[j]]:
            continue
        for other in np.flatnonzero(problem.kit[lines] == problem.kit[lines[j]]).tolist():
            if other not in mixed:
                rows.add(np.array([column]), np.ones(1), 0, 0)
            elif other > j:
                both = problem.kit_units[lines[[other, j]]] * np.array([1.0, -1.0])
                rows.add(np.array([column, mixed[other]]), both, 0, 0)


def _serve(case: Case, sent: list[list[int]], columns: _Columns, rows: _Rows) -> None:
    """Add s and r, and (2), the order's part of (7), and (8)."""
    problem, asked = case.problem, [float(q) for q in case.problem.units[case.lines]]
    penalties = problem.shortage[case.lines] + case.prices.short[case.order]
    short = [
        columns.add((-1, j, SHORT), float(cents), q)
        for j, (cents, q) in enumerate(zip(penalties, asked, strict=True))
    ]
    for j, q in enumerate(asked):
        rows.add(np.array([*sent[j], short[j]]), np.ones(1), q, q)  # (2)
    limit, parcels = problem.max_shipments[case.order], columns.of_kind(ALONE, PARCEL)
    if limit < UNLIMITED and len(parcels):
        rows.add(parcels, np.ones(1), -np.inf, float(limit))  # (7)
    if problem.complete[case.order]:
        none = columns.add((-1, 0, NOTHING), 0.0, 1.0)
        for column, q in zip(short, asked, strict=True):
            rows.add(np.array([column, none]), np.array([1.0, -q]), 0, 0)  # (8)
    kit, each = problem.kit[case.lines], problem.kit_units[case.lines].astype(float)
    for head in np.unique(kit[kit >= 0]).tolist():
        broken = columns.add((-1, head, NOTHING), 0.0, asked[head] // each[head])
        for j in np.flatnonzero(kit == head).tolist():
            rows.add(np.array([short[j], broken]), np.array([1.0, -each[j]]), 0, 0)  # (9)


def _couple(
    case: Case, by_candidate: dict[int, dict[int, list[int]]], columns: _Columns, rows: _Rows
) -> None:
    """Add (6) and the nodes' part of (7)."""
    problem, left = case.problem, case.left
    for c, by_line in by_candidate.items():
        node, pair = int(problem.node[c]), int(problem.pair_start[c])
        for j, own in by_line.items():
            if j >= 0 and len(own) > 1:
                cell = problem.cell[pair + j]
                most = min(problem.cap[pair + j], left.stock[cell])
                rows.add(np.array(own), np.ones(1), -np.inf, float(most))
        units = [column for j, own in by_line.items() if j >= 0 for column in own]
        alone = [column for column in units if columns.kind[column] == ALONE]
        parcels = alone + by_line.get(-1, [])
        if left.node_units[node] < UNLIMITED // 2:
            rows.add(np.array(units), np.ones(1), -np.inf, float(left.node_units[node]))
        if left.node_orders[node] < UNLIMITED // 2:
            rows.add(np.array(parcels), np.ones(1), -np.inf, float(left.node_orders[node]))


def _fee(case: Case, node: int) -> float:
    return float(case.problem.per_shipment[node] + case.prices.node_order[node])


def _limits(problem: Problem, way: int) -> Floats:
    limits = np.minimum(problem.ways.step_grams[steps_of(problem, way)], 10**9)
    return limits.astype(np.float64)


def _divisor(problem: Problem, way: int) -> float:
    return float(problem.ways.dim_divisor[problem.ways.service[way]])


def _size(problem: Problem, way: int, line: int) -> float:
    """Return what a unit takes of a parcel's limit: its grams, or its dimensional weight."""
    divisor = _divisor(problem, way)
    volume = float(problem.mm3[line]) / divisor if divisor > 0 else 0.0
    return max(float(problem.grams[line]), volume, 1e-9)


def _ways(problem: Problem, order: int) -> tuple[Ints, Ints]:
    """Return the order's ways and the candidate of each."""
    begin, end = problem.order_candidate[order], problem.order_candidate[order + 1]
    start = problem.ways.start
    candidate = np.repeat(np.arange(begin, end), np.diff(start[begin : end + 1]))
    return np.arange(start[begin], start[end]), candidate


def steps_of(problem: Problem, way: int) -> Ints:
    """Return the rows of a way's weight steps that can be used."""
    first = int(problem.ways.steps[way])
    last = first
    while problem.ways.step_grams[last] < UNLIMITED:
        last += 1
    last += int(problem.ways.step_cents[last] < NEVER)
    return np.arange(first, last)
