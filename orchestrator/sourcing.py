"""Which nodes can send what an order still wants, now: the night's oracle over live stock.

The network is read once. For every question the stock of the few products that are asked for is
read as it stands, and a problem of one order is compiled: what takes most is looking at each node
that has some. Nothing is locked; whoever writes the answer takes the units or finds them gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from json import loads
from typing import Any, Final

import numpy as np

from omnisource.models.order import Order
from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, ORDER_MODES, Column, Table, World
from omnisource.orchestrator.store import Database
from omnisource.orchestrator.store_session import Statement, session_of
from omnisource.solvers.compile import compile_world
from omnisource.solvers.evaluate import evaluate
from omnisource.solvers.legend import shipped
from omnisource.solvers.problem import Decisions, Limits, Prices, Problem
from omnisource.solvers.registry import solver
from omnisource.solvers.single import serve_one

SHORT: Final = 10**9
LATE: Final = 10**6
"""Cents a unit short, and a unit and day late: no freight is as dear as a day, no day as a unit."""
FREE: Final = Statement(
    "SELECT node, sku, on_hand - reserved - safety, document FROM stock "
    "WHERE sku IN (:skus) AND on_hand - reserved > safety"
)
ROOM: Final = Statement(
    "SELECT kind, node, most - used FROM quotas WHERE at = :day AND kind IN ('orders', 'units')"
)
PRICES: Final = Statement("SELECT document FROM runs WHERE status = 'done'")
Cell = tuple[str, str]
PriceOf = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Cents by resource, SKU ("" for none) and node."""


@dataclass(frozen=True)
class Wants:
    """What an order wants sent."""

    order: Order
    lines: Mapping[str, tuple[str, int]]  # SKU and units, by line
    now: datetime
    by: datetime | None = None  # to arrive, if that is possible
    excluded: frozenset[str] = frozenset()  # nodes
    own: Mapping[Cell, int] = field(default_factory=dict)  # units that the order would give back


@dataclass(frozen=True)
class Sent:
    """A shipment that could be sent."""

    node: str
    service: str | None
    arrives: datetime
    cost_cents: int
    units: Mapping[str, int]  # by line


@dataclass(frozen=True)
class Free:
    """What is left of some products, and of a day."""

    units: Mapping[Cell, int]
    cost: Mapping[Cell, int]  # cents a unit drawn
    room: Mapping[Cell, int]  # shipments or units, by kind and node


@dataclass(frozen=True, eq=False)
class Sourcer:
    """A network with the prices of its last night, prepared for any number of orders."""

    database: Database
    world: World  # without stock and orders
    rows: Mapping[str, Mapping[str, int]]  # of nodes and products, by name
    prices: PriceOf
    rule: str = ""  # a solver to ask instead of the oracle

    def __call__(self, wants: Wants) -> tuple[Sent, ...]:
        """Return what can be sent; units not named cannot."""
        skus = sorted({sku for sku, _ in wants.lines.values()})
        free = read_free(self.database, skus, str(wants.now.date()))
        return self.over(wants, free)

    def over(self, wants: Wants, free: Free) -> tuple[Sent, ...]:
        """Return what can be sent of what is left."""
        world, names = self._alone(wants, free)
        if not world.stock.rows:
            return ()
        problem, legend = compile_world(world, threads=1)
        found = shipped(world, problem, legend, self._decide(problem, world))
        return _told(world, evaluate(world, found), names)

    def _decide(self, problem: Problem, world: World) -> Decisions:
        if self.rule:
            return solver(self.rule)(problem, Limits()).decisions
        return serve_one(problem, self._priced(problem, world))

    def _priced(self, problem: Problem, world: World) -> Prices:
        """Return last night's prices, (1/1024) cents exact, of what the problem has."""
        found = Prices.zero(problem)
        cells, skus, nodes = (
            self.prices.get("stock", {}),
            world.products["sku"],
            world.nodes["node"],
        )
        for sku in range(len(skus)):
            if known := cells.get(skus[sku]):
                at = np.flatnonzero(problem.cell_sku == sku)
                found.cell[at] = [known.get(nodes[n], 0.0) for n in problem.cell_node[at]]
        for name, column in (("node_orders", found.node_order), ("node_units", found.node_unit)):
            for node, cents in self.prices.get(name, {}).get("", {}).items():
                column[self.rows["node"][node]] = cents
        return found

    def _alone(self, wants: Wants, free: Free) -> tuple[World, Sequence[str]]:
        """Return the world with that order alone and what is left; and its lines' names."""
        skus = sorted({sku for sku, _ in wants.lines.values()})
        row = {sku: at for at, sku in enumerate(skus)}
        names = list(wants.lines)
        policy = self.world.policy.model_copy(
            update={"shortage_cents": SHORT, "late_cents": LATE, "fairness": (), "load": (),
                    "tiers": {}, "promised_factor": 1.0}
        )  # fmt: skip
        head = self.world.scenario.model_copy(update={"now": wants.now, "policy": policy})
        lines: dict[str, list[Any]] = {
            "order": [0] * len(names), "line": names, "bundle": [""] * len(names),
            "sku": [row[wants.lines[name][0]] for name in names],
            "units": [wants.lines[name][1] for name in names],
        }  # fmt: skip
        at = np.array([self.rows["sku"][sku] for sku in skus])
        world = self.world.replace(
            scenario=head,
            products=self.world.products.take(at),
            nodes=self._nodes(free.room),
            stock=_like(self.world.stock, self._stock(wants, free, row)),
            orders=_like(self.world.orders, self._order(wants)),
            lines=_like(self.world.lines, lines),
        )
        return world, names

    def _stock(self, wants: Wants, free: Free, row: Mapping[str, int]) -> dict[str, list[Any]]:
        units = dict(free.units)
        for cell, own in wants.own.items():
            units[cell] = units.get(cell, 0) + own
        known = self.rows["node"]
        cells = [
            cell for cell, much in units.items()
            if much > 0 and cell[0] not in wants.excluded and cell[0] in known and cell[1] in row
        ]  # fmt: skip
        return {
            "node": [known[node] for node, _ in cells], "sku": [row[sku] for _, sku in cells],
            "on_hand": [units[cell] for cell in cells], "safety": [0] * len(cells),
            "unit_cost_cents": [free.cost.get(cell, 0) for cell in cells],
            "counted_at": [ABSENT] * len(cells), "accuracy": [1.0] * len(cells),
        }  # fmt: skip

    def _nodes(self, room: Mapping[Cell, int]) -> Table:
        """Return the nodes with what is left of the day."""
        columns: dict[str, Column] = {}
        for (kind, node), left in room.items():
            name = f"{kind}_per_day"
            column = columns.setdefault(name, self.world.nodes[name].copy())
            column[self.rows["node"][node]] = max(left, 0)
        return self.world.nodes.replace(**columns) if columns else self.world.nodes

    def _order(self, wants: Wants) -> dict[str, list[Any]]:
        order, by = wants.order, wants.by
        values: dict[str, Any] = {
            **order.model_dump(), "placed_at": minute(order.placed_at),
            "mode": ORDER_MODES.index(order.mode), "country": order.country or "",
            "lat": np.nan if order.lat is None else order.lat,
            "lon": np.nan if order.lon is None else order.lon,
            "pickup_node": self.rows["node"].get(order.pickup_node or "", -1),
            "from_store": self.rows["node"].get(order.from_store or "", -1),
            "promised_by": ABSENT if by is None else minute(by),
            "max_shipments": order.max_shipments or ABSENT, "ship_complete": False,
        }  # fmt: skip
        return {name: [value] for name, value in values.items()}


def sourcer(database: Database, world: World, rule: str = "") -> Sourcer:
    """Prepare a network for orders.

    Args:
        database: whose stock is asked for.
        world: its network; stock and orders are not looked at.
        rule: a solver that decides instead of the oracle.
    """
    bare = world.replace(
        bundles=world.bundles.take(_NONE), stock=world.stock.take(_NONE),
        allotments=world.allotments.take(_NONE), receipts=world.receipts.take(_NONE),
        orders=world.orders.take(_NONE), lines=world.lines.take(_NONE),
        deliveries=world.deliveries.take(_NONE),
    )  # fmt: skip
    tables = {"node": world.nodes["node"], "sku": world.products["sku"]}
    rows = {key: {name: row for row, name in enumerate(names)} for key, names in tables.items()}
    return Sourcer(database, bare, rows, last_prices(database, rows["node"]), rule)


def read_free(database: Database, skus: Sequence[str], day: str) -> Free:
    """Return what is left of some products, and of a day."""
    with database.reading() as connection:
        session = session_of(connection)
        stock = session.rows(FREE, skus=list(skus))
        room = session.rows(ROOM, day=day)
    return Free(
        units={(node, sku): units for node, sku, units, _ in stock},
        cost={(node, sku): cents for node, sku, _, text in stock if (cents := _unit_cost(text))},
        room={(kind, node): left for kind, node, left in room},
    )


@lru_cache(maxsize=10_000)
def _unit_cost(document: str) -> int:
    """Return the extra cost of drawing from a cell."""
    return int(loads(document).get("unit_cost_cents") or 0)


def last_prices(database: Database, nodes: Iterable[str]) -> PriceOf:
    """Return the prices of the latest night that is done; of none, where there is none."""
    with database.reading() as connection:
        documents = [loads(text) for (text,) in session_of(connection).rows(PRICES)]
    nights = [night for night in documents if night.get("prices", {}).get("resource")]
    found: dict[str, dict[str, dict[str, float]]] = {}
    known = set(nodes)
    for night in sorted(nights, key=lambda night: int(night["now"]))[-1:]:
        table = night["prices"]
        columns = (table[name] for name in ("resource", "node", "sku", "cents"))
        for resource, node, sku, cents in zip(*columns, strict=True):
            if node in known:
                found.setdefault(resource, {}).setdefault(sku or "", {})[node] = cents
    return found


def minute(time: datetime) -> int:
    """Return a time in minutes since 1970-01-01 UTC."""
    return int(time.timestamp()) // 60


def _told(world: World, plan: Plan, names: Sequence[str]) -> tuple[Sent, ...]:
    """Return a plan's shipments by name."""
    held: list[dict[str, int]] = [{} for _ in range(plan.shipments.rows)]
    inside = plan.allocations
    columns = (inside[name].tolist() for name in ("shipment", "line", "units"))
    for shipment, line, units in zip(*columns, strict=True):
        held[shipment][names[line]] = held[shipment].get(names[line], 0) + units
    columns = (
        plan.shipments[n].tolist() for n in ("node", "service", "arrives", "cost_cents", "late")
    )
    return tuple(
        Sent(
            world.nodes["node"][node],
            None if service < 0 else world.services["service"][service],
            datetime.fromtimestamp(arrives * 60, UTC),
            cost - late,
            units,
        )
        for (node, service, arrives, cost, late), units in zip(
            zip(*columns, strict=True), held, strict=True
        )
    )


def _like(table: Table, values: Mapping[str, Sequence[Any]]) -> Table:
    """Return rows in the columns of a table; 0, or nothing, where no value is given."""
    size = len(next(iter(values.values())))
    columns = {}
    for name, column in table.items():
        nothing = [""] * size if column.dtype == object else [0] * size
        columns[name] = np.array(values.get(name, nothing), column.dtype)
    return Table(columns)


_NONE: Final = np.zeros(0, np.int64)
