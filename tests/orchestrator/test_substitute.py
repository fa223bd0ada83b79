"""What nobody has is replaced by what the policy names, for the same money."""

from datetime import UTC, datetime
from typing import Any

import pytest

from omnisource.models.money import Charge, Terms
from omnisource.models.policy import Policy
from omnisource.models.scenario import Scenario
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.verbs import cancel, place, show, step

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
B_FOR_A = Scenario(name="town", policy=Policy(substitutes={"A": ("B",)}))


def doing(key: str) -> Doing:
    return Doing("o1", key, NOON)


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def placed(town: Any, stock: dict[str, int], cents: int = 0, **more: Any) -> Life:
    """Three A ordered, at 10 euros less a discount."""
    life: Life = town.life(stock, more=more)
    terms = Terms(charges=(Charge(kind="discount", cents=-cents),) if cents else ())
    told(place(life, doing("k"), town.order(A=3), terms=terms))
    return life


def test_what_nobody_has_is_replaced_and_the_rest_is_not(town: Any) -> None:
    life = placed(town, {"WA": 2, "WB": 9}, scenario=B_FOR_A)
    assert town.at_nodes(show(life, "o1")) == {"Wa2": "allocated", "Wa~B1": "allocated"}


def test_without_a_policy_it_waits(town: Any) -> None:
    life = placed(town, {"WA": 2, "WB": 9})
    state = show(life, "o1")
    assert state is not None
    assert state.state == "backordered"


def test_the_customer_pays_what_was_agreed_to_the_cent(town: Any) -> None:
    """30 euros less 1: 29, of which the third unit is 9.67, whatever it is."""
    life = placed(town, {"WA": 2, "WB": 9}, 100, scenario=B_FOR_A)
    for verb in ("release", "pick", "pack"):
        told(step(life, doing(verb), verb))  # type: ignore[arg-type]
    assert told(step(life, doing("s"), "ship")).cents == 2_900


def test_who_cancels_gets_all_of_it_back(town: Any) -> None:
    life = placed(town, {"WA": 2, "WB": 9}, 100, scenario=B_FOR_A)
    assert told(cancel(life, doing("c"))).cents == 2_900
