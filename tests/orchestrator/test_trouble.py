"""What nobody says, what comes back, and many at a time, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.models.base import UnusableInput
from omnisource.models.http_orders import Acknowledgement
from omnisource.models.money import Charge, Terms
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.life.decline import decline
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.trouble import (
    drop_refused,
    drop_silent,
    node_down,
    silent,
    with_person,
)
from omnisource.orchestrator.life.verbs import cancel, events, give_back, place, show, step
from omnisource.orchestrator.store.acknowledge import acknowledge
from omnisource.orchestrator.store.read import read_world
from omnisource.orchestrator.stored import commit_plan, connect

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def doing(key: str, name: str = "o1", at: datetime = NOON) -> Doing:
    return Doing(name, key, at)


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def delivered(town: Any, life: Life, **units: int) -> None:
    terms = Terms(charges=(Charge(kind="fee", cents=300),))
    told(place(life, doing("k0"), town.order(**units), terms=terms))
    for verb in ("release", "pick", "pack", "ship", "deliver"):
        told(step(life, doing(verb), verb))  # type: ignore[arg-type]


def test_a_node_that_is_down_loses_what_it_has_not_sent(town: Any) -> None:
    life = town.life({"WA": 5, "SA": 5})
    for name in ("o1", "o2"):
        told(place(life, doing(name, name), town.order(name, A=1)))
    for verb in ("release", "pick", "pack", "ship"):
        told(step(life, doing(verb, "o1"), verb))  # type: ignore[arg-type]
    done = node_down(life, doing("d", ""), "W")
    assert [said.order for said in done] == ["o2"]
    assert town.at_nodes(show(life, "o2")) == {"Sa1": "allocated"}
    with pytest.raises(UnusableInput, match="there is no node Z"):
        node_down(life, doing("e", ""), "Z")


def test_a_dropshipper_that_is_silent_past_its_time_loses_the_order(town: Any) -> None:
    life = town.life({"DA": 1, "TA": 5})
    told(place(life, doing("k0"), town.order(A=1)))
    assert town.at_nodes(show(life, "o1")) == {"Da1": "allocated"}
    later = NOON + timedelta(hours=8)
    assert silent(life, later, 8 * 60 + 1) == []
    assert silent(life, later, 8 * 60) == [("o1", "order o1/0")]
    [said] = drop_silent(life, doing("s", "", later), 8 * 60)
    assert told(said).events[:2] == ("declined", "allocated")
    assert town.at_nodes(show(life, "o1")) == {"Ta1": "allocated"}
    assert '"cause":"silent"' in [text for _, text in events(life)][3]


def test_a_dropshipper_is_silent_about_what_a_night_gave_it(town: Any) -> None:
    """Nobody has seen to the order yet, so no event says when: the night does."""
    basket = town.order(A=1)
    life = town.life({"DA": 1, "TA": 5}, orders=[basket.order], lines=list(basket.lines))
    url = str(life.desk.database.url.render_as_string(hide_password=False))
    world = connect(url.replace("+pysqlite", "").replace("+psycopg", ""))
    commit_plan(world, allocate(world, solver="cheapest"), "monday")
    at = world.scenario.now
    world.database.close()
    assert town.at_nodes(show(life, "o1")) == {"Da1": "allocated"}
    assert silent(life, at + timedelta(minutes=59), 60) == []
    [said] = drop_silent(life, doing("s", "", at + timedelta(minutes=60)), 60)
    assert told(said).events[:2] == ("declined", "allocated")
    assert town.at_nodes(show(life, "o1")) == {"Ta1": "allocated"}


def test_what_a_node_has_said_over_http_counts(town: Any) -> None:
    """D takes the first shipment and is no longer silent; it declines the second."""
    life = town.life({"DA": 2, "TA": 5})
    for name in ("o1", "o2"):
        told(place(life, doing(name, name), town.order(name, A=1)))
    said = (
        Acknowledgement(run="order o1", shipment=0, accepted=True),
        Acknowledgement(run="order o2", shipment=0, accepted=False, reason="broken"),
    )
    life.desk.write(lambda session: acknowledge(session, said, "D", 0))
    later = NOON + timedelta(days=1)
    assert silent(life, later, 60) == [("o2", "order o2/0")]
    [done] = drop_refused(life, doing("r", "", later))
    assert (told(done).order, told(done).events[0]) == ("o2", "declined")
    assert drop_refused(life, doing("r2", "", later)) == []


def test_a_node_is_judged_by_what_it_did(town: Any) -> None:
    """One shipment declined and none sent, beside twenty that never were: 1 of 21."""
    life = town.life({"WA": 5, "SA": 5})
    told(place(life, doing("k0"), town.order(A=1)))
    told(decline(life, doing("k1"), "order o1/0"))
    nodes = read_world(life.desk.database, most=0).world.nodes
    rates = dict(zip(nodes["node"], nodes["decline_rate"], strict=True))
    assert rates["W"] == pytest.approx(1 / 21)
    assert rates["S"] == 0.0


def test_a_person_has_a_list(town: Any) -> None:
    life = town.life({"WA": 5}, declines=1)
    told(place(life, doing("k0"), town.order(A=1)))
    told(decline(life, doing("k1"), "order o1/0"))
    assert with_person(life) == ["o1"]
    told(cancel(life, doing("k2")))
    assert with_person(life) == []


def test_goods_come_back_into_a_store_and_are_refunded_without_the_fee(town: Any) -> None:
    """Two at 10 euros and 3 euros for the parcel: one comes back, 10 euros go back."""
    life = town.life({"WA": 2, "SA": 0})
    delivered(town, life, A=2)
    said = told(give_back(life, doing("b"), "a", 1, node="S"))
    assert said.cents == 1_000
    assert town.stock(life) == {"WA": (0, 0), "SA": (1, 0)}
    assert '"fee_cents":150' in events(life)[-1][1]
    assert "restock at S, worth 500 cents a unit" in events(life)[-1][1]
    no = give_back(life, doing("c"), "a", 2, node="S")
    assert isinstance(no, Denied)
    with pytest.raises(UnusableInput, match="T takes nothing back"):
        give_back(life, doing("d"), "a", 1, node="T")


def test_goods_that_are_worth_more_elsewhere_are_expected_there(town: Any) -> None:
    life = town.life({"WA": 2})
    delivered(town, life, A=2)
    life.source.prices["stock"] = {"A": {"W": 2_000.0}}
    told(give_back(life, doing("b"), "a", 1, node="S"))
    with life.desk.database.reading() as connection:
        found = connection.execute(text("SELECT node, sku, units FROM receipts"))
        assert [tuple(row) for row in found] == [("W", "A", 1)]


def test_many_send_goods_back_at_a_time_and_each_is_expected(town: Any) -> None:
    """All are worth more at W, where a cell is to be made for them first."""
    life = town.life({"SA": 8, "SB": 8})
    life.source.prices["stock"] = {sku: {"W": 2_000.0} for sku in "AB"}
    skus = {f"o{i}": "AB"[i % 2] for i in range(16)}
    for name, sku in skus.items():
        told(place(life, doing(name, name), town.order(name, **{sku: 1})))
        for verb in ("release", "pick", "pack", "ship", "deliver"):
            told(step(life, doing(f"{name} {verb}", name), verb))  # type: ignore[arg-type]

    def back(name: str) -> Told | Denied:
        line = skus[name].lower()
        return give_back(life, doing(f"{name} back", name), line, 1, node="S")

    with ThreadPoolExecutor(8) as threads:
        for said in threads.map(back, skus):
            told(said)
    with life.desk.database.reading() as connection:
        rows = connection.execute(text("SELECT node, sku, units FROM receipts"))
        found = sorted(tuple(row) for row in rows)
    assert found == [("W", sku, 1) for sku in sorted(skus.values())]


def test_many_at_a_time_take_every_unit_once(town: Any) -> None:
    life = town.life({"WA": 6, "SA": 5})
    orders = [town.order(f"o{i}", A=1) for i in range(16)]
    with ThreadPoolExecutor(8) as threads:
        said = list(
            threads.map(
                lambda each: place(life, doing(each.order.order, each.order.order), each), orders
            )
        )
    states = [told(each).state for each in said]
    assert states.count("allocated") == 11
    assert states.count("backordered") == 5
    assert town.stock(life) == {"WA": (6, 6), "SA": (5, 5)}


def test_two_who_do_the_same_to_one_order_do_it_once(town: Any) -> None:
    life = town.life({"WA": 2})
    told(place(life, doing("k0"), town.order(A=2)))
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(lambda i: step(life, doing(f"r{i}"), "release"), range(4)))
    assert sorted(type(each).__name__ for each in said) == ["Denied", "Denied", "Denied", "Told"]
    assert [at for at, _ in events(life)] == [1, 2, 3, 4]
