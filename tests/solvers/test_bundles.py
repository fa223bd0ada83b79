"""Bundles are sent whole or not at all: by hand, by brute force, and by every solver."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.base import BrokenPlan
from omnisource.models.policy import Policy
from omnisource.models.world import Table
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.oracle.kernel import best_plan as compiled_plan
from omnisource.solvers.oracle.large import large_plan
from omnisource.solvers.oracle.plain import best_plan
from omnisource.solvers.oracle.plans import Left, scratch
from omnisource.solvers.problem import Prices

SET = {"cup": 1, "pot": 2}
"""One bundle: a cup and two pots, 1 kg each."""


def bundled(world, stock, lines, *, parts=None, policy=None, **more):
    """A night of one order "o" of one bundle "set" and loose lines; `lines` by (SKU, bundle)."""
    night = world(
        stock, {"o": {f"{sku}/{i}": units for i, ((sku, _), units) in enumerate(lines.items())}},
        policy=policy, **more,
    )  # fmt: skip
    skus = night.products["sku"].tolist()
    parts = parts or SET
    table = Table(
        {
            "bundle": np.array(["set"] * len(parts), object),
            "sku": np.array([skus.index(sku) for sku in parts], np.int32),
            "units": np.array(list(parts.values()), np.int32),
        }
    )
    names = np.array([bundle for _, bundle in lines], object)
    return night.replace(bundles=table, lines=night.lines.replace(bundle=names))


def short(plan):
    """Units that a plan leaves short."""
    return int(plan.shortages["units"].sum())


TWO_SETS = {("cup", "set"): 2, ("pot", "set"): 4}


def test_a_bundle_is_short_as_a_whole_where_one_part_is(solve, world, name):
    """Three pots make one set: the second cup stays, though it is there."""
    night = bundled(world, {"A": {"cup": 9, "pot": 3}}, TWO_SETS)
    plan, _ = solve(night, name)
    assert sorted(plan.allocations["units"].tolist()) == [1, 2]
    assert short(plan) == 3


def test_a_bundle_comes_from_one_node_where_it_stays_together(solve, world, name):
    """No node has both parts: nothing is sent, though all of it is somewhere."""
    plan, _ = solve(bundled(world, {"A": {"cup": 9}, "B": {"pot": 9}}, TWO_SETS), name)
    assert plan.shipments.rows == 0


def test_a_bundle_may_come_from_several_nodes_where_its_parts_may_come_apart(solve, world, name):
    apart = Policy(bundles="apart")
    plan, _ = solve(bundled(world, {"A": {"cup": 9}, "B": {"pot": 9}}, TWO_SETS, policy=apart),
                    name)  # fmt: skip
    assert short(plan) == 0


def test_a_bundle_that_comes_apart_is_short_as_a_whole_too(solve, world, name):
    """Of two cups and three pots, in different places, one set can be made, or none."""
    apart = Policy(bundles="apart", shortage_cents=2_000)
    plan, _ = solve(bundled(world, {"A": {"cup": 9}, "B": {"pot": 3}}, TWO_SETS, policy=apart),
                    name)  # fmt: skip
    assert short(plan) in (3, 6)
    if name in ("joint", "exact", "sharded"):
        assert plan.cost_cents == 3 * 2_000 + 2 * 500


def test_a_part_that_ships_alone_comes_in_a_parcel_of_its_own(solve, world, name):
    night = bundled(world, {"A": {"cup": 9, "pot": 9}}, {("cup", "set"): 1, ("pot", "set"): 2},
                    products={"cup": {"ships_alone": True}})  # fmt: skip
    plan, _ = solve(night, name)
    assert short(plan) == 0
    assert plan.shipments.rows == 2


def test_what_a_bundle_shares_with_loose_units_is_served_as_one_piece(solve, world, name):
    """A set and a loose cup: with one cup there, neither is sent."""
    lines = {("cup", "set"): 1, ("pot", "set"): 2, ("cup", ""): 1}
    assert short(solve(bundled(world, {"A": {"cup": 1, "pot": 9}}, lines), name)[0]) == 4
    assert short(solve(bundled(world, {"A": {"cup": 2, "pot": 9}}, lines), name)[0]) == 0


@pytest.mark.parametrize("name", ["joint", "nearest", "cheapest"])
@pytest.mark.parametrize("rule", ["together", "apart"])
def test_an_order_too_large_for_a_menu_is_sent_in_whole_bundles(solve, world, name, rule):
    """Eight pairs in sixteen lines of three units; of one product there are two: a pair is short.

    Bundle i is of products i and i + 8; of each three are ordered.
    """
    skus = [f"s{i:02d}" for i in range(16)]
    there = dict.fromkeys(skus, 9) | {skus[3]: 2}
    night = world({"A": there}, {"o": dict.fromkeys(skus, 3)}, policy=Policy(bundles=rule))
    bundles = Table(
        {
            "bundle": np.array([f"b{i % 8}" for i in range(16)], object),
            "sku": np.array([night.products["sku"].tolist().index(sku) for sku in skus], np.int32),
            "units": np.ones(16, np.int32),
        }
    )
    names = np.array([f"b{i % 8}" for i in range(16)], object)
    night = night.replace(bundles=bundles, lines=night.lines.replace(bundle=names))
    plan, _ = solve(night, name)
    if name == "joint" or rule == "together":
        assert short(plan) == 2


def shipped_by(rows):
    """What is sent: (node, {row of lines: units}), each by the only service."""
    inside = [entry for _, held in rows for entry in held.items()]
    return Shipped(
        order=np.zeros(len(rows), np.int64),
        node=np.array([node for node, _ in rows], np.int64),
        service=np.zeros(len(rows), np.int64),
        start=np.cumsum([0, *(len(held) for _, held in rows)]),
        line=np.array([line for line, _ in inside], np.int64),
        units=np.array([units for _, units in inside], np.int64),
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0, {0: 1})], "in half in all"),
        ([(0, {0: 1, 1: 3})], "in half in all"),
        ([(0, {0: 1}), (1, {1: 2})], "in half in one parcel"),
    ],
)
def test_the_judge_refuses_half_a_bundle(world, rows, said):
    night = bundled(world, {"A": {"cup": 9, "pot": 9}, "B": {"cup": 9, "pot": 9}}, TWO_SETS)
    with pytest.raises(BrokenPlan, match=said):
        evaluate(night, shipped_by(rows))


def test_the_judge_lets_a_bundle_come_apart_where_the_policy_does(world):
    night = bundled(world, {"A": {"cup": 9}, "B": {"pot": 9}}, TWO_SETS,
                    policy=Policy(bundles="apart"))  # fmt: skip
    assert short(evaluate(night, shipped_by([(0, {0: 1}), (1, {1: 2})]))) == 3


FREIGHT = {"A": [(2_000, 300), (30_000, 450)], "B": [(1_000, 200), (30_000, 700)]}


def cheapest(stock, asked, together):
    """The least cost of all plans with one parcel a node at the most, in plain Python.

    Lines are cup, pot and a loose lid; a lid short costs 400, as does any unit.
    """
    best = None
    boxes = [list(product(*(range(min(stock[n][i], q) + 1) for i, q in enumerate(asked))))
             for n in "AB"]  # fmt: skip
    for sent in product(*boxes):
        total = [sum(box[i] for box in sent) for i in range(3)]
        whole = [box[1] == 2 * box[0] for box in (sent if together else [total])]
        if any(s > q for s, q in zip(total, asked, strict=True)) or not all(whole):
            continue
        cents = 400 * (sum(asked) - sum(total))
        for n, box in zip("AB", sent, strict=True):
            grams = 1_000 * sum(box)
            cents += next(c for g, c in FREIGHT[n] if grams <= g) if grams else 0
        best = cents if best is None else min(best, cents)
    return best


few = st.integers(0, 3)


@settings(max_examples=15, deadline=None)
@given(st.tuples(few, few, few), st.tuples(few, few, few),
       st.tuples(st.integers(1, 2), st.integers(0, 2), st.booleans()))  # fmt: skip
def test_the_oracles_find_what_brute_force_finds(world, a, b, wanted):
    sets, lids, together = wanted
    stock = {n: dict(zip(("cup", "pot", "lid"), units, strict=True)) for n, units in
             {"A": a, "B": b}.items()}  # fmt: skip
    lines = {("cup", "set"): sets, ("pot", "set"): 2 * sets} | ({("lid", ""): lids} if lids else {})
    policy = Policy(bundles="together" if together else "apart", shortage_cents=400)
    one_each = {"orders_per_day": 1, "units_per_day": None}
    night = bundled(
        world, stock, lines, policy=policy, nodes={"A": one_each, "B": one_each},
        freight={(n, "o"): steps for n, steps in FREIGHT.items()},
    )  # fmt: skip
    problem, _ = compile_world(night, threads=1)
    asked = (sets, 2 * sets, lids)
    least = cheapest({"A": a, "B": b}, asked, together)
    assert best_plan(problem, 0).value == least
    out = (np.zeros(12, np.int64), np.zeros(12, np.int64), 0)
    work = scratch(problem, np.zeros(1, np.int64))
    value, _ = compiled_plan(problem, 0, Prices.zero(problem), Left.of(problem), work, out)
    assert value == least
    plan = large_plan(problem, 0, Prices.zero(problem), Left.of(problem))
    assert plan.bound <= least <= plan.value
