"""What is expected to go wrong with a shipment, in cents, and what a move away must save.

A node declines a share of what it is given, and of what a record says some is not there. Either way
the order is sourced again, which costs the policy's `decline_cents`:

    (1)  risk_n  =  ⌊decline_rate_n · decline_cents + ½⌋                    cents a shipment from n
    (2)  risk_r  =  ⌊min(1, lost_r / on_hand_r) · decline_cents + ½⌋        cents a unit from r

with lost_r the units that have gone from cell r since it was counted, (6) of solvers/quote/atp.py.
Both are linear in what is sent, so that they are prices like any other: a node's fee, a unit's
cost.

A night may move what is reserved already (`held_at`): a unit that is sent from another node than
that costs `move_cents`, so that it goes only where that saves more.
"""

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.compile.available import Cells
from omnisource.solvers.compile.costs import penalty_cents
from omnisource.solvers.problem import Ints
from omnisource.solvers.quote.atp import lost_units

HELD_AT = "held_at"
"""A column of `lines` of a world that a night may move: the node at which the line is reserved."""


def shipment_risk(world: World) -> Ints:
    """Return, (N,), cents that a node's declining is expected to cost a shipment, (1)."""
    rate = world.nodes["decline_rate"].astype(np.float64)
    return penalty_cents(world.policy.decline_cents or 0, rate)


def unit_risk(world: World, stock: Cells) -> Ints:
    """Return, (R,), cents that a unit's not being there is expected to cost, (2)."""
    rows = len(stock.node)
    if not world.policy.decline_cents:
        return np.zeros(rows, np.int64)
    there = np.ones(rows)
    there[: world.stock.rows] = np.maximum(world.stock["on_hand"], 1)
    lost = np.minimum(lost_units(world, rows, world.now) / there, 1.0)
    if stock.only is not None:  # what is a channel's lies in the same cell
        lost = lost[stock.find(stock.node, stock.sku)]
    return penalty_cents(world.policy.decline_cents, lost)


def held_at(world: World) -> Ints:
    """Return, (lines,), the node at which each line is reserved, −1 where it is at none."""
    if HELD_AT in world.lines:
        return world.lines[HELD_AT].astype(np.int64)
    return np.full(world.lines.rows, -1, np.int64)


def move_cents(world: World) -> int:
    """Return what a unit must save that is sent from another node than it is reserved at."""
    return (world.policy.move_cents or 0) if HELD_AT in world.lines else 0
