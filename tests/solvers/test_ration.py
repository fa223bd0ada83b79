"""Who gets what is due: by hand, and whatever waits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnisource.solvers.ration import Claim, Supply, ration

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def claim(order, units=1, *, factor=1.0, promised=None, placed=0, customer=""):
    by = None if promised is None else NOON + timedelta(days=promised)
    at = NOON + timedelta(minutes=placed)
    return Claim(order, "a", customer, "A", units, factor, by, at)


def supply(units, days=1, node="W"):
    return Supply(node, "A", units, NOON + timedelta(days=days))


def given_out(claims, supplies, fair=1.0, reaches=lambda *_: True):
    """Order, day of the receipt, units."""
    found = ration(claims, supplies, fair=fair, reaches=reaches)
    return [(each.claim.order, (each.supply.due - NOON).days, each.units) for each in found]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (claim("b", factor=2.0), claim("a")),
        (claim("b", promised=3), claim("a", promised=4)),
        (claim("b", promised=9), claim("a")),
        (claim("b", placed=1), claim("a", placed=2)),
        (claim("a"), claim("b")),
        (claim("b", factor=2.0), claim("a", promised=1)),
        (claim("b", promised=1, placed=5), claim("a", placed=1)),
    ],
)
def test_turns_go_by_tier_then_promise_then_age_then_name(first, second):
    for both in ([first, second], [second, first]):
        assert given_out(both, [supply(1)]) == [(first.order, 1, 1)]


def test_who_is_first_gets_what_is_due_first_and_the_rest_of_it_the_next():
    claims = [claim("a", 2), claim("b", 2, placed=1)]
    assert given_out(claims, [supply(3, 5), supply(1, 2)]) == [
        ("a", 2, 1),
        ("a", 5, 1),
        ("b", 5, 2),
    ]


def test_a_share_is_the_decimal_number_that_is_written():
    claims = [claim("a", 100), claim("b", 29), claim("c", 29), claim("d", 13)]
    got = [("a", 1, 29), ("b", 1, 29), ("c", 1, 29), ("d", 1, 13)]
    assert given_out(claims, [supply(100)], fair=0.29) == got


def test_one_customer_gets_a_fair_share_while_others_wait():
    claims = [claim("a", 3, customer="x"), claim("b", 3, customer="x"), claim("c", 1, placed=1)]
    assert given_out(claims, [supply(4)], fair=0.5) == [("a", 1, 3), ("c", 1, 1)]
    assert given_out(claims, [supply(2)], fair=0.5) == [("a", 1, 1), ("c", 1, 1)]


def test_what_cannot_be_sent_to_who_waits_is_left_over():
    def reaches(_claim, supply):
        return supply.node == "W"

    claims = [claim("a")]
    assert given_out(claims, [supply(9, 1, "S"), supply(9, 3)], reaches=reaches) == [("a", 3, 1)]


claims = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([1.0, 2.0]), st.sampled_from([None, 1, 2]),
              st.sampled_from(["", "x", "y"])),
    max_size=6,
).map(lambda rows: [
    claim(str(i), units, factor=f, promised=p, customer=c)
    for i, (units, f, p, c) in enumerate(rows)
])  # fmt: skip
supplies = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), max_size=4).map(
    lambda rows: [supply(units, days, f"n{i}") for i, (units, days) in enumerate(rows)]
)


@given(claims, supplies, st.sampled_from([0.3, 0.5, 1.0]))
def test_nothing_is_given_twice_nor_left_while_someone_waits(claims, supplies, fair):
    found = ration(claims, supplies, fair=fair, reaches=lambda *_: True)
    got = {each.order: 0 for each in claims}
    for each in found:
        got[each.claim.order] += each.units
    assert all(got[each.order] <= each.units for each in claims)
    wanted, there = sum(each.units for each in claims), sum(each.units for each in supplies)
    assert sum(got.values()) == min(wanted, there)


@given(claims, supplies)
def test_nobody_earlier_in_turn_waits_for_a_later_receipt_than_who_comes_after(claims, supplies):
    found = ration(claims, supplies, fair=1.0, reaches=lambda *_: True)
    for early in found:
        for late in found:
            if early.claim.turn < late.claim.turn:
                assert early.supply.due <= late.supply.due
