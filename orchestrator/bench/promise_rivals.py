"""What promises are held against: the exact solver, and a search over all routes.

None of them knows the desk: they take the cart as the one order of a night.
"""

from itertools import product
from typing import Any, Final

import numpy as np

from omnisource.models.world import NODE_KINDS, SERVICE_KINDS, World
from omnisource.orchestrator.warm import prices_of
from omnisource.solvers.compile.legend import Shipped, shipped
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import NEVER, Limits
from omnisource.solvers.registry import solver

SHORT_CENTS: Final = 10_000_000
"""Cents a unit short: a cart is served whole if it can be."""
SECONDS: Final = 60.0


def insistent(world: World) -> World:
    """Return the world whose orders are served whole, whatever that costs."""
    policy = world.policy.model_copy(
        update={"shortage_cents": SHORT_CENTS, "promised_factor": 1.0, "tiers": {}}
    )
    return world.replace(scenario=world.scenario.model_copy(update={"policy": policy}))


def exact_cents(world: World) -> int | None:
    """Return the least cost of the world's only order, by the exact solver and the judge.

    None where it was not solved to the end, or cannot be served whole.
    """
    problem, legend = compile_world(insistent(world), threads=1)
    answer = solver("exact")(problem, Limits(gap=0.0, seconds=SECONDS, threads=1))
    plan = evaluate(world, shipped(world, problem, legend, answer.decisions))
    if answer.status != "optimal" or plan.shortages.rows:
        return None
    return int(plan.cost_cents)


def first_arrival(world: World) -> int | None:
    """Return the earliest minute by which the world's only order can be there, None for never.

    Every unit of every line from every node by every service, each in a parcel of its own, is
    reckoned by the judge: whichever units are first there are the fastest plan.
    """
    units = world.lines["units"]
    stock, sku = world.stock, world.lines["sku"]
    sends = world.nodes["ships"] & (world.nodes["kind"] != NODE_KINDS.index("hub"))
    rows = [np.flatnonzero((stock["sku"] == s) & sends[stock["node"]]) for s in sku]
    services = np.flatnonzero(world.services["kind"] != SERVICE_KINDS.index("transfer"))
    if not all(map(len, rows)):
        return None
    line, cell, service = (
        np.array(column, np.int64)
        for column in zip(
            *((i, r, v) for i, held in enumerate(rows) for r, v in product(held, services)),
            strict=True,
        )
    )
    size = len(line)
    one = Shipped(
        np.zeros(size, np.int64), stock["node"][cell].astype(np.int64), service,
        np.arange(size + 1), line, np.ones(size, np.int64),
    )  # fmt: skip
    parcels = Parcels(world, one)
    able = (parcels.rule >= 0) & (parcels.tariff[1] < NEVER) & (parcels.fence_bits == 0)
    latest = 0
    for i, asked in enumerate(units.tolist()):
        mine = able & (line == i)
        first: dict[int, int] = {}
        for c, at in zip(parcels.cell[mine].tolist(), parcels.arrives[mine].tolist(), strict=True):
            first[c] = min(first.get(c, at), at)
        have = 0
        for c, at in sorted(first.items(), key=lambda item: item[1]):
            have += int(parcels.cells.units[c])
            if have >= asked:
                latest = max(latest, at)
                break
        else:
            return None
    return latest


def folded(world: World, prices: Any) -> World:
    """Return the world in which whole-cent prices are costs: cells', nodes' parcels and units'."""
    problem, _ = compile_world(world, threads=1)
    found = prices_of(problem, prices)
    of_cell = found.cell[: world.stock.rows].astype(np.int64)
    return world.replace(
        stock=world.stock.replace(unit_cost_cents=world.stock["unit_cost_cents"] + of_cell),
        nodes=world.nodes.replace(
            cents_per_shipment=world.nodes["cents_per_shipment"] + found.node_order.astype(int),
            cents_per_unit=world.nodes["cents_per_unit"] + found.node_unit.astype(int),
        ),
    )
