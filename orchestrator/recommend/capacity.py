"""Where one more picker, or one more hour before the cut-off, pays."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from omnisource.models.changes import Capacity, CutOff
from omnisource.models.world import ABSENT
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.recommend.idea import Idea
from omnisource.orchestrator.recommend.priced import BLOCK, by_node, moved, of_orders, priced
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.compile.world import blocks, compile_world
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.worth import gains, valued

LIMITS: Final = {"node_orders": ("node_order", "orders_per_day", "shipment"),
                 "node_units": ("node_unit", "units_per_day", "unit")}  # fmt: skip
"""Resource of a price: its field in `Prices`, its column of `nodes`, what it counts."""
NODES: Final = 10
"""Nodes that are looked at, those with the dearest day."""


def pickers(seen: Seen) -> Iterator[Idea]:
    """Recommend one more picker at nodes whose day has a price."""
    table, more = seen.prices, seen.terms.picker
    rows = np.flatnonzero(np.isin(table["resource"], list(LIMITS)) & (table["cents"] > 0))
    rows = rows[np.argsort(-table["cents"][rows], kind="stable")][:NODES]
    for row, (orders, cents) in zip(rows.tolist(), _wanted(seen, rows), strict=True):
        resource, node = table["resource"][row], int(table["node"][row])
        _, column, what = LIMITS[resource]
        limit = int(seen.world.nodes[column][node])
        change = Capacity(kind="capacity", nodes=(seen.node(node),), **{column: limit + more})
        touched = np.concatenate([orders, seen.senders(node)])
        yield Idea(
            kind="picker",
            name=f"one more picker at {seen.node(node)}: {limit + more} {what}s a day, not {limit}",
            changes=(change,),
            price_cents=min(float(cents[:more].sum()), more * float(table["cents"][row])),
            extra_cents=0,
            orders=seen.fitting(touched),
            facts={
                "price_cents_each": round(float(table["cents"][row]), 2),
                "limit": limit,
                "wanted": len(cents),
            },
        )


def _wanted(seen: Seen, rows: Ints) -> list[tuple[Ints, Floats]]:
    """Return for each price of a day which orders want more of it, and the cents of each unit.

    Orders that the node serves anyhow are none of these; the cents come in descending order.
    """
    world, table = seen.world, seen.prices
    parts: list[list[tuple[Ints, Ints, Floats]]] = [[] for _ in rows]
    for begin, end in blocks(world.orders.rows if len(rows) else 0, BLOCK):
        problem, _ = compile_world(of_orders(world, np.arange(begin, end)), seen.threads)
        night = valued(problem, prices_of(problem, table), seen.threads)
        for part, row in zip(parts, rows.tolist(), strict=True):
            field = LIMITS[table["resource"][row]][0]
            found = gains(night, field, int(table["node"][row]))
            new = (found.units > 0) & ~np.isin(
                begin + found.order, seen.senders(table["node"][row])
            )
            part.append((begin + found.order[new], found.units[new], found.cents[new]))
    done = []
    for part in parts:
        order, units, cents = (np.concatenate(column) for column in zip(*part, strict=True))
        each = np.repeat(cents / np.maximum(units, 1), units)
        done.append((order.astype(np.int64), -np.sort(-each)))
    return done


def hours(seen: Seen) -> Iterator[Idea]:
    """Recommend a later cut-off at nodes whose parcels would then serve orders better."""
    nodes, minutes = seen.world.nodes, seen.terms.minutes
    has = nodes["cutoff"] != ABSENT
    if not has.any():
        return
    later = changed(seen.world, [CutOff(kind="cut_off", minutes=minutes)])
    other = priced(later, seen.prices, seen.threads)
    cents = by_node(seen.base, other, has)
    touched = moved(seen.base, other)
    for node in np.argsort(-cents, kind="stable")[:NODES].tolist():
        if cents[node] > 0:
            name, mine = seen.node(node), np.union1d(touched, seen.senders(node))
            yield Idea(
                kind="hour",
                name=f"parcels leave {name} until {minutes} minutes later",
                changes=(CutOff(kind="cut_off", nodes=(name,), minutes=minutes),),
                price_cents=float(cents[node]),
                extra_cents=0,
                orders=seen.fitting(mine, seen.rivals(mine)),
                facts={"orders": len(touched)},
            )
