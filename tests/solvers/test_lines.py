"""Lines of one order that ask for the same SKU are one line; others stay apart."""

import numpy as np

from omnisource.solvers.compile.lines import joined_lines


def test_lines_of_one_sku_are_joined_within_an_order_only(world):
    """Names such as apple/2 are further lines of apples."""
    night = world(
        {"A": {"pear": 9, "apple": 9}},
        {"o": {"apple": 1, "pear": 2, "apple/2": 4}, "p": {"apple": 8}},
    )
    joined = joined_lines(night)
    skus = night.products["sku"][joined.sku].tolist()
    assert joined.order_line.tolist() == [0, 2, 3]
    assert skus == ["pear", "apple", "apple"]
    assert joined.units.tolist() == [2, 5, 8]
    assert joined.start.tolist() == [0, 1, 3, 4]
    assert joined.rows.tolist() == [1, 0, 2, 3]


def test_a_night_without_orders_has_no_lines(world):
    joined = joined_lines(world({"A": {"apple": 1}}, {}))
    assert joined.order_line.tolist() == [0]
    assert joined.start.tolist() == [0]
    assert joined.units.size == 0


def test_every_row_is_of_the_line_of_its_order_and_sku(random_world):
    night = random_world(seed=3, orders=40)
    lines, joined = night.lines, joined_lines(night)
    assert sorted(joined.rows.tolist()) == list(range(lines.rows))
    line = np.repeat(np.arange(len(joined.sku)), np.diff(joined.start))
    order = np.repeat(np.arange(night.orders.rows), np.diff(joined.order_line))
    assert (lines["sku"][joined.rows] == joined.sku[line]).all()
    assert (lines["order"][joined.rows] == order[line]).all()
    assert len(set(zip(order.tolist(), joined.sku.tolist(), strict=True))) == len(joined.sku)
