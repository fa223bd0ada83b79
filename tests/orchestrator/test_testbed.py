"""The published test bed: as its authors state it, and the same figures however it is run."""

import math

import numpy as np
import pytest

from omnisource.orchestrator.bench.jasin_sinha import document, met, rows, sheet
from omnisource.orchestrator.testbed.experiment import (
    ALL,
    Asked,
    Tally,
    run_experiment,
    run_instance,
)
from omnisource.orchestrator.testbed.instance import (
    CITIES,
    FCS,
    distances,
    instance,
    nearest_carrying,
    stock_of,
    stream,
    tariff,
)
from omnisource.solvers.problem import UNLIMITED

ASKED = Asked(instances=2, streams=1, periods=20)


def test_miles_are_those_of_the_law_of_cosines() -> None:
    (_, *fc), (_, *city) = FCS[4], CITIES[0][:3]
    (a, x), (b, y) = (np.radians(place) for place in (fc, city))
    angle = math.acos(math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(x - y))
    assert distances()[0, 4] == pytest.approx(6_371 * angle / 1.61)


def test_a_shipment_costs_what_the_paper_says_and_unserved_is_twice_the_farthest() -> None:
    fixed, unit = tariff()
    assert fixed.tolist() == [8_759_000] * 5 + [17_518_000]
    miles = distances()[4]  # of Dallas
    assert unit[4, 4] == round(1e6 * (0.423 + 0.000541 * miles[4]))
    assert unit[4, 5] == round(1e6 * 2 * (0.423 + 0.000541 * max(miles)))


def test_demand_goes_to_the_nearest_fc_that_carries_the_item() -> None:
    carried = np.array([[True] * 5, [False, True, False, True, False], [False] * 5])
    nearest = nearest_carrying(carried)
    assert FCS[nearest[0, 0]][0] == "AVP3"  # Pennsylvania for New York
    assert FCS[nearest[3, 1]][0] == "CAE1"  # South Carolina, not Indiana, for Miami
    assert set(nearest[:, 2]) == {5}


def test_stock_is_what_is_expected_and_half_a_deviation_more() -> None:
    # 10,000 · 0.2 = 2,000 and a deviation of √1,600 = 40
    assert stock_of(np.array([0.2]), 10_000).tolist() == [2_020]


def test_an_instance_has_what_the_paper_says() -> None:
    drawn = instance(3, 1)
    sizes = (drawn.types >= 0).sum(axis=1)
    assert sizes.tolist() == np.repeat([1, 2, 3, 4, 5], 5).tolist()
    assert all(len(set(row[row >= 0])) == n for row, n in zip(drawn.types, sizes, strict=True))
    assert drawn.classes.size == 250
    assert 0 < drawn.classes.rate.sum() < 1  # the rest is the empty order
    assert (drawn.classes.stock[:, 5] == UNLIMITED).all()
    assert (drawn.classes.stock[:, :5][~drawn.carried] == 0).all()


def test_stock_adds_up_to_the_demand_that_somebody_carries() -> None:
    drawn = instance(0, 0)
    asked = drawn.classes.item >= 0
    served = (asked & (drawn.classes.nearest < 5)).sum(axis=1)
    expected, held = float(drawn.expected @ served), drawn.classes.stock[:, :5].sum()
    assert expected < held < 1.05 * expected


def test_streams_are_drawn_apart_and_by_their_rates() -> None:
    drawn = instance(0, 0)
    first, second = (stream(drawn, 0, number=0, draw=draw) for draw in (0, 1))
    assert (first != second).any()
    assert (first == stream(drawn, 0, number=0, draw=0)).all()
    # Hoeffding: off by 0.03 with probability 2 e^−18 at the most
    assert (first < 250).mean() == pytest.approx(drawn.classes.rate.sum(), abs=0.03)


@pytest.fixture(scope="module")
def found() -> list[Tally]:
    return run_experiment(ASKED, processes=1)


def test_an_instance_comes_to_the_same_alone_and_after_others(found: list[Tally]) -> None:
    alone, after = run_instance(ASKED, 1), found[1]
    assert (alone.cost == after.cost).all()
    assert (alone.foresight == after.foresight).all()
    assert alone.items == after.items


def test_nothing_is_cheaper_than_foresight_and_the_table_says_so(found: list[Tally]) -> None:
    made = rows(ASKED, found)
    assert [row.policy for row in made] == list(ALL)
    assert all((tally.cost >= tally.foresight - 1).all() for tally in found)
    closed = {row.policy: row.closed for row in made}
    assert closed["greedy"] == 0
    assert len(sheet(ASKED, found).rows) == len(ALL)
    assert "seconds" not in document(ASKED, found)
    assert not met(ASKED, found)  # so few periods are another experiment


def test_streams_in_which_nobody_orders_have_figures_all_the_same() -> None:
    nothing = Tally(items=9.0, cost=np.zeros((len(ALL), 1), np.int64), foresight=np.zeros(1))
    made = rows(ASKED, [nothing])
    assert {(row.over_foresight, row.closed) for row in made} == {(1.0, None)}


def test_published_figures_are_reproduced_on_a_few_streams() -> None:
    asked = Asked(instances=6, streams=3, policies=ALL[:5])
    made = rows(asked, run_experiment(asked, processes=1))
    off = {row.policy: abs(row.over_items - (row.published or 0.0)) for row in made}
    assert max(off.values()) < 0.020  # 30 instances come within 0.010
