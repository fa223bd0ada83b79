"""Solvers by name, imported on demand: OR-Tools alone takes a second and more."""

from importlib import import_module
from typing import Final, cast

from omnisource.models.base import UnusableInput
from omnisource.solvers.problem import Solver

SOLVERS: Final = {
    "joint": "omnisource.solvers.joint.solve:joint",
    "sharded": "omnisource.solvers.shards.solve:sharded",
    "exact": "omnisource.solvers.exact.reference:exact",
    "monolith-highs": "omnisource.solvers.exact.monolith:highs",
    "monolith-scip": "omnisource.solvers.exact.monolith:scip",
    "monolith-cpsat": "omnisource.solvers.exact.monolith:cpsat",
    "nearest": "omnisource.solvers.rules.engines:nearest",
    "priority": "omnisource.solvers.rules.engines:priority",
    "fewest-splits": "omnisource.solvers.rules.engines:fewest_splits",
    "cheapest": "omnisource.solvers.rules.cheapest:cheapest",
    "rated": "omnisource.solvers.rules.engines:rated",
}
"""Name → "module:function"."""


def solver(name: str) -> Solver:
    """Import the solver of that name.

    Raises:
        UnusableInput: there is none.
    """
    if name not in SOLVERS:
        raise UnusableInput(f"no solver is called {name!r}; known are {', '.join(SOLVERS)}")
    module, function = SOLVERS[name].split(":")
    return cast(Solver, getattr(import_module(module), function))
