"""Orders go to other nodes: all of it or nothing, and the promise stands."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from omnisource.models.lifecycle import Shipment
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Placed
from omnisource.orchestrator.checkout.reserve import confirm, release, reserve
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.move import Move, move_orders
from omnisource.orchestrator.life.verbs import cancel, place, show, step
from omnisource.orchestrator.store.events import read_order

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
WEDNESDAY, FRIDAY = (datetime(2025, 1, day, 23, 59, tzinfo=UTC) for day in (8, 10))


def sent(node: str, number: int = 0, arrives: Any = WEDNESDAY, **units: int) -> Any:
    """A shipment of the night with units of lines."""
    named = Shipment(
        shipment=f"night/{number}", run="night", number=number, node=node, service="post",
        day=date(2025, 1, 6), arrives=arrives, cost_cents=400,
    )  # fmt: skip
    return named, units


def to(life: Life, order: str, *shipments: Any) -> Move:
    version = read_order(life.desk.database, order).version
    assert version is not None
    return Move(order, version, dict(shipments))


def moved(life: Life, *wanted: Move) -> dict[str, str]:
    return move_orders(life.desk.database, wanted, now=NOON + timedelta(hours=9), cause="night")


def ordered(life: Life, town: Any, name: str, **units: int) -> None:
    place(life, Doing(name, f"{name}-place", NOON), town.order(name, **units))


def test_an_order_goes_to_another_node_with_its_promise(town: Any) -> None:
    life = town.life({"WA": 3, "SA": 3})
    ordered(life, town, "o1", A=2)
    assert moved(life, to(life, "o1", sent("S", a=2))) == {}
    assert town.stock(life) == {"WA": (3, 0), "SA": (3, 2)}
    state = show(life, "o1")
    assert state is not None
    assert town.at_nodes(state) == {"Sa2": "allocated"}
    assert state.promise_at == WEDNESDAY
    kinds = [event.kind for event in read_order(life.desk.database, "o1").events]
    assert kinds == ["placed", "allocated", "promised", "changed", "allocated"]


def test_orders_change_places_where_neither_could_go_first(town: Any) -> None:
    life = town.life({"WA": 2, "SA": 2})
    ordered(life, town, "o1", A=2)
    ordered(life, town, "o2", A=2)
    wanted = [to(life, "o1", sent("S", a=2)), to(life, "o2", sent("W", 1, a=2))]
    assert moved(life, wanted[0]) == {"o1": "S A has 0 left"}
    assert moved(life, *wanted) == {}
    assert town.at_nodes(show(life, "o1")) == {"Sa2": "allocated"}
    assert town.at_nodes(show(life, "o2")) == {"Wa2": "allocated"}


def test_the_last_that_takes_too_much_keeps_what_it_has(town: Any) -> None:
    life = town.life({"WA": 4, "SA": 3})
    ordered(life, town, "o1", A=2)
    ordered(life, town, "o2", A=2)
    kept = moved(life, to(life, "o1", sent("S", a=2)), to(life, "o2", sent("S", 1, a=2)))
    assert kept == {"o2": "S A has 3 left"}
    assert town.stock(life) == {"WA": (4, 2), "SA": (3, 2)}


def test_a_day_that_is_full_takes_no_more(town: Any) -> None:
    life = town.life({"WA": 9, "TA": 9})
    for name in ("o1", "o2", "o3"):
        ordered(life, town, name, A=1)
    wanted = [to(life, f"o{n}", sent("T", n, a=1)) for n in (1, 2, 3)]
    assert moved(life, *wanted) == {"o3": "orders T 2025-01-06 has 2 left"}


@pytest.mark.parametrize(
    ("arrives", "units", "reason"),
    [
        (FRIDAY, 2, "it would arrive later than promised"),
        (WEDNESDAY, 1, "it wants other units"),
    ],
)
def test_what_an_order_does_not_want_is_left(
    town: Any, arrives: datetime, units: int, reason: str
) -> None:
    life = town.life({"WA": 3, "SA": 3})
    ordered(life, town, "o1", A=2)
    assert moved(life, to(life, "o1", sent("S", 0, arrives, a=units))) == {"o1": reason}
    assert town.stock(life) == {"WA": (3, 2), "SA": (3, 0)}


def test_what_is_released_or_changed_meanwhile_stays(town: Any) -> None:
    life = town.life({"WA": 9, "SA": 9})
    ordered(life, town, "o1", A=2)
    stale = to(life, "o1", sent("S", a=2))
    step(life, Doing("o1", "k", NOON), "release")
    assert moved(life, stale) == {"o1": "it has been changed meanwhile"}
    assert moved(life, to(life, "o1", sent("S", a=2))) == {"o1": "it is released"}


def confirmed(life: Life, town: Any) -> None:
    """Order o1, placed on a reservation of two units of A at W."""
    lines = (ClaimLine(line="a", sku="A", units=2),)
    claim = Claim(
        promise_at=FRIDAY,
        shipments=(ClaimShipment(node="W", service="post", day=date(2025, 1, 6), lines=lines),),
    )
    held: Any = reserve(life.desk, claim, key="hold", now=NOON)
    placed: Placed = town.order("o1", A=2)
    confirm(life.desk, held.reservation, placed, key="confirm", now=NOON)


def test_a_confirmed_reservation_moves_and_is_one_object_with_its_order(town: Any) -> None:
    life = town.life({"WA": 3, "SA": 3})
    confirmed(life, town)
    assert moved(life, to(life, "o1", sent("S", a=2))) == {}
    assert town.stock(life) == {"WA": (3, 0), "SA": (3, 2)}
    reservation = read_order(life.desk.database, "o1").events[1].cause.removeprefix("reservation ")
    assert release(life.desk, reservation, key="r", now=NOON).why == "confirmed"  # type: ignore[union-attr]
    cancel(life, Doing("o1", "c", NOON))
    assert town.stock(life) == {"WA": (3, 0), "SA": (3, 0)}
