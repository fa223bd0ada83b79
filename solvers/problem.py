"""The night in numbers: what every solver is given and what it answers.

Indices
    o  order, 0 … K−1                     n  node, 0 … N−1
    l  line of an order, 0 … L−1          r  stock cell (node, SKU), 0 … R−1
    c  candidate: an order and a node that could send it something, 0 … C−1
    p  pair: a candidate and a line of its order, 0 … P−1
    b  threshold on a node's load, 0 … B−1  g  group whose shortage is watched, 0 … G−1
    x  content: units of each line of one order, what one shipment holds
    m  menu entry: a candidate and a content, with what it costs to send it so, 0 … M−1

A *plan* of an order is a multiset of shipments (candidate, content) and the units left short.
The night is

    (1)  min  Σ shipments cost(c, x)  +  Σ_l shortage_l · short_l
              +  Σ_b load_cents_b · max(0, shipments from node b − load_from_b)
              +  Σ_g group_cents_g · max(0, units short in g − group_free_g)
    (2)  Σ shipments of o  x_l  +  short_l  =  units_l                     every line
    (3)  Σ x of pairs in r  ≤  stock_r                                     every cell
    (4)  number of shipments from n  ≤  node_orders_n                      every node
    (5)  Σ x from n  ≤  node_units_n                                       every node
    (6)  number of shipments of o  ≤  max_shipments_o                      every order
    (7)  short_l = 0 for all lines of o, or short_l = units_l for all      where complete_o
    (8)  short_l  /  kit_units_l  is one whole number                      lines of one bundle

and x_l / kit_units_l is one whole number in every content, where a bundle lies in one parcel
(solvers/compile/kits.py).

A shipment is one parcel: the cost of a content is not additive over its lines (weight steps,
dimensional weight, a fee a shipment), and one node may send an order more than one. Lines of
one order that ask for the same SKU are one line here.

Menus are written out for orders whose number of ways to cut them is at most `MENU_LIMIT`; the
other orders are *large*, have no menu, and are priced content by content (solvers/oracle/large.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNLIMITED: Final = 2**40
"""A capacity that never binds."""
NEVER: Final = 2**50
"""The cost, in cents, of a content that cannot be sent so."""
MENU_LIMIT: Final = 200_000
"""Ways to take a first shipment out of every rest of an order, Π (q+1)(q+2)/2: 3¹¹ fits."""


class Ways(NamedTuple):
    """How candidates may send: one row a way (candidate, service), in the order of candidates.

    A way carries a content if its billable weight has a step and no fence bit is shared by the
    way and a line of the content. Used to price contents; solvers that read menus need it not.
    """

    start: Ints  # (C+1,) first way of each candidate
    service: NDArray[np.int16]  # (W,)
    steps: NDArray[np.int32]  # (W,) first row of its zone in `step_grams`
    days_late: NDArray[np.int16]  # (W,) whole days after the promised date
    arrives: NDArray[np.int32]  # (W,) minutes since 1970-01-01 UTC
    fences: NDArray[np.uint64]  # (W,) bits of the rules that hold on the way's side
    co2: Floats  # (W,) cents a gram of goods, from km and the service's emissions
    step_grams: Ints  # (T,) weight up to which a step reaches; a zone ends with `UNLIMITED`
    step_cents: Ints  # (T,) cents a parcel; `NEVER` beyond the last step
    dim_divisor: Floats  # (V,) mm³ a gram of dimensional weight; 0: volume does not count


class Soft(NamedTuple):
    """What more of a shared thing costs beyond a threshold: convex costs, no hard limits.

    Two thresholds on one node stand for two steps of its cost, which add up.
    """

    load_node: Ints  # (B,) node
    load_from: Ints  # (B,) shipments of the node up to which it costs nothing more
    load_cents: Ints  # (B,) cents for each shipment beyond
    group: NDArray[np.int32]  # (K, 2) groups that an order's shortage counts in, −1 for none
    group_free: Ints  # (G,) units of the group that may be short at the usual penalty
    group_cents: Ints  # (G,) cents more for each unit short beyond

    @staticmethod
    def none(orders: int) -> "Soft":
        """Return no thresholds at all, for so many orders."""
        nothing = np.zeros(0, np.int64)
        group = np.full((orders, 2), -1, np.int32)
        return Soft(nothing, nothing, nothing, group, nothing, nothing)


class Problem(NamedTuple):
    """One night, as read-only columns (see `sealed`). Sizes as in the module's docstring.

    A named tuple because compiled kernels take it as it is.
    """

    # orders
    order_line: Ints  # (K+1,) first line of each order
    order_candidate: Ints  # (K+1,) first candidate of each order
    max_shipments: Ints  # (K,) shipments; `UNLIMITED` if free
    complete: Flags  # (K,) all units or none
    placed_at: Ints  # (K,) minutes since 1970-01-01 UTC: the order of arrival
    large: Flags  # (K,) has no menu
    # lines
    units: Ints  # (L,) units asked for
    shortage: Ints  # (L,) cents a unit unserved
    late: Ints  # (L,) cents a unit and day late
    grams: Ints  # (L,) grams a unit
    mm3: Floats  # (L,) cubic millimetres a unit
    alone: Flags  # (L,) each unit travels in a parcel of its own
    line_fences: NDArray[np.uint64]  # (L,) bits of the rules that hold on the line's side
    kit: Ints  # (L,) place in its order of the first line of its bundle, −1 for none
    kit_units: Ints  # (L,) units of the line in one bundle
    kit_parcel: Flags  # (L,) whether a bundle lies in one parcel
    # candidates
    node: NDArray[np.int32]  # (C,)
    km: Floats  # (C,) great-circle distance from the node to the destination
    pair_start: Ints  # (C+1,) first pair; a candidate has one pair a line of its order
    ways: Ways
    # pairs, in the order of the order's lines
    cell: NDArray[np.int32]  # (P,) stock cell, −1 if the node cannot serve the line
    cap: NDArray[
        np.int32
    ]  # (P,) min(units of the line, stock of the cell), 0 if the node cannot serve it
    rate: NDArray[np.int32]  # (P,) cents a unit: handling and the cell's extra unit cost
    # menus: contents in mixed radix over cap+1, first line fastest; the first entry of each is
    # "nothing"; entries not worth keeping may be left out (solvers/compile/look.py)
    menu_start: Ints  # (C+1,) equal neighbours where the order is large
    menu_cost: Ints  # (M,) cents, `NEVER` if it cannot be sent so
    menu_content: NDArray[np.int32]  # (M,) the content, in mixed radix over the order's units+1
    menu_way: NDArray[np.int32]  # (M,) the way that gives the cost, −1 if none
    # resources
    stock: Ints  # (R,) units available
    cell_node: NDArray[np.int32]  # (R,)
    cell_sku: NDArray[np.int32]  # (R,)
    node_orders: Ints  # (N,) shipments
    node_units: Ints  # (N,) units
    per_shipment: Ints  # (N,) cents a shipment: the node's fee, in the menu costs already
    soft: Soft
    # what only rule engines look at
    rank: Ints  # (N,) place in the policy's priority list, then by kind; lower goes first
    weights: Floats  # (4,) of distance, cost, stock and days in the `rated` engine

    @property
    def size(self) -> int:
        """The number of orders, K."""
        return len(self.order_line) - 1

    @property
    def nodes(self) -> int:
        """The number of nodes, N."""
        return len(self.node_orders)


Columns = TypeVar("Columns", Ways, Soft, Problem, "Prices")


def sealed(columns: Columns) -> Columns:
    """Return the same columns, read-only: what every `Problem` goes through once."""
    fields: dict[str, Any] = {}
    for name, column in columns._asdict().items():
        if isinstance(column, Ways):
            fields[name] = sealed(column)
            continue
        if isinstance(column, Soft):
            fields[name] = sealed(column)
            continue
        fields[name] = np.ascontiguousarray(column).view()
        fields[name].flags.writeable = False
    return columns._replace(**fields)


class Prices(NamedTuple):
    """A price for each scarce thing, cents a unit of it, ≥ 0, multiples of 1/1024 cent."""

    cell: Floats  # (R,) a unit of stock
    node_order: Floats  # (N,) a shipment, what the node's load costs more included
    node_unit: Floats  # (N,) a unit handled
    short: Floats  # (K,) a unit of the order left short, beside its penalty

    @staticmethod
    def zero(problem: Problem) -> "Prices":
        """Return prices of nothing."""
        nodes = len(problem.node_orders)
        return Prices(
            np.zeros(len(problem.stock)), np.zeros(nodes), np.zeros(nodes), np.zeros(problem.size)
        )


@dataclass(frozen=True)
class Round:
    """How far a solver is: what it does, how often it has, and the best figures so far."""

    step: str
    done: int
    cost: float | None = None  # cents, of the best plan
    bound: float | None = None  # cents


@dataclass(frozen=True)
class Limits:
    """When to stop, how much of the machine to take, and whom to tell."""

    gap: float = 0.001  # share of the cost
    seconds: float = 600.0
    seed: int = 0
    threads: int = 0  # 0: as many as there are cores
    report: Callable[[Round], None] | None = None
    start: "Prices | None" = None  # prices to begin with, last night's; None: none
    stop: Callable[[], bool] | None = None  # asked wherever the time is: end with the best so far
    patience: float = 1.0  # times the seconds that a step of a plan has by its own clock

    def stopped(self) -> bool:
        """Say whether whoever waits asks to end."""
        return self.stop is not None and self.stop()


@dataclass(frozen=True, eq=False)
class Decisions:
    """Who ships what: shipments, and what each holds. Units not named are short."""

    candidate: Ints  # (S,) candidate of each shipment
    way: NDArray[np.int32]  # (S,) row of `Ways`
    start: Ints  # (S+1,) first content row of each shipment
    line: Ints  # (X,) line
    units: Ints  # (X,) units of it, ≥ 1


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver says: decisions, and how good it knows them to be.

    `bound` is a lower bound on (1) over all plans, in cents, or None where the solver has none.
    """

    decisions: Decisions
    status: str  # optimal (within the gap asked for), feasible, time, interrupted, or rule
    bound: float | None = None
    prices: Prices | None = None
    passes: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


class Solver(Protocol):
    """A solver is a function from the problem and the limits to an answer."""

    def __call__(self, problem: Problem, limits: Limits) -> Answer:
        """Decide the night."""
        ...
