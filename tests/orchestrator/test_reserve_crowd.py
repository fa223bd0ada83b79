"""Claims that come together are told what they would be told in a queue, one after the other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnisource.models.base import Unavailable
from omnisource.models.network import Node
from omnisource.models.product import Product
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Refused, Reservation
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.reserve import TTL, _attempt, release, reserve
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.crowd import Crowds
from omnisource.orchestrator.store.desk import Desk, open_desk
from omnisource.orchestrator.store.reserve import Attempt
from omnisource.orchestrator.store.reserve import reserve as reserve_alone
from omnisource.orchestrator.store.session import Statement
from omnisource.orchestrator.store.together import reserve_together
from omnisource.orchestrator.stored import load_into

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
STOCK = {"A": 5, "B": 3, "C": 10**6}
A_DAY = 12
LEFT = Statement("SELECT sku, on_hand - reserved FROM stock ORDER BY row")
USED = Statement("SELECT kind, used FROM quotas ORDER BY row")
KEYS = Statement("SELECT key, digest FROM writes ORDER BY key")
HELD = Statement("SELECT reservation, target, units FROM holds ORDER BY reservation, target")


def shop(orders_per_day: int | None = A_DAY) -> World:
    return world_of(
        nodes=[Node(node="W", kind="warehouse", lat=50, lon=8, orders_per_day=orders_per_day)],
        products=[Product(sku=sku, grams=5) for sku in STOCK],
        stock=[StockCell(node="W", sku=sku, on_hand=units) for sku, units in STOCK.items()],
    )


def claim_for(**units: int) -> Claim:
    lines = tuple(ClaimLine(line=s.lower(), sku=s, units=u) for s, u in sorted(units.items()))
    return Claim(shipments=(ClaimShipment(node="W", day=date(2025, 1, 6), lines=lines),))


@contextmanager
def desks(databases: Any, many: int, world: World | None = None) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        opened = []
        for _ in range(many):
            url = databases.empty()
            load_into(world or shop(), url)
            opened.append(stack.enter_context(open_desk(url)))
        yield opened


def attempt(desk: Desk, key: str, claim: Claim) -> Attempt:
    return _attempt(desk, claim, key, now=NOON, ttl=TTL)


def state(desk: Desk) -> list[Any]:
    return [desk.write(lambda s, q=q: s.rows(q)) for q in (LEFT, USED, KEYS, HELD)]


def held_together(desk: Desk, attempts: list[Attempt]) -> Any:
    return desk.write(partial(reserve_together, attempts=attempts))


def test_all_of_them_are_held_where_there_is_enough_for_all(databases: Any) -> None:
    with desks(databases, 1) as [desk]:
        wanted = [claim_for(A=2), claim_for(A=1, B=2), claim_for(B=1)]
        attempts = [attempt(desk, f"k{n}", claim) for n, claim in enumerate(wanted)]
        assert held_together(desk, attempts) == [each.held for each in attempts]
        left, used, *_ = state(desk)
        assert left[:2] == [("A", 2), ("B", 0)]
        assert used == [("orders", 3)]
        assert not any(breaches(desk.database).values())


@pytest.mark.parametrize(
    "last", [claim_for(A=4), claim_for(B=4)], ids=["a cell short for all", "one that asks too much"]
)
def test_none_is_held_where_one_of_them_cannot_be(databases: Any, last: Claim) -> None:
    with desks(databases, 1) as [desk]:
        before = state(desk)
        attempts = [attempt(desk, f"k{n}", c) for n, c in enumerate([claim_for(A=2), last])]
        assert held_together(desk, attempts) is None
        assert state(desk)[0] == before[0]
        assert not state(desk)[2]


def test_a_key_that_is_known_sends_each_its_own_way(databases: Any) -> None:
    with desks(databases, 1) as [desk]:
        said = reserve(desk, claim_for(A=1), key="k0", now=NOON)
        attempts = [attempt(desk, f"k{n}", claim_for(A=1)) for n in range(2)]
        assert held_together(desk, attempts) is None
        assert desk.write(partial(reserve_alone, attempt=attempts[0])) == said


def test_a_no_is_told_to_all_of_them_and_kept_for_the_keys_whose_answer_it_is(
    databases: Any,
) -> None:
    with desks(databases, 1) as [desk]:
        assert isinstance(reserve(desk, claim_for(A=6), key="first", now=NOON), Refused)
        attempts = [attempt(desk, f"k{n}", claim_for(A=6)) for n in range(3)]
        attempts[1] = replace(attempts[1], final=False)
        told = held_together(desk, attempts)
        reason = "W has 5 units of A left, where 6 are wanted"
        assert told == [Refused(why="short", reasons=(reason,))] * 3
        assert [key for key, _ in state(desk)[2]] == ["first", "k0", "k2"]
        assert reserve(desk, claim_for(A=6), key="k2", now=NOON) == told[2]


def test_what_is_there_again_is_not_refused(databases: Any) -> None:
    with desks(databases, 1) as [desk]:
        held = reserve(desk, claim_for(B=3), key="all", now=NOON)
        assert isinstance(reserve(desk, claim_for(B=1), key="late", now=NOON), Refused)
        assert isinstance(held, Reservation)
        release(desk, held.reservation, key="back", now=NOON)
        attempts = [attempt(desk, f"k{n}", claim_for(B=1)) for n in range(2)]
        assert all(each.needs.doubtful for each in attempts)
        assert held_together(desk, attempts) is None


CLAIMS = st.dictionaries(st.sampled_from("ABC"), st.integers(1, 3), min_size=1).map(
    lambda units: claim_for(**units)
)
ONE_OF_NINE = st.sampled_from([f"k{number}" for number in range(9)])
BATCH = st.lists(
    st.tuples(ONE_OF_NINE, CLAIMS), min_size=2, max_size=4, unique_by=lambda each: each[0]
)


@pytest.fixture(scope="module")
def loaded(sqlite: Any) -> str:
    url: str = sqlite.empty()
    load_into(shop(), url)
    return url


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(BATCH, min_size=1, max_size=4))
def test_together_or_in_a_queue_is_the_same(sqlite: Any, loaded: str, batches: Any) -> None:
    with open_desk(sqlite.copy(loaded)) as crowd, open_desk(sqlite.copy(loaded)) as queue:
        for batch in batches:
            attempts = [attempt(crowd, key, claim) for key, claim in batch]
            told = held_together(crowd, attempts)
            if told is None:
                told = [reserve(crowd, claim, key=key, now=NOON) for key, claim in batch]
            assert told == [reserve(queue, claim, key=key, now=NOON) for key, claim in batch]
        assert state(crowd) == state(queue)
        assert not any(breaches(crowd.database).values())


def test_of_a_crowd_each_unit_is_sold_once(databases: Any) -> None:
    with desks(databases, 1, shop(None)) as [desk]:
        crowds, ready = Crowds(desk.write), Barrier(12)

        def buy(number: int) -> Any:
            wanted = claim_for(A=1) if number % 3 else claim_for(A=1, C=1)
            mine = attempt(desk, f"k{number}", wanted)
            ready.wait()
            return crowds.hold(mine)

        with ThreadPoolExecutor(12) as pool:
            told = list(pool.map(buy, range(12)))
        assert sum(isinstance(each, Reservation) for each in told) == STOCK["A"]
        assert state(desk)[0][0] == ("A", 0)
        assert not any(breaches(desk.database).values())


class Slow:
    """A writer that does the first write when it is let to, and counts them."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.begun, self.go_on, self.many = desk, Event(), Event(), 0

    def write(self, work: Any) -> Any:
        self.many += 1
        if self.many == 1:
            self.begun.set()
            assert self.go_on.wait(10)
        return self.desk.write(work)


def crowd_of(attempts: list[Attempt], slow: Any) -> list[Any]:
    """Have claims come while the first of them is being held; return what becomes of each."""
    crowds = Crowds(slow.write)
    with ThreadPoolExecutor(len(attempts)) as pool:
        first = pool.submit(crowds.hold, attempts[0])
        assert slow.begun.wait(10)
        others = [pool.submit(crowds.hold, each) for each in attempts[1:]]
        while sum(map(len, crowds._at.values())) < len(others):
            sleep(0.001)
        slow.go_on.set()
        return [future.exception() or future.result() for future in [first, *others]]


def test_whoever_comes_meanwhile_goes_in_one_transaction(databases: Any) -> None:
    with desks(databases, 1) as [desk]:
        slow = Slow(desk)
        told = crowd_of([attempt(desk, f"k{n}", claim_for(C=1)) for n in range(6)], slow)
        assert all(isinstance(each, Reservation) for each in told)
        assert slow.many == 2


def test_one_that_ails_is_the_only_one_that_suffers(sqlite: Any) -> None:
    with desks(sqlite, 1) as [desk]:
        attempts = [attempt(desk, f"k{n}", claim_for(C=1)) for n in range(4)]
        attempts[2] = replace(attempts[2], document="\ud800")
        told = crowd_of(attempts, Slow(desk))
        assert [isinstance(each, Reservation) for each in told] == [True, True, False, True]


def test_where_the_database_is_gone_all_of_them_hear_it(sqlite: Any) -> None:
    class Gone(Slow):
        def write(self, work: Any) -> Any:
            super().write(work)
            raise Unavailable("gone")

    with desks(sqlite, 1) as [desk]:
        attempts = [attempt(desk, f"k{n}", claim_for(C=1)) for n in range(3)]
        assert [str(each) for each in crowd_of(attempts, Gone(desk))] == ["gone"] * 3
