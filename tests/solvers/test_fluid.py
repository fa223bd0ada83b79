"""Programmes over expected demand, and what becomes of a stream by the policies that follow."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from omnisource.solvers.fluid.classes import MILLION, Classes, problem_of
from omnisource.solvers.fluid.items import item_wise
from omnisource.solvers.fluid.online import RESOLVED, at_prices, go_online
from omnisource.solvers.fluid.plans import PlanProgramme
from omnisource.solvers.fluid.rounding import FORCED, LAYERS, POLICIES, draw, go_through
from omnisource.solvers.fluid.stream import serve_stream
from omnisource.solvers.oracle.plain import best_plan
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import UNLIMITED, Floats, Ints, Prices

U = np.array([[0.6, 0.4, 0.0], [0.3, 0.5, 0.2], [0.0, 0.1, 0.9]])


def dollars(values: list[list[float]] | list[float]) -> Ints:
    return np.rint(np.array(values) * MILLION).astype(np.int64)


def two_items(stock: list[list[int]]) -> Classes:
    """One class of two items; two places at 5 $ a shipment and 1 $ a unit; the last at 100 $."""
    left = np.array([[*row, UNLIMITED] for row in stock])
    return Classes(
        item=np.array([[0, 1]]),
        nearest=np.array([[0, 1]]),
        fixed=dollars([5, 5, 100]),
        unit=dollars([[1, 1, 100]]),
        stock=left,
        rate=np.array([1.0]),
    )


def random_classes(seed: int) -> Classes:
    """Three classes of one to three of four items, two places, scarce stock."""
    rng = np.random.default_rng(seed)
    item = np.full((3, 3), -1)
    for q in range(3):
        size = rng.integers(1, 4)
        item[q, :size] = np.sort(rng.choice(4, size, replace=False))
    stock = np.column_stack([rng.integers(0, 5, (4, 2)), np.full(4, UNLIMITED)])
    unit = np.column_stack([rng.integers(1_000, 9_000, (3, 2)), np.full(3, 30_000)])
    nearest = np.where(item >= 0, rng.integers(0, 2, (3, 3)), 2)
    fixed = np.array([5_000, 7_000, 20_000])
    return Classes(item, nearest, fixed, unit, stock, np.full(3, 0.3))


def drawn_places(policy: int, uniform: Floats) -> Ints:
    """The places that a policy draws for the three slots of U, one row of places a row of draws."""
    nearest = np.array([0, 1, 2])
    to = np.zeros((len(uniform), 3), np.int64)
    for at, row in zip(to, uniform, strict=True):
        draw(policy, U, 3, nearest, row, at)
    return to


@pytest.mark.parametrize("policy", range(1, len(POLICIES)), ids=POLICIES[1:])
def test_a_policy_sends_each_item_to_each_place_as_often_as_its_share_says(policy: int) -> None:
    # Hoeffding: a share of 40,000 draws is off by 0.02 with probability 2 e^−32 at the most
    to = drawn_places(policy, np.random.default_rng(policy).random((40_000, 6)))
    shares = np.array([(to == k).mean(axis=0) for k in range(3)]).T
    assert np.abs(shares - U).max() < 0.02


def test_layers_hold_together_what_they_can() -> None:
    # heights: at place 0 both items 0.3, the first alone 0.3; at place 1 both 0.4, the second 0.3
    u = np.array([[0.6, 0.4], [0.3, 0.7]])
    met = dict.fromkeys(product((0, 1), repeat=2), 0)
    for i in range(1_000):
        to = np.zeros(2, np.int64)
        draw(LAYERS, u, 2, to.copy(), np.append((i + 0.5) / 1_000, np.full(3, 0.5)), to)
        met[int(to[0]), int(to[1])] += 1
    # (1, 0) alone with 0.3 · 1 / 2, and then the second can only be at place 1; so the other way
    assert met == pytest.approx({(0, 0): 300, (0, 1): 300, (1, 0): 0, (1, 1): 400}, abs=1)


def test_equal_shares_share_their_clocks() -> None:
    u, to = np.full((2, 2), 0.5), np.zeros(2, np.int64)
    for uniform in np.random.default_rng(1).random((100, 4)):
        draw(POLICIES.index("dilated"), u, 2, to.copy(), uniform, to)
        assert to[0] == to[1]


def test_the_largest_share_opens_by_force_when_its_clock_is_late() -> None:
    # p = 1/2: with probability (1/2) / (1/2 + e²/2 − e) = 0.338 the clock shows 2 instead of 0.2
    u, to = np.array([[0.5, 0.5]]), np.zeros(1, np.int64)
    clocks = 1 - np.exp([-0.1, -0.5])  # E = 0.1 and 0.5: shown as 0.2 and 1.0
    for coin, place in ((0.337, 1), (0.339, 0)):
        draw(FORCED, u, 1, to.copy(), np.append(clocks, coin), to)
        assert to[0] == place


def test_an_item_sent_to_an_empty_place_goes_unserved() -> None:
    classes = two_items([[1, 0], [0, 2]])
    stream, uniform = np.array([0, 1, 0]), np.zeros((3, 5))
    cost = go_through(0, classes, np.zeros((1, 2, 3)), stream, uniform, classes.stock.copy())
    # (5 + 1) + (5 + 1); no order; then the first item unserved: (100 + 100) + (5 + 1)
    assert cost == 218 * MILLION


def test_programmes_find_the_cheapest_shares_by_hand() -> None:
    classes, orders = two_items([[10, 10], [4, 10]]), np.array([10.0])
    # 4 orders whole from the first place and 6 from the second: 10 (5 + 1 + 1)
    assert item_wise(classes, orders).value == pytest.approx(70 * MILLION)
    # with one place for the first item, 6 orders are split: 4 · 7 + 6 · 12
    split = two_items([[10, 0], [4, 10]])
    assert item_wise(split, orders).value == pytest.approx(100 * MILLION)
    programme = PlanProgramme(problem_of(split))
    fluid = programme.solve(orders, programme.problem.stock)
    assert fluid.value == pytest.approx(100 * MILLION)
    assert fluid.bound == pytest.approx(100 * MILLION)
    assert fluid.price[3] == pytest.approx(5 * MILLION)  # the second item at the first place


def every_plan(classes: Classes, orders: Floats) -> float:
    """The programme over all plans there are, by another solver."""
    cost, rows, of = [], [], []
    for q in range(classes.size):
        items = classes.item[q][classes.item[q] >= 0]
        for places in product(range(3), repeat=len(items)):
            taken = np.zeros((4, 3))
            np.add.at(taken, (items, places), 1)
            rows.append(taken[:, :2].ravel())
            of.append(np.eye(classes.size)[q])
            fees = classes.fixed[list(set(places))].sum()
            cost.append(float(fees + classes.unit[q, list(places)].sum()))
    done = linprog(
        cost, A_ub=np.array(rows).T, b_ub=classes.stock[:, :2].ravel(),
        A_eq=np.array(of).T, b_eq=orders,
    )  # fmt: skip
    return float(done.fun)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_plans_generated_are_as_good_as_all_plans_and_never_below_items(seed: int) -> None:
    classes, orders = random_classes(seed), np.array([2.0, 1.0, 3.0])
    programme = PlanProgramme(problem_of(classes))
    fluid = programme.solve(orders, programme.problem.stock)
    assert fluid.value == pytest.approx(every_plan(classes, orders), abs=6 * 20 + 1)
    assert fluid.bound <= fluid.value + 1
    assert fluid.bound == pytest.approx(fluid.value, abs=6 * 20 + 1)
    assert item_wise(classes, orders).value <= fluid.value + 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_stream_is_served_as_the_oracle_in_plain_words_serves_it(seed: int) -> None:
    problem = problem_of(random_classes(seed))
    rng = np.random.default_rng(seed)
    price = np.where(problem.stock < UNLIMITED, rng.integers(0, 9_000, len(problem.stock)), 0)
    prices = Prices.zero(problem)._replace(cell=price.astype(np.float64))
    left, plans = Left.of(problem), Plans.room(problem)
    for q in rng.integers(0, 3, 8):
        expected = best_plan(problem, int(q), prices, left).value
        before = left.stock.copy()
        cost = serve_stream(problem, prices, np.array([q]), left, plans)
        assert plans.value[q] == expected
        assert cost == expected - price @ (before - left.stock)
        assert (left.stock >= 0).all()


@pytest.mark.parametrize("policy", RESOLVED)
def test_no_policy_does_better_than_foresight_and_the_same_seed_the_same(policy: str) -> None:
    classes = random_classes(7)
    programme = PlanProgramme(problem_of(classes))
    stream = np.random.default_rng(1).integers(0, 4, 12)
    realised = np.bincount(stream, minlength=4)[:3].astype(np.float64)
    bound = programme.solve(realised, programme.problem.stock).bound
    first, again = (
        go_online(programme.copied(), classes.rate, stream, RESOLVED[policy], seed=[1, 2])
        for _ in range(2)
    )
    assert first == again
    assert first >= bound
    assert at_prices(programme, np.zeros(len(programme.problem.stock)), stream) >= bound


def test_prices_of_what_is_expected_keep_the_last_unit_for_whom_it_is_worth_most() -> None:
    # one unit near; the first order could do with the far place, the second with nothing else
    classes = Classes(
        item=np.array([[0], [0]]),
        nearest=np.array([[0], [0]]),
        fixed=dollars([10, 10, 10]),
        unit=dollars([[1, 3, 900], [1, 800, 900]]),
        stock=np.array([[1, 1, UNLIMITED]]),
        rate=np.array([0.4, 0.6]),
    )
    programme, stream = PlanProgramme(problem_of(classes)), np.array([0, 1])
    nothing = np.zeros(len(programme.problem.stock))
    assert at_prices(programme, nothing, stream) == (10 + 1 + 10 + 800) * MILLION
    resolved = go_online(programme, classes.rate, stream, RESOLVED["re-solved"], seed=[1])
    assert resolved == (10 + 3 + 10 + 1) * MILLION
