"""What a night costs as a whole: nodes that are too busy, groups that go short of too much.

The judge's side of (8) and (9) of solvers/compile/costs.py: from the world's tables, the policy and
the plan's own tables, as rows that say who costs what.
"""

from typing import Final

import numpy as np

from omnisource.models.policy import Fairness, LoadStep
from omnisource.models.world import ABSENT, Table, World
from omnisource.solvers.compile.costs import allowance, beyond_cents
from omnisource.solvers.compile.fences import on_node
from omnisource.solvers.compile.groups import groups_of
from omnisource.solvers.problem import Ints

LOADS: Final = ("node", "sent", "free", "cents")
SHORTFALLS: Final = ("by", "group", "ordered", "short", "free", "cents")


def loads(world: World, shipments: Table) -> Table:
    """Return node, sent, free and cents for each step of the policy and node it holds for, (8)."""
    sent = np.bincount(shipments["node"], minlength=world.nodes.rows)
    return _stacked([_load(world, step, sent) for step in world.policy.load], LOADS)


def shortfalls(world: World, shortages: Table) -> Table:
    """Return by, group, ordered, short, free and cents for each fairness rule and group, (9)."""
    asked, missing = _by_order(world, world.lines), _by_order(world, shortages)
    rules = world.policy.fairness
    return _stacked([_shortfall(world, rule, asked, missing) for rule in rules], SHORTFALLS)


def _by_order(world: World, table: Table) -> Ints:
    """Add a table's units up, (K,)."""
    units = np.zeros(world.orders.rows, np.int64)
    np.add.at(units, table["order"], table["units"])
    return units


def _load(world: World, step: LoadStep, sent: Ints) -> Table:
    day = world.nodes["orders_per_day"]
    node = np.flatnonzero(on_node(world, step) & (day != ABSENT))
    free = allowance(step.beyond, day[node])
    cents = beyond_cents(sent[node], free, step.cents)
    return Table({"node": node, "sent": sent[node], "free": free, "cents": cents})


def _shortfall(world: World, rule: Fairness, asked: Ints, missing: Ints) -> Table:
    names, group = groups_of(world, rule)
    ordered, short = np.zeros((2, len(names)), np.int64)
    np.add.at(ordered, group, asked)
    np.add.at(short, group, missing)
    free = allowance(rule.most_short, ordered)
    return Table(
        {
            "by": np.full(len(names), rule.by, object),
            "group": np.array(names, object),
            "ordered": ordered,
            "short": short,
            "free": free,
            "cents": beyond_cents(short, free, rule.cents),
        }
    )


def _stacked(tables: list[Table], names: tuple[str, ...]) -> Table:
    """Put tables of the same columns below each other; with none there are no rows."""
    nothing = np.zeros(0, np.int64)
    return Table({name: np.concatenate([t[name] for t in tables] or [nothing]) for name in names})
