"""Goods come back, in a store (BORIS), by parcel or to a hub: the refund, and where they go."""

from datetime import timedelta

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.lifecycle import Goods
from omnisource.models.returns import Grade, ReturnRules, Way
from omnisource.models.world import NODE_KINDS, World
from omnisource.orchestrator.life.sourcing import Sourcer
from omnisource.orchestrator.life.story import Story
from omnisource.solvers.returns import Place, best_way


def way_back(source: Sourcer, sku: str, node: str, *, grade: Grade, rules: ReturnRules) -> Way:
    """Return what to do with units of a product that are at a node.

    Args:
        source: the network, and the prices of its last night.
        sku: the product.
        node: where the goods are, or arrive.
        grade: how they have come back.
        rules: of the business.

    Raises:
        UnusableInput: there is no such node, or it takes nothing back.
    """
    world, rows = source.world, source.rows
    if node not in rows["node"]:
        raise UnusableInput(f"there is no node {node}")
    here = rows["node"][node]
    if not world.nodes["returns"][here]:
        raise UnusableInput(f"{node} takes nothing back; name a node whose `returns` is true")
    product = rows["sku"][sku]
    price, grams = (int(world.products[name][product]) for name in ("price_cents", "grams"))
    shadow = source.prices.get("stock", {}).get(sku, {})
    nodes = world.nodes["node"]
    places = [
        place_of(world, row, shadow.get(nodes[row], 0.0), transport(world, here, row, grams))
        for row in candidates(world, here, rules)
    ]
    return best_way(places, node, price, grade=grade, rules=rules)


def candidates(world: World, here: int, rules: ReturnRules) -> list[int]:
    """Return where goods may go: where they are, every warehouse, every refurbisher."""
    nodes = world.nodes
    warehouse = nodes["kind"] == NODE_KINDS.index("warehouse")
    named = np.isin(nodes["node"], list(rules.refurbishers))
    return sorted({here, *np.flatnonzero(warehouse | named).tolist()})


def place_of(world: World, row: int, shadow: float, transport: int) -> Place:
    """Return a node as goods see it that come back: cents a unit each."""
    nodes = world.nodes
    return Place(
        node=nodes["node"][row],
        handling=int(nodes["cents_per_unit"][row]),
        shadow=int(shadow),
        transport=transport,
        sells=bool(nodes["kind"][row] != NODE_KINDS.index("hub")),
    )


def transport(world: World, here: int, there: int, grams: int) -> int:
    """Return cents a unit from node to node: by the cheapest lane, else as the cheapest parcel."""
    if here == there:
        return 0
    lanes, tariffs = world.lanes, world.tariffs
    mine = (lanes["from_node"] == here) & (lanes["to_node"] == there)
    if mine.any():
        return int(-(-lanes["cents_per_kg"][mine].min() * grams // 1_000))
    fits = tariffs["cents"][tariffs["up_to_grams"] >= grams]
    return int(fits.min()) if len(fits) else 10**9


def goods_back(
    story: Story, way: Way, sku: str, units: int, *, rules: ReturnRules, at: str
) -> Goods | None:
    """Return what comes into stock, and when; nothing of what is cleared."""
    if way.what == "clear":
        return None
    due = None if way.node == at else story.at + timedelta(days=rules.by_parcel_days)
    return Goods(node=way.node, sku=sku, units=units, due=due)
