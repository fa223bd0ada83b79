"""What is sold of an allotment, whatever becomes of an order that was placed on a reservation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Reservation
from omnisource.models.stock import Allotment
from omnisource.models.told import OrderChange, Told
from omnisource.orchestrator.checkout.reserve import reserve
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.decline import decline
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.verbs import place
from omnisource.orchestrator.store.read import read_world

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


@pytest.fixture
def shop(town: Any) -> tuple[Life, str]:
    """The web may sell three A in W and three in S; one order is placed on a reservation in W."""
    allotted = [Allotment(node=node, sku="A", channel="web", units=3) for node in "WS"]
    life: Life = town.life({"WA": 5, "SA": 5}, more={"allotments": allotted})
    lines = (ClaimLine(line="a", sku="A", units=1),)
    sent = ClaimShipment(node="W", service="post", day=NOON.date(), lines=lines)
    held = reserve(life.desk, Claim(channel="web", shipments=(sent,)), key="r", now=NOON)
    assert isinstance(held, Reservation)
    placed = town.order("o1", A=1)
    placed = placed.model_copy(update={"order": placed.order.model_copy(update={"channel": "web"})})
    said = place(life, Doing("o1", "p", NOON), placed, reservation=held.reservation)
    assert isinstance(said, Told)
    return life, said.shipments[0]


def left(life: Life) -> list[int]:
    """What the web may still sell in W and in S."""
    return read_world(life.desk.database, NOON).world.allotments["units"].tolist()


def test_what_is_placed_on_a_reservation_is_sold_once(shop: tuple[Life, str]) -> None:
    assert left(shop[0]) == [2, 3]


def test_what_is_declined_counts_where_it_has_gone(shop: tuple[Life, str]) -> None:
    life, shipment = shop
    assert isinstance(decline(life, Doing("o1", "d", NOON), shipment), Told)
    assert left(life) == [3, 2]


def test_what_is_sourced_from_the_same_cell_again_is_not_sold_twice(
    shop: tuple[Life, str],
) -> None:
    life, _ = shop
    wish = OrderChange(postcode="2")
    quote = quote_change(life, Doing("o1", "q", NOON), wish)
    assert isinstance(accept_change(life, Doing("o1", "c", NOON), wish, quote.quote), Told)  # type: ignore[union-attr]
    assert left(life) == [2, 3]
