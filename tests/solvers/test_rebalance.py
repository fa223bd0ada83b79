"""Stock moved by a flow: worked by hand, against brute force, and with departures to pay for."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.solvers.rebalance import (
    LEAST,
    Haul,
    Held,
    Lanes,
    Moves,
    Wants,
    rebalance,
    value,
    worth,
)

FREE = Haul(0.0)
TRUCK = Haul(0.0, departure_cents=700.0, load_grams=10_000.0)
Want = tuple[int, int, float]  # node, buyer, cents; each of one unit


def night(stock: Mapping[int, int], wants: Sequence[Want]) -> tuple[Held, Wants]:
    """One SKU; units by node; every buyer asks for one unit."""
    node, buyer, cents = (np.array(column) for column in zip(*wants, strict=True))
    places, units = np.array(list(stock)), np.array(list(stock.values()))
    ones = np.ones(len(node), np.int64)
    most = np.ones(int(buyer.max()) + 1, np.int64)
    return (
        Held(places, 0 * places, units, np.zeros(len(places), bool)),
        Wants(node, 0 * node, buyer, ones, cents.astype(float), most),
    )


def moved(
    stock: Mapping[int, int], wants: Sequence[Want], haul: Haul = FREE, lanes: Lanes | None = None
) -> Moves:
    """Rebalance goods of 1 kg."""
    return rebalance(
        *night(stock, wants), np.array([1000]), lanes=lanes or Lanes.none(), haul=haul, nodes=4
    )


def said(found: Moves) -> list[tuple[int, int, int]]:
    """Source, target and units of each row."""
    rows = zip(found.source.tolist(), found.target.tolist(), found.units.tolist(), strict=True)
    return list(rows)


def test_left_over_units_go_where_they_save_most() -> None:
    """Node 0 has two, which nobody wants there; node 1 saves 500 and 300 by them, node 2 400."""
    wants = [(1, 0, 500.0), (1, 1, 300.0), (2, 2, 400.0)]
    found = moved({0: 2}, wants)
    assert said(found) == [(0, 1, 1), (0, 2, 1)]
    assert worth(*night({0: 2}, wants), found) == 900.0


def test_a_unit_stays_where_it_saves_as_much() -> None:
    assert said(moved({0: 1}, [(0, 0, 500.0), (1, 1, 500.0)])) == []


def test_what_may_not_be_moved_serves_who_wants_it_where_it_lies() -> None:
    """Of two units of node 0 one stays: it serves buyer 2 there, so that the other may go."""
    wants = [(1, 0, 500.0), (1, 1, 300.0), (0, 2, 400.0)]
    two, wanted = night({0: 2}, wants)
    assert said(moved({0: 2}, wants)) == [(0, 1, 1)]  # buyer 1 would save less than buyer 2
    held = Held._make(np.repeat(column, 2) for column in two)._replace(
        units=np.array([1, 1]), fixed=np.array([False, True])
    )
    found = rebalance(held, wanted, np.array([1000]), lanes=Lanes.none(), haul=FREE, nodes=4)
    assert said(found) == [(0, 1, 1)]
    assert worth(held, wanted, found) == 500.0
    stuck = two._replace(fixed=np.ones(1, bool))
    found = rebalance(stuck, wanted, np.array([1000]), lanes=Lanes.none(), haul=FREE, nodes=4)
    assert said(found) == []


def test_a_buyer_that_two_cells_would_please_counts_once() -> None:
    assert said(moved({0: 2}, [(1, 0, 500.0), (2, 0, 450.0)])) == [(0, 1, 1)]


def test_buyers_make_room_for_each_other() -> None:
    """Buyer 0 has the unit of node 1, worth 500 to it, and would take 450 of node 2; buyer 1 takes
    300 of node 1 alone. A unit moved to node 2 saves 450 + 300 − 0: 250 more than there was."""
    wants = [(1, 0, 500.0), (2, 0, 450.0), (1, 1, 300.0)]
    found = moved({0: 1, 1: 1}, wants, Haul(260.0))
    assert (
        worth(*night({0: 1, 1: 1}, wants), Moves(*(np.array([x]) for x in (0, 2, 0, 1, 0, 0))))
        == 250.0
    )
    assert said(found) == [(0, 1, 1)]  # which saves 300: 450 at node 2 are not needed
    assert said(moved({0: 1, 1: 1}, wants, Haul(300.0))) == []


def test_the_haul_is_paid_for_by_the_kilogram() -> None:
    """A kilogram over the lane costs 450, elsewhere 600: only the lane pays."""
    lanes = Lanes(np.array([1]), np.array([450.0]), np.zeros(1), np.array([1e6]))
    found = moved({0: 2}, [(1, 0, 500.0), (2, 1, 550.0)], Haul(600.0), lanes)
    assert (said(found), found.haul_cents.tolist()) == ([(0, 1, 1)], [450.0])


def test_a_truck_leaves_only_if_what_it_carries_pays_for_it() -> None:
    """Two units save 800 together, one saves 400: a truck of 700 goes with two, not with one."""
    wants = [(1, 0, 400.0), (1, 1, 400.0)]
    assert said(moved({0: 2}, wants, TRUCK)) == [(0, 1, 2)]
    assert said(moved({0: 1}, wants, TRUCK)) == []


def test_a_lane_that_does_not_pay_is_shut_and_its_units_go_elsewhere() -> None:
    """Node 1 alone would not fill a truck; with its unit the truck to node 2 pays: 740."""
    wants = [(1, 0, 300.0), (2, 1, 450.0), (2, 0, 290.0)]
    assert said(moved({0: 2}, wants, TRUCK)) == [(0, 2, 2)]


stocks = st.dictionaries(st.integers(0, 2), st.integers(1, 2), min_size=1, max_size=2)
wanted = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 2)), st.integers(1, 20), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(stock=stocks, want=wanted, kg_cents=st.integers(0, 5))
def test_no_way_of_moving_saves_more(
    stock: dict[int, int], want: dict[tuple[int, int], int], kg_cents: int
) -> None:
    wants = [(node, buyer, float(cents)) for (node, buyer), cents in want.items()]
    units = [node for node, many in stock.items() for _ in range(many)]
    best = now = 0.0
    for choice in product([None, *range(len(wants))], repeat=len(units)):
        taken = [wants[j] for j in choice if j is not None]
        if len({buyer for _, buyer, _ in taken}) < len(taken):
            continue
        gone = [u for u, j in zip(units, choice, strict=True) if j is not None and wants[j][0] != u]
        saved = sum(cents for _, _, cents in taken) - len(gone) * (kg_cents + LEAST)
        best = max(best, saved)
        now = max(now, saved if not gone else 0.0)
    found = moved(stock, wants, Haul(float(kg_cents)))
    assert value(*night(stock, wants)) == now
    earned = worth(*night(stock, wants), found) - float(found.haul_cents.sum())
    assert round(now + earned - LEAST * float(found.units.sum()), 6) == best
