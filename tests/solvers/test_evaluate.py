"""The judge: each rule broken once, and bills worked out by hand."""

from datetime import timedelta

import numpy as np
import pytest

from omnisource.models.base import BrokenPlan
from omnisource.models.policy import Fence, Policy
from omnisource.models.stock import Receipt
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.evaluate import evaluate


def ships(*parcels):
    """Parcels (order, node, service, {line: units}) in rows of the world."""
    order, node, service, contents = zip(*parcels, strict=True) if parcels else ((), (), (), ())

    def column(values):
        return np.array(values, np.int64)

    return Shipped(
        order=column(order),
        node=column(node),
        service=column(service),
        start=column([0, *np.cumsum([len(content) for content in contents])]),
        line=column([line for content in contents for line in content]),
        units=column([units for content in contents for units in content.values()]),
    )


@pytest.fixture
def simple(world):
    """Two nodes, two orders: o wants 2 apples and a pear, p an apple."""
    return world(
        {"A": {"apple": 3, "pear": 1}, "B": {"apple": 1}},
        {"o": {"apple": 2, "pear": 1}, "p": {"apple": 1}},
    )


def test_nothing_shipped_is_a_plan_that_costs_the_shortage(simple):
    plan = evaluate(simple, ships())
    assert plan.cost_cents == plan.bill["shortage"] == 4 * 5_000
    assert plan.shortages["line"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("parcel", "message"),
    [
        ((9, 0, 0, {0: 1}), "there is no order of row 9"),
        ((0, 2, 0, {0: 1}), "there is no node of row 2"),
        ((0, 0, 1, {0: 1}), "there is no service of row 1"),
        ((0, 0, 0, {7: 1}), "there is no line of row 7"),
        ((0, 0, 0, {}), "shipment 0 is empty"),
        ((0, 0, 0, {0: 0}), "content row 0 has 0 units"),
        ((1, 0, 0, {0: 1}), "line 0 is not a line of order 'p'"),
    ],
)
def test_rows_that_do_not_exist_are_refused(simple, parcel, message):
    with pytest.raises(BrokenPlan, match=message):
        evaluate(simple, ships(parcel))


def test_a_line_gets_no_more_than_it_asks(simple):
    with pytest.raises(BrokenPlan, match="order 'o', line '1': 3 units shipped, 2 asked"):
        evaluate(simple, ships((0, 0, 0, {0: 2}), (0, 1, 0, {0: 1})))


def test_a_service_must_go_there(world):
    night = world({"A": {"apple": 1}}, {"o": {"apple": 1}}, order_fields={"o": {"postcode": "9"}})
    with pytest.raises(BrokenPlan, match="no zone rule of the service goes there"):
        evaluate(night, ships((0, 0, 0, {0: 1})))


def test_a_node_must_ship(world):
    night = world({"A": {"apple": 1}}, {"o": {"apple": 1}}, nodes={"A": {"ships": False}})
    with pytest.raises(BrokenPlan, match=r"order 'o', node 'A', service 'post' .*does not ship"):
        evaluate(night, ships((0, 0, 0, {0: 1})))


def test_a_transfer_does_not_go_to_customers(world):
    night = world({"A": {"apple": 1}}, {"o": {"apple": 1}}, service={"kind": "transfer"})
    with pytest.raises(BrokenPlan, match="no zone rule of the service goes there"):
        evaluate(night, ships((0, 0, 0, {0: 1})))


@pytest.fixture
def collected(world):
    return world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}},
        nodes={"A": {"pickup": True, "cents_per_shipment": 40}},
        order_fields={"o": {"mode": "collect", "pickup_node": "A"}},
    )


def test_over_the_counter_there_is_no_freight(collected):
    plan = evaluate(collected, ships((0, 0, -1, {0: 1})))
    assert (plan.bill["freight"], plan.cost_cents) == (0, 40)


def test_what_is_collected_comes_from_the_pickup_node(collected):
    with pytest.raises(BrokenPlan, match=r"over the counter .*not the order's pick-up node"):
        evaluate(collected, ships((0, 1, -1, {0: 1})))
    with pytest.raises(BrokenPlan, match="from the pick-up node's own stock"):
        evaluate(collected, ships((0, 1, 0, {0: 1})))


def test_a_delivery_is_not_handed_over_the_counter(simple):
    with pytest.raises(BrokenPlan, match="not the order's pick-up node, or has no counter"):
        evaluate(simple, ships((0, 0, -1, {0: 1})))


def test_what_is_shipped_to_a_store_pays_the_way_there(world):
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}},
        nodes={"A": {"pickup": True, "postcode": "00000"}},
        order_fields={"o": {"mode": "ship_to_store", "pickup_node": "A"}},
        freight={("B", "o"): 321},
    )
    assert evaluate(night, ships((0, 1, 0, {0: 1}))).cost_cents == 321
    assert evaluate(night, ships((0, 0, -1, {0: 1}))).cost_cents == 0
    with pytest.raises(BrokenPlan, match="the goods are there already"):
        evaluate(night, ships((0, 0, 0, {0: 1})))


def test_a_parcel_keeps_to_the_last_weight_step(world):
    night = world({"A": {"apple": 3}}, {"o": {"apple": 3}}, freight={("A", "o"): [(2_999, 400)]})
    with pytest.raises(BrokenPlan, match="3000 g billable is above the last weight step"):
        evaluate(night, ships((0, 0, 0, {0: 3})))


def test_a_parcel_keeps_to_what_the_service_carries(world):
    night = world({"A": {"apple": 3}}, {"o": {"apple": 3}}, service={"max_grams": 2_000})
    assert evaluate(night, ships((0, 0, 0, {0: 2}))).bill["freight"] == 500
    with pytest.raises(BrokenPlan, match="3000 g billable"):
        evaluate(night, ships((0, 0, 0, {0: 3})))


def test_goods_that_ship_alone_are_alone(world):
    night = world(
        {"A": {"tv": 1, "apple": 1}},
        {"o": {"tv": 1, "apple": 1}},
        products={"tv": {"ships_alone": True}},
    )
    with pytest.raises(BrokenPlan, match="ship alone and 2 units"):
        evaluate(night, ships((0, 0, 0, {0: 1, 1: 1})))


def test_a_fence_is_not_crossed(world):
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 2}},
        policy=Policy(fences=(Fence(name="not from far", skus=("apple",), beyond_km=150.0),)),
    )
    assert evaluate(night, ships((0, 0, 0, {0: 1}))).shipments.rows == 1
    with pytest.raises(BrokenPlan, match=r"node 'B'.* sku 'apple': forbidden by 'not from far'"):
        evaluate(night, ships((0, 1, 0, {0: 1})))


def test_a_product_fits_the_service(world):
    night = world(
        {"A": {"ski": 1}},
        {"o": {"ski": 1}},
        products={"ski": {"length_mm": 1_900, "width_mm": 200, "height_mm": 100}},
        service={"max_length_mm": 1_200},
    )
    with pytest.raises(BrokenPlan, match="forbidden by 'does not fit post'"):
        evaluate(night, ships((0, 0, 0, {0: 1})))


@pytest.fixture
def promised(world):
    """Asked at Monday noon UTC, the parcel arrives by the end of Wednesday."""

    def build(policy, hours):
        return world(
            {"A": {"apple": 2}},
            {"o": {"apple": 2}},
            policy=policy,
            transit_days={"A": 2},
            order_fields={"o": {"promised_by": f"2025-01-08T{hours}:00Z"}},
        )

    return build


def test_a_promise_is_kept(promised):
    assert evaluate(promised(Policy(), "23:59"), ships((0, 0, 0, {0: 2}))).bill["late"] == 0
    with pytest.raises(BrokenPlan, match="arrives 1 days after promised_by"):
        evaluate(promised(Policy(), "23:58"), ships((0, 0, 0, {0: 2})))


def test_lateness_costs_a_unit_and_day_where_it_has_a_price(promised):
    plan = evaluate(promised(Policy(late_cents=70), "12:00"), ships((0, 0, 0, {0: 2})))
    assert plan.shipments["days_late"].tolist() == [1]
    assert plan.bill["late"] == 2 * 1 * 70


def test_a_cell_gives_what_it_holds_above_safety(world):
    night = world({"A": {"apple": 5}}, {"o": {"apple": 5}}, cells={("A", "apple"): {"safety": 2}})
    assert evaluate(night, ships((0, 0, 0, {0: 3}))).shipments.rows == 1
    with pytest.raises(BrokenPlan, match="node 'A', line '1', sku 'apple': 4 units, 3 available"):
        evaluate(night, ships((0, 0, 0, {0: 4})))


def test_a_node_without_the_sku_gives_none(simple):
    with pytest.raises(BrokenPlan, match="node 'B', line '2', sku 'pear': 1 units, 0 available"):
        evaluate(simple, ships((0, 1, 0, {1: 1})))


def test_receipts_count_once_they_are_due(world):
    now = world({"A": {}}, {}).scenario.now
    due = [
        Receipt(node="A", sku="apple", units=1, due=now),
        Receipt(node="A", sku="apple", units=1, due=now + timedelta(minutes=1)),
    ]
    night = world({"A": {"apple": 1}}, {"o": {"apple": 3}}, receipts=due)
    assert evaluate(night, ships((0, 0, 0, {0: 2}))).shipments.rows == 1
    with pytest.raises(BrokenPlan, match="3 units, 2 available"):
        evaluate(night, ships((0, 0, 0, {0: 3})))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"orders_per_day": 1}, "node 'A': 2 against 1 orders_per_day"),
        ({"units_per_day": 2}, "node 'A': 3 against 2 units_per_day"),
    ],
)
def test_a_node_does_what_its_day_allows(world, limit, message):
    night = world({"A": {"apple": 9}}, {"o": {"apple": 3}}, nodes={"A": limit})
    with pytest.raises(BrokenPlan, match=message):
        evaluate(night, ships((0, 0, 0, {0: 2}), (0, 0, 0, {0: 1})))


def test_an_order_gets_no_more_shipments_than_it_or_the_policy_allows(world):
    stock, orders = {"A": {"apple": 9}}, {"o": {"apple": 3}}
    split = ships((0, 0, 0, {0: 2}), (0, 0, 0, {0: 1}))
    night = world(stock, orders, policy=Policy(max_shipments=1))
    with pytest.raises(BrokenPlan, match="order 'o': 2 shipments, max_shipments 1"):
        evaluate(night, split)
    own = world(
        stock,
        orders,
        policy=Policy(max_shipments=1),
        order_fields={"o": {"max_shipments": 2}},
    )
    assert evaluate(own, split).shipments.rows == 2


def test_an_order_that_must_be_complete_is_not_served_in_part(world):
    night = world(
        {"A": {"apple": 9}}, {"o": {"apple": 3}}, order_fields={"o": {"ship_complete": True}}
    )
    with pytest.raises(BrokenPlan, match="order 'o': 2 of 3 units, but ship_complete"):
        evaluate(night, ships((0, 0, 0, {0: 2})))


def test_the_bill_is_right_to_the_cent(world):
    """One parcel of 2 apples and a pear from A, 1° north: 111.2 km.

    freight   2 × 1,000 + 500 = 2,500 g; 3 × 3,000 cm³ / 5,000 = 1,800 g: step 2,500    611
    handling  90 + 3 × 11                                                               123
    stock     2 × 40 − 1 × 25                                                            55
    co2       2.5 kg · 111.2 km · 0.5 g = 139 g; at 30 cents a kg 4.17                    4
    """
    night = world(
        {"A": {"apple": 2, "pear": 1}},
        {"o": {"apple": 2, "pear": 1}},
        freight={("A", "o"): [(2_499, 500), (2_500, 611), (9_000, 999)]},
        policy=Policy(co2_cents_per_kg=30.0),
        nodes={"A": {"cents_per_shipment": 90, "cents_per_unit": 11}},
        products={
            "apple": {"length_mm": 300, "width_mm": 200, "height_mm": 50},
            "pear": {"grams": 500, "length_mm": 300, "width_mm": 200, "height_mm": 50},
        },
        cells={
            ("A", "apple"): {"unit_cost_cents": 40},
            ("A", "pear"): {"unit_cost_cents": -25},
        },
        service={"dim_divisor": 5_000, "grams_co2_per_kg_km": 0.5},
    )
    plan = evaluate(night, ships((0, 0, 0, {0: 2, 1: 1})))
    assert plan.bill == {
        "freight": 611, "handling": 123, "stock": 55, "co2": 4, "late": 0, "risk": 0,
        "moved": 0, "shortage": 0, "load": 0, "unfair": 0,
    }  # fmt: skip
    assert plan.shipments["cost_cents"].tolist() == [793]
    assert plan.shipments["grams"].tolist() == [2_500]


@pytest.mark.parametrize(("height", "billable", "cents"), [(100, 2_000, 500), (101, 2_020, 700)])
def test_volume_counts_where_it_weighs_more(world, height, billable, cents):
    """400 × 250 × 100 mm are 10,000 cm³: 2,000 g at 5,000 cm³ a kg."""
    night = world(
        {"A": {"lamp": 1}},
        {"o": {"lamp": 1}},
        products={"lamp": {"grams": 300, "length_mm": 400, "width_mm": 250, "height_mm": height}},
        freight={("A", "o"): [(2_000, 500), (3_000, 700)]},
        service={"dim_divisor": 5_000},
    )
    plan = evaluate(night, ships((0, 0, 0, {0: 1})))
    assert plan.shipments["billable_grams"].tolist() == [billable]
    assert plan.bill["freight"] == cents


def test_each_parcel_of_one_node_pays_the_fee_again(world):
    night = world({"A": {"apple": 2}}, {"o": {"apple": 2}}, nodes={"A": {"cents_per_shipment": 90}})
    plan = evaluate(night, ships((0, 0, 0, {0: 1}), (0, 0, 0, {0: 1})))
    assert (plan.bill["freight"], plan.bill["handling"]) == (2 * 500, 2 * 90)


def test_allocations_and_shortages_name_the_rows(simple):
    plan = evaluate(simple, ships((0, 0, 0, {0: 1, 1: 1}), (1, 1, 0, {2: 1})))
    assert plan.allocations["shipment"].tolist() == [0, 0, 1]
    assert plan.allocations["line"].tolist() == [0, 1, 2]
    assert plan.allocations["node"].tolist() == [0, 0, 1]
    assert plan.shortages["units"].tolist() == [1]
    assert plan.shortages["cents"].tolist() == [5_000]
