"""A network with few of its nodes and products: what one order alone is compiled from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from omnisource.models.world import ABSENT, Column, Table, World
from omnisource.orchestrator.life.free import Cell, Free
from omnisource.solvers.problem import Ints


def with_nodes(world: World, kept: Ints) -> World:
    """Return the world with those nodes alone, and what refers to them."""
    at = np.full(world.nodes.rows + 1, -1, np.int32)  # the last for who names no node
    at[kept] = np.arange(len(kept), dtype=np.int32)
    rules = world.zones["node"]
    zones = world.zones.take((rules < 0) | (at[rules] >= 0))
    ends = (world.lanes["from_node"], world.lanes["to_node"])
    lanes = world.lanes.take((at[ends[0]] >= 0) & ((ends[1] < 0) | (at[ends[1]] >= 0)))
    return world.replace(
        nodes=world.nodes.take(kept),
        zones=zones.replace(node=at[zones["node"]]),
        lanes=lanes.replace(from_node=at[lanes["from_node"]], to_node=at[lanes["to_node"]]),
    )


def of_products(bundles: Table, kept: Ints) -> Table:
    """Return the parts of bundles that are those products, in their rows."""
    if not bundles.rows:
        return bundles
    row = {sku: at for at, sku in enumerate(kept.tolist())}
    at = np.array([row.get(sku, -1) for sku in bundles["sku"].tolist()], np.int32)
    return bundles.replace(sku=at).take(at >= 0)


def stock_of(
    cells: Mapping[Cell, int], free: Free, node_row: Mapping[str, int], sku_row: Mapping[str, int]
) -> dict[str, list[Any]]:
    """Return the columns of the cells that an order may draw from."""
    return {
        "node": [node_row[node] for node, _ in cells], "sku": [sku_row[sku] for _, sku in cells],
        "on_hand": list(cells.values()), "safety": [0] * len(cells),
        "unit_cost_cents": [free.cost.get(cell, 0) for cell in cells],
        "counted_at": [ABSENT] * len(cells), "accuracy": [1.0] * len(cells),
    }  # fmt: skip


def nodes_left(nodes: Table, room: Mapping[Cell, int], node_row: Mapping[str, int]) -> Table:
    """Return nodes with what is left of the day."""
    columns: dict[str, Column] = {}
    for (kind, node), left in room.items():
        if node in node_row:
            name = f"{kind}_per_day"
            column = columns.setdefault(name, nodes[name].copy())
            column[node_row[node]] = max(left, 0)
    return nodes.replace(**columns) if columns else nodes


def like(table: Table, values: Mapping[str, Sequence[Any] | Column]) -> Table:
    """Return rows in the columns of a table; 0, or nothing, where no value is given."""
    size = len(next(iter(values.values())))
    columns = {}
    for name, column in table.items():
        nothing = [""] * size if column.dtype == object else [0] * size
        columns[name] = np.array(values.get(name, nothing), column.dtype)
    return Table(columns)
