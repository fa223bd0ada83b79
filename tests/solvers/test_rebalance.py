"""Stock moved by a flow: worked by hand, against brute force, and with departures to pay for."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.solvers.rebalance import Haul, Lanes, Moves, Offers, Wants, rebalance

FREE = Haul(0.0)
Offer = tuple[int, int, float]  # node, units, cents a unit
Want = tuple[int, int, int, float]  # node, buyer, units, cents a unit


def moved(
    offers: Sequence[Offer], wants: Sequence[Want], most: Sequence[int], *,
    haul: Haul = FREE, lanes: Lanes | None = None, nodes: int = 4,
) -> Moves:  # fmt: skip
    """Rebalance one SKU of 1 kg."""
    give = [np.array(column) for column in zip(*offers, strict=True)]
    want = [np.array(column) for column in zip(*wants, strict=True)]
    return rebalance(
        Offers(give[0], 0 * give[0], give[1], give[2].astype(float)),
        Wants(want[0], 0 * want[0], want[1], want[2], want[3].astype(float), np.array(most)),
        np.array([1000]), lanes=lanes or Lanes.none(), haul=haul, nodes=nodes,
    )  # fmt: skip


def said(found: Moves) -> list[tuple[int, int, int]]:
    """Source, target and units of each row."""
    return list(zip(found.source.tolist(), found.target.tolist(), found.units.tolist(),
                    strict=True))  # fmt: skip


def test_left_over_units_go_where_they_save_most() -> None:
    """Node 0 has two to spare; node 1 saves 500 and 300 by them, node 2 saves 400."""
    wants = [(1, 0, 1, 500.0), (1, 1, 1, 300.0), (2, 2, 1, 400.0)]
    found = moved([(0, 2, 0.0)], wants, [1, 1, 1])
    assert said(found) == [(0, 1, 1), (0, 2, 1)]
    assert found.cents.tolist() == [500.0, 400.0]


def test_a_buyer_that_two_cells_would_please_counts_once() -> None:
    found = moved([(0, 2, 0.0)], [(1, 0, 1, 500.0), (2, 0, 1, 450.0)], [1])
    assert said(found) == [(0, 1, 1)]


def test_a_unit_in_use_moves_only_for_more_than_it_is_missed() -> None:
    wants = [(1, 0, 1, 500.0), (1, 1, 1, 300.0)]
    found = moved([(0, 1, 0.0), (0, 1, 350.0)], wants, [1, 1])
    assert (said(found), found.cents.tolist()) == ([(0, 1, 1)], [500.0])


def test_the_haul_is_paid_for_by_the_kilogram() -> None:
    """A kilogram over the lane costs 450, elsewhere 600: only the lane pays."""
    lanes = Lanes(np.array([1]), np.array([450.0]), np.zeros(1), np.array([1e6]))
    found = moved([(0, 2, 0.0)], [(1, 0, 1, 500.0), (2, 1, 1, 550.0)], [1, 1],
                  haul=Haul(600.0), lanes=lanes)  # fmt: skip
    assert (said(found), found.haul_cents.tolist()) == ([(0, 1, 1)], [450.0])


def test_a_truck_leaves_only_if_what_it_carries_pays_for_it() -> None:
    """Two units save 800 together, one saves 400: a truck of 700 goes with two, not with one."""
    truck = Haul(0.0, departure_cents=700.0, load_grams=10_000.0)
    wants = [(1, 0, 1, 400.0), (1, 1, 1, 400.0)]
    assert said(moved([(0, 2, 0.0)], wants, [1, 1], haul=truck)) == [(0, 1, 2)]
    assert said(moved([(0, 1, 0.0)], wants, [1, 1], haul=truck)) == []


def test_a_lane_that_does_not_pay_is_shut_and_its_units_go_elsewhere() -> None:
    """Node 1 alone would not fill a truck; with its unit the truck to node 2 pays."""
    truck = Haul(0.0, departure_cents=700.0, load_grams=10_000.0)
    wants = [(1, 0, 1, 300.0), (2, 1, 1, 450.0), (2, 0, 1, 290.0)]
    found = moved([(0, 2, 0.0)], wants, [1, 1], haul=truck)
    assert said(found) == [(0, 2, 2)]
    assert found.cents.sum() == 740.0


small = st.integers(0, 2)
offers = st.lists(st.tuples(st.integers(0, 2), st.just(1), st.integers(0, 9)),
                  min_size=1, max_size=3)  # fmt: skip
wants = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.just(1), st.integers(1, 20)),
                 min_size=1, max_size=4)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(offers=offers, wants=wants, kg_cents=st.integers(0, 5))
def test_no_way_of_moving_saves_more(offers: list[Offer], wants: list[Want], kg_cents: int) -> None:
    found = moved(offers, wants, [1, 1], haul=Haul(float(kg_cents)))
    best = 0.0
    for choice in product([None, *range(len(wants))], repeat=len(offers)):
        taken = [j for j in choice if j is not None]
        buyers = [wants[j][1] for j in taken]
        if len(set(taken)) < len(taken) or len(set(buyers)) < len(buyers):
            continue
        pairs = [(offers[i], wants[j]) for i, j in enumerate(choice) if j is not None]
        if all(give[0] != want[0] for give, want in pairs):
            best = max(best, sum(want[3] - give[2] - kg_cents for give, want in pairs))
    assert round((found.cents - found.haul_cents).sum(), 6) == best
