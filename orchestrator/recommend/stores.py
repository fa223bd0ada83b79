"""Which stores should send parcels that do not, and which should not that do."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from omnisource.models.changes import ShipFrom
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.recommend.idea import Idea
from omnisource.orchestrator.recommend.priced import by_node, moved, of_orders, priced
from omnisource.orchestrator.recommend.seen import Seen

STORES: Final = 10
"""Stores that are recommended of either kind."""
FEW: Final = 40
"""Stores that are asked whether to stop, those that send least."""


def begin_to_ship(seen: Seen) -> Iterator[Idea]:
    """Recommend stores to send parcels that do not."""
    nodes = seen.world.nodes
    idle = seen.kind_of_node("store") & ~nodes["ships"]
    if not idle.any():
        return
    names = tuple(map(str, nodes["node"][idle]))
    other = changed(seen.world, [ShipFrom(kind="ship_from", nodes=names)])
    found = priced(other, seen.prices, seen.threads)
    cents, touched = by_node(seen.base, found, idle), moved(seen.base, found)
    for node in np.argsort(-cents, kind="stable")[:STORES].tolist():
        if cents[node] > 0:
            held = seen.world.stock["sku"][seen.world.stock["node"] == node]
            mine = np.intersect1d(seen.who_ordered(held), touched)
            yield Idea(
                kind="store",
                name=f"let {seen.node(node)} send parcels",
                changes=(ShipFrom(kind="ship_from", nodes=(seen.node(node),)),),
                price_cents=float(cents[node]),
                extra_cents=seen.terms.store_cents,
                orders=seen.fitting(mine, seen.rivals(mine)),
                facts={"orders": len(mine)},
            )


def cease_to_ship(seen: Seen) -> Iterator[Idea]:
    """Recommend stores to send no parcels whose parcels save less than the day costs."""
    nodes, sent = seen.world.nodes, seen.run.plan.shipments
    parcels = np.bincount(sent["node"][sent["service"] >= 0], minlength=nodes.rows)
    busy = seen.kind_of_node("store") & nodes["ships"] & (parcels > 0)
    few = np.flatnonzero(busy)[np.argsort(parcels[busy], kind="stable")][:FEW]
    ideas = [_ceasing(seen, int(node), int(parcels[node])) for node in few]
    ideas.sort(key=lambda idea: -idea.net_cents)
    yield from (idea for idea in ideas[:STORES] if idea.net_cents > 0)


def _ceasing(seen: Seen, node: int, parcels: int) -> Idea:
    """Return what it means for a store to send no parcels: bound − bound', of its own orders."""
    orders, change = seen.senders(node), ShipFrom(
        kind="ship_from", nodes=(seen.node(node),), ships=False
    )  # fmt: skip
    other = changed(of_orders(seen.world, orders), [change])
    found = priced(other, seen.prices, seen.threads)
    mine = seen.cells.node == node
    rent = float((seen.cell_cents * seen.used)[mine].sum())
    lost = float((found.value - seen.base.value[orders]).sum()) + rent
    return Idea(
        kind="store",
        name=f"let {seen.node(node)} send no parcels",
        changes=(change,),
        price_cents=-lost,
        extra_cents=-seen.terms.store_cents,
        orders=seen.fitting(orders, seen.rivals(orders)),
        facts={"parcels": parcels},
    )
