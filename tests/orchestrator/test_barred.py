"""A lane is cancelled, an address is not served: another way is found, or another promise made."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.told import Denied, OrderChange, Told
from omnisource.orchestrator.life.barred import address_unserved, lane_cancelled
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.decline import source
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.verbs import place, show, step
from omnisource.orchestrator.store.events import read_order

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def doing(key: str, name: str = "o1") -> Doing:
    return Doing(name, key, NOON)


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def ways(life: Life, name: str = "o1") -> list[tuple[str, str | None]]:
    """Node and service of what is to be sent."""
    state = show(life, name)
    assert state is not None
    held = {piece.shipment for piece in state.pieces if piece.is_held}
    return [(s.node, s.service) for key, s in state.shipments.items() if key in held]


def test_what_a_cancelled_lane_was_to_carry_goes_another_way_and_the_promise_is_kept(
    town: Any,
) -> None:
    """By express from W it would cost 13 euros, by post from S 5, in time as well."""
    life = town.life({"WA": 1, "SA": 1})
    told(place(life, doing("k"), town.order(A=1)))
    assert ways(life) == [("W", "post")]
    [said] = lane_cancelled(life, doing("l", ""), "W", "post")
    assert told(said).events == ("changed", "allocated")
    assert ways(life) == [("S", "post")]


def test_the_same_node_sends_by_another_service_where_only_it_has_the_goods(town: Any) -> None:
    life = town.life({"WA": 1})
    told(place(life, doing("k"), town.order(A=1)))
    for verb in ("release", "pick"):
        told(step(life, doing(verb), verb))  # type: ignore[arg-type]
    [said] = lane_cancelled(life, doing("l", ""), "W", "post")
    assert ways(life) == [("W", "fast")]
    state = show(life, "o1")
    assert state is not None
    assert state.declines == {}  # nobody has declined
    assert told(said).events == ("changed", "allocated")


def test_an_address_that_no_service_goes_to_waits_and_its_promise_is_changed(town: Any) -> None:
    by = NOON + timedelta(days=9)
    life = town.life({"WA": 1})
    told(place(life, doing("k"), town.order(A=1, promised_by=by)))
    told(address_unserved(life, doing("a"), "post"))
    assert ways(life) == [("W", "fast")]
    said = told(address_unserved(life, doing("b"), "fast"))
    assert said.events == ("changed", "backordered", "promise_changed")
    event = read_order(life.desk.database, "o1").events[-1]
    assert (event.promised, event.promise_at) == (by, None)
    assert event.cause == "fast does not serve the address"


def test_a_way_that_is_barred_stays_so_until_the_order_goes_elsewhere(town: Any) -> None:
    life = town.life({"WA": 1})
    told(place(life, doing("k"), town.order(A=1)))
    for service in ("post", "fast"):
        told(address_unserved(life, doing(service), service))
    told(source(life, doing("s"), forget=True))
    assert ways(life) == []
    change = OrderChange(postcode="2")
    offer = quote_change(life, doing("q"), change)
    assert not isinstance(offer, Denied)
    told(accept_change(life, doing("c"), change, offer.quote))
    assert ways(life) == [("W", "post")]


def test_what_has_left_is_not_called_back(town: Any) -> None:
    life = town.life({"WA": 1})
    told(place(life, doing("k"), town.order(A=1)))
    for verb in ("release", "pick", "pack", "ship"):
        told(step(life, doing(verb), verb))  # type: ignore[arg-type]
    assert lane_cancelled(life, doing("l", ""), "W", "post") == []
    assert isinstance(address_unserved(life, doing("a"), "post"), Denied)


def test_a_lane_of_nobody_is_refused(town: Any) -> None:
    life = town.life({"WA": 1})
    for node, service in (("Z", "post"), ("W", "pigeon")):
        with pytest.raises(UnusableInput, match="there is no"):
            lane_cancelled(life, doing("l", ""), node, service)
