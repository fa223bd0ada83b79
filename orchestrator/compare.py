"""The same orders by several solvers, side by side, each judged by `evaluate`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from omnisource.models.plan import Plan
from omnisource.models.world import World
from omnisource.orchestrator.allocate import at, decide, prepare
from omnisource.orchestrator.measures import Measures, measures_of
from omnisource.orchestrator.sharing import shared_night
from omnisource.solvers.problem import Limits
from omnisource.solvers.registry import SOLVERS, solver

COMPARED: Final = tuple(
    name for name in SOLVERS if not name.startswith(("sharded", "exact", "monolith"))
)
"""Who is compared where nobody is named: all that can decide a night of any size, once each."""


def compare(
    world: World,
    solvers: Sequence[str] = COMPARED,
    *,
    limits: Limits | None = None,
    now: datetime | None = None,
) -> list[Measures]:
    """Return what the same night comes to by each solver.

    A bound holds for every plan of the night, whoever found it: the best one stands in all of
    the measures, so that each `gap` says how far that solver may be from the optimum.

    Raises:
        UnusableInput: as `allocate`.
    """
    plans = plans_of(at(world, now), solvers, limits or Limits())
    return side_by_side(world, plans)


def plans_of(world: World, solvers: Sequence[str], limits: Limits) -> list[Plan]:
    """Return each solver's plan of a night that is compiled once."""
    names = list(dict.fromkeys(solvers))
    for name in names:
        solver(name)
    shared, told = shared_night(world)
    night = prepare(shared, limits)
    return [told(decide(night, name, limits)) for name in names]


def side_by_side(world: World, plans: Iterable[Plan]) -> list[Measures]:
    """Return the measures of plans of one night, all with the best bound that any of them has."""
    plans = list(plans)
    bounds = [plan.bound_cents for plan in plans if plan.bound_cents is not None]
    best = max(bounds, default=None)
    return [measures_of(world, replace(plan, bound_cents=best)) for plan in plans]
