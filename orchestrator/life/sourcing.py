"""Which nodes can send what an order still wants, now: the night's oracle over live stock.

The network is read once. For every question the stock of the few products that are asked for is
read as it stands, and a problem of one order is compiled over the nodes that have some, so that it
takes no longer in a network of thousands. Nothing is locked; whoever writes the answer takes the
units, or finds them gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from omnisource.models.order import Order
from omnisource.models.plan import Plan
from omnisource.models.policy import Fence
from omnisource.models.scenario import Scenario
from omnisource.models.world import ABSENT, NODE_KINDS, ORDER_MODES, World
from omnisource.orchestrator.few import like, nodes_left, of_products, stock_of, with_nodes
from omnisource.orchestrator.life.free import Cell, Free, PriceOf, prices_now, read_free
from omnisource.orchestrator.seen import pack
from omnisource.orchestrator.store.database import Database
from omnisource.solvers.compile.legend import shipped
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.problem import Decisions, Ints, Limits, Prices, Problem
from omnisource.solvers.registry import solver
from omnisource.solvers.single import serve_one

SHORT: Final = 10**7
LATE: Final = 10**5
"""Cents a unit short, and a unit and day late: no freight is as dear as a day, no day as a unit."""


@dataclass(frozen=True)
class Wants:
    """What an order wants sent."""

    order: Order
    lines: Mapping[str, tuple[str, int]]  # SKU and units, by line
    now: datetime
    by: datetime | None = None  # to arrive, if that is possible
    excluded: frozenset[str] = frozenset()  # nodes
    own: Mapping[Cell, int] = field(default_factory=dict)  # units that the order would give back
    bundles: Mapping[str, str] = field(default_factory=dict)  # that lines are parts of
    fences: tuple[Fence, ...] = ()  # beside those of the policy


@dataclass(frozen=True)
class Sent:
    """A shipment that could be sent."""

    node: str
    service: str | None
    arrives: datetime
    cost_cents: int
    units: Mapping[str, int]  # by line


@dataclass(frozen=True, eq=False)
class Sourcer:
    """A network with the prices of its last night, prepared for any number of orders."""

    database: Database
    world: World  # without stock and orders
    rows: Mapping[str, Mapping[str, int]]  # of nodes and products, by name
    prices: PriceOf
    rule: str = ""  # a solver to ask instead of the oracle
    kept: dict[str, int] = field(default_factory=dict)  # networks recorded, until when in seconds

    @cached_property
    def parts(self) -> Mapping[str, Mapping[str, int]]:
        """Units of each product in one bundle, by bundle."""
        found: dict[str, dict[str, int]] = {}
        skus = self.world.products["sku"]
        columns = (self.world.bundles[name].tolist() for name in ("bundle", "sku", "units"))
        for bundle, sku, units in zip(*columns, strict=True):
            found.setdefault(bundle, {})[skus[sku]] = units
        return found

    @cached_property
    def network(self) -> tuple[str, bytes]:
        """The network as it is recorded: its digest, and itself."""
        packed = pack(self.world)
        return blake2b(packed, digest_size=8).hexdigest(), packed

    def __call__(self, wants: Wants) -> tuple[Sent, ...]:
        """Return what can be sent; units not named cannot."""
        return self.over(wants, self.free(wants))

    def free(self, wants: Wants) -> Free:
        """Return what is left of what is wanted, now."""
        skus = sorted({sku for sku, _ in wants.lines.values()})
        return read_free(self.database, skus, str(wants.now.date()))

    def over(self, wants: Wants, free: Free) -> tuple[Sent, ...]:
        """Return what can be sent of what is left."""
        world, names = self.alone(wants, free)
        if not world.stock.rows:
            return ()
        problem, legend = compile_world(world, threads=1)
        found = shipped(world, problem, legend, self._decide(problem, world))
        return _told(world, evaluate(world, found), names)

    def _decide(self, problem: Problem, world: World) -> Decisions:
        if self.rule:
            return solver(self.rule)(problem, Limits()).decisions
        return serve_one(problem, self.priced(problem, world))

    def priced(self, problem: Problem, world: World) -> Prices:
        """Return last night's prices of what the problem has."""
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
            if known := self.prices.get(name, {}).get(""):
                column[:] = [known.get(node, 0.0) for node in nodes]
        return found

    def alone(
        self, wants: Wants, free: Free, also: Iterable[str] = ()
    ) -> tuple[World, Sequence[str]]:
        """Return the world with that order, what is left, and who has it; and its lines' names.

        Args:
            wants: by an order.
            free: what is left.
            also: nodes that are looked at though they have nothing.
        """
        skus = sorted({sku for sku, _ in wants.lines.values()})
        sku_row = {sku: at for at, sku in enumerate(skus)}
        cells = self._cells(wants, free, sku_row)
        kept = self._near(wants.order, [*cells, *((node, "") for node in also)])
        node_row = {self.world.nodes["node"][row]: at for at, row in enumerate(kept)}
        names = list(wants.lines)
        lines: dict[str, list[Any]] = {
            "order": [0] * len(names), "line": names,
            "bundle": [wants.bundles.get(name, "") for name in names],
            "sku": [sku_row[wants.lines[name][0]] for name in names],
            "units": [wants.lines[name][1] for name in names],
        }  # fmt: skip
        at = np.array([self.rows["sku"][sku] for sku in skus])
        world = with_nodes(self.world, kept).replace(
            scenario=self._scenario(wants),
            products=self.world.products.take(at),
            bundles=of_products(self.world.bundles, at),
            stock=like(self.world.stock, stock_of(cells, free, node_row, sku_row)),
            orders=like(self.world.orders, _order(wants, node_row)),
            lines=like(self.world.lines, lines),
        )
        return world.replace(nodes=nodes_left(world.nodes, free.room, node_row)), names

    def _scenario(self, wants: Wants) -> Scenario:
        """Return the scenario at a time, in which no freight is as dear as a day or a unit."""
        fences = (*self.world.policy.fences, *wants.fences)
        policy = self.world.policy.model_copy(
            update={"shortage_cents": SHORT, "late_cents": LATE, "fairness": (), "load": (),
                    "tiers": {}, "promised_factor": 1.0, "fences": fences}
        )  # fmt: skip
        return self.world.scenario.model_copy(update={"now": wants.now, "policy": policy})

    def _cells(self, wants: Wants, free: Free, sku_row: Mapping[str, int]) -> dict[Cell, int]:
        """Return the units of each cell that the order may draw from."""
        units = dict(free.units)
        for cell, own in wants.own.items():
            units[cell] = units.get(cell, 0) + own
        known, out = self.rows["node"], wants.excluded
        return {
            cell: much for cell, much in units.items()
            if much > 0 and cell[0] in known and cell[0] not in out and cell[1] in sku_row
        }  # fmt: skip

    def _near(self, order: Order, cells: Iterable[Cell]) -> Ints:
        """Return the nodes that matter: those with stock, the hubs, the stores named."""
        named = {node for node, _ in cells} | {order.pickup_node or "", order.from_store or ""}
        hubs = np.flatnonzero(self.world.nodes["kind"] == NODE_KINDS.index("hub"))
        mine = [self.rows["node"][node] for node in named if node in self.rows["node"]]
        return np.unique(np.concatenate([hubs, np.array(mine, np.int64)])).astype(np.int64)


def _order(wants: Wants, node_row: Mapping[str, int]) -> dict[str, list[Any]]:
    """Return the order's columns."""
    row = order_row(wants.order, wants.by, node_row) | {"ship_complete": False}
    return {name: [value] for name, value in row.items()}


def order_row(order: Order, by: datetime | None, node_row: Mapping[str, int]) -> dict[str, Any]:
    """Return an order as a row of a world's orders.

    Args:
        order: as it was placed.
        by: when it must have arrived, whatever the order says.
        node_row: the world's nodes by name.
    """
    return {
        **order.model_dump(), "placed_at": minute(order.placed_at),
        "mode": ORDER_MODES.index(order.mode), "country": order.country or "",
        "lat": np.nan if order.lat is None else order.lat,
        "lon": np.nan if order.lon is None else order.lon,
        "pickup_node": node_row.get(order.pickup_node or "", -1),
        "from_store": node_row.get(order.from_store or "", -1),
        "promised_by": ABSENT if by is None else minute(by),
        "max_shipments": order.max_shipments or ABSENT,
    }  # fmt: skip


def sourcer(database: Database, world: World, rule: str = "") -> Sourcer:
    """Prepare a network for orders.

    Args:
        database: whose stock is asked for.
        world: its network; stock and orders are not looked at.
        rule: a solver that decides instead of the oracle.
    """
    bare = world.replace(
        stock=world.stock.take(_NONE),
        allotments=world.allotments.take(_NONE), receipts=world.receipts.take(_NONE),
        orders=world.orders.take(_NONE), lines=world.lines.take(_NONE),
        deliveries=world.deliveries.take(_NONE),
    )  # fmt: skip
    return sourcer_of(database, bare, prices_now(database, world.nodes["node"]), rule)


def sourcer_of(database: Database, bare: World, prices: PriceOf, rule: str = "") -> Sourcer:
    """Prepare a network without stock and orders, at those prices."""
    tables = {"node": bare.nodes["node"], "sku": bare.products["sku"]}
    rows = {key: {name: row for row, name in enumerate(names)} for key, names in tables.items()}
    return Sourcer(database, bare, rows, prices, rule)


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
        plan.shipments[n].tolist()
        for n in ("node", "service", "arrives", "cost_cents", "late", "risk")
    )
    return tuple(
        Sent(
            world.nodes["node"][node],
            None if service < 0 else world.services["service"][service],
            datetime.fromtimestamp(arrives * 60, UTC),
            cost - late - risk,
            units,
        )
        for (node, service, arrives, cost, late, risk), units in zip(
            zip(*columns, strict=True), held, strict=True
        )
    )


_NONE: Final = np.zeros(0, np.int64)
