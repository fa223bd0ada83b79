"""What may be sold: on hand, less safety, with receipts that are due."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from omnisource.models.stock import Receipt
from omnisource.solvers.compile.available import cells

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)


@pytest.fixture
def available(world):
    """Units by (node, SKU), in the order of the cells."""

    def of(stock, **fields):
        night = world(stock, {"o": {"apple": 1, "pear": 1}}, **fields)
        found = cells(night)
        return {
            (str(night.nodes["node"][n]), str(night.products["sku"][s])): int(units)
            for n, s, units in zip(found.node, found.sku, found.units, strict=True)
        }

    return of


def receipt(sku, units, due, node="A"):
    return Receipt(node=node, sku=sku, units=units, due=due)


def test_a_cell_without_safety_keeps_back_its_nodes(available):
    found = available(
        {"A": {"apple": 5, "pear": 5}, "B": {"apple": 5}},
        nodes={"A": {"safety": 2}},
        cells={("A", "pear"): {"safety": 0}, ("B", "apple"): {"safety": 1}},
    )
    assert found == {("A", "apple"): 3, ("A", "pear"): 5, ("B", "apple"): 4}


def test_safety_beyond_the_stock_leaves_nothing(available):
    assert available({"A": {"apple": 1}}, nodes={"A": {"safety": 2}}) == {("A", "apple"): 0}


def test_receipts_count_from_the_minute_they_are_due(available):
    later = NOW + timedelta(minutes=1)
    found = available(
        {"A": {"apple": 1}}, receipts=[receipt("apple", 2, NOW), receipt("apple", 4, later)]
    )
    assert found == {("A", "apple"): 3}


def test_a_receipt_makes_a_cell_where_there_was_none(available):
    found = available(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        nodes={"A": {"safety": 1}},
        receipts=[receipt("pear", 3, NOW)],
    )
    assert list(found.items()) == [(("A", "apple"), 0), (("B", "apple"), 1), (("A", "pear"), 2)]


def test_a_receipt_makes_up_for_safety(available):
    found = available(
        {"A": {"apple": 1}}, nodes={"A": {"safety": 3}}, receipts=[receipt("apple", 4, NOW)]
    )
    assert found == {("A", "apple"): 2}


def test_receipts_of_one_new_cell_are_one_cell_in_the_order_of_the_first(available):
    found = available(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        receipts=[
            receipt("pear", 3, NOW, node="B"),
            receipt("pear", 1, NOW, node="A"),
            receipt("pear", 4, NOW, node="B"),
        ],
    )
    assert list(found.items())[2:] == [(("B", "pear"), 7), (("A", "pear"), 1)]


def test_a_cell_is_found_by_its_node_and_product(world):
    night = world({"A": {"apple": 1, "pear": 1}, "B": {"pear": 1}}, {"o": {"fig": 1}})
    node, sku = np.array([1, 0, 0, 1, 0]), np.array([1, 0, 1, 0, 2])
    assert cells(night).find(node, sku).tolist() == [2, 0, 1, -1, -1]
