"""What a node is capable to promise: units that are there, and the room to send them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from omnisource.models.stock import Receipt
from omnisource.solvers.compile.available import NO_CHANNEL
from omnisource.solvers.problem import UNLIMITED
from omnisource.solvers.quote.atp import atp
from omnisource.solvers.quote.ctp import capable, day_of, ready, room

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
MINUTE = int(NOW.timestamp()) // 60
MIDNIGHT = MINUTE - 720
DAY = 1440


@pytest.fixture
def one_node(world):
    """A shop of apples at A: when units are ready, and how many on a day."""

    def of(on_hand, *, receipts=(), node=None, days=10, **given):
        shop = world(
            {"A": {"apple": on_hand}},
            {"o": {"apple": 1}},
            nodes={"A": node or {}},
            receipts=[Receipt(node="A", sku="apple", units=u, due=at) for u, at in receipts],
        )
        stock, free = atp(shop), room(shop, days=days, **given)

        def when(units, at=MINUTE):
            return ready(stock, free, 0, (NO_CHANNEL, units, at))

        def units(days=0):
            return capable(stock, free, 0, (NO_CHANNEL, MINUTE + days * DAY))

        return when, units

    return of


def test_what_is_there_is_ready_at_once_where_nothing_limits_the_day(one_node):
    when, units = one_node(5)
    assert (when(5), units()) == (MINUTE, 5)


def test_more_than_there_is_is_never_ready(one_node):
    when, _ = one_node(5)
    assert when(6) == UNLIMITED


def test_a_full_day_puts_it_off_to_the_next_midnight(one_node):
    when, units = one_node(5, node={"orders_per_day": 3}, orders=np.array([[3, 1]]))
    assert when(1) == MIDNIGHT + DAY
    assert [units(0), units(1)] == [0, 5]


def test_the_day_must_hold_all_units(one_node):
    when, units = one_node(5, node={"units_per_day": 4}, units=np.array([[3, 2, 0]]))
    assert [when(q) for q in (1, 2, 3, 5)] == [
        MINUTE,
        MIDNIGHT + DAY,
        MIDNIGHT + 2 * DAY,
        UNLIMITED,
    ]
    assert [units(days) for days in (0, 1, 2)] == [1, 2, 4]


def test_a_receipt_is_ready_when_it_is_due(one_node):
    due = NOW + timedelta(days=2, hours=1)
    when, units = one_node(1, receipts=[(4, due)])
    assert when(5) == MINUTE + 2 * DAY + 60
    assert [units(days) for days in (0, 2, 3)] == [1, 1, 5]


def test_a_receipt_on_a_full_day_waits_for_room(one_node):
    due = NOW + timedelta(days=1)
    when, _ = one_node(
        0, receipts=[(1, due)], node={"orders_per_day": 1}, orders=np.array([[0, 1]])
    )
    assert when(1) == MIDNIGHT + 2 * DAY


def test_nothing_is_promised_beyond_the_days_that_are_known(one_node):
    when, units = one_node(1, days=3)
    assert when(1, MIDNIGHT + 3 * DAY - 1) == MIDNIGHT + 3 * DAY - 1
    assert when(1, MIDNIGHT + 3 * DAY) == UNLIMITED
    assert units(3) == 0


def test_days_begin_at_the_nodes_own_midnight(world):
    """Noon in London is 21:00 in Tokyo: three hours later it is tomorrow there."""
    shop = world({"A": {"apple": 1}}, {"o": {"apple": 1}}, nodes={"A": {"timezone": "Asia/Tokyo"}})
    free = room(shop, days=2)
    assert [day_of(free, 0, MINUTE + minutes) for minutes in (0, 179, 180)] == [0, 0, 1]


def test_the_day_the_clocks_go_forward_has_23_hours(world):
    before = int(datetime(2025, 3, 29, 12, tzinfo=UTC).timestamp()) // 60
    shop = world(
        {"A": {"apple": 1}}, {"o": {"apple": 1}}, nodes={"A": {"timezone": "Europe/Berlin"}}
    )
    assert np.diff(room(shop, before, days=3).start[0]).tolist() == [1440, 1380, 1440]
