"""What waits gets what comes, by the stated rule; promises follow, and say why."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from omnisource.models.backorder import BackorderRules
from omnisource.models.lifecycle import Event
from omnisource.models.policy import Policy
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Receipt
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.life.backorder import Shared, share_out
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.memory import Memory
from omnisource.orchestrator.life.verbs import place, show
from omnisource.orchestrator.store.events import read_order

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
GOLD = Scenario(name="town", now=NOON, policy=Policy(tiers={"gold": 2.0}))


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def due(days: int, units: int = 1, node: str = "W", sku: str = "A") -> Receipt:
    return Receipt(node=node, sku=sku, units=units, due=NOON + timedelta(days=days))


def life_of(town: Any, *receipts: Receipt, **rules: Any) -> Life:
    """A town without stock, but with receipts."""
    known = {"receipts": receipts, "scenario": GOLD}
    life: Life = town.life({"WA": 0}, more=known, backorder=BackorderRules(**rules))
    return life


def ordered(town: Any, life: Life, *names: str, units: int = 1, **more: Any) -> None:
    """Orders of units of A, a minute apart; nobody has any."""
    for minute, name in enumerate(names):
        placed = town.order(name, A=units)
        at = NOON + timedelta(minutes=minute)
        head = placed.order.model_copy(update={"placed_at": at, **more})
        placed = placed.model_copy(update={"order": head})
        told(place(life, Doing(name, f"k {name}", NOON), placed))


def shared(life: Life, key: str, days: float = 0) -> Shared:
    return share_out(life, Doing("", key, NOON + timedelta(days=days)))


def say(life: Life, statement: str) -> None:
    with life.desk.database.writing() as connection:
        connection.execute(text(statement))


def last(life: Life, name: str) -> Event:
    return read_order(life.desk.database, name).events[-1]


def promised(life: Life, name: str) -> str:
    """The day on which an order is to arrive."""
    state = show(life, name)
    assert state is not None
    return "" if state.promise_at is None else f"{state.promise_at:%d}"


def test_who_waits_is_promised_the_day_on_which_what_is_due_arrives(town: Any) -> None:
    """Due on the 9th, two days by post: there on the 11th, by nine parcels and receipts in ten."""
    life = life_of(town, due(3))
    ordered(town, life, "o1")
    [each] = shared(life, "s").expected
    event = last(life, "o1")
    assert (event.kind, promised(life, "o1")) == ("promised", "11")
    assert event.probability == 0.9 * 0.9
    assert event.cause == "1 of A due at W on 2025-01-09, place 1 in turn"
    assert each.arrives == event.promise_at


def test_asked_again_nothing_is_told_anew(town: Any) -> None:
    life = life_of(town, due(3))
    ordered(town, life, "o1")
    assert len(shared(life, "s").said) == 1
    assert shared(life, "t").said == ()


def test_a_scarce_receipt_goes_to_who_is_first_in_turn_who_comes_later_is_told_why(
    town: Any,
) -> None:
    life = life_of(town, due(3), due(8))
    ordered(town, life, "o1")
    shared(life, "s")
    ordered(town, life, "o2", tier="gold")
    shared(life, "t")
    assert (promised(life, "o2"), promised(life, "o1")) == ("11", "16")
    event = last(life, "o1")
    assert event.kind == "promise_changed"
    assert event.promised is not None
    assert event.promised.day == 11
    assert event.cause.endswith("before it: o2")


def test_a_receipt_that_is_late_moves_the_date_and_says_so(town: Any) -> None:
    life = life_of(town, due(3))
    ordered(town, life, "o1")
    shared(life, "s")
    say(life, "UPDATE receipts SET due = due + 2 * 1440")
    shared(life, "t")
    event = last(life, "o1")
    assert (event.kind, promised(life, "o1")) == ("promise_changed", "13")
    assert event.promised is not None
    assert event.promised.day == 11


def test_a_receipt_that_comes_sooner_keeps_the_promise_as_it_is(town: Any) -> None:
    life = life_of(town, due(3))
    ordered(town, life, "o1")
    shared(life, "s")
    say(life, "UPDATE receipts SET due = due - 1440")
    assert shared(life, "t").said == ()
    assert promised(life, "o1") == "11"


def test_a_receipt_that_shrinks_takes_the_date_from_who_is_last(town: Any) -> None:
    life = life_of(town, due(3, 2))
    ordered(town, life, "o1", "o2")
    shared(life, "s")
    say(life, "UPDATE receipts SET units = 1")
    shared(life, "t")
    assert (promised(life, "o1"), promised(life, "o2")) == ("11", "")
    assert last(life, "o2").cause == "nothing is due"


def test_of_one_product_alone_who_waits_for_others_hears_nothing(town: Any) -> None:
    life = life_of(town)
    for name, sku in (("o1", "A"), ("o2", "B")):
        told(place(life, Doing(name, f"k {name}", NOON), town.order(name, **{sku: 1})))
    say(life, "UPDATE stock SET on_hand = 1")
    told(share_out(life, Doing("", "s", NOON), {"A"}).said[0])
    assert town.at_nodes(show(life, "o1")) == {"Wa1": "allocated"}
    assert share_out(life, Doing("", "t", NOON), {"B"}).said == ()


def test_what_else_an_order_waits_for_goes_in_turn_though_it_has_not_come(town: Any) -> None:
    """A is due on the 9th, B too, but gold comes first for that; the next B is due on the 14th."""
    life = life_of(town, due(3), due(3, sku="B"), due(8, sku="B"))
    told(place(life, Doing("o1", "k1", NOON), town.order("o1", A=1, B=1)))
    gold = town.order("o2", B=1)
    gold = gold.model_copy(update={"order": gold.order.model_copy(update={"tier": "gold"})})
    told(place(life, Doing("o2", "k2", NOON), gold))
    assert len(share_out(life, Doing("", "s", NOON), {"A"}).said) == 1
    assert (promised(life, "o1"), promised(life, "o2")) == ("16", "")
    assert shared(life, "t").expected[0].order == "o2"
    assert (promised(life, "o1"), promised(life, "o2")) == ("16", "11")


def test_shared_out_by_several_at_a_time_every_unit_goes_once(town: Any) -> None:
    life = life_of(town)
    ordered(town, life, *(f"o{n}" for n in range(4)))
    say(life, "UPDATE stock SET on_hand = 2")
    lives = [replace(life, memory=Memory()) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda each: share_out(each, Doing("", str(id(each)), NOON)), lives))
    got = [town.at_nodes(show(life, f"o{n}")) for n in range(4)]
    assert got == [{"Wa1": "allocated"}, {"Wa1": "allocated"}, {}, {}]


def test_where_nothing_is_to_be_told_nothing_is_written(town: Any) -> None:
    life = life_of(town, due(3))
    ordered(town, life, "o1")
    shared(life, "s")
    shared(life, "t")
    with life.desk.database.reading() as connection:
        keys = {key for (key,) in connection.execute(text("SELECT key FROM writes"))}
    assert keys == {"k o1", "s o1"}


def test_what_has_come_is_sourced_for_who_is_first(town: Any) -> None:
    life = life_of(town, due(3))
    ordered(town, life, "o1", "o2")
    say(life, "DELETE FROM receipts")
    say(life, "UPDATE stock SET on_hand = 1")
    assert [each.order for each in shared(life, "s", 3).said] == ["o1"]
    assert town.at_nodes(show(life, "o1")) == {"Wa1": "allocated"}
    assert town.at_nodes(show(life, "o2")) == {}


def test_a_receipt_that_has_not_come_in_time_takes_nobody_out_of_turn(town: Any) -> None:
    """One that is overdue at D is neither there nor due: who is first gets what lies at W."""
    life = life_of(town, due(-1, node="D"), due(5))
    ordered(town, life, "o1", "o2")
    say(life, "UPDATE stock SET on_hand = 1 WHERE node = 'W' AND sku = 'A'")
    assert [each.order for each in shared(life, "s").said] == ["o1", "o2"]
    assert town.at_nodes(show(life, "o1")) == {"Wa1": "allocated"}
    assert (town.at_nodes(show(life, "o2")), promised(life, "o2")) == ({}, "13")


def test_one_customer_does_not_get_all_while_others_wait(town: Any) -> None:
    life = life_of(town, due(3, 2), fair=0.5)
    ordered(town, life, "o1", "o2", customer="x")
    ordered(town, life, "o3", customer="y")
    shared(life, "s")
    assert [promised(life, name) for name in ("o1", "o2", "o3")] == ["11", "", "11"]


def test_what_is_due_but_sold_already_is_promised_to_nobody(town: Any) -> None:
    life = life_of(town, due(3), due(5))
    say(life, "UPDATE stock SET reserved = 1")
    ordered(town, life, "o1")
    shared(life, "s")
    assert promised(life, "o1") == "13"
    say(life, "UPDATE stock SET reserved = 0")
