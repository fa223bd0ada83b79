"""What a customer may still change: quoted first, accepted by the quote, refused once released."""

from datetime import UTC, datetime, timedelta
from typing import Any

from omnisource.models.order import Line
from omnisource.models.told import ChangeQuote, Denied, OrderChange, Told
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.doing import Doing
from omnisource.orchestrator.life.verbs import (
    cancel,
    place,
    show,
    step,
)

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
WEDNESDAY = datetime(2025, 1, 8, 23, 59, tzinfo=UTC)


def doing(key: str) -> Doing:
    return Doing("o1", key, NOON)


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def denied(said: Told | Denied) -> Denied:
    assert isinstance(said, Denied), said
    return said


DAY = timedelta(days=1)


def quoted(said: ChangeQuote | Denied) -> ChangeQuote:
    assert isinstance(said, ChangeQuote), said
    return said


def test_a_line_is_added_for_its_price_and_comes_along(town: Any) -> None:
    life = town.life({"WA": 2, "WB": 1})
    told(place(life, doing("k0"), town.order(A=2)))
    more = OrderChange(add=(Line(order="o1", line="b", sku="B", units=1, price_cents=700),))
    offer = quoted(quote_change(life, doing("q"), more))
    assert (offer.difference_cents, offer.promise_at, offer.nodes) == (700, WEDNESDAY, ("W",))
    assert town.stock(life) == {"WA": (2, 2), "WB": (1, 0)}
    told(accept_change(life, doing("k1"), more, offer.quote))
    assert town.stock(life) == {"WA": (2, 2), "WB": (1, 1)}
    assert town.at_nodes(show(life, "o1")) == {"Wa2": "allocated", "Wb1": "allocated"}


def test_units_are_cancelled_for_what_they_came_to(town: Any) -> None:
    life = town.life({"WA": 3})
    told(place(life, doing("k0"), town.order(A=3)))
    less = OrderChange(cancel={"a": 1})
    offer = quoted(quote_change(life, doing("q"), less))
    assert offer.difference_cents == -1_000
    told(accept_change(life, doing("k1"), less, offer.quote))
    assert town.stock(life) == {"WA": (3, 2)}


def test_a_faster_service_brings_the_day_forward(town: Any) -> None:
    life = town.life({"WA": 3})
    told(place(life, doing("k0"), town.order(A=3)))
    soon = OrderChange(fastest=True)
    offer = quoted(quote_change(life, doing("q"), soon))
    assert (offer.promised, offer.promise_at) == (WEDNESDAY, WEDNESDAY - DAY)
    said = told(accept_change(life, doing("k1"), soon, offer.quote))
    assert said.promise_at == WEDNESDAY - DAY
    assert town.stock(life) == {"WA": (3, 3)}


def test_another_address_is_sourced_again(town: Any) -> None:
    life = town.life({"WA": 3})
    told(place(life, doing("k0"), town.order(A=3)))
    moved = OrderChange(postcode="80331", lat=48.1, lon=11.6)
    offer = quoted(quote_change(life, doing("q"), moved))
    assert offer.difference_cents == 0
    told(accept_change(life, doing("k1"), moved, offer.quote))
    seen = show(life, "o1")
    assert seen is not None
    assert seen.order is not None
    assert seen.order.postcode == "80331"


def test_what_is_released_cannot_be_changed(town: Any) -> None:
    life = town.life({"WA": 3})
    told(place(life, doing("k0"), town.order(A=3)))
    told(step(life, doing("k1"), "release"))
    no = quote_change(life, doing("q"), OrderChange(postcode="80331"))
    assert isinstance(no, Denied)
    assert no.reasons == ("some units are released: it can be changed no more",)


def test_a_quote_holds_no_more_once_the_order_has_changed(town: Any) -> None:
    life = town.life({"WA": 3})
    told(place(life, doing("k0"), town.order(A=3)))
    soon = OrderChange(fastest=True)
    offer = quoted(quote_change(life, doing("q"), soon))
    told(cancel(life, doing("k1"), line="a", units=1))
    assert "holds no more" in denied(accept_change(life, doing("k2"), soon, offer.quote)).reasons[0]


def test_more_than_there_is_cannot_be_added(town: Any) -> None:
    life = town.life({"WA": 3, "WB": 1})
    told(place(life, doing("k0"), town.order(A=3)))
    more = OrderChange(add=(Line(order="o1", line="b", sku="B", units=2),))
    no = quote_change(life, doing("q"), more)
    assert isinstance(no, Denied)
    assert no.reasons == ("no node can send all of it so",)
