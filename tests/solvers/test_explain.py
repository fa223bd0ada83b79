"""Why so, and why not: alternatives by hand on tiny worlds, and against the oracle."""

import numpy as np
import pytest

from omnisource.models.explanation import Verdict
from omnisource.models.policy import Fence, Policy
from omnisource.solvers.compile.legend import shipped
from omnisource.solvers.exact.reference import exact
from omnisource.solvers.explain.order import explain
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.oracle.plain import best_plan
from omnisource.solvers.problem import Limits, Prices


@pytest.fixture
def explained(compiled):
    """Solve a world exactly, then explain an order of it at given prices."""

    def build(world, order=0, prices=None, why_not=None):
        problem, legend = compiled(world)
        answer = exact(problem, Limits(threads=1))
        plan = evaluate(world, shipped(world, problem, legend, answer.decisions))
        priced = prices(problem) if prices else None
        return explain(world, problem, legend, plan, order=order, prices=priced, why_not=why_not)

    return build


@pytest.fixture
def split(world):
    """A has apples and B pears, cheaply; C has both, dearly."""
    return world(
        {"A": {"apple": 1}, "B": {"pear": 1}, "C": {"apple": 1, "pear": 1}},
        {"o": {"apple": 1, "pear": 1}},
        freight={("A", "o"): 200, ("B", "o"): 300, ("C", "o"): 650},
    )


def test_the_bill_and_the_shipments_are_the_plans(explained, split):
    told = explained(split)
    assert (told.order, told.cost_cents, told.bill["freight"]) == ("o", 500, 500)
    assert [(s.node, s.service, s.contents[0].sku) for s in told.shipments] == [
        ("A", "post", "apple"),
        ("B", "post", "pear"),
    ]


def test_alternatives_say_what_they_cost_more(explained, split):
    told = explained(split)
    assert [(a.what, a.nodes, a.extra_cents) for a in told.alternatives] == [
        ("without A", ("C",), 150),
        ("only A", ("A",), 4_700),
        ("only B", ("B",), 4_800),
    ]


def test_a_price_explains_what_costs_less_and_is_not_chosen(explained, world):
    """The one apple at A is worth 12 to the other order: o takes the dearer one at B."""
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}, "p": {"apple": 1}},
        freight={("A", "o"): 7, ("B", "o"): 19, ("A", "p"): 8, ("B", "p"): 50},
    )

    def prices(problem):
        at_a = np.array([20.0 if node == 0 else 0.0 for node in problem.cell_node])
        return Prices.zero(problem)._replace(cell=at_a)

    told = explained(night, prices=prices)
    assert told.shipments[0].node == "B"
    (other,) = told.alternatives
    assert (other.nodes, other.extra_cents, other.extra_priced_cents) == (("A",), -12, 8.0)
    (binding,) = told.prices
    assert (binding.resource, binding.node, binding.sku, binding.cents) == (
        "stock",
        "A",
        "apple",
        20,
    )


def test_why_not_tells_the_cost_of_the_best_plan_with_that_node(explained, split):
    told = explained(split, why_not=2).why_not
    assert told.alternative.extra_cents == 150
    assert told.alternative.nodes == ("C",)
    assert told.reason == "C would cost 1.50 more, prices included"


def test_why_not_names_the_fences_that_forbid(explained, world):
    fences = (
        Fence(name="no pears from B", skus=("pear",), nodes=("B",)),
        Fence(name="nothing from B", nodes=("B",), countries=("FR",)),
    )
    night = world(
        {"A": {"pear": 1}, "B": {"pear": 1}}, {"o": {"pear": 1}}, policy=Policy(fences=fences)
    )
    told = explained(night, why_not=1).why_not
    assert told.alternative is None
    assert [(v.verdict, v.rules) for v in told.verdicts] == [(Verdict.FENCED, ("no pears from B",))]
    assert told.reason == "B cannot: fenced (no pears from B)"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"nodes": {"B": {"ships": False}}}, Verdict.CLOSED),
        ({"cells": {("B", "pear"): {"safety": 1}}}, Verdict.NO_STOCK),
        ({"freight": {("B", "o"): [(999, 100)]}}, Verdict.TOO_HEAVY),
        (
            {
                "order_fields": {"o": {"promised_by": "2025-01-08T00:00:00Z"}},
                "transit_days": {"B": 3},
            },
            Verdict.TOO_LATE,
        ),
    ],
)
def test_verdicts_say_why_a_node_falls_out(explained, world, changes, verdict):
    night = world({"A": {"pear": 1}, "B": {"pear": 1}}, {"o": {"pear": 1}}, **changes)
    found = {v.node: v.verdict for v in explained(night).verdicts}
    assert found == {"A": Verdict.ELIGIBLE, "B": verdict}


def test_a_node_without_the_sku_has_no_stock(explained, split):
    told = explained(split, why_not=0).why_not
    assert told.reason == "A is used"
    assert [v.verdict for v in told.verdicts] == [Verdict.ELIGIBLE, Verdict.NO_STOCK]


def test_a_node_without_capacity_is_told(explained, world):
    night = world(
        {"A": {"pear": 1}, "B": {"pear": 1}}, {"o": {"pear": 1}}, nodes={"B": {"orders_per_day": 0}}
    )
    told = explained(night, why_not=1).why_not
    assert told.reason == "B has no capacity, or cannot serve the order within its limits"


def test_a_large_order_is_explained_without_alternatives(world, solve, compiled):
    skus = {f"s{i}": 4 for i in range(12)}
    night = world({"A": skus, "B": skus}, {"o": skus})
    problem, legend = compiled(night)
    plan, _ = solve(night, "nearest")
    told = explain(night, problem, legend, plan, order=0, why_not=1)
    assert not told.exact
    assert told.alternatives == ()
    assert told.why_not.reason.startswith("B could; the order is too large")


@pytest.mark.parametrize("seed", range(20))
def test_the_best_plan_with_a_node_is_never_below_the_best_of_all(random_world, compiled, seed):
    from omnisource.solvers.explain.alternatives import Case

    problem, _ = compiled(random_world(seed, orders=1))
    case = Case(problem, 0, Prices.zero(problem))
    best = best_plan(problem, 0)
    used = {int(problem.node[parcel.candidate]) for parcel in best.parcels}
    for c in case.candidates:
        node = int(problem.node[c])
        forced = case.using(node, "it")
        if node in used:
            assert forced is not None
            assert forced.cents == best.value
        if forced is not None:
            assert node in problem.node[forced.candidates]
            assert forced.cents >= best.value
            assert min(forced.cents, case.without(node, "it").cents) == best.value


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"nodes": {"B": {"orders_per_day": 0}}}, ("no shipments left that day",)),
        ({"nodes": {"B": {"units_per_day": 0}}}, ("no units left that day",)),
        ({"nodes": {"B": {"ships": False}}}, ("the node does not ship",)),
        ({"cells": {("B", "pear"): {"safety": 1}}}, ("no stock of pear",)),
        ({"freight": {("B", "o"): [(999, 100)]}}, ("the weight limit",)),
        (
            {
                "policy": Policy(fences=(Fence(name="not B", nodes=("B",)),)),
                "cells": {("B", "pear"): {"safety": 1}},
            },
            ("not B", "no stock of pear"),
        ),
        (
            {
                "order_fields": {"o": {"promised_by": "2025-01-08T00:00:00Z"}},
                "transit_days": {"B": 3},
            },
            ("the promised date",),
        ),
    ],
)
def test_the_fewest_rules_that_forbid_a_node_are_named(explained, world, changes, rules):
    night = world({"A": {"pear": 1}, "B": {"pear": 1}}, {"o": {"pear": 1}}, **changes)
    assert explained(night, why_not=1).why_not.rules == rules


def test_of_two_lines_the_one_that_fewer_rules_forbid_counts(explained, world):
    """A pear is fenced and not there; an apple is not there."""
    night = world(
        {"A": {"pear": 1, "apple": 1}, "B": {"pear": 0, "apple": 0}},
        {"o": {"pear": 1, "apple": 1}},
        policy=Policy(fences=(Fence(name="no pears", skus=("pear",), nodes=("B",)),)),
    )
    assert explained(night, why_not=1).why_not.rules == ("no stock of apple",)


@pytest.mark.parametrize(
    ("orders_per_day", "rules"),
    [(None, ("max_shipments",)), (0, ("no shipments left that day", "max_shipments"))],
)
def test_rules_of_the_whole_order_are_named_where_no_line_is_forbidden(
    explained, world, orders_per_day, rules
):
    """All of it in one parcel: A has the pear, B the apple."""
    night = world(
        {"A": {"pear": 1}, "B": {"apple": 1}},
        {"o": {"pear": 1, "apple": 1}},
        nodes={"B": {"orders_per_day": orders_per_day}},
        order_fields={"o": {"max_shipments": 1, "ship_complete": True}},
    )
    assert explained(night, why_not=1).why_not.rules == rules
