"""The verb "compare": the same night, several solvers, one judge, one bound."""

from pathlib import Path

import pytest

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.compare import COMPARED
from omnisource.solvers.problem import Limits, Round


@pytest.fixture(scope="module")
def world(shop: Path) -> om.World:
    return om.load(shop)


def test_the_bound_of_one_solver_holds_for_all(world: om.World) -> None:
    joint, nearest = om.compare(world, ["joint", "nearest"])
    assert joint.bound_cents is not None
    assert joint.bound_cents == nearest.bound_cents
    assert joint.cost_cents < nearest.cost_cents
    assert nearest.gap is not None
    assert nearest.gap > (joint.gap or 0)


def test_rule_engines_alone_have_no_bound(world: om.World) -> None:
    (rated,) = om.compare(world, ["rated"])
    assert (rated.bound_cents, rated.gap) == (None, None)


def test_the_world_is_compiled_once(world: om.World) -> None:
    told: list[Round] = []
    found = om.compare(world, ["nearest", "rated", "nearest"], limits=Limits(report=told.append))
    assert [one.solver for one in found] == ["nearest", "rated"]
    assert [at.step for at in told].count("compile") == 1


def test_an_unknown_solver_is_refused_before_the_work(world: om.World) -> None:
    told: list[Round] = []
    with pytest.raises(UnusableInput, match="no solver is called 'x'"):
        om.compare(world, ["nearest", "x"], limits=Limits(report=told.append))
    assert told == []


def test_all_but_the_reference_are_compared_where_nobody_is_named() -> None:
    assert COMPARED[0] == "joint"
    assert "exact" not in COMPARED
