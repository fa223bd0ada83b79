"""Solvers by name, imported on demand: OR-Tools alone takes a second and more."""

from importlib import import_module
from typing import Final, cast

from omnisource.models.base import UnusableInput
from omnisource.solvers.problem import Solver

SOLVERS: Final = {
    "joint": "omnisource.solvers.joint:joint",
    "sharded": "omnisource.solvers.sharded:sharded",
    "exact": "omnisource.solvers.exact:exact",
    "monolith-highs": "omnisource.solvers.monolith:highs",
    "monolith-scip": "omnisource.solvers.monolith:scip",
    "monolith-cpsat": "omnisource.solvers.monolith:cpsat",
    "nearest": "omnisource.solvers.rules:nearest",
    "priority": "omnisource.solvers.rules:priority",
    "fewest-splits": "omnisource.solvers.rules:fewest_splits",
    "cheapest": "omnisource.solvers.cheapest:cheapest",
    "rated": "omnisource.solvers.rules:rated",
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
