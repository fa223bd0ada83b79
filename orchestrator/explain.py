"""The verb "explain": why one order of a plan is served as it is.

An explanation concerns one order at the night's prices, so only that order is compiled: it takes
no longer after a million orders than after ten.
"""

from typing import Any

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.explanation import Explanation
from omnisource.models.plan import Plan
from omnisource.models.world import Column, Table, World
from omnisource.orchestrator.folder.rejects import nearest
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.explain.order import explain as explained


def explain(world: World, plan: Plan, order: str, *, why_not: str | None = None) -> Explanation:
    """Explain how an order is served: bill, alternatives with their extra cost, verdicts, prices.

    Args:
        world: what the plan was made for.
        plan: the night's plan.
        order: the order's name.
        why_not: a node's name; adds what it would take to use that node.

    Raises:
        UnusableInput: there is no such order or node.
    """
    row = row_of(world.orders["order"], order, "order")
    node = None if why_not is None else row_of(world.nodes["node"], why_not, "node")
    lines = np.flatnonzero(world.lines["order"] == row)
    alone = world.replace(
        orders=world.orders.take(np.array([row])),
        lines=world.lines.take(lines).replace(order=np.zeros(len(lines), np.int32)),
    )
    problem, legend = compile_world(alone, threads=1)
    return explained(
        alone,
        problem,
        legend,
        _of_one(plan, row, lines),
        order=0,
        prices=None if plan.prices is None else prices_of(problem, plan.prices),
        why_not=node,
    )


def row_of(names: Column, name: str, what: str) -> int:
    """Return the row of a name.

    Raises:
        UnusableInput: nothing is called so.
    """
    found = np.flatnonzero(names == name)
    if len(found):
        return int(found[0])
    near = nearest(name, names[:5_000].tolist())
    hint = f": is it {near!r}?" if near else f"; the scenario has {count(len(names), what)}"
    raise UnusableInput(f"no {what} is called {name!r}{hint}")


def _of_one(plan: Plan, row: int, lines: Column) -> Plan:
    """Return the plan of one order, its rows counted from 0."""
    sent = np.flatnonzero(plan.shipments["order"] == row)
    inside = plan.allocations.take(plan.allocations["order"] == row)
    short = plan.shortages.take(plan.shortages["order"] == row)
    return Plan(
        shipments=_renumbered(plan.shipments.take(sent)),
        allocations=_renumbered(inside, shipment=sent, line=lines),
        shortages=_renumbered(short, line=lines),
        bill={},
        prices=plan.prices,
    )


def _renumbered(table: Table, **known: Column) -> Table:
    """Return a table of one order, whose references count among the known rows."""
    columns: dict[str, Any] = {"order": np.zeros(table.rows, np.int32)}
    for name, rows in known.items():
        columns[name] = np.searchsorted(rows, table[name]).astype(np.int32)
    return table.replace(**columns)
