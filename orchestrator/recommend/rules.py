"""Which safety stock, and which fence, costs most."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from omnisource.models.changes import PolicyChange, Safety
from omnisource.models.policy import Policy
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.recommend.idea import Idea
from omnisource.orchestrator.recommend.priced import by_node, moved, priced
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.solvers.compile.available import cells

NODES: Final = 10
"""Nodes whose safety stock is recommended, those where it costs most."""


def fences(seen: Seen) -> Iterator[Idea]:
    """Recommend to take fences away that cost something."""
    for fence in seen.world.policy.fences:
        others = tuple(each for each in seen.world.policy.fences if each != fence)
        change = PolicyChange(kind="policy", policy=Policy(fences=others))
        other = priced(changed(seen.world, [change]), seen.prices, seen.threads)
        touched = moved(seen.base, other)
        if len(touched):
            yield Idea(
                kind="fence",
                name=f"take the fence {fence.name!r} away",
                changes=(change,),
                price_cents=seen.base.bound - other.bound,
                extra_cents=0,
                orders=seen.fitting(touched, seen.rivals(touched)),
                facts={"orders": len(touched)},
            )


def safeties(seen: Seen) -> Iterator[Idea]:
    """Recommend to sell what nodes keep back, where that pays."""
    if not seen.world.stock.rows:
        return
    none = changed(seen.world, [Safety(kind="safety", units=0)])
    freed = cells(none)
    at = seen.cells.find(freed.node, freed.sku)
    more = freed.units - np.where(at >= 0, seen.cells.units[at], 0)
    if not (more > 0).any():
        return
    other = priced(none, seen.prices, seen.threads)
    nodes = seen.world.nodes.rows
    rent = np.bincount(freed.node, more * np.where(at >= 0, seen.cell_cents[at], 0.0), nodes)
    cents = rent + by_node(seen.base, other, np.ones(nodes, bool))
    units = np.bincount(freed.node, more, nodes).astype(np.int64)
    cents[units == 0] = 0
    for node in np.argsort(-cents, kind="stable")[:NODES].tolist():
        if cents[node] > 0:
            mine = (freed.node == node) & (more > 0)
            yield Idea(
                kind="safety",
                name=f"sell the {units[node]} units that {seen.node(node)} keeps back",
                changes=(Safety(kind="safety", nodes=(seen.node(node),), units=0),),
                price_cents=float(cents[node]),
                extra_cents=0,
                orders=seen.fitting(seen.who_ordered(np.unique(freed.sku[mine]))),
                facts={"units": int(units[node])},
            )
