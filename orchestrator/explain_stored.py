"""Why an order of a database is served as it is: judged anew, as when it was placed.

The order is put back into the world that is there now: its own units are lent back to the cells
that gave them, its clock is the time at which it was placed. What others have taken since is gone,
so alternatives are those that are left.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from omnisource.models.base import BrokenPlan, UnusableInput
from omnisource.models.explanation import Explanation
from omnisource.models.http_orders import OrderView
from omnisource.models.order import Order
from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, ORDER_MODES, Table, World
from omnisource.orchestrator.checkout.placed import of_its_products
from omnisource.orchestrator.explain import explain, row_of
from omnisource.orchestrator.warm import checked, numbered
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.evaluate import evaluate


def explain_stored(
    world: World, order: OrderView, prices: pl.DataFrame | None, *, why_not: str | None = None
) -> Explanation:
    """Explain how an order is served: its bill, alternatives, who cannot serve it and why.

    Args:
        world: what is there now.
        order: as it stands in the database.
        prices: of the last night, by name.
        why_not: a node's name; adds what it would take to use that node.

    Raises:
        UnusableInput: there is no such node, or the order can no longer be judged.
    """
    alone = of_its_products(_with_order(world, order))
    try:
        plan = evaluate(alone, _shipped(alone, order))
    except BrokenPlan as error:
        raise UnusableInput(f"order {order.order} cannot be explained any more: {error}") from None
    return explain(alone, _priced(alone, plan, prices), order.order, why_not=why_not)


def _priced(world: World, plan: Plan, prices: pl.DataFrame | None) -> Plan:
    known = None if prices is None else numbered(world, checked(prices, "prices"))
    return replace(plan, prices=known)


def _with_order(world: World, order: OrderView) -> World:
    """Return the world with that order alone, and its units where they came from."""
    said = {name: value for name, value in order.placed.items() if value is not None}
    placed = Order.model_validate({"order": order.order, **said})
    size = len(order.lines)
    lines: dict[str, list[Any]] = {
        "order": [0] * size, "line": [line.line for line in order.lines],
        "sku": [row_of(world.products["sku"], line.sku, "product") for line in order.lines],
        "units": [line.units for line in order.lines], "price_cents": [0] * size,
        "discount_cents": [0] * size, "bundle": [""] * size,
    }  # fmt: skip
    return world.replace(
        scenario=world.scenario.model_copy(update={"now": placed.placed_at}),
        orders=_like(world.orders, {k: [v] for k, v in _columns(world, placed).items()}),
        lines=_like(world.lines, lines),
        stock=_given_back(world, order),
    )


def _columns(world: World, placed: Order) -> dict[str, Any]:
    """Return an order as the world's columns hold it."""
    by = placed.promised_by
    return {
        **placed.model_dump(include={"order", "channel", "customer", "tier", "postcode"}),
        "placed_at": int(placed.placed_at.timestamp()) // 60,
        "mode": ORDER_MODES.index(placed.mode),
        "country": placed.country or "",
        "lat": np.nan if placed.lat is None else placed.lat,
        "lon": np.nan if placed.lon is None else placed.lon,
        "pickup_node": _node(world, placed.pickup_node),
        "from_store": _node(world, placed.from_store),
        "promised_by": ABSENT if by is None else int(by.timestamp()) // 60,
        "max_shipments": placed.max_shipments or ABSENT,
        "ship_complete": placed.ship_complete,
    }


def _node(world: World, name: str | None) -> int:
    return -1 if name is None else row_of(world.nodes["node"], name, "node")


def _like(table: Table, values: dict[str, list[Any]]) -> Table:
    return Table({name: np.array(values[name], column.dtype) for name, column in table.items()})


def _given_back(world: World, order: OrderView) -> Table:
    """Return the stock with the order's units back in the cells that gave them."""
    stock, on_hand = world.stock, world.stock["on_hand"].copy()
    for shipment in order.shipments:
        node = _node(world, shipment.node)
        for line in shipment.lines:
            sku = row_of(world.products["sku"], line.sku, "product")
            on_hand[(stock["node"] == node) & (stock["sku"] == sku)] += line.units
    return stock.replace(on_hand=on_hand)


def _shipped(world: World, order: OrderView) -> Shipped:
    """Return the order's shipments in the world's rows."""
    names = [line.line for line in order.lines]
    services = [
        -1 if each.service is None else row_of(world.services["service"], each.service, "service")
        for each in order.shipments
    ]
    sizes = [len(each.lines) for each in order.shipments]
    inside = [line for each in order.shipments for line in each.lines]
    return Shipped(
        order=np.zeros(len(sizes), np.int64),
        node=np.array([_node(world, each.node) for each in order.shipments], np.int64),
        service=np.array(services, np.int64),
        start=np.cumsum([0, *sizes]).astype(np.int64),
        line=np.array([names.index(line.line) for line in inside], np.int64),
        units=np.array([line.units for line in inside], np.int64),
    )
