"""A bundle in the life of an order: what happens to a part of it happens to all of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnisource.models.money import Charge, Terms
from omnisource.models.policy import Policy
from omnisource.models.product import BundlePart
from omnisource.models.reservation import Placed
from omnisource.models.scenario import Scenario
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.life.decline import decline, pack_short, source
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.verbs import cancel, give_back, place, show, step

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
SET = (BundlePart(bundle="set", sku="A"), BundlePart(bundle="set", sku="B", units=2))
APART = Scenario(name="town", policy=Policy(bundles="apart"))


def doing(key: str) -> Doing:
    return Doing("o1", key, NOON)


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def sets(town: Any, many: int) -> Placed:
    """So many sets of one A and two B."""
    placed: Placed = town.order(A=many, B=2 * many)
    lines = (line.model_copy(update={"bundle": "set"}) for line in placed.lines)
    return placed.model_copy(update={"lines": tuple(lines)})


def life_of(town: Any, stock: dict[str, int], **more: Any) -> Life:
    life: Life = town.life(stock, more={"bundles": SET, **more})
    return life


def states(life: Life) -> dict[str, int]:
    """Units of each line by its state."""
    state, found = show(life, "o1"), dict[str, int]()
    assert state is not None
    for piece in state.pieces:
        key = f"{piece.line} {piece.state}"
        found[key] = found.get(key, 0) + piece.units
    return found


def test_a_set_is_sourced_from_one_node_though_others_are_nearer_to_a_part(town: Any) -> None:
    life = life_of(town, {"WA": 9, "SA": 1, "SB": 2})
    told(place(life, doing("k"), sets(town, 1)))
    assert town.at_nodes(show(life, "o1")) == {"Sa1": "allocated", "Sb2": "allocated"}


def test_of_two_sets_the_one_that_can_be_made_is_sent(town: Any) -> None:
    life = life_of(town, {"WA": 9, "WB": 3})
    told(place(life, doing("k"), sets(town, 2)))
    assert states(life) == {
        "a allocated": 1, "a backordered": 1, "b allocated": 2, "b backordered": 2,
    }  # fmt: skip


def test_a_part_that_is_not_found_takes_its_set_elsewhere(town: Any) -> None:
    life = life_of(town, {"WA": 2, "WB": 4, "SA": 1, "SB": 2})
    told(place(life, doing("k"), sets(town, 2)))
    for verb in ("release", "pick"):
        told(step(life, doing(verb), verb))  # type: ignore[arg-type]
    told(pack_short(life, doing("p"), "order o1/0", {"b": 1}))
    assert town.at_nodes(show(life, "o1")) == {
        "Wa1": "packed", "Wb2": "packed", "Sa1": "allocated", "Sb2": "allocated",
    }  # fmt: skip
    assert town.stock(life)["WB"] == (3, 2)  # one is not there at all; the other may be sold


def test_a_part_that_nobody_has_any_more_holds_its_set_back(town: Any) -> None:
    """The parts may come apart: B was to come from S alone, and A waits with it."""
    life = life_of(town, {"WA": 1, "SB": 2}, scenario=APART)
    told(place(life, doing("k"), sets(town, 1)))
    told(decline(life, doing("d"), "order o1/1", missing=True))
    assert states(life) == {"a backordered": 1, "b backordered": 2}


def test_half_a_set_that_is_released_is_for_a_person(town: Any) -> None:
    life = life_of(town, {"WA": 1, "SB": 2}, scenario=APART)
    told(place(life, doing("k"), sets(town, 1)))
    told(step(life, doing("r"), "release", "order o1/0"))
    assert "person" in told(decline(life, doing("d"), "order o1/1", missing=True)).events


def test_who_cancels_a_part_cancels_its_set(town: Any) -> None:
    life = life_of(town, {"WA": 9, "WB": 9})
    told(place(life, doing("k"), sets(town, 2)))
    said = told(cancel(life, doing("c"), line="b", units=1))
    assert said.cents == 3_000  # one A and two B, at 10 euros
    assert states(life) == {
        "a allocated": 1, "a cancelled": 1, "b allocated": 2, "b cancelled": 2,
    }  # fmt: skip


def test_a_part_that_comes_back_is_refunded_at_its_share_of_the_price_of_the_set(town: Any) -> None:
    """A set at 24 instead of 30 euros: a B is worth 8."""
    life = life_of(town, {"WA": 9, "WB": 9})
    terms = Terms(charges=(Charge(kind="bundle", cents=-600),))
    told(place(life, doing("k"), sets(town, 1), terms=terms))
    for verb in ("release", "pick", "pack", "ship", "deliver"):
        told(step(life, doing(verb), verb))  # type: ignore[arg-type]
    assert told(give_back(life, doing("b"), "b", 1, node="W")).cents == 800


VERBS = ("release", "pick", "pack", "ship", "decline", "short", "cancel", "source")
doings = st.lists(
    st.tuples(st.sampled_from(VERBS), st.sampled_from("ab"), st.integers(1, 3)), max_size=8
)
few = st.integers(0, 4)


def befalls(life: Life, key: str, what: tuple[str, str, int]) -> None:
    """Something befalls the order; whether it can is not asked."""
    verb, line, units = what
    state = show(life, "o1")
    assert state is not None
    held = [piece.shipment for piece in state.pieces if piece.is_held and piece.shipment]
    if verb == "cancel":
        cancel(life, doing(key), line=line, units=units)
    elif verb == "source":
        source(life, doing(key), forget=True)
    elif verb in ("decline", "short"):
        act = decline if verb == "decline" else pack_short
        if held and verb == "decline":
            act(life, doing(key), held[0], lines={line: units}, missing=units == 3)
        elif held:
            act(life, doing(key), held[0], {line: units})
    else:
        step(life, doing(key), verb)  # type: ignore[arg-type]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(few, few, few, few), st.integers(1, 3), doings)
def test_whatever_happens_each_parcel_and_what_waits_are_whole_sets(
    town: Any, stock: Any, many: int, happens: Any
) -> None:
    life = life_of(town, dict(zip(("WA", "WB", "SA", "SB"), stock, strict=True)))
    told(place(life, doing("k"), sets(town, many)))
    for number, what in enumerate(happens):
        befalls(life, str(number), what)
        state = show(life, "o1")
        assert state is not None
        for place_ in {piece.shipment for piece in state.pieces}:
            units = dict.fromkeys("ab", 0)
            for piece in state.pieces:
                if piece.shipment == place_:
                    units[piece.line] += piece.units
            assert units["b"] == 2 * units["a"], (place_, state.pieces)
