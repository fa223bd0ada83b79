"""Money after a split: by hand to the cent, and whole in every sequence of splits and returns."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnisource.models.base import UnusableInput
from omnisource.models.money import Amount, Charge, Terms
from omnisource.models.order import Line
from omnisource.solvers.proration import amounts, bundle_price, part, shared, some_free


def line(name: str, units: int, price: int, discount: int = 0) -> Line:
    return Line(
        order="o", line=name, sku=name, units=units, price_cents=price, discount_cents=discount
    )


def test_ten_euros_off_three_equal_lines_leave_the_odd_cent_to_the_first() -> None:
    lines = [line(name, 1, 2_000) for name in "abc"]
    terms = Terms(charges=(Charge(kind="coupon", cents=-1_000),))
    assert [a.discount for a in amounts(lines, terms).values()] == [-334, -333, -333]


def test_three_for_two_is_a_third_off_each_of_the_three() -> None:
    socks = line("a", 3, 500)
    found = amounts([socks], Terms(charges=(some_free(socks),)))
    assert found["a"] == Amount(goods=1_500, discount=-500)
    assert [part(found["a"], k, k + 1, 3).net for k in range(3)] == [333, 333, 334]


def test_a_bundle_price_is_shared_by_what_the_parts_cost_apart() -> None:
    """Camera 300 and case 100 euros apart, together 360: 30 and 10 euros off."""
    lines = [line("camera", 1, 30_000), line("case", 1, 10_000)]
    found = amounts(lines, Terms(charges=(bundle_price(lines, 36_000),)))
    assert {name: amount.net for name, amount in found.items()} == {"camera": 27_000, "case": 9_000}


def test_a_fee_goes_by_value_after_discounts() -> None:
    lines = [line("a", 1, 4_000, 1_000), line("b", 1, 1_000)]
    found = amounts(lines, Terms(charges=(Charge(kind="fee", cents=400),)))
    assert [amount.fee for amount in found.values()] == [300, 100]


def test_an_order_without_lines_comes_to_nothing() -> None:
    assert amounts([], Terms(charges=(Charge(kind="fee", cents=400),), tax=1_900)) == {}


def test_tax_is_rounded_once_a_rate() -> None:
    """0.99 three times at 19 % in the price: 2.97 holds 0.47, not three times 0.16."""
    lines = [line(name, 1, 99) for name in "abc"]
    found = amounts(lines, Terms(tax=1_900))
    assert [amount.tax for amount in found.values()] == [16, 16, 15]
    found = amounts(lines, Terms(tax=1_900, taxes={"c": 700}, tax_included=False))
    assert [amount.tax for amount in found.values()] == [19, 19, 7]
    assert found["c"].due(tax_included=False) == 106


@pytest.mark.parametrize(
    ("charge", "said"),
    [
        (Charge(kind="coupon", cents=-101), "a coupon takes 101 cents off 100"),
        (Charge(kind="fee", cents=1, lines=("z",)), "a fee names line z"),
    ],
)
def test_a_charge_that_cannot_be_shared_out_is_refused(charge: Charge, said: str) -> None:
    with pytest.raises(UnusableInput, match=said):
        amounts([line("a", 1, 100)], Terms(charges=(charge,)))


@given(st.integers(-(10**6), 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_shares_come_to_the_whole_and_are_within_a_cent_of_fair(
    total: int, weights: list[int]
) -> None:
    found = shared(total, weights)
    assert sum(found) == total
    whole = sum(weights)
    if whole:
        fair = (abs(f * whole - total * w) for f, w in zip(found, weights, strict=True))
        assert all(off < whole for off in fair)


LINES = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 5_000), st.integers(0, 100)),
    min_size=1,
    max_size=4,
)
CHARGED = st.tuples(st.integers(0, 100), st.integers(0, 900), st.sampled_from([0, 700, 1_900]))


@given(LINES, CHARGED, st.data())
def test_any_cut_of_any_line_comes_to_the_whole_and_no_unit_is_below_nothing(
    given_lines: list[Any], charged: tuple[int, int, int], data: st.DataObject
) -> None:
    percent, fee, tax = charged
    lines = [line(str(i), q, p, p * d // 100) for i, (q, p, d) in enumerate(given_lines)]
    net = sum(each.units * (each.price_cents - each.discount_cents) for each in lines)
    charges = (
        Charge(kind="discount", cents=-(net * percent // 100)),
        Charge(kind="fee", cents=fee),
    )
    found = amounts(lines, Terms(charges=charges, tax=tax))
    assert sum((a.net + a.fee for a in found.values()), 0) == net - net * percent // 100 + fee
    for each in lines:
        cuts = data.draw(st.sets(st.integers(0, each.units)))
        ends = sorted({0, each.units, *cuts})
        parts = [part(found[each.line], a, b, each.units) for a, b in pairwise(ends)]
        assert sum(parts, Amount()) == found[each.line]
        assert min(min(p.net, p.fee, p.tax) for p in parts) >= 0
