"""The nightly batch: allocate all open orders of a world, and certify the result.

compile → solve → translate → evaluate. The solver is any of the registry; the plan that comes
back is the judge's, with the solver's bound, prices and figures put beside it.
"""

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import polars as pl

from omnisource.models.base import BrokenPlan, UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.world import Column, Table, World
from omnisource.orchestrator.sharing import shared_night
from omnisource.orchestrator.warm import RESOURCES, start_of
from omnisource.solvers.compile.available import Cells
from omnisource.solvers.compile.legend import Legend, Shipped, shipped
from omnisource.solvers.compile.world import compile_scene, everything, scene
from omnisource.solvers.consolidate import dated
from omnisource.solvers.joint.certify import SHORT_FROM, Shortlisted, overstated, shortlisted
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.problem import Answer, Ints, Limits, Prices, Problem, Round
from omnisource.solvers.registry import solver as solver_of

STEPS: Final = ("load", "compile", "price", "master", "finish", "solve", "evaluate", "write")
"""What seconds are counted for; price, master and finish are parts of solve."""
PARTS_OF_SOLVE: Final = ("price", "master", "finish")
FUZZ: Final = 1e-4
"""Cents that a bound may be above a whole number for want of digits; prices have 1/1024."""


@dataclass(frozen=True, eq=False)
class Night:
    """A world compiled once, for any number of solvers."""

    world: World
    problem: Problem
    legend: Legend
    seconds: Mapping[str, float]  # that compiling took, and rough prices
    short: Shortlisted | None = None  # where only a shortlist of it was compiled
    start: Prices | None = None  # to begin with


def allocate(
    world: World,
    *,
    solver: str = "joint",
    limits: Limits | None = None,
    now: datetime | None = None,
    prices: Plan | pl.DataFrame | None = None,
) -> Plan:
    """Decide which node ships which units of every order, by which service.

    Args:
        world: the network, the stock and the open orders.
        solver: a name of `solvers.registry.SOLVERS`.
        limits: when to stop; by default at a gap of 0.1 %.
        now: replaces the scenario's clock.
        prices: to begin with: last night's, by name, as `read_prices` returns them, or a plan of
            a world with the same nodes and products. Solvers without prices ignore them.

    Returns:
        The plan as `evaluate` judged it, with the solver's bound, prices and facts.

    Raises:
        UnusableInput: no such solver, a `now` without its offset from UTC, or a world beyond
            what the solver can do; or `prices` cannot be used.
        BrokenPlan: the solver broke a rule: a fault of ours.
    """
    limits = limits or Limits()
    solver_of(solver)
    shared, told = shared_night(at(world, now))
    night = prepare(shared, limits, solver, prices=prices)
    return told(decide(night, solver, limits))


def at(world: World, now: datetime | None) -> World:
    """Return the world at another time; at its own where none is given."""
    if now is None:
        return world
    if now.tzinfo is None:
        raise UnusableInput(f"now = {now}: the time has no offset from UTC; give an aware datetime")
    return world.replace(scenario=world.scenario.model_copy(update={"now": now}))


def prepare(
    world: World, limits: Limits, *solvers: str, prices: Plan | pl.DataFrame | None = None
) -> Night:
    """Compile a world for some solvers: a large night for `joint` alone is shortlisted.

    Raises:
        UnusableInput: the prices cannot be used; see `warm.start_of`.
    """
    tell(limits, "compile")
    began = perf_counter()
    seen = scene(world, limits.threads)
    start = None if prices is None else start_of(world, seen.bare, prices)
    if solvers != ("joint",) or world.orders.rows < SHORT_FROM:
        problem, legend = compile_scene(seen, everything(world), limits.threads)
        if (own := world.lines.get("promised_by")) is not None:
            problem = dated(problem, legend, own, limits.threads)
        return Night(world, problem, legend, {"compile": perf_counter() - began}, start=start)
    short = shortlisted(seen, replace(limits, start=start))
    seconds = {"compile": perf_counter() - began - short.seconds, "price": short.seconds}
    return Night(world, short.problem, short.legend, seconds, short, short.start)


def decide(night: Night, solver: str, limits: Limits) -> Plan:
    """Let a solver decide a compiled night, and the judge write the plan.

    Raises:
        UnusableInput: no such solver, or the night is beyond what it can do.
        BrokenPlan: the solver broke a rule, or its bound is above its cost.
    """
    tell(limits, "solve")
    began = perf_counter()
    answer = _answered(night, solver, limits)
    solved = perf_counter() - began
    decisions = shipped(night.world, night.problem, night.legend, answer.decisions)
    return certified(night, answer, decisions, solver=solver, limits=limits, solve=solved)


def certified(
    night: Night, answer: Answer, decided: Shipped, *, solver: str, limits: Limits, solve: float
) -> Plan:
    """Return the judge's plan of what was decided, with what the solver knows beside it.

    Args:
        night: what was decided; of the problem only what all orders share is asked.
        answer: all that the solver knows; its decisions are not looked at.
        decided: these, in the world's rows.
        solver: its name.
        limits: whom to tell, and the seed.
        solve: seconds that it took.

    Raises:
        BrokenPlan: a rule is broken, or the bound is above the cost.
    """
    tell(limits, "evaluate")
    began = perf_counter()
    plan = evaluate(night.world, decided)
    seconds = {"solve": solve} | dict(answer.seconds)
    for step, taken in night.seconds.items():
        seconds[step] = seconds.get(step, 0.0) + taken
    bound = None if answer.bound is None else math.ceil(answer.bound - FUZZ)
    if bound is not None and bound > plan.cost_cents:
        raise BrokenPlan(f"{solver} says {bound} cents at least; its plan costs {plan.cost_cents}")
    plan = replace(
        plan,
        solver=solver,
        status=answer.status,
        bound_cents=bound,
        prices=_price_table(night.problem, answer.prices, plan),
    )
    plan = replace(plan, facts=_facts(night, plan, answer, limits))
    return timed(plan, **seconds, evaluate=perf_counter() - began)


def _answered(night: Night, solver: str, limits: Limits) -> Answer:
    """Return a solver's answer, its bound one for the whole night."""
    answer = solver_of(solver)(night.problem, replace(limits, start=night.start or limits.start))
    if night.short is None or answer.bound is None or answer.prices is None:
        return answer
    began = perf_counter()
    bound = answer.bound - overstated(night.short, answer.prices, limits.threads)
    return replace(
        answer,
        bound=bound,
        passes=answer.passes + night.short.passes,
        seconds={**answer.seconds, "certify": perf_counter() - began},
    )


def timed(plan: Plan, **seconds: float) -> Plan:
    """Return the plan with those seconds put in, and the total anew."""
    known: dict[str, float] = {**dict.fromkeys(STEPS, 0.0), **plan.facts.get("seconds", {})}
    known |= {step: round(float(taken), 4) for step, taken in seconds.items()}
    whole = (known[step] for step in STEPS if step not in PARTS_OF_SOLVE)
    return with_facts(plan, seconds=known | {"total": round(sum(whole), 4)})


def with_facts(plan: Plan, **facts: Any) -> Plan:
    """Return the plan with more known about it."""
    return replace(plan, facts={**plan.facts, **facts})


def tell(limits: Limits, step: str) -> None:
    """Say which step begins, to whoever wants to know."""
    if limits.report is not None:
        limits.report(Round(step, 0))


def _facts(night: Night, plan: Plan, answer: Answer, limits: Limits) -> Mapping[str, Any]:
    return {
        "run": run_id(night.world, plan, limits.seed),
        "seed": limits.seed,
        "orders": night.world.orders.rows,
        "lines": night.world.lines.rows,
        "passes": answer.passes,
        "peak_mb": peak_mb(),
        "verdicts": night.legend.verdicts(),
        "notes": dict(answer.notes),
    }


def run_id(world: World, plan: Plan, seed: int) -> str:
    """Return 12 characters that stand for what was decided: the same decisions, the same name."""
    digest = blake2b(digest_size=6)
    digest.update(f"{world.scenario!r} {plan.solver} {seed} {dict(plan.bill)!r}".encode())
    for table in (plan.shipments, plan.allocations, plan.shortages):
        for column in table.values():
            digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()


def peak_mb() -> float | None:
    """Return the most memory that this process has held, MB; None where nobody counts it.

    Linux's own figure is asked first: `ru_maxrss` of a young process is that of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return round(int(found[1]) / 2**10, 1)
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, on macOS bytes
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _price_table(problem: Problem, prices: Prices | None, plan: Plan) -> Table | None:
    """Return every price that is not 0, with how much of the thing the plan uses.

    Of a (node, SKU) that channels share, one row: what is dearest of it, and all there is.
    """
    if prices is None:
        return None
    node = plan.shipments["node"]
    units = np.bincount(node, plan.shipments["units"], problem.nodes)
    cell = _cells(problem).place
    cents, capacity = np.zeros(len(cell)), np.zeros(len(cell), np.int64)
    np.maximum.at(cents, cell, prices.cell)
    np.add.at(capacity, cell, problem.stock)
    nodes, no_sku = np.arange(problem.nodes), np.full(problem.nodes, -1)
    parts: list[tuple[Column, ...]] = [
        (problem.cell_node, problem.cell_sku, cents, _drawn(problem, plan), capacity),
        (nodes, no_sku, prices.node_order, np.bincount(node, minlength=problem.nodes),
         problem.node_orders),
        (nodes, no_sku, prices.node_unit, units, problem.node_units),
    ]  # fmt: skip
    priced = [np.flatnonzero(cents) for _, _, cents, _, _ in parts]
    kinds = np.repeat(np.array(RESOURCES, object), [len(rows) for rows in priced])
    kept = [[column[rows] for column in part] for part, rows in zip(parts, priced, strict=True)]
    columns = [np.concatenate(column) for column in zip(*kept, strict=True)]
    names = {"node": np.int32, "sku": np.int32, "cents": np.float64, "used": np.int64,
             "capacity": np.int64}  # fmt: skip
    typed = zip(names.items(), columns, strict=True)
    return Table({"resource": kinds, **{name: c.astype(kind) for (name, kind), c in typed}})


def _cells(problem: Problem) -> Cells:
    return Cells(problem.cell_node, problem.cell_sku, problem.stock, problem.stock)


def _drawn(problem: Problem, plan: Plan) -> Ints:
    """Return, (R,), the units that a plan draws from each cell."""
    held = plan.allocations
    at_cell = _cells(problem).find(held["node"], held["sku"])
    return np.bincount(at_cell, held["units"], len(problem.stock)).astype(np.int64)
