"""Priority, fairness and load: what the policy says, what the judge bills, who reckons with it."""

from itertools import product

import numpy as np
import pytest

from omnisource.models.base import BrokenPlan
from omnisource.models.plan import SHIPMENT_TERMS, TERMS
from omnisource.models.policy import Fairness, LoadStep, Policy
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.judge.surcharges import loads, shortfalls
from omnisource.solvers.problem import Limits, Soft
from omnisource.solvers.registry import SOLVERS, solver

SOFT_SOLVERS = ("exact", "joint")
"""Who reckons with costs beyond thresholds; the rule engines are only billed for them."""
EACH = {"apple": 1}


@pytest.fixture(params=SOFT_SOLVERS)
def name(request):
    return request.param


# what the policy says


def test_tier_and_promise_multiply_the_penalties(world, compiled):
    night = world(
        {"A": {"apple": 9}},
        {"o": EACH, "p": EACH, "q": EACH},
        policy=Policy(
            shortage_cents=1_001, late_cents=11, tiers={"gold": 2.5, "rest": 0}, promised_factor=2
        ),
        order_fields={
            "o": {"tier": "gold", "promised_by": "2025-01-09T12:00Z"},
            "p": {"tier": "rest"},
            "q": {"promised_by": "2025-01-09T12:00Z"},
        },
    )
    problem, _ = compiled(night)
    assert problem.shortage.tolist() == [5_005, 0, 2_002]
    assert problem.late.tolist() == [28, 0, 11]  # ⌊27.5 + ½⌋


def test_steps_of_load_hold_for_nodes_that_have_a_day(world, compiled):
    steps = (
        LoadStep(beyond=0.5, cents=100, node_kinds=("store",)),
        LoadStep(beyond=0.29, cents=30, nodes=("A", "C", "D")),
    )
    night = world(
        dict.fromkeys("ABCD", EACH),
        {"o": EACH},
        policy=Policy(load=steps),
        nodes={
            "A": {"kind": "store", "orders_per_day": 7},
            "B": {"kind": "warehouse", "orders_per_day": 7},
            "C": {"kind": "warehouse", "orders_per_day": 100},
            "D": {"kind": "store"},
        },
    )
    soft = compiled(night)[0].soft
    assert soft.load_node.tolist() == [0, 0, 2]
    assert soft.load_from.tolist() == [3, 2, 29]
    assert soft.load_cents.tolist() == [100, 30, 30]


def test_groups_are_by_channel_and_by_where_the_order_goes(world, compiled):
    rules = (
        Fairness(by="channel", most_short=0.5, cents=7),
        Fairness(by="region", most_short=0.1, cents=9, digits=1),
    )
    night = world(
        {"A": {"apple": 9}},
        {"o": {"apple": 5}, "p": {"apple": 2}, "q": {"apple": 4}},
        policy=Policy(fairness=rules),
        nodes={"A": {"pickup": True, "country": "AT", "postcode": "1010"}},
        order_fields={
            "o": {"channel": "web", "postcode": "70001"},
            "p": {"channel": "app", "mode": "collect", "pickup_node": "A"},
            "q": {"channel": "web", "postcode": "71234"},
        },
    )
    soft = compiled(night)[0].soft
    assert soft.group.tolist() == [[0, 2], [1, 3], [0, 2]]
    assert soft.group_free.tolist() == [4, 1, 0, 0]  # half of 9 and of 2, a tenth of 9 and of 2
    assert soft.group_cents.tolist() == [7, 7, 9, 9]


def test_without_such_rules_there_are_no_thresholds(world, compiled):
    soft = compiled(world({"A": EACH}, {"o": EACH}))[0].soft
    assert all((a == b).all() for a, b in zip(soft, Soft.none(1), strict=True))


# what the judge bills


def one_each(*nodes):
    """Parcels of order i's only line, a unit each, from those nodes; −1 leaves it short."""
    order = np.flatnonzero(np.array(nodes) >= 0)
    count = len(order)
    return Shipped(
        order=order,
        node=np.array(nodes, np.int64)[order],
        service=np.zeros(count, np.int64),
        start=np.arange(count + 1),
        line=order,
        units=np.ones(count, np.int64),
    )


@pytest.fixture
def two_stores(world):
    """Stores A and B have all that four orders want; B is 10 cents dearer; a day is 4 orders."""
    return world(
        {"A": {"apple": 4}, "B": {"apple": 4}},
        dict.fromkeys("opqr", EACH),
        freight={(n, o): {"A": 500, "B": 510}[n] for n in "AB" for o in "opqr"},
        policy=Policy(load=(LoadStep(beyond=0.25, cents=8), LoadStep(beyond=0.5, cents=20))),
        nodes={n: {"kind": "store", "orders_per_day": 4} for n in "AB"},
    )


def test_load_is_billed_step_by_step(two_stores):
    plan = evaluate(two_stores, one_each(0, 0, 0, 1))
    assert plan.bill["load"] == 2 * 8 + 1 * 20
    assert plan.cost_cents == 3 * 500 + 510 + 36
    busy = loads(two_stores, plan.shipments)
    assert busy["sent"].tolist() == [3, 1, 3, 1]
    assert busy["cents"].tolist() == [16, 0, 20, 0]


@pytest.fixture
def two_regions(world):
    """Two apples; two orders from Germany and two from France, 300 cents dearer to serve."""
    return world(
        {"A": {"apple": 2}},
        dict.fromkeys("opqr", EACH),
        freight={("A", o): 800 if o in "qr" else 500 for o in "opqr"},
        policy=Policy(
            shortage_cents=1_000, fairness=(Fairness(by="country", most_short=0.5, cents=400),)
        ),
        order_fields={o: {"country": "FR"} for o in "qr"},
    )


def test_shortage_beyond_a_groups_share_is_billed(two_regions):
    plan = evaluate(two_regions, one_each(0, -1, -1, -1))
    assert plan.bill["shortage"] == 3 * 1_000
    assert plan.bill["unfair"] == 1 * 400
    groups = shortfalls(two_regions, plan.shortages)
    assert groups["group"].tolist() == ["DE", "FR"]
    assert (groups["ordered"].tolist(), groups["short"].tolist()) == ([2, 2], [1, 2])
    assert (groups["free"].tolist(), groups["cents"].tolist()) == ([1, 1], [0, 400])


def test_shortage_and_lateness_are_billed_at_the_orders_own_penalty(world):
    night = world(
        {"A": {"apple": 1}},
        {"o": {"apple": 2}},
        policy=Policy(
            shortage_cents=1_000, late_cents=10, tiers={"gold": 3.0}, promised_factor=1.5
        ),
        transit_days={"A": 2},
        order_fields={"o": {"tier": "gold", "promised_by": "2025-01-08T12:00Z"}},
    )
    plan = evaluate(night, one_each(0))
    assert plan.bill["late"] == 1 * 1 * 30
    assert plan.bill["shortage"] == 4_500


@pytest.mark.parametrize("engine", SOLVERS)
@pytest.mark.parametrize("seed", range(4))
def test_a_bill_is_the_sum_of_its_parts_and_no_less_than_the_exact_one(
    solve, soft_world, engine, seed
):
    night = soft_world(seed)
    plan, _ = solve(night, engine)
    parts = plan.shipments["cost_cents"].sum() + plan.shortages["cents"].sum()
    assert tuple(plan.bill) == TERMS
    assert plan.cost_cents == parts + plan.bill["load"] + plan.bill["unfair"]
    assert all(plan.bill[term] == plan.shipments[term].sum() for term in SHIPMENT_TERMS)
    assert solve(night, "exact")[0].cost_cents <= plan.cost_cents


# who reckons with it


def test_a_convex_load_splits_four_orders_between_two_stores(solve, two_stores, name):
    """All from A: 2,000 + 3 × 8 + 2 × 20 = 2,064. Two each: 2,020 + 2 × 8 = 2,036."""
    plan, answer = solve(two_stores, name)
    assert np.bincount(plan.shipments["node"]).tolist() == [2, 2]
    assert plan.cost_cents == 2_036
    assert answer.bound <= 2_036


def test_the_last_unit_goes_to_the_gold_customer(solve, world, name):
    night = world(
        {"A": {"apple": 1}},
        {"first": EACH, "gold": EACH, "promised": EACH},
        freight={("A", "gold"): 900},
        policy=Policy(shortage_cents=2_000, tiers={"gold": 1.5}, promised_factor=1.1),
        order_fields={
            "gold": {"tier": "gold"},
            "promised": {"promised_by": "2025-01-31T12:00Z"},
        },
    )
    plan, _ = solve(night, name)
    assert plan.shipments["order"].tolist() == [1]
    assert plan.cost_cents == 900 + 2_000 + 2_200


def test_a_region_gets_its_unit_though_it_is_dearer_there(solve, two_regions, name):
    """Both from the cheap region: 3,000 + 400 for the other's second order. One each: 3,300."""
    plan, _ = solve(two_regions, name)
    assert plan.shortages["order"].tolist() in ([0, 2], [0, 3], [1, 2], [1, 3])
    assert (plan.cost_cents, plan.bill["unfair"]) == (500 + 800 + 2 * 1_000, 0)


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_is_below_the_judges_cost_and_both_close(solve, soft_world, name, seed):
    night = soft_world(seed)
    best, proven = solve(night, "exact")
    plan, answer = solve(night, name)
    assert (proven.status, proven.bound) == ("optimal", best.cost_cents)
    assert answer.bound <= best.cost_cents <= plan.cost_cents


@pytest.mark.parametrize("seed", range(40))
def test_random_problems_cost_what_their_equation_says(random_problem, name, seed):
    """The proven bound is (1) of solvers/problem.py, worked out from the decisions alone."""
    problem = random_problem(seed, orders=6, soft=True)
    answer = solver(name)(problem, Limits(threads=1, gap=0.0))
    cost = equation(problem, answer.decisions)
    optimum = solver("exact")(problem, Limits(threads=1)).bound
    assert answer.bound <= optimum <= cost
    if name == "exact":
        assert cost == optimum


def equation(problem, decided):
    sent = np.bincount(problem.node[decided.candidate], minlength=problem.nodes)
    short = problem.units.copy()
    np.subtract.at(short, decided.line, decided.units)
    cents = int(short @ problem.shortage)
    for s, candidate in enumerate(decided.candidate.tolist()):
        row = slice(decided.start[s], decided.start[s + 1])
        order = np.searchsorted(problem.order_candidate, candidate, side="right") - 1
        code, radix = 0, 1
        for j, pair in enumerate(range(*problem.pair_start[candidate : candidate + 2])):
            line = problem.order_line[order] + j
            code += radix * int(decided.units[row][decided.line[row] == line].sum())
            radix *= int(problem.cap[pair]) + 1
        cents += int(problem.menu_cost[problem.menu_start[candidate] + code])
    soft = problem.soft
    for node, free, price in zip(soft.load_node, soft.load_from, soft.load_cents, strict=True):
        cents += int(price) * max(0, int(sent[node] - free))
    for g, (free, price) in enumerate(zip(soft.group_free, soft.group_cents, strict=True)):
        orders = np.flatnonzero((soft.group == g).any(axis=1))
        lines = [short[slice(*problem.order_line[o : o + 2])].sum() for o in orders]
        cents += int(price) * max(0, int(sum(lines) - free))
    return cents


@pytest.mark.parametrize("seed", range(6))
def test_no_assignment_of_single_units_is_cheaper(solve, world, name, seed):
    """Every way to give four orders one of two nodes or nothing, each judged."""
    rng = np.random.default_rng(seed)
    orders = ["o", "p", "q", "r"]
    night = world(
        {"A": {"apple": int(rng.integers(1, 4))}, "B": {"apple": int(rng.integers(1, 3))}},
        dict.fromkeys(orders, EACH),
        freight={(n, o): int(rng.integers(300, 900)) for n in "AB" for o in orders},
        policy=Policy(
            shortage_cents=800,
            tiers={"gold": 1.4},
            fairness=(Fairness(by="channel", most_short=0.4, cents=250),),
            load=(LoadStep(beyond=0.2, cents=70), LoadStep(beyond=0.6, cents=150)),
        ),
        nodes={n: {"orders_per_day": 5} for n in "AB"},
        order_fields={
            o: {"tier": ["gold", ""][i % 2], "channel": str(rng.choice(["web", "app"]))}
            for i, o in enumerate(orders)
        },
    )
    costs = []
    for nodes in product((-1, 0, 1), repeat=len(orders)):
        try:
            costs.append(evaluate(night, one_each(*nodes)).cost_cents)
        except BrokenPlan:
            continue
    assert solve(night, name)[0].cost_cents == min(costs)
