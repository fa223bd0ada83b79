"""Menus worked out by hand: entry i of A's menu is i units of the first line, and so on."""

import numpy as np
import pytest

from omnisource.models.policy import Policy
from omnisource.solvers.compile.menus import too_many_cuts
from omnisource.solvers.compile.world import with_menus
from omnisource.solvers.problem import MENU_LIMIT, NEVER


@pytest.fixture
def menu(world, compiled):
    """The menu of the one node for the one order, its costs as a list."""

    def of(basket, **fields):
        problem, _ = compiled(world({"A": basket}, {"o": basket}, **fields))
        return problem.menu_cost.tolist()

    return of


@pytest.mark.parametrize(("grams", "costs"), [(1_000, [400, 400, 700]), (1_001, [400, 700, NEVER])])
def test_a_weight_step_includes_its_limit(menu, grams, costs):
    steps = {("A", "o"): [(2_000, 400), (3_000, 700)]}
    assert menu({"apple": 3}, products={"apple": {"grams": grams}}, freight=steps) == [0, *costs]


def test_the_first_line_counts_fastest(menu):
    fields = {
        "products": {"apple": {"grams": 1}, "pear": {"grams": 10}},
        "freight": {("A", "o"): [(grams, grams) for grams in (1, 2, 10, 11, 12)]},
    }
    assert menu({"apple": 2, "pear": 1}, **fields) == [0, 1, 2, 10, 11, 12]


def test_bulky_goods_pay_for_their_volume(menu):
    """300 × 200 × 100 mm are 6,000 cm³; at 5,000 cm³ a kg one box counts 1,200 g, two 2,400 g."""
    sides = {"length_mm": 300, "width_mm": 200, "height_mm": 100}
    steps = {("A", "o"): [(1_000, 300), (1_199, 400), (1_200, 500), (2_400, 600)]}
    costs = menu({"box": 2}, products={"box": sides}, freight=steps, service={"dim_divisor": 5_000})
    assert costs == [0, 500, 600]


def test_heavy_goods_pay_for_their_weight(menu):
    sides = {"length_mm": 100, "width_mm": 100, "height_mm": 100, "grams": 900}
    steps = {("A", "o"): [(899, 300), (900, 400)]}
    costs = menu({"box": 1}, products={"box": sides}, freight=steps, service={"dim_divisor": 5_000})
    assert costs == [0, 400]


def test_what_ships_alone_has_a_price_alone_only(menu):
    costs = menu({"tv": 2, "apple": 1}, products={"tv": {"ships_alone": True}})
    assert costs == [0, 500, NEVER, 500, NEVER, NEVER]


def test_handling_and_stock_are_paid_by_shipment_and_unit(menu):
    costs = menu(
        {"apple": 2},
        nodes={"A": {"cents_per_shipment": 30, "cents_per_unit": 4}},
        cells={("A", "apple"): {"unit_cost_cents": -1}},
    )
    assert costs == [0, 500 + 30 + 3, 500 + 30 + 6]


def test_lateness_is_paid_by_unit_and_day(menu):
    """Sent on the 6th, the parcel is there by the end of the 8th: two days begun are late."""
    costs = menu(
        {"apple": 2},
        transit_days={"A": 2},
        policy=Policy(late_cents=10),
        order_fields={"o": {"promised_by": "2025-01-07T12:00:00Z"}},
    )
    assert costs == [0, 500 + 20, 500 + 40]


def test_emissions_are_rounded_once_a_parcel(menu):
    """1 kg over 111.2 km at 0.1 g a kg and km and 20 cents a kg: 0.2224 cents, twice 0.4448."""
    costs = menu(
        {"apple": 3},
        service={"grams_co2_per_kg_km": 0.1},
        policy=Policy(co2_cents_per_kg=20.0),
    )
    assert costs == [0, 500, 500, 501]


def test_a_fence_bit_excludes_every_content_that_bears_it(world, compiled):
    """Way 0 is cheap and fenced for pears: contents with one go by way 1, or not at all."""
    problem, _ = compiled(world({"A": {"apple": 1, "pear": 1}}, {"o": {"apple": 1, "pear": 1}}))
    ways = problem.ways

    def twice(column):
        return np.concatenate([column, column])

    def way(second):
        return ways._replace(
            start=np.array([0, 2]),
            **{c: twice(getattr(ways, c)) for c in ("service", "steps", "arrives", "co2")},
            days_late=np.array([0, 1], np.int16),
            fences=np.array([0b01, second], np.uint64),
        )

    fenced = problem._replace(
        line_fences=np.array([0b10, 0b01], np.uint64), late=np.full(2, 7, np.int64)
    )
    one = with_menus(fenced._replace(ways=way(0b00)), threads=1)
    assert one.menu_cost.tolist() == [0, 500, 507, 514]
    assert one.menu_way.tolist() == [-1, 0, 1, 1]
    none = with_menus(fenced._replace(ways=way(0b11)), threads=1)
    assert none.menu_cost.tolist() == [0, 500, NEVER, NEVER]
    assert none.menu_way.tolist() == [-1, 0, -1, -1]


def test_an_order_is_large_from_one_cut_too_many():
    """Eleven lines of a unit have 3¹¹ cuts, within the limit; twelve have not."""
    assert 3**11 <= MENU_LIMIT < 3**12
    order_line = np.array([0, 11, 23])
    assert too_many_cuts(order_line, np.ones(23, np.int64)).tolist() == [False, True]
