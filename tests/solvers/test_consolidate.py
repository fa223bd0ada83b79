"""Orders that share shipments: by hand, and against every way to share on tiny worlds."""

from datetime import timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.policy import Fence, Policy
from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.measures import measures_of
from omnisource.orchestrator.runs import read_run, save_run
from omnisource.solvers.consolidate import joined
from omnisource.solvers.problem import Limits

SHARE = Policy(consolidate=True)
EXACT = Limits(gap=0.0, threads=1)


def fields(*orders, **more):
    """Orders of one customer and address, whatever their channel."""
    home = {"customer": "ann", "postcode": "00000"} | more
    return {name: home | {"channel": name} for name in orders}


def steps(*cents):
    """Cents up to 1 kg, 2 kg, …"""
    return [(1_000 * (i + 1), each) for i, each in enumerate(cents)]


def test_orders_of_one_customer_share_a_parcel_and_its_bill(world):
    """Apart 500 + 500, in one parcel of 2 kg 701: shared to the cent by weight."""
    tiny = world(
        {"A": {"x": 5, "y": 5}}, {"web": {"x": 1}, "app": {"y": 1}},
        freight={("A", name): steps(500, 701) for name in ("web", "app")},
        policy=SHARE, order_fields=fields("web", "app"),
    )  # fmt: skip
    plan = allocate(tiny, limits=EXACT)
    assert plan.cost_cents == plan.bound_cents == 701
    assert plan.shipments["cost_cents"].tolist() == [351, 350]
    assert plan.shipments["order"].tolist() == [0, 1]
    assert plan.shipments["parcel"].tolist() == [0, 0]
    assert plan.allocations["line"].tolist() == [0, 1]
    figures = measures_of(tiny, plan)
    assert (figures.orders, figures.shipments, figures.split_rate) == (2, 1, 0.0)
    assert figures.notes == {"joined_orders": 2, "shared_parcels": 1}


def test_going_apart_is_chosen_where_it_is_cheaper(world):
    """Two parcels of 1 kg at 500 beat one of 2 kg at 1,100."""
    tiny = world(
        {"A": {"x": 5, "y": 5}}, {"web": {"x": 1}, "app": {"y": 1}},
        freight={("A", name): steps(500, 1_100) for name in ("web", "app")},
        policy=SHARE, order_fields=fields("web", "app"),
    )  # fmt: skip
    plan = allocate(tiny, limits=EXACT)
    assert plan.cost_cents == 1_000
    assert plan.shipments["parcel"].tolist() == [0, 1]


def test_a_shared_parcel_keeps_the_earlier_date(world):
    """The far node is cheap, but a day late for the web order: it goes alone from the near one."""
    orders = fields("web", "app")
    tiny = world(
        {"far": {"x": 5, "y": 5}, "near": {"x": 5, "y": 5}}, {"web": {"x": 1}, "app": {"y": 1}},
        freight={(n, o): steps(c, c + 10) for n, c in (("far", 300), ("near", 900))
                 for o in orders},
        transit_days={"far": 2, "near": 1}, policy=SHARE, order_fields=orders,
    )  # fmt: skip
    assert allocate(tiny, limits=EXACT).cost_cents == 310
    soon = tiny.scenario.now.replace(hour=23, minute=59) + timedelta(days=1)
    dates = np.array([int(soon.timestamp()) // 60, tiny.orders["promised_by"][1]])
    hurried = tiny.replace(orders=tiny.orders.replace(promised_by=dates))
    plan = allocate(hurried, limits=EXACT)
    assert plan.cost_cents == plan.bound_cents == 910  # both from the near one, not 900 + 300
    assert plan.shipments["days_late"].max() == 0


def test_goods_that_go_to_one_store_share_the_way_there(world):
    """Ship to store: two customers' orders do not share, one customer's do."""
    pickup = {"mode": "ship_to_store", "pickup_node": "B", "customer": "ann"}
    names = ("o1", "o2", "o3")
    tiny = world(
        {"A": {"x": 5, "y": 5, "z": 5}, "B": {"x": 0}},
        {"o1": {"x": 1}, "o2": {"y": 1}, "o3": {"z": 1}},
        nodes={"B": {"kind": "store", "postcode": "00000", "pickup": True}},
        freight={("A", "o1"): steps(500, 600, 700)}, policy=SHARE,
        order_fields={o: pickup | ({"customer": "bob"} if o == "o3" else {}) for o in names},
    )  # fmt: skip
    plan = allocate(tiny, limits=EXACT)
    assert plan.cost_cents == 600 + 500
    assert plan.shipments["parcel"].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("policy", "second"),
    [
        (SHARE, {"customer": "bob"}),
        (SHARE, {"customer": ""}),
        (SHARE, {"postcode": "00001"}),
        (SHARE, {"ship_complete": True}),
        (SHARE.model_copy(update={"fences": (Fence(name="f", channels=("app",), nodes=("A",)),)}),
         {}),
        (SHARE.model_copy(update={"tiers": {"gold": 2.0}}), {"tier": "gold"}),
    ],
)  # fmt: skip
def test_orders_that_differ_in_what_may_be_sent_stay_apart(world, policy, second):
    orders = fields("web", "app")
    orders["app"] |= second
    tiny = world({"A": {"x": 5, "y": 5}}, {"web": {"x": 1}, "app": {"y": 1}},
                 policy=policy, order_fields=orders)  # fmt: skip
    assert joined(tiny) is None


def test_one_product_by_two_dates_stays_apart_and_by_one_date_is_shared(world):
    orders = fields("web", "app")
    tiny = world({"A": {"x": 5}}, {"web": {"x": 1}, "app": {"x": 1}},
                 policy=SHARE, order_fields=orders)  # fmt: skip
    found = joined(tiny)
    assert found is not None
    assert found.orders == 2
    date = np.array([tiny.now + 9_000, tiny.now + 12_000])
    assert joined(tiny.replace(orders=tiny.orders.replace(promised_by=date))) is None


def test_a_run_with_shared_parcels_is_read_back_as_it_was(world, tmp_path, monkeypatch):
    from omnisource.orchestrator import runs

    tiny = world({"A": {"x": 5, "y": 5}}, {"web": {"x": 1}, "app": {"y": 1}},
                 policy=SHARE, order_fields=fields("web", "app"))  # fmt: skip
    plan = allocate(tiny, limits=EXACT)
    save_run(tiny, plan, tmp_path, source=tmp_path)
    monkeypatch.setattr(runs, "_world", lambda *_: tiny)
    kept = read_run(tmp_path).plan
    assert kept.cost_cents == plan.cost_cents == 500
    assert kept.shipments["parcel"].tolist() == [0, 0]


def partitions(items):
    """All ways to put items into boxes."""
    if not items:
        yield []
        return
    head, rest = items[0], items[1:]
    for boxes in partitions(rest):
        yield [[head], *boxes]
        for i, box in enumerate(boxes):
            yield [*boxes[:i], [head, *box], *boxes[i + 1 :]]


def brute_force(lines, stock, cost, may):
    """Cents of the cheapest way to serve lines of one unit, shared or not, 5,000 a unit short."""
    best = 5_000 * len(lines)
    for nodes in product([None, *range(len(stock))], repeat=len(lines)):
        given = [(line, n) for line, n in enumerate(nodes) if n is not None]
        used = {(n, lines[line][1]): 0 for line, n in given}
        for line, n in given:
            used[n, lines[line][1]] += 1
        if any(many > stock[n].get(sku, 0) for (n, sku), many in used.items()):
            continue
        if any(not may(lines[line][0], n) for line, n in given):
            continue
        total = 5_000 * (len(lines) - len(given))
        for n in {n for _, n in given}:
            mine = [line for line, m in given if m == n]
            total += min(sum(cost(n, len(box)) for box in boxes) for boxes in partitions(mine))
        best = min(best, total)
    return best


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_sharing_is_as_cheap_as_the_best_of_all_ways_to_share(world, seed):
    """Three orders of one customer, four lines of one unit, two nodes, dates that differ."""
    rng = np.random.default_rng(seed)
    baskets = {"o1": ["p"], "o2": ["q", "r"], "o3": ["s"]}
    orders = fields(*baskets)
    stock = {n: {s: int(rng.integers(0, 2)) for s in "pqrs"} for n in ("A", "B")}
    tariff = {n: np.cumsum(rng.integers(50, 500, 4)).tolist() for n in stock}
    days = {n: int(rng.integers(1, 4)) for n in stock}
    limits = {o: int(rng.integers(1, 5)) for o in baskets}
    tiny = world(
        stock, {o: dict.fromkeys(skus, 1) for o, skus in baskets.items()},
        freight={(n, o): steps(*tariff[n]) for n in stock for o in baskets},
        transit_days=days, policy=SHARE, order_fields=orders,
    )  # fmt: skip
    end = tiny.scenario.now.replace(hour=23, minute=59)
    dates = [int((end + timedelta(days=limits[o])).timestamp()) // 60 for o in baskets]
    tiny = tiny.replace(orders=tiny.orders.replace(promised_by=np.array(dates)))
    lines = [(o, sku) for o, skus in baskets.items() for sku in skus]
    names = list(stock)
    best = brute_force(
        lines, list(stock.values()), lambda n, many: tariff[names[n]][many - 1],
        lambda o, n: days[names[n]] <= limits[o],
    )  # fmt: skip
    plan = allocate(tiny, limits=EXACT)
    assert plan.cost_cents == best
    assert plan.bound_cents is not None
    assert plan.bound_cents <= best
    assert plan.shipments["cost_cents"].sum() + plan.bill["shortage"] == best
    alone = allocate(tiny.replace(scenario=tiny.scenario.model_copy(update={"policy": Policy()})))
    assert best <= alone.cost_cents
