"""A night over a database moves what is reserved where that saves more than it must."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import Policy
from omnisource.models.product import Product
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Placed
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Allotment, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.checkout.reserve import confirm, reserve
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.life.doing import Doing, open_life
from omnisource.orchestrator.life.verbs import show, step
from omnisource.orchestrator.store.batches import parts
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.database import loaded_database
from omnisource.orchestrator.store.desk import open_desk
from omnisource.orchestrator.store.place import place
from omnisource.orchestrator.store.plan import Written, keep_plan, start_run
from omnisource.orchestrator.store.read import read_world
from omnisource.orchestrator.store.session import Session
from omnisource.orchestrator.stored import finish_run, load_into, plan_document
from omnisource.orchestrator.stored_night import Asked, run_stored_night
from omnisource.solvers.problem import Limits

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
LATER = datetime(2025, 1, 20, tzinfo=UTC)
JOINT = Asked(Limits(threads=1), solver="exact")
Shop = Callable[..., str]


def town(
    stock: dict[str, int], freight: dict[str, int], *, cents: int | None, day: int = 9,
    web: dict[str, int] | None = None,
) -> World:  # fmt: skip
    """Nodes by their first letter with units of A; open orders p at postcode 2."""
    nodes = sorted({cell[0] for cell in stock})
    return world_of(
        Scenario(name="town", now=NOON, policy=Policy(move_cents=cents)),
        nodes=[Node(node=n, kind="warehouse", lat=50, lon=8, orders_per_day=day) for n in nodes],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", node=key[0], postcode_from=key[1], postcode_to=key[1],
                        zone=key, transit_days=1) for key in freight],
        tariffs=[TariffStep(service="post", zone=key, up_to_grams=9_000, cents=c)
                 for key, c in freight.items()],
        products=[Product(sku="A", grams=5)],
        stock=[StockCell(node=cell, sku="A", on_hand=n) for cell, n in stock.items()],
        allotments=[Allotment(node=cell, sku="A", channel="web", units=n)
                    for cell, n in (web or {}).items()],
    )  # fmt: skip


def ordered(url: str, name: str, node: str | None, *, code: str = "1", channel: str = "") -> None:
    """Place an order; on a reservation at a node, or on nothing."""
    order = Order(order=name, placed_at=NOON, country="DE", postcode=code, lat=50, lon=8,
                  channel=channel)  # fmt: skip
    placed = Placed(order=order, lines=(Line(order=name, line="a", sku="A", units=1),))
    with open_desk(url) as desk:
        if node is None:
            desk.write(lambda session: place(session, placed.order, placed.lines))
            return
        lines = (ClaimLine(line="a", sku="A", units=1),)
        sent = ClaimShipment(node=node, service="post", day=date(2025, 1, 6), lines=lines)
        claim = Claim(promise_at=LATER, shipments=(sent,), channel=channel)
        held: Any = reserve(desk, claim, key=f"hold {name}", now=NOON)
        confirm(desk, held.reservation, placed, key=f"confirm {name}", now=NOON)


def at(url: str, *orders: str) -> str:
    """At which nodes orders lie; and whether all adds up."""
    database = loaded_database(url)
    assert breaches(database) == {}
    database.close()
    with open_life(url) as life:
        states = [show(life, order) for order in orders]
    return "".join(
        state.shipments[piece.shipment].node if piece.shipment else "-"
        for state in states if state is not None for piece in state.pieces
    )  # fmt: skip


def adds_up(url: str) -> bool:
    database = loaded_database(url)
    found = breaches(database)
    database.close()
    return not found


@pytest.fixture
def shop(databases: Any) -> Shop:
    """One unit at a time is dear from V, cheap from W, to postcode 1; V is far from postcode 2."""

    def of(stock: dict[str, int], *, cents: int | None = 50, day: int = 9) -> str:
        url: str = databases.empty()
        freight = {"V1": 600, "W1": 500, "V2": 900, "W2": 500}
        load_into(town(stock, freight, cents=cents, day=day), url)
        return url

    return of


def test_a_reserved_order_goes_where_that_saves_more_than_it_must(shop: Shop) -> None:
    url = shop({"V": 3, "W": 3})
    ordered(url, "o", "V")
    assert at(url, "o") == "V"
    night = run_stored_night(url, JOINT)
    assert (night.moved, night.written.orders, night.written.fallen) == (1, 1, 0)
    assert night.document()["bill"]["moved"] == 50
    assert at(url, "o") == "W"
    again = run_stored_night(url, JOINT)
    assert (again.moved, again.written.orders) == (0, 0)
    assert run_stored_night(url, JOINT, run=night.run).written == night.written


@pytest.mark.parametrize("cents", [101, None])
def test_it_stays_where_the_saving_is_less_or_nights_may_not(shop: Shop, cents: int | None) -> None:
    url = shop({"V": 3, "W": 3}, cents=cents)
    ordered(url, "o", "V")
    assert run_stored_night(url, JOINT).moved == 0
    assert at(url, "o") == "V"


def test_it_gives_way_to_an_order_that_nobody_else_is_near(shop: Shop) -> None:
    url = shop({"V": 1, "W": 1})
    ordered(url, "o", "W")
    ordered(url, "p", None, code="2")
    assert run_stored_night(url, JOINT).written.orders == 2
    assert at(url, "o", "p") == "VW"


def test_two_orders_change_places_though_neither_could_go_first(shop: Shop) -> None:
    url = shop({"V": 1, "W": 1})
    ordered(url, "o", "W")
    ordered(url, "p", "V", code="2")
    night = run_stored_night(url, JOINT, size=1)
    assert (night.moved, night.fallen) == (2, ())
    assert at(url, "o", "p") == "VW"


def test_an_order_that_is_released_is_never_moved(shop: Shop) -> None:
    url = shop({"V": 3, "W": 3})
    ordered(url, "o", "V")
    with open_life(url) as life:
        step(life, Doing("o", "k", NOON), "release")
    night = run_stored_night(url, JOINT)
    assert (night.measures.orders, night.moved) == (0, 0)
    assert at(url, "o") == "V"


def test_an_order_that_would_lose_units_stays_where_it_is(shop: Shop) -> None:
    """A unit short costs less than any freight: a night would rather send nothing at all."""
    url = shop({"V": 1, "W": 1}, cents=0)
    ordered(url, "o", "V")
    database = loaded_database(url)
    with database.writing() as connection:
        changed = "UPDATE scenarios SET document = REPLACE(document, '5000', '1')"
        connection.execute(text(changed))
    database.close()
    assert run_stored_night(url, JOINT).moved == 0
    assert at(url, "o") == "V"


def kept_plan(url: str, run: str) -> None:
    """Decide a night and keep its plan, an order a partition; nothing of it is written yet."""
    database = loaded_database(url)
    world: Any = read_world(database, pinned=()).world
    plan = allocate(world, solver="exact")
    assert parts(world, plan, 1)[1] >= 1
    start_run(database, run, JOINT.options(), world.digest)
    keep_plan(world, plan, run, plan_document(world, plan, rejected=0), size=1)
    database.close()


def finished(url: str, run: str) -> Written:
    database = loaded_database(url)
    done = finish_run(database, run, Limits())
    database.close()
    return done


def test_who_is_released_meanwhile_keeps_its_node_and_the_others_move(shop: Shop) -> None:
    url = shop({"V": 3, "W": 3})
    for name in ("o", "p"):
        ordered(url, name, "V")
    kept_plan(url, "night")
    with open_life(url) as life:
        step(life, Doing("o", "k", NOON), "release")
    done = finished(url, "night")
    assert (done.orders, done.fallen) == (1, 1)
    night = run_stored_night(url, JOINT, run="night")
    assert night.fallen == (("o", "it stays where it is: it has been changed meanwhile"),)
    assert "stay as they were" in night.next_step()
    assert at(url, "o", "p") == "VW"


def test_a_full_day_lets_nobody_in(shop: Shop) -> None:
    url = shop({"V": 9, "W": 9}, day=2)
    for name in ("o", "p", "q"):
        ordered(url, name, "V" if name != "q" else "W")
    assert run_stored_night(url, JOINT).moved == 1
    assert sorted(at(url, "o", "p", "q")) == ["V", "W", "W"]


def test_what_nights_give_a_channel_of_its_allotment_is_sold(databases: Any) -> None:
    """Of three units two are the web's: another order gets one, the next none."""
    url: str = databases.empty()
    load_into(town({"W": 3}, {"W1": 500}, cents=50, web={"W": 2}), url)
    for name, channel in (("o", "shop"), ("p", "shop"), ("q", "web")):
        ordered(url, name, None, channel=channel)
    night = run_stored_night(url, JOINT)
    assert (night.written.orders, night.measures.shortage_units) == (2, 1)
    database = loaded_database(url)
    assert read_world(database).world.allotments["units"].tolist() == [1]
    assert read_world(database, pinned=()).world.allotments["units"].tolist() == [2]
    database.close()
    assert run_stored_night(url, JOINT).written.orders == 0
    ordered(url, "r", None, channel="web")
    assert run_stored_night(url, JOINT).written.orders == 1


def test_an_order_that_holds_an_allotment_stays(databases: Any) -> None:
    url: str = databases.empty()
    freight = {"V1": 600, "W1": 500}
    load_into(town({"V": 3, "W": 3}, freight, cents=50, web={"V": 2}), url)
    ordered(url, "o", "V", channel="web")
    assert run_stored_night(url, JOINT).moved == 0
    assert at(url, "o") == "V"


PROGRAM = """
import os, signal, sys
from omnisource.orchestrator.store.session import Session
from omnisource.orchestrator.store.database import loaded_database
from omnisource.orchestrator.store.session import Session
from omnisource.orchestrator.stored import finish_run
from omnisource.solvers.problem import Limits

told, runs = 0, Session._runs

def counted(self, work):
    global told
    told += any("INTO events" in statement.sqlite for statement, _ in work)
    if told == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return runs(self, work)

Session._runs = counted
finish_run(loaded_database(sys.argv[1]), "night", Limits())
"""


def test_a_night_killed_in_the_middle_of_a_move_ends_as_if_it_had_not_been(shop: Shop) -> None:
    """The process kills itself when all but the events of the second order is written."""
    url = shop({"V": 9, "W": 9})
    for name in ("o", "p"):
        ordered(url, name, "V")
    kept_plan(url, "night")
    killed = subprocess.run([sys.executable, "-c", PROGRAM, url], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert sorted(at(url, "o", "p")) == ["V", "W"]
    assert finished(url, "night").orders == 2
    assert at(url, "o", "p") == "WW"


class Killed(Exception):
    """What stands for a process that ends."""


def test_at_no_statement_does_a_kill_leave_an_order_half_moved(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shop({"V": 9, "W": 9})
    for name in ("o", "p"):
        ordered(url, name, "V")
    kept_plan(url, "night")
    done = Written(0, 0, 0)
    for last in count(1, 2):
        numbers = count(1)

        def counted(run: Any, numbers: Any = numbers, last: int = last) -> Any:
            def instead(*given: Any) -> Any:
                if next(numbers) == last:
                    raise Killed
                return run(*given)

            return instead

        with monkeypatch.context() as patched:
            for name in ("_run", "_each"):
                patched.setattr(Session, name, counted(getattr(Session, name)))
            try:
                done = finished(url, "night")
                break
            except Killed:
                pass
        assert adds_up(url)
    assert last > 20
    assert (done.orders, at(url, "o", "p")) == (2, "WW")
